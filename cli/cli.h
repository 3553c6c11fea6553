#ifndef WEIR_CLI_CLI_H
#define WEIR_CLI_CLI_H

#include "core/err.h"
#include "core/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What every verb of the command shares: options, values, exit codes and the one line that an error
 * is. A verb is a file, cli/<verb>.c with
 *
 *     int weir_cli_<verb>(int argc, char **argv);   argv[0] is the verb; returns the exit status
 *
 * a text, cli/help/<verb>.txt, and a line in the table of cli/verbs.c. --help, --version and
 * unknown verbs are main.c's.
 */

#define WEIR_EXIT_DONE 0
#define WEIR_EXIT_DATA 1   /* done, and the data is at fault */
#define WEIR_EXIT_CONFIG 2 /* usage or configuration */
#define WEIR_EXIT_FAILED 3

/** weir_cli_exit: the exit status that an error stands for: WEIR_E_CONFIG is 2, so is WEIR_E_REMOTE
 *  404 (what was named is not there); WEIR_E_CANCEL 128 + its signal; WEIR_OK 0; all else 3. */
int weir_cli_exit(const struct weir_err *err);

/** weir_cli_fail: print "weir: <verb>: <message>" as one line on stderr; returns weir_cli_exit. */
int weir_cli_fail(const char *verb, const struct weir_err *err);

/** weir_cli_usage: the same for an error of weir_cli_parse, and in the same line where help is.
 * Returns 2.
 */
int weir_cli_usage(const char *verb, const struct weir_err *err);

/** weir_cli_note: a line "weir: <verb>: <text>" on stderr (core/line.h); verb may be NULL. What is
 *  told although nothing failed is the caller's to leave out under --quiet. */
void weir_cli_note(const char *verb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Options. A verb fills a table; each entry says where its value goes. `to` keeps what it had when
 * the option is not given, so defaults are set before.
 */
enum weir_opt_kind {
    WEIR_OPT_FLAG,      /* bool: no value */
    WEIR_OPT_TEXT,      /* const char *: borrowed from argv, not empty */
    WEIR_OPT_COUNT,     /* int64_t: a whole number min..max */
    WEIR_OPT_SIZE,      /* int64_t: bytes, min..max; see weir_cli_size */
    WEIR_OPT_SHARE,     /* double: 0..1; see weir_cli_share */
    WEIR_OPT_SECONDS,   /* int64_t: milliseconds, min..max, written as seconds ("900", "0.5") */
    WEIR_OPT_WORD,      /* size_t: index into words */
    WEIR_OPT_LIST,      /* struct weir_opt_list: may be given again and again */
    WEIR_OPT_PAIR,      /* struct weir_opt_pairs: name and value, for others to read */
    WEIR_OPT_PAIR_FLAG, /* the same without a value: "true" */
};

struct weir_opt_list {
    const char *items[WEIR_CLI_LIST_MAX]; /* borrowed from argv */
    size_t n;
};

struct weir_opt_pairs {
    struct weir_opt_pair {
        const char *name, *value; /* of the table, and borrowed from argv */
    } items[WEIR_CLI_LIST_MAX];
    size_t n;
};

struct weir_opt {
    const char *name; /* "size" is --size */
    char letter;      /* 'o' is -o; 0 for none */
    enum weir_opt_kind kind;
    void *to;
    int64_t min, max;         /* WEIR_OPT_COUNT, _SIZE, _SECONDS (in ms) */
    const char *const *words; /* WEIR_OPT_WORD: ends with NULL */
};

/* What verbs have in common; each takes those that it uses, and lists them in its help. */
struct weir_cli {
    bool quiet;    /* -q --quiet: no progress, no notes; failures are told all the same */
    bool progress; /* --progress: at once, and as plain lines where stderr is no terminal */
    bool verbose;  /* -v --verbose: more notes */
};

/* clang-format off */
#define WEIR_CLI_QUIET(cli)                                                                   \
    { .name = "quiet", .letter = 'q', .kind = WEIR_OPT_FLAG, .to = &(cli)->quiet }
#define WEIR_CLI_PROGRESS(cli)                                                                \
    { .name = "progress", .kind = WEIR_OPT_FLAG, .to = &(cli)->progress }
#define WEIR_CLI_VERBOSE(cli)                                                                 \
    { .name = "verbose", .letter = 'v', .kind = WEIR_OPT_FLAG, .to = &(cli)->verbose }
#define WEIR_CLI_THREADS(n)                                                                   \
    { .name = "threads", .letter = 'j', .kind = WEIR_OPT_COUNT, .to = (n), .min = 1, .max = WEIR_THREADS_MAX }
/* Of verbs that run a function; into the members of these names */
#define WEIR_CLI_FUNCTION(args)                                                               \
    { .name = "handler", .kind = WEIR_OPT_TEXT, .to = &(args)->handler },                     \
    { .name = "bootstrap", .kind = WEIR_OPT_TEXT, .to = &(args)->bootstrap },                 \
    { .name = "env", .kind = WEIR_OPT_LIST, .to = &(args)->env },                             \
    { .name = "timeout", .kind = WEIR_OPT_SECONDS, .to = &(args)->timeout_ms, .min = 1, .max = WEIR_CLI_TIME_MAX_MS }
/* clang-format on */

/**
 * weir_cli_parse: read a verb's arguments.
 *
 * opts, opts_n  the table
 * argc, argv    argv[0] is the verb and is skipped
 * args          receives up to args_max arguments that are no options, borrowed from argv; "-" is
 *               such an argument, and so is everything after "--"
 *
 * Takes --name VALUE, --name=VALUE, -x VALUE, -xVALUE, -xy for flags, in any order with the
 * arguments. Returns how many arguments there are, or -1 with *err set to WEIR_E_CONFIG and a
 * message that begins with the option ("--size: 12XB is no size (150MB, 64KiB)").
 */
int weir_cli_parse(const struct weir_opt *opts, size_t opts_n, int argc, char **argv,
    const char **args, size_t args_max, struct weir_err *err);

/** weir_cli_value: read a value as the option does, e.g. "64KiB" into an int64_t. Returns 0, or -1
 *  with *err set to WEIR_E_CONFIG and a message that does not name the option. */
int weir_cli_value(const struct weir_opt *opt, const char *text, struct weir_err *err);

/**
 * weir_cli_size: bytes: a number with at most 9 decimals and one of the units B, kB, MB, GB, TB
 * (powers of 1000), KiB, MiB, GiB, TiB (of 1024); case does not matter, and the B may be left out.
 * A fraction of a byte is dropped. Returns 0, or -1 with *err set to WEIR_E_CONFIG.
 */
int weir_cli_size(const char *text, int64_t *ret, struct weir_err *err);

/**
 * weir_cli_share: "1%" or "0.01"; between 0 and 1. A bare number of 1 or more is refused, because
 * one cannot know whether 1 means one percent or all. Returns 0, or -1 with WEIR_E_CONFIG.
 */
int weir_cli_share(const char *text, double *ret, struct weir_err *err);

/** weir_cli_suggest: the name that text may have been meant as, or NULL. names ends with NULL. */
const char *weir_cli_suggest(const char *text, const char *const *names);

/** weir_cli_bytes_text: "150.0 MB" for people; decimal units. ret has room for 32 bytes. */
void weir_cli_bytes_text(uint64_t bytes, char ret[32]);

#endif
