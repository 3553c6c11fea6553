#include "cli/tune/tuning.h"

#include "core/base64.h"
#include "core/limits.h"

#include <cjson/cJSON.h>
#include <endian.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SHOW_URL "https://lambda-power-tuning.show/#"
/* USD for a millisecond of 128 MB. */
#define BASE_X86_64 2.1e-9
#define BASE_ARM64 1.7e-9
#define MS_OF_128_MB 8000.0 /* in a GB-second */

double weir_tune_price(enum weir_tune_arch arch)
{
    return (arch == WEIR_TUNE_ARM64 ? BASE_ARM64 : BASE_X86_64) * MS_OF_128_MB;
}

double weir_tune_cpus(int64_t memory_mb)
{
    return (double)memory_mb / WEIR_TUNE_MB_PER_CPU;
}

void weir_tune_estimate(struct weir_tune_run *run, int64_t memory_mb)
{
    int64_t cpu_us = (int64_t)((double)run->cpu_us / weir_tune_cpus(memory_mb));

    if (cpu_us > run->init_us + run->duration_us) {
        run->duration_us = cpu_us - run->init_us;
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Sorts values. */
static double trimmed_mean(double *values, size_t n)
{
    size_t cut = (size_t)((double)n * WEIR_TUNE_DISCARD);
    double sum = 0;

    qsort(values, n, sizeof *values, compare);
    for (size_t i = cut; i < n - cut; i++) {
        sum += values[i];
    }
    return sum / (double)(n - 2 * cut);
}

static double mean(double sum, size_t n)
{
    return n > 0 ? sum / (double)n : 0;
}

void weir_tune_sum_up(struct weir_tune_size *size, double usd_gbs)
{
    double took[WEIR_TUNE_RUNS_MAX], billed[WEIR_TUNE_RUNS_MAX], cold = 0, warm = 0, cpu = 0;
    double usd_ms = usd_gbs / MS_OF_128_MB * (double)size->memory_mb / 128;
    size_t n = size->runs_n, cold_n = 0;

    size->total_usd = 0;
    for (size_t i = 0; i < n; i++) {
        const struct weir_tune_run *run = &size->runs[i];

        took[i] = (double)(run->init_us + run->duration_us) / 1000;
        billed[i] = ceil(took[i]);
        size->total_usd += billed[i] * usd_ms;
        cpu += (double)run->cpu_us / 1000;
        if (run->init_us > 0) {
            cold += took[i];
            cold_n++;
        } else {
            warm += took[i];
        }
    }
    size->cold_ms = mean(cold, cold_n);
    size->warm_ms = mean(warm, n - cold_n);
    size->cpu_ms = mean(cpu, n);
    size->duration_ms = trimmed_mean(took, n);
    size->billed_ms = trimmed_mean(billed, n);
    size->cost_usd = ceil(size->billed_ms) * usd_ms;
}

int weir_tune_best(
    const struct weir_tune_size *sizes, size_t n, enum weir_tune_strategy strategy, double weight)
{
    double cost_max = 0, ms_max = 0, least = 0;
    int best = -1;

    for (size_t i = 0; i < n; i++) {
        if (sizes[i].fate == WEIR_TUNE_DONE) {
            cost_max = fmax(cost_max, sizes[i].cost_usd);
            ms_max = fmax(ms_max, sizes[i].duration_ms);
        }
    }
    for (size_t i = 0; i < n; i++) {
        const struct weir_tune_size *s = &sizes[i];
        double value = strategy == WEIR_TUNE_COST ? s->cost_usd : s->duration_ms;

        if (s->fate != WEIR_TUNE_DONE) {
            continue;
        }
        if (strategy == WEIR_TUNE_BALANCED) {
            value = weight * s->cost_usd / cost_max + (1 - weight) * s->duration_ms / ms_max;
        }
        if (best < 0 || value < least) {
            best = (int)i;
            least = value;
        }
    }
    return best;
}

/* A float32 as it is written. */
static uint32_t float_bits(double value)
{
    const float f = (float)value;
    uint32_t bits;

    memcpy(&bits, &f, sizeof bits);
    return htole32(bits);
}

int weir_tune_url(
    const struct weir_tune_size *sizes, size_t n, struct weir_buf *ret, struct weir_err *err)
{
    uint16_t mb[WEIR_TUNE_SIZES_MAX];
    uint32_t ms[WEIR_TUNE_SIZES_MAX], usd[WEIR_TUNE_SIZES_MAX];
    size_t done = 0;

    for (size_t i = 0; i < n; i++) {
        if (sizes[i].fate == WEIR_TUNE_DONE) {
            mb[done] = htole16((uint16_t)sizes[i].memory_mb);
            ms[done] = float_bits(sizes[i].duration_ms);
            usd[done++] = float_bits(sizes[i].cost_usd);
        }
    }
    if (weir_buf_adds(ret, SHOW_URL, err) != 0 ||
        weir_base64_add(ret, mb, done * sizeof *mb, err) != 0 ||
        weir_buf_adds(ret, ";", err) != 0 ||
        weir_base64_add(ret, ms, done * sizeof *ms, err) != 0 ||
        weir_buf_adds(ret, ";", err) != 0 ||
        weir_base64_add(ret, usd, done * sizeof *usd, err) != 0) {
        return -1;
    }
    return 0;
}

/* Everything is added to a tree that may lack some of it: the caller asks cJSON_Print. */
static cJSON *document(const struct weir_tune_size *sizes, size_t n, int best, const char *url)
{
    const struct weir_tune_size *b = &sizes[best];
    cJSON *root = cJSON_CreateObject(), *machine, *stats;
    double total = 0;
    bool whole = root != NULL;

    whole = whole && cJSON_AddNumberToObject(root, "power", (double)b->memory_mb) != NULL &&
            cJSON_AddNumberToObject(root, "cost", b->cost_usd) != NULL &&
            cJSON_AddNumberToObject(root, "duration", b->duration_ms) != NULL;
    machine = cJSON_AddObjectToObject(root, "stateMachine");
    stats = cJSON_AddArrayToObject(root, "stats");
    whole = whole && machine != NULL && stats != NULL;
    for (size_t i = 0; whole && i < n; i++) {
        cJSON *one;

        total += sizes[i].total_usd;
        if (sizes[i].fate != WEIR_TUNE_DONE) {
            continue;
        }
        one = cJSON_CreateObject();
        whole = cJSON_AddItemToArray(stats, one) &&
                cJSON_AddNumberToObject(one, "value", (double)sizes[i].memory_mb) != NULL &&
                cJSON_AddNumberToObject(one, "averageDuration", sizes[i].duration_ms) != NULL &&
                cJSON_AddNumberToObject(one, "averagePrice", sizes[i].cost_usd) != NULL &&
                cJSON_AddNumberToObject(one, "totalCost", sizes[i].total_usd) != NULL;
    }
    /* A desk has no state machine to pay for. */
    whole = whole && cJSON_AddNumberToObject(machine, "executionCost", 0) != NULL &&
            cJSON_AddNumberToObject(machine, "lambdaCost", total) != NULL &&
            cJSON_AddStringToObject(machine, "visualization", url) != NULL;
    if (!whole) {
        cJSON_Delete(root);
        return NULL;
    }
    return root;
}

int weir_tune_json(const struct weir_tune_size *sizes, size_t n, int best, struct weir_buf *ret,
    struct weir_err *err)
{
    struct weir_buf url;
    const char *text;
    cJSON *root;
    char *json = NULL;
    int rc = -1;

    weir_buf_init(&url, WEIR_TUNE_URL_MAX_BYTES);
    if (weir_tune_url(sizes, n, &url, err) != 0 || (text = weir_buf_text(&url, err)) == NULL) {
        goto out;
    }
    root = document(sizes, n, best, text);
    json = root != NULL ? cJSON_PrintUnformatted(root) : NULL;
    cJSON_Delete(root);
    if (json == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "out of memory for the result");
        goto out;
    }
    rc = weir_buf_addf(ret, err, "%s\n", json);
out:
    free(json);
    weir_buf_fini(&url);
    return rc;
}
