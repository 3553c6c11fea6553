#include "aws/s3_sink.h"

#include "aws/s3_call.h"
#include "aws/s3_part.h"
#include "aws/s3_undo.h"
#include "aws/xml.h"
#include "core/clock.h"
#include "core/limits.h"
#include "net/wake.h"

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
    char *bucket, *key, *content_type;
    char name[WEIR_S3_NAME_BYTES];
    int64_t abort_ms, abort_by_mono_ms;

    struct weir_s3_part fill, out;
    bool out_full;
    char sha[WEIR_S3_SHA_HEX_BYTES], crc[WEIR_S3_CRC_BASE64_BYTES]; /* of out */
    int part;                                                       /* number of out; 0: none yet */

    enum op op;
    struct weir_s3_call call;
    size_t body_len;         /* of the call's request */
    int64_t created_mono_ms; /* CREATE was sent */
    char upload_id[WEIR_S3_UPLOAD_ID_MAX_BYTES + 1];
    struct weir_buf parts; /* the body of COMPLETE */
    bool published;

    /* Only for the abort */
    enum phase phase;
    bool create_lost;   /* there may be an upload whose id is not known */
    bool part_lost;     /* a part was sent, and may land later */
    bool complete_lost; /* the upload may have been completed */
    bool put_lost;      /* the object may have been stored */
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
    s->body_len = request->body_len;
    return 0;
}

static size_t object_headers(const struct sink *s, struct weir_sigv4_pair *headers)
{
    size_t n = 0;

    if (s->content_type != NULL) {
        headers[n++] = (struct weir_sigv4_pair){"Content-Type", s->content_type};
    }
    return n;
}

static int start_put(struct sink *s, struct weir_err *err)
{
    struct weir_sigv4_pair headers[2];
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
    struct weir_sigv4_pair headers[2];
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

/* Has all of the request under way left us? Then the server may do what it says, whether we wait
 * for the answer or not; a request that was not sent whole does nothing. */
static bool is_sent(const struct sink *s)
{
    int64_t sent = weir_http_sent(s->call.http);

    return sent >= 0 && (uint64_t)sent >= s->body_len;
}

/* The request ended, or is left, without an answer that tells what came of it. */
static void note_lost(struct sink *s)
{
    bool lost = s->call.status == 0 && is_sent(s), server = s->call.status >= 500;

    s->put_lost = s->op == OP_PUT && lost;
    s->create_lost = s->op == OP_CREATE && (lost || server);
    s->part_lost = s->part_lost || (s->op == OP_PART && s->call.status == 0);
    s->complete_lost = s->op == OP_COMPLETE && (lost || server);
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
    return weir_s3_call_failed(err, s->name, "CreateMultipartUpload", call);
}

/* What may stand in XML as it is. */
static bool is_etag(const char *etag)
{
    return etag != NULL && etag[0] != '\0' && strlen(etag) <= WEIR_S3_ETAG_MAX_BYTES &&
           strpbrk(etag, "<>&") == NULL;
}

static int end_part(struct sink *s, struct weir_err *err)
{
    char what[32];
    struct weir_s3_call *call = &s->call;

    snprintf(what, sizeof what, "UploadPart %d", s->part);
    if (call->status != 200) {
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

static int end_complete(struct sink *s, struct weir_err *err)
{
    const struct weir_s3_call *call = &s->call;
    const char *answer = (const char *)call->answer.p;

    if (call->status == 200) {
        if (weir_xml_root(answer, call->answer.len, "CompleteMultipartUploadResult")) {
            s->published = true;
            return 0;
        }
        /* S3 may say 200 first and then, behind some white space, that it failed. */
        s->complete_lost = !weir_xml_root(answer, call->answer.len, "Error");
    }
    return weir_s3_call_failed(err, s->name, "CompleteMultipartUpload", call);
}

static int end_request(struct sink *s, struct weir_err *err)
{
    int rc = -1;

    note_lost(s);
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
        rc = end_complete(s, err);
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

/* What is under way is stopped, or waited for. */
static void begin_abort(struct sink *s)
{
    int64_t now = weir_clock_mono_ms(), budget_ms = s->abort_ms;

    if (s->abort_by_mono_ms - now < budget_ms) {
        budget_ms = s->abort_by_mono_ms > now ? s->abort_by_mono_ms - now : 0;
    }
    s->abort_until_mono_ms = now + budget_ms;
    /* An answer that does not come has to leave time to take back what can be. */
    s->settle_until_mono_ms = now + (s->op == OP_PUT ? budget_ms : budget_ms / 2);
    s->phase = SETTLING;
}

/* Is nothing under way any more? A request that was sent whole, and that does more than an abort
 * undoes, is waited for, since only its answer tells what came of it. */
static bool is_settled(struct sink *s)
{
    struct weir_err ignored = {0};
    int64_t left_ms = s->settle_until_mono_ms - weir_clock_mono_ms();

    if (s->op == OP_NONE) {
        return true;
    }
    if (s->call.done) {
        (void)end_request(s, &ignored);
        return true;
    }
    if (s->op != OP_PART && is_sent(s) && left_ms > 0) {
        weir_wake_in(s->wake, left_ms);
        return false;
    }
    note_lost(s);
    weir_s3_call_stop(&s->call);
    s->op = OP_NONE;
    return true;
}

/* Take back the upload, if there is or may be one: WEIR_WAIT, or what the abort answers at once. */
static enum weir_step begin_undo(struct sink *s, struct weir_err *err)
{
    if (s->published) {
        weir_err_set(err, WEIR_E_REMOTE,
            "s3: %s: was published all the same: its completion was under way", s->name);
        return WEIR_FAIL;
    }
    if (s->put_lost) {
        weir_err_set(err, WEIR_E_REMOTE,
            "s3: %s: may have been published: the answer to its PutObject was lost", s->name);
        return WEIR_FAIL;
    }
    if (s->upload_id[0] == '\0' && !s->create_lost) {
        return WEIR_END;
    }
    weir_s3_undo_begin(&s->undo, &(struct weir_s3_undo_job){.loop = s->loop,
                                     .cfg = s->cfg,
                                     .bucket = s->bucket,
                                     .key = s->key,
                                     .name = s->name,
                                     .wake = s->wake,
                                     .upload_id = s->create_lost ? NULL : s->upload_id,
                                     .twice = s->part_lost,
                                     .complete_lost = s->complete_lost,
                                     .created_mono_ms = s->created_mono_ms,
                                     .until_mono_ms = s->abort_until_mono_ms});
    return WEIR_WAIT;
}

static enum weir_step sink_abort(void *self, struct weir_err *err)
{
    struct sink *s = self;
    enum weir_step step = WEIR_END;

    if (s->phase == LIVE) {
        begin_abort(s);
    }
    if (s->phase == SETTLING) {
        if (!is_settled(s)) {
            return WEIR_WAIT;
        }
        step = begin_undo(s, err);
        s->phase = step == WEIR_WAIT ? UNDOING : OVER;
    }
    if (s->phase == UNDOING) {
        step = weir_s3_undo_step(&s->undo, err);
        s->phase = step == WEIR_WAIT ? UNDOING : OVER;
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
    static const struct weir_stage_ops ops = {
        .name = "s3 put", .step = sink_step, .abort = sink_abort, .free = sink_free};
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
        !copy(&s->content_type, opts->content_type)) {
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
