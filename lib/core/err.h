#ifndef WEIR_CORE_ERR_H
#define WEIR_CORE_ERR_H

/*
 * Errors. A struct weir_err belongs to the caller, is filled once, where the error is detected, and
 * needs no memory. Callers on the way up may put a prefix before the message, never replace it. The
 * code is what a program acts on (exit status, Lambda errorType, whether a retry can help); the
 * message is for people: which, where, how much. It never holds payload bytes or secrets.
 */

#define WEIR_ERR_MSG_BYTES 256

enum weir_code {
    WEIR_OK,
    WEIR_E_NOMEM,    /* an allocation failed */
    WEIR_E_LIMIT,    /* a ceiling of lib/core/limits.h was reached */
    WEIR_E_DATA,     /* the input cannot be read as what it should be */
    WEIR_E_CONFIG,   /* a setting, flag, schema or pattern is wrong */
    WEIR_E_IO,       /* a local file or descriptor failed; detail = errno */
    WEIR_E_NET,      /* a connection failed; retryable; detail = the library's code */
    WEIR_E_REMOTE,   /* a server said no; detail = HTTP status */
    WEIR_E_PROGRAM,  /* a program that was run failed; detail = exit status, or 128 + signal */
    WEIR_E_DEADLINE, /* the time given ran out */
    WEIR_E_CANCEL,   /* somebody asked to stop; detail = signal number, or 0 */
    WEIR_E_BUG,      /* a contract inside weir was broken */
};

struct weir_err {
    enum weir_code code;
    int detail;
    char msg[WEIR_ERR_MSG_BYTES];
};

/**
 * weir_err_set: compose an error.
 *
 * err   receives it; an error already there is kept (the first one wins). May be NULL.
 * code  not WEIR_OK
 * fmt   printf format of the message, cut at WEIR_ERR_MSG_BYTES - 1 bytes on a UTF-8 boundary
 *
 * Always returns -1, so that "return weir_err_set(...)" reads well. Any thread.
 */
int weir_err_set(struct weir_err *err, enum weir_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/** weir_err_detail: the same with a detail (see enum weir_code). Always returns -1. */
int weir_err_detail(struct weir_err *err, enum weir_code code, int detail, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/**
 * weir_err_keep: take an error that was found elsewhere, as it is.
 *
 * err  receives it; one that is already there is kept. May be NULL
 * why  its code is not WEIR_OK
 *
 * Always returns -1. Any thread.
 */
int weir_err_keep(struct weir_err *err, const struct weir_err *why);

/** weir_err_prefix: put "<prefix>: " before the message, cutting the message's end if need be. */
void weir_err_prefix(struct weir_err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/**
 * weir_err_type: the Lambda errorType of a code, e.g. "Function.BadData".
 *
 * Matches (Runtime|Function)\.[A-Z][a-zA-Z]+, the grammar that the Runtime API records. Static.
 */
const char *weir_err_type(enum weir_code code);

#endif
