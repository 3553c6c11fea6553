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

/**
 * weir_secret_hide: close this process to all others of its user, the programs that it starts
 * among them: nobody but root reads its environment or its memory any more (/proc/PID/environ,
 * mem; ptrace), and an end by a fault leaves no core file. What is exec'ed is open again.
 */
void weir_secret_hide(void);

#endif
