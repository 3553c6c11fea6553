#include "handlers/elb_logs/state.h"

#include "stream/pipe.h"
#include "json/doc.h"
#include "json/quote.h"

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

/* ---- small things to and from a pipe ---- */

/* Bytes in memory as a source, a buffer as a sink; both are the caller's. */
struct memory {
    struct weir_buf *buf;
    size_t said;
};

static enum weir_step say(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct memory *m = self;

    (void)in;
    (void)err;
    m->said += weir_out_put(out, m->buf->p + m->said, m->buf->len - m->said);
    return m->said < m->buf->len ? WEIR_NEED_OUT : WEIR_END;
}

static enum weir_step keep(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct memory *m = self;

    (void)out;
    if (weir_buf_add(m->buf, in->p + in->pos, in->size - in->pos, err) != 0) {
        return WEIR_FAIL;
    }
    in->pos = in->size;
    return in->last ? WEIR_END : WEIR_NEED_IN;
}

static void leave(void *self)
{
    (void)self;
}

static int run(const struct weir_elb_state *at, struct weir_stage *from, struct weir_stage *to,
    struct weir_err *err)
{
    struct weir_stage stages[2] = {*from, *to};
    struct weir_pipe *pipe = weir_pipe_new(0, stages, 2, err);
    int rc = -1;

    if (pipe != NULL) {
        *from = *to = (struct weir_stage){0}; /* the pipe owns them now */
        weir_pipe_set_deadline(pipe, at->by_mono_ms);
        rc = weir_loop_run(at->loop, pipe, err);
    }
    weir_pipe_free(pipe);
    return rc;
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
    static const struct weir_stage_ops keep_ops = {.name = "state-in", .step = keep, .free = leave};
    struct weir_source_info info = {0};
    struct weir_stage source = {0};
    struct weir_buf name, text;
    struct memory memory = {.buf = &text};
    struct weir_stage sink = {&keep_ops, &memory};
    struct weir_err why = {0};
    int rc = -1;

    *ret = 0;
    weir_buf_init(&text, WEIR_ELB_STATE_MAX_BYTES);
    const char *key = key_of(at, object->key, &name, &why);
    const struct weir_object state = {
        .bucket = at->bucket != NULL ? at->bucket : object->bucket, .key = key};
    if (key == NULL || weir_store_source_new(at->loop, at->s3, &state, &info, &source, &why) != 0 ||
        run(at, &source, &sink, &why) != 0) {
        /* 403 is what S3 says of an object that is not there to whom it may not list. */
        if (why.code == WEIR_E_REMOTE && (why.detail == 404 || why.detail == 403)) {
            rc = 0;
        } else {
            (void)weir_err_keep(err, &why);
        }
        goto out;
    }
    *ret = read_offset(&text, object);
    rc = 0;
out:
    weir_stage_free(&source);
    weir_buf_fini(&name);
    weir_buf_fini(&text);
    return rc;
}

int weir_elb_state_put(const struct weir_elb_state *at, const struct weir_object *object,
    uint64_t offset, struct weir_err *err)
{
    static const struct weir_stage_ops say_ops = {.name = "state-out", .step = say, .free = leave};
    const struct weir_put_opts put = {
        .content_type = "application/json", .abort_by_mono_ms = at->by_mono_ms};
    const char *bucket = at->bucket != NULL ? at->bucket : object->bucket;
    struct weir_buf name, text;
    struct memory memory = {.buf = &text};
    struct weir_stage source = {&say_ops, &memory}, sink = {0};
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
        weir_store_sink_new(at->loop, at->s3, bucket, key, &put, &sink, err) != 0) {
        goto out;
    }
    rc = run(at, &source, &sink, err);
out:
    weir_stage_free(&sink);
    weir_buf_fini(&name);
    weir_buf_fini(&text);
    return rc;
}
