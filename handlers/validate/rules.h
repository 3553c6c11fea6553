#ifndef WEIR_HANDLERS_VALIDATE_RULES_H
#define WEIR_HANDLERS_VALIDATE_RULES_H

#include "core/err.h"
#include "handlers/validate/job.h"
#include "handlers/validate/options.h"
#include "handlers/validate/recursion.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * What is done with an object, by its key: one rule for all of them, which the environment makes,
 * or those of a file (WEIR_RULES), of which the first that matches counts and for which the
 * environment has the defaults. README.md has the names. Everything that can be known without an
 * object is checked here, and nothing is read or loaded.
 */

/* As the environment has them; NULL: not set. Outlive what is made of them. */
struct weir_rule_settings {
    const char *rules;  /* where the file lies; NULL: there is none */
    const char *schema; /* NULL: each rule has to name one */
    const char *options;
    const char *output_bucket, *input_prefix;
    const char *keys[WEIR_OUTLETS];
};

/** weir_rule_settings_read: from the environment, by whoever knows it: get returns a variable or
 *  NULL. An empty one is as one that is not there. */
void weir_rule_settings_read(struct weir_rule_settings *ret,
    const char *(*get)(const void *ctx, const char *name), const void *ctx);

#define WEIR_RULE_NO_SCHEMA SIZE_MAX

struct weir_rule {
    const char *at;                       /* "/2" in the file; "" for the environment's own */
    const char *prefix;                   /* "": any */
    const char *suffix;                   /* "": any */
    bool ignore;                          /* nothing of all below then */
    struct weir_validate_options options; /* checked; not resolved */
    struct weir_recursion_output outputs[WEIR_OUTLETS]; /* pattern NULL: there is none */
    size_t schema;                                      /* WEIR_RULE_NO_SCHEMA: objects name one */
    struct weir_rule_name {
        const char *name;
        size_t schema;
    } * names; /* those that objects may name */
    size_t names_n;
};

/* A schema that some rule uses. */
struct weir_rule_schema {
    const char *at;    /* who names it first: "WEIR_SCHEMA", "WEIR_RULES: /2/schema" */
    const char *place; /* a path or s3://bucket/key; in the file they begin where it lies */
    bool annotate;     /* formats only describe */
    bool rows;         /* it has to be one of rows */
};

struct weir_rules {
    struct weir_rule *items;
    size_t n;
    bool file; /* they are a file's */
    struct weir_rule_schema *schemas;
    size_t schemas_n;
    struct weir_recursion guard;

    /* Its own */
    cJSON *tree;
    struct weir_rule_text *texts;
};

/**
 * weir_rules_init: read and check.
 *
 * text, len  of the file; NULL: there is none
 *
 * Returns 0 with *ret filled (weir_rules_fini; it borrows the settings' texts), or -1 with *err set
 * and *ret empty: WEIR_E_CONFIG, whose message begins with the variable and the JSON Pointer of
 * what is wrong; WEIR_E_LIMIT, WEIR_E_NOMEM.
 */
int weir_rules_init(struct weir_rules *ret, const struct weir_rule_settings *settings,
    const char *text, size_t len, struct weir_err *err);

/** weir_rules_fini: release; an empty one is a no-op. */
void weir_rules_fini(struct weir_rules *rules);

/** weir_rules_find: the first rule that takes a key, or NULL. */
const struct weir_rule *weir_rules_find(const struct weir_rules *rules, const char *key);

/** weir_rule_name: the schema that an object names, or WEIR_RULE_NO_SCHEMA: none of these. */
size_t weir_rule_name(const struct weir_rule *rule, const char *name);

/* Where the outputs of an object go. */
struct weir_rule_keys {
    const char *bucket;
    struct weir_buf keys[WEIR_OUTLETS]; /* as text; empty: there is no such output */
};

/**
 * weir_rule_keys_make: name the outputs of an object, and see that none of them can come back.
 *
 * o    the rule's options; resolved here
 * ret  weir_rule_keys_fini in either case; bucket is the rule's or the record's
 *
 * Returns 0, or -1 with *err set: WEIR_E_CONFIG (recursion.h; two outputs of one name), WEIR_E_DATA
 * (outkey.h), WEIR_E_LIMIT, WEIR_E_NOMEM.
 */
int weir_rule_keys_make(const struct weir_rules *rules, const struct weir_rule *rule,
    const struct weir_s3_record *record, struct weir_validate_options *o,
    struct weir_rule_keys *ret, struct weir_err *err);

/** weir_rule_keys_fini: release it. */
void weir_rule_keys_fini(struct weir_rule_keys *keys);

#endif
