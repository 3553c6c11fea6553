#include "handlers/elb_logs/elb_logs.h"

#include "aws/store.h"
#include "core/clock.h"
#include "core/env.h"
#include "core/limits.h"
#include "core/str.h"
#include "event/batch.h"
#include "event/metrics.h"
#include "handlers/elb_logs/job.h"
#include "handlers/elb_logs/receiver.h"
#include "handlers/elb_logs/state.h"
#include "net/file.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_SKIP "ELBAccessLogTestFile,conn_log*,health_check_log*"
#define DEFAULT_STATE_KEY "weir-state/{key}.json"

struct elb_logs {
    struct weir_elb_receiver receiver;
    enum weir_elb_names names;
    const char *skip; /* the environment's, as the two below */
    const char *state_key, *state_bucket;
};

/* One invocation. */
struct batch {
    const struct elb_logs *e;
    struct weir_s3_config s3;
    struct weir_tcp_pool *pool; /* NULL: stdout */
};

/* ---- settings ---- */

static int read_receiver(struct elb_logs *e, struct weir_err *err)
{
    struct weir_elb_receiver_opts opts = {.to = weir_env_text("WEIR_TO", NULL),
        .tls = {.ca_file = weir_env_text("WEIR_TLS_CA", NULL),
            .cert_file = weir_env_text("WEIR_TLS_CERT", NULL),
            .key_file = weir_env_text("WEIR_TLS_KEY", NULL),
            .server_name = weir_env_text("WEIR_TLS_SERVER_NAME", NULL)},
        .patience_ms = INT64_MAX};

    if (opts.to == NULL) {
        return weir_err_set(err, WEIR_E_CONFIG,
            "WEIR_TO: is not set; it says where lines go, as in tcp://logstash.internal:5000");
    }
    if (weir_env_int("WEIR_CONNECTIONS", WEIR_TCP_CONNECTIONS, 1, WEIR_TCP_CONNECTIONS_MAX,
            &opts.connections, err) != 0 ||
        weir_env_int("WEIR_COMPRESS_LEVEL", 0, 0, 9, &opts.compress_level, err) != 0) {
        return -1;
    }
    if (weir_elb_receiver_init(&e->receiver, &opts, err) != 0) {
        weir_err_prefix(err, "WEIR_TO");
        return -1;
    }
    return 0;
}

static int check_skip(const char *skip, struct weir_err *err)
{
    for (const char *p = skip; *p != '\0';) {
        const size_t n = strcspn(p, ",");
        if (n >= WEIR_ELB_SKIP_BYTES) {
            return weir_err_set(err, WEIR_E_CONFIG, "WEIR_SKIP: a pattern of %zu bytes, at most %d",
                n, WEIR_ELB_SKIP_BYTES - 1);
        }
        p += n + (p[n] == ',');
    }
    return 0;
}

static void fini(void *self)
{
    struct elb_logs *e = self;

    if (e != NULL) {
        weir_elb_receiver_fini(&e->receiver);
        free(e);
    }
}

static void *init(const struct weir_handler_env *env, struct weir_err *err)
{
    const char *fields = weir_env_text("WEIR_FIELDS", "ecs");
    struct elb_logs *e = calloc(1, sizeof *e);

    (void)env;
    if (e == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "elb_logs: out of memory");
        return NULL;
    }
    e->skip = weir_env_text("WEIR_SKIP", DEFAULT_SKIP);
    e->state_key = weir_env_text("WEIR_STATE_KEY", DEFAULT_STATE_KEY);
    e->state_bucket = weir_env_text("WEIR_STATE_BUCKET", NULL);
    e->names = strcmp(fields, "aws") == 0 ? WEIR_ELB_NAMES_AWS : WEIR_ELB_NAMES_ECS;
    if (e->names == WEIR_ELB_NAMES_ECS && strcmp(fields, "ecs") != 0) {
        weir_err_set(err, WEIR_E_CONFIG, "WEIR_FIELDS: must be ecs or aws");
        goto out;
    }
    if (weir_elb_state_check(e->state_key, err) != 0) {
        weir_err_prefix(err, "WEIR_STATE_KEY");
        goto out;
    }
    if (check_skip(e->skip, err) != 0) {
        goto out;
    }
    if (e->state_bucket != NULL && weir_s3_bucket_check(e->state_bucket, err) != 0) {
        weir_err_prefix(err, "WEIR_STATE_BUCKET");
        goto out;
    }
    if (weir_s3_config_check(err) != 0) {
        goto out;
    }
    if (read_receiver(e, err) != 0) {
        goto out;
    }
    return e;
out:
    fini(e);
    return NULL;
}

/* ---- what is no log ---- */

/* Whether the last part of the key matches one of the patterns of WEIR_SKIP. */
static bool is_skipped(const struct elb_logs *e, const char *key)
{
    const char *name = weir_base_name(key);
    char pattern[WEIR_ELB_SKIP_BYTES];

    for (const char *p = e->skip; *p != '\0';) {
        const size_t n = strcspn(p, ",");
        if (n > 0) { /* and it has room: check_skip */
            memcpy(pattern, p, n);
            pattern[n] = '\0';
            if (fnmatch(pattern, name, 0) == 0) {
                return true;
            }
        }
        p += n + (p[n] == ',');
    }
    return weir_elb_state_is(e->state_key, key);
}

/* ---- what is told ---- */

/* What the pool has done since *before. */
static struct weir_tcp_counts since(
    const struct weir_tcp_counts *now, const struct weir_tcp_counts *before)
{
    struct weir_tcp_counts c = *now;

    c.created -= before->created;
    c.reused -= before->reused;
    c.failed -= before->failed;
    c.sent -= before->sent;
    c.confirmed -= before->confirmed;
    c.resent -= before->resent;
    c.bytes -= before->bytes;
    c.errors_n = c.failed > 0 ? c.errors_n : 0;
    return c;
}

static void tell(const struct weir_invocation *inv, const struct weir_s3_record *record,
    const struct weir_elb_summary *s, const struct weir_tcp_counts *tcp, uint64_t retries)
{
    const struct weir_tcp_counts std = {.sent = s->confirmed}; /* as weir_elb_summary_json has it */
    struct weir_buf line;

    weir_buf_init(&line, WEIR_LINE_BYTES);
    if (weir_elb_summary_json(s, tcp, &line, NULL) == 0 && weir_buf_text(&line, NULL) != NULL) {
        weir_log_write(inv->log, WEIR_LOG_INFO, "elb_logs s3://%s/%s {%s}", record->bucket,
            record->key, (const char *)line.p);
    }
    weir_buf_fini(&line);
    if (tcp == NULL) {
        tcp = &std;
    }
    const struct weir_metric metrics[] = {
        {"lines", WEIR_UNIT_COUNT, s->lines},
        {"parsed", WEIR_UNIT_COUNT, s->parsed},
        {"rejected", WEIR_UNIT_COUNT, s->rejected},
        {"sent", WEIR_UNIT_COUNT, tcp->sent},
        {"confirmed", WEIR_UNIT_COUNT, s->confirmed},
        {"resent", WEIR_UNIT_COUNT, tcp->resent},
        {"connections_created", WEIR_UNIT_COUNT, tcp->created},
        {"connections_reused", WEIR_UNIT_COUNT, tcp->reused},
        {"connections_failed", WEIR_UNIT_COUNT, tcp->failed},
        {"bytes", WEIR_UNIT_BYTES, s->bytes_in},
        {"bytes_out", WEIR_UNIT_BYTES, s->bytes_out},
        {"duration", WEIR_UNIT_MILLISECONDS, (uint64_t)s->ms},
        {"retries", WEIR_UNIT_COUNT, retries},
    };
    weir_metrics_write(inv->log, "elb_logs", metrics, sizeof metrics / sizeof metrics[0]);
}

/* ---- one log ---- */

/* ms before the deadline, or never when there is none. */
static int64_t before(int64_t deadline_ms, int64_t now_ms, int64_t part, int64_t most_ms)
{
    if (deadline_ms == INT64_MAX) {
        return INT64_MAX;
    }
    const int64_t share = (deadline_ms - now_ms) / part;
    return deadline_ms - (share < most_ms ? share : most_ms);
}

/* Send a log from byte `from` on. Returns 0 when it was sent to its end; else -1 with *err set, and
 * *offset is where to go on: all before it has arrived. */
static int send_log(const struct batch *b, const struct weir_invocation *inv,
    const struct weir_s3_record *record, uint64_t from, uint64_t *offset,
    struct weir_source_info *info, struct weir_err *err)
{
    const int64_t now_ms = weir_clock_mono_ms();
    const struct weir_object object = {
        record->bucket, record->key, record->version_id, record->etag};
    const struct weir_tcp_counts begun =
        b->pool != NULL ? *weir_tcp_pool_counts(b->pool) : (struct weir_tcp_counts){0};
    const uint64_t retries = weir_s3_config_retries(&b->s3);
    char place[sizeof "s3:///" + WEIR_S3_BUCKET_MAX_BYTES + WEIR_S3_KEY_MAX_BYTES];
    const struct weir_elb_log log = {.bucket = record->bucket,
        .key = record->key,
        .etag = record->etag != NULL ? record->etag : info->etag,
        .place = place};
    uint64_t confirmed = 0;
    struct weir_elb_job_opts opts = {.info = info,
        .log = &log,
        .names = b->e->names,
        .confirmed = b->pool != NULL ? &confirmed : NULL,
        .from = from,
        .stop_mono_ms = before(inv->deadline_mono_ms, now_ms, 4, WEIR_ELB_CONFIRM_MAX_MS),
        .deadline_mono_ms = before(inv->deadline_mono_ms, now_ms, 20, WEIR_ELB_STATE_MAX_MS)};
    struct weir_elb_job *job = NULL;
    int rc = -1;

    *offset = from;
    (void)snprintf(place, sizeof place, "s3://%s/%s", record->bucket, record->key);
    if (weir_store_source_new(inv->loop, &b->s3, &object, info, &opts.source, err) != 0 ||
        (b->pool != NULL ? weir_tcp_sink_new(b->pool, &confirmed, &opts.sink, err)
                         : weir_fd_sink_new(inv->loop, STDOUT_FILENO, &opts.sink, err)) != 0) {
        goto out;
    }
    job = weir_elb_job_new(&opts, err);
    if (job == NULL) {
        goto out;
    }
    rc = weir_elb_job_run(job, inv->loop, err);
    struct weir_elb_summary s;
    weir_elb_job_summarize(job, &s);
    *offset = s.offset;
    if (rc == 0 && s.stopped) {
        rc = weir_err_set(err, WEIR_E_DEADLINE,
            "stopped before the deadline at byte %" PRIu64 "; what comes before has arrived",
            s.offset);
    } else if (rc != 0 && s.lines > s.confirmed) {
        weir_err_prefix(err, "%" PRIu64 " lines not confirmed", s.lines - s.confirmed);
    }
    if (!info->replaced) {
        const struct weir_tcp_counts c =
            b->pool != NULL ? since(weir_tcp_pool_counts(b->pool), &begun) : begun;
        tell(
            inv, record, &s, b->pool != NULL ? &c : NULL, weir_s3_config_retries(&b->s3) - retries);
    }
out:
    weir_elb_job_free(job);
    weir_stage_free(&opts.source);
    weir_stage_free(&opts.sink);
    return rc;
}

/* Record how far a log came. It costs duplicates when that fails, and nothing else. */
static void put_state(const struct weir_elb_state *state, const struct weir_invocation *inv,
    const struct weir_object *object, uint64_t offset)
{
    struct weir_err why = {0};

    if (weir_elb_state_put(state, object, offset, &why) != 0) {
        weir_log_write(inv->log, WEIR_LOG_WARN,
            "elb_logs s3://%s/%s: the state cannot be written, so that the next try begins where "
            "this one did: %s",
            object->bucket, object->key, why.msg);
    }
}

static int one_record(void *ctx, const struct weir_invocation *inv,
    const struct weir_s3_record *record, struct weir_err *err)
{
    const struct batch *b = ctx;
    const struct weir_object object = {
        record->bucket, record->key, record->version_id, record->etag};
    const struct weir_elb_state state = {.loop = inv->loop,
        .s3 = &b->s3,
        .pattern = b->e->state_key,
        .bucket = b->e->state_bucket,
        .by_mono_ms = inv->undo_by_mono_ms};
    struct weir_source_info info = {0};
    uint64_t from = 0, offset = 0;

    if (is_skipped(b->e, record->key)) {
        weir_log_write(inv->log, WEIR_LOG_INFO, "elb_logs s3://%s/%s: skipped: no access log",
            record->bucket, record->key);
        return 0;
    }
    if (weir_elb_state_get(&state, &object, &from, err) != 0) {
        return -1;
    }
    int rc = send_log(b, inv, record, from, &offset, &info, err);
    if (rc != 0 && info.replaced) {
        weir_log_write(inv->log, WEIR_LOG_INFO,
            "elb_logs s3://%s/%s: skipped: replaced since the event; the new one has its own",
            record->bucket, record->key);
        *err = (struct weir_err){0};
        return 0;
    }
    if (rc != 0 && offset > from) {
        put_state(&state, inv, &object, offset);
    } else if (rc == 0 && from > 0) {
        put_state(&state, inv, &object, 0); /* whoever sends the event again wants all of it */
    }
    return rc;
}

static int run(
    void *self, const struct weir_invocation *inv, struct weir_buf *response, struct weir_err *err)
{
    struct batch b = {.e = self};
    const struct weir_event_work work = {"elb_logs", one_record, &b};
    int rc = -1;

    /* Credentials change while a function lives: read anew for each invocation. */
    if (weir_s3_config_env_by(&b.s3, inv->deadline_mono_ms, err) != 0) {
        goto out;
    }
    if (!b.e->receiver.std) {
        b.pool = weir_tcp_pool_new(inv->loop, &b.e->receiver.tcp, err);
        if (b.pool == NULL) {
            goto out;
        }
    }
    rc = weir_event_run(&work, inv, response, err);
out:
    weir_tcp_pool_free(b.pool);
    weir_s3_config_fini(&b.s3);
    return rc;
}

const struct weir_handler weir_elb_logs_handler = {
    .name = "elb_logs", .init = init, .run = run, .fini = fini};
