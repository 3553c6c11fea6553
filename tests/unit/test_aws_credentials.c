/*
 * Are the credentials found where AWS's own tools find them, renewed in time, waited for no longer
 * than there is time, and never told to anybody?
 */
#include "aws/credentials.h"
#include "core/clock.h"
#include "net/signals.h"
#include "net/wake.h"
#include "tests/support/s3_fixture.h"
#include "tests/support/tempdir.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

static const char *const vars[] = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"};

static struct tempdir tmp;
static const char *dir = tmp.path;

static void write_file(const char *name, const char *text, mode_t mode)
{
    char path[TEMPDIR_PATH_BYTES + 64];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void point(const char *var, const char *name)
{
    char path[TEMPDIR_PATH_BYTES + 64];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    setenv(var, path, 1);
}

static int setup(void **state)
{
    tempdir_new(&tmp);
    assert_int_equal(s3_setup(state), 0);
    for (size_t i = 0; i < COUNT(vars); i++) {
        unsetenv(vars[i]);
    }
    point("AWS_SHARED_CREDENTIALS_FILE", "credentials");
    point("AWS_CONFIG_FILE", "config");
    return 0;
}

static int teardown(void **state)
{
    tempdir_free(&tmp);
    return s3_teardown(state);
}

static void finds(const char *access, const char *secret, const char *token)
{
    struct weir_aws_credentials c;
    struct weir_err err = {0};

    if (weir_aws_credentials_get(&c, INT64_MAX, &err) != 0) {
        fail_msg("%s", err.msg);
    }
    assert_string_equal(c.access_key, access);
    assert_string_equal(c.secret_key, secret);
    if (token != NULL) {
        assert_string_equal(c.session_token, token);
    } else {
        assert_null(c.session_token);
    }
    weir_aws_credentials_fini(&c);
    weir_aws_credentials_fini(&c);
}

static void fails_with(enum weir_code code, const char *word)
{
    struct weir_aws_credentials c;
    struct weir_err err = {0};

    assert_int_equal(weir_aws_credentials_get(&c, INT64_MAX, &err), -1);
    assert_int_equal(err.code, code);
    if (strstr(err.msg, word) == NULL) {
        fail_msg("no \"%s\" in: %s", word, err.msg);
    }
    assert_null(strstr(err.msg, "Hush"));
    assert_null(c.access_key);
}

static void profile_is_read_from_both_files(void **state)
{
    (void)state;
    write_file("credentials",
        "# a comment\n[default]\nnor is this a setting\naws_access_key_id = "
        "AKDEFAULT\naws_secret_access_key=sec=ret\n\n"
        "[work]\n  aws_access_key_id = AKNESTED\naws_access_key_id=AKWORK\r\n"
        "aws_secret_access_key = worksecret \naws_session_token= tok/en== \n[half] # [old]\n"
        "aws_access_key_id = AKHALF\n",
        0600);
    write_file("config",
        "[default]\nregion = eu-west-3\naws_access_key_id = AKLOSES\n"
        "[work]\nregion = wrong\n[ profile work ]\nregion=ap-south-1\n"
        "[profile static] ; of the build\naws_access_key_id=AKSTATIC\naws_secret_access_key=s\n",
        0600);
    finds("AKDEFAULT", "sec=ret", NULL);
    char large[WEIR_AWS_PROFILES_MAX_BYTES + 2];
    memset(large, '#', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    write_file("large", large, 0600);
    const char *config = strdup(getenv("AWS_CONFIG_FILE"));
    point("AWS_CONFIG_FILE", "large");
    fails_with(WEIR_E_CONFIG, "more than 1048576 bytes");
    setenv("AWS_CONFIG_FILE", config, 1);
    free((void *)(uintptr_t)config);
    char *region = NULL;
    assert_int_equal(weir_aws_profile_region(&region, NULL), 0);
    assert_string_equal(region, "eu-west-3");
    free(region);
    setenv("AWS_PROFILE", "work", 1);
    finds("AKWORK", "worksecret", "tok/en==");
    assert_int_equal(weir_aws_profile_region(&region, NULL), 0);
    assert_string_equal(region, "ap-south-1");
    free(region);
    setenv("AWS_PROFILE", "static", 1);
    finds("AKSTATIC", "s", NULL);
    setenv("AWS_PROFILE", "half", 1);
    fails_with(WEIR_E_CONFIG, "aws_secret_access_key is not set");
    setenv("AWS_PROFILE", "nobody", 1);
    fails_with(WEIR_E_CONFIG, "AWS_PROFILE: no file has a profile of this name");
    struct weir_err err = {0};
    assert_int_equal(weir_aws_profile_region(&region, &err), -1); /* and not: no region is set */
    assert_string_equal(err.msg, "AWS_PROFILE: no file has a profile of this name");
    /* The environment's own key goes before. */
    setenv("AWS_ACCESS_KEY_ID", "AKENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "envsecret", 1);
    finds("AKENV", "envsecret", NULL);
}

static void without_any_the_message_says_where_one_would_be(void **state)
{
    (void)state;
    fails_with(WEIR_E_CONFIG, "AWS_ACCESS_KEY_ID is not set, and there is no profile with a key");
    write_file("credentials", "[default]\n[x\nnonsense\n= =\n[]\n", 0600);
    fails_with(WEIR_E_CONFIG, "AWS_ACCESS_KEY_ID is not set");
    write_file("credentials",
        "[default]\naws_access_key_id=AK\naws_secret_access_key=Hush \x01 x\n", 0600);
    fails_with(WEIR_E_CONFIG, "aws_secret_access_key: byte 4 is none that a key has");
}

static void profile_that_borrows_its_keys_is_told_what_it_takes(void **state)
{
    (void)state;
    static const char *const ways[] = {"role_arn = arn:aws:iam::1:role/x", "sso_session = corp",
        "sso_start_url = https://corp.example"};
    char config[256];

    /* Not the container's: they are somebody else's. */
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/", 1);
    for (size_t i = 0; i < COUNT(ways); i++) {
        snprintf(config, sizeof config, "[default]\n%s\nsource_profile = other\n", ways[i]);
        write_file("config", config, 0600);
        fails_with(WEIR_E_CONFIG, "the profile's keys come by SSO or a role");
    }
    write_file("config", "[default]\nsso_session = corp\ncredential_process = /bin/false\n", 0600);
    fails_with(WEIR_E_PROGRAM, "credential_process");
    unsetenv("AWS_CONTAINER_CREDENTIALS_FULL_URI");
}

/* credential_process = <before><the folder><after> */
static void set_process(const char *before, const char *after, const char *script)
{
    char config[TEMPDIR_PATH_BYTES + 128];

    write_file("key.sh", script, 0700);
    snprintf(config, sizeof config, "[default]\ncredential_process = %s%s%s", before, dir, after);
    write_file("config", config, 0600);
}

static void program_tells_the_key(void **state)
{
    (void)state;
    static const char tells[] =
        "#!/bin/sh\nprintf '{\"Version\":1,\"AccessKeyId\":\"AK%s\",\"SecretAccessKey\":\"s\","
        "\"SessionToken\":\"%s\",\"Expiration\":\"2033-05-18T03:33:20Z\"}' \"$1\" \"$#\"\n";

    set_process("", "/key.sh one two\n", tells);
    finds("AKone", "s", "2");
    /* No shell: what is one to it is none here. */
    set_process(
        "\"", "/key.sh\" \"a\\\"b\" \"\" c\"d\"e\n", tells); /* no shell: ; and $ are as they are */
    fails_with(WEIR_E_DATA, "credential_process: answer"); /* the quote breaks the script's JSON */
    set_process("\"", "/key.sh\" x;$HOME \"two words\"\n", tells);
    finds("AKx;$HOME", "s", "2");
    struct weir_aws_credentials c;
    assert_int_equal(weir_aws_credentials_get(&c, INT64_MAX, NULL), 0);
    assert_true(c.expires_unix_ms == 2000000000000);
    assert_false(weir_aws_credentials_due(&c, 2000000000000 - WEIR_AWS_CREDENTIALS_EARLY_MS - 1));
    assert_true(weir_aws_credentials_due(&c, 2000000000000 - WEIR_AWS_CREDENTIALS_EARLY_MS));
    weir_aws_credentials_fini(&c);
    /* A program in PATH needs no slash. */
    setenv("PATH_BEFORE", getenv("PATH"), 1);
    setenv("PATH", dir, 1);
    write_file("config", "[default]\ncredential_process = key.sh path\n", 0600);
    write_file("key.sh",
        "#!/bin/sh\necho '{\"Version\":1,\"AccessKeyId\":\"AKP\",\"SecretAccessKey\":\"s\"}'\n",
        0700);
    finds("AKP", "s", NULL);
    setenv("PATH", getenv("PATH_BEFORE"), 1);
}

static void program_that_tells_nothing_useful_is_an_error(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        enum weir_code code;
        const char *word;
    } cases[] = {
        {"#!/bin/sh\necho Hush >&2\nexit 3\n", WEIR_E_PROGRAM, "credential_process"},
        {"#!/bin/sh\n:\n", WEIR_E_PROGRAM, "credential_process"},
        {"#!/bin/sh\necho Hush\n", WEIR_E_DATA, "credential_process"},
        {"#!/bin/sh\necho '{\"Version\":2,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"Hush\"}'\n",
            WEIR_E_DATA, "/Version"},
        {"#!/bin/sh\necho '{\"Version\":1,\"AccessKeyId\":\"A\"}'\n", WEIR_E_DATA,
            "/SecretAccessKey"},
        {"#!/bin/sh\necho '{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"Hush\","
         "\"Expiration\":\"soon\"}'\n",
            WEIR_E_CONFIG, "Expiration"},
        {"#!/bin/sh\nhead -c 100000 /dev/zero\n", WEIR_E_LIMIT, ""},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        set_process("", "/key.sh\n", cases[i].script);
        struct weir_aws_credentials c;
        struct weir_err err = {0};
        assert_int_equal(weir_aws_credentials_get(&c, INT64_MAX, &err), -1);
        assert_int_equal(err.code, cases[i].code);
        assert_non_null(strstr(err.msg, cases[i].word));
        if (i > 0) { /* what a program says on stderr is for people */
            assert_null(strstr(err.msg, "Hush"));
        }
    }
    write_file("config", "[default]\ncredential_process = /nowhere/key.sh\n", 0600);
    fails_with(WEIR_E_CONFIG, "/nowhere/key.sh");
    write_file("config", "[default]\ncredential_process = \"never closed\n", 0600);
    fails_with(WEIR_E_CONFIG, "credential_process: a quote that is never closed");
}

#define KEY(id, expires)                                                                           \
    "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"AccessKeyId\":\"" id                           \
    "\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Expiration\":\"" expires "\"}"
#define FAR "2099-01-01T00:00:00Z"

static void containers_endpoint_tells_the_key(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct canned_reply replies[] = {
        {.match = "GET /creds?x=1 ", .head = "HTTP/1.1 500 No\r\n" EMPTY},
        {.match = "GET /creds?x=1 ",
            .head = KEY("AKBOX", FAR),
            .end = CANNED_CLOSE,
            .again = true}};
    char url[128];

    fx->server = canned_http_new(replies, COUNT(replies));
    snprintf(url, sizeof url, "%s/creds?x=1", canned_http_url(fx->server));
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
    finds("AKBOX", "s", "t"); /* after one failure */
    assert_int_equal(canned_http_requests(fx->server), 2);
    assert_null(strstr(canned_http_request(fx->server, 1, NULL), "Authorization:"));
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "let me in", 1);
    finds("AKBOX", "s", "t");
    assert_true(s3_has_header(fx, 2, "Authorization: let me in"));
    write_file("token", "from the file\n", 0600);
    point("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "token");
    finds("AKBOX", "s", "t");
    assert_true(s3_has_header(fx, 3, "Authorization: from the file"));
    write_file("token", "Hush\r\nX: y", 0600);
    fails_with(WEIR_E_CONFIG, "a byte that no header has");
    point("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "none");
    fails_with(WEIR_E_CONFIG, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    assert_int_equal(canned_http_requests(fx->server), 4);
    unsetenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    snprintf(url, sizeof url, "http://localhost:%d/creds?x=1", canned_http_port(fx->server));
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
    finds("AKBOX", "s", "t");
}

static void what_is_longer_than_it_can_be_is_refused(void **state)
{
    char text[8192];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", text, 1);
    fails_with(WEIR_E_CONFIG, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: too long");
    unsetenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", text, 1);
    fails_with(WEIR_E_CONFIG, "AWS_CONTAINER_CREDENTIALS_FULL_URI: too long");
    unsetenv("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    setenv("AWS_ACCESS_KEY_ID", text, 1);
    setenv("AWS_SECRET_ACCESS_KEY", "s", 1);
    fails_with(WEIR_E_CONFIG, "AWS_ACCESS_KEY_ID: 8191 bytes are more than a key has");
    unsetenv("AWS_ACCESS_KEY_ID");
    unsetenv("AWS_SECRET_ACCESS_KEY");
    snprintf(text, sizeof text, "[default]\ncredential_process = /bin/true");
    for (int i = 0; i < WEIR_AWS_PROCESS_ARGS_MAX; i++) {
        memcpy(text + strlen(text), " x", 3);
    }
    write_file("config", text, 0600);
    fails_with(WEIR_E_CONFIG, "credential_process: more than 64 arguments");
}

static void containers_endpoint_that_refuses_is_an_error(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct {
        struct canned_reply reply;
        enum weir_code code;
        size_t asked;
    } cases[] = {
        {{.head = "HTTP/1.1 403 No\r\n" EMPTY, .again = true}, WEIR_E_REMOTE, 1},
        {{.head = "HTTP/1.1 500 No\r\n" EMPTY, .again = true}, WEIR_E_REMOTE, 3},
        {{.end = CANNED_CLOSE, .again = true}, WEIR_E_NET, 3},
        {{.head = OK "Content-Length: 2\r\n\r\n{}", .again = true}, WEIR_E_DATA, 1},
        {{.head = OK "Content-Length: 4\r\n\r\nHush", .again = true}, WEIR_E_DATA, 1},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        canned_http_free(fx->server);
        fx->server = canned_http_new(&cases[i].reply, 1);
        setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", canned_http_url(fx->server), 1);
        fails_with(cases[i].code, "the container's credentials: ");
        assert_int_equal(canned_http_requests(fx->server), cases[i].asked);
    }
}

static void secrets_go_in_the_clear_to_nobody_far(void **state)
{
    (void)state;
    static const char *const far[] = {"http://example.com/", "http://169.254.169.254/x",
        "http://127.0.0.1.example.com/", "http://10.0.0.1/", "http://localhost.example/",
        "http://[fd00:ec2::24]/", "http://u@127.0.0.1/", "ftp://127.0.0.1/", "127.0.0.1",
        "http://"};

    for (size_t i = 0; i < COUNT(far); i++) {
        setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", far[i], 1);
        fails_with(WEIR_E_CONFIG, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    }
}

/* A server that is S3 and the container's agent at once: it tells a key that is to be renewed,
 * `then` when it is asked again; n objects are read. */
static void get_with_a_key_that_ends_soon(struct s3_fixture *fx, struct canned_reply then, int n)
{
    char soon[512], url[128], when[32];
    const time_t end = time(NULL) + 300; /* within the ten minutes */
    struct tm tm;
    gmtime_r(&end, &tm);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
    snprintf(soon, sizeof soon, KEY("AKOLD", "%s"), when);
    const struct canned_reply replies[] = {
        {.match = "GET /creds ", .head = soon, .end = CANNED_CLOSE}, then,
        {.match = GET, .head = OK "Content-Length: 2\r\n\r\nhi", .again = true}};
    struct weir_source_info info = {0};

    fx->server = canned_http_new(replies, COUNT(replies));
    snprintf(url, sizeof url, "%s/creds", canned_http_url(fx->server));
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
    setenv("AWS_ENDPOINT_URL_S3", canned_http_url(fx->server), 1);
    assert_int_equal(weir_s3_config_env(&fx->cfg, &fx->err), 0);
    assert_string_equal(fx->cfg.access_key, "AKOLD");
    for (int i = 0; i < n; i++) {
        assert_int_equal(
            s3_get(fx, &(struct weir_object){.bucket = "b", .key = "k"}, &info, NULL), 0);
    }
    assert_int_equal(s3_asked(fx, "GET /creds ", NULL), 2); /* not at every request */
}

static void due_credentials_are_renewed_before_they_end(void **state)
{
    struct s3_fixture *fx = *state;
    const struct canned_reply renewed = {
        .match = "GET /creds ", .head = KEY("AKNEW", FAR), .end = CANNED_CLOSE};

    get_with_a_key_that_ends_soon(fx, renewed, 2);
    size_t last = 0;
    assert_int_equal(s3_asked(fx, GET, &last), 2);
    assert_non_null(strstr(canned_http_request(fx->server, last, NULL), "Credential=AKNEW/"));
    assert_true(s3_has_header(fx, last, "x-amz-security-token: t"));
}

static void renewal_that_fails_is_no_failure_while_the_key_is_good(void **state)
{
    const struct canned_reply refused = {
        .match = "GET /creds ", .head = "HTTP/1.1 403 No\r\n" EMPTY, .again = true};

    get_with_a_key_that_ends_soon(*state, refused, 3);
}

static void expired_token_has_the_credentials_read_again(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct canned_reply replies[] = {
        {.match = GET, .head = STATUS("400 Bad Request", "ExpiredToken", "40")},
        {.match = GET, .head = OK "Content-Length: 2\r\n\r\nhi"}};
    struct weir_source_info info = {0};

    write_file(
        "credentials", "[default]\naws_access_key_id=AKOLD\naws_secret_access_key=s\n", 0600);
    s3_serve(fx, replies, COUNT(replies));
    write_file(
        "credentials", "[default]\naws_access_key_id=AKNEW\naws_secret_access_key=s\n", 0600);
    assert_int_equal(s3_get(fx, &(struct weir_object){.bucket = "b", .key = "k"}, &info, NULL), 0);
    assert_non_null(strstr(canned_http_request(fx->server, 0, NULL), "Credential=AKOLD/"));
    assert_non_null(strstr(canned_http_request(fx->server, 1, NULL), "Credential=AKNEW/"));
}

/* Two parts are under way with the old key when the server refuses it: one look is enough for both.
 */
static void expired_token_of_several_requests_is_renewed_once(void **state)
{
    struct s3_fixture *fx = *state;
    static const char expired[] = STATUS("400 Bad Request", "ExpiredToken", "40");
    static const struct canned_reply replies[] = {{.match = CREATE, .head = CREATED},
        {.match = PART "1", .head = expired}, {.match = PART "2", .head = expired},
        {.match = PART, .head = PART_OK, .again = true}, {.match = COMPLETE, .head = COMPLETED}};
    char script[TEMPDIR_PATH_BYTES + 192], path[TEMPDIR_PATH_BYTES + 64];

    snprintf(script, sizeof script,
        "#!/bin/sh\necho look >>%s/looks\n"
        "echo '{\"Version\":1,\"AccessKeyId\":\"AK\",\"SecretAccessKey\":\"s\"}'\n",
        dir);
    set_process("", "/key.sh\n", script);
    setenv("AWS_MAX_ATTEMPTS", "3", 1);
    s3_serve(fx, replies, COUNT(replies));
    assert_int_equal(s3_put(fx, 25, 10, 0), 0);
    assert_int_equal(s3_asked(fx, PART "1", NULL), 2);
    assert_int_equal(s3_asked(fx, PART "2", NULL), 2);
    snprintf(path, sizeof path, "%s/looks", dir);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    int lines = 0;
    for (int c; (c = getc(f)) != EOF;) {
        lines += c == '\n';
    }
    fclose(f);
    assert_int_equal(lines, 2); /* by the configuration, and once more */
}

static void wait_for_a_key_ends_with_the_deadline(void **state)
{
    struct s3_fixture *fx = *state;
    static const char hangs[] = "#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 60; done\n";
    static const struct canned_reply silent = {.end = CANNED_STALL, .again = true};
    struct weir_s3_config cfg;

    for (int way = 0; way < 2; way++) {
        const int64_t began = weir_clock_mono_ms();
        struct weir_aws_credentials c;
        struct weir_err err = {0};
        if (way == 0) {
            set_process("", "/key.sh\n", hangs);
        } else {
            write_file("config", "", 0600);
            fx->server = canned_http_new(&silent, 1);
            setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", canned_http_url(fx->server), 1);
        }
        assert_int_equal(weir_aws_credentials_get(&c, began + 200, &err), -1);
        assert_int_equal(err.code, WEIR_E_DEADLINE);
        assert_string_equal(err.msg, way == 0
                                         ? "credential_process: the deadline has passed"
                                         : "the container's credentials: the deadline has passed");
        err = (struct weir_err){0};
        setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1", 1);
        assert_int_equal(weir_s3_config_env_by(&cfg, began, &err), -1); /* gone by */
        assert_int_equal(err.code, WEIR_E_DEADLINE);
        assert_in_range(weir_clock_mono_ms() - began, 200, 29000); /* not 30 s */
    }
}

/* That the time is over does not say what took it. */
static void wait_for_a_key_that_ends_says_what_failed_before(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct canned_reply replies[] = {
        {.head = "HTTP/1.1 500 No\r\n" EMPTY}, {.end = CANNED_STALL, .again = true}};
    struct weir_err err = {0};

    for (int64_t ms = 200; ms < 60000 && strstr(err.msg, "failure") == NULL; ms *= 2) {
        struct weir_aws_credentials c;
        canned_http_free(fx->server);
        fx->server = canned_http_new(replies, COUNT(replies));
        setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", canned_http_url(fx->server), 1);
        err = (struct weir_err){0};
        assert_int_equal(weir_aws_credentials_get(&c, weir_clock_mono_ms() + ms, &err), -1);
        assert_int_equal(err.code, WEIR_E_DEADLINE);
    }
    assert_string_equal(err.msg,
        "the container's credentials: the deadline has passed; the last failure: status 500");
}

/* What somebody who waits for `weir cp` does. */
static void wait_for_a_key_ends_with_a_signal(void **state)
{
    struct s3_fixture *fx = *state;
    struct weir_signals *signals = weir_signals_new(fx->loop, NULL);
    struct weir_aws_credentials c;
    struct weir_err err = {0};

    set_process("", "/key.sh\n", "#!/bin/sh\nkill -INT $PPID\nexec sleep 60\n");
    assert_int_equal(weir_aws_credentials_get(&c, INT64_MAX, &err), -1);
    assert_int_equal(err.code, WEIR_E_CANCEL);
    assert_int_equal(err.detail, SIGINT);
    assert_string_equal(err.msg, "credential_process: stopped by SIGINT");
    /* And whoever runs the other loop learns of it, too. */
    struct weir_wake *wake = weir_wake_new(fx->loop, NULL);
    weir_wake_in(wake, 100000); /* something that may happen */
    err = (struct weir_err){0};
    while (weir_loop_step(fx->loop, INT64_MAX, &err) == 0) {
    }
    assert_int_equal(err.code, WEIR_E_CANCEL);
    weir_wake_free(wake);
    weir_signals_free(signals);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(profile_is_read_from_both_files),
        TEST(without_any_the_message_says_where_one_would_be),
        TEST(profile_that_borrows_its_keys_is_told_what_it_takes),
        TEST(program_tells_the_key),
        TEST(program_that_tells_nothing_useful_is_an_error),
        TEST(containers_endpoint_tells_the_key),
        TEST(what_is_longer_than_it_can_be_is_refused),
        TEST(containers_endpoint_that_refuses_is_an_error),
        TEST(secrets_go_in_the_clear_to_nobody_far),
        TEST(due_credentials_are_renewed_before_they_end),
        TEST(renewal_that_fails_is_no_failure_while_the_key_is_good),
        TEST(expired_token_has_the_credentials_read_again),
        TEST(expired_token_of_several_requests_is_renewed_once),
        TEST(wait_for_a_key_ends_with_the_deadline),
        TEST(wait_for_a_key_that_ends_says_what_failed_before),
        TEST(wait_for_a_key_ends_with_a_signal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
