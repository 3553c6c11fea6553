#include "aws/s3_source.h"

#include "aws/checksum.h"
#include "aws/s3_body.h"
#include "core/limits.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * One GetObject. Where more connections are allowed, and its answer says that the object is larger
 * than a range, it is cut at the end of the first one, and the others are asked for beside it:
 *
 *     first           first + used - 1
 *       |                |
 *     [ is handed on | waits | waits ]  next: the range after them; it takes the slot that is free
 *
 * A range that waits is read into memory that holds all of it, so that no connection stands still
 * for another one. When it is its turn, that is handed on, and then what still comes.
 */
struct slot {
    struct weir_s3_body body;
    uint8_t *p; /* the configuration's range_bytes; NULL until they are needed */
    size_t filled, taken;
    bool ended; /* all of the body is in p */
};

struct source {
    struct weir_s3_read read; /* its texts are ours */
    struct slot *slots;
    size_t slots_n, first, used;
    uint64_t next; /* the byte that nobody has asked for; UINT64_MAX: the first body takes all */
    struct weir_checksum sum; /* of what was handed on; none when there is none to compare with */
    char expected[WEIR_CHECKSUM_BASE64_BYTES];
};

static struct slot *slot_at(struct source *s, size_t i)
{
    return &s->slots[(s->first + i) % s->slots_n];
}

/* The checksum that the server has of the whole object. One that is composed of the parts'
 * ("...-3") is none of its bytes. */
static int begin_checksum(struct source *s, const struct weir_s3_call *answer, struct weir_err *err)
{
    const char *type = weir_s3_call_header(answer, "x-amz-checksum-type");

    weir_checksum_fini(&s->sum);
    if (!s->read.cfg->verify || (type != NULL && strcmp(type, "COMPOSITE") == 0)) {
        return 0;
    }
    for (int kind = WEIR_CHECKSUM_NONE + 1; kind < WEIR_CHECKSUM_KINDS; kind++) {
        const char *value =
            weir_s3_call_header(answer, weir_checksum_header((enum weir_checksum_kind)kind));
        if (value != NULL && strchr(value, '-') == NULL && strlen(value) < sizeof s->expected) {
            snprintf(s->expected, sizeof s->expected, "%s", value);
            return weir_checksum_init(&s->sum, (enum weir_checksum_kind)kind, err);
        }
    }
    return 0;
}

/* The object is known now: how is it compared, and is it read by several? */
static int begin(struct source *s, struct weir_s3_body *body, struct weir_err *err)
{
    size_t range = s->read.cfg->range_bytes;
    int64_t size = s->read.info->size_bytes;

    if (s->slots_n > 1 && size > 0 && (uint64_t)size > range && weir_s3_read_ties(&s->read)) {
        body->end = s->next = range;
    }
    return begin_checksum(s, &body->call, err);
}

static int start(struct source *s, struct slot *slot, uint64_t end, struct weir_err *err)
{
    if (slot->p == NULL && (slot->p = malloc(s->read.cfg->range_bytes)) == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "s3: out of memory for a range");
    }
    slot->filled = slot->taken = 0;
    slot->ended = false;
    return weir_s3_body_start(&slot->body, &s->read, s->next, end, err);
}

/* What has come of a range that waits. */
static int fill(struct source *s, struct slot *slot, struct weir_err *err)
{
    enum weir_step step = slot->ended ? WEIR_WAIT : WEIR_NEED_IN;

    while (step == WEIR_NEED_IN) {
        step = weir_s3_body_head(&slot->body, err);
        if (step == WEIR_NEED_OUT) {
            struct weir_out out = {slot->p, s->read.cfg->range_bytes, slot->filled};
            step = weir_s3_body_step(&slot->body, &out, err);
            slot->filled = out.pos;
        }
    }
    slot->ended = slot->ended || step == WEIR_END;
    return step != WEIR_FAIL ? 0 : -1;
}

/* Ask for the ranges that there are slots for, and read those that wait. */
static int read_ahead(struct source *s, struct weir_err *err)
{
    size_t range = s->read.cfg->range_bytes;
    uint64_t size = (uint64_t)s->read.info->size_bytes; /* unknown: nothing is larger */

    for (; s->used < s->slots_n && s->next < size; s->used++) {
        uint64_t end = size - s->next > range ? s->next + range : size;
        if (start(s, slot_at(s, s->used), end, err) != 0) {
            return -1;
        }
        s->next = end;
    }
    for (size_t i = 1; i < s->used; i++) {
        if (fill(s, slot_at(s, i), err) != 0) {
            return -1;
        }
    }
    return 0;
}

/* The first range's bytes: what came while it waited, and then what comes. */
static enum weir_step take(
    struct source *s, struct slot *slot, struct weir_out *out, struct weir_err *err)
{
    if (slot->taken < slot->filled) {
        slot->taken += weir_out_put(out, slot->p + slot->taken, slot->filled - slot->taken);
    }
    if (slot->taken < slot->filled) {
        return WEIR_NEED_OUT;
    }
    if (slot->ended) {
        return WEIR_END;
    }
    enum weir_step step = weir_s3_body_head(&slot->body, err);
    if (slot->body.whole) {
        slot->body.whole = false;
        return begin(s, &slot->body, err) == 0 ? WEIR_NEED_IN : WEIR_FAIL;
    }
    return step == WEIR_NEED_OUT ? weir_s3_body_step(&slot->body, out, err) : step;
}

static enum weir_step hand_on(
    struct source *s, struct slot *slot, struct weir_out *out, struct weir_err *err)
{
    size_t before = out->pos;
    enum weir_step step = take(s, slot, out, err);

    s->read.info->read_bytes += out->pos - before;
    if (weir_checksum_add(&s->sum, out->p + before, out->pos - before, err) != 0) {
        return WEIR_FAIL;
    }
    return step;
}

/* All bytes are there: are they the object's? */
static enum weir_step finish(struct source *s, struct weir_err *err)
{
    char sum[WEIR_CHECKSUM_BASE64_BYTES];

    if (s->sum.kind == WEIR_CHECKSUM_NONE) {
        return WEIR_END;
    }
    if (weir_checksum_end(&s->sum, sum, err) != 0) {
        return WEIR_FAIL;
    }
    if (strcmp(sum, s->expected) != 0) {
        weir_err_set(err, WEIR_E_NET,
            "s3: %s: what came is not the object: its %s is another than the server's",
            s->read.name, weir_checksum_name(s->sum.kind));
        return WEIR_FAIL;
    }
    return WEIR_END;
}

static enum weir_step source_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct source *s = self;

    (void)in;
    for (;;) {
        if (read_ahead(s, err) != 0) {
            return WEIR_FAIL;
        }
        enum weir_step step = hand_on(s, slot_at(s, 0), out, err);
        if (step == WEIR_END) {
            weir_s3_body_stop(&slot_at(s, 0)->body);
            s->first = (s->first + 1) % s->slots_n;
            s->used--;
            if (s->used == 0 && s->next >= (uint64_t)s->read.info->size_bytes) {
                return finish(s, err);
            }
        } else if (step != WEIR_NEED_IN) {
            return step;
        }
    }
}

static void source_free(void *self)
{
    struct source *s = self;

    if (s != NULL) {
        for (size_t i = 0; i < s->slots_n; i++) {
            weir_s3_body_stop(&s->slots[i].body);
            free(s->slots[i].p);
        }
        free(s->slots);
        weir_checksum_fini(&s->sum);
        free((char *)s->read.object.bucket);
        free((char *)s->read.object.key);
        free((char *)s->read.object.version_id);
        free(s);
    }
}

static int take_object(
    struct weir_s3_read *read, const struct weir_object *object, struct weir_err *err)
{
    if (object->version_id != NULL && strlen(object->version_id) > WEIR_S3_VERSION_ID_MAX_BYTES) {
        return weir_err_set(
            err, WEIR_E_CONFIG, "s3: a version id of %zu bytes", strlen(object->version_id));
    }
    if (object->etag != NULL) {
        if (weir_s3_if_match(object->etag, read->match, err) != 0) {
            return -1;
        }
        read->if_match = true;
    }
    read->object.bucket = strdup(object->bucket);
    read->object.key = strdup(object->key);
    read->object.version_id = object->version_id != NULL ? strdup(object->version_id) : NULL;
    if (read->object.bucket == NULL || read->object.key == NULL ||
        (object->version_id != NULL && read->object.version_id == NULL)) {
        return weir_err_set(err, WEIR_E_NOMEM, "s3: out of memory");
    }
    return 0;
}

int weir_s3_source_new(struct weir_loop *loop, const struct weir_s3_config *cfg,
    const struct weir_object *object, struct weir_source_info *info, struct weir_stage *ret,
    struct weir_err *err)
{
    static const struct weir_stage_ops ops = {
        .name = "s3 get", .step = source_step, .free = source_free};

    if (weir_s3_bucket_check(object->bucket, err) != 0 ||
        weir_s3_key_check(object->key, err) != 0) {
        return -1;
    }
    assert(cfg->read_connections > 0);
    struct source *s = calloc(1, sizeof *s);
    if (s != NULL) {
        s->slots = calloc(cfg->read_connections, sizeof *s->slots);
    }
    if (s == NULL || s->slots == NULL) {
        source_free(s);
        return weir_err_set(err, WEIR_E_NOMEM, "s3: out of memory");
    }
    s->slots_n = cfg->read_connections;
    s->used = 1;
    s->next = UINT64_MAX;
    *info = (struct weir_source_info){.size_bytes = -1};
    s->read = (struct weir_s3_read){.loop = loop, .cfg = cfg, .info = info};
    weir_s3_name(s->read.name, object->bucket, object->key);
    if (take_object(&s->read, object, err) != 0 ||
        weir_s3_body_start(&s->slots[0].body, &s->read, 0, UINT64_MAX, err) != 0) {
        source_free(s);
        return -1;
    }
    *ret = (struct weir_stage){.ops = &ops, .self = s};
    return 0;
}
