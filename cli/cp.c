#include "aws/location.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "core/clock.h"
#include "core/str.h"
#include "net/signals.h"
#include "stream/late.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/*
 * Two ends joined: weir's S3 client as a command. What it does under faults is what every handler
 * does that reads or writes an object, so this is also how the client is tested.
 */

struct args {
    struct weir_cli cli;
    const char *ends[2]; /* SRC, DST as given */
    const char *content_type;
    bool json;
};

struct copy {
    const struct args *args;
    struct weir_places places;
    struct weir_buf dst_text; /* DST with SRC's name behind it */
    struct weir_location src, dst;
    struct weir_source_info info;
    struct weir_pipe *pipe;
};

static int parse(int argc, char **argv, struct args *a, struct weir_err *err)
{
    const struct weir_opt opts[] = {
        {.name = "content-type", .kind = WEIR_OPT_TEXT, .to = &a->content_type},
        {.name = "json", .kind = WEIR_OPT_FLAG, .to = &a->json},
        WEIR_CLI_QUIET(&a->cli),
        WEIR_CLI_PROGRESS(&a->cli),
        WEIR_CLI_VERBOSE(&a->cli),
    };
    int n = weir_cli_parse(opts, sizeof opts / sizeof *opts, argc, argv, a->ends, 2, err);

    if (n < 0) {
        return -1;
    }
    if (n < 2) {
        return weir_err_set(
            err, WEIR_E_CONFIG, n == 0 ? "no SRC and no DST" : "no DST: name where it goes");
    }
    /* It becomes a header's value. */
    for (const char *p = a->content_type; p != NULL && *p != '\0'; p++) {
        if (*p < ' ' || *p > '~') {
            return weir_err_set(err, WEIR_E_CONFIG, "--content-type: that is no media type");
        }
    }
    return 0;
}

/*
 * The two places
 */

static bool is_folder(const char *path)
{
    struct stat st;
    size_t n = strlen(path);

    return n > 0 && (path[n - 1] == '/' || (stat(path, &st) == 0 && S_ISDIR(st.st_mode)));
}

/* Whether DST is to take SRC's name: a folder, "s3://bucket", "s3://bucket/", "s3://bucket/x/". */
static bool takes_name(const char *dst)
{
    if (strncmp(dst, "s3://", 5) == 0) {
        return dst[5] != '\0' && dst[5] != '/' &&
               (strchr(dst + 5, '/') == NULL || dst[strlen(dst) - 1] == '/');
    }
    return is_folder(dst);
}

/* DST as text, with SRC's name behind it where that is asked for; NULL with *err set. */
static const char *dst_text(struct copy *c, struct weir_err *err)
{
    const char *src = c->args->ends[0], *dst = c->args->ends[1];

    if (!takes_name(dst)) {
        return dst;
    }
    if (c->src.kind == WEIR_LOCATION_STD) {
        weir_err_set(err, WEIR_E_CONFIG, "%.160s: is a folder, and stdin has no name", dst);
        return NULL;
    }
    const char *name = weir_base_name(src);
    if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        weir_err_set(err, WEIR_E_CONFIG, "%.160s: ends in no name that %.60s could take", src, dst);
        return NULL;
    }
    if (weir_buf_adds(&c->dst_text, dst, err) != 0 ||
        (dst[strlen(dst) - 1] != '/' && weir_buf_adds(&c->dst_text, "/", err) != 0) ||
        weir_buf_adds(&c->dst_text, name, err) != 0) {
        return NULL;
    }
    return weir_buf_text(&c->dst_text, err);
}

static int find(struct copy *c, struct weir_err *err)
{
    if (weir_location_parse(c->args->ends[0], &c->src, err) != 0) {
        return -1;
    }
    if (c->src.kind == WEIR_LOCATION_FILE && is_folder(c->args->ends[0])) {
        return weir_err_set(err, WEIR_E_CONFIG, "%.160s: is a folder; cp takes one file or object",
            c->args->ends[0]);
    }
    const char *dst = dst_text(c, err);
    if (dst == NULL || weir_location_parse(dst, &c->dst, err) != 0) {
        return -1;
    }
    if (c->args->content_type != NULL && c->dst.kind != WEIR_LOCATION_OBJECT) {
        return weir_err_set(
            err, WEIR_E_CONFIG, "--content-type: %.160s is no object (s3://bucket/key)", dst);
    }
    if (weir_location_same(&c->src, &c->dst)) {
        return weir_err_set(err, WEIR_E_CONFIG, "%.160s: SRC and DST are the same", dst);
    }
    return 0;
}

/*
 * The pipe
 */

static int make_sink(void *ctx, struct weir_stage *ret, struct weir_err *err)
{
    struct copy *c = ctx;
    const struct weir_put_opts put = {
        .content_type = c->args->content_type, .size_hint_bytes = c->info.size_bytes};

    return weir_location_sink(&c->places, &c->dst, &put, ret, err);
}

static int build(struct copy *c, struct weir_err *err)
{
    struct weir_stage stages[2] = {{0}};

    if (weir_location_source(&c->places, &c->src, &c->info, &stages[0], err) != 0) {
        return -1;
    }
    /* An object's size is known when its answer comes, and its parts are planned with it. All else
     * is opened at once, so that a DST that cannot be is told before anything is read. */
    bool late = c->src.kind == WEIR_LOCATION_OBJECT && c->dst.kind == WEIR_LOCATION_OBJECT &&
                c->info.size_bytes < 0;
    if ((late ? weir_late_sink_new(make_sink, c, &stages[1], err)
              : make_sink(c, &stages[1], err)) == 0) {
        c->pipe = weir_pipe_new(0, stages, 2, err);
    }
    weir_stage_free(&stages[0]); /* the pipe's, unless there is none */
    weir_stage_free(&stages[1]);
    return c->pipe != NULL ? 0 : -1;
}

/* DST is published by now: a summary that cannot be written is told, and changes nothing. */
static void summarize(const struct copy *c, int64_t ms)
{
    FILE *to = c->dst.kind == WEIR_LOCATION_STD ? stderr : stdout;
    char size[32], rate[32];

    if (c->args->json &&
        (fprintf(to, "{\"bytes\":%" PRIu64 ",\"ms\":%" PRId64 "}\n", c->info.read_bytes, ms) < 0 ||
            fflush(to) != 0)) {
        weir_cli_note("cp", "the copy is made, but its summary cannot be written");
    }
    if (c->args->cli.verbose && !c->args->cli.quiet) {
        weir_cli_bytes_text(c->info.read_bytes, size);
        weir_cli_bytes_text(c->info.read_bytes * 1000 / (uint64_t)(ms > 0 ? ms : 1), rate);
        weir_cli_note("cp", "%.100s to %.100s: %s in %" PRId64 ".%03" PRId64 " s, %s/s",
            c->src.text, c->dst.text, size, ms / 1000, ms % 1000, rate);
    }
}

static int copy(struct weir_loop *loop, const struct args *a, struct weir_err *err)
{
    struct copy c = {.args = a, .info = {.size_bytes = -1}};
    int64_t start_ms = weir_clock_mono_ms();
    struct weir_signals *signals = weir_signals_new(loop, err);
    int rc = -1;

    weir_places_init(&c.places, loop);
    weir_buf_init(&c.dst_text, WEIR_CLI_PATH_MAX_BYTES);
    if (signals == NULL || find(&c, err) != 0 || build(&c, err) != 0 ||
        weir_progress_run(loop, &c.args->cli, "cp", "cp", &c.info, c.pipe, err) != 0) {
        goto out;
    }
    weir_signals_free(signals); /* a stdout that nobody reads is to be left the usual way */
    signals = NULL;
    summarize(&c, weir_clock_mono_ms() - start_ms);
    rc = 0;
out:
    weir_pipe_free(c.pipe);
    weir_location_fini(&c.src);
    weir_location_fini(&c.dst);
    weir_buf_fini(&c.dst_text);
    weir_places_fini(&c.places);
    weir_signals_free(signals);
    return rc;
}

int weir_cli_cp(int argc, char **argv)
{
    struct args a = {0};
    struct weir_err err = {0};

    if (parse(argc, argv, &a, &err) != 0) {
        return weir_cli_usage("cp", &err);
    }
    struct weir_loop *loop = weir_loop_new(&err);
    int rc = loop != NULL ? copy(loop, &a, &err) : -1;
    weir_loop_free(loop);
    return rc == 0 ? WEIR_EXIT_DONE : weir_cli_fail("cp", &err);
}
