#include "aws/location.h"
#include "cli/cli.h"
#include "cli/function.h"
#include "core/line.h"
#include "core/reason.h"
#include "net/signals.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct args {
    struct weir_cli cli;
    const char *event, *handler, *bootstrap;
    int64_t memory_mb, timeout_ms;
    struct weir_opt_list env;
};

static int parse(int argc, char **argv, struct args *a, struct weir_err *err)
{
    const struct weir_opt opts[] = {
        WEIR_CLI_FUNCTION(a),
        {.name = "memory",
            .kind = WEIR_OPT_COUNT,
            .to = &a->memory_mb,
            .max = WEIR_CLI_MEMORY_MAX_MB},
        WEIR_CLI_VERBOSE(&a->cli),
    };
    int n = weir_cli_parse(opts, sizeof opts / sizeof *opts, argc, argv, &a->event, 1, err);

    if (n < 0) {
        return -1;
    }
    if (n == 0) {
        return weir_err_set(err, WEIR_E_CONFIG, "no event: name a JSON file, or -");
    }
    return 0;
}

static void on_start(void *ctx, const char *request_id)
{
    (void)ctx;
    weir_line_print(STDERR_FILENO, "", "START RequestId: %s Version: $LATEST", request_id);
}

static const char *status_text(enum weir_function_outcome outcome)
{
    switch (outcome) {
    case WEIR_FUNCTION_ANSWERED:
        return "";
    case WEIR_FUNCTION_ERROR:
        return " Status: error";
    case WEIR_FUNCTION_TIMED_OUT:
        return " Status: timeout";
    case WEIR_FUNCTION_DIED:
    case WEIR_FUNCTION_NO_START:
        return " Status: error Error Type: Runtime.ExitError";
    case WEIR_FUNCTION_OUT_OF_MEMORY:
        return " Status: error Error Type: Runtime.OutOfMemory";
    }
    return "";
}

/* Billed is Duration and Init, rounded up: Lambda bills the init of custom runtimes, too. */
static void print_report(const struct weir_function_result *r, int64_t memory_mb)
{
    int64_t billed_ms = (r->duration_us + r->init_us + 999) / 1000;

    weir_line_print(STDERR_FILENO, "", "END RequestId: %s", r->request_id);
    weir_line_print(STDERR_FILENO, "",
        "REPORT RequestId: %s Duration: %.2f ms Billed Duration: %" PRId64
        " ms Memory Size: %" PRId64 " MB Max Memory Used: %" PRId64
        " MB Init Duration: %.2f ms CPU Time: %.2f ms%s",
        r->request_id, (double)r->duration_us / 1000, billed_ms, memory_mb,
        (r->peak_kib + 1023) / 1024, (double)r->init_us / 1000, (double)r->cpu_us / 1000,
        status_text(r->outcome));
}

static int print_body(const struct weir_buf *body, struct weir_err *err)
{
    bool ended = body->len > 0 && body->p[body->len - 1] == '\n';

    if ((body->len > 0 && fwrite(body->p, 1, body->len, stdout) != body->len) ||
        (!ended && fputc('\n', stdout) == EOF) || fflush(stdout) != 0) {
        return weir_err_detail(err, WEIR_E_IO, errno, "stdout: %s", weir_reason(errno));
    }
    return 0;
}

/* Why there is no answer. Always returns -1. */
static int no_answer(
    const struct args *a, const struct weir_function_result *r, struct weir_err *err)
{
    int status = r->wait_status;

    if (r->outcome == WEIR_FUNCTION_OUT_OF_MEMORY) {
        return weir_err_set(err, WEIR_E_LIMIT,
            "bootstrap: ran out of memory: killed at the limit of %" PRId64 " MB", a->memory_mb);
    }
    if (r->outcome == WEIR_FUNCTION_NO_START) {
        return weir_err_set(err, WEIR_E_DEADLINE, "bootstrap: did not ask for work within %d s",
            WEIR_INVOKE_INIT_MS / 1000);
    }
    if (WIFSIGNALED(status)) {
        return weir_err_set(err, WEIR_E_IO,
            "bootstrap: killed by signal %d (%s) before it answered%s", WTERMSIG(status),
            strsignal(WTERMSIG(status)), weir_function_doubt(r));
    }
    return weir_err_set(err, WEIR_E_IO, "bootstrap: ended with status %d before it answered%s",
        WEXITSTATUS(status), weir_function_doubt(r));
}

static void tell_limit(const struct args *a, enum weir_function_limit limit)
{
    static const char *const names[] = {[WEIR_LIMIT_NONE] = "not limited",
        [WEIR_LIMIT_CGROUP_V1] = "limited by a control group (version 1)",
        [WEIR_LIMIT_CGROUP_V2] = "limited by a control group (version 2)",
        [WEIR_LIMIT_RLIMIT] = "limited by RLIMIT_DATA; there is no right to make a control group"};

    if (a->cli.verbose) {
        weir_cli_note("invoke", "memory: %s", names[limit]);
    }
}

/* Returns the exit status, or -1 with *err set. */
static int invoke(struct weir_loop *loop, const struct args *a, struct weir_err *err)
{
    struct weir_function_opts opts = {.bootstrap = a->bootstrap,
        .handler = a->handler,
        .memory_mb = a->memory_mb,
        .timeout_ms = a->timeout_ms,
        .env = a->env.items,
        .env_n = a->env.n,
        .on_start = on_start};
    struct weir_function_result result;
    struct weir_buf event;
    char beside[PATH_MAX];
    struct weir_signals *signals = weir_signals_new(loop, err);
    int rc = -1;

    weir_buf_init(&event, WEIR_JSON_DOC_MAX_BYTES);
    if (signals == NULL || weir_location_load(loop, a->event, &event, err) != 0) {
        goto out;
    }
    if (opts.bootstrap == NULL) {
        if (weir_function_bootstrap(beside, sizeof beside, err) != 0) {
            goto out;
        }
        opts.bootstrap = beside;
    }
    opts.event = (const char *)event.p;
    opts.event_len = event.len;
    if (weir_function_run(loop, &opts, &result, err) != 0) {
        goto out;
    }
    weir_signals_free(signals); /* a stdout that nobody reads is to be left the usual way */
    signals = NULL;
    tell_limit(a, result.limit);
    print_report(&result, a->memory_mb);
    if (result.outcome <= WEIR_FUNCTION_TIMED_OUT) {
        rc = print_body(&result.body, err);
    } else {
        rc = no_answer(a, &result, err);
    }
    if (rc == 0 && result.outcome != WEIR_FUNCTION_ANSWERED) {
        rc = WEIR_EXIT_DATA;
    }
    weir_function_result_fini(&result);
out:
    weir_signals_free(signals);
    weir_buf_fini(&event);
    return rc;
}

int weir_cli_invoke(int argc, char **argv)
{
    struct args a = {.handler = "validate",
        .memory_mb = WEIR_INVOKE_MEMORY_MB,
        .timeout_ms = WEIR_INVOKE_TIMEOUT_MS};
    struct weir_err err = {0};

    if (parse(argc, argv, &a, &err) != 0) {
        return weir_cli_usage("invoke", &err);
    }
    struct weir_loop *loop = weir_loop_new(&err);
    int rc = loop != NULL ? invoke(loop, &a, &err) : -1;
    weir_loop_free(loop);
    return rc >= 0 ? rc : weir_cli_fail("invoke", &err);
}
