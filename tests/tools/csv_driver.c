/*
 * CSV texts in, records and re-written texts out: what the comparison with other CSV libraries
 * talks to. Reads cases from stdin until it ends:
 *
 *   <delimiter> <quote> <escape> <comment> <formulas> <skip lines> <block bytes> <length> LF <text>
 *
 * with marks as numbers (-1: none; formulas: 1 escapes them), and answers each with the records
 * that the splitter and the reader find in it, and what the writer makes of these:
 *
 *   ok <quote it writes with> <malformed rows> <length> <length> LF <records> <text>
 *   refused <message> LF
 *
 * A record is, for each field, its length, ':', its bytes, ','; then LF.
 */
#include "core/buf.h"
#include "core/limits.h"
#include "csv/reader.h"
#include "csv/split.h"
#include "csv/writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct state {
    struct weir_csv_dialect in, out;
    struct weir_buf text, records, written;
    size_t malformed;
};

static int on_row(void *ctx, const struct weir_csv_row *row, struct weir_err *err)
{
    struct state *s = ctx;

    s->malformed += row->malformed;
    for (size_t i = 0; i < row->fields_n; i++) {
        const struct weir_csv_field *f = &row->fields[i];
        if (weir_buf_addf(&s->records, err, "%" PRIu32 ":", f->len) != 0 ||
            weir_buf_add(&s->records, f->p, f->len, err) != 0 ||
            weir_buf_adds(&s->records, ",", err) != 0) {
            return -1;
        }
    }
    if (weir_buf_adds(&s->records, "\n", err) != 0 ||
        weir_csv_put_fields(&s->written, &s->out, row->fields, row->fields_n, err) != 0) {
        return -1;
    }
    return weir_buf_adds(&s->written, "\n", err);
}

/* The whole text, a block at a time. */
static int read_text(struct state *s, size_t block_bytes, struct weir_err *err)
{
    struct weir_csv_reader *reader = weir_csv_reader_new(&s->in, err);
    struct weir_csv_split split;
    int rc = reader != NULL ? 0 : -1;

    weir_csv_split_init(&split, &s->in, block_bytes, WEIR_ROW_MAX_BYTES);
    for (size_t at = 0; rc == 0 && at < s->text.len;) {
        const uint8_t *p = s->text.p + at;
        struct weir_csv_cut cut;
        rc = weir_csv_split(&split, p, s->text.len - at, true, &cut, err);
        if (rc == 0) {
            rc = weir_csv_read(
                reader, p + cut.skip, cut.len - cut.skip, cut.counts.odd, on_row, s, err);
            at += cut.len;
        }
    }
    weir_csv_reader_free(reader);
    return rc;
}

static void answer(struct state *s, size_t block_bytes)
{
    struct weir_err err = {.code = WEIR_OK};

    s->records.len = s->written.len = s->malformed = 0;
    s->out = s->in;
    if (weir_csv_dialect_check(&s->in, &err) == 0) {
        s->out = weir_csv_dialect_out(&s->in);
        (void)read_text(s, block_bytes, &err);
    }
    if (err.code != WEIR_OK) {
        printf("refused %s\n", err.msg);
        return;
    }
    printf("ok %d %zu %zu %zu\n", s->out.quote, s->malformed, s->records.len, s->written.len);
    fwrite(s->records.p, 1, s->records.len, stdout);
    fwrite(s->written.p, 1, s->written.len, stdout);
}

/* Returns 1 with the case read, 0 at the end, or -1. */
static int next_case(struct state *s, size_t *block_bytes)
{
    struct weir_csv_dialect *d = &s->in;
    size_t len;
    int formulas;

    int n = scanf("%d %d %d %d %d %" SCNu64 " %zu %zu", &d->delimiter, &d->quote, &d->escape,
        &d->comment, &formulas, &d->skip_lines, block_bytes, &len);
    if (n == EOF) {
        return 0;
    }
    d->escape_formulas = formulas != 0;
    s->text.len = 0;
    uint8_t *p = n == 8 && getchar() == '\n' ? weir_buf_reserve(&s->text, len + 1, NULL) : NULL;
    if (p == NULL || *block_bytes == 0 || fread(p, 1, len, stdin) != len) {
        return -1;
    }
    s->text.len = len;
    return 1;
}

int main(void)
{
    struct state s = {.malformed = 0};
    size_t block_bytes;
    int rc;

    weir_buf_init(&s.text, WEIR_ROW_MAX_BYTES);
    weir_buf_init(&s.records, 8 * WEIR_ROW_MAX_BYTES);
    weir_buf_init(&s.written, 8 * WEIR_ROW_MAX_BYTES);
    while ((rc = next_case(&s, &block_bytes)) == 1) {
        answer(&s, block_bytes);
    }
    if (rc != 0) {
        fprintf(stderr, "csv_driver: cannot make sense of a case\n");
    }
    weir_buf_fini(&s.text);
    weir_buf_fini(&s.records);
    weir_buf_fini(&s.written);
    return rc == 0 ? 0 : 2;
}
