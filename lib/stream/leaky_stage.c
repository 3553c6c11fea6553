#include "stream/leaky.h"

#include <inttypes.h>
#include <stdlib.h>

struct stage {
    struct weir_leaky_stage_opts opts;
    struct weir_leaky *ring;
    struct weir_leaky_reader reader;
};

static void tell(const struct stage *s)
{
    const struct weir_leaky_count *c = weir_leaky_counts(s->ring);

    if (s->opts.count != NULL) {
        *s->opts.count = (struct weir_leaky_stage_count){
            c->units, c->bytes, s->reader.dropped_units, s->reader.dropped_bytes};
    }
}

static enum weir_step stage_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct stage *s = self;
    int64_t now_ms = s->opts.now_ms != NULL ? s->opts.now_ms() : 0;
    struct iovec piece[2];
    size_t left;

    weir_leaky_write(s->ring, in->p + in->pos, in->size - in->pos, now_ms);
    in->pos = in->size;
    if (in->last) {
        weir_leaky_cut(s->ring, true, now_ms);
    }
    while ((left = weir_leaky_peek(&s->reader, now_ms, piece)) > 0 && out->pos < out->size) {
        weir_leaky_take(&s->reader, weir_out_put(out, piece[0].iov_base, piece[0].iov_len));
    }
    if (in->last && left == 0) {
        weir_leaky_give_up(&s->reader, now_ms); /* a point to go on at does not come any more */
    }
    tell(s);
    if (s->reader.failed) {
        weir_err_set(err, WEIR_E_NOMEM, "leaky: out of memory for the rest of a unit");
        return WEIR_FAIL;
    }
    if (s->opts.lag_ms > 0 && s->reader.lagging_since_ms >= 0 &&
        now_ms - s->reader.lagging_since_ms >= s->opts.lag_ms) {
        weir_err_set(err, WEIR_E_LIMIT, "leaky: what comes after it is behind for %" PRId64 " ms",
            now_ms - s->reader.lagging_since_ms);
        return WEIR_FAIL;
    }
    if (left > 0) {
        return WEIR_NEED_OUT;
    }
    return in->last ? WEIR_END : WEIR_NEED_IN;
}

static void stage_free(void *self)
{
    struct stage *s = self;

    if (s != NULL) {
        weir_leaky_leave(&s->reader);
        weir_leaky_free(s->ring);
        free(s);
    }
}

int weir_leaky_stage(
    const struct weir_leaky_stage_opts *opts, struct weir_stage *ret, struct weir_err *err)
{
    static const struct weir_stage_ops ops = {
        .name = "leaky", .step = stage_step, .free = stage_free, .spills = true};
    struct stage *s = calloc(1, sizeof *s);

    if (s == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "leaky: out of memory");
    }
    s->ring = weir_leaky_new(&opts->ring, err);
    if (s->ring == NULL) {
        free(s);
        return -1;
    }
    s->opts = *opts;
    if (opts->now_ms == NULL) {
        s->opts.wish.age_max_ms = s->opts.lag_ms = 0;
    }
    weir_leaky_join(s->ring, &s->reader, &s->opts.wish);
    *ret = (struct weir_stage){&ops, s};
    return 0;
}
