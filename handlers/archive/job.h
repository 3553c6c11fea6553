#ifndef WEIR_HANDLERS_ARCHIVE_JOB_H
#define WEIR_HANDLERS_ARCHIVE_JOB_H

#include "aws/location.h"
#include "codec/zip.h"
#include "core/buf.h"
#include "stream/pipe.h"
#include "stream/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Streams into an archive: one source (a program's output) or many files and objects. One
 * implementation for all doors: the handler, `weir archive` and `weir zip`.
 *
 *     source, or inputs in a row -> zip | gzip | nothing -> sink
 */
struct weir_archive;

enum weir_archive_format { WEIR_ARCHIVE_ZIP, WEIR_ARCHIVE_GZIP, WEIR_ARCHIVE_NONE };

/** What the formats are called, in enum weir_archive_format's order; ends with NULL. */
extern const char *const weir_archive_formats[];

/* A file or an object that becomes an entry. */
struct weir_archive_input {
    struct weir_location at;
    const char *name; /* of the entry */
    int64_t mtime_s;
    uint32_t mode;
    int64_t size_bytes; /* -1: not known */
};

struct weir_archive_job {
    struct weir_loop *loop;
    struct weir_stage sink; /* moved out by weir_archive_new when it succeeds, like source */

    struct weir_stage source;            /* either this, which becomes one entry ... */
    const struct weir_source_info *info; /* the source's; borrowed */
    const char *entry;                   /* its name; WEIR_ARCHIVE_ZIP only */
    int64_t mtime_s;

    const struct weir_archive_input *inputs; /* ... or these; borrowed */
    size_t inputs_n;
    struct weir_places *places; /* for them; borrowed */

    enum weir_archive_format format;
    int level;                /* as weir_deflate_new */
    bool zip64_always;        /* codec/zip.h */
    size_t threads;           /* that deflate; 0: weir_threads_here() */
    int64_t deadline_mono_ms; /* INT64_MAX: none */
    /* As in struct weir_zip_opts; WEIR_ARCHIVE_ZIP only. */
    int (*on_entry)(void *ctx, const struct weir_zip_done *done, struct weir_err *err);
    void *ctx;
};

struct weir_archive_summary {
    uint64_t entries;
    uint64_t bytes_in, bytes_out;
    int64_t ms;
};

/**
 * weir_archive_new: build the pipe.
 *
 * Returns it (weir_archive_free), with job->source and job->sink moved into it; or NULL with *err
 * set (WEIR_E_CONFIG: level, a name, two entries of one name; WEIR_E_LIMIT, WEIR_E_NOMEM) and the
 * stages still the caller's.
 */
struct weir_archive *weir_archive_new(struct weir_archive_job *job, struct weir_err *err);

/** weir_archive_free: free the job and its pipe. Accepts NULL. */
void weir_archive_free(struct weir_archive *a);

/** weir_archive_pipe: the pipe, for weir_loop_run and what stands on it: weir_handler_run_pipe,
 *  weir_progress_run. Owned by the job. */
struct weir_pipe *weir_archive_pipe(struct weir_archive *a);

/** weir_archive_info: what has been read so far, and of how much, for a progress line. */
const struct weir_source_info *weir_archive_info(const struct weir_archive *a);

/** weir_archive_summarize: what has been done so far; ms counts from weir_archive_new. */
void weir_archive_summarize(const struct weir_archive *a, struct weir_archive_summary *ret);

/** weir_archive_json: the summary as members of a JSON object, without the braces. Returns 0, or -1
 *  with *err the buffer's. */
int weir_archive_json(const struct weir_archive *a, struct weir_buf *ret, struct weir_err *err);

/** weir_archive_put: what to tell S3 of the output; in_bytes is -1 when unknown. */
struct weir_put_opts weir_archive_put(enum weir_archive_format format, int64_t in_bytes);

#endif
