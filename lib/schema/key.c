#include "json/canon.h"
#include "json/value.h"
#include "schema/check.h"

/* Of a value on the check's tape. */
static int put_value(const struct weir_schema_check *c, const struct weir_json_value *v,
    struct weir_buf *to, struct weir_err *err)
{
    if (v->kind == WEIR_JSON_NULL) {
        return 0;
    }
    return weir_json_canon(&c->tape, v, to, err) == 0 ? 1 : -1;
}

int weir_schema_key_cell(struct weir_schema_check *c, size_t column, struct weir_str cell,
    struct weir_buf *to, struct weir_err *err)
{
    const struct weir_schema_plan *plan = c->plan;
    const unsigned accept = plan->columns[column].accept;
    struct weir_json_fault fault;
    int rc = 0;

    c->value = NULL; /* its tape may go */
    if (cell.p == weir_schema_null ||
        (cell.len == 0 && (cell.p == NULL || !plan->cells.empty_is_text))) {
        return 0;
    }
    if (weir_schema_wants_json(accept, cell)) {
        if (weir_json_parse(&c->tape, cell.p, cell.len, &fault) == 0) {
            return put_value(c, c->tape.v, to, err);
        }
        if (fault.code == WEIR_E_NOMEM) {
            return weir_err_set(err, WEIR_E_NOMEM, "schema: out of memory");
        }
    }
    const enum weir_json_kind kind = weir_schema_plain_kind(&plan->cells, accept, cell);
    switch (kind) {
    case WEIR_JSON_NULL:
        return 0;
    case WEIR_JSON_NUMBER:
        rc = weir_json_canon_number(cell, to, err);
        break;
    case WEIR_JSON_TRUE:
    case WEIR_JSON_FALSE:
        rc = weir_json_canon_word(kind, to, err);
        break;
    case WEIR_JSON_STRING:
    case WEIR_JSON_ARRAY:
    case WEIR_JSON_OBJECT:
        rc = weir_json_canon_string(cell, to, err);
        break;
    }
    return rc == 0 ? 1 : -1;
}

int weir_schema_key_member(const struct weir_schema_check *c, struct weir_str name,
    struct weir_buf *to, struct weir_err *err)
{
    const struct weir_json_value *v = NULL;

    if (c->value != NULL && c->value->kind == WEIR_JSON_OBJECT) {
        v = weir_json_member(&c->tape, c->value, name);
    }
    return v != NULL ? put_value(c, v, to, err) : 0;
}
