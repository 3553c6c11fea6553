#ifndef WEIR_NET_CHILD_SOURCE_H
#define WEIR_NET_CHILD_SOURCE_H

#include "core/err.h"
#include "core/limits.h"
#include "net/child.h"
#include "net/loop.h"
#include "stream/source.h"
#include "stream/stage.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a program prints, as a pipe's source. It ends only when the program's stdout has ended and
 * its exit status is 0; so what follows is published only if the program has done its work. It is
 * read from the moment it starts; a sink that is slow stops it by its full pipe.
 *
 * Whatever else happens fails the stage: another status, a signal, a process that the program left
 * behind and that still holds the stdout open when WEIR_CHILD_GRACE_MS have passed after the exit.
 * A program that has closed its stdout is waited for. The pipe's deadline, a cancel or a failure
 * elsewhere end it: SIGTERM, and after WEIR_CHILD_TERM_MS SIGKILL. In the end nothing of it lives:
 * its process group is killed, and orphans that left the group are, too (weir_child_adopt).
 */

/* What is known of it: filled as it runs. */
struct weir_child_report {
    bool exited;
    int status;                           /* wait(2)'s */
    uint64_t stderr_bytes;                /* how much it wrote there */
    char tail[WEIR_CHILD_TAIL_BYTES + 1]; /* the last of it, as it came; a NUL follows */
    size_t tail_len;
};

struct weir_child_source_opts {
    const char *name; /* for messages; outlives the stage */
    const char *path; /* as in struct weir_child_opts, which outlive this call alone */
    char *const *argv;
    char *const *env;
    const char *folder;
    /* What it reads on its stdin: a source, moved when the call succeeds; or, without one (ops
     * NULL), a descriptor, borrowed; -1: nothing. A program need not read all of it. */
    struct weir_stage input;
    int stdin_fd;
    bool require_output;     /* nothing on stdout is a failure */
    int64_t undo_by_mono_ms; /* be gone by then, when it has to be ended, and by
                              * weir_loop_undo_by; 0: no such bound */
    /* Each piece of stderr, beside the report's tail; may be NULL. */
    void (*on_stderr)(void *ctx, const uint8_t *p, size_t n);
    void *ctx;
    struct weir_child_report *report; /* outlives the stage */
};

/**
 * weir_child_source_new: start the program.
 *
 * info  read_bytes counts its stdout; outlives the stage
 *
 * Returns 0 with *ret set, or -1 with *err set: WEIR_E_CONFIG when it cannot be executed, as
 * weir_child_start; WEIR_E_NOMEM, WEIR_E_IO. The stage fails with WEIR_E_PROGRAM, detail = exit
 * status or 128 + signal, the message with the last of its stderr; or with the input's error. Loop
 * thread only.
 */
int weir_child_source_new(struct weir_loop *loop, struct weir_child_source_opts *opts,
    struct weir_source_info *info, struct weir_stage *ret, struct weir_err *err);

#endif
