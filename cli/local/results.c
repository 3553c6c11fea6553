/*
 * The list is a cJSON array, the newest first; an entry:
 *
 *     {"key", "bucket", "output", "ms", "doneMs", "state": "counting" | "counted" | "unknown",
 *      "rows", "valid", "invalid", "bytes", "errors": [{"row", "text"}]}
 */
#include "cli/local/results.h"

#include "aws/store.h"
#include "cli/local/count.h"
#include "codec/gunzip.h"
#include "core/clock.h"
#include "core/limits.h"
#include "json/doc.h"
#include "net/file.h"
#include "stream/pipe.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TURN_MS 10 /* of counting, then the others */

struct weir_results {
    struct weir_loop *loop;
    char *path;
    const struct weir_s3_config *s3;
    cJSON *list;
    bool dirty; /* to be written */

    /* What is being counted. */
    struct weir_pipe *pipe;
    cJSON *item;
    struct weir_count count;
    struct weir_source_info info;
};

static const char *text_of(const cJSON *item, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, name));
}

static void set(cJSON *item, const char *name, cJSON *value)
{
    if (cJSON_HasObjectItem(item, name)) {
        (void)cJSON_ReplaceItemInObjectCaseSensitive(item, name, value);
    } else {
        (void)cJSON_AddItemToObject(item, name, value);
    }
}

static void stop(struct weir_results *r)
{
    weir_pipe_free(r->pipe);
    r->pipe = NULL;
    r->item = NULL;
}

/* ---- counting ---- */

static void store_count(struct weir_results *r, bool counted)
{
    cJSON *errors = cJSON_CreateArray();

    set(r->item, "state", cJSON_CreateString(counted ? "counted" : "unknown"));
    if (counted) {
        set(r->item, "rows", cJSON_CreateNumber((double)r->count.rows));
        set(r->item, "valid", cJSON_CreateNumber((double)r->count.valid));
        set(r->item, "invalid", cJSON_CreateNumber((double)r->count.invalid));
        set(r->item, "bytes", cJSON_CreateNumber((double)r->info.size_bytes));
    }
    for (size_t i = 0; counted && i < r->count.errors_n; i++) {
        cJSON *e = cJSON_CreateObject();
        (void)cJSON_AddNumberToObject(e, "row", (double)r->count.errors[i].row);
        (void)cJSON_AddStringToObject(e, "text", r->count.errors[i].text);
        (void)cJSON_AddItemToArray(errors, e);
    }
    set(r->item, "errors", errors);
    r->dirty = true;
}

static int open_pipe(struct weir_results *r, struct weir_err *err)
{
    const struct weir_object object = {
        .bucket = text_of(r->item, "bucket"), .key = text_of(r->item, "output")};
    struct weir_stage stages[3] = {{0}};
    int rc = -1;

    r->count = (struct weir_count){0};
    r->info = (struct weir_source_info){.size_bytes = -1};
    if (object.bucket == NULL || object.key == NULL) {
        return -1;
    }
    if (weir_store_source_new(r->loop, r->s3, &object, &r->info, &stages[0], err) == 0 &&
        weir_gunzip_new(&stages[1], true, err) == 0 &&
        weir_count_new(&r->count, &stages[2], err) == 0) {
        r->pipe = weir_pipe_new(0, stages, 3, err);
        rc = r->pipe != NULL ? 0 : -1;
    }
    for (size_t i = 0; i < 3; i++) {
        weir_stage_free(&stages[i]);
    }
    return rc;
}

/* The next entry that is to be counted. */
static bool begin(struct weir_results *r)
{
    cJSON *item;

    cJSON_ArrayForEach(item, r->list)
    {
        const char *state = text_of(item, "state");
        struct weir_err err = {0};

        if (state == NULL || strcmp(state, "counting") != 0) {
            continue;
        }
        r->item = item;
        if (open_pipe(r, &err) == 0) {
            return true;
        }
        store_count(r, false);
        r->item = NULL;
    }
    return false;
}

/* Returns whether there is more to do at once. */
static bool go_on(struct weir_results *r)
{
    int64_t end_ms = weir_clock_mono_ms() + TURN_MS;

    do {
        switch (weir_pipe_sweep(r->pipe, weir_clock_mono_ms())) {
        case WEIR_PIPE_RUNNING:
            break;
        case WEIR_PIPE_WAITING:
            return false;
        case WEIR_PIPE_DONE:
            store_count(r, true);
            stop(r);
            return true;
        case WEIR_PIPE_FAILED:
            store_count(r, false);
            stop(r);
            return true;
        }
    } while (weir_clock_mono_ms() < end_ms);
    return true;
}

/* ---- the file ---- */

static void save(struct weir_results *r)
{
    char *text = cJSON_PrintUnformatted(r->list);
    struct weir_stage sink = {0};
    struct weir_in in = {.last = true};
    struct weir_out out = {.p = (uint8_t[1]){0}};
    struct weir_err ignored = {0}; /* a list for people: it may fail */

    r->dirty = false;
    if (text != NULL && weir_file_sink_new(r->loop, r->path, &sink, &ignored) == 0) {
        in.p = (const uint8_t *)text;
        in.size = strlen(text);
        (void)weir_stage_step(&sink, true, &in, &out, &ignored);
    }
    weir_stage_free(&sink);
    cJSON_free(text);
}

static void load(struct weir_results *r)
{
    FILE *f = fopen(r->path, "re");
    struct weir_buf text;
    uint8_t *p;

    weir_buf_init(&text, WEIR_JSON_DOC_MAX_BYTES);
    while (f != NULL && (p = weir_buf_reserve(&text, 65536, NULL)) != NULL) {
        size_t n = fread(p, 1, 65536, f);
        text.len += n;
        if (n == 0) {
            break;
        }
    }
    if (f != NULL) {
        (void)fclose(f);
    }
    if (text.len > 0) {
        cJSON *list = weir_doc_parse("results", (const char *)text.p, text.len, NULL);
        if (cJSON_IsArray(list)) {
            cJSON_Delete(r->list);
            r->list = list;
        } else {
            cJSON_Delete(list);
        }
    }
    weir_buf_fini(&text);
}

/* ---- the list ---- */

struct weir_results *weir_results_new(
    struct weir_loop *loop, const char *path, const struct weir_s3_config *s3, struct weir_err *err)
{
    struct weir_results *r = calloc(1, sizeof *r);

    if (r != NULL) {
        r->loop = loop;
        r->path = strdup(path);
        r->s3 = s3;
        r->list = cJSON_CreateArray();
    }
    if (r == NULL || r->path == NULL || r->list == NULL) {
        (void)weir_err_set(err, WEIR_E_NOMEM, "out of memory for the results");
        weir_results_free(r);
        return NULL;
    }
    load(r);
    return r;
}

static void drop(struct weir_results *r, cJSON *item)
{
    if (item == r->item) {
        stop(r);
    }
    cJSON_Delete(cJSON_DetachItemViaPointer(r->list, item));
}

void weir_results_add(struct weir_results *results, const struct weir_result *result)
{
    struct weir_results *r = results;
    const bool known = result->bucket != NULL && result->output != NULL;
    cJSON *item, *next, *new;

    for (item = r->list->child; item != NULL; item = next) {
        const char *name = text_of(item, "key");

        next = item->next;
        if (name == NULL || strcmp(name, result->key) == 0) {
            drop(r, item);
        }
    }
    while (cJSON_GetArraySize(r->list) >= WEIR_RESULTS_MAX) {
        drop(r, cJSON_GetArrayItem(r->list, cJSON_GetArraySize(r->list) - 1));
    }
    new = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(new, "key", result->key);
    if (known) {
        (void)cJSON_AddStringToObject(new, "bucket", result->bucket);
        (void)cJSON_AddStringToObject(new, "output", result->output);
    }
    (void)cJSON_AddNumberToObject(new, "ms", (double)result->ms);
    (void)cJSON_AddNumberToObject(new, "doneMs", (double)result->unix_ms);
    (void)cJSON_AddStringToObject(new, "state", known && result->counts ? "counting" : "unknown");
    (void)cJSON_InsertItemInArray(r->list, 0, new);
    r->dirty = true;
}

bool weir_results_turn(struct weir_results *results)
{
    if (results->pipe != NULL || begin(results)) {
        return go_on(results);
    }
    if (results->dirty) {
        save(results);
    }
    return false;
}

int weir_results_json(const struct weir_results *results, struct weir_buf *to, struct weir_err *err)
{
    char *text = cJSON_PrintUnformatted(results->list);
    int rc = text != NULL ? weir_buf_adds(to, text, err)
                          : weir_err_set(err, WEIR_E_NOMEM, "out of memory for the results");

    cJSON_free(text);
    return rc;
}

bool weir_results_has(const struct weir_results *results, const char *bucket, const char *output)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, results->list)
    {
        const char *b = text_of(item, "bucket"), *o = text_of(item, "output");
        if (b != NULL && o != NULL && strcmp(b, bucket) == 0 && strcmp(o, output) == 0) {
            return true;
        }
    }
    return false;
}

void weir_results_free(struct weir_results *results)
{
    if (results != NULL) {
        stop(results);
        if (results->dirty) {
            save(results);
        }
        cJSON_Delete(results->list);
        free(results->path);
        free(results);
    }
}
