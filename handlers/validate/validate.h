#ifndef WEIR_HANDLERS_VALIDATE_VALIDATE_H
#define WEIR_HANDLERS_VALIDATE_VALIDATE_H

#include "event/handler.h"

/*
 * S3 objects announced by events, each validated into an object of its own. Settings (environment):
 *
 *   WEIR_SCHEMA         path or s3://bucket/key; default events.schema.json beside the bootstrap
 *   WEIR_OUTPUT_BUCKET  default: the input's bucket
 *   WEIR_OUTPUT_KEY     default validations/{stem}.csv.gz; {stem} is the input's key without its
 *                       first folder and without .csv or .csv.gz; {key}, {etag}, {version} too
 *   WEIR_INPUT_PREFIX   the trigger's prefix, for the guard against recursion; default uploads/
 */
extern const struct weir_handler weir_validate_handler;

#endif
