#include "handlers/validate/rules_read.h"

#include "aws/location.h"
#include "core/limits.h"
#include "core/str.h"
#include "handlers/validate/outkey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each kind of output: its variable, its member in the file, and where it goes when nobody says. */
static const struct {
    const char *variable, *member, *otherwise;
} outlets[WEIR_OUTLETS] = {
    [WEIR_OUTLET_MAIN] = {"WEIR_OUTPUT_KEY", "output_key", "validations/{stem}.{ext}.gz"},
    [WEIR_OUTLET_INVALID] = {"WEIR_INVALID_KEY", "invalid_key",
        "validations/{stem}.invalid.{ext}.gz"},
    [WEIR_OUTLET_SUMMARY] = {"WEIR_SUMMARY_KEY", "summary_key", NULL},
};

/* ---- schemas ---- */

/* A place as it is named in the file is looked for beside the file. */
static const char *resolve(
    struct weir_rules *r, const char *file, const char *place, struct weir_err *err)
{
    const char *slash = file != NULL ? strrchr(file, '/') : NULL;

    if (slash == NULL || *place == '/' || strstr(place, "://") != NULL) {
        return place;
    }
    return weir_rules_keep(r, err, "%.*s/%s", (int)(slash - file), file, place);
}

static int check_place(const char *place, struct weir_err *err)
{
    struct weir_location location = {0};
    int rc = weir_location_parse(place, &location, err);

    if (rc == 0 && location.kind == WEIR_LOCATION_STD) {
        rc = weir_err_set(err, WEIR_E_CONFIG, "must be a path or s3://bucket/key");
    }
    weir_location_fini(&location);
    return rc;
}

/* Whether the rule's objects are tables, as far as one knows without them. */
static bool is_for_rows(const struct weir_rule *rule)
{
    struct weir_validate_options o = rule->options; /* nothing of it is released */

    weir_validate_options_resolve(&o, rule->suffix, NULL);
    return o.input == WEIR_INPUT_CSV;
}

/* The number of a schema in the list; it is put there when it is new. */
static int add_schema(const struct weir_rule_reader *in, const char *at, const char *place,
    size_t *ret, struct weir_err *err)
{
    struct weir_rules *r = in->rules;
    const bool annotate = in->rule->options.formats == WEIR_FORMATS_ANNOTATE;
    const bool rows = is_for_rows(in->rule);

    for (size_t i = 0; i < r->schemas_n; i++) {
        const struct weir_rule_schema *s = &r->schemas[i];
        if (strcmp(s->place, place) == 0 && s->annotate == annotate && s->rows == rows) {
            *ret = i;
            return 0;
        }
    }
    if (check_place(place, err) != 0) {
        return -1;
    }
    if (r->schemas_n == WEIR_RULES_SCHEMAS_MAX) {
        return weir_err_set(err, WEIR_E_LIMIT, "more than %d schemas", WEIR_RULES_SCHEMAS_MAX);
    }
    void *more = weir_rules_grow(r->schemas, r->schemas_n, sizeof *r->schemas, err);
    if (more == NULL) {
        return -1;
    }
    r->schemas = more;
    r->schemas[r->schemas_n] =
        (struct weir_rule_schema){.at = at, .place = place, .annotate = annotate, .rows = rows};
    *ret = r->schemas_n++;
    return 0;
}

/* Names that objects may have in their metadata: they go into messages, too. */
static bool is_name(const char *s)
{
    const size_t n = strlen(s);

    return n > 0 && n <= WEIR_RULE_NAME_MAX_BYTES &&
           s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] ==
               '\0';
}

static int add_name(
    const struct weir_rule_reader *in, const struct weir_doc *at, struct weir_err *err)
{
    struct weir_rule *rule = in->rule;
    struct weir_err why = {0};

    if (!is_name(at->name)) {
        return weir_doc_error(at, NULL,
            "must be a name of 1 to 64 letters, digits, dots, lines and underscores", WEIR_E_CONFIG,
            err);
    }
    if (!cJSON_IsString(at->v)) {
        return weir_doc_error(at, NULL, "must be a path or s3://bucket/key", WEIR_E_CONFIG, err);
    }
    void *more = weir_rules_grow(rule->names, rule->names_n, sizeof *rule->names, err);
    if (more == NULL) {
        return -1;
    }
    rule->names = more;
    struct weir_rule_name *name = &rule->names[rule->names_n++];
    name->name = at->name;
    const char *pointer =
        weir_rules_keep(in->rules, err, "WEIR_RULES: %s/schemas/%s", rule->at, at->name);
    const char *place = resolve(in->rules, in->settings->rules, at->v->valuestring, err);
    if (pointer == NULL || place == NULL) {
        return -1;
    }
    return add_schema(in, pointer, place, &name->schema, &why) == 0
               ? 0
               : weir_doc_error(at, NULL, why.msg, why.code, err);
}

/* After the options, on which it depends how a schema is loaded. */
static int take_schemas(const struct weir_rule_reader *in, struct weir_err *err)
{
    struct weir_doc names, item = {0};
    const char *text = NULL, *place = in->settings->schema, *at = "WEIR_SCHEMA";
    struct weir_err why = {0};

    in->rule->schema = WEIR_RULE_NO_SCHEMA;
    if (in->doc != NULL && weir_doc_string_opt(in->doc, "schema", &text, err) != 0) {
        return -1;
    }
    if (text != NULL) {
        place = resolve(in->rules, in->settings->rules, text, err);
        at = weir_rules_keep(in->rules, err, "WEIR_RULES: %s/schema", in->rule->at);
        if (place == NULL || at == NULL) {
            return -1;
        }
    }
    if (place != NULL && add_schema(in, at, place, &in->rule->schema, &why) != 0) {
        return text != NULL ? weir_doc_error(in->doc, "schema", why.msg, why.code, err)
                            : weir_err_set(err, why.code, "WEIR_SCHEMA: %s", why.msg);
    }
    if (in->doc != NULL && weir_doc_has(in->doc, "schemas")) {
        if (weir_doc_object(in->doc, "schemas", &names, err) != 0) {
            return -1;
        }
        while (weir_doc_each(&names, &item)) {
            if (add_name(in, &item, err) != 0) {
                return -1;
            }
        }
    }
    if (in->rule->schema == WEIR_RULE_NO_SCHEMA && in->rule->names_n == 0) {
        return in->doc != NULL ? weir_doc_error(in->doc, "schema",
                                     "missing: no schema is named, and WEIR_SCHEMA is not set",
                                     WEIR_E_CONFIG, err)
                               : weir_err_set(err, WEIR_E_CONFIG, "WEIR_SCHEMA: is not set");
    }
    return 0;
}

/* ---- options and outputs ---- */

static int take_settings_options(
    const char *text, struct weir_validate_options *o, struct weir_err *err)
{
    struct weir_err why = {0};
    const struct weir_doc root = {.v = weir_doc_parse("JSON", text, strlen(text), &why)};
    int rc = root.v != NULL ? weir_validate_options_json(o, &root, &why) : -1;

    rc = rc == 0 ? weir_validate_options_check(o, &why) : rc;
    cJSON_Delete((cJSON *)(uintptr_t)root.v);
    if (rc != 0) {
        weir_rules_config_error(&why, err);
        weir_err_prefix(err, "WEIR_OPTIONS");
    }
    return rc;
}

/* The environment's, and over them the rule's own. */
static int take_options(const struct weir_rule_reader *in, struct weir_err *err)
{
    struct weir_validate_options *o = &in->rule->options;
    struct weir_doc own;
    struct weir_err why = {0};

    if (in->settings->options != NULL &&
        take_settings_options(in->settings->options, o, err) != 0) {
        return -1;
    }
    if (in->doc == NULL || !weir_doc_member(in->doc, "options", &own)) {
        return 0;
    }
    if (weir_validate_options_json(o, &own, err) != 0) {
        return -1;
    }
    return weir_validate_options_check(o, &why) == 0
               ? 0
               : weir_doc_error(&own, NULL, why.msg, why.code, err);
}

static int output_error(
    const struct weir_recursion_output *o, const char *why, struct weir_err *err)
{
    return weir_err_set(err, WEIR_E_CONFIG, "%s: %s", o->name, why);
}

/* One template: the rule's own, the environment's, or the one that is there otherwise. */
static int take_output(const struct weir_rule_reader *in, size_t outlet, struct weir_err *err)
{
    struct weir_recursion_output *o = &in->rule->outputs[outlet];
    const bool split = in->rule->options.output == WEIR_OUTPUT_SPLIT;
    const bool own = in->doc != NULL && weir_doc_has(in->doc, outlets[outlet].member);
    struct weir_err why = {0};
    const char *text = NULL;

    o->name = outlets[outlet].variable;
    o->pattern =
        in->settings->keys[outlet] != NULL ? in->settings->keys[outlet] : outlets[outlet].otherwise;
    if (own) {
        o->name = weir_rules_keep(in->rules, err, "%s/%s", in->rule->at, outlets[outlet].member);
        if (o->name == NULL ||
            weir_doc_string_opt(in->doc, outlets[outlet].member, &text, err) != 0) {
            return -1;
        }
        o->pattern = text;
    }
    if (outlet == WEIR_OUTLET_INVALID && !split) {
        const bool said =
            own ? text != NULL : in->doc == NULL && in->settings->keys[outlet] != NULL;
        o->pattern = NULL;
        return said ? output_error(o, "is of output split alone", err) : 0;
    }
    if (o->pattern == NULL) {
        return outlet == WEIR_OUTLET_SUMMARY ? 0 : output_error(o, "must be a key", err);
    }
    return weir_outkey_check(o->pattern, &why) == 0 ? 0 : output_error(o, why.msg, err);
}

static int take_outputs(const struct weir_rule_reader *in, struct weir_err *err)
{
    struct weir_recursion_output *outputs = in->rule->outputs;
    const char *bucket = in->settings->output_bucket, *own = NULL;
    struct weir_err why = {0};

    if (in->doc != NULL && weir_doc_string_opt(in->doc, "output_bucket", &own, err) != 0) {
        return -1;
    }
    bucket = own != NULL ? own : bucket;
    if (bucket != NULL && weir_s3_bucket_check(bucket, &why) != 0) {
        return own != NULL ? weir_doc_error(in->doc, "output_bucket", why.msg, why.code, err)
                           : weir_err_set(err, why.code, "WEIR_OUTPUT_BUCKET: %s", why.msg);
    }
    for (size_t i = 0; i < WEIR_OUTLETS; i++) {
        outputs[i].bucket = bucket;
        if (take_output(in, i, err) != 0) {
            return -1;
        }
        for (size_t k = 0; outputs[i].pattern != NULL && k < i; k++) {
            if (outputs[k].pattern != NULL && strcmp(outputs[k].pattern, outputs[i].pattern) == 0) {
                return weir_err_set(
                    err, WEIR_E_CONFIG, "%s: is the same as %s", outputs[i].name, outputs[k].name);
            }
        }
    }
    return 0;
}

/* ---- a rule ---- */

static int check_members(const struct weir_doc *doc, bool ignore, struct weir_err *err)
{
    static const char *const known[] = {"prefix", "suffix", "ignore", "description", "schema",
        "schemas", "options", "output_bucket", "output_key", "invalid_key", "summary_key"};
    struct weir_doc item = {0};

    while (weir_doc_each(doc, &item)) {
        size_t i = 0;
        while (i < sizeof known / sizeof known[0] && strcmp(known[i], item.name) != 0) {
            i++;
        }
        if (i == sizeof known / sizeof known[0]) {
            return weir_doc_error(&item, NULL, "no such member of a rule", WEIR_E_CONFIG, err);
        }
        if (ignore && i > 3) {
            return weir_doc_error(
                &item, NULL, "means nothing in a rule that ignores", WEIR_E_CONFIG, err);
        }
    }
    return 0;
}

/* A rule that can never be the first is a mistake. */
static int check_order(const struct weir_rule_reader *in, struct weir_err *err)
{
    const struct weir_rule *rule = in->rule;
    char why[64];

    for (const struct weir_rule *r = in->rules->items; r < rule; r++) {
        if (strncmp(rule->prefix, r->prefix, strlen(r->prefix)) == 0 &&
            weir_str_ends(weir_str_of(rule->suffix), r->suffix)) {
            (void)snprintf(why, sizeof why, "is never used: %s takes all of its keys", r->at);
            return weir_doc_error(in->doc, NULL, why, WEIR_E_CONFIG, err);
        }
    }
    return 0;
}

int weir_rule_read(const struct weir_rule_reader *in, struct weir_err *err)
{
    struct weir_rule *rule = in->rule;
    const char *prefix = NULL, *suffix = NULL, *description = NULL;

    if (in->doc != NULL) {
        if (!cJSON_IsObject(in->doc->v)) {
            return weir_doc_error(in->doc, NULL, "must be an object", WEIR_E_CONFIG, err);
        }
        if (weir_doc_bool_opt(in->doc, "ignore", &rule->ignore, err) != 0 ||
            check_members(in->doc, rule->ignore, err) != 0 ||
            weir_doc_string_opt(in->doc, "prefix", &prefix, err) != 0 ||
            weir_doc_string_opt(in->doc, "suffix", &suffix, err) != 0 ||
            weir_doc_string_opt(in->doc, "description", &description, err) != 0) {
            return -1;
        }
    }
    rule->prefix = prefix != NULL ? prefix : "";
    rule->suffix = suffix != NULL ? suffix : "";
    if (check_order(in, err) != 0) {
        return -1;
    }
    if (rule->ignore) {
        return 0;
    }
    return take_options(in, err) != 0 || take_outputs(in, err) != 0 ? -1 : take_schemas(in, err);
}
