#include "csv/reader.h"

#include "core/limits.h"
#include "csv/cells.h"
#include "csv/exact.h"
#include "csv/fast.h"

#include <assert.h>
#include <csv.h>
#include <stdlib.h>
#include <string.h>

/*
 * libcsv, with what it does by default and we do not want: it trims blanks (a space function that
 * knows none), takes quotes out of place as it likes (strict mode, though the splitter keeps such
 * blocks away from it), hands out each field in a buffer it uses again (fields are copied until
 * their row is whole), and its callbacks cannot say stop (it is fed in slices, and the rest of a
 * slice is ignored).
 */
#define SLICE_BYTES ((size_t)64 * 1024)
#define FIELD_GROW_BYTES                                                                           \
    ((size_t)64 * 1024) /* its own step is 128 bytes: 131,072 steps to 16 MiB */
#define FIRST_FIELDS 64

const char *const weir_csv_engine_names[] = {"fast", "libcsv", NULL};

struct weir_csv_reader {
    struct weir_csv_dialect dialect;
    bool simple; /* a delimiter and a doubled quote: for libcsv, and the fast parser */
    struct weir_csv_kernel kernel; /* of the fast parser */
    enum weir_csv_engine engine;
    struct csv_parser parser;
    struct weir_csv_cells cells;
    struct weir_err *err; /* of the weir_csv_read that runs */
    bool failed;          /* *err is set: ignore what libcsv still says */
};

static int no_space(unsigned char c)
{
    (void)c;
    return 0;
}

static int open_parser(struct weir_csv_reader *reader, struct weir_err *err)
{
    if (csv_init(&reader->parser, CSV_STRICT | CSV_STRICT_FINI | CSV_EMPTY_IS_NULL) != 0) {
        return weir_err_set(err, WEIR_E_NOMEM, "csv: no parser");
    }
    if (reader->simple) {
        csv_set_delim(&reader->parser, (unsigned char)reader->dialect.delimiter);
        csv_set_quote(&reader->parser, (unsigned char)reader->dialect.quote);
    }
    csv_set_space_func(&reader->parser, no_space);
    csv_set_blk_size(&reader->parser, FIELD_GROW_BYTES);
    return 0;
}

struct weir_csv_reader *weir_csv_reader_new(
    const struct weir_csv_dialect *dialect, struct weir_err *err)
{
    struct weir_csv_reader *reader = calloc(1, sizeof *reader);

    if (reader == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "out of memory (%zu bytes)", sizeof *reader);
        return NULL;
    }
    reader->dialect = *dialect;
    reader->simple = dialect->quote != WEIR_CSV_NONE && dialect->escape == WEIR_CSV_NONE;
    if (weir_csv_kernel_pick(&reader->kernel, err) != 0 || open_parser(reader, err) != 0) {
        free(reader);
        return NULL;
    }
    return reader;
}

void weir_csv_reader_set_engine(struct weir_csv_reader *reader, enum weir_csv_engine engine)
{
    reader->engine = engine;
}

void weir_csv_reader_set_doubled(struct weir_csv_reader *reader, const bool *columns, size_t n)
{
    reader->cells.doubled = columns;
    reader->cells.doubled_n = n;
}

void weir_csv_reader_free(struct weir_csv_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    csv_free(&reader->parser);
    free(reader->cells.fields);
    free(reader->cells.text);
    free(reader);
}

/* The fields never have so much (WEIR_COLUMNS_MAX), nor libcsv's own buffer: it is not given blocks
 * longer than WEIR_BLOCK_BYTES. */
void weir_csv_reader_trim(struct weir_csv_reader *reader)
{
    if (reader != NULL && reader->cells.text_cap > WEIR_KEEP_MAX_BYTES) {
        free(reader->cells.text);
        reader->cells.text = NULL;
        reader->cells.text_cap = 0;
    }
}

int weir_csv_cells_grow(struct weir_csv_cells *cells, struct weir_err *err)
{
    if (cells->cap == WEIR_COLUMNS_MAX) {
        return weir_err_set(
            err, WEIR_E_LIMIT, "csv: a row of more than %d fields", (int)WEIR_COLUMNS_MAX);
    }
    size_t cap = cells->cap == 0 ? FIRST_FIELDS : cells->cap * 2;
    if (cap > WEIR_COLUMNS_MAX) {
        cap = WEIR_COLUMNS_MAX;
    }
    struct weir_csv_field *fields = realloc(cells->fields, cap * sizeof *fields);
    if (fields == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "out of memory (%zu bytes)", cap * sizeof *fields);
    }
    cells->fields = fields;
    cells->cap = cap;
    return 0;
}

/* No text is longer than the block it comes from. */
static int reserve_text(struct weir_csv_cells *cells, size_t len, struct weir_err *err)
{
    if (len <= cells->text_cap && cells->text != NULL) {
        return 0;
    }
    free(cells->text);
    cells->text_cap = 0;
    cells->text = malloc(len > 0 ? len : 1);
    if (cells->text == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "out of memory (%zu bytes)", len);
    }
    cells->text_cap = len;
    return 0;
}

static void on_libcsv_field(void *p, size_t len, void *ctx)
{
    struct weir_csv_reader *reader = ctx;
    struct weir_csv_cells *cells = &reader->cells;

    if (reader->failed) {
        return;
    }
    assert(len <= cells->text_cap - cells->text_len);
    uint8_t *to = cells->text + cells->text_len;
    if (p != NULL) { /* NULL: nothing, and no quotes around it */
        memcpy(to, p, len);
    }
    cells->text_len += len;
    reader->failed = weir_csv_cells_add(cells, to, len, p != NULL, reader->err) != 0;
}

static void on_libcsv_row(int c, void *ctx)
{
    struct weir_csv_reader *reader = ctx;

    (void)c;
    if (!reader->failed) {
        reader->failed = weir_csv_cells_row(&reader->cells, reader->err) != 0;
    }
}

/* Why libcsv stopped short. */
static int libcsv_error(struct weir_csv_reader *reader, struct weir_err *err)
{
    switch (csv_error(&reader->parser)) {
    case CSV_ENOMEM:
    case CSV_ETOOBIG:
        return weir_err_set(err, WEIR_E_NOMEM, "csv: out of memory in a field of row %llu",
            (unsigned long long)reader->cells.rows + 1);
    default:
        return weir_err_set(err, WEIR_E_BUG,
            "csv: libcsv and the splitter disagree in row %llu of a block",
            (unsigned long long)reader->cells.rows + 1);
    }
}

static int read_libcsv(
    struct weir_csv_reader *reader, const uint8_t *p, size_t len, struct weir_err *err)
{
    while (len > 0) {
        size_t n = len < SLICE_BYTES ? len : SLICE_BYTES;
        size_t done = csv_parse(&reader->parser, p, n, on_libcsv_field, on_libcsv_row, reader);
        if (reader->failed) {
            return -1;
        }
        if (done != n) {
            return libcsv_error(reader, err);
        }
        p += n;
        len -= n;
    }
    if (csv_fini(&reader->parser, on_libcsv_field, on_libcsv_row, reader) != 0) {
        return libcsv_error(reader, err);
    }
    return reader->failed ? -1 : 0;
}

int weir_csv_read(struct weir_csv_reader *reader, const uint8_t *p, size_t len, bool exact,
    int (*on_row)(void *ctx, const struct weir_csv_row *row, struct weir_err *err), void *ctx,
    struct weir_err *err)
{
    struct weir_csv_cells *cells = &reader->cells;
    struct weir_err scratch = {0};

    cells->on_row = on_row;
    cells->ctx = ctx;
    cells->n = cells->text_len = 0;
    cells->malformed = false;
    cells->malformed_field = cells->at = 0;
    cells->source = NULL;
    cells->as_is = true;
    cells->utf8 = false;
    cells->rows = 0;
    reader->err = err != NULL ? err : &scratch;
    reader->failed = false;
    if (len == 0) {
        return 0;
    }
    if (reserve_text(cells, len, reader->err) != 0) {
        return -1;
    }
    if (!exact && reader->simple && reader->engine == WEIR_CSV_FAST) {
        return weir_csv_fast(cells, reader->kernel.index, &reader->dialect, p, len, reader->err);
    }
    if (exact || len > WEIR_BLOCK_BYTES || !reader->simple) {
        return weir_csv_exact(cells, &reader->dialect, p, len, reader->err);
    }
    if (read_libcsv(reader, p, len, reader->err) != 0) {
        csv_free(&reader->parser); /* in the middle of something: begin with a new one */
        open_parser(reader, reader->err);
        return -1;
    }
    return 0;
}
