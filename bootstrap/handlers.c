#include "bootstrap/handlers.h"

#include "handlers/archive/archive.h"
#include "handlers/elb_logs/elb_logs.h"
#include "handlers/hello/hello.h"
#include "handlers/presign/presign.h"
#include "handlers/validate/validate.h"

const struct weir_handler *const weir_handlers[] = {
    &weir_validate_handler,
    &weir_presign_handler,
    &weir_elb_logs_handler,
    &weir_hello_handler,
    &weir_archive_handler,
};

const size_t weir_handlers_n = sizeof weir_handlers / sizeof weir_handlers[0];
