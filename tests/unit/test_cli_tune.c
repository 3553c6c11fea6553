/*
 * Does what runs come to follow aws-lambda-power-tuning's arithmetic, to the last digit of the
 * numbers that one can work out by hand?
 */
#include "cli/tune/chart.h"
#include "cli/tune/tuning.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void near(double got, double want)
{
    if (!(fabs(got - want) <= 1e-9 * fabs(want))) { /* NaN is near to nothing */
        fail_msg("got %.17g, want %.17g", got, want);
    }
}

/* A size that is done, with what sum_up makes. */
static struct weir_tune_size done(int64_t mb, double ms, double usd)
{
    return (struct weir_tune_size){
        .memory_mb = mb, .duration_ms = ms, .cost_usd = usd, .total_usd = 5 * usd};
}

static void mean_leaves_out_a_fifth_at_each_end(void **state)
{
    struct weir_tune_run runs[] = {{.init_us = 9000, .duration_us = 91000, .cpu_us = 50000},
        {.duration_us = 10200, .cpu_us = 10000}, {.duration_us = 10600, .cpu_us = 10000},
        {.duration_us = 10100, .cpu_us = 10000}, {.duration_us = 2000, .cpu_us = 2000}};
    struct weir_tune_size s = {.memory_mb = 256, .runs = runs, .runs_n = COUNT(runs)};

    (void)state;
    weir_tune_sum_up(&s, weir_tune_price(WEIR_TUNE_X86_64));
    near(s.duration_ms, (10.1 + 10.2 + 10.6) / 3);
    near(s.billed_ms, 11);
    near(s.cost_usd, 11 * 2.1e-9 * 2);
    near(s.total_usd, (100 + 11 + 11 + 11 + 2) * 2.1e-9 * 2);
    near(s.cold_ms, 100);
    near(s.warm_ms, (10.2 + 10.6 + 10.1 + 2) / 4);
    near(s.cpu_ms, 82.0 / 5);
}

static void few_runs_are_all_counted(void **state)
{
    struct weir_tune_run runs[] = {{.init_us = 1000, .duration_us = 1500}, {.duration_us = 400}};
    struct weir_tune_size s = {.memory_mb = 128, .runs = runs, .runs_n = COUNT(runs)};

    (void)state;
    weir_tune_sum_up(&s, weir_tune_price(WEIR_TUNE_ARM64));
    near(s.duration_ms, 1.45);
    near(s.billed_ms, 2);
    near(s.cost_usd, 2 * 1.7e-9);
}

static void price_is_of_a_gigabyte_second(void **state)
{
    struct weir_tune_run run = {.duration_us = 1000000};
    struct weir_tune_size s = {.memory_mb = 1024, .runs = &run, .runs_n = 1};

    (void)state;
    weir_tune_sum_up(&s, 0.25);
    near(s.cost_usd, 0.25);
}

static void estimate_stretches_the_cpu_time(void **state)
{
    struct weir_tune_run run = {.init_us = 1000, .duration_us = 100000, .cpu_us = 80000};

    (void)state;
    near(weir_tune_cpus(1769), 1);
    weir_tune_estimate(&run, 1769); /* waits longer than it works */
    assert_int_equal(run.duration_us, 100000);
    weir_tune_estimate(&run, 128);
    assert_int_equal(run.init_us + run.duration_us, (int64_t)(80000 / (128 / 1769.0)));
}

static void best_follows_the_strategy(void **state)
{
    struct weir_tune_size sizes[] = {done(128, 1000, 1e-6), done(512, 300, 1.2e-6),
        done(1024, 290, 2.4e-6), {.memory_mb = 64, .fate = WEIR_TUNE_OUT_OF_MEMORY}};

    (void)state;
    assert_int_equal(weir_tune_best(sizes, 4, WEIR_TUNE_COST, 0.5), 0);
    assert_int_equal(weir_tune_best(sizes, 4, WEIR_TUNE_SPEED, 0.5), 2);
    assert_int_equal(weir_tune_best(sizes, 4, WEIR_TUNE_BALANCED, 0.5), 1);
    assert_int_equal(weir_tune_best(sizes, 4, WEIR_TUNE_BALANCED, 1), 0);
    assert_int_equal(weir_tune_best(sizes, 4, WEIR_TUNE_BALANCED, 0), 2);
    assert_int_equal(weir_tune_best(sizes + 3, 1, WEIR_TUNE_COST, 0.5), -1);
}

static void url_has_sizes_times_and_costs_in_little_endian_base64(void **state)
{
    /* 1.0f is 00 00 80 3f, 2.0f 00 00 00 40, 0.5f 00 00 00 3f, 0.25f 00 00 80 3e */
    struct weir_tune_size sizes[] = {
        done(128, 1, 0.5), {.memory_mb = 200, .fate = WEIR_TUNE_FAILED}, done(1024, 2, 0.25)};
    struct weir_err err = {0};
    struct weir_buf b;

    (void)state;
    weir_buf_init(&b, 4096);
    assert_int_equal(weir_tune_url(sizes, COUNT(sizes), &b, &err), 0);
    assert_string_equal(weir_buf_text(&b, &err),
        "https://lambda-power-tuning.show/#gAAABA==;AACAPwAAAEA=;AAAAPwAAgD4=");
    weir_buf_fini(&b);
}

static void json_is_the_tools(void **state)
{
    struct weir_tune_size sizes[] = {
        {.memory_mb = 64, .fate = WEIR_TUNE_OUT_OF_MEMORY}, done(128, 1, 0.5)};
    struct weir_err err = {0};
    struct weir_buf b;

    (void)state;
    weir_buf_init(&b, 4096);
    assert_int_equal(weir_tune_json(sizes, COUNT(sizes), 1, &b, &err), 0);
    assert_string_equal(weir_buf_text(&b, &err),
        "{\"power\":128,\"cost\":0.5,\"duration\":1,\"stateMachine\":{\"executionCost\":0,"
        "\"lambdaCost\":2.5,\"visualization\":"
        "\"https://lambda-power-tuning.show/#gAA=;AACAPw==;AAAAPw==\"},"
        "\"stats\":[{\"value\":128,\"averageDuration\":1,\"averagePrice\":0.5,"
        "\"totalCost\":2.5}]}\n");
    weir_buf_fini(&b);
}

static void chart_shows_what_ended_well_and_what_did_not(void **state)
{
    struct weir_tune_size sizes[] = {
        {.memory_mb = 64, .fate = WEIR_TUNE_OUT_OF_MEMORY}, done(128, 1, 0.5), done(256, 1, 1)};
    const struct weir_tune_series series = {.name = "a<b", .sizes = sizes, .n = COUNT(sizes)};
    struct weir_err err = {0};
    struct weir_buf b;
    const char *text;
    size_t circles = 0;

    (void)state;
    weir_buf_init(&b, 65536);
    assert_int_equal(weir_tune_chart(&series, 1, &b, &err), 0);
    text = weir_buf_text(&b, &err);
    assert_non_null(strstr(text, "a&lt;b"));
    assert_non_null(strstr(text, "l8 8m0 -8l-8 8")); /* the cross */
    assert_null(strstr(text, "nan"));
    assert_null(strstr(text, "inf"));
    for (const char *p = text; (p = strstr(p, "<circle")) != NULL; p++) {
        circles++;
    }
    assert_int_equal(circles, 2);
    weir_buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mean_leaves_out_a_fifth_at_each_end),
        cmocka_unit_test(few_runs_are_all_counted),
        cmocka_unit_test(price_is_of_a_gigabyte_second),
        cmocka_unit_test(estimate_stretches_the_cpu_time),
        cmocka_unit_test(best_follows_the_strategy),
        cmocka_unit_test(url_has_sizes_times_and_costs_in_little_endian_base64),
        cmocka_unit_test(json_is_the_tools),
        cmocka_unit_test(chart_shows_what_ended_well_and_what_did_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
