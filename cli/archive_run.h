#ifndef WEIR_CLI_ARCHIVE_RUN_H
#define WEIR_CLI_ARCHIVE_RUN_H

#include "aws/location.h"
#include "cli/cli.h"
#include "handlers/archive/job.h"

/* What `weir zip` and `weir archive` share. */

/** weir_cli_archive_run: run the pipe with progress around it; what could not be undone is told.
 *  Returns 0, or -1 with *err set. */
int weir_cli_archive_run(struct weir_loop *loop, const struct weir_cli *cli, const char *verb,
    struct weir_archive *archive, struct weir_err *err);

/** weir_cli_archive_summary: the summary on stdout, or on stderr when the archive went to stdout:
 *  in words on a terminal, else, or with json, one JSON line. The archive is published by now: a
 *  summary that cannot be written is told, and changes nothing. */
void weir_cli_archive_summary(const char *verb, bool json, const struct weir_location *out,
    const struct weir_archive *archive);

#endif
