#ifndef WEIR_CLI_HTTPD_H
#define WEIR_CLI_HTTPD_H

#include "core/err.h"
#include "net/loop.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <stddef.h>

/*
 * An HTTP server on the loop, without a thread: libmicrohttpd speaks HTTP, this hangs it into the
 * loop. What requests mean is the caller's, in libmicrohttpd's own terms.
 */
struct weir_httpd;

struct weir_httpd_opts {
    const struct sockaddr *address; /* to listen on; port 0: a free one */
    unsigned connections_max;
    size_t connection_bytes; /* memory of one: its head, and what is read at a time */
    unsigned idle_s;         /* without a byte; 0: no limit */
    MHD_AccessHandlerCallback on_request;
    MHD_RequestCompletedCallback on_completed;
    void *ctx; /* of both */
};

/**
 * weir_httpd_new: begin to listen.
 *
 * Returns it (weir_httpd_free, before weir_loop_free), or NULL with *err set: WEIR_E_CONFIG (the
 * address is taken, or not ours), WEIR_E_IO, WEIR_E_NOMEM. The message does not name the address.
 */
struct weir_httpd *weir_httpd_new(
    struct weir_loop *loop, const struct weir_httpd_opts *opts, struct weir_err *err);

/** weir_httpd_port: where it listens. */
unsigned weir_httpd_port(const struct weir_httpd *httpd);

/** weir_httpd_resume: let a suspended connection go on: its request comes to on_request again, in a
 *  later turn of the loop. */
void weir_httpd_resume(struct weir_httpd *httpd, struct MHD_Connection *connection);

/** weir_httpd_free: close all connections. None may be suspended; one that was resumed just now has
 *  its on_request first. Accepts NULL. */
void weir_httpd_free(struct weir_httpd *httpd);

#endif
