#include "core/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Drop a UTF-8 sequence that a cut at the end of s left incomplete. */
static void trim_utf8(char *s)
{
    size_t n = strlen(s), i = n;

    while (i > 0 && n - i < 4 && ((unsigned char)s[i - 1] & 0xC0) == 0x80) {
        i--;
    }
    if (i == 0) {
        return;
    }
    unsigned char lead = (unsigned char)s[i - 1];
    size_t want = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (n - (i - 1) < want) {
        s[i - 1] = '\0';
    }
}

__attribute__((format(printf, 4, 0))) static void compose(
    struct weir_err *err, enum weir_code code, int detail, const char *fmt, va_list ap)
{
    if (err == NULL || err->code != WEIR_OK) {
        return;
    }
    err->code = code;
    err->detail = detail;
    if (vsnprintf(err->msg, sizeof err->msg, fmt, ap) >= (int)sizeof err->msg) {
        trim_utf8(err->msg);
    }
}

int weir_err_set(struct weir_err *err, enum weir_code code, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    compose(err, code, 0, fmt, ap);
    va_end(ap);
    return -1;
}

int weir_err_detail(struct weir_err *err, enum weir_code code, int detail, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    compose(err, code, detail, fmt, ap);
    va_end(ap);
    return -1;
}

int weir_err_keep(struct weir_err *err, const struct weir_err *why)
{
    if (err != NULL && err->code == WEIR_OK) {
        *err = *why;
    }
    return -1;
}

void weir_err_prefix(struct weir_err *err, const char *fmt, ...)
{
    char old[WEIR_ERR_MSG_BYTES];
    va_list ap;

    if (err == NULL || err->code == WEIR_OK) {
        return;
    }
    memcpy(old, err->msg, sizeof old);
    va_start(ap, fmt);
    int n = vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    va_end(ap);
    if (n < 0 || n >= (int)sizeof err->msg) {
        memcpy(
            err->msg, old, sizeof old); /* a prefix that leaves no room says less than it hides */
        return;
    }
    size_t room = sizeof err->msg - (size_t)n;
    if (snprintf(err->msg + n, room, ": %s", old) >= (int)room) {
        trim_utf8(err->msg);
    }
}

const char *weir_err_type(enum weir_code code)
{
    switch (code) {
    case WEIR_OK:
        return "Runtime.Ok";
    case WEIR_E_NOMEM:
        return "Runtime.OutOfMemory";
    case WEIR_E_LIMIT:
        return "Function.LimitExceeded";
    case WEIR_E_DATA:
        return "Function.BadData";
    case WEIR_E_CONFIG:
        return "Function.BadConfiguration";
    case WEIR_E_IO:
        return "Function.FileError";
    case WEIR_E_NET:
        return "Function.NetworkError";
    case WEIR_E_REMOTE:
        return "Function.RemoteError";
    case WEIR_E_PROGRAM:
        return "Function.ProgramFailed";
    case WEIR_E_DEADLINE:
        return "Function.DeadlineExceeded";
    case WEIR_E_CANCEL:
        return "Function.Cancelled";
    case WEIR_E_BUG:
        return "Runtime.InternalError";
    }
    return "Runtime.Unknown";
}
