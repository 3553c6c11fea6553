#include "handlers/archive/job.h"

#include "codec/gzip.h"
#include "core/clock.h"
#include "core/limits.h"
#include "net/threads.h"
#include "stream/concat.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct weir_archive {
    int64_t begun_ms;
    const struct weir_archive_input *inputs;
    size_t inputs_n;
    struct weir_places *places;
    struct weir_source_info info;                      /* of all inputs together */
    struct weir_source_info infos[WEIR_ARCHIVE_AHEAD]; /* of those that are open */
    const struct weir_source_info *shown;              /* the source's, or info */
    uint64_t entries;                                  /* complete */
    int (*on_entry)(void *ctx, const struct weir_zip_done *done, struct weir_err *err);
    void *ctx;
    struct weir_threads *threads;
    struct weir_zip *zip; /* NULL: another format */
    struct weir_pipe *pipe;
};

const char *const weir_archive_formats[] = {"zip", "gzip", "none", NULL};

/* ---- inputs in a row ---- */

static int open_input(void *ctx, size_t i, struct weir_stage *ret, struct weir_err *err)
{
    struct weir_archive *a = ctx;

    if (i == a->inputs_n) {
        return 0;
    }
    struct weir_source_info *info = &a->infos[i % WEIR_ARCHIVE_AHEAD];
    *info = (struct weir_source_info){.size_bytes = -1};
    return weir_location_source(a->places, &a->inputs[i].at, info, ret, err) == 0 ? 1 : -1;
}

static int begin_input(void *ctx, size_t i, uint64_t at, struct weir_err *err)
{
    struct weir_archive *a = ctx;
    const struct weir_archive_input *input = &a->inputs[i];
    const struct weir_zip_entry entry = {input->name, input->mtime_s, input->mode};

    return a->zip != NULL ? weir_zip_begin(a->zip, at, &entry, err) : 0;
}

static int cmp_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names are right, and no two are the same: an unpacker would let one replace the other. */
static int check_names(const struct weir_archive_job *job, struct weir_err *err)
{
    const char **names = calloc(job->inputs_n > 0 ? job->inputs_n : 1, sizeof *names);
    int rc = -1;

    if (names == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "archive: out of memory");
    }
    for (size_t i = 0; i < job->inputs_n; i++) {
        names[i] = job->inputs[i].name;
        if (weir_zip_name_check(names[i], err) != 0) {
            goto out;
        }
    }
    qsort(names, job->inputs_n, sizeof *names, cmp_names);
    for (size_t i = 1; i < job->inputs_n; i++) {
        if (strcmp(names[i - 1], names[i]) == 0) {
            weir_err_set(err, WEIR_E_CONFIG, "%.160s: two entries of this name", names[i]);
            goto out;
        }
    }
    rc = 0;
out:
    free(names);
    return rc;
}

static int source_of_inputs(struct weir_archive *a, const struct weir_archive_job *job,
    struct weir_stage *ret, struct weir_err *err)
{
    static const struct weir_concat_ops ops = {open_input, begin_input};

    if (job->inputs_n > WEIR_ZIP_ENTRIES_MAX) {
        return weir_err_set(err, WEIR_E_LIMIT, "zip: %zu entries; %zu are the most", job->inputs_n,
            WEIR_ZIP_ENTRIES_MAX);
    }
    if (a->zip != NULL && check_names(job, err) != 0) {
        return -1;
    }
    a->inputs = job->inputs;
    a->inputs_n = job->inputs_n;
    a->places = job->places;
    a->shown = &a->info;
    for (size_t i = 0; i < job->inputs_n && a->info.size_bytes >= 0; i++) {
        const int64_t bytes = job->inputs[i].size_bytes;
        a->info.size_bytes =
            bytes >= 0 && bytes <= INT64_MAX - a->info.size_bytes ? a->info.size_bytes + bytes : -1;
    }
    return weir_concat_new(&ops, a, WEIR_ARCHIVE_AHEAD, &a->info, ret, err);
}

/* ---- the job ---- */

static int on_entry(void *ctx, const struct weir_zip_done *done, struct weir_err *err)
{
    struct weir_archive *a = ctx;

    a->entries++;
    return a->on_entry != NULL ? a->on_entry(a->ctx, done, err) : 0;
}

static int zip_new(struct weir_archive *a, const struct weir_archive_job *job, struct weir_err *err)
{
    const struct weir_zip_opts opts = {.level = job->level,
        .zip64_always = job->zip64_always,
        .workers = weir_threads_workers(a->threads),
        .on_entry = on_entry,
        .ctx = a};

    a->on_entry = job->on_entry;
    a->ctx = job->ctx;
    a->zip = weir_zip_new(&opts, err);
    return a->zip != NULL ? 0 : -1;
}

/* What stands between source and sink: one stage, or none. Returns how many, or -1. */
static int middle(struct weir_archive *a, const struct weir_archive_job *job,
    struct weir_stage *ret, struct weir_err *err)
{
    const struct weir_zip_entry entry = {job->entry, job->mtime_s, 0};

    switch (job->format) {
    case WEIR_ARCHIVE_ZIP:
        if (job->inputs == NULL && weir_zip_begin(a->zip, 0, &entry, err) != 0) {
            return -1;
        }
        return weir_zip_stage(a->zip, ret, err) == 0 ? 1 : -1;
    case WEIR_ARCHIVE_GZIP:
        return weir_gzip_new(job->level, weir_threads_workers(a->threads), ret, err) == 0 ? 1 : -1;
    case WEIR_ARCHIVE_NONE:
        break;
    }
    return 0;
}

void weir_archive_free(struct weir_archive *a)
{
    if (a != NULL) {
        weir_pipe_free(a->pipe); /* first: its stages use the rest */
        weir_zip_free(a->zip);
        weir_threads_free(a->threads);
        free(a);
    }
}

struct weir_archive *weir_archive_new(struct weir_archive_job *job, struct weir_err *err)
{
    struct weir_stage stages[3] = {{0}}, source = {0};
    struct weir_archive *a = calloc(1, sizeof *a);
    int n;

    if (a == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "archive: out of memory");
        return NULL;
    }
    a->begun_ms = weir_clock_mono_ms();
    a->shown = job->info;
    a->threads = weir_threads_new(job->loop, job->threads, err);
    if (a->threads == NULL || (job->format == WEIR_ARCHIVE_ZIP && zip_new(a, job, err) != 0) ||
        (job->inputs != NULL && source_of_inputs(a, job, &source, err) != 0)) {
        goto out;
    }
    stages[0] = job->inputs != NULL ? source : job->source;
    n = middle(a, job, &stages[1], err);
    if (n < 0) {
        goto out;
    }
    stages[1 + n] = job->sink;
    a->pipe = weir_pipe_new(0, stages, (size_t)n + 2, err);
    if (a->pipe == NULL) {
        if (n > 0) {
            weir_stage_free(&stages[1]);
        }
        goto out;
    }
    job->source = job->sink = (struct weir_stage){0}; /* the pipe owns them now */
    weir_pipe_set_deadline(a->pipe, job->deadline_mono_ms);
    return a;
out:
    weir_stage_free(&source);
    weir_archive_free(a);
    return NULL;
}

struct weir_pipe *weir_archive_pipe(struct weir_archive *a)
{
    return a->pipe;
}

const struct weir_source_info *weir_archive_info(const struct weir_archive *a)
{
    return a->shown;
}

void weir_archive_summarize(const struct weir_archive *a, struct weir_archive_summary *ret)
{
    size_t n;
    const struct weir_stage_count *counts = weir_pipe_counts(a->pipe, &n);

    *ret = (struct weir_archive_summary){.entries = a->zip != NULL ? a->entries : 1,
        .bytes_in = counts[0].bytes_out,
        .bytes_out = counts[n - 1].bytes_in,
        .ms = weir_clock_mono_ms() - a->begun_ms};
}

int weir_archive_json(const struct weir_archive *a, struct weir_buf *ret, struct weir_err *err)
{
    struct weir_archive_summary s;

    weir_archive_summarize(a, &s);
    return weir_buf_addf(ret, err,
        "\"entries\":%" PRIu64 ",\"bytes_in\":%" PRIu64 ",\"bytes_out\":%" PRIu64
        ",\"ms\":%" PRId64,
        s.entries, s.bytes_in, s.bytes_out, s.ms);
}

struct weir_put_opts weir_archive_put(enum weir_archive_format format, int64_t in_bytes)
{
    static const char *const types[] = {
        "application/zip", "application/gzip", "application/octet-stream"};

    return (struct weir_put_opts){.content_type = types[format],
        /* what does not compress grows by the records around it */
        .size_hint_bytes = in_bytes > 0 && in_bytes < INT64_MAX / 2
                               ? in_bytes + in_bytes / 64 + (int64_t)WEIR_MIB
                               : -1};
}
