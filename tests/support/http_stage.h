#ifndef WEIR_TESTS_HTTP_STAGE_H
#define WEIR_TESTS_HTTP_STAGE_H

#include "core/err.h"
#include "net/http_source.h"
#include "stream/source.h"
#include "stream/stage.h"

/**
 * http_stage: a stage that streams the body of a 2xx answer as it is; any other status
 * is WEIR_E_REMOTE with the status as detail.
 *
 * On success the stage owns the source. info may be NULL; size_bytes is set once the headers
 * are there. Returns 0, or -1 with *err set (WEIR_E_NOMEM) and the source still the
 * caller's.
 */
int http_stage(struct weir_http_source *source, struct weir_source_info *info,
    struct weir_stage *ret, struct weir_err *err);

#endif
