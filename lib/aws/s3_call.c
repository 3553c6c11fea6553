#include "aws/s3_call.h"

#include "aws/s3_client.h"
#include "aws/xml.h"
#include "core/clock.h"
#include "core/limits.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 *     NONE --start--> SENT --judged: fine, fatal, or no attempt left--> DONE
 *                      ^ `--judged: worth another attempt--> PAUSED
 *                      `--------------the pause is over------------'
 *
 * DONE goes back to PAUSED only by weir_s3_call_again.
 */

/*
 * The request's own copy
 */

static size_t pairs_bytes(const struct weir_sigv4_pair *pairs, size_t n)
{
    size_t bytes = 0;

    for (size_t i = 0; i < n; i++) {
        bytes += strlen(pairs[i].value) + 1;
    }
    return bytes;
}

static const char *put_text(char **at, const char *s)
{
    if (s == NULL) {
        return NULL;
    }
    size_t n = strlen(s) + 1;
    char *to = memcpy(*at, s, n);
    *at += n;
    return to;
}

static void put_pairs(
    char **at, struct weir_sigv4_pair *to, const struct weir_sigv4_pair *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        to[i] = (struct weir_sigv4_pair){from[i].name, put_text(at, from[i].value)};
    }
}

static int keep_request(
    struct weir_s3_call *call, const struct weir_s3_request *request, struct weir_err *err)
{
    if (request->headers_n > WEIR_S3_HEADERS_MAX || request->query_n > WEIR_S3_QUERY_MAX) {
        return weir_err_set(err, WEIR_E_BUG, "s3: %zu headers, %zu parameters", request->headers_n,
            request->query_n);
    }
    char *texts =
        malloc(strlen(request->bucket) + 1 + (request->key != NULL ? strlen(request->key) + 1 : 0) +
               (request->body_hash != NULL ? strlen(request->body_hash) + 1 : 0) +
               pairs_bytes(request->query, request->query_n) +
               pairs_bytes(request->headers, request->headers_n));
    if (texts == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "out of memory for a request");
    }
    char *at = texts, *before = call->texts;
    struct weir_s3_request own = *request;
    own.bucket = put_text(&at, request->bucket);
    own.key = put_text(&at, request->key);
    own.body_hash = put_text(&at, request->body_hash);
    put_pairs(&at, call->query, request->query, request->query_n);
    put_pairs(&at, call->headers, request->headers, request->headers_n);
    own.query = call->query;
    own.headers = call->headers;
    call->request = own;
    call->texts = texts;
    free(before);
    return 0;
}

static const struct weir_s3_patience *patience(const struct weir_s3_call *call)
{
    return call->request.patience != NULL ? call->request.patience : &call->cfg->client->patience;
}

/*
 * An attempt
 */

static void end_attempt(struct weir_s3_call *call)
{
    if (call->source != NULL) {
        weir_http_source_free(call->source); /* http is its own */
    } else {
        weir_http_free(call->http);
    }
    call->source = NULL;
    call->http = NULL;
}

static size_t on_body(void *ctx, const uint8_t *p, size_t n)
{
    struct weir_s3_call *call = ctx;

    if (weir_buf_add(&call->answer, p, n, &call->err) != 0) {
        weir_err_prefix(&call->err, "an answer");
        call->status = 0;
        call->over = true; /* the paused request goes with end_attempt */
        return 0;
    }
    return n;
}

static void on_done(void *ctx, long status, const struct weir_err *err)
{
    struct weir_s3_call *call = ctx;

    if (!call->over) {
        call->status = status;
        call->err = *err;
        call->over = true;
    }
}

/* Sign it by the server's clock, and send it. */
static int send_attempt(struct weir_s3_call *call, struct weir_err *err)
{
    const char *region = weir_s3_client_region(call->cfg->client, call->request.bucket);
    const int64_t until_mono_ms = patience(call)->until_mono_ms;
    struct weir_s3_wire wire;

    end_attempt(call);
    call->answer.len = 0;
    call->status = 0;
    call->err = (struct weir_err){0};
    call->code[0] = '\0';
    call->over = false;
    call->skew_ms = call->cfg->client->skew_ms;
    snprintf(call->region, sizeof call->region, "%s", region != NULL ? region : call->cfg->region);
    if (weir_s3_client_renew(call->cfg->client, weir_clock_unix_ms(), until_mono_ms, false, err) !=
        0) {
        return -1;
    }
    call->looks = call->cfg->client->looks;
    int64_t now_s = (weir_clock_unix_ms() + call->cfg->client->skew_ms) / 1000;
    int64_t left_ms = until_mono_ms - weir_clock_mono_ms();
    if (weir_s3_wire_init(&wire, call->cfg, &call->request, now_s, err) != 0) {
        return -1;
    }
    if (wire.http.timeout_ms > 0 && left_ms < wire.http.timeout_ms) {
        wire.http.timeout_ms = left_ms > 0 ? (long)left_ms : 1;
    }
    if (call->request.stream) {
        call->source = weir_http_source_new(call->loop, &wire.http, err);
        call->http = call->source != NULL ? weir_http_source_http(call->source) : NULL;
    } else {
        wire.http.on_body = on_body;
        wire.http.on_done = on_done;
        wire.http.ctx = call;
        call->http = weir_http_start(call->loop, &wire.http, err);
    }
    weir_s3_wire_fini(&wire);
    if (call->http == NULL) {
        return -1;
    }
    call->state = WEIR_S3_CALL_SENT;
    call->sent++;
    return 0;
}

int weir_s3_call_start(struct weir_s3_call *call, struct weir_loop *loop,
    const struct weir_s3_config *cfg, const struct weir_s3_request *request, struct weir_err *err)
{
    *call = (struct weir_s3_call){.loop = loop, .cfg = cfg};
    weir_buf_init(&call->answer, WEIR_S3_XML_MAX_BYTES);
    if (keep_request(call, request, err) != 0 || send_attempt(call, err) != 0) {
        weir_s3_call_stop(call);
        return -1;
    }
    return 0;
}

void weir_s3_call_stop(struct weir_s3_call *call)
{
    end_attempt(call);
    weir_wake_free(call->wake);
    weir_buf_fini(&call->answer);
    free(call->texts);
    *call = (struct weir_s3_call){0};
}

bool weir_s3_call_is_sent(const struct weir_s3_call *call)
{
    if (call->http == NULL || call->state != WEIR_S3_CALL_SENT) {
        return false;
    }
    int64_t sent = weir_http_sent(call->http);
    return sent >= 0 && (uint64_t)sent >= call->request.body_len;
}

/* An answer that is pulled: is its head there, or, when it is a refusal, all of it? */
static bool look_at_stream(struct weir_s3_call *call)
{
    struct weir_err ignored = {0};
    enum weir_step step = weir_http_source_head(call->source, &call->err);

    if (step != WEIR_NEED_OUT) {
        return step == WEIR_FAIL;
    }
    long status = weir_http_status(call->http);
    if (status != 200 && status != 206 &&
        weir_http_source_collect(call->source, &call->answer, &ignored) == WEIR_WAIT) {
        return false;
    }
    call->status = status; /* a refusal that breaks off, or is endless, is one all the same */
    return true;
}

/*
 * The judgement
 */

/* What a server says goes into a message only as a word, so that it stays one line and no payload
 * can get there. */
static bool is_word(const char *s)
{
    static const char set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

    return s[0] != '\0' && s[strspn(s, set)] == '\0';
}

static bool is_root(const struct weir_s3_call *call, const char *name)
{
    const char *answer = call->answer.p != NULL ? (const char *)call->answer.p : "";

    return weir_xml_root(answer, call->answer.len, name);
}

/* How far the server's clock is ahead, by an answer's Date. */
static bool skew_of(const struct weir_s3_call *call, int64_t *skew_ms)
{
    int64_t date_ms = weir_s3_call_date_ms(call);

    *skew_ms = date_ms - weir_clock_unix_ms();
    return date_ms >= 0;
}

/* An answer to HEAD has no body that could say what is wrong; its headers hint at it. */
static enum weir_s3_fault hinted(const struct weir_s3_call *call)
{
    int64_t skew_ms = 0;

    if (call->code[0] == '\0' && call->status == 403 && skew_of(call, &skew_ms) &&
        llabs(skew_ms - call->skew_ms) > WEIR_S3_SKEW_MIN_MS) {
        return WEIR_S3_SKEWED;
    }
    if (call->code[0] == '\0' && call->status == 400 &&
        weir_s3_call_header(call, "x-amz-bucket-region") != NULL) {
        return WEIR_S3_REGION;
    }
    return WEIR_S3_FATAL;
}

static void classify(struct weir_s3_call *call)
{
    if (!weir_s3_call_text(call, "Error/Code", call->code, sizeof call->code) ||
        !is_word(call->code)) {
        call->code[0] = '\0';
    }
    call->fault = weir_s3_classify(call->status, call->code, &call->err);
    bool unclear = call->status == 0 ? weir_s3_call_is_sent(call)
                                     : call->status >= 500 && call->fault != WEIR_S3_THROTTLED;
    if (call->fault == WEIR_S3_FINE && call->request.result != NULL &&
        !is_root(call, call->request.result)) {
        unclear = !is_root(call, "Error");
        call->fault = unclear ? WEIR_S3_TRANSIENT : WEIR_S3_FATAL;
    } else if (call->fault == WEIR_S3_FATAL) {
        call->fault = hinted(call);
    }
    call->in_doubt = call->in_doubt || unclear;
    call->lost = call->lost || call->status == 0;
}

static bool learn_skew(struct weir_s3_call *call)
{
    int64_t skew_ms = 0;

    if (!skew_of(call, &skew_ms) || llabs(skew_ms - call->skew_ms) < WEIR_S3_SKEW_MIN_MS) {
        return false; /* that is not what is wrong */
    }
    call->cfg->client->skew_ms = skew_ms;
    return true;
}

/* Where S3 says that the bucket lies; "" when it does not. */
static void region_of(const struct weir_s3_call *call, char region[WEIR_S3_REGION_MAX_BYTES + 1])
{
    const char *header = weir_s3_call_header(call, "x-amz-bucket-region");

    region[0] = '\0';
    if (header != NULL && strlen(header) <= WEIR_S3_REGION_MAX_BYTES) {
        snprintf(region, WEIR_S3_REGION_MAX_BYTES + 1, "%s", header);
    } else if (!weir_s3_call_text(call, "Error/Region", region, WEIR_S3_REGION_MAX_BYTES + 1)) {
        region[0] = '\0';
    }
    if (!weir_s3_is_region(region)) {
        region[0] = '\0';
    }
}

static bool learn_region(struct weir_s3_call *call)
{
    const char *bucket = call->request.bucket;
    char region[WEIR_S3_REGION_MAX_BYTES + 1];

    region_of(call, region);
    return region[0] != '\0' && strcmp(region, call->region) != 0 &&
           weir_s3_client_learn_region(call->cfg->client, bucket, region, NULL) == 0;
}

/* The server's x-amz-retry-after, in milliseconds; -1: none. */
static int64_t retry_after(const struct weir_s3_call *call)
{
    const char *s = call->http != NULL ? weir_s3_call_header(call, "x-amz-retry-after") : NULL;
    size_t digits = s != NULL ? strspn(s, "0123456789") : 0;

    return digits > 0 && digits < 10 && s[digits] == '\0' ? strtol(s, NULL, 10) : -1;
}

/* Another attempt, if it may help and is allowed: true when there is one. */
static bool plan_again(struct weir_s3_call *call)
{
    struct weir_s3_client *client = call->cfg->client;
    int64_t now = weir_clock_mono_ms();

    if ((call->fault == WEIR_S3_SKEWED && !learn_skew(call)) ||
        (call->fault == WEIR_S3_REGION && !learn_region(call))) {
        return false;
    }
    if (call->fault == WEIR_S3_EXPIRED && !call->retry.credentials_read &&
        call->looks == client->looks) {
        /* Nobody has looked since. The server may also be wrong: it is asked once more anyway. */
        (void)weir_s3_client_renew(
            client, weir_clock_unix_ms(), patience(call)->until_mono_ms, true, NULL);
    }
    int64_t pause_ms = weir_s3_retry_pause(
        &call->retry, &client->quota, patience(call), call->fault, retry_after(call), now);
    if (pause_ms < 0) {
        return false;
    }
    if (call->wake == NULL && (call->wake = weir_wake_new(call->loop, NULL)) == NULL) {
        return false;
    }
    client->retries++;
    call->pause_until_mono_ms = now + pause_ms;
    call->state = WEIR_S3_CALL_PAUSED;
    return true;
}

static void judge(struct weir_s3_call *call)
{
    classify(call);
    if (call->fault == WEIR_S3_FINE) {
        if (!call->request.stream) { /* of a stream it is the body that counts */
            weir_s3_retry_success(&call->retry, &call->cfg->client->quota);
        }
    } else if (!(call->request.once && call->in_doubt) && plan_again(call)) {
        return;
    }
    call->state = WEIR_S3_CALL_DONE;
}

bool weir_s3_call_step(struct weir_s3_call *call)
{
    for (;;) {
        int64_t left_ms;
        switch (call->state) {
        case WEIR_S3_CALL_NONE:
            return false;
        case WEIR_S3_CALL_SENT:
            if (call->source != NULL ? !look_at_stream(call) : !call->over) {
                return false;
            }
            judge(call);
            break;
        case WEIR_S3_CALL_PAUSED:
            left_ms = call->pause_until_mono_ms - weir_clock_mono_ms();
            if (left_ms > 0) {
                weir_wake_in(call->wake, left_ms);
                return false;
            }
            if (send_attempt(call, &call->err) != 0) {
                call->fault = WEIR_S3_FATAL;
                call->state = WEIR_S3_CALL_DONE;
            }
            break;
        case WEIR_S3_CALL_DONE:
            return true;
        }
    }
}

bool weir_s3_call_ok(const struct weir_s3_call *call)
{
    return call->state == WEIR_S3_CALL_DONE && call->fault == WEIR_S3_FINE;
}

void weir_s3_call_moved(struct weir_s3_call *call)
{
    weir_s3_retry_success(&call->retry, &call->cfg->client->quota);
}

bool weir_s3_call_again(struct weir_s3_call *call, const struct weir_s3_request *request,
    const struct weir_err *why, struct weir_err *err)
{
    assert(call->state == WEIR_S3_CALL_DONE);
    if (why != NULL) {
        call->status = 0;
        call->err = *why;
        call->fault = weir_s3_classify(0, NULL, why);
    }
    return (request == NULL || keep_request(call, request, err) == 0) && plan_again(call);
}

void weir_s3_call_last(struct weir_s3_call *call)
{
    static const struct weir_s3_patience none = {.attempts = 1, .until_mono_ms = INT64_MIN};

    call->request.patience = &none;
    call->request.timeout_ms = 0;
    if (call->state == WEIR_S3_CALL_PAUSED) {
        call->state = WEIR_S3_CALL_DONE;
    }
}

const char *weir_s3_call_header(const struct weir_s3_call *call, const char *name)
{
    return call->http != NULL ? weir_http_header(call->http, name) : NULL;
}

int64_t weir_s3_call_date_ms(const struct weir_s3_call *call)
{
    const char *date = weir_s3_call_header(call, "Date");
    struct tm tm = {0};

    if (date == NULL || strptime(date, "%a, %d %b %Y %H:%M:%S GMT", &tm) == NULL) {
        return -1;
    }
    return (int64_t)timegm(&tm) * 1000;
}

bool weir_s3_call_text(const struct weir_s3_call *call, const char *path, char *to, size_t size)
{
    const struct weir_buf *answer = &call->answer;

    return weir_xml_find(
        answer->p != NULL ? (const char *)answer->p : "", answer->len, path, to, size);
}

int weir_s3_call_failed(
    struct weir_err *err, const char *name, const char *what, const struct weir_s3_call *call)
{
    char region[WEIR_S3_REGION_MAX_BYTES + 1] = "", times[40] = "";
    struct weir_err e = call->err;

    if (call->sent > 1) {
        snprintf(times, sizeof times, ", after %d attempts", call->sent);
    }
    if (call->status != 0) {
        if (call->status / 100 == 3 || call->fault == WEIR_S3_REGION) {
            region_of(call, region);
        }
        bool upload = strcmp(call->code, "NoSuchUpload") == 0;
        e = (struct weir_err){0};
        weir_err_detail(&e, WEIR_E_REMOTE, upload ? 0 : (int)call->status, "%ld%s%s%s%s%s%s",
            call->status, call->code[0] != '\0' ? " " : "", call->code,
            region[0] != '\0' ? " (it is in " : "", region, region[0] != '\0' ? ")" : "", times);
    } else {
        size_t n = strlen(e.msg);
        snprintf(e.msg + n, sizeof e.msg - n, "%s", times);
    }
    if (what != NULL) {
        weir_err_prefix(&e, "%s", what);
    }
    weir_err_prefix(&e, "s3: %s", name);
    return weir_err_keep(err, &e);
}
