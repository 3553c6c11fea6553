#ifndef WEIR_TESTS_MEMORY_ENDS_H
#define WEIR_TESTS_MEMORY_ENDS_H

#include "core/buf.h"
#include "stream/source.h"
#include "stream/stage.h"

/*
 * A source and a sink without a world: for tests that run a whole pipe.
 */

/* Says in[0..len), then ends, or fails when fail_at is not 0 and so many bytes are said. */
struct memory_source {
    const uint8_t *in;
    size_t len, said, fail_at;
    struct weir_source_info info;
};

/* Collects; published is set by nothing but a clean end. */
struct memory_sink {
    struct weir_buf got;
    bool published, aborted;
};

/** memory_source: a stage that borrows s. */
struct weir_stage memory_source(struct memory_source *s);

/** memory_sink: a stage that borrows s, whose buffer has been given its ceiling. */
struct weir_stage memory_sink(struct memory_sink *s);

/** pipe_run: sweep a pipe whose ends never wait. Returns 0, or -1 with *err the pipe's. */
struct weir_pipe;
int pipe_run(struct weir_pipe *pipe, struct weir_err *err);

#endif
