#include "handlers/validate/rules.h"

#include "core/limits.h"
#include "core/str.h"
#include "handlers/validate/outkey.h"
#include "handlers/validate/rules_read.h"
#include "json/doc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_PREFIX "uploads/"

/* A text that lives as long as the rules. */
struct weir_rule_text {
    struct weir_rule_text *next;
    char s[];
};

const char *weir_rules_keep(struct weir_rules *r, struct weir_err *err, const char *fmt, ...)
{
    struct weir_rule_text *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    const int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n >= 0) {
        text = malloc(sizeof *text + (size_t)n + 1);
    }
    if (text == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "rules: out of memory");
        return NULL;
    }
    va_start(ap, fmt);
    (void)vsnprintf(text->s, (size_t)n + 1, fmt, ap);
    va_end(ap);
    text->next = r->texts;
    r->texts = text;
    return text->s;
}

void *weir_rules_grow(void *items, size_t n, size_t size, struct weir_err *err)
{
    void *more = items;

    if ((n & (n - 1)) == 0) {
        more = reallocarray(items, n > 0 ? 2 * n : 1, size);
    }
    if (more == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "rules: out of memory");
        return NULL;
    }
    memset((char *)more + n * size, 0, size);
    return more;
}

int weir_rules_config_error(const struct weir_err *why, struct weir_err *err)
{
    return weir_err_set(err, why->code == WEIR_E_DATA ? WEIR_E_CONFIG : why->code, "%s", why->msg);
}

void weir_rule_settings_read(struct weir_rule_settings *ret,
    const char *(*get)(const void *ctx, const char *name), const void *ctx)
{
    const struct {
        const char *name, **to;
    } all[] = {{"WEIR_RULES", &ret->rules}, {"WEIR_SCHEMA", &ret->schema},
        {"WEIR_OPTIONS", &ret->options}, {"WEIR_OUTPUT_BUCKET", &ret->output_bucket},
        {"WEIR_INPUT_PREFIX", &ret->input_prefix},
        {"WEIR_OUTPUT_KEY", &ret->keys[WEIR_OUTLET_MAIN]},
        {"WEIR_INVALID_KEY", &ret->keys[WEIR_OUTLET_INVALID]},
        {"WEIR_SUMMARY_KEY", &ret->keys[WEIR_OUTLET_SUMMARY]}};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        const char *s = get(ctx, all[i].name);
        *all[i].to = s != NULL && *s != '\0' ? s : NULL;
    }
}

/* ---- rules ---- */

static int add_rule(struct weir_rules *r, const struct weir_rule_settings *settings,
    const struct weir_doc *doc, struct weir_err *err)
{
    void *more = weir_rules_grow(r->items, r->n, sizeof *r->items, err);

    if (more == NULL) {
        return -1;
    }
    r->items = more;
    const struct weir_rule_reader in = {r, settings, &r->items[r->n], doc};
    weir_validate_options_init(&in.rule->options);
    in.rule->at = doc == NULL ? "" : weir_rules_keep(r, err, "/%zu", r->n);
    r->n++;
    return in.rule->at == NULL ? -1 : weir_rule_read(&in, err);
}

static int add_rules(struct weir_rules *r, const struct weir_rule_settings *settings,
    const char *text, size_t len, struct weir_err *err)
{
    struct weir_doc root = {.v = r->tree = weir_doc_parse("JSON", text, len, err)}, item = {0};

    if (r->tree == NULL) {
        return -1;
    }
    if (!cJSON_IsArray(root.v) || cJSON_GetArraySize(root.v) == 0) {
        return weir_err_set(err, WEIR_E_CONFIG, "must be an array of one rule or more");
    }
    if (cJSON_GetArraySize(root.v) > WEIR_RULES_MAX) {
        return weir_err_set(err, WEIR_E_LIMIT, "more than %d rules", WEIR_RULES_MAX);
    }
    while (weir_doc_each(&root, &item)) {
        if (add_rule(r, settings, &item, err) != 0) {
            return -1;
        }
    }
    return 0;
}

/* ---- the guard ---- */

static int add_input(
    struct weir_recursion *g, const char *name, const char *prefix, struct weir_err *err)
{
    void *more = weir_rules_grow(g->inputs, g->inputs_n, sizeof *g->inputs, err);

    if (more == NULL) {
        return -1;
    }
    g->inputs = more;
    g->inputs[g->inputs_n++] = (struct weir_recursion_input){name, prefix};
    return 0;
}

static int guard_rule(struct weir_rules *r, const struct weir_rule *rule, struct weir_err *err)
{
    struct weir_recursion *g = &r->guard;

    if (rule->ignore) {
        return 0;
    }
    for (size_t i = 0; i < WEIR_OUTLETS; i++) {
        if (rule->outputs[i].pattern == NULL) {
            continue;
        }
        void *more = weir_rules_grow(g->outputs, g->outputs_n, sizeof *g->outputs, err);
        if (more == NULL) {
            return -1;
        }
        g->outputs = more;
        g->outputs[g->outputs_n++] = rule->outputs[i];
    }
    if (*rule->prefix == '\0') {
        return 0;
    }
    const char *name = weir_rules_keep(r, err, "%s/prefix", rule->at);
    return name == NULL ? -1 : add_input(g, name, rule->prefix, err);
}

static int make_guard(
    struct weir_rules *r, const struct weir_rule_settings *settings, struct weir_err *err)
{
    const char *prefix = settings->input_prefix != NULL ? settings->input_prefix : INPUT_PREFIX;

    if (add_input(&r->guard, "WEIR_INPUT_PREFIX", prefix, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < r->n; i++) {
        if (guard_rule(r, &r->items[i], err) != 0) {
            return -1;
        }
    }
    return weir_recursion_init(&r->guard, err);
}

/* ---- all of them ---- */

int weir_rules_init(struct weir_rules *ret, const struct weir_rule_settings *settings,
    const char *text, size_t len, struct weir_err *err)
{
    struct weir_rules r = {.file = text != NULL};
    struct weir_err why = {0};

    int rc = r.file ? add_rules(&r, settings, text, len, &why) : add_rule(&r, settings, NULL, &why);
    rc = rc == 0 ? make_guard(&r, settings, &why) : rc;
    if (rc != 0) {
        weir_rules_config_error(&why, err);
        if (r.file && strncmp(why.msg, "WEIR_", strlen("WEIR_")) != 0) {
            weir_err_prefix(err, "WEIR_RULES: %.100s", settings->rules);
        }
        weir_rules_fini(&r);
        return -1;
    }
    *ret = r;
    return 0;
}

void weir_rules_fini(struct weir_rules *rules)
{
    for (size_t i = 0; i < rules->n; i++) {
        weir_validate_options_fini(&rules->items[i].options);
        free(rules->items[i].names);
    }
    free(rules->items);
    free(rules->schemas);
    free(rules->guard.outputs);
    free(rules->guard.inputs);
    while (rules->texts != NULL) {
        struct weir_rule_text *next = rules->texts->next;
        free(rules->texts);
        rules->texts = next;
    }
    cJSON_Delete(rules->tree);
    *rules = (struct weir_rules){0};
}

static bool takes(const struct weir_rule *rule, const char *key)
{
    return strncmp(key, rule->prefix, strlen(rule->prefix)) == 0 &&
           weir_str_ends(weir_str_of(key), rule->suffix);
}

const struct weir_rule *weir_rules_find(const struct weir_rules *rules, const char *key)
{
    for (size_t i = 0; i < rules->n; i++) {
        if (takes(&rules->items[i], key)) {
            return &rules->items[i];
        }
    }
    return NULL;
}

size_t weir_rule_name(const struct weir_rule *rule, const char *name)
{
    for (size_t i = 0; i < rule->names_n; i++) {
        if (strcmp(rule->names[i].name, name) == 0) {
            return rule->names[i].schema;
        }
    }
    return WEIR_RULE_NO_SCHEMA;
}

/* ---- an object's outputs ---- */

static int make_key(const struct weir_rules *rules, const struct weir_recursion_output *output,
    const struct weir_s3_record *record, const char *ext, struct weir_buf *ret,
    struct weir_err *err)
{
    struct weir_err why = {0};

    if (weir_outkey_make(output->pattern, record, ext, ret, &why) != 0) {
        return weir_err_set(err, why.code, "%s %s", output->name, why.msg);
    }
    const char *key = weir_buf_text(ret, err);
    return key != NULL ? weir_recursion_output(&rules->guard, output, record, key, err) : -1;
}

static int make_keys(const struct weir_rules *rules, const struct weir_rule *rule,
    const struct weir_s3_record *record, const char *ext, struct weir_rule_keys *ret,
    struct weir_err *err)
{
    const struct weir_recursion_output *outputs = rule->outputs;

    for (size_t i = 0; i < WEIR_OUTLETS; i++) {
        if (outputs[i].pattern == NULL) {
            continue;
        }
        if (make_key(rules, &outputs[i], record, ext, &ret->keys[i], err) != 0) {
            return -1;
        }
        for (size_t k = 0; k < i; k++) {
            if (ret->keys[k].len == ret->keys[i].len &&
                memcmp(ret->keys[k].p, ret->keys[i].p, ret->keys[i].len) == 0) {
                return weir_err_set(err, WEIR_E_CONFIG, "%s: the output would replace that of %s",
                    outputs[i].name, outputs[k].name);
            }
        }
    }
    return 0;
}

int weir_rule_keys_make(const struct weir_rules *rules, const struct weir_rule *rule,
    const struct weir_s3_record *record, struct weir_validate_options *o,
    struct weir_rule_keys *ret, struct weir_err *err)
{
    const char *bucket = rule->outputs[WEIR_OUTLET_MAIN].bucket;
    struct weir_err why = {0};

    ret->bucket = bucket != NULL ? bucket : record->bucket;
    for (size_t i = 0; i < WEIR_OUTLETS; i++) {
        weir_buf_init(&ret->keys[i], WEIR_S3_KEY_MAX_BYTES + 1);
    }
    weir_validate_options_resolve(o, record->key, rule->outputs[WEIR_OUTLET_MAIN].pattern);
    if (make_keys(rules, rule, record, weir_validate_options_ext(o, record->key), ret, &why) == 0 &&
        weir_recursion_input(&rules->guard, record, &why) == 0) {
        return 0;
    }
    return weir_err_set(err, why.code, "%s%s", why.msg[0] == '/' ? "WEIR_RULES: " : "", why.msg);
}

void weir_rule_keys_fini(struct weir_rule_keys *keys)
{
    for (size_t i = 0; i < WEIR_OUTLETS; i++) {
        weir_buf_fini(&keys->keys[i]);
    }
}
