#include "handlers/validate/options.h"

#include "core/limits.h"
#include "core/str.h"
#include "csv/writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/*
 * One table says what there is and how its text is read; JSON's values are made texts first. So a
 * flag and a member of a configuration cannot mean different things.
 */
enum kind {
    MARK,  /* int: csv/dialect.h */
    DELIM, /* the same of the delimiter */
    COUNT, /* uint64_t */
    FLAG,  /* bool */
    WORD,  /* an enum: the index into words */
    NAMES, /* char *: a record of the common dialect */
    KEYS,  /* `unique`: one more of these */
    SIZE,  /* uint64_t: bytes */
};

struct option {
    const char *name;
    enum kind kind;
    size_t at; /* in struct weir_validate_options */
    const char *const *words;
    uint64_t max;
};

#define AT(member) offsetof(struct weir_validate_options, member)

static const char *const empties[] = {"absent", "null", "string", NULL};
static const char *const quoted_empties[] = {"absent", "null", "string", "same", NULL};
static const char *const booleans[] = {"true/false", "1/0", "yes/no", "any", NULL};

static const char *const inputs[] = {"auto", "csv", "ndjson", NULL};
static const char *const formats[] = {"assert", "annotate", NULL};
static const char *const outputs[] = {"annotate", "split", "report", NULL};

static const struct option options[] = {
    {"input", WORD, AT(input), inputs, 0},
    {"output", WORD, AT(output), outputs, 0},
    {"report", WORD, AT(report), inputs, 0},
    {"formats", WORD, AT(formats), formats, 0},
    {"max_errors", COUNT, AT(max_errors), NULL, INT64_MAX >> 11},
    {"fail_fast", COUNT, AT(fail_fast), NULL, INT64_MAX >> 11},
    {"strict", FLAG, AT(strict), NULL, 0},
    {"escape_formulas", FLAG, AT(dialect.escape_formulas), NULL, 0},
    {"delimiter", DELIM, AT(dialect.delimiter), NULL, 0},
    {"quote", MARK, AT(dialect.quote), NULL, 0},
    {"escape", MARK, AT(dialect.escape), NULL, 0},
    {"comment", MARK, AT(dialect.comment), NULL, 0},
    {"skip_lines", COUNT, AT(dialect.skip_lines), NULL, WEIR_CSV_SKIP_LINES_MAX},
    {"csv_engine", WORD, AT(csv_engine), weir_csv_engine_names, 0},
    {"encoding", WORD, AT(charset), weir_charset_names, 0},
    {"header", NAMES, AT(header), NULL, 0},
    {"no_header", FLAG, AT(no_header), NULL, 0},
    {"unique", KEYS, 0, NULL, 0},
    {"unique_memory", SIZE, AT(unique_memory), NULL, WEIR_UNIQUE_MEMORY_MAX_BYTES},
    {"empty", WORD, AT(empty), empties, 0},
    {"quoted_empty", WORD, AT(quoted_empty), quoted_empties, 0},
    {"booleans", WORD, AT(booleans), booleans, 0},
    {"trim", FLAG, AT(trim), NULL, 0},
};
#define OPTIONS (sizeof options / sizeof options[0])

void weir_validate_options_init(struct weir_validate_options *o)
{
    *o = (struct weir_validate_options){.dialect = weir_csv_common,
        .quoted_empty = WEIR_EMPTY_SAME,
        .unique_memory = WEIR_UNIQUE_MEMORY_BYTES};
}

void weir_validate_options_fini(struct weir_validate_options *o)
{
    free(o->header);
    o->header = NULL;
    weir_validate_options_not_unique(o);
}

void weir_validate_options_not_unique(struct weir_validate_options *o)
{
    while (o->unique_n > 0) {
        free(o->unique[--o->unique_n]);
    }
}

int weir_validate_options_copy(struct weir_validate_options *to,
    const struct weir_validate_options *from, struct weir_err *err)
{
    bool all = true;

    *to = *from;
    to->header = from->header != NULL ? strdup(from->header) : NULL;
    all = from->header == NULL || to->header != NULL;
    for (to->unique_n = 0; all && to->unique_n < from->unique_n; to->unique_n += all) {
        all = (to->unique[to->unique_n] = strdup(from->unique[to->unique_n])) != NULL;
    }
    return all ? 0 : weir_err_set(err, WEIR_E_NOMEM, "options: out of memory");
}

/* ---- texts ---- */

static int set_count(const struct option *o, uint64_t *to, const char *text, struct weir_err *err)
{
    char *end;
    unsigned long long n = strtoull(text, &end, 10);

    if (*text < '0' || *text > '9' || *end != '\0' || n > o->max) {
        return weir_err_set(
            err, WEIR_E_CONFIG, "must be a whole number from 0 to %" PRIu64, o->max);
    }
    *to = n;
    return 0;
}

/* Bytes: a whole number, maybe with a unit. */
static int set_size(const struct option *o, uint64_t *to, const char *text, struct weir_err *err)
{
    static const struct {
        const char *name;
        uint64_t bytes;
    } units[] = {{"", 1}, {"B", 1}, {"kB", 1000}, {"MB", 1000000}, {"GB", 1000000000},
        {"KiB", WEIR_KIB}, {"MiB", WEIR_MIB}, {"GiB", WEIR_MIB * WEIR_KIB}};
    char *unit;
    const unsigned long long n = strtoull(text, &unit, 10);

    for (size_t i = 0; *text >= '0' && *text <= '9' && i < sizeof units / sizeof units[0]; i++) {
        if (strcasecmp(unit, units[i].name) == 0 && n <= o->max / units[i].bytes &&
            n * units[i].bytes >= WEIR_UNIQUE_MEMORY_MIN_BYTES) {
            *to = n * units[i].bytes;
            return 0;
        }
    }
    return weir_err_set(err, WEIR_E_CONFIG, "must be a size (64MiB, 100MB) from %zu to %" PRIu64,
        WEIR_UNIQUE_MEMORY_MIN_BYTES, o->max);
}

static int set_flag(bool *to, const char *text, struct weir_err *err)
{
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) {
        return weir_err_set(err, WEIR_E_CONFIG, "must be true or false");
    }
    *to = *text == 't';
    return 0;
}

static int set_word(const char *const *words, void *to, const char *text, struct weir_err *err)
{
    char all[160] = "";
    size_t len = 0;

    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], text) == 0) {
            memcpy(to, &i, sizeof i);
            return 0;
        }
        int n = snprintf(all + len, sizeof all - len, "%s%s", i > 0 ? ", " : "", words[i]);
        len += n > 0 && (size_t)n < sizeof all - len ? (size_t)n : 0;
    }
    return weir_err_set(err, WEIR_E_CONFIG, "must be one of %s", all);
}

static int count_row(void *ctx, const struct weir_csv_row *row, struct weir_err *err)
{
    (void)err;
    *(size_t *)ctx += row->malformed ? 2 : 1;
    return 0;
}

/* A list of names as text: is it one record? */
static int set_names(char **to, const char *text, struct weir_err *err)
{
    struct weir_csv_reader *reader = weir_csv_reader_new(&weir_csv_common, err);
    struct weir_err bad = {0};
    size_t rows = 0;

    if (reader == NULL) {
        return -1;
    }
    int rc = strlen(text) > WEIR_CSV_NAMES_MAX_BYTES
                 ? -1
                 : weir_csv_read(
                       reader, (const uint8_t *)text, strlen(text), true, count_row, &rows, &bad);
    weir_csv_reader_free(reader);
    if (rc != 0 || rows != 1) {
        return bad.code == WEIR_E_NOMEM
                   ? weir_err_set(err, WEIR_E_NOMEM, "out of memory")
                   : weir_err_set(err, WEIR_E_CONFIG, "must be names with commas between them");
    }
    char *copy = strdup(text);
    if (copy == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "out of memory");
    }
    free(*to);
    *to = copy;
    return 0;
}

/* One key more; a second time the same is none. */
static int add_key(struct weir_validate_options *o, const char *text, struct weir_err *err)
{
    char *names = NULL;

    if (set_names(&names, text, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < o->unique_n; i++) {
        if (strcmp(o->unique[i], names) == 0) {
            free(names);
            return 0;
        }
    }
    if (o->unique_n == WEIR_UNIQUE_MAX) {
        free(names);
        return weir_err_set(err, WEIR_E_CONFIG, "there are more than %d of it", WEIR_UNIQUE_MAX);
    }
    o->unique[o->unique_n++] = names; /* the options own it now */
    return 0;
}

static int set(struct weir_validate_options *o, const struct option *option, const char *text,
    struct weir_err *err)
{
    void *to = (char *)o + option->at;

    switch (option->kind) {
    case MARK:
    case DELIM:
        return weir_csv_mark(text, option->kind == DELIM, to, err);
    case COUNT:
        return set_count(option, to, text, err);
    case FLAG:
        return set_flag(to, text, err);
    case WORD:
        return set_word(option->words, to, text, err);
    case NAMES:
        return set_names(to, text, err);
    case KEYS:
        return add_key(o, text, err);
    case SIZE:
        return set_size(option, to, text, err);
    }
    return -1;
}

static const struct option *find(const char *name)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        const char *a = options[i].name, *b = name;
        while (*a != '\0' && (*a == *b || (*a == '_' && *b == '-'))) {
            a++;
            b++;
        }
        if (*a == '\0' && *b == '\0') {
            return &options[i];
        }
    }
    return NULL;
}

int weir_validate_options_set(
    struct weir_validate_options *o, const char *name, const char *text, struct weir_err *err)
{
    const struct option *option = find(name);

    if (option == NULL) {
        return weir_err_set(err, WEIR_E_CONFIG, "no such option");
    }
    return set(o, option, text, err);
}

/* ---- JSON ---- */

static int put_names(const struct weir_doc *list, struct weir_buf *to, struct weir_err *err)
{
    struct weir_csv_field *fields = calloc((size_t)cJSON_GetArraySize(list->v) + 1, sizeof *fields);
    struct weir_doc item = {0};
    size_t n = 0;
    int rc = 0;

    if (fields == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "out of memory");
    }
    while (rc == 0 && weir_doc_each(list, &item)) {
        if (!cJSON_IsString(item.v)) {
            rc = weir_doc_error(&item, NULL, "must be a string", WEIR_E_CONFIG, err);
            break;
        }
        fields[n++] = (struct weir_csv_field){.p = (const uint8_t *)item.v->valuestring,
            .len = (uint32_t)strlen(item.v->valuestring)};
    }
    rc = rc == 0 ? weir_csv_put_fields(to, &weir_csv_common, fields, n, err) : rc;
    free(fields);
    return rc;
}

/* A value as the text that a command line would have. */
static int value_text(const struct option *option, const struct weir_doc *at, struct weir_buf *to,
    struct weir_err *err)
{
    const cJSON *v = at->v;
    const bool number = option->kind == COUNT || option->kind == SIZE;
    int64_t n;

    if (cJSON_IsArray(v) && (option->kind == NAMES || option->kind == KEYS)) {
        return put_names(at, to, err);
    }
    if (cJSON_IsString(v) && option->kind == KEYS) { /* one column */
        const struct weir_csv_field name = weir_csv_text(v->valuestring, strlen(v->valuestring));
        return weir_csv_put_fields(to, &weir_csv_common, &name, 1, err);
    }
    if (cJSON_IsBool(v) && option->kind == FLAG) {
        return weir_buf_adds(to, cJSON_IsTrue(v) ? "true" : "false", err);
    }
    if (cJSON_IsNumber(v) && number) {
        return weir_doc_int(at->up, at->name, 0, (int64_t)option->max, &n, err) != 0
                   ? -1
                   : weir_buf_addf(to, err, "%" PRId64, n);
    }
    if (cJSON_IsNull(v) && option->kind == MARK) {
        return weir_buf_adds(to, "none", err);
    }
    if (cJSON_IsString(v) && (option->kind == MARK || option->kind == DELIM ||
                                 option->kind == WORD || option->kind == SIZE)) {
        return weir_buf_adds(to, v->valuestring, err);
    }
    return weir_doc_error(at, NULL,
        number                  ? "must be a number"
        : option->kind == FLAG  ? "must be true or false"
        : option->kind == NAMES ? "must be an array of strings"
        : option->kind == KEYS  ? "must be the name of a column, or an array of these"
                                : "must be a string",
        WEIR_E_CONFIG, err);
}

static int set_value(struct weir_validate_options *o, const struct option *option,
    const struct weir_doc *at, struct weir_err *err)
{
    struct weir_err why = {0};
    struct weir_buf text;
    int rc = -1;

    weir_buf_init(&text, WEIR_CSV_NAMES_MAX_BYTES + 1);
    if (value_text(option, at, &text, &why) != 0) {
        weir_err_set(err, why.code == WEIR_E_NOMEM ? WEIR_E_NOMEM : WEIR_E_CONFIG, "%s", why.msg);
    } else if (weir_buf_text(&text, err) != NULL) {
        rc = set(o, option, (const char *)text.p, &why);
        if (rc != 0) {
            weir_doc_error(at, NULL, why.msg, why.code, err);
        }
    }
    weir_buf_fini(&text);
    return rc;
}

static int set_json(
    struct weir_validate_options *o, const struct weir_doc *at, struct weir_err *err)
{
    const struct option *option = find(at->name);
    struct weir_doc item = {0};

    if (option == NULL || strchr(at->name, '-') != NULL) {
        return weir_doc_error(at, NULL, "no such option", WEIR_E_CONFIG, err);
    }
    if (option->kind == KEYS) {
        weir_validate_options_not_unique(o);
    }
    if (option->kind != KEYS || !cJSON_IsArray(at->v)) {
        return set_value(o, option, at, err);
    }
    while (weir_doc_each(at, &item)) {
        if (set_value(o, option, &item, err) != 0) {
            return -1;
        }
    }
    return 0;
}

int weir_validate_options_json(
    struct weir_validate_options *o, const struct weir_doc *object, struct weir_err *err)
{
    struct weir_doc item = {0};

    if (!cJSON_IsObject(object->v)) {
        return weir_doc_error(object, NULL, "must be an object", WEIR_E_CONFIG, err);
    }
    while (weir_doc_each(object, &item)) {
        if (set_json(o, &item, err) != 0) {
            return -1;
        }
    }
    return 0;
}

int weir_validate_options_check(struct weir_validate_options *o, struct weir_err *err)
{
    return weir_csv_dialect_check(&o->dialect, err);
}

/* With or without .gz. */
static bool is_named(const char *name, const char *end)
{
    struct weir_str s = weir_str_of(name != NULL ? name : "");

    s.len -= weir_str_ends(s, ".gz") ? strlen(".gz") : 0;
    return weir_str_ends(s, end);
}

static bool is_json_lines(const char *name)
{
    return is_named(name, ".jsonl") || is_named(name, ".ndjson");
}

void weir_validate_options_resolve(
    struct weir_validate_options *o, const char *in_name, const char *out_name)
{
    if (o->input == WEIR_INPUT_AUTO) {
        o->input = is_json_lines(in_name) ? WEIR_INPUT_NDJSON : WEIR_INPUT_CSV;
    }
    if (o->report == WEIR_REPORT_AUTO && o->output == WEIR_OUTPUT_REPORT) {
        o->report = is_json_lines(out_name) || o->input == WEIR_INPUT_NDJSON ? WEIR_REPORT_NDJSON
                                                                             : WEIR_REPORT_CSV;
    }
}

bool weir_validate_options_json_out(const struct weir_validate_options *o)
{
    return o->output == WEIR_OUTPUT_REPORT ? o->report == WEIR_REPORT_NDJSON
                                           : o->input == WEIR_INPUT_NDJSON;
}

const char *weir_validate_options_ext(const struct weir_validate_options *o, const char *in_name)
{
    return !weir_validate_options_json_out(o) ? "csv"
           : is_named(in_name, ".jsonl")      ? "jsonl"
                                              : "ndjson";
}

int weir_validate_options_load(struct weir_places *places, const char *name,
    struct weir_validate_options *o, struct weir_err *err)
{
    struct weir_buf text;
    cJSON *tree = NULL;
    int rc = -1;

    weir_buf_init(&text, WEIR_CONFIG_MAX_BYTES);
    if (weir_location_get(places, name, &text, err) == 0) {
        struct weir_err why = {0};
        const struct weir_doc root = {
            .v = tree = weir_doc_parse("config", (const char *)text.p, text.len, &why)};
        rc = tree != NULL ? weir_validate_options_json(o, &root, &why) : -1;
        if (rc != 0) { /* what is wrong with a configuration is no fault of the data's */
            weir_err_set(err, why.code == WEIR_E_NOMEM ? WEIR_E_NOMEM : WEIR_E_CONFIG, "%.100s: %s",
                name, why.msg);
        }
    }
    cJSON_Delete(tree);
    weir_buf_fini(&text);
    return rc;
}
