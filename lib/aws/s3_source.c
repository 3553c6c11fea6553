#include "aws/s3_source.h"

#include "aws/s3_call.h"
#include "core/clock.h"
#include "core/limits.h"
#include "net/http_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct source {
    struct weir_http_source *body;
    struct weir_source_info *info;
    bool if_match, head_seen, refused;
    struct weir_buf answer; /* what says why it was refused */
    char name[WEIR_S3_NAME_BYTES];
};

static enum weir_step fail(const struct source *s, struct weir_err *err)
{
    weir_err_prefix(err, "s3: %s", s->name);
    return WEIR_FAIL;
}

/* The status and the length, once they are there: WEIR_NEED_OUT when the body may be read. */
static enum weir_step look_at_head(struct source *s, struct weir_err *err)
{
    enum weir_step step = weir_http_source_head(s->body, err);

    if (step != WEIR_NEED_OUT) {
        return step == WEIR_FAIL ? fail(s, err) : step;
    }
    struct weir_http *http = weir_http_source_http(s->body);
    s->head_seen = true;
    if (weir_http_status(http) != 200) { /* 206 neither: no range was asked for */
        s->refused = true;
        s->info->replaced = s->if_match && weir_http_status(http) == 412;
        return WEIR_NEED_OUT;
    }
    if (weir_http_length(http) < 0 && weir_http_header(http, "Transfer-Encoding") == NULL) {
        weir_err_detail(err, WEIR_E_REMOTE, 200,
            "s3: %s: an answer without Content-Length: "
            "that it is whole could not be known",
            s->name);
        return WEIR_FAIL;
    }
    s->info->size_bytes = weir_http_length(http);
    return WEIR_NEED_OUT;
}

/* The answer says why; an answer that breaks off, or is endless, changes nothing of the status. */
static enum weir_step refuse(struct source *s, struct weir_err *err)
{
    struct weir_err ignored = {0};
    struct weir_http *http = weir_http_source_http(s->body);

    if (weir_http_source_collect(s->body, &s->answer, &ignored) == WEIR_WAIT) {
        return WEIR_WAIT;
    }
    weir_s3_refused(err, s->name, NULL, weir_http_status(http), http, &s->answer);
    return WEIR_FAIL;
}

static enum weir_step source_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct source *s = self;
    size_t before = out->pos;

    (void)in;
    if (!s->head_seen) {
        enum weir_step head = look_at_head(s, err);
        if (head != WEIR_NEED_OUT) {
            return head;
        }
    }
    if (s->refused) {
        return refuse(s, err);
    }
    enum weir_step step = weir_http_source_step(s->body, out, err);
    s->info->read_bytes += out->pos - before;
    if (step == WEIR_FAIL) {
        return fail(s, err);
    }
    if (step == WEIR_END && s->info->size_bytes >= 0 &&
        s->info->read_bytes != (uint64_t)s->info->size_bytes) {
        weir_err_set(err, WEIR_E_NET, "s3: %s: %llu bytes of %lld", s->name,
            (unsigned long long)s->info->read_bytes, (long long)s->info->size_bytes);
        return WEIR_FAIL;
    }
    return step;
}

static void source_free(void *self)
{
    struct source *s = self;

    if (s != NULL) {
        weir_http_source_free(s->body);
        weir_buf_fini(&s->answer);
        free(s);
    }
}

static struct weir_http_source *start(struct weir_loop *loop, const struct weir_s3_config *cfg,
    const struct weir_object *object, struct weir_err *err)
{
    char etag[WEIR_S3_ETAG_MAX_BYTES + 3];
    struct weir_sigv4_pair query[1], headers[1];
    struct weir_s3_request request = {.method = "GET",
        .bucket = object->bucket,
        .key = object->key,
        .query = query,
        .headers = headers,
        .stall_ms = WEIR_HTTP_STALL_MS};
    struct weir_s3_wire wire;

    if (object->version_id != NULL) {
        size_t len = strlen(object->version_id);
        if (len > WEIR_S3_VERSION_ID_MAX_BYTES) {
            weir_err_set(err, WEIR_E_CONFIG, "s3: a version id of %zu bytes", len);
            return NULL;
        }
        query[request.query_n++] = (struct weir_sigv4_pair){"versionId", object->version_id};
    }
    if (object->etag != NULL) { /* an event has it without its quotes */
        const char *quote =
            object->etag[0] == '"' || strncmp(object->etag, "W/", 2) == 0 ? "" : "\"";
        int n = snprintf(etag, sizeof etag, "%s%s%s", quote, object->etag, quote);
        if (n < 0 || (size_t)n >= sizeof etag) {
            weir_err_set(err, WEIR_E_CONFIG, "s3: an ETag of %zu bytes", strlen(object->etag));
            return NULL;
        }
        headers[request.headers_n++] = (struct weir_sigv4_pair){"If-Match", etag};
    }
    if (weir_s3_wire_init(&wire, cfg, &request, weir_clock_unix_ms() / 1000, err) != 0) {
        return NULL;
    }
    struct weir_http_source *body = weir_http_source_new(loop, &wire.http, err);
    weir_s3_wire_fini(&wire);
    return body;
}

int weir_s3_source_new(struct weir_loop *loop, const struct weir_s3_config *cfg,
    const struct weir_object *object, struct weir_source_info *info, struct weir_stage *ret,
    struct weir_err *err)
{
    static const struct weir_stage_ops ops = {
        .name = "s3 get", .step = source_step, .free = source_free};

    if (weir_s3_bucket_check(object->bucket, err) != 0 ||
        weir_s3_key_check(object->key, err) != 0) {
        return -1;
    }
    struct source *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "s3: out of memory");
    }
    s->info = info;
    s->if_match = object->etag != NULL;
    *info = (struct weir_source_info){.size_bytes = -1};
    weir_buf_init(&s->answer, WEIR_S3_XML_MAX_BYTES);
    weir_s3_name(s->name, object->bucket, object->key);
    s->body = start(loop, cfg, object, err);
    if (s->body == NULL) {
        source_free(s);
        return -1;
    }
    *ret = (struct weir_stage){.ops = &ops, .self = s};
    return 0;
}
