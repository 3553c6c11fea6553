#ifndef WEIR_HANDLERS_VALIDATE_OPTIONS_H
#define WEIR_HANDLERS_VALIDATE_OPTIONS_H

#include "aws/location.h"
#include "codec/charset.h"
#include "core/err.h"
#include "core/limits.h"
#include "csv/dialect.h"
#include "csv/reader.h"
#include "json/doc.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * How a job reads and writes, by names that are the same everywhere: a member "skip_lines" of a
 * JSON object, a flag --skip-lines. docs/CSV.md says what each one means.
 */
enum weir_validate_empty { WEIR_EMPTY_ABSENT, WEIR_EMPTY_NULL, WEIR_EMPTY_STRING, WEIR_EMPTY_SAME };

enum weir_validate_booleans {
    WEIR_BOOLEANS_WORDS,  /* true, false */
    WEIR_BOOLEANS_DIGITS, /* and 1, 0 */
    WEIR_BOOLEANS_YES,    /* and yes, no */
    WEIR_BOOLEANS_ANY,    /* and all of these, y, n, t, f, on, off, in any case */
};

enum weir_validate_input { WEIR_INPUT_AUTO, WEIR_INPUT_CSV, WEIR_INPUT_NDJSON };
enum weir_validate_output { WEIR_OUTPUT_ANNOTATE, WEIR_OUTPUT_SPLIT, WEIR_OUTPUT_REPORT };
enum weir_validate_formats { WEIR_FORMATS_ASSERT, WEIR_FORMATS_ANNOTATE };
enum weir_validate_report { WEIR_REPORT_AUTO, WEIR_REPORT_CSV, WEIR_REPORT_NDJSON };

struct weir_validate_options {
    enum weir_validate_input input; /* _AUTO: by its name */
    enum weir_validate_output output;
    enum weir_validate_report report;   /* _AUTO: by the output's name, or as the input is */
    enum weir_validate_formats formats; /* of the schema: the caller's to heed when it loads it */
    uint64_t max_errors; /* problems that are described, of all rows; 0: any number */
    uint64_t fail_fast;  /* invalid rows with which the whole fails; 0: never */
    bool strict;         /* what is no row of the table, or no JSON, fails the whole */
    struct weir_csv_dialect dialect;
    enum weir_csv_engine csv_engine;
    enum weir_charset charset;
    bool no_header; /* the first record is a row */
    char *header;   /* the columns' names, a record of the common dialect, for a text without a
                     * header; NULL: none given. Owned */
    char *unique[WEIR_UNIQUE_MAX]; /* names of columns, records as `header`: no two rows may have
                                    * the same values in them. Owned */
    size_t unique_n;
    uint64_t unique_memory;                /* bytes for the keys that were seen */
    enum weir_validate_empty empty;        /* what a cell without a byte is; never _SAME */
    enum weir_validate_empty quoted_empty; /* and one that was written as two quotes */
    enum weir_validate_booleans booleans;
    bool trim; /* blanks around a cell are not part of its value */
};

/** weir_validate_options_init: what holds where nothing is said; weir_validate_options_fini:
 * release it. */
void weir_validate_options_init(struct weir_validate_options *o);
void weir_validate_options_fini(struct weir_validate_options *o);

/** weir_validate_options_not_unique: nothing is to be, any more. */
void weir_validate_options_not_unique(struct weir_validate_options *o);

/** weir_validate_options_copy: *to becomes a copy (weir_validate_options_fini). Returns 0, or -1
 * with *err set: WEIR_E_NOMEM. */
int weir_validate_options_copy(struct weir_validate_options *to,
    const struct weir_validate_options *from, struct weir_err *err);

/**
 * weir_validate_options_set: set one by its name ("skip_lines"; '-' is as good as '_'); `unique`
 * gets one more.
 *
 * text  as on a command line; flags are "true" or "false"
 *
 * Returns 0, or -1 with *err set: WEIR_E_CONFIG; the message does not repeat the name.
 */
int weir_validate_options_set(
    struct weir_validate_options *o, const char *name, const char *text, struct weir_err *err);

/** weir_validate_options_json: set those that are members of a JSON object. Returns 0, or -1 with
 *  *err set: WEIR_E_CONFIG, the message begins with the JSON Pointer. */
int weir_validate_options_json(
    struct weir_validate_options *o, const struct weir_doc *object, struct weir_err *err);

/** weir_validate_options_check: whether they fit together, after the last one is set. Returns 0, or
 *  -1 with *err set: WEIR_E_CONFIG. */
int weir_validate_options_check(struct weir_validate_options *o, struct weir_err *err);

/** weir_validate_options_resolve: what is _AUTO by the names of input and output (NULL: unknown):
 *  .ndjson and .jsonl, also with .gz behind, are JSON Lines, all else is CSV. */
void weir_validate_options_resolve(
    struct weir_validate_options *o, const char *in_name, const char *out_name);

/** weir_validate_options_json_out: whether the output is JSON Lines; resolved. */
bool weir_validate_options_json_out(const struct weir_validate_options *o);

/** weir_validate_options_ext: what the name of the output ends in, without a dot: "csv", "ndjson",
 *  or "jsonl" where the input is named so; resolved. Static. */
const char *weir_validate_options_ext(const struct weir_validate_options *o, const char *in_name);

/** weir_validate_options_load: set those that are in a JSON document: a path, s3://bucket/key or -;
 *  runs the loop. Returns 0, or -1 with *err set; the message names the place. */
int weir_validate_options_load(struct weir_places *places, const char *name,
    struct weir_validate_options *o, struct weir_err *err);

#endif
