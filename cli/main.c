#include "cli/cli.h"
#include "core/stdfds.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/*
 * The command: one table of verbs. A new verb is a file, its two declarations here, and a line.
 */

#ifndef WEIR_VERSION
#define WEIR_VERSION "0.1.0"
#endif

int weir_cli_validate(int argc, char **argv);
int weir_cli_cp(int argc, char **argv);
int weir_cli_elb_logs(int argc, char **argv);
int weir_cli_generate(int argc, char **argv);
int weir_cli_invoke(int argc, char **argv);
int weir_cli_archive(int argc, char **argv);
int weir_cli_zip(int argc, char **argv);
int weir_cli_local(int argc, char **argv);
int weir_cli_relay(int argc, char **argv);
int weir_cli_schema(int argc, char **argv);
int weir_cli_tune(int argc, char **argv);
int weir_cli_upload(int argc, char **argv);
extern const char weir_cli_validate_help[];
extern const char weir_cli_cp_help[];
extern const char weir_cli_elb_logs_help[];
extern const char weir_cli_generate_help[];
extern const char weir_cli_invoke_help[];
extern const char weir_cli_archive_help[];
extern const char weir_cli_zip_help[];
extern const char weir_cli_local_help[];
extern const char weir_cli_relay_help[];
extern const char weir_cli_schema_help[];
extern const char weir_cli_tune_help[];
extern const char weir_cli_upload_help[];

static int verb_help(int argc, char **argv);

static const char help_help[] =
    "usage: weir help [VERB]\n"
    "\n"
    "What a verb does, and its options. The same as `weir VERB --help`.\n";

struct verb {
    const char *name;
    const char *summary; /* one line of `weir help` */
    int (*run)(int argc, char **argv);
    const char *help;
};

static const struct verb verbs[] = {
    {"validate", "check the rows of a CSV file against a schema", weir_cli_validate,
        weir_cli_validate_help},
    {"schema", "a schema from a sample; what is understood of one", weir_cli_schema,
        weir_cli_schema_help},
    {"cp", "copy one file or object", weir_cli_cp, weir_cli_cp_help},
    {"generate", "write test data", weir_cli_generate, weir_cli_generate_help},
    {"invoke", "run one invocation of a function on this machine", weir_cli_invoke,
        weir_cli_invoke_help},
    {"tune", "what a function takes and costs at several memory sizes", weir_cli_tune,
        weir_cli_tune_help},
    {"elb-logs", "load-balancer logs as JSON lines, to Logstash", weir_cli_elb_logs,
        weir_cli_elb_logs_help},
    {"archive", "what a program prints into a ZIP archive", weir_cli_archive,
        weir_cli_archive_help},
    {"zip", "files and objects into one ZIP archive", weir_cli_zip, weir_cli_zip_help},
    {"local", "the whole service on this machine", weir_cli_local, weir_cli_local_help},
    {"relay", "one live source, many clients; slow ones lose data", weir_cli_relay,
        weir_cli_relay_help},
    {"upload", "a file through a presigned form", weir_cli_upload, weir_cli_upload_help},
    {"help", "what a verb does, and its options", verb_help, help_help},
};
#define VERBS_N (sizeof verbs / sizeof *verbs)

static void usage(FILE *to)
{
    (void)fputs("usage: weir VERB [OPTIONS] [ARGUMENTS]\n\n", to);
    for (size_t i = 0; i < VERBS_N; i++) {
        (void)fprintf(to, "  %-10s %s\n", verbs[i].name, verbs[i].summary);
    }
    (void)fputs("\n`weir help VERB` tells the rest; `weir --version` the version.\n"
                "Data lies at a path, at s3://bucket/key, or at - (stdin, stdout).\n",
        to);
}

static const struct verb *verb_find(const char *name)
{
    for (size_t i = 0; i < VERBS_N; i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

static int verb_unknown(const char *name)
{
    const char *names[VERBS_N + 1];
    const char *hint;

    for (size_t i = 0; i < VERBS_N; i++) {
        names[i] = verbs[i].name;
    }
    names[VERBS_N] = NULL;
    hint = weir_cli_suggest(name, names);
    if (hint != NULL) {
        weir_cli_note(NULL, "%.60s: no such verb; did you mean %s?", name, hint);
    } else {
        weir_cli_note(NULL, "%.60s: no such verb; `weir help` lists them", name);
    }
    return WEIR_EXIT_CONFIG;
}

/* Help and versions are results: a full disk or a closed pipe behind stdout is an error. */
static int flushed(void)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        weir_cli_note(NULL, "stdout: cannot be written");
        return WEIR_EXIT_FAILED;
    }
    return WEIR_EXIT_DONE;
}

static int verb_help(int argc, char **argv)
{
    if (argc > 2) {
        weir_cli_note("help", "%.60s: one argument too many", argv[2]);
        return WEIR_EXIT_CONFIG;
    }
    if (argc < 2) {
        usage(stdout);
        return flushed();
    }
    const struct verb *verb = verb_find(argv[1]);
    if (verb == NULL) {
        return verb_unknown(argv[1]);
    }
    (void)fputs(verb->help, stdout);
    return flushed();
}

/* Whether the arguments ask for help; what follows "--" belongs to somebody else. */
static bool asks_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    if (weir_stdfds_open() != 0) {
        weir_cli_note(NULL, "/dev/null: %s", strerror(errno));
        return WEIR_EXIT_FAILED;
    }
    /* A reader that went away is an error of the sink, told with an exit code. */
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of its write */

    if (argc < 2) {
        usage(stderr);
        return WEIR_EXIT_CONFIG;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        (void)puts("weir " WEIR_VERSION);
        return flushed();
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        usage(stdout);
        return flushed();
    }
    const struct verb *verb = verb_find(argv[1]);
    if (verb == NULL) {
        return verb_unknown(argv[1]);
    }
    if (verb->run != verb_help && asks_help(argc - 1, argv + 1)) {
        (void)fputs(verb->help, stdout);
        return flushed();
    }
    return verb->run(argc - 1, argv + 1);
}
