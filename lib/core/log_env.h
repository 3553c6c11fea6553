#ifndef WEIR_CORE_LOG_ENV_H
#define WEIR_CORE_LOG_ENV_H

#include "core/log.h"

/**
 * weir_log_env: set a log up as Lambda's environment asks for.
 *
 *   AWS_LAMBDA_LOG_LEVEL        TRACE, DEBUG, INFO, WARN, ERROR, FATAL in any case; default INFO
 *   AWS_LAMBDA_LOG_FORMAT       JSON or Text in any case; default Text
 *   AWS_LAMBDA_MAX_CONCURRENCY  when set (Managed Instances): JSON, whatever the format says
 *   _LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET
 *                               when set: lines go to a connection to this UNIX socket. When it
 *                               is not read they are dropped, and counted (core/log.h)
 *
 * log  its fd is where lines go when there is no socket. A socket's descriptor takes its place; it
 *      closes on exec and stays open as long as the process
 *
 * What cannot be followed is told in the log as a warning, and the default holds. Once, at the
 * start, before there are threads. It waits for nothing.
 */
void weir_log_env(struct weir_log *log);

/** weir_log_level: set log->level from a level's name, as above. NULL and "" are INFO; another word
 *  too, and log is told. */
void weir_log_level(struct weir_log *log, const char *name);

#endif
