/*
 * A round: list, announce what is new, now and then forget what is gone. Between rounds is a pause;
 * a bucket that takes long to list is listed less often.
 */
#include "cli/local/bucket.h"

#include "aws/s3_list.h"
#include "aws/store.h"
#include "cli/cli.h"
#include "cli/local/event.h"
#include "core/clock.h"
#include "core/limits.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAUSE_PER_LIST 10 /* listing is never more than a tenth of what happens */
#define TURN_MS 20        /* of announcing, each of which is synced; then the others */
#define FORGET_ROUNDS 60  /* so many rounds later, names that are gone are forgotten */
#define VERSION_BYTES (WEIR_S3_ETAG_MAX_BYTES + 64)

struct weir_bucket {
    struct weir_loop *loop;
    struct weir_bucket_opts opts;
    struct weir_s3_list *lister; /* a round that lists; NULL: none */
    struct weir_listing list;    /* a round that announces */
    size_t at;                   /* in the list */
    int64_t begun_ms, took_ms;   /* this list; the last one */
    int64_t next_ms;             /* the next round */
    int64_t pause_ms;            /* after a failure */
    unsigned rounds;
    bool full;      /* told that there is no room */
    char told[256]; /* the failure that was told last */
};

/* ---- announcing ---- */

static int announce(struct weir_bucket *b, const struct weir_listed *o, struct weir_err *err)
{
    const struct weir_local_object object = {.bucket = b->opts.bucket,
        .key = o->key,
        .how = "Put",
        .etag = o->etag != NULL ? o->etag : "",
        .size_bytes = o->size_bytes > 0 ? (uint64_t)o->size_bytes : 0,
        .unix_ms = weir_clock_unix_ms()};
    char version[VERSION_BYTES];
    const char *known = weir_queue_version(b->opts.queue, o->key);

    (void)snprintf(
        version, sizeof version, "%s-%" PRId64 "-%" PRId64, object.etag, o->size_bytes, o->mtime_s);
    return known != NULL && strcmp(known, version) == 0
               ? 0
               : weir_local_announce(b->opts.queue, &object, version, err);
}

static bool is_folder(const char *key)
{
    return key[strlen(key) - 1] == '/'; /* consoles make such objects */
}

static int by_key(const void *key, const void *item)
{
    return strcmp(key, ((const struct weir_listed *)item)->key);
}

static bool is_gone(void *ctx, const char *name)
{
    const struct weir_bucket *b = ctx;

    return b->list.n == 0 ||
           bsearch(name, b->list.items, b->list.n, sizeof *b->list.items, by_key) == NULL;
}

static void end_round(struct weir_bucket *b)
{
    int64_t pause_ms = b->took_ms * PAUSE_PER_LIST;

    weir_listing_fini(&b->list);
    b->at = 0;
    b->next_ms =
        weir_clock_mono_ms() + (pause_ms > WEIR_BUCKET_PAUSE_MS ? pause_ms : WEIR_BUCKET_PAUSE_MS);
}

/* What is not announced in this turn is in the next. */
static void announce_some(struct weir_bucket *b)
{
    int64_t end_ms = weir_clock_mono_ms() + TURN_MS;

    for (; b->at < b->list.n; b->at++) {
        struct weir_err err = {0};

        if (is_folder(b->list.items[b->at].key)) {
            continue;
        }
        if (announce(b, &b->list.items[b->at], &err) != 0) {
            if (!b->full) {
                weir_cli_note(
                    "local", "%.200s: %s; it is tried again", b->list.items[b->at].key, err.msg);
                b->full = true;
            }
            end_round(b);
            return;
        }
        if (weir_clock_mono_ms() >= end_ms) {
            b->at++;
            return;
        }
    }
    b->full = false;
    if (++b->rounds % FORGET_ROUNDS == 0) {
        weir_queue_forget(b->opts.queue, is_gone, b);
    }
    end_round(b);
}

/* ---- listing ---- */

static void failed(struct weir_bucket *b, const struct weir_err *err)
{
    weir_s3_list_free(b->lister);
    b->lister = NULL;
    if (strcmp(b->told, err->msg) != 0) {
        weir_cli_note("local", "%s; it is tried again", err->msg);
        (void)snprintf(b->told, sizeof b->told, "%s", err->msg);
    }
    b->next_ms = weir_clock_mono_ms() + b->pause_ms;
    b->pause_ms =
        2 * b->pause_ms < WEIR_BUCKET_PAUSE_MAX_MS ? 2 * b->pause_ms : WEIR_BUCKET_PAUSE_MAX_MS;
}

static void listed(struct weir_bucket *b)
{
    weir_s3_list_free(b->lister);
    b->lister = NULL;
    b->took_ms = weir_clock_mono_ms() - b->begun_ms;
    b->pause_ms = WEIR_BUCKET_PAUSE_MS;
    b->told[0] = '\0';
    if (b->list.n == 0) {
        announce_some(b); /* nothing: the round is over */
    }
}

static int begin_round(struct weir_bucket *b, struct weir_err *err)
{
    b->begun_ms = weir_clock_mono_ms();
    b->lister = weir_s3_list_new(b->loop, b->opts.s3, b->opts.bucket, b->opts.prefix, err);
    return b->lister != NULL ? 0 : -1;
}

int64_t weir_bucket_turn(struct weir_bucket *bucket)
{
    struct weir_bucket *b = bucket;
    struct weir_err err = {0};
    int rc = 0;

    if (b->list.n > 0) {
        announce_some(b);
        return b->list.n > 0 ? INT64_MIN : b->next_ms;
    }
    if (b->lister == NULL && weir_clock_mono_ms() >= b->next_ms) {
        rc = begin_round(b, &err);
    }
    if (b->lister != NULL) {
        rc = weir_s3_list_step(b->lister, &b->list, &err);
    }
    if (rc < 0) {
        failed(b, &err);
    } else if (rc > 0) {
        listed(b);
    }
    return b->lister != NULL ? INT64_MAX : b->list.n > 0 ? INT64_MIN : b->next_ms;
}

struct weir_bucket *weir_bucket_new(
    struct weir_loop *loop, const struct weir_bucket_opts *opts, struct weir_err *err)
{
    struct weir_bucket *b = calloc(1, sizeof *b);

    if (b == NULL) {
        (void)weir_err_set(err, WEIR_E_NOMEM, "out of memory for the bucket");
        return NULL;
    }
    b->loop = loop;
    b->opts = *opts;
    b->begun_ms = weir_clock_mono_ms();
    if (weir_store_list(loop, opts->s3, opts->bucket, opts->prefix, INT64_MAX, &b->list, err) !=
        0) {
        weir_bucket_free(b);
        return NULL;
    }
    listed(b);
    return b;
}

void weir_bucket_free(struct weir_bucket *bucket)
{
    if (bucket != NULL) {
        weir_s3_list_free(bucket->lister);
        weir_listing_fini(&bucket->list);
        free(bucket);
    }
}
