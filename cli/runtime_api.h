#ifndef WEIR_CLI_RUNTIME_API_H
#define WEIR_CLI_RUNTIME_API_H

#include "core/err.h"
#include "net/loop.h"

#include <stddef.h>
#include <stdint.h>

/*
 * A small Lambda Runtime API (2018-06-01) on 127.0.0.1, for one function process at a time:
 *
 *     GET  /invocation/next            parked until there is an invocation
 *     POST /invocation/{id}/response   202, or 400 (another id), 403 (answered before), 413
 *     POST /invocation/{id}/error      the same
 *     POST /init/error                 202, or 403 after the first /next
 *
 * libmicrohttpd speaks HTTP; it runs inside the loop, without a thread. Not there: concurrent
 * invocations, the extensions' and the restore paths, the trailers of streamed responses (their
 * bodies are taken like others).
 */
struct weir_rapi;

struct weir_rapi_invocation {
    const char *request_id;
    const char *event; /* sent as it is; borrowed until the answer, or weir_rapi_free */
    size_t event_len;
    int64_t deadline_unix_ms;
    const char *function_arn;
};

enum weir_rapi_kind { WEIR_RAPI_RESPONSE, WEIR_RAPI_ERROR, WEIR_RAPI_INIT_ERROR };

struct weir_rapi_answer {
    enum weir_rapi_kind kind;
    const uint8_t *body; /* valid during the callback */
    size_t len;
};

/* Called from the loop; they may call weir_rapi_invoke, and must not call weir_rapi_free. */
struct weir_rapi_ops {
    /* The function asks for work. It is parked unless there is an invocation when this returns. */
    void (*on_next)(void *ctx);
    /* What became of the invocation, once; or what went wrong before there was one. A response
     * that is too large comes as a WEIR_RAPI_ERROR. */
    void (*on_answer)(void *ctx, const struct weir_rapi_answer *answer);
};

/**
 * weir_rapi_new: begin to listen at a free port.
 *
 * ops, ctx  borrowed
 *
 * Returns it (weir_rapi_free, before weir_loop_free), or NULL with *err set: WEIR_E_IO,
 * WEIR_E_NOMEM.
 */
struct weir_rapi *weir_rapi_new(
    struct weir_loop *loop, const struct weir_rapi_ops *ops, void *ctx, struct weir_err *err);

/** weir_rapi_address: "127.0.0.1:port", for AWS_LAMBDA_RUNTIME_API. Owned by rapi. */
const char *weir_rapi_address(const struct weir_rapi *rapi);

/**
 * weir_rapi_invoke: give the function work: to the parked /next, or to the one that comes.
 *
 * Returns 0, or -1 with *err set to WEIR_E_BUG while another invocation has no answer.
 */
int weir_rapi_invoke(
    struct weir_rapi *rapi, const struct weir_rapi_invocation *invocation, struct weir_err *err);

/** weir_rapi_free: close all connections, no callback is made any more. Accepts NULL. */
void weir_rapi_free(struct weir_rapi *rapi);

#endif
