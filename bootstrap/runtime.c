#include "bootstrap/runtime.h"

#include "bootstrap/extension.h"
#include "bootstrap/worker.h"
#include "bootstrap/workers.h"
#include "core/limits.h"
#include "net/signals.h"

#include <stdlib.h>
#include <string.h>

/* host:port, and nothing that would make another URL of it. */
static bool is_address(const char *s)
{
    size_t n = strlen(s);

    return n > 0 && n < WEIR_RUNTIME_TEXT_MAX_BYTES && strcspn(s, "/?#@\\ \t\r\n%") == n;
}

/* AWS_LAMBDA_MAX_CONCURRENCY: 0 when it is no number from 1 on; more than we can is as many. */
static size_t workers_of(const char *text)
{
    size_t n = text != NULL ? strspn(text, "0123456789") : 0;

    if (text == NULL || text[0] == '\0') {
        return 1;
    }
    if (n == 0 || n > 9 || text[n] != '\0') {
        return 0;
    }
    unsigned long number = strtoul(text, NULL, 10);
    return number < WEIR_RUNTIME_WORKERS_MAX ? number : WEIR_RUNTIME_WORKERS_MAX;
}

/* One worker, on the process's own thread. */
struct single {
    const struct weir_runtime *rt;
    struct weir_loop *loop;
    struct weir_http1 *parked;
};

static void on_ready(void *ctx, struct weir_http1 *http)
{
    struct single *s = ctx;

    weir_extension_register(s->loop, s->rt->api, http, s->rt->log, &s->parked);
}

static void run_single(const struct weir_runtime *rt, struct weir_loop *loop)
{
    struct single s = {.rt = rt, .loop = loop};
    struct weir_runtime_worker worker = {.runtime = rt,
        .loop = loop,
        .log = rt->log,
        .alone = true,
        .on_ready = rt->extension ? on_ready : NULL,
        .ctx = &s};

    weir_runtime_worker_run(&worker);
    weir_http1_free(s.parked);
}

/* Registers before there is a worker that could ask for its first event. */
static void run_several(const struct weir_runtime *rt, struct weir_loop *loop, size_t n)
{
    struct weir_err err = {0};
    struct weir_http1 *http = NULL, *parked = NULL;

    if (rt->extension) {
        http = weir_http1_new(loop, rt->api, &err);
    }
    if (http != NULL) {
        weir_extension_register(loop, rt->api, http, rt->log, &parked);
    }
    weir_http1_free(http);
    if (weir_runtime_workers_run(rt, loop, n, &err) != 0) {
        weir_log_write(rt->log, WEIR_LOG_ERROR, "runtime: %s", err.msg);
    }
    weir_http1_free(parked);
}

int weir_runtime_run(const struct weir_runtime *rt)
{
    const size_t n = workers_of(rt->concurrency);
    struct weir_loop *loop = NULL;
    struct weir_signals *signals = NULL;
    struct weir_err err = {0};
    int rc = WEIR_RUNTIME_FAILED;

    if (rt->api == NULL || !is_address(rt->api)) {
        weir_log_write(rt->log, WEIR_LOG_ERROR,
            "runtime: AWS_LAMBDA_RUNTIME_API must be host:port; this program is started by Lambda, "
            "or by `weir invoke`");
        return WEIR_RUNTIME_USAGE;
    }
    if (n == 0) {
        weir_log_write(rt->log, WEIR_LOG_ERROR,
            "runtime: AWS_LAMBDA_MAX_CONCURRENCY must be a number from 1 on");
        return WEIR_RUNTIME_USAGE;
    }
    loop = weir_runtime_loop_new(rt, &err);
    if (loop != NULL) {
        signals = weir_signals_new(loop, &err);
    }
    if (signals == NULL) {
        weir_log_write(rt->log, WEIR_LOG_ERROR, "runtime: %s", err.msg);
        goto out;
    }
    if (n == 1) {
        run_single(rt, loop);
    } else {
        run_several(rt, loop, n);
    }
    if (weir_loop_cancelled(loop) != NULL) {
        rc = WEIR_RUNTIME_SIGNAL + weir_loop_cancelled(loop)->detail;
    }
out:
    weir_signals_free(signals);
    weir_loop_free(loop);
    return rc;
}
