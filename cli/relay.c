#include "relay/relay.h"
#include "cli/cli.h"
#include "cli/relay_config.h"
#include "core/clock.h"
#include "core/log.h"
#include "net/signals.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define VERB "relay"

/* ---- the run ---- */

/* Each client is a descriptor. */
static void raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* Until all is done, or somebody stops it; then what waits is sent, for a while. */
static int serve(struct weir_loop *loop, struct weir_relay *relay, struct weir_err *err)
{
    while (weir_relay_busy(relay)) {
        if (weir_loop_step(loop, INT64_MAX, err) != 0) {
            break;
        }
    }
    if (err->code == WEIR_E_CANCEL) {
        const int64_t by_ms = weir_clock_mono_ms() + WEIR_RELAY_DRAIN_MS;

        weir_relay_drain(relay);
        while (weir_relay_busy(relay) && weir_clock_mono_ms() < by_ms &&
               weir_loop_step_undo(loop, by_ms, NULL) == 0) {
        }
    }
    return err->code == WEIR_OK && !weir_relay_failed(relay, err) ? 0 : -1;
}

static int run(struct weir_loop *loop, const struct weir_relay_config *c, struct weir_err *err)
{
    struct weir_log log = {.fd = STDERR_FILENO,
        .level = c->cli.quiet     ? WEIR_LOG_ERROR
                 : c->cli.verbose ? WEIR_LOG_DEBUG
                                  : WEIR_LOG_INFO};
    const struct weir_relay_opts opts = {
        .listen = c->listen,
        .sources = c->sources,
        .sources_n = c->sources_n,
        .log = &log,
    };
    struct weir_relay *relay = weir_relay_new(loop, &opts, err);
    int rc = -1;

    if (relay != NULL) {
        const char *colon = strrchr(c->listen, ':');

        weir_log_write(&log, WEIR_LOG_INFO, "relay: listening on %.*s:%d", (int)(colon - c->listen),
            c->listen, weir_relay_port(relay));
        rc = serve(loop, relay, err);
    }
    weir_relay_free(relay);
    return rc;
}

int weir_cli_relay(int argc, char **argv)
{
    struct weir_relay_config config;
    struct weir_err err = {0};
    int rc = -1;

    weir_relay_config_init(&config);
    if (weir_relay_config_flags(&config, argc, argv, &err) != 0) {
        weir_relay_config_fini(&config);
        return weir_cli_usage(VERB, &err);
    }
    raise_descriptors();
    struct weir_loop *loop = weir_loop_new(&err);
    struct weir_signals *signals = loop != NULL ? weir_signals_new(loop, &err) : NULL;
    if (signals != NULL && weir_relay_config_file(&config, loop, argc, argv, &err) == 0) {
        rc = run(loop, &config, &err);
    }
    weir_signals_free(signals);
    weir_loop_free(loop);
    weir_relay_config_fini(&config);
    return rc == 0 ? WEIR_EXIT_DONE : weir_cli_fail(VERB, &err);
}
