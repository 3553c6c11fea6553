#include "cli/cli.h"
#include "cli/verbs.h"
#include "core/reason.h"
#include "core/stdfds.h"
#include "net/signals.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#ifndef WEIR_VERSION
#define WEIR_VERSION "0.1.0"
#endif

static bool is_help(const char *arg)
{
    return strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0;
}

/* Whether the arguments ask for help; what follows "--" belongs to somebody else. */
static bool asks_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (is_help(argv[i])) {
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    if (weir_stdfds_open() != 0) {
        weir_cli_note(NULL, "/dev/null: %s", weir_reason(errno));
        return WEIR_EXIT_FAILED;
    }
    weir_signals_begin();

    if (argc < 2) {
        (void)fputs(weir_cli_overview, stderr);
        return WEIR_EXIT_CONFIG;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        return weir_cli_print("weir " WEIR_VERSION "\n");
    }
    if (is_help(argv[1])) {
        return weir_cli_print(weir_cli_overview);
    }
    const struct weir_cli_verb *verb = weir_cli_verb_find(argv[1]);
    if (verb == NULL) {
        return WEIR_EXIT_CONFIG;
    }
    if (asks_help(argc - 1, argv + 1)) {
        return weir_cli_print(verb->help);
    }
    return verb->run(argc - 1, argv + 1);
}
