#include "event/handler.h"

#include <string.h>

int weir_handler_error_type(
    const struct weir_invocation *invocation, const char *type, struct weir_err *err)
{
    size_t len = strlen(type);

    if (len == 0 || len >= WEIR_ERROR_TYPE_BYTES) {
        return weir_err_set(err, WEIR_E_DATA, "an error type of %zu bytes: 1..%d are allowed", len,
            WEIR_ERROR_TYPE_BYTES - 1);
    }
    for (const char *p = type; *p != '\0'; p++) {
        if (*p < 0x21 || *p > 0x7E) {
            return weir_err_set(
                err, WEIR_E_DATA, "an error type must be printable ASCII without blanks");
        }
    }
    if (invocation->error_type != NULL) {
        memcpy(invocation->error_type, type, len + 1);
    }
    return 0;
}
