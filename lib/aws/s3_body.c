#include "aws/s3_body.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool weir_s3_read_ties(const struct weir_s3_read *read)
{
    return read->match[0] != '\0' && read->match[0] != 'W';
}

static enum weir_step refuse(const struct weir_s3_body *body, struct weir_err *err, const char *why)
{
    weir_err_detail(
        err, WEIR_E_REMOTE, (int)body->call.status, "s3: %s: %s", body->read->name, why);
    return WEIR_FAIL;
}

static enum weir_step failed(const struct weir_s3_body *body, struct weir_err *err)
{
    (void)weir_s3_call_failed(err, body->read->name, NULL, &body->call);
    return WEIR_FAIL;
}

/* Is a part of the object asked for? */
static bool is_range(const struct weir_s3_body *body)
{
    return body->at > 0 || body->end != UINT64_MAX;
}

/*
 * The request
 */

/* GetObject, all of it or from where we are; again, if why is not NULL. 0, or -1: when *err is not
 * set, there is no attempt left. */
static int ask(struct weir_s3_body *body, const struct weir_err *why, struct weir_err *err)
{
    const struct weir_s3_read *read = body->read;
    char range[64];
    struct weir_sigv4_pair query[1], headers[3];
    struct weir_s3_request request = {.method = "GET",
        .bucket = read->object.bucket,
        .key = read->object.key,
        .query = query,
        .headers = headers,
        .stall_ms = WEIR_HTTP_STALL_MS,
        .stream = true};

    if (read->object.version_id != NULL) {
        query[request.query_n++] = (struct weir_sigv4_pair){"versionId", read->object.version_id};
    }
    if (read->match[0] != '\0') {
        headers[request.headers_n++] = (struct weir_sigv4_pair){"If-Match", read->match};
    }
    if (read->cfg->verify) {
        headers[request.headers_n++] = (struct weir_sigv4_pair){"x-amz-checksum-mode", "ENABLED"};
    }
    if (is_range(body)) {
        int n = snprintf(range, sizeof range, "bytes=%" PRIu64 "-", body->at);
        if (body->end != UINT64_MAX) {
            snprintf(range + n, sizeof range - (size_t)n, "%" PRIu64, body->end - 1);
        }
        headers[request.headers_n++] = (struct weir_sigv4_pair){"Range", range};
    }
    if (why == NULL) {
        return weir_s3_call_start(&body->call, read->loop, read->cfg, &request, err);
    }
    if (body->at - body->resumed_at >= WEIR_S3_PROGRESS_BYTES) {
        weir_s3_call_moved(&body->call);
    }
    body->resumed_at = body->at;
    return weir_s3_call_again(&body->call, &request, why, err) ? 0 : -1;
}

int weir_s3_body_start(struct weir_s3_body *body, struct weir_s3_read *read, uint64_t from,
    uint64_t end, struct weir_err *err)
{
    *body = (struct weir_s3_body){.read = read, .at = from, .end = end, .resumed_at = from};
    return ask(body, NULL, err);
}

void weir_s3_body_stop(struct weir_s3_body *body)
{
    weir_s3_call_stop(&body->call);
    body->open = false;
}

/* It broke off: go on behind what was handed on. */
static enum weir_step resume(
    struct weir_s3_body *body, const struct weir_err *why, struct weir_err *err)
{
    struct weir_err none = {0};

    body->open = false;
    if (body->at > 0 && !weir_s3_read_ties(body->read)) {
        (void)weir_err_keep(err, why); /* what is there now could be another object */
    } else if (ask(body, why, &none) == 0) {
        return WEIR_NEED_IN;
    } else if (none.code != WEIR_OK) {
        (void)weir_err_keep(err, &none);
    } else {
        return failed(body, err);
    }
    weir_err_prefix(err, "s3: %s", body->read->name);
    return WEIR_FAIL;
}

/*
 * The answer
 */

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

/* Is it the range that was asked for, and of the object that the others are of? Not every server
 * heeds If-Match. */
static enum weir_step check_range(struct weir_s3_body *body, struct weir_err *err)
{
    uint64_t from, last, total;
    int64_t *size = &body->read->info->size_bytes, length = weir_http_length(body->call.http);
    const char *etag = weir_s3_call_header(&body->call, "ETag");

    if (body->call.status == 200) {
        return refuse(body, err, "200 for a range: the server does not read on from a place");
    }
    if (!parse_range(weir_s3_call_header(&body->call, "Content-Range"), &from, &last, &total) ||
        from != body->at || last + 1 != (body->end != UINT64_MAX ? body->end : total) ||
        last >= total || (*size >= 0 && total != (uint64_t)*size) ||
        (length >= 0 && (uint64_t)length != last + 1 - from)) {
        return refuse(body, err, "a Content-Range that is not what was asked for");
    }
    if (etag != NULL && strcmp(etag, body->read->match) != 0) {
        return refuse(body, err, "the object changed while it was read: another ETag");
    }
    *size = (int64_t)total;
    return WEIR_NEED_OUT;
}

/* As events have it: "abc" of HTTP is abc. */
static void tell_etag(const struct weir_s3_read *read)
{
    const char *open = strchr(read->match, '"');
    const char *p = open != NULL ? open + 1 : read->match;

    snprintf(read->info->etag, sizeof read->info->etag, "%.*s", (int)strcspn(p, "\""), p);
}

/* All of the object: what it says of itself is what the rest is compared with. */
static enum weir_step check_whole(struct weir_s3_body *body, struct weir_err *err)
{
    struct weir_s3_read *read = body->read;
    const char *etag = weir_s3_call_header(&body->call, "ETag");
    int64_t length = weir_http_length(body->call.http);

    if (body->call.status != 200) { /* 206: no range was asked for */
        return failed(body, err);
    }
    if (length < 0 && weir_s3_call_header(&body->call, "Transfer-Encoding") == NULL) {
        return refuse(
            body, err, "an answer without Content-Length: that it is whole could not be known");
    }
    read->info->size_bytes = length;
    if (etag != NULL && strlen(etag) < sizeof read->match) {
        snprintf(read->match, sizeof read->match, "%s", etag);
    }
    tell_etag(read);
    body->whole = true;
    return WEIR_NEED_OUT;
}

/* The answer is no body. */
static enum weir_step refused(struct weir_s3_body *body, struct weir_err *err)
{
    struct weir_source_info *info = body->read->info;
    const struct weir_s3_call *call = &body->call;
    uint64_t from, last, total;

    /* It broke off exactly at the object's end, which only the server knew. */
    if (body->at > 0 && call->status == 416 &&
        parse_range(weir_s3_call_header(call, "Content-Range"), &from, &last, &total) &&
        total == body->at && (info->size_bytes < 0 || total == (uint64_t)info->size_bytes)) {
        return WEIR_END;
    }
    info->replaced = body->read->if_match && call->status == 412;
    if (is_range(body) && call->status == 412) {
        return refuse(body, err, "the object changed while it was read: 412 PreconditionFailed");
    }
    return failed(body, err);
}

enum weir_step weir_s3_body_head(struct weir_s3_body *body, struct weir_err *err)
{
    if (body->open) {
        return WEIR_NEED_OUT;
    }
    if (!weir_s3_call_step(&body->call)) {
        return WEIR_WAIT;
    }
    if (!weir_s3_call_ok(&body->call)) {
        return refused(body, err);
    }
    enum weir_step step = is_range(body) ? check_range(body, err) : check_whole(body, err);
    body->open = step == WEIR_NEED_OUT;
    return step;
}

enum weir_step weir_s3_body_step(
    struct weir_s3_body *body, struct weir_out *out, struct weir_err *err)
{
    struct weir_err why = {0};
    int64_t size = body->read->info->size_bytes;
    struct weir_out part = {.p = out->p + out->pos, .size = out->size - out->pos};

    if (part.size > body->end - body->at) {
        part.size = (size_t)(body->end - body->at);
    }
    enum weir_step step = weir_http_source_step(body->call.source, &part, &why);
    out->pos += part.pos;
    body->at += part.pos;
    if (body->at == body->end || (size >= 0 ? body->at == (uint64_t)size : step == WEIR_END)) {
        weir_s3_call_moved(&body->call);
        return WEIR_END;
    }
    if (step == WEIR_END) {
        weir_err_set(&why, WEIR_E_NET, "%" PRIu64 " bytes of %" PRId64, body->at, size);
        step = WEIR_FAIL;
    }
    return step == WEIR_FAIL ? resume(body, &why, err) : step;
}
