#ifndef WEIR_HANDLERS_ELB_LOGS_RECEIVER_H
#define WEIR_HANDLERS_ELB_LOGS_RECEIVER_H

#include "net/tcp_pool.h"

/*
 * Where lines go, from what people write: the same for the environment and the command line.
 */

struct weir_elb_receiver_opts {
    const char *to; /* an URL of weir_tcp_target_parse, or "-" for stdout */
    int64_t connections;
    int64_t compress_level; /* Lumberjack */
    struct weir_tls_opts tls;
    int64_t patience_ms; /* see struct weir_tcp_opts */
};

struct weir_elb_receiver {
    bool std; /* stdout; nothing else is set then */
    struct weir_tcp_opts tcp;
    struct weir_tls *tls; /* owned */
};

/** weir_elb_receiver_init: check it all, and read the certificates. Returns 0 with *ret filled
 *  (weir_elb_receiver_fini), or -1 with *err set: WEIR_E_CONFIG, WEIR_E_NOMEM. */
int weir_elb_receiver_init(
    struct weir_elb_receiver *ret, const struct weir_elb_receiver_opts *opts, struct weir_err *err);

/** weir_elb_receiver_fini: release it; a zeroed one is a no-op. */
void weir_elb_receiver_fini(struct weir_elb_receiver *receiver);

#endif
