#ifndef WEIR_CLI_LOCAL_FRONT_H
#define WEIR_CLI_LOCAL_FRONT_H

#include "aws/sigv4.h"
#include "cli/local/queue.h"
#include "cli/local/results.h"
#include "cli/local/uploads.h"
#include "cli/local/worker.h"
#include "core/err.h"
#include "net/loop.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The service's HTTP side on one machine:
 *
 *     GET  /                               the page
 *     GET  /status.json                    what the page shows
 *     GET  /dlq                            the dead-letter queue
 *     POST /dlq/redrive[?messageId=ID]     send dead messages back
 *     POST /batch/generate-presigned-url   a form
 *     POST /BUCKET[/]                      an upload through it
 *     GET  /BUCKET/KEY                     a validated file of the list
 *
 * It listens on the own machine unless told otherwise, and has no passwords. The pages of others in
 * the user's browser get a 403 (asker.h), and nothing allows another origin to read.
 */
struct weir_front;

struct weir_front_opts {
    const struct sockaddr *address;
    const char *const *hosts; /* names it may be called by, besides localhost and addresses */
    size_t hosts_n;
    const char *bucket, *prefix;
    /* The folder that the bucket is in, what notices its files, what its forms are signed with */
    const char *store;
    struct weir_uploads *uploads;
    const struct weir_sigv4_key *key;
    /* With all three NULL the bucket is S3's: forms go there, and this serves no objects. The page
     * may talk to this origin: "https://host:port". */
    const char *s3_origin;
    struct weir_queue *queue;
    struct weir_worker *worker;
    struct weir_results *results;
    bool quiet;
};

/** weir_front_new: listen. opts and what it points to are borrowed. Returns it (weir_front_free,
 *  before weir_loop_free), or NULL with *err set: weir_httpd_new's errors. */
struct weir_front *weir_front_new(
    struct weir_loop *loop, const struct weir_front_opts *opts, struct weir_err *err);

/** weir_front_port: where it listens. */
unsigned weir_front_port(const struct weir_front *front);

/** weir_front_turn: see to uploads whose sender has gone. Returns when it wants the next turn at
 * the latest, by CLOCK_MONOTONIC. Not from within a callback. */
int64_t weir_front_turn(struct weir_front *front);

/** weir_front_free: uploads that are not complete are dropped. Accepts NULL. */
void weir_front_free(struct weir_front *front);

#endif
