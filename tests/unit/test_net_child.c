/*
 * Does what a program prints count only when it has ended well, is nothing lost when it ends early,
 * and is nothing left of it (process, zombie, descriptor) whatever happens?
 */
#include "core/clock.h"
#include "core/limits.h"
#include "net/child_env.h"
#include "net/child_source.h"
#include "net/wake.h"
#include "stream/bytes.h"
#include "tests/support/memory_ends.h"
#include "tests/support/tempdir.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char *const no_env[] = {(char *)(uintptr_t) "PATH=/usr/bin:/bin", NULL};

static size_t open_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    size_t n = 0;

    assert_non_null(dir);
    while (readdir(dir) != NULL) {
        n++;
    }
    closedir(dir);
    return n;
}

struct run {
    const char *script;
    struct weir_stage input;
    bool require_output;
    int64_t deadline_ms; /* from the start; 0: none */
    int64_t undo_ms;     /* cancelled by then, the loop leaves it so long; 0: no cancel */
    bool away;           /* once it has exited, nobody looks until the grace is over */
    size_t edge_bytes;   /* the window; 0: the default */
    size_t max;          /* what the sink takes before it fails; 0: all */
    struct weir_child_report report;
    struct weir_source_info info;
    struct memory_sink sink;
    struct weir_err err;
    int rc;
};

/* Until something of its stdout has come. */
static void until_it_runs(struct weir_loop *loop, struct weir_pipe *pipe, const struct run *r)
{
    while (r->sink.got.len == 0) {
        const enum weir_pipe_state state = weir_pipe_sweep(pipe, weir_clock_mono_ms());
        assert_true(state <= WEIR_PIPE_WAITING);
        if (state == WEIR_PIPE_WAITING) { /* else there may be nothing left to wait for */
            assert_int_equal(weir_loop_step(loop, weir_clock_mono_ms() + 10, NULL), 0);
        }
    }
}

/* Until it has exited, the process that it left behind, whose number it says first, too, and the
 * grace is over. */
static void stay_away(struct weir_loop *loop, struct weir_pipe *pipe, struct run *r)
{
    siginfo_t info;

    until_it_runs(loop, pipe, r);
    while (!r->report.exited) {
        assert_int_equal(weir_loop_step(loop, weir_clock_mono_ms() + 10, NULL), 0);
    }
    const int64_t until_ms = weir_clock_mono_ms() + WEIR_CHILD_GRACE_MS;
    const long pid = strtol(weir_buf_text(&r->sink.got, NULL), NULL, 10);
    assert_true(pid > 1);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(weir_wake_rest(loop, until_ms, NULL), 0);
}

/* Run a script to its end; afterwards nothing of it may be there. */
static void run(struct run *r)
{
    char *const argv[] = {
        (char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c", (char *)(uintptr_t)r->script, NULL};
    struct weir_child_source_opts opts = {.name = "sh",
        .path = "/bin/sh",
        .argv = argv,
        .env = no_env,
        .input = r->input,
        .stdin_fd = -1,
        .require_output = r->require_output,
        .report = &r->report};
    static size_t fds; /* after the first run: libuv keeps a pipe for signals */
    struct weir_loop *loop = weir_loop_new(NULL);
    struct weir_stage stages[2] = {{0}, memory_sink(&r->sink)};

    weir_buf_init(&r->sink.got, r->max > 0 ? r->max : 256 * WEIR_MIB);
    assert_int_equal(weir_child_source_new(loop, &opts, &r->info, &stages[0], &r->err), 0);
    struct weir_pipe *pipe = weir_pipe_new(r->edge_bytes, stages, 2, NULL);
    assert_non_null(pipe);
    if (r->deadline_ms > 0) {
        weir_pipe_set_deadline(pipe, weir_clock_mono_ms() + r->deadline_ms);
    }
    if (r->undo_ms > 0) {
        const struct weir_err why = {.code = WEIR_E_CANCEL};
        until_it_runs(loop, pipe, r);
        weir_loop_set_undo(loop, r->undo_ms);
        weir_loop_cancel(loop, &why);
    }
    if (r->away) {
        stay_away(loop, pipe, r);
    }
    r->rc = weir_loop_run(loop, pipe, &r->err);
    assert_int_equal(r->rc == 0, r->sink.published);
    assert_int_equal(weir_pipe_undo_err(pipe)->code, WEIR_OK);
    weir_pipe_free(pipe);
    weir_loop_free(loop);
    fds = fds > 0 ? fds : open_fds();
    assert_int_equal(open_fds(), fds);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* neither a child nor a zombie */
    assert_int_equal(errno, ECHILD);
}

static void end(struct run *r)
{
    weir_buf_fini(&r->sink.got);
}

static void output_counts_when_the_program_ends_well(void **state)
{
    static const struct {
        const char *script;
        size_t bytes;
    } cases[] = {
        {"printf abc", 3}, {"true", 0},
        {"printf abc; exec >&-; sleep 0.1", 3},           /* stdout ends early */
        {"head -c 129068 /dev/zero", 129068},             /* and exits at once */
        {"head -c 3000000 /dev/zero >&2; printf abc", 3}, /* stderr beyond any pipe */
        /* left behind, but ends in time */
        {"(while grep -q '^State:.[^Z]' /proc/$$/status; do :; done; printf abc) & exit 0", 3},
        {"sleep 100 >/dev/null 2>&1 </dev/null & printf abc", 3}, /* and one that holds nothing */
        {"cat", 0},                                               /* nothing on its stdin */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run r = {.script = cases[i].script};
        run(&r);
        assert_string_equal(r.err.msg, "");
        assert_int_equal(r.sink.got.len, cases[i].bytes);
        assert_int_equal(r.info.read_bytes, cases[i].bytes);
        end(&r);
    }
}

static void a_program_that_fails_is_an_error_with_its_last_words(void **state)
{
    static const struct {
        const char *script, *msg;
        int detail;
    } cases[] = {
        {"printf abc; exit 1", "sh: exit status 1", 1},
        {"printf abc; echo why >&2; echo because >&2; exit 3", "sh: exit status 3: why | because",
            3},
        {"printf abc; kill -9 $$", "sh: killed by signal 9 (Killed)", 137},
        {"head -c 1000000 /dev/zero; kill -SEGV $$", "sh: killed by signal 11 (Segmentation fault)",
            139},
        {"exec >&-; sleep 0.1; exit 7", "sh: exit status 7", 7},
        {"sleep 100 & exit 1", "sh: exit status 1", 1}, /* no grace for what has failed */
        {"printf 'bad \\377\\001text' >&2; exit 2", "sh: exit status 2: bad ? text", 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run r = {.script = cases[i].script};
        run(&r);
        assert_int_equal(r.rc, -1);
        assert_int_equal(r.err.code, WEIR_E_PROGRAM);
        assert_int_equal(r.err.detail, cases[i].detail);
        assert_string_equal(r.err.msg, cases[i].msg);
        end(&r);
    }
}

static void whoever_holds_its_stdout_after_it_is_ended_and_the_whole_fails(void **state)
{
    static const char *const scripts[] = {
        "printf abc; sleep 100 & exit 0",
        "printf abc; setsid sleep 100 & sleep 0.1; exit 0", /* out of the group */
        "yes & exit 0",
    };

    (void)state;
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        struct run r = {.script = scripts[i], .max = i == 2 ? 2048 * WEIR_MIB : 0};
        int64_t begun_ms = weir_clock_mono_ms();
        run(&r);
        assert_int_equal(r.rc, -1);
        assert_int_equal(
            r.err.code, i == 2 && r.err.code == WEIR_E_LIMIT ? WEIR_E_LIMIT : WEIR_E_PROGRAM);
        assert_true(weir_clock_mono_ms() - begun_ms < 60000);
        end(&r);
    }
}

/* What comes after it can be slow: an upload. */
static void whoever_has_let_go_of_its_stdout_when_it_is_looked_at_is_no_failure(void **state)
{
    static const size_t edges[] = {0, 8}; /* all of the rest in one window; in three */

    (void)state;
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        struct run r = {.script = "(while grep -q '^State:.[^Z]' /proc/$$/status; do :; done;"
                                  " printf 'what is left behind') & printf %8d $!",
            .edge_bytes = edges[i],
            .away = true};
        run(&r);
        assert_string_equal(r.err.msg, "");
        assert_int_equal(r.sink.got.len, 8 + 19);
        assert_memory_equal(r.sink.got.p + 8, "what is left behind", 19);
        end(&r);
    }
}

static void stderr_is_read_and_its_end_is_kept(void **state)
{
    struct run r = {.script = "seq 1 1000000 >&2; echo last >&2"};

    (void)state;
    run(&r);
    assert_int_equal(r.rc, 0);
    assert_int_equal(r.report.stderr_bytes, 6888896 + 5);
    assert_int_equal(r.report.tail_len, WEIR_CHILD_TAIL_BYTES);
    assert_string_equal(r.report.tail + r.report.tail_len - 13, "1000000\nlast\n");
    end(&r);
}

static void the_deadline_ends_it_politely_and_then_for_certain(void **state)
{
    static const char *const scripts[] = {
        "printf abc; sleep 100",
        "trap '' TERM; printf abc; while :; do sleep 0.05; done",
        "trap 'exit 0' TERM; printf abc; while :; do sleep 0.05; done", /* 0 is no success then */
        "exec >&-; sleep 100",
    };

    (void)state;
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        struct run r = {.script = scripts[i], .deadline_ms = 300};
        run(&r);
        assert_int_equal(r.rc, -1);
        assert_int_equal(r.err.code, WEIR_E_DEADLINE);
        assert_true(r.sink.aborted);
        end(&r);
    }
}

static void a_cancel_leaves_it_the_time_that_the_loop_says(void **state)
{
    struct run r = {
        .script = "trap '' TERM; printf abc; while :; do sleep 0.05; done", .undo_ms = 100};

    (void)state;
    run(&r);
    assert_int_equal(r.err.code, WEIR_E_CANCEL);
    end(&r);
}

static void a_sink_that_fails_ends_it(void **state)
{
    struct run r = {.script = "yes", .max = 1000000};

    (void)state;
    run(&r);
    assert_int_equal(r.rc, -1);
    assert_int_equal(r.err.code, WEIR_E_LIMIT);
    end(&r);
}

static void no_output_is_a_failure_when_it_is_required(void **state)
{
    struct run r = {.script = "true", .require_output = true};

    (void)state;
    run(&r);
    assert_int_equal(r.err.code, WEIR_E_PROGRAM);
    end(&r);
    r = (struct run){.script = "echo", .require_output = true};
    run(&r);
    assert_int_equal(r.rc, 0);
    end(&r);
}

static void its_stdin_is_fed_whole_and_it_need_not_read_it(void **state)
{
    const size_t len = 5000000;
    uint8_t *p = malloc(len);

    (void)state;
    for (size_t i = 0; i < len; i++) {
        p[i] = (uint8_t)(i * 31 >> 3);
    }
    struct run r = {.script = "cat"};
    assert_int_equal(weir_bytes_source_new(p, len, &r.input, NULL), 0);
    run(&r);
    assert_int_equal(r.rc, 0);
    assert_int_equal(r.sink.got.len, len);
    assert_memory_equal(r.sink.got.p, p, len);
    end(&r);
    r = (struct run){.script = "head -c 10"};
    assert_int_equal(weir_bytes_source_new(p, len, &r.input, NULL), 0);
    run(&r);
    assert_int_equal(r.rc, 0);
    assert_memory_equal(r.sink.got.p, p, 10);
    end(&r);
    free(p);
}

/* The program would take the end of a broken input for its end, print, and exit with 0. */
static void an_input_that_breaks_fails_the_whole(void **state)
{
    uint8_t p[1000] = {0};
    struct memory_source source = {.in = p, .len = sizeof p, .fail_at = 500};
    struct run r = {.script = "cat; echo all of it", .input = memory_source(&source)};

    (void)state;
    run(&r);
    assert_int_equal(r.rc, -1);
    assert_true(r.err.code != WEIR_E_PROGRAM && strncmp(r.err.msg, "sh: stdin: ", 11) == 0);
    end(&r);
}

static void a_program_that_cannot_be_run_is_a_configuration_error(void **state)
{
    static const char *const paths[] = {"/no/such/program", "/etc/passwd", "/tmp"};
    struct weir_child_report report;
    struct weir_source_info info;
    struct weir_loop *loop = weir_loop_new(NULL);
    size_t fds = open_fds();

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char *const argv[] = {(char *)(uintptr_t) "x", NULL};
        struct weir_child_source_opts opts = {.name = "x",
            .path = paths[i],
            .argv = argv,
            .env = no_env,
            .stdin_fd = -1,
            .report = &report};
        struct weir_stage stage = {0};
        struct weir_err err = {0};
        assert_int_equal(weir_bytes_source_new("x", 1, &opts.input, NULL), 0);
        assert_int_equal(weir_child_source_new(loop, &opts, &info, &stage, &err), -1);
        assert_int_equal(err.code, WEIR_E_CONFIG);
        assert_null(stage.ops);
        assert_non_null(opts.input.ops); /* still the caller's */
        weir_stage_free(&opts.input);
    }
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    weir_loop_free(loop);
    loop = weir_loop_new(NULL);
    assert_int_equal(open_fds(), fds);
    weir_loop_free(loop);
}

static void a_name_is_searched_as_execvp_does(void **state)
{
    static const struct {
        const char *path, *name, *found;
        int e;
    } cases[] = {
        {"a:b", "tool", "a/tool", 0},
        {"none:b", "tool", "b/tool", 0},
        {"folder:b", "tool", "b/tool", 0}, /* a folder of that name */
        {"text:b", "tool", "b/tool", 0},   /* a file that cannot be executed */
        {"text:none", "tool", NULL, EACCES},
        {"none:folder", "tool", NULL, EACCES},
        {"none", "tool", NULL, ENOENT},
        {"a", "", NULL, EACCES}, /* the folder itself */
        {":a", "tool", "./tool", 0},
        {"none:", "tool", "./tool", 0},
        {"none::a", "tool", "./tool", 0},
        {"none", "no/search", "no/search", 0},
        {"", "sh", "/bin/sh", 0},
    };
    static const char *const programs[] = {"a/tool", "b/tool", "tool"};
    static char longest[PATH_MAX + 16];
    char path[PATH_MAX], *before = strdup(getenv("PATH")), *home = getcwd(NULL, 0);
    struct tempdir dir;

    (void)state;
    tempdir_new(&dir);
    assert_int_equal(chdir(dir.path), 0);
    tempdir_mkdir(&dir, "folder/tool");
    tempdir_write(&dir, "text/tool", "");
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        tempdir_write(&dir, programs[i], "#!/bin/sh\n");
        assert_int_equal(chmod(programs[i], 0700), 0);
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct weir_err err = {0};
        setenv("PATH", cases[i].path, 1);
        const int rc = weir_child_find(cases[i].name, path, &err);
        assert_int_equal(err.detail, cases[i].e);
        assert_int_equal(err.code, rc == 0 ? WEIR_OK : WEIR_E_CONFIG);
        if (cases[i].found != NULL) {
            assert_int_equal(rc, 0);
            assert_string_equal(path, cases[i].found);
        } else {
            assert_int_equal(rc, -1);
        }
    }
    memset(longest, 'x', sizeof longest - 1);
    longest[0] = '/';
    setenv("PATH", longest, 1);
    for (int i = 0; i < 2; i++) { /* a part of PATH that no path has room for; a name like that */
        struct weir_err err = {0};
        assert_int_equal(weir_child_find(i == 0 ? "tool" : longest, path, &err), -1);
        assert_int_equal(err.detail, i == 0 ? ENOENT : ENAMETOOLONG);
    }
    setenv("PATH", before, 1);
    assert_int_equal(chdir(home), 0);
    tempdir_free(&dir);
    free(before);
    free(home);
}

static void the_program_gets_three_descriptors_and_standard_signals(void **state)
{
    /* ls has one of its own for the folder */
    struct run r = {.script = "ls /proc/self/fd | wc -l; grep SigIgn /proc/self/status"};

    (void)state;
    run(&r);
    const char *text = weir_buf_text(&r.sink.got, NULL);
    assert_memory_equal(text, "4\nSigIgn:\t", 10);
    assert_int_equal(strtoull(text + 10, NULL, 16) & (1u << (SIGPIPE - 1)), 0);
    assert_int_equal(strtoull(text + 10, NULL, 16) & (1u << (SIGIO - 1)), 0);
    end(&r);
}

/* ---- the environment ---- */

static bool has(const struct weir_child_env *env, const char *item)
{
    for (size_t i = 0; i < env->n; i++) {
        if (strcmp(env->items[i], item) == 0) {
            return true;
        }
    }
    return false;
}

static void credentials_go_on_only_when_asked_for(void **state)
{
    struct weir_child_env env;

    (void)state;
    setenv("AWS_SECRET_ACCESS_KEY", "s", 1);
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "u", 1);
    setenv("AWS_LAMBDA_RUNTIME_API", "a", 1);
    setenv("AWS_REGION", "r", 1);
    setenv("OTHER", "o", 1);
    for (int i = 0; i < 4; i++) {
        enum weir_child_env_keep keep = i < 2 ? WEIR_CHILD_ENV_OURS : WEIR_CHILD_ENV_LISTED;
        assert_int_equal(weir_child_env_init(&env, keep, i % 2 == 1, NULL), 0);
        assert_int_equal(has(&env, "AWS_SECRET_ACCESS_KEY=s"), i % 2 == 1);
        assert_int_equal(has(&env, "AWS_CONTAINER_CREDENTIALS_FULL_URI=u"), i % 2 == 1);
        assert_int_equal(has(&env, "OTHER=o"), i < 2);
        assert_true(has(&env, "AWS_REGION=r"));
        assert_false(has(&env, "AWS_LAMBDA_RUNTIME_API=a"));
        assert_null(env.items[env.n]);
        weir_child_env_fini(&env);
    }
    unsetenv("AWS_SECRET_ACCESS_KEY");
    unsetenv("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    unsetenv("AWS_LAMBDA_RUNTIME_API");
}

static void variables_that_choose_code_are_refused(void **state)
{
    static const char *const good[] = {"A", "MY_VAR1", "PGHOST", "PATHS"};
    static const char *const bad[] = {"", "1A", "A=B", "A B", "LD_PRELOAD", "PATH", "BASH_ENV",
        "PYTHONPATH", "NODE_OPTIONS", "AWS_PROFILE", "LAMBDA_TASK_ROOT", "IFS"};
    struct weir_child_env env;

    (void)state;
    assert_int_equal(weir_child_env_init(&env, WEIR_CHILD_ENV_LISTED, false, NULL), 0);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(weir_child_env_set(&env, good[i], "1", NULL), 0);
        assert_int_equal(weir_child_env_set(&env, good[i], "2; rm -rf", NULL), 0);
    }
    assert_true(has(&env, "A=2; rm -rf"));
    assert_false(has(&env, "A=1"));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct weir_err err = {0};
        assert_int_equal(weir_child_env_set(&env, bad[i], "x", &err), -1);
        assert_int_equal(err.code, WEIR_E_CONFIG);
    }
    weir_child_env_fini(&env);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_counts_when_the_program_ends_well),
        cmocka_unit_test(a_program_that_fails_is_an_error_with_its_last_words),
        cmocka_unit_test(whoever_holds_its_stdout_after_it_is_ended_and_the_whole_fails),
        cmocka_unit_test(whoever_has_let_go_of_its_stdout_when_it_is_looked_at_is_no_failure),
        cmocka_unit_test(stderr_is_read_and_its_end_is_kept),
        cmocka_unit_test(the_deadline_ends_it_politely_and_then_for_certain),
        cmocka_unit_test(a_sink_that_fails_ends_it),
        cmocka_unit_test(a_cancel_leaves_it_the_time_that_the_loop_says),
        cmocka_unit_test(no_output_is_a_failure_when_it_is_required),
        cmocka_unit_test(its_stdin_is_fed_whole_and_it_need_not_read_it),
        cmocka_unit_test(an_input_that_breaks_fails_the_whole),
        cmocka_unit_test(a_program_that_cannot_be_run_is_a_configuration_error),
        cmocka_unit_test(a_name_is_searched_as_execvp_does),
        cmocka_unit_test(the_program_gets_three_descriptors_and_standard_signals),
        cmocka_unit_test(credentials_go_on_only_when_asked_for),
        cmocka_unit_test(variables_that_choose_code_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
