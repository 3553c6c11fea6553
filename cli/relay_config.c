#include "cli/relay_config.h"

#include "aws/location.h"
#include "cli/options_doc.h"
#include "core/env.h"
#include "core/hostport.h"
#include "relay/wish.h"

#include <stdlib.h>
#include <string.h>

#define SETTINGS_MAX 16

void weir_relay_config_init(struct weir_relay_config *c)
{
    *c = (struct weir_relay_config){
        .listen = "127.0.0.1:8000",
        .all = {.token = weir_env_text("WEIR_RELAY_TOKEN", NULL),
            .ring_bytes = (int64_t)WEIR_RELAY_RING_BYTES,
            .age_max_ms = WEIR_RELAY_AGE_MS,
            .idle_ms = WEIR_RELAY_IDLE_MS,
            .clients = WEIR_RELAY_CLIENTS,
            .stall_ms = WEIR_RELAY_STALL_MS},
    };
}

void weir_relay_config_fini(struct weir_relay_config *c)
{
    for (size_t i = 0; i < WEIR_CLI_LIST_MAX; i++) {
        free(c->names[i]);
    }
    cJSON_Delete(c->doc);
}

/* What may be said of one source and of all; ret has room for SETTINGS_MAX. */
static size_t settings_table(struct weir_relay_settings *s, struct weir_opt *ret)
{
    static const char *const units[] = {"bytes", "lines", "ts", NULL};
    const struct weir_opt opts[] = {
        {.name = "unit", .kind = WEIR_OPT_WORD, .to = &s->unit, .words = units},
        {.name = "policy", .kind = WEIR_OPT_WORD, .to = &s->policy, .words = weir_relay_policies},
        {.name = "ring-bytes",
            .kind = WEIR_OPT_SIZE,
            .to = &s->ring_bytes,
            .min = (int64_t)WEIR_LEAKY_RING_MIN_BYTES,
            .max = (int64_t)WEIR_LEAKY_RING_MAX_BYTES},
        {.name = "age-max",
            .kind = WEIR_OPT_SECONDS,
            .to = &s->age_max_ms,
            .max = WEIR_CLI_TIME_MAX_MS},
        {.name = "burst", .kind = WEIR_OPT_SIZE, .to = &s->burst_bytes, .max = INT32_MAX},
        {.name = "disconnect-after",
            .kind = WEIR_OPT_SECONDS,
            .to = &s->lag_ms,
            .max = WEIR_CLI_TIME_MAX_MS},
        {.name = "idle", .kind = WEIR_OPT_SECONDS, .to = &s->idle_ms, .max = WEIR_CLI_TIME_MAX_MS},
        {.name = "client-buffer",
            .kind = WEIR_OPT_SIZE,
            .to = &s->client_buffer_bytes,
            .max = (int64_t)WEIR_RELAY_CLIENT_BUFFER_MAX_BYTES},
        {.name = "clients",
            .kind = WEIR_OPT_COUNT,
            .to = &s->clients,
            .min = 1,
            .max = WEIR_RELAY_CONNECTIONS_MAX},
        {.name = "clients-per-address",
            .kind = WEIR_OPT_COUNT,
            .to = &s->clients_per_address,
            .max = WEIR_RELAY_CONNECTIONS_MAX},
        {.name = "source-timeout",
            .kind = WEIR_OPT_SECONDS,
            .to = &s->stall_ms,
            .min = WEIR_RELAY_STALL_MIN_MS,
            .max = WEIR_CLI_TIME_MAX_MS},
        {.name = "rate", .kind = WEIR_OPT_SIZE, .to = &s->rate_bytes, .min = 1, .max = INT32_MAX},
        {.name = "random-access", .kind = WEIR_OPT_FLAG, .to = &s->random_access},
        {.name = "always", .kind = WEIR_OPT_FLAG, .to = &s->always},
    };
    _Static_assert(sizeof opts / sizeof *opts + 2 <= SETTINGS_MAX, "room for two more");

    memcpy(ret, opts, sizeof opts);
    return sizeof opts / sizeof *opts;
}

static int check_listen(const char *where, const char *text, struct weir_err *err)
{
    struct weir_hostport at;
    const char *why;

    return weir_hostport_parse(text, -1, &at, &why)
               ? 0
               : weir_err_set(err, WEIR_E_CONFIG, "%s: %.80s is not ADDRESS:PORT", where, text);
}

int weir_relay_config_flags(
    struct weir_relay_config *c, int argc, char **argv, struct weir_err *err)
{
    struct weir_opt opts[SETTINGS_MAX + 5] = {
        {.name = "listen", .kind = WEIR_OPT_TEXT, .to = &c->listen},
        {.name = "source", .kind = WEIR_OPT_LIST, .to = &c->named},
        {.name = "config", .kind = WEIR_OPT_TEXT, .to = &c->file},
        WEIR_CLI_QUIET(&c->cli),
        WEIR_CLI_VERBOSE(&c->cli),
    };
    size_t n = 5 + settings_table(&c->all, opts + 5);

    c->named.n = 0;
    if (weir_cli_parse(opts, n, argc, argv, NULL, 0, err) < 0) {
        return -1;
    }
    if (check_listen("--listen", c->listen, err) != 0) {
        return -1;
    }
    return c->file != NULL || c->named.n > 0
               ? 0
               : weir_err_set(err, WEIR_E_CONFIG, "no source: give --source NAME=URL");
}

/* ---- sources ---- */

static int source_add(struct weir_relay_config *c, const char *name,
    const struct weir_relay_settings *s, struct weir_err *err)
{
    if (c->sources_n == WEIR_CLI_LIST_MAX) {
        return weir_err_set(err, WEIR_E_CONFIG, "more than %d sources", WEIR_CLI_LIST_MAX);
    }
    c->sources[c->sources_n++] = (struct weir_relay_source_opts){
        .name = name,
        .url = s->url,
        .token = s->token,
        .always = s->always,
        .rate_bytes = s->rate_bytes,
        .stall_ms = s->stall_ms,
        .leaky = {.ring_bytes = (size_t)s->ring_bytes, .unit = (enum weir_leaky_unit)s->unit},
        .wish = {.leaky = {.burst_bytes = (size_t)s->burst_bytes,
                     .policy = (enum weir_leaky_policy)s->policy,
                     .random_access = s->random_access,
                     .age_max_ms = s->age_max_ms},
            .lag_ms = s->lag_ms},
        .client_buffer_bytes = s->client_buffer_bytes,
        .clients_max = s->clients,
        .clients_per_address_max = s->clients_per_address,
        .idle_ms = s->idle_ms,
    };
    return 0;
}

static int sources_named(struct weir_relay_config *c, struct weir_err *err)
{
    for (size_t i = 0; i < c->named.n; i++) {
        const char *text = c->named.items[i], *eq = strchr(text, '=');
        struct weir_relay_settings s = c->all;

        if (eq == NULL || eq == text || eq[1] == '\0') {
            return weir_err_set(err, WEIR_E_CONFIG, "--source: %.80s is not NAME=URL", text);
        }
        c->names[i] = strndup(text, (size_t)(eq - text));
        if (c->names[i] == NULL) {
            return weir_err_set(err, WEIR_E_NOMEM, "out of memory");
        }
        s.url = eq + 1;
        if (source_add(c, c->names[i], &s, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int source_of_file(
    struct weir_relay_config *c, const struct weir_doc *at, struct weir_err *err)
{
    static const char *const others[] = {NULL};
    struct weir_relay_settings s = c->all;
    struct weir_opt opts[SETTINGS_MAX] = {
        {.name = "url", .kind = WEIR_OPT_TEXT, .to = &s.url},
        {.name = "token", .kind = WEIR_OPT_TEXT, .to = &s.token},
    };
    size_t n = 2 + settings_table(&s, opts + 2);

    if (cJSON_IsString(at->v)) {
        s.url = at->v->valuestring;
    } else if (!cJSON_IsObject(at->v)) {
        return weir_doc_error(at, NULL, "must be a URL, or an object", WEIR_E_CONFIG, err);
    } else if (weir_cli_parse_doc(opts, n, at, others, err) != 0) {
        return -1;
    }
    if (s.url == NULL) {
        return weir_doc_error(at, "url", "is missing", WEIR_E_CONFIG, err);
    }
    return source_add(c, at->name, &s, err);
}

static int sources_of_file(
    struct weir_relay_config *c, const struct weir_doc *root, struct weir_err *err)
{
    struct weir_doc sources = {0}, item = {0};

    if (!weir_doc_has(root, "sources")) {
        return 0; /* flags may have some */
    }
    if (weir_doc_object(root, "sources", &sources, err) != 0) {
        return -1;
    }
    while (weir_doc_each(&sources, &item)) {
        if (source_of_file(c, &item, err) != 0) {
            return -1;
        }
    }
    return 0;
}

/* ---- the file ---- */

static int settings_of_file(
    struct weir_relay_config *c, const struct weir_doc *root, struct weir_err *err)
{
    static const char *const others[] = {"sources", NULL};
    struct weir_opt opts[SETTINGS_MAX] = {
        {.name = "listen", .kind = WEIR_OPT_TEXT, .to = &c->listen},
        {.name = "token", .kind = WEIR_OPT_TEXT, .to = &c->all.token},
    };
    size_t n = 2 + settings_table(&c->all, opts + 2);

    return weir_cli_parse_doc(opts, n, root, others, err) != 0
               ? -1
               : check_listen("/listen", c->listen, err);
}

/* What is wrong in the file is no fault of any data's. */
static void in_file(const struct weir_relay_config *c, struct weir_err *err)
{
    err->code = err->code == WEIR_E_NOMEM ? WEIR_E_NOMEM : WEIR_E_CONFIG;
    weir_err_prefix(err, "%.100s", c->file);
}

static int file_read(struct weir_relay_config *c, struct weir_loop *loop, struct weir_err *err)
{
    struct weir_buf text;

    weir_buf_init(&text, WEIR_CONFIG_MAX_BYTES);
    if (weir_location_load(loop, c->file, &text, err) == 0) { /* it names the place itself */
        c->doc = weir_doc_parse("config", (const char *)text.p, text.len, err);
        if (c->doc == NULL) {
            in_file(c, err);
        }
    }
    weir_buf_fini(&text);
    return c->doc != NULL ? 0 : -1;
}

int weir_relay_config_file(struct weir_relay_config *c, struct weir_loop *loop, int argc,
    char **argv, struct weir_err *err)
{
    const char *file = c->file;
    struct weir_doc root = {0};

    if (file != NULL) {
        if (file_read(c, loop, err) != 0) {
            return -1;
        }
        root.v = c->doc;
        int rc = settings_of_file(c, &root, err);
        /* The flags once more: they come before the file's settings, and its sources have both. */
        if (rc == 0 && weir_relay_config_flags(c, argc, argv, err) != 0) {
            return -1;
        }
        rc = rc == 0 ? sources_of_file(c, &root, err) : -1;
        if (rc != 0) {
            in_file(c, err);
            return -1;
        }
    }
    if (sources_named(c, err) != 0) {
        return -1;
    }
    return c->sources_n > 0 ? 0
                            : weir_err_set(err, WEIR_E_CONFIG, "no source: give --source NAME=URL");
}
