#ifndef WEIR_CLI_LOCAL_BOUNDARY_H
#define WEIR_CLI_LOCAL_BOUNDARY_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * What libmicrohttpd's parser of forms (0.9.75) does not know of a boundary: how else its header
 * may be written (RFC 2045), and that what follows the last one is to be ignored (RFC 2046).
 */
struct weir_boundary {
    const char *text; /* the request's */
    size_t len;
    size_t matched; /* of the last one, of which the body's bytes so far may be the begin */
};

/**
 * weir_boundary_init: whether a request has multipart/form-data for a body.
 *
 * Its Content-Type is rewritten, where it lies, as libmicrohttpd reads it; a boundary that is not
 * named, or is empty, has len 0.
 */
bool weir_boundary_init(struct weir_boundary *boundary, struct MHD_Connection *connection);

/** weir_boundary_before: how many of the next n bytes of the body are not behind its end. */
size_t weir_boundary_before(struct weir_boundary *boundary, const char *p, size_t n);

#endif
