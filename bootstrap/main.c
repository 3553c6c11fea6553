#include "bootstrap/handlers.h"
#include "bootstrap/runtime.h"
#include "core/env.h"
#include "core/limits.h"
#include "core/log_env.h"
#include "core/secret.h"
#include "core/self.h"
#include "core/stdfds.h"
#include "net/signals.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

int main(void)
{
    char folder[PATH_MAX];
    struct weir_log log = {.fd = STDERR_FILENO};
    struct weir_err err = {0};
    int64_t undo_ms = 0;

    weir_secret_hide(); /* the role's keys are in the environment: not for a handler's programs */
    if (weir_stdfds_open() != 0) {
        return WEIR_RUNTIME_FAILED;
    }
    weir_signals_begin();
    weir_log_env(&log);
    bool good = weir_env_int("WEIR_UNDO_MS", WEIR_RUNTIME_UNDO_MS, 1, WEIR_RUNTIME_UNDO_MAX_MS,
                    &undo_ms, &err) == 0;
    bool known = weir_self_folder(folder, sizeof folder, NULL) == 0;
    const struct weir_runtime runtime = {
        .api = getenv("AWS_LAMBDA_RUNTIME_API"),
        .handler = getenv("_HANDLER"),
        .handlers = weir_handlers,
        .handlers_n = weir_handlers_n,
        .folder = known ? folder : ".", /* where Lambda starts us, and people too */
        .log = &log,
        .concurrency = getenv("AWS_LAMBDA_MAX_CONCURRENCY"),
        .extension = true,
        .undo_ms = undo_ms,
        .fault = good ? NULL : &err,
    };
    return weir_runtime_run(&runtime);
}
