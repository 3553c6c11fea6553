#ifndef WEIR_NET_HTTP_PRIV_H
#define WEIR_NET_HTTP_PRIV_H

#include "core/err.h"
#include "net/http.h"
#include "net/loop_priv.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A request, as http.c (its life) and http_setup.c (what libcurl is told of it) share it, and what
 * loop.c tells it; nobody else includes this. */

#define WEIR_HTTP_HOST_BYTES 128 /* of a host's name in messages */

struct weir_http {
    struct weir_loop *loop;
    struct weir_http_request rq; /* only body, limits and callbacks are valid after the start */
    CURL *easy;
    struct curl_slist *headers;
    uv_timer_t timer;
    bool timer_open;
    bool attached; /* on the multi handle: running */
    bool paused;   /* on_body took nothing */
    bool head_done;
    CURLcode resume_rc; /* a resume failed; told from the timer, never from within resume */
    long status;
    int64_t length; /* Content-Length or -1 */
    uint64_t body_bytes;
    size_t head_bytes;
    uint64_t start_ms, progress_ms; /* loop time */
    uint64_t suspect_ms;            /* the progress_ms that has been found too old once */
    int64_t sent_bytes;             /* as last looked at */
    struct weir_err err;
    char host[WEIR_HTTP_HOST_BYTES];
    char curl_text[CURL_ERROR_SIZE];
};

/** weir_http_setup: make http->easy of http->rq, and http->host. 0, or -1 with *err set, as
 *  weir_http_start does; weir_http_free in either case. */
int weir_http_setup(struct weir_http *http, struct weir_err *err);

/** weir_http_bundle: AWS_CA_BUNDLE, or NULL when it is not set. 0, or -1 with *err set when it
 *  cannot be read. */
int weir_http_bundle(const char **file, struct weir_err *err);

/** weir_http_completed: libcurl is done with a request; http.c's half of the message loop. */
void weir_http_completed(struct weir_http *http, CURLcode code);

/** weir_http_on_head, weir_http_on_body: what libcurl calls with a line of the head, and with bytes
 *  of the body; self is the request. */
size_t weir_http_on_head(char *p, size_t size, size_t n, void *self);
size_t weir_http_on_body(char *p, size_t size, size_t n, void *self);

#endif
