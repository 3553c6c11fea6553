#ifndef WEIR_AWS_LOCATION_H
#define WEIR_AWS_LOCATION_H

#include "aws/config.h"
#include "aws/store.h"
#include "core/buf.h"
#include "net/loop.h"
#include "stream/source.h"
#include "stream/stage.h"

#include <stdbool.h>

/*
 * Where data lies, as people write it: "-" (stdin, stdout; /dev/stdin and /dev/stdout too), a path,
 * or s3://bucket/key. A path that looks like one of the others is written with "./" before it.
 */
enum weir_location_kind { WEIR_LOCATION_STD, WEIR_LOCATION_FILE, WEIR_LOCATION_OBJECT };

struct weir_location {
    enum weir_location_kind kind;
    const char *text; /* as written; borrowed */
    char *bucket;     /* WEIR_LOCATION_OBJECT; owned */
    const char *key;  /* WEIR_LOCATION_OBJECT; into text */
};

/* The ends' settings; the environment is read when the first s3:// end is made. It outlives the
 * ends that are made with it. */
struct weir_places {
    struct weir_loop *loop; /* borrowed */
    struct weir_s3_config s3;
    bool s3_read;
};

/** weir_places_init: no memory, no environment yet. weir_places_fini: when the last end is gone. */
void weir_places_init(struct weir_places *places, struct weir_loop *loop);
void weir_places_fini(struct weir_places *places);

/**
 * weir_location_parse: text -> *ret (weir_location_fini). text is borrowed and must outlive it.
 *
 * Returns 0, or -1 with *err set: WEIR_E_CONFIG (empty, another scheme, no bucket, no key),
 * WEIR_E_NOMEM.
 */
int weir_location_parse(const char *text, struct weir_location *ret, struct weir_err *err);

/** weir_location_fini: release; a zeroed one is a no-op. */
void weir_location_fini(struct weir_location *location);

/** weir_location_same: whether both are certainly the same object or regular file (by a link, too,
 *  and when it is not there yet); stdin and stdout never are. */
bool weir_location_same(const struct weir_location *a, const struct weir_location *b);

/**
 * weir_location_source: a stage that reads it.
 *
 * info  receives size and progress; outlives the stage
 *
 * Returns 0 with *ret set, or -1 with *err set: WEIR_E_CONFIG (not there, a folder, bad settings),
 * WEIR_E_IO, WEIR_E_NOMEM. An object that is not there is only seen later, by the pipe
 * (WEIR_E_REMOTE 404).
 */
int weir_location_source(struct weir_places *places, const struct weir_location *location,
    struct weir_source_info *info, struct weir_stage *ret, struct weir_err *err);

/**
 * weir_location_sink: a stage that writes it; nothing is visible there before its clean end
 * (stdout excepted).
 *
 * opts  for objects; may be NULL
 *
 * Returns 0 with *ret set, or -1 with *err set: WEIR_E_CONFIG (a folder, bad settings, a bucket or
 * key that cannot be one), WEIR_E_REMOTE (a folder as a store: no such bucket), WEIR_E_LIMIT
 * (weir_s3_sink_new), WEIR_E_IO, WEIR_E_NOMEM.
 */
int weir_location_sink(struct weir_places *places, const struct weir_location *location,
    const struct weir_put_opts *opts, struct weir_stage *ret, struct weir_err *err);

/** weir_location_get: a small thing whole (a schema, an event) from a place as it is written, up to
 *  the buffer's ceiling: beyond it is none (WEIR_E_CONFIG). Runs the loop. Returns 0, or -1 with
 *  *err set. */
int weir_location_get(
    struct weir_places *places, const char *text, struct weir_buf *ret, struct weir_err *err);

/** weir_location_load: the same with settings of its own. */
int weir_location_load(
    struct weir_loop *loop, const char *text, struct weir_buf *ret, struct weir_err *err);

#endif
