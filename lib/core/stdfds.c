#include "core/stdfds.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int weir_stdfds_open(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) != -1 || errno != EBADF) {
            continue;
        }
        /* The lowest free number is fd: those below it are open by now. */
        if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) == -1) {
            return -1;
        }
    }
    return 0;
}
