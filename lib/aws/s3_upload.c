#include "aws/s3_upload.h"

#include "aws/s3_head.h"
#include "core/clock.h"
#include "stream/stage.h"

#include <stdio.h>
#include <string.h>

int weir_s3_upload_init(struct weir_s3_upload *up, struct weir_err *err)
{
    return weir_s3_whole_init(&up->whole, up->cfg->checksum, err);
}

void weir_s3_upload_fini(struct weir_s3_upload *up)
{
    weir_s3_call_stop(&up->call);
    weir_s3_call_stop(&up->check);
    weir_s3_undo_fini(&up->undo);
    weir_s3_whole_fini(&up->whole);
}

/*
 * Requests
 */

static int start(struct weir_s3_upload *up, struct weir_s3_call *call, enum weir_s3_op op,
    struct weir_s3_request *request, struct weir_err *err)
{
    request->bucket = up->bucket;
    request->key = up->key;
    if (request->stall_ms == 0) {
        request->stall_ms = WEIR_HTTP_STALL_MS;
    }
    if (weir_s3_call_start(call, up->loop, up->cfg, request, err) != 0) {
        weir_err_prefix(err, "s3: %s", up->name);
        return -1;
    }
    up->op = op;
    return 0;
}

/* The checksum of a body, or of the object; one that is not wanted is "". */
static size_t checksum_header(
    const struct weir_s3_upload *up, const char *value, struct weir_sigv4_pair *to)
{
    if (value[0] == '\0') {
        return 0;
    }
    *to = (struct weir_sigv4_pair){weir_checksum_header(up->cfg->checksum), value};
    return 1;
}

static size_t object_headers(const struct weir_s3_upload *up, struct weir_sigv4_pair *headers)
{
    const struct weir_s3_headers *settings = &up->cfg->object;
    size_t n = 0;

    if (up->content_type != NULL) {
        headers[n++] = (struct weir_sigv4_pair){"Content-Type", up->content_type};
    }
    for (size_t i = 0; i < settings->n; i++) {
        if (up->content_type == NULL || strcmp(settings->pairs[i].name, "Content-Type") != 0) {
            headers[n++] = settings->pairs[i];
        }
    }
    return n;
}

int weir_s3_upload_put(
    struct weir_s3_upload *up, const struct weir_s3_slot *slot, struct weir_err *err)
{
    struct weir_sigv4_pair headers[WEIR_S3_HEADERS_MAX];
    size_t n = object_headers(up, headers);

    n += checksum_header(up, slot->sum, headers + n);
    weir_s3_whole_alone(&up->whole, &slot->part.data, slot->sum);
    return start(up, &up->call, WEIR_S3_OP_PUT,
        &(struct weir_s3_request){.method = "PUT",
            .headers = headers,
            .headers_n = n,
            .body = slot->part.data.p,
            .body_len = slot->part.data.len,
            .body_hash = slot->sha},
        err);
}

int weir_s3_upload_create(struct weir_s3_upload *up, struct weir_err *err)
{
    const struct weir_sigv4_pair query[] = {{"uploads", ""}};
    struct weir_sigv4_pair headers[WEIR_S3_HEADERS_MAX];
    size_t n = object_headers(up, headers);

    if (up->cfg->checksum != WEIR_CHECKSUM_NONE) {
        headers[n++] = (struct weir_sigv4_pair){
            "x-amz-checksum-algorithm", weir_checksum_name(up->cfg->checksum)};
        headers[n++] = (struct weir_sigv4_pair){"x-amz-checksum-type", "FULL_OBJECT"};
    }
    if (weir_s3_whole_begin(&up->whole, up->list_bytes, err) != 0) {
        return -1;
    }
    up->created_mono_ms = weir_clock_mono_ms();
    return start(up, &up->call, WEIR_S3_OP_CREATE,
        &(struct weir_s3_request){.method = "POST",
            .query = query,
            .query_n = 1,
            .headers = headers,
            .headers_n = n,
            .result = "InitiateMultipartUploadResult",
            .fresh = true, /* twice is two uploads, and one of them is nobody's */
            .once = true},
        err);
}

int weir_s3_upload_part(struct weir_s3_upload *up, struct weir_s3_slot *slot, struct weir_err *err)
{
    char number[16];
    const struct weir_sigv4_pair query[] = {{"partNumber", number}, {"uploadId", up->id}};
    struct weir_sigv4_pair headers[1];

    snprintf(number, sizeof number, "%d", slot->number);
    return start(up, &slot->call, up->op,
        &(struct weir_s3_request){.method = "PUT",
            .query = query,
            .query_n = 2,
            .headers = headers,
            .headers_n = checksum_header(up, slot->sum, headers),
            .body = slot->part.data.p,
            .body_len = slot->part.data.len,
            .body_hash = slot->sha},
        err);
}

int weir_s3_upload_complete(struct weir_s3_upload *up, struct weir_err *err)
{
    const struct weir_sigv4_pair query[] = {{"uploadId", up->id}};
    struct weir_sigv4_pair headers[2];

    if (weir_s3_whole_end(&up->whole, err) != 0) {
        return -1;
    }
    size_t n = checksum_header(up, up->whole.sum_text, headers);
    if (n > 0) {
        headers[n++] = (struct weir_sigv4_pair){"x-amz-checksum-type", "FULL_OBJECT"};
    }
    return start(up, &up->call, WEIR_S3_OP_COMPLETE,
        &(struct weir_s3_request){.method = "POST",
            .query = query,
            .query_n = 1,
            .headers = headers,
            .headers_n = n,
            .body = up->whole.list.p,
            .body_len = up->whole.list.len,
            .stall_ms = WEIR_S3_COMPLETE_STALL_MS,
            .result = "CompleteMultipartUploadResult",
            .fresh = true}, /* a second answer may be that there is no such upload: we must know */
        err);
}

static int start_head(struct weir_s3_upload *up, struct weir_err *err)
{
    const struct weir_object object = {.bucket = up->bucket, .key = up->key};

    if (weir_s3_head_start(&up->check, up->loop, up->cfg, &object, err) != 0) {
        weir_err_prefix(err, "s3: %s", up->name);
        return -1;
    }
    up->op = WEIR_S3_OP_HEAD;
    return 0;
}

/* How long to ask what came of a request whose answer was lost. */
static int64_t ask_until(const struct weir_s3_upload *up)
{
    int64_t ms = up->abort_ms < WEIR_S3_LOOKUP_MS ? up->abort_ms : WEIR_S3_LOOKUP_MS;
    int64_t until = weir_clock_mono_ms() + ms;

    return until < up->undo_by_mono_ms ? until : up->undo_by_mono_ms;
}

void weir_s3_upload_begin_undo(struct weir_s3_upload *up, bool lookup, int64_t until_mono_ms)
{
    weir_s3_undo_fini(&up->undo);
    weir_s3_undo_begin(&up->undo, &(struct weir_s3_undo_opts){.loop = up->loop,
                                      .cfg = up->cfg,
                                      .bucket = up->bucket,
                                      .key = up->key,
                                      .name = up->name,
                                      .wake = up->wake,
                                      .upload_id = lookup ? NULL : up->id,
                                      .twice = up->part_lost,
                                      .answered = lookup && up->call.status == 500,
                                      .complete_lost = up->complete_lost,
                                      .created_mono_ms = up->created_mono_ms,
                                      .skew_ms = up->created_skew_ms,
                                      .until_mono_ms = until_mono_ms});
}

/*
 * Answers
 */

/* What may stand in XML as it is. */
static bool is_etag(const char *etag)
{
    return etag != NULL && etag[0] != '\0' && strlen(etag) <= WEIR_S3_ETAG_MAX_BYTES &&
           strpbrk(etag, "<>&") == NULL;
}

int weir_s3_upload_part_done(
    struct weir_s3_upload *up, struct weir_s3_slot *slot, struct weir_err *err)
{
    char what[32];
    const char *etag = weir_s3_call_header(&slot->call, "ETag");

    up->part_lost = up->part_lost || slot->call.lost;
    snprintf(what, sizeof what, "UploadPart %d", slot->number);
    if (!weir_s3_call_ok(&slot->call)) {
        return weir_s3_call_failed(err, up->name, what, &slot->call);
    }
    if (!is_etag(etag)) {
        return weir_err_detail(
            err, WEIR_E_REMOTE, 200, "s3: %s: %s: an answer without a usable ETag", up->name, what);
    }
    const char *kind = weir_checksum_name(up->cfg->checksum);
    const char *echo =
        kind != NULL ? weir_s3_call_header(&slot->call, weir_checksum_header(up->cfg->checksum))
                     : NULL;
    if (echo != NULL && strcmp(echo, slot->sum) != 0) {
        return weir_err_detail(err, WEIR_E_REMOTE, 200,
            "s3: %s: %s: the server has other bytes: its %s is another", up->name, what, kind);
    }
    if (weir_s3_whole_add(&up->whole, slot->number, etag, echo != NULL ? slot->sum : NULL,
            &slot->part, err) != 0) {
        return -1;
    }
    weir_s3_call_stop(&slot->call);
    return weir_s3_part_reset(&slot->part, err);
}

/* The operation is over. */
static enum weir_step over(struct weir_s3_upload *up, enum weir_step step)
{
    up->op = WEIR_S3_OP_NONE;
    weir_s3_call_stop(&up->call);
    return step;
}

static enum weir_step fail(struct weir_s3_upload *up, const char *what, struct weir_err *err)
{
    if (up->failure.code == WEIR_OK) {
        weir_s3_call_failed(&up->failure, up->name, what, &up->call);
    }
    (void)weir_err_keep(err, &up->failure);
    return over(up, WEIR_FAIL);
}

static bool take_id(struct weir_s3_upload *up)
{
    bool found = weir_s3_call_ok(&up->call) &&
                 weir_s3_call_text(
                     &up->call, "InitiateMultipartUploadResult/UploadId", up->id, sizeof up->id);

    if (!found) {
        up->id[0] = '\0';
    }
    return up->id[0] != '\0';
}

static enum weir_step end_create(struct weir_s3_upload *up, struct weir_err *err)
{
    struct weir_err ignored = {0};

    up->created_skew_ms = up->call.skew_ms;
    if (take_id(up)) {
        return over(up, WEIR_END);
    }
    if (weir_s3_call_ok(&up->call)) {
        up->create_lost = true;
        weir_err_detail(err, WEIR_E_REMOTE, 200,
            "s3: %s: CreateMultipartUpload: an answer without an upload id", up->name);
        return over(up, WEIR_FAIL);
    }
    if (up->call.in_doubt && weir_s3_call_again(&up->call, NULL, NULL, &ignored)) {
        weir_s3_upload_begin_undo(up, true, ask_until(up));
        up->op = WEIR_S3_OP_LOOKUP;
        return WEIR_NEED_IN;
    }
    up->create_lost = up->call.in_doubt;
    return fail(up, "CreateMultipartUpload", err);
}

static enum weir_step end_lookup(struct weir_s3_upload *up, struct weir_err *err)
{
    struct weir_err why = {0};
    enum weir_step step = weir_s3_undo_step(&up->undo, &why);

    if (step == WEIR_WAIT) {
        return WEIR_WAIT;
    }
    /* Who may not list cannot look. The server's own "no" is good enough then; silence is not. */
    if (step == WEIR_FAIL && !(up->call.status >= 500 && why.detail == 403)) {
        up->create_lost = true;
        return fail(up, "CreateMultipartUpload", err);
    }
    weir_s3_undo_fini(&up->undo);
    up->call.in_doubt = false;
    up->op = WEIR_S3_OP_CREATE;
    return WEIR_NEED_IN;
}

static enum weir_step begin_head(struct weir_s3_upload *up, struct weir_err *err)
{
    struct weir_err ignored = {0};

    up->put_lost = up->whole.alone != NULL;
    up->complete_lost = up->gone = up->whole.alone == NULL;
    return start_head(up, &ignored) == 0 ? WEIR_NEED_IN : fail(up, NULL, err);
}

static enum weir_step end_complete(struct weir_s3_upload *up, struct weir_err *err)
{
    if (weir_s3_call_ok(&up->call)) {
        up->published = true;
        return over(up, WEIR_END);
    }
    weir_s3_call_failed(&up->failure, up->name, "CompleteMultipartUpload", &up->call);
    if (!up->call.in_doubt) {
        return fail(up, NULL, err);
    }
    if (up->call.status == 404 && strcmp(up->call.code, "NoSuchUpload") == 0) {
        return begin_head(up, err);
    }
    up->complete_lost = true;
    weir_s3_upload_begin_undo(up, false, ask_until(up));
    up->op = WEIR_S3_OP_RECALL;
    return WEIR_NEED_IN;
}

static enum weir_step end_recall(struct weir_s3_upload *up, struct weir_err *err)
{
    struct weir_err why = {0};
    enum weir_step step = weir_s3_undo_step(&up->undo, &why);

    if (step == WEIR_WAIT) {
        return WEIR_WAIT;
    }
    if (step == WEIR_FAIL && up->undo.gone) {
        return begin_head(up, err);
    }
    if (step == WEIR_END) { /* it was still open: it had not been completed, and will not be */
        up->complete_lost = false;
        up->id[0] = '\0';
    }
    return fail(up, NULL, err);
}

static enum weir_step end_put(struct weir_s3_upload *up, struct weir_err *err)
{
    if (weir_s3_call_ok(&up->call)) {
        up->published = true;
        return over(up, WEIR_END);
    }
    weir_s3_call_failed(&up->failure, up->name, "PutObject", &up->call);
    return up->call.in_doubt ? begin_head(up, err) : fail(up, NULL, err);
}

static enum weir_step end_head(struct weir_s3_upload *up, struct weir_err *err)
{
    enum weir_s3_whose found =
        weir_s3_call_ok(&up->check) ? weir_s3_whole_whose(&up->whole, &up->check) : WEIR_S3_UNKNOWN;

    if (found == WEIR_S3_OURS) {
        up->published = true;
        up->put_lost = up->complete_lost = false;
        return over(up, WEIR_END);
    }
    /* What the server has refused, and what is not there now, will not appear later. */
    if (up->whole.alone != NULL && !up->call.lost &&
        (found == WEIR_S3_ANOTHER || up->check.status == 404)) {
        up->put_lost = false;
    }
    return fail(up, NULL, err);
}

enum weir_step weir_s3_upload_step(struct weir_s3_upload *up, struct weir_err *err)
{
    enum weir_step step = WEIR_NEED_IN;

    while (step == WEIR_NEED_IN) {
        switch (up->op) {
        case WEIR_S3_OP_NONE:
            return WEIR_END;
        case WEIR_S3_OP_PUT:
            step = weir_s3_call_step(&up->call) ? end_put(up, err) : WEIR_WAIT;
            break;
        case WEIR_S3_OP_CREATE:
            step = weir_s3_call_step(&up->call) ? end_create(up, err) : WEIR_WAIT;
            break;
        case WEIR_S3_OP_COMPLETE:
            step = weir_s3_call_step(&up->call) ? end_complete(up, err) : WEIR_WAIT;
            break;
        case WEIR_S3_OP_LOOKUP:
            step = end_lookup(up, err);
            break;
        case WEIR_S3_OP_RECALL:
            step = end_recall(up, err);
            break;
        case WEIR_S3_OP_HEAD:
            step = weir_s3_call_step(&up->check) ? end_head(up, err) : WEIR_WAIT;
            break;
        }
    }
    return step;
}

/*
 * The end of one that failed
 */

void weir_s3_upload_leave(struct weir_s3_upload *up)
{
    bool ok = weir_s3_call_ok(&up->call);
    bool doubt = !ok && (up->call.in_doubt || weir_s3_call_is_sent(&up->call));

    switch (up->op) {
    case WEIR_S3_OP_PUT:
        up->published = ok;
        up->put_lost = doubt;
        break;
    case WEIR_S3_OP_CREATE:
        up->created_skew_ms = up->call.skew_ms;
        up->create_lost = !take_id(up) && (ok || doubt);
        break;
    case WEIR_S3_OP_COMPLETE:
        up->published = ok;
        up->complete_lost = doubt;
        break;
    case WEIR_S3_OP_LOOKUP:
        up->create_lost = true;
        break;
    case WEIR_S3_OP_NONE:
    case WEIR_S3_OP_RECALL: /* the doubts are noted */
    case WEIR_S3_OP_HEAD:
        break;
    }
    up->op = WEIR_S3_OP_NONE;
    weir_s3_call_stop(&up->call);
    weir_s3_call_stop(&up->check);
}
