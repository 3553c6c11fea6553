#ifndef WEIR_HANDLERS_HELLO_HELLO_H
#define WEIR_HANDLERS_HELLO_HELLO_H

#include "event/handler.h"

/*
 * The smallest handler, to learn from (docs/HANDLERS.md) and to try a runtime with. It does what
 * its event says; all members are optional, others are ignored:
 *
 *   {"name":"x"}      {"message":"hello x"}; without a name, "hello world"
 *   {"bytes":N}       {"data":"..."} of N characters instead
 *   {"sleep_ms":N}    waits first, at most until the deadline
 *   {"error":"T"}     fails with the errorType T instead of answering
 *
 * Setting (environment): WEIR_HELLO_GREETING, default "hello".
 */
extern const struct weir_handler weir_hello_handler;

#endif
