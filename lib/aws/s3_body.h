#ifndef WEIR_AWS_S3_BODY_H
#define WEIR_AWS_S3_BODY_H

#include "aws/config.h"
#include "aws/object.h"
#include "aws/s3_call.h"
#include "core/err.h"
#include "core/limits.h"
#include "net/loop.h"
#include "stream/source.h"
#include "stream/stage.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Bytes of an object, from one place to another: a GetObject, and when its body breaks off, the
 * rest of it by a Range, which If-Match ties to the object that was begun. What was handed on is
 * counted; nothing is handed on twice. s3_source.c makes a stage of one, or of several.
 *
 *     weir_s3_body_start      then, each turn of the loop:
 *     weir_s3_body_head       WEIR_NEED_OUT: there is an answer, and it fits
 *     weir_s3_body_step       its bytes; WEIR_NEED_IN: it broke off, and was asked for again
 *
 * Loop thread only.
 */

/* An object that is read, as all requests for it know it. */
struct weir_s3_read {
    struct weir_loop *loop;
    const struct weir_s3_config *cfg;
    struct weir_source_info *info;   /* all but read_bytes is set here */
    struct weir_object object;       /* checked; etag is not used: */
    char match[WEIR_S3_MATCH_BYTES]; /* If-Match: as asked for, then as answered; "": none */
    bool if_match;                   /* it was asked for */
    char name[WEIR_S3_NAME_BYTES];
};

/** weir_s3_read_ties: does its ETag tie one request to the other? A weak one does not. */
bool weir_s3_read_ties(const struct weir_s3_read *read);

/* Zeroed, it is none. Points into itself: not to be copied. */
struct weir_s3_body {
    struct weir_s3_read *read;
    uint64_t at;  /* the next byte that is handed on, counted from the object's first */
    uint64_t end; /* where it ends; UINT64_MAX: with the object. May be lowered, not below `at` */
    struct weir_s3_call call;
    bool whole; /* the answer is all of the object: its headers speak of that. The caller clears it
                 */

    /* Its own */
    uint64_t resumed_at; /* where the answer under way began */
    bool open;           /* it is being handed on */
};

/**
 * weir_s3_body_start: ask for the bytes from `from` to `end` (UINT64_MAX: all that follow).
 *
 * read  borrowed; outlives the body. From a second body on it has its size and its ETag
 *
 * Returns 0, or -1 with *err set; weir_s3_body_stop in either case.
 */
int weir_s3_body_start(struct weir_s3_body *body, struct weir_s3_read *read, uint64_t from,
    uint64_t end, struct weir_err *err);

/** weir_s3_body_stop: drop it, in any state; a none is a no-op. */
void weir_s3_body_stop(struct weir_s3_body *body);

/**
 * weir_s3_body_head: go on until the answer is there; what fails is tried again.
 *
 * Returns WEIR_WAIT; WEIR_NEED_OUT, at every call until the body ends or breaks; WEIR_END when
 * nothing was left to come; or WEIR_FAIL with *err set.
 */
enum weir_step weir_s3_body_head(struct weir_s3_body *body, struct weir_err *err);

/**
 * weir_s3_body_step: bytes into the window, after WEIR_NEED_OUT of weir_s3_body_head.
 *
 * Returns WEIR_NEED_OUT (the window is full), WEIR_WAIT, WEIR_END (all are handed on), WEIR_NEED_IN
 * (it broke off behind those that are; weir_s3_body_head tells what comes of it), or WEIR_FAIL with
 * *err set.
 */
enum weir_step weir_s3_body_step(
    struct weir_s3_body *body, struct weir_out *out, struct weir_err *err);

#endif
