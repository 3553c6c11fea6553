#ifndef WEIR_AWS_S3_ABORT_H
#define WEIR_AWS_S3_ABORT_H

#include "aws/s3_upload.h"
#include "core/err.h"
#include "stream/stage.h"

#include <stdint.h>

/*
 * The end of an upload whose pipe has failed. Its parts are stopped by whoever sent them. A request
 * that publishes, or that creates the upload, and was sent whole is waited for, since only its
 * answer tells what came of it; one that was not sent whole does nothing, and is cut off. Then the
 * upload is taken back (s3_undo.h), or it is told why it cannot be.
 *
 * All of this ends after up->abort_ms, and by up->undo_by_mono_ms, and by weir_loop_undo_by.
 */
struct weir_s3_abort { /* zeroed, it has not begun */
    enum { WEIR_S3_ABORT_NEW, WEIR_S3_ABORT_SETTLING, WEIR_S3_ABORT_UNDOING } phase;
    int64_t settle_until_mono_ms, until_mono_ms;
};

/**
 * weir_s3_abort_step: begin, or go on.
 *
 * Returns WEIR_WAIT with the loop armed; WEIR_END when nothing is left of it; WEIR_FAIL with *err
 * set (WEIR_E_REMOTE) when it was published all the same, or may have been, or when an upload may
 * be left open. Not called again after anything but WEIR_WAIT. Loop thread.
 */
enum weir_step weir_s3_abort_step(
    struct weir_s3_abort *abort, struct weir_s3_upload *up, struct weir_err *err);

#endif
