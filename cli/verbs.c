#include "cli/verbs.h"

#include "cli/cli.h"
#include "core/reason.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The assembler reads the texts: no generated source, no tool. The Makefile knows that this depends
 * on them. */
#define TEXT(symbol, file)                                                                         \
    extern const char symbol[];                                                                    \
    __asm__(".section .rodata\n"                                                                   \
            ".global " #symbol "\n" #symbol ":\n"                                                  \
            ".incbin \"cli/help/" file ".txt\"\n"                                                  \
            ".byte 0\n"                                                                            \
            ".previous\n")

#define VERB(verb, file)                                                                           \
    int weir_cli_##verb(int argc, char **argv);                                                    \
    TEXT(weir_cli_##verb##_help, file)

TEXT(weir_cli_overview, "weir");
VERB(validate, "validate");
VERB(schema, "schema");
VERB(cp, "cp");
VERB(generate, "generate");
VERB(invoke, "invoke");
VERB(tune, "tune");
VERB(elb_logs, "elb-logs");
VERB(archive, "archive");
VERB(zip, "zip");
VERB(local, "local");
VERB(relay, "relay");
VERB(upload, "upload");
TEXT(weir_cli_help_help, "help");

static int verb_help(int argc, char **argv)
{
    if (argc > 2) {
        weir_cli_note("help", "%.60s: one argument too many (see `weir help help`)", argv[2]);
        return WEIR_EXIT_CONFIG;
    }
    if (argc < 2) {
        return weir_cli_print(weir_cli_overview);
    }
    const struct weir_cli_verb *verb = weir_cli_verb_find(argv[1]);
    return verb != NULL ? weir_cli_print(verb->help) : WEIR_EXIT_CONFIG;
}

const struct weir_cli_verb weir_cli_verbs[] = {
    {"validate", weir_cli_validate, weir_cli_validate_help},
    {"schema", weir_cli_schema, weir_cli_schema_help},
    {"cp", weir_cli_cp, weir_cli_cp_help},
    {"generate", weir_cli_generate, weir_cli_generate_help},
    {"invoke", weir_cli_invoke, weir_cli_invoke_help},
    {"tune", weir_cli_tune, weir_cli_tune_help},
    {"elb-logs", weir_cli_elb_logs, weir_cli_elb_logs_help},
    {"archive", weir_cli_archive, weir_cli_archive_help},
    {"zip", weir_cli_zip, weir_cli_zip_help},
    {"local", weir_cli_local, weir_cli_local_help},
    {"relay", weir_cli_relay, weir_cli_relay_help},
    {"upload", weir_cli_upload, weir_cli_upload_help},
    {"help", verb_help, weir_cli_help_help},
    {NULL, NULL, NULL},
};

const struct weir_cli_verb *weir_cli_verb_find(const char *name)
{
    const char *names[sizeof weir_cli_verbs / sizeof *weir_cli_verbs];
    size_t n = 0;

    for (const struct weir_cli_verb *v = weir_cli_verbs; v->name != NULL; v++) {
        if (strcmp(v->name, name) == 0) {
            return v;
        }
        names[n++] = v->name;
    }
    names[n] = NULL;
    const char *hint = weir_cli_suggest(name, names);
    if (name[0] == '-') {
        weir_cli_note(NULL, "%.60s: no such option; options come after the verb", name);
    } else if (hint != NULL) {
        weir_cli_note(NULL, "%.60s: no such verb; did you mean %s?", name, hint);
    } else {
        weir_cli_note(NULL, "%.60s: no such verb; `weir help` lists them", name);
    }
    return NULL;
}

int weir_cli_print(const char *text)
{
    if (fputs(text, stdout) == EOF || fflush(stdout) != 0 || ferror(stdout)) {
        weir_cli_note(NULL, "stdout: %s", weir_reason(errno));
        return WEIR_EXIT_FAILED;
    }
    return WEIR_EXIT_DONE;
}
