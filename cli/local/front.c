#include "cli/local/front.h"

#include "aws/dir_store.h"
#include "cli/cli.h"
#include "cli/httpd.h"
#include "cli/local/answer.h"
#include "cli/local/asker.h"
#include "cli/local/form.h"
#include "cli/local/page.h"
#include "cli/local/presign.h"
#include "cli/local/status.h"
#include "codec/gzip.h"
#include "core/buf.h"
#include "core/clock.h"
#include "core/limits.h"
#include "handlers/presign/job.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_MS 1000 /* at the connections of uploads */

/* One HTTP request, libmicrohttpd's con_cls. */
struct request {
    struct weir_form *form; /* an upload */
    struct MHD_Connection *connection;
    LIST_ENTRY(request) link; /* of an upload */
    struct weir_buf body;     /* of another request */
    bool too_long;            /* the body, which is read to its end and dropped */
};

struct weir_front {
    struct weir_loop *loop;
    struct weir_front_opts opts;
    struct weir_httpd *httpd;
    LIST_HEAD(, request) uploads;
    int64_t look_ms;
    char page_policy[sizeof WEIR_ANSWER_POLICY + 300];
};

struct route {
    const char *method, *path;
    enum MHD_Result (*serve)(
        struct weir_front *front, struct MHD_Connection *c, struct request *request);
};

static const char *header(struct MHD_Connection *c, const char *name)
{
    return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

/* ---- routes ---- */

static enum MHD_Result serve_page(
    struct weir_front *f, struct MHD_Connection *c, struct request *request)
{
    (void)request;
    return weir_answer_with(c, MHD_HTTP_OK, "text/html; charset=utf-8", f->page_policy,
        MHD_create_response_from_buffer((size_t)(weir_local_page_end - weir_local_page),
            (void *)(uintptr_t)weir_local_page, MHD_RESPMEM_PERSISTENT));
}

static enum MHD_Result serve_status(
    struct weir_front *f, struct MHD_Connection *c, struct request *request)
{
    (void)request;
    const struct weir_local_status status = {.bucket = f->opts.bucket,
        .prefix = f->opts.prefix,
        .at_s3 = f->opts.store == NULL,
        .queue = f->opts.queue,
        .worker = f->opts.worker,
        .results = f->opts.results,
        .now_mono_ms = weir_clock_mono_ms()};
    struct weir_err err = {0};
    struct weir_buf json;

    weir_buf_init(&json, WEIR_JSON_DOC_MAX_BYTES);
    int rc = weir_local_status_json(&status, &json, &err);
    enum MHD_Result sent = weir_answer_json(c, MHD_HTTP_OK, rc, &json, &err);
    weir_buf_fini(&json);
    return sent;
}

static enum MHD_Result serve_dlq(
    struct weir_front *f, struct MHD_Connection *c, struct request *request)
{
    (void)request;
    struct weir_err err = {0};
    struct weir_buf json;

    weir_buf_init(&json, WEIR_QUEUE_MESSAGES_MAX * WEIR_JOURNAL_RECORD_MAX_BYTES);
    int rc = weir_local_dlq_json(f->opts.queue, &json, &err);
    enum MHD_Result sent = weir_answer_json(c, MHD_HTTP_OK, rc, &json, &err);
    weir_buf_fini(&json);
    return sent;
}

static enum MHD_Result serve_redrive(
    struct weir_front *f, struct MHD_Connection *c, struct request *request)
{
    (void)request;
    const char *id = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "messageId");
    struct weir_err err = {0};
    char text[64];
    size_t moved = 0;

    if (weir_queue_redrive(f->opts.queue, id, &moved, &err) != 0) {
        return weir_answer_message(c, MHD_HTTP_INTERNAL_SERVER_ERROR, err.msg);
    }
    if (id != NULL && moved == 0) {
        return weir_answer_message(
            c, MHD_HTTP_NOT_FOUND, "no such message in the dead-letter queue");
    }
    (void)snprintf(text, sizeof text, "{\"redriven\":%zu}\n", moved);
    return weir_answer_text(c, MHD_HTTP_OK, "application/json", text, strlen(text));
}

/* The form is made as the deployed service makes it. It goes to where this request came from, so
 * that a browser stays with one origin, whatever name it knows us by. */
static enum MHD_Result serve_presign(
    struct weir_front *f, struct MHD_Connection *c, struct request *request)
{
    const struct weir_local_presign presign = {.host = header(c, "Host"),
        .bucket = f->opts.bucket,
        .prefix = f->opts.prefix,
        .key = f->opts.key,
        .body = request->body.len > 0 ? weir_buf_text(&request->body, NULL) : NULL,
        .body_len = request->body.len,
        .quiet = f->opts.quiet};
    struct weir_err err = {0};
    struct weir_buf json;
    unsigned status = 0;

    weir_buf_init(&json, WEIR_RESPONSE_MAX_BYTES);
    int rc = weir_local_presign(&presign, &status, &json, &err);
    enum MHD_Result sent = weir_answer_json(c, status, rc, &json, &err);
    weir_buf_fini(&json);
    return sent;
}

static const struct route routes[] = {
    {"GET", "/", serve_page},
    {"GET", "/status.json", serve_status},
    {"GET", "/dlq", serve_dlq},
    {"POST", "/dlq/redrive", serve_redrive},
    {"POST", WEIR_PRESIGN_ROUTE, serve_presign},
};

/* A validated file. Only those of the list: this is no file server. */
static enum MHD_Result serve_output(struct weir_front *f, struct MHD_Connection *c, const char *key)
{
    struct weir_buf path;
    struct stat st;
    struct MHD_Response *r = NULL;
    int fd = -1;

    weir_buf_init(&path, WEIR_S3_URL_MAX_BYTES);
    if (weir_results_has(f->opts.results, f->opts.bucket, key) &&
        weir_buf_addf(&path, NULL, "%s/%s/", f->opts.store, f->opts.bucket) == 0 &&
        weir_dir_key(&path, key, NULL) == 0 && weir_buf_text(&path, NULL) != NULL) {
        fd = open((const char *)path.p, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    }
    weir_buf_fini(&path);
    if (fd == -1 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        if (fd != -1) {
            (void)close(fd);
        }
        return weir_answer_message(c, MHD_HTTP_NOT_FOUND, "no such validated file");
    }
    r = MHD_create_response_from_fd64((uint64_t)st.st_size, fd);
    if (r == NULL) {
        (void)close(fd);
        return MHD_NO;
    }
    (void)MHD_add_response_header(r, "Content-Disposition", "attachment");
    return weir_answer(c, MHD_HTTP_OK, weir_gzip_named(key) ? "application/gzip" : "text/csv", r);
}

/* What follows "/BUCKET", or NULL. */
static const char *below_bucket(const struct weir_front *f, const char *url)
{
    size_t n = strlen(f->opts.bucket);

    return f->opts.store != NULL && url[0] == '/' && strncmp(url + 1, f->opts.bucket, n) == 0 &&
                   (url[n + 1] == '/' || url[n + 1] == '\0')
               ? url + n + 1
               : NULL;
}

static bool is_form_url(const struct weir_front *f, const char *url)
{
    const char *rest = below_bucket(f, url);

    return rest != NULL && (*rest == '\0' || strcmp(rest, "/") == 0);
}

static enum MHD_Result route(struct weir_front *f, struct MHD_Connection *c,
    struct request *request, const char *method, const char *url)
{
    const char *rest = below_bucket(f, url);
    bool other = false;

    if (request->too_long) {
        return weir_answer_message(
            c, MHD_HTTP_CONTENT_TOO_LARGE, "the body is longer than is taken here");
    }
    if (strcmp(method, "HEAD") == 0) {
        method = "GET"; /* libmicrohttpd leaves the body out */
    }
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (strcmp(url, routes[i].path) == 0) {
            if (strcmp(method, routes[i].method) == 0) {
                return routes[i].serve(f, c, request);
            }
            other = true;
        }
    }
    if (strcmp(method, "GET") == 0 && rest != NULL && rest[0] == '/' && rest[1] != '\0') {
        return serve_output(f, c, rest + 1);
    }
    return other || rest != NULL
               ? weir_answer_message(c, MHD_HTTP_METHOD_NOT_ALLOWED, "not with this method")
               : weir_answer_message(c, MHD_HTTP_NOT_FOUND, "no such path; the page is at /");
}

/* ---- uploads ---- */

static enum MHD_Result end_upload(
    struct weir_front *f, struct MHD_Connection *c, struct request *request)
{
    struct weir_policy policy;
    struct weir_policy_refusal why;
    struct weir_err err = {0};

    if (weir_form_end(request->form, &policy, &why) != 0) {
        weir_cli_note("local", "an upload was refused: %s: %s", why.code, why.message);
        return weir_answer_refusal(c, &why);
    }
    if (!f->opts.quiet) {
        weir_cli_note("local", "%s: uploaded", policy.key);
    }
    if (weir_uploads_announce(f->opts.uploads, policy.key, "Post", &err) != 0) {
        weir_cli_note("local", "%s; it is found later", err.msg); /* the file is there */
    }
    return weir_answer_stored(c, f->opts.bucket, &policy);
}

/* ---- libmicrohttpd ---- */

/* The head of a request has come. */
static enum MHD_Result begin(struct weir_front *f, struct MHD_Connection *c, const char *url,
    const char *method, void **con_cls)
{
    const struct weir_asker asker = {.method = method,
        .host = header(c, "Host"),
        .origin = header(c, "Origin"),
        .site = header(c, "Sec-Fetch-Site")};
    const char *why = weir_asker_objection(&asker, f->opts.hosts, f->opts.hosts_n);
    struct request *request;

    if (why != NULL) { /* answered without its body */
        return weir_answer_message(c, MHD_HTTP_FORBIDDEN, why);
    }
    request = calloc(1, sizeof *request);
    if (request == NULL) {
        return MHD_NO;
    }
    weir_buf_init(&request->body, WEIR_FRONT_BODY_MAX_BYTES + 1); /* and a NUL */
    *con_cls = request;
    if (strcmp(method, "POST") == 0 && is_form_url(f, url)) {
        const struct weir_form_opts form = {.loop = f->loop,
            .key = f->opts.key,
            .store = f->opts.store,
            .bucket = f->opts.bucket,
            .now_s = weir_clock_unix_ms() / 1000};

        request->form = weir_form_new(c, &form);
        if (request->form == NULL) {
            const struct weir_policy_refusal refusal = {.status = MHD_HTTP_BAD_REQUEST,
                .code = "InvalidRequest",
                .message = "Bucket POST must be of the enclosure-type multipart/form-data."};
            return weir_answer_refusal(c, &refusal);
        }
        request->connection = c;
        LIST_INSERT_HEAD(&f->uploads, request, link);
    }
    return MHD_YES; /* called again with the body, and without */
}

/* Of a request that is no upload; nothing here takes one of any size. False: no memory. */
static bool take_body(struct request *request, const char *p, size_t n)
{
    if (request->too_long || n > WEIR_FRONT_BODY_MAX_BYTES - request->body.len) {
        request->too_long = true;
        return true;
    }
    return weir_buf_add(&request->body, p, n, NULL) == 0;
}

static enum MHD_Result on_request(void *self, struct MHD_Connection *c, const char *url,
    const char *method, const char *version, const char *data, size_t *data_len, void **con_cls)
{
    struct weir_front *f = self;
    struct request *request = *con_cls;

    (void)version;
    if (request == NULL) {
        return begin(f, c, url, method, con_cls);
    }
    if (*data_len > 0) {
        if (request->form != NULL) {
            weir_form_data(request->form, data, *data_len);
        } else if (!take_body(request, data, *data_len)) {
            return MHD_NO;
        }
        *data_len = 0;
        return MHD_YES;
    }
    return request->form != NULL ? end_upload(f, c, request) : route(f, c, request, method, url);
}

static void on_completed(
    void *self, struct MHD_Connection *c, void **con_cls, enum MHD_RequestTerminationCode why)
{
    struct request *request = *con_cls;

    (void)self;
    (void)c;
    (void)why;
    if (request != NULL) {
        if (request->form != NULL) {
            LIST_REMOVE(request, link);
        }
        weir_form_free(request->form);
        weir_buf_fini(&request->body);
        free(request);
        *con_cls = NULL;
    }
}

/* libmicrohttpd (0.9.75) waits for edges, and does not see the end of a connection that came
 * together with its last bytes: the half of an upload would lie there until the idle time is over.
 * Shutting the socket down is an edge that it sees. */
int64_t weir_front_turn(struct weir_front *front)
{
    struct weir_front *f = front;
    int64_t now_ms = weir_clock_mono_ms();
    struct request *request;

    if (LIST_EMPTY(&f->uploads)) {
        return INT64_MAX;
    }
    if (now_ms < f->look_ms) {
        return f->look_ms;
    }
    LIST_FOREACH(request, &f->uploads, link)
    {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        char c;

        if (info != NULL && recv(info->connect_fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0) {
            (void)shutdown(info->connect_fd, SHUT_RDWR);
        }
    }
    f->look_ms = now_ms + LOOK_MS;
    return f->look_ms;
}

struct weir_front *weir_front_new(
    struct weir_loop *loop, const struct weir_front_opts *opts, struct weir_err *err)
{
    struct weir_front *f = calloc(1, sizeof *f);
    const struct weir_httpd_opts httpd = {.address = opts->address,
        .connections_max = WEIR_FRONT_CONNECTIONS_MAX,
        .connection_bytes = WEIR_FRONT_CONNECTION_BYTES,
        .idle_s = WEIR_FRONT_IDLE_S,
        .on_request = on_request,
        .on_completed = on_completed,
        .ctx = f};

    if (f == NULL) {
        (void)weir_err_set(err, WEIR_E_NOMEM, "out of memory for the HTTP server");
        return NULL;
    }
    f->loop = loop;
    f->opts = *opts;
    LIST_INIT(&f->uploads);
    (void)snprintf(f->page_policy, sizeof f->page_policy, WEIR_ANSWER_POLICY " %s",
        opts->s3_origin != NULL ? opts->s3_origin : "");
    f->httpd = weir_httpd_new(loop, &httpd, err);
    if (f->httpd == NULL) {
        weir_front_free(f);
        return NULL;
    }
    return f;
}

unsigned weir_front_port(const struct weir_front *front)
{
    return weir_httpd_port(front->httpd);
}

void weir_front_free(struct weir_front *front)
{
    if (front != NULL) {
        weir_httpd_free(front->httpd);
        free(front);
    }
}
