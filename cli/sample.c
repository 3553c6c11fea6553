#include "cli/sample.h"

#include "core/limits.h"
#include "core/mark.h"
#include "core/utf8.h"
#include "csv/split.h"
#include "handlers/validate/read.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/*
 * Bytes are collected until they hold whole records, which are looked at where they lie; so there
 * is a block of them in memory, or one record.
 */
struct sample {
    const struct weir_validate_options *o;
    struct weir_schema_infer *infer;
    struct weir_sample_counts *counts;
    uint64_t rows_max;
    struct weir_buf in;
    size_t seen; /* bytes of it that hold no whole record */

    bool begun;    /* of JSON: its first bytes have been looked at */
    uint64_t line; /* where `in` begins */

    struct weir_csv_split split;
    struct weir_csv_reader *reader; /* NULL before the head */
    struct weir_str *cells;         /* NULL: the columns are not known yet */
    size_t columns;

    bool done; /* what follows is the schema, from out_pos on */
    struct weir_buf out;
    size_t out_pos;
};

static void free_sample(void *self)
{
    struct sample *s = self;

    if (s != NULL) {
        weir_schema_infer_free(s->infer);
        weir_csv_reader_free(s->reader);
        weir_buf_fini(&s->in);
        weir_buf_fini(&s->out);
        free(s->cells);
        free(s);
    }
}

/* Whether one more row is wanted. */
static bool wanted(struct sample *s)
{
    if (s->rows_max > 0 && s->counts->rows == s->rows_max) {
        s->counts->more = true;
        return false;
    }
    s->counts->rows++;
    return true;
}

/* ---- CSV ---- */

static int on_names(void *ctx, const struct weir_csv_row *row, struct weir_err *err)
{
    struct sample *s = ctx;

    s->columns = row->fields_n;
    s->cells = calloc(s->columns, sizeof *s->cells);
    if (s->cells == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "schema: out of memory");
    }
    for (size_t i = 0; i < s->columns; i++) {
        struct weir_str name = {(const char *)row->fields[i].p, row->fields[i].len};
        s->cells[i] = s->o->trim ? weir_str_trim(name) : name;
        s->counts->names += weir_utf8_check(s->cells[i].p, s->cells[i].len) < s->cells[i].len;
    }
    return weir_schema_infer_columns(s->infer, s->cells, s->columns, err);
}

static int on_row(void *ctx, const struct weir_csv_row *row, struct weir_err *err)
{
    struct sample *s = ctx;
    bool looked = false;

    if (!wanted(s)) {
        return 0;
    }
    if (!row->malformed && row->fields_n == s->columns) {
        for (size_t i = 0; i < s->columns; i++) {
            s->cells[i] = weir_validate_cell(s->o, &row->fields[i]);
        }
        if (weir_schema_infer_cells(s->infer, s->cells, &looked, err) != 0) {
            return -1;
        }
    }
    s->counts->left_out += !looked;
    return 0;
}

static int on_first(void *ctx, const struct weir_csv_row *row, struct weir_err *err)
{
    struct sample *s = ctx;

    if (s->cells != NULL) {
        return on_row(s, row, err);
    }
    return weir_validate_names(s->o, row, on_names, s, err) != 0 ? -1
           : weir_validate_has_header(s->o)                      ? 0
                                                                 : on_row(s, row, err);
}

static int make_reader(struct sample *s, struct weir_err *err)
{
    s->reader = weir_csv_reader_new(&s->split.dialect, err);
    if (s->reader == NULL) {
        return -1;
    }
    weir_csv_reader_set_engine(s->reader, s->o->csv_engine);
    return 0;
}

/* Look at the rows that `in` begins with; *taken receives how many bytes they are. Returns 0, or -1
 * with *err set. */
static int take_rows(struct sample *s, bool last, size_t *taken, struct weir_err *err)
{
    struct weir_csv_cut cut;

    if (weir_csv_split(&s->split, s->in.p, s->in.len, last, &cut, err) != 0) {
        return -1;
    }
    if (cut.len == 0) {
        return 0;
    }
    if ((s->reader == NULL && make_reader(s, err) != 0) ||
        weir_csv_read(s->reader, s->in.p + cut.skip, cut.len - cut.skip, cut.counts.odd, on_first,
            s, err) != 0) {
        return -1;
    }
    weir_csv_reader_trim(s->reader);
    *taken = cut.len;
    return 0;
}

/* ---- JSON Lines ---- */

/* What the stream begins with. Returns 1, 0 when more bytes are needed, or -1. */
static int begin_lines(struct sample *s, bool last, struct weir_err *err)
{
    size_t skip = 0;
    const int rc = weir_mark_skip("json", s->in.p, s->in.len, last, &skip, err);

    weir_buf_drop(&s->in, skip);
    return rc;
}

static int take_line(struct sample *s, struct weir_str line, struct weir_err *err)
{
    bool looked;

    if (line.len > WEIR_ROW_MAX_BYTES) {
        return weir_err_set(err, WEIR_E_LIMIT, "json: line %" PRIu64 " is longer than %zu bytes",
            s->line, (size_t)WEIR_ROW_MAX_BYTES);
    }
    s->line++;
    if (weir_validate_is_blank(line.p, line.len) || !wanted(s)) {
        return 0;
    }
    if (weir_schema_infer_json(s->infer, line, &looked, err) != 0) {
        return -1;
    }
    s->counts->left_out += !looked;
    return 0;
}

static int take_lines(struct sample *s, bool last, size_t *taken, struct weir_err *err)
{
    if (!s->begun) {
        const int rc = begin_lines(s, last, err);
        if (rc <= 0) {
            return rc;
        }
        s->begun = true;
    }
    while (*taken < s->in.len) {
        const char *p = (const char *)s->in.p + *taken;
        const size_t left = s->in.len - *taken;
        const char *lf = memchr(p, '\n', left);
        if (lf == NULL && !last && left <= WEIR_ROW_MAX_BYTES) {
            return 0;
        }
        const size_t len = lf != NULL ? (size_t)(lf - p) : left;
        if (take_line(s, (struct weir_str){p, len}, err) != 0) {
            return -1;
        }
        *taken += len + (lf != NULL);
    }
    return 0;
}

/* ---- the stage ---- */

/* Up to a block, then in edge-sized helpings. */
static int collect(struct sample *s, struct weir_in *in, struct weir_err *err)
{
    const size_t left = in->size - in->pos;
    const size_t room =
        s->in.len < WEIR_BLOCK_BYTES ? WEIR_BLOCK_BYTES - s->in.len : WEIR_EDGE_DEFAULT_BYTES;
    const size_t n = left < room ? left : room;
    uint8_t *to = weir_buf_reserve(&s->in, n > 0 ? n : 1, err);

    if (to == NULL) {
        return -1;
    }
    s->in.len += weir_in_take(in, to, n);
    return 0;
}

/* All rows that are wanted were looked at: the schema. */
static int finish(struct sample *s, struct weir_err *err)
{
    if (s->o->input != WEIR_INPUT_NDJSON && s->cells == NULL &&
        weir_validate_names(s->o, NULL, on_names, s, err) != 0) {
        return -1;
    }
    s->done = true;
    return weir_schema_infer_write(s->infer, &s->out, err);
}

static enum weir_step step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct sample *s = self;
    const bool json = s->o->input == WEIR_INPUT_NDJSON;

    while (!s->done) {
        if (in->pos == in->size && !in->last && s->seen == s->in.len) {
            return WEIR_NEED_IN;
        }
        if (s->seen == s->in.len && collect(s, in, err) != 0) {
            return WEIR_FAIL;
        }
        const bool last = in->last && in->pos == in->size;
        size_t taken = 0;
        if ((json ? take_lines : take_rows)(s, last, &taken, err) != 0) {
            return WEIR_FAIL;
        }
        weir_buf_drop(&s->in, taken);
        weir_buf_trim(&s->in, WEIR_KEEP_MAX_BYTES);
        s->seen = taken == 0 ? s->in.len : 0;
        if ((s->counts->more || (last && s->in.len == 0)) && finish(s, err) != 0) {
            return WEIR_FAIL;
        }
    }
    s->out_pos += weir_out_put(out, s->out.p + s->out_pos, s->out.len - s->out_pos);
    return s->out_pos < s->out.len ? WEIR_NEED_OUT : WEIR_END;
}

int weir_sample_new(const struct weir_validate_options *options,
    const struct weir_schema_infer_opts *how, uint64_t rows_max, struct weir_sample_counts *counts,
    struct weir_stage *ret, struct weir_err *err)
{
    static const struct weir_stage_ops ops = {.name = "sample", .step = step, .free = free_sample};
    struct weir_schema_infer_opts opts = *how;
    struct sample *s = calloc(1, sizeof *s);

    if (s == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "schema: out of memory");
    }
    opts.cells = weir_validate_cells(options, true);
    *counts = (struct weir_sample_counts){0};
    s->o = options;
    s->counts = counts;
    s->rows_max = rows_max;
    s->line = 1;
    weir_csv_split_init(&s->split, &options->dialect, WEIR_BLOCK_BYTES, WEIR_ROW_MAX_BYTES);
    weir_buf_init(&s->in, WEIR_ROW_MAX_BYTES + 2 * WEIR_BLOCK_BYTES);
    weir_buf_init(&s->out, WEIR_SCHEMA_MAX_BYTES);
    s->infer = weir_schema_infer_new(&opts, err);
    if (s->infer == NULL) {
        free_sample(s);
        return -1;
    }
    *ret = (struct weir_stage){&ops, s}; /* the caller owns it now */
    return 0;
}
