#include "cli/tune/chart.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>

#define WIDE 760
#define HIGH 420
#define LEFT 76
#define RIGHT (WIDE - 96)
#define TOP 56
#define BOTTOM (HIGH - 56)

/* From the least to the greatest value, in pixels. */
struct scale {
    double min, max; /* of the values */
    double from, to; /* pixels */
};

static const char *const colors[] = {"#1f6fb2", "#c4501b", "#3c8d40", "#7b4aa8"};
#define COLORS_N (sizeof colors / sizeof *colors)

static double place(const struct scale *s, double value)
{
    return s->from + (s->to - s->from) * log(value / s->min) / log(s->max / s->min);
}

static void widen(struct scale *s, double value)
{
    if (s->min == 0 || value < s->min) {
        s->min = value;
    }
    s->max = fmax(s->max, value);
}

/* A scale of one value has no width: it gets some, and air at both ends. */
static void finish(struct scale *s, double air)
{
    if (s->min == 0) {
        s->min = s->max = 1;
    }
    s->min /= air;
    s->max *= air;
}

static int add_name(struct weir_buf *ret, const char *name, struct weir_err *err)
{
    for (; *name != '\0'; name++) {
        const char one[2] = {*name, '\0'};
        const char *text = *name == '<'   ? "&lt;"
                           : *name == '&' ? "&amp;"
                           : *name == '>' ? "&gt;"
                                          : one;

        if (weir_buf_adds(ret, text, err) != 0) {
            return -1;
        }
    }
    return 0;
}

/* 1, 2 and 5 of each power of ten, with a line across. */
static int add_axis(struct weir_buf *ret, const struct scale *s, bool money, struct weir_err *err)
{
    for (double power = pow(10, floor(log10(s->min))); power <= s->max; power *= 10) {
        static const double steps[] = {1, 2, 5};

        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
            double value = power * steps[i], y = place(s, value);
            int rc;

            if (value < s->min || value > s->max) {
                continue;
            }
            if (money) {
                rc = weir_buf_addf(ret, err,
                    "<text x=\"%d\" y=\"%.1f\" fill=\"#777\">%.0e $</text>\n", RIGHT + 8, y + 4,
                    value);
            } else {
                rc = weir_buf_addf(ret, err,
                    "<path d=\"M%d %.1fH%d\" stroke=\"#ddd\"/><text x=\"%d\" y=\"%.1f\" "
                    "text-anchor=\"end\">%g %s</text>\n",
                    LEFT, y, RIGHT, LEFT - 8, y + 4, value < 1000 ? value : value / 1000,
                    value < 1000 ? "ms" : "s");
            }
            if (rc != 0) {
                return -1;
            }
        }
    }
    return 0;
}

static int add_line(struct weir_buf *ret, const struct weir_tune_series *s, const struct scale *x,
    const struct scale *y, bool money, const char *color, struct weir_err *err)
{
    if (weir_buf_addf(ret, err,
            "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\"%s points=\"", color,
            money ? " stroke-dasharray=\"3 4\"" : "") != 0) {
        return -1;
    }
    for (size_t i = 0; i < s->n; i++) {
        const struct weir_tune_size *size = &s->sizes[i];

        if (size->fate == WEIR_TUNE_DONE &&
            weir_buf_addf(ret, err, "%.1f,%.1f ", place(x, (double)size->memory_mb),
                place(y, money ? size->cost_usd : size->duration_ms)) != 0) {
            return -1;
        }
    }
    return weir_buf_adds(ret, "\"/>\n", err);
}

static int add_series(struct weir_buf *ret, const struct weir_tune_series *s, size_t at,
    const struct scale *x, const struct scale *ms, const struct scale *usd, struct weir_err *err)
{
    const char *color = colors[at % COLORS_N];

    if (add_line(ret, s, x, ms, false, color, err) != 0 ||
        add_line(ret, s, x, usd, true, color, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < s->n; i++) {
        double px = place(x, (double)s->sizes[i].memory_mb);
        int rc;

        if (s->sizes[i].fate == WEIR_TUNE_DONE) {
            rc =
                weir_buf_addf(ret, err, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\"/>\n",
                    px, place(ms, s->sizes[i].duration_ms), color);
        } else {
            rc = weir_buf_addf(ret, err,
                "<path d=\"M%.1f %dl8 8m0 -8l-8 8\" stroke=\"%s\" stroke-width=\"2\"/>\n", px - 4,
                BOTTOM - 12 - 12 * (int)at, color);
        }
        if (rc != 0) {
            return -1;
        }
    }
    if (weir_buf_addf(ret, err, "<text x=\"%zu\" y=\"20\" fill=\"%s\" font-weight=\"bold\">",
            LEFT + 210 * at, color) != 0 ||
        add_name(ret, s->name, err) != 0) {
        return -1;
    }
    return weir_buf_adds(ret, "</text>\n", err);
}

int weir_tune_chart(const struct weir_tune_series *series, size_t series_n, struct weir_buf *ret,
    struct weir_err *err)
{
    struct scale x = {.from = LEFT + 16, .to = RIGHT - 16}, ms = {.from = BOTTOM, .to = TOP},
                 usd = {.from = BOTTOM, .to = TOP};

    for (size_t i = 0; i < series_n; i++) {
        for (size_t k = 0; k < series[i].n; k++) {
            const struct weir_tune_size *size = &series[i].sizes[k];

            widen(&x, (double)size->memory_mb);
            if (size->fate == WEIR_TUNE_DONE) {
                widen(&ms, size->duration_ms);
                widen(&usd, size->cost_usd);
            }
        }
    }
    finish(&x, x.max > x.min ? 1 : 2);
    finish(&ms, 1.3);
    finish(&usd, 1.3);
    if (weir_buf_addf(ret, err,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
            "font-family=\"sans-serif\" font-size=\"12\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
            "<text x=\"%d\" y=\"40\" fill=\"#555\">lines: duration of a run; dashed: its cost "
            "(right); crosses: out of memory, or failed</text>\n",
            WIDE, HIGH, LEFT) != 0 ||
        add_axis(ret, &ms, false, err) != 0 || add_axis(ret, &usd, true, err) != 0) {
        return -1;
    }
    for (size_t k = 0; series_n > 0 && k < series[0].n; k++) {
        double px = place(&x, (double)series[0].sizes[k].memory_mb);

        if (weir_buf_addf(ret, err,
                "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%" PRId64 "</text>\n", px,
                BOTTOM + 20, series[0].sizes[k].memory_mb) != 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < series_n; i++) {
        if (add_series(ret, &series[i], i, &x, &ms, &usd, err) != 0) {
            return -1;
        }
    }
    return weir_buf_addf(ret, err,
        "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">memory of the function, "
        "MB</text>\n</svg>\n",
        (LEFT + RIGHT) / 2, HIGH - 12);
}
