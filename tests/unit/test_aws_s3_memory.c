/*
 * Does the memory of an upload, and of a reading by several connections, stay within its budget,
 * however large the object and the budget are?
 * The C library counts what is allocated; the server is a process of its own, so that only the
 * client's memory is counted.
 */
#include "tests/support/s3_fixture.h"

#include <malloc.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* What is allocated now, what the kernel mapped for large blocks included; 0 under a sanitizer,
 * which has an allocator of its own. */
static size_t allocated(void)
{
    struct mallinfo2 m = mallinfo2();

    return m.uordblks + m.hblkhd;
}

/* A server in a process of its own; *url receives where it is. */
static pid_t fork_server(const struct canned_reply *replies, size_t n, char url[64])
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_int_not_equal(pid, -1);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        struct canned_http *server = canned_http_new(replies, n);
        const char *at = canned_http_url(server);
        if (write(ends[1], at, strlen(at) + 1) < 0) {
            _exit(1);
        }
        for (;;) {
            pause();
        }
    }
    ssize_t got = read(ends[0], url, 64);
    assert_true(got > 0 && url[got - 1] == '\0');
    close(ends[0]);
    close(ends[1]);
    return pid;
}

/* Write size bytes, of a size that is known when the parts' is; the most that was allocated
 * meanwhile, beyond what was before. */
static size_t peak_of_upload(struct s3_fixture *fx, size_t size, size_t part_bytes)
{
    static uint8_t window[64 * 1024];
    const struct weir_put_opts opts = {
        .part_bytes = part_bytes, .size_hint_bytes = part_bytes > 0 ? (int64_t)size : 0};
    uint8_t nothing[1];
    struct weir_out out = {.p = nothing};
    struct weir_stage sink;
    const size_t before = allocated();
    size_t peak = 0, sent = 0;
    enum weir_step step = WEIR_NEED_IN;

    assert_int_equal(weir_s3_sink_new(fx->loop, &fx->cfg, "b", "k", &opts, &sink, &fx->err), 0);
    struct weir_in in = {.p = window};
    while (step != WEIR_END) {
        if (in.pos == in.size && sent < size) {
            in.pos = 0;
            in.size = size - sent < sizeof window ? size - sent : sizeof window;
            sent += in.size;
        }
        in.last = sent == size;
        step = sink.ops->step(sink.self, &in, &out, &fx->err);
        assert_int_not_equal(step, WEIR_FAIL);
        size_t now = allocated();
        peak = now > before && now - before > peak ? now - before : peak;
        if (step == WEIR_WAIT && (in.pos < in.size || sent == size)) {
            assert_int_equal(weir_loop_step(fx->loop, INT64_MAX, &fx->err), 0);
        }
    }
    weir_stage_free(&sink);
    return peak;
}

static void upload_keeps_within_its_budget(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct canned_reply replies[] = {{.match = CREATE, .head = CREATED, .again = true},
        {.match = PART, .head = PART_OK, .again = true},
        {.match = COMPLETE, .head = COMPLETED, .again = true}};
    static const struct {
        size_t budget;
        size_t at_least; /* it is made use of */
    } cases[] = {
        {0, 2 * WEIR_S3_PART_BYTES},
        {WEIR_S3_UPLOAD_MIN_BYTES, WEIR_S3_PART_MIN_BYTES},
        {11 * WEIR_MIB, WEIR_S3_PART_BYTES},
        {40 * WEIR_MIB, 3 * WEIR_S3_PART_BYTES},
    };
    char url[64];
    pid_t server = fork_server(replies, COUNT(replies), url);

    setenv("AWS_ENDPOINT_URL_S3", url, 1);
    for (size_t i = 0; i < COUNT(cases); i++) {
        weir_s3_config_fini(&fx->cfg);
        assert_int_equal(weir_s3_config_env(&fx->cfg, NULL), 0);
        fx->cfg.upload_budget_bytes = cases[i].budget;
        size_t budget = cases[i].budget > 0 ? cases[i].budget : WEIR_S3_UPLOAD_BYTES;
        size_t peak = peak_of_upload(fx, 100 * WEIR_MIB, 0);
        print_message("budget %zu, peak %zu\n", budget, peak);
        if (peak == 0) {
            skip(); /* a sanitizer's allocator does not count this way */
        }
        assert_in_range(peak, cases[i].at_least, budget);
    }
    kill(server, SIGKILL);
    assert_int_equal(waitpid(server, NULL, 0), server);
}

/* So many parts that their list is more than they are, with all that may be in it. */
static void list_of_parts_is_within_the_budget(void **state)
{
    struct s3_fixture *fx = *state;
    enum { FEW = 100 };
    char part[256], url[64], sum[WEIR_CHECKSUM_BASE64_BYTES];
    static const uint8_t zeros[100];
    struct weir_checksum of_part;

    assert_int_equal(weir_checksum_init(&of_part, WEIR_CHECKSUM_CRC64NVME, NULL), 0);
    assert_int_equal(weir_checksum_add(&of_part, zeros, sizeof zeros, NULL), 0);
    assert_int_equal(weir_checksum_end(&of_part, sum, NULL), 0);
    weir_checksum_fini(&of_part);
    snprintf(part, sizeof part,
        OK "ETag: \"0123456789abcdef0123456789abcdef\"\r\nx-amz-checksum-crc64nvme: %s\r\n" EMPTY,
        sum);
    const struct canned_reply replies[] = {{.match = CREATE, .head = CREATED, .again = true},
        {.match = PART, .head = part, .again = true},
        {.match = COMPLETE, .head = COMPLETED, .again = true}};
    pid_t server = fork_server(replies, COUNT(replies), url);

    setenv("AWS_ENDPOINT_URL_S3", url, 1);
    assert_int_equal(weir_s3_config_env(&fx->cfg, NULL), 0);
    fx->cfg.upload_budget_bytes = S3_TWO_PARTS_BYTES;
    size_t few = peak_of_upload(fx, FEW * sizeof zeros, sizeof zeros);
    size_t peak = peak_of_upload(fx, WEIR_S3_PARTS_MAX * sizeof zeros, sizeof zeros);
    kill(server, SIGKILL);
    assert_int_equal(waitpid(server, NULL, 0), server);
    print_message("budget %zu, peak %zu; of %d parts %zu\n", S3_TWO_PARTS_BYTES, peak, FEW, few);
    if (peak == 0) {
        skip(); /* a sanitizer's allocator does not count this way */
    }
    assert_in_range(peak, WEIR_S3_PARTS_MAX * (WEIR_S3_PART_LIST_BYTES - 3), S3_TWO_PARTS_BYTES);
    /* Each part more takes what was reckoned for it, and no more. */
    assert_true(peak - few <= (WEIR_S3_PARTS_MAX - FEW) * WEIR_S3_PART_LIST_BYTES + 64 * WEIR_KIB);
}

/* Read an object of size bytes, slowly enough that all that may be read ahead is there. */
static size_t peak_of_reading(struct s3_fixture *fx, uint64_t size)
{
    static uint8_t window[64 * 1024];
    const struct weir_object object = {.bucket = "b", .key = "k"};
    struct weir_in in = {.p = window, .last = true};
    struct weir_source_info info;
    struct weir_stage source;
    const size_t before = allocated();
    size_t peak = 0;
    enum weir_step step;

    assert_int_equal(weir_s3_source_new(fx->loop, &fx->cfg, &object, &info, &source, &fx->err), 0);
    do {
        struct weir_out out = {.p = window, .size = sizeof window};
        step = source.ops->step(source.self, &in, &out, &fx->err);
        assert_int_not_equal(step, WEIR_FAIL);
        /* Let come what does, also when there is enough to hand on; in the end there is nothing. */
        (void)weir_loop_step(fx->loop, step == WEIR_WAIT ? INT64_MAX : 0, NULL);
        size_t now = allocated();
        peak = now > before && now - before > peak ? now - before : peak;
    } while (step != WEIR_END);
    assert_int_equal(info.read_bytes, size);
    weir_stage_free(&source);
    return peak;
}

/* Answers for all of an object of size bytes, and for each range of it. */
static size_t object_replies(
    struct canned_reply *replies, size_t max, uint64_t size, size_t range, char (*texts)[2][192])
{
    size_t n = 0;

    for (uint64_t from = range; from < size; from += range, n++) {
        uint64_t len = size - from < range ? size - from : range;
        assert_true(n + 1 < max);
        snprintf(texts[n][0], sizeof texts[n][0], "GET\nRange: bytes=%ju-%ju", (uintmax_t)from,
            (uintmax_t)(from + len - 1));
        snprintf(texts[n][1], sizeof texts[n][1],
            "HTTP/1.1 206 P\r\nContent-Range: bytes %ju-%ju/%ju\r\nContent-Length: %ju\r\n\r\n",
            (uintmax_t)from, (uintmax_t)(from + len - 1), (uintmax_t)size, (uintmax_t)len);
        replies[n] = (struct canned_reply){.match = texts[n][0], .head = texts[n][1], .fill = len};
    }
    snprintf(texts[n][1], sizeof texts[n][1], OK "ETag: \"e\"\r\nContent-Length: %ju\r\n\r\n",
        (uintmax_t)size);
    replies[n] = (struct canned_reply){.head = texts[n][1], .fill = size};
    return n + 1;
}

static void reading_keeps_within_its_budget(void **state)
{
    struct s3_fixture *fx = *state;
    enum { REPLIES_MAX = 80 };
    static char texts[REPLIES_MAX][2][192];
    static const uint64_t size = 70 * WEIR_MIB;
    static const struct {
        const char *connections, *budget;
        size_t range; /* that comes of it */
    } cases[] = {
        {"4", "", WEIR_S3_RANGE_BYTES},
        {"2", "10000000", 10000000 / 2 - WEIR_S3_READ_SLOT_BYTES},
        {"16", "", WEIR_S3_READ_BYTES / 16 - WEIR_S3_READ_SLOT_BYTES},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct canned_reply replies[REPLIES_MAX];
        char url[64];
        size_t n = object_replies(replies, REPLIES_MAX, size, cases[i].range, texts);
        pid_t server = fork_server(replies, n, url);
        setenv("AWS_ENDPOINT_URL_S3", url, 1);
        setenv("WEIR_S3_READ_CONNECTIONS", cases[i].connections, 1);
        setenv("WEIR_S3_READ_BUDGET_BYTES", cases[i].budget, 1);
        weir_s3_config_fini(&fx->cfg);
        assert_int_equal(weir_s3_config_env(&fx->cfg, NULL), 0);
        assert_int_equal(fx->cfg.range_bytes, cases[i].range);
        size_t budget = cases[i].budget[0] != '\0' ? 10000000 : WEIR_S3_READ_BYTES;
        size_t peak = peak_of_reading(fx, size);
        print_message("%s connections, budget %zu, peak %zu\n", cases[i].connections, budget, peak);
        kill(server, SIGKILL);
        assert_int_equal(waitpid(server, NULL, 0), server);
        if (peak == 0) {
            skip(); /* a sanitizer's allocator does not count this way */
        }
        assert_in_range(peak, fx->cfg.read_connections * cases[i].range, budget);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(upload_keeps_within_its_budget, s3_setup, s3_teardown),
        cmocka_unit_test_setup_teardown(list_of_parts_is_within_the_budget, s3_setup, s3_teardown),
        cmocka_unit_test_setup_teardown(reading_keeps_within_its_budget, s3_setup, s3_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
