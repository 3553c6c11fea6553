#include "core/secret.h"

#include <stdlib.h>
#include <sys/prctl.h>

void weir_secret_free(char *s)
{
    weir_secret_wipe(s);
    free(s);
}

void weir_secret_hide(void)
{
    (void)prctl(PR_SET_DUMPABLE, 0); /* fails for no process */
}
