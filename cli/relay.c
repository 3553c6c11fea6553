#include "relay/relay.h"
#include "cli/cli.h"
#include "core/buf.h"
#include "core/clock.h"
#include "core/log.h"
#include "net/signals.h"
#include "json/doc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
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
    "  URL of a source: http://... or https://..., connected again when it breaks; file:PATH, "
    "read\n"
    "  at --rate; - (stdin); push: (an encoder sends it: PUT or POST /NAME)\n"
    "\n"
    "      --listen ADDR           127.0.0.1:8000 (the default), :8000, [::1]:8000; port 0: any\n"
    "      --source NAME=URL       may be given again and again\n"
    "      --unit UNIT             what is lost or delivered as a whole: bytes (the default),\n"
    "                              lines, ts (packets of an MPEG transport stream)\n"
    "      --policy POLICY         where a client goes on that was too slow: oldest (what there\n"
    "                              still is; the default), newest (it keeps what waits for it and\n"
    "                              loses what comes), latest (with the newest unit)\n"
    "      --ring-bytes SIZE       what is kept of each source (4MiB)\n"
    "      --age-max SECONDS       what waits longer is dropped, too (2; 0: no such rule)\n"
    "      --random-access         ts: begin, and go on after a loss, where a decoder can\n"
    "      --burst SIZE            how far back a new client begins (0)\n"
    "      --disconnect-after S    disconnect a client that lags for so long (0: never)\n"
    "      --idle SECONDS          ... that takes nothing at all for so long (120; 0: never)\n"
    "      --client-buffer SIZE    the kernel's buffer for each client (64KiB)\n"
    "      --clients N             of one source at once (10000)\n"
    "      --clients-per-address N of one source and address (0: no limit)\n"
    "      --always                keep sources connected without clients, too\n"
    "      --source-timeout S      connect a source anew that sends nothing for so long (10)\n"
    "      --rate SIZE             bytes a second of file: and - sources\n"
    "      --config FILE           JSON: {\"listen\": ..., \"sources\": {NAME: URL or {\"url\",\n"
    "                              \"unit\", \"policy\", \"ring_bytes\", \"rate\", \"always\",\n"
    "                              \"random_access\", \"token\"}}}; flags are the defaults in it\n"
    "  -q, --quiet                 only errors\n"
    "  -v, --verbose               more about connections\n"
    "\n"
    "Whoever pushes shows the token of the variable WEIR_RELAY_TOKEN, or of the file: as a Bearer\n"
    "token, or as the password of Basic. SIGINT and SIGTERM end it: no client is accepted any\n"
    "more, and each gets what waits for it, for 5 seconds at most.\n"
    "\n"
    "exit status: 0 all sources have ended (files, stdin) and all clients have what they were to\n"
    "get; 2 wrong usage or configuration; 3 failed; 130, 143 stopped by a signal.\n";

static const char *const unit_words[] = {"bytes", "lines", "ts", NULL};
static const char *const policy_words[] = {"oldest", "newest", "latest", NULL};

struct args {
    struct weir_cli cli;
    const char *listen, *config;
    struct weir_opt_list named;
    size_t unit, policy;
    int64_t ring_bytes, age_max_ms, burst_bytes, lag_ms, idle_ms, client_buffer_bytes;
    int64_t clients, clients_per_address, source_ms, rate_bytes;
    bool random_access, always;

    struct weir_relay_source_opts sources[WEIR_CLI_LIST_MAX];
    size_t sources_n;
    char *names[WEIR_CLI_LIST_MAX]; /* of --source, cut at the '=' */
    cJSON *doc;                     /* the file's strings are borrowed from it */
};

static void args_init(struct args *a)
{
    *a = (struct args){
        .listen = "127.0.0.1:8000",
        .ring_bytes = (int64_t)(4 * WEIR_MIB),
        .age_max_ms = 2000,
        .idle_ms = 120000,
        .client_buffer_bytes = (int64_t)(64 * WEIR_KIB),
        .clients = 10000,
        .source_ms = 10000,
    };
}

static void args_fini(struct args *a)
{
    for (size_t i = 0; i < WEIR_CLI_LIST_MAX; i++) {
        free(a->names[i]);
    }
    cJSON_Delete(a->doc);
}

/* ---- sources ---- */

static struct weir_relay_source_opts *source_add(
    struct args *a, const char *name, const char *url, struct weir_err *err)
{
    if (a->sources_n == WEIR_CLI_LIST_MAX) {
        weir_err_set(err, WEIR_E_CONFIG, "more than %d sources", WEIR_CLI_LIST_MAX);
        return NULL;
    }
    struct weir_relay_source_opts *s = &a->sources[a->sources_n++];
    *s = (struct weir_relay_source_opts){
        .name = name,
        .url = url,
        .token = getenv("WEIR_RELAY_TOKEN"),
        .always = a->always,
        .rate_bytes = a->rate_bytes,
        .leaky = {.ring_bytes = (size_t)a->ring_bytes,
            .unit = (enum weir_leaky_unit)a->unit,
            .policy = (enum weir_leaky_policy)a->policy,
            .random_access = a->random_access,
            .age_max_ms = a->age_max_ms},
    };
    return s;
}

static int sources_named(struct args *a, struct weir_err *err)
{
    for (size_t i = 0; i < a->named.n; i++) {
        const char *text = a->named.items[i], *eq = strchr(text, '=');

        if (eq == NULL || eq == text || eq[1] == '\0') {
            return weir_err_set(err, WEIR_E_CONFIG, "--source: %.80s is not NAME=URL", text);
        }
        a->names[i] = strndup(text, (size_t)(eq - text));
        if (a->names[i] == NULL) {
            return weir_err_set(err, WEIR_E_NOMEM, "out of memory");
        }
        if (source_add(a, a->names[i], eq + 1, err) == NULL) {
            return -1;
        }
    }
    return 0;
}

/* A member that is one of some words; absent leaves *ret. */
static int word_of(const struct weir_doc *at, const char *name, const char *const *words,
    size_t *ret, struct weir_err *err)
{
    const char *text = NULL;

    if (weir_doc_string_opt(at, name, &text, err) != 0) {
        return -1;
    }
    for (size_t i = 0; text != NULL && words[i] != NULL; i++) {
        if (strcmp(text, words[i]) == 0) {
            *ret = i;
            return 0;
        }
    }
    return text == NULL ? 0 : weir_doc_error(at, name, "is none of its words", WEIR_E_CONFIG, err);
}

static int flag_of(const struct weir_doc *at, const char *name, bool *ret, struct weir_err *err)
{
    struct weir_doc v;

    if (!weir_doc_member(at, name, &v)) {
        return 0;
    }
    if (!cJSON_IsBool(v.v)) {
        return weir_doc_error(at, name, "must be true or false", WEIR_E_CONFIG, err);
    }
    *ret = cJSON_IsTrue(v.v) != 0;
    return 0;
}

static int size_of(const struct weir_doc *at, const char *name, int64_t *ret, struct weir_err *err)
{
    return weir_doc_has(at, name) ? weir_doc_int(at, name, 0, INT32_MAX, ret, err) : 0;
}

static int known_members(const struct weir_doc *at, const char *const *names, struct weir_err *err)
{
    struct weir_doc item = {0};

    while (weir_doc_each(at, &item)) {
        size_t i = 0;
        while (names[i] != NULL && strcmp(names[i], item.name) != 0) {
            i++;
        }
        if (names[i] == NULL) {
            return weir_doc_error(&item, NULL, "is no setting", WEIR_E_CONFIG, err);
        }
    }
    return 0;
}

static int source_of_file(struct args *a, const struct weir_doc *at, struct weir_err *err)
{
    static const char *const names[] = {
        "url", "unit", "policy", "ring_bytes", "rate", "always", "random_access", "token", NULL};
    const char *url = NULL, *token = NULL;
    size_t unit = a->unit, policy = a->policy;
    int64_t ring_bytes = a->ring_bytes;
    struct weir_relay_source_opts *s;

    if (cJSON_IsString(at->v)) {
        return source_add(a, at->name, at->v->valuestring, err) != NULL ? 0 : -1;
    }
    if (!cJSON_IsObject(at->v)) {
        return weir_doc_error(at, NULL, "must be a URL, or an object", WEIR_E_CONFIG, err);
    }
    if (known_members(at, names, err) != 0 || weir_doc_string(at, "url", &url, err) != 0 ||
        word_of(at, "unit", unit_words, &unit, err) != 0 ||
        word_of(at, "policy", policy_words, &policy, err) != 0 ||
        size_of(at, "ring_bytes", &ring_bytes, err) != 0 ||
        weir_doc_string_opt(at, "token", &token, err) != 0) {
        return -1;
    }
    s = source_add(a, at->name, url, err);
    if (s == NULL) {
        return -1;
    }
    s->leaky.unit = (enum weir_leaky_unit)unit;
    s->leaky.policy = (enum weir_leaky_policy)policy;
    s->leaky.ring_bytes = (size_t)ring_bytes;
    s->token = token != NULL ? token : s->token;
    return size_of(at, "rate", &s->rate_bytes, err) != 0 ||
                   flag_of(at, "always", &s->always, err) != 0 ||
                   flag_of(at, "random_access", &s->leaky.random_access, err) != 0
               ? -1
               : 0;
}

static int config_read(const char *path, struct weir_buf *to, struct weir_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = -1;

    while (fd >= 0) {
        uint8_t *p = weir_buf_reserve(to, 4096, err);
        n = p != NULL ? read(fd, p, 4096) : -1;
        if (n <= 0) {
            break;
        }
        to->len += (size_t)n;
    }
    if (n < 0) {
        weir_err_set(err, WEIR_E_CONFIG, "%s", strerror(errno));
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return n < 0 ? -1 : 0;
}

static int sources_of_file(struct args *a, struct weir_err *err)
{
    static const char *const names[] = {"listen", "sources", NULL};
    struct weir_doc root = {0}, sources = {0}, item = {0};
    const char *listen = NULL;
    struct weir_buf text;
    int rc = -1;

    weir_buf_init(&text, WEIR_MIB);
    if (config_read(a->config, &text, err) == 0) {
        a->doc = weir_doc_parse("config", (const char *)text.p, text.len, err);
        root.v = a->doc;
        if (a->doc != NULL && known_members(&root, names, err) == 0 &&
            weir_doc_string_opt(&root, "listen", &listen, err) == 0 &&
            weir_doc_object(&root, "sources", &sources, err) == 0) {
            rc = 0;
        }
    }
    while (rc == 0 && weir_doc_each(&sources, &item)) {
        rc = source_of_file(a, &item, err);
    }
    a->listen = listen != NULL ? listen : a->listen;
    weir_buf_fini(&text);
    if (rc != 0) {
        err->code = err->code == WEIR_E_NOMEM ? WEIR_E_NOMEM : WEIR_E_CONFIG;
        weir_err_prefix(err, "%.100s", a->config);
    }
    return rc;
}

static int parse(int argc, char **argv, struct args *a, struct weir_err *err)
{
    const int64_t year_ms = (int64_t)365 * 86400 * 1000;
    const struct weir_opt opts[] = {
        {.name = "listen", .kind = WEIR_OPT_TEXT, .to = &a->listen},
        {.name = "source", .kind = WEIR_OPT_LIST, .to = &a->named},
        {.name = "config", .kind = WEIR_OPT_TEXT, .to = &a->config},
        {.name = "unit", .kind = WEIR_OPT_WORD, .to = &a->unit, .words = unit_words},
        {.name = "policy", .kind = WEIR_OPT_WORD, .to = &a->policy, .words = policy_words},
        {.name = "ring-bytes",
            .kind = WEIR_OPT_SIZE,
            .to = &a->ring_bytes,
            .min = (int64_t)WEIR_LEAKY_RING_MIN_BYTES,
            .max = (int64_t)WEIR_LEAKY_RING_MAX_BYTES},
        {.name = "age-max", .kind = WEIR_OPT_SECONDS, .to = &a->age_max_ms, .max = year_ms},
        {.name = "burst", .kind = WEIR_OPT_SIZE, .to = &a->burst_bytes, .max = INT32_MAX},
        {.name = "disconnect-after", .kind = WEIR_OPT_SECONDS, .to = &a->lag_ms, .max = year_ms},
        {.name = "idle", .kind = WEIR_OPT_SECONDS, .to = &a->idle_ms, .max = year_ms},
        {.name = "client-buffer",
            .kind = WEIR_OPT_SIZE,
            .to = &a->client_buffer_bytes,
            .min = 4096,
            .max = 64 << 20},
        {.name = "clients", .kind = WEIR_OPT_COUNT, .to = &a->clients, .min = 1, .max = 65536},
        {.name = "clients-per-address",
            .kind = WEIR_OPT_COUNT,
            .to = &a->clients_per_address,
            .max = 65536},
        {.name = "source-timeout",
            .kind = WEIR_OPT_SECONDS,
            .to = &a->source_ms,
            .min = 100,
            .max = year_ms},
        {.name = "rate", .kind = WEIR_OPT_SIZE, .to = &a->rate_bytes, .min = 1, .max = INT32_MAX},
        {.name = "random-access", .kind = WEIR_OPT_FLAG, .to = &a->random_access},
        {.name = "always", .kind = WEIR_OPT_FLAG, .to = &a->always},
        WEIR_CLI_QUIET(&a->cli),
        WEIR_CLI_VERBOSE(&a->cli),
    };

    if (weir_cli_parse(opts, sizeof opts / sizeof opts[0], argc, argv, NULL, 0, err) < 0 ||
        sources_named(a, err) != 0 || (a->config != NULL && sources_of_file(a, err) != 0)) {
        return -1;
    }
    return a->sources_n > 0 ? 0
                            : weir_err_set(err, WEIR_E_CONFIG, "no source: give --source NAME=URL");
}

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
    return err->code == WEIR_OK ? 0 : -1;
}

static int run(struct weir_loop *loop, const struct args *a, struct weir_err *err)
{
    struct weir_log log = {.fd = STDERR_FILENO,
        .level = a->cli.quiet     ? WEIR_LOG_ERROR
                 : a->cli.verbose ? WEIR_LOG_DEBUG
                                  : WEIR_LOG_INFO};
    const struct weir_relay_opts opts = {
        .listen = a->listen,
        .sources = a->sources,
        .sources_n = a->sources_n,
        .burst_bytes = (size_t)a->burst_bytes,
        .client_buffer_bytes = a->client_buffer_bytes,
        .clients_max = a->clients,
        .clients_per_address_max = a->clients_per_address,
        .idle_ms = a->idle_ms,
        .lag_ms = a->lag_ms,
        .source_ms = a->source_ms,
        .log = &log,
    };
    struct weir_signals *signals = weir_signals_new(loop, err);
    struct weir_relay *relay = NULL;
    int rc = -1;

    raise_descriptors();
    if (signals != NULL) {
        relay = weir_relay_new(loop, &opts, err);
    }
    if (relay != NULL) {
        const char *colon = strrchr(a->listen, ':');

        weir_log_write(&log, WEIR_LOG_INFO, "relay: listening on %.*s:%d", (int)(colon - a->listen),
            a->listen, weir_relay_port(relay));
        rc = serve(loop, relay, err);
    }
    weir_relay_free(relay);
    weir_signals_free(signals);
    return rc;
}

int weir_cli_relay(int argc, char **argv)
{
    struct args a;
    struct weir_err err = {0};
    int rc = -1;

    args_init(&a);
    if (parse(argc, argv, &a, &err) != 0) {
        args_fini(&a);
        return weir_cli_usage(VERB, &err);
    }
    struct weir_loop *loop = weir_loop_new(&err);
    if (loop != NULL) {
        rc = run(loop, &a, &err);
    }
    weir_loop_free(loop);
    args_fini(&a);
    return rc == 0 ? WEIR_EXIT_DONE : weir_cli_fail(VERB, &err);
}
