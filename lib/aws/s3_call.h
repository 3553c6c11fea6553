#ifndef WEIR_AWS_S3_CALL_H
#define WEIR_AWS_S3_CALL_H

#include "aws/config.h"
#include "aws/s3_retry.h"
#include "aws/s3_wire.h"
#include "core/buf.h"
#include "core/err.h"
#include "net/http.h"
#include "net/http_source.h"
#include "net/loop.h"
#include "net/wake.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A request to S3 until it has its last answer: signed, sent, judged (s3_retry.h), and sent again
 * as often as that may help, each time signed anew. All operations go through here; nobody else
 * retries. It is polled: whoever waits for it calls weir_s3_call_step in each turn of the loop,
 * which it keeps awake. Loop thread only.
 */
enum weir_s3_call_state {
    WEIR_S3_CALL_NONE,
    WEIR_S3_CALL_SENT,
    WEIR_S3_CALL_PAUSED,
    WEIR_S3_CALL_DONE
};

/* Zeroed, it is none. Points into itself: not to be copied. */
struct weir_s3_call {
    struct weir_loop *loop;
    const struct weir_s3_config *cfg;
    struct weir_s3_request request; /* our own, except for the body */
    char *texts;                    /* what the request's texts lie in */
    struct weir_sigv4_pair query[WEIR_S3_QUERY_MAX], headers[WEIR_S3_HEADERS_MAX];
    enum weir_s3_call_state state;
    struct weir_http *http;          /* the attempt under way, or the last one; NULL: none */
    struct weir_http_source *source; /* the same, of a request whose answer is pulled */
    bool over;                       /* the attempt under way: on_done has come */
    struct weir_wake *wake;
    int64_t pause_until_mono_ms;
    struct weir_s3_retry retry;
    int sent; /* how often */
    /* What the last attempt was signed with: another call may have learnt better meanwhile */
    int64_t skew_ms;
    char region[WEIR_S3_REGION_MAX_BYTES + 1];
    uint64_t looks; /* for credentials, before it: struct weir_s3_client */

    /* When it is done */
    struct weir_buf
        answer;          /* the body, up to WEIR_S3_XML_MAX_BYTES; empty for a stream's success */
    long status;         /* 0 when the exchange failed, as err says */
    struct weir_err err; /* not prefixed */
    char code[64];       /* of S3's error; "": none that is a word */
    enum weir_s3_fault fault;
    bool in_doubt; /* some attempt was sent whole and got no clear answer: it may have been done */
    bool lost;     /* some attempt got no answer at all */
};

/**
 * weir_s3_call_start: sign and send.
 *
 * request  its body and patience are borrowed until weir_s3_call_stop; method, result and the names
 *          of headers and parameters outlive the call; all else is copied
 *
 * Returns 0, or -1 with *err set and nothing to stop (which does no harm).
 */
int weir_s3_call_start(struct weir_s3_call *call, struct weir_loop *loop,
    const struct weir_s3_config *cfg, const struct weir_s3_request *request, struct weir_err *err);

/** weir_s3_call_step: go on. True when it is done, and at every later call; false with the loop
 *  armed. A none is never done. */
bool weir_s3_call_step(struct weir_s3_call *call);

/** weir_s3_call_ok: it is done, and has succeeded. */
bool weir_s3_call_ok(const struct weir_s3_call *call);

/**
 * weir_s3_call_again: send it again after all, since it was found not to have been done (once), or
 * since its body broke off (stream).
 *
 * request  as for weir_s3_call_start, in place of the one before; NULL: the same
 * why      what went wrong with the body; NULL: the answer did
 *
 * Returns true when it is not done any more; false when there is no attempt left, or *err is set.
 */
bool weir_s3_call_again(struct weir_s3_call *call, const struct weir_s3_request *request,
    const struct weir_err *why, struct weir_err *err);

/** weir_s3_call_moved: a stream's body came whole, or so far that the next failure is the first in
 * a row. (Any other call has moved on when it is done.) */
void weir_s3_call_moved(struct weir_s3_call *call);

/** weir_s3_call_last: the attempt under way is the last one; a pause before another ends at once.
 */
void weir_s3_call_last(struct weir_s3_call *call);

/** weir_s3_call_is_sent: is a request under way whose every byte has left us? Then the server may
 *  do what it says, whether we wait for the answer or not. */
bool weir_s3_call_is_sent(const struct weir_s3_call *call);

/** weir_s3_call_stop: drop it, cancelling what is under way, and the answer. A none is a no-op. */
void weir_s3_call_stop(struct weir_s3_call *call);

/** weir_s3_call_header: a header of the last answer, or NULL. */
const char *weir_s3_call_header(const struct weir_s3_call *call, const char *name);

/** weir_s3_call_date_ms: the server's clock at the last answer (its Date), in Unix milliseconds;
 * -1: it does not tell. */
int64_t weir_s3_call_date_ms(const struct weir_s3_call *call);

/** weir_s3_call_text: the text at a path of the answer, as weir_xml_find. */
bool weir_s3_call_text(const struct weir_s3_call *call, const char *path, char *to, size_t size);

/**
 * weir_s3_call_failed: compose the error of a call that has failed: "s3: s3://bucket/key:
 * UploadPart 3: 500 InternalError, after 3 attempts", or its err in place of the status.
 *
 * name  from weir_s3_name
 * what  the operation, NULL to leave it out
 *
 * Returns -1, *err being WEIR_E_REMOTE with the status as detail, or of the call's own code. An
 * upload that is gone has no detail: its 404 is not about anything that somebody named.
 */
int weir_s3_call_failed(
    struct weir_err *err, const char *name, const char *what, const struct weir_s3_call *call);

#endif
