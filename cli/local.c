#include "aws/config.h"
#include "cli/cli.h"
#include "cli/function.h"
#include "cli/local/bucket.h"
#include "cli/local/front.h"
#include "cli/local/home.h"
#include "cli/local/made.h"
#include "cli/local/presign.h"
#include "cli/local/queue.h"
#include "cli/local/results.h"
#include "cli/local/uploads.h"
#include "cli/local/worker.h"
#include "core/clock.h"
#include "core/hostport.h"
#include "core/limits.h"
#include "event/event.h"
#include "handlers/presign/job.h"
#include "net/signals.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX WEIR_PRESIGN_PREFIX
#define ORIGIN_BYTES 280

struct args {
    struct weir_cli cli;
    const char *root, *listen, *bucket, *handler, *bootstrap;
    int64_t visibility_ms, receives, batch, memory_mb, timeout_ms;
    bool watch;
    struct weir_opt_list env, hosts;
    struct sockaddr_storage address; /* of listen */
};

struct local {
    struct args args;
    const char *bucket; /* its name */
    bool at_s3;         /* else it is a folder */
    struct weir_s3_config s3;
    char s3_origin[ORIGIN_BYTES];
    struct weir_home home;
    struct weir_queue *queue;
    struct weir_uploads *uploads; /* of a folder */
    struct weir_bucket *objects;  /* of S3 */
    struct weir_worker *worker;
    struct weir_results *results;
    struct weir_front *front;
    const char *env[WEIR_CLI_LIST_MAX + 1];
    size_t env_n;
};

/* "127.0.0.1:9100", "[::1]:9100", "localhost:9100", ":9100" (this machine alone). */
static int parse_address(const char *text, struct sockaddr_storage *ret, struct weir_err *err)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    struct weir_hostport at;
    const char *why;
    char port[8];

    if (!weir_hostport_parse(text, -1, &at, &why)) {
        return weir_err_set(err, WEIR_E_CONFIG, "--listen: %.80s is not ADDRESS:PORT", text);
    }
    (void)snprintf(port, sizeof port, "%u", at.port);
    int rc = getaddrinfo(at.host[0] != '\0' ? at.host : "127.0.0.1", port, &hints, &found);
    if (rc != 0) {
        return weir_err_set(err, WEIR_E_CONFIG, "--listen: %.80s: %s", text, gai_strerror(rc));
    }
    *ret = (struct sockaddr_storage){0};
    memcpy(ret, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return 0;
}

static int parse(int argc, char **argv, struct args *a, struct weir_err *err)
{
    const struct weir_opt opts[] = {
        {.name = "root", .kind = WEIR_OPT_TEXT, .to = &a->root},
        {.name = "listen", .kind = WEIR_OPT_TEXT, .to = &a->listen},
        {.name = "host", .kind = WEIR_OPT_LIST, .to = &a->hosts},
        {.name = "bucket", .kind = WEIR_OPT_TEXT, .to = &a->bucket},
        {.name = "visibility-s",
            .kind = WEIR_OPT_SECONDS,
            .to = &a->visibility_ms,
            .max = WEIR_CLI_TIME_MAX_MS},
        {.name = "receives",
            .kind = WEIR_OPT_COUNT,
            .to = &a->receives,
            .min = 1,
            .max = WEIR_QUEUE_RECEIVES_MAX},
        {.name = "batch",
            .kind = WEIR_OPT_COUNT,
            .to = &a->batch,
            .min = 1,
            .max = WEIR_WORKER_BATCH_MAX},
        WEIR_CLI_FUNCTION(a),
        {.name = "memory",
            .kind = WEIR_OPT_COUNT,
            .to = &a->memory_mb,
            .max = WEIR_CLI_MEMORY_MAX_MB},
        {.name = "watch", .kind = WEIR_OPT_FLAG, .to = &a->watch},
        WEIR_CLI_QUIET(&a->cli),
    };

    if (weir_cli_parse(opts, sizeof opts / sizeof *opts, argc, argv, NULL, 0, err) < 0) {
        return -1;
    }
    if (a->root == NULL) {
        return weir_err_set(err, WEIR_E_CONFIG, "no place: give --root DIR");
    }
    return parse_address(a->listen, &a->address, err);
}

/* "weir", "s3://weir". */
static int find_bucket(struct local *l, struct weir_err *err)
{
    l->at_s3 = strncmp(l->args.bucket, "s3://", 5) == 0;
    l->bucket = l->args.bucket + (l->at_s3 ? 5 : 0);
    if (weir_s3_bucket_check(l->bucket, err) != 0) {
        weir_err_prefix(err, "--bucket");
        return -1;
    }
    if (!l->at_s3) {
        return 0;
    }
    if (weir_s3_config_env(&l->s3, err) != 0) {
        return -1;
    }
    return l->s3.kind == WEIR_S3_HTTP
               ? 0
               : weir_err_set(err, WEIR_E_CONFIG,
                     "--bucket %.80s: AWS_ENDPOINT_URL_S3 is a folder; --root takes one",
                     l->args.bucket);
}

static void on_done(void *ctx, const struct weir_queue_message *m, int64_t ms)
{
    struct local *l = ctx;
    struct weir_event event = {0};
    struct weir_made made = {0};
    bool known = false;

    if (strcmp(l->args.handler, "validate") == 0 &&
        weir_event_parse(m->body, strlen(m->body), &event, NULL) == 0 && event.messages_n == 1 &&
        event.messages[0].records_n == 1) {
        known = weir_made_init(&made, l->worker, &event.messages[0].records[0]);
    }
    weir_results_add(l->results, &(struct weir_result){.key = m->name,
                                     .bucket = known ? (const char *)made.bucket.p : NULL,
                                     .output = known ? (const char *)made.key.p : NULL,
                                     .counts = made.counts,
                                     .ms = ms,
                                     .unix_ms = weir_clock_unix_ms()});
    weir_event_fini(&event);
    weir_made_fini(&made);
}

static int open_queue(struct local *l, struct weir_err *err)
{
    size_t torn = 0;
    const struct weir_queue_opts opts = {.path = l->home.queue,
        .visibility_ms = l->args.visibility_ms,
        .receives_max = l->args.receives,
        .torn = &torn};

    l->queue = weir_queue_open(&opts, err);
    if (l->queue != NULL && torn > 0 && !l->args.cli.quiet) {
        weir_cli_note("local", "the queue's last record had not been written whole; it is dropped");
    }
    return l->queue != NULL ? 0 : -1;
}

static int open_worker(struct weir_loop *loop, struct local *l, struct weir_err *err)
{
    struct weir_worker_opts opts = {.bootstrap = l->args.bootstrap,
        .handler = l->args.handler,
        .memory_mb = l->args.memory_mb,
        .timeout_ms = l->args.timeout_ms,
        .env = l->env,
        .batch = (size_t)l->args.batch,
        .watch = l->args.watch,
        .quiet = l->args.cli.quiet,
        .queue = l->queue,
        .on_done = on_done,
        .ctx = l};

    /* The store first: --env may still name another one. */
    if (!l->at_s3) {
        l->env[l->env_n++] = l->home.endpoint;
    }
    for (size_t i = 0; i < l->args.env.n; i++) {
        l->env[l->env_n++] = l->args.env.items[i];
    }
    opts.env_n = l->env_n;
    l->worker = weir_worker_new(loop, &opts, err);
    return l->worker != NULL ? 0 : -1;
}

static int open_front(struct weir_loop *loop, struct local *l, struct weir_err *err)
{
    const struct weir_front_opts opts = {.address = (struct sockaddr *)&l->args.address,
        .hosts = l->args.hosts.items,
        .hosts_n = l->args.hosts.n,
        .bucket = l->bucket,
        .prefix = PREFIX,
        .store = l->at_s3 ? NULL : l->home.root,
        .uploads = l->uploads,
        .key = l->at_s3 ? NULL : &l->home.key,
        .s3_origin = l->at_s3 ? l->s3_origin : NULL,
        .queue = l->queue,
        .worker = l->worker,
        .results = l->results,
        .quiet = l->args.cli.quiet};

    l->front = weir_front_new(loop, &opts, err);
    if (l->front == NULL) {
        weir_err_prefix(err, "--listen %.80s", l->args.listen);
        return -1;
    }
    return 0;
}

/* A bucket of S3: what a page that uploads to it must be allowed to talk to, and its objects. */
static int open_s3(struct weir_loop *loop, struct local *l, struct weir_err *err)
{
    const struct weir_bucket_opts opts = {
        .s3 = &l->s3, .bucket = l->bucket, .prefix = PREFIX, .queue = l->queue};
    struct weir_s3_address address;

    if (weir_s3_address(&l->s3, l->bucket, NULL, &address, err) != 0) {
        return -1;
    }
    (void)snprintf(l->s3_origin, sizeof l->s3_origin, "%s://%.*s", l->s3.tls ? "https" : "http",
        (int)address.host.len, (const char *)address.host.p);
    weir_s3_address_fini(&address);
    l->objects = weir_bucket_new(loop, &opts, err);
    return l->objects != NULL ? 0 : -1;
}

static int open_folder(struct weir_loop *loop, struct local *l, struct weir_err *err)
{
    const struct weir_uploads_opts opts = {.store = l->home.root,
        .bucket = l->bucket,
        .prefix = PREFIX,
        .queue = l->queue,
        .quiet = l->args.cli.quiet};

    l->s3.kind = WEIR_S3_DIR;
    l->s3.dir = strdup(l->home.root);
    if (l->s3.dir == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "out of memory for the store");
    }
    l->uploads = weir_uploads_new(loop, &opts, err);
    return l->uploads != NULL ? 0 : -1;
}

static int open_all(struct weir_loop *loop, struct local *l, struct weir_err *err)
{
    if (open_queue(l, err) != 0 ||
        (l->at_s3 ? open_s3(loop, l, err) : open_folder(loop, l, err)) != 0) {
        return -1;
    }
    l->results = weir_results_new(loop, l->home.results, &l->s3, err);
    return l->results != NULL && open_worker(loop, l, err) == 0 && open_front(loop, l, err) == 0
               ? 0
               : -1;
}

static void tell_where(const struct local *l)
{
    const char *colon = strrchr(l->args.listen, ':');
    int n = (int)(colon - l->args.listen);

    if (!l->args.cli.quiet) {
        weir_cli_note("local", "http://%.*s:%u/ and %s/%s/" PREFIX "%s%s", n > 0 ? n : 9,
            n > 0 ? l->args.listen : "127.0.0.1", weir_front_port(l->front),
            l->at_s3 ? "s3:/" : l->home.root, l->bucket, l->at_s3 ? " at " : "", l->s3_origin);
    }
}

/* Until a signal, or something that cannot be mended. Always returns -1. */
static int serve(struct weir_loop *loop, struct local *l, struct weir_err *err)
{
    for (;;) {
        int64_t uploads_ms =
            l->at_s3 ? weir_bucket_turn(l->objects) : weir_uploads_turn(l->uploads);
        int64_t front_ms = weir_front_turn(l->front);
        int64_t next_ms = weir_worker_turn(l->worker);

        if (weir_worker_failed(l->worker, err)) {
            return -1;
        }
        next_ms = uploads_ms < next_ms ? uploads_ms : next_ms;
        next_ms = front_ms < next_ms ? front_ms : next_ms;
        if (weir_results_turn(l->results)) {
            next_ms = INT64_MIN;
        }
        if (weir_loop_step(loop, next_ms, err) != 0) {
            return -1;
        }
    }
}

static int local(struct weir_loop *loop, struct local *l, struct weir_err *err)
{
    struct weir_signals *signals = weir_signals_new(loop, err);
    int rc = -1;

    if (signals != NULL && find_bucket(l, err) == 0 &&
        weir_home_open(&l->home, l->args.root, l->at_s3 ? NULL : l->bucket, PREFIX, err) == 0 &&
        open_all(loop, l, err) == 0) {
        tell_where(l);
        rc = serve(loop, l, err);
    }
    weir_front_free(l->front);
    if (l->worker != NULL) {
        weir_worker_stop(l->worker);
    }
    weir_worker_free(l->worker);
    weir_uploads_free(l->uploads);
    weir_bucket_free(l->objects);
    weir_results_free(l->results);
    weir_s3_config_fini(&l->s3);
    weir_queue_free(l->queue);
    weir_home_close(&l->home);
    weir_signals_free(signals);
    return rc;
}

int weir_cli_local(int argc, char **argv)
{
    char beside[PATH_MAX];
    struct local l = {.args = {.listen = "127.0.0.1:9100",
                          .bucket = "weir",
                          .handler = "validate",
                          .visibility_ms = WEIR_QUEUE_VISIBILITY_MS,
                          .receives = WEIR_QUEUE_RECEIVES,
                          .batch = 1,
                          .memory_mb = WEIR_INVOKE_MEMORY_MB,
                          .timeout_ms = WEIR_INVOKE_TIMEOUT_MS}};
    struct weir_err err = {0};

    if (parse(argc, argv, &l.args, &err) != 0) {
        return weir_cli_usage("local", &err);
    }
    if (l.args.bootstrap == NULL) {
        if (weir_function_bootstrap(beside, sizeof beside, &err) != 0) {
            return weir_cli_fail("local", &err);
        }
        l.args.bootstrap = beside;
    }
    if (weir_function_program(l.args.bootstrap, &err) != 0) {
        return weir_cli_fail("local", &err);
    }
    if (weir_local_presign_env(l.args.env.items, l.args.env.n, &err) != 0) {
        return weir_cli_fail("local", &err);
    }
    struct weir_loop *loop = weir_loop_new(&err);
    int rc = loop != NULL ? local(loop, &l, &err) : -1;
    weir_loop_free(loop);
    return rc >= 0 ? rc : weir_cli_fail("local", &err);
}
