#ifndef WEIR_CLI_LOCAL_QUEUE_H
#define WEIR_CLI_LOCAL_QUEUE_H

#include "core/err.h"
#include "core/uuid.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A queue with the parts of SQS that the service stands on: a message that was received is hidden
 * until it is deleted or its visibility timeout has passed, it counts how often it was received,
 * and after too many times it goes to the dead-letter queue, from where it can be sent back.
 *
 * All of it lives in a journal (journal.h): a change is on the disk before anybody acts on it. What
 * was received by a process that was killed is visible at once when the queue is opened again,
 * because there is one consumer, and it died too.
 *
 * It also remembers for each name (an object's key) which version a message was sent for last, in
 * the same record as the message: so a file is announced once, whenever the kill comes.
 *
 * Times in ms: mono by CLOCK_MONOTONIC, unix by the wall clock. One thread.
 */
struct weir_queue;

enum weir_queue_state {
    WEIR_QUEUE_READY,  /* waits, perhaps for its visibility timeout */
    WEIR_QUEUE_FLIGHT, /* received */
    WEIR_QUEUE_DEAD,   /* in the dead-letter queue */
};

/* Owned by the queue. */
struct weir_queue_message {
    char id[WEIR_UUID_BYTES];
    char *name;
    char *body;
    enum weir_queue_state state;
    int64_t receives;
    int64_t sent_unix_ms;
    int64_t received_unix_ms; /* the first time; 0: never */
    int64_t visible_mono_ms;  /* WEIR_QUEUE_READY: not before */
    char *error;              /* why it failed the last time, for people; NULL: it did not */
};

struct weir_queue_opts {
    const char *path;      /* of the journal */
    int64_t visibility_ms; /* from a receive until a message that failed is visible again */
    int64_t receives_max;  /* after so many, one that fails is dead */
    size_t *torn;          /* receives what a kill had left half-written, in bytes; may be NULL */
};

/** weir_queue_open: open or make it. Returns it (weir_queue_free), or NULL with *err set: the
 *  journal's errors, WEIR_E_DATA (records that do not fit each other). */
struct weir_queue *weir_queue_open(const struct weir_queue_opts *opts, struct weir_err *err);

/** weir_queue_free: close it; nothing is lost. Accepts NULL. */
void weir_queue_free(struct weir_queue *queue);

/**
 * weir_queue_send: add a message.
 *
 * name, version  what it announces: weir_queue_version(name) is version from now on
 * body           UTF-8 text
 *
 * Returns 0, or -1 with *err set and nothing changed: WEIR_E_LIMIT (WEIR_QUEUE_MESSAGES_MAX,
 * WEIR_QUEUE_NAMES_MAX, a record too long), WEIR_E_IO, WEIR_E_NOMEM.
 */
int weir_queue_send(struct weir_queue *queue, const char *name, const char *version,
    const char *body, int64_t unix_ms, struct weir_err *err);

/** weir_queue_version: the version that was announced last for a name, or NULL. */
const char *weir_queue_version(const struct weir_queue *queue, const char *name);

/** weir_queue_forget: forget names for which gone() is true. Only in memory, and in the journal
 * when it is rewritten: whoever opens it asks again. */
void weir_queue_forget(
    struct weir_queue *queue, bool (*gone)(void *ctx, const char *name), void *ctx);

/**
 * weir_queue_receive: the oldest message that is visible, in flight from now on.
 *
 * Returns 1 with *ret set, 0 when there is none, -1 with *err set.
 */
int weir_queue_receive(struct weir_queue *queue, int64_t mono_ms, int64_t unix_ms,
    const struct weir_queue_message **ret, struct weir_err *err);

/** weir_queue_delete: it is done. Only for one in flight. 0, or -1 with *err set: it is in flight
 *  still. */
int weir_queue_delete(
    struct weir_queue *queue, const struct weir_queue_message *message, struct weir_err *err);

/**
 * weir_queue_fail: it is not done: visible again when the visibility timeout, counted from its
 * receive, has passed, or dead when it was received too often. Only for one in flight.
 *
 * why  UTF-8 text of at most WEIR_OUTPUT_ERROR_BYTES, copied; NULL: nobody knows. A dead message
 * has it also after the queue was opened again.
 *
 * Returns 0, or -1 with *err set: it is visible again, since the disk does not know better.
 */
int weir_queue_fail(struct weir_queue *queue, const struct weir_queue_message *message,
    const char *why, int64_t mono_ms, struct weir_err *err);

/**
 * weir_queue_redrive: send dead messages back, as if they had never been received.
 *
 * id     one message, or NULL: all
 * moved  receives how many were
 *
 * Returns 0, or -1 with *err set.
 */
int weir_queue_redrive(
    struct weir_queue *queue, const char *id, size_t *moved, struct weir_err *err);

/** weir_queue_next: the message after this one (NULL: the first), in the order of their sending;
 *  NULL after the last. */
const struct weir_queue_message *weir_queue_next(
    const struct weir_queue *queue, const struct weir_queue_message *message);

/** weir_queue_visible_ms: when the next message is visible: a time gone by means now, INT64_MAX
 *  never. */
int64_t weir_queue_visible_ms(const struct weir_queue *queue);

#endif
