#ifndef WEIR_NET_BENEATH_H
#define WEIR_NET_BENEATH_H

/**
 * weir_open_beneath: open what is at path below a folder, if the way there does not leave it.
 *
 * root   the folder's descriptor
 * path   relative, without empty, "." or ".." parts; each shorter than NAME_MAX + 1
 * flags  open(2)'s, but for those that make files; O_CLOEXEC is added
 *
 * The kernel holds every link on the way to it, also one that is put there in this moment
 * (openat2(2), RESOLVE_BENEATH). Where it cannot (before Linux 5.6, in some sandboxes), no link is
 * followed at all.
 *
 * Returns a descriptor, or -1 with errno set: EXDEV or ELOOP when a link leads out of the folder.
 * Any thread.
 */
int weir_open_beneath(int root, const char *path, int flags);

#endif
