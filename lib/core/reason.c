#include "core/reason.h"

#include <errno.h>
#include <string.h>
#include <uv.h>

const char *weir_reason(int e)
{
    static const char unknown[] = "Unknown";
    const int code = uv_translate_sys_error(e);
    char text[64];

    if (e == EISDIR) {
        return "is a folder";
    }
    /* Of numbers that libuv's own calls never give it only says that it does not know them, in
     * memory that nobody frees. */
    if (strncmp(uv_err_name_r(code, text, sizeof text), unknown, strlen(unknown)) != 0) {
        return uv_strerror(code);
    }
    const char *own = strerror_r(e, text, sizeof text); /* GNU's: a constant, but for no number */
    return own != text ? own : "an error without a name";
}
