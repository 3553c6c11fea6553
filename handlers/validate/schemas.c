#include "handlers/validate/schemas.h"

#include "aws/location.h"
#include "aws/store.h"
#include "core/clock.h"
#include "core/limits.h"
#include "net/collect.h"

#include <stdlib.h>
#include <string.h>

struct item {
    struct weir_location place;
    struct weir_schema *schema;
    /* Of one on S3. By the wall clock: a function that nobody calls is frozen, and the other clock
     * with it */
    int64_t read_unix_ms;
    char etag[WEIR_S3_ETAG_MAX_BYTES + 1]; /* "": the store has none */
};

struct weir_schemas {
    const struct weir_rule_schema *list;
    struct item *items;
    size_t n;
    int64_t max_age_ms;
};

struct warning {
    const struct weir_log *log;
    const char *place;
};

static void warn(void *ctx, const char *msg)
{
    const struct warning *w = ctx;

    weir_log_write(w->log, WEIR_LOG_WARN, "%s: %s", w->place, msg);
}

/* Its text; *info tells which version of it that is. */
static int fetch(const struct weir_schemas_by *by, const struct item *item, struct weir_buf *text,
    struct weir_source_info *info, struct weir_err *err)
{
    const struct weir_object object = {.bucket = item->place.bucket, .key = item->place.key};
    struct weir_stage source = {0};

    if (item->place.kind != WEIR_LOCATION_OBJECT) {
        return weir_location_load(by->loop, item->place.text, text, err);
    }
    return weir_store_source_new(by->loop, by->s3, &object, info, &source, err) != 0
               ? -1
               : weir_collect(by->loop, &source, INT64_MAX, text, err);
}

static int compile(const struct weir_rule_schema *spec, const struct weir_schemas_by *by,
    const struct weir_buf *text, struct item *item, struct weir_err *err)
{
    struct warning warning = {by->log, spec->place};
    const struct weir_schema_opts opts = {
        .annotate_formats = spec->annotate, .warn = warn, .ctx = &warning};
    struct weir_schema *schema = weir_validate_schema_text(
        text, spec->rows ? WEIR_INPUT_CSV : WEIR_INPUT_NDJSON, &opts, err);

    if (schema == NULL) {
        return -1;
    }
    weir_schema_free(item->schema);
    item->schema = schema;
    return 0;
}

static int load(
    struct weir_schemas *s, size_t i, const struct weir_schemas_by *by, struct weir_err *err)
{
    struct item *item = &s->items[i];
    struct weir_source_info info = {0};
    const int64_t now_ms = weir_clock_unix_ms();
    struct weir_buf text;
    int rc = -1;

    weir_buf_init(&text, WEIR_SCHEMA_MAX_BYTES);
    if (fetch(by, item, &text, &info, err) != 0) { /* it has named the place */
        weir_err_prefix(err, "%s", s->list[i].at);
        goto out;
    }
    const bool same =
        item->schema != NULL && info.etag[0] != '\0' && strcmp(info.etag, item->etag) == 0;
    if (!same && compile(&s->list[i], by, &text, item, err) != 0) {
        weir_err_prefix(err, "%s: %.100s", s->list[i].at, s->list[i].place);
        goto out;
    }
    memcpy(item->etag, info.etag, sizeof item->etag);
    item->read_unix_ms = now_ms;
    rc = 0;
out:
    weir_buf_fini(&text);
    return rc;
}

static bool is_fresh(const struct weir_schemas *s, const struct item *item)
{
    const int64_t age_ms = weir_clock_unix_ms() - item->read_unix_ms;

    return item->place.kind != WEIR_LOCATION_OBJECT || (age_ms >= 0 && age_ms < s->max_age_ms);
}

struct weir_schemas *weir_schemas_new(const struct weir_rule_schema *list, size_t n,
    int64_t max_age_ms, const struct weir_schemas_by *by, struct weir_err *err)
{
    struct weir_schemas *s = calloc(1, sizeof *s);

    if (s != NULL) {
        s->items = calloc(n + 1, sizeof *s->items);
    }
    if (s == NULL || s->items == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "schemas: out of memory");
        weir_schemas_free(s);
        return NULL;
    }
    s->list = list;
    s->n = n;
    s->max_age_ms = max_age_ms;
    for (size_t i = 0; i < n; i++) {
        if (weir_location_parse(list[i].place, &s->items[i].place, err) != 0 ||
            load(s, i, by, err) != 0) {
            weir_schemas_free(s);
            return NULL;
        }
    }
    return s;
}

const struct weir_schema *weir_schemas_get(
    struct weir_schemas *schemas, size_t i, const struct weir_schemas_by *by, struct weir_err *err)
{
    if (!is_fresh(schemas, &schemas->items[i]) && load(schemas, i, by, err) != 0) {
        return NULL;
    }
    return schemas->items[i].schema;
}

void weir_schemas_free(struct weir_schemas *schemas)
{
    for (size_t i = 0; schemas != NULL && i < schemas->n; i++) {
        weir_schema_free(schemas->items[i].schema);
        weir_location_fini(&schemas->items[i].place);
    }
    if (schemas != NULL) {
        free(schemas->items);
    }
    free(schemas);
}
