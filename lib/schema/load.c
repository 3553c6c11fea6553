#include "schema/schema.h"

#include "core/hex.h"
#include "core/limits.h"
#include "schema/compile.h"
#include "schema/node.h"

#include <stdlib.h>

void weir_schema_free(struct weir_schema *schema)
{
    if (schema == NULL) {
        return;
    }
    for (struct weir_schema_node *node = schema->all; node != NULL; node = node->all_next) {
        weir_pattern_free(node->pattern);
    }
    weir_schema_arena_fini(&schema->arena);
    weir_json_tape_fini(&schema->tape);
    free(schema->text);
    free(schema);
}

static uint32_t index_of(const struct weir_schema_loader *l, const struct weir_json_value *v)
{
    return (uint32_t)(v - l->schema->tape.v);
}

static bool starts_with(struct weir_str s, struct weir_str with)
{
    return s.len >= with.len && memcmp(s.p, with.p, with.len) == 0;
}

/* $schema: which draft, and $id: what the schema may call itself in a $ref. */
static int read_root(struct weir_schema_loader *l)
{
    const struct weir_json_tape *tape = &l->schema->tape;

    if (tape->v[0].kind != WEIR_JSON_OBJECT) {
        return weir_schema_bad(l, 0, "the root must be an object");
    }
    const struct weir_json_value *v = weir_json_member(tape, &tape->v[0], WEIR_STR("$schema"));
    if (v != NULL) {
        struct weir_str s = v->kind == WEIR_JSON_STRING ? weir_json_text(tape, v) : WEIR_STR("");
        s.len -= s.len > 0 && s.p[s.len - 1] == '#';
        l->draft7 = weir_str_eq(s, WEIR_STR("http://json-schema.org/draft-07/schema")) ||
                    weir_str_eq(s, WEIR_STR("https://json-schema.org/draft-07/schema"));
        if (!l->draft7 &&
            !weir_str_eq(s, WEIR_STR("https://json-schema.org/draft/2020-12/schema")) &&
            !weir_str_eq(s, WEIR_STR("http://json-schema.org/draft/2020-12/schema"))) {
            return weir_schema_bad(l, index_of(l, v),
                "not supported: it must be https://json-schema.org/draft/2020-12/schema or "
                "http://json-schema.org/draft-07/schema");
        }
    }
    v = weir_json_member(tape, &tape->v[0], WEIR_STR("$id"));
    if (v != NULL) {
        if (v->kind != WEIR_JSON_STRING) {
            return weir_schema_bad(l, index_of(l, v), "must be a URI");
        }
        l->id = weir_json_text(tape, v);
        l->id.len -= l->id.len > 0 && l->id.p[l->id.len - 1] == '#';
        if (l->id.len > 0 && memchr(l->id.p, '#', l->id.len) != NULL) {
            return weir_schema_bad(l, index_of(l, v), "a fragment is not supported yet");
        }
    }
    return 0;
}

/* The fragment of a $ref, percent-decoded, in the arena. */
static int decode_fragment(
    struct weir_schema_loader *l, uint32_t at, struct weir_str s, struct weir_str *ret)
{
    char *p = weir_schema_arena_alloc(&l->schema->arena, s.len + 1, l->err);
    size_t n = 0;

    if (p == NULL) {
        return -1;
    }
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] != '%') {
            p[n++] = s.p[i];
            continue;
        }
        int high = i + 2 < s.len ? weir_hex_digit(s.p[i + 1]) : -1;
        int low = high >= 0 ? weir_hex_digit(s.p[i + 2]) : -1;
        if (high < 0 || low < 0) {
            return weir_schema_bad(l, at, "a malformed %% escape");
        }
        p[n++] = (char)(high << 4 | low);
        i += 2;
    }
    *ret = (struct weir_str){p, n};
    return 0;
}

/* Undo ~0 and ~1, in place. */
static int decode_token(struct weir_schema_loader *l, uint32_t at, char *p, size_t *len)
{
    size_t n = 0;

    for (size_t i = 0; i < *len; i++) {
        char c = p[i];
        if (c == '~') {
            i++;
            if (i == *len || (p[i] != '0' && p[i] != '1')) {
                return weir_schema_bad(l, at, "a malformed ~ escape");
            }
            c = p[i] == '0' ? '~' : '/';
        }
        p[n++] = c;
    }
    *len = n;
    return 0;
}

/* The array's element that a token names, or NULL. */
static const struct weir_json_value *element(
    const struct weir_json_tape *tape, const struct weir_json_value *array, struct weir_str token)
{
    uint64_t index = 0;

    if (token.len == 0 || token.len > 9 || (token.p[0] == '0' && token.len > 1)) {
        return NULL;
    }
    for (size_t i = 0; i < token.len; i++) {
        if (token.p[i] < '0' || token.p[i] > '9') {
            return NULL;
        }
        index = index * 10 + (uint64_t)(token.p[i] - '0');
    }
    const struct weir_json_value *v = array + 1;
    for (uint32_t i = 0; i < array->len; i++, v = tape->v + v->next) {
        if (i == index) {
            return v;
        }
    }
    return NULL;
}

/* Where a $ref points to. NULL with l->err set. */
static const struct weir_json_value *target(struct weir_schema_loader *l, uint32_t at)
{
    const struct weir_json_tape *tape = &l->schema->tape;
    struct weir_str s = weir_json_text(tape, &tape->v[at]), path = {NULL, 0};
    const struct weir_json_value *v = tape->v;

    if (l->id.len > 0 && starts_with(s, l->id) && (s.len == l->id.len || s.p[l->id.len] == '#')) {
        s = (struct weir_str){s.p + l->id.len, s.len - l->id.len};
    } else if (s.len == 0 || s.p[0] != '#') {
        weir_schema_bad(l, at, "a remote $ref is not supported, only #/... within the schema");
        return NULL;
    }
    if (s.len > 0 && decode_fragment(l, at, (struct weir_str){s.p + 1, s.len - 1}, &path) == -1) {
        return NULL;
    }
    if (s.len <= 1) {
        return v;
    }
    if (path.p[0] != '/') {
        weir_schema_bad(l, at, "a $ref to an anchor is not supported yet, only #/...");
        return NULL;
    }
    char *p = (char *)(uintptr_t)path.p, *end = p + path.len;
    while (p < end && v != NULL) {
        char *slash = memchr(p + 1, '/', (size_t)(end - p - 1));
        char *stop = slash == NULL ? end : slash;
        size_t n = (size_t)(stop - p - 1);
        if (decode_token(l, at, p + 1, &n) == -1) {
            return NULL;
        }
        struct weir_str token = {p + 1, n};
        v = v->kind == WEIR_JSON_OBJECT  ? weir_json_member(tape, v, token)
            : v->kind == WEIR_JSON_ARRAY ? element(tape, v, token)
                                         : NULL;
        p = stop;
    }
    if (v == NULL) {
        weir_schema_bad(l, at, "$ref to something that is not there");
    }
    return v;
}

static int resolve_refs(struct weir_schema_loader *l)
{
    /* What a $ref points to may be compiled only now, and bring more of them. */
    while (l->pending != NULL) {
        struct weir_schema_pending *p = l->pending;
        l->pending = p->next;
        const struct weir_json_value *v = target(l, p->at);
        if (v == NULL) {
            return -1;
        }
        p->node->ref = weir_schema_compile(l, index_of(l, v));
        if (p->node->ref == NULL) {
            return -1;
        }
    }
    for (const struct weir_schema_node *n = l->schema->all; n != NULL; n = n->all_next) {
        const struct weir_schema_node *to = n->ref;
        for (int i = 0; to != NULL; i++, to = to->ref) {
            if (i == WEIR_SCHEMA_REFS_MAX) {
                return weir_schema_bad(l, n->at,
                    "$ref goes in a circle, or through more than %d others", WEIR_SCHEMA_REFS_MAX);
            }
        }
    }
    return 0;
}

/* The root, and what it refers to, describe a row. */
static int check_root(struct weir_schema_loader *l)
{
    for (const struct weir_schema_node *n = l->schema->root; n != NULL; n = n->ref) {
        if (n->never) {
            return weir_schema_bad(l, n->at, "false lets no row pass");
        }
        if (n->types != 0 && (n->types & WEIR_T_OBJECT) == 0) {
            return weir_schema_bad(l, n->at, "describes a row: its type must be object");
        }
        if (n->not_for_rows != 0) {
            return weir_schema_bad(
                l, n->not_for_rows, "not supported here: the root describes a row");
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
    schema->text = malloc(len + 1);
    if (schema->text == NULL) {
        return weir_err_set(l->err, WEIR_E_NOMEM, "schema: out of memory");
    }
    if (len > 0) {
        memcpy(schema->text, text, len);
    }
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
    if (schema->root == NULL || resolve_refs(l) == -1) {
        return -1;
    }
    return check_root(l);
}

struct weir_schema *weir_schema_load(const char *text, size_t len,
    void (*warn)(void *ctx, const char *msg), void *ctx, struct weir_err *err)
{
    struct weir_schema *schema = calloc(1, sizeof *schema);
    struct weir_schema_loader l = {.schema = schema, .warn = warn, .ctx = ctx, .err = err};

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
