#include "event/event.h"

#include "core/hex.h"
#include "core/limits.h"
#include "core/str.h"
#include "json/doc.h"

#include <stdlib.h>
#include <string.h>

/*
 * Two levels. weir_event_parse tells a batch from a direct event and makes the messages; read_any
 * turns one message's document into records, through at most one SNS envelope. The second fills an
 * err of its own, so that the first can decide whose it is: the message's or the invocation's.
 *
 * What comes out is used in paths, URLs and headers, so it is checked here, once, for all handlers.
 */

#define SIZE_MAX_BYTES                                                                             \
    ((int64_t)1 << 53) /* what a double holds exactly: 180 times S3's largest                      \
                        */

/* ---- strings ---- */

/* An optional string; an empty one is as good as none. Borrowed from the document. */
static int may_text(
    const struct weir_doc *o, const char *name, const char **ret, struct weir_err *err)
{
    if (weir_doc_string_opt(o, name, ret, err) != 0) {
        return -1;
    }
    if (*ret != NULL && **ret == '\0') {
        *ret = NULL;
    }
    return 0;
}

static int must_text(
    const struct weir_doc *o, const char *name, const char **ret, struct weir_err *err)
{
    if (weir_doc_string(o, name, ret, err) != 0) {
        return -1;
    }
    return **ret != '\0' ? 0 : weir_doc_error(o, name, "must not be empty", WEIR_E_DATA, err);
}

/* True when the member is this string. */
static bool says(const struct weir_doc *o, const char *name, const char *text)
{
    struct weir_doc m;

    return weir_doc_member(o, name, &m) && cJSON_IsString(m.v) &&
           strcmp(m.v->valuestring, text) == 0;
}

static int copy_text(const char *s, size_t n, char **ret, struct weir_err *err)
{
    char *copy = malloc(n + 1);

    if (copy == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "out of memory (%zu bytes)", n + 1);
    }
    memcpy(copy, s, n);
    copy[n] = '\0';
    *ret = copy;
    return 0;
}

/* ---- one object's fields ---- */

/* application/x-www-form-urlencoded to bytes, in place. Returns NULL, or what is wrong: a NUL could
 * not be told from the end. */
static const char *form_decode(char *s)
{
    char *to = s;

    for (const char *p = s; *p != '\0'; p++) {
        char c = *p;
        if (c == '+') {
            c = ' ';
        } else if (c == '%') {
            int high = weir_hex_digit(p[1]);
            int low = high < 0 ? -1 : weir_hex_digit(p[2]);
            if (low < 0) {
                return "has a bad % escape";
            }
            if (high == 0 && low == 0) {
                return "must not hold a NUL";
            }
            c = (char)(high * 16 + low);
            p += 2;
        }
        *to++ = c;
    }
    *to = '\0';
    return NULL;
}

static int read_key(const struct weir_doc *object, bool encoded, char **ret, struct weir_err *err)
{
    const char *text = NULL, *why = NULL;
    char *key = NULL;

    if (must_text(object, "key", &text, err) != 0 ||
        copy_text(text, strlen(text), &key, err) != 0) {
        return -1;
    }
    if (encoded && (why = form_decode(key)) != NULL) {
        free(key);
        return weir_doc_error(object, "key", why, WEIR_E_DATA, err);
    }
    if (strlen(key) > WEIR_S3_KEY_MAX_BYTES) {
        free(key);
        return weir_doc_error(object, "key", "is longer than S3 allows", WEIR_E_LIMIT, err);
    }
    *ret = key; /* the caller owns it now */
    return 0;
}

static int read_bucket(const struct weir_doc *bucket, char **ret, struct weir_err *err)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    const char *text = NULL;

    if (must_text(bucket, "name", &text, err) != 0) {
        return -1;
    }
    size_t len = strlen(text);
    if (len > WEIR_S3_BUCKET_MAX_BYTES || strspn(text, allowed) != len || strcmp(text, ".") == 0 ||
        strcmp(text, "..") == 0) {
        return weir_doc_error(bucket, "name", "is no bucket name", WEIR_E_DATA, err);
    }
    return copy_text(text, len, ret, err);
}

/* An optional word that goes into a header or a query: printable ASCII without blanks and quotes,
 * but for one pair around it. */
static int read_word(
    const struct weir_doc *object, const char *name, size_t max, char **ret, struct weir_err *err)
{
    const char *text = NULL;

    if (may_text(object, name, &text, err) != 0) {
        return -1;
    }
    if (text == NULL) {
        return 0;
    }
    size_t len = strlen(text);
    if (len > 2 && text[0] == '"' && text[len - 1] == '"') {
        text++;
        len -= 2;
    }
    for (size_t i = 0; i < len; i++) {
        if (text[i] < 0x21 || text[i] > 0x7E || text[i] == '"') {
            return weir_doc_error(
                object, name, "has a byte that cannot be in one", WEIR_E_DATA, err);
        }
    }
    if (len > max) {
        return weir_doc_error(object, name, "is too long for one", WEIR_E_DATA, err);
    }
    return copy_text(text, len, ret, err);
}

static int read_size(const struct weir_doc *object, int64_t *ret, struct weir_err *err)
{
    struct weir_doc size;

    if (!weir_doc_member(object, "size", &size) || cJSON_IsNull(size.v)) {
        return 0;
    }
    return weir_doc_int(object, "size", 0, SIZE_MAX_BYTES, ret, err);
}

/* The fields that both forms of an event have, under the names that differ. */
static int read_object(const struct weir_doc *holder, bool encoded, const char *etag,
    const char *version_id, struct weir_s3_record *r, struct weir_err *err)
{
    struct weir_doc bucket, object;

    if (weir_doc_object(holder, "bucket", &bucket, err) != 0 ||
        weir_doc_object(holder, "object", &object, err) != 0 ||
        read_bucket(&bucket, &r->bucket, err) != 0 ||
        read_key(&object, encoded, &r->key, err) != 0 ||
        read_word(&object, etag, WEIR_S3_ETAG_MAX_BYTES - 1, &r->etag, err) != 0 ||
        read_word(&object, version_id, WEIR_S3_VERSION_ID_MAX_BYTES, &r->version_id, err) != 0) {
        return -1;
    }
    return read_size(&object, &r->size_bytes, err);
}

/* ---- records ---- */

static void free_record(struct weir_s3_record *r)
{
    free(r->bucket);
    free(r->key);
    free(r->etag);
    free(r->version_id);
}

static void free_records(struct weir_event_message *m)
{
    for (size_t i = 0; i < m->records_n; i++) {
        free_record(&m->records[i]);
    }
    free(m->records);
    m->records = NULL;
    m->records_n = 0;
}

/* Room for n more records; they are not counted before they are whole. */
static int reserve_records(struct weir_event_message *m, size_t n, struct weir_err *err)
{
    if (n > WEIR_EVENT_RECORDS_MAX || m->records_n > WEIR_EVENT_RECORDS_MAX - n) {
        return weir_err_set(err, WEIR_E_LIMIT, "%zu records in one message, the limit is %d",
            m->records_n + n, WEIR_EVENT_RECORDS_MAX);
    }
    struct weir_s3_record *more = realloc(m->records, (m->records_n + n) * sizeof *more);
    if (more == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "out of memory (%zu records)", m->records_n + n);
    }
    m->records = more;
    return 0;
}

/* "2." and digits: S3 adds fields in minor versions and breaks things in major ones. */
static bool is_version_2(const char *s)
{
    return strncmp(s, "2.", 2) == 0 && s[2] != '\0' && strspn(s + 2, "0123456789") == strlen(s + 2);
}

/* What an eventName tells: "ObjectCreated:Put", with "s3:" before it in some stores. */
static enum weir_event_kind kind_of(const char *name)
{
    name += strncmp(name, "s3:", 3) == 0 ? 3 : 0;
    size_t n = strcspn(name, ":");
    if (n == strlen("ObjectCreated") && memcmp(name, "ObjectCreated", n) == 0) {
        return WEIR_EVENT_CREATED;
    }
    if (n == strlen("ObjectRemoved") && memcmp(name, "ObjectRemoved", n) == 0) {
        return WEIR_EVENT_REMOVED;
    }
    return WEIR_EVENT_OTHER;
}

/* One record of an S3 notification. */
static int read_s3_record(const struct weir_doc *o, struct weir_s3_record *r, struct weir_err *err)
{
    const char *source = NULL, *version = NULL, *name = NULL;
    struct weir_doc s3;

    if (must_text(o, "eventSource", &source, err) != 0 ||
        must_text(o, "eventVersion", &version, err) != 0 ||
        must_text(o, "eventName", &name, err) != 0 || weir_doc_object(o, "s3", &s3, err) != 0) {
        return -1;
    }
    size_t n = strlen(source);
    if (n < 4 || strcmp(source + n - 3, ":s3") != 0) { /* aws:s3, ceph:s3, minio:s3 */
        return weir_doc_error(o, "eventSource", "is no S3 store", WEIR_E_DATA, err);
    }
    if (!is_version_2(version)) {
        return weir_doc_error(o, "eventVersion", "must be 2.x", WEIR_E_DATA, err);
    }
    r->kind = kind_of(name);
    bool encoded = strcmp(source, "ceph:s3") != 0;
    return read_object(&s3, encoded, "eTag", "versionId", r, err);
}

/* EventBridge's form: one object, its key verbatim. */
static int read_bridge_record(
    const struct weir_doc *o, struct weir_s3_record *r, struct weir_err *err)
{
    const char *type = NULL;
    struct weir_doc detail;

    if (!says(o, "source", "aws.s3")) {
        return weir_doc_error(o, "source", "must be aws.s3", WEIR_E_DATA, err);
    }
    if (must_text(o, "detail-type", &type, err) != 0 ||
        weir_doc_object(o, "detail", &detail, err) != 0) {
        return -1;
    }
    r->kind = strcmp(type, "Object Created") == 0   ? WEIR_EVENT_CREATED
              : strcmp(type, "Object Deleted") == 0 ? WEIR_EVENT_REMOVED
                                                    : WEIR_EVENT_OTHER;
    return read_object(&detail, false, "etag", "version-id", r, err);
}

typedef int read_record(const struct weir_doc *, struct weir_s3_record *, struct weir_err *);

static int add_record(
    struct weir_event_message *m, const struct weir_doc *o, read_record *read, struct weir_err *err)
{
    struct weir_s3_record r = {.size_bytes = -1};

    if (read(o, &r, err) != 0) {
        free_record(&r);
        return -1;
    }
    m->records[m->records_n++] = r; /* the message owns it now */
    return 0;
}

static int read_notification(
    const struct weir_doc *root, struct weir_event_message *m, struct weir_err *err)
{
    struct weir_doc list, o = {0};

    if (weir_doc_array(root, "Records", &list, err) != 0) {
        return -1;
    }
    if (list.v->child == NULL) {
        return weir_doc_error(&list, NULL, "must not be empty", WEIR_E_DATA, err);
    }
    if (reserve_records(m, (size_t)cJSON_GetArraySize(list.v), err) != 0) {
        return -1;
    }
    while (weir_doc_each(&list, &o)) {
        if (add_record(m, &o, read_s3_record, err) != 0) {
            return -1;
        }
    }
    return 0;
}

/* ---- documents ---- */

static int read_any(
    const struct weir_doc *o, bool enveloped, struct weir_event_message *m, struct weir_err *err);

/* A document in a string. */
static int read_text(const struct weir_doc *o, const char *name, bool enveloped,
    struct weir_event_message *m, struct weir_err *err)
{
    const char *text = NULL;

    if (must_text(o, name, &text, err) != 0) {
        return -1;
    }
    cJSON *tree = weir_doc_parse(name, text, strlen(text), err);
    if (tree == NULL) {
        return -1;
    }
    const struct weir_doc root = {.v = tree};
    int rc = read_any(&root, enveloped, m, err);
    if (rc != 0) {
        weir_err_prefix(err, "%s", name);
    }
    cJSON_Delete(tree);
    return rc;
}

/* Whatever a message may be; enveloped when it was taken out of an SNS envelope already. */
static int read_any(
    const struct weir_doc *o, bool enveloped, struct weir_event_message *m, struct weir_err *err)
{
    if (weir_doc_has(o, "Records")) {
        return read_notification(o, m, err);
    }
    if (says(o, "Event", "s3:TestEvent")) {
        m->test = true;
        return 0;
    }
    if (weir_doc_has(o, "detail-type")) {
        return reserve_records(m, 1, err) != 0 ? -1 : add_record(m, o, read_bridge_record, err);
    }
    if (!enveloped && says(o, "Type", "Notification")) {
        return read_text(o, "Message", true, m, err);
    }
    return weir_err_set(err, WEIR_E_DATA, "no S3 event");
}

/* Lambda called by SNS itself: all its records are one message, as none has an id to report. */
static int read_sns(const struct weir_doc *list, struct weir_event_message *m, struct weir_err *err)
{
    struct weir_doc o = {0}, sns;

    while (weir_doc_each(list, &o)) {
        if (weir_doc_object(&o, "Sns", &sns, err) != 0 ||
            read_text(&sns, "Message", true, m, err) != 0) {
            return -1;
        }
    }
    return 0;
}

/* Whether root holds a list of records the first of which has this member with this value. */
static bool records_of(
    const struct weir_doc *root, const char *name, const char *value, struct weir_doc *list)
{
    struct weir_doc first = {0};

    return weir_doc_member(root, "Records", list) && cJSON_IsArray(list->v) &&
           weir_doc_each(list, &first) && says(&first, name, value);
}

static int read_direct(const struct weir_doc *root, struct weir_event *event, struct weir_err *err)
{
    struct weir_event_message *m = calloc(1, sizeof *m);
    struct weir_doc list;

    if (m == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "out of memory (%zu bytes)", sizeof *m);
    }
    event->messages = m;
    event->messages_n = 1;
    event->direct = true;
    int rc = records_of(root, "EventSource", "aws:sns", &list) ? read_sns(&list, m, err)
                                                               : read_any(root, false, m, err);
    m->test = m->test && m->records_n == 0;
    return rc;
}

/* ---- batches ---- */

/* A record without an id cannot be reported, so it is the invocation's error and not its own. */
static int read_sqs_record(
    const struct weir_doc *o, struct weir_event_message *m, struct weir_err *err)
{
    const char *id = NULL;

    if (must_text(o, "messageId", &id, err) != 0 || copy_text(id, strlen(id), &m->id, err) != 0) {
        return -1;
    }
    if (read_text(o, "body", false, m, &m->err) != 0) {
        weir_err_prefix(&m->err, "event");
        free_records(m);
    }
    return 0;
}

static int read_sqs(const struct weir_doc *list, struct weir_event *event, struct weir_err *err)
{
    size_t n = (size_t)cJSON_GetArraySize(list->v);
    struct weir_doc o = {0}, arn;

    if (n > WEIR_EVENT_RECORDS_MAX) {
        return weir_err_set(
            err, WEIR_E_LIMIT, "%zu messages, the limit is %d", n, WEIR_EVENT_RECORDS_MAX);
    }
    event->messages = calloc(n, sizeof *event->messages);
    if (event->messages == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "out of memory (%zu messages)", n);
    }
    while (weir_doc_each(list, &o)) {
        struct weir_event_message *m = &event->messages[event->messages_n++];
        if (weir_doc_member(&o, "eventSourceARN", &arn) && cJSON_IsString(arn.v) &&
            weir_str_ends(weir_str_of(arn.v->valuestring), ".fifo")) {
            event->fifo = true;
        }
        if (read_sqs_record(&o, m, err) != 0) {
            return -1;
        }
    }
    return 0;
}

/* An empty list is a batch too: nothing to do, and nothing that could fail. */
static bool is_empty_batch(const struct weir_doc *root)
{
    struct weir_doc list;

    return weir_doc_member(root, "Records", &list) && cJSON_IsArray(list.v) &&
           list.v->child == NULL;
}

int weir_event_parse(const char *text, size_t len, struct weir_event *ret, struct weir_err *err)
{
    struct weir_event event = {0};
    struct weir_doc list;
    int rc = 0;

    cJSON *tree = weir_doc_parse("event", text, len, err);
    if (tree == NULL) {
        return -1;
    }
    const struct weir_doc root = {.v = tree};
    if (records_of(&root, "eventSource", "aws:sqs", &list)) {
        rc = read_sqs(&list, &event, err);
    } else if (!is_empty_batch(&root)) {
        rc = read_direct(&root, &event, err);
    }
    cJSON_Delete(tree);
    if (rc != 0) {
        weir_err_prefix(err, "event");
        weir_event_fini(&event);
        return -1;
    }
    *ret = event; /* the caller owns it now */
    return 0;
}

void weir_event_fini(struct weir_event *event)
{
    for (size_t i = 0; i < event->messages_n; i++) {
        free(event->messages[i].id);
        free_records(&event->messages[i]);
    }
    free(event->messages);
    *event = (struct weir_event){0};
}
