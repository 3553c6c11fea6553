/*
 * Does the whole runtime keep Lambda's contract where more than one exchange is concerned: streamed
 * answers, several workers, the extension, deadlines, signals? The real runtime on a thread, under
 * the Runtime API of `weir invoke` (tests/support/runtime_sim.h).
 */
#include "core/limits.h"
#include "net/wake.h"
#include "stream/pipe.h"
#include "tests/support/memory_ends.h"
#include "tests/support/runtime_sim.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* ---- a handler that does as it is told ---- */

enum act {
    ANSWER,            /* a document with the request id */
    STREAM,            /* `bytes` of it, then as `fail_at` says */
    STREAM_UNUSED,     /* ask for a stream, answer with a document */
    STREAM_LEFT,       /* leave it in the middle, and say that all is well */
    STREAM_TWICE,      /* ask for a second one */
    WAIT_FOR_EVER,     /* on the loop, without a look at the deadline */
    WAIT_FOR_EVER_ONE, /* the first invocation does, the others answer */
    OUTLIVE,           /* until `until_finis` other workers have ended, then answer */
    OUTLIVE_FOR_EVER,  /* the same, and then no end */
    UNDO_FOR_EVER,     /* a pipe that waits, and whose abort waits, too */
};

static struct {
    enum act act;
    size_t bytes, fail_at;
    bool ignores; /* a stream's failure: says that all is well */
    int signal;   /* raised when a stream has ended, or others were outlived; 0: none */
    size_t until_finis;
    struct weir_stream_head head;
    bool init_fails;
    atomic_size_t inits, finis, runs;
    char seen[1024]; /* of a single worker */
} told;

struct own {
    size_t runs; /* of this worker: not shared, so not atomic */
};

static void *init(const struct weir_handler_env *env, struct weir_err *err)
{
    struct own *own = calloc(1, sizeof *own);

    assert_non_null(env->loop);
    atomic_fetch_add(&told.inits, 1);
    if (told.init_fails) {
        weir_err_set(err, WEIR_E_CONFIG, "SETTING: \xC3\xA9 is no number");
        free(own);
        return NULL;
    }
    return own;
}

static void fini(void *self)
{
    free(self);
    atomic_fetch_add(&told.finis, 1);
}

static int wait_for_ever(const struct weir_invocation *inv, struct weir_err *err)
{
    struct weir_wake *wake = weir_wake_new(inv->loop, err);

    assert_non_null(wake);
    weir_wake_in(wake, 3600000);
    while (weir_loop_step(inv->loop, INT64_MAX, err) == 0) {
    }
    weir_wake_free(wake);
    return -1;
}

static int outlive(const struct weir_invocation *inv, struct weir_err *err)
{
    struct weir_wake *wake = weir_wake_new(inv->loop, err);
    int rc = 0;

    assert_non_null(wake);
    while (rc == 0 && atomic_load(&told.finis) < told.until_finis) {
        weir_wake_in(wake, 1);
        rc = weir_loop_step(inv->loop, INT64_MAX, err);
    }
    weir_wake_free(wake);
    if (rc == 0 && told.signal != 0) {
        assert_int_equal(kill(getpid(), told.signal), 0);
    }
    return rc == 0 && told.act == OUTLIVE_FOR_EVER ? wait_for_ever(inv, err) : rc;
}

/* A sink that waits, with a wake-up armed. */
static enum weir_step sleep_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    (void)in;
    (void)out;
    (void)err;
    weir_wake_in(self, 5);
    return WEIR_WAIT;
}

static enum weir_step sleep_abort(void *self, struct weir_err *err)
{
    (void)err;
    weir_wake_in(self, 5);
    return WEIR_WAIT;
}

static void sleep_free(void *self)
{
    weir_wake_free(self);
}

static int undo_for_ever(const struct weir_invocation *inv, struct weir_err *err)
{
    static const struct weir_stage_ops ops = {
        .name = "sleeper", .step = sleep_step, .abort = sleep_abort, .free = sleep_free};
    struct memory_source source = {.in = (const uint8_t *)"x", .len = 1};
    struct weir_stage stages[] = {memory_source(&source), {&ops, weir_wake_new(inv->loop, err)}};
    struct weir_pipe *pipe = weir_pipe_new(0, stages, COUNT(stages), err);

    assert_non_null(pipe);
    int rc = weir_loop_run(inv->loop, pipe, err);
    assert_int_equal(weir_pipe_undo_err(pipe)->code, WEIR_E_DEADLINE);
    weir_pipe_free(pipe);
    return rc;
}

static int stream(const struct weir_invocation *inv, struct weir_err *err)
{
    uint8_t *data = malloc(told.bytes + 1);
    struct memory_source source = {.in = data, .len = told.bytes, .fail_at = told.fail_at};
    struct weir_stage stages[2] = {memory_source(&source), {0}};
    struct weir_pipe *pipe = NULL;
    int rc = -1;

    memset(data, 'd', told.bytes + 1);
    if (weir_handler_stream(inv, &told.head, &stages[1], err) == 0) {
        pipe = weir_pipe_new(0, stages, 2, err);
    }
    if (pipe != NULL && told.act == STREAM_LEFT) {
        while (source.said < told.bytes / 2) {
            (void)weir_pipe_sweep(pipe, 0);
            (void)weir_loop_step(inv->loop, 0, NULL);
        }
        rc = 0;
    } else if (pipe != NULL) {
        rc = weir_loop_run(inv->loop, pipe, err);
        rc = told.ignores ? 0 : rc;
    }
    if (told.signal != 0) {
        assert_int_equal(raise(told.signal), 0);
        (void)wait_for_ever(inv, NULL);
    }
    weir_pipe_free(pipe);
    weir_stage_free(&stages[0]);
    weir_stage_free(&stages[1]);
    free(data);
    return rc;
}

static int run(
    void *self, const struct weir_invocation *inv, struct weir_buf *response, struct weir_err *err)
{
    struct own *own = self;
    struct weir_stage second = {0};
    size_t number = atomic_fetch_add(&told.runs, 1);

    own->runs++;
    switch (told.act) {
    case STREAM:
    case STREAM_LEFT:
        return stream(inv, err);
    case STREAM_TWICE:
        if (weir_handler_stream(inv, &told.head, &second, err) != 0) {
            return -1;
        }
        weir_stage_free(&second);
        return weir_handler_stream(inv, &told.head, &second, err);
    case STREAM_UNUSED:
        if (weir_handler_stream(inv, &told.head, &second, err) != 0) {
            return -1;
        }
        weir_stage_free(&second);
        break;
    case WAIT_FOR_EVER:
        return wait_for_ever(inv, err);
    case UNDO_FOR_EVER:
        return undo_for_ever(inv, err);
    case WAIT_FOR_EVER_ONE:
        if (number == 0) {
            return wait_for_ever(inv, err);
        }
        break;
    case OUTLIVE:
    case OUTLIVE_FOR_EVER:
        if (outlive(inv, err) != 0) {
            return -1;
        }
        break;
    case ANSWER:
        break;
    }
    if (inv->client_context != NULL) {
        (void)snprintf(told.seen, sizeof told.seen, "%s|%s|%s|%s|%s|%s|%s", inv->content_type,
            inv->function_arn, inv->trace_id, inv->client_context, inv->cognito_identity,
            inv->tenant_id, getenv("_X_AMZN_TRACE_ID") != NULL ? getenv("_X_AMZN_TRACE_ID") : "-");
    }
    return weir_buf_addf(response, err, "{\"id\":\"%s\"}", inv->request_id);
}

static const struct weir_handler handler = {"told", init, run, fini};

static int reset(void **state)
{
    (void)state;
    memset(&told, 0, sizeof told);
    (void)unsetenv("_X_AMZN_TRACE_ID");
    return 0;
}

static struct sim sim_of(size_t n)
{
    return (struct sim){.handler = &handler, .event = "{}", .n = n};
}

static void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("\"%s\" is missing in \"%s\"", part, text);
    }
}

static const char *text_of(const struct weir_buf *b)
{
    return (const char *)b->p; /* the sim puts a NUL behind */
}

static void assert_plain_answer(const struct sim *s, size_t i)
{
    char expected[64];

    (void)snprintf(expected, sizeof expected, "{\"id\":\"id-%zu\"}", i + 1);
    assert_int_equal(s->answers[i].times, 1);
    assert_int_equal(s->answers[i].kind, WEIR_RAPI_RESPONSE);
    assert_false(s->answers[i].streamed);
    assert_string_equal(text_of(&s->answers[i].body), expected);
}

/* ---- what the handler is told ---- */

static void what_the_platform_says_reaches_the_handler(void **state)
{
    struct sim s = sim_of(1);

    (void)state;
    s.trace_id = "Root=1-2;Sampled=1";
    s.client_context = "{\"client\":{\"app_title\":\"t\"}}";
    s.cognito_identity = "{\"cognitoIdentityId\":\"c\"}";
    s.tenant_id = "tenant-7";
    sim_run(&s);
    assert_plain_answer(&s, 0);
    assert_string_equal(told.seen,
        "application/json|arn:aws:lambda:us-east-1:000000000000:function:sim|Root=1-2;Sampled=1|"
        "{\"client\":{\"app_title\":\"t\"}}|{\"cognitoIdentityId\":\"c\"}|tenant-7|"
        "Root=1-2;Sampled=1");
    sim_free(&s);
}

static void trace_id_is_not_in_the_environment_of_several_workers(void **state)
{
    struct sim s = sim_of(1);

    (void)state;
    s.concurrency = 2;
    s.trace_id = "Root=1-2";
    s.client_context = "{}";
    sim_run(&s);
    assert_has(told.seen, "|Root=1-2|{}|");
    assert_string_equal(strrchr(told.seen, '|'), "|-");
    sim_free(&s);
}

/* ---- streams ---- */

static void stream_arrives_whole(void **state)
{
    static const size_t sizes[] = {0, 1, 100, WEIR_EDGE_DEFAULT_BYTES, 10000001};

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct sim s = sim_of(2); /* the second: the connection is fit for more */
        reset(NULL);
        told.act = STREAM;
        told.bytes = sizes[i];
        told.head.content_type = i % 2 == 0 ? "text/plain" : NULL;
        sim_run(&s);
        for (size_t k = 0; k < 2; k++) {
            const struct sim_answer *a = &s.answers[k];
            assert_int_equal(a->times, 1);
            assert_int_equal(a->kind, WEIR_RAPI_RESPONSE);
            assert_true(a->streamed);
            assert_string_equal(
                a->content_type, i % 2 == 0 ? "text/plain" : "application/octet-stream");
            assert_int_equal(a->body.len, sizes[i]);
            assert_int_equal(strspn(text_of(&a->body), "d"), sizes[i]);
        }
        assert_int_equal(s.requests[WEIR_RAPI_POST_ERROR], 0);
        sim_free(&s);
    }
}

static void stream_of_a_function_url_begins_with_its_prelude(void **state)
{
    static const struct weir_http_header headers[] = {
        {"Content-Type", "text/html"}, {"X-Quote", "\"\xC3\xA9\""}};
    static const char *const cookies[] = {"a=1; Secure", "b=2"};
    static const char prelude[] =
        "{\"statusCode\":201,\"headers\":{\"Content-Type\":\"text/html\","
        "\"X-Quote\":\"\\\"\xC3\xA9\\\"\"},\"cookies\":[\"a=1; Secure\",\"b=2\"]}"
        "\0\0\0\0\0\0\0\0ddd";
    struct sim s = sim_of(1);

    (void)state;
    told.act = STREAM;
    told.bytes = 3;
    told.head = (struct weir_stream_head){.status = 201,
        .headers = headers,
        .headers_n = COUNT(headers),
        .cookies = cookies,
        .cookies_n = COUNT(cookies)};
    sim_run(&s);
    assert_string_equal(
        s.answers[0].content_type, "application/vnd.awslambda.http-integration-response");
    assert_int_equal(s.answers[0].body.len, sizeof prelude - 1);
    assert_memory_equal(s.answers[0].body.p, prelude, sizeof prelude - 1);
    sim_free(&s);
}

static void stream_that_fails_in_the_middle_says_so_in_its_trailers(void **state)
{
    struct sim s = sim_of(2);

    (void)state;
    told.act = STREAM;
    told.bytes = 1000000;
    told.fail_at = 500000;
    sim_run(&s);
    for (size_t i = 0; i < 2; i++) {
        const struct sim_answer *a = &s.answers[i];
        assert_int_equal(a->times, 1);
        assert_int_equal(a->kind, WEIR_RAPI_ERROR);
        assert_true(a->streamed);
        assert_has(a->error_type, "Function.");
        assert_has(text_of(&a->body), "{\"errorMessage\":\"");
        assert_has(text_of(&a->body), a->error_type);
        assert_in_range(a->part.len, 1, 500000);
    }
    assert_int_equal(s.requests[WEIR_RAPI_POST_ERROR], 0);
    sim_free(&s);
}

static void stream_that_fails_before_its_first_byte_is_a_plain_error(void **state)
{
    static const enum act acts[] = {STREAM, STREAM_TWICE};

    (void)state;
    for (size_t i = 0; i < COUNT(acts); i++) {
        struct sim s = sim_of(1);
        reset(NULL);
        told.act = acts[i];
        told.bytes = 0;
        told.head.status = i == 0 ? 99 : 0; /* no status: refused when it is asked for */
        sim_run(&s);
        assert_int_equal(s.answers[0].times, 1);
        assert_int_equal(s.answers[0].kind, WEIR_RAPI_ERROR);
        assert_false(s.answers[0].streamed);
        assert_int_equal(s.requests[WEIR_RAPI_POST_RESPONSE], 0);
        assert_string_equal(s.answers[0].error_type,
            i == 0 ? "Function.BadConfiguration" : "Runtime.InternalError");
        sim_free(&s);
    }
}

static void stream_that_is_not_used_leaves_room_for_a_document(void **state)
{
    struct sim s = sim_of(1);

    (void)state;
    told.act = STREAM_UNUSED;
    sim_run(&s);
    assert_plain_answer(&s, 0);
    sim_free(&s);
}

static void stream_that_is_left_without_an_end_is_an_error(void **state)
{
    struct sim s = sim_of(1);

    (void)state;
    told.act = STREAM_LEFT;
    told.bytes = 300000;
    sim_run(&s);
    assert_int_equal(s.answers[0].kind, WEIR_RAPI_ERROR);
    assert_string_equal(s.answers[0].error_type, "Runtime.InternalError");
    assert_has(text_of(&s.answers[0].body), "left its stream without an end");
    assert_has(s.log, "ERROR id-1 Runtime.InternalError: the handler left its stream");
    sim_free(&s);
}

static void signal_after_a_whole_stream_does_not_call_it_unanswered(void **state)
{
    struct sim s = sim_of(1);

    (void)state;
    told.act = STREAM;
    told.bytes = 1000;
    told.signal = s.signal = SIGTERM;
    sim_run(&s);
    assert_int_equal(s.rc, WEIR_RUNTIME_SIGNAL + SIGTERM);
    assert_int_equal(s.answers[0].times, 1);
    assert_int_equal(s.answers[0].kind, WEIR_RAPI_RESPONSE);
    assert_null(strstr(s.log, "gets no answer"));
    sim_free(&s);
}

static void stream_that_is_refused_or_lost_is_not_answered_again(void **state)
{
    static const struct {
        struct weir_rapi_fault fault;
        const char *log;
        size_t nexts;
    } cases[] = {
        {{.status = 400}, "status 400", 3},
        {{.status = 410}, "status 410", 3},
        {{.status = 413}, "status 413", 3},
        {{.status = 500}, "status 500", 1}, /* the process ends */
        {{.drop = true}, "ERROR id-1 ", 3},
    };

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(cases); i++) {
        const struct sim_fault fault = {WEIR_RAPI_POST_RESPONSE, 1, cases[i / 2].fault};
        struct sim s = sim_of(2);
        reset(NULL);
        told.act = STREAM;
        told.bytes = 100000;
        told.ignores = i % 2 != 0; /* the log has it all the same */
        s.faults = &fault;
        s.faults_n = 1;
        sim_run(&s);
        assert_int_equal(s.answers[0].times, 1);
        assert_int_equal(s.answers[1].times, cases[i / 2].nexts > 1);
        assert_int_equal(s.requests[WEIR_RAPI_POST_ERROR], 0);
        assert_int_equal(s.requests[WEIR_RAPI_NEXT], cases[i / 2].nexts);
        assert_has(s.log, cases[i / 2].log);
        sim_free(&s);
    }
}

/* ---- the extension ---- */

static void extension_is_registered_before_the_first_event(void **state)
{
    struct sim s = sim_of(3);

    (void)state;
    sim_run(&s);
    assert_int_equal(s.requests[WEIR_RAPI_EXT_REGISTER], 1);
    assert_int_equal(s.requests[WEIR_RAPI_EXT_NEXT], 1);
    assert_plain_answer(&s, 2);
    assert_null(strstr(s.log, "extension"));
    sim_free(&s);
}

static void api_without_extensions_is_as_good(void **state)
{
    static const struct sim_fault faults[] = {
        {WEIR_RAPI_EXT_REGISTER, 0, {.status = 404}},
        {WEIR_RAPI_EXT_REGISTER, 0, {.status = 403}},
        {WEIR_RAPI_EXT_REGISTER, 0, {.status = 500}},
        {WEIR_RAPI_EXT_REGISTER, 0, {.status = 202}}, /* by a server that says so to everything */
        {WEIR_RAPI_EXT_REGISTER, 0, {.status = 200}}, /* without an identifier */
        {WEIR_RAPI_EXT_REGISTER, 0, {.drop = true}},
        {WEIR_RAPI_EXT_NEXT, 0, {.status = 500}},
        {WEIR_RAPI_EXT_NEXT, 0, {.drop = true}},
    };

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(faults); i++) {
        struct sim s = sim_of(2);
        s.faults = &faults[i / 2];
        s.faults_n = 1;
        s.concurrency = 1 + i % 2;
        sim_run(&s);
        assert_plain_answer(&s, 0);
        assert_plain_answer(&s, 1);
        if (faults[i / 2].route == WEIR_RAPI_EXT_REGISTER) {
            assert_has(s.log, "DEBUG runtime: not registered as an extension (");
            assert_int_equal(s.requests[WEIR_RAPI_EXT_NEXT], 0);
        }
        sim_free(&s);
    }
}

/* ---- several workers ---- */

static void every_invocation_of_eight_workers_is_answered_once(void **state)
{
    struct sim s = sim_of(400);

    (void)state;
    s.concurrency = 8;
    sim_run(&s);
    for (size_t i = 0; i < s.n; i++) {
        assert_plain_answer(&s, i);
    }
    assert_int_equal(told.inits, 8);
    assert_int_equal(told.finis, 8);
    assert_int_equal(told.runs, 400);
    assert_int_equal(s.requests[WEIR_RAPI_POST_RESPONSE], 400); /* those refused count, too */
    assert_int_equal(s.rc, WEIR_RUNTIME_FAILED);
    assert_int_equal(s.requests[WEIR_RAPI_EXT_REGISTER], 1);
    sim_free(&s);
}

static void workers_stream_side_by_side(void **state)
{
    struct sim s = sim_of(40);

    (void)state;
    s.concurrency = 8;
    told.act = STREAM;
    told.bytes = 300000;
    sim_run(&s);
    for (size_t i = 0; i < s.n; i++) {
        assert_int_equal(s.answers[i].times, 1);
        assert_int_equal(s.answers[i].body.len, 300000);
    }
    sim_free(&s);
}

static void one_worker_that_waits_does_not_hold_up_the_others(void **state)
{
    struct sim s = sim_of(20);

    (void)state;
    s.concurrency = 2;
    s.timeout_ms = 1000;
    told.act = WAIT_FOR_EVER_ONE;
    sim_run(&s);
    size_t failed = 0;
    for (size_t i = 0; i < s.n; i++) {
        assert_int_equal(s.answers[i].times, 1);
        failed += s.answers[i].kind == WEIR_RAPI_ERROR;
    }
    assert_int_equal(failed, 1);
    sim_free(&s);
}

static void workers_that_cannot_start_end_the_process(void **state)
{
    static const size_t concurrency[] = {1, 4};

    (void)state;
    for (size_t i = 0; i < COUNT(concurrency); i++) {
        struct sim s = sim_of(1);
        reset(NULL);
        told.init_fails = true;
        s.concurrency = concurrency[i];
        sim_run(&s);
        assert_int_equal(s.rc, WEIR_RUNTIME_FAILED);
        assert_int_equal(s.init_error.times, 1);
        assert_int_equal(s.requests[WEIR_RAPI_POST_INIT_ERROR], 1);
        const char *line = strstr(s.log, "ERROR ");
        assert_non_null(line);
        assert_null(strstr(line + 1, "ERROR "));
        assert_string_equal(s.init_error.error_type, "Function.BadConfiguration");
        assert_has(text_of(&s.init_error.body), "SETTING: \xC3\xA9 is no number");
        assert_has(s.init_error.cause, "\"message\":\"SETTING: \\u00e9 is no number\"");
        assert_has(s.init_error.cause, "{\"working_directory\":\"/");
        assert_int_equal(s.requests[WEIR_RAPI_NEXT], 0);
        sim_free(&s);
    }
}

static void a_500_ends_all_workers(void **state)
{
    static const struct sim_fault fault = {WEIR_RAPI_POST_RESPONSE, 3, {.status = 500}};
    struct sim s = sim_of(100);

    (void)state;
    s.concurrency = 4;
    s.faults = &fault;
    s.faults_n = 1;
    sim_run(&s);
    assert_int_equal(s.rc, WEIR_RUNTIME_FAILED);
    assert_int_equal(told.finis, 4);
    for (size_t i = 0; i < s.n; i++) {
        assert_in_range(s.answers[i].times, 0, 1);
    }
    sim_free(&s);
}

/* Three workers: the first to ask gets the invocation, the second a 500, the third is left waiting
 * or has not asked yet. */
static struct sim sim_of_one_that_outlives(enum act act)
{
    static const struct sim_fault fault = {WEIR_RAPI_NEXT, 2, {.status = 500}};
    struct sim s = sim_of(1);

    told.act = act;
    told.until_finis = 2;
    s.concurrency = 3;
    s.faults = &fault;
    s.faults_n = 1;
    return s;
}

static void worker_that_ends_leaves_the_others_what_they_have_begun(void **state)
{
    struct sim s = sim_of_one_that_outlives(OUTLIVE);

    (void)state;
    sim_run(&s);
    assert_plain_answer(&s, 0);
    assert_int_equal(told.finis, 3);
    assert_in_range(s.requests[WEIR_RAPI_NEXT], 2, 3); /* and asked for no other */
    assert_int_equal(s.rc, WEIR_RUNTIME_FAILED);
    sim_free(&s);
}

static void what_was_begun_when_a_worker_ends_still_has_its_deadline(void **state)
{
    struct sim s = sim_of_one_that_outlives(OUTLIVE_FOR_EVER);

    (void)state;
    s.timeout_ms = 1000;
    sim_run(&s);
    assert_int_equal(s.answers[0].times, 1);
    assert_string_equal(s.answers[0].error_type, "Function.DeadlineExceeded");
    assert_int_equal(told.finis, 3);
    sim_free(&s);
}

static void what_was_begun_when_a_worker_ends_is_cancelled_by_a_signal(void **state)
{
    struct sim s = sim_of_one_that_outlives(OUTLIVE_FOR_EVER);

    (void)state;
    s.signal = told.signal = SIGTERM;
    sim_run(&s);
    assert_int_equal(s.answers[0].times, 0);
    assert_int_equal(told.finis, 3);
    assert_int_equal(s.rc, WEIR_RUNTIME_SIGNAL + SIGTERM);
    sim_free(&s);
}

/* ---- time, and its end ---- */

static void handler_that_does_not_watch_its_time_is_stopped_before_the_deadline(void **state)
{
    static const size_t concurrency[] = {1, 3};

    (void)state;
    for (size_t i = 0; i < COUNT(concurrency); i++) {
        struct sim s = sim_of(3);
        reset(NULL);
        told.act = WAIT_FOR_EVER;
        s.concurrency = concurrency[i];
        s.timeout_ms = 300;
        sim_run(&s);
        for (size_t k = 0; k < s.n; k++) {
            assert_int_equal(s.answers[k].times, 1);
            assert_string_equal(s.answers[k].error_type, "Function.DeadlineExceeded");
        }
        sim_free(&s);
    }
}

static void signal_cancels_all_workers_and_nothing_is_answered(void **state)
{
    static const size_t concurrency[] = {1, 4, 1, 4};

    (void)state;
    for (size_t i = 0; i < COUNT(concurrency); i++) {
        struct sim s = sim_of(concurrency[i]);
        reset(NULL);
        told.act = i < 2 ? WAIT_FOR_EVER : UNDO_FOR_EVER;
        s.concurrency = concurrency[i];
        s.signal = SIGTERM;
        s.started = s.n;
        sim_run(&s);
        assert_int_equal(s.rc, WEIR_RUNTIME_SIGNAL + SIGTERM);
        assert_int_equal(told.finis, concurrency[i]);
        for (size_t k = 0; k < s.n; k++) {
            assert_int_equal(s.answers[k].times, 0);
        }
        assert_has(s.log, "stopped by SIGTERM");
        sim_free(&s);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, reset)
    const struct CMUnitTest tests[] = {
        TEST(what_the_platform_says_reaches_the_handler),
        TEST(trace_id_is_not_in_the_environment_of_several_workers),
        TEST(stream_arrives_whole),
        TEST(stream_of_a_function_url_begins_with_its_prelude),
        TEST(stream_that_fails_in_the_middle_says_so_in_its_trailers),
        TEST(stream_that_fails_before_its_first_byte_is_a_plain_error),
        TEST(stream_that_is_not_used_leaves_room_for_a_document),
        TEST(stream_that_is_left_without_an_end_is_an_error),
        TEST(signal_after_a_whole_stream_does_not_call_it_unanswered),
        TEST(stream_that_is_refused_or_lost_is_not_answered_again),
        TEST(extension_is_registered_before_the_first_event),
        TEST(api_without_extensions_is_as_good),
        TEST(every_invocation_of_eight_workers_is_answered_once),
        TEST(workers_stream_side_by_side),
        TEST(one_worker_that_waits_does_not_hold_up_the_others),
        TEST(workers_that_cannot_start_end_the_process),
        TEST(a_500_ends_all_workers),
        TEST(worker_that_ends_leaves_the_others_what_they_have_begun),
        TEST(what_was_begun_when_a_worker_ends_still_has_its_deadline),
        TEST(what_was_begun_when_a_worker_ends_is_cancelled_by_a_signal),
        TEST(handler_that_does_not_watch_its_time_is_stopped_before_the_deadline),
        TEST(signal_cancels_all_workers_and_nothing_is_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
