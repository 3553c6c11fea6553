#include "handlers/elb_logs/receiver.h"

#include <string.h>

int weir_elb_receiver_init(
    struct weir_elb_receiver *ret, const struct weir_elb_receiver_opts *opts, struct weir_err *err)
{
    const struct weir_tls_opts *tls = &opts->tls;
    struct weir_tcp_target target = {0};

    *ret = (struct weir_elb_receiver){.std = strcmp(opts->to, "-") == 0};
    if (!ret->std && weir_tcp_target_parse(opts->to, &target, err) != 0) {
        return -1;
    }
    if ((ret->std || !target.tls) && (tls->ca_file != NULL || tls->cert_file != NULL ||
                                         tls->key_file != NULL || tls->server_name != NULL)) {
        return weir_err_set(err, WEIR_E_CONFIG,
            "certificates and names are for tls:// and lumberjack+tls://, not for %.60s", opts->to);
    }
    if ((ret->std || target.protocol != WEIR_TCP_LUMBERJACK) && opts->compress_level > 0) {
        return weir_err_set(
            err, WEIR_E_CONFIG, "only Lumberjack can compress, not %.60s", opts->to);
    }
    if (ret->std) {
        return 0;
    }
    if (target.tls) {
        ret->tls = weir_tls_new(tls, err);
        if (ret->tls == NULL) {
            return -1;
        }
    }
    ret->tcp = (struct weir_tcp_opts){.target = target,
        .tls = ret->tls,
        .connections = (unsigned)opts->connections,
        .compress_level = (int)opts->compress_level,
        .connect_ms = WEIR_TCP_CONNECT_MS,
        .stall_ms = WEIR_TCP_STALL_MS,
        .patience_ms = opts->patience_ms};
    return 0;
}

void weir_elb_receiver_fini(struct weir_elb_receiver *receiver)
{
    weir_tls_free(receiver->tls);
    *receiver = (struct weir_elb_receiver){0};
}
