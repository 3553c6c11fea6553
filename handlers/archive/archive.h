#ifndef WEIR_HANDLERS_ARCHIVE_ARCHIVE_H
#define WEIR_HANDLERS_ARCHIVE_ARCHIVE_H

#include "event/handler.h"

/*
 * A program's output, or objects, into one archive on S3: README.md has the event. Settings:
 *
 *   WEIR_PROGRAMS  JSON object: name -> path of an executable below the task root or /opt (relative
 *                  ones: below the task root), or {"path": ..., "credentials": true}
 */
extern const struct weir_handler weir_archive_handler;

#endif
