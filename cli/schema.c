#include "schema/schema.h"
#include "aws/location.h"
#include "cli/cli.h"
#include "cli/schema_sample.h"
#include "cli/validate_args.h"
#include "core/limits.h"
#include "core/reason.h"
#include "net/signals.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define UNSAID (-1) /* an option that was not given */

struct args {
    const char *check;
    size_t formats; /* 0: assert, 1: annotate; UNSAID */
    struct weir_schema_sample_args sample;
};

struct told {
    size_t counts[4]; /* of enum weir_schema_use */
    bool failed;      /* stdout cannot be written */
};

static const char *const uses[] = {"checked", "describes", "ignored", "refused"};

static void on_keyword(void *ctx, const char *pointer, enum weir_schema_use use, const char *text)
{
    struct told *t = ctx;

    t->counts[use]++;
    t->failed |= printf("%-10s %s%s%s\n", uses[use], pointer, text != NULL ? ": " : "",
                     text != NULL ? text : "") < 0;
}

static void on_column(void *ctx, const char *name, const char *reads, bool required)
{
    struct told *t = ctx;

    t->failed |= printf("column     %s: %s%s\n", name, reads, required ? ", required" : "") < 0;
}

/* What was refused was passed over; it is an error all the same. */
static int finish(
    const struct weir_schema *schema, const char *name, struct told *t, struct weir_err *err)
{
    if (weir_schema_for_rows(schema, err) != 0) {
        /* It may still be one for JSON lines. */
        weir_cli_note("schema", "not for the rows of a table: %s", err->msg);
        *err = (struct weir_err){.code = WEIR_OK};
    } else if (weir_schema_describe(schema, on_column, t, err) != 0) {
        return -1;
    }
    t->failed |= printf("%zu checked, %zu describe, %zu ignored, %zu refused\n", t->counts[0],
                     t->counts[1], t->counts[2], t->counts[3]) < 0;
    if (t->failed || fflush(stdout) != 0) {
        return weir_err_detail(err, WEIR_E_IO, errno, "stdout: %s", weir_reason(errno));
    }
    return t->counts[WEIR_SCHEMA_REFUSED] == 0
               ? 0
               : weir_err_set(err, WEIR_E_CONFIG, "%.100s: %zu keyword%s not supported", name,
                     t->counts[WEIR_SCHEMA_REFUSED],
                     t->counts[WEIR_SCHEMA_REFUSED] == 1 ? " is" : "s are");
}

static int check(struct weir_loop *loop, const struct args *a, struct weir_err *err)
{
    struct told told = {{0}, false};
    const struct weir_schema_opts opts = {
        .annotate_formats = a->formats == 1, .told = on_keyword, .ctx = &told};
    struct weir_schema *schema = NULL;
    struct weir_buf text;
    int rc = -1;

    weir_buf_init(&text, WEIR_SCHEMA_MAX_BYTES);
    if (weir_location_load(loop, a->check, &text, err) == 0) {
        schema = weir_schema_load((const char *)text.p, text.len, &opts, err);
        if (schema != NULL) {
            rc = finish(schema, a->check, &told, err);
        } else {
            weir_err_prefix(err, "%.100s", a->check);
        }
    }
    weir_schema_free(schema);
    weir_buf_fini(&text);
    return rc;
}

/* An option of the other form would be ignored. */
static int check_form(const struct args *a, struct weir_err *err)
{
    const struct weir_schema_sample_args *s = &a->sample;
    const char *stray = a->check == NULL        ? (a->formats != (size_t)UNSAID ? "formats" : NULL)
                        : s->out != NULL        ? "out"
                        : s->rows != UNSAID     ? "rows"
                        : s->enum_max != UNSAID ? "enum"
                        : s->ranges             ? "ranges"
                        : s->config != NULL     ? "config"
                        : s->options.n > 0      ? s->options.items[0].name
                                                : NULL;

    return stray == NULL ? 0
                         : weir_err_set(err, WEIR_E_CONFIG, "--%s: %s --check SCHEMA", stray,
                               a->check == NULL ? "is for" : "has no meaning with");
}

static int parse(int argc, char **argv, struct args *a, struct weir_err *err)
{
    static const char *const formats[] = {"assert", "annotate", NULL};
    struct weir_schema_sample_args *s = &a->sample;
    const struct weir_opt opts[] = {
        {.name = "check", .kind = WEIR_OPT_TEXT, .to = &a->check},
        {.name = "formats", .kind = WEIR_OPT_WORD, .to = &a->formats, .words = formats},
        {.name = "out", .letter = 'o', .kind = WEIR_OPT_TEXT, .to = &s->out},
        {.name = "rows", .kind = WEIR_OPT_COUNT, .to = &s->rows, .max = INT64_MAX},
        {.name = "enum", .kind = WEIR_OPT_COUNT, .to = &s->enum_max, .max = WEIR_INFER_ENUM_MAX},
        {.name = "ranges", .kind = WEIR_OPT_FLAG, .to = &s->ranges},
        {.name = "config", .kind = WEIR_OPT_TEXT, .to = &s->config},
        WEIR_VALIDATE_ARGS_READ(&s->options),
        WEIR_CLI_QUIET(&s->cli),
        WEIR_CLI_PROGRESS(&s->cli),
    };
    const int n = weir_cli_parse(opts, sizeof opts / sizeof opts[0], argc, argv, &s->in, 1, err);

    if (n < 0) {
        return -1;
    }
    if ((n == 1) == (a->check != NULL)) {
        return weir_err_set(err, WEIR_E_CONFIG,
            n == 1 ? "either IN or --check SCHEMA" : "nothing to do: name IN, or --check SCHEMA");
    }
    if (check_form(a, err) != 0 || weir_validate_args_check(&s->options, err) != 0) {
        return -1;
    }
    s->rows = s->rows == UNSAID ? WEIR_INFER_ROWS : s->rows;
    s->enum_max = s->enum_max == UNSAID ? WEIR_INFER_ENUM : s->enum_max;
    if (n == 1 && s->config != NULL && strcmp(s->in, "-") == 0 && strcmp(s->config, "-") == 0) {
        return weir_err_set(err, WEIR_E_CONFIG, "only one of IN and FILE (--config) can be stdin");
    }
    return 0;
}

int weir_cli_schema(int argc, char **argv)
{
    struct args a = {.formats = (size_t)UNSAID, .sample = {.rows = UNSAID, .enum_max = UNSAID}};
    struct weir_err err = {0};

    if (parse(argc, argv, &a, &err) != 0) {
        return weir_cli_usage("schema", &err);
    }
    struct weir_loop *loop = weir_loop_new(&err);
    int rc = loop == NULL      ? -1
             : a.check != NULL ? check(loop, &a, &err)
                               : weir_cli_schema_sample(loop, &a.sample, &err);
    weir_loop_free(loop);
    return rc == 0 ? WEIR_EXIT_DONE : weir_cli_fail("schema", &err);
}
