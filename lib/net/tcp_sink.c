/*
 * The lines. They are collected into units; a unit that is full, or the last one, goes to the pool
 * and is free again when all of it is confirmed. When no unit is free the sink takes nothing more.
 */
#include "core/clock.h"
#include "net/tcp_pool.h"
#include "net/tcp_priv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct weir_tcp_sink {
    struct weir_tcp_pool *pool;
    uint64_t *confirmed;
    uint64_t lines;    /* that were begun */
    size_t unit_bytes; /* a unit with so much in it is full */
    size_t units_n;
    struct weir_tcp_unit *filling; /* NULL: the next line begins one */
    size_t line_at;                /* in filling: where the line that is being taken begins */
    bool in_line;
    struct weir_tcp_unit units[];
};

/* Everything before the first line that is still out has arrived. */
static void count_confirmed(struct weir_tcp_sink *s)
{
    uint64_t first = s->lines;

    for (size_t i = 0; i < s->units_n; i++) {
        const struct weir_tcp_unit *u = &s->units[i];
        if (u->state != UNIT_FREE && u->first + u->acked < first) {
            first = u->first + u->acked;
        }
    }
    *s->confirmed = first;
}

void weir_tcp_sink_acked(struct weir_tcp_sink *s, struct weir_tcp_unit *unit)
{
    if (unit->acked == unit->lines) {
        unit->state = UNIT_FREE;
        unit->data.len = unit->small.len = 0;
        weir_buf_trim(&unit->data, s->unit_bytes * 2); /* after a line of enormous length */
        weir_buf_trim(&unit->small, s->unit_bytes * 2);
    }
    count_confirmed(s);
}

static struct weir_tcp_unit *free_unit(struct weir_tcp_sink *s)
{
    for (size_t i = 0; i < s->units_n; i++) {
        if (s->units[i].state == UNIT_FREE) {
            return &s->units[i];
        }
    }
    return NULL;
}

static int begin_line(struct weir_tcp_sink *s, struct weir_err *err)
{
    static const uint8_t head[WEIR_LUMBERJACK_EVENT_BYTES];
    struct weir_tcp_unit *u = s->filling;

    if (u->lines == 0) {
        u->first = s->lines;
    }
    u->lines++;
    s->lines++;
    s->in_line = true;
    s->line_at = u->data.len;
    return weir_tcp_is_lumberjack(s->pool) ? weir_buf_add(&u->data, head, sizeof head, err) : 0;
}

static int end_line(struct weir_tcp_sink *s, struct weir_err *err)
{
    struct weir_tcp_unit *u = s->filling;

    s->in_line = false;
    if (weir_tcp_is_lumberjack(s->pool)) {
        const size_t len = u->data.len - s->line_at - WEIR_LUMBERJACK_EVENT_BYTES;
        weir_lumberjack_event(u->data.p + s->line_at, u->lines, (uint32_t)len);
        return 0;
    }
    return weir_buf_add(&u->data, "\n", 1, err);
}

static void send_unit(struct weir_tcp_sink *s)
{
    struct weir_tcp_unit *u = s->filling;

    s->filling = NULL;
    u->state = UNIT_OUT;
    weir_tcp_pool_queue(s->pool, u, false);
}

/* Take what there is room for. Returns 0, or -1 with *err set. */
static int take(struct weir_tcp_sink *s, struct weir_in *in, struct weir_err *err)
{
    while (in->pos < in->size) {
        if (s->filling == NULL) {
            struct weir_tcp_unit *u = free_unit(s);
            if (u == NULL) {
                return 0;
            }
            u->state = UNIT_FILLING;
            u->lines = u->acked = 0;
            u->tries = 0;
            s->filling = u;
        }
        if (!s->in_line && begin_line(s, err) != 0) {
            return -1;
        }
        const uint8_t *p = in->p + in->pos, *lf = memchr(p, '\n', in->size - in->pos);
        const size_t n = lf != NULL ? (size_t)(lf - p) : in->size - in->pos;
        if (weir_buf_add(&s->filling->data, p, n, err) != 0) {
            return -1;
        }
        in->pos += lf != NULL ? n + 1 : n;
        if (lf != NULL && end_line(s, err) != 0) {
            return -1;
        }
        if (lf != NULL && s->filling->data.len >= s->unit_bytes) {
            send_unit(s);
        }
    }
    if (in->last && s->filling != NULL) {
        if (s->in_line && end_line(s, err) != 0) {
            return -1;
        }
        send_unit(s);
    }
    return 0;
}

/* A connection may be there already while the first unit fills. */
static bool soon(const struct weir_tcp_sink *s)
{
    return s->filling != NULL;
}

static bool out(const struct weir_tcp_sink *s)
{
    for (size_t i = 0; i < s->units_n; i++) {
        if (s->units[i].state == UNIT_OUT) {
            return true;
        }
    }
    return false;
}

static bool has_room(struct weir_tcp_sink *s)
{
    return s->filling != NULL || free_unit(s) != NULL;
}

static enum weir_step step(
    void *self, struct weir_in *in, struct weir_out *nothing, struct weir_err *err)
{
    struct weir_tcp_sink *s = self;

    (void)nothing;
    do { /* a unit that is confirmed at once makes room for more lines, and nobody would wake us */
        if (take(s, in, err) != 0) {
            weir_err_prefix(err, "tcp");
            return WEIR_FAIL;
        }
        if (weir_tcp_pool_step(s->pool, soon(s), weir_clock_mono_ms(), err) != 0) {
            return WEIR_FAIL;
        }
    } while (in->pos < in->size && has_room(s));
    if (out(s) || in->pos < in->size) {
        return WEIR_WAIT;
    }
    return in->last ? WEIR_END : WEIR_NEED_IN;
}

/* Nothing can be undone; what is not confirmed is not, and the connections are closed. */
static enum weir_step abort_sink(void *self, struct weir_err *err)
{
    struct weir_tcp_sink *s = self;

    (void)err;
    weir_tcp_pool_drop(s->pool);
    return WEIR_END;
}

static void free_sink(void *self)
{
    struct weir_tcp_sink *s = self;

    if (s == NULL) {
        return;
    }
    weir_tcp_pool_drop(s->pool);
    s->pool->sink = NULL;
    for (size_t i = 0; i < s->units_n; i++) {
        weir_buf_fini(&s->units[i].data);
        weir_buf_fini(&s->units[i].small);
    }
    free(s);
}

int weir_tcp_sink_new(
    struct weir_tcp_pool *pool, uint64_t *confirmed, struct weir_stage *ret, struct weir_err *err)
{
    static const struct weir_stage_ops ops = {
        .name = "tcp-out", .step = step, .abort = abort_sink, .free = free_sink};
    const size_t n = pool->opts.connections + 1; /* one fills while the others are out */
    size_t bytes = WEIR_TCP_KEPT_BYTES / n;
    struct weir_tcp_sink *s = calloc(1, sizeof *s + n * sizeof s->units[0]);

    assert(pool->sink == NULL);
    if (s == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "tcp: out of memory");
    }
    bytes = bytes > WEIR_TCP_UNIT_MAX_BYTES ? WEIR_TCP_UNIT_MAX_BYTES : bytes;
    s->unit_bytes = bytes < WEIR_TCP_UNIT_MIN_BYTES ? WEIR_TCP_UNIT_MIN_BYTES : bytes;
    s->pool = pool;
    s->confirmed = confirmed;
    *confirmed = 0;
    s->units_n = n;
    for (size_t i = 0; i < n; i++) {
        weir_buf_init(&s->units[i].data, s->unit_bytes + WEIR_TCP_LINE_MAX_BYTES);
        weir_buf_init(&s->units[i].small, s->unit_bytes + 2 * WEIR_TCP_LINE_MAX_BYTES);
    }
    pool->sink = s;
    pool->failures = 0;
    pool->good_ms = weir_clock_mono_ms();
    *ret = (struct weir_stage){.ops = &ops, .self = s};
    return 0;
}
