#ifndef WEIR_HANDLERS_ARCHIVE_PROGRAMS_H
#define WEIR_HANDLERS_ARCHIVE_PROGRAMS_H

#include "core/err.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

/* The programs that an event may name: WEIR_PROGRAMS, checked. */
struct weir_program {
    const char *path; /* resolved; owned by the table */
    bool credentials; /* AWS's are left in its environment */
};

struct weir_programs;

/**
 * weir_programs_new: read and check the table.
 *
 * text       WEIR_PROGRAMS; NULL or "" is an empty table
 * task_root  where relative paths begin; programs lie below it or below /opt, links resolved
 *
 * Returns it (weir_programs_free), or NULL with *err set: WEIR_E_CONFIG naming the program and what
 * is wrong with it, WEIR_E_NOMEM.
 */
struct weir_programs *weir_programs_new(
    const char *text, const char *task_root, struct weir_err *err);

/** weir_programs_find: by name; false when there is none. */
bool weir_programs_find(
    const struct weir_programs *programs, const char *name, struct weir_program *ret);

/** weir_programs_free: accepts NULL. */
void weir_programs_free(struct weir_programs *programs);

#endif
