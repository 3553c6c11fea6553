#include "core/env.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *weir_env_text(const char *name, const char *otherwise)
{
    const char *s = getenv(name);

    return s != NULL && *s != '\0' ? s : otherwise;
}

bool weir_env_is(const char *name, const char *word)
{
    return strcasecmp(weir_env_text(name, ""), word) == 0 && *word != '\0';
}

int weir_env_int(const char *name, int64_t otherwise, int64_t min, int64_t max, int64_t *ret,
    struct weir_err *err)
{
    const char *s = weir_env_text(name, NULL);

    if (s == NULL) {
        *ret = otherwise;
        return 0;
    }
    errno = 0;
    long long n = strtoll(s, NULL, 10);
    if (s[strspn(s, "0123456789")] != '\0' || errno != 0 || n < min || n > max) {
        return weir_err_set(err, WEIR_E_CONFIG, "%s: must be a whole number from %lld to %lld",
            name, (long long)min, (long long)max);
    }
    *ret = n;
    return 0;
}
