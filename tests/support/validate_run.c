#include "tests/support/validate_run.h"

#include "core/limits.h"
#include "net/threads.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT_MAX_BYTES (128 * WEIR_MIB) /* of an input, or an output */

int validate_inputs_init(struct validate_inputs *in, const char *schema)
{
    in->schema = weir_schema_load(schema, strlen(schema), NULL, NULL);
    weir_buf_init(&in->csv, TEXT_MAX_BYTES);
    weir_buf_init(&in->json, TEXT_MAX_BYTES);
    return in->schema != NULL ? 0 : -1;
}

void validate_inputs_fini(struct validate_inputs *in)
{
    weir_schema_free(in->schema);
    weir_buf_fini(&in->csv);
    weir_buf_fini(&in->json);
}

static struct weir_validate_sink to(struct memory_sink *sink, bool gzip)
{
    return (struct weir_validate_sink){memory_sink(sink), gzip};
}

struct validate_result validate_run(
    const struct validate_inputs *in, const char *const *words, const struct validate_how *how)
{
    struct validate_result r = {0};
    struct weir_validate_options options;

    weir_buf_init(&r.main.got, TEXT_MAX_BYTES);
    weir_buf_init(&r.invalid.got, TEXT_MAX_BYTES);
    weir_buf_init(&r.summary.got, TEXT_MAX_BYTES);
    weir_validate_options_init(&options);
    for (; *words != NULL; words += 2) {
        assert_int_equal(weir_validate_options_set(&options, words[0], words[1], NULL), 0);
    }
    weir_validate_options_resolve(&options, NULL, NULL);
    const struct weir_buf *text = options.input == WEIR_INPUT_NDJSON ? &in->json : &in->csv;
    struct memory_source source = {.in = text->p, .len = text->len};
    struct weir_loop *loop = weir_loop_new(NULL);
    struct weir_threads *threads =
        how->threads > 0 ? weir_threads_new(loop, how->threads, NULL) : NULL;
    assert_int_equal(threads != NULL, how->threads > 0);
    struct weir_validate_job job = {.source = memory_source(&source),
        .out = to(&r.main, how->gzip),
        .info = &source.info,
        .schema = in->schema,
        .options = &options,
        .workers = threads != NULL ? weir_threads_workers(threads) : NULL,
        .deadline_mono_ms = INT64_MAX};
    if (options.output == WEIR_OUTPUT_SPLIT) {
        job.invalid = to(&r.invalid, how->gzip);
    }
    if (how->summary) {
        job.summary = to(&r.summary, how->gzip);
    }
    struct weir_validate *v = weir_validate_new(&job, &r.err);
    assert_non_null(v);
    r.rc = weir_loop_run(loop, weir_validate_pipe(v), &r.err);
    weir_validate_summarize(v, &r.sums);
    weir_validate_free(v);
    weir_threads_free(threads);
    weir_loop_free(loop);
    weir_validate_options_fini(&options);
    assert_int_equal(r.main.published, r.rc == 0);
    assert_int_equal(r.summary.published, r.rc == 0 && how->summary);
    return r;
}

void validate_result_fini(struct validate_result *r)
{
    weir_buf_fini(&r->main.got);
    weir_buf_fini(&r->invalid.got);
    weir_buf_fini(&r->summary.got);
}

/* The summary has the time it took. */
static void drop_ms(struct weir_buf *b)
{
    static const char name[] = "\"ms\":";

    if (b->len == 0) {
        return;
    }
    uint8_t *end = b->p + b->len, *digits = memmem(b->p, b->len, name, sizeof name - 1), *rest;
    assert_non_null(digits);
    digits += sizeof name - 1;
    for (rest = digits; rest < end && *rest >= '0' && *rest <= '9'; rest++) {
    }
    memmove(digits, rest, (size_t)(end - rest));
    b->len -= (size_t)(rest - digits);
}

static void same_bytes(const struct weir_buf *a, const struct weir_buf *b)
{
    assert_int_equal(a->len, b->len);
    if (b->len > 0) {
        assert_memory_equal(a->p, b->p, b->len);
    }
}

static void same(const struct validate_result *a, const struct validate_result *b)
{
    assert_string_equal(a->err.msg, b->err.msg);
    assert_int_equal(a->rc, b->rc);
    if (b->rc != 0) {
        return; /* how far it came by then is a matter of time */
    }
    assert_int_equal(a->sums.rows, b->sums.rows);
    assert_int_equal(a->sums.valid, b->sums.valid);
    assert_int_equal(a->sums.described, b->sums.described);
    same_bytes(&a->main.got, &b->main.got);
    same_bytes(&a->invalid.got, &b->invalid.got);
    same_bytes(&a->summary.got, &b->summary.got);
}

struct validate_result validate_same(
    const struct validate_inputs *in, const char *const *words, const struct validate_how *how)
{
    static const size_t threads[] = {0, 1, 2, 3, 8};
    struct validate_result one = {0};

    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++) {
        const struct validate_how with = {threads[i], how->gzip, how->summary};
        struct validate_result r = validate_run(in, words, &with);
        if (with.gzip) {
            r.summary.got.len = 0; /* compressed, the time stays in it */
        } else {
            drop_ms(&r.summary.got);
        }
        if (i == 0) {
            one = r;
            continue;
        }
        same(&r, &one);
        validate_result_fini(&r);
    }
    validate_result_fini(&one);
    return one;
}
