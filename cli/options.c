#include "cli/cli.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define DECIMALS_MAX 9
#define NAMES_MAX 64

/* whole.fraction / 10^decimals; rest is what follows the number. */
struct number {
    uint64_t whole, fraction, scale;
    const char *rest;
};

/* Digits with an optional fraction, no sign and no exponent. Returns whether text begins so. */
static bool number_read(const char *text, struct number *ret)
{
    const char *p = text;
    size_t digits = 0;

    *ret = (struct number){.scale = 1};
    for (; *p >= '0' && *p <= '9'; p++, digits++) {
        if (ret->whole > (UINT64_MAX - 9) / 10) {
            return false;
        }
        ret->whole = ret->whole * 10 + (uint64_t)(*p - '0');
    }
    if (digits > 0 && *p == '.') {
        size_t decimals = 0;

        for (p++; *p >= '0' && *p <= '9'; p++, decimals++) {
            if (decimals == DECIMALS_MAX) {
                return false;
            }
            ret->fraction = ret->fraction * 10 + (uint64_t)(*p - '0');
            ret->scale *= 10;
        }
        digits = decimals; /* "1." is no number */
    }
    ret->rest = p;
    return digits > 0;
}

/* number x unit, rounded down; -1 when it is beyond INT64_MAX. */
static int64_t number_times(const struct number *n, uint64_t unit)
{
    /* fraction < 10^9 and unit <= 10^13, so the product of the two may need 128 bits. */
    __extension__ typedef unsigned __int128 wide;
    wide value = (wide)n->whole * unit + (wide)n->fraction * unit / n->scale;

    return value > (wide)INT64_MAX ? -1 : (int64_t)value;
}

int weir_cli_size(const char *text, int64_t *ret, struct weir_err *err)
{
    static const struct {
        const char *name;
        uint64_t bytes;
    } units[] = {
        {"", 1},
        {"b", 1},
        {"k", 1000},
        {"kb", 1000},
        {"m", 1000000},
        {"mb", 1000000},
        {"g", 1000000000},
        {"gb", 1000000000},
        {"t", 1000000000000},
        {"tb", 1000000000000},
        {"ki", (uint64_t)1 << 10},
        {"kib", (uint64_t)1 << 10},
        {"mi", (uint64_t)1 << 20},
        {"mib", (uint64_t)1 << 20},
        {"gi", (uint64_t)1 << 30},
        {"gib", (uint64_t)1 << 30},
        {"ti", (uint64_t)1 << 40},
        {"tib", (uint64_t)1 << 40},
    };
    struct number n;

    if (number_read(text, &n)) {
        for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
            if (strcasecmp(n.rest, units[i].name) != 0) {
                continue;
            }
            int64_t bytes = number_times(&n, units[i].bytes);
            if (bytes < 0) {
                return weir_err_set(err, WEIR_E_CONFIG, "%.40s is too large", text);
            }
            *ret = bytes;
            return 0;
        }
    }
    return weir_err_set(err, WEIR_E_CONFIG, "%.40s is no size (150MB, 64KiB)", text);
}

int weir_cli_share(const char *text, double *ret, struct weir_err *err)
{
    struct number n;

    if (!number_read(text, &n) || (*n.rest != '\0' && strcmp(n.rest, "%") != 0)) {
        return weir_err_set(err, WEIR_E_CONFIG, "%.40s is no share (1%%, 0.01)", text);
    }
    double value = (double)n.whole + (double)n.fraction / (double)n.scale;
    if (*n.rest == '\0') {
        if (value >= 1) {
            return weir_err_set(
                err, WEIR_E_CONFIG, "%.40s: say %.40s%%, or a number below 1", text, text);
        }
        *ret = value;
        return 0;
    }
    if (value > 100) {
        return weir_err_set(err, WEIR_E_CONFIG, "%.40s is more than 100%%", text);
    }
    *ret = value / 100;
    return 0;
}

static int value_count(const struct weir_opt *opt, const char *text, struct weir_err *err)
{
    struct number n;

    if (!number_read(text, &n) || *n.rest != '\0' || n.scale != 1 || n.whole > INT64_MAX ||
        (int64_t)n.whole < opt->min || (int64_t)n.whole > opt->max) {
        return weir_err_set(err, WEIR_E_CONFIG, "%.40s: must be a whole number from %lld to %lld",
            text, (long long)opt->min, (long long)opt->max);
    }
    *(int64_t *)opt->to = (int64_t)n.whole;
    return 0;
}

static int value_size(const struct weir_opt *opt, const char *text, struct weir_err *err)
{
    int64_t bytes = 0;

    if (weir_cli_size(text, &bytes, err) != 0) {
        return -1;
    }
    if (bytes < opt->min || bytes > opt->max) {
        return weir_err_set(err, WEIR_E_CONFIG, "%.40s is not within %lld..%lld bytes", text,
            (long long)opt->min, (long long)opt->max);
    }
    *(int64_t *)opt->to = bytes;
    return 0;
}

static int value_seconds(const struct weir_opt *opt, const char *text, struct weir_err *err)
{
    struct number n;

    if (!number_read(text, &n) || (*n.rest != '\0' && strcmp(n.rest, "s") != 0)) {
        return weir_err_set(err, WEIR_E_CONFIG, "%.40s is no number of seconds", text);
    }
    int64_t ms = number_times(&n, 1000);
    if (ms < opt->min || ms > opt->max) {
        return weir_err_set(err, WEIR_E_CONFIG, "%.40s is not within %.3f..%.0f seconds", text,
            (double)opt->min / 1000, (double)opt->max / 1000);
    }
    *(int64_t *)opt->to = ms;
    return 0;
}

static int value_word(const struct weir_opt *opt, const char *text, struct weir_err *err)
{
    char all[128] = "";
    size_t len = 0;

    for (size_t i = 0; opt->words[i] != NULL; i++) {
        if (strcmp(text, opt->words[i]) == 0) {
            *(size_t *)opt->to = i;
            return 0;
        }
        size_t n = strlen(opt->words[i]);
        if (len + n + 3 < sizeof all) {
            memcpy(all + len, i == 0 ? "" : ", ", i == 0 ? 0 : 2);
            len += i == 0 ? 0 : 2;
            memcpy(all + len, opt->words[i], n + 1);
            len += n;
        }
    }
    return weir_err_set(err, WEIR_E_CONFIG, "%.40s: must be one of %s", text, all);
}

static int value_list(const struct weir_opt *opt, const char *text, struct weir_err *err)
{
    struct weir_opt_list *list = opt->to;

    if (list->n == WEIR_CLI_LIST_MAX) {
        return weir_err_set(err, WEIR_E_CONFIG, "given more than %d times", WEIR_CLI_LIST_MAX);
    }
    list->items[list->n++] = text;
    return 0;
}

static int value_pair(const struct weir_opt *opt, const char *text, struct weir_err *err)
{
    struct weir_opt_pairs *pairs = opt->to;

    if (pairs->n == WEIR_CLI_LIST_MAX) {
        return weir_err_set(
            err, WEIR_E_CONFIG, "more than %d options of its kind", WEIR_CLI_LIST_MAX);
    }
    pairs->items[pairs->n++] = (struct weir_opt_pair){opt->name, text};
    return 0;
}

static bool is_flag(const struct weir_opt *opt)
{
    return opt->kind == WEIR_OPT_FLAG || opt->kind == WEIR_OPT_PAIR_FLAG;
}

static int set_flag(const struct weir_opt *opt, struct weir_err *err)
{
    if (opt->kind == WEIR_OPT_PAIR_FLAG) {
        return value_pair(opt, "true", err);
    }
    *(bool *)opt->to = true;
    return 0;
}

int weir_cli_value(const struct weir_opt *opt, const char *text, struct weir_err *err)
{
    if (*text == '\0') {
        return weir_err_set(err, WEIR_E_CONFIG, "empty value");
    }
    switch (opt->kind) {
    case WEIR_OPT_FLAG:
    case WEIR_OPT_PAIR_FLAG:
        break;
    case WEIR_OPT_TEXT:
        *(const char **)opt->to = text;
        return 0;
    case WEIR_OPT_COUNT:
        return value_count(opt, text, err);
    case WEIR_OPT_SIZE:
        return value_size(opt, text, err);
    case WEIR_OPT_SHARE:
        return weir_cli_share(text, opt->to, err);
    case WEIR_OPT_SECONDS:
        return value_seconds(opt, text, err);
    case WEIR_OPT_WORD:
        return value_word(opt, text, err);
    case WEIR_OPT_LIST:
        return value_list(opt, text, err);
    case WEIR_OPT_PAIR:
        return value_pair(opt, text, err);
    }
    return weir_err_set(err, WEIR_E_CONFIG, "takes no value");
}

struct parse {
    const struct weir_opt *opts;
    size_t opts_n;
    int argc, at; /* at: the argument that is read */
    char **argv;
    struct weir_err *err;
};

static int unknown_long(const struct parse *p, const char *name, size_t len)
{
    const char *names[NAMES_MAX + 1];
    char text[NAMES_MAX + 1] = "";
    size_t n = 0;

    for (size_t i = 0; i < p->opts_n && n < NAMES_MAX; i++) {
        names[n++] = p->opts[i].name;
    }
    names[n] = NULL;
    if (len < sizeof text) {
        memcpy(text, name, len);
        text[len] = '\0';
    }
    const char *hint = weir_cli_suggest(text, names);
    if (hint != NULL) {
        return weir_err_set(p->err, WEIR_E_CONFIG, "--%.*s: no such option; did you mean --%s?",
            len > 60 ? 60 : (int)len, name, hint);
    }
    return weir_err_set(
        p->err, WEIR_E_CONFIG, "--%.*s: no such option", len > 60 ? 60 : (int)len, name);
}

/* The value of an option that needs one: after '=', or the next argument. */
static const char *take_value(struct parse *p, const char *attached)
{
    if (attached != NULL) {
        return attached;
    }
    return p->at + 1 < p->argc ? p->argv[++p->at] : NULL;
}

static int parse_long(struct parse *p, const char *arg)
{
    const char *name = arg + 2, *eq = strchr(name, '=');
    size_t len = eq != NULL ? (size_t)(eq - name) : strlen(name);

    for (size_t i = 0; i < p->opts_n; i++) {
        const struct weir_opt *opt = &p->opts[i];
        const char *value = NULL;

        if (strlen(opt->name) != len || strncmp(opt->name, name, len) != 0) {
            continue;
        }
        int rc = 0;
        if (is_flag(opt) && eq == NULL) {
            rc = set_flag(opt, p->err);
        } else {
            value = take_value(p, eq != NULL ? eq + 1 : NULL);
            rc = value != NULL ? weir_cli_value(opt, value, p->err)
                               : weir_err_set(p->err, WEIR_E_CONFIG, "needs a value");
        }
        if (rc != 0) {
            weir_err_prefix(p->err, "--%s", opt->name);
        }
        return rc;
    }
    return unknown_long(p, name, len);
}

/* A cluster: flags one after the other; the first option with a value takes what is left. */
static int parse_short(struct parse *p, const char *arg)
{
    for (const char *c = arg + 1; *c != '\0'; c++) {
        const struct weir_opt *opt = NULL;

        for (size_t i = 0; i < p->opts_n && opt == NULL; i++) {
            opt = p->opts[i].letter == *c ? &p->opts[i] : NULL;
        }
        if (opt == NULL) {
            return weir_err_set(p->err, WEIR_E_CONFIG, "-%c: no such option",
                isprint((unsigned char)*c) ? *c : '?');
        }
        if (is_flag(opt)) {
            if (set_flag(opt, p->err) != 0) {
                return -1;
            }
            continue;
        }
        const char *value = take_value(p, c[1] != '\0' ? c + 1 : NULL);
        int rc = value != NULL ? weir_cli_value(opt, value, p->err)
                               : weir_err_set(p->err, WEIR_E_CONFIG, "needs a value");
        if (rc != 0) {
            weir_err_prefix(p->err, "-%c", opt->letter);
        }
        return rc;
    }
    return 0;
}

int weir_cli_parse(const struct weir_opt *opts, size_t opts_n, int argc, char **argv,
    const char **args, size_t args_max, struct weir_err *err)
{
    struct parse p = {
        .opts = opts, .opts_n = opts_n, .argc = argc, .at = 1, .argv = argv, .err = err};
    bool only_args = false;
    size_t n = 0;

    for (; p.at < argc; p.at++) {
        const char *arg = argv[p.at];

        if (!only_args && strcmp(arg, "--") == 0) {
            only_args = true;
        } else if (!only_args && arg[0] == '-' && arg[1] != '\0') {
            if ((arg[1] == '-' ? parse_long(&p, arg) : parse_short(&p, arg)) != 0) {
                return -1;
            }
        } else if (n == args_max) {
            return weir_err_set(err, WEIR_E_CONFIG, "%.100s: one argument too many", arg);
        } else {
            args[n++] = arg;
        }
    }
    return (int)n;
}
