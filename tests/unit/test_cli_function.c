/*
 * Does one invocation under our Runtime API end in the outcome that Lambda would give it, measured,
 * and with the process gone? The program is its own bootstrap: started with a Runtime API in its
 * environment, it acts as WEIR_TEST_MODE says.
 */
#include "cli/cgroup.h"
#include "cli/cli.h"
#include "cli/function.h"
#include "cli/function_env.h"
#include "cli/runtime_api.h"
#include "core/clock.h"
#include "net/http.h"
#include "net/signals.h"
#include "tests/support/held_answer.h"
#include "tests/support/tempdir.h"

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define EVENT "{\"n\":[1,2]}"

int weir_cli_invoke(int argc, char **argv);

/* This program, as the bootstrap: by its path, because valgrind does not run /proc/self/exe. */
static char self_path[PATH_MAX], self_option[PATH_MAX + 16];

static void find_self(void)
{
    ssize_t n = readlink("/proc/self/exe", self_path, sizeof self_path - 1);

    assert_true(n > 0);
    self_path[n] = '\0';
    (void)snprintf(self_option, sizeof self_option, "--bootstrap=%s", self_path);
}

/* ---- the bootstrap ---- */

static long call(struct weir_loop *loop, const char *method, const char *path, const char *body,
    struct weir_buf *got, struct weir_http **ret)
{
    const char *api = getenv("AWS_LAMBDA_RUNTIME_API");
    struct weir_http_header type = {"Lambda-Runtime-Function-Error-Type", "Function.Test"};
    struct weir_err err = {0};
    char url[256];
    struct weir_http_request request = {.method = method,
        .url = url,
        .headers = &type,
        .headers_n = 1,
        .body = (const uint8_t *)body,
        .body_len = body != NULL ? strlen(body) : 0};

    (void)snprintf(url, sizeof url, "http://%s/2018-06-01/runtime/%s", api, path);
    got->len = 0;
    long status = weir_http_call(loop, &request, got, ret, &err);
    return status;
}

static void sleep_for_ever(void)
{
    for (;;) {
        (void)pause();
    }
}

static int be_bootstrap(const char *mode)
{
    struct weir_err err = {0};
    struct weir_loop *loop = weir_loop_new(&err);
    struct weir_http *next = NULL;
    struct weir_buf body;
    char path[256];
    sigset_t term;

    (void)sigemptyset(&term);
    (void)sigaddset(&term, SIGTERM);
    if (strcmp(mode, "undo") == 0) {
        (void)sigprocmask(SIG_BLOCK, &term, NULL); /* it may come before there is a wait for it */
    }
    if (strcmp(mode, "hang") == 0) {
        (void)signal(SIGTERM, SIG_IGN);
    }
    weir_buf_init(&body, 1 << 20);
    if (strcmp(mode, "no-start") == 0) {
        sleep_for_ever();
    }
    if (strcmp(mode, "init-error") == 0) {
        return call(loop, "POST", "init/error", "{\"errorMessage\":\"i\"}", &body, NULL) == 202;
    }
    if (strcmp(mode, "early") == 0) {
        return 7;
    }
    if (call(loop, "GET", "invocation/next", NULL, &body, &next) != 200) {
        return 20;
    }
    const char *id = weir_http_header(next, "Lambda-Runtime-Aws-Request-Id");
    if (strcmp(mode, "die") == 0) {
        return 9;
    }
    if (strcmp(mode, "kill") == 0) {
        (void)raise(SIGKILL);
    }
    if (strcmp(mode, "hang") == 0) {
        sleep_for_ever();
    }
    if (strcmp(mode, "undo") == 0) {
        int number;

        (void)sigwait(&term, &number);
        FILE *mark = fopen(getenv("WEIR_TEST_MARK"), "we");
        return mark != NULL && fclose(mark) == 0 ? 0 : 23;
    }
    if (strcmp(mode, "eat") == 0) {
        for (size_t i = 0; i < 4096; i++) {
            memset(malloc(WEIR_MIB), 1, WEIR_MIB);
        }
    }
    if (strcmp(mode, "gate") == 0) {
        held_answer_gate();
    }
    bool fails = strcmp(mode, "error") == 0;
    (void)snprintf(path, sizeof path, "invocation/%s/%s", id, fails ? "error" : "response");
    struct weir_err none = {0};
    const char *answer = fails ? "{\"errorMessage\":\"e\"}" : strdup(weir_buf_text(&body, &none));
    if (call(loop, "POST", path, answer, &body, NULL) != 202) {
        return 21;
    }
    if (strcmp(mode, "leave") == 0) {
        return 0;
    }
    (void)call(loop, "GET", "invocation/next", NULL, &body, NULL);
    return 22;
}

/* ---- the tests of weir_function_run ---- */

static int run_mode(const char *mode, int64_t memory_mb, int64_t timeout_ms,
    struct weir_function_result *result, struct weir_err *err)
{
    char env[64];
    const char *const vars[] = {env};
    struct weir_function_opts opts = {.bootstrap = self_path,
        .handler = "hello",
        .memory_mb = memory_mb,
        .timeout_ms = timeout_ms,
        .env = vars,
        .env_n = 1,
        .event = EVENT,
        .event_len = strlen(EVENT)};
    struct weir_loop *loop = weir_loop_new(err);

    (void)snprintf(env, sizeof env, "WEIR_TEST_MODE=%s", mode);
    assert_non_null(loop);
    int rc = weir_function_run(loop, &opts, result, err);
    weir_loop_free(loop);
    return rc;
}

static void body_is(const struct weir_function_result *r, const char *text)
{
    assert_int_equal(r->body.len, strlen(text));
    assert_memory_equal(r->body.p, text, strlen(text));
}

static void outcomes_are_those_of_lambda(void **state)
{
    static const struct {
        const char *mode;
        enum weir_function_outcome outcome;
        const char *body;
    } cases[] = {
        {"answer", WEIR_FUNCTION_ANSWERED, EVENT},
        {"leave", WEIR_FUNCTION_ANSWERED, EVENT},
        {"error", WEIR_FUNCTION_ERROR, "{\"errorMessage\":\"e\"}"},
        {"init-error", WEIR_FUNCTION_ERROR, "{\"errorMessage\":\"i\"}"},
        {"early", WEIR_FUNCTION_DIED, ""},
        {"die", WEIR_FUNCTION_DIED, ""},
        {"kill", WEIR_FUNCTION_DIED, ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_function_result r;
        struct weir_err err = {0};

        assert_int_equal(run_mode(cases[i].mode, 0, 60000, &r, &err), 0);
        assert_int_equal(r.outcome, cases[i].outcome);
        if (cases[i].body[0] != '\0') {
            body_is(&r, cases[i].body);
        }
        assert_int_equal(r.limit, WEIR_LIMIT_NONE);
        assert_true(r.cpu_us > 0 && r.peak_kib > 0);
        assert_int_equal(strlen(r.request_id), 36);
        assert_int_equal(wait(NULL), -1); /* no process is left */
        weir_function_result_fini(&r);
    }
}

static void answer_is_measured(void **state)
{
    struct weir_function_result r;
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(run_mode("answer", 0, 60000, &r, &err), 0);
    assert_true(r.init_us > 0 && r.init_us < 60000000);
    assert_true(r.duration_us > 0 && r.duration_us < 60000000);
    weir_function_result_fini(&r);
}

static void how_it_died_is_told(void **state)
{
    struct weir_function_result r;
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(run_mode("die", 0, 60000, &r, &err), 0);
    assert_true(WIFEXITED(r.wait_status) && WEXITSTATUS(r.wait_status) == 9);
    weir_function_result_fini(&r);
    assert_int_equal(run_mode("kill", 0, 60000, &r, &err), 0);
    assert_true(WIFSIGNALED(r.wait_status) && WTERMSIG(r.wait_status) == SIGKILL);
    weir_function_result_fini(&r);
}

static void timeout_ends_a_function_that_ignores_sigterm(void **state)
{
    struct weir_function_result r;
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(run_mode("hang", 0, 250, &r, &err), 0);
    assert_int_equal(r.outcome, WEIR_FUNCTION_TIMED_OUT);
    body_is(&r, "{\"errorMessage\":\"Task timed out after 0.25 seconds\","
                "\"errorType\":\"Sandbox.Timedout\"}");
    assert_true(r.duration_us >= 250000);
    assert_int_equal(wait(NULL), -1);
    weir_function_result_fini(&r);
}

struct gate {
    struct tempdir dir;
    int64_t timeout_ms, start_ms;
    bool held;
};

/* Keeps the loop from its sockets, as a SIGSTOP would, from before the answer until it is too late
 * for one: the function's time began before we see that it has the event. */
static void hold(uv_check_t *check)
{
    struct gate *g = check->data;
    const int64_t now_ms = weir_clock_mono_ms(), until_ms = now_ms + g->timeout_ms + 1;

    if (g->held || !tempdir_exists(&g->dir, "come") || now_ms >= g->start_ms + g->timeout_ms) {
        return;
    }
    g->held = true;
    tempdir_write(&g->dir, "go", "");
    while (!held_answer_waits(EVENT) || weir_clock_mono_ms() < until_ms) {
        (void)usleep(1000);
    }
}

static void wake(uv_timer_t *timer)
{
    (void)timer;
}

static void begin(void *ctx, const char *request_id)
{
    struct gate *g = ctx;

    (void)request_id;
    g->start_ms = weir_clock_mono_ms();
}

static void run_held(struct gate *g, struct weir_function_result *ret)
{
    char mark[PATH_MAX];
    const char *const vars[] = {"WEIR_TEST_MODE=gate", mark};
    const struct weir_function_opts opts = {.bootstrap = self_path,
        .handler = "hello",
        .timeout_ms = g->timeout_ms,
        .env = vars,
        .env_n = COUNT(vars),
        .event = EVENT,
        .event_len = strlen(EVENT),
        .on_start = begin,
        .ctx = g};
    struct weir_loop *loop = weir_loop_new(NULL);
    uv_check_t *check = calloc(1, sizeof *check);
    uv_timer_t *timer = calloc(1, sizeof *timer);

    (void)snprintf(mark, sizeof mark, "WEIR_TEST_MARK=%s", g->dir.path);
    (void)uv_check_init(weir_loop_uv(loop), check);
    (void)uv_timer_init(weir_loop_uv(loop), timer);
    check->data = g;
    (void)uv_check_start(check, hold);
    (void)uv_timer_start(timer, wake, 1, 1);
    assert_int_equal(weir_function_run(loop, &opts, ret, NULL), 0);
    weir_loop_close((uv_handle_t *)check, check);
    weir_loop_close((uv_handle_t *)timer, timer);
    weir_loop_free(loop);
}

static void an_answer_that_is_there_is_no_timeout(void **state)
{
    struct weir_function_result r;
    struct gate gate = {.timeout_ms = 100};

    (void)state;
    tempdir_new(&gate.dir);
    /* A machine that is too slow to get as far in time gets more of it. */
    for (run_held(&gate, &r); !gate.held; run_held(&gate, &r)) {
        weir_function_result_fini(&r);
        tempdir_free(&gate.dir);
        tempdir_new(&gate.dir);
        gate.timeout_ms *= 4;
    }
    assert_int_equal(r.outcome, WEIR_FUNCTION_ANSWERED);
    body_is(&r, EVENT);
    weir_function_result_fini(&r);
    tempdir_free(&gate.dir);
}

static void raise_sigterm(void *ctx, const char *request_id)
{
    (void)ctx;
    (void)request_id;
    assert_int_equal(raise(SIGTERM), 0);
}

/* The signal comes when the event goes out: weir_function_run's own callback sends it. */
static int run_and_stop(const char *var, const char *mode, int64_t undo_ms, struct weir_err *err)
{
    const char *const vars[] = {mode, var};
    struct weir_function_opts opts = {.bootstrap = self_path,
        .handler = "hello",
        .timeout_ms = 60000,
        .env = vars,
        .env_n = COUNT(vars),
        .event = EVENT,
        .event_len = strlen(EVENT),
        .undo_ms = undo_ms,
        .on_start = raise_sigterm};
    struct weir_function_result r;
    struct weir_loop *loop = weir_loop_new(err);
    struct weir_signals *signals = weir_signals_new(loop, err);

    assert_non_null(signals);
    (void)alarm(800);
    int rc = weir_function_run(loop, &opts, &r, err);
    (void)alarm(0);
    assert_int_equal(wait(NULL), -1); /* no process is left */
    weir_signals_free(signals);
    weir_loop_free(loop);
    return rc;
}

static void signal_is_handed_on_and_the_function_cleans_up(void **state)
{
    struct weir_err err = {0};
    struct tempdir dir;
    char var[TEMPDIR_PATH_BYTES + 64];

    (void)state;
    tempdir_new(&dir);
    (void)snprintf(var, sizeof var, "WEIR_TEST_MARK=%s/undone", dir.path);
    assert_int_equal(run_and_stop(var, "WEIR_TEST_MODE=undo", 0, &err), -1);
    assert_int_equal(err.code, WEIR_E_CANCEL);
    assert_int_equal(weir_cli_exit(&err), 143);
    assert_true(tempdir_exists(&dir, "undone"));
    tempdir_free(&dir);
}

static void function_that_ignores_the_signal_is_killed(void **state)
{
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(run_and_stop("A=", "WEIR_TEST_MODE=hang", 50, &err), -1);
    assert_int_equal(err.code, WEIR_E_CANCEL);
    assert_int_equal(weir_cli_exit(&err), 143);
}

static void bootstrap_that_cannot_run_is_a_config_error(void **state)
{
    static const char *const paths[] = {
        "/nonexistent/bootstrap", "/dev/null", "/proc/self/environ"};
    struct weir_loop *loop;
    struct weir_err err = {0};

    (void)state;
    loop = weir_loop_new(&err);
    for (size_t i = 0; i < COUNT(paths); i++) {
        struct weir_function_opts opts = {
            .bootstrap = paths[i], .handler = "x", .timeout_ms = 1000, .event = EVENT};
        struct weir_function_result r;

        err = (struct weir_err){0};
        assert_int_equal(weir_function_run(loop, &opts, &r, &err), -1);
        assert_int_equal(err.code, WEIR_E_CONFIG);
    }
    weir_loop_free(loop);
}

static void memory_beyond_the_limit_is_not_had(void **state)
{
    struct weir_function_result r;
    struct weir_err err = {0};

    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip(); /* a sanitizer's own memory is beyond any limit */
#endif
    assert_int_equal(run_mode("eat", 64, 60000, &r, &err), 0);
    assert_int_not_equal(r.limit, WEIR_LIMIT_NONE);
    if (r.limit == WEIR_LIMIT_RLIMIT) {
        assert_int_equal(r.outcome, WEIR_FUNCTION_DIED); /* memset of NULL */
    } else {
        assert_int_equal(r.outcome, WEIR_FUNCTION_OUT_OF_MEMORY);
    }
    weir_function_result_fini(&r);
}

static void control_group_is_removed(void **state)
{
    const struct weir_cgroup_limits limits = {.memory_bytes = 64 << 20, .cpus = 0.5};
    struct weir_cgroup group;
    struct weir_err err = {0};
    char dirs[WEIR_CGROUP_DIRS][PATH_MAX];
    size_t n;

    (void)state;
    if (weir_cgroup_new(&limits, &group, &err) != 0) {
        assert_int_equal(err.code, WEIR_E_IO);
        skip(); /* no right to make one here */
    }
    n = group.n;
    assert_int_equal(n, group.version == 1 ? 2 : 1);
    memcpy(dirs, group.dirs, sizeof dirs);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(access(dirs[i], F_OK), 0);
    }
    assert_int_equal(weir_cgroup_oom_kills(&group), 0);
    weir_cgroup_fini(&group);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(access(dirs[i], F_OK), -1);
    }
    weir_cgroup_fini(&group);

    /* A process with the same number was killed and left one. */
    assert_int_equal(mkdir(dirs[0], 0755), 0);
    assert_int_equal(weir_cgroup_new(&limits, &group, &err), 0);
    weir_cgroup_fini(&group);
    assert_int_equal(access(dirs[0], F_OK), -1);
}

/* ---- the environment ---- */

static void environment_is_lambdas_with_a_part_of_ours(void **state)
{
    char *user[] = {(char[]){"AWS_SECRET_ACCESS_KEY=s"}, (char[]){"WEIR_SCHEMA=x"},
        (char[]){"AWS_DEFAULT_REGION=eu-north-1"}, (char[]){"_HANDLER=other"},
        (char[]){"EDITOR=vi"}, (char[]){"AWS_LAMBDA_RUNTIME_API=evil:1"}, NULL};
    static const char *const added[] = {"WEIR_SCHEMA=y", "EMPTY="};
    struct weir_function_opts opts = {
        .bootstrap = self_path, .handler = "presign", .memory_mb = 256, .env = added, .env_n = 2};
    static const struct {
        const char *name, *value;
    } cases[] = {
        {"AWS_SECRET_ACCESS_KEY", "s"},
        {"AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9"},
        {"_HANDLER", "presign"},
        {"AWS_LAMBDA_FUNCTION_NAME", "weir-presign"},
        {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"},
        {"AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"},
        {"AWS_REGION", "eu-north-1"},
        {"AWS_DEFAULT_REGION", "eu-north-1"},
        {"WEIR_SCHEMA", "y"},
        {"EMPTY", ""},
        {"TZ", ":UTC"},
        {"WEIR_UNDO_MS", "9000"},
    };
    struct weir_function_env env;
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(weir_function_env_make(&opts, "127.0.0.1:9", user, &env, &err), 0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *value = weir_function_env_get(&env, cases[i].name);

        assert_non_null(value);
        assert_string_equal(value, cases[i].value);
    }
    assert_null(weir_function_env_get(&env, "EDITOR"));
    assert_int_equal(weir_function_env_get(&env, "LAMBDA_TASK_ROOT")[0], '/');
    assert_null(env.items[env.n]);
    weir_function_env_fini(&env);
    user[0] = NULL;
    assert_int_equal(weir_function_env_make(&opts, "127.0.0.1:9", user, &env, &err), 0);
    assert_string_equal(weir_function_env_get(&env, "AWS_REGION"), "us-east-1");
    weir_function_env_fini(&env);
}

static void variable_that_is_none_is_refused(void **state)
{
    static const char *const cases[] = {"NAME", "=x", "", "AWS_LAMBDA_RUNTIME_API=127.0.0.1:1"};
    char *user[] = {NULL};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_function_opts opts = {
            .bootstrap = self_path, .handler = "x", .env = &cases[i], .env_n = 1};
        struct weir_function_env env;
        struct weir_err err = {0};

        assert_int_equal(weir_function_env_make(&opts, "h:1", user, &env, &err), -1);
        assert_int_equal(err.code, WEIR_E_CONFIG);
        assert_int_equal(env.n, 0);
    }
}

static void concurrency_is_the_number_of_workers(void **state)
{
    static const struct {
        const char *var;
        size_t workers; /* 0: refused */
    } cases[] = {
        {"A=", 1},
        {"AWS_LAMBDA_MAX_CONCURRENCY=", 1},
        {"AWS_LAMBDA_MAX_CONCURRENCY=0", 1},
        {"AWS_LAMBDA_MAX_CONCURRENCY=many", 1},
        {"AWS_LAMBDA_MAX_CONCURRENCY=8", 8},
        {"AWS_LAMBDA_MAX_CONCURRENCY=64", 64},
        {"AWS_LAMBDA_MAX_CONCURRENCY=65", 0},
        {"AWS_LAMBDA_MAX_CONCURRENCY=99999999999999999999", 0},
    };
    char *user[] = {NULL};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_function_opts opts = {
            .bootstrap = self_path, .handler = "x", .env = &cases[i].var, .env_n = 1};
        struct weir_function_env env;
        struct weir_err err = {0};

        int rc = weir_function_env_make(&opts, "h:1", user, &env, &err);
        assert_int_equal(rc, cases[i].workers > 0 ? 0 : -1);
        assert_int_equal(env.workers, cases[i].workers);
        if (rc != 0) {
            assert_int_equal(err.code, WEIR_E_CONFIG);
            assert_string_equal(err.msg, "AWS_LAMBDA_MAX_CONCURRENCY: at most 64 here");
        }
        weir_function_env_fini(&env);
    }
}

/* ---- the verb ---- */

static int verb(const char *a, const char *b, const char *c)
{
    char *argv[8] = {strdup("invoke"), strdup("--memory=0"), strdup(self_option)};
    const char *more[] = {a, b, c};
    int argc = 3;

    for (size_t i = 0; i < COUNT(more); i++) {
        if (more[i] != NULL) {
            argv[argc++] = strdup(more[i]);
        }
    }
    int status = weir_cli_invoke(argc, argv);
    for (int i = 0; i < argc; i++) {
        free(argv[i]);
    }
    return status;
}

static void verb_exits_as_the_contract_says(void **state)
{
    struct tempdir dir;
    char event[TEMPDIR_PATH_BYTES + 16], broken[TEMPDIR_PATH_BYTES + 16];

    (void)state;
    tempdir_new(&dir);
    tempdir_write(&dir, "e.json", EVENT);
    tempdir_write(&dir, "b.json", "{");
    (void)snprintf(event, sizeof event, "%s/e.json", dir.path);
    (void)snprintf(broken, sizeof broken, "%s/b.json", dir.path);
    assert_int_equal(verb(event, "--env=WEIR_TEST_MODE=answer", NULL), 0);
    assert_int_equal(verb(event, "--env=WEIR_TEST_MODE=error", NULL), 1);
    assert_int_equal(verb(event, "--env=WEIR_TEST_MODE=init-error", NULL), 1);
    assert_int_equal(verb(event, "--env=WEIR_TEST_MODE=hang", "--timeout=0.2"), 1);
    assert_int_equal(verb(event, "--env=WEIR_TEST_MODE=die", NULL), 3);
    assert_int_equal(verb(event, "--env=WEIR_TEST_MODE=early", NULL), 3);
    assert_int_equal(verb(event, "--env=NONE", NULL), 2);
    assert_int_equal(verb(event, "--bootstrap=/nonexistent/b", NULL), 2);
    /* What an event has to be is the function's to say. */
    assert_int_equal(verb(broken, "--env=WEIR_TEST_MODE=error", NULL), 1);
    assert_int_equal(verb("/nonexistent/e.json", NULL, NULL), 2);
    assert_int_equal(verb(NULL, NULL, NULL), 2);
    assert_int_equal(verb(event, broken, NULL), 2);
    tempdir_free(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outcomes_are_those_of_lambda),
        cmocka_unit_test(answer_is_measured),
        cmocka_unit_test(how_it_died_is_told),
        cmocka_unit_test(timeout_ends_a_function_that_ignores_sigterm),
        cmocka_unit_test(an_answer_that_is_there_is_no_timeout),
        cmocka_unit_test(signal_is_handed_on_and_the_function_cleans_up),
        cmocka_unit_test(function_that_ignores_the_signal_is_killed),
        cmocka_unit_test(bootstrap_that_cannot_run_is_a_config_error),
        cmocka_unit_test(memory_beyond_the_limit_is_not_had),
        cmocka_unit_test(control_group_is_removed),
        cmocka_unit_test(environment_is_lambdas_with_a_part_of_ours),
        cmocka_unit_test(variable_that_is_none_is_refused),
        cmocka_unit_test(concurrency_is_the_number_of_workers),
        cmocka_unit_test(verb_exits_as_the_contract_says),
    };
    const char *mode = getenv("WEIR_TEST_MODE");

    if (getenv("AWS_LAMBDA_RUNTIME_API") != NULL && mode != NULL) {
        _exit(be_bootstrap(mode));
    }
    find_self();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
