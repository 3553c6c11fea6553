#include "schema/text.h"

#include "core/utf8.h"

#include <stdio.h>

#define TOKEN_MAX_BYTES 64

void weir_text_init(struct weir_text *t, char *buf, size_t size)
{
    *t = (struct weir_text){.p = buf, .size = size};
    buf[0] = '\0';
}

/* The end says that more was to come. */
static void mark_cut(struct weir_text *t)
{
    const size_t dots = 3;

    if (!t->cut) {
        size_t n = t->size - 1 - dots;
        n = weir_utf8_cut(t->p, t->len, n);
        memcpy(t->p + n, "...", dots + 1);
        t->len = n + dots;
        t->cut = true;
    }
}

static void add(struct weir_text *t, const char *p, size_t n)
{
    if (t->cut) {
        return;
    }
    size_t room = t->size - 1 - t->len;
    if (n <= room) {
        memcpy(t->p + t->len, p, n);
        t->len += n;
        t->p[t->len] = '\0';
        return;
    }
    n = weir_utf8_cut(p, n, room);
    memcpy(t->p + t->len, p, n);
    t->len += n;
    mark_cut(t);
}

void weir_text_add(struct weir_text *t, const char *s)
{
    add(t, s, strlen(s));
}

static void add_clean(struct weir_text *t, struct weir_str s, size_t max, bool token)
{
    size_t i = 0;

    while (i < s.len && !t->cut) {
        unsigned char c = (unsigned char)s.p[i];
        size_t n = 1;
        while (c >= 0x80 && n < 4 && i + n < s.len && ((unsigned char)s.p[i + n] & 0xC0) == 0x80) {
            n++;
        }
        if (i + n > max) {
            add(t, "...", 3);
            return;
        }
        if (c < 0x20 || c == 0x7F || weir_utf8_check(s.p + i, n) < n) {
            add(t, "?", 1);
        } else if (token && (c == '~' || c == '/')) {
            add(t, c == '~' ? "~0" : "~1", 2);
        } else {
            add(t, s.p + i, n);
        }
        i += n;
    }
}

void weir_text_name(struct weir_text *t, struct weir_str s, size_t max)
{
    add_clean(t, s, max, false);
}

void weir_text_shown(struct weir_text *t, struct weir_str s, size_t max)
{
    weir_text_name(t, s.len > 0 ? s : WEIR_STR("\"\""), max);
}

void weir_text_token(struct weir_text *t, struct weir_str s, size_t max)
{
    add(t, "/", 1);
    add_clean(t, s, max, true);
}

void weir_text_index(struct weir_text *t, size_t index)
{
    char buf[32];

    snprintf(buf, sizeof buf, "/%zu", index);
    weir_text_add(t, buf);
}

void weir_text_pointer(struct weir_text *t, const struct weir_json_tape *tape, uint32_t at)
{
    uint32_t here = 0;

    while (here != at) {
        bool object = tape->v[here].kind == WEIR_JSON_OBJECT;
        uint32_t child = here + 1;
        size_t index = 0;
        /* The child in whose range the entry lies; an object's child is a name and a value. */
        for (;; index++) {
            uint32_t value = object ? child + 1 : child;
            if (at < tape->v[value].next) {
                if (object) {
                    weir_text_token(t, weir_json_text(tape, &tape->v[child]), TOKEN_MAX_BYTES);
                } else {
                    weir_text_index(t, index);
                }
                here = value;
                break;
            }
            child = tape->v[value].next;
        }
    }
}

void weir_text_value(
    struct weir_text *t, const struct weir_json_tape *tape, const struct weir_json_value *v)
{
    switch ((enum weir_json_kind)v->kind) {
    case WEIR_JSON_NULL:
        weir_text_add(t, "null");
        break;
    case WEIR_JSON_FALSE:
        weir_text_add(t, "false");
        break;
    case WEIR_JSON_TRUE:
        weir_text_add(t, "true");
        break;
    case WEIR_JSON_NUMBER:
        weir_text_name(t, weir_json_text(tape, v), TOKEN_MAX_BYTES);
        break;
    case WEIR_JSON_STRING:
        weir_text_shown(t, weir_json_text(tape, v), TOKEN_MAX_BYTES);
        break;
    case WEIR_JSON_ARRAY:
        weir_text_add(t, v->len > 0 ? "[...]" : "[]");
        break;
    case WEIR_JSON_OBJECT:
        weir_text_add(t, v->len > 0 ? "{...}" : "{}");
        break;
    }
}

void weir_text_types(struct weir_text *t, unsigned types)
{
    static const char *const names[] = {
        "null", "a boolean", "a number", "an integer", "a string", "an array", "an object"};
    bool first = true;

    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if ((types >> i & 1) == 0) {
            continue;
        }
        bool last = types >> (i + 1) == 0;
        weir_text_add(t, first ? "" : last ? " or " : ", ");
        weir_text_add(t, names[i]);
        first = false;
    }
}
