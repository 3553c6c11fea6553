#include "handlers/validate/validate.h"

#include "aws/location.h"
#include "aws/store.h"
#include "codec/gzip.h"
#include "core/env.h"
#include "core/limits.h"
#include "csv/index.h"
#include "event/batch.h"
#include "event/metrics.h"
#include "handlers/validate/job.h"
#include "handlers/validate/rules.h"
#include "handlers/validate/schemas.h"
#include "net/threads.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_SCHEMA "events.schema.json"
#define METADATA_SCHEMA "weir-schema" /* x-amz-meta-weir-schema */

struct validate {
    struct weir_rules rules;
    struct weir_schemas *schemas;
    char beside[PATH_MAX]; /* the schema that is there when nobody names one */
    struct weir_threads *threads;
};

static const char *variable(const void *ctx, const char *name)
{
    (void)ctx;
    return weir_env_text(name, NULL);
}

/* The rules, by the environment and the file that it names. */
static int load_rules(struct validate *v, const struct weir_handler_env *env, struct weir_err *err)
{
    struct weir_rule_settings settings;
    struct weir_buf text;
    int rc = -1;

    weir_buf_init(&text, WEIR_CONFIG_MAX_BYTES);
    weir_rule_settings_read(&settings, variable, NULL);
    if (settings.rules == NULL && settings.schema == NULL) {
        if (snprintf(v->beside, sizeof v->beside, "%s/%s", env->folder, DEFAULT_SCHEMA) >=
            (int)sizeof v->beside) {
            weir_err_set(err, WEIR_E_CONFIG, "the bootstrap's folder has too long a name");
            goto out;
        }
        settings.schema = v->beside;
    }
    if (settings.rules != NULL && weir_location_load(env->loop, settings.rules, &text, err) != 0) {
        weir_err_prefix(err, "WEIR_RULES");
        goto out;
    }
    rc = weir_rules_init(&v->rules, &settings,
        settings.rules == NULL ? NULL
        : text.p == NULL       ? ""
                               : (const char *)text.p,
        text.len, err);
out:
    weir_buf_fini(&text);
    return rc;
}

static void fini(void *self)
{
    struct validate *v = self;

    if (v != NULL) {
        weir_schemas_free(v->schemas);
        weir_rules_fini(&v->rules);
        weir_threads_free(v->threads);
        free(v);
    }
}

/* Load them; only those on S3 need its settings, and credentials. */
static int load_schemas(struct validate *v, const struct weir_handler_env *env, int64_t max_age_ms,
    struct weir_err *err)
{
    struct weir_s3_config s3 = {0};
    const struct weir_schemas_by by = {env->loop, &s3, env->log};
    bool remote = false;

    for (size_t i = 0; i < v->rules.schemas_n; i++) {
        remote |= strncmp(v->rules.schemas[i].place, "s3://", 5) == 0;
    }
    if (remote && weir_s3_config_env(&s3, err) != 0) {
        return -1;
    }
    v->schemas = weir_schemas_new(v->rules.schemas, v->rules.schemas_n, max_age_ms, &by, err);
    weir_s3_config_fini(&s3);
    return v->schemas != NULL ? 0 : -1;
}

/* Threads that check rows: as many as the function's memory buys, unless the environment says it.
 */
static int make_threads(
    struct validate *v, const struct weir_handler_env *env, struct weir_err *err)
{
    int64_t threads;

    if (weir_env_int("WEIR_THREADS", 0, 0, WEIR_THREADS_MAX, &threads, err) != 0) {
        return -1;
    }
    v->threads = weir_threads_new(env->loop, (size_t)threads, err);
    return v->threads != NULL ? 0 : -1;
}

static void *init(const struct weir_handler_env *env, struct weir_err *err)
{
    struct validate *v = calloc(1, sizeof *v);
    struct weir_csv_kernel kernel; /* each reader picks it; a bad setting is told here */
    int64_t age_s;

    if (v == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "validate: out of memory");
        return NULL;
    }
    if (weir_s3_config_check(err) != 0 || weir_csv_kernel_pick(&kernel, err) != 0 ||
        weir_env_int("WEIR_SCHEMA_MAX_AGE_S", WEIR_SCHEMA_AGE_S, 0, WEIR_SCHEMA_AGE_MAX_S, &age_s,
            err) != 0 ||
        make_threads(v, env, err) != 0 || load_rules(v, env, err) != 0 ||
        load_schemas(v, env, age_s * 1000, err) != 0) {
        fini(v);
        return NULL;
    }
    return v;
}

/* What one invocation works with. */
struct work {
    struct validate *v;
    const struct weir_invocation *inv;
    struct weir_s3_config s3;
};

/* ---- an object ---- */

/* An object on its way; texts are the event's, or the rules'. */
struct transfer {
    const struct work *work;
    const struct weir_s3_record *record;
    const struct weir_rule *rule;
    struct weir_object object;
    struct weir_source_info info;
    struct weir_object_head head; /* where its metadata is asked for */
    struct weir_validate_options options;
    struct weir_rule_keys keys;
    struct weir_validate_job job;
};

/* One line when an object is done: where from, where to, and the numbers, as JSON, so that
 * CloudWatch Logs Insights finds the fields. */
static void log_done(const struct transfer *t, const struct weir_validate *job)
{
    struct weir_buf line, to;

    weir_buf_init(&line, WEIR_LINE_BYTES);
    weir_buf_init(&to, WEIR_OUTLETS * WEIR_S3_URL_MAX_BYTES);
    for (size_t i = 0; i < WEIR_OUTLETS; i++) {
        const struct weir_buf *key = &t->keys.keys[i];
        if (key->len > 0) {
            (void)weir_buf_addf(&to, NULL, "%ss3://%s/%.*s", i > 0 ? ", " : "", t->keys.bucket,
                (int)key->len, (const char *)key->p);
        }
    }
    if (weir_validate_json(job, true, &line, NULL) == 0 && weir_buf_text(&line, NULL) != NULL &&
        weir_buf_text(&to, NULL) != NULL) {
        weir_log_write(t->work->inv->log, WEIR_LOG_INFO, "validate s3://%s/%s to %s {%s}",
            t->record->bucket, t->record->key, (const char *)to.p, (const char *)line.p);
    }
    weir_buf_fini(&line);
    weir_buf_fini(&to);
}

static void write_metrics(
    const struct weir_log *log, const struct weir_validate *job, uint64_t retries)
{
    struct weir_validate_summary s;

    weir_validate_summarize(job, &s);
    const struct weir_metric metrics[] = {
        {"rows", WEIR_UNIT_COUNT, s.rows},
        {"invalid", WEIR_UNIT_COUNT, s.invalid},
        {"bytes", WEIR_UNIT_BYTES, s.bytes_in},
        {"bytes_out", WEIR_UNIT_BYTES, s.bytes_out},
        {"duration", WEIR_UNIT_MILLISECONDS, (uint64_t)s.ms},
        {"retries", WEIR_UNIT_COUNT, retries},
    };
    weir_metrics_write(log, "validate", metrics, sizeof metrics / sizeof metrics[0]);
}

/* The object says which schema it is for; t->head then tells which version of it has said so. */
static int named_schema(struct transfer *t, size_t *ret, struct weir_err *err)
{
    const struct work *work = t->work;

    if (weir_store_head(work->inv->loop, &work->s3, &t->object, METADATA_SCHEMA,
            work->inv->deadline_mono_ms, &t->head, err) != 0) {
        return -1;
    }
    if (t->object.etag == NULL && t->head.etag[0] != '\0') {
        t->object.etag = t->head.etag;
    }
    *ret = t->rule->schema;
    if (t->head.value[0] != '\0') {
        *ret = weir_rule_name(t->rule, t->head.value);
    }
    if (*ret != WEIR_RULE_NO_SCHEMA) {
        return 0;
    }
    return t->head.value[0] == '\0'
               ? weir_err_set(err, WEIR_E_DATA,
                     "WEIR_RULES: %s: the object names no schema (x-amz-meta-" METADATA_SCHEMA
                     "), and the rule has none",
                     t->rule->at)
               : weir_err_set(err, WEIR_E_DATA,
                     "WEIR_RULES: %s/schemas: the object's x-amz-meta-" METADATA_SCHEMA
                     " is none of these",
                     t->rule->at);
}

static int take_schema(struct transfer *t, struct weir_err *err)
{
    const struct work *work = t->work;
    const struct weir_schemas_by by = {work->inv->loop, &work->s3, work->inv->log};
    size_t i = t->rule->schema;

    if (t->rule->names_n > 0 && named_schema(t, &i, err) != 0) {
        return -1;
    }
    t->job.schema = weir_schemas_get(work->v->schemas, i, &by, err);
    return t->job.schema != NULL ? 0 : -1;
}

/* The ends; those that are made are the caller's to free. */
static int make_ends(struct transfer *t, struct weir_err *err)
{
    const struct work *work = t->work;
    struct weir_validate_sink *sinks[WEIR_OUTLETS] = {
        &t->job.out, &t->job.invalid, &t->job.summary};

    if (weir_store_source_new(
            work->inv->loop, &work->s3, &t->object, &t->info, &t->job.source, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < WEIR_OUTLETS; i++) {
        if (t->keys.keys[i].len == 0) {
            continue;
        }
        const char *key = (const char *)t->keys.keys[i].p;
        sinks[i]->gzip = weir_gzip_named(key);
        struct weir_put_opts put = weir_validate_put(&t->options, (enum weir_validate_outlet)i,
            t->record->size_bytes, weir_gzip_named(t->record->key), sinks[i]->gzip);
        put.undo_by_mono_ms = work->inv->undo_by_mono_ms;
        if (weir_store_sink_new(work->inv->loop, &work->s3, t->keys.bucket, key, &put,
                &sinks[i]->stage, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static void warn(void *ctx, const char *msg)
{
    const struct transfer *t = ctx;

    weir_log_write(t->work->inv->log, WEIR_LOG_WARN, "validate s3://%s/%s: %s", t->record->bucket,
        t->record->key, msg);
}

/* Validate one object into others. Returns 0, or -1 with *err set and nothing published. */
static int transfer(struct transfer *t, struct weir_err *err)
{
    const struct work *work = t->work;
    const uint64_t retries = weir_s3_config_retries(&work->s3); /* of the records before */
    struct weir_validate *job = NULL;
    int rc = -1;

    if (weir_validate_options_copy(&t->options, &t->rule->options, err) != 0) {
        weir_validate_options_fini(&t->options);
        return -1;
    }
    t->job = (struct weir_validate_job){.info = &t->info,
        .options = &t->options,
        .workers = weir_threads_workers(work->v->threads),
        .deadline_mono_ms = work->inv->deadline_mono_ms,
        .warn = warn,
        .ctx = t};
    if (weir_rule_keys_make(&work->v->rules, t->rule, t->record, &t->options, &t->keys, err) != 0 ||
        take_schema(t, err) != 0 || make_ends(t, err) != 0) {
        goto out;
    }
    job = weir_validate_new(&t->job, err);
    if (job == NULL ||
        weir_handler_run_pipe(work->inv, "validate", weir_validate_pipe(job), err) != 0) {
        goto out;
    }
    log_done(t, job);
    write_metrics(work->inv->log, job, weir_s3_config_retries(&work->s3) - retries);
    rc = 0;
out:
    weir_validate_free(job);
    weir_stage_free(&t->job.source);
    weir_stage_free(&t->job.out.stage);
    weir_stage_free(&t->job.invalid.stage);
    weir_stage_free(&t->job.summary.stage);
    weir_rule_keys_fini(&t->keys);
    weir_validate_options_fini(&t->options);
    return rc;
}

static int one_record(void *ctx, const struct weir_invocation *inv,
    const struct weir_s3_record *record, struct weir_err *err)
{
    const struct work *work = ctx;
    struct transfer t = {.work = work,
        .record = record,
        .rule = weir_rules_find(&work->v->rules, record->key),
        .object = {record->bucket, record->key, record->version_id, record->etag}};

    if (t.rule == NULL) {
        return weir_err_set(err, WEIR_E_CONFIG,
            "WEIR_RULES: no rule takes the key; what is to be left alone needs one that ignores "
            "it");
    }
    if (t.rule->ignore) {
        weir_log_write(inv->log, WEIR_LOG_INFO,
            "validate s3://%s/%s: skipped: the rule %s ignores it", record->bucket, record->key,
            t.rule->at);
        return 0;
    }
    if (transfer(&t, err) == 0) {
        return 0;
    }
    if (t.info.replaced || t.head.replaced) {
        weir_log_write(inv->log, WEIR_LOG_INFO,
            "validate s3://%s/%s: skipped: replaced since the event; the new one has its own",
            record->bucket, record->key);
        *err = (struct weir_err){0};
        return 0;
    }
    return -1;
}

static int run(
    void *self, const struct weir_invocation *inv, struct weir_buf *response, struct weir_err *err)
{
    struct work work = {.v = self, .inv = inv};
    const struct weir_event_work spec = {"validate", one_record, &work};

    /* Credentials change while a function lives: read anew for each invocation. */
    if (weir_s3_config_env_by(&work.s3, inv->deadline_mono_ms, err) != 0) {
        return -1;
    }
    int rc = weir_event_run(&spec, inv, response, err);
    weir_s3_config_fini(&work.s3);
    return rc;
}

const struct weir_handler weir_validate_handler = {
    .name = "validate", .init = init, .run = run, .fini = fini};
