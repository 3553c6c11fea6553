/*
 * Schemas and instances in, verdicts out: what the comparisons with other validators talk to. Reads
 * lines from stdin and answers each with a line:
 *
 *   S <schema>     ok | refused <message>
 *   I <instance>   valid | invalid <problems as the errors column has them>
 *   F assert       what formats do in the schemas that follow (or: annotate); ok
 *
 *   schema_driver --time SCHEMA FILE   judge the file's lines; prints lines, valid ones
 */
#include "core/buf.h"
#include "core/limits.h"
#include "schema/schema.h"
#include "tests/support/schema_errors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct state {
    struct weir_schema_opts opts;
    struct weir_schema *schema;
    struct weir_schema_plan *plan;
    struct weir_schema_check *check;
};

static void drop(struct state *s)
{
    weir_schema_check_free(s->check);
    weir_schema_plan_free(s->plan);
    weir_schema_free(s->schema);
    s->check = NULL;
    s->plan = NULL;
    s->schema = NULL;
}

static int load(struct state *s, struct weir_str text, struct weir_err *err)
{
    drop(s);
    s->schema = weir_schema_load(text.p, text.len, &s->opts, err);
    s->plan = s->schema != NULL ? weir_schema_bind(s->schema, NULL, 0, err) : NULL;
    s->check = s->plan != NULL ? weir_schema_check_new(s->plan, err) : NULL;
    return s->check != NULL ? 0 : -1;
}

static int answer(struct state *s, struct weir_str text, struct weir_buf *errors)
{
    struct weir_err err = {.code = WEIR_OK};
    size_t problems;

    errors->len = 0;
    if (weir_schema_check_json(s->check, text, schema_errors_add, errors, &problems, &err) != 0) {
        fprintf(stderr, "schema_driver: %s\n", err.msg);
        return 3;
    }
    if (problems == 0) {
        puts("valid");
    } else {
        printf("invalid %.*s\n", (int)errors->len, (const char *)errors->p);
    }
    return 0;
}

static int talk(struct state *s, struct weir_buf *errors)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    int rc = 0;

    while (rc == 0 && (n = getline(&line, &cap, stdin)) > 0) {
        struct weir_err err = {.code = WEIR_OK};
        n -= line[n - 1] == '\n';
        struct weir_str text = n >= 2 ? (struct weir_str){line + 2, (size_t)n - 2} : WEIR_STR("");
        if (line[0] == 'S') {
            rc = load(s, text, &err);
            printf("%s%s\n", rc == 0 ? "ok" : "refused ", rc == 0 ? "" : err.msg);
            rc = 0;
        } else if (line[0] == 'I' && s->check != NULL) {
            rc = answer(s, text, errors);
        } else if (line[0] == 'F') {
            s->opts.annotate_formats = weir_str_eq(text, WEIR_STR("annotate"));
            puts("ok");
        } else {
            fprintf(stderr, "schema_driver: cannot make sense of a line\n");
            rc = 2;
        }
        fflush(stdout);
    }
    free(line);
    return rc;
}

static void count(void *ctx, const struct weir_schema_problem *p)
{
    (void)p;
    ++*(size_t *)ctx;
}

/* All of a file's lines, judged one after the other: for the clock. */
static int judge_file(struct state *s, const char *name)
{
    FILE *f = fopen(name, "rb");
    char *line = NULL;
    size_t cap = 0, lines = 0, valid = 0, said = 0;
    ssize_t n;

    if (f == NULL) {
        perror(name);
        return 3;
    }
    while ((n = getline(&line, &cap, f)) > 0) {
        struct weir_err err = {.code = WEIR_OK};
        size_t problems;
        n -= line[n - 1] == '\n';
        if (weir_schema_check_json(
                s->check, (struct weir_str){line, (size_t)n}, count, &said, &problems, &err) != 0) {
            fprintf(stderr, "schema_driver: %s\n", err.msg);
            break;
        }
        lines++;
        valid += problems == 0;
    }
    printf("%zu lines, %zu valid, %zu problems\n", lines, valid, said);
    free(line);
    fclose(f);
    return 0;
}

static int run_file(struct state *s, const char *schema, const char *file, struct weir_buf *text)
{
    struct weir_err err = {.code = WEIR_OK};
    FILE *f = fopen(schema, "rb");
    uint8_t *p = weir_buf_reserve(text, WEIR_SCHEMA_MAX_BYTES, &err);

    if (f == NULL || p == NULL) {
        perror(schema);
        return 3;
    }
    size_t n = fread(p, 1, WEIR_SCHEMA_MAX_BYTES, f);
    fclose(f);
    if (load(s, (struct weir_str){(const char *)p, n}, &err) != 0) {
        fprintf(stderr, "schema_driver: %s\n", err.msg);
        return 2;
    }
    return judge_file(s, file);
}

int main(int argc, char **argv)
{
    struct state s = {.schema = NULL};
    struct weir_buf buf;
    int rc;

    weir_buf_init(&buf, 2 * WEIR_SCHEMA_MAX_BYTES);
    rc = argc == 4 && strcmp(argv[1], "--time") == 0 ? run_file(&s, argv[2], argv[3], &buf)
                                                     : talk(&s, &buf);
    drop(&s);
    weir_buf_fini(&buf);
    return rc;
}
