#include "aws/api_sign.h"
#include "aws/location.h"
#include "aws/xml.h"
#include "cli/cli.h"
#include "cli/form_body.h"
#include "cli/progress.h"
#include "core/clock.h"
#include "core/limits.h"
#include "core/line.h"
#include "core/reason.h"
#include "json/quote.h"
#include "net/http.h"
#include "net/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct args {
    struct weir_cli cli;
    const char *file, *url, *form;
    bool sign, json;
};

struct upload {
    struct weir_loop *loop;
    const struct args *args;
    struct weir_upload_form form;
    struct weir_form_body body;
    struct weir_source_info info; /* for the progress line */
    struct weir_buf answer;
    int fd;

    /* The request. */
    bool done, dropped; /* dropped: the answer is longer than anybody wants to know */
    long status;
    struct weir_err err;
};

static int parse(int argc, char **argv, struct args *a, struct weir_err *err)
{
    const struct weir_opt opts[] = {
        {.name = "url", .kind = WEIR_OPT_TEXT, .to = &a->url},
        {.name = "sign", .kind = WEIR_OPT_FLAG, .to = &a->sign},
        {.name = "form", .kind = WEIR_OPT_TEXT, .to = &a->form},
        {.name = "json", .kind = WEIR_OPT_FLAG, .to = &a->json},
        WEIR_CLI_QUIET(&a->cli),
        WEIR_CLI_PROGRESS(&a->cli),
    };
    int n = weir_cli_parse(opts, sizeof opts / sizeof *opts, argc, argv, &a->file, 1, err);

    if (n < 0) {
        return -1;
    }
    if (n == 0) {
        return weir_err_set(err, WEIR_E_CONFIG, "no file: name it");
    }
    if ((a->url == NULL) == (a->form == NULL)) {
        return weir_err_set(err, WEIR_E_CONFIG, "give --url URL, or --form FORM.json");
    }
    if (a->sign && a->url == NULL) {
        return weir_err_set(err, WEIR_E_CONFIG, "--sign is for --url");
    }
    return 0;
}

/* ---- the form ---- */

static int ask(struct upload *u, struct weir_buf *text, struct weir_err *err)
{
    struct weir_api_sign sign = {0};
    struct weir_http_request request = {.method = "POST",
        .url = u->args->url,
        .timeout_ms = WEIR_UPLOAD_FORM_MS,
        .stall_ms = WEIR_HTTP_STALL_MS};

    if (u->args->sign) {
        if (weir_api_sign(&sign, request.method, request.url, weir_clock_unix_ms() / 1000, err) !=
            0) {
            weir_err_prefix(err, "--sign");
            return -1;
        }
        request.headers = sign.headers;
        request.headers_n = sign.headers_n;
    }
    long status = weir_http_call(u->loop, &request, text, NULL, err);
    weir_api_sign_fini(&sign);
    if (status < 0) {
        weir_err_prefix(err, "--url");
        return -1;
    }
    if (status / 100 != 2) {
        return weir_err_detail(err, WEIR_E_REMOTE, (int)status,
            "--url: the answer is %ld, and no form%s", status,
            (status == 401 || status == 403) && !u->args->sign ? " (it may want --sign)" : "");
    }
    return 0;
}

static int get_form(struct upload *u, struct weir_err *err)
{
    struct weir_buf text;
    int rc;

    weir_buf_init(&text, WEIR_UPLOAD_HEAD_MAX_BYTES);
    rc = u->args->url != NULL ? ask(u, &text, err)
                              : weir_location_load(u->loop, u->args->form, &text, err);
    if (rc != 0 && u->args->form != NULL) {
        weir_err_prefix(err, "--form");
    }
    if (rc == 0) {
        rc = weir_upload_form_parse(u->args->url != NULL ? "--url" : "--form",
            text.p != NULL ? (const char *)text.p : "", text.len, &u->form, err);
        if (rc != 0 && u->args->form != NULL && err->code == WEIR_E_DATA) {
            err->code = WEIR_E_CONFIG; /* it was named by the user */
        }
    }
    weir_buf_fini(&text);
    return rc;
}

/* ---- the request ---- */

static int64_t on_send(void *ctx, uint8_t *p, size_t n)
{
    struct upload *u = ctx;
    int64_t got = weir_form_body_read(&u->body, p, n);

    u->info.read_bytes = u->body.sent_bytes;
    return got;
}

static size_t on_body(void *ctx, const uint8_t *p, size_t n)
{
    struct upload *u = ctx;

    u->dropped = u->dropped || weir_buf_add(&u->answer, p, n, NULL) != 0;
    return n;
}

static void on_done(void *ctx, long status, const struct weir_err *err)
{
    struct upload *u = ctx;

    u->done = true;
    u->status = status;
    u->err = *err;
}

/* S3's code, and what it says of it; what a server says otherwise does not get into a message. */
static int refused(const struct upload *u, struct weir_err *err)
{
    static const char set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    const char *text = u->answer.p != NULL ? (const char *)u->answer.p : "";
    char code[64], why[WEIR_UPLOAD_WHY_MAX_BYTES];

    if (!weir_xml_find(text, u->answer.len, "Error/Code", code, sizeof code) ||
        code[strspn(code, set)] != '\0') {
        return weir_err_detail(
            err, WEIR_E_REMOTE, (int)u->status, "%.160s: %ld", u->args->file, u->status);
    }
    const bool said = weir_xml_find(text, u->answer.len, "Error/Message", why, sizeof why);

    return weir_err_detail(err, WEIR_E_REMOTE, (int)u->status, "%.160s: %ld %s%s%s", u->args->file,
        u->status, code, said ? ": " : "", said ? why : "");
}

static int verdict(struct upload *u, struct weir_err *err)
{
    if (u->body.err.code != WEIR_OK) { /* why it stopped to send */
        (void)weir_err_keep(err, &u->body.err);
        weir_err_prefix(err, "%.160s", u->args->file);
        return -1;
    }
    if (u->status == 0) {
        return weir_err_keep(err, &u->err);
    }
    if (u->status / 100 == 2) {
        return 0;
    }
    return refused(u, err);
}

static int send_form(struct upload *u, struct weir_err *err)
{
    const struct weir_http_header type = {"Content-Type", u->body.type};
    const struct weir_http_request request = {.method = "POST",
        .url = u->form.url,
        .headers = &type,
        .headers_n = 1,
        .read_body = on_send,
        .body_len = weir_form_body_size(&u->body),
        .stall_ms = WEIR_HTTP_STALL_MS,
        .fresh = true, /* the file is read once */
        .on_body = on_body,
        .on_done = on_done,
        .ctx = u};
    struct weir_progress *progress = NULL;
    struct weir_http *http = weir_http_start(u->loop, &request, err);
    int rc = -1;

    if (http == NULL) {
        return -1;
    }
    if (weir_progress_start(u->loop, &u->args->cli, "upload", &u->info, &progress, err) == 0) {
        struct weir_err broke = {0};
        rc = 0;
        while (!u->done && rc == 0) { /* an answer that came with a signal is an answer */
            rc = weir_loop_step(u->loop, INT64_MAX, &broke) == 0 || u->done
                     ? 0
                     : weir_err_keep(err, &broke);
        }
    }
    weir_progress_stop(progress);
    rc = rc == 0 ? verdict(u, err) : rc;
    if (rc != 0 && u->status == 0 &&
        weir_http_sent(http) >= (int64_t)weir_form_body_size(&u->body)) {
        weir_err_prefix(err, "all was sent, no answer came, and the object may be there");
    }
    weir_http_free(http);
    return rc;
}

/* ---- the verb ---- */

static int open_file(struct upload *u, struct weir_err *err)
{
    struct stat st;

    u->fd = open(u->args->file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (u->fd == -1 || fstat(u->fd, &st) != 0) {
        return weir_err_detail(
            err, WEIR_E_CONFIG, errno, "%.160s: %s", u->args->file, weir_reason(errno));
    }
    if (!S_ISREG(st.st_mode)) {
        return weir_err_set(err, WEIR_E_CONFIG, "%.160s: not a regular file", u->args->file);
    }
    u->info.size_bytes = (int64_t)st.st_size;
    return 0;
}

static void print_summary(const struct upload *u, int64_t ms)
{
    const char *key = u->form.key != NULL ? u->form.key : "";
    char bytes[32];
    int rc = -1;

    if (!u->args->json && isatty(STDOUT_FILENO) != 0) {
        weir_cli_bytes_text(u->body.file_bytes, bytes);
        /* The key is the form's, and so its server's: it tells the terminal nothing else. */
        weir_line_print(STDOUT_FILENO, "", "%s (%s, %" PRId64 ".%03" PRId64 " s)", key, bytes,
            ms / 1000, ms % 1000);
        rc = 0;
    } else {
        struct weir_buf json;
        weir_buf_init(&json, WEIR_UPLOAD_HEAD_MAX_BYTES);
        if (weir_buf_adds(&json, "{\"key\":", NULL) == 0 &&
            weir_json_quote(&json, key, NULL) == 0 &&
            weir_buf_addf(&json, NULL, ",\"bytes\":%" PRIu64 ",\"ms\":%" PRId64 "}\n",
                u->body.file_bytes, ms) == 0) {
            rc = fwrite(json.p, 1, json.len, stdout) == json.len ? 0 : -1;
        }
        weir_buf_fini(&json);
    }
    if (rc < 0 || fflush(stdout) != 0) {
        weir_cli_note("upload", "the file is uploaded, but its summary cannot be written");
    }
}

static int upload(struct upload *u, struct weir_err *err)
{
    struct weir_signals *signals = weir_signals_new(u->loop, err);
    int64_t begun_ms = weir_clock_mono_ms();
    bool has_body = false;
    int rc = -1;

    weir_buf_init(&u->answer, WEIR_S3_XML_MAX_BYTES);
    /* The file first: nobody should make a form for one that is not there. */
    if (signals == NULL || open_file(u, err) != 0 || get_form(u, err) != 0) {
        goto out;
    }
    has_body = weir_form_body_init(&u->body, &u->form, u->args->file, u->fd,
                   (uint64_t)u->info.size_bytes, err) == 0;
    if (!has_body) {
        goto out;
    }
    u->info.size_bytes = (int64_t)weir_form_body_size(&u->body);
    if (send_form(u, err) != 0) {
        goto out;
    }
    weir_signals_free(signals); /* a stdout that nobody reads is to be left the usual way */
    signals = NULL;
    print_summary(u, weir_clock_mono_ms() - begun_ms);
    rc = 0;
out:
    if (has_body) {
        weir_form_body_fini(&u->body);
    }
    weir_upload_form_fini(&u->form);
    weir_buf_fini(&u->answer);
    if (u->fd != -1) {
        (void)close(u->fd);
    }
    weir_signals_free(signals);
    return rc;
}

int weir_cli_upload(int argc, char **argv)
{
    struct args a = {0};
    struct upload u = {.args = &a, .fd = -1};
    struct weir_err err = {0};

    if (parse(argc, argv, &a, &err) != 0) {
        return weir_cli_usage("upload", &err);
    }
    u.loop = weir_loop_new(&err);
    int rc = u.loop != NULL ? upload(&u, &err) : -1;
    weir_loop_free(u.loop);
    return rc == 0 ? WEIR_EXIT_DONE : weir_cli_fail("upload", &err);
}
