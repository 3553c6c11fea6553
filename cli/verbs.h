#ifndef WEIR_CLI_VERBS_H
#define WEIR_CLI_VERBS_H

/*
 * The verbs, and what is told of each. A text is cli/help/<verb>.txt, as it is printed; the manual
 * pages and the shell's completion are made of the same files (packaging/man.awk and
 * packaging/completion.awk say how they are written), so that none of them can say something else.
 */
struct weir_cli_verb {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
};

/** weir_cli_verbs: ends with one whose name is NULL. */
extern const struct weir_cli_verb weir_cli_verbs[];

/** weir_cli_overview: what `weir --help` prints. */
extern const char weir_cli_overview[];

/** weir_cli_verb_find: the verb of that name; or NULL after a line on stderr. Static. */
const struct weir_cli_verb *weir_cli_verb_find(const char *name);

/** weir_cli_print: a result of one text on stdout. Returns the exit status: a full disk or a closed
 *  pipe behind stdout is an error, told on stderr. */
int weir_cli_print(const char *text);

#endif
