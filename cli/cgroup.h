#ifndef WEIR_CLI_CGROUP_H
#define WEIR_CLI_CGROUP_H

#include "core/err.h"

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Limits for one process and what it starts: a control group of its own, below the group that this
 * process is in. Version 2 and version 1 of the interface, whichever has the controllers here.
 * Under version 2 a group with processes has no groups with limits below it, so there the new one
 * is made beside it; under version 1 memory and CPU are two trees, with a group in each.
 */
#define WEIR_CGROUP_DIRS 2

struct weir_cgroup {
    char dirs[WEIR_CGROUP_DIRS][PATH_MAX]; /* memory's first */
    int procs_fds[WEIR_CGROUP_DIRS];       /* write "0" to each: the writer moves in */
    size_t n;                              /* how many of them there are; 0: no control group */
    int version;                           /* 1 or 2 */
};

struct weir_cgroup_limits {
    int64_t memory_bytes; /* swap included */
    double cpus;          /* of CPU time per time; 0: no limit */
};

/**
 * weir_cgroup_new: make a group with these limits, all of them or none.
 *
 * Returns 0 with *ret filled (weir_cgroup_fini), or -1 with *err set and *ret empty: WEIR_E_IO
 * when there is no right to, or no controller.
 */
int weir_cgroup_new(
    const struct weir_cgroup_limits *limits, struct weir_cgroup *ret, struct weir_err *err);

/** weir_cgroup_oom_kills: how many processes in it were killed because memory ran out. */
uint64_t weir_cgroup_oom_kills(const struct weir_cgroup *group);

/** weir_cgroup_fini: remove it; its processes must be gone. An empty one is a no-op. */
void weir_cgroup_fini(struct weir_cgroup *group);

#endif
