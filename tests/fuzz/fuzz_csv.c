/*
 * Splitter, reader and writer on any bytes in any dialect: blocks must not depend on the windows,
 * all parsers must agree on what the splitter does not call odd, there must be as many rows as it
 * says, and what is written must read and write the same.
 */
#include "core/buf.h"
#include "core/limits.h"
#include "core/utf8.h"
#include "csv/reader.h"
#include "csv/split.h"
#include "csv/writer.h"
#include "tests/fuzz/must.h"

#include <stdlib.h>
#include <string.h>

#define OUT_MAX_BYTES (64 * WEIR_MIB)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NONE WEIR_CSV_NONE
static const struct weir_csv_dialect dialects[] = {
    WEIR_CSV_COMMON,
    {.delimiter = ';', .quote = '\'', .escape = NONE, .comment = NONE},
    {.delimiter = '\t', .quote = NONE, .escape = NONE, .comment = NONE},
    {.delimiter = ',', .quote = '"', .escape = '\\', .comment = NONE},
    {.delimiter = ',', .quote = '"', .escape = NONE, .comment = '#'},
    {.delimiter = '|', .quote = '"', .escape = '\\', .comment = '#', .skip_lines = 2},
    {.delimiter = '"', .quote = NONE, .escape = NONE, .comment = '\'', .skip_lines = 1},
    {.delimiter = ' ', .quote = ',', .escape = '#', .comment = '"', .escape_formulas = true},
};
#define DIALECTS (sizeof dialects / sizeof dialects[0])

#define DOUBLED 4
static const bool doubled[DOUBLED] = {
    true, true, false, true}; /* columns whose quotes may stay so */

static uint64_t rows_read;
static struct weir_csv_dialect dialect, written; /* of the input; of what put_row writes */

static int put_row(void *ctx, const struct weir_csv_row *row, struct weir_err *err)
{
    struct weir_buf *out = ctx;
    const size_t from = out->len;

    rows_read++;
    for (size_t i = 0; row->utf8 && i < row->fields_n; i++) {
        const struct weir_csv_field *f = &row->fields[i];
        must(weir_utf8_check((const char *)f->p, f->len) == f->len);
    }
    if (row->source != NULL && !written.escape_formulas) { /* then it would be written so */
        must(weir_csv_put_fields(out, &written, row->fields, row->fields_n, err) == 0);
        must(out->len - from == row->source_len &&
             (row->source_len == 0 || memcmp(out->p + from, row->source, row->source_len) == 0));
        out->len = from;
    }
    return weir_csv_put_fields(ctx, &written, row->fields, row->fields_n, err) != 0
               ? -1
               : weir_buf_adds(ctx, row->malformed ? "\r" : "\n", err);
}

static void must_be_same(const struct weir_buf *a, size_t from, const struct weir_buf *b)
{
    must(a->len - from == b->len);
    must(b->len == 0 || memcmp(a->p + from, b->p, b->len) == 0);
}

/* One block through all parsers, and what comes out through the first again. */
static void read_block(struct weir_csv_reader *reader, const uint8_t *p,
    const struct weir_csv_cut *cut, struct weir_buf *rows)
{
    struct weir_err err = {0};
    struct weir_buf other;
    const size_t from = rows->len;

    weir_buf_init(&other, OUT_MAX_BYTES);
    p += cut->skip;
    size_t len = cut->len - cut->skip;
    rows_read = 0;
    int rc = weir_csv_read(reader, p, len, cut->counts.odd, put_row, rows, &err);
    must(rc == 0 || err.code == WEIR_E_LIMIT); /* too many columns */
    must(rc != 0 || rows_read == cut->counts.rows);
    if (rc == 0 && rows->len > from) {
        const uint64_t n = rows_read;
        struct weir_csv_reader *again = weir_csv_reader_new(&written, NULL);
        must(again != NULL);
        must(weir_csv_read(reader, p, len, true, put_row, &other, &err) == 0);
        must(rows_read == 2 * n);
        must_be_same(rows, from, &other);
        other.len = 0;
        weir_csv_reader_set_engine(reader, WEIR_CSV_LIBCSV);
        must(weir_csv_read(reader, p, len, cut->counts.odd, put_row, &other, &err) == 0);
        weir_csv_reader_set_engine(reader, WEIR_CSV_FAST);
        must(rows_read == 3 * n);
        must_be_same(rows, from, &other);
        other.len = 0;
        weir_csv_reader_set_doubled(reader, doubled, DOUBLED);
        must(weir_csv_read(reader, p, len, cut->counts.odd, put_row, &other, &err) == 0);
        weir_csv_reader_set_doubled(reader, NULL, 0);
        must(rows_read == 4 * n);
        must_be_same(rows, from, &other);
        other.len = 0;
        must(weir_csv_read(again, rows->p + from, rows->len - from, false, put_row, &other, &err) ==
             0);
        must(rows_read == 5 * n);
        must(written.escape_formulas || other.len == rows->len - from);
        weir_csv_reader_free(again);
    }
    weir_buf_fini(&other);
}

static bool same_cut(const struct weir_csv_cut *a, const struct weir_csv_cut *b)
{
    const struct weir_csv_counts *x = &a->counts, *y = &b->counts;

    return a->len == b->len && a->skip == b->skip && x->lines == y->lines && x->rows == y->rows &&
           x->blank == y->blank && x->comments == y->comments && x->odd == y->odd;
}

/* Show the bytes of one block a few more at a time, on the heap and no longer than shown. */
static int split_slowly(struct weir_csv_split *s, const uint8_t *p, size_t len, uint64_t *seed,
    struct weir_csv_cut *cut, struct weir_err *err)
{
    size_t shown = s->pos;

    for (;;) {
        *seed = *seed * 6364136223846793005u + 1442695040888963407u;
        size_t more = (size_t)(*seed >> 33) % (*seed >> 63 ? 4 : 300);
        shown = more < len - shown ? shown + more : len;
        uint8_t *copy = malloc(shown > 0 ? shown : 1);
        must(copy != NULL);
        memcpy(copy, p, shown);
        int rc = weir_csv_split(s, copy, shown, shown == len, cut, err);
        free(copy);
        if (rc != 0 || cut->len > 0 || shown == len) {
            return rc;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 5) {
        return 0;
    }
    const size_t block_bytes = 1 + (size_t)(data[0] | data[1] << 8) % 2000;
    const size_t row_max = data[2] % 4 == 0 ? (size_t)data[2] + 1 : 100000;
    uint64_t seed = data[3];
    dialect = dialects[data[4] % DIALECTS];
    must(weir_csv_dialect_check(&dialect, NULL) == 0);
    written = weir_csv_dialect_out(&dialect);
    struct weir_csv_reader *reader = weir_csv_reader_new(&dialect, NULL);
    struct weir_csv_split fast, slow;
    struct weir_buf rows;
    data += 5;
    size -= 5;
    must(reader != NULL);
    weir_buf_init(&rows, OUT_MAX_BYTES);
    weir_csv_split_init(&fast, &dialect, block_bytes, row_max);
    weir_csv_split_init(&slow, &dialect, block_bytes, row_max);
    fast.lines_max = slow.lines_max = seed % 8;
    for (size_t at = 0; at < size;) {
        struct weir_csv_cut a, b;
        struct weir_err err_a = {0}, err_b = {0};
        int rc = weir_csv_split(&fast, data + at, size - at, true, &a, &err_a);
        must(split_slowly(&slow, data + at, size - at, &seed, &b, &err_b) == rc);
        must(same_cut(&a, &b) && fast.lines_before == slow.lines_before &&
             strcmp(err_a.msg, err_b.msg) == 0);
        if (rc != 0) {
            break;
        }
        must(a.len > 0 && a.len <= size - at);
        read_block(reader, data + at, &a, &rows);
        at += a.len;
    }
    weir_buf_fini(&rows);
    weir_csv_reader_free(reader);
    return 0;
}
