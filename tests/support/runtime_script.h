#ifndef WEIR_TESTS_RUNTIME_SCRIPT_H
#define WEIR_TESTS_RUNTIME_SCRIPT_H

#include "bootstrap/runtime.h"
#include "tests/support/canned_http.h"

/*
 * The real runtime with a fake handler against a server with a script: what the Runtime API says is
 * written out answer by answer, and ends with a /next for which there is none (status 599), which
 * ends the runtime's loop.
 */

/* The beginnings of requests */
#define NEXT "GET /2018-06-01/runtime/invocation/next"
#define POST_RESPONSE "POST /2018-06-01/runtime/invocation/id-1/response"
#define POST_ERROR "POST /2018-06-01/runtime/invocation/id-1/error"
#define POST_INIT_ERROR "POST /2018-06-01/runtime/init/error"

/* Answers: an invocation whose event is {}, and what a POST gets. */
#define ID "Lambda-Runtime-Aws-Request-Id: id-1\r\n"
#define EVENT(headers)                                                                             \
    {                                                                                              \
        NEXT, "HTTP/1.1 200 OK\r\n" headers "Content-Length: 2\r\n\r\n{}", 0, 0, 0                 \
    }
#define ACCEPTED                                                                                   \
    {                                                                                              \
        "POST", "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", 0, 0, 0                      \
    }
#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* ---- a handler that does as it is told, and remembers ---- */

struct fake_handler {
    /* told */
    bool init_fails, init_is_silent, run_fails_silently;
    int signal;          /* raised in run, which then waits on its loop; 0: none */
    enum weir_code code; /* of run; WEIR_OK: respond */
    const char *message;
    const char *error_type; /* named before the error; NULL: none */
    const char *response;
    size_t response_bytes; /* of this many 'a' in quotes instead, when not 0 */
    bool streams;          /* in place of it */
    bool log_json;         /* the runtime logs objects */
    struct canned_http *server;
    uint64_t said_bytes;
    /* remembered */
    size_t runs, finis;
    char event[256], trace[2048], id[256], folder[64];
    bool trace_set;
    int64_t deadline_mono_ms;
};

extern struct fake_handler fake;

/** fake_reset: forget it all, for cmocka. The response is {"done":true}, an error's message "it is
 *  bad". */
int fake_reset(void **state);

/* ---- one run against a script ---- */

struct script_run {
    struct canned_http *server; /* canned_http_free it */
    int rc;
    char log[16384];
};

/** script_run: a run to the script's end; handler is what _HANDLER says. */
void script_run(
    struct script_run *r, const char *handler, const struct canned_reply *script, size_t n);

/** script_run_with: a run with the API at that address. Returns weir_runtime_run's result; log
 *  receives what was logged. */
int script_run_with(const char *api, const char *handler, char *log, size_t log_size);

/** script_assert_request, script_assert_body: request i is for this method and path; has this body.
 */
void script_assert_request(struct script_run *r, size_t i, const char *start);
void script_assert_body(struct script_run *r, size_t i, const char *expected);

/** script_assert_error: request i is for this, and tells an error of this type; message is what the
 *  JSON has. */
void script_assert_error(
    struct script_run *r, size_t i, const char *start, const char *type, const char *message);

/** script_assert_has: the part is somewhere in the text. */
void script_assert_has(const char *text, const char *part);

#endif
