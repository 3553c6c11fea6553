#include "handlers/hello/hello.h"

#include "core/clock.h"
#include "core/env.h"
#include "core/limits.h"
#include "json/doc.h"
#include "json/quote.h"
#include "net/wake.h"

#include <stdlib.h>
#include <string.h>

struct hello {
    const char *greeting; /* the environment's, or the default */
};

struct request {
    const char *name, *error;
    int64_t sleep_ms, bytes; /* -1: not asked for */
};

static void fini(void *self)
{
    free(self);
}

static void *init(const struct weir_handler_env *env, struct weir_err *err)
{
    struct hello *h = calloc(1, sizeof *h);

    (void)env;
    if (h == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "hello: out of memory");
        return NULL;
    }
    h->greeting = weir_env_text("WEIR_HELLO_GREETING", "hello");
    if (strlen(h->greeting) > WEIR_HELLO_GREETING_MAX_BYTES) {
        weir_err_set(err, WEIR_E_CONFIG, "WEIR_HELLO_GREETING: longer than %d bytes",
            WEIR_HELLO_GREETING_MAX_BYTES);
        fini(h);
        return NULL;
    }
    return h;
}

static int may_int(
    const struct weir_doc *o, const char *name, int64_t max, int64_t *ret, struct weir_err *err)
{
    return weir_doc_has(o, name) ? weir_doc_int(o, name, 0, max, ret, err) : 0;
}

/* What the event asks for; the texts stay the document's. */
static int read_request(const struct weir_doc *event, struct request *ret, struct weir_err *err)
{
    *ret = (struct request){.sleep_ms = -1, .bytes = -1};
    if (!cJSON_IsObject(event->v)) {
        return weir_err_set(err, WEIR_E_DATA, "must be an object");
    }
    if (weir_doc_string_opt(event, "name", &ret->name, err) != 0 ||
        weir_doc_string_opt(event, "error", &ret->error, err) != 0) {
        return -1;
    }
    return may_int(event, "sleep_ms", WEIR_HELLO_SLEEP_MAX_MS, &ret->sleep_ms, err) != 0
               ? -1
               : may_int(event, "bytes", WEIR_RESPONSE_ROOM_BYTES, &ret->bytes, err);
}

/* Wait on the loop, so that signals are served meanwhile: a cancel ends it, and so does the
 * deadline. */
static int wait_ms(const struct weir_invocation *inv, int64_t ms, struct weir_err *err)
{
    const int64_t until = weir_clock_mono_ms() + ms;
    const bool late = until > inv->deadline_mono_ms;

    if (weir_wake_rest(inv->loop, late ? inv->deadline_mono_ms : until, err) != 0) {
        return -1;
    }
    return late ? weir_err_set(err, WEIR_E_DEADLINE, "hello: the deadline came first") : 0;
}

static int put_data(struct weir_buf *to, size_t n, struct weir_err *err)
{
    if (weir_buf_adds(to, "{\"data\":\"", err) != 0) {
        return -1;
    }
    uint8_t *p = weir_buf_reserve(to, n, err);
    if (p == NULL) {
        return -1;
    }
    memset(p, 'x', n);
    to->len += n;
    return weir_buf_adds(to, "\"}", err);
}

static int put_greeting(
    struct weir_buf *to, const char *greeting, const char *name, struct weir_err *err)
{
    struct weir_buf text;
    int rc = -1;

    weir_buf_init(&text, WEIR_JSON_DOC_MAX_BYTES);
    if (weir_buf_addf(&text, err, "%s %s", greeting, name) == 0) {
        const char *s = weir_buf_text(&text, err);
        rc = s != NULL && weir_buf_adds(to, "{\"message\":", err) == 0 &&
                     weir_json_quote(to, s, err) == 0 && weir_buf_adds(to, "}", err) == 0
                 ? 0
                 : -1;
    }
    weir_buf_fini(&text);
    return rc;
}

static int answer(const struct hello *h, const struct weir_invocation *inv,
    const struct request *request, struct weir_buf *response, struct weir_err *err)
{
    if (request->sleep_ms > 0 && wait_ms(inv, request->sleep_ms, err) != 0) {
        return -1;
    }
    if (request->error != NULL) {
        return weir_handler_error_type(inv, request->error, err) != 0
                   ? -1
                   : weir_err_set(err, WEIR_E_DATA, "hello: the event asks for this error");
    }
    if (request->bytes >= 0) {
        return put_data(response, (size_t)request->bytes, err);
    }
    return put_greeting(
        response, h->greeting, request->name != NULL ? request->name : "world", err);
}

static int run(void *self, const struct weir_invocation *invocation, struct weir_buf *response,
    struct weir_err *err)
{
    struct request request;
    int rc = -1;
    cJSON *tree = weir_doc_parse("event", invocation->event, invocation->event_len, err);

    if (tree == NULL) {
        return -1;
    }
    const struct weir_doc event = {.v = tree};
    if (read_request(&event, &request, err) != 0) {
        weir_err_prefix(err, "event");
    } else {
        rc = answer(self, invocation, &request, response, err);
    }
    cJSON_Delete(tree);
    return rc;
}

const struct weir_handler weir_hello_handler = {
    .name = "hello", .init = init, .run = run, .fini = fini};
