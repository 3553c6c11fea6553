#ifndef WEIR_NET_LOOP_PRIV_H
#define WEIR_NET_LOOP_PRIV_H

#include "net/http.h"
#include "net/loop.h"

#include <curl/curl.h>
#include <stdbool.h>

/* What loop.c, http.c, http_setup.c and look_up.c share; nobody else includes this. */
struct weir_loop {
    uv_loop_t uv;
    uv_timer_t curl_timer; /* when libcurl wants to be called again */
    uv_timer_t wake;       /* the limit of one weir_loop_step */
    CURLM *multi;          /* NULL until the first request */
    CURLSH *share;       /* TLS sessions of all requests; libcurl before 8.12 has them by handle */
    int64_t deadline_ms; /* weir_loop_set_deadline's */
    bool running;        /* inside uv_run, to refuse nesting */
    struct weir_err broken; /* the loop itself cannot go on */
    struct weir_err cancel; /* weir_loop_cancel's reason */
    int64_t undo_ms;        /* weir_loop_set_undo's */
    int64_t undo_by_ms;     /* INT64_MAX: no bound, or no cancel */
};

/* curl_easy_setopt once, unless one failed before; rc is an lvalue */
#define WEIR_CURL_SET(rc, easy, option, value)                                                     \
    do {                                                                                           \
        if ((rc) == CURLE_OK) {                                                                    \
            (rc) = curl_easy_setopt(easy, option, value);                                          \
        }                                                                                          \
    } while (0)

/** weir_curl_init: set libcurl up, once in a process. Returns 0, or -1 with *err set:
 *  WEIR_E_NOMEM. Any thread. */
int weir_curl_init(struct weir_err *err);

/** weir_loop_curl: see to it that there is a multi handle. Returns 0, or -1 with *err set:
 *  WEIR_E_NOMEM. */
int weir_loop_curl(struct weir_loop *loop, struct weir_err *err);

#endif
