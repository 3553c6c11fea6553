#include "cli/local/event.h"

#include "core/hex.h"
#include "core/limits.h"
#include "json/doc.h"
#include "json/quote.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define REGION "us-east-1"
#define ACCOUNT "000000000000"

/* As S3 writes keys in notifications: x-www-form-urlencoded, but slashes stay. */
static int add_key(struct weir_buf *to, const char *key, struct weir_err *err)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._*/";

    for (; *key != '\0'; key++) {
        int rc = *key == ' ' ? weir_buf_adds(to, "+", err)
                 : strchr(plain, *key) != NULL
                     ? weir_buf_add(to, key, 1, err)
                     : weir_buf_addf(to, err, "%%%02X", (unsigned char)*key);
        if (rc != 0) {
            return -1;
        }
    }
    return 0;
}

int weir_local_notification(
    struct weir_buf *to, const struct weir_local_object *object, struct weir_err *err)
{
    time_t t = (time_t)(object->unix_ms / 1000);
    struct tm tm = {0};
    char time_text[32] = "";

    if (gmtime_r(&t, &tm) != NULL) {
        (void)strftime(time_text, sizeof time_text, "%Y-%m-%dT%H:%M:%S", &tm);
    }
    if (weir_buf_addf(to, err,
            "{\"Records\":[{\"eventVersion\":\"2.1\",\"eventSource\":\"aws:s3\","
            "\"awsRegion\":\"" REGION "\",\"eventTime\":\"%s.%03dZ\","
            "\"eventName\":\"ObjectCreated:%s\",\"s3\":{\"s3SchemaVersion\":\"1.0\","
            "\"configurationId\":\"weir-local\",\"bucket\":{\"name\":\"%s\","
            "\"arn\":\"arn:aws:s3:::%s\"},\"object\":{\"key\":\"",
            time_text, (int)(object->unix_ms % 1000), object->how, object->bucket,
            object->bucket) != 0 ||
        add_key(to, object->key, err) != 0) {
        return -1;
    }
    /* The ETag is the server's own word, the key the only other text that somebody chooses. */
    if (weir_buf_addf(to, err, "\",\"size\":%" PRIu64 ",\"eTag\":", object->size_bytes) != 0 ||
        weir_json_quote(to, object->etag, err) != 0) {
        return -1;
    }
    return weir_buf_addf(
        to, err, ",\"sequencer\":\"%016" PRIX64 "\"}}}]}", (uint64_t)object->unix_ms);
}

int weir_local_announce(struct weir_queue *queue, const struct weir_local_object *object,
    const char *version, struct weir_err *err)
{
    struct weir_buf body;
    const char *text;
    int rc = -1;

    weir_buf_init(&body, WEIR_JOURNAL_RECORD_MAX_BYTES);
    if (weir_local_notification(&body, object, err) == 0 &&
        (text = weir_buf_text(&body, err)) != NULL) {
        rc = weir_queue_send(queue, object->key, version, text, object->unix_ms, err);
    }
    weir_buf_fini(&body);
    return rc;
}

static int md5_hex(const char *text, char ret[33], struct weir_err *err)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    if (EVP_Digest(text, strlen(text), digest, &n, EVP_md5(), NULL) != 1 || n != 16) {
        return weir_err_set(err, WEIR_E_NOMEM, "sqs: no MD5");
    }
    weir_hex(digest, n, ret);
    return 0;
}

static int add_record(struct weir_buf *to, const struct weir_queue_message *m, struct weir_err *err)
{
    char md5[33];

    if (md5_hex(m->body, md5, err) != 0 ||
        weir_buf_addf(to, err,
            "{\"messageId\":\"%s\",\"receiptHandle\":\"%s-%" PRId64 "\",\"body\":", m->id, m->id,
            m->receives) != 0 ||
        weir_json_quote(to, m->body, err) != 0) {
        return -1;
    }
    return weir_buf_addf(to, err,
        ",\"attributes\":{\"ApproximateReceiveCount\":\"%" PRId64 "\",\"SentTimestamp\":\"%" PRId64
        "\",\"SenderId\":\"" ACCOUNT "\",\"ApproximateFirstReceiveTimestamp\":\"%" PRId64
        "\"},\"messageAttributes\":{},\"md5OfBody\":\"%s\",\"eventSource\":\"aws:sqs\","
        "\"eventSourceARN\":\"arn:aws:sqs:" REGION ":" ACCOUNT
        ":weir-local\",\"awsRegion\":\"" REGION "\"}",
        m->receives, m->sent_unix_ms, m->received_unix_ms, md5);
}

int weir_local_sqs_event(struct weir_buf *to, const struct weir_queue_message *const *messages,
    size_t n, struct weir_err *err)
{
    if (weir_buf_adds(to, "{\"Records\":[", err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        if ((i > 0 && weir_buf_adds(to, ",", err) != 0) || add_record(to, messages[i], err) != 0) {
            return -1;
        }
    }
    return weir_buf_adds(to, "]}", err);
}

/* Marks the message with this id. Returns whether there is one. */
static bool mark(
    const struct weir_queue_message *const *messages, size_t n, const char *id, bool *failed)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(messages[i]->id, id) == 0) {
            failed[i] = true;
            return true;
        }
    }
    return false;
}

static const char *read_failures(
    const cJSON *response, const struct weir_queue_message *const *messages, size_t n, bool *failed)
{
    const cJSON *list, *item;

    if (cJSON_IsNull(response)) {
        return NULL;
    }
    if (!cJSON_IsObject(response)) {
        return "the response is no object";
    }
    list = cJSON_GetObjectItemCaseSensitive(response, "batchItemFailures");
    if (list == NULL || cJSON_IsNull(list)) {
        return NULL;
    }
    if (!cJSON_IsArray(list)) {
        return "batchItemFailures is no list";
    }
    cJSON_ArrayForEach(item, list)
    {
        const char *id =
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "itemIdentifier"));

        if (id == NULL || *id == '\0' || !mark(messages, n, id, failed)) {
            return "an itemIdentifier is of no message in the batch";
        }
    }
    return NULL;
}

const char *weir_local_failures(const uint8_t *response, size_t len,
    const struct weir_queue_message *const *messages, size_t n, bool *failed)
{
    const char *why = NULL;

    memset(failed, 0, n * sizeof *failed);
    if (len == 0) {
        return NULL;
    }
    cJSON *doc = weir_doc_parse("response", (const char *)response, len, NULL);
    why = doc != NULL ? read_failures(doc, messages, n, failed) : "the response is no JSON";
    cJSON_Delete(doc);
    for (size_t i = 0; why != NULL && i < n; i++) {
        failed[i] = true;
    }
    return why;
}
