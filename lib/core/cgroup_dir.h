#ifndef WEIR_CORE_CGROUP_DIR_H
#define WEIR_CORE_CGROUP_DIR_H

#include <stdbool.h>
#include <stddef.h>

/* Where the control group of this process lies, in either version of the interface (cgroups(7)). */

/**
 * weir_cgroup_dir_own: the folder of the group that this process is in.
 *
 * version     1 or 2
 * controller  its tree, in version 1
 *
 * Returns true with ret filled, or false: no such tree, or the name does not fit.
 */
bool weir_cgroup_dir_own(int version, const char *controller, char *ret, size_t size);

/** weir_cgroup_dir_read: a short file of a group as text. Returns false, and "", without it. */
bool weir_cgroup_dir_read(const char *dir, const char *name, char *ret, size_t size);

/** weir_cgroup_dir_has: whether the comma- or blank-separated list has the word. */
bool weir_cgroup_dir_has(const char *list, const char *word);

/**
 * weir_cgroup_dir_cpus: how many CPUs this process may use by its group's quota, and those above
 * it; what is less than a whole one counts as one. Returns it, or 0 without a quota.
 */
size_t weir_cgroup_dir_cpus(void);

#endif
