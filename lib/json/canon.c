#include "json/canon.h"

#include "json/number.h"

#include <stdlib.h>
#include <string.h>

/*
 * A key is a letter, and what follows is as long as the letter or a size before it says:
 *
 *   n t f          null, true, false
 *   i              a whole number of up to 18 digits
 *   d size         any other number, as weir_number_canon writes it
 *   u, U           a string that is a UUID in lower, in upper case: 16 bytes
 *   s size         any other string
 *   a size, o size elements; members by the order of their names, each a name and a value
 *
 * Which letter a value has depends on the value alone.
 */

uint8_t *weir_json_canon_size(uint8_t *to, uint64_t n)
{
    for (; n >= 128; n >>= 7) {
        *to++ = (uint8_t)(n | 128);
    }
    *to++ = (uint8_t)n;
    return to;
}

uint64_t weir_json_canon_size_read(const uint8_t **from)
{
    uint64_t n = 0;
    unsigned shift = 0;

    while (**from >= 128) {
        n |= (uint64_t)(*(*from)++ & 127) << shift;
        shift += 7;
    }
    return n | (uint64_t) * (*from)++ << shift;
}

static int put_letter(struct weir_buf *to, char letter, uint64_t size, struct weir_err *err)
{
    uint8_t bytes[1 + WEIR_JSON_CANON_SIZE_BYTES] = {(uint8_t)letter};
    const uint8_t *end = weir_json_canon_size(bytes + 1, size);

    return weir_buf_add(to, bytes, (size_t)(end - bytes), err);
}

int weir_json_canon_word(enum weir_json_kind kind, struct weir_buf *to, struct weir_err *err)
{
    return weir_buf_adds(to,
        kind == WEIR_JSON_TRUE    ? "t"
        : kind == WEIR_JSON_FALSE ? "f"
                                  : "n",
        err);
}

int weir_json_canon_number(struct weir_str s, struct weir_buf *to, struct weir_err *err)
{
    struct weir_buf text;
    int64_t n;

    if (weir_number_small(s, &n)) { /* the small ones of either sign are the short ones */
        return put_letter(to, 'i', (uint64_t)n << 1 ^ (uint64_t)(n < 0 ? -1 : 0), err);
    }
    weir_buf_init(&text, s.len + 32);
    int rc = weir_number_canon(s, &text, err) != 0 || put_letter(to, 'd', text.len, err) != 0
                 ? -1
                 : weir_buf_add(to, text.p, text.len, err);
    weir_buf_fini(&text);
    return rc;
}

/* ---- strings ---- */

#define UUID_CHARS 36

/* A digit of the case that begins its letters with `a`; -1: it is none. */
static int hex(char c, char a)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= a && c < a + 6 ? c - a + 10 : -1;
}

/* Pack a UUID whose letters are all of that case. */
static bool pack_uuid(struct weir_str s, char a, uint8_t ret[16])
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    size_t n = 0;

    if (s.len != UUID_CHARS) {
        return false;
    }
    for (size_t i = 0; i < UUID_CHARS; i++) {
        const int digit = hex(s.p[i], a);
        if (shape[i] == '-' ? s.p[i] != '-' : digit < 0) {
            return false;
        }
        if (shape[i] == 'x') {
            ret[n / 2] = (uint8_t)((n % 2 == 0 ? 0 : ret[n / 2] << 4) | digit);
            n++;
        }
    }
    return true;
}

int weir_json_canon_string(struct weir_str s, struct weir_buf *to, struct weir_err *err)
{
    uint8_t uuid[1 + 16];

    for (int upper = 0; upper < 2; upper++) {
        if (pack_uuid(s, upper ? 'A' : 'a', uuid + 1)) {
            uuid[0] = upper ? 'U' : 'u';
            return weir_buf_add(to, uuid, sizeof uuid, err);
        }
    }
    return put_letter(to, 's', s.len, err) != 0 ? -1 : weir_buf_add(to, s.p, s.len, err);
}

/* ---- what has parts ---- */

struct member {
    struct weir_str name;
    const struct weir_json_value *at; /* the name; the value is behind it */
};

static int compare_members(const void *a, const void *b)
{
    return weir_str_cmp(((const struct member *)a)->name, ((const struct member *)b)->name);
}

static int put_object(const struct weir_json_tape *tape, const struct weir_json_value *v,
    struct weir_buf *to, struct weir_err *err)
{
    struct member *members = calloc((size_t)v->len + 1, sizeof *members);
    const struct weir_json_value *at = v + 1;

    if (members == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "json: out of memory");
    }
    for (uint32_t i = 0; i < v->len; i++, at = tape->v + at[1].next) {
        members[i] = (struct member){weir_json_text(tape, at), at};
    }
    qsort(members, v->len, sizeof *members, compare_members);
    int rc = put_letter(to, 'o', v->len, err);
    for (uint32_t i = 0; i < v->len && rc == 0; i++) {
        rc = weir_json_canon_string(members[i].name, to, err) != 0
                 ? -1
                 : weir_json_canon(tape, members[i].at + 1, to, err);
    }
    free(members);
    return rc;
}

static int put_array(const struct weir_json_tape *tape, const struct weir_json_value *v,
    struct weir_buf *to, struct weir_err *err)
{
    const struct weir_json_value *item = v + 1;
    int rc = put_letter(to, 'a', v->len, err);

    for (uint32_t i = 0; i < v->len && rc == 0; i++, item = tape->v + item->next) {
        rc = weir_json_canon(tape, item, to, err);
    }
    return rc;
}

int weir_json_canon(const struct weir_json_tape *tape, const struct weir_json_value *v,
    struct weir_buf *to, struct weir_err *err)
{
    switch ((enum weir_json_kind)v->kind) {
    case WEIR_JSON_NULL:
    case WEIR_JSON_FALSE:
    case WEIR_JSON_TRUE:
        break;
    case WEIR_JSON_NUMBER:
        return weir_json_canon_number(weir_json_text(tape, v), to, err);
    case WEIR_JSON_STRING:
        return weir_json_canon_string(weir_json_text(tape, v), to, err);
    case WEIR_JSON_ARRAY:
        return put_array(tape, v, to, err);
    case WEIR_JSON_OBJECT:
        return put_object(tape, v, to, err);
    }
    return weir_json_canon_word((enum weir_json_kind)v->kind, to, err);
}
