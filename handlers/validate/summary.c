#include "core/clock.h"
#include "handlers/validate/work.h"

#include <inttypes.h>

void weir_validate_summarize(const struct weir_validate *v, struct weir_validate_summary *ret)
{
    *ret = v->sums;
    ret->invalid = ret->rows - ret->valid;
    ret->bytes_in = v->info->read_bytes;
    ret->bytes_out = v->outlets[WEIR_OUTLET_MAIN].bytes + v->outlets[WEIR_OUTLET_INVALID].bytes;
    ret->ms = weir_clock_mono_ms() - v->begun_ms;
}

/* What the input was found to be, where the options do not say it. */
static int add_dialect(const struct weir_validate *v, struct weir_buf *to, struct weir_err *err)
{
    const struct weir_csv_dialect *d = &v->options.dialect;
    char mark[12];

    if (v->options.input == WEIR_INPUT_NDJSON) {
        return 0;
    }
    if (d->comment != WEIR_CSV_NONE &&
        weir_buf_addf(to, err, ",\"comments\":%" PRIu64, v->sums.comments) != 0) {
        return -1;
    }
    if (d->delimiter != WEIR_CSV_AUTO || v->csv.dialect.delimiter == WEIR_CSV_AUTO) {
        return 0;
    }
    weir_csv_mark_text(v->csv.dialect.delimiter, mark);
    return weir_buf_addf(to, err, ",\"delimiter\":\"%s\"", mark); /* one of a few */
}

static const char *label(const void *ctx, size_t i)
{
    return weir_schema_plan_label(ctx, i);
}

/* The members, without braces. */
static int add_members(
    const struct weir_validate *v, bool columns, struct weir_buf *to, struct weir_err *err)
{
    struct weir_validate_summary s;

    weir_validate_summarize(v, &s);
    if (weir_buf_addf(to, err,
            "\"rows\":%" PRIu64 ",\"valid\":%" PRIu64 ",\"invalid\":%" PRIu64 ",\"blank\":%" PRIu64
            ",\"bytes_in\":%" PRIu64 ",\"bytes_out\":%" PRIu64 ",\"ms\":%" PRId64,
            s.rows, s.valid, s.invalid, s.blank, s.bytes_in, s.bytes_out, s.ms) != 0 ||
        add_dialect(v, to, err) != 0 ||
        weir_tally_json(&v->tally, columns && v->plan != NULL ? label : NULL, v->plan, to, err) !=
            0) {
        return -1;
    }
    return s.described < v->tally.problems
               ? weir_buf_addf(to, err, ",\"described\":%" PRIu64, s.described)
               : 0;
}

int weir_summary_document(const struct weir_validate *v, struct weir_buf *to, struct weir_err *err)
{
    return weir_buf_adds(to, "{", err) != 0 || add_members(v, true, to, err) != 0
               ? -1
               : weir_buf_adds(to, "}\n", err);
}

int weir_validate_json(
    const struct weir_validate *v, bool stages, struct weir_buf *ret, struct weir_err *err)
{
    size_t n;
    const struct weir_stage_count *counts = weir_pipe_counts(v->pipe, &n);
    int rc = add_members(v, false, ret, err);

    for (size_t i = 0; stages && rc == 0 && i < n; i++) {
        rc = weir_buf_addf(ret, err,
            "%s{\"name\":\"%s\",\"steps\":%" PRIu64 ",\"waits\":%" PRIu64 ",\"bytes_in\":%" PRIu64
            ",\"bytes_out\":%" PRIu64 "}%s",
            i == 0 ? ",\"stages\":[" : ",", counts[i].name, counts[i].steps, counts[i].waits,
            counts[i].bytes_in, counts[i].bytes_out, i + 1 == n ? "]" : "");
    }
    return rc;
}
