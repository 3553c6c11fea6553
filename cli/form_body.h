#ifndef WEIR_CLI_FORM_BODY_H
#define WEIR_CLI_FORM_BODY_H

#include "core/buf.h"
#include "core/err.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

/*
 * An upload form as a client sends it: the form's JSON, and its multipart/form-data body (RFC 7578)
 * around a file that is read while it is sent.
 */
struct weir_upload_form {
    cJSON *tree;         /* owned; all below points into it */
    const char *url;     /* where to */
    const cJSON *fields; /* an object of strings, in the order in which they go out */
    const char *key;     /* its field of that name; NULL: none */
};

/**
 * weir_upload_form_parse: read {"url", "fields"}, or that inside {"data"}.
 *
 * what  the message's first word: the file, or the URL that it came from
 *
 * Returns 0 with *ret filled (weir_upload_form_fini), or -1 with *err set: WEIR_E_DATA,
 * WEIR_E_LIMIT, WEIR_E_NOMEM.
 */
int weir_upload_form_parse(const char *what, const char *text, size_t len,
    struct weir_upload_form *ret, struct weir_err *err);

/** weir_upload_form_fini: release it; a zeroed one is a no-op. */
void weir_upload_form_fini(struct weir_upload_form *form);

/* The body: head, the file's bytes, tail. */
struct weir_form_body {
    char type[96]; /* Content-Type, with the boundary */
    struct weir_buf head, tail;
    int fd;              /* borrowed */
    uint64_t file_bytes; /* that are promised */
    uint64_t sent_bytes; /* of all of it */
    struct weir_err err; /* why weir_form_body_read stopped */
};

/**
 * weir_form_body_init: fields first, "file" last.
 *
 * filename    as it is told to the server: the last part of it, without the folders
 * fd, bytes   a regular file at its start, and how long it is
 *
 * Returns 0 (weir_form_body_fini), or -1 with *err set and nothing to release: WEIR_E_LIMIT,
 * WEIR_E_NOMEM, WEIR_E_IO (no random numbers).
 */
int weir_form_body_init(struct weir_form_body *body, const struct weir_upload_form *form,
    const char *filename, int fd, uint64_t bytes, struct weir_err *err);

/** weir_form_body_size: all of it in bytes: the Content-Length. */
uint64_t weir_form_body_size(const struct weir_form_body *body);

/** weir_form_body_read: the next up to n bytes. Returns how many, 0 at the end, or -1 with
 * body->err set: WEIR_E_IO (a file that became shorter, too). */
int64_t weir_form_body_read(struct weir_form_body *body, uint8_t *p, size_t n);

/** weir_form_body_fini: release it. */
void weir_form_body_fini(struct weir_form_body *body);

#endif
