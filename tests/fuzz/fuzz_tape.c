/*
 * The strict parser on any bytes: the tape must lead from its start to its end, and what it accepts
 * cJSON, which accepts more, must accept too, with the same shape.
 */
#include "core/utf8.h"
#include "json/number.h"
#include "json/value.h"
#include "tests/fuzz/must.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#define CJSON_NUMBER_MAX 63 /* it refuses longer ones */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Compare a value with cJSON's; returns the entry after it. */
static uint32_t walk(
    const struct weir_json_tape *tape, uint32_t at, const cJSON *c, bool *long_number)
{
    const struct weir_json_value *v = &tape->v[at];
    struct weir_str s = weir_json_text(tape, v);
    uint32_t next = at + 1;

    must(at < tape->n);
    if (v->kind == WEIR_JSON_NUMBER) {
        must(weir_number_valid(s));
        must(weir_number_cmp(s, s) == 0);
        *long_number = *long_number || s.len > CJSON_NUMBER_MAX;
        must(c == NULL || cJSON_IsNumber(c));
    } else if (v->kind == WEIR_JSON_STRING) {
        must(weir_utf8_check(s.p, s.len) == s.len);
        must(c == NULL || cJSON_IsString(c));
        if (c != NULL && memchr(s.p, '\0', s.len) == NULL) {
            must(strlen(c->valuestring) == s.len && memcmp(c->valuestring, s.p, s.len) == 0);
        }
    } else if (v->kind == WEIR_JSON_ARRAY || v->kind == WEIR_JSON_OBJECT) {
        bool object = v->kind == WEIR_JSON_OBJECT;
        const cJSON *child = c == NULL ? NULL : c->child;
        must(c == NULL || (object ? cJSON_IsObject(c) : cJSON_IsArray(c)));
        for (uint32_t i = 0; i < v->len; i++) {
            must(c == NULL || child != NULL);
            if (object) {
                must(tape->v[next].kind == WEIR_JSON_STRING);
                must(weir_json_member(tape, v, weir_json_text(tape, &tape->v[next])) ==
                     &tape->v[next + 1]);
                next++;
            }
            next = walk(tape, next, child, long_number);
            child = child == NULL ? NULL : child->next;
        }
        must(child == NULL);
    }
    must(v->next == next);
    return next;
}

/* Twice, as two members of an object that is put together of pieces. */
static void put_together(const char *text, size_t size)
{
    struct weir_json_tape tape;
    struct weir_json_fault fault;
    char *copy = malloc(2 + 2 * size);

    must(copy != NULL);
    copy[0] = 'a';
    copy[1] = 'b';
    memcpy(copy + 2, text, size);
    memcpy(copy + 2 + size, text, size);
    weir_json_tape_init(&tape);
    weir_json_begin(&tape, copy, 2 + 2 * size);
    must(weir_json_put(&tape, WEIR_JSON_OBJECT, 0, 0, &fault) == 0);
    for (size_t i = 0; i < 2; i++) {
        must(weir_json_put(&tape, WEIR_JSON_STRING, i, 1, &fault) > 0);
        must(weir_json_append(&tape, 2 + i * size, size, false, &fault) > 0);
        size_t n = tape.n;
        must(weir_json_append(&tape, 0, 1, false, &fault) == -1 && tape.n == n);
    }
    tape.v[0].len = 2;
    tape.v[0].next = (uint32_t)tape.n;
    bool ignored = false;
    must(walk(&tape, 0, NULL, &ignored) == tape.n);
    must(weir_json_equal(&tape, weir_json_member(&tape, tape.v, WEIR_STR("a")), &tape,
        weir_json_member(&tape, tape.v, WEIR_STR("b"))));
    weir_json_tape_fini(&tape);
    free(copy);
}

/* The tape of a text, or its fault, must be that of the same text with doubled quotes. */
static void double_quotes(const char *text, size_t size, const struct weir_json_tape *single,
    const struct weir_json_fault *why)
{
    struct weir_json_tape tape;
    struct weir_json_fault fault;
    size_t n = 0;
    char *copy = malloc(2 * size + 1);

    must(copy != NULL);
    for (size_t i = 0; i < size; i++) {
        copy[n++] = text[i];
        if (text[i] == '"') {
            copy[n++] = '"';
        }
    }
    weir_json_tape_init(&tape);
    weir_json_begin(&tape, copy, n);
    bool good = weir_json_append(&tape, 0, n, true, &fault) == 0;
    must(good == (why == NULL));
    if (!good) {
        must(strcmp(fault.reason, why->reason) == 0 && fault.offset == why->offset);
    } else {
        must(tape.n == single->n);
        for (size_t i = 0; i < tape.n; i++) {
            const struct weir_json_value *a = &tape.v[i], *b = &single->v[i];
            must(a->kind == b->kind && a->len == b->len && a->next == b->next);
            must((a->kind != WEIR_JSON_STRING && a->kind != WEIR_JSON_NUMBER) ||
                 weir_str_eq(weir_json_text(&tape, a), weir_json_text(single, b)));
        }
    }
    weir_json_tape_fini(&tape);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weir_json_tape tape;
    struct weir_json_fault fault = {.offset = 0};
    const char *text = (const char *)data;
    bool long_number = false;

    weir_json_tape_init(&tape);
    if (weir_json_parse(&tape, text, size, &fault) == 0) {
        must(walk(&tape, 0, NULL, &long_number) == tape.n);
        must(weir_json_equal(&tape, tape.v, &tape, tape.v));
        cJSON *c = cJSON_ParseWithLengthOpts(text, size, NULL, 0);
        must(c != NULL || long_number);
        if (c != NULL) {
            walk(&tape, 0, c, &long_number);
        }
        cJSON_Delete(c);
        if (size < 4096) {
            put_together(text, size);
            double_quotes(text, size, &tape, NULL);
        }
        /* Without its last byte it is something else, but still read within bounds. */
        if (size > 0 && size < 4096) {
            char *copy = malloc(size);
            must(copy != NULL);
            memcpy(copy, text, size);
            (void)weir_json_parse(&tape, copy, size - 1, &fault);
            free(copy);
        }
    } else {
        must(fault.reason != NULL && fault.offset <= size && fault.code != WEIR_OK);
        if (size < 4096 && weir_utf8_check(text, size) == size) {
            double_quotes(text, size, &tape, &fault);
        }
    }
    weir_json_tape_fini(&tape);
    return 0;
}
