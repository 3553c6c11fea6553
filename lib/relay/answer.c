/* Answers that are all there: documents and refusals, and how a connection ends after one. */
#include "core/clock.h"
#include "core/limits.h"
#include "relay/priv.h"

#include <errno.h>
#include <sys/socket.h>

static const char *reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } known[] = {
        {200, "OK"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {411, "Length Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].status == status) {
            return known[i].reason;
        }
    }
    return "Error";
}

void weir_conn_forget(struct weir_conn *c)
{
    weir_buf_fini(&c->buf);
    c->buf_pos = 0;
    c->relay->reply_bytes -= c->reply_bytes;
    c->reply_bytes = 0;
}

void weir_conn_answer(struct weir_conn *c)
{
    c->state = WEIR_CONN_REPLY;
    c->moved_ms = c->answered_ms = weir_clock_mono_ms();
    c->reply_bytes = c->buf.cap;
    c->relay->reply_bytes += c->reply_bytes;
    weir_conn_send_reply(c);
}

void weir_conn_reply(
    struct weir_conn *c, int status, const char *type, const char *more, struct weir_buf *body)
{
    struct weir_buf *to = &c->buf;

    weir_conn_leave(c);
    weir_conn_forget(c);
    if (weir_buf_addf(to, NULL,
            "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%sCache-Control: "
            "no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
            status, reason(status), type, body->len, more) != 0 ||
        (!c->head_only && body->len > 0 && weir_buf_add(to, body->p, body->len, NULL) != 0)) {
        weir_buf_fini(body);
        weir_conn_close(c);
        return;
    }
    weir_buf_fini(body);
    weir_buf_trim(to, to->len);
    weir_conn_answer(c);
}

void weir_conn_refuse(struct weir_conn *c, int status, const char *why)
{
    struct weir_buf body;
    /* Encoders that are given a password send it once they are asked for Basic. */
    static const char credentials[] =
        "WWW-Authenticate: Basic realm=\"relay\"\r\nWWW-Authenticate: Bearer\r\n";
    const char *more = status == 405                                     ? "Allow: GET, HEAD\r\n"
                       : status == 401                                   ? credentials
                       : status == 503 || status == 429 || status == 502 ? "Retry-After: 5\r\n"
                                                                         : "";

    weir_buf_init(&body, WEIR_RELAY_WORD_MAX_BYTES);
    (void)weir_buf_addf(&body, NULL, "%d %s: %s\n", status, reason(status), why);
    weir_conn_reply(c, status, "text/plain", more, &body);
}

/* A socket that is closed with unread bytes in it takes the answer back. */
void weir_conn_linger(struct weir_conn *c)
{
    weir_conn_leave(c);
    weir_conn_forget(c);
    c->state = WEIR_CONN_LINGER;
    c->moved_ms = weir_clock_mono_ms();
    c->ignored_bytes = 0;
    if (c->eof) {
        weir_conn_close(c);
        return;
    }
    (void)shutdown(c->fd, SHUT_WR);
    weir_conn_watch(c, UV_READABLE);
}

void weir_conn_send_reply(struct weir_conn *c)
{
    while (c->buf_pos < c->buf.len) {
        ssize_t n = send(c->fd, c->buf.p + c->buf_pos, c->buf.len - c->buf_pos, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            weir_conn_watch(c, UV_WRITABLE);
            return;
        }
        if (n < 0) {
            weir_conn_close(c);
            return;
        }
        c->moved_ms = weir_clock_mono_ms();
        c->buf_pos += (size_t)n;
    }
    weir_conn_linger(c);
}
