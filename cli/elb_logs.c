#include "aws/location.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/reason.h"
#include "handlers/elb_logs/job.h"
#include "handlers/elb_logs/receiver.h"
#include "net/file.h"
#include "net/signals.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct args {
    struct weir_cli cli;
    const char *files[WEIR_CLI_FILES_MAX];
    size_t files_n;
    const char *to;
    size_t names; /* enum weir_elb_names */
    bool json;
    int64_t timeout_ms; /* 0: none */
    struct weir_elb_receiver_opts receiver;
};

/* What the run has, beside the arguments. */
struct run {
    const struct args *a;
    struct weir_loop *loop;
    struct weir_places places;
    struct weir_tcp_pool *pool; /* NULL: stdout */
    int64_t deadline_ms;
    struct weir_elb_summary sums;
};

static int parse(int argc, char **argv, struct args *a, struct weir_err *err)
{
    static const char *const names[] = {"ecs", "aws", NULL};
    const struct weir_opt opts[] = {
        {.name = "to", .kind = WEIR_OPT_TEXT, .to = &a->to},
        {.name = "fields", .kind = WEIR_OPT_WORD, .to = &a->names, .words = names},
        {.name = "json", .kind = WEIR_OPT_FLAG, .to = &a->json},
        {.name = "timeout",
            .kind = WEIR_OPT_SECONDS,
            .to = &a->timeout_ms,
            .min = 1,
            .max = WEIR_CLI_TIME_MAX_MS},
        {.name = "connections",
            .kind = WEIR_OPT_COUNT,
            .to = &a->receiver.connections,
            .min = 1,
            .max = WEIR_TCP_CONNECTIONS_MAX},
        {.name = "compress", .kind = WEIR_OPT_COUNT, .to = &a->receiver.compress_level, .max = 9},
        {.name = "ca", .kind = WEIR_OPT_TEXT, .to = &a->receiver.tls.ca_file},
        {.name = "cert", .kind = WEIR_OPT_TEXT, .to = &a->receiver.tls.cert_file},
        {.name = "key", .kind = WEIR_OPT_TEXT, .to = &a->receiver.tls.key_file},
        {.name = "server-name", .kind = WEIR_OPT_TEXT, .to = &a->receiver.tls.server_name},
        WEIR_CLI_QUIET(&a->cli),
        WEIR_CLI_PROGRESS(&a->cli),
    };
    int n = weir_cli_parse(
        opts, sizeof opts / sizeof opts[0], argc, argv, a->files, WEIR_CLI_FILES_MAX, err);

    if (n < 0) {
        return -1;
    }
    if (n == 0) {
        return weir_err_set(err, WEIR_E_CONFIG, "no input: name files, s3://bucket/key or -");
    }
    if (a->to == NULL) {
        return weir_err_set(err, WEIR_E_CONFIG, "no receiver: give --to WHERE (--to - for stdout)");
    }
    a->files_n = (size_t)n;
    a->receiver.to = a->to;
    a->receiver.patience_ms = a->timeout_ms > 0 ? INT64_MAX : WEIR_TCP_PATIENCE_MS;
    return 0;
}

/* What the ids are made of; an object's are those that the function gives. Two inputs must not get
 * the same ids for different lines, for a receiver drops what it has seen: so what stands for a
 * file's ETag has its time, and stdin's ids are those of the run. */
static struct weir_elb_log log_of(
    const struct weir_location *location, size_t index, struct weir_source_info *info)
{
    struct weir_elb_log log = {
        .bucket = "", .key = location->text, .etag = info->etag, .place = location->text};
    struct stat st;

    if (location->kind == WEIR_LOCATION_OBJECT) {
        log.bucket = location->bucket;
        log.key = location->key;
        return log;
    }
    if (location->kind == WEIR_LOCATION_FILE && stat(location->text, &st) == 0 &&
        S_ISREG(st.st_mode)) {
        (void)snprintf(info->etag, sizeof info->etag, "%lld-%lld.%09ld", (long long)st.st_size,
            (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    } else {
        (void)snprintf(info->etag, sizeof info->etag, "%lld-%lld-%zu",
            (long long)weir_clock_unix_ms(), (long long)getpid(), index);
    }
    return log;
}

static int sink_of(
    const struct run *r, uint64_t *confirmed, struct weir_stage *ret, struct weir_err *err)
{
    return r->pool != NULL ? weir_tcp_sink_new(r->pool, confirmed, ret, err)
                           : weir_fd_sink_new(r->loop, STDOUT_FILENO, ret, err);
}

static int look_at(const struct weir_location *at, struct weir_err *err)
{
    struct stat st;

    if (at->kind != WEIR_LOCATION_FILE) {
        return 0;
    }
    const int e = stat(at->text, &st) != 0 || access(at->text, R_OK) != 0 ? errno
                  : S_ISDIR(st.st_mode)                                   ? EISDIR
                                                                          : 0;
    return e == 0 ? 0
                  : weir_err_detail(err, WEIR_E_CONFIG, e, "%.160s: %s", at->text, weir_reason(e));
}

/* A file that is not there is told before a line of another one has gone out: what was sent is not
 * called back. */
static int look_at_all(const struct args *a, struct weir_err *err)
{
    int rc = 0;

    for (size_t i = 0; i < a->files_n && rc == 0; i++) {
        struct weir_location at = {0};
        rc = weir_location_parse(a->files[i], &at, err) == 0 ? look_at(&at, err) : -1;
        weir_location_fini(&at);
    }
    return rc;
}

/* One file from its beginning to its end. What was done is added to the sums in any case. */
static int one_file(struct run *r, size_t index, struct weir_err *err)
{
    struct weir_location location = {0};
    struct weir_source_info info = {.size_bytes = -1};
    struct weir_elb_log log;
    uint64_t confirmed = 0;
    struct weir_elb_job_opts opts = {.info = &info,
        .log = &log,
        .names = (enum weir_elb_names)r->a->names,
        .confirmed = r->pool != NULL ? &confirmed : NULL,
        .stop_mono_ms = INT64_MAX,
        .deadline_mono_ms = r->deadline_ms};
    struct weir_elb_job *job = NULL;
    struct weir_progress *progress = NULL;
    int rc = -1;

    if (weir_location_parse(r->a->files[index], &location, err) != 0 ||
        weir_location_source(&r->places, &location, &info, &opts.source, err) != 0 ||
        sink_of(r, &confirmed, &opts.sink, err) != 0) {
        goto out;
    }
    log = log_of(&location, index, &info);
    job = weir_elb_job_new(&opts, err);
    if (job == NULL ||
        weir_progress_start(r->loop, &r->a->cli, "elb-logs", &info, &progress, err) != 0) {
        goto out;
    }
    rc = weir_elb_job_run(job, r->loop, err);
    weir_progress_stop(progress);
out:
    if (job != NULL) {
        struct weir_elb_summary one;
        weir_elb_job_summarize(job, &one);
        weir_elb_summary_add(&r->sums, &one);
    }
    weir_elb_job_free(job);
    weir_stage_free(&opts.source);
    weir_stage_free(&opts.sink);
    weir_location_fini(&location);
    return rc;
}

static void print_summary(const struct run *r)
{
    const struct weir_elb_summary *s = &r->sums;
    FILE *to = r->pool == NULL ? stderr : stdout;
    struct weir_buf json;
    int rc = -1;

    weir_buf_init(&json, WEIR_LINE_BYTES);
    if (!r->a->json && isatty(fileno(to)) != 0) {
        char in[32];
        weir_cli_bytes_text(s->bytes_in, in);
        rc = fprintf(to,
            "%" PRIu64 " line%s: %" PRIu64 " parsed, %" PRIu64 " rejected, %" PRIu64
            " confirmed (%s in, %" PRId64 ".%03" PRId64 " s)\n",
            s->lines, s->lines == 1 ? "" : "s", s->parsed, s->rejected, s->confirmed, in,
            s->ms / 1000, s->ms % 1000);
    } else if (weir_elb_summary_json(
                   s, r->pool != NULL ? weir_tcp_pool_counts(r->pool) : NULL, &json, NULL) == 0 &&
               weir_buf_text(&json, NULL) != NULL) {
        rc = fprintf(to, "{%s}\n", (const char *)json.p);
    }
    weir_buf_fini(&json);
    if (rc < 0 || fflush(to) != 0) {
        weir_cli_note("elb-logs", "the summary cannot be written");
    }
}

/* What a failure leaves open, in front of its reason. */
static void tell_unconfirmed(const struct run *r, struct weir_err *err)
{
    const struct weir_tcp_counts *c = weir_tcp_pool_counts(r->pool);
    char last[sizeof c->errors[0]] = "";

    if (r->sums.lines == r->sums.confirmed || err->code == WEIR_E_CANCEL) {
        return;
    }
    if (err->code == WEIR_E_DEADLINE) {
        if (c->errors_n > 0) {
            (void)snprintf(last, sizeof last, "%s", c->errors[c->errors_n - 1]);
        }
        *err = (struct weir_err){0};
        weir_err_set(err, WEIR_E_DEADLINE, "no confirmation within the timeout%s%s",
            last[0] != '\0' ? "; the last failure: " : "", last);
    }
    weir_err_prefix(err, "%" PRIu64 " of %" PRIu64 " lines read are not confirmed",
        r->sums.lines - r->sums.confirmed, r->sums.lines);
}

static int elb_logs(
    struct weir_loop *loop, const struct args *a, uint64_t *rejected, struct weir_err *err)
{
    struct weir_elb_receiver receiver = {0};
    struct run r = {.a = a, .loop = loop, .deadline_ms = INT64_MAX};
    struct weir_signals *signals = weir_signals_new(loop, err);
    int rc = -1;

    weir_places_init(&r.places, loop);
    if (a->timeout_ms > 0) {
        r.deadline_ms = weir_clock_mono_ms() + a->timeout_ms;
    }
    if (signals == NULL || look_at_all(a, err) != 0 ||
        weir_elb_receiver_init(&receiver, &a->receiver, err) != 0) {
        goto out;
    }
    if (!receiver.std) {
        r.pool = weir_tcp_pool_new(loop, &receiver.tcp, err);
        if (r.pool == NULL) {
            goto out;
        }
    }
    rc = 0;
    for (size_t i = 0; i < a->files_n && rc == 0; i++) {
        rc = one_file(&r, i, err);
    }
    if (rc != 0 && r.pool != NULL) {
        tell_unconfirmed(&r, err);
    }
    weir_signals_free(signals); /* a stdout that nobody reads is to be left the usual way */
    signals = NULL;
    if (rc == 0 || r.sums.lines > 0) {
        print_summary(&r);
    }
    *rejected = r.sums.rejected;
out:
    weir_tcp_pool_free(r.pool);
    weir_elb_receiver_fini(&receiver);
    weir_places_fini(&r.places);
    weir_signals_free(signals);
    return rc;
}

int weir_cli_elb_logs(int argc, char **argv)
{
    struct args a = {.receiver = {.connections = WEIR_TCP_CONNECTIONS}};
    struct weir_err err = {0};
    uint64_t rejected = 0;

    if (parse(argc, argv, &a, &err) != 0) {
        return weir_cli_usage("elb-logs", &err);
    }
    struct weir_loop *loop = weir_loop_new(&err);
    int rc = loop != NULL ? elb_logs(loop, &a, &rejected, &err) : -1;
    weir_loop_free(loop);
    if (rc != 0) {
        return weir_cli_fail("elb-logs", &err);
    }
    return rejected > 0 ? WEIR_EXIT_DATA : WEIR_EXIT_DONE;
}
