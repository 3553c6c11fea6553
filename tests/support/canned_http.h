#ifndef WEIR_TESTS_CANNED_HTTP_H
#define WEIR_TESTS_CANNED_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A small HTTP server for tests: it answers with the bytes it was given, on 127.0.0.1 and a free
 * port, from threads of its own (one for each connection), and keeps what it was asked. It
 * understands just enough of a request to find its end (Content-Length). It can cut, reset, fall
 * silent, and pour out bodies larger than any buffer.
 */
enum canned_end {
    CANNED_KEEP,    /* wait for the next request on this connection */
    CANNED_INTERIM, /* the same; and 100 Continue when the head is in, before the body is read */
    CANNED_CLOSE,   /* close after the last byte; with fewer bytes than promised this is a cut */
    CANNED_RESET,   /* the same by RST */
    CANNED_STALL,   /* say nothing more, hold the connection until the server is freed */
};

struct canned_reply {
    /* Answers the first request whose first line starts so and, behind a "\n", that has this line
     * among its headers: "GET\nRange: bytes=5-9". NULL: any request */
    const char *match;
    const char *head; /* status line, headers, and as much of a body as is wanted; NULL: none */
    /* Then so many bytes of canned_byte(0), canned_byte(1), ..., or from where head's Content-Range
     * says */
    uint64_t fill;
    enum canned_end end;
    bool again; /* not used up by one request */
};

struct canned_http;

/** canned_http_new: start serving. replies and its texts are copied. Fails the cmocka test when it
 *  cannot. */
struct canned_http *canned_http_new(const struct canned_reply *replies, size_t n);

/** canned_http_free: cut all connections and stop. Accepts NULL. */
void canned_http_free(struct canned_http *server);

/** canned_http_url: "http://127.0.0.1:<port>". */
const char *canned_http_url(const struct canned_http *server);

/** canned_http_port: the port. */
int canned_http_port(const struct canned_http *server);

/** canned_byte: byte i of a fill. */
uint8_t canned_byte(uint64_t i);

/** canned_http_connections: how many were accepted so far. */
size_t canned_http_connections(struct canned_http *server);

/** canned_http_sent: bytes that the kernel has taken so far, over all connections. */
uint64_t canned_http_sent(struct canned_http *server);

/** canned_http_requests: how many requests came in whole. */
size_t canned_http_requests(struct canned_http *server);

/** canned_http_request: request i as it came, head and body, NUL-terminated; *len without the NUL.
 *  Owned by the server. Fails the test when there is no such request. */
const char *canned_http_request(struct canned_http *server, size_t i, size_t *len);

/** canned_http_body: where the body of request i begins, and its length. */
const char *canned_http_body(struct canned_http *server, size_t i, size_t *len);

#endif
