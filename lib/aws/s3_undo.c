#include "aws/s3_undo.h"

#include "aws/xml.h"
#include "core/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REQUEST_MS 15000 /* one try: a server that hangs must not take all the time there is */
#define ROUNDING_MS 2000
#define SETTLE_MS 3000 /* a server may still be at work on a create after its connection broke */

void weir_s3_undo_begin(struct weir_s3_undo *undo, const char *id, int aborts,
    int64_t created_mono_ms, int64_t limit_ms)
{
    undo->lost = id == NULL;
    undo->id[0] = '\0';
    if (id != NULL) {
        snprintf(undo->id, sizeof undo->id, "%s", id);
    }
    undo->aborts = aborts;
    undo->created_mono_ms = created_mono_ms;
    undo->until_mono_ms = weir_clock_mono_ms() + limit_ms;
    undo->settled_mono_ms = weir_clock_mono_ms() + SETTLE_MS;
    undo->pause_until_mono_ms = 0;
    undo->pause_ms = WEIR_S3_PAUSE_MS;
}

void weir_s3_undo_fini(struct weir_s3_undo *undo)
{
    weir_s3_call_stop(&undo->call);
}

static int send_request(struct weir_s3_undo *undo, struct weir_err *err)
{
    const struct weir_sigv4_pair abort_query[] = {{"uploadId", undo->id}};
    const struct weir_sigv4_pair list_query[] = {{"uploads", ""}, {"prefix", undo->key}};
    struct weir_s3_request request = {.method = "DELETE",
        .bucket = undo->bucket,
        .key = undo->key,
        .query = abort_query,
        .query_n = 1,
        .timeout_ms = REQUEST_MS};

    undo->listing = undo->id[0] == '\0';
    if (undo->listing) {
        request.method = "GET";
        request.key = NULL;
        request.query = list_query;
        request.query_n = 2;
    }
    return weir_s3_call_start(
        &undo->call, undo->loop, undo->cfg, &request, weir_clock_unix_ms() / 1000, err);
}

/* "Fri, 24 May 2013 00:00:00 GMT" or "2013-05-24T00:00:00.000Z"; -1 when it is neither. */
static int64_t parse_time_ms(const char *s, const char *format)
{
    struct tm tm = {0};

    if (s == NULL || strptime(s, format, &tm) == NULL) {
        return -1;
    }
    return (int64_t)timegm(&tm) * 1000;
}

struct upload {
    char key[WEIR_S3_KEY_MAX_BYTES + 1];
    char id[WEIR_S3_UPLOAD_ID_MAX_BYTES + 1];
    char initiated[64];
};

static void upload_text(struct upload *u, const struct weir_xml *xml)
{
    if (weir_xml_at(xml, "ListMultipartUploadsResult/Upload/Key")) {
        (void)weir_xml_decode(xml, u->key, sizeof u->key);
    } else if (weir_xml_at(xml, "ListMultipartUploadsResult/Upload/UploadId")) {
        (void)weir_xml_decode(xml, u->id, sizeof u->id);
    } else if (weir_xml_at(xml, "ListMultipartUploadsResult/Upload/Initiated")) {
        (void)weir_xml_decode(xml, u->initiated, sizeof u->initiated);
    }
}

/* Find an upload of exactly our key that began when ours did, or later. The key's own uploads come
 * first in the list, so that one page of it is enough. -1 when the list cannot be read. */
static int find_upload(struct weir_s3_undo *undo, int64_t since_ms)
{
    struct weir_xml xml;
    struct upload u = {0};
    enum weir_xml_event event;
    bool found = false;

    weir_xml_init(&xml, (const char *)undo->call.answer.p, undo->call.answer.len);
    while ((event = weir_xml_next(&xml)) < WEIR_XML_END) {
        if (event == WEIR_XML_TEXT) {
            upload_text(&u, &xml);
        } else if (weir_xml_at(&xml, "ListMultipartUploadsResult/Upload")) {
            if (event == WEIR_XML_CLOSE && !found && strcmp(u.key, undo->key) == 0 &&
                parse_time_ms(u.initiated, "%Y-%m-%dT%H:%M:%S") >= since_ms) {
                found = true;
                snprintf(undo->id, sizeof undo->id, "%s", u.id);
            }
            u = (struct upload){0};
        }
    }
    if (event == WEIR_XML_BAD || !weir_xml_root((const char *)undo->call.answer.p,
                                     undo->call.answer.len, "ListMultipartUploadsResult")) {
        undo->id[0] = '\0';
        return -1;
    }
    return 0;
}

static bool is_passing(const struct weir_s3_call *call)
{
    if (call->status == 0) {
        return call->err.code == WEIR_E_NET || call->err.code == WEIR_E_DEADLINE;
    }
    return call->status >= 500 || call->status == 429 || call->status == 408;
}

/* Wait before the next try; false when the time is over. */
static bool pause_again(struct weir_s3_undo *undo)
{
    int64_t now = weir_clock_mono_ms(), left = undo->until_mono_ms - now;

    if (left <= 0) {
        return false;
    }
    int64_t pause = undo->pause_ms < left ? undo->pause_ms : left;
    undo->pause_until_mono_ms = now + pause;
    undo->pause_ms *= 2;
    if (undo->pause_ms > WEIR_S3_PAUSE_MAX_MS) {
        undo->pause_ms = WEIR_S3_PAUSE_MAX_MS;
    }
    return true;
}

static enum weir_step give_up(struct weir_s3_undo *undo, struct weir_err *err)
{
    weir_s3_call_failed(err, undo->name,
        undo->listing ? "an upload may be left open: ListMultipartUploads"
                      : "an upload is left open: AbortMultipartUpload",
        &undo->call);
    weir_s3_call_stop(&undo->call);
    return WEIR_FAIL;
}

/* The list is there: WEIR_NEED_IN to go on with what it named, WEIR_END when it named none. */
static enum weir_step listed(struct weir_s3_undo *undo, struct weir_err *err)
{
    int64_t date_ms =
        parse_time_ms(weir_http_header(undo->call.http, "Date"), "%a, %d %b %Y %H:%M:%S GMT");
    int64_t since_ms = date_ms - (weir_clock_mono_ms() - undo->created_mono_ms) - ROUNDING_MS;

    if (date_ms < 0 || find_upload(undo, since_ms) != 0) {
        weir_err_detail(err, WEIR_E_REMOTE, (int)undo->call.status,
            "s3: %s: an upload may be left open: its list cannot be read", undo->name);
        return WEIR_FAIL;
    }
    undo->aborts = 1;
    if (undo->id[0] != '\0') {
        return WEIR_NEED_IN;
    }
    return weir_clock_mono_ms() < undo->settled_mono_ms && pause_again(undo) ? WEIR_WAIT : WEIR_END;
}

/* An answer is there: WEIR_NEED_IN to go on at once, WEIR_WAIT for a pause. */
static enum weir_step answered(struct weir_s3_undo *undo, struct weir_err *err)
{
    long status = undo->call.status;
    char code[32];

    if (undo->listing && status == 200) {
        enum weir_step step = listed(undo, err);
        weir_s3_call_stop(&undo->call);
        return step;
    }
    /* A bucket that is gone took its uploads along. */
    bool gone =
        status == 404 && (!weir_s3_call_text(&undo->call, "Error/Code", code, sizeof code) ||
                             strcmp(code, "NoSuchUpload") == 0 ||
                             strcmp(code, "NoSuchBucket") == 0 || strcmp(code, "NoSuchKey") == 0);
    if (gone || (!undo->listing && status / 100 == 2)) {
        weir_s3_call_stop(&undo->call);
        undo->aborts = gone ? 0 : undo->aborts - 1;
        if (undo->aborts > 0) {
            return pause_again(undo) ? WEIR_WAIT : WEIR_END;
        }
        undo->id[0] = '\0';
        /* What was lost may have been more than one: look again until none is left. */
        return undo->lost && !undo->listing && pause_again(undo) ? WEIR_WAIT : WEIR_END;
    }
    if (is_passing(&undo->call) && pause_again(undo)) {
        weir_s3_call_stop(&undo->call);
        return WEIR_WAIT;
    }
    return give_up(undo, err);
}

enum weir_step weir_s3_undo_step(struct weir_s3_undo *undo, struct weir_err *err)
{
    for (;;) {
        if (undo->call.http != NULL) {
            if (!undo->call.done) {
                return WEIR_WAIT;
            }
            enum weir_step step = answered(undo, err);
            if (step == WEIR_END || step == WEIR_FAIL) {
                return step;
            }
        }
        int64_t pause_ms = undo->pause_until_mono_ms - weir_clock_mono_ms();
        if (pause_ms > 0) {
            weir_wake_in(undo->wake, pause_ms);
            return WEIR_WAIT;
        }
        if (send_request(undo, err) != 0) {
            weir_s3_call_stop(&undo->call);
            return WEIR_FAIL;
        }
    }
}
