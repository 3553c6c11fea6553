#ifndef WEIR_CORE_SECRET_H
#define WEIR_CORE_SECRET_H

#include <string.h>

/** weir_secret_wipe: overwrite a text that is a secret. Accepts NULL. */
static inline void weir_secret_wipe(char *s)
{
    if (s != NULL) {
        explicit_bzero(s, strlen(s));
    }
}

/** weir_secret_free: the same, and free it. */
void weir_secret_free(char *s);

#endif
