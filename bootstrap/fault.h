#ifndef WEIR_BOOTSTRAP_FAULT_H
#define WEIR_BOOTSTRAP_FAULT_H

#include "core/buf.h"
#include "core/err.h"

/*
 * An error as the Runtime API takes it.
 */

/**
 * weir_fault_json: append {"errorMessage":...,"errorType":...,"stackTrace":[]}.
 *
 * Returns 0, or -1 with *err set: WEIR_E_LIMIT, WEIR_E_NOMEM.
 */
int weir_fault_json(
    struct weir_buf *to, const char *type, const char *message, struct weir_err *err);

/**
 * weir_fault_cause: append X-Ray's cause document, {"working_directory","exceptions","paths"}, as
 * one line of ASCII, fit for a header. Returns 0 or -1 as above.
 */
int weir_fault_cause(
    struct weir_buf *to, const char *type, const char *message, struct weir_err *err);

/**
 * weir_fault_trailers: append what ends a chunked body that failed: the last chunk, and the error
 * in trailers (the body in base64).
 */
int weir_fault_trailers(
    struct weir_buf *to, const char *type, const char *message, struct weir_err *err);

#endif
