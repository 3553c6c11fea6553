#ifndef WEIR_BOOTSTRAP_HANDLERS_H
#define WEIR_BOOTSTRAP_HANDLERS_H

#include "event/handler.h"

/* Every handler in this binary. A new one is a folder under handlers/ and a line in handlers.c. */
extern const struct weir_handler *const weir_handlers[];
extern const size_t weir_handlers_n;

#endif
