#include "cli/local/made.h"

#include "core/limits.h"
#include "handlers/validate/rules.h"

#include <stdio.h>
#include <string.h>

static const char *variable(const void *ctx, const char *name)
{
    return weir_worker_variable(ctx, name);
}

/* A file of rules, where it is one of this machine. */
static bool read_rules(const char *path, struct weir_buf *to)
{
    FILE *f = strncmp(path, "s3://", 5) != 0 ? fopen(path, "re") : NULL;
    char piece[4096];
    size_t n = 0;
    bool ok = f != NULL;

    while (ok && (n = fread(piece, 1, sizeof piece, f)) > 0) {
        ok = weir_buf_add(to, piece, n, NULL) == 0;
    }
    ok = ok && ferror(f) == 0;
    if (f != NULL) {
        (void)fclose(f);
    }
    return ok && weir_buf_text(to, NULL) != NULL;
}

static bool is_counted(const struct weir_validate_options *o)
{
    return o->output == WEIR_OUTPUT_ANNOTATE && o->input == WEIR_INPUT_CSV &&
           weir_csv_dialect_common(&o->dialect);
}

static bool ask(
    struct weir_made *made, const struct weir_rules *rules, const struct weir_s3_record *record)
{
    const struct weir_rule *rule = weir_rules_find(rules, record->key);
    struct weir_validate_options options;
    struct weir_rule_keys keys;

    if (rule == NULL || rule->ignore ||
        weir_validate_options_copy(&options, &rule->options, NULL) != 0) {
        return false;
    }
    const struct weir_buf *key = &keys.keys[WEIR_OUTLET_MAIN];
    bool ok = weir_rule_keys_make(rules, rule, record, &options, &keys, NULL) == 0 &&
              weir_buf_adds(&made->bucket, keys.bucket, NULL) == 0 &&
              weir_buf_add(&made->key, key->p, key->len, NULL) == 0 &&
              weir_buf_text(&made->bucket, NULL) != NULL && weir_buf_text(&made->key, NULL) != NULL;
    made->counts = ok && is_counted(&options);
    weir_rule_keys_fini(&keys);
    weir_validate_options_fini(&options);
    return ok;
}

bool weir_made_init(
    struct weir_made *ret, const struct weir_worker *worker, const struct weir_s3_record *record)
{
    struct weir_rule_settings settings;
    struct weir_rules rules = {0};
    struct weir_buf text;
    bool ok = false;

    weir_buf_init(&ret->bucket, WEIR_S3_BUCKET_MAX_BYTES + 1);
    weir_buf_init(&ret->key, WEIR_S3_KEY_MAX_BYTES + 1);
    ret->counts = false;
    weir_buf_init(&text, WEIR_CONFIG_MAX_BYTES);
    weir_rule_settings_read(&settings, variable, worker);
    if (settings.schema == NULL) {
        settings.schema = "."; /* nothing is loaded here */
    }
    if (settings.rules == NULL || read_rules(settings.rules, &text)) {
        ok = weir_rules_init(&rules, &settings,
                 settings.rules != NULL ? (const char *)text.p : NULL, text.len, NULL) == 0 &&
             ask(ret, &rules, record);
    }
    weir_rules_fini(&rules);
    weir_buf_fini(&text);
    return ok;
}

void weir_made_fini(struct weir_made *made)
{
    weir_buf_fini(&made->bucket);
    weir_buf_fini(&made->key);
}
