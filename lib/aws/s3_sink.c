#include "aws/s3_sink.h"

#include "aws/s3_call.h"
#include "aws/s3_part.h"
#include "aws/s3_undo.h"
#include "aws/wake.h"
#include "aws/xml.h"
#include "core/clock.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * One request at a time is under way (call, op). `fill` takes what comes in; when it is full and
 * more follows, it is swapped with `out`, which waits to be sent, or is being sent. So the first
 * full part that is not the last decides for a multipart upload.
 *
 *     nothing --last--> PUT --> published
 *     nothing --out--> CREATE --> PART ... PART --last--> COMPLETE --> published
 *
 * While a request is under way the step answers WEIR_WAIT even when all input is taken: a pipe does
 * not step a sink that wants input as long as there is none, and the answer is to be seen at once.
 */
enum op { OP_NONE, OP_PUT, OP_CREATE, OP_PART, OP_COMPLETE };
enum phase { LIVE, SETTLING, UNDOING, OVER };

struct sink {
    struct weir_loop *loop;
    const struct weir_s3_config *cfg;
    char *bucket, *key, *content_type, *content_encoding;
    char name[WEIR_S3_NAME_BYTES];
    int64_t abort_ms, abort_by_mono_ms;

    struct weir_s3_part fill, out;
    bool out_full;
    char sha[WEIR_S3_SHA_HEX_BYTES], crc[WEIR_S3_CRC_BASE64_BYTES]; /* of out */
    int part;                                                       /* number of out; 0: none yet */

    enum op op;
    struct weir_s3_call call;
    int64_t created_mono_ms; /* CREATE was sent */
    char upload_id[WEIR_S3_UPLOAD_ID_MAX_BYTES + 1];
    struct weir_buf parts; /* the body of COMPLETE */
    bool published;

    /* Only for the abort */
    enum phase phase;
    bool create_lost; /* there may be an upload whose id is not known */
    bool part_lost;   /* a part was sent, and may land later */
    int64_t settle_until_mono_ms, abort_until_mono_ms;
    struct weir_wake *wake;
    struct weir_s3_undo undo;
};

/*
 * Requests
 */

static int start(struct sink *s, enum op op, struct weir_s3_request *request, struct weir_err *err)
{
    request->bucket = s->bucket;
    request->key = s->key;
    if (request->stall_ms == 0) {
        request->stall_ms = WEIR_HTTP_STALL_MS;
    }
    if (weir_s3_call_start(&s->call, s->loop, s->cfg, request, weir_clock_unix_ms() / 1000, err) !=
        0) {
        weir_s3_call_stop(&s->call);
        weir_err_prefix(err, "s3: %s", s->name);
        return -1;
    }
    s->op = op;
    return 0;
}

static size_t object_headers(const struct sink *s, struct weir_sigv4_pair *headers)
{
    size_t n = 0;

    if (s->content_type != NULL) {
        headers[n++] = (struct weir_sigv4_pair){"Content-Type", s->content_type};
    }
    if (s->content_encoding != NULL) {
        headers[n++] = (struct weir_sigv4_pair){"Content-Encoding", s->content_encoding};
    }
    return n;
}

static int start_put(struct sink *s, struct weir_err *err)
{
    struct weir_sigv4_pair headers[3];
    size_t n = object_headers(s, headers);

    if (s->crc[0] != '\0') {
        headers[n++] = (struct weir_sigv4_pair){"x-amz-checksum-crc32", s->crc};
    }
    return start(s, OP_PUT,
        &(struct weir_s3_request){.method = "PUT",
            .headers = headers,
            .headers_n = n,
            .body = s->out.data.p,
            .body_len = s->out.data.len,
            .body_hash = s->sha},
        err);
}

static int start_create(struct sink *s, struct weir_err *err)
{
    const struct weir_sigv4_pair query[] = {{"uploads", ""}};
    struct weir_sigv4_pair headers[3];
    size_t n = object_headers(s, headers);

    if (s->out.crc_wanted) {
        headers[n++] = (struct weir_sigv4_pair){"x-amz-checksum-algorithm", "CRC32"};
    }
    s->created_mono_ms = weir_clock_mono_ms();
    return start(s, OP_CREATE,
        &(struct weir_s3_request){.method = "POST",
            .query = query,
            .query_n = 1,
            .headers = headers,
            .headers_n = n,
            .fresh = true}, /* twice is two uploads, and one of them is nobody's */
        err);
}

static int start_part(struct sink *s, struct weir_err *err)
{
    char number[16];
    const struct weir_sigv4_pair query[] = {{"partNumber", number}, {"uploadId", s->upload_id}};
    const struct weir_sigv4_pair headers[] = {{"x-amz-checksum-crc32", s->crc}};

    snprintf(number, sizeof number, "%d", s->part);
    return start(s, OP_PART,
        &(struct weir_s3_request){.method = "PUT",
            .query = query,
            .query_n = 2,
            .headers = headers,
            .headers_n = s->crc[0] != '\0' ? 1 : 0,
            .body = s->out.data.p,
            .body_len = s->out.data.len,
            .body_hash = s->sha},
        err);
}

static int start_complete(struct sink *s, struct weir_err *err)
{
    const struct weir_sigv4_pair query[] = {{"uploadId", s->upload_id}};

    if (weir_buf_adds(&s->parts, "</CompleteMultipartUpload>", err) != 0) {
        return -1;
    }
    return start(s, OP_COMPLETE,
        &(struct weir_s3_request){.method = "POST",
            .query = query,
            .query_n = 1,
            .body = s->parts.p,
            .body_len = s->parts.len,
            .stall_ms = WEIR_S3_COMPLETE_STALL_MS,
            .fresh = true}, /* the second answer would be that there is no such upload */
        err);
}

/*
 * Answers
 */

/* Was the request never sent? A connection that was kept from before may have carried it once, and
 * libcurl then tried a new one, in vain; that is one moment of a server's death, and lists are not
 * asked for it when it would mean a minute's wait at every address that is wrong. */
static bool never_sent(const struct weir_err *err)
{
    return err->code != WEIR_E_NET || err->detail == CURLE_COULDNT_RESOLVE_HOST ||
           err->detail == CURLE_COULDNT_CONNECT || err->detail == CURLE_SSL_CONNECT_ERROR ||
           err->detail == CURLE_PEER_FAILED_VERIFICATION;
}

static int end_create(struct sink *s, struct weir_err *err)
{
    const struct weir_s3_call *call = &s->call;

    if (call->status == 200 &&
        weir_s3_call_text(
            call, "InitiateMultipartUploadResult/UploadId", s->upload_id, sizeof s->upload_id) &&
        s->upload_id[0] != '\0') {
        return 0;
    }
    s->upload_id[0] = '\0';
    if (call->status == 200) {
        s->create_lost = true;
        return weir_err_detail(err, WEIR_E_REMOTE, 200,
            "s3: %s: CreateMultipartUpload: an answer without an upload id", s->name);
    }
    s->create_lost = call->status >= 500 || (call->status == 0 && !never_sent(&call->err));
    return weir_s3_call_failed(err, s->name, "CreateMultipartUpload", call);
}

/* What may stand in XML as it is. */
static bool is_etag(const char *etag)
{
    return etag != NULL && etag[0] != '\0' && strlen(etag) < 200 && strpbrk(etag, "<>&") == NULL;
}

static int end_part(struct sink *s, struct weir_err *err)
{
    char what[32];
    struct weir_s3_call *call = &s->call;

    snprintf(what, sizeof what, "UploadPart %d", s->part);
    if (call->status != 200) {
        s->part_lost = call->status == 0;
        return weir_s3_call_failed(err, s->name, what, call);
    }
    const char *etag = weir_http_header(call->http, "ETag");
    if (!is_etag(etag)) {
        return weir_err_detail(
            err, WEIR_E_REMOTE, 200, "s3: %s: %s: an answer without a usable ETag", s->name, what);
    }
    if (weir_buf_addf(&s->parts, err, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag>", s->part,
            etag) != 0 ||
        (s->crc[0] != '\0' &&
            weir_buf_addf(&s->parts, err, "<ChecksumCRC32>%s</ChecksumCRC32>", s->crc) != 0) ||
        weir_buf_adds(&s->parts, "</Part>", err) != 0) {
        return -1;
    }
    s->out_full = false;
    return weir_s3_part_reset(&s->out, err);
}

/* S3 may say 200 first and then, behind some white space, that it failed. */
static bool is_complete(const struct weir_s3_call *call)
{
    return call->status == 200 && weir_xml_root((const char *)call->answer.p, call->answer.len,
                                      "CompleteMultipartUploadResult");
}

static int end_request(struct sink *s, struct weir_err *err)
{
    int rc = -1;

    switch (s->op) {
    case OP_PUT:
        s->published = s->call.status == 200;
        rc = s->published ? 0 : weir_s3_call_failed(err, s->name, "PutObject", &s->call);
        break;
    case OP_CREATE:
        rc = end_create(s, err);
        break;
    case OP_PART:
        rc = end_part(s, err);
        break;
    case OP_COMPLETE:
        s->published = is_complete(&s->call);
        rc = s->published ? 0
                          : weir_s3_call_failed(err, s->name, "CompleteMultipartUpload", &s->call);
        break;
    case OP_NONE:
        break;
    }
    weir_s3_call_stop(&s->call);
    s->op = OP_NONE;
    return rc;
}

/*
 * The step
 */

/* `fill` is to be sent: it becomes `out`, which is empty. */
static int hand_off(struct sink *s, struct weir_err *err)
{
    struct weir_s3_part full = s->fill;

    s->fill = s->out;
    s->out = full;
    s->out_full = true;
    s->part++;
    return weir_s3_part_seal(&s->out, s->sha, s->crc, err);
}

static int take(struct sink *s, struct weir_in *in, struct weir_err *err)
{
    while (in->pos < in->size) {
        size_t room = weir_s3_part_room(&s->fill), n = in->size - in->pos;
        if (room == 0) {
            if (s->out_full) {
                return 0;
            }
            if (s->part + 1 == WEIR_S3_PARTS_MAX) { /* the last that S3 allows, and more follows */
                return weir_err_set(err, WEIR_E_LIMIT,
                    "s3: %s: more than %d parts of %zu bytes: larger parts need to know the size",
                    s->name, WEIR_S3_PARTS_MAX, s->fill.data.max);
            }
            if (hand_off(s, err) != 0) {
                return -1;
            }
            continue;
        }
        n = n < room ? n : room;
        if (weir_s3_part_add(&s->fill, in->p + in->pos, n, err) != 0) {
            return -1;
        }
        in->pos += n;
    }
    return 0;
}

/* Send what is due. 1: a request was started, 0: nothing is due, -1: *err is set. */
static int start_next(struct sink *s, bool ended, struct weir_err *err)
{
    int rc;

    if (!s->out_full && !ended) {
        return 0;
    }
    if (!s->out_full && s->part > 0 && s->fill.data.len == 0) {
        rc = start_complete(s, err);
    } else {
        if (!s->out_full && hand_off(s, err) != 0) {
            return -1;
        }
        rc = s->upload_id[0] != '\0'                          ? start_part(s, err)
             : s->part == 1 && ended && s->fill.data.len == 0 ? start_put(s, err)
                                                              : start_create(s, err);
    }
    return rc == 0 ? 1 : -1;
}

static enum weir_step sink_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct sink *s = self;

    (void)out;
    for (;;) {
        if (s->call.done && end_request(s, err) != 0) {
            return WEIR_FAIL;
        }
        if (s->published) {
            return WEIR_END;
        }
        if (take(s, in, err) != 0) {
            return WEIR_FAIL;
        }
        if (s->op != OP_NONE) {
            return WEIR_WAIT;
        }
        int started = start_next(s, in->last && in->pos == in->size, err);
        if (started <= 0) {
            return started == 0 ? WEIR_NEED_IN : WEIR_FAIL;
        }
    }
}

/*
 * The abort
 */

/* Take back the upload, if there is or may be one. */
static void begin_undo(struct sink *s)
{
    int64_t left_ms = s->abort_until_mono_ms - weir_clock_mono_ms();

    s->phase = OVER;
    if (s->upload_id[0] != '\0' || s->create_lost) {
        s->undo = (struct weir_s3_undo){.loop = s->loop,
            .cfg = s->cfg,
            .bucket = s->bucket,
            .key = s->key,
            .name = s->name,
            .wake = s->wake};
        weir_s3_undo_begin(&s->undo, s->create_lost ? NULL : s->upload_id, s->part_lost ? 2 : 1,
            s->created_mono_ms, left_ms);
        s->phase = UNDOING;
    }
}

/* What is under way is stopped, or waited for. */
static void begin_abort(struct sink *s)
{
    int64_t now = weir_clock_mono_ms(), budget_ms = s->abort_ms;

    if (s->abort_by_mono_ms - now < budget_ms) {
        budget_ms = s->abort_by_mono_ms > now ? s->abort_by_mono_ms - now : 0;
    }
    s->abort_until_mono_ms = now + budget_ms;
    if (s->op == OP_CREATE || s->op == OP_COMPLETE || (s->op == OP_PUT && s->call.done)) {
        /* A create that does not answer has to leave time to look for what it made. */
        s->settle_until_mono_ms = now + (s->op == OP_CREATE ? budget_ms / 2 : budget_ms);
        s->phase = SETTLING;
        return;
    }
    s->part_lost = s->part_lost || s->op == OP_PART;
    weir_s3_call_stop(&s->call);
    s->op = OP_NONE;
    begin_undo(s);
}

static enum weir_step settle(struct sink *s, struct weir_err *err)
{
    struct weir_err ignored = {0};
    int64_t left_ms = s->settle_until_mono_ms - weir_clock_mono_ms();

    if (s->call.done) {
        (void)end_request(s, &ignored);
    } else if (left_ms > 0) {
        weir_wake_in(s->wake, left_ms);
        return WEIR_WAIT;
    } else {
        s->create_lost = s->op == OP_CREATE;
        weir_s3_call_stop(&s->call);
        s->op = OP_NONE;
    }
    if (s->published) {
        s->phase = OVER;
        weir_err_set(err, WEIR_E_REMOTE,
            "s3: %s: was published all the same: its completion was under way", s->name);
        return WEIR_FAIL;
    }
    begin_undo(s);
    return WEIR_NEED_IN;
}

static enum weir_step sink_abort(void *self, struct weir_err *err)
{
    struct sink *s = self;
    enum weir_step step = WEIR_END;

    if (s->phase == LIVE) {
        begin_abort(s);
    }
    if (s->phase == SETTLING) {
        step = settle(s, err);
        if (step != WEIR_NEED_IN) {
            return step;
        }
        step = WEIR_END;
    }
    if (s->phase == UNDOING) {
        step = weir_s3_undo_step(&s->undo, err);
        if (step != WEIR_WAIT) {
            s->phase = OVER;
        }
    }
    return step;
}

static void sink_free(void *self)
{
    struct sink *s = self;

    if (s == NULL) {
        return;
    }
    weir_s3_call_stop(&s->call);
    weir_s3_undo_fini(&s->undo);
    weir_wake_free(s->wake);
    weir_s3_part_fini(&s->fill);
    weir_s3_part_fini(&s->out);
    weir_buf_fini(&s->parts);
    free(s->bucket);
    free(s->key);
    free(s->content_type);
    free(s->content_encoding);
    free(s);
}

static bool copy(char **to, const char *s)
{
    *to = s != NULL ? strdup(s) : NULL;
    return s == NULL || *to != NULL;
}

int weir_s3_sink_new(struct weir_loop *loop, const struct weir_s3_config *cfg, const char *bucket,
    const char *key, const struct weir_put_opts *opts, struct weir_stage *ret, struct weir_err *err)
{
    static const struct weir_stage_ops ops = {"s3 put", sink_step, sink_abort, sink_free};
    static const struct weir_put_opts none;
    bool sha = !cfg->tls, crc = cfg->tls && cfg->checksums;
    struct sink *s = NULL;

    opts = opts != NULL ? opts : &none;
    if (weir_s3_bucket_check(bucket, err) != 0 || weir_s3_key_check(key, err) != 0) {
        return -1;
    }
    size_t part_bytes =
        opts->part_bytes != 0 ? opts->part_bytes : weir_s3_part_plan(opts->size_hint_bytes);
    if (part_bytes == 0) {
        return weir_err_set(err, WEIR_E_LIMIT, "s3: %lld bytes are more than an object can have",
            (long long)opts->size_hint_bytes);
    }
    s = calloc(1, sizeof *s);
    if (s == NULL || !copy(&s->bucket, bucket) || !copy(&s->key, key) ||
        !copy(&s->content_type, opts->content_type) ||
        !copy(&s->content_encoding, opts->content_encoding)) {
        weir_err_set(err, WEIR_E_NOMEM, "s3: out of memory");
        goto fail;
    }
    s->loop = loop;
    s->cfg = cfg;
    s->abort_ms = opts->abort_ms > 0 ? opts->abort_ms : WEIR_S3_ABORT_MS;
    s->abort_by_mono_ms = opts->abort_by_mono_ms > 0 ? opts->abort_by_mono_ms : INT64_MAX;
    weir_s3_name(s->name, bucket, key);
    weir_buf_init(&s->parts, WEIR_S3_PARTS_MAX * WEIR_S3_PART_XML_MAX_BYTES);
    if (weir_s3_part_init(&s->fill, part_bytes, sha, crc, err) != 0 ||
        weir_s3_part_init(&s->out, part_bytes, sha, crc, err) != 0 ||
        weir_buf_adds(&s->parts,
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">",
            err) != 0 ||
        (s->wake = weir_wake_new(loop, err)) == NULL) {
        goto fail;
    }
    *ret = (struct weir_stage){.ops = &ops, .self = s};
    return 0;
fail:
    sink_free(s);
    return -1;
}
