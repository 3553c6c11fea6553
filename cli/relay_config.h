#ifndef WEIR_CLI_RELAY_CONFIG_H
#define WEIR_CLI_RELAY_CONFIG_H

#include "cli/cli.h"
#include "json/doc.h"
#include "net/loop.h"
#include "relay/relay.h"

/* What `weir relay` is told: by flags, or by a JSON file, or by both. */

/* The settings of one source, or those of all that have none of their own. */
struct weir_relay_settings {
    const char *url, *token;
    size_t unit, policy;
    int64_t ring_bytes, burst_bytes, age_max_ms, lag_ms, idle_ms, client_buffer_bytes;
    int64_t clients, clients_per_address, stall_ms, rate_bytes;
    bool random_access, always;
};

struct weir_relay_config {
    struct weir_cli cli;
    const char *listen, *file;
    struct weir_opt_list named; /* --source */
    struct weir_relay_settings all;

    struct weir_relay_source_opts sources[WEIR_CLI_LIST_MAX];
    size_t sources_n;
    char *names[WEIR_CLI_LIST_MAX]; /* of --source, cut at the '=' */
    cJSON *doc;                     /* the file's strings are borrowed from it */
};

/** weir_relay_config_init: the defaults. */
void weir_relay_config_init(struct weir_relay_config *config);

/** weir_relay_config_fini: release; what relies on config->sources is gone. */
void weir_relay_config_fini(struct weir_relay_config *config);

/** weir_relay_config_flags: read the command line. Returns 0, or -1 with *err set: WEIR_E_CONFIG.
 */
int weir_relay_config_flags(
    struct weir_relay_config *config, int argc, char **argv, struct weir_err *err);

/**
 * weir_relay_config_file: after the flags, read the file that --config names, if it does, and make
 * the list of sources. A source's own settings come before those of a flag, a flag before the
 * file's settings for all.
 *
 * loop  runs while the file is read
 *
 * Returns 0, or -1 with *err set: WEIR_E_CONFIG, WEIR_E_NOMEM.
 */
int weir_relay_config_file(struct weir_relay_config *config, struct weir_loop *loop, int argc,
    char **argv, struct weir_err *err);

#endif
