#include "tests/support/canned_http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define CONNECTIONS_MAX 256
#define REQUESTS_MAX 4096
#define REQUEST_MAX_BYTES ((size_t)64 * 1024 * 1024)

struct request {
    char *p;
    size_t len, body;
};

struct canned_http {
    int listener, port;
    char url[64];
    /* A copy, and of the texts: a thread may look at one after the test has gone on. */
    struct canned_reply *replies;
    size_t replies_n;
    pthread_t acceptor;
    pthread_mutex_t lock; /* for all below */
    bool stopping;
    bool *used; /* for each reply */
    size_t connections;
    int fds[CONNECTIONS_MAX]; /* -1 once closed */
    pthread_t threads[CONNECTIONS_MAX];
    size_t requests_n;
    struct request requests[REQUESTS_MAX];
    uint64_t sent;
};

struct connection {
    struct canned_http *server;
    size_t i;
    int fd;
};

uint8_t canned_byte(uint64_t i)
{
    return (uint8_t)((i * 2654435761u) >> 13);
}

static bool send_all(struct canned_http *s, int fd, const void *p, size_t n)
{
    const char *from = p;

    while (n > 0) {
        ssize_t sent = send(fd, from, n, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        from += sent;
        n -= (size_t)sent;
        pthread_mutex_lock(&s->lock);
        s->sent += (uint64_t)sent;
        pthread_mutex_unlock(&s->lock);
    }
    return true;
}

static size_t content_length(const char *head)
{
    for (const char *line = head; (line = strstr(line, "\r\n")) != NULL;) {
        line += 2;
        if (strncasecmp(line, "Content-Length:", 15) == 0) {
            return (size_t)strtoull(line + 15, NULL, 10);
        }
    }
    return 0;
}

/* Has the head this line, all of it? */
static bool has_line(const char *text, const char *line)
{
    size_t n = strlen(line);

    for (const char *at = text; (at = strstr(at, "\r\n")) != NULL;) {
        at += 2;
        if (strncmp(at, line, n) == 0 && strncmp(at + n, "\r\n", 2) == 0) {
            return true;
        }
    }
    return false;
}

static bool fits(const struct canned_reply *c, const char *text)
{
    size_t n = c->match != NULL ? strcspn(c->match, "\n") : 0;

    return c->match == NULL || (strncmp(text, c->match, n) == 0 &&
                                   (c->match[n] == '\0' || has_line(text, c->match + n + 1)));
}

static const struct canned_reply *find_reply(struct canned_http *s, const char *text, size_t *i)
{
    for (*i = 0; *i < s->replies_n; ++*i) {
        const struct canned_reply *c = &s->replies[*i];
        if (!s->used[*i] && fits(c, text)) {
            return c;
        }
    }
    return NULL;
}

/* The head of a request is in. */
static void send_interim(struct canned_http *s, int fd, const char *head)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    size_t i;

    pthread_mutex_lock(&s->lock);
    const struct canned_reply *reply = find_reply(s, head, &i);
    pthread_mutex_unlock(&s->lock);
    if (reply != NULL && reply->end == CANNED_INTERIM) {
        (void)send_all(s, fd, text, sizeof text - 1);
    }
}

/* Read one whole request; false at the end of the connection. The caller frees r->p. */
static bool read_request(struct canned_http *s, int fd, struct request *r)
{
    size_t cap = 64 * 1024, whole = SIZE_MAX;

    *r = (struct request){.p = malloc(cap + 1)};
    while (r->p != NULL && r->len < whole) {
        if (r->len == cap) {
            cap *= 2;
            char *p = cap <= REQUEST_MAX_BYTES ? realloc(r->p, cap + 1) : NULL;
            if (p == NULL) {
                break;
            }
            r->p = p;
        }
        /* May read past the end only where a client pipelines, and none here does. */
        ssize_t n = recv(fd, r->p + r->len, cap - r->len, 0);
        if (n <= 0) {
            break;
        }
        r->len += (size_t)n;
        r->p[r->len] = '\0';
        const char *end = whole == SIZE_MAX ? strstr(r->p, "\r\n\r\n") : NULL;
        if (end != NULL) {
            r->body = (size_t)(end - r->p) + 4;
            whole = r->body + content_length(r->p);
            send_interim(s, fd, r->p);
        }
    }
    if (r->p == NULL || r->len < whole) {
        free(r->p);
        return false;
    }
    return true;
}

/* Keep the request, and find its reply; NULL when there is none (left). */
static const struct canned_reply *take_reply(struct canned_http *s, struct request *r)
{
    size_t i;

    pthread_mutex_lock(&s->lock);
    const struct canned_reply *reply = find_reply(s, r->p, &i);
    if (reply != NULL) {
        s->used[i] = !reply->again;
    }
    if (s->requests_n < REQUESTS_MAX) {
        s->requests[s->requests_n++] = *r;
        r->p = NULL; /* the server's now */
    }
    pthread_mutex_unlock(&s->lock);
    free(r->p);
    return reply;
}

static bool send_fill(struct canned_http *s, int fd, const char *head, uint64_t n)
{
    static const char range[] = "Content-Range: bytes ";
    const char *line = head != NULL ? strstr(head, range) : NULL;
    uint64_t from = line != NULL ? strtoull(line + sizeof range - 1, NULL, 10) : 0;
    uint8_t piece[16 * 1024];

    for (uint64_t at = 0; at < n;) {
        size_t len = n - at < sizeof piece ? (size_t)(n - at) : sizeof piece;
        for (size_t i = 0; i < len; i++) {
            piece[i] = canned_byte(from + at + i);
        }
        if (!send_all(s, fd, piece, len)) {
            return false;
        }
        at += len;
    }
    return true;
}

static void talk(struct connection *c)
{
    static const char none[] =
        "HTTP/1.1 599 No reply left\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    struct request r;

    while (read_request(c->server, c->fd, &r)) {
        const struct canned_reply *reply = take_reply(c->server, &r);
        if (reply == NULL) {
            (void)send_all(c->server, c->fd, none, sizeof none - 1);
            return;
        }
        if ((reply->head != NULL &&
                !send_all(c->server, c->fd, reply->head, strlen(reply->head))) ||
            !send_fill(c->server, c->fd, reply->head, reply->fill)) {
            return;
        }
        switch (reply->end) {
        case CANNED_KEEP:
        case CANNED_INTERIM:
            break;
        case CANNED_CLOSE:
            return;
        case CANNED_RESET: {
            struct linger now = {.l_onoff = 1};
            (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
            return;
        }
        case CANNED_STALL: {
            char byte;
            (void)recv(c->fd, &byte, 1, 0); /* until the client or canned_http_free ends it */
            return;
        }
        }
    }
}

static void *connection_main(void *arg)
{
    struct connection *c = arg;

    talk(c);
    pthread_mutex_lock(&c->server->lock);
    close(c->fd);
    c->server->fds[c->i] = -1;
    pthread_mutex_unlock(&c->server->lock);
    free(c);
    return NULL;
}

static void *acceptor_main(void *arg)
{
    struct canned_http *s = arg;

    for (;;) {
        int fd = accept(s->listener, NULL, NULL);
        if (fd == -1 && (errno == EINTR || errno == ECONNABORTED)) {
            continue; /* a signal, or a client that has gone already */
        }
        struct connection *c = calloc(1, sizeof *c);
        pthread_mutex_lock(&s->lock);
        bool ok = fd != -1 && c != NULL && !s->stopping && s->connections < CONNECTIONS_MAX;
        if (ok) {
            *c = (struct connection){.server = s, .i = s->connections, .fd = fd};
            s->fds[c->i] = fd;
            ok = pthread_create(&s->threads[c->i], NULL, connection_main, c) == 0;
            s->connections += ok;
        }
        pthread_mutex_unlock(&s->lock);
        if (!ok) {
            free(c);
            if (fd != -1) {
                close(fd);
            }
            return NULL;
        }
    }
}

/* The server's own copy of a text, or NULL. */
static char *copy_text(const char *text)
{
    char *copy = text != NULL ? strdup(text) : NULL;

    assert_true(text == NULL || copy != NULL);
    return copy;
}

struct canned_http *canned_http_new(const struct canned_reply *replies, size_t n)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    struct canned_http *s = calloc(1, sizeof *s);

    assert_non_null(s);
    s->replies = calloc(n + 1, sizeof *s->replies);
    assert_non_null(s->replies);
    for (size_t i = 0; i < n; i++) {
        s->replies[i] = replies[i];
        s->replies[i].match = copy_text(replies[i].match);
        s->replies[i].head = copy_text(replies[i].head);
    }
    s->replies_n = n;
    s->used = calloc(n + 1, sizeof *s->used);
    assert_non_null(s->used);
    pthread_mutex_init(&s->lock, NULL);
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_not_equal(s->listener, -1);
    assert_int_equal(bind(s->listener, (const struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(s->listener, 64), 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)&at, &len), 0);
    s->port = ntohs(at.sin_port);
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d", s->port);
    assert_int_equal(pthread_create(&s->acceptor, NULL, acceptor_main, s), 0);
    return s;
}

void canned_http_free(struct canned_http *s)
{
    if (s == NULL) {
        return;
    }
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    shutdown(s->listener, SHUT_RDWR); /* wakes accept */
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->acceptor, NULL);
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->connections; i++) {
        if (s->fds[i] != -1) {
            shutdown(s->fds[i], SHUT_RDWR);
        }
    }
    pthread_mutex_unlock(&s->lock);
    for (size_t i = 0; i < s->connections; i++) {
        pthread_join(s->threads[i], NULL);
    }
    for (size_t i = 0; i < s->requests_n; i++) {
        free(s->requests[i].p);
    }
    close(s->listener);
    pthread_mutex_destroy(&s->lock);
    for (size_t i = 0; i < s->replies_n; i++) {
        free((void *)(uintptr_t)s->replies[i].match);
        free((void *)(uintptr_t)s->replies[i].head);
    }
    free(s->used);
    free(s->replies);
    free(s);
}

const char *canned_http_url(const struct canned_http *s)
{
    return s->url;
}

int canned_http_port(const struct canned_http *s)
{
    return s->port;
}

size_t canned_http_connections(struct canned_http *s)
{
    pthread_mutex_lock(&s->lock);
    size_t n = s->connections;
    pthread_mutex_unlock(&s->lock);
    return n;
}

uint64_t canned_http_sent(struct canned_http *s)
{
    pthread_mutex_lock(&s->lock);
    uint64_t n = s->sent;
    pthread_mutex_unlock(&s->lock);
    return n;
}

size_t canned_http_requests(struct canned_http *s)
{
    pthread_mutex_lock(&s->lock);
    size_t n = s->requests_n;
    pthread_mutex_unlock(&s->lock);
    return n;
}

const char *canned_http_request(struct canned_http *s, size_t i, size_t *len)
{
    assert_true(i < canned_http_requests(s));
    if (len != NULL) {
        *len = s->requests[i].len;
    }
    return s->requests[i].p;
}

const char *canned_http_body(struct canned_http *s, size_t i, size_t *len)
{
    assert_true(i < canned_http_requests(s));
    *len = s->requests[i].len - s->requests[i].body;
    return s->requests[i].p + s->requests[i].body;
}
