#include "stream/concat.h"

#include "core/limits.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

struct concat {
    const struct weir_concat_ops *ops;
    void *ctx;
    struct weir_source_info *info;
    struct weir_stage ring[WEIR_CONCAT_AHEAD_MAX]; /* source i is at i % ahead */
    size_t ahead, turn, opened;                    /* sources turn .. opened - 1 are open */
    bool all_open, begun;
};

static int open_ahead(struct concat *c, struct weir_err *err)
{
    while (!c->all_open && c->opened < c->turn + c->ahead) {
        struct weir_stage *at = &c->ring[c->opened % c->ahead];
        struct weir_err later = {0};
        int rc = c->ops->open(c->ctx, c->opened, at, &later);
        if (rc < 0 && c->opened == c->turn) {
            return weir_err_keep(err, &later);
        }
        if (rc < 0) { /* not its turn yet: what is before it comes first, then it is tried again */
            return 0;
        }
        c->all_open = rc == 0;
        c->opened += rc > 0;
    }
    return 0;
}

static enum weir_step step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct concat *c = self;

    for (;;) {
        if (open_ahead(c, err) != 0) {
            return WEIR_FAIL;
        }
        if (c->turn == c->opened) {
            return WEIR_END;
        }
        if (!c->begun && c->ops->begin(c->ctx, c->turn, c->info->read_bytes, err) != 0) {
            return WEIR_FAIL;
        }
        c->begun = true;
        struct weir_stage *source = &c->ring[c->turn % c->ahead];
        const size_t before = out->pos;
        enum weir_step answer = weir_stage_step(source, false, in, out, err);
        c->info->read_bytes += out->pos - before;
        if (answer != WEIR_END) {
            return answer;
        }
        weir_stage_free(source);
        c->turn++;
        c->begun = false;
        if (out->pos == out->size) {
            return WEIR_NEED_OUT;
        }
    }
}

static void free_concat(void *self)
{
    struct concat *c = self;

    for (size_t i = 0; c != NULL && i < WEIR_CONCAT_AHEAD_MAX; i++) {
        weir_stage_free(&c->ring[i]);
    }
    free(c);
}

int weir_concat_new(const struct weir_concat_ops *ops, void *ctx, size_t ahead,
    struct weir_source_info *info, struct weir_stage *ret, struct weir_err *err)
{
    static const struct weir_stage_ops stage_ops = {
        .name = "concat", .step = step, .free = free_concat};
    struct concat *c = calloc(1, sizeof *c);

    assert(ahead >= 1 && ahead <= WEIR_CONCAT_AHEAD_MAX);
    if (c == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "concat: out of memory");
    }
    c->ops = ops;
    c->ctx = ctx;
    c->info = info;
    c->ahead = ahead;
    *ret = (struct weir_stage){&stage_ops, c};
    return 0;
}
