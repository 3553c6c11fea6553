#ifndef WEIR_NET_FILE_PRIV_H
#define WEIR_NET_FILE_PRIV_H

#include "core/err.h"

#include <sys/stat.h>

/* A file in the making: hidden until it is published. file.c's other half; nobody else includes
 * this. */
struct weir_file_new;

/** weir_file_open_code: the error code for an errno of opening something. */
enum weir_code weir_file_open_code(int e);

/** weir_file_new_beside: a hidden file in path's folder, links followed. old is what is at path, or
 * NULL: its mode is kept. Returns NULL with *err set. */
struct weir_file_new *weir_file_new_beside(
    const char *path, const struct stat *old, struct weir_err *err);

/** weir_file_new_below: a hidden file in root/folder, to become root/folder/path, with the mode of
 * what is there. root is borrowed. */
struct weir_file_new *weir_file_new_below(
    int root, const char *folder, const char *path, struct weir_err *err);

/** weir_file_new_fd: where to write. Owned by the file. */
int weir_file_new_fd(const struct weir_file_new *f);

/** weir_file_new_sync: all that was written is on the disk. */
int weir_file_new_sync(struct weir_file_new *f, struct weir_err *err);

/** weir_file_new_publish: sync it, make missing folders, rename it, sync its folder. */
int weir_file_new_publish(struct weir_file_new *f, struct weir_err *err);

/** weir_file_new_free: close it, and remove it unless it was published. Accepts NULL. */
void weir_file_new_free(struct weir_file_new *f);

#endif
