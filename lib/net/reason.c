#include "net/reason.h"

#include <errno.h>
#include <uv.h>

const char *weir_reason(int e)
{
    return e == EISDIR ? "is a folder" : uv_strerror(uv_translate_sys_error(e));
}
