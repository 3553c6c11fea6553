#include "aws/s3_sink.h"

#include "aws/s3_abort.h"
#include "aws/s3_upload.h"
#include "core/limits.h"
#include "net/wake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The parts lie in a ring of slots:
 *
 *     | sent | sent | full | fills | empty |
 *       first           `--- first + full
 *
 * `full` of them are sealed: they are being sent, or wait for the upload's id. The next one takes
 * what comes in; when all are full nothing is taken. Answers are taken in the parts' order, so that
 * the list of parts needs no sorting. The first part that is full and not the last decides for a
 * multipart upload.
 *
 *     nothing --last--> PUT --> published
 *     nothing --out--> CREATE --> parts ... parts --last--> COMPLETE --> published
 *                                          `--prepare--> the last part
 *
 * While a request is under way the step answers WEIR_WAIT even when all input is taken: a pipe does
 * not step a sink that wants input as long as there is none, and the answer is to be seen at once.
 */
struct sink {
    struct weir_s3_upload up;
    char *bucket, *key, *content_type;
    char name[WEIR_S3_NAME_BYTES];
    struct weir_wake *wake;
    struct weir_s3_slot *slots;
    size_t slots_n, first, full;
    size_t part_bytes;
    int sealed; /* parts so far */
    bool multipart;
    struct weir_s3_abort abort;
};

static struct weir_s3_slot *slot_at(struct sink *s, size_t i)
{
    return &s->slots[(s->first + i) % s->slots_n];
}

/* What fills is full, or the last: it is to be sent. */
static int seal(struct sink *s, struct weir_err *err)
{
    struct weir_s3_slot *slot = slot_at(s, s->full);

    s->full++;
    slot->number = ++s->sealed;
    return weir_s3_part_seal(&slot->part, slot->sha, slot->sum, err);
}

static int take(struct sink *s, struct weir_in *in, struct weir_err *err)
{
    while (in->pos < in->size && s->full < s->slots_n) {
        struct weir_s3_slot *slot = slot_at(s, s->full);
        size_t room = weir_s3_part_room(&slot->part), n = in->size - in->pos;
        if (room == 0) {
            if (s->sealed + 1 == WEIR_S3_PARTS_MAX) { /* the last that S3 allows, and more comes */
                return weir_err_set(err, WEIR_E_LIMIT,
                    "s3: %s: more than %d parts of %zu bytes: larger parts need to know the size",
                    s->name, WEIR_S3_PARTS_MAX, s->part_bytes);
            }
            s->multipart = true;
            if (seal(s, err) != 0) {
                return -1;
            }
            continue;
        }
        n = n < room ? n : room;
        if (weir_s3_part_add(&slot->part, in->p + in->pos, n, err) != 0) {
            return -1;
        }
        in->pos += n;
        s->up.whole.bytes += n;
    }
    return 0;
}

/* Take the answers that are there, in the parts' order. */
static int take_answers(struct sink *s, struct weir_err *err)
{
    for (size_t i = 0; i < s->full; i++) {
        (void)weir_s3_call_step(&slot_at(s, i)->call);
    }
    while (s->full > 0 && weir_s3_call_step(&slot_at(s, 0)->call)) {
        if (weir_s3_upload_part_done(&s->up, slot_at(s, 0), err) != 0) {
            return -1;
        }
        s->first = (s->first + 1) % s->slots_n;
        s->full--;
    }
    return 0;
}

static int send_parts(struct sink *s, struct weir_err *err)
{
    for (size_t i = 0; i < s->full; i++) {
        struct weir_s3_slot *slot = slot_at(s, i);
        if (slot->call.state == WEIR_S3_CALL_NONE && weir_s3_upload_part(&s->up, slot, err) != 0) {
            return -1;
        }
    }
    return 0;
}

/* How far it may go. */
enum until { UNTIL_FULL, UNTIL_LAST_PART, UNTIL_PUBLISHED };

/* Send what is due. 0, or -1 with *err set. */
static int start_due(struct sink *s, enum until until, struct weir_err *err)
{
    struct weir_s3_upload *up = &s->up;

    if (until != UNTIL_FULL && s->full < s->slots_n &&
        (s->sealed == 0 || slot_at(s, s->full)->part.data.len > 0) && seal(s, err) != 0) {
        return -1;
    }
    if (up->op != WEIR_S3_OP_NONE) {
        return 0;
    }
    if (s->multipart && up->id[0] == '\0') {
        return weir_s3_upload_create(up, err);
    }
    if (s->multipart) {
        return until == UNTIL_PUBLISHED && s->full == 0 ? weir_s3_upload_complete(up, err)
                                                        : send_parts(s, err);
    }
    return until == UNTIL_PUBLISHED ? weir_s3_upload_put(up, slot_at(s, 0), err) : 0;
}

/* Take the answers that have come. 0, or -1 with *err set. */
static int go_on(struct sink *s, struct weir_err *err)
{
    return weir_s3_upload_step(&s->up, err) == WEIR_FAIL ? -1 : take_answers(s, err);
}

static enum weir_step sink_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct sink *s = self;

    (void)out;
    if (go_on(s, err) != 0) {
        return WEIR_FAIL;
    }
    if (s->up.published) {
        return WEIR_END;
    }
    if (take(s, in, err) != 0) {
        return WEIR_FAIL;
    }
    const bool ended = in->last && in->pos == in->size;
    if (start_due(s, ended ? UNTIL_PUBLISHED : UNTIL_FULL, err) != 0) {
        return WEIR_FAIL;
    }
    return s->up.op != WEIR_S3_OP_NONE || s->full > 0 ? WEIR_WAIT : WEIR_NEED_IN;
}

/* The last part, and its answer. What fits one PUT is published by that, and waits. */
static enum weir_step sink_prepare(void *self, struct weir_err *err)
{
    struct sink *s = self;

    if (go_on(s, err) != 0) {
        return WEIR_FAIL;
    }
    if (!s->multipart) {
        return WEIR_END;
    }
    if (start_due(s, UNTIL_LAST_PART, err) != 0) {
        return WEIR_FAIL;
    }
    return s->up.op != WEIR_S3_OP_NONE || s->full > 0 ? WEIR_WAIT : WEIR_END;
}

/* The parts under way are stopped; what was sent of one may land later. */
static void stop_parts(struct sink *s)
{
    for (size_t i = 0; i < s->full; i++) {
        struct weir_s3_call *call = &slot_at(s, i)->call;
        s->up.part_lost = s->up.part_lost || call->lost || call->state == WEIR_S3_CALL_SENT;
        weir_s3_call_stop(call);
    }
}

static enum weir_step sink_abort(void *self, struct weir_err *err)
{
    struct sink *s = self;

    stop_parts(s);
    return weir_s3_abort_step(&s->abort, &s->up, err);
}

static void sink_free(void *self)
{
    struct sink *s = self;

    if (s == NULL) {
        return;
    }
    weir_s3_upload_fini(&s->up);
    for (size_t i = 0; i < s->slots_n; i++) {
        weir_s3_call_stop(&s->slots[i].call);
        weir_s3_part_fini(&s->slots[i].part);
    }
    weir_wake_free(s->wake);
    free(s->slots);
    free(s->bucket);
    free(s->key);
    free(s->content_type);
    free(s);
}

static bool copy(char **to, const char *s)
{
    *to = s != NULL ? strdup(s) : NULL;
    return s == NULL || *to != NULL;
}

static int make_slots(struct sink *s, size_t n, struct weir_err *err)
{
    s->slots = calloc(n, sizeof *s->slots);
    if (s->slots == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "s3: out of memory");
    }
    s->slots_n = n;
    for (size_t i = 0; i < n; i++) {
        if (weir_s3_part_init(
                &s->slots[i].part, s->part_bytes, !s->up.cfg->tls, s->up.cfg->checksum, err) != 0) {
            return -1;
        }
    }
    return 0;
}

/* What the list of the parts takes of an upload that may become so large (0 or less: unknown). */
static size_t list_bytes(int64_t size, size_t part_bytes)
{
    uint64_t n = WEIR_S3_PARTS_MAX;

    if (size > 0 && (uint64_t)size / part_bytes < n) {
        n = (uint64_t)size / part_bytes + 1;
    }
    return (size_t)n * WEIR_S3_PART_LIST_BYTES;
}

/* The parts that were planned; or, where the budget has no room for one, smaller ones, if they are
 * large enough for S3, and for an object of this size. */
static size_t fitting_part(size_t planned, size_t budget, int64_t size)
{
    size_t beside = WEIR_S3_SLOT_BYTES + list_bytes(size, WEIR_S3_PART_MIN_BYTES);
    size_t part = budget > beside ? budget - beside : 0;

    if (planned <= part || part < WEIR_S3_PART_MIN_BYTES ||
        (size > 0 && (uint64_t)size / part >= WEIR_S3_PARTS_MAX)) {
        return planned;
    }
    return part;
}

struct plan {
    size_t part_bytes, slots;
    size_t list_bytes; /* of the list of parts */
};

/* How many parts of which size the memory has room for. */
static int plan(const struct weir_s3_config *cfg, const struct weir_put_opts *opts,
    struct plan *ret, struct weir_err *err)
{
    size_t budget = cfg->upload_budget_bytes > 0 ? cfg->upload_budget_bytes : WEIR_S3_UPLOAD_BYTES;
    const int64_t size = opts->size_hint_bytes;
    size_t part = opts->part_bytes != 0 ? opts->part_bytes : weir_s3_part_plan(size);

    if (part == 0) {
        return weir_err_set(
            err, WEIR_E_LIMIT, "s3: %lld bytes are more than an object can have", (long long)size);
    }
    if (opts->part_bytes == 0) {
        part = fitting_part(part, budget, size);
    }
    size_t list = list_bytes(size, part), slot = part + WEIR_S3_SLOT_BYTES;
    size_t n = budget > list ? (budget - list) / slot : 0;
    if (n == 0 && cfg->upload_budget_bytes > 0) {
        char what[48] = "an object of unknown size";
        if (size > 0) {
            snprintf(what, sizeof what, "%lld bytes", (long long)size);
        }
        return weir_err_set(err, WEIR_E_LIMIT,
            "s3: %s: parts of %zu bytes take %zu, and WEIR_S3_UPLOAD_BUDGET_BYTES is %zu", what,
            part, slot + list, budget);
    }
    n = n > 0 ? n : 1;
    if (cfg->upload_budget_bytes == 0 && n > 2) { /* one fills while the other is sent */
        n = 2;
    }
    *ret = (struct plan){.part_bytes = part,
        .slots = n < WEIR_S3_SLOTS_MAX ? n : WEIR_S3_SLOTS_MAX,
        .list_bytes = list};
    return 0;
}

static struct sink *make_sink(
    const char *bucket, const char *key, const struct weir_put_opts *opts, struct weir_err *err)
{
    struct sink *s = calloc(1, sizeof *s);

    if (s == NULL || !copy(&s->bucket, bucket) || !copy(&s->key, key) ||
        !copy(&s->content_type, opts->content_type)) {
        weir_err_set(err, WEIR_E_NOMEM, "s3: out of memory");
        sink_free(s);
        return NULL;
    }
    weir_s3_name(s->name, bucket, key);
    return s;
}

int weir_s3_sink_new(struct weir_loop *loop, const struct weir_s3_config *cfg, const char *bucket,
    const char *key, const struct weir_put_opts *opts, struct weir_stage *ret, struct weir_err *err)
{
    static const struct weir_stage_ops ops = {.name = "s3 put",
        .step = sink_step,
        .prepare = sink_prepare,
        .abort = sink_abort,
        .free = sink_free};
    static const struct weir_put_opts none;

    opts = opts != NULL ? opts : &none;
    if (weir_s3_bucket_check(bucket, err) != 0 || weir_s3_key_check(key, err) != 0) {
        return -1;
    }
    struct plan memory = {0};
    if (plan(cfg, opts, &memory, err) != 0) {
        return -1;
    }
    struct sink *s = make_sink(bucket, key, opts, err);
    if (s == NULL) {
        return -1;
    }
    s->part_bytes = memory.part_bytes;
    s->wake = weir_wake_new(loop, err);
    s->up = (struct weir_s3_upload){.loop = loop,
        .cfg = cfg,
        .bucket = s->bucket,
        .key = s->key,
        .name = s->name,
        .content_type = s->content_type,
        .wake = s->wake,
        .list_bytes = memory.list_bytes,
        .abort_ms = opts->abort_ms > 0 ? opts->abort_ms : WEIR_S3_ABORT_MS,
        .undo_by_mono_ms = opts->undo_by_mono_ms > 0 ? opts->undo_by_mono_ms : INT64_MAX};
    if (s->wake == NULL || weir_s3_upload_init(&s->up, err) != 0 ||
        make_slots(s, memory.slots, err) != 0) {
        sink_free(s);
        return -1;
    }
    *ret = (struct weir_stage){.ops = &ops, .self = s};
    return 0;
}
