/*
 * An event becomes a struct request: a program with all it gets, or a list of inputs; both become a
 * job (job.h), and the job's numbers the answer.
 */
#include "handlers/archive/archive.h"

#include "aws/store.h"
#include "codec/deflate.h"
#include "core/clock.h"
#include "core/env.h"
#include "core/limits.h"
#include "event/metrics.h"
#include "handlers/archive/job.h"
#include "handlers/archive/programs.h"
#include "json/doc.h"
#include "json/quote.h"
#include "net/child_env.h"
#include "net/child_source.h"
#include "stream/bytes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct archive {
    struct weir_programs *programs;
};

/* One invocation. */
struct request {
    const struct archive *handler;
    const struct weir_invocation *inv;
    struct weir_doc event;
    const char *bucket, *key, *program, *entry;
    enum weir_archive_format format;
    struct weir_places places;

    struct weir_child_env env; /* of a program */
    const char **argv;
    struct weir_source_info info, stdin_info;
    struct weir_child_report report;

    struct weir_archive_input *inputs; /* or objects */
    char **texts;                      /* their s3:// names, which are owned */
    size_t inputs_n, texts_bytes;

    struct weir_buf entries; /* JSON: what the answer says of each */
    size_t entries_left_out;
};

/* ---- settings ---- */

static void fini(void *self)
{
    struct archive *a = self;

    if (a != NULL) {
        weir_programs_free(a->programs);
        free(a);
    }
}

static void *init(const struct weir_handler_env *env, struct weir_err *err)
{
    struct archive *a = calloc(1, sizeof *a);

    if (a == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "archive: out of memory");
        return NULL;
    }
    a->programs = weir_programs_new(
        weir_env_text("WEIR_PROGRAMS", NULL), weir_env_text("LAMBDA_TASK_ROOT", env->folder), err);
    if (a->programs == NULL || weir_s3_config_check(err) != 0) {
        fini(a);
        return NULL;
    }
    return a;
}

/* ---- the event ---- */

static int read_format(struct request *r, struct weir_err *err)
{
    const char *format;

    if (weir_doc_string_opt(&r->event, "format", &format, err) != 0) {
        return -1;
    }
    if (format == NULL) {
        return 0;
    }
    for (size_t i = 0; weir_archive_formats[i] != NULL; i++) {
        if (strcmp(format, weir_archive_formats[i]) == 0) {
            r->format = (enum weir_archive_format)i;
            return 0;
        }
    }
    return weir_doc_error(&r->event, "format", "must be zip, gzip or none", WEIR_E_DATA, err);
}

static int read_event(struct request *r, struct weir_err *err)
{
    if (!cJSON_IsObject(r->event.v)) {
        return weir_err_set(err, WEIR_E_DATA, "must be an object");
    }
    if (weir_doc_string(&r->event, "bucket", &r->bucket, err) != 0 ||
        weir_doc_string(&r->event, "key", &r->key, err) != 0 ||
        weir_doc_string_opt(&r->event, "program", &r->program, err) != 0 ||
        weir_doc_string_opt(&r->event, "entry", &r->entry, err) != 0 || read_format(r, err) != 0) {
        return -1;
    }
    const bool listed = weir_doc_has(&r->event, "entries");
    if ((r->program != NULL) == listed) {
        return weir_err_set(err, WEIR_E_DATA, "must have either program or entries");
    }
    if (listed && r->format != WEIR_ARCHIVE_ZIP) {
        return weir_doc_error(
            &r->event, "format", "must be zip where there are entries", WEIR_E_DATA, err);
    }
    return 0;
}

/* ---- a program ---- */

static int read_args(struct request *r, const char *path, struct weir_err *err)
{
    struct weir_doc args, arg = {0};
    size_t n = 1;
    const bool has = weir_doc_has(&r->event, "args");

    if (has && weir_doc_array(&r->event, "args", &args, err) != 0) {
        return -1;
    }
    r->argv = calloc((has ? (size_t)cJSON_GetArraySize(args.v) : 0) + 2, sizeof *r->argv);
    if (r->argv == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "archive: out of memory");
    }
    r->argv[0] = path;
    while (has && weir_doc_each(&args, &arg)) {
        if (!cJSON_IsString(arg.v)) {
            return weir_doc_error(&arg, NULL, "must be a string", WEIR_E_DATA, err);
        }
        r->argv[n++] = arg.v->valuestring;
    }
    return 0;
}

static int read_env(struct request *r, bool credentials, struct weir_err *err)
{
    struct weir_doc env, item = {0};

    if (weir_child_env_init(&r->env, WEIR_CHILD_ENV_LISTED, credentials, err) != 0) {
        return -1;
    }
    if (!weir_doc_has(&r->event, "env")) {
        return 0;
    }
    if (weir_doc_object(&r->event, "env", &env, err) != 0) {
        return -1;
    }
    while (weir_doc_each(&env, &item)) {
        if (!cJSON_IsString(item.v)) {
            return weir_doc_error(&item, NULL, "must be a string", WEIR_E_DATA, err);
        }
        if (weir_child_env_set(&r->env, item.v->string, item.v->valuestring, err) != 0) {
            return -1;
        }
    }
    return 0;
}

/* What it reads: a text, or an object {"bucket"?, "key"}. */
static int read_stdin(struct request *r, struct weir_stage *ret, struct weir_err *err)
{
    struct weir_doc in;

    if (!weir_doc_member(&r->event, "stdin", &in) || cJSON_IsNull(in.v)) {
        return 0;
    }
    if (cJSON_IsString(in.v)) {
        return weir_bytes_source_new(in.v->valuestring, strlen(in.v->valuestring), ret, err);
    }
    struct weir_object object = {.bucket = r->bucket};
    const char *bucket;
    if (weir_doc_object(&r->event, "stdin", &in, err) != 0 ||
        weir_doc_string_opt(&in, "bucket", &bucket, err) != 0 ||
        weir_doc_string(&in, "key", &object.key, err) != 0) {
        return -1;
    }
    object.bucket = bucket != NULL ? bucket : r->bucket;
    return weir_store_source_new(r->inv->loop, &r->places.s3, &object, &r->stdin_info, ret, err);
}

static int start_program(struct request *r, struct weir_stage *ret, struct weir_err *err)
{
    struct weir_program program;
    bool require_output = false;

    if (!weir_programs_find(r->handler->programs, r->program, &program)) {
        return weir_doc_error(
            &r->event, "program", "is not one of WEIR_PROGRAMS", WEIR_E_DATA, err);
    }
    if (weir_doc_bool_opt(&r->event, "require_output", &require_output, err) != 0) {
        return -1;
    }
    struct weir_child_source_opts child = {.name = r->program,
        .path = program.path,
        .stdin_fd = -1,
        .require_output = require_output,
        .undo_by_mono_ms = r->inv->undo_by_mono_ms,
        .report = &r->report};
    if (read_args(r, program.path, err) != 0 || read_env(r, program.credentials, err) != 0 ||
        read_stdin(r, &child.input, err) != 0) {
        return -1;
    }
    child.argv = (char *const *)(uintptr_t)r->argv;
    child.env = r->env.items;
    int rc = weir_child_source_new(r->inv->loop, &child, &r->info, ret, err);
    weir_stage_free(&child.input);
    return rc;
}

/* ---- objects ---- */

static int add_input(struct request *r, const char *bucket, const char *key, const char *name,
    const struct weir_listed *listed, struct weir_err *err)
{
    if (r->inputs_n >= WEIR_ZIP_ENTRIES_MAX) {
        return weir_err_set(
            err, WEIR_E_LIMIT, "/entries: more than %zu objects", WEIR_ZIP_ENTRIES_MAX);
    }
    if ((r->inputs_n & (r->inputs_n + 1)) == 0) { /* full at 0, 1, 3, 7, ... */
        const size_t cap = 2 * r->inputs_n + 1;
        struct weir_archive_input *inputs = realloc(r->inputs, cap * sizeof *inputs);
        r->inputs = inputs != NULL ? inputs : r->inputs;
        char **texts = inputs != NULL ? realloc(r->texts, cap * sizeof *texts) : NULL;
        r->texts = texts != NULL ? texts : r->texts;
        if (texts == NULL) {
            return weir_err_set(err, WEIR_E_NOMEM, "archive: out of memory");
        }
    }
    const size_t size = strlen(bucket) + strlen(key) + sizeof "s3:///" + strlen(name) + 1;
    if (size > WEIR_ARCHIVE_TEXTS_MAX_BYTES - r->texts_bytes) {
        return weir_err_set(err, WEIR_E_LIMIT,
            "/entries: objects with names of more than %zu bytes", WEIR_ARCHIVE_TEXTS_MAX_BYTES);
    }
    char *text = malloc(size);
    if (text == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "archive: out of memory");
    }
    int n = snprintf(text, size, "s3://%s/%s", bucket, key);
    memcpy(text + n + 1, name, strlen(name) + 1); /* the name lies behind its object's */
    struct weir_archive_input *input = &r->inputs[r->inputs_n];
    *input = (struct weir_archive_input){.name = text + n + 1,
        .size_bytes = listed != NULL ? listed->size_bytes : -1,
        .mtime_s =
            listed != NULL && listed->mtime_s > 0 ? listed->mtime_s : weir_clock_unix_ms() / 1000};
    r->texts[r->inputs_n++] = text;
    r->texts_bytes += size;
    return weir_location_parse(text, &input->at, err);
}

/* All objects below a prefix; their names are their keys without the prefix's folders. */
static int add_prefix(
    struct request *r, const char *bucket, const char *prefix, struct weir_err *err)
{
    struct weir_listing list = {.n = 0};
    const char *slash = strrchr(prefix, '/');
    const size_t skip = slash != NULL ? (size_t)(slash - prefix) + 1 : 0;
    int rc = weir_store_list(
        r->inv->loop, &r->places.s3, bucket, prefix, r->inv->deadline_mono_ms, &list, err);

    for (size_t i = 0; rc == 0 && i < list.n; i++) {
        const char *key = list.items[i].key;
        const size_t len = strlen(key);
        const bool itself = strcmp(bucket, r->bucket) == 0 && strcmp(key, r->key) == 0;
        if (!itself && len > skip && key[len - 1] != '/') { /* a "folder" is no entry */
            rc = add_input(r, bucket, key, key + skip, &list.items[i], err);
        }
    }
    weir_listing_fini(&list);
    return rc;
}

static int add_item(struct request *r, const struct weir_doc *item, struct weir_err *err)
{
    const char *bucket, *key, *name, *prefix;

    if (cJSON_IsString(item->v)) {
        key = item->v->valuestring;
        return add_input(r, r->bucket, key, key, NULL, err);
    }
    if (!cJSON_IsObject(item->v)) {
        return weir_doc_error(item, NULL, "must be a key or an object", WEIR_E_DATA, err);
    }
    if (weir_doc_string_opt(item, "bucket", &bucket, err) != 0 ||
        weir_doc_string_opt(item, "prefix", &prefix, err) != 0) {
        return -1;
    }
    bucket = bucket != NULL ? bucket : r->bucket;
    if (prefix != NULL) {
        return add_prefix(r, bucket, prefix, err);
    }
    if (weir_doc_string(item, "key", &key, err) != 0 ||
        weir_doc_string_opt(item, "name", &name, err) != 0) {
        return -1;
    }
    return add_input(r, bucket, key, name != NULL ? name : key, NULL, err);
}

/* "entries": keys, {"bucket"?, "key", "name"?} and {"bucket"?, "prefix"} in an array; or one object
 * alone. */
static int read_entries(struct request *r, struct weir_err *err)
{
    struct weir_doc entries, item = {0};

    if (!weir_doc_member(&r->event, "entries", &entries)) {
        return -1;
    }
    if (!cJSON_IsArray(entries.v)) {
        if (add_item(r, &entries, err) != 0) {
            return -1;
        }
    } else {
        while (weir_doc_each(&entries, &item)) {
            if (add_item(r, &item, err) != 0) {
                return -1;
            }
        }
    }
    return r->inputs_n > 0 ? 0
                           : weir_doc_error(&r->event, "entries", "no objects", WEIR_E_DATA, err);
}

/* ---- the answer ---- */

static int on_entry(void *ctx, const struct weir_zip_done *done, struct weir_err *err)
{
    struct request *r = ctx;
    const size_t before = r->entries.len;

    if (before > WEIR_ARCHIVE_LISTED_MAX_BYTES) { /* the archive is no worse for it */
        r->entries_left_out++;
        return 0;
    }
    return weir_buf_adds(&r->entries, before > 0 ? ",{\"name\":" : "{\"name\":", err) != 0 ||
                   weir_json_quote(&r->entries, done->name, err) != 0 ||
                   weir_buf_addf(&r->entries, err,
                       ",\"bytes\":%" PRIu64 ",\"compressed\":%" PRIu64 ",\"crc32\":\"%08" PRIx32
                       "\"}",
                       done->bytes, done->compressed, done->crc32) != 0
               ? -1
               : 0;
}

static int answer(struct request *r, const struct weir_archive *job, struct weir_buf *response,
    struct weir_err *err)
{
    struct weir_archive_summary s;

    weir_archive_summarize(job, &s);
    if (weir_buf_adds(response, "{\"bucket\":", err) != 0 ||
        weir_json_quote(response, r->bucket, err) != 0 ||
        weir_buf_adds(response, ",\"key\":", err) != 0 ||
        weir_json_quote(response, r->key, err) != 0 ||
        weir_buf_addf(response, err, ",\"bytes\":%" PRIu64 ",\"entries\":[", s.bytes_out) != 0 ||
        weir_buf_add(response, r->entries.p, r->entries.len, err) != 0 ||
        weir_buf_adds(response, "]", err) != 0) {
        return -1;
    }
    if (r->entries_left_out > 0 &&
        weir_buf_addf(response, err, ",\"entries_left_out\":%zu", r->entries_left_out) != 0) {
        return -1;
    }
    return weir_buf_adds(response, r->program != NULL ? ",\"exit\":0}" : "}", err);
}

/* The program's last words, line by line: a log of what it had to say, however much it was. */
static void log_stderr(const struct request *r)
{
    const struct weir_child_report *report = &r->report;
    const char *p = report->tail, *end = p + report->tail_len;

    if (report->stderr_bytes > report->tail_len) {
        weir_log_write(r->inv->log, WEIR_LOG_INFO,
            "archive: %.60s: stderr: %" PRIu64 " bytes, of which the last %zu:", r->program,
            report->stderr_bytes, report->tail_len);
    }
    while (p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        const size_t n = (size_t)((lf != NULL ? lf : end) - p);
        weir_log_write(
            r->inv->log, WEIR_LOG_INFO, "archive: %.60s: stderr: %.*s", r->program, (int)n, p);
        p += n + 1;
    }
}

static void tell(const struct request *r, const struct weir_archive *job)
{
    struct weir_archive_summary s;
    struct weir_buf line;

    weir_buf_init(&line, WEIR_LINE_BYTES);
    if (weir_archive_json(job, &line, NULL) == 0 && weir_buf_text(&line, NULL) != NULL) {
        weir_log_write(r->inv->log, WEIR_LOG_INFO, "archive s3://%s/%s {%s}", r->bucket, r->key,
            (const char *)line.p);
    }
    weir_buf_fini(&line);
    weir_archive_summarize(job, &s);
    const struct weir_metric metrics[] = {
        {"entries", WEIR_UNIT_COUNT, s.entries},
        {"bytes", WEIR_UNIT_BYTES, s.bytes_in},
        {"bytes_out", WEIR_UNIT_BYTES, s.bytes_out},
        {"duration", WEIR_UNIT_MILLISECONDS, (uint64_t)s.ms},
        {"retries", WEIR_UNIT_COUNT, weir_s3_config_retries(&r->places.s3)},
    };
    weir_metrics_write(r->inv->log, "archive", metrics, sizeof metrics / sizeof metrics[0]);
}

/* ---- run ---- */

static int make_and_run(struct request *r, struct weir_buf *response, struct weir_err *err)
{
    struct weir_archive_job spec = {.loop = r->inv->loop,
        .info = &r->info,
        .entry = r->entry != NULL ? r->entry : "data",
        .mtime_s = weir_clock_unix_ms() / 1000,
        .places = &r->places,
        .format = r->format,
        .level = WEIR_DEFLATE_LEVEL,
        .deadline_mono_ms = r->inv->deadline_mono_ms,
        .on_entry = on_entry,
        .ctx = r};
    struct weir_put_opts put = weir_archive_put(r->format, -1);
    struct weir_archive *job = NULL;
    int rc = -1;

    put.undo_by_mono_ms = r->inv->undo_by_mono_ms;
    if (r->program == NULL && read_entries(r, err) != 0) {
        goto out;
    }
    spec.inputs = r->inputs;
    spec.inputs_n = r->inputs_n;
    if ((r->format == WEIR_ARCHIVE_ZIP && weir_zip_name_check(spec.entry, err) != 0) ||
        weir_store_sink_new(
            r->inv->loop, &r->places.s3, r->bucket, r->key, &put, &spec.sink, err) != 0 ||
        (r->program != NULL && start_program(r, &spec.source, err) != 0)) {
        goto out;
    }
    job = weir_archive_new(&spec, err);
    if (job == NULL) {
        goto out;
    }
    rc = weir_handler_run_pipe(r->inv, "archive", weir_archive_pipe(job), err);
    if (rc == 0) {
        tell(r, job);
        rc = answer(r, job, response, err);
    } else if (r->program != NULL && err->code == WEIR_E_DEADLINE) {
        weir_err_prefix(err, "%.60s", r->program);
    }
out:
    weir_archive_free(job);
    weir_stage_free(&spec.source);
    weir_stage_free(&spec.sink);
    return rc;
}

static void request_fini(struct request *r)
{
    for (size_t i = 0; i < r->inputs_n; i++) {
        weir_location_fini(&r->inputs[i].at);
        free(r->texts[i]);
    }
    free(r->inputs);
    free(r->texts);
    free(r->argv);
    weir_child_env_fini(&r->env);
    weir_buf_fini(&r->entries);
    weir_places_fini(&r->places);
}

static int run(
    void *self, const struct weir_invocation *inv, struct weir_buf *response, struct weir_err *err)
{
    struct request *r = calloc(1, sizeof *r);
    cJSON *doc = weir_doc_parse("event", inv->event, inv->event_len, err);
    int rc = -1;

    if (r == NULL) {
        cJSON_Delete(doc);
        return weir_err_set(err, WEIR_E_NOMEM, "archive: out of memory");
    }
    r->handler = self;
    r->inv = inv;
    r->event = (struct weir_doc){.v = doc};
    weir_buf_init(&r->entries, WEIR_RESPONSE_MAX_BYTES);
    weir_places_init(&r->places, inv->loop);
    if (doc != NULL) {
        rc = read_event(r, err);
        if (rc != 0) {
            weir_err_prefix(err, "event");
        }
    }
    if (rc == 0) { /* credentials change while a function lives: read anew for each invocation */
        rc = weir_s3_config_env_by(&r->places.s3, inv->deadline_mono_ms, err);
        r->places.s3_read = rc == 0;
    }
    if (rc == 0) {
        rc = make_and_run(r, response, err);
        log_stderr(r);
    }
    request_fini(r);
    free(r);
    cJSON_Delete(doc);
    return rc;
}

const struct weir_handler weir_archive_handler = {
    .name = "archive", .init = init, .run = run, .fini = fini};
