#include "aws/location.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "core/clock.h"
#include "core/log.h"
#include "handlers/elb_logs/job.h"
#include "net/file.h"
#include "net/signals.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char weir_cli_elb_logs_help[] =
    "usage: weir elb-logs FILE... --to WHERE [OPTIONS]\n"
    "\n"
    "Access logs of load balancers (Classic, Application, Network) as JSON lines with the names "
    "of\n"
    "the Elastic Common Schema. The logs may be gzip; each line is recognised by itself, and one\n"
    "that cannot be parsed goes on as a message with the tag _elbparsefailure.\n"
    "\n"
    "      --to WHERE       - (stdout)\n"
    "      --fields NAMES   ecs (nested objects) or aws (flat, the names of AWS); ecs\n"
    "      --json           the summary as one JSON line, also on a terminal\n"
    "  -q, --quiet          no progress, no notes\n"
    "      --progress       progress also where stderr is no terminal\n"
    "\n"
    "FILE is a path, s3://bucket/key or - (stdin). The summary goes to stdout, or to stderr when\n"
    "the lines go to stdout.\n"
    "\n"
    "exit status: 0 every line was parsed, and has arrived; 1 all have arrived, and some could "
    "not\n"
    "be parsed; 2 wrong usage; 3 failed, or it is not certain that every line has arrived.\n";

struct args {
    struct weir_cli cli;
    const char *files[WEIR_CLI_FILES_MAX];
    size_t files_n;
    const char *to;
    size_t names; /* enum weir_elb_names */
    bool json;
};

static int parse(int argc, char **argv, struct args *a, struct weir_err *err)
{
    static const char *const names[] = {"ecs", "aws", NULL};
    const struct weir_opt opts[] = {
        {.name = "to", .kind = WEIR_OPT_TEXT, .to = &a->to},
        {.name = "fields", .kind = WEIR_OPT_WORD, .to = &a->names, .words = names},
        {.name = "json", .kind = WEIR_OPT_FLAG, .to = &a->json},
        WEIR_CLI_QUIET(&a->cli),
        WEIR_CLI_PROGRESS(&a->cli),
    };
    int n = weir_cli_parse(
        opts, sizeof opts / sizeof opts[0], argc, argv, a->files, WEIR_CLI_FILES_MAX, err);

    if (n < 0) {
        return -1;
    }
    if (n == 0) {
        return weir_err_set(err, WEIR_E_CONFIG, "no input: name files, s3://bucket/key or -");
    }
    if (a->to == NULL) {
        return weir_err_set(err, WEIR_E_CONFIG, "no receiver: give --to WHERE (--to - for stdout)");
    }
    a->files_n = (size_t)n;
    return 0;
}

/* What the ids are made of. Two inputs must not get the same ids for different lines, for a
 * receiver drops what it has seen: so a file's time belongs to them, and stdin's ids are those of
 * the run. */
static int origin_of(const struct weir_location *location, size_t index,
    struct weir_elb_origin *ret, struct weir_err *err)
{
    char tag[96] = "";
    struct stat st;

    if (location->kind == WEIR_LOCATION_OBJECT) {
        return weir_elb_origin_set(ret, location->bucket, location->key, "", location->text, err);
    }
    if (location->kind == WEIR_LOCATION_FILE && stat(location->text, &st) == 0 &&
        S_ISREG(st.st_mode)) {
        (void)snprintf(tag, sizeof tag, "%lld-%lld.%09ld", (long long)st.st_size,
            (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    } else {
        (void)snprintf(tag, sizeof tag, "%lld-%lld-%zu", (long long)weir_clock_unix_ms(),
            (long long)getpid(), index);
    }
    return weir_elb_origin_set(ret, "", location->text, tag, location->text, err);
}

/* One file from its beginning to its end. What was done is added to *sums in any case. */
static int one_file(struct weir_loop *loop, struct weir_places *places, const struct args *a,
    size_t index, struct weir_elb_summary *sums, struct weir_err *err)
{
    struct weir_location location = {0};
    struct weir_source_info info = {.size_bytes = -1};
    struct weir_elb_origin origin;
    struct weir_elb_job_opts opts = {.info = &info,
        .origin = &origin,
        .names = (enum weir_elb_names)a->names,
        .stop_mono_ms = INT64_MAX,
        .deadline_mono_ms = INT64_MAX};
    struct weir_elb_job *job = NULL;
    struct weir_progress *progress = NULL;
    int rc = -1;

    if (weir_location_parse(a->files[index], &location, err) != 0 ||
        origin_of(&location, index, &origin, err) != 0 ||
        weir_location_source(places, &location, &info, &opts.source, err) != 0 ||
        weir_fd_sink_new(loop, STDOUT_FILENO, &opts.sink, err) != 0) {
        goto out;
    }
    job = weir_elb_job_new(&opts, err);
    if (job == NULL || weir_progress_start(loop, &a->cli, "elb-logs", &info, &progress, err) != 0) {
        goto out;
    }
    rc = weir_elb_job_run(job, loop, err);
    weir_progress_stop(progress);
out:
    if (job != NULL) {
        struct weir_elb_summary one;
        weir_elb_job_summarize(job, &one);
        weir_elb_summary_add(sums, &one);
    }
    weir_elb_job_free(job);
    weir_stage_free(&opts.source);
    weir_stage_free(&opts.sink);
    weir_location_fini(&location);
    return rc;
}

static void print_summary(const struct args *a, const struct weir_elb_summary *s)
{
    FILE *to = strcmp(a->to, "-") == 0 ? stderr : stdout;
    int rc;

    if (!a->json && isatty(fileno(to)) != 0) {
        char in[32];
        weir_cli_bytes_text(s->bytes_in, in);
        rc = fprintf(to,
            "%" PRIu64 " lines: %" PRIu64 " parsed, %" PRIu64 " rejected, %" PRIu64
            " confirmed (%s in, %" PRId64 ".%03" PRId64 " s)\n",
            s->lines, s->parsed, s->rejected, s->confirmed, in, s->ms / 1000, s->ms % 1000);
    } else {
        rc = fprintf(to,
            "{\"lines\":%" PRIu64 ",\"parsed\":%" PRIu64 ",\"rejected\":%" PRIu64
            ",\"blank\":%" PRIu64 ",\"confirmed\":%" PRIu64 ",\"bytes_in\":%" PRIu64
            ",\"bytes_out\":%" PRIu64 ",\"ms\":%" PRId64 "}\n",
            s->lines, s->parsed, s->rejected, s->blank, s->confirmed, s->bytes_in, s->bytes_out,
            s->ms);
    }
    if (rc < 0 || fflush(to) != 0) {
        weir_cli_note("elb-logs", "the summary cannot be written");
    }
}

static int elb_logs(
    struct weir_loop *loop, const struct args *a, uint64_t *rejected, struct weir_err *err)
{
    struct weir_places places;
    struct weir_elb_summary sums = {0};
    struct weir_signals *signals = weir_signals_new(loop, err);
    int rc = signals != NULL ? 0 : -1;

    weir_places_init(&places, loop);
    for (size_t i = 0; i < a->files_n && rc == 0; i++) {
        rc = one_file(loop, &places, a, i, &sums, err);
    }
    weir_places_fini(&places);
    weir_signals_free(signals); /* a stdout that nobody reads is to be left the usual way */
    print_summary(a, &sums);
    *rejected = sums.rejected;
    return rc;
}

int weir_cli_elb_logs(int argc, char **argv)
{
    struct args a = {0};
    struct weir_err err = {0};
    uint64_t rejected = 0;

    if (parse(argc, argv, &a, &err) != 0) {
        return weir_cli_usage("elb-logs", &err);
    }
    struct weir_loop *loop = weir_loop_new(&err);
    int rc = loop != NULL ? elb_logs(loop, &a, &rejected, &err) : -1;
    weir_loop_free(loop);
    if (rc != 0) {
        return weir_cli_fail("elb-logs", &err);
    }
    return rejected > 0 ? WEIR_EXIT_DATA : WEIR_EXIT_DONE;
}
