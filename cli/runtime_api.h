#ifndef WEIR_CLI_RUNTIME_API_H
#define WEIR_CLI_RUNTIME_API_H

#include "core/err.h"
#include "net/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A small Lambda Runtime API (2018-06-01) on 127.0.0.1, for one function process at a time:
 *
 *     GET  /invocation/next            parked until there is an invocation
 *     POST /invocation/{id}/response   202, or 400 (another id), 403 (answered before), 413; a
 *                                      stream with its error trailers is understood
 *     POST /invocation/{id}/error      the same
 *     POST /init/error                 202, or 403 after the first /next
 *
 * and of the Extensions API (2020-01-01) what an internal extension needs: /extension/register, and
 * an /extension/event/next that is parked for ever. With weir_rapi_set_concurrency several
 * invocations are under way at once, as on Managed Instances.
 *
 * Served on the loop, without a thread (cli/httpd.h). What a web page can have a browser send
 * (another Host than the address, an Origin, a Sec-Fetch-Site) is 403. Not there: the restore
 * paths.
 */
struct weir_rapi;

struct weir_rapi_invocation {
    const char *request_id;
    const char *event; /* sent as it is; borrowed until the answer, or weir_rapi_free: a function
                        * that answers before it has read all of it gets the rest of a copy */
    size_t event_len;
    int64_t deadline_unix_ms;
    const char *function_arn;
    /* Headers that are sent when they are not NULL. */
    const char *trace_id, *client_context, *cognito_identity, *tenant_id;
};

enum weir_rapi_kind { WEIR_RAPI_RESPONSE, WEIR_RAPI_ERROR, WEIR_RAPI_INIT_ERROR };

/* All of it is valid during the callback. */
struct weir_rapi_answer {
    enum weir_rapi_kind kind;
    const uint8_t *body; /* of a stream that failed: the error, out of its trailers */
    size_t len;
    const char *request_id;   /* "" for an init error */
    const char *error_type;   /* of an error; NULL: none was sent */
    const char *cause;        /* X-Ray's; NULL: none was sent */
    const char *content_type; /* NULL: none was sent */
    bool streamed;
    const uint8_t *part; /* of a stream that failed: what came before */
    size_t part_len;
};

enum weir_rapi_route {
    WEIR_RAPI_NONE,   /* 404 */
    WEIR_RAPI_METHOD, /* 405 */
    WEIR_RAPI_NEXT,
    WEIR_RAPI_POST_RESPONSE,
    WEIR_RAPI_POST_ERROR,
    WEIR_RAPI_POST_INIT_ERROR,
    WEIR_RAPI_EXT_REGISTER,
    WEIR_RAPI_EXT_NEXT,
};

/* What is to go wrong with a request, for tests. */
struct weir_rapi_fault {
    unsigned status; /* this answer, and nothing is done; a POST has settled its invocation */
    bool drop;       /* no answer: the connection is closed */
};

/* Called from the loop; they may call weir_rapi_invoke, and must not call weir_rapi_free. */
struct weir_rapi_ops {
    /* The function asks for work. It is parked unless there is an invocation when this returns. */
    void (*on_next)(void *ctx);
    /* What became of the invocation, once; or what went wrong before there was one. A response
     * that is too large comes as a WEIR_RAPI_ERROR. */
    void (*on_answer)(void *ctx, const struct weir_rapi_answer *answer);
    /* A request has come whole; fault is zeroed. May be NULL. A parked one comes once. */
    void (*on_request)(void *ctx, enum weir_rapi_route route, const char *request_id,
        struct weir_rapi_fault *fault);
};

/**
 * weir_rapi_new: begin to listen at a free port.
 *
 * ops, ctx  borrowed
 *
 * Returns it (weir_rapi_free, before weir_loop_free), or NULL with *err set: WEIR_E_IO,
 * WEIR_E_CONFIG, WEIR_E_NOMEM.
 */
struct weir_rapi *weir_rapi_new(
    struct weir_loop *loop, const struct weir_rapi_ops *ops, void *ctx, struct weir_err *err);

/** weir_rapi_address: "127.0.0.1:port", for AWS_LAMBDA_RUNTIME_API. Owned by rapi. */
const char *weir_rapi_address(const struct weir_rapi *rapi);

/** weir_rapi_set_concurrency: so many invocations at once, 1..WEIR_RAPI_CONCURRENCY_MAX; 1 is the
 *  default. Before the function is started. */
void weir_rapi_set_concurrency(struct weir_rapi *rapi, size_t n);

/**
 * weir_rapi_invoke: give the function work: to a parked /next, or to the one that comes.
 *
 * Returns 0, or -1 with *err set to WEIR_E_BUG while as many invocations as there may be at once
 * have no answer.
 */
int weir_rapi_invoke(
    struct weir_rapi *rapi, const struct weir_rapi_invocation *invocation, struct weir_err *err);

/** weir_rapi_free: close all connections, no callback is made any more. Accepts NULL. */
void weir_rapi_free(struct weir_rapi *rapi);

#endif
