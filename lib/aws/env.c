#include "aws/env.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *weir_env(const char *name)
{
    const char *s = getenv(name);

    return s != NULL && s[0] != '\0' ? s : NULL;
}

bool weir_env_is(const char *name, const char *value)
{
    const char *s = weir_env(name);

    return s != NULL && strcasecmp(s, value) == 0;
}

int weir_env_number(const char *name, int64_t min, int64_t max, int64_t *ret, struct weir_err *err)
{
    const char *s = weir_env(name);

    if (s == NULL) {
        return 0;
    }
    errno = 0;
    int64_t n = s[strspn(s, "0123456789")] == '\0' ? (int64_t)strtoll(s, NULL, 10) : -1;
    if (errno != 0 || n < min || n > max) {
        return weir_err_set(err, WEIR_E_CONFIG,
            "%s: must be a whole number from %" PRId64 " to %" PRId64, name, min, max);
    }
    *ret = n;
    return 0;
}
