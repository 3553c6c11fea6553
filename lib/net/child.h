#ifndef WEIR_NET_CHILD_H
#define WEIR_NET_CHILD_H

#include "core/err.h"
#include "net/loop.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

/*
 * A program as a process of ours. It gets a session and a process group of its own (so that all it
 * starts can be ended with it), no descriptor but the three, the standard signals, and it dies with
 * us, that is with the thread that started it. It is started from an argv, never by a shell.
 * libuv's own way to start processes has no place to set a limit, and reaps before the group can be
 * ended, hence this.
 */
struct weir_child;

/* The group is ended with the process, at once. Or what it left behind lives until
 * weir_child_free: it may still have something to say. */
enum weir_child_group { WEIR_CHILD_GROUP_ENDS, WEIR_CHILD_GROUP_STAYS };

struct weir_child_opts {
    const char *path;   /* executed as it is, without a search */
    char *const *argv;  /* ends with NULL; NULL: the path alone */
    char *const *env;   /* ends with NULL */
    const char *folder; /* to work in; NULL: ours */
    /* What becomes its stdin, stdout and stderr; -1: /dev/null, our stderr, our stderr. Borrowed
     * until this returns. */
    int stdio[3];
    enum weir_child_group group;
    int64_t data_limit_bytes;    /* RLIMIT_DATA; 0: none */
    const int *cgroup_procs_fds; /* the control groups to move into */
    size_t cgroups_n;
    /* The end, once: wait(2)'s status and what was used (NULL with WEIR_CHILD_GROUP_STAYS, where
     * nobody has waited for it yet). From the loop. May be NULL. Note that ru_maxrss begins with
     * what the parent had at the fork: for small programs it tells more about us. */
    void (*on_exit)(void *ctx, int status, const struct rusage *used);
    void *ctx;
};

/**
 * weir_child_start: start it; the exec has happened when this returns.
 *
 * Returns it (weir_child_free, before weir_loop_free), or NULL with *err set: WEIR_E_CONFIG when
 * the program cannot be executed (detail = errno), WEIR_E_IO, WEIR_E_NOMEM.
 */
struct weir_child *weir_child_start(
    struct weir_loop *loop, const struct weir_child_opts *opts, struct weir_err *err);

/**
 * weir_child_find: where a program lies. A name with a slash is a path, which is looked at when it
 * is started; another one is searched as execvp(3) does: the first regular file in PATH's folders
 * that we may execute, an empty part being the folder that we are in. Without PATH, or with an
 * empty one, the folders are /bin and /usr/bin.
 *
 * Returns 0 with path filled, or -1 with *err set: WEIR_E_CONFIG; detail: ENOENT, there is none;
 * EACCES, there are only such that we may not execute; ENAMETOOLONG.
 */
int weir_child_find(const char *name, char path[PATH_MAX], struct weir_err *err);

/** weir_child_kill: send a signal to it and to all in its session's first process group. Nothing
 *  happens after its end, but with WEIR_CHILD_GROUP_STAYS to those that it left behind. */
void weir_child_kill(struct weir_child *child, int number);

/** weir_child_peak_kib: the peak of its resident memory (VmHWM), or -1 when it cannot be read. */
int64_t weir_child_peak_kib(const struct weir_child *child);

/** weir_child_cpu_us: the CPU time that it has used so far, all its threads, or -1 when it cannot
 * be read. Of what it started itself nothing is in it. */
int64_t weir_child_cpu_us(const struct weir_child *child);

/** weir_child_free: kill it and its group if they live, wait for it, and forget it. Accepts NULL.
 */
void weir_child_free(struct weir_child *child);

/**
 * weir_child_adopt: from now on this process inherits the orphans of its descendants
 * (PR_SET_CHILD_SUBREAPER), so that weir_child_end_orphans finds them. Not where it had children
 * before the first weir_child: theirs would come to us as well.
 */
void weir_child_adopt(void);

/** weir_child_end_orphans: when no weir_child lives any more, in any thread: kill and reap what is
 *  still a child of this process, i.e. what left its group and lost its parent. For processes that
 *  start no others; nothing happens in one that had children before (an exec keeps a shell's). */
void weir_child_end_orphans(void);

#endif
