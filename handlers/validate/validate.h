#ifndef WEIR_HANDLERS_VALIDATE_VALIDATE_H
#define WEIR_HANDLERS_VALIDATE_VALIDATE_H

#include "event/handler.h"

/*
 * S3 objects announced by events, each validated into objects of its own. Settings (environment;
 * README.md):
 *
 *   WEIR_SCHEMA            path or s3://bucket/key; default events.schema.json beside the bootstrap
 *   WEIR_SCHEMA_MAX_AGE_S  of one on S3
 *   WEIR_OPTIONS           options.h, as JSON
 *   WEIR_OUTPUT_BUCKET     default: the input's bucket
 *   WEIR_OUTPUT_KEY, WEIR_INVALID_KEY, WEIR_SUMMARY_KEY    outkey.h
 *   WEIR_RULES             other settings for other keys: rules.h
 *   WEIR_INPUT_PREFIX      the trigger's prefix, for the guard against recursion: recursion.h
 */
extern const struct weir_handler weir_validate_handler;

#endif
