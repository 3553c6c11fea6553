#include "core/secret.h"

#include <stdlib.h>

void weir_secret_free(char *s)
{
    weir_secret_wipe(s);
    free(s);
}
