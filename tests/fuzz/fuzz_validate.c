/*
 * The whole job on any bytes: CSV and JSON Lines, annotated, split and reported, in a few dialects
 * and encodings. Outputs, numbers and errors must not depend on the windows, but for one case
 * (must_be_same). Of JSON Lines each output is held against lines that are found without windows;
 * of CSV there must be as many rows as it says.
 */
#include "core/limits.h"
#include "csv/split.h"
#include "handlers/validate/job.h"
#include "json/tape.h"
#include "tests/fuzz/windows.h"
#include "tests/support/memory_ends.h"

#include <stdio.h>

#define OUT_MAX_BYTES (64 * WEIR_MIB)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char schema_text[] =
    "{\"required\":[\"a\"],\"properties\":{\"a\":{\"type\":\"integer\"},\"b\":{\"type\":"
    "[\"object\",\"null\"],\"additionalProperties\":false,\"properties\":{\"c\":{\"format\":"
    "\"date\"}}},\"d\":{\"enum\":[\"x\",1,[null]]}},\"maxProperties\":4}";

struct run {
    int rc;
    struct weir_err err;
    struct weir_validate_summary sums;
    struct memory_sink out, invalid;
};

static struct weir_schema *schema(void)
{
    static struct weir_schema *loaded;

    if (loaded == NULL) {
        loaded = weir_schema_load(schema_text, sizeof schema_text - 1, NULL, NULL);
        must(loaded != NULL);
    }
    return loaded;
}

static void run(struct run *r, const struct weir_validate_options *options, const uint8_t *data,
    size_t size, size_t edge_bytes)
{
    struct memory_source source = {.in = data, .len = size};
    struct weir_validate_job job = {.source = memory_source(&source),
        .out = {memory_sink(&r->out), false},
        .info = &source.info,
        .schema = schema(),
        .options = options,
        .deadline_mono_ms = INT64_MAX};
    char edge[24];

    if (options->output == WEIR_OUTPUT_SPLIT) {
        job.invalid = (struct weir_validate_sink){memory_sink(&r->invalid), false};
    }
    weir_buf_init(&r->out.got, OUT_MAX_BYTES);
    weir_buf_init(&r->invalid.got, OUT_MAX_BYTES);
    must(weir_buf_reserve(&r->out.got, 1, NULL) != NULL); /* there is a place, if nothing in it */
    must(weir_buf_reserve(&r->invalid.got, 1, NULL) != NULL);
    snprintf(edge, sizeof edge, "%zu", edge_bytes);
    must(setenv("WEIR_EDGE_BYTES", edge, 1) == 0);
    struct weir_validate *v = weir_validate_new(&job, &r->err);
    must(v != NULL);
    r->rc = pipe_run(weir_validate_pipe(v), &r->err);
    weir_validate_summarize(v, &r->sums);
    weir_validate_free(v);
    must(r->out.published == (r->rc == 0) && r->out.aborted == (r->rc != 0));
    must((r->err.code != WEIR_OK) == (r->rc != 0) && r->err.code != WEIR_E_BUG);
}

static void end(struct run *r)
{
    weir_buf_fini(&r->out.got);
    weir_buf_fini(&r->invalid.got);
}

static bool same_text(const struct weir_buf *a, const struct weir_buf *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->p, b->p, a->len) == 0);
}

static bool same_fault(const struct weir_err *a, const struct weir_err *b)
{
    return a->code == b->code && strcmp(a->msg, b->msg) == 0;
}

/* Whether it was told by what makes text of bytes, before there were rows. */
static bool of_decoder(const struct weir_err *err)
{
    return strncmp(err->msg, "charset: ", 9) == 0 || strncmp(err->msg, "gunzip: ", 8) == 0;
}

/* A decoder is ahead of the rows by what its edge holds, and a pipe ends at the first fault that it
 * is told: which one that is depends on the windows if there is one in each. */
static void must_be_same(const struct run *a, const struct run *b)
{
    must(a->rc == b->rc);
    must(
        same_fault(&a->err, &b->err) || (a->rc != 0 && of_decoder(&a->err) != of_decoder(&b->err)));
    if (a->rc == 0) {
        must(same_text(&a->out.got, &b->out.got) && same_text(&a->invalid.got, &b->invalid.got));
        must(a->sums.rows == b->sums.rows && a->sums.valid == b->sums.valid &&
             a->sums.blank == b->sums.blank && a->sums.described == b->sums.described);
    }
}

/* The next line at *p, without its LF; false at the end. */
static bool next_line(const uint8_t **p, const uint8_t *stop, struct weir_str *line)
{
    if (*p == stop) {
        return false;
    }
    const uint8_t *lf = memchr(*p, '\n', (size_t)(stop - *p)), *to = lf != NULL ? lf : stop;
    *line = (struct weir_str){(const char *)*p, (size_t)(to - *p)};
    *p = lf != NULL ? lf + 1 : stop;
    return true;
}

static bool blank(struct weir_str line)
{
    for (size_t i = 0; i < line.len; i++) {
        if (strchr(" \t\r", line.p[i]) == NULL || line.p[i] == '\0') {
            return false;
        }
    }
    return true;
}

/* Counts an output's lines, each of which is JSON. */
static uint64_t json_lines(const struct weir_buf *out)
{
    struct weir_json_tape tape;
    struct weir_json_fault fault;
    struct weir_str line;
    uint64_t n = 0;

    weir_json_tape_init(&tape);
    for (const uint8_t *p = out->p; out->len > 0 && next_line(&p, out->p + out->len, &line); n++) {
        must(weir_json_parse(&tape, line.p, line.len, &fault) == 0);
    }
    weir_json_tape_fini(&tape);
    must(out->len == 0 || out->p[out->len - 1] == '\n');
    return n;
}

static bool ends_with(struct weir_str line, struct weir_str row)
{
    return line.len > row.len && memcmp(line.p + line.len - 1 - row.len, row.p, row.len) == 0;
}

/* What became of each line, in order: it is in the output that its verdict says, and, if it is
 * JSON, as it was. */
static void lines_are_there(const struct run *r, const struct weir_validate_options *options,
    const uint8_t *data, size_t size)
{
    const bool split = options->output == WEIR_OUTPUT_SPLIT;
    const uint8_t *in = data, *out = r->out.got.p, *bad = r->invalid.got.p;
    const uint8_t *out_end = out + r->out.got.len, *bad_end = bad + r->invalid.got.len;
    struct weir_json_tape tape;
    struct weir_json_fault fault;
    struct weir_str line, got;
    uint64_t rows = 0, blanks = 0;

    weir_json_tape_init(&tape);
    in += size >= 3 && memcmp(in, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    while (next_line(&in, data + size, &line)) {
        if (blank(line)) {
            blanks++;
            continue;
        }
        rows++;
        line.len -= line.p[line.len - 1] == '\r';
        const bool json = weir_json_parse(&tape, line.p, line.len, &fault) == 0;
        if (split) {
            const uint8_t *back = out;
            bool as_it_was = next_line(&out, out_end, &got) && weir_str_eq(got, line);
            if (!as_it_was || !json) {
                out = back;
                must(next_line(&bad, bad_end, &got) && (!json || ends_with(got, line)));
            }
        } else {
            must(next_line(&out, out_end, &got) && (!json || ends_with(got, line)));
        }
    }
    must(out == out_end && bad == bad_end);
    must(rows == r->sums.rows && blanks == r->sums.blank);
    weir_json_tape_fini(&tape);
}

static void check_json(const struct run *r, const struct weir_validate_options *options,
    const uint8_t *data, size_t size)
{
    const bool csv = options->output == WEIR_OUTPUT_REPORT && options->report == WEIR_REPORT_CSV;
    const uint64_t out = csv ? 0 : json_lines(&r->out.got);

    switch (options->output) {
    case WEIR_OUTPUT_ANNOTATE:
        must(out == r->sums.rows);
        break;
    case WEIR_OUTPUT_SPLIT:
        must(out == r->sums.valid && json_lines(&r->invalid.got) == r->sums.rows - out);
        break;
    case WEIR_OUTPUT_REPORT:
        must(csv || out == r->sums.described);
        return;
    }
    if (options->charset == WEIR_CHARSET_UTF8 && !(size >= 2 && data[0] == 0x1F)) {
        lines_are_there(r, options, data, size); /* else it is what was decoded */
    }
}

/* Rows of an output, by the splitter. */
static uint64_t rows_in(const struct weir_buf *out, const struct weir_csv_dialect *read)
{
    struct weir_csv_dialect dialect = weir_csv_dialect_out(read);
    struct weir_csv_split split;
    struct weir_csv_cut cut;
    uint64_t rows = 0;

    weir_csv_split_init(&split, &dialect, WEIR_BLOCK_BYTES, OUT_MAX_BYTES);
    for (size_t at = 0; at < out->len; at += cut.len) {
        must(weir_csv_split(&split, out->p + at, out->len - at, true, &cut, NULL) == 0);
        must(cut.counts.blank == 0 && cut.counts.comments == 0);
        rows += cut.counts.rows;
    }
    return rows;
}

static void check_csv(const struct run *r, const struct weir_validate_options *options)
{
    if (options->dialect.delimiter == WEIR_CSV_AUTO) {
        return; /* it is not told here which it was */
    }
    const uint64_t rows = rows_in(&r->out.got, &options->dialect);
    switch (options->output) {
    case WEIR_OUTPUT_ANNOTATE:
        must(rows == r->sums.rows + 1);
        break;
    case WEIR_OUTPUT_SPLIT:
        must(rows == r->sums.valid + 1);
        must(rows_in(&r->invalid.got, &options->dialect) == r->sums.invalid + 1);
        break;
    case WEIR_OUTPUT_REPORT:
        break;
    }
}

static void choose(struct weir_validate_options *o, const uint8_t *data)
{
    static const struct weir_csv_dialect dialects[] = {WEIR_CSV_COMMON,
        {.delimiter = WEIR_CSV_AUTO, .quote = '"', .escape = WEIR_CSV_NONE, .comment = '#'},
        {.delimiter = ';', .quote = '\'', .escape = '\\', .comment = WEIR_CSV_NONE},
        {.delimiter = '\t',
            .quote = WEIR_CSV_NONE,
            .escape = WEIR_CSV_NONE,
            .comment = '#',
            .skip_lines = 1}};

    weir_validate_options_init(o);
    o->input = data[0] % 2 == 0 ? WEIR_INPUT_NDJSON : WEIR_INPUT_CSV;
    o->output = (enum weir_validate_output)(data[0] / 2 % 3);
    o->report = (enum weir_validate_report)(data[0] / 6 % 3);
    o->strict = data[0] / 18 % 8 == 7;
    o->max_errors = data[1] % 4;
    o->fail_fast = data[1] / 4 % 8 == 7 ? 2 : 0;
    o->charset =
        data[1] / 32 == 0 ? (enum weir_charset)(data[2] % WEIR_CHARSETS) : WEIR_CHARSET_UTF8;
    if (o->input == WEIR_INPUT_CSV) {
        o->dialect = dialects[data[2] % 4];
        o->no_header = data[2] / 4 % 4 == 3;
        o->empty = (enum weir_validate_empty)(data[2] / 16 % 3);
        o->trim = data[2] / 64 == 3;
    }
    weir_validate_options_resolve(o, NULL, NULL);
    must(weir_validate_options_check(o, NULL) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weir_validate_options options;
    struct run whole = {0}, parts = {0};

    if (size < 4) {
        return 0;
    }
    choose(&options, data);
    const size_t edge = 1 + data[3] % 32;
    data += 4;
    size -= 4;
    run(&whole, &options, data, size, WEIR_EDGE_DEFAULT_BYTES);
    run(&parts, &options, data, size, edge);
    must_be_same(&whole, &parts);
    if (whole.rc == 0 && options.input == WEIR_INPUT_NDJSON) {
        check_json(&whole, &options, data, size);
    } else if (whole.rc == 0) {
        check_csv(&whole, &options);
    }
    end(&whole);
    end(&parts);
    weir_validate_options_fini(&options);
    return 0;
}
