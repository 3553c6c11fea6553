#include "aws/location.h"
#include "cli/cli.h"
#include "cli/function.h"
#include "cli/tune/chart.h"
#include "cli/tune/measure.h"
#include "cli/tune/tuning.h"
#include "core/limits.h"
#include "core/reason.h"
#include "core/str.h"
#include "event/event.h"
#include "net/signals.h"
#include "stream/bytes.h"
#include "stream/pipe.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct args {
    struct weir_cli cli;
    const char *event, *handler, *bootstrap, *compare, *memory, *svg, *price_text, *weight_text;
    int64_t num, timeout_ms, size_bytes;
    size_t strategy, arch;
    double price, weight;
    bool json;
    struct weir_opt_list env;
    int64_t sizes_mb[WEIR_TUNE_SIZES_MAX];
    size_t sizes_n;
};

/* One program at all sizes. */
struct subject {
    const char *name, *path; /* name: "" when there is no other */
    struct weir_tune_size sizes[WEIR_TUNE_SIZES_MAX];
    bool estimated;
};

static int number(
    const char *option, const char *text, double max, double *ret, struct weir_err *err)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end != '\0' || !(value >= 0 && value <= max)) {
        return weir_err_set(
            err, WEIR_E_CONFIG, "%s: %.60s is no number from 0 to %g", option, text, max);
    }
    *ret = value;
    return 0;
}

static int compare_mb(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static int parse_sizes(struct args *a, struct weir_err *err)
{
    const char *p = a->memory;

    for (;;) {
        char *end;
        long mb = strtol(p, &end, 10);

        if (end == p || *p < '0' || *p > '9' || (*end != ',' && *end != '\0') || mb < 1 ||
            mb > WEIR_TUNE_MEMORY_MAX_MB) {
            return weir_err_set(err, WEIR_E_CONFIG,
                "--memory: %.60s: a list of MB, 1 to %d each (128,512,1769)", a->memory,
                WEIR_TUNE_MEMORY_MAX_MB);
        }
        if (a->sizes_n == WEIR_TUNE_SIZES_MAX) {
            return weir_err_set(
                err, WEIR_E_CONFIG, "--memory: more than %d sizes", WEIR_TUNE_SIZES_MAX);
        }
        a->sizes_mb[a->sizes_n++] = mb;
        if (*end == '\0') {
            break;
        }
        p = end + 1;
    }
    qsort(a->sizes_mb, a->sizes_n, sizeof *a->sizes_mb, compare_mb);
    for (size_t i = 1; i < a->sizes_n; i++) {
        if (a->sizes_mb[i] == a->sizes_mb[i - 1]) {
            return weir_err_set(
                err, WEIR_E_CONFIG, "--memory: %" PRId64 " is there twice", a->sizes_mb[i]);
        }
    }
    return 0;
}

static int parse(int argc, char **argv, struct args *a, struct weir_err *err)
{
    static const char *const strategies[] = {"cost", "speed", "balanced", NULL};
    static const char *const archs[] = {"x86_64", "arm64", NULL};
    const struct weir_opt opts[] = {
        {.name = "memory", .kind = WEIR_OPT_TEXT, .to = &a->memory},
        {.name = "num", .kind = WEIR_OPT_COUNT, .to = &a->num, .min = 1, .max = WEIR_TUNE_RUNS_MAX},
        {.name = "strategy", .kind = WEIR_OPT_WORD, .to = &a->strategy, .words = strategies},
        {.name = "weight", .kind = WEIR_OPT_TEXT, .to = &a->weight_text},
        WEIR_CLI_FUNCTION(a),
        {.name = "compare", .kind = WEIR_OPT_TEXT, .to = &a->compare},
        {.name = "arch", .kind = WEIR_OPT_WORD, .to = &a->arch, .words = archs},
        {.name = "price", .kind = WEIR_OPT_TEXT, .to = &a->price_text},
        {.name = "size", .kind = WEIR_OPT_SIZE, .to = &a->size_bytes, .min = 1, .max = INT64_MAX},
        {.name = "svg", .kind = WEIR_OPT_TEXT, .to = &a->svg},
        {.name = "json", .kind = WEIR_OPT_FLAG, .to = &a->json},
        WEIR_CLI_QUIET(&a->cli),
        WEIR_CLI_VERBOSE(&a->cli),
    };
    int n = weir_cli_parse(opts, sizeof opts / sizeof *opts, argc, argv, &a->event, 1, err);

    if (n < 0) {
        return -1;
    }
    if (n == 0) {
        return weir_err_set(err, WEIR_E_CONFIG, "no event: name a JSON file, or -");
    }
    if (a->memory == NULL) {
        return weir_err_set(err, WEIR_E_CONFIG, "no sizes: --memory 128,512,1769");
    }
    if (a->svg != NULL && strcmp(a->svg, "-") == 0 && a->json) {
        return weir_err_set(err, WEIR_E_CONFIG, "--svg -: stdout has the --json");
    }
    if (a->weight_text != NULL && a->strategy != WEIR_TUNE_BALANCED) {
        return weir_err_set(err, WEIR_E_CONFIG, "--weight: is for --strategy balanced");
    }
    a->price = weir_tune_price((enum weir_tune_arch)a->arch);
    if ((a->price_text != NULL &&
            number("--price", a->price_text, WEIR_TUNE_PRICE_MAX, &a->price, err) != 0) ||
        (a->weight_text != NULL && number("--weight", a->weight_text, 1, &a->weight, err) != 0)) {
        return -1;
    }
    if (a->price <= 0) {
        return weir_err_set(err, WEIR_E_CONFIG, "--price: there is nothing to compare at 0");
    }
    return parse_sizes(a, err);
}

/* ---- the input's size ---- */

/* What the event's records say, all of them together; 0 when one of them says nothing. */
static int64_t input_bytes(const struct weir_buf *text)
{
    struct weir_event event;
    int64_t sum = 0;

    if (weir_event_parse((const char *)text->p, text->len, &event, NULL) != 0) {
        return 0;
    }
    for (size_t i = 0; i < event.messages_n && sum >= 0; i++) {
        const struct weir_event_message *m = &event.messages[i];

        for (size_t k = 0; k < m->records_n && sum >= 0; k++) {
            sum = m->records[k].size_bytes >= 0 ? sum + m->records[k].size_bytes : -1;
        }
    }
    weir_event_fini(&event);
    return sum > 0 ? sum : 0;
}

/* ---- what is printed ---- */

static void on_run(void *ctx, const struct weir_tune_size *size)
{
    const struct subject *s = ctx;

    weir_cli_note("tune", "%s%s%" PRId64 " MB: run %zu: %.1f ms", s->name,
        *s->name != '\0' ? ": " : "", size->memory_mb, size->runs_n,
        (double)(size->runs[size->runs_n - 1].duration_us + size->runs[size->runs_n - 1].init_us) /
            1000);
}

static void print_size(const struct args *a, const struct weir_tune_size *s, bool best)
{
    if (s->fate != WEIR_TUNE_DONE) {
        (void)printf("%6" PRId64 " MB  %s\n", s->memory_mb, s->why);
        return;
    }
    (void)printf("%6" PRId64 " MB %11.1f", s->memory_mb, s->cold_ms);
    if (s->warm_ms > 0) {
        (void)printf(" %11.1f", s->warm_ms);
    } else {
        (void)printf(" %11s", "-");
    }
    (void)printf(" %11.1f %9.0f %9.1f %6" PRId64 " MB %11.3e", s->duration_ms, ceil(s->billed_ms),
        s->cpu_ms, (s->peak_kib + 1023) / 1024, s->cost_usd);
    if (a->size_bytes > 0) {
        (void)printf(" %10.6f", s->cost_usd / (double)a->size_bytes * 1e9);
    }
    (void)printf("%s\n", best ? "  <" : "");
}

static int print_table(
    const struct args *a, const struct subject *s, int best, struct weir_err *err)
{
    static const char *const whys[] = {"lowest cost", "shortest duration", "best balance"};
    struct weir_buf url;

    if (*s->name != '\0') {
        (void)printf("%s\n", s->name);
    }
    (void)printf("%9s %11s %11s %11s %9s %9s %9s %11s%s\n", "memory", "cold ms", "warm ms",
        "mean ms", "billed", "CPU ms", "peak", "USD/run", a->size_bytes > 0 ? "     USD/GB" : "");
    for (size_t i = 0; i < a->sizes_n; i++) {
        print_size(a, &s->sizes[i], (int)i == best);
    }
    if (best < 0) {
        return 0;
    }
    (void)printf("%s: %" PRId64 " MB\n", whys[a->strategy], s->sizes[best].memory_mb);
    weir_buf_init(&url, WEIR_TUNE_URL_MAX_BYTES);
    if (weir_tune_url(s->sizes, a->sizes_n, &url, err) != 0) {
        weir_buf_fini(&url);
        return -1;
    }
    (void)printf("%.*s\n", (int)url.len, (const char *)url.p);
    weir_buf_fini(&url);
    return 0;
}

/* Where the chart goes: opened before the runs, so that nobody waits for them in vain. */
struct chart {
    struct weir_places places;
    struct weir_location where;
    struct weir_stage sink;
};

static int chart_open(
    struct weir_loop *loop, const struct args *a, struct chart *c, struct weir_err *err)
{
    weir_places_init(&c->places, loop);
    return a->svg == NULL ||
                   (weir_location_parse(a->svg, &c->where, err) == 0 &&
                       weir_location_sink(&c->places, &c->where, NULL, &c->sink, err) == 0)
               ? 0
               : -1;
}

static void chart_close(struct chart *c)
{
    weir_stage_free(&c->sink); /* unless it was written */
    weir_location_fini(&c->where);
    weir_places_fini(&c->places);
}

static int write_chart(struct weir_loop *loop, const struct args *a, const struct subject *subjects,
    size_t n, struct chart *c, struct weir_err *err)
{
    struct weir_tune_series series[2];
    struct weir_stage stages[2] = {{0}};
    struct weir_pipe *pipe = NULL;
    struct weir_buf svg;
    int rc = -1;

    for (size_t i = 0; i < n; i++) {
        series[i] = (struct weir_tune_series){
            .name = *subjects[i].name != '\0' ? subjects[i].name : a->handler,
            .sizes = subjects[i].sizes,
            .n = a->sizes_n};
    }
    weir_buf_init(&svg, WEIR_TUNE_TEXT_MAX_BYTES);
    if (weir_tune_chart(series, n, &svg, err) != 0 ||
        weir_bytes_source_new(svg.p, svg.len, &stages[0], err) != 0) {
        goto out;
    }
    stages[1] = c->sink; /* the pipe's now */
    c->sink = (struct weir_stage){0};
    pipe = weir_pipe_new(0, stages, 2, err);
    rc = pipe != NULL ? weir_loop_run(loop, pipe, err) : -1;
out:
    weir_pipe_free(pipe);
    weir_stage_free(&stages[0]);
    weir_stage_free(&stages[1]);
    weir_buf_fini(&svg);
    return rc;
}

/* ---- the runs ---- */

static int measure(struct weir_loop *loop, const struct args *a, const struct weir_buf *event,
    struct subject *s, size_t at, struct weir_err *err)
{
    const struct weir_tune_opts opts = {.function = {.bootstrap = s->path,
                                            .handler = a->handler,
                                            .timeout_ms = a->timeout_ms,
                                            .env = a->env.items,
                                            .env_n = a->env.n,
                                            .mute = !a->cli.verbose,
                                            .event = (const char *)event->p,
                                            .event_len = event->len},
        .runs = (size_t)a->num,
        .on_run = a->cli.quiet || (!a->cli.verbose && isatty(STDERR_FILENO) == 0) ? NULL : on_run,
        .ctx = s};
    struct weir_tune_size *size = &s->sizes[at];

    size->memory_mb = a->sizes_mb[at];
    size->runs = calloc(opts.runs, sizeof *size->runs);
    if (size->runs == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "out of memory for %zu runs", opts.runs);
    }
    if (weir_tune_measure(loop, &opts, size, &s->estimated, err) != 0) {
        return -1;
    }
    if (size->fate == WEIR_TUNE_DONE) {
        weir_tune_sum_up(size, a->price);
    } else if (!a->cli.quiet) {
        weir_cli_note("tune", "%s%s%" PRId64 " MB: %s%s", s->name, *s->name != '\0' ? ": " : "",
            size->memory_mb, size->why,
            size->fate == WEIR_TUNE_FAILED && !a->cli.verbose ? " (-v shows the function's log)"
                                                              : "");
    }
    return 0;
}

/* Of a program that does not stay for a second event there is nothing warm to be measured. */
static void tell_cold(const struct args *a, const struct subject *s)
{
    size_t runs = 0, cold = 0, sizes = 0;

    for (size_t i = 0; i < a->sizes_n; i++) {
        runs += s->sizes[i].runs_n;
        cold += s->sizes[i].cold_n;
        sizes += s->sizes[i].cold_n > 0;
    }
    if (cold > sizes && !a->cli.quiet) {
        weir_cli_note("tune",
            "%s%sthe program ended after an event and was started anew: %zu of %zu runs are cold",
            s->name, *s->name != '\0' ? ": " : "", cold, runs);
    }
}

static void tell_limits(const struct args *a, const struct subject *subjects, size_t n)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);

    if (subjects[0].estimated || (n > 1 && subjects[1].estimated)) {
        weir_cli_note("tune", "no right to make a control group here: memory is limited by "
                              "RLIMIT_DATA, and durations are estimates from the CPU time");
    }
    if (weir_tune_cpus(a->sizes_mb[a->sizes_n - 1]) > (double)cpus && !a->cli.quiet) {
        weir_cli_note("tune", "%" PRId64 " MB has a share of %.1f CPUs, this machine %ld",
            a->sizes_mb[a->sizes_n - 1], weir_tune_cpus(a->sizes_mb[a->sizes_n - 1]), cpus);
    }
}

/* A line; where there are two programs, both have one. */
static int print_json(
    const struct args *a, const struct subject *s, int best, bool two, struct weir_err *err)
{
    struct weir_buf json;
    int rc;

    weir_buf_init(&json, WEIR_TUNE_TEXT_MAX_BYTES);
    if (best >= 0) {
        rc = weir_tune_json(s->sizes, a->sizes_n, best, &json, err);
    } else {
        rc = two ? weir_buf_adds(&json, "null\n", err) : 0;
    }
    if (rc == 0 && json.len > 0) {
        (void)fwrite(json.p, 1, json.len, stdout);
    }
    weir_buf_fini(&json);
    return rc;
}

static int print_result(struct weir_loop *loop, const struct args *a,
    const struct subject *subjects, size_t n, struct chart *chart, struct weir_err *err)
{
    bool chart_alone = a->svg != NULL && strcmp(a->svg, "-") == 0;
    int rc = WEIR_EXIT_DATA;

    for (size_t i = 0; i < n; i++) {
        const struct subject *s = &subjects[i];
        int best =
            weir_tune_best(s->sizes, a->sizes_n, (enum weir_tune_strategy)a->strategy, a->weight);

        rc = best >= 0 ? WEIR_EXIT_DONE : rc;
        if (a->json ? print_json(a, s, best, n > 1, err) != 0
                    : !chart_alone && print_table(a, s, best, err) != 0) {
            return -1;
        }
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        rc = weir_err_detail(err, WEIR_E_IO, errno, "stdout: %s", weir_reason(errno));
    } else if (a->svg != NULL && write_chart(loop, a, subjects, n, chart, err) != 0) {
        rc = -1;
    }
    return rc;
}

/* Two programs are told apart by their names, if that is enough. */
static void name_both(struct subject *s)
{
    bool enough = strcmp(weir_base_name(s[0].path), weir_base_name(s[1].path)) != 0;

    for (size_t i = 0; i < 2; i++) {
        s[i].name = enough ? weir_base_name(s[i].path) : s[i].path;
    }
}

/* Returns the exit status, or -1 with *err set. */
static int tune(struct weir_loop *loop, struct args *a, struct weir_err *err)
{
    struct subject *subjects = calloc(2, sizeof *subjects);
    size_t n = a->compare != NULL ? 2 : 1;
    char beside[PATH_MAX];
    struct weir_buf event;
    struct chart chart = {0};
    struct weir_signals *signals = weir_signals_new(loop, err);
    int rc = -1;

    weir_buf_init(&event, WEIR_JSON_DOC_MAX_BYTES);
    if (subjects == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "out of memory for the sizes");
        goto out;
    }
    if (signals == NULL || weir_location_load(loop, a->event, &event, err) != 0 ||
        (a->bootstrap == NULL && weir_function_bootstrap(beside, sizeof beside, err) != 0) ||
        chart_open(loop, a, &chart, err) != 0) {
        goto out;
    }
    if (a->size_bytes == 0) {
        a->size_bytes = input_bytes(&event);
    }
    subjects[0].path = a->bootstrap != NULL ? a->bootstrap : beside;
    subjects[1].path = a->compare;
    subjects[0].name = subjects[1].name = "";
    if (n > 1) {
        name_both(subjects);
    }
    /* In turn, so that whatever else this machine does meets both. */
    for (size_t at = 0; at < a->sizes_n; at++) {
        for (size_t i = 0; i < n; i++) {
            if (measure(loop, a, &event, &subjects[i], at, err) != 0) {
                goto out;
            }
        }
    }
    weir_signals_free(signals); /* a stdout that nobody reads is to be left the usual way */
    signals = NULL;
    for (size_t i = 0; i < n; i++) {
        tell_cold(a, &subjects[i]);
    }
    tell_limits(a, subjects, n);
    rc = print_result(loop, a, subjects, n, &chart, err);
out:
    for (size_t i = 0; subjects != NULL && i < n; i++) {
        for (size_t at = 0; at < a->sizes_n; at++) {
            free(subjects[i].sizes[at].runs);
        }
    }
    free(subjects);
    chart_close(&chart);
    weir_signals_free(signals);
    weir_buf_fini(&event);
    return rc;
}

int weir_cli_tune(int argc, char **argv)
{
    struct args a = {.handler = "validate",
        .num = WEIR_TUNE_RUNS,
        .timeout_ms = WEIR_INVOKE_TIMEOUT_MS,
        .weight = 0.5};
    struct weir_err err = {0};

#ifdef __aarch64__
    a.arch = WEIR_TUNE_ARM64;
#endif
    if (parse(argc, argv, &a, &err) != 0) {
        return weir_cli_usage("tune", &err);
    }
    struct weir_loop *loop = weir_loop_new(&err);
    int rc = loop != NULL ? tune(loop, &a, &err) : -1;
    weir_loop_free(loop);
    return rc >= 0 ? rc : weir_cli_fail("tune", &err);
}
