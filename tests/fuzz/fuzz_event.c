/*
 * Whatever bytes come as an event: an answer, never a crash. What comes out keeps the promises of
 * event/event.h, and the response is a document that can be read back.
 */
#include "core/limits.h"
#include "event/batch.h"
#include "event/event.h"
#include "json/quote.h"
#include "json/tape.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool true_thing)
{
    if (!true_thing) {
        abort();
    }
}

static void check_json(struct weir_buf *text)
{
    struct weir_json_fault fault;
    struct weir_json_tape tape;

    weir_json_tape_init(&tape);
    require(weir_json_parse(&tape, (const char *)text->p, text->len, &fault) == 0);
    weir_json_tape_fini(&tape);
}

static void check_record(const struct weir_s3_record *r)
{
    size_t key = strlen(r->key);

    require(r->bucket[0] != '\0' && strpbrk(r->bucket, "/\\\r\n %?#") == NULL);
    require(strcmp(r->bucket, ".") != 0 && strcmp(r->bucket, "..") != 0);
    require(key > 0 && key <= WEIR_S3_KEY_MAX_BYTES);
    require(r->etag == NULL || strpbrk(r->etag, "\" \r\n") == NULL);
    require(r->version_id == NULL || strpbrk(r->version_id, " \r\n") == NULL);
    require(r->size_bytes >= -1);
}

static void check_event(struct weir_event *event)
{
    struct weir_err err = {0};
    struct weir_buf response;

    weir_buf_init(&response, 4 * WEIR_RESPONSE_MAX_BYTES);
    require(!event->direct || event->messages_n == 1);
    for (size_t i = 0; i < event->messages_n; i++) {
        const struct weir_event_message *m = &event->messages[i];
        require(event->direct ? m->id == NULL : m->id != NULL && m->id[0] != '\0');
        require((m->records_n > 0) + m->test + (m->err.code != WEIR_OK) == 1);
        for (size_t j = 0; j < m->records_n; j++) {
            check_record(&m->records[j]);
        }
    }
    require(weir_event_failures(event, &response, &err) == 0);
    check_json(&response);
    weir_buf_fini(&response);
}

/* The same bytes as the body of a message: this can fail only that message. */
static void check_as_body(const uint8_t *data, size_t size)
{
    struct weir_event event;
    struct weir_err err = {0};
    struct weir_buf text;
    char *body = malloc(size + 1);

    require(body != NULL);
    if (size > 0) {
        memcpy(body, data, size);
    }
    body[size] = '\0';
    weir_buf_init(&text, 8 * WEIR_MIB);
    require(weir_buf_adds(&text,
                "{\"Records\":[{\"eventSource\":\"aws:sqs\",\"messageId\":\"m\",\"body\":", &err) ==
                0 &&
            weir_json_quote(&text, body, &err) == 0 && weir_buf_adds(&text, "}]}", &err) == 0);
    require(weir_event_parse((const char *)text.p, text.len, &event, &err) == 0);
    check_event(&event);
    weir_event_fini(&event);
    weir_buf_fini(&text);
    free(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weir_event event;
    struct weir_err err = {0};

    if (weir_event_parse((const char *)data, size, &event, &err) == 0) {
        check_event(&event);
        weir_event_fini(&event);
    } else {
        require(err.code != WEIR_OK && err.msg[0] != '\0');
    }
    check_as_body(data, size);
    return 0;
}
