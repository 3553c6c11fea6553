#include "aws/location.h"
#include "cli/archive_run.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "codec/deflate.h"
#include "codec/gzip.h"
#include "core/clock.h"
#include "core/str.h"
#include "handlers/archive/job.h"
#include "net/child.h"
#include "net/child_env.h"
#include "net/child_source.h"
#include "net/signals.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct args {
    struct weir_cli cli;
    const char *out, *entry;
    const char **program; /* and its arguments; ends with NULL */
    int64_t timeout_ms, level, threads;
    size_t format;
    bool require_output, credentials, zip64, json;
};

#define FORMAT_UNSAID SIZE_MAX

/* An option that cannot be, behind PROGRAM and without a "--": it is meant for PROGRAM. Always
 * returns -1. */
static int for_program(int argc, char **argv, const struct args *a, struct weir_err *err)
{
    const struct weir_err was = *err;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0) {
            return -1;
        }
    }
    if (a->program[0] != NULL) {
        *err = (struct weir_err){0};
        weir_err_set(err, was.code, "%.160s; what is PROGRAM's own stands after --", was.msg);
    }
    return -1;
}

static int parse(int argc, char **argv, struct args *a, struct weir_err *err)
{
    const struct weir_opt opts[] = {
        {.name = "out", .letter = 'o', .kind = WEIR_OPT_TEXT, .to = &a->out},
        {.name = "entry", .kind = WEIR_OPT_TEXT, .to = &a->entry},
        {.name = "timeout",
            .kind = WEIR_OPT_SECONDS,
            .to = &a->timeout_ms,
            .min = 1,
            .max = WEIR_CLI_TIME_MAX_MS},
        {.name = "format", .kind = WEIR_OPT_WORD, .to = &a->format, .words = weir_archive_formats},
        {.name = "require-output", .kind = WEIR_OPT_FLAG, .to = &a->require_output},
        {.name = "credentials", .kind = WEIR_OPT_FLAG, .to = &a->credentials},
        {.name = "level", .kind = WEIR_OPT_COUNT, .to = &a->level, .min = 0, .max = 9},
        {.name = "zip64", .kind = WEIR_OPT_FLAG, .to = &a->zip64},
        WEIR_CLI_THREADS(&a->threads),
        {.name = "json", .kind = WEIR_OPT_FLAG, .to = &a->json},
        WEIR_CLI_QUIET(&a->cli),
        WEIR_CLI_PROGRESS(&a->cli),
        WEIR_CLI_VERBOSE(&a->cli),
    };

    a->level = WEIR_DEFLATE_LEVEL;
    a->format = FORMAT_UNSAID;
    a->program = calloc((size_t)argc + 1, sizeof *a->program);
    if (a->program == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "out of memory");
    }
    int n =
        weir_cli_parse(opts, sizeof opts / sizeof *opts, argc, argv, a->program, (size_t)argc, err);
    if (n < 0) {
        return for_program(argc, argv, a, err);
    }
    if (n == 0) {
        return weir_err_set(err, WEIR_E_CONFIG, "no PROGRAM: name it after --");
    }
    if (a->out == NULL) {
        return weir_err_set(err, WEIR_E_CONFIG, "no output: give -o OUT (-o - for stdout)");
    }
    if (a->format == FORMAT_UNSAID) {
        a->format = weir_gzip_named(a->out) ? WEIR_ARCHIVE_GZIP : WEIR_ARCHIVE_ZIP;
    }
    if (a->format != WEIR_ARCHIVE_ZIP && (a->entry != NULL || a->zip64)) {
        return weir_err_set(
            err, WEIR_E_CONFIG, "--%s: is for --format zip", a->entry != NULL ? "entry" : "zip64");
    }
    return 0;
}

/* OUT's own name without .zip: what most people would unpack it as. */
static void default_entry(const struct weir_location *out, char *ret, size_t size)
{
    const char *name = weir_base_name(out->kind == WEIR_LOCATION_OBJECT ? out->key : out->text);
    int n;

    n = (int)strlen(name);
    if (n > 4 && strcmp(name + n - 4, ".zip") == 0) {
        n -= 4;
    }
    (void)snprintf(ret, size, "%.*s", n, out->kind == WEIR_LOCATION_STD ? "data" : name);
}

static void show_stderr(void *ctx, const uint8_t *p, size_t n)
{
    (void)ctx;
    weir_progress_beside((const char *)p, n);
}

struct archive {
    const struct args *args;
    struct weir_places places;
    struct weir_location out;
    struct weir_source_info info;
    struct weir_child_report report;
    int64_t deadline_mono_ms;
    struct weir_archive *archive;
};

static int start_program(
    struct archive *z, struct weir_loop *loop, struct weir_stage *ret, struct weir_err *err)
{
    const struct args *a = z->args;
    struct weir_child_env env = {.n = 0};
    char path[PATH_MAX];
    struct weir_child_source_opts child = {.name = a->program[0],
        .path = path,
        .argv = (char *const *)(uintptr_t)a->program,
        .stdin_fd = isatty(STDIN_FILENO) ? -1 : STDIN_FILENO,
        .require_output = a->require_output,
        .on_stderr = a->cli.verbose ? show_stderr : NULL,
        .report = &z->report};
    int rc = -1;

    if (weir_child_find(a->program[0], path, err) == 0 &&
        weir_child_env_init(&env, WEIR_CHILD_ENV_OURS, a->credentials, err) == 0) {
        child.env = env.items;
        rc = weir_child_source_new(loop, &child, &z->info, ret, err);
    }
    weir_child_env_fini(&env);
    return rc;
}

static int build(struct archive *z, struct weir_loop *loop, struct weir_err *err)
{
    const struct args *a = z->args;
    char entry[WEIR_ZIP_NAME_MAX_BYTES + 1];
    struct weir_archive_job job = {.loop = loop,
        .info = &z->info,
        .entry = a->entry != NULL ? a->entry : entry,
        .mtime_s = weir_clock_unix_ms() / 1000,
        .format = (enum weir_archive_format)a->format,
        .level = (int)a->level,
        .zip64_always = a->zip64,
        .threads = (size_t)a->threads,
        .deadline_mono_ms = z->deadline_mono_ms};
    const struct weir_put_opts put = weir_archive_put(job.format, -1);
    int rc = -1;

    default_entry(&z->out, entry, sizeof entry);
    /* The program last: what is wrong with the rest is told before it has done anything. */
    if (weir_zip_name_check(job.entry, err) == 0 &&
        weir_location_sink(&z->places, &z->out, &put, &job.sink, err) == 0 &&
        start_program(z, loop, &job.source, err) == 0) {
        z->archive = weir_archive_new(&job, err);
        rc = z->archive != NULL ? 0 : -1;
    }
    weir_stage_free(&job.source); /* the pipe's, unless there is none */
    weir_stage_free(&job.sink);
    return rc;
}

static int archive(struct weir_loop *loop, const struct args *a, struct weir_err *err)
{
    struct archive z = {.args = a,
        .deadline_mono_ms = a->timeout_ms > 0 ? weir_clock_mono_ms() + a->timeout_ms : INT64_MAX};
    struct weir_signals *signals = weir_signals_new(loop, err);
    int rc = -1;

    weir_places_init(&z.places, loop);
    if (signals != NULL && weir_location_parse(a->out, &z.out, err) == 0 &&
        build(&z, loop, err) == 0) {
        rc = weir_cli_archive_run(loop, &a->cli, "archive", z.archive, err);
    }
    /* Others have a time of their own: a server, credentials that are renewed. */
    if (rc != 0 && z.archive != NULL && err->code == WEIR_E_DEADLINE &&
        weir_clock_mono_ms() >= z.deadline_mono_ms) {
        *err = (struct weir_err){0};
        weir_err_set(err, WEIR_E_DEADLINE, "%.100s: ended after %g s (--timeout)", a->program[0],
            (double)a->timeout_ms / 1000);
    }
    weir_signals_free(signals); /* a stdout that nobody reads is to be left the usual way */
    if (rc == 0) {
        weir_cli_archive_summary("archive", a->json, &z.out, z.archive);
    }
    weir_archive_free(z.archive);
    weir_location_fini(&z.out);
    weir_places_fini(&z.places);
    return rc;
}

int weir_cli_archive(int argc, char **argv)
{
    struct args a = {0};
    struct weir_err err = {0};
    int rc;

    if (parse(argc, argv, &a, &err) != 0) {
        rc = weir_cli_usage("archive", &err);
    } else {
        struct weir_loop *loop = weir_loop_new(&err);
        rc = loop != NULL && archive(loop, &a, &err) == 0 ? WEIR_EXIT_DONE
                                                          : weir_cli_fail("archive", &err);
        weir_loop_free(loop);
    }
    free(a.program);
    return rc;
}
