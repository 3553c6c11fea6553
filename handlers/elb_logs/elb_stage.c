#include "handlers/elb_logs/elb_stage.h"

#include "core/buf.h"
#include "core/clock.h"

#include <stdlib.h>

#define SAID_BYTES (16 * WEIR_KIB) /* of JSON, before it is let out */

struct elb {
    struct weir_elb_stage_opts opts;
    struct weir_elb_counts *counts;
    struct weir_elb_origin origin; /* set with the first byte */
    struct weir_buf part;          /* the beginning of a line whose end is still to come */
    struct weir_out *out;          /* of the step that runs */
    struct weir_buf said;          /* JSON that did not fit there */
    size_t said_pos;
    bool ended;
};

/* Remember a place to go on from, and forget those that are confirmed past. When there are too many
 * the newest gives way: going on from an older one only says some lines again. */
static void mark(struct elb *e)
{
    struct weir_elb_counts *c = e->counts;
    const uint64_t confirmed = e->opts.confirmed != NULL ? *e->opts.confirmed : 0;
    size_t past = 0;

    while (past + 1 < c->marks_n && c->marks[past + 1].lines <= confirmed) {
        past++;
    }
    c->marks_n -= past;
    memmove(c->marks, c->marks + past, c->marks_n * sizeof c->marks[0]);
    c->marks_n -= c->marks_n == WEIR_ELB_MARKS_MAX;
    c->marks[c->marks_n++] = (struct weir_elb_mark){c->lines, c->offset};
}

uint64_t weir_elb_counts_go_on(
    const struct weir_elb_counts *counts, uint64_t from, uint64_t confirmed)
{
    if (confirmed == counts->lines) {
        return counts->offset > from ? counts->offset : from;
    }
    for (size_t i = 0; i < counts->marks_n && counts->marks[i].lines <= confirmed; i++) {
        from = counts->marks[i].offset > from ? counts->marks[i].offset : from;
    }
    return from;
}

/* Say a line; taken is its length in the input, its line end included. */
static int say(
    struct elb *e, const char *p, size_t len, size_t taken, const char *why, struct weir_err *err)
{
    struct weir_elb_counts *c = e->counts;
    struct weir_elb_line line;

    if (len > 0 && p[len - 1] == '\r') {
        len--;
    }
    if (len == 0) {
        c->blank++;
        c->offset += taken;
        return 0;
    }
    /* Straight into the window as a rule; what is too long for its rest waits in a buffer. */
    const bool direct = e->said.len == 0 && e->out->size - e->out->pos >= WEIR_ELB_JSON_ROOM(len);
    uint8_t *to =
        direct ? e->out->p + e->out->pos : weir_buf_reserve(&e->said, WEIR_ELB_JSON_ROOM(len), err);
    if (to == NULL) {
        weir_err_prefix(err, "elb-logs");
        return -1;
    }
    why = why != NULL ? why : weir_elb_line_parse(p, len, &line);
    char *end = why != NULL
                    ? weir_elb_json_reject((char *)to, p, len, why, &e->origin, c->offset)
                    : weir_elb_json_line((char *)to, &line, e->opts.names, &e->origin, c->offset);
    *(direct ? &e->out->pos : &e->said.len) += (size_t)(end - (char *)to);
    c->lines++;
    c->parsed += why == NULL;
    c->rejected += why != NULL;
    c->offset += taken;
    return 0;
}

static int say_part(struct elb *e, size_t taken, const char *why, struct weir_err *err)
{
    int rc = say(e, (const char *)e->part.p, e->part.len, taken, why, err);

    e->part.len = 0;
    return rc;
}

/* Take a line, or what there is of it. *need is set when more input is needed. */
static int take(struct elb *e, struct weir_in *in, bool *need, struct weir_err *err)
{
    const uint8_t *p = in->p + in->pos;
    const size_t left = in->size - in->pos;
    const uint8_t *lf = left > 0 ? memchr(p, '\n', left) : NULL;
    size_t n = lf != NULL ? (size_t)(lf - p) : left;
    const size_t room = WEIR_ELB_LINE_MAX_BYTES - e->part.len;

    if (n > room) {
        in->pos += room;
        return weir_buf_add(&e->part, p, room, err) != 0
                   ? -1
                   : say_part(e, e->part.len, "the line is too long", err);
    }
    in->pos += lf != NULL ? n + 1 : n;
    if (lf != NULL && e->part.len == 0) {
        return say(e, (const char *)p, n, n + 1, NULL, err);
    }
    if (weir_buf_add(&e->part, p, n, err) != 0) {
        return -1;
    }
    if (lf != NULL) {
        return say_part(e, e->part.len + 1, NULL, err);
    }
    if (!in->last) {
        *need = true;
        return 0;
    }
    e->ended = true;
    return e->part.len > 0 ? say_part(e, e->part.len, NULL, err) : 0;
}

/* What a run before has said already. */
static void skip(struct elb *e, struct weir_in *in)
{
    uint64_t n = e->opts.from - e->counts->offset;

    n = n < in->size - in->pos ? n : in->size - in->pos;
    in->pos += (size_t)n;
    e->counts->offset += n;
}

static enum weir_step step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct elb *e = self;
    bool need = false;

    e->out = out;
    if (e->origin.id[0] == '\0' && in->size > 0 &&
        weir_elb_origin_set(&e->origin, e->opts.log, err) != 0) {
        return WEIR_FAIL;
    }
    if (e->counts->offset < e->opts.from) {
        skip(e, in);
    }
    if (e->opts.stop_mono_ms != INT64_MAX && !e->ended &&
        weir_clock_mono_ms() >= e->opts.stop_mono_ms) {
        e->ended = e->counts->stopped = true; /* the offset is that of the line in part */
    }
    for (;;) {
        e->said_pos += weir_out_put(out, e->said.p + e->said_pos, e->said.len - e->said_pos);
        if (e->said_pos < e->said.len) {
            return WEIR_NEED_OUT;
        }
        e->said.len = e->said_pos = 0;
        weir_buf_trim(&e->said, WEIR_ELB_LINE_MAX_BYTES);
        if (e->ended) {
            return WEIR_END;
        }
        if (need) {
            return WEIR_NEED_IN;
        }
        mark(e);
        while (e->said.len < SAID_BYTES && !need && !e->ended) {
            if (take(e, in, &need, err) != 0) {
                return WEIR_FAIL;
            }
        }
    }
}

static void free_elb(void *self)
{
    struct elb *e = self;

    if (e != NULL) {
        weir_buf_fini(&e->part);
        weir_buf_fini(&e->said);
        free(e);
    }
}

int weir_elb_stage_new(const struct weir_elb_stage_opts *opts, struct weir_elb_counts *counts,
    struct weir_stage *ret, struct weir_err *err)
{
    static const struct weir_stage_ops ops = {.name = "elb-logs", .step = step, .free = free_elb};
    struct elb *e = calloc(1, sizeof *e);

    if (e == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "elb-logs: out of memory");
    }
    e->opts = *opts;
    e->counts = counts;
    *counts = (struct weir_elb_counts){0};
    weir_buf_init(&e->part, WEIR_ELB_LINE_MAX_BYTES);
    weir_buf_init(&e->said, SAID_BYTES + WEIR_ELB_JSON_ROOM(WEIR_ELB_LINE_MAX_BYTES) + WEIR_KIB);
    *ret = (struct weir_stage){.ops = &ops, .self = e};
    return 0;
}
