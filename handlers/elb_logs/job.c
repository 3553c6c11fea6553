#include "handlers/elb_logs/job.h"

#include "codec/gunzip.h"
#include "core/clock.h"
#include "handlers/elb_logs/elb_stage.h"
#include "json/quote.h"

#include <inttypes.h>
#include <stdlib.h>

struct weir_elb_job {
    const struct weir_source_info *info;
    const uint64_t *confirmed;
    uint64_t from;
    int64_t begun_ms;
    bool done; /* the pipe has ended well */
    struct weir_elb_counts counts;
    struct weir_pipe *pipe;
};

void weir_elb_job_free(struct weir_elb_job *job)
{
    if (job != NULL) {
        weir_pipe_free(job->pipe); /* first: its stages use the rest */
        free(job);
    }
}

struct weir_elb_job *weir_elb_job_new(struct weir_elb_job_opts *opts, struct weir_err *err)
{
    const struct weir_elb_stage_opts stage = {.names = opts->names,
        .log = opts->log,
        .from = opts->from,
        .stop_mono_ms = opts->stop_mono_ms,
        .confirmed = opts->confirmed};
    struct weir_stage stages[4] = {{0}};
    struct weir_elb_job *job = calloc(1, sizeof *job);

    if (job == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "elb-logs: out of memory");
        return NULL;
    }
    job->info = opts->info;
    job->confirmed = opts->confirmed;
    job->from = opts->from;
    job->begun_ms = weir_clock_mono_ms();
    if (weir_gunzip_new(&stages[1], true, err) != 0 ||
        weir_elb_stage_new(&stage, &job->counts, &stages[2], err) != 0) {
        goto out;
    }
    stages[0] = opts->source;
    stages[3] = opts->sink;
    job->pipe = weir_pipe_new(0, stages, 4, err);
    if (job->pipe == NULL) {
        goto out;
    }
    opts->source = opts->sink = (struct weir_stage){0}; /* the pipe owns them now */
    weir_pipe_set_deadline(job->pipe, opts->deadline_mono_ms);
    return job;
out:
    weir_stage_free(&stages[1]);
    weir_stage_free(&stages[2]);
    weir_elb_job_free(job);
    return NULL;
}

static uint64_t confirmed(const struct weir_elb_job *job)
{
    if (job->confirmed != NULL) {
        return *job->confirmed;
    }
    return job->done ? job->counts.lines : 0;
}

int weir_elb_job_run(struct weir_elb_job *job, struct weir_loop *loop, struct weir_err *err)
{
    if (weir_loop_run(loop, job->pipe, err) != 0) {
        return -1;
    }
    job->done = true;
    if (confirmed(job) != job->counts.lines) {
        return weir_err_set(err, WEIR_E_BUG,
            "elb-logs: %" PRIu64 " lines were read and %" PRIu64 " confirmed", job->counts.lines,
            confirmed(job));
    }
    return 0;
}

void weir_elb_job_summarize(const struct weir_elb_job *job, struct weir_elb_summary *ret)
{
    const struct weir_elb_counts *c = &job->counts;
    size_t n;
    const struct weir_stage_count *stages = weir_pipe_counts(job->pipe, &n);

    *ret = (struct weir_elb_summary){.lines = c->lines,
        .parsed = c->parsed,
        .rejected = c->rejected,
        .blank = c->blank,
        .confirmed = confirmed(job),
        .bytes_in = job->info->read_bytes,
        .bytes_out = stages[n - 1].bytes_in,
        .offset = weir_elb_counts_go_on(c, job->from, confirmed(job)),
        .stopped = c->stopped,
        .ms = weir_clock_mono_ms() - job->begun_ms};
}

int weir_elb_summary_json(const struct weir_elb_summary *s, const struct weir_tcp_counts *tcp,
    struct weir_buf *ret, struct weir_err *err)
{
    if (weir_buf_addf(ret, err,
            "\"lines\":%" PRIu64 ",\"parsed\":%" PRIu64 ",\"rejected\":%" PRIu64
            ",\"blank\":%" PRIu64 ",\"sent\":%" PRIu64 ",\"confirmed\":%" PRIu64
            ",\"resent\":%" PRIu64 ",\"bytes_in\":%" PRIu64 ",\"bytes_out\":%" PRIu64,
            s->lines, s->parsed, s->rejected, s->blank, tcp != NULL ? tcp->sent : s->confirmed,
            tcp != NULL ? tcp->confirmed : s->confirmed, tcp != NULL ? tcp->resent : 0, s->bytes_in,
            s->bytes_out) != 0) {
        return -1;
    }
    if (tcp != NULL) {
        if (weir_buf_addf(ret, err,
                ",\"connections\":{\"created\":%" PRIu64 ",\"reused\":%" PRIu64
                ",\"failed\":%" PRIu64 ",\"errors\":[",
                tcp->created, tcp->reused, tcp->failed) != 0) {
            return -1;
        }
        for (size_t i = 0; i < tcp->errors_n; i++) {
            if ((i > 0 && weir_buf_adds(ret, ",", err) != 0) ||
                weir_json_quote(ret, tcp->errors[i], err) != 0) {
                return -1;
            }
        }
        if (weir_buf_adds(ret, "]}", err) != 0) {
            return -1;
        }
    }
    return weir_buf_addf(ret, err, ",\"ms\":%" PRId64, s->ms);
}

void weir_elb_summary_add(struct weir_elb_summary *to, const struct weir_elb_summary *more)
{
    to->lines += more->lines;
    to->parsed += more->parsed;
    to->rejected += more->rejected;
    to->blank += more->blank;
    to->confirmed += more->confirmed;
    to->bytes_in += more->bytes_in;
    to->bytes_out += more->bytes_out;
    to->ms += more->ms;
}
