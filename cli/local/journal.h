#ifndef WEIR_CLI_LOCAL_JOURNAL_H
#define WEIR_CLI_LOCAL_JOURNAL_H

#include "core/err.h"

#include <stddef.h>
#include <stdint.h>

/*
 * A file of records that survives a kill at any point. A record is a line: its CRC-32 in eight
 * digits, a blank, one JSON document without a line break. It is there when weir_journal_append has
 * returned 0: written and synced. What a kill leaves of a record that was being written is the
 * file's tail without a line end, or with a wrong sum, and is cut off when the journal is opened
 * again. A wrong record with others behind it was not made by a kill, and is an error.
 *
 * One process at a time; the caller sees to that.
 */
struct weir_journal;

/**
 * weir_journal_open: read all records, make the file ready for more.
 *
 * path       made when it is not there; copied
 * on_record  called for each record in order; the text is NUL-terminated and valid until it
 *            returns, which it does with 0, or with -1 and *err set to stop
 * torn       receives how many bytes were cut off at the end; may be NULL
 *
 * Returns it (weir_journal_free), or NULL with *err set: WEIR_E_DATA naming the line, on_record's
 * error, WEIR_E_IO, WEIR_E_NOMEM.
 */
struct weir_journal *weir_journal_open(const char *path,
    int (*on_record)(void *ctx, const char *json, size_t len, struct weir_err *err), void *ctx,
    size_t *torn, struct weir_err *err);

/** weir_journal_free: close it. Accepts NULL. */
void weir_journal_free(struct weir_journal *journal);

/**
 * weir_journal_append: add a record and sync it.
 *
 * Returns 0, or -1 with *err set and the file as it was: WEIR_E_IO (a full disk), WEIR_E_LIMIT (a
 * record of more than WEIR_JOURNAL_RECORD_MAX_BYTES), WEIR_E_DATA (a line break). Where the file
 * cannot be brought back to what it was, or a sync fails, every later call fails too: nobody knows
 * what is on the disk then.
 */
int weir_journal_append(
    struct weir_journal *journal, const char *json, size_t len, struct weir_err *err);

/** weir_journal_bytes: how long the file is. */
uint64_t weir_journal_bytes(const struct weir_journal *journal);

/* A new file in the making: what weir_journal_rewrite hands to its callback. */
struct weir_journal_new;

/** weir_journal_put: add a record to it. 0, or -1 with *err set. */
int weir_journal_put(
    struct weir_journal_new *to, const char *json, size_t len, struct weir_err *err);

/**
 * weir_journal_rewrite: replace all records by those that `write` puts, in one step (a file of its
 * own, synced and renamed).
 *
 * Returns 0, or -1 with *err set and the old records still there: write's error, WEIR_E_IO.
 */
int weir_journal_rewrite(struct weir_journal *journal,
    int (*write)(void *ctx, struct weir_journal_new *to, struct weir_err *err), void *ctx,
    struct weir_err *err);

#endif
