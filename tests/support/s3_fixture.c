#include "tests/support/s3_fixture.h"

#include "net/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

int s3_setup(void **state)
{
    struct s3_fixture *fx = calloc(1, sizeof *fx);

    assert_non_null(fx);
    fx->loop = weir_loop_new(NULL);
    assert_non_null(fx->loop);
    setenv("AWS_REGION", "us-east-1", 1);
    setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secretsecret", 1);
    setenv("AWS_CONFIG_FILE", "/dev/null", 1); /* not the caller's */
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
    setenv("AWS_MAX_ATTEMPTS", "1", 1);
    setenv("WEIR_S3_RETRY_BASE_MS", "1", 1);
    setenv("WEIR_S3_RETRY_SEED", "1", 1);
    *state = fx;
    return 0;
}

void s3_serve(struct s3_fixture *fx, const struct canned_reply *replies, size_t n)
{
    canned_http_free(fx->server);
    weir_s3_config_fini(&fx->cfg);
    while (n > 0 && replies[n - 1].match == NULL && replies[n - 1].head == NULL &&
           replies[n - 1].end == CANNED_KEEP) {
        n--; /* what a table's row has left over */
    }
    fx->server = canned_http_new(replies, n);
    setenv("AWS_ENDPOINT_URL_S3", canned_http_url(fx->server), 1);
    assert_int_equal(weir_s3_config_env(&fx->cfg, NULL), 0);
    fx->cfg.upload_budget_bytes = S3_TWO_PARTS_BYTES;
    fx->err = (struct weir_err){0};
}

int s3_teardown(void **state)
{
    struct s3_fixture *fx = *state;

    canned_http_free(fx->server);
    weir_s3_config_fini(&fx->cfg);
    weir_loop_free(fx->loop);
    free(fx);
    return 0;
}

size_t s3_asked(struct s3_fixture *fx, const char *first_line, size_t *last)
{
    size_t n = 0;

    for (size_t i = 0; i < canned_http_requests(fx->server); i++) {
        if (strncmp(canned_http_request(fx->server, i, NULL), first_line, strlen(first_line)) ==
            0) {
            n++;
            if (last != NULL) {
                *last = i;
            }
        }
    }
    return n;
}

void s3_expect_undone(struct s3_fixture *fx)
{
    size_t last = 0;

    assert_true(s3_asked(fx, UNDO, &last) >= 1);
    for (size_t i = last + 1; i < canned_http_requests(fx->server); i++) {
        assert_memory_equal(canned_http_request(fx->server, i, NULL), PART, strlen(PART));
    }
}

bool s3_has_header(struct s3_fixture *fx, size_t i, const char *line)
{
    char text[512];

    snprintf(text, sizeof text, "\r\n%s\r\n", line);
    return strstr(canned_http_request(fx->server, i, NULL), text) != NULL;
}

int s3_get(struct s3_fixture *fx, const struct weir_object *object, struct weir_source_info *info,
    struct weir_buf *got)
{
    struct memory_sink sink = {0};
    struct weir_stage stages[2] = {{0}, memory_sink(&sink)};

    weir_buf_init(&sink.got, 4 * WEIR_MIB);
    assert_int_equal(weir_s3_source_new(fx->loop, &fx->cfg, object, info, &stages[0], &fx->err), 0);
    struct weir_pipe *pipe = weir_pipe_new(0, stages, 2, &fx->err);
    assert_non_null(pipe);
    int rc = weir_loop_run(fx->loop, pipe, &fx->err);
    weir_pipe_free(pipe);
    assert_int_equal(sink.published, rc == 0);
    if (got != NULL) {
        *got = sink.got;
    } else {
        weir_buf_fini(&sink.got);
    }
    return rc;
}

uint8_t s3_data[64];

int s3_put(struct s3_fixture *fx, size_t len, size_t part_bytes, size_t fail_at)
{
    struct memory_source source = {.in = s3_data, .len = len, .fail_at = fail_at};
    struct weir_stage stages[2] = {memory_source(&source), {0}};
    const struct weir_put_opts opts = {
        .content_type = "text/csv", .part_bytes = part_bytes, .abort_ms = 10000};

    for (size_t i = 0; i < sizeof s3_data; i++) {
        s3_data[i] = (uint8_t)('A' + i % 26);
    }
    assert_int_equal(
        weir_s3_sink_new(fx->loop, &fx->cfg, "b", "k", &opts, &stages[1], &fx->err), 0);
    struct weir_pipe *pipe = weir_pipe_new(7, stages, 2, &fx->err);
    assert_non_null(pipe);
    int rc = weir_loop_run(fx->loop, pipe, &fx->err);
    weir_pipe_free(pipe);
    return rc;
}
