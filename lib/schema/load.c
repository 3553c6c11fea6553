#include "schema/schema.h"

#include "core/limits.h"
#include "json/value.h"
#include "schema/keyword.h"

#include <stdlib.h>

void weir_schema_free(struct weir_schema *schema)
{
    if (schema == NULL) {
        return;
    }
    for (struct weir_schema_kept_pattern *p = schema->patterns; p != NULL; p = p->next) {
        weir_pattern_free(p->pattern);
    }
    weir_schema_arena_fini(&schema->arena);
    weir_json_tape_fini(&schema->tape);
    free(schema->text);
    free(schema);
}

/* $schema: which draft. */
static int read_draft(struct weir_schema_loader *l)
{
    const struct weir_json_tape *tape = weir_schema_tape_of(l);
    const struct weir_json_value *v = weir_json_member(tape, tape->v, WEIR_STR("$schema"));

    if (v == NULL) {
        return 0;
    }
    struct weir_str s = v->kind == WEIR_JSON_STRING ? weir_json_text(tape, v) : WEIR_STR("");
    s.len -= s.len > 0 && s.p[s.len - 1] == '#';
    l->draft7 = weir_str_eq(s, WEIR_STR("http://json-schema.org/draft-07/schema")) ||
                weir_str_eq(s, WEIR_STR("https://json-schema.org/draft-07/schema"));
    if (!l->draft7 && !weir_str_eq(s, WEIR_STR("https://json-schema.org/draft/2020-12/schema")) &&
        !weir_str_eq(s, WEIR_STR("http://json-schema.org/draft/2020-12/schema"))) {
        return weir_schema_bad(l, (uint32_t)(v - tape->v),
            "not supported: it must be https://json-schema.org/draft/2020-12/schema or "
            "http://json-schema.org/draft-07/schema");
    }
    return 0;
}

/* The root's draft and name; a root that is true or false has neither. */
static int read_root(struct weir_schema_loader *l)
{
    const struct weir_json_tape *tape = weir_schema_tape_of(l);
    struct weir_str id = {NULL, 0};

    if (tape->v[0].kind == WEIR_JSON_OBJECT) {
        const struct weir_json_value *v = weir_json_member(tape, tape->v, WEIR_STR("$id"));
        if (read_draft(l) == -1) {
            return -1;
        }
        if (v != NULL && v->kind == WEIR_JSON_STRING) {
            id = weir_json_text(tape, v);
            const char *hash = id.len > 0 ? memchr(id.p, '#', id.len) : NULL;
            id.len = hash != NULL ? (size_t)(hash - id.p) : id.len;
        }
    }
    l->resource = weir_schema_resource_new(l, 0, NULL, id);
    return l->resource == NULL ? -1 : 0;
}

int weir_schema_for_rows(const struct weir_schema *schema, struct weir_err *err)
{
    for (const struct weir_schema_node *n = schema->root; n != NULL; n = n->ref) {
        if ((n->types & WEIR_T_OBJECT) == 0) {
            return weir_err_set(err, WEIR_E_CONFIG, "schema: %s",
                n->types == 0 ? "the schema false lets no row pass"
                              : "it describes a row: its type must be object");
        }
    }
    return 0;
}

static int load(struct weir_schema_loader *l, const char *text, size_t len)
{
    struct weir_schema *schema = l->schema;
    struct weir_json_fault fault;

    if (len > WEIR_SCHEMA_MAX_BYTES) {
        return weir_err_set(l->err, WEIR_E_CONFIG, "schema: %zu bytes, at most %zu are read", len,
            (size_t)WEIR_SCHEMA_MAX_BYTES);
    }
    if (len == 0) {
        return weir_err_set(l->err, WEIR_E_CONFIG, "schema: the text is empty");
    }
    schema->text = malloc(len + 1);
    if (schema->text == NULL) {
        return weir_err_set(l->err, WEIR_E_NOMEM, "schema: out of memory");
    }
    memcpy(schema->text, text, len);
    schema->text[len] = '\0';
    if (weir_json_parse(&schema->tape, schema->text, len, &fault) == -1) {
        return weir_json_fault_err(&fault, "schema", schema->text, WEIR_E_CONFIG, l->err);
    }
    l->map = calloc(schema->tape.n, sizeof(struct weir_schema_node *));
    if (l->map == NULL) {
        return weir_err_set(l->err, WEIR_E_NOMEM, "schema: out of memory");
    }
    if (read_root(l) == -1) {
        return -1;
    }
    schema->root = weir_schema_compile(l, 0);
    return schema->root == NULL ? -1 : weir_schema_resolve(l);
}

struct weir_schema *weir_schema_load(
    const char *text, size_t len, const struct weir_schema_opts *opts, struct weir_err *err)
{
    static const struct weir_schema_opts none = {.warn = NULL};
    struct weir_schema *schema = calloc(1, sizeof *schema);
    struct weir_schema_loader l = {
        .schema = schema, .opts = opts != NULL ? opts : &none, .err = err};

    if (schema == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "schema: out of memory");
        return NULL;
    }
    weir_json_tape_init(&schema->tape);
    if (load(&l, text, len) == -1) {
        weir_schema_free(schema);
        schema = NULL;
    }
    free(l.map);
    return schema;
}
