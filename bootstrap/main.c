#include "bootstrap/handlers.h"
#include "bootstrap/runtime.h"

#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The folder of this program, for what is shipped beside it. */
static void own_folder(char *ret, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", ret, size - 1);

    ret[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(ret, '/');
    if (slash == NULL) { /* no /proc: where Lambda starts us, and people too */
        ret[0] = '.';
        ret[1] = '\0';
    } else {
        slash[slash == ret ? 1 : 0] = '\0';
    }
}

int main(void)
{
    char folder[PATH_MAX];
    struct weir_log log = {.fd = STDERR_FILENO};

    (void)signal(SIGPIPE, SIG_IGN); /* a peer that goes away is an error code, not the end */
    weir_runtime_log_level(&log, getenv("AWS_LAMBDA_LOG_LEVEL"));
    own_folder(folder, sizeof folder);
    const struct weir_runtime runtime = {
        .api = getenv("AWS_LAMBDA_RUNTIME_API"),
        .handler = getenv("_HANDLER"),
        .handlers = weir_handlers,
        .handlers_n = weir_handlers_n,
        .folder = folder,
        .log = &log,
    };
    return weir_runtime_run(&runtime);
}
