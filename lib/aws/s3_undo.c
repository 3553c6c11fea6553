#include "aws/s3_undo.h"

#include "aws/s3_client.h"
#include "aws/xml.h"
#include "core/clock.h"
#include "core/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDING_MS 2000
#define PAGE_UPLOADS                                                                               \
    "100" /* so that an answer is under WEIR_S3_XML_MAX_BYTES, whatever the keys are */

void weir_s3_undo_begin(struct weir_s3_undo *undo, const struct weir_s3_undo_opts *opts)
{
    *undo = (struct weir_s3_undo){.opts = *opts,
        .aborts = opts->twice ? 2 : 1,
        .settled_mono_ms = weir_clock_mono_ms() + (opts->answered ? 0 : WEIR_S3_SETTLE_MS),
        .patience = {.base_ms = WEIR_S3_UNDO_PAUSE_MS,
            .max_ms = WEIR_S3_UNDO_PAUSE_MAX_MS,
            .until_mono_ms = opts->until_mono_ms,
            .unmetered = true},
        .pause_ms = WEIR_S3_UNDO_PAUSE_MS};
    if (opts->upload_id != NULL) {
        snprintf(undo->id, sizeof undo->id, "%s", opts->upload_id);
    }
}

void weir_s3_undo_fini(struct weir_s3_undo *undo)
{
    weir_s3_call_stop(&undo->call);
}

/* What cannot be told when it ends without an answer that settles it. */
static const char *doubt(const struct weir_s3_undo *undo)
{
    return undo->opts.complete_lost ? "an upload may be left open, or have been published"
                                    : "an upload may be left open";
}

static enum weir_step give_up(
    const struct weir_s3_undo *undo, int status, const char *why, struct weir_err *err)
{
    weir_err_detail(
        err, WEIR_E_REMOTE, status, "s3: %s: %s: %s", undo->opts.name, doubt(undo), why);
    return WEIR_FAIL;
}

static enum weir_step send_request(struct weir_s3_undo *undo, struct weir_err *err)
{
    const struct weir_sigv4_pair abort_query[] = {{"uploadId", undo->id}};
    const struct weir_sigv4_pair list_query[] = {
        {"uploads", ""}, {"prefix", undo->opts.key}, {"max-uploads", PAGE_UPLOADS}};
    struct weir_s3_request request = {.method = "DELETE",
        .bucket = undo->opts.bucket,
        .key = undo->opts.key,
        .query = abort_query,
        .query_n = 1,
        .timeout_ms = WEIR_S3_UNDO_REQUEST_MS,
        .patience = &undo->patience};

    if (undo->opts.until_mono_ms <= weir_clock_mono_ms()) {
        return give_up(undo, 0, "no time is left", err);
    }
    undo->listing = undo->id[0] == '\0';
    if (undo->listing) {
        request.method = "GET";
        request.key = NULL;
        request.query = list_query;
        request.query_n = sizeof list_query / sizeof *list_query;
    }
    if (weir_s3_call_start(&undo->call, undo->opts.loop, undo->opts.cfg, &request, err) != 0) {
        weir_err_prefix(err, "s3: %s: %s", undo->opts.name, doubt(undo));
        return WEIR_FAIL;
    }
    return WEIR_WAIT;
}

struct upload {
    char key[WEIR_S3_KEY_MAX_BYTES + 1];
    char id[WEIR_S3_UPLOAD_ID_MAX_BYTES + 1];
    int64_t initiated_s; /* 0: it does not tell */
};

static bool is_text(const struct weir_xml *xml, const char *text)
{
    char got[16];

    return weir_xml_decode(xml, got, sizeof got) >= 0 && strcmp(got, text) == 0;
}

static void upload_text(struct upload *u, const struct weir_xml *xml)
{
    if (weir_xml_at(xml, "ListMultipartUploadsResult/Upload/Key")) {
        (void)weir_xml_decode(xml, u->key, sizeof u->key);
    } else if (weir_xml_at(xml, "ListMultipartUploadsResult/Upload/UploadId")) {
        (void)weir_xml_decode(xml, u->id, sizeof u->id);
    } else if (weir_xml_at(xml, "ListMultipartUploadsResult/Upload/Initiated")) {
        char text[64];
        if (weir_xml_decode(xml, text, sizeof text) >= 0) {
            (void)weir_clock_parse_iso(text, &u->initiated_s);
        }
    }
}

/* Find an upload of exactly our key that began when ours did, or later. The key's own uploads come
 * first in the list, so that one page of it is enough, unless it names nothing else. NULL when it
 * is as it should be, or what is wrong with it. */
static const char *find_upload(struct weir_s3_undo *undo, int64_t since_ms)
{
    struct weir_xml xml;
    struct upload u = {0};
    enum weir_xml_event event;
    bool found = false, cut_off = false, others = false;

    weir_xml_init(&xml, (const char *)undo->call.answer.p, undo->call.answer.len);
    while ((event = weir_xml_next(&xml)) < WEIR_XML_END) {
        if (event == WEIR_XML_TEXT && weir_xml_at(&xml, "ListMultipartUploadsResult/IsTruncated")) {
            cut_off = is_text(&xml, "true");
        } else if (event == WEIR_XML_TEXT) {
            upload_text(&u, &xml);
        } else if (weir_xml_at(&xml, "ListMultipartUploadsResult/Upload")) {
            others = others || (event == WEIR_XML_CLOSE && strcmp(u.key, undo->opts.key) != 0);
            if (event == WEIR_XML_CLOSE && !found && strcmp(u.key, undo->opts.key) == 0 &&
                u.initiated_s * 1000 >= since_ms) {
                found = true;
                snprintf(undo->id, sizeof undo->id, "%s", u.id);
            }
            u = (struct upload){0};
        }
    }
    if (event == WEIR_XML_BAD || !weir_xml_root((const char *)undo->call.answer.p,
                                     undo->call.answer.len, "ListMultipartUploadsResult")) {
        undo->id[0] = '\0';
        return "the list of uploads cannot be read";
    }
    return cut_off && !found && !others ? "there are more uploads than the list names" : NULL;
}

/* Wait before the next look, so that time is left for it; false when there is too little. */
static bool pause_again(struct weir_s3_undo *undo)
{
    int64_t now = weir_clock_mono_ms(), left = undo->opts.until_mono_ms - now;

    if (left < WEIR_S3_UNDO_PAUSE_MS / 2) {
        return false;
    }
    undo->pause_until_mono_ms = now + (undo->pause_ms < left / 2 ? undo->pause_ms : left / 2);
    undo->pause_ms *= 2;
    if (undo->pause_ms > WEIR_S3_UNDO_PAUSE_MAX_MS) {
        undo->pause_ms = WEIR_S3_UNDO_PAUSE_MAX_MS;
    }
    return true;
}

/* The list is there: WEIR_NEED_IN to go on with what it named, WEIR_END when it named none. */
static enum weir_step listed(struct weir_s3_undo *undo, struct weir_err *err)
{
    int64_t date_ms = weir_s3_call_date_ms(&undo->call);
    int64_t since_ms = date_ms - (weir_clock_mono_ms() - undo->opts.created_mono_ms) - ROUNDING_MS;
    bool moved = undo->opts.cfg->client->skew_ms != undo->opts.skew_ms;
    const char *wrong = date_ms < 0 ? "the list of uploads has no date"
                        : moved     ? "the server's clock has moved"
                                    : find_upload(undo, since_ms);

    if (wrong != NULL) {
        return give_up(undo, 200, wrong, err);
    }
    undo->aborts = 1;
    if (undo->id[0] != '\0') {
        return WEIR_NEED_IN;
    }
    if (weir_clock_mono_ms() >= undo->settled_mono_ms) {
        return WEIR_END;
    }
    return pause_again(undo) ? WEIR_WAIT
                             : give_up(undo, 200, "it is not in the list of uploads yet", err);
}

/* The upload was aborted, or is not (or no longer) there. */
static enum weir_step aborted(struct weir_s3_undo *undo, bool gone, struct weir_err *err)
{
    undo->gone = gone;
    if (gone && undo->opts.complete_lost) {
        weir_err_detail(err, WEIR_E_REMOTE, 404,
            "s3: %s: may have been published: the answer to its completion was lost",
            undo->opts.name);
        return WEIR_FAIL;
    }
    undo->aborts = gone ? 0 : undo->aborts - 1;
    if (undo->aborts == 0) {
        if (undo->opts.upload_id != NULL) {
            return WEIR_END;
        }
        undo->id[0] = '\0'; /* somebody else's may have been taken for ours: look again */
        undo->settled_mono_ms = 0;
    }
    return pause_again(undo) ? WEIR_WAIT : give_up(undo, 0, "no time is left to look again", err);
}

/* An answer is there: WEIR_NEED_IN to go on at once, WEIR_WAIT for a pause. */
static enum weir_step judge(struct weir_s3_undo *undo, struct weir_err *err)
{
    const struct weir_s3_call *call = &undo->call;
    char what[96];

    if (undo->listing && call->status == 200) {
        return listed(undo, err);
    }
    if (!undo->listing && call->status / 100 == 2) {
        return aborted(undo, false, err);
    }
    /* A 404 counts only with S3's own word: a proxy's says nothing of the upload. */
    if (call->status == 404 && strcmp(call->code, "NoSuchBucket") == 0) {
        return WEIR_END; /* it took its uploads along */
    }
    if (call->status == 404 && !undo->listing && strcmp(call->code, "NoSuchUpload") == 0) {
        return aborted(undo, true, err);
    }
    snprintf(what, sizeof what, "%s: %s", doubt(undo),
        undo->listing ? "ListMultipartUploads" : "AbortMultipartUpload");
    weir_s3_call_failed(err, undo->opts.name, what, call);
    return WEIR_FAIL;
}

enum weir_step weir_s3_undo_step(struct weir_s3_undo *undo, struct weir_err *err)
{
    for (;;) {
        if (undo->call.state != WEIR_S3_CALL_NONE) {
            if (!weir_s3_call_step(&undo->call)) {
                return WEIR_WAIT;
            }
            enum weir_step step = judge(undo, err);
            weir_s3_call_stop(&undo->call);
            if (step == WEIR_END || step == WEIR_FAIL) {
                return step;
            }
        }
        int64_t pause_ms = undo->pause_until_mono_ms - weir_clock_mono_ms();
        if (pause_ms > 0) {
            weir_wake_in(undo->opts.wake, pause_ms);
            return WEIR_WAIT;
        }
        if (send_request(undo, err) == WEIR_FAIL) {
            return WEIR_FAIL;
        }
    }
}
