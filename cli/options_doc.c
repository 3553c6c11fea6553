#include "cli/options_doc.h"

#include <string.h>

static bool is_named(const struct weir_opt *opt, const char *member)
{
    const char *name = opt->name;

    for (; *name != '\0' && *member == (*name == '-' ? '_' : *name); name++) {
        member++;
    }
    return *name == '\0' && *member == '\0';
}

static int value_of(const struct weir_opt *opt, const struct weir_doc *item, struct weir_err *err)
{
    struct weir_err why = {0};
    char number[64];
    const char *text = NULL;

    if (opt->kind == WEIR_OPT_FLAG) {
        if (!cJSON_IsBool(item->v)) {
            return weir_doc_error(item, NULL, "must be true or false", WEIR_E_CONFIG, err);
        }
        *(bool *)opt->to = cJSON_IsTrue(item->v) != 0;
        return 0;
    }
    if (cJSON_IsString(item->v)) {
        text = item->v->valuestring;
    } else if (cJSON_IsNumber(item->v) && opt->kind != WEIR_OPT_TEXT &&
               cJSON_PrintPreallocated((cJSON *)(uintptr_t)item->v, number, sizeof number, 0) !=
                   0) {
        text = number;
    }
    if (text == NULL) {
        return weir_doc_error(item, NULL,
            opt->kind == WEIR_OPT_TEXT ? "must be a string" : "must be a number or a string",
            WEIR_E_CONFIG, err);
    }
    return weir_cli_value(opt, text, &why) == 0
               ? 0
               : weir_doc_error(item, NULL, why.msg, WEIR_E_CONFIG, err);
}

static bool is_one_of(const char *name, const char *const *names)
{
    while (*names != NULL && strcmp(*names, name) != 0) {
        names++;
    }
    return *names != NULL;
}

int weir_cli_parse_doc(const struct weir_opt *opts, size_t opts_n, const struct weir_doc *at,
    const char *const *others, struct weir_err *err)
{
    struct weir_doc item = {0};

    if (!cJSON_IsObject(at->v)) {
        return weir_doc_error(at, NULL, "must be an object", WEIR_E_CONFIG, err);
    }
    while (weir_doc_each(at, &item)) {
        size_t i = 0;

        if (is_one_of(item.name, others)) {
            continue;
        }
        while (i < opts_n && (opts[i].kind == WEIR_OPT_LIST || !is_named(&opts[i], item.name))) {
            i++;
        }
        if (i == opts_n) {
            return weir_doc_error(&item, NULL, "is no setting", WEIR_E_CONFIG, err);
        }
        if (value_of(&opts[i], &item, err) != 0) {
            return -1;
        }
    }
    return 0;
}
