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

static void template_under_the_triggers_prefix_is_an_init_error(void **state)
{
    static const struct {
        struct weir_recursion r;
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
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct weir_err err = {0};
        int rc = weir_recursion_init(&rows[i].r, &err);
        if ((rc == 0) != (rows[i].part == NULL) ||
            (rc != 0 && (err.code != WEIR_E_CONFIG || strstr(err.msg, rows[i].part) == NULL))) {
            fail_msg("%s: %d \"%s\"", rows[i].r.pattern, rc, err.msg);
        }
    }
}

static int make(const struct weir_recursion *r, const char *bucket, const char *key,
    struct weir_buf *out, struct weir_err *err)
{
    char in_bucket[16], in_key[WEIR_S3_KEY_MAX_BYTES + 1], etag[] = "e1", version[] = "v1";

    snprintf(in_bucket, sizeof in_bucket, "%s", bucket);
    snprintf(in_key, sizeof in_key, "%s", key);
    const struct weir_s3_record record = {
        .bucket = in_bucket, .key = in_key, .etag = etag, .version_id = version};
    assert_int_equal(weir_outkey_check(r->pattern, err), 0);
    assert_int_equal(weir_outkey_make(r->pattern, &record, out, err), 0);
    return weir_recursion_check(r, &record, weir_buf_text(out, err), err);
}

static void record_that_could_come_back_is_refused(void **state)
{
    static const struct {
        struct weir_recursion r;
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
        {{"{stem}.x.csv", NULL, "uploads/"}, "a.csv", "not under WEIR_INPUT_PREFIX (uploads/)"},
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
        int rc = make(&rows[i].r, "b", rows[i].key, &out, &err);
        if ((rc == 0) != (rows[i].part == NULL) ||
            (rc != 0 && (err.code != WEIR_E_CONFIG || strstr(err.msg, rows[i].part) == NULL))) {
            fail_msg("%s of %s: %d \"%s\"", rows[i].r.pattern, rows[i].key, rc, err.msg);
        }
        weir_buf_fini(&out);
    }
}

/* The whole bucket as trigger, every template of these pieces, every key of those: an output that
 * is made is never taken as an input again. */
static void no_chain_is_longer_than_one_output(void **state)
{
    static const char *const pieces[] = {
        "{stem}", "{key}", "{etag}", "{version}", "uploads/", "v/", "v-", "x", "/", ".csv"};
    static const char *const keys[] = {"a.csv", "uploads/a.csv", "uploads/uploads/a", "v/a",
        "v-a.csv", "x", "e1/a.csv", "v1/uploads/b.csv", "a/b/c/d.csv.gz", "/a"};
    size_t made = 0;

    (void)state;
    for (size_t n = 0; n < COUNT(pieces) * COUNT(pieces) * COUNT(pieces); n++) {
        char pattern[64];
        const size_t c = COUNT(pieces);
        snprintf(
            pattern, sizeof pattern, "%s%s%s", pieces[n % c], pieces[n / c % c], pieces[n / c / c]);
        const struct weir_recursion r = {pattern, NULL, "uploads/"};
        for (size_t k = 0; k < COUNT(keys) && weir_recursion_init(&r, NULL) == 0; k++) {
            struct weir_buf first, second;
            struct weir_err err = {0};
            weir_buf_init(&first, WEIR_S3_KEY_MAX_BYTES + 1);
            weir_buf_init(&second, WEIR_S3_KEY_MAX_BYTES + 1);
            if (make(&r, "b", keys[k], &first, &err) == 0) {
                made++;
                if (make(&r, "b", weir_buf_text(&first, NULL), &second, &err) == 0) {
                    fail_msg("%s: %s -> %s -> %s", pattern, keys[k], weir_buf_text(&first, NULL),
                        weir_buf_text(&second, NULL));
                }
            }
            weir_buf_fini(&first);
            weir_buf_fini(&second);
        }
    }
    assert_true(made > 1000); /* it does not refuse everything */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(template_under_the_triggers_prefix_is_an_init_error),
        cmocka_unit_test(record_that_could_come_back_is_refused),
        cmocka_unit_test(no_chain_is_longer_than_one_output),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
