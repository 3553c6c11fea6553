/* Can an output ever come back as an input, whatever the trigger and the template are? */
#include "core/limits.h"
#include "handlers/validate/outkey.h"
#include "handlers/validate/recursion.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* One output and one prefix, as the environment alone has them. */
struct pair {
    const char *pattern, *bucket, *prefix;
};

struct guard {
    struct weir_recursion r;
    struct weir_recursion_output output;
    struct weir_recursion_input input;
};

static void guard_by(struct guard *g, const struct pair *p)
{
    *g = (struct guard){.output = {"WEIR_OUTPUT_KEY", p->pattern, p->bucket},
        .input = {"WEIR_INPUT_PREFIX", p->prefix}};
    g->r = (struct weir_recursion){&g->output, 1, &g->input, 1};
}

static void template_under_the_triggers_prefix_is_an_init_error(void **state)
{
    static const struct {
        struct pair p;
        const char *part; /* of the message; NULL: fine */
    } rows[] = {
        {{"validations/{stem}.csv.gz", NULL, "uploads/"}, NULL},
        {{"uploads/{stem}.csv.gz", NULL, "uploads/"}, "WEIR_INPUT_PREFIX (uploads/)"},
        {{"uploads/done/{stem}.csv.gz", NULL, "uploads/"}, "WEIR_INPUT_PREFIX"},
        {{"uploads-done/{stem}", NULL, "uploads/"}, NULL},
        {{"uploads-done/{stem}", NULL, "uploads"}, "WEIR_INPUT_PREFIX (uploads)"},
        {{"in/{stem}", NULL, "in/"}, "WEIR_INPUT_PREFIX (in/)"},
        {{"uploads/{stem}", NULL, "in/"}, NULL},
        {{"{key}", NULL, "uploads/"}, "begins with {key}"},
        {{"{key}.gz", NULL, "in/"}, "begins with {key}"},
        {{"{stem}.gz", NULL, "uploads/"}, NULL}, /* each record tells */
        {{"out/{key}", NULL, "uploads/"}, NULL},
        {{"uploads/{stem}", "other", "uploads/"}, NULL},
        {{"{key}", "other", "uploads/"}, NULL},
        {{"up", NULL, "uploads/"}, "begins as the outputs of WEIR_OUTPUT_KEY"},
        {{"data/{stem}", NULL, "data/in/"}, "begins as the outputs of WEIR_OUTPUT_KEY"},
        {{"data/{stem}", "other", "data/in/"}, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct weir_err err = {0};
        struct guard g;
        guard_by(&g, &rows[i].p);
        int rc = weir_recursion_init(&g.r, &err);
        if ((rc == 0) != (rows[i].part == NULL) ||
            (rc != 0 && (err.code != WEIR_E_CONFIG || strstr(err.msg, rows[i].part) == NULL))) {
            fail_msg("%s: %d \"%s\"", rows[i].p.pattern, rc, err.msg);
        }
    }
}

/* What o makes of a key, in out. */
static int make(const struct weir_recursion *r, const struct weir_recursion_output *o,
    const char *bucket, const char *key, struct weir_buf *out, struct weir_err *err)
{
    char in_bucket[16], in_key[WEIR_S3_KEY_MAX_BYTES + 1], etag[] = "e1", version[] = "v1";

    snprintf(in_bucket, sizeof in_bucket, "%s", bucket);
    snprintf(in_key, sizeof in_key, "%s", key);
    const struct weir_s3_record record = {
        .bucket = in_bucket, .key = in_key, .etag = etag, .version_id = version};
    assert_int_equal(weir_outkey_check(o->pattern, err), 0);
    assert_int_equal(weir_outkey_make(o->pattern, &record, "csv", out, err), 0);
    return weir_recursion_output(r, o, &record, weir_buf_text(out, err), err) != 0
               ? -1
               : weir_recursion_input(r, &record, err);
}

static void record_that_could_come_back_is_refused(void **state)
{
    static const struct {
        struct pair p;
        const char *key, *part; /* part NULL: fine */
    } rows[] = {
        {{"validations/{stem}.csv.gz", NULL, "uploads/"}, "uploads/a/b.csv", NULL},
        {{"validations/{stem}.csv.gz", NULL, "uploads/"}, "in/a.csv", NULL},
        {{"validations/{stem}.csv.gz", NULL, "uploads/"}, "a.csv", NULL},
        {{"validations/{stem}.csv.gz", NULL, "uploads/"}, "validations/a.csv.gz", "replace"},
        {{"validations/{stem}.csv.gz", NULL, "uploads/"}, "validations/a.csv", "comes from"},
        {{"v/x/{stem}", NULL, "uploads/"}, "v/x/y/c.csv", "puts outputs"},
        {{"validations/{stem}.csv.gz", "b", "uploads/"}, "validations/a.csv", "comes from"},
        {{"validations/{stem}.csv.gz", "other", "uploads/"}, "validations/a.csv", NULL},
        {{"uploads/{stem}.gz", "b", "uploads/"}, "uploads/a.csv", "comes from"},
        {{"uploads/{stem}.gz", "b", "uploads/"}, "in/a.csv", "comes from"},
        {{"uploads/{stem}.gz", "other", "uploads/"}, "uploads/a.csv", NULL},
        {{"data/out/{stem}", NULL, "data/in/"}, "data/in/a.csv", NULL},
        {{"data/in/out/{stem}", NULL, "uploads/"}, "data/in/a.csv", "comes from"},
        {{"{stem}.csv", NULL, "uploads/"}, "uploads/a.csv", NULL},
        {{"{stem}.csv", NULL, "uploads/"}, "uploads/uploads/a.csv", "comes from"},
        {{"{stem}.csv", NULL, "uploads/"}, "a.csv", "replace"},
        {{"{stem}.x.csv", NULL, "uploads/"}, "a.csv",
            "not under WEIR_INPUT_PREFIX (uploads/), and"},
        {{"{etag}/{key}", NULL, "uploads/"}, "uploads/a.csv", NULL},
        {{"{etag}/{key}", NULL, "uploads/"}, "e0/uploads/a.csv", "not under"},
        {{"v-{stem}", NULL, "uploads/"}, "v-a.csv", "puts outputs"},
        {{"{key}", "b", "uploads/"}, "uploads/a.csv", "replace"},
        {{"{key}", "other", "uploads/"}, "uploads/a.csv", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct weir_err err = {0};
        struct weir_buf out;
        weir_buf_init(&out, WEIR_S3_KEY_MAX_BYTES + 1);
        struct guard g;
        guard_by(&g, &rows[i].p);
        int rc = make(&g.r, &g.output, "b", rows[i].key, &out, &err);
        if ((rc == 0) != (rows[i].part == NULL) ||
            (rc != 0 && (err.code != WEIR_E_CONFIG || strstr(err.msg, rows[i].part) == NULL))) {
            fail_msg("%s of %s: %d \"%s\"", rows[i].p.pattern, rows[i].key, rc, err.msg);
        }
        weir_buf_fini(&out);
    }
}

/* Several outputs of several rules, the whole bucket as trigger, every template of these pieces,
 * every key of those: an output that is made is never taken as an input again, by none of them. */
static void no_chain_is_longer_than_one_output(void **state)
{
    static const char *const pieces[] = {
        "{stem}", "{key}", "{etag}", "{version}", "uploads/", "v/", "v-", "x", "/", ".csv"};
    static const char *const keys[] = {"a.csv", "uploads/a.csv", "uploads/uploads/a", "v/a",
        "v-a.csv", "x", "e1/a.csv", "v1/uploads/b.csv", "a/b/c/d.csv.gz", "/a", "in/a.csv"};
    const size_t c = COUNT(pieces);
    size_t made = 0;

    (void)state;
    for (size_t n = 0; n < c * c * c; n++) {
        char pattern[64];
        snprintf(
            pattern, sizeof pattern, "%s%s%s", pieces[n % c], pieces[n / c % c], pieces[n / c / c]);
        struct weir_recursion_output outputs[] = {
            {"/0", pattern, NULL}, {"/1", pieces[(n * 7 + 3) % c], NULL}, {"/2", "b/{key}", "b"}};
        struct weir_recursion_input inputs[] = {{"WEIR_INPUT_PREFIX", "uploads/"}, {"/0", "in/"}};
        const struct weir_recursion r = {outputs, 1 + n % 3, inputs, 1 + n % 2};
        for (size_t k = 0; weir_recursion_init(&r, NULL) == 0 && k < COUNT(keys); k++) {
            for (size_t o = 0; o < r.outputs_n * r.outputs_n; o++) {
                struct weir_buf first, second;
                struct weir_err err = {0};
                weir_buf_init(&first, WEIR_S3_KEY_MAX_BYTES + 1);
                weir_buf_init(&second, WEIR_S3_KEY_MAX_BYTES + 1);
                if (make(&r, &outputs[o % r.outputs_n], "b", keys[k], &first, &err) == 0) {
                    made++;
                    if (make(&r, &outputs[o / r.outputs_n], "b", weir_buf_text(&first, NULL),
                            &second, &err) == 0) {
                        fail_msg("%s: %s -> %s -> %s", pattern, keys[k],
                            weir_buf_text(&first, NULL), weir_buf_text(&second, NULL));
                    }
                }
                weir_buf_fini(&first);
                weir_buf_fini(&second);
            }
        }
    }
    assert_true(made > 1000); /* it does not refuse everything */
}

/* What one rule writes, another must not read. */
static void rules_guard_each_other(void **state)
{
    struct weir_recursion_output outputs[] = {
        {"/0/output_key", "out/{stem}", NULL}, {"/1/summary_key", "b/sums/{stem}", NULL}};
    struct weir_recursion_input inputs[] = {
        {"WEIR_INPUT_PREFIX", "uploads/"}, {"/0/prefix", "a/"}, {"/1/prefix", "b/"}};
    struct weir_recursion r = {outputs, 2, inputs, 3};
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(weir_recursion_init(&r, &err), -1);
    assert_non_null(strstr(err.msg, "/1/summary_key begins with /1/prefix (b/)"));
    err = (struct weir_err){0};
    outputs[1].pattern = "a/sums/{stem}";
    assert_int_equal(weir_recursion_init(&r, &err), -1);
    assert_non_null(strstr(err.msg, "/1/summary_key begins with /0/prefix (a/)"));
    err = (struct weir_err){0};
    outputs[1].pattern = "sums/{stem}";
    inputs[2].prefix = "sums/in/";
    assert_int_equal(weir_recursion_init(&r, &err), -1);
    assert_non_null(
        strstr(err.msg, "/1/prefix (sums/in/) begins as the outputs of /1/summary_key"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(template_under_the_triggers_prefix_is_an_init_error),
        cmocka_unit_test(record_that_could_come_back_is_refused),
        cmocka_unit_test(no_chain_is_longer_than_one_output),
        cmocka_unit_test(rules_guard_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
