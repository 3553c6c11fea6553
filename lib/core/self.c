#include "core/self.h"

#include "core/reason.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int weir_self_folder(char *ret, size_t size, struct weir_err *err)
{
    ssize_t n = readlink("/proc/self/exe", ret, size);
    int e = errno;

    if (n < 0 || (size_t)n >= size) { /* as long as the room: readlink may have cut it */
        ret[0] = '\0';
        return n < 0 ? weir_err_detail(err, WEIR_E_IO, e, "/proc/self/exe: %s", weir_reason(e))
                     : weir_err_set(err, WEIR_E_LIMIT, "this program's folder has too long a name");
    }
    ret[n] = '\0';
    char *slash = strrchr(ret, '/');
    if (slash == NULL) {
        ret[0] = '\0';
        return weir_err_set(err, WEIR_E_IO, "/proc/self/exe: no path");
    }
    slash[slash == ret ? 1 : 0] = '\0';
    return 0;
}
