#include "aws/credentials.h"

#include "aws/profile.h"
#include "core/clock.h"
#include "core/env.h"
#include "core/limits.h"
#include "core/secret.h"
#include "json/doc.h"
#include "net/child_source.h"
#include "net/collect.h"
#include "net/file.h"
#include "net/http.h"
#include "net/room.h"
#include "net/wake.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void weir_aws_credentials_fini(struct weir_aws_credentials *c)
{
    free(c->access_key);
    weir_secret_free(c->secret_key);
    weir_secret_free(c->session_token);
    *c = (struct weir_aws_credentials){0};
}

bool weir_aws_credentials_due(const struct weir_aws_credentials *c, int64_t now_unix_ms)
{
    return c->expires_unix_ms != INT64_MAX &&
           now_unix_ms >= c->expires_unix_ms - WEIR_AWS_CREDENTIALS_EARLY_MS;
}

/* A value that goes into a header: printable ASCII without spaces. what names it, never it. */
static int keep(char **to, const char *s, const char *what, size_t max, struct weir_err *err)
{
    if (s == NULL || *s == '\0') {
        return 0;
    }
    for (size_t i = 0; s[i] != '\0'; i++) {
        if (s[i] <= ' ' || s[i] > '~') {
            return weir_err_set(err, WEIR_E_CONFIG, "%s: byte %zu is none that a key has", what, i);
        }
    }
    if (strlen(s) > max) {
        return weir_err_set(err, WEIR_E_CONFIG, "%s: %zu bytes are more than a key has (%zu)", what,
            strlen(s), max);
    }
    *to = strdup(s);
    return *to != NULL ? 0 : weir_err_set(err, WEIR_E_NOMEM, "out of memory");
}

/* The three of them, with their names for messages. */
struct texts {
    const char *access, *secret, *token;
};

static int keep_all(struct weir_aws_credentials *c, const struct texts *values,
    const struct texts *names, struct weir_err *err)
{
    if (values->secret == NULL || *values->secret == '\0') {
        return weir_err_set(err, WEIR_E_CONFIG, "%s is not set", names->secret);
    }
    return keep(&c->access_key, values->access, names->access, 128, err) != 0 ||
                   keep(&c->secret_key, values->secret, names->secret, WEIR_AWS_SECRET_MAX_BYTES,
                       err) != 0 ||
                   keep(&c->session_token, values->token, names->token,
                       WEIR_SIGV4_TEXT_MAX_BYTES / 4, err) != 0
               ? -1
               : 0;
}

static int parse_expiry(const char *s, int64_t *unix_ms, struct weir_err *err)
{
    int64_t unix_s = 0;

    if (!weir_clock_parse_iso(s, &unix_s)) {
        return weir_err_set(err, WEIR_E_CONFIG, "Expiration: that is no date");
    }
    *unix_ms = unix_s * 1000;
    return 0;
}

/* The answer of a program or of the endpoint. */
static int take_json(struct weir_aws_credentials *c, const struct weir_buf *text,
    const char *token_name, bool versioned, struct weir_err *err)
{
    static const struct texts names = {"AccessKeyId", "SecretAccessKey", "the token"};
    struct weir_doc root = {0};
    struct texts values = {0};
    const char *expires = NULL;
    int64_t version;
    int rc = -1;
    cJSON *tree =
        weir_doc_parse("answer", text->p != NULL ? (const char *)text->p : "", text->len, err);

    root.v = tree;
    if (tree == NULL || (versioned && weir_doc_int(&root, "Version", 1, 1, &version, err) != 0) ||
        weir_doc_string(&root, "AccessKeyId", &values.access, err) != 0 ||
        weir_doc_string(&root, "SecretAccessKey", &values.secret, err) != 0 ||
        weir_doc_string_opt(&root, token_name, &values.token, err) != 0 ||
        weir_doc_string_opt(&root, "Expiration", &expires, err) != 0 ||
        keep_all(c, &values, &names, err) != 0) {
        goto out;
    }
    rc = expires != NULL ? parse_expiry(expires, &c->expires_unix_ms, err) : 0;
out:
    for (cJSON *v = tree != NULL ? tree->child : NULL; v != NULL; v = v->next) {
        weir_secret_wipe(v->valuestring);
    }
    cJSON_Delete(tree);
    return rc;
}

/*
 * A program
 */

/* A command line to an argv, by blanks and double quotes, in place; no shell sees it. */
static int split(char *line, char *argv[WEIR_AWS_PROCESS_ARGS_MAX + 1], struct weir_err *err)
{
    size_t n = 0;
    char *from = line, *to = line;

    for (;;) {
        from += strspn(from, " \t");
        if (*from == '\0') {
            break;
        }
        if (n == WEIR_AWS_PROCESS_ARGS_MAX) {
            return weir_err_set(err, WEIR_E_CONFIG, "credential_process: more than %d arguments",
                WEIR_AWS_PROCESS_ARGS_MAX);
        }
        argv[n++] = to;
        bool quoted = false;
        for (; *from != '\0' && (quoted || (*from != ' ' && *from != '\t')); from++) {
            if (*from == '"') {
                quoted = !quoted;
            } else if (quoted && from[0] == '\\' && from[1] == '"') {
                *to++ = *++from;
            } else {
                *to++ = *from;
            }
        }
        if (quoted) {
            return weir_err_set(
                err, WEIR_E_CONFIG, "credential_process: a quote that is never closed");
        }
        from += *from != '\0';
        *to++ = '\0';
    }
    argv[n] = NULL;
    return n > 0 ? 0 : weir_err_set(err, WEIR_E_CONFIG, "credential_process: no program");
}

static int run_program(
    const struct weir_room *room, char *line, struct weir_buf *answer, struct weir_err *err)
{
    extern char **environ;
    char *argv[WEIR_AWS_PROCESS_ARGS_MAX + 1], path[PATH_MAX];
    struct weir_child_report report = {0};
    struct weir_source_info info = {0};
    struct weir_stage source;

    if (split(line, argv, err) != 0 || weir_child_find(argv[0], path, err) != 0) {
        return -1;
    }
    struct weir_child_source_opts opts = {.name = "credential_process",
        .path = path,
        .argv = argv,
        .env = environ,
        .stdin_fd = -1,
        .require_output = true,
        .undo_by_mono_ms = room->by_mono_ms,
        .report = &report};
    if (weir_child_source_new(room->loop, &opts, &info, &source, err) != 0) {
        return -1;
    }
    return weir_collect(room->loop, &source, INT64_MAX, answer, err);
}

static int from_process(
    struct weir_aws_credentials *c, char *line, int64_t until_mono_ms, struct weir_err *err)
{
    struct weir_buf answer;
    struct weir_room room = {0};
    struct weir_err why = {0};
    int rc = -1;

    weir_buf_init(&answer, WEIR_AWS_CREDENTIALS_MAX_BYTES);
    if (weir_room_init(&room, WEIR_AWS_CREDENTIALS_MS, until_mono_ms, &why) == 0 &&
        run_program(&room, line, &answer, &why) == 0) {
        rc = take_json(c, &answer, "SessionToken", true, &why);
    }
    if (rc != 0) {
        if (strncmp(why.msg, "credential_process", 18) != 0) {
            weir_err_prefix(&why, "credential_process");
        }
        (void)weir_err_keep(err, &why);
    }
    if (answer.p != NULL) {
        OPENSSL_cleanse(answer.p, answer.cap);
    }
    weir_buf_fini(&answer);
    weir_room_fini(&room);
    return rc;
}

/*
 * A container's endpoint
 */

/* Without TLS a secret goes only where nobody listens: loopback, and the addresses of ECS and EKS.
 */
static bool is_near(const char *url)
{
    static const char *const hosts[] = {
        "localhost", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]", "[::1]"};
    const char *host = url + strlen("http://");
    size_t n = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#");

    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        if (strlen(hosts[i]) == n && memcmp(host, hosts[i], n) == 0) {
            return true;
        }
    }
    unsigned a, b, d, e;
    int end = 0;
    return sscanf(host, "%3u.%3u.%3u.%3u%n", &a, &b, &d, &e, &end) == 4 && (size_t)end == n &&
           a == 127 && b < 256 && d < 256 && e < 256;
}

static int container_url(char *to, size_t size, struct weir_err *err)
{
    const char *relative = weir_env_text("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", NULL);
    const char *full = weir_env_text("AWS_CONTAINER_CREDENTIALS_FULL_URI", NULL);
    int n = relative != NULL ? snprintf(to, size, "http://169.254.170.2%s%s",
                                   relative[0] == '/' ? "" : "/", relative)
                             : snprintf(to, size, "%s", full);

    if (n < 0 || (size_t)n >= size) {
        return weir_err_set(err, WEIR_E_CONFIG, "AWS_CONTAINER_CREDENTIALS_%s_URI: too long",
            relative != NULL ? "RELATIVE" : "FULL");
    }
    if (strncmp(to, "https://", 8) != 0 && (strncmp(to, "http://", 7) != 0 || !is_near(to))) {
        return weir_err_set(err, WEIR_E_CONFIG,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI: must be https://, or http:// to this machine or "
            "to "
            "a container's agent");
    }
    return 0;
}

/* The token that lets us in, if one is wanted. A file is read each time: it is rotated. */
static int container_token(struct weir_loop *loop, struct weir_buf *token, struct weir_err *err)
{
    const char *file = weir_env_text("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", NULL);
    const char *text = weir_env_text("AWS_CONTAINER_AUTHORIZATION_TOKEN", NULL);

    if (file != NULL) {
        struct weir_source_info info = {0};
        struct weir_stage source;
        if (weir_file_source_new(loop, file, &info, &source, err) != 0 ||
            weir_collect(loop, &source, INT64_MAX, token, err) != 0) {
            weir_err_prefix(err, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
            return -1;
        }
        while (token->len > 0 && strchr(" \t\r\n", token->p[token->len - 1]) != NULL) {
            token->len--;
        }
    } else if (text != NULL && weir_buf_adds(token, text, err) != 0) {
        return -1;
    }
    const char *value = weir_buf_text(token, err);
    if (value == NULL) {
        return -1;
    }
    for (const char *p = value; *p != '\0'; p++) {
        if (*p < ' ' || *p > '~') {
            return weir_err_set(
                err, WEIR_E_CONFIG, "AWS_CONTAINER_AUTHORIZATION_TOKEN: a byte that no header has");
        }
    }
    return strlen(value) == token->len
               ? 0
               : weir_err_set(err, WEIR_E_CONFIG,
                     "AWS_CONTAINER_AUTHORIZATION_TOKEN: a byte that no header has");
}

static int ask_endpoint(const struct weir_room *room, const char *url, const struct weir_buf *token,
    struct weir_buf *answer, struct weir_err *err)
{
    const struct weir_http_header headers[] = {
        {"Accept", "application/json"}, {"Authorization", (const char *)token->p}};
    const struct weir_http_request request = {.method = "GET",
        .url = url,
        .headers = headers,
        .headers_n = token->len > 0 ? 2 : 1,
        .timeout_ms = WEIR_AWS_CREDENTIALS_MS / WEIR_S3_ATTEMPTS};

    struct weir_err failure = {0}; /* of the attempt before */

    for (int attempt = 1;; attempt++) {
        struct weir_err why = {0};
        const int64_t pause_ms = WEIR_AWS_CREDENTIALS_PAUSE_MS * (attempt - 1);
        long status = -1;
        if (weir_wake_rest(room->loop, weir_clock_mono_ms() + pause_ms, &why) == 0) {
            answer->len = 0;
            status = weir_http_call(room->loop, &request, answer, NULL, &why);
        }
        if (status == 200) {
            return 0;
        }
        if (status > 0) {
            weir_err_detail(&why, WEIR_E_REMOTE, (int)status, "status %ld", status);
        } else if (weir_loop_cancelled(room->loop) != NULL && failure.code != WEIR_OK) {
            return weir_err_detail(err, why.code, why.detail, "%.60s; the last failure: %s",
                why.msg, failure.msg); /* that the time is over says nothing of the agent */
        }
        if (attempt == WEIR_S3_ATTEMPTS || weir_loop_cancelled(room->loop) != NULL ||
            (status > 0 && status < 500 && status != 429)) {
            return weir_err_keep(err, &why);
        }
        failure = why;
    }
}

static int from_container(
    struct weir_aws_credentials *c, int64_t until_mono_ms, struct weir_err *err)
{
    char url[WEIR_AWS_PATH_MAX_BYTES];
    struct weir_buf token, answer;
    struct weir_room room = {0};
    int rc = -1;

    weir_buf_init(&token, WEIR_SIGV4_TEXT_MAX_BYTES / 4);
    weir_buf_init(&answer, WEIR_AWS_CREDENTIALS_MAX_BYTES);
    if (container_url(url, sizeof url, err) != 0) {
        goto out;
    }
    if (weir_room_init(&room, WEIR_AWS_CREDENTIALS_MS, until_mono_ms, err) != 0 ||
        container_token(room.loop, &token, err) != 0) {
        goto out;
    }
    if (ask_endpoint(&room, url, &token, &answer, err) != 0 ||
        take_json(c, &answer, "Token", false, err) != 0) {
        weir_err_prefix(err, "the container's credentials");
        goto out;
    }
    rc = 0;
out:
    if (answer.p != NULL) {
        OPENSSL_cleanse(answer.p, answer.cap);
    }
    if (token.p != NULL) {
        OPENSSL_cleanse(token.p, token.cap);
    }
    weir_buf_fini(&answer);
    weir_buf_fini(&token);
    weir_room_fini(&room);
    return rc;
}

/*
 * The chain
 */

static int from_profile(
    struct weir_aws_credentials *c, bool *found, int64_t until_mono_ms, struct weir_err *err)
{
    static const struct texts names = {
        "aws_access_key_id", "aws_secret_access_key", "aws_session_token"};
    struct weir_aws_profile p;
    int rc = -1;

    if (weir_aws_profile_read(&p, err) != 0) {
        return -1;
    }
    *found = p.access_key != NULL || p.process != NULL;
    if (p.access_key != NULL) {
        rc = keep_all(c, &(struct texts){p.access_key, p.secret_key, p.session_token}, &names, err);
    } else if (p.process != NULL) {
        rc = from_process(c, p.process, until_mono_ms, err);
    } else if (p.borrows) { /* what is found elsewhere would be somebody else's */
        weir_err_set(err, WEIR_E_CONFIG,
            "the profile's keys come by SSO or a role, which takes a credential_process: `aws "
            "configure export-credentials --format process`");
    } else {
        rc = 0;
    }
    weir_aws_profile_fini(&p);
    return rc;
}

static int look(struct weir_aws_credentials *c, int64_t until_mono_ms, struct weir_err *err)
{
    static const struct texts names = {
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"};
    const struct texts values = {weir_env_text(names.access, NULL),
        weir_env_text(names.secret, NULL), weir_env_text(names.token, NULL)};
    bool found = false;

    if (values.access != NULL) {
        return keep_all(c, &values, &names, err);
    }
    int rc = from_profile(c, &found, until_mono_ms, err);
    if (rc != 0 || found) {
        return rc;
    }
    if (weir_env_text("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", NULL) != NULL ||
        weir_env_text("AWS_CONTAINER_CREDENTIALS_FULL_URI", NULL) != NULL) {
        return from_container(c, until_mono_ms, err);
    }
    return weir_err_set(
        err, WEIR_E_CONFIG, "AWS_ACCESS_KEY_ID is not set, and there is no profile with a key");
}

int weir_aws_credentials_get(
    struct weir_aws_credentials *ret, int64_t until_mono_ms, struct weir_err *err)
{
    struct weir_aws_credentials c = {.expires_unix_ms = INT64_MAX};

    *ret = (struct weir_aws_credentials){0};
    if (look(&c, until_mono_ms, err) != 0) {
        weir_aws_credentials_fini(&c);
        return -1;
    }
    *ret = c; /* the caller owns the texts now */
    return 0;
}

int weir_aws_profile_region(char **ret, struct weir_err *err)
{
    struct weir_aws_profile p;

    *ret = NULL;
    if (weir_aws_profile_read(&p, err) != 0) {
        return -1;
    }
    *ret = p.region; /* the caller's now */
    p.region = NULL;
    weir_aws_profile_fini(&p);
    return 0;
}
