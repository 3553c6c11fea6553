#include "handlers/elb_logs/state.h"

#include "json/doc.h"
#include "json/quote.h"
#include "net/collect.h"
#include "stream/bytes.h"
#include "stream/pipe.h"

#include <inttypes.h>
#include <string.h>

#define MARK "{key}"

int weir_elb_state_check(const char *pattern, struct weir_err *err)
{
    if (strstr(pattern, MARK) == NULL || strcmp(pattern, MARK) == 0) {
        return weir_err_set(err, WEIR_E_CONFIG, "must hold {key} and something beside it");
    }
    return 0;
}

bool weir_elb_state_is(const char *pattern, const char *key)
{
    const char *mark = strstr(pattern, MARK);
    const size_t before = (size_t)(mark - pattern), n = strlen(key);
    const char *after = mark + strlen(MARK);

    return n > before + strlen(after) && strncmp(key, pattern, before) == 0 &&
           strcmp(key + n - strlen(after), after) == 0;
}

/* The state object's key, as text. */
static const char *key_of(
    const struct weir_elb_state *at, const char *key, struct weir_buf *to, struct weir_err *err)
{
    const char *mark = strstr(at->pattern, MARK);

    weir_buf_init(to, WEIR_S3_KEY_MAX_BYTES + 1);
    if (weir_buf_add(to, at->pattern, (size_t)(mark - at->pattern), err) != 0 ||
        weir_buf_adds(to, key, err) != 0 || weir_buf_adds(to, mark + strlen(MARK), err) != 0) {
        return NULL;
    }
    return weir_buf_text(to, err);
}

static const char *etag_of(const struct weir_object *object)
{
    return object->etag != NULL ? object->etag : "";
}

/* ---- the object ---- */

/* What the text says of this object; 0 when it says nothing. */
static uint64_t read_offset(const struct weir_buf *text, const struct weir_object *object)
{
    cJSON *tree = weir_doc_parse("state", (const char *)text->p, text->len, NULL);
    const struct weir_doc root = {.v = tree};
    const char *bucket = NULL, *key = NULL, *etag = NULL;
    int64_t offset = 0;

    if (tree == NULL || !cJSON_IsObject(tree) ||
        weir_doc_string(&root, "bucket", &bucket, NULL) != 0 ||
        weir_doc_string(&root, "key", &key, NULL) != 0 ||
        weir_doc_string(&root, "etag", &etag, NULL) != 0 || strcmp(bucket, object->bucket) != 0 ||
        strcmp(key, object->key) != 0 || strcmp(etag, etag_of(object)) != 0 ||
        weir_doc_int(&root, "offset", 0, INT64_C(1) << 52, &offset, NULL) != 0) {
        offset = 0;
    }
    cJSON_Delete(tree);
    return (uint64_t)offset;
}

int weir_elb_state_get(const struct weir_elb_state *at, const struct weir_object *object,
    uint64_t *ret, struct weir_err *err)
{
    struct weir_source_info info = {0};
    struct weir_stage source = {0};
    struct weir_buf name, text;
    struct weir_err why = {0};
    int rc = -1;

    *ret = 0;
    weir_buf_init(&text, WEIR_ELB_STATE_MAX_BYTES);
    const char *key = key_of(at, object->key, &name, &why);
    const struct weir_object state = {
        .bucket = at->bucket != NULL ? at->bucket : object->bucket, .key = key};
    const bool asked =
        key != NULL && weir_store_source_new(at->loop, at->s3, &state, &info, &source, &why) == 0;
    if (!asked || weir_collect(at->loop, &source, at->by_mono_ms, &text, &why) != 0) {
        /* 403 is what S3 says of an object that is not there to whom it may not list. One that is
         * larger than ours ever are is none of ours. */
        if ((why.code == WEIR_E_REMOTE && (why.detail == 404 || why.detail == 403)) ||
            (asked && why.code == WEIR_E_LIMIT)) {
            rc = 0;
        } else {
            (void)weir_err_keep(err, &why);
        }
        goto out;
    }
    *ret = read_offset(&text, object);
    rc = 0;
out:
    weir_buf_fini(&name);
    weir_buf_fini(&text);
    return rc;
}

int weir_elb_state_put(const struct weir_elb_state *at, const struct weir_object *object,
    uint64_t offset, struct weir_err *err)
{
    const struct weir_put_opts put = {
        .content_type = "application/json", .undo_by_mono_ms = at->by_mono_ms};
    const char *bucket = at->bucket != NULL ? at->bucket : object->bucket;
    struct weir_buf name, text;
    struct weir_stage stages[2] = {{0}};
    struct weir_pipe *pipe = NULL;
    int rc = -1;

    weir_buf_init(&text, WEIR_ELB_STATE_MAX_BYTES);
    const char *key = key_of(at, object->key, &name, err);
    if (key == NULL || weir_buf_adds(&text, "{\"bucket\":", err) != 0 ||
        weir_json_quote(&text, object->bucket, err) != 0 ||
        weir_buf_adds(&text, ",\"key\":", err) != 0 ||
        weir_json_quote(&text, object->key, err) != 0 ||
        weir_buf_adds(&text, ",\"etag\":", err) != 0 ||
        weir_json_quote(&text, etag_of(object), err) != 0 ||
        weir_buf_addf(&text, err, ",\"offset\":%" PRIu64 "}\n", offset) != 0 ||
        weir_bytes_source_new(text.p, text.len, &stages[0], err) != 0 ||
        weir_store_sink_new(at->loop, at->s3, bucket, key, &put, &stages[1], err) != 0) {
        goto out;
    }
    pipe = weir_pipe_new(0, stages, 2, err); /* it owns them then */
    if (pipe != NULL) {
        weir_pipe_set_deadline(pipe, at->by_mono_ms);
        rc = weir_loop_run(at->loop, pipe, err);
    }
out:
    weir_pipe_free(pipe);
    weir_stage_free(&stages[0]);
    weir_stage_free(&stages[1]);
    weir_buf_fini(&name);
    weir_buf_fini(&text);
    return rc;
}
