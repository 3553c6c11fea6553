#ifndef WEIR_CLI_CGROUP_H
#define WEIR_CLI_CGROUP_H

#include "core/err.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * A memory limit for one process and what it starts: a control group of its own, below the group
 * that this process is in. Version 2 and version 1 of the interface, whichever has the memory
 * controller here. Under version 2 a group with processes has no groups with limits below it, so
 * there the new one is made beside it.
 */
struct weir_cgroup {
    char dir[PATH_MAX]; /* "" when there is none */
    int procs_fd;       /* write "0" to it: the writer moves in. -1 when there is none */
    int version;        /* 1 or 2 */
};

/**
 * weir_cgroup_new: make a group whose memory, swap included, is limited.
 *
 * Returns 0 with *ret filled (weir_cgroup_fini), or -1 with *err set and *ret empty: WEIR_E_IO
 * when there is no right to, or no controller.
 */
int weir_cgroup_new(int64_t limit_bytes, struct weir_cgroup *ret, struct weir_err *err);

/** weir_cgroup_oom_kills: how many processes in it were killed because memory ran out. */
uint64_t weir_cgroup_oom_kills(const struct weir_cgroup *group);

/** weir_cgroup_fini: remove it; its processes must be gone. An empty one is a no-op. */
void weir_cgroup_fini(struct weir_cgroup *group);

#endif
