/*
 * Whatever bytes come from the internet: a request's head, its query, a body in chunks, cut
 * anywhere. What is read must be the same however it is cut, and lie within what came.
 */
#include "core/limits.h"
#include "relay/head.h"
#include "relay/wish.h"
#include "tests/fuzz/must.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(struct weir_str s, const char *p, size_t n)
{
    must(s.len == 0 || (s.p >= p && s.p + s.len <= p + n));
    must(s.len == 0 || memchr(s.p, '\n', s.len) == NULL);
}

static void check_head(const char *p, size_t n)
{
    struct weir_head head, part;
    long rc = weir_head_parse(p, n, &head);

    must(rc <= (long)n && rc <= (long)WEIR_RELAY_HEAD_MAX_BYTES);
    must(rc >= 0 || rc == -400 || rc == -431 || rc == -501 || rc == -505);
    must(rc != 0 || n < WEIR_RELAY_HEAD_MAX_BYTES);
    if (rc <= 0) {
        return;
    }
    check_text(head.path, p, (size_t)rc);
    check_text(head.query, p, (size_t)rc);
    check_text(head.authorization, p, (size_t)rc);
    check_text(head.content_type, p, (size_t)rc);
    must(head.path.len > 0 && head.path.p[0] == '/');
    must(!head.chunked || head.length == -1);
    /* It ends where it ends, and not before. */
    must(weir_head_parse(p, (size_t)rc, &part) == rc && part.length == head.length);
    must(weir_head_parse(p, (size_t)rc - 1, &part) == 0);

    struct weir_relay_wish wish = {.lag_ms = 5000};
    (void)weir_relay_wish_read(head.query, &wish);
    must(wish.lag_ms > 0 && wish.lag_ms <= 5000 && wish.leaky.age_max_ms >= 0);
}

/* The sum of what is read, and how it ended. */
struct seen {
    size_t data, used;
    uint64_t sum;
    bool ok, ended;
};

static struct seen read_chunks(const char *p, size_t n, size_t step)
{
    struct weir_chunked chunked = {0};
    struct seen seen = {.ok = true};

    while (seen.ok && seen.used < n && chunked.state != WEIR_CHUNKED_END) {
        size_t most = n - seen.used < step ? n - seen.used : step, used = 0;
        struct weir_str piece;

        seen.ok = weir_chunked_next(&chunked, p + seen.used, most, &used, &piece);
        if (!seen.ok) {
            break;
        }
        must(used > 0 && used <= most && piece.len <= used);
        check_text((struct weir_str){piece.p, 0}, p, n);
        for (size_t i = 0; i < piece.len; i++) {
            seen.sum = seen.sum * 31 + (unsigned char)piece.p[i];
        }
        seen.data += piece.len;
        seen.used += used;
    }
    seen.ended = chunked.state == WEIR_CHUNKED_END;
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *p = (const char *)data;

    if (size == 0) {
        return 0;
    }
    check_head(p, size);
    struct seen whole = read_chunks(p, size, size), cut = read_chunks(p, size, 1 + data[0] % 7u);
    must(whole.ok == cut.ok && whole.ended == cut.ended);
    must(whole.data == cut.data && whole.sum == cut.sum);
    must(!whole.ok || whole.used == cut.used);
    return 0;
}
