/*
 * Does the worker settle an answer that has come, though nobody could look before the function's
 * time was over? The program is its own bootstrap: with a Runtime API in its environment it answers
 * one event.
 */
#include "cli/local/queue.h"
#include "cli/local/worker.h"
#include "core/buf.h"
#include "core/clock.h"
#include "net/http.h"
#include "tests/support/held_answer.h"
#include "tests/support/tempdir.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define TIMEOUT_MS 1
#define ANSWER "{\"batchItemFailures\":[]}"

/* ---- the bootstrap ---- */

static long call(struct weir_loop *loop, const char *method, const char *path, const char *body,
    struct weir_http **ret)
{
    char url[256];
    struct weir_err err = {0};
    struct weir_buf got;
    const struct weir_http_request request = {.method = method,
        .url = url,
        .body = (const uint8_t *)body,
        .body_len = body != NULL ? strlen(body) : 0};

    (void)snprintf(url, sizeof url, "http://%s/2018-06-01/runtime/invocation/%s",
        getenv("AWS_LAMBDA_RUNTIME_API"), path);
    weir_buf_init(&got, 1 << 20);
    long status = weir_http_call(loop, &request, &got, ret, &err);
    weir_buf_fini(&got);
    return status;
}

static int be_bootstrap(void)
{
    struct weir_loop *loop = weir_loop_new(NULL);
    struct weir_http *next = NULL;
    char path[256];

    if (call(loop, "GET", "next", NULL, &next) != 200) {
        return 20;
    }
    held_answer_gate();
    (void)snprintf(
        path, sizeof path, "%s/response", weir_http_header(next, "Lambda-Runtime-Aws-Request-Id"));
    (void)call(loop, "POST", path, ANSWER, NULL);
    (void)call(loop, "GET", "next", NULL, NULL);
    return 21;
}

/* ---- the test ---- */

static void on_done(void *ctx, const struct weir_queue_message *message, int64_t ms)
{
    bool *done = ctx;

    (void)message;
    (void)ms;
    *done = true;
}

static void an_answer_that_is_there_is_no_timeout(void **state)
{
    struct tempdir dir;
    char path[TEMPDIR_PATH_BYTES + 16], self[PATH_MAX], mark[TEMPDIR_PATH_BYTES + 16];
    const char *const vars[] = {mark};
    bool done = false;
    size_t torn;
    struct weir_loop *loop = weir_loop_new(NULL);

    (void)state;
    tempdir_new(&dir);
    (void)snprintf(path, sizeof path, "%s/journal", dir.path);
    (void)snprintf(mark, sizeof mark, "WEIR_TEST_MARK=%s", dir.path);
    const struct weir_queue_opts queue_opts = {
        .path = path, .visibility_ms = 1000, .receives_max = 3, .torn = &torn};
    struct weir_queue *queue = weir_queue_open(&queue_opts, NULL);
    assert_non_null(queue);
    assert_int_equal(weir_queue_send(queue, "a", "1", "{}", 2, NULL), 0);

    /* By its path, because valgrind does not run /proc/self/exe. */
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(n > 0);
    self[n] = '\0';
    const struct weir_worker_opts opts = {.bootstrap = self,
        .handler = "hello",
        .timeout_ms = TIMEOUT_MS,
        .env = vars,
        .env_n = 1,
        .batch = 1,
        .quiet = true,
        .queue = queue,
        .on_done = on_done,
        .ctx = &done};
    struct weir_worker *worker = weir_worker_new(loop, &opts, NULL);
    assert_non_null(worker);

    while (weir_worker_state(worker) != WEIR_WORKER_BUSY) {
        int64_t until_ms = weir_worker_turn(worker);
        if (weir_worker_state(worker) != WEIR_WORKER_BUSY) {
            assert_int_equal(weir_loop_step(loop, until_ms, NULL), 0);
        }
    }
    /* Held from here on, as by a SIGSTOP: without a turn, until there is an answer and it is too
     * late for one. */
    while (!tempdir_exists(&dir, "come")) {
        assert_int_equal(weir_loop_step(loop, weir_clock_mono_ms() + 10, NULL), 0);
    }
    const int64_t late_ms = weir_clock_mono_ms() + TIMEOUT_MS;
    tempdir_write(&dir, "go", "");
    while (!held_answer_waits(ANSWER) || weir_clock_mono_ms() <= late_ms) {
        (void)usleep(1000);
    }
    while (!done) {
        int64_t until_ms = weir_worker_turn(worker);
        assert_int_equal(weir_worker_state(worker), WEIR_WORKER_BUSY);
        assert_int_equal(weir_loop_step(loop, until_ms, NULL), 0);
    }
    assert_int_not_equal(weir_worker_state(worker), WEIR_WORKER_ENDING);
    assert_null(weir_queue_next(queue, NULL));
    weir_worker_stop(worker);
    weir_worker_free(worker);
    weir_queue_free(queue);
    weir_loop_free(loop);
    tempdir_free(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_that_is_there_is_no_timeout),
    };

    if (getenv("AWS_LAMBDA_RUNTIME_API") != NULL) {
        _exit(be_bootstrap());
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
