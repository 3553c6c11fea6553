#include "json/doc.h"

#include "core/limits.h"
#include "json/tape.h"

#include <math.h>
#include <stdio.h>

#define PATH_BYTES 160
#define EXACT_MAX 9007199254740991.0 /* 2^53 - 1: cJSON keeps numbers as doubles */

/* What is valid JSON and yet would not survive cJSON. */
static int check_for_cjson(
    const char *what, const struct weir_json_tape *tape, struct weir_err *err)
{
    for (size_t i = 0; i < tape->n; i++) {
        struct weir_str s = weir_json_text(tape, &tape->v[i]);
        if (tape->v[i].kind == WEIR_JSON_STRING && tape->v[i].decoded &&
            memchr(s.p, '\0', s.len) != NULL) {
            return weir_err_set(err, WEIR_E_DATA, "%s: a string has U+0000 in it", what);
        }
        if (tape->v[i].kind == WEIR_JSON_NUMBER && s.len > WEIR_DOC_NUMBER_MAX_BYTES) {
            return weir_err_set(err, WEIR_E_LIMIT,
                "%s: byte %zu: a number of %zu characters, at most %d are read", what,
                (size_t)tape->v[i].off + 1, s.len, WEIR_DOC_NUMBER_MAX_BYTES);
        }
    }
    return 0;
}

cJSON *weir_doc_parse(const char *what, const char *text, size_t len, struct weir_err *err)
{
    struct weir_json_tape tape;
    struct weir_json_fault fault;
    cJSON *ret = NULL;

    weir_json_tape_init(&tape);
    if (len > WEIR_JSON_DOC_MAX_BYTES) {
        weir_err_set(err, WEIR_E_LIMIT, "%s: %zu bytes, at most %zu are read", what, len,
            (size_t)WEIR_JSON_DOC_MAX_BYTES);
        goto out;
    }
    if (len == 0) {
        weir_err_set(err, WEIR_E_DATA, "%s: the text is empty", what);
        goto out;
    }
    if (weir_json_parse(&tape, text, len, &fault) == -1) {
        weir_err_set(
            err, fault.code, "%s: not JSON: %s at byte %zu", what, fault.reason, fault.offset + 1);
        goto out;
    }
    if (check_for_cjson(what, &tape, err) == -1) {
        goto out;
    }
    if (tape.n > WEIR_DOC_VALUES_MAX) {
        weir_err_set(err, WEIR_E_LIMIT, "%s: more than %zu names and values", what,
            (size_t)WEIR_DOC_VALUES_MAX);
        goto out;
    }
    weir_json_tape_fini(&tape); /* its memory may be what the tree needs */
    ret = cJSON_ParseWithLengthOpts(text, len, NULL, false);
    if (ret == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "%s: out of memory", what);
    }
out:
    weir_json_tape_fini(&tape);
    return ret;
}

/* Write the pointer of `at` in front of path[end]; returns where it begins. Cut at the front. */
static size_t pointer_backwards(
    char path[PATH_BYTES], size_t end, const struct weir_doc *at, const char *leaf)
{
    char number[24];

    for (;; leaf = NULL) {
        const char *token = leaf;
        if (token == NULL) {
            if (at == NULL || at->up == NULL) {
                return end;
            }
            token = at->name;
            if (token == NULL) {
                snprintf(number, sizeof number, "%zu", at->index);
                token = number;
            }
            at = at->up;
        }
        for (size_t i = strlen(token); i > 0 && end > 4; i--) {
            char c = token[i - 1];
            if (c == '~' || c == '/') {
                path[--end] = c == '~' ? '0' : '1';
                c = '~';
            }
            path[--end] = c;
        }
        if (end <= 4) {
            while (((unsigned char)path[end] & 0xC0) == 0x80) {
                end++; /* the rest of a character */
            }
            memcpy(path + end - 3, "...", 3);
            return end - 3;
        }
        path[--end] = '/';
    }
}

int weir_doc_error(const struct weir_doc *at, const char *name, const char *why,
    enum weir_code code, struct weir_err *err)
{
    char path[PATH_BYTES];

    path[PATH_BYTES - 1] = '\0';
    size_t begin = pointer_backwards(path, PATH_BYTES - 1, at, name);
    if (path[begin] == '\0') {
        return weir_err_set(err, code, "the document: %s", why);
    }
    return weir_err_set(err, code, "%s: %s", path + begin, why);
}

bool weir_doc_member(const struct weir_doc *at, const char *name, struct weir_doc *ret)
{
    const cJSON *v = cJSON_IsObject(at->v) ? cJSON_GetObjectItemCaseSensitive(at->v, name) : NULL;

    if (v == NULL) {
        return false;
    }
    *ret = (struct weir_doc){.v = v, .up = at, .name = name};
    return true;
}

bool weir_doc_has(const struct weir_doc *at, const char *name)
{
    struct weir_doc ignored;

    return weir_doc_member(at, name, &ignored);
}

static int member_of_type(const struct weir_doc *at, const char *name,
    cJSON_bool (*is)(const cJSON *), const char *why, struct weir_doc *ret, struct weir_err *err)
{
    struct weir_doc found;

    if (!cJSON_IsObject(at->v)) {
        return weir_doc_error(at, NULL, "must be an object", WEIR_E_DATA, err);
    }
    if (!weir_doc_member(at, name, &found)) {
        return weir_doc_error(at, name, "missing", WEIR_E_DATA, err);
    }
    if (!is(found.v)) {
        return weir_doc_error(at, name, why, WEIR_E_DATA, err);
    }
    *ret = found;
    return 0;
}

int weir_doc_object(
    const struct weir_doc *at, const char *name, struct weir_doc *ret, struct weir_err *err)
{
    return member_of_type(at, name, cJSON_IsObject, "must be an object", ret, err);
}

int weir_doc_array(
    const struct weir_doc *at, const char *name, struct weir_doc *ret, struct weir_err *err)
{
    return member_of_type(at, name, cJSON_IsArray, "must be an array", ret, err);
}

int weir_doc_string(
    const struct weir_doc *at, const char *name, const char **ret, struct weir_err *err)
{
    struct weir_doc found;

    if (member_of_type(at, name, cJSON_IsString, "must be a string", &found, err) == -1) {
        return -1;
    }
    *ret = found.v->valuestring;
    return 0;
}

int weir_doc_string_opt(
    const struct weir_doc *at, const char *name, const char **ret, struct weir_err *err)
{
    struct weir_doc found;

    if (cJSON_IsObject(at->v) && (!weir_doc_member(at, name, &found) || cJSON_IsNull(found.v))) {
        *ret = NULL;
        return 0;
    }
    return weir_doc_string(at, name, ret, err);
}

int weir_doc_bool_opt(const struct weir_doc *at, const char *name, bool *ret, struct weir_err *err)
{
    struct weir_doc found;

    if (cJSON_IsObject(at->v) && (!weir_doc_member(at, name, &found) || cJSON_IsNull(found.v))) {
        return 0;
    }
    if (member_of_type(at, name, cJSON_IsBool, "must be true or false", &found, err) == -1) {
        return -1;
    }
    *ret = cJSON_IsTrue(found.v) != 0;
    return 0;
}

int weir_doc_int(const struct weir_doc *at, const char *name, int64_t min, int64_t max,
    int64_t *ret, struct weir_err *err)
{
    struct weir_doc found;
    char why[96];

    if (member_of_type(at, name, cJSON_IsNumber, "must be a whole number", &found, err) == -1) {
        return -1;
    }
    double d = found.v->valuedouble;
    if (!(d >= -EXACT_MAX && d <= EXACT_MAX) || d < (double)min || d > (double)max ||
        floor(d) < d) {
        snprintf(why, sizeof why, "must be a whole number from %lld to %lld", (long long)min,
            (long long)max);
        return weir_doc_error(at, name, why, WEIR_E_DATA, err);
    }
    *ret = (int64_t)d;
    return 0;
}

bool weir_doc_each(const struct weir_doc *at, struct weir_doc *item)
{
    bool first = item->v == NULL;
    const cJSON *v = !first ? item->v->next : at->v == NULL ? NULL : at->v->child;

    if (v == NULL) {
        return false;
    }
    *item = (struct weir_doc){.v = v,
        .up = at,
        .name = cJSON_IsObject(at->v) ? v->string : NULL,
        .index = first ? 0 : item->index + 1};
    return true;
}
