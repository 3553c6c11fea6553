#include "cli/local/count.h"

#include "core/buf.h"
#include "core/limits.h"
#include "core/utf8.h"
#include "csv/reader.h"
#include "csv/split.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sink {
    struct weir_count *count;
    struct weir_buf buf; /* what is not yet in a block */
    struct weir_csv_split split;
    struct weir_csv_reader *reader;
    bool head; /* the header has been read */
};

static void keep_error(struct weir_count *c, const struct weir_csv_field *f)
{
    struct weir_count_error *e;
    size_t n;

    if (c->errors_n == WEIR_COUNT_ERRORS_MAX) {
        return;
    }
    e = &c->errors[c->errors_n++];
    e->row = c->rows;
    /* Of a cell that is not UTF-8 what comes before that. */
    n = weir_utf8_check((const char *)f->p, f->len);
    n = weir_utf8_cut((const char *)f->p, n, sizeof e->text - 1);
    memcpy(e->text, f->p, n);
    e->text[n] = '\0';
}

static int on_row(void *ctx, const struct weir_csv_row *row, struct weir_err *err)
{
    struct sink *s = ctx;
    struct weir_count *c = s->count;

    (void)err;
    if (!s->head) {
        s->head = true;
        return 0;
    }
    c->rows++;
    if (row->fields_n < 2) {
        return 0;
    }
    const struct weir_csv_field *valid = &row->fields[row->fields_n - 2];
    if (valid->len == 4 && memcmp(valid->p, "true", 4) == 0) {
        c->valid++;
    } else {
        c->invalid++;
        keep_error(c, &row->fields[row->fields_n - 1]);
    }
    return 0;
}

/* All blocks that are whole by now. */
static int read_blocks(struct sink *s, bool last, struct weir_err *err)
{
    static const uint8_t nothing[1] = {0};

    for (;;) {
        struct weir_csv_cut cut;
        const uint8_t *p = s->buf.p != NULL ? s->buf.p : nothing;

        if (weir_csv_split(&s->split, p, s->buf.len, last, &cut, err) != 0) {
            return -1;
        }
        if (cut.len == 0) {
            return 0;
        }
        if (weir_csv_read(
                s->reader, p + cut.skip, cut.len - cut.skip, cut.counts.odd, on_row, s, err) != 0) {
            return -1;
        }
        weir_buf_drop(&s->buf, cut.len);
        if (last && s->buf.len == 0) {
            return 0;
        }
    }
}

static enum weir_step step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct sink *s = self;

    (void)out;
    if (weir_buf_add(&s->buf, in->p + in->pos, in->size - in->pos, err) != 0) {
        return WEIR_FAIL;
    }
    in->pos = in->size;
    if ((in->last || s->buf.len >= WEIR_BLOCK_BYTES) && read_blocks(s, in->last, err) != 0) {
        return WEIR_FAIL;
    }
    return in->last ? WEIR_END : WEIR_NEED_IN;
}

static void sink_free(void *self)
{
    struct sink *s = self;

    if (s != NULL) {
        weir_buf_fini(&s->buf);
        weir_csv_reader_free(s->reader);
        free(s);
    }
}

static const struct weir_stage_ops ops = {.name = "count", .step = step, .free = sink_free};

int weir_count_new(struct weir_count *count, struct weir_stage *ret, struct weir_err *err)
{
    struct sink *s = calloc(1, sizeof *s);

    if (s == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "count: out of memory");
    }
    s->count = count;
    weir_buf_init(&s->buf, WEIR_BLOCK_OUT_MAX_BYTES + WEIR_EDGE_MAX_BYTES);
    weir_csv_split_init(
        &s->split, &weir_csv_common, WEIR_BLOCK_BYTES / 4, WEIR_BLOCK_OUT_MAX_BYTES);
    s->reader = weir_csv_reader_new(&weir_csv_common, err);
    if (s->reader == NULL) {
        sink_free(s);
        return -1;
    }
    *ret = (struct weir_stage){&ops, s};
    return 0;
}
