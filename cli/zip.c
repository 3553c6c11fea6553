#include "aws/location.h"
#include "cli/archive_run.h"
#include "cli/cli.h"
#include "codec/deflate.h"
#include "core/clock.h"
#include "core/reason.h"
#include "handlers/archive/job.h"
#include "net/signals.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct args {
    struct weir_cli cli;
    const char *out;
    const char **files;
    size_t files_n;
    int64_t level, threads;
    bool junk, zip64, json;
};

static int parse(int argc, char **argv, struct args *a, struct weir_err *err)
{
    const struct weir_opt opts[] = {
        {.name = "out", .letter = 'o', .kind = WEIR_OPT_TEXT, .to = &a->out},
        {.name = "junk-paths", .letter = 'j', .kind = WEIR_OPT_FLAG, .to = &a->junk},
        {.name = "level", .kind = WEIR_OPT_COUNT, .to = &a->level, .min = 0, .max = 9},
        {.name = "zip64", .kind = WEIR_OPT_FLAG, .to = &a->zip64},
        {.name = "threads", /* -j is zip's own, as of other zips */
            .kind = WEIR_OPT_COUNT,
            .to = &a->threads,
            .min = 1,
            .max = WEIR_THREADS_MAX},
        {.name = "json", .kind = WEIR_OPT_FLAG, .to = &a->json},
        WEIR_CLI_QUIET(&a->cli),
        WEIR_CLI_PROGRESS(&a->cli),
    };

    a->level = WEIR_DEFLATE_LEVEL;
    a->files = calloc((size_t)argc + 1, sizeof *a->files);
    if (a->files == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "out of memory");
    }
    int n =
        weir_cli_parse(opts, sizeof opts / sizeof *opts, argc, argv, a->files, (size_t)argc, err);
    if (n < 0) {
        return -1;
    }
    if (n == 0) {
        return weir_err_set(err, WEIR_E_CONFIG, "no FILE: name files, s3://bucket/key or -");
    }
    if (a->out == NULL) {
        return weir_err_set(err, WEIR_E_CONFIG, "no output: give -o OUT (-o - for stdout)");
    }
    a->files_n = (size_t)n;
    return 0;
}

/* The entry's name: the path as written, without what leads to the root or above, as other zips do.
 * Parts "." and ".." further on are left for the archive to refuse. */
static const char *entry_name(const struct weir_location *at, bool junk)
{
    const char *name = at->kind == WEIR_LOCATION_OBJECT ? at->key : at->text;
    const char *slash = strrchr(name, '/');

    if (junk && slash != NULL) {
        return slash + 1;
    }
    for (;;) {
        size_t n = strspn(name, "/");
        n = n > 0 ? n : strncmp(name, "./", 2) == 0 ? 2 : strncmp(name, "../", 3) == 0 ? 3 : 0;
        if (n == 0) {
            return name;
        }
        name += n;
    }
}

/* What is known of a FILE before it is opened. A file that is not there, or is OUT, is told now. */
static int look_at(const struct args *a, const char *text, const struct weir_location *out,
    struct weir_archive_input *input, struct weir_err *err)
{
    struct stat st;

    if (weir_location_parse(text, &input->at, err) != 0) {
        return -1;
    }
    input->name = entry_name(&input->at, a->junk);
    input->size_bytes = -1;
    input->mtime_s = weir_clock_unix_ms() / 1000;
    if (weir_location_same(&input->at, out)) {
        return weir_err_set(err, WEIR_E_CONFIG, "%.160s: is the archive itself", text);
    }
    if (input->at.kind != WEIR_LOCATION_FILE) {
        return 0;
    }
    if (stat(text, &st) != 0) {
        return weir_err_detail(err, WEIR_E_CONFIG, errno, "%.160s: %s", text, weir_reason(errno));
    }
    if (S_ISDIR(st.st_mode)) {
        return weir_err_set(err, WEIR_E_CONFIG, "%.160s: is a folder; name its files", text);
    }
    input->mtime_s = st.st_mtime;
    input->mode = st.st_mode & 0777;
    input->size_bytes = S_ISREG(st.st_mode) ? st.st_size : -1;
    return 0;
}

struct zip {
    const struct args *args;
    struct weir_places places;
    struct weir_location out;
    struct weir_archive_input *inputs;
    struct weir_archive *archive;
};

static int build(struct zip *z, struct weir_loop *loop, struct weir_err *err)
{
    const struct args *a = z->args;
    struct weir_archive_job job = {.loop = loop,
        .places = &z->places,
        .inputs = z->inputs,
        .inputs_n = a->files_n,
        .format = WEIR_ARCHIVE_ZIP,
        .level = (int)a->level,
        .zip64_always = a->zip64,
        .threads = (size_t)a->threads,
        .deadline_mono_ms = INT64_MAX};
    int64_t total = 0;

    for (size_t i = 0; i < a->files_n; i++) {
        if (look_at(a, a->files[i], &z->out, &z->inputs[i], err) != 0) {
            return -1;
        }
        total = total >= 0 && z->inputs[i].size_bytes >= 0 ? total + z->inputs[i].size_bytes : -1;
    }
    const struct weir_put_opts put = weir_archive_put(job.format, total);
    if (weir_location_sink(&z->places, &z->out, &put, &job.sink, err) != 0) {
        return -1;
    }
    z->archive = weir_archive_new(&job, err);
    weir_stage_free(&job.sink); /* the pipe's, unless there is none */
    return z->archive != NULL ? 0 : -1;
}

static int zip(struct weir_loop *loop, const struct args *a, struct weir_err *err)
{
    struct zip z = {.args = a};
    struct weir_signals *signals = weir_signals_new(loop, err);
    int rc = -1;

    weir_places_init(&z.places, loop);
    z.inputs = calloc(a->files_n, sizeof *z.inputs);
    if (z.inputs == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "out of memory");
    } else if (signals != NULL && weir_location_parse(a->out, &z.out, err) == 0 &&
               build(&z, loop, err) == 0) {
        rc = weir_cli_archive_run(loop, &a->cli, "zip", z.archive, err);
    }
    weir_signals_free(signals); /* a stdout that nobody reads is to be left the usual way */
    if (rc == 0) {
        weir_cli_archive_summary("zip", a->json, &z.out, z.archive);
    }
    weir_archive_free(z.archive);
    for (size_t i = 0; z.inputs != NULL && i < a->files_n; i++) {
        weir_location_fini(&z.inputs[i].at);
    }
    free(z.inputs);
    weir_location_fini(&z.out);
    weir_places_fini(&z.places);
    return rc;
}

int weir_cli_zip(int argc, char **argv)
{
    struct args a = {0};
    struct weir_err err = {0};
    int rc;

    if (parse(argc, argv, &a, &err) != 0) {
        rc = weir_cli_usage("zip", &err);
    } else {
        struct weir_loop *loop = weir_loop_new(&err);
        rc = loop != NULL && zip(loop, &a, &err) == 0 ? WEIR_EXIT_DONE : weir_cli_fail("zip", &err);
        weir_loop_free(loop);
    }
    free(a.files);
    return rc;
}
