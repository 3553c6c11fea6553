#include "handlers/validate/validate.h"

#include "aws/location.h"
#include "aws/store.h"
#include "codec/gzip.h"
#include "core/limits.h"
#include "event/batch.h"
#include "event/metrics.h"
#include "handlers/validate/job.h"
#include "handlers/validate/outkey.h"
#include "handlers/validate/recursion.h"
#include "schema/schema.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_SCHEMA "events.schema.json"
#define DEFAULT_INPUT_PREFIX "uploads/"
#define DEFAULT_OUTPUT_KEY "validations/{stem}.csv.gz"

struct validate {
    struct weir_schema *schema;
    struct weir_recursion output; /* where to, by the environment */
};

static void warn(void *ctx, const char *msg)
{
    weir_log_write(ctx, WEIR_LOG_WARN, "%s", msg);
}

static const char *setting(const char *name, const char *otherwise)
{
    const char *s = getenv(name);

    return s != NULL && *s != '\0' ? s : otherwise;
}

static struct weir_schema *load_schema(const struct weir_handler_env *env, struct weir_err *err)
{
    char beside[PATH_MAX];
    struct weir_places places;
    const char *name = setting("WEIR_SCHEMA", beside);

    if (name == beside && snprintf(beside, sizeof beside, "%s/%s", env->folder, DEFAULT_SCHEMA) >=
                              (int)sizeof beside) {
        weir_err_set(err, WEIR_E_CONFIG, "the bootstrap's folder has too long a name");
        return NULL;
    }
    weir_places_init(&places, env->loop);
    const struct weir_schema_opts opts = {.warn = warn, .ctx = (void *)env->log};
    struct weir_schema *schema = weir_validate_schema(&places, name, WEIR_INPUT_CSV, &opts, err);
    weir_places_fini(&places);
    if (schema == NULL) {
        weir_err_prefix(err, "WEIR_SCHEMA");
    }
    return schema;
}

static void fini(void *self)
{
    struct validate *v = self;

    if (v != NULL) {
        weir_schema_free(v->schema);
        free(v);
    }
}

static void *init(const struct weir_handler_env *env, struct weir_err *err)
{
    struct validate *v = calloc(1, sizeof *v);

    if (v == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "validate: out of memory");
        return NULL;
    }
    v->output = (struct weir_recursion){.pattern = setting("WEIR_OUTPUT_KEY", DEFAULT_OUTPUT_KEY),
        .bucket = setting("WEIR_OUTPUT_BUCKET", NULL),
        .prefix = setting("WEIR_INPUT_PREFIX", DEFAULT_INPUT_PREFIX)};
    if (weir_outkey_check(v->output.pattern, err) != 0) {
        weir_err_prefix(err, "WEIR_OUTPUT_KEY");
        goto out;
    }
    if (v->output.bucket != NULL && weir_s3_bucket_check(v->output.bucket, err) != 0) {
        weir_err_prefix(err, "WEIR_OUTPUT_BUCKET");
        goto out;
    }
    if (weir_recursion_init(&v->output, err) != 0) {
        goto out;
    }
    if (weir_s3_config_check(err) != 0) {
        goto out;
    }
    v->schema = load_schema(env, err);
    if (v->schema == NULL) {
        goto out;
    }
    return v;
out:
    fini(v);
    return NULL;
}

/* One line when an object is done: where from, where to, and the numbers, as JSON, so that
 * CloudWatch Logs Insights finds the fields. */
static void log_done(const struct weir_log *log, const struct weir_s3_record *record,
    const char *bucket, const char *key, const struct weir_validate *job)
{
    struct weir_buf line;

    weir_buf_init(&line, WEIR_LOG_LINE_BYTES);
    if (weir_validate_json(job, true, &line, NULL) == 0 && weir_buf_text(&line, NULL) != NULL) {
        weir_log_write(log, WEIR_LOG_INFO, "validate s3://%s/%s to s3://%s/%s {%s}", record->bucket,
            record->key, bucket, key, (const char *)line.p);
    }
    weir_buf_fini(&line);
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

/* The output's key for a record, as text in ret. */
static const char *output_key(const struct validate *v, const struct weir_s3_record *record,
    struct weir_buf *ret, struct weir_err *err)
{
    const char *key =
        weir_outkey_make(v->output.pattern, record, ret, err) == 0 ? weir_buf_text(ret, err) : NULL;

    return key != NULL && weir_recursion_check(&v->output, record, key, err) == 0 ? key : NULL;
}

/* Run a job to its end; what it could not undo is told here. */
static int run_job(
    const struct weir_invocation *inv, struct weir_validate *job, struct weir_err *err)
{
    struct weir_pipe *pipe = weir_validate_pipe(job);
    int rc = weir_loop_run(inv->loop, pipe, err);

    if (rc != 0 && weir_pipe_undo_err(pipe)->code != WEIR_OK) {
        weir_log_write(inv->log, WEIR_LOG_WARN, "validate: %s", weir_pipe_undo_err(pipe)->msg);
    }
    return rc;
}

/* Validate one object into another. Returns 0, or -1 with *err set and nothing published. */
static int transfer(const struct validate *v, const struct weir_invocation *inv,
    const struct weir_s3_config *s3, const struct weir_s3_record *record,
    struct weir_source_info *info, struct weir_err *err)
{
    struct weir_validate_options options;
    struct weir_validate_job spec = {.info = info,
        .options = &options,
        .schema = v->schema,
        .deadline_mono_ms = inv->deadline_mono_ms};
    struct weir_validate *job = NULL;
    struct weir_buf name;
    int rc = -1;
    const uint64_t retries = weir_s3_config_retries(s3); /* of the records before */
    const char *bucket = v->output.bucket != NULL ? v->output.bucket : record->bucket;
    const struct weir_object object = {
        record->bucket, record->key, record->version_id, record->etag};

    weir_buf_init(&name, WEIR_S3_KEY_MAX_BYTES + 1);
    const char *key = output_key(v, record, &name, err);
    if (key == NULL) {
        goto out;
    }
    weir_validate_options_init(&options);
    weir_validate_options_resolve(&options, record->key, key);
    spec.out.gzip = weir_gzip_named(key);
    struct weir_put_opts put = weir_validate_put(
        &options, WEIR_PART_MAIN, record->size_bytes, weir_gzip_named(record->key), spec.out.gzip);
    put.abort_by_mono_ms = inv->undo_by_mono_ms;
    if (weir_store_source_new(inv->loop, s3, &object, info, &spec.source, err) != 0 ||
        weir_store_sink_new(inv->loop, s3, bucket, key, &put, &spec.out.stage, err) != 0) {
        goto out;
    }
    job = weir_validate_new(&spec, err);
    if (job == NULL || run_job(inv, job, err) != 0) {
        goto out;
    }
    log_done(inv->log, record, bucket, key, job);
    write_metrics(inv->log, job, weir_s3_config_retries(s3) - retries);
    rc = 0;
out:
    weir_validate_free(job);
    weir_stage_free(&spec.source);
    weir_stage_free(&spec.out.stage);
    weir_buf_fini(&name);
    return rc;
}

/* What one invocation works with. */
struct work {
    const struct validate *v;
    struct weir_s3_config s3;
};

static int one_record(void *ctx, const struct weir_invocation *inv,
    const struct weir_s3_record *record, struct weir_err *err)
{
    const struct work *work = ctx;
    struct weir_source_info info = {0};

    if (transfer(work->v, inv, &work->s3, record, &info, err) == 0) {
        return 0;
    }
    if (info.replaced) {
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
    struct work work = {.v = self};
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
