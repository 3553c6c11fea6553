/*
 * Whatever bytes come as an event: an answer, never a crash. What comes out keeps the promises of
 * event/event.h; a batch is worked through with records that succeed, fail or meet the deadline as
 * their keys say; hello gets the bytes, too. The response, or the error that the Runtime API would
 * get, is a document that can be read back.
 */
#include "bootstrap/fault.h"
#include "core/clock.h"
#include "core/limits.h"
#include "event/batch.h"
#include "event/event.h"
#include "handlers/hello/hello.h"
#include "json/quote.h"
#include "json/tape.h"
#include "tests/fuzz/must.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_json(struct weir_buf *text)
{
    struct weir_json_fault fault;
    struct weir_json_tape tape;

    weir_json_tape_init(&tape);
    must(weir_json_parse(&tape, (const char *)text->p, text->len, &fault) == 0);
    weir_json_tape_fini(&tape);
}

static void check_record(const struct weir_s3_record *r)
{
    size_t key = strlen(r->key);

    must(r->bucket[0] != '\0' && strpbrk(r->bucket, "/\\\r\n %?#") == NULL);
    must(strcmp(r->bucket, ".") != 0 && strcmp(r->bucket, "..") != 0);
    must(key > 0 && key <= WEIR_S3_KEY_MAX_BYTES);
    must(r->etag == NULL || strpbrk(r->etag, "\" \r\n") == NULL);
    must(r->version_id == NULL || strpbrk(r->version_id, " \r\n") == NULL);
    must(r->size_bytes >= -1);
}

static void check_event(struct weir_event *event)
{
    struct weir_err err = {0};
    struct weir_buf response;

    weir_buf_init(&response, 4 * WEIR_RESPONSE_MAX_BYTES);
    must(!event->direct || event->messages_n == 1);
    for (size_t i = 0; i < event->messages_n; i++) {
        const struct weir_event_message *m = &event->messages[i];
        must(event->direct ? m->id == NULL : m->id != NULL && m->id[0] != '\0');
        must((m->records_n > 0) + m->test + (m->err.code != WEIR_OK) == 1);
        for (size_t j = 0; j < m->records_n; j++) {
            check_record(&m->records[j]);
        }
    }
    must(weir_event_failures(event, &response, &err) == 0);
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

    must(body != NULL);
    if (size > 0) {
        memcpy(body, data, size);
    }
    body[size] = '\0';
    weir_buf_init(&text, 8 * WEIR_MIB);
    must(weir_buf_adds(&text,
             "{\"Records\":[{\"eventSource\":\"aws:sqs\",\"messageId\":\"m\",\"body\":", &err) ==
             0 &&
         weir_json_quote(&text, body, &err) == 0 && weir_buf_adds(&text, "}]}", &err) == 0);
    must(weir_event_parse((const char *)text.p, text.len, &event, &err) == 0);
    check_event(&event);
    weir_event_fini(&event);
    weir_buf_fini(&text);
    free(body);
}

/* ---- through a handler ---- */

static struct weir_invocation invocation;

/* The last byte of the key decides. */
static int fuzz_record(void *ctx, const struct weir_invocation *inv, const struct weir_s3_record *r,
    struct weir_err *err)
{
    unsigned char last = (unsigned char)r->key[strlen(r->key) - 1];

    (void)ctx;
    check_record(r);
    must(r->kind == WEIR_EVENT_CREATED && inv->deadline_mono_ms == INT64_MAX);
    if (last % 8 == 7) {
        invocation.deadline_mono_ms = 0; /* nothing more may be begun */
    }
    return last % 4 == 3 ? weir_err_set(err, WEIR_E_DATA, "%s", r->key) : 0;
}

static int batch_run(
    void *self, const struct weir_invocation *inv, struct weir_buf *response, struct weir_err *err)
{
    const struct weir_event_work work = {"fuzz", fuzz_record, self};

    return weir_event_run(&work, inv, response, err);
}

/* What the Runtime API gets, as the bootstrap composes it. */
static void check_answer(int rc, struct weir_buf *response, const struct weir_err *err)
{
    struct weir_buf body;
    const char *type =
        invocation.error_type[0] != '\0' ? invocation.error_type : weir_err_type(err->code);

    if (rc == 0) {
        must(err->code == WEIR_OK && response->len > 0);
        check_json(response);
        return;
    }
    must(err->code != WEIR_OK && err->msg[0] != '\0');
    must(type[0] != '\0' && strpbrk(type, " \r\n\t") == NULL);
    weir_buf_init(&body, WEIR_RUNTIME_ANSWER_MAX_BYTES);
    must(weir_fault_json(&body, type, err->msg, NULL) == 0);
    check_json(&body);
    body.len = 0;
    must(weir_fault_cause(&body, type, err->msg, NULL) == 0);
    check_json(&body);
    weir_buf_fini(&body);
}

typedef int run_fn(
    void *self, const struct weir_invocation *inv, struct weir_buf *response, struct weir_err *err);

static void check_run(run_fn *run, void *self, const char *event, size_t len, int64_t deadline_ms)
{
    static const struct weir_log log = {.fd = -1};
    static struct weir_loop *loop;
    char type[WEIR_ERROR_TYPE_BYTES] = "";
    struct weir_buf response;
    struct weir_err err = {0};

    loop = loop != NULL ? loop : weir_loop_new(NULL);
    must(loop != NULL);
    weir_buf_init(&response, WEIR_MIB);
    invocation = (struct weir_invocation){.event = event,
        .event_len = len,
        .request_id = "r",
        .deadline_mono_ms = deadline_ms,
        .undo_by_mono_ms = deadline_ms,
        .loop = loop,
        .log = &log,
        .error_type = type};
    int rc = run(self, &invocation, &response, &err);
    check_answer(rc, &response, &err);
    weir_buf_fini(&response);
}

static void check_handlers(const uint8_t *data, size_t size)
{
    static void *hello;
    char *event = malloc(size + 1);

    must(event != NULL);
    if (size > 0) {
        memcpy(event, data, size);
    }
    event[size] = '\0';
    if (hello == NULL) {
        hello = weir_hello_handler.init(&(struct weir_handler_env){.folder = "."}, NULL);
        must(hello != NULL);
    }
    check_run(batch_run, NULL, event, size, INT64_MAX);
    check_run(weir_hello_handler.run, hello, event, size, weir_clock_mono_ms()); /* no sleep */
    free(event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weir_event event;
    struct weir_err err = {0};

    if (weir_event_parse((const char *)data, size, &event, &err) == 0) {
        check_event(&event);
        weir_event_fini(&event);
    } else {
        must(err.code != WEIR_OK && err.msg[0] != '\0');
    }
    check_as_body(data, size);
    check_handlers(data, size);
    return 0;
}
