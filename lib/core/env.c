#include "core/env.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *weir_env_text(const char *name, const char *otherwise)
{
    const char *s = getenv(name);

    return s != NULL && *s != '\0' ? s : otherwise;
}

int weir_env_word(const char *name, const char *const words[], size_t otherwise, size_t *ret,
    struct weir_err *err)
{
    const char *s = weir_env_text(name, NULL);
    char list[128] = "";

    if (s == NULL) {
        *ret = otherwise;
        return 0;
    }
    for (size_t i = 0; words[i] != NULL; i++) {
        size_t n = strlen(list);
        if (strcasecmp(s, words[i]) == 0) {
            *ret = i;
            return 0;
        }
        (void)snprintf(list + n, sizeof list - n, "%s%s",
            i == 0                 ? ""
            : words[i + 1] == NULL ? " or "
                                   : ", ",
            words[i]);
    }
    return weir_err_set(err, WEIR_E_CONFIG, "%s: must be %s", name, list);
}

int weir_env_flag(const char *name, bool *ret, struct weir_err *err)
{
    static const char *const words[] = {"false", "true", NULL};
    size_t i = 0;
    int rc = weir_env_word(name, words, 0, &i, err);

    *ret = i == 1;
    return rc;
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
