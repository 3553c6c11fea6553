/*
 * JSON texts in, what the strict parser makes of them out: what the comparison with other parsers
 * talks to. Reads cases from stdin until it ends:
 *
 *   <length> LF <text>
 *
 * and answers each with a line: the value, all on one line, or `refused <byte> <reason>`. Strings
 * are s and their bytes in hexadecimal, numbers n and their text; arrays and objects as in JSON,
 * with a comma behind each element.
 */
#include "core/limits.h"
#include "json/tape.h"

#include <stdio.h>
#include <stdlib.h>

static void put_text(char kind, struct weir_str s)
{
    putchar(kind);
    for (size_t i = 0; i < s.len; i++) {
        if (kind == 's') {
            printf("%02x", (unsigned char)s.p[i]);
        } else {
            putchar(s.p[i]);
        }
    }
}

/* Depth is the parser's to bound. Returns the entry after the value. */
static uint32_t put_value(const struct weir_json_tape *tape, uint32_t at)
{
    const struct weir_json_value *v = &tape->v[at];
    const bool object = v->kind == WEIR_JSON_OBJECT;
    uint32_t next = at + 1;

    switch ((enum weir_json_kind)v->kind) {
    case WEIR_JSON_NULL:
    case WEIR_JSON_FALSE:
    case WEIR_JSON_TRUE:
        fputs(v->kind == WEIR_JSON_NULL   ? "null"
              : v->kind == WEIR_JSON_TRUE ? "true"
                                          : "false",
            stdout);
        break;
    case WEIR_JSON_NUMBER:
        put_text('n', weir_json_text(tape, v));
        break;
    case WEIR_JSON_STRING:
        put_text('s', weir_json_text(tape, v));
        break;
    case WEIR_JSON_ARRAY:
    case WEIR_JSON_OBJECT:
        putchar(object ? '{' : '[');
        for (uint32_t i = 0; i < v->len; i++) {
            if (object) {
                next = put_value(tape, next);
                putchar(':');
            }
            next = put_value(tape, next);
            putchar(',');
        }
        putchar(object ? '}' : ']');
        break;
    }
    return next;
}

int main(void)
{
    struct weir_json_tape tape;
    struct weir_json_fault fault;
    char *text = malloc(WEIR_MIB);
    size_t len;
    int n, rc = text != NULL ? 0 : 3;

    weir_json_tape_init(&tape);
    while (rc == 0 && (n = scanf("%zu", &len)) != EOF) {
        if (n != 1 || len > WEIR_MIB || getchar() != '\n' || fread(text, 1, len, stdin) != len) {
            fprintf(stderr, "json_driver: cannot make sense of a case\n");
            rc = 2;
        } else if (weir_json_parse(&tape, text, len, &fault) != 0) {
            printf("refused %zu %s\n", fault.offset, fault.reason);
        } else {
            (void)put_value(&tape, 0);
            putchar('\n');
        }
    }
    weir_json_tape_fini(&tape);
    free(text);
    return rc;
}
