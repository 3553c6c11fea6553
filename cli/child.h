#ifndef WEIR_CLI_CHILD_H
#define WEIR_CLI_CHILD_H

#include "core/err.h"
#include "net/loop.h"

#include <stdint.h>
#include <sys/resource.h>

/*
 * A program under limits. It gets a session of its own (so that all it starts can be ended with
 * it), /dev/null as stdin, our stderr as stdout and stderr, and it dies with us. libuv's own way
 * to start processes has no place to set a limit, hence this.
 */
struct weir_child;

struct weir_child_opts {
    const char *path;         /* executed as it is, without a search */
    char *const *env;         /* ends with NULL */
    int64_t data_limit_bytes; /* RLIMIT_DATA; 0: none */
    int cgroup_procs_fd;      /* a control group to move into, or -1 */
    /* The end, once: wait(2)'s status and what was used. From the loop. Note that ru_maxrss begins
     * with what the parent had at the fork: for small programs it tells more about us. */
    void (*on_exit)(void *ctx, int status, const struct rusage *used);
    void *ctx;
};

/**
 * weir_child_start: start it; the exec has happened when this returns.
 *
 * Returns it (weir_child_free, before weir_loop_free), or NULL with *err set: WEIR_E_CONFIG when
 * the program cannot be executed, WEIR_E_IO, WEIR_E_NOMEM.
 */
struct weir_child *weir_child_start(
    struct weir_loop *loop, const struct weir_child_opts *opts, struct weir_err *err);

/** weir_child_kill: send a signal to it and to all in its session's first process group; nothing
 *  happens after its end. */
void weir_child_kill(struct weir_child *child, int number);

/** weir_child_peak_kib: the peak of its resident memory (VmHWM), or -1 when it cannot be read. */
int64_t weir_child_peak_kib(const struct weir_child *child);

/** weir_child_free: kill it if it lives, wait for it, and forget it. Accepts NULL. */
void weir_child_free(struct weir_child *child);

#endif
