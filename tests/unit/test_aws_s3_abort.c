/*
 * Does an output that is stopped, at any moment and however the server behaves, leave neither an
 * object nor an open upload, or say so? Against a server with answers made beforehand.
 */
#include "core/clock.h"
#include "tests/support/deaf_port.h"
#include "tests/support/s3_fixture.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define AMPLE_MS 60000 /* where whoever is asked answers at once, and none of it is waited for */

static void abort_is_tried_again_while_the_server_is_away(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct canned_reply replies[] = {{.match = CREATE, .head = CREATED},
        {.match = PART, .head = DENIED, .again = true},
        {.match = UNDO, .head = "HTTP/1.1 503 Slow Down\r\n" EMPTY},
        {.match = UNDO, .end = CANNED_RESET}, {.match = UNDO, .end = CANNED_RESET},
        {.match = UNDO, .head = GONE, .again = true}};
    struct weir_stage sink;
    struct weir_in in = {.p = s3_data, .size = 30, .last = true};
    uint8_t nothing[1];
    struct weir_out out = {.p = nothing};
    struct weir_err err = {0};
    enum weir_step step;

    s3_serve(fx, replies, COUNT(replies));
    assert_int_equal(weir_s3_sink_new(fx->loop, &fx->cfg, "b", "k",
                         &(struct weir_put_opts){.part_bytes = 10}, &sink, &err),
        0);
    while ((step = sink.ops->step(sink.self, &in, &out, &err)) == WEIR_WAIT) {
        assert_int_equal(weir_loop_step(fx->loop, INT64_MAX, &err), 0);
    }
    assert_int_equal(step, WEIR_FAIL);
    err = (struct weir_err){0};
    while ((step = sink.ops->abort(sink.self, &err)) == WEIR_WAIT) {
        assert_int_equal(weir_loop_step(fx->loop, INT64_MAX, &err), 0);
    }
    assert_int_equal(step, WEIR_END);
    /* Once more when the other part was under way. A reset of a kept connection makes libcurl
     * itself ask once more. */
    assert_in_range(s3_asked(fx, UNDO, NULL), 4, 5);
    assert_in_range(weir_s3_config_retries(&fx->cfg), 1, 3);
    weir_stage_free(&sink);
}

/* A list of uploads as the server would give it, told by its clock. */
static char *make_list(time_t now)
{
    static char reply[4096];
    char body[2048], date[64], old[64], young[64];
    time_t then = now - 60;
    struct tm tm;
    size_t n = 0;
    const struct {
        const char *key, *id, *when;
    } uploads[] = {{"k", "old", old}, {"k", "lost&amp;1", young}, {"k2", "other", young},
        {"k/x", "below", young}};

    gmtime_r(&now, &tm);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    strftime(young, sizeof young, "%Y-%m-%dT%H:%M:%S.000Z", &tm);
    gmtime_r(&then, &tm);
    strftime(old, sizeof old, "%Y-%m-%dT%H:%M:%S.000Z", &tm);
    n += (size_t)snprintf(body, sizeof body, "<ListMultipartUploadsResult><Bucket>b</Bucket>");
    for (size_t i = 0; i < COUNT(uploads); i++) {
        n += (size_t)snprintf(body + n, sizeof body - n,
            "<Upload><Key>%s</Key><UploadId>%s</UploadId><Initiated>%s</Initiated></Upload>",
            uploads[i].key, uploads[i].id, uploads[i].when);
    }
    snprintf(body + n, sizeof body - n, "</ListMultipartUploadsResult>");
    snprintf(reply, sizeof reply, OK "Date: %s\r\nContent-Length: %zu\r\n\r\n%s", date,
        strlen(body), body);
    return reply;
}

static char *empty_list(void)
{
    static char reply[512];
    char date[64];
    time_t now = time(NULL);
    struct tm tm;

    gmtime_r(&now, &tm);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    snprintf(reply, sizeof reply,
        OK "Date: %s\r\nContent-Length: 29\r\n\r\n<ListMultipartUploadsResult/>", date);
    return reply;
}

/* Was it asked? What was sent just now is given a moment to be read: the answer is not looked at.
 */
static bool was_asked(struct s3_fixture *fx, const char *first_line)
{
    for (int tries = 0; tries < 10 && s3_asked(fx, first_line, NULL) == 0; tries++) {
        nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
    }
    return s3_asked(fx, first_line, NULL) > 0;
}

/* What a cancel of the loop, before the abort, leaves it; 0: no cancel. */
static int64_t cancel_undo_ms;

/* Drive a sink by hand for some turns of the loop, or until the server was asked for something,
 * then abort it. Returns abort's answer. */
static enum weir_step stop_with(struct s3_fixture *fx, int turns, const char *until,
    const struct weir_put_opts *opts, bool *ended, struct weir_err *err)
{
    struct weir_stage sink;
    struct weir_in in = {.p = s3_data, .size = 30, .last = true};
    uint8_t nothing[1];
    struct weir_out out = {.p = nothing};
    enum weir_step step;

    *ended = false;
    assert_int_equal(weir_s3_sink_new(fx->loop, &fx->cfg, "b", "k", opts, &sink, err), 0);
    while ((step = sink.ops->step(sink.self, &in, &out, err)) == WEIR_WAIT &&
           (until != NULL ? !was_asked(fx, until) : turns-- > 0)) {
        int64_t limit = until != NULL ? weir_clock_mono_ms() + 10 : INT64_MAX;
        assert_int_equal(weir_loop_step(fx->loop, limit, NULL), 0);
    }
    *err = (struct weir_err){0};
    *ended = step == WEIR_END;
    if (cancel_undo_ms > 0) {
        weir_loop_set_undo(fx->loop, cancel_undo_ms);
        weir_loop_cancel(fx->loop, &(struct weir_err){.code = WEIR_E_CANCEL});
    }
    while (!*ended && (step = sink.ops->abort(sink.self, err)) == WEIR_WAIT) {
        assert_int_equal(weir_loop_step_undo(fx->loop, INT64_MAX, NULL), 0);
    }
    weir_stage_free(&sink);
    assert_int_equal(step == WEIR_FAIL, err->code != WEIR_OK);
    if (step == WEIR_FAIL) { /* fit for a line of a log: which, and in one piece */
        assert_memory_equal(err->msg, "s3: s3://b/k: ", 14);
        for (const char *c = err->msg; *c != '\0'; c++) {
            assert_in_range(*c, 0x20, 0x7e);
        }
    }
    return step;
}

static enum weir_step stop_at(struct s3_fixture *fx, int turns, const char *until, int64_t abort_ms,
    bool *ended, struct weir_err *err)
{
    return stop_with(fx, turns, until,
        &(struct weir_put_opts){.part_bytes = 10, .abort_ms = abort_ms}, ended, err);
}

/* Was the machine too slow for what there was time for? */
static bool was_short_of_time(const struct weir_err *err)
{
    static const char again[] = "no time is left to look again"; /* an end like others */

    return (strstr(err->msg, "no time is left") != NULL && strstr(err->msg, again) == NULL) ||
           strstr(err->msg, "not done within") != NULL;
}

/* Stopped when the server was asked for something that it does not answer, which gets half of the
 * time: the other half is enough for the rest, or it is begun anew with twice as much. */
static void stop_in_time(struct s3_fixture *fx, const struct canned_reply *replies, size_t n,
    const char *until, int64_t abort_ms)
{
    enum weir_step step = WEIR_FAIL;

    for (int64_t ms = abort_ms; step != WEIR_END && ms < 64 * abort_ms; ms *= 2) {
        struct weir_err err = {0};
        bool ended;
        s3_serve(fx, replies, n);
        step = stop_at(fx, 0, until, ms, &ended, &err);
        assert_false(ended);
        assert_true(step == WEIR_END || strstr(err.msg, "no time is left") != NULL ||
                    strstr(err.msg, "not done within") != NULL);
    }
    assert_int_equal(step, WEIR_END);
}

/* How it ended, and what the server was asked, must fit together. */
static void check_stop(struct s3_fixture *fx, enum weir_step step, const struct weir_err *err)
{
    if (s3_asked(fx, COMPLETE, NULL) > 0) { /* it was waited for, and succeeded */
        assert_int_equal(step, WEIR_FAIL);
        assert_non_null(strstr(err->msg, "published all the same"));
        assert_int_equal(s3_asked(fx, UNDO, NULL), 0);
        return;
    }
    assert_int_equal(step, WEIR_END);
    if (s3_asked(fx, CREATE, NULL) > 0) {
        s3_expect_undone(fx);
    }
}

static void stopped_at_any_moment_nothing_stays_open(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct canned_reply works[] = {{.match = CREATE, .head = CREATED},
        {.match = PART, .head = PART_OK, .again = true}, {.match = COMPLETE, .head = COMPLETED},
        {.match = UNDO, .head = GONE}, {.match = UNDO, .head = NO_UPLOAD, .again = true}};
    static const struct canned_reply fails[] = {{.match = CREATE, .head = CREATED},
        {.match = PART, .head = PART_OK, .again = true}, {.match = COMPLETE, .head = FAILED_200},
        {.match = UNDO, .head = GONE}, {.match = UNDO, .head = NO_UPLOAD, .again = true}};
    bool ended = false;
    int turns;

    for (turns = 0; turns < 100 && !ended; turns++) {
        struct weir_err err = {0};
        s3_serve(fx, works, COUNT(works));
        enum weir_step step = stop_at(fx, turns, NULL, AMPLE_MS, &ended, &err);
        if (!ended) {
            check_stop(fx, step, &err);
        }
    }
    assert_true(ended);
    for (int k = 0; k <= turns; k++) {
        struct weir_err err = {0};
        s3_serve(fx, fails, COUNT(fails));
        assert_int_equal(stop_at(fx, k, NULL, AMPLE_MS, &ended, &err), WEIR_END);
        assert_false(ended);
        assert_int_equal(s3_asked(fx, CREATE, NULL) > 0, s3_asked(fx, UNDO, NULL) > 0);
    }
}

static void completion_under_way_is_waited_for(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct canned_reply replies[] = {{.match = CREATE, .head = CREATED},
        {.match = PART, .head = PART_OK, .again = true}, {.match = COMPLETE, .head = COMPLETED}};
    bool ended = true;

    /* The answer may be there before we look; then it was no stop, and is tried again. */
    for (int tries = 0; tries < 100 && ended; tries++) {
        struct weir_err err = {0};
        s3_serve(fx, replies, COUNT(replies));
        enum weir_step step = stop_at(fx, 0, COMPLETE, AMPLE_MS, &ended, &err);
        if (!ended) {
            check_stop(fx, step, &err);
        }
    }
    assert_false(ended);
}

static void free_without_abort_publishes_nothing(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct canned_reply replies[] = {
        {.match = CREATE, .head = CREATED}, {.match = PART, .head = PART_OK, .again = true}};

    for (int turns = 0; turns < 8; turns++) {
        struct weir_stage sink;
        struct weir_in in = {.p = s3_data, .size = 30, .last = false};
        uint8_t nothing[1];
        struct weir_out out = {.p = nothing};
        s3_serve(fx, replies, COUNT(replies));
        assert_int_equal(weir_s3_sink_new(fx->loop, &fx->cfg, "b", "k",
                             &(struct weir_put_opts){.part_bytes = 10}, &sink, &fx->err),
            0);
        for (int k = 0; k < turns; k++) {
            if (sink.ops->step(sink.self, &in, &out, &fx->err) != WEIR_WAIT) {
                break;
            }
            assert_int_equal(weir_loop_step(fx->loop, INT64_MAX, &fx->err), 0);
        }
        weir_stage_free(&sink);
        assert_int_equal(s3_asked(fx, PUT, NULL) + s3_asked(fx, COMPLETE, NULL), 0);
    }
}

static void complete_that_hangs_is_left_and_aborted(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct canned_reply replies[] = {{.match = CREATE, .head = CREATED},
        {.match = PART, .head = PART_OK, .again = true}, {.match = COMPLETE, .end = CANNED_STALL},
        {.match = UNDO, .head = GONE, .again = true}};

    int64_t began = weir_clock_mono_ms();
    stop_in_time(fx, replies, COUNT(replies), COMPLETE, 200);
    assert_int_equal(s3_asked(fx, UNDO, NULL), 1);
    assert_true(
        weir_clock_mono_ms() - began >= 100); /* half of the time, the rest is the abort's */
}

static void put_that_was_sent_whole_is_waited_for(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct {
        struct canned_reply reply;
        enum weir_step step;
        const char *msg;
    } cases[] = {
        {{.head = PART_OK}, WEIR_FAIL, "s3: s3://b/k: was published all the same"},
        {{.head = DENIED}, WEIR_END, ""},
        {{.end = CANNED_CLOSE, .again = true}, WEIR_FAIL,
            "s3: s3://b/k: may have been published: the answer to its PutObject was lost"},
        {{.end = CANNED_STALL}, WEIR_FAIL,
            "s3: s3://b/k: may have been published: the answer to its PutObject was lost"},
        {{.head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", .end = CANNED_CLOSE}, WEIR_FAIL,
            "s3: s3://b/k: may have been published: the answer to its PutObject was lost"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_err err = {0};
        enum weir_step step = WEIR_END;
        bool ended = true;
        /* The answer may be there before we look; then it was no stop, and is tried again. */
        for (int tries = 0; tries < 100 && ended; tries++) {
            s3_serve(fx, &cases[i].reply, 1);
            err = (struct weir_err){0};
            step = stop_with(fx, 0, PUT,
                &(struct weir_put_opts){.part_bytes = 30, .abort_ms = i == 3 ? 150 : AMPLE_MS},
                &ended, &err);
        }
        assert_false(ended);
        assert_int_equal(step, cases[i].step);
        assert_memory_equal(err.msg, cases[i].msg, strlen(cases[i].msg));
        assert_int_equal(s3_asked(fx, PUT, NULL), 1);
    }
}

/* A server that takes connections and reads nothing; *address names it. */
static int server_that_reads_nothing(char address[64])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), room = 4096;

    assert_int_not_equal(fd, -1);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room), 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    snprintf(address, 64, "http://127.0.0.1:%d", ntohs(at.sin_port));
    return fd;
}

static void put_that_was_not_sent_whole_is_cut_off(void **state)
{
    struct s3_fixture *fx = *state;
    const size_t size = 32 * WEIR_MIB; /* more than the kernel holds between two sockets */
    uint8_t *big = calloc(1, size), nothing[1];
    struct weir_in in = {.p = big, .size = size, .last = true};
    struct weir_out out = {.p = nothing};
    struct weir_stage sink;
    char address[64];
    int server = server_that_reads_nothing(address);

    assert_non_null(big);
    weir_s3_config_fini(&fx->cfg);
    setenv("AWS_ENDPOINT_URL_S3", address, 1);
    assert_int_equal(weir_s3_config_env(&fx->cfg, NULL), 0);
    assert_int_equal(weir_s3_sink_new(fx->loop, &fx->cfg, "b", "k",
                         &(struct weir_put_opts){.part_bytes = size}, &sink, &fx->err),
        0);
    for (int turns = 0; turns < 20; turns++) {
        assert_int_equal(sink.ops->step(sink.self, &in, &out, &fx->err), WEIR_WAIT);
        assert_int_equal(weir_loop_step(fx->loop, weir_clock_mono_ms() + 5, NULL), 0);
    }
    assert_int_equal(sink.ops->abort(sink.self, &fx->err), WEIR_END); /* at once */
    assert_int_equal(fx->err.code, WEIR_OK);
    weir_stage_free(&sink);
    free(big);
    close(server);
}

/* The request was sent and its answer never came: nobody knows whether it was done. */
static void completion_whose_answer_was_lost_may_have_been_published(void **state)
{
    struct s3_fixture *fx = *state;
    static const char lost[] =
        "s3: s3://b/k: may have been published: the answer to its completion was lost";
    static const struct {
        struct canned_reply complete, undo;
        enum weir_step step;
        const char *msg;
    } cases[] = {
        {{.match = COMPLETE, .end = CANNED_CLOSE}, {.match = UNDO, .head = NO_UPLOAD}, WEIR_FAIL,
            lost},
        {{.match = COMPLETE, .end = CANNED_RESET}, {.match = UNDO, .head = NO_UPLOAD}, WEIR_FAIL,
            lost},
        {{.match = COMPLETE, .head = OK "Content-Length: 99\r\n\r\n<Com", .end = CANNED_CLOSE},
            {.match = UNDO, .head = NO_UPLOAD}, WEIR_FAIL, lost},
        {{.match = COMPLETE, .head = OK "Content-Length: 4\r\n\r\nwhat"},
            {.match = UNDO, .head = NO_UPLOAD}, WEIR_FAIL, lost},
        {{.match = COMPLETE, .head = OK "Content-Length: 2000000\r\n\r\n", .fill = 2000000},
            {.match = UNDO, .head = NO_UPLOAD}, WEIR_FAIL, lost},
        {{.match = COMPLETE, .head = "HTTP/1.1 504 Gateway Timeout\r\n" EMPTY},
            {.match = UNDO, .head = NO_UPLOAD}, WEIR_FAIL, lost},
        {{.match = COMPLETE, .end = CANNED_CLOSE}, {.match = UNDO, .head = DENIED, .again = true},
            WEIR_FAIL,
            "s3: s3://b/k: an upload may be left open, or have been published: "
            "AbortMultipartUpload: 403 AccessDenied"},
        /* It is still there to be aborted, or the answer was clear: it was not completed. */
        {{.match = COMPLETE, .end = CANNED_CLOSE}, {.match = UNDO, .head = GONE}, WEIR_END, ""},
        {{.match = COMPLETE, .end = CANNED_CLOSE}, {.match = UNDO, .head = NO_BUCKET}, WEIR_END,
            ""},
        {{.match = COMPLETE, .head = NO_UPLOAD}, {.match = UNDO, .head = NO_UPLOAD}, WEIR_END, ""},
        {{.match = COMPLETE, .head = FAILED_200}, {.match = UNDO, .head = NO_UPLOAD}, WEIR_END, ""},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct canned_reply replies[] = {{.match = CREATE, .head = CREATED},
            {.match = PART, .head = PART_OK, .again = true}, cases[i].complete, cases[i].undo};
        struct weir_err err = {0};
        bool ended;
        s3_serve(fx, replies, COUNT(replies));
        assert_int_equal(stop_at(fx, 1000, NULL, AMPLE_MS, &ended, &err), cases[i].step);
        assert_false(ended);
        assert_string_equal(err.msg, cases[i].msg);
        assert_int_equal(s3_asked(fx, UNDO, NULL), cases[i].undo.again ? 2 : 1);
    }
}

static void put_whose_answer_was_lost_may_have_been_published(void **state)
{
    struct s3_fixture *fx = *state;
    static const char none[] = "HTTP/1.1 404 Not Found\r\n" EMPTY;
    static const struct {
        struct canned_reply reply;
        const char *head;
        enum weir_step step;
    } cases[] = {{{.end = CANNED_CLOSE}, none, WEIR_FAIL}, {{.end = CANNED_RESET}, none, WEIR_FAIL},
        {{.head = DENIED}, none, WEIR_END}, {{.head = BROKEN_500}, none, WEIR_END},
        {{.head = BROKEN_500}, OK "ETag: \"x\"\r\nContent-Length: 31\r\n\r\n", WEIR_END},
        /* A length that is not told is not another one: it may be ours that is there. */
        {{.head = BROKEN_500}, OK "ETag: \"x\"\r\n\r\n", WEIR_FAIL}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_err err = {0};
        bool ended;
        const struct canned_reply replies[] = {
            cases[i].reply, {.match = HEAD, .head = cases[i].head}};
        s3_serve(fx, replies, COUNT(replies));
        assert_int_equal(
            stop_with(fx, 1000, NULL, &(struct weir_put_opts){.part_bytes = 30}, &ended, &err),
            cases[i].step);
        assert_false(ended);
        assert_string_equal(err.msg,
            cases[i].step == WEIR_END
                ? ""
                : "s3: s3://b/k: may have been published: the answer to its PutObject was lost");
    }
}

/* A server that hangs, wherever. */
static const struct hang {
    struct canned_reply replies[4];
    const char *until;
    size_t part_bytes;
    const char *msg;
} hangs[] = {
    {{{.match = CREATE, .head = CREATED}, {.match = PART, .end = CANNED_STALL},
         {.match = UNDO, .end = CANNED_STALL, .again = true}},
        PART, 10, "an upload may be left open: AbortMultipartUpload: http: "},
    {{{.match = CREATE, .head = CREATED}, {.match = PART, .head = PART_OK, .again = true},
         {.match = COMPLETE, .end = CANNED_STALL},
         {.match = UNDO, .end = CANNED_STALL, .again = true}},
        COMPLETE, 10, "an upload may be left open, or have been published: AbortMultipart"},
    {{{.match = CREATE, .end = CANNED_STALL}, {.match = LIST, .end = CANNED_STALL, .again = true}},
        CREATE, 10, "an upload may be left open: ListMultipartUploads: http: "},
    {{{.match = PUT, .end = CANNED_STALL}}, PUT, 30, "may have been published"},
};

#define OWN_MS 60000 /* of the abort's own; what is looked for is less by far */

/* Stop it with so much time, by the abort's own end or by what a cancel leaves. Is the error as it
 * should be? Else the machine was too busy for what comes before. */
static bool stop_a_hang(void **state, const struct hang *hang, int64_t ms, bool cancel)
{
    struct s3_fixture *fx = *state;
    const int64_t begun_ms = weir_clock_mono_ms();
    const struct weir_put_opts opts = {.part_bytes = hang->part_bytes,
        .abort_ms = OWN_MS,
        .undo_by_mono_ms = cancel ? 0 : begun_ms + ms};
    struct weir_err err = {0};
    bool ended;

    cancel_undo_ms = cancel ? ms : 0;
    s3_serve(fx, hang->replies, COUNT(hang->replies));
    assert_int_equal(stop_with(fx, 0, hang->until, &opts, &ended, &err), WEIR_FAIL);
    cancel_undo_ms = 0;
    assert_in_range(weir_clock_mono_ms() - begun_ms, ms - 10, OWN_MS / 2);
    if (strstr(err.msg, hang->msg) != NULL) {
        return true;
    }
    assert_non_null(strstr(err.msg, "an upload may be left open"));
    assert_true(was_short_of_time(&err));
    return false;
}

static void ends_by_its_time(void **state, bool cancel)
{
    for (size_t i = 0; i < COUNT(hangs); i++) {
        bool as_it_should_be = false;
        for (int64_t ms = 300; !as_it_should_be && ms < OWN_MS / 4; ms *= 2) {
            s3_teardown(state); /* a loop is cancelled once */
            s3_setup(state);
            as_it_should_be = stop_a_hang(state, &hangs[i], ms, cancel);
        }
        assert_true(as_it_should_be);
    }
}

static void abort_ends_by_its_time(void **state)
{
    ends_by_its_time(state, false);
}

static void abort_after_a_cancel_ends_by_the_loops_time(void **state)
{
    ends_by_its_time(state, true);
}

static void abort_without_time_sends_nothing(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct canned_reply replies[] = {
        {.match = CREATE, .head = CREATED}, {.match = PART, .end = CANNED_STALL}};
    struct weir_err err = {0};
    bool ended;

    s3_serve(fx, replies, COUNT(replies));
    assert_int_equal(
        stop_with(fx, 0, PART, &(struct weir_put_opts){.part_bytes = 10, .undo_by_mono_ms = 1},
            &ended, &err),
        WEIR_FAIL);
    assert_string_equal(err.msg, "s3: s3://b/k: an upload may be left open: no time is left");
    assert_int_equal(s3_asked(fx, UNDO, NULL), 0);
}

/* An abort that is answered when less time is left than a second look takes, which is 100 ms. */
static void abort_that_has_no_time_to_look_again_says_so(void **state)
{
    struct s3_fixture *fx = *state;
    const char *none = empty_list(), *found = make_list(time(NULL));
    const struct {
        struct canned_reply replies[4];
        const char *until;
    } cases[] = {
        /* The part under way may land behind the first abort. */
        {{{.match = CREATE, .head = CREATED}, {.match = PART, .end = CANNED_STALL},
             {.match = UNDO, .head = GONE, .again = true}},
            PART},
        {{{.match = CREATE, .end = CANNED_CLOSE}, {.match = LIST, .head = found},
             {.match = UNDO, .head = GONE}, {.match = LIST, .head = none, .again = true}},
            NULL},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        bool said = false;
        /* 90 ms, unless the machine is too slow for that; then more and less in turn. */
        for (int tries = 0; !said && tries < 400; tries++) {
            struct weir_err err = {0};
            bool ended;
            int64_t ms = 90 + tries % 20 * 30;
            s3_serve(fx, cases[i].replies, COUNT(cases[i].replies));
            enum weir_step step =
                stop_at(fx, cases[i].until != NULL ? 0 : 1000, cases[i].until, ms, &ended, &err);
            assert_false(ended);
            said = strcmp(err.msg, "s3: s3://b/k: an upload may be left open: no time is left to "
                                   "look again") == 0;
            assert_true(said || was_short_of_time(&err) || (step == WEIR_END && ms >= 100));
        }
        assert_true(said);
    }
}

/* What S3 did not say is not taken for done. */
static void abort_that_does_not_know_says_so(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct {
        struct canned_reply replies[3];
        enum weir_step step;
        const char *msg;
    } cases[] = {
        {{{.match = CREATE, .head = CREATED}, {.match = PART, .head = DENIED},
             {.match = UNDO, .head = PROXY_404}},
            WEIR_FAIL, "s3: s3://b/k: an upload may be left open: AbortMultipartUpload: 404"},
        {{{.match = CREATE, .head = CREATED}, {.match = PART, .head = DENIED},
             {.match = UNDO, .head = NO_KEY}},
            WEIR_FAIL,
            "s3: s3://b/k: an upload may be left open: AbortMultipartUpload: 404 NoSuchKey"},
        {{{.match = CREATE, .end = CANNED_CLOSE}, {.match = LIST, .head = PROXY_404}}, WEIR_FAIL,
            "s3: s3://b/k: an upload may be left open: ListMultipartUploads: 404"},
        {{{.match = CREATE, .end = CANNED_CLOSE}, {.match = LIST, .head = NO_UPLOAD}}, WEIR_FAIL,
            "s3: s3://b/k: an upload may be left open: ListMultipartUploads: 404 NoSuchUpload"},
        {{{.match = CREATE, .head = CREATED}, {.match = PART, .head = DENIED},
             {.match = UNDO, .head = NO_UPLOAD}},
            WEIR_END, ""},
        {{{.match = CREATE, .head = CREATED}, {.match = PART, .head = DENIED},
             {.match = UNDO, .head = NO_BUCKET}},
            WEIR_END, ""},
        {{{.match = CREATE, .end = CANNED_CLOSE}, {.match = LIST, .head = NO_BUCKET}}, WEIR_END,
            ""},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_err err = {0};
        bool ended;
        s3_serve(fx, cases[i].replies, COUNT(cases[i].replies));
        assert_int_equal(stop_at(fx, 1000, NULL, AMPLE_MS, &ended, &err), cases[i].step);
        assert_false(ended);
        assert_string_equal(err.msg, cases[i].msg);
    }
}

/* Of a create whose answer was lost, unless there was time for the server to settle. */
static void upload_that_is_not_in_the_list_may_be_there_yet(void **state)
{
    struct s3_fixture *fx = *state;
    const struct canned_reply replies[] = {{.match = CREATE, .end = CANNED_CLOSE},
        {.match = LIST, .head = empty_list(), .again = true}};
    bool said = false;

    /* 300 ms, unless the machine is too slow for that; then more and less in turn. */
    for (int tries = 0; !said && tries < 400; tries++) {
        const int64_t began = weir_clock_mono_ms(), ms = 300 + tries % 8 * 300;
        struct weir_err err = {0};
        bool ended;
        s3_serve(fx, replies, COUNT(replies));
        enum weir_step step = stop_at(fx, 1000, NULL, ms, &ended, &err);
        assert_false(ended);
        said = strcmp(err.msg, "s3: s3://b/k: an upload may be left open: it is not in the list of "
                               "uploads yet") == 0;
        assert_true(said || was_short_of_time(&err) ||
                    (step == WEIR_END && weir_clock_mono_ms() - began >= WEIR_S3_SETTLE_MS));
    }
    assert_true(said);
}

static void abort_that_cannot_succeed_says_that_an_upload_is_left(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct {
        struct canned_reply replies[3];
        const char *word;
    } cases[] = {
        {{{.match = CREATE, .head = CREATED}, {.match = PART, .end = CANNED_STALL},
             {.match = UNDO, .head = DENIED}},
            "an upload may be left open: AbortMultipartUpload: 403 AccessDenied"},
        {{{.match = CREATE, .head = CREATED}, {.match = PART, .end = CANNED_STALL},
             {.match = UNDO, .head = BROKEN_500, .again = true}},
            "an upload may be left open: AbortMultipartUpload: 500 InternalError"},
        {{{.match = CREATE, .head = CREATED}, {.match = PART, .end = CANNED_STALL},
             {.match = UNDO, .end = CANNED_RESET, .again = true}},
            "an upload may be left open: AbortMultipartUpload: http: "},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_err err = {0};
        const size_t least = i == 0 ? 1 : 2; /* what is refused is not tried again */
        bool ended, said = false;
        /* A second, unless the machine is too slow for its last try; then more and less in turn. */
        for (int tries = 0; !said && tries < 100; tries++) {
            const int64_t ms = 1000 + tries % 4 * 1000;
            s3_serve(fx, cases[i].replies, COUNT(cases[i].replies));
            err = (struct weir_err){0};
            assert_int_equal(stop_at(fx, 0, PART, ms, &ended, &err), WEIR_FAIL);
            assert_non_null(strstr(err.msg, "an upload may be left open"));
            const size_t asked = s3_asked(fx, UNDO, NULL);
            said = strstr(err.msg, cases[i].word) != NULL && asked >= least;
            assert_true(said || asked < least || was_short_of_time(&err));
        }
        assert_true(said);
    }
}

static void lost_create_is_found_in_the_list_and_aborted(void **state)
{
    struct s3_fixture *fx = *state;
    /* The server's clock is two days ahead: only its own times are compared. The first list comes
     * too early: the server has not done its work yet. */
    char *found = make_list(time(NULL) + 172800), *none = empty_list();
    const struct canned_reply lost[] = {
        {.match = CREATE, .end = CANNED_CLOSE},
        {.match = CREATE, .head = OK "Content-Length: 3\r\n\r\n<x>"},
        {.match = CREATE,
            .head = OK "Content-Length: 63\r\n\r\n<InitiateMultipartUploadResult>"
                       "</InitiateMultipartUploadResult>"},
        {.match = CREATE, .head = BROKEN_500},
    };

    for (size_t i = 0; i < COUNT(lost); i++) {
        const struct canned_reply replies[] = {lost[i], {.match = LIST, .head = none},
            {.match = LIST, .head = BROKEN_500}, {.match = LIST, .head = found},
            {.match = UNDO, .head = GONE}, {.match = LIST, .head = none, .again = true}};
        struct weir_err err = {0};
        bool ended;
        size_t last = 0;
        s3_serve(fx, replies, COUNT(replies));
        assert_int_equal(stop_at(fx, 100, NULL, AMPLE_MS, &ended, &err), WEIR_END);
        assert_int_equal(s3_asked(fx, UNDO, &last), 1);
        assert_memory_equal(
            canned_http_request(fx->server, last, NULL), "DELETE /b/k?uploadId=lost%261 ", 30);
    }
}

static void create_that_hangs_is_looked_for(void **state)
{
    struct s3_fixture *fx = *state;
    char *found = make_list(time(NULL));
    const struct canned_reply replies[] = {{.match = CREATE, .end = CANNED_STALL},
        {.match = LIST, .head = found}, {.match = UNDO, .head = GONE},
        {.match = LIST, .head = empty_list(), .again = true}};

    stop_in_time(fx, replies, COUNT(replies), CREATE, 2000);
    assert_int_equal(s3_asked(fx, CREATE, NULL), 1);
    assert_int_equal(s3_asked(fx, UNDO, NULL), 1);
}

static void list_that_cannot_be_read_aborts_nothing(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct {
        const char *list, *msg;
    } cases[] = {
        {OK "Content-Length: 29\r\n\r\n<ListMultipartUploadsResult/>", "has no date"},
        {OK "Date: Fri, 24 May 2013 00:00:00 GMT\r\nContent-Length: 4\r\n\r\nwhat",
            "cannot be read"},
        {OK "Date: Fri, 24 May 2013 00:00:00 GMT\r\nContent-Length: 163\r\n\r\n"
            "<ListMultipartUploadsResult><Upload><Key>k</Key><UploadId>x</UploadId>"
            "<Initiated>2033-01-01T00:00:00.000Z</Initiated></Upload>"
            "<Upload></ListMultipartUploadsResult>",
            "cannot be read"},
        /* The page is full of the key's older uploads: ours may be on the next one. */
        {OK "Date: Fri, 24 May 2013 00:00:00 GMT\r\nContent-Length: 186\r\n\r\n"
            "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><Upload><Key>k</Key>"
            "<UploadId>x</UploadId><Initiated>2012-01-01T00:00:00.000Z</Initiated></Upload>"
            "</ListMultipartUploadsResult>",
            "there are more uploads than the list names"},
        {DENIED, "403 AccessDenied"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct canned_reply replies[] = {
            {.match = CREATE, .end = CANNED_CLOSE}, {.match = LIST, .head = cases[i].list}};
        struct weir_err err = {0};
        bool ended;
        s3_serve(fx, replies, COUNT(replies));
        assert_int_equal(stop_at(fx, 1000, NULL, AMPLE_MS, &ended, &err), WEIR_FAIL);
        assert_non_null(strstr(err.msg, "an upload may be left open"));
        assert_non_null(strstr(err.msg, cases[i].msg));
        assert_int_equal(s3_asked(fx, UNDO, NULL), 0);
    }
}

static void server_that_was_never_reached_is_not_waited_for(void **state)
{
    struct s3_fixture *fx = *state;
    struct weir_err err = {0};
    char url[64];
    int port, fd = deaf_port(&port);
    int64_t began;
    bool ended;

    snprintf(url, sizeof url, "http://127.0.0.1:%d", port);
    setenv("AWS_ENDPOINT_URL_S3", url, 1);
    assert_int_equal(weir_s3_config_env(&fx->cfg, NULL), 0);
    began = weir_clock_mono_ms();
    assert_int_equal(stop_at(fx, 100, NULL, AMPLE_MS, &ended, &err), WEIR_END);
    assert_true(weir_clock_mono_ms() - began < 30000);
    close(fd);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, s3_setup, s3_teardown)
    const struct CMUnitTest tests[] = {
        TEST(abort_is_tried_again_while_the_server_is_away),
        TEST(stopped_at_any_moment_nothing_stays_open),
        TEST(completion_under_way_is_waited_for),
        TEST(free_without_abort_publishes_nothing),
        TEST(complete_that_hangs_is_left_and_aborted),
        TEST(put_that_was_sent_whole_is_waited_for),
        TEST(put_that_was_not_sent_whole_is_cut_off),
        TEST(completion_whose_answer_was_lost_may_have_been_published),
        TEST(put_whose_answer_was_lost_may_have_been_published),
        TEST(abort_ends_by_its_time),
        TEST(abort_after_a_cancel_ends_by_the_loops_time),
        TEST(abort_without_time_sends_nothing),
        TEST(abort_that_has_no_time_to_look_again_says_so),
        TEST(abort_that_does_not_know_says_so),
        TEST(upload_that_is_not_in_the_list_may_be_there_yet),
        TEST(abort_that_cannot_succeed_says_that_an_upload_is_left),
        TEST(lost_create_is_found_in_the_list_and_aborted),
        TEST(create_that_hangs_is_looked_for),
        TEST(list_that_cannot_be_read_aborts_nothing),
        TEST(server_that_was_never_reached_is_not_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
