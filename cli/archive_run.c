#include "cli/archive_run.h"

#include "cli/progress.h"
#include "core/limits.h"
#include "core/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

int weir_cli_archive_run(struct weir_loop *loop, const struct weir_cli *cli, const char *verb,
    struct weir_archive *archive, struct weir_err *err)
{
    return weir_progress_run(
        loop, cli, verb, verb, weir_archive_info(archive), weir_archive_pipe(archive), err);
}

static int print_words(FILE *to, const struct weir_archive *archive)
{
    struct weir_archive_summary s;
    char in[32], out[32];

    weir_archive_summarize(archive, &s);
    weir_cli_bytes_text(s.bytes_in, in);
    weir_cli_bytes_text(s.bytes_out, out);
    return fprintf(to, "%" PRIu64 " entr%s (%s in, %s out, %" PRId64 ".%03" PRId64 " s)\n",
        s.entries, s.entries == 1 ? "y" : "ies", in, out, s.ms / 1000, s.ms % 1000);
}

void weir_cli_archive_summary(const char *verb, bool json, const struct weir_location *out,
    const struct weir_archive *archive)
{
    FILE *to = out->kind == WEIR_LOCATION_STD ? stderr : stdout;
    struct weir_buf line;
    int rc;

    weir_buf_init(&line, WEIR_LINE_BYTES);
    if (!json && isatty(fileno(to)) != 0) {
        rc = print_words(to, archive);
    } else if (weir_archive_json(archive, &line, NULL) != 0 || weir_buf_text(&line, NULL) == NULL) {
        rc = -1;
    } else {
        rc = fprintf(to, "{%s}\n", (const char *)line.p);
    }
    weir_buf_fini(&line);
    if (rc < 0 || fflush(to) != 0) {
        weir_cli_note(verb, "the output is written, but its summary cannot be");
    }
}
