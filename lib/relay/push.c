/* An encoder that sends its stream (PUT or POST), with a token. */
#include "core/base64.h"
#include "core/clock.h"
#include "core/limits.h"
#include "relay/priv.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>

/* "Bearer TOKEN", or "Basic" with the token as the password. */
static bool may_push(const struct weir_relay_source *s, struct weir_str shown)
{
    const char *token = s->opts.token != NULL ? s->opts.token : "";
    size_t len = strlen(token);
    uint8_t plain[WEIR_RELAY_HEAD_MAX_BYTES];
    const char *p = NULL;
    size_t n = 0;

    if (shown.len > 7 && strncasecmp(shown.p, "Bearer ", 7) == 0) {
        p = shown.p + 7;
        n = shown.len - 7;
    } else if (shown.len > 6 && shown.len < sizeof plain &&
               strncasecmp(shown.p, "Basic ", 6) == 0) {
        const ptrdiff_t bytes = weir_base64_decode(shown.p + 6, shown.len - 6, plain);
        const uint8_t *colon = bytes > 0 ? memchr(plain, ':', (size_t)bytes) : NULL;
        if (colon != NULL) {
            p = (const char *)colon + 1;
            n = (size_t)(plain + bytes - colon) - 1;
        }
    }
    return len > 0 && p != NULL && n == len && CRYPTO_memcmp(p, token, len) == 0;
}

static void begin(struct weir_conn *c, struct weir_relay_source *s, const struct weir_head *head,
    const struct weir_buf *buf, size_t used)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    char type[sizeof s->content_type];

    (void)snprintf(type, sizeof type, "%.*s",
        head->content_type.len < sizeof type ? (int)head->content_type.len : 0,
        head->content_type.p != NULL ? head->content_type.p : "");
    c->body_left = head->chunked ? -1 : head->length;
    c->state = WEIR_CONN_PUSH;
    c->moved_ms = weir_clock_mono_ms();
    c->source = s;
    s->pusher = c;
    if (head->expects && send(c->fd, go_on, sizeof go_on - 1, MSG_NOSIGNAL) < 0) {
        weir_conn_close(c);
        return;
    }
    weir_source_live(s, type);
    weir_push_bytes(c, (const char *)buf->p + used, buf->len - used);
}

void weir_push_begin(
    struct weir_conn *c, struct weir_relay_source *s, const struct weir_head *head, size_t used)
{
    if (s->kind != WEIR_SOURCE_PUSH) {
        weir_conn_refuse(c, 405, "nobody may send to this source");
    } else if (!may_push(s, head->authorization)) {
        weir_conn_refuse(c, 401, "the token is missing or wrong");
    } else if (s->pusher != NULL || s->state == WEIR_SOURCE_ENDED) {
        weir_conn_refuse(c, 409, "somebody sends to this source already");
    } else if (!head->chunked && head->length < 0) {
        weir_conn_refuse(c, 411, "a body needs a length, or chunks");
    } else {
        struct weir_buf buf = c->buf; /* the head lies in it */

        weir_buf_init(&c->buf, buf.max);
        begin(c, s, head, &buf, used);
        weir_buf_fini(&buf);
    }
}

bool weir_push_done(const struct weir_conn *c)
{
    return c->body_left == 0 || c->chunked.state == WEIR_CHUNKED_END;
}

void weir_push_bytes(struct weir_conn *c, const char *p, size_t n)
{
    while (n > 0 && c->state == WEIR_CONN_PUSH && c->chunked.state != WEIR_CHUNKED_END) {
        struct weir_str piece = {p, n};
        size_t used = n;

        if (c->body_left >= 0) {
            piece.len = (int64_t)n < c->body_left ? n : (size_t)c->body_left;
            c->body_left -= (int64_t)piece.len;
        } else if (!weir_chunked_next(&c->chunked, p, n, &used, &piece)) {
            weir_conn_refuse(c, 400, "the chunks are broken");
            return;
        }
        if (piece.len > 0) {
            weir_source_data(c->source, (const uint8_t *)piece.p, piece.len);
        }
        p += used;
        n -= used;
    }
    if (c->state == WEIR_CONN_PUSH && weir_push_done(c)) {
        struct weir_buf body;

        weir_buf_init(&body, WEIR_RELAY_WORD_MAX_BYTES);
        weir_conn_reply(c, 200, "text/plain", "", &body);
    }
}
