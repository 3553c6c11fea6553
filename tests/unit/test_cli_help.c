/*
 * Does a verb's help say what its parser takes: every option with its letter, whether a value
 * follows, which words it may be, and nothing besides? Manual pages and completion are made of the
 * same texts.
 *
 * The linker puts this file's weir_cli_parse in the place of the real one (Makefile), so that each
 * verb shows its table.
 */
#include "cli/cli.h"
#include "cli/verbs.h"
#include "handlers/validate/options.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define OPTIONS_MAX 64
#define TEXT_MAX 160

/* An option as a help has it. */
struct told {
    char name[TEXT_MAX], value[TEXT_MAX]; /* value: "" where none follows */
    char letter;
};

static struct weir_opt seen[OPTIONS_MAX];
static size_t seen_n;

int __wrap_weir_cli_parse(const struct weir_opt *opts, size_t opts_n, int argc, char **argv,
    const char **args, size_t args_max, struct weir_err *err);

int __wrap_weir_cli_parse(const struct weir_opt *opts, size_t opts_n, int argc, char **argv,
    const char **args, size_t args_max, struct weir_err *err)
{
    (void)argc, (void)argv, (void)args, (void)args_max;
    assert_in_range(opts_n, 1, OPTIONS_MAX);
    memcpy(seen, opts, opts_n * sizeof *opts);
    seen_n = opts_n;
    return weir_err_set(err, WEIR_E_CONFIG, "its options were looked at");
}

/* "  -o, --out OUT   ...", "      --json   ...": what of it is an option. */
static bool read_option(const char *line, struct told *ret)
{
    *ret = (struct told){.letter = 0};
    if (strncmp(line, "  -", 3) == 0 && isalpha((unsigned char)line[3]) &&
        strncmp(line + 4, ", --", 4) == 0) {
        ret->letter = line[3];
        line += 8;
    } else if (strncmp(line, "      --", 8) == 0) {
        line += 8;
    } else {
        return false;
    }
    size_t n = strcspn(line, " \n");
    (void)snprintf(ret->name, sizeof ret->name, "%.*s", (int)n, line);
    line += n;
    if (line[0] == ' ' && line[1] != ' ') {
        n = strcspn(line + 1, " \n");
        (void)snprintf(ret->value, sizeof ret->value, "%.*s", (int)n, line + 1);
    }
    return true;
}

static size_t read_help(const char *help, struct told ret[OPTIONS_MAX])
{
    size_t n = 0;

    for (const char *line = help; *line != '\0'; line += strcspn(line, "\n") + 1) {
        assert_true(n < OPTIONS_MAX);
        n += read_option(line, &ret[n]);
    }
    return n;
}

/* The words that such an option may be, with bars between them; "" where it may be anything. */
static void words_of(const struct weir_opt *opt, char ret[TEXT_MAX])
{
    struct weir_validate_options o;
    struct weir_err err = {0};

    ret[0] = '\0';
    if (opt->kind == WEIR_OPT_WORD) {
        size_t len = 0;
        for (size_t i = 0; opt->words[i] != NULL; i++) {
            len += (size_t)snprintf(
                ret + len, TEXT_MAX - len, "%s%s", i > 0 ? "|" : "", opt->words[i]);
            assert_true(len < TEXT_MAX);
        }
    } else if (opt->kind == WEIR_OPT_PAIR) {
        /* Others read it; what they take is in their complaint. */
        weir_validate_options_init(&o);
        if (weir_validate_options_set(&o, opt->name, "not this", &err) != 0) {
            const char *list = strstr(err.msg, "must be one of ");
            const char *mark = strstr(err.msg, "character of ASCII, or ");
            const char *p = list != NULL ? list + 15 : mark != NULL ? mark + 23 : "";
            size_t len = mark != NULL ? (size_t)snprintf(ret, TEXT_MAX, "C|") : 0;

            for (; *p != '\0'; p++) { /* ", " becomes a bar */
                ret[len] = *p == ',' ? '|' : *p;
                len += *p != ' ';
            }
            ret[len] = '\0';
        }
        weir_validate_options_fini(&o);
    }
}

static void compare(const char *verb, const struct weir_opt *opt, const struct told *told)
{
    const bool flag = opt->kind == WEIR_OPT_FLAG || opt->kind == WEIR_OPT_PAIR_FLAG;
    char words[TEXT_MAX];

    if (told->letter != opt->letter) {
        fail_msg("%s --%s: its letter is '%c', the help has '%c'", verb, opt->name, opt->letter,
            told->letter);
    }
    if ((told->value[0] == '\0') != flag) {
        fail_msg("%s --%s: %s value follows; the help has '%s'", verb, opt->name, flag ? "no" : "a",
            told->value);
    }
    words_of(opt, words);
    if (words[0] != '\0' && strcmp(words, told->value) != 0) {
        fail_msg("%s --%s: may be %s; the help has %s", verb, opt->name, words, told->value);
    }
}

static void check_verb(const struct weir_cli_verb *verb)
{
    static struct told told[OPTIONS_MAX];
    char *argv[] = {(char *)(uintptr_t)verb->name, NULL};
    size_t told_n = read_help(verb->help, told), found = 0;

    seen_n = 0;
    assert_int_equal(verb->run(1, argv), WEIR_EXIT_CONFIG);
    assert_true(seen_n > 0);
    for (size_t i = 0; i < seen_n; i++) {
        size_t k = 0;

        for (size_t j = 0; j < i; j++) {
            if (seen[i].letter != 0 && seen[j].letter == seen[i].letter) {
                fail_msg("%s: -%c is --%s and --%s", verb->name, seen[i].letter, seen[j].name,
                    seen[i].name);
            }
        }
        while (k < told_n && strcmp(told[k].name, seen[i].name) != 0) {
            k++;
        }
        if (k == told_n) {
            fail_msg("%s --%s: the help does not have it", verb->name, seen[i].name);
        }
        compare(verb->name, &seen[i], &told[k]);
        found++;
    }
    if (found != told_n) {
        fail_msg("%s: %zu options are taken, the help has %zu", verb->name, found, told_n);
    }
}

static void every_option_is_told_and_nothing_else(void **state)
{
    (void)state;
    for (const struct weir_cli_verb *v = weir_cli_verbs; v->name != NULL; v++) {
        if (strcmp(v->name, "help") != 0) { /* has none */
            check_verb(v);
        }
    }
}

/* In the order of the table, which is that of the list. */
static void every_verb_is_in_the_overview(void **state)
{
    const char *line = strstr(weir_cli_overview, "\nverbs:\n");
    char want[32];

    (void)state;
    assert_non_null(line);
    line += 8;
    for (const struct weir_cli_verb *v = weir_cli_verbs; v->name != NULL; v++) {
        (void)snprintf(want, sizeof want, "  %-8s  ", v->name);
        if (strncmp(line, want, strlen(want)) != 0) {
            fail_msg("%s: not where it should be: %.30s", v->name, line);
        }
        line += strcspn(line, "\n") + 1;
    }
    assert_int_equal(*line, '\n');
}

/* The order of the parts, lines of at most 80 characters, no tab. */
static void check_form(const char *name, const char *help)
{
    const char *usage = name != NULL ? name : "VERB", *status = strstr(help, "\nexit status:\n");
    char want[32];

    (void)snprintf(want, sizeof want, "usage: weir %s", usage);
    if (strncmp(help, want, strlen(want)) != 0) {
        fail_msg("%s: does not begin with '%s'", usage, want);
    }
    if (status == NULL || strstr(status + 1, "\n\n") != NULL) {
        fail_msg("%s: the exit status is not told at its end", usage);
    }
    for (const char *line = help; *line != '\0'; line += strcspn(line, "\n") + 1) {
        if (strcspn(line, "\n") > 80 || strcspn(line, "\t") < strcspn(line, "\n")) {
            fail_msg("%s: too long, or with a tab: %.100s", usage, line);
        }
    }
    /* Those that many verbs have come last, in this order. */
    static const char *const last[] = {
        "\n  -v, --verbose ", "\n  -q, --quiet ", "\n      --progress "};
    const char *before = help;
    for (size_t i = 0; i < sizeof last / sizeof last[0]; i++) {
        const char *at = strstr(help, last[i]);
        if (at != NULL && at < before) {
            fail_msg("%s:%s: not in its place", usage, last[i] + 1);
        }
        before = at != NULL ? at : before;
    }
}

static void all_texts_have_one_form(void **state)
{
    (void)state;
    check_form(NULL, weir_cli_overview);
    for (const struct weir_cli_verb *v = weir_cli_verbs; v->name != NULL; v++) {
        check_form(v->name, v->help);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_option_is_told_and_nothing_else),
        cmocka_unit_test(every_verb_is_in_the_overview),
        cmocka_unit_test(all_texts_have_one_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
