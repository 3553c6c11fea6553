#include "net/resolve.h"

#include "core/thread.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* What the thread and the loop share; whoever leaves last frees it. */
struct query {
    pthread_mutex_t lock;
    bool answered, abandoned;
    uv_async_t *wake;                /* the loop's; not touched once abandoned */
    struct weir_addresses addresses; /* none: err says why */
    struct weir_err err;
    char host[WEIR_HOST_BYTES];
    unsigned port;
};

struct weir_resolve {
    uv_async_t wake;
    bool watching;
    struct query *query;
};

static void query_free(struct query *q)
{
    pthread_mutex_destroy(&q->lock);
    free(q);
}

static void *run(void *arg)
{
    struct query *q = arg;
    struct weir_addresses addresses;
    struct weir_err err = {0};

    (void)weir_look_up(q->host, q->port, &addresses, &err);
    pthread_mutex_lock(&q->lock);
    q->addresses = addresses;
    q->err = err;
    q->answered = true;
    const bool abandoned = q->abandoned;
    if (!abandoned) {
        uv_async_send(q->wake);
    }
    pthread_mutex_unlock(&q->lock);
    if (abandoned) {
        query_free(q);
    }
    return NULL;
}

static void on_wake(uv_async_t *async)
{
    (void)async; /* turning the loop is all it is for */
}

struct weir_resolve *weir_resolve_start(
    struct weir_loop *loop, const char *host, unsigned port, struct weir_err *err)
{
    struct weir_resolve *r = calloc(1, sizeof *r);
    struct query *q = calloc(1, sizeof *q);

    if (r == NULL || q == NULL) {
        free(r);
        free(q);
        weir_err_set(err, WEIR_E_NOMEM, "net: out of memory for a name");
        return NULL;
    }
    pthread_mutex_init(&q->lock, NULL);
    r->query = q;
    (void)snprintf(q->host, sizeof q->host, "%s", host);
    q->port = port;
    if (weir_addresses_add(&q->addresses, host, port)) {
        q->answered = true;
        return r;
    }
    q->wake = &r->wake;
    if (uv_async_init(weir_loop_uv(loop), &r->wake, on_wake) == 0) {
        pthread_t thread;
        r->watching = true;
        if (weir_thread_start(&thread, run, q) == 0) {
            (void)pthread_detach(thread);
            return r;
        }
    }
    q->answered = true; /* there is no thread that could free it */
    weir_err_set(err, WEIR_E_NOMEM, "net: no thread for the look-up of a name");
    weir_resolve_free(r);
    return NULL;
}

int weir_resolve_answer(
    struct weir_resolve *r, const struct weir_addresses **ret, struct weir_err *err)
{
    struct query *q = r->query;

    pthread_mutex_lock(&q->lock);
    const bool answered = q->answered;
    pthread_mutex_unlock(&q->lock);
    if (!answered) {
        return 0;
    }
    if (q->addresses.n == 0) {
        return weir_err_keep(err, &q->err);
    }
    *ret = &q->addresses;
    return 1;
}

void weir_resolve_free(struct weir_resolve *r)
{
    if (r == NULL) {
        return;
    }
    struct query *q = r->query;
    pthread_mutex_lock(&q->lock);
    q->abandoned = true;
    const bool answered = q->answered;
    pthread_mutex_unlock(&q->lock);
    if (answered) {
        query_free(q);
    }
    if (r->watching) {
        weir_loop_close((uv_handle_t *)&r->wake, r);
    } else {
        free(r);
    }
}
