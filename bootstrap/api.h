#ifndef WEIR_BOOTSTRAP_API_H
#define WEIR_BOOTSTRAP_API_H

#include "bootstrap/http1.h"
#include "core/limits.h"
#include "core/log.h"

#include <stdatomic.h>
#include <stdint.h>

/*
 * The calls of the Lambda Runtime API (2018-06-01), and what each of its statuses asks for. One
 * connection, one worker.
 */
#define WEIR_API_BASE "/2018-06-01/runtime/"
#define WEIR_API_INVOCATION WEIR_API_BASE "invocation/"
#define WEIR_API_PATH_BYTES (sizeof WEIR_API_INVOCATION + WEIR_RUNTIME_TEXT_MAX_BYTES + 16)
#define WEIR_API_INIT_ERROR WEIR_API_BASE "init/error"
#define WEIR_API_ERROR_TYPE "Lambda-Runtime-Function-Error-Type"

struct weir_api {
    struct weir_loop *loop;
    const struct weir_log *log;
    struct weir_http1 *http;
    int64_t retry_ms;         /* the first pause of a retry */
    const atomic_bool *leave; /* once it is true no invocation is asked for; NULL: never */
    bool asking;              /* weir_api_next is under way; its own */
};

/* What becomes of the worker after a call. */
enum weir_api_after { WEIR_API_GO_ON, WEIR_API_STOP };

enum weir_api_next {
    WEIR_NEXT_EVENT, /* whole; its headers are to be asked for */
    WEIR_NEXT_CUT,   /* its request id is known, and the event did not come whole: *err says why */
    WEIR_NEXT_END,   /* the API has none, or is gone, or we leave or are cancelled; logged */
};

/**
 * weir_api_next: GET /invocation/next: wait for an invocation, as long as it takes.
 *
 * A lost connection is tried again with growing pauses (nothing was answered yet, so nothing can be
 * answered twice), and so is an answer without a usable request id. Any status but 200 ends it.
 *
 * event  empty; receives the event
 */
enum weir_api_next weir_api_next(
    struct weir_api *api, struct weir_buf *event, struct weir_err *err);

/** weir_api_leave: *leave has become true: give up a wait for an invocation of which nothing has
 *  come (cancels the loop). From a callback of the loop. */
void weir_api_leave(struct weir_api *api);

struct weir_api_post {
    const char *path;
    const char *content_type;
    const char *error_type; /* of an error; NULL: a response */
    const char *cause;      /* X-Ray's, one line of ASCII; may be NULL */
    const struct weir_buf *body;
};

/**
 * weir_api_post: POST a response or an error. Sent again only where no byte of it can have reached
 * the API: an invocation is not answered twice. Every failure is logged.
 */
enum weir_api_after weir_api_post(struct weir_api *api, const struct weir_api_post *post);

/** weir_api_react: log a status of the API about an answer, and say what follows from it. */
enum weir_api_after weir_api_react(const struct weir_api *api, const char *path, long status);

/** weir_api_name: a path without its first part, for logs. */
const char *weir_api_name(const char *path);

#endif
