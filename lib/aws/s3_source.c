#include "aws/s3_source.h"

#include "aws/checksum.h"
#include "aws/s3_call.h"
#include "core/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * One GetObject, and when its body breaks off, the rest of it by a Range, which If-Match ties to
 * the object that was begun. What was handed on is counted; nothing is handed on twice.
 */
struct source {
    struct weir_source_info *info;
    struct weir_object object; /* its texts are ours */
    char name[WEIR_S3_NAME_BYTES];
    char match[WEIR_S3_ETAG_MAX_BYTES + 3]; /* If-Match: as asked for, then as answered; "": none */
    bool if_match;                          /* it was asked for */
    struct weir_s3_call call;
    bool verify;              /* ask for a checksum */
    struct weir_checksum sum; /* of what was handed on; none when there is none to compare with */
    char expected[WEIR_CHECKSUM_BASE64_BYTES];
    bool open;           /* the body under way is being handed on */
    uint64_t resumed_at; /* where this body began */
};

static int tell(const struct source *s, struct weir_err *err)
{
    weir_err_prefix(err, "s3: %s", s->name);
    return -1;
}

static int refuse(const struct source *s, struct weir_err *err, const char *why)
{
    return weir_err_detail(err, WEIR_E_REMOTE, (int)s->call.status, "s3: %s: %s", s->name, why);
}

/* GetObject, all of it or from where we are. */
static int ask(struct source *s, struct weir_loop *loop, const struct weir_s3_config *cfg,
    const struct weir_err *why, struct weir_err *err)
{
    char range[40];
    uint64_t at = s->info->read_bytes;
    struct weir_sigv4_pair query[1], headers[3];
    struct weir_s3_request request = {.method = "GET",
        .bucket = s->object.bucket,
        .key = s->object.key,
        .query = query,
        .headers = headers,
        .stall_ms = WEIR_HTTP_STALL_MS,
        .stream = true};

    if (s->object.version_id != NULL) {
        query[request.query_n++] = (struct weir_sigv4_pair){"versionId", s->object.version_id};
    }
    if (s->match[0] != '\0') {
        headers[request.headers_n++] = (struct weir_sigv4_pair){"If-Match", s->match};
    }
    if (s->verify) {
        headers[request.headers_n++] = (struct weir_sigv4_pair){"x-amz-checksum-mode", "ENABLED"};
    }
    if (at > 0) {
        snprintf(range, sizeof range, "bytes=%" PRIu64 "-", at);
        headers[request.headers_n++] = (struct weir_sigv4_pair){"Range", range};
    }
    if (why == NULL) {
        return weir_s3_call_start(&s->call, loop, cfg, &request, err);
    }
    if (at - s->resumed_at >= WEIR_S3_PROGRESS_BYTES) {
        weir_s3_call_moved(&s->call);
    }
    s->resumed_at = at;
    return weir_s3_call_again(&s->call, &request, why, err) ? 0 : -1;
}

/* The body broke off: go on behind what was handed on. */
static int resume(struct source *s, const struct weir_err *why, struct weir_err *err)
{
    struct weir_err none = {0};

    s->open = false;
    if (s->info->read_bytes > 0 && (s->match[0] == '\0' || s->match[0] == 'W')) {
        *err = *why; /* what is there now could be another object */
        return tell(s, err);
    }
    if (ask(s, NULL, NULL, why, &none) == 0) {
        return 0;
    }
    if (none.code != WEIR_OK) {
        *err = none;
        return tell(s, err);
    }
    return weir_s3_call_failed(err, s->name, NULL, &s->call);
}

/* "bytes 10-99/100" or "bytes *" with "/100" (RFC 9110, 14.4). False when it is neither, or has no
 * total.
 */
static bool parse_range(const char *s, uint64_t *from, uint64_t *last, uint64_t *total)
{
    int end = -1;

    *from = *last = 0;
    if (s == NULL) {
        return false;
    }
    if (sscanf(s, "bytes */%19" SCNu64 "%n", total, &end) == 1 && end > 0 && s[end] == '\0') {
        return true;
    }
    end = -1;
    return sscanf(s, "bytes %19" SCNu64 "-%19" SCNu64 "/%19" SCNu64 "%n", from, last, total,
               &end) == 3 &&
           end > 0 && s[end] == '\0';
}

/* Is the rest what was asked for? */
static int check_rest(struct source *s, struct weir_err *err)
{
    uint64_t from, last, total, at = s->info->read_bytes;
    int64_t size = s->info->size_bytes, length = weir_http_length(s->call.http);

    if (s->call.status == 200) {
        return refuse(
            s, err, "the server does not go on where the body broke off: 200 for a range");
    }
    if (!parse_range(weir_s3_call_header(&s->call, "Content-Range"), &from, &last, &total) ||
        from != at || last + 1 != total || (size >= 0 && total != (uint64_t)size) ||
        (length >= 0 && (uint64_t)length != total - at)) {
        return refuse(s, err, "a Content-Range that is not what was asked for");
    }
    s->info->size_bytes = (int64_t)total;
    return 0;
}

/* The checksum that the server has of the whole object. One that is composed of the parts'
 * ("...-3") is none of its bytes. */
static int begin_checksum(struct source *s, struct weir_err *err)
{
    const char *type = weir_s3_call_header(&s->call, "x-amz-checksum-type");

    weir_checksum_fini(&s->sum);
    if (!s->verify || (type != NULL && strcmp(type, "COMPOSITE") == 0)) {
        return 0;
    }
    for (int kind = WEIR_CHECKSUM_NONE + 1; kind < WEIR_CHECKSUM_KINDS; kind++) {
        const char *value =
            weir_s3_call_header(&s->call, weir_checksum_header((enum weir_checksum_kind)kind));
        if (value != NULL && strchr(value, '-') == NULL && strlen(value) < sizeof s->expected) {
            snprintf(s->expected, sizeof s->expected, "%s", value);
            return weir_checksum_init(&s->sum, (enum weir_checksum_kind)kind, err);
        }
    }
    return 0;
}

/* All bytes are there: are they the object's? */
static enum weir_step finish(struct source *s, struct weir_err *err)
{
    char sum[WEIR_CHECKSUM_BASE64_BYTES];

    weir_s3_call_moved(&s->call);
    if (s->sum.kind == WEIR_CHECKSUM_NONE) {
        return WEIR_END;
    }
    if (weir_checksum_end(&s->sum, sum, err) != 0) {
        return WEIR_FAIL;
    }
    if (strcmp(sum, s->expected) != 0) {
        weir_err_set(err, WEIR_E_NET,
            "s3: %s: what came is not the object: its %s is another than the server's", s->name,
            weir_checksum_name(s->sum.kind));
        return WEIR_FAIL;
    }
    return WEIR_END;
}

static int check_first(struct source *s, struct weir_err *err)
{
    struct weir_http *http = s->call.http;
    const char *etag = weir_s3_call_header(&s->call, "ETag");

    if (s->call.status != 200) { /* 206: no range was asked for */
        return weir_s3_call_failed(err, s->name, NULL, &s->call);
    }
    if (weir_http_length(http) < 0 && weir_s3_call_header(&s->call, "Transfer-Encoding") == NULL) {
        return refuse(
            s, err, "an answer without Content-Length: that it is whole could not be known");
    }
    s->info->size_bytes = weir_http_length(http);
    if (etag != NULL && strlen(etag) < sizeof s->match) {
        snprintf(s->match, sizeof s->match, "%s", etag);
    }
    return begin_checksum(s, err);
}

/* The call is done: is there a body to read? WEIR_NEED_OUT, WEIR_END when nothing is left of it. */
static enum weir_step look_at_answer(struct source *s, struct weir_err *err)
{
    uint64_t from, last, total;
    bool begun = s->info->read_bytes > 0;
    const struct weir_s3_call *call = &s->call;

    if (weir_s3_call_ok(call)) {
        s->open = (begun ? check_rest(s, err) : check_first(s, err)) == 0;
        return s->open ? WEIR_NEED_OUT : WEIR_FAIL;
    }
    /* It broke off exactly at its end, which only the server knew. */
    if (begun && call->status == 416 &&
        parse_range(weir_s3_call_header(call, "Content-Range"), &from, &last, &total) &&
        total == s->info->read_bytes &&
        (s->info->size_bytes < 0 || total == (uint64_t)s->info->size_bytes)) {
        return finish(s, err);
    }
    s->info->replaced = s->if_match && call->status == 412;
    if (begun && call->status == 412) {
        (void)refuse(s, err, "the object changed while it was read: 412 PreconditionFailed");
    } else {
        (void)weir_s3_call_failed(err, s->name, NULL, call);
    }
    return WEIR_FAIL;
}

/* The body under way: WEIR_NEED_IN when it broke off and is asked for again. */
static enum weir_step hand_on(struct source *s, struct weir_out *out, struct weir_err *err)
{
    struct weir_err why = {0};
    size_t before = out->pos;
    enum weir_step step = weir_http_source_step(s->call.source, out, &why);
    int64_t size = s->info->size_bytes;

    s->info->read_bytes += out->pos - before;
    if (weir_checksum_add(&s->sum, out->p + before, out->pos - before, err) != 0) {
        return WEIR_FAIL;
    }
    bool whole = size >= 0 && s->info->read_bytes == (uint64_t)size;
    if (step == WEIR_END ? whole || size < 0 : step == WEIR_FAIL && whole) {
        return finish(s, err);
    }
    if (step == WEIR_END) {
        weir_err_set(&why, WEIR_E_NET, "%" PRIu64 " bytes of %" PRId64, s->info->read_bytes, size);
        step = WEIR_FAIL;
    }
    if (step != WEIR_FAIL) {
        return step;
    }
    return resume(s, &why, err) == 0 ? WEIR_NEED_IN : WEIR_FAIL;
}

static enum weir_step source_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct source *s = self;

    (void)in;
    for (;;) {
        if (!s->open) {
            if (!weir_s3_call_step(&s->call)) {
                return WEIR_WAIT;
            }
            enum weir_step head = look_at_answer(s, err);
            if (head != WEIR_NEED_OUT) {
                return head;
            }
        }
        enum weir_step step = hand_on(s, out, err);
        if (step != WEIR_NEED_IN) {
            return step;
        }
    }
}

static void source_free(void *self)
{
    struct source *s = self;

    if (s != NULL) {
        weir_s3_call_stop(&s->call);
        weir_checksum_fini(&s->sum);
        free((char *)s->object.bucket);
        free((char *)s->object.key);
        free((char *)s->object.version_id);
        free(s);
    }
}

static int take_object(struct source *s, const struct weir_object *object, struct weir_err *err)
{
    if (object->version_id != NULL && strlen(object->version_id) > WEIR_S3_VERSION_ID_MAX_BYTES) {
        return weir_err_set(
            err, WEIR_E_CONFIG, "s3: a version id of %zu bytes", strlen(object->version_id));
    }
    if (object->etag != NULL) { /* an event has it without its quotes */
        const char *quote =
            object->etag[0] == '"' || strncmp(object->etag, "W/", 2) == 0 ? "" : "\"";
        int n = snprintf(s->match, sizeof s->match, "%s%s%s", quote, object->etag, quote);
        if (n < 0 || (size_t)n >= sizeof s->match) {
            return weir_err_set(
                err, WEIR_E_CONFIG, "s3: an ETag of %zu bytes", strlen(object->etag));
        }
        s->if_match = true;
    }
    s->object.bucket = strdup(object->bucket);
    s->object.key = strdup(object->key);
    s->object.version_id = object->version_id != NULL ? strdup(object->version_id) : NULL;
    if (s->object.bucket == NULL || s->object.key == NULL ||
        (object->version_id != NULL && s->object.version_id == NULL)) {
        return weir_err_set(err, WEIR_E_NOMEM, "s3: out of memory");
    }
    return 0;
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
    s->verify = cfg->verify;
    *info = (struct weir_source_info){.size_bytes = -1};
    weir_s3_name(s->name, object->bucket, object->key);
    if (take_object(s, object, err) != 0 || ask(s, loop, cfg, NULL, err) != 0) {
        source_free(s);
        return -1;
    }
    *ret = (struct weir_stage){.ops = &ops, .self = s};
    return 0;
}
