#include "handlers/validate/recursion.h"

#include <stdbool.h>
#include <string.h>

static bool begins(const char *s, const char *start, size_t n)
{
    return strncmp(s, start, n) == 0;
}

/* The prefix that a key, or a template, is under; NULL: none. */
static const struct weir_recursion_input *above(const struct weir_recursion *r, const char *key)
{
    for (size_t i = 0; i < r->inputs_n; i++) {
        if (begins(key, r->inputs[i].prefix, strlen(r->inputs[i].prefix))) {
            return &r->inputs[i];
        }
    }
    return NULL;
}

/* One output, that goes to the input's bucket. */
static int check_pattern(
    const struct weir_recursion *r, const struct weir_recursion_output *o, struct weir_err *err)
{
    const struct weir_recursion_input *in = above(r, o->pattern);
    const size_t fixed = strcspn(o->pattern, "{");

    if (begins(o->pattern, "{key}", strlen("{key}"))) {
        return weir_err_set(err, WEIR_E_CONFIG,
            "%s begins with {key}: an output would trigger the function again; let it begin with "
            "another folder, or set an output bucket",
            o->name);
    }
    if (in != NULL) {
        return weir_err_set(err, WEIR_E_CONFIG,
            "%s begins with %s (%.64s): an output would trigger the function again; let it begin "
            "with another folder, or set an output bucket",
            o->name, in->name, in->prefix);
    }
    for (size_t i = 0; fixed > 0 && i < r->inputs_n; i++) {
        if (begins(r->inputs[i].prefix, o->pattern, fixed)) {
            return weir_err_set(err, WEIR_E_CONFIG,
                "%s (%.64s) begins as the outputs of %s do: an input there could be an output, and "
                "would be refused",
                r->inputs[i].name, r->inputs[i].prefix, o->name);
        }
    }
    return 0;
}

int weir_recursion_init(const struct weir_recursion *r, struct weir_err *err)
{
    for (size_t i = 0; i < r->outputs_n; i++) {
        /* a bucket that is named may be another than the input's: each record tells */
        if (r->outputs[i].bucket == NULL && check_pattern(r, &r->outputs[i], err) != 0) {
            return -1;
        }
    }
    return 0;
}

static bool same_bucket(const struct weir_recursion_output *o, const struct weir_s3_record *record)
{
    return o->bucket == NULL || strcmp(o->bucket, record->bucket) == 0;
}

int weir_recursion_input(
    const struct weir_recursion *r, const struct weir_s3_record *record, struct weir_err *err)
{
    for (size_t i = 0; i < r->outputs_n; i++) {
        const struct weir_recursion_output *o = &r->outputs[i];
        const size_t fixed = strcspn(o->pattern, "{");
        if (!same_bucket(o, record)) {
            continue;
        }
        if (fixed > 0 && begins(record->key, o->pattern, fixed)) {
            return weir_err_set(err, WEIR_E_CONFIG,
                "the input lies where %s puts outputs: the trigger must leave these out", o->name);
        }
        if (fixed == 0 && above(r, record->key) == NULL) {
            return weir_err_set(err, WEIR_E_CONFIG,
                "the input is not under %s (%.64s)%s, and might be an output: %s begins with a "
                "brace",
                r->inputs[0].name, r->inputs[0].prefix,
                r->inputs_n > 1 ? " or a rule's prefix" : "", o->name);
        }
    }
    return 0;
}

int weir_recursion_output(const struct weir_recursion *r, const struct weir_recursion_output *o,
    const struct weir_s3_record *record, const char *key, struct weir_err *err)
{
    const char *slash = strrchr(record->key, '/');
    const size_t folder = slash != NULL ? (size_t)(slash - record->key) + 1 : 0;

    if (!same_bucket(o, record)) {
        return 0;
    }
    if (strcmp(key, record->key) == 0) {
        return weir_err_set(err, WEIR_E_CONFIG, "%s: the output would replace its input", o->name);
    }
    if (above(r, key) != NULL || (folder > 0 && begins(key, record->key, folder))) {
        return weir_err_set(err, WEIR_E_CONFIG,
            "%s: the output would lie where the input comes from and trigger the function again",
            o->name);
    }
    return 0;
}
