#ifndef WEIR_HANDLERS_VALIDATE_RULES_READ_H
#define WEIR_HANDLERS_VALIDATE_RULES_READ_H

#include "handlers/validate/rules.h"
#include "json/doc.h"

#include <stdbool.h>
#include <string.h>

/* Inside rules.h: one rule after the other, from the file or from the environment alone. */
struct weir_rule_reader {
    struct weir_rules *rules; /* those before it are there */
    const struct weir_rule_settings *settings;
    struct weir_rule *rule;
    const struct weir_doc *doc; /* NULL: the environment's */
};

/** weir_rule_read: read and check in->rule, whose `at` and options are initialised. Returns 0, or
 *  -1 with *err set; the message begins with the variable or the JSON Pointer. */
int weir_rule_read(const struct weir_rule_reader *in, struct weir_err *err);

/** weir_rules_keep: a text that lives as long as the rules; NULL with *err set: WEIR_E_NOMEM. */
const char *weir_rules_keep(struct weir_rules *rules, struct weir_err *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/** weir_rules_grow: an array of n with room for one more, which is zeroed; NULL with *err set, and
 *  the array as it was: WEIR_E_NOMEM. */
void *weir_rules_grow(void *items, size_t n, size_t size, struct weir_err *err);

/** weir_rules_config_error: *err becomes *why; what is wrong with a configuration is no fault of
 * the data's: WEIR_E_DATA becomes WEIR_E_CONFIG. Returns -1. */
int weir_rules_config_error(const struct weir_err *why, struct weir_err *err);

#endif
