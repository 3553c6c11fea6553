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

const char weir_cli_relay_help[] =
    "usage: weir relay --source NAME=URL... [OPTIONS]\n"
    "       weir relay --config FILE [OPTIONS]\n"
    "\n"
    "Relay live streams to any number of HTTP clients: GET /NAME. A source is read as fast as it\n"
    "sends; a client that is too slow loses whole units and never holds up the others. What each\n"
    "client got and lost: /status.json, /metrics (Prometheus), and a page at /.\n"
    "\n"
    "  URL of a source: http://... or https://..., connected again when it breaks; file:PATH,\n"
    "  read at --rate; - (stdin); push: (an encoder sends it: PUT or POST /NAME)\n"
    "\n"
    "      --listen ADDR           127.0.0.1:8000 (the default), :8000, [::1]:8000; port 0: any\n"
    "      --source NAME=URL       may be given again and again\n"
    "      --config FILE           sources and settings as JSON, see below\n"
    "\n"
    "  of each source:\n"
    "      --unit UNIT             what is lost or delivered as a whole: bytes (the default),\n"
    "                              lines, ts (packets of an MPEG transport stream)\n"
    "      --ring-bytes SIZE       what is kept of it (4MiB)\n"
    "      --rate SIZE             bytes a second of file: and - sources\n"
    "      --always                connected without clients, too\n"
    "      --source-timeout S      connected anew when it sends nothing for so long (10)\n"
    "      --clients N             clients at once (10000)\n"
    "      --clients-per-address N of one address (0: no limit)\n"
    "      --client-buffer SIZE    the kernel's send buffer for each (0: it adapts)\n"
    "      --idle S                a client that reads nothing for so long is closed (120; 0: "
    "never)\n"
    "\n"
    "  of each client that does not ask for something else (GET /NAME?policy=latest&burst=65536):\n"
    "      --policy POLICY         where it goes on that was too slow: oldest (with what there "
    "still\n"
    "                              is; the default), newest (it keeps what waits for it and loses\n"
    "                              what comes), latest (with the newest unit)\n"
    "      --age-max S             what it would read later than that is dropped (2; 0: no such "
    "rule)\n"
    "      --disconnect-after S    it is closed when it lags for so long (0: never)\n"
    "      --burst SIZE            how far back it begins (0)\n"
    "      --random-access         ts: it begins, and goes on after a loss, where a decoder can\n"
    "\n"
    "  -q, --quiet                 only errors\n"
    "  -v, --verbose               more about connections\n"
    "\n"
    "FILE is {\"listen\": ADDR, \"sources\": {NAME: URL, NAME: {\"url\": URL, ...}}, ...}; the "
    "options\n"
    "above are its members with _ for -, for all sources and for one. A source's own come before\n"
    "flags, flags before those for all.\n"
    "Whoever pushes shows the \"token\" of the file, or of the variable WEIR_RELAY_TOKEN: as a "
    "Bearer\n"
    "token, or as the password of Basic. SIGINT and SIGTERM end it: no client is accepted any\n"
    "more, and each gets what waits for it, for 5 seconds at most.\n"
    "\n"
    "exit status: 0 all sources have ended (files, stdin) and all clients have what they were to\n"
    "get; 2 wrong usage or configuration; 3 failed; 130, 143 stopped by a signal.\n";

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
