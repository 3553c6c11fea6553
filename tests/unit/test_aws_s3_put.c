/*
 * Is an object published whole or not at all, in one request or in parts? Against a server with
 * answers made beforehand.
 */
#include "aws/s3_part.h"
#include "core/clock.h"
#include "stream/fork.h"
#include "tests/support/s3_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void output_of_one_part_is_one_put(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct canned_reply replies[] = {
        {.match = "PUT /b/k HTTP", .head = PART_OK, .again = true}};
    static const size_t sizes[] = {0, 1, 19, 20};

    for (size_t i = 0; i < COUNT(sizes); i++) {
        size_t n;
        s3_serve(fx, replies, COUNT(replies));
        assert_int_equal(s3_put(fx, sizes[i], 20, 0), 0);
        assert_int_equal(canned_http_requests(fx->server), 1);
        assert_memory_equal(canned_http_body(fx->server, 0, &n), s3_data, sizes[i]);
        assert_int_equal(n, sizes[i]);
        assert_true(s3_has_header(fx, 0, "Content-Type: text/csv"));
    }
    s3_serve(fx, replies, COUNT(replies));
    assert_int_equal(s3_put(fx, 0, 20, 0), 0);
    assert_true(s3_has_header(fx, 0,
        "x-amz-content-sha256: "
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
}

static void larger_output_is_a_multipart_upload(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct canned_reply replies[] = {{.match = CREATE, .head = CREATED},
        {.match = PART, .head = PART_OK, .again = true}, {.match = COMPLETE, .head = COMPLETED}};
    static const size_t sizes[] = {21, 39, 40, 41, 64};

    for (size_t i = 0; i < COUNT(sizes); i++) {
        size_t parts = (sizes[i] + 19) / 20, n, len;
        char expected[1024];
        s3_serve(fx, replies, COUNT(replies));
        assert_int_equal(s3_put(fx, sizes[i], 20, 0), 0);
        assert_int_equal(canned_http_requests(fx->server), parts + 2);
        assert_true(s3_has_header(fx, 0, "Content-Type: text/csv"));
        n = (size_t)snprintf(expected, sizeof expected,
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
        for (size_t k = 1; k <= parts; k++) {
            char line[64];
            size_t from = (k - 1) * 20, want = sizes[i] - from < 20 ? sizes[i] - from : 20;
            snprintf(line, sizeof line, "PUT /b/k?partNumber=%zu&uploadId=U%%2F1 HTTP", k);
            size_t at = 0; /* two are sent at a time */
            assert_int_equal(s3_asked(fx, line, &at), 1);
            assert_memory_equal(canned_http_body(fx->server, at, &len), s3_data + from, want);
            assert_int_equal(len, want);
            n += (size_t)snprintf(expected + n, sizeof expected - n,
                "<Part><PartNumber>%zu</PartNumber><ETag>\"0123\"</ETag></Part>", k);
        }
        snprintf(expected + n, sizeof expected - n, "</CompleteMultipartUpload>");
        assert_string_equal(canned_http_body(fx->server, parts + 1, &len), expected);
    }
}

/* The server has the first part and does not answer; the second one is made meanwhile, and no more.
 */
static void part_is_sent_while_the_next_one_is_made(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct canned_reply replies[] = {{.match = CREATE, .head = CREATED},
        {.match = PART, .end = CANNED_STALL}, {.match = UNDO, .head = GONE},
        {.match = UNDO, .head = NO_UPLOAD, .again = true}};
    const struct weir_put_opts opts = {.part_bytes = 20};
    uint8_t nothing[1];
    struct weir_out out = {.p = nothing};
    struct weir_in in = {.p = s3_data, .size = 21}; /* what is beyond it makes a part full */
    struct weir_stage sink;

    s3_serve(fx, replies, COUNT(replies));
    assert_int_equal(weir_s3_sink_new(fx->loop, &fx->cfg, "b", "k", &opts, &sink, &fx->err), 0);
    while (s3_asked(fx, PART "1&", NULL) == 0) {
        assert_int_equal(sink.ops->step(sink.self, &in, &out, &fx->err), WEIR_WAIT);
        assert_int_equal(weir_loop_step(fx->loop, weir_clock_mono_ms() + 10, &fx->err), 0);
    }
    assert_int_equal(in.pos, 21);
    in.size = sizeof s3_data;
    assert_int_equal(sink.ops->step(sink.self, &in, &out, &fx->err), WEIR_WAIT);
    assert_int_equal(in.pos, 40); /* both parts are full */
    enum weir_step step;
    while ((step = sink.ops->abort(sink.self, &fx->err)) == WEIR_WAIT) {
        assert_int_equal(weir_loop_step(fx->loop, INT64_MAX, &fx->err), 0);
    }
    assert_int_equal(step, WEIR_END);
    weir_stage_free(&sink);
}

/* Beside another output, the last part is answered before either of them is published. */
static void last_part_is_there_before_anything_is_published(void **state)
{
    struct s3_fixture *fx = *state;

    for (int refused = 0; refused < 2; refused++) {
        const struct canned_reply replies[] = {{.match = CREATE, .head = CREATED},
            {.match = PART "3&", .head = refused ? DENIED : PART_OK},
            {.match = PART, .head = PART_OK, .again = true}, {.match = COMPLETE, .head = COMPLETED},
            {.match = UNDO, .head = GONE}, {.match = UNDO, .head = NO_UPLOAD, .again = true}};
        const struct weir_put_opts opts = {.part_bytes = 10};
        struct memory_sink other = {0};
        struct memory_source source = {0};
        struct weir_stage sinks[2] = {memory_sink(&other)}, stages[2];
        struct weir_buf in;
        uint64_t bytes[2];
        size_t mark;

        s3_serve(fx, replies, COUNT(replies));
        fx->err = (struct weir_err){0};
        weir_buf_init(&other.got, 100);
        weir_buf_init(&in, 100);
        assert_int_equal(weir_fork_begin(&in, 1, &mark, NULL), 0);
        assert_int_equal(weir_buf_add(&in, s3_data, 25, NULL), 0);
        weir_fork_end(&in, mark);
        source.in = in.p;
        source.len = in.len;
        stages[0] = memory_source(&source);
        assert_int_equal(
            weir_s3_sink_new(fx->loop, &fx->cfg, "b", "k", &opts, &sinks[1], &fx->err), 0);
        assert_int_equal(weir_fork_new(sinks, 2, bytes, &stages[1], &fx->err), 0);
        struct weir_pipe *pipe = weir_pipe_new(7, stages, 2, &fx->err);
        assert_non_null(pipe);
        assert_int_equal(weir_loop_run(fx->loop, pipe, &fx->err), refused ? -1 : 0);
        assert_int_equal(other.published, !refused);
        assert_int_equal(s3_asked(fx, PART "3&", NULL), 1);
        assert_int_equal(s3_asked(fx, COMPLETE, NULL), !refused);
        assert_int_equal(s3_asked(fx, UNDO, NULL) > 0, refused);
        weir_pipe_free(pipe);
        weir_buf_fini(&in);
        weir_buf_fini(&other.got);
    }
}

static void upstream_failure_publishes_nothing(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct canned_reply replies[] = {{.match = CREATE, .head = CREATED},
        {.match = PART, .head = PART_OK, .again = true}, {.match = UNDO, .head = GONE},
        {.match = UNDO, .head = NO_UPLOAD, .again = true}};

    for (size_t fail_at = 1; fail_at <= sizeof s3_data; fail_at++) {
        s3_serve(fx, replies, COUNT(replies));
        assert_int_equal(s3_put(fx, sizeof s3_data, 10, fail_at), -1);
        assert_memory_equal(fx->err.msg, "memory: cut", 11);
        assert_int_equal(s3_asked(fx, PUT, NULL) + s3_asked(fx, COMPLETE, NULL), 0);
        if (s3_asked(fx, CREATE, NULL) > 0) {
            s3_expect_undone(fx);
        }
    }
}

/* Each of these ends in an error that tells of it, and in an abort, or in none. */
static void refused_request_fails_and_aborts(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct {
        struct canned_reply replies[5];
        const char *msg;
        size_t aborts; /* at least: another part may have been under way, then it is one more */
    } cases[] = {
        /* The other part under way is not answered: whose answer is the first would be chance. */
        {{{.match = CREATE, .head = DENIED}}, "s3: s3://b/k: CreateMultipartUpload: 403", 0},
        {{{.match = CREATE, .head = CREATED}, {.match = PART "1", .head = BROKEN_500},
             {.match = PART, .end = CANNED_STALL, .again = true},
             {.match = UNDO, .head = GONE, .again = true}},
            "s3: s3://b/k: UploadPart 1: 500 InternalError", 1},
        {{{.match = CREATE, .head = CREATED}, {.match = PART "1", .head = PART_OK},
             {.match = PART "2", .head = DENIED},
             {.match = PART, .end = CANNED_STALL, .again = true},
             {.match = UNDO, .head = GONE, .again = true}},
            "s3: s3://b/k: UploadPart 2: 403 AccessDenied", 1},
        {{{.match = CREATE, .head = CREATED}, {.match = PART "1", .head = OK EMPTY},
             {.match = PART, .end = CANNED_STALL, .again = true},
             {.match = UNDO, .head = GONE, .again = true}},
            "s3: s3://b/k: UploadPart 1: an answer without a usable ETag", 1},
        {{{.match = CREATE, .head = CREATED},
             {.match = PART "1", .head = OK "ETag: \"<\"\r\n" EMPTY},
             {.match = PART, .end = CANNED_STALL, .again = true},
             {.match = UNDO, .head = GONE, .again = true}},
            "s3: s3://b/k: UploadPart 1: an answer without a usable ETag", 1},
        /* The part's answer is lost: it may land behind the first abort. */
        {{{.match = CREATE, .head = CREATED},
             {.match = PART "1", .end = CANNED_CLOSE, .again = true},
             {.match = PART, .end = CANNED_STALL, .again = true}, {.match = UNDO, .head = GONE},
             {.match = UNDO, .head = NO_UPLOAD}},
            "s3: s3://b/k: UploadPart 1: http: ", 2},
        {{{.match = CREATE, .head = CREATED}, {.match = PART, .head = PART_OK, .again = true},
             {.match = COMPLETE, .head = FAILED_200}, {.match = UNDO, .head = GONE, .again = true}},
            "s3: s3://b/k: CompleteMultipartUpload: 200 InternalError", 1},
        {{{.match = CREATE, .head = CREATED}, {.match = PART, .head = PART_OK, .again = true},
             {.match = COMPLETE, .head = OK "Content-Length: 4\r\n\r\nwhat"},
             {.match = UNDO, .head = GONE, .again = true}},
            "s3: s3://b/k: CompleteMultipartUpload: 200", 1},
        {{{.match = CREATE, .head = CREATED}, {.match = PART, .head = PART_OK, .again = true},
             {.match = COMPLETE, .head = BROKEN_500}, {.match = UNDO, .head = NO_UPLOAD}},
            "s3: s3://b/k: CompleteMultipartUpload: 500", 1},
        {{{.match = CREATE, .head = CREATED}, {.match = PART, .head = PART_OK, .again = true},
             {.match = COMPLETE, .end = CANNED_RESET, .again = true},
             {.match = UNDO, .head = NO_UPLOAD}},
            "s3: s3://b/k: CompleteMultipartUpload: http: ", 1},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        s3_serve(fx, cases[i].replies, COUNT(cases[i].replies));
        assert_int_equal(s3_put(fx, 30, 10, 0), -1);
        assert_memory_equal(fx->err.msg, cases[i].msg, strlen(cases[i].msg));
        size_t aborts = s3_asked(fx, UNDO, NULL);
        assert_in_range(aborts, cases[i].aborts, cases[i].aborts > 0 ? 2 : 0);
    }
}

static void refused_put_fails(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct {
        struct canned_reply reply;
        enum weir_code code;
        const char *msg;
    } cases[] = {
        {{.head = STATUS("404 Not Found", "NoSuchBucket", "40")}, WEIR_E_REMOTE,
            "s3: s3://b/k: PutObject: 404 NoSuchBucket"},
        {{.head = BROKEN_500}, WEIR_E_REMOTE, "s3: s3://b/k: PutObject: 500 InternalError"},
        {{.end = CANNED_RESET}, WEIR_E_NET, "s3: s3://b/k: PutObject: http: "},
        {{.head = "HTTP/1.1 500 X\r\nContent-Length: 2000000\r\n\r\n", .fill = 2000000},
            WEIR_E_LIMIT, "s3: s3://b/k: PutObject: an answer: "},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        s3_serve(fx, &cases[i].reply, 1);
        assert_int_equal(s3_put(fx, 30, 30, 0), -1);
        assert_int_equal(fx->err.code, cases[i].code);
        assert_memory_equal(fx->err.msg, cases[i].msg, strlen(cases[i].msg));
        assert_int_equal(s3_asked(fx, PUT, NULL), 1);
    }
}

static void upload_of_more_parts_than_s3_allows_fails_and_aborts(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct canned_reply replies[] = {{.match = CREATE, .head = CREATED},
        {.match = PART, .head = PART_OK, .again = true},
        {.match = UNDO, .head = GONE, .again = true}};
    struct weir_stage sink;
    uint8_t nothing[1] = {0};
    struct weir_out out = {.p = nothing};
    enum weir_step step = WEIR_NEED_IN;

    s3_serve(fx, replies, COUNT(replies));
    assert_int_equal(weir_s3_sink_new(fx->loop, &fx->cfg, "b", "k",
                         &(struct weir_put_opts){.part_bytes = 1}, &sink, &fx->err),
        0);
    int taken = 0;
    while (step != WEIR_FAIL && taken < 10100) {
        struct weir_in in = {.p = nothing, .size = 1};
        while (
            (step = sink.ops->step(sink.self, &in, &out, &fx->err)) == WEIR_WAIT && in.pos == 0) {
            assert_int_equal(weir_loop_step(fx->loop, INT64_MAX, &fx->err), 0);
        }
        taken += (int)in.pos;
    }
    assert_int_equal(taken, WEIR_S3_PARTS_MAX);
    assert_int_equal(fx->err.code, WEIR_E_LIMIT);
    struct weir_err err = {0};
    while ((step = sink.ops->abort(sink.self, &err)) == WEIR_WAIT) {
        assert_int_equal(weir_loop_step(fx->loop, INT64_MAX, &err), 0);
    }
    assert_int_equal(step, WEIR_END);
    weir_stage_free(&sink);
}

/*
 * Parts
 */

static void part_size_is_planned_from_the_hint(void **state)
{
    (void)state;
    const int64_t mib = 1024 * 1024, part_default = (int64_t)WEIR_S3_PART_BYTES;
    const struct {
        int64_t hint;
        size_t part;
    } cases[] = {
        {-1, WEIR_S3_PART_BYTES},
        {0, WEIR_S3_PART_BYTES},
        {1, WEIR_S3_PART_BYTES},
        {part_default * WEIR_S3_PARTS_MAX, WEIR_S3_PART_BYTES},
        {part_default * WEIR_S3_PARTS_MAX + 1, WEIR_S3_PART_BYTES + WEIR_MIB},
        {1024 * 1024 * mib, 105 * WEIR_MIB},
        {5 * 1024 * mib * WEIR_S3_PARTS_MAX, 5 * 1024 * WEIR_MIB},
        {5 * 1024 * mib * WEIR_S3_PARTS_MAX + 1, 0},
        {INT64_MAX, 0},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(weir_s3_part_plan(cases[i].hint), cases[i].part);
    }
}

static void object_too_large_for_s3_is_refused_at_once(void **state)
{
    struct s3_fixture *fx = *state;
    struct weir_stage sink;

    s3_serve(fx, NULL, 0);
    assert_int_equal(weir_s3_sink_new(fx->loop, &fx->cfg, "b", "k",
                         &(struct weir_put_opts){.size_hint_bytes = INT64_MAX}, &sink, &fx->err),
        -1);
    assert_int_equal(fx->err.code, WEIR_E_LIMIT);
}

static void part_knows_its_digests(void **state)
{
    (void)state;
    struct weir_s3_part p;
    char sha[WEIR_SHA256_HEX_BYTES], sum[WEIR_CHECKSUM_BASE64_BYTES];

    assert_int_equal(weir_s3_part_init(&p, 9, true, WEIR_CHECKSUM_CRC32, NULL), 0);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(weir_s3_part_add(&p, "1234", 4, NULL), 0);
        assert_int_equal(weir_s3_part_add(&p, "56789", 5, NULL), 0);
        assert_int_equal(weir_s3_part_room(&p), 0);
        assert_int_equal(weir_s3_part_seal(&p, sha, sum, NULL), 0);
        assert_string_equal(
            sha, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225");
        assert_string_equal(sum, "y/Q5Jg=="); /* 0xcbf43926, the check value of CRC-32 */
        assert_int_equal(weir_s3_part_reset(&p, NULL), 0);
    }
    weir_s3_part_fini(&p);
    assert_int_equal(weir_s3_part_init(&p, 9, false, WEIR_CHECKSUM_NONE, NULL), 0);
    assert_int_equal(weir_s3_part_seal(&p, sha, sum, NULL), 0);
    assert_string_equal(sha, "");
    assert_string_equal(sum, "");
    weir_s3_part_fini(&p);
}

/* The value that a header of request i has, as long as it is asked for. */
static const char *header_of(struct s3_fixture *fx, size_t i, const char *name, char to[64])
{
    char begin[64];
    snprintf(begin, sizeof begin, "\r\n%s: ", name);
    const char *at = strstr(canned_http_request(fx->server, i, NULL), begin);
    to[0] = '\0';
    if (at != NULL) {
        at += strlen(begin);
        snprintf(to, 64, "%.*s", (int)strcspn(at, "\r"), at);
    }
    return to;
}

static const char *sum_of(
    enum weir_checksum_kind kind, const uint8_t *p, size_t n, char to[WEIR_CHECKSUM_BASE64_BYTES])
{
    struct weir_checksum sum;

    assert_int_equal(weir_checksum_init(&sum, kind, NULL), 0);
    assert_int_equal(weir_checksum_add(&sum, p, n, NULL), 0);
    assert_int_equal(weir_checksum_end(&sum, to, NULL), 0);
    weir_checksum_fini(&sum);
    return to;
}

static void parts_and_object_carry_checksums(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct canned_reply replies[] = {{.match = CREATE, .head = CREATED},
        {.match = PART, .head = PART_OK, .again = true}, {.match = COMPLETE, .head = COMPLETED},
        {.match = PUT, .head = PART_OK}};
    static const enum weir_checksum_kind kinds[] = {
        WEIR_CHECKSUM_NONE, WEIR_CHECKSUM_CRC64NVME, WEIR_CHECKSUM_CRC32};

    for (size_t i = 0; i < COUNT(kinds); i++) {
        char got[64], want[WEIR_CHECKSUM_BASE64_BYTES];
        const char *name = kinds[i] != WEIR_CHECKSUM_NONE ? weir_checksum_header(kinds[i])
                                                          : "x-amz-checksum-crc64nvme";
        size_t at = 0;
        s3_serve(fx, replies, COUNT(replies));
        fx->cfg.checksum = kinds[i];
        assert_int_equal(s3_put(fx, 25, 10, 0), 0);
        assert_string_equal(header_of(fx, 0, "x-amz-checksum-algorithm", got),
            kinds[i] != WEIR_CHECKSUM_NONE ? weir_checksum_name(kinds[i]) : "");
        assert_string_equal(header_of(fx, 0, "x-amz-checksum-type", got),
            kinds[i] != WEIR_CHECKSUM_NONE ? "FULL_OBJECT" : "");
        assert_int_equal(s3_asked(fx, PART "3", &at), 1);
        assert_string_equal(header_of(fx, at, name, got), sum_of(kinds[i], s3_data + 20, 5, want));
        assert_int_equal(s3_asked(fx, COMPLETE, &at), 1);
        assert_string_equal(header_of(fx, at, name, got), sum_of(kinds[i], s3_data, 25, want));
        assert_string_equal(header_of(fx, at, "x-amz-checksum-type", got),
            kinds[i] != WEIR_CHECKSUM_NONE ? "FULL_OBJECT" : "");
        size_t len;
        assert_null(strstr(canned_http_body(fx->server, at, &len), "Checksum"));
        assert_int_equal(s3_put(fx, 10, 10, 0), 0);
        assert_int_equal(s3_asked(fx, PUT, &at), 1);
        assert_string_equal(header_of(fx, at, name, got), sum_of(kinds[i], s3_data, 10, want));
    }
}

static void checksum_that_a_part_is_answered_with_is_compared_and_listed(void **state)
{
    struct s3_fixture *fx = *state;
    char sum[WEIR_CHECKSUM_BASE64_BYTES], part1[256], listed[256];
    const struct canned_reply replies[] = {{.match = CREATE, .head = CREATED},
        {.match = PART "1", .head = part1}, {.match = PART, .head = PART_OK, .again = true},
        {.match = COMPLETE, .head = COMPLETED}, {.match = UNDO, .head = GONE, .again = true}};

    for (size_t i = 0; i < 10; i++) {
        s3_data[i] = (uint8_t)('A' + i);
    }
    sum_of(WEIR_CHECKSUM_CRC64NVME, s3_data, 10, sum);
    snprintf(
        part1, sizeof part1, OK "ETag: \"0123\"\r\nx-amz-checksum-crc64nvme: %s\r\n" EMPTY, sum);
    s3_serve(fx, replies, COUNT(replies));
    assert_int_equal(s3_put(fx, 25, 10, 0), 0);
    size_t at = 0, len;
    assert_int_equal(s3_asked(fx, COMPLETE, &at), 1);
    snprintf(listed, sizeof listed,
        "<PartNumber>1</PartNumber><ETag>\"0123\"</ETag><ChecksumCRC64NVME>%s</ChecksumCRC64NVME>",
        sum);
    assert_non_null(strstr(canned_http_body(fx->server, at, &len), listed));

    snprintf(part1, sizeof part1,
        OK "ETag: \"0123\"\r\nx-amz-checksum-crc64nvme: AAAAAAAAAAA=\r\n" EMPTY);
    s3_serve(fx, replies, COUNT(replies));
    assert_int_equal(s3_put(fx, 25, 10, 0), -1);
    assert_string_equal(fx->err.msg, "s3: s3://b/k: UploadPart 1: the server has other bytes: its "
                                     "CRC64NVME is another");
    assert_int_equal(s3_asked(fx, COMPLETE, NULL), 0);
}

static void settings_are_said_of_every_object(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct canned_reply replies[] = {{.match = CREATE, .head = CREATED},
        {.match = PART, .head = PART_OK, .again = true}, {.match = COMPLETE, .head = COMPLETED},
        {.match = PUT, .head = PART_OK}};
    size_t at = 0;

    setenv("WEIR_S3_SSE", "aws:kms", 1);
    setenv("WEIR_S3_METADATA", "a=1;b=2", 1);
    setenv("WEIR_S3_CONTENT_TYPE", "text/plain", 1); /* the writer's own goes before */
    s3_serve(fx, replies, COUNT(replies));
    unsetenv("WEIR_S3_SSE");
    unsetenv("WEIR_S3_METADATA");
    unsetenv("WEIR_S3_CONTENT_TYPE");
    assert_int_equal(s3_put(fx, 25, 10, 0), 0);
    assert_int_equal(s3_put(fx, 10, 10, 0), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(s3_asked(fx, i == 0 ? CREATE : PUT, &at), 1);
        assert_true(s3_has_header(fx, at, "x-amz-server-side-encryption: aws:kms"));
        assert_true(s3_has_header(fx, at, "x-amz-meta-b: 2"));
        assert_true(s3_has_header(fx, at, "Content-Type: text/csv"));
        assert_null(strstr(canned_http_request(fx->server, at, NULL), "text/plain"));
    }
    assert_int_equal(s3_asked(fx, PART "1", &at), 1);
    assert_false(s3_has_header(fx, at, "x-amz-meta-b: 2"));
}

static void part_that_no_budget_holds_is_refused_at_once(void **state)
{
    struct s3_fixture *fx = *state;
    struct weir_stage sink;
    const struct weir_put_opts opts = {.size_hint_bytes = (int64_t)200 << 30};

    s3_serve(fx, NULL, 0);
    fx->cfg.upload_budget_bytes = 20 * WEIR_MIB;
    assert_int_equal(weir_s3_sink_new(fx->loop, &fx->cfg, "b", "k", &opts, &sink, &fx->err), -1);
    assert_int_equal(fx->err.code, WEIR_E_LIMIT);
    assert_non_null(strstr(fx->err.msg, "WEIR_S3_UPLOAD_BUDGET_BYTES is 20971520"));
    /* Unless it was said, one part always fits. */
    fx->cfg.upload_budget_bytes = 0;
    assert_int_equal(weir_s3_sink_new(fx->loop, &fx->cfg, "b", "k", &opts, &sink, NULL), 0);
    weir_stage_free(&sink);
}

/* The parts that come of a budget, by the first part that is sent. */
static void smaller_budget_makes_smaller_parts(void **state)
{
    struct s3_fixture *fx = *state;
    static uint8_t window[WEIR_S3_PART_BYTES + 1];
    static const int64_t gib = (int64_t)1 << 30;
    const size_t beside = WEIR_S3_UPLOAD_MIN_BYTES - WEIR_S3_PART_MIN_BYTES;
    const struct {
        size_t budget;
        int64_t size;
        size_t part; /* 0: refused */
        const char *msg;
    } cases[] = {
        {0, 0, WEIR_S3_PART_BYTES, ""},
        {WEIR_S3_UPLOAD_MIN_BYTES, 0, WEIR_S3_PART_MIN_BYTES, ""},
        {WEIR_S3_UPLOAD_MIN_BYTES, -1, WEIR_S3_PART_MIN_BYTES, ""},
        {beside + 7000000, 0, 7000000, ""},
        {beside + WEIR_S3_PART_BYTES, 0, WEIR_S3_PART_BYTES, ""},
        /* With a size that is known the list is shorter. */
        {WEIR_S3_UPLOAD_MIN_BYTES, 20000000, 6682304, ""},
        {WEIR_S3_UPLOAD_MIN_BYTES, 40 * gib, WEIR_S3_PART_MIN_BYTES + 260208, ""},
        {WEIR_S3_UPLOAD_MIN_BYTES - 1, 0, 0,
            "s3: an object of unknown size: parts of 8388608 bytes take 10287360, and "
            "WEIR_S3_UPLOAD_BUDGET_BYTES is 7141631"},
        {WEIR_S3_UPLOAD_MIN_BYTES, 50 * gib, 0,
            "s3: 53687091200 bytes: parts of 8388608 bytes take 9769104, and "
            "WEIR_S3_UPLOAD_BUDGET_BYTES is 7141632"},
    };

    s3_serve(fx, NULL, 0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_put_opts opts = {.size_hint_bytes = cases[i].size};
        struct weir_in in = {.p = window, .size = sizeof window};
        struct weir_out out = {.p = window};
        struct weir_stage sink;
        fx->err = (struct weir_err){0};
        fx->cfg.upload_budget_bytes = cases[i].budget;
        int rc = weir_s3_sink_new(fx->loop, &fx->cfg, "b", "k", &opts, &sink, &fx->err);
        assert_string_equal(fx->err.msg, cases[i].msg);
        assert_int_equal(rc, cases[i].part > 0 ? 0 : -1);
        if (rc == 0) { /* what it takes before it has to send */
            while (sink.ops->step(sink.self, &in, &out, &fx->err) == WEIR_NEED_IN) {
            }
            if (cases[i].budget > 0) {
                assert_int_equal(in.pos, cases[i].part);
            }
            weir_stage_free(&sink);
        }
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, s3_setup, s3_teardown)
    const struct CMUnitTest tests[] = {
        TEST(output_of_one_part_is_one_put),
        TEST(larger_output_is_a_multipart_upload),
        TEST(part_is_sent_while_the_next_one_is_made),
        TEST(last_part_is_there_before_anything_is_published),
        TEST(upstream_failure_publishes_nothing),
        TEST(refused_request_fails_and_aborts),
        TEST(refused_put_fails),
        TEST(upload_of_more_parts_than_s3_allows_fails_and_aborts),
        cmocka_unit_test(part_size_is_planned_from_the_hint),
        TEST(object_too_large_for_s3_is_refused_at_once),
        cmocka_unit_test(part_knows_its_digests),
        TEST(parts_and_object_carry_checksums),
        TEST(checksum_that_a_part_is_answered_with_is_compared_and_listed),
        TEST(settings_are_said_of_every_object),
        TEST(smaller_budget_makes_smaller_parts),
        TEST(part_that_no_budget_holds_is_refused_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
