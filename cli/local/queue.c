/* clang-format off */
/*
 * Records, one JSON object each, "op" first:
 *
 *     send     id name version body ms    a message; with receives, first_ms, dead, error in a
 *                                         journal that was rewritten
 *     receive  id ms
 *     delete   id
 *     dead     id error                   error may be missing
 *     redrive  id                         receives are 0 again
 *     known    name version               in a journal that was rewritten
 *
 * Every change is appended first and made in memory only when that succeeded. The journal is
 * rewritten when most of it is history.
 */
/* clang-format on */
#include "cli/local/queue.h"

#include "cli/local/journal.h"
#include "cli/local/versions.h"
#include "core/limits.h"
#include "json/doc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define MS_MAX (((int64_t)1 << 53) - 1)

struct message {
    struct weir_queue_message m; /* first: the public pointer is this one */
    TAILQ_ENTRY(message) link;
    int64_t received_mono_ms;
};
TAILQ_HEAD(messages, message);

struct weir_queue {
    struct weir_journal *journal;
    int64_t visibility_ms, receives_max;
    struct messages messages;
    size_t messages_n;
    struct weir_versions versions;
    uint64_t base_bytes; /* of the journal when it was rewritten or opened last */
};

/* ---- messages ---- */

static void free_message(struct message *x)
{
    if (x != NULL) {
        free(x->m.name);
        free(x->m.body);
        free(x->m.error);
        free(x);
    }
}

static struct message *new_message(
    const char *id, const char *name, const char *body, int64_t unix_ms, struct weir_err *err)
{
    struct message *x = calloc(1, sizeof *x);

    if (x != NULL) {
        x->m.name = strdup(name);
        x->m.body = strdup(body);
        x->m.sent_unix_ms = unix_ms;
        x->m.visible_mono_ms = INT64_MIN;
    }
    if (x == NULL || x->m.name == NULL || x->m.body == NULL) {
        free_message(x);
        (void)weir_err_set(err, WEIR_E_NOMEM, "queue: out of memory");
        return NULL;
    }
    memcpy(x->m.id, id, strlen(id) + 1); /* the callers know its length */
    return x;
}

/* Without memory for it nobody knows why: better than not to go on. */
static void set_error(struct message *x, const char *why)
{
    char *copy = why != NULL ? strdup(why) : NULL;

    free(x->m.error);
    x->m.error = copy;
}

static struct message *find_message(const struct weir_queue *q, const char *id)
{
    struct message *x;

    TAILQ_FOREACH(x, &q->messages, link)
    {
        if (strcmp(x->m.id, id) == 0) {
            return x;
        }
    }
    return NULL;
}

static void drop_message(struct weir_queue *q, struct message *x)
{
    TAILQ_REMOVE(&q->messages, x, link);
    q->messages_n--;
    free_message(x);
}

/* ---- records out ---- */

/* A record's document in the making; every add may fail, which is seen at the end. */
struct record {
    cJSON *v;
    bool failed;
};

static struct record record(const char *op)
{
    struct record r = {.v = cJSON_CreateObject()};

    r.failed = r.v == NULL || cJSON_AddStringToObject(r.v, "op", op) == NULL;
    return r;
}

static void text(struct record *r, const char *name, const char *value)
{
    r->failed = r->failed || cJSON_AddStringToObject(r->v, name, value) == NULL;
}

static void number(struct record *r, const char *name, int64_t value)
{
    r->failed = r->failed || cJSON_AddNumberToObject(r->v, name, (double)value) == NULL;
}

/* Ends the record. Returns its text (cJSON_free), or NULL with *err set. */
static char *finish(struct record *r, struct weir_err *err)
{
    char *json = r->failed ? NULL : cJSON_PrintUnformatted(r->v);

    cJSON_Delete(r->v);
    r->v = NULL;
    if (json == NULL) {
        (void)weir_err_set(err, WEIR_E_NOMEM, "queue: out of memory");
    }
    return json;
}

static int append(struct weir_queue *q, struct record *r, struct weir_err *err)
{
    char *json = finish(r, err);
    int rc = json != NULL ? weir_journal_append(q->journal, json, strlen(json), err) : -1;

    cJSON_free(json);
    return rc;
}

static struct record send_record(const struct weir_queue_message *m, const char *version)
{
    struct record r = record("send");

    text(&r, "id", m->id);
    text(&r, "name", m->name);
    text(&r, "version", version);
    text(&r, "body", m->body);
    number(&r, "ms", m->sent_unix_ms);
    if (m->receives > 0) {
        number(&r, "receives", m->receives);
        number(&r, "first_ms", m->received_unix_ms);
    }
    if (m->state == WEIR_QUEUE_DEAD) {
        number(&r, "dead", 1);
    }
    if (m->error != NULL) {
        text(&r, "error", m->error);
    }
    return r;
}

/* ---- the journal rewritten ---- */

struct rewrite {
    struct weir_queue *q;
    struct weir_journal_new *to;
    struct weir_err *err;
    int rc;
};

static int put(struct rewrite *w, struct record *r)
{
    char *json = finish(r, w->err);

    w->rc = json != NULL ? weir_journal_put(w->to, json, strlen(json), w->err) : -1;
    cJSON_free(json);
    return w->rc;
}

static void put_version(void *ctx, const char *name, const char *version)
{
    struct rewrite *w = ctx;

    if (w->rc == 0) {
        struct record r = record("known");
        text(&r, "name", name);
        text(&r, "version", version);
        (void)put(w, &r);
    }
}

static int write_all(void *ctx, struct weir_journal_new *to, struct weir_err *err)
{
    struct rewrite w = {.q = ctx, .to = to, .err = err};
    struct message *x;

    /* Messages first: what a message says of its name may be old, and "known" is what counts. */
    TAILQ_FOREACH(x, &w.q->messages, link)
    {
        struct record r = send_record(&x->m, "");
        if (put(&w, &r) != 0) {
            return -1;
        }
    }
    weir_versions_each(&w.q->versions, put_version, &w);
    return w.rc;
}

/* A rewrite that fails leaves the old journal, which is as good; the next change tries again. */
static void rewrite_if_due(struct weir_queue *q)
{
    uint64_t bytes = weir_journal_bytes(q->journal);

    if (bytes > WEIR_QUEUE_REWRITE_BYTES && bytes / 2 > q->base_bytes) {
        if (weir_journal_rewrite(q->journal, write_all, q, NULL) == 0) {
            q->base_bytes = weir_journal_bytes(q->journal);
        } else {
            q->base_bytes = bytes;
        }
    }
}

/* ---- records in ---- */

static int replay_send(struct weir_queue *q, const struct weir_doc *doc, struct weir_err *err)
{
    const char *id, *name, *version, *body;
    const char *error = NULL;
    int64_t ms, receives = 0, first_ms = 0;
    struct message *x;

    if (weir_doc_string(doc, "id", &id, err) != 0 ||
        weir_doc_string(doc, "name", &name, err) != 0 ||
        weir_doc_string(doc, "version", &version, err) != 0 ||
        weir_doc_string(doc, "body", &body, err) != 0 ||
        weir_doc_int(doc, "ms", 0, MS_MAX, &ms, err) != 0) {
        return -1;
    }
    if (weir_doc_has(doc, "receives") &&
        (weir_doc_int(doc, "receives", 0, MS_MAX, &receives, err) != 0 ||
            weir_doc_int(doc, "first_ms", 0, MS_MAX, &first_ms, err) != 0)) {
        return -1;
    }
    if (weir_doc_has(doc, "error") && weir_doc_string(doc, "error", &error, err) != 0) {
        return -1;
    }
    if (strlen(id) != WEIR_UUID_BYTES - 1 || find_message(q, id) != NULL) {
        return weir_err_set(err, WEIR_E_DATA, "queue: an id that is none, or that is there");
    }
    x = new_message(id, name, body, ms, err);
    if (x == NULL) {
        return -1;
    }
    x->m.receives = receives;
    x->m.received_unix_ms = first_ms;
    x->m.state = weir_doc_has(doc, "dead") ? WEIR_QUEUE_DEAD : WEIR_QUEUE_READY;
    set_error(x, error);
    TAILQ_INSERT_TAIL(&q->messages, x, link);
    q->messages_n++;
    return *version != '\0' ? weir_versions_set(&q->versions, name, version, err) : 0;
}

/* As if it had never been received. */
static void reset(struct message *x)
{
    x->m.state = WEIR_QUEUE_READY;
    x->m.visible_mono_ms = INT64_MIN;
    x->m.receives = 0;
    x->m.received_unix_ms = 0;
    set_error(x, NULL);
}

static int replay_change(
    struct weir_queue *q, const struct weir_doc *doc, const char *op, struct weir_err *err)
{
    const char *id, *error = NULL;
    int64_t ms;

    if (weir_doc_string(doc, "id", &id, err) != 0) {
        return -1;
    }
    struct message *x = find_message(q, id);
    if (x == NULL) {
        return weir_err_set(err, WEIR_E_DATA, "queue: a record of a message that is not there");
    }
    if (strcmp(op, "receive") == 0) {
        if (weir_doc_int(doc, "ms", 0, MS_MAX, &ms, err) != 0) {
            return -1;
        }
        x->m.received_unix_ms = x->m.receives == 0 ? ms : x->m.received_unix_ms;
        x->m.receives++;
    } else if (strcmp(op, "delete") == 0) {
        drop_message(q, x);
    } else if (strcmp(op, "dead") == 0) {
        if (weir_doc_has(doc, "error") && weir_doc_string(doc, "error", &error, err) != 0) {
            return -1;
        }
        x->m.state = WEIR_QUEUE_DEAD;
        set_error(x, error);
    } else if (strcmp(op, "redrive") == 0) {
        reset(x);
    } else {
        return weir_err_set(err, WEIR_E_DATA, "queue: an unknown kind of record");
    }
    return 0;
}

static int replay_known(struct weir_queue *q, const struct weir_doc *doc, struct weir_err *err)
{
    const char *name, *version;

    return weir_doc_string(doc, "name", &name, err) != 0 ||
                   weir_doc_string(doc, "version", &version, err) != 0
               ? -1
               : weir_versions_set(&q->versions, name, version, err);
}

static int on_record(void *ctx, const char *json, size_t len, struct weir_err *err)
{
    struct weir_queue *q = ctx;
    struct weir_doc doc = {.v = weir_doc_parse("queue", json, len, err)};
    const char *op;
    int rc = -1;

    if (doc.v == NULL) {
        return -1;
    }
    if (weir_doc_string(&doc, "op", &op, err) == 0) {
        if (strcmp(op, "send") == 0) {
            rc = replay_send(q, &doc, err);
        } else if (strcmp(op, "known") == 0) {
            rc = replay_known(q, &doc, err);
        } else {
            rc = replay_change(q, &doc, op, err);
        }
    }
    cJSON_Delete((cJSON *)(uintptr_t)doc.v);
    return rc;
}

/* ---- the queue ---- */

struct weir_queue *weir_queue_open(const struct weir_queue_opts *opts, struct weir_err *err)
{
    struct weir_queue *q = calloc(1, sizeof *q);

    if (q == NULL) {
        (void)weir_err_set(err, WEIR_E_NOMEM, "queue: out of memory");
        return NULL;
    }
    TAILQ_INIT(&q->messages);
    q->visibility_ms = opts->visibility_ms;
    q->receives_max = opts->receives_max;
    q->journal = weir_journal_open(opts->path, on_record, q, opts->torn, err);
    if (q->journal == NULL) {
        weir_queue_free(q);
        return NULL;
    }
    rewrite_if_due(q);
    return q;
}

void weir_queue_free(struct weir_queue *queue)
{
    if (queue == NULL) {
        return;
    }
    weir_journal_free(queue->journal);
    while (!TAILQ_EMPTY(&queue->messages)) {
        drop_message(queue, TAILQ_FIRST(&queue->messages));
    }
    weir_versions_fini(&queue->versions);
    free(queue);
}

static bool has_room(const struct weir_queue *queue)
{
    return queue->messages_n < WEIR_QUEUE_MESSAGES_MAX;
}

int weir_queue_send(struct weir_queue *queue, const char *name, const char *version,
    const char *body, int64_t unix_ms, struct weir_err *err)
{
    char id[WEIR_UUID_BYTES];
    struct message *x;

    if (!has_room(queue) || (queue->versions.n >= WEIR_QUEUE_NAMES_MAX &&
                                weir_versions_get(&queue->versions, name) == NULL)) {
        return weir_err_set(err, WEIR_E_LIMIT, "queue: full");
    }
    if (weir_uuid_new(id, err) != 0) {
        return -1;
    }
    x = new_message(id, name, body, unix_ms, err);
    if (x == NULL) {
        return -1;
    }
    struct record r = send_record(&x->m, version);
    if (append(queue, &r, err) != 0) {
        free_message(x);
        return -1;
    }
    TAILQ_INSERT_TAIL(&queue->messages, x, link);
    queue->messages_n++;
    /* Without memory for this the file is announced twice: better than not at all. */
    (void)weir_versions_set(&queue->versions, name, version, NULL);
    rewrite_if_due(queue);
    return 0;
}

const char *weir_queue_version(const struct weir_queue *queue, const char *name)
{
    return weir_versions_get(&queue->versions, name);
}

void weir_queue_forget(
    struct weir_queue *queue, bool (*gone)(void *ctx, const char *name), void *ctx)
{
    weir_versions_forget(&queue->versions, gone, ctx);
}

int weir_queue_receive(struct weir_queue *queue, int64_t mono_ms, int64_t unix_ms,
    const struct weir_queue_message **ret, struct weir_err *err)
{
    struct message *x;

    TAILQ_FOREACH(x, &queue->messages, link)
    {
        if (x->m.state == WEIR_QUEUE_READY && x->m.visible_mono_ms <= mono_ms) {
            break;
        }
    }
    if (x == NULL) {
        return 0;
    }
    struct record r = record("receive");
    text(&r, "id", x->m.id);
    number(&r, "ms", unix_ms);
    if (append(queue, &r, err) != 0) {
        return -1;
    }
    x->m.state = WEIR_QUEUE_FLIGHT;
    x->m.received_unix_ms = x->m.receives == 0 ? unix_ms : x->m.received_unix_ms;
    x->m.receives++;
    x->received_mono_ms = mono_ms;
    *ret = &x->m;
    rewrite_if_due(queue);
    return 1;
}

static struct message *in_flight(const struct weir_queue_message *message)
{
    assert(message->state == WEIR_QUEUE_FLIGHT);
    return (struct message *)(uintptr_t)message;
}

int weir_queue_delete(
    struct weir_queue *queue, const struct weir_queue_message *message, struct weir_err *err)
{
    struct message *x = in_flight(message);
    struct record r = record("delete");

    text(&r, "id", x->m.id);
    if (append(queue, &r, err) != 0) {
        return -1;
    }
    drop_message(queue, x);
    rewrite_if_due(queue);
    return 0;
}

int weir_queue_fail(struct weir_queue *queue, const struct weir_queue_message *message,
    const char *why, int64_t mono_ms, struct weir_err *err)
{
    struct message *x = in_flight(message);
    int64_t visible_ms = x->received_mono_ms + queue->visibility_ms;
    int rc = 0;

    x->m.state = WEIR_QUEUE_READY;
    x->m.visible_mono_ms = visible_ms > mono_ms ? visible_ms : mono_ms;
    set_error(x, why);
    if (x->m.receives >= queue->receives_max) {
        struct record r = record("dead");
        text(&r, "id", x->m.id);
        if (x->m.error != NULL) {
            text(&r, "error", x->m.error);
        }
        rc = append(queue, &r, err);
        if (rc == 0) {
            x->m.state = WEIR_QUEUE_DEAD;
        }
    }
    return rc;
}

int weir_queue_redrive(
    struct weir_queue *queue, const char *id, size_t *moved, struct weir_err *err)
{
    struct message *x;

    *moved = 0;
    TAILQ_FOREACH(x, &queue->messages, link)
    {
        if (x->m.state != WEIR_QUEUE_DEAD || (id != NULL && strcmp(id, x->m.id) != 0)) {
            continue;
        }
        struct record r = record("redrive");
        text(&r, "id", x->m.id);
        if (append(queue, &r, err) != 0) {
            return -1;
        }
        reset(x);
        ++*moved;
    }
    rewrite_if_due(queue);
    return 0;
}

const struct weir_queue_message *weir_queue_next(
    const struct weir_queue *queue, const struct weir_queue_message *message)
{
    const struct message *x = (const struct message *)message;

    x = x != NULL ? TAILQ_NEXT(x, link) : TAILQ_FIRST(&queue->messages);
    return x != NULL ? &x->m : NULL;
}

int64_t weir_queue_visible_ms(const struct weir_queue *queue)
{
    const struct message *x;
    int64_t first = INT64_MAX;

    TAILQ_FOREACH(x, &queue->messages, link)
    {
        if (x->m.state == WEIR_QUEUE_READY && x->m.visible_mono_ms < first) {
            first = x->m.visible_mono_ms;
        }
    }
    return first;
}
