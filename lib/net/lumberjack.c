#include "net/lumberjack.h"

#include <assert.h>
#include <string.h>
#include <zlib.h>

static void put_u32(uint8_t *to, uint32_t v)
{
    to[0] = (uint8_t)(v >> 24);
    to[1] = (uint8_t)(v >> 16);
    to[2] = (uint8_t)(v >> 8);
    to[3] = (uint8_t)v;
}

static uint32_t get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

void weir_lumberjack_window(uint8_t to[WEIR_LUMBERJACK_WINDOW_BYTES], uint32_t count)
{
    to[0] = '2';
    to[1] = 'W';
    put_u32(to + 2, count);
}

void weir_lumberjack_event(uint8_t to[WEIR_LUMBERJACK_EVENT_BYTES], uint32_t seq, uint32_t len)
{
    to[0] = '2';
    to[1] = 'J';
    put_u32(to + 2, seq);
    put_u32(to + 6, len);
}

size_t weir_lumberjack_renumber(uint8_t *p, size_t len, uint32_t n)
{
    size_t at = 0, first_n = 0;

    for (uint32_t i = 0; at < len; i++) {
        assert(len - at >= WEIR_LUMBERJACK_EVENT_BYTES);
        if (i >= n) {
            put_u32(p + at + 2, i - n + 1);
        }
        at += WEIR_LUMBERJACK_EVENT_BYTES + get_u32(p + at + 6);
        if (i < n) {
            first_n = at;
        }
    }
    return first_n;
}

int weir_lumberjack_compress(
    const uint8_t *p, size_t len, int level, struct weir_buf *to, struct weir_err *err)
{
    uLongf n = compressBound(len);
    uint8_t *at = weir_buf_reserve(to, n + WEIR_LUMBERJACK_WINDOW_BYTES, err);

    if (at == NULL) {
        return -1;
    }
    if (compress2(at + WEIR_LUMBERJACK_WINDOW_BYTES, &n, p, len, level) != Z_OK) {
        return weir_err_set(err, WEIR_E_NOMEM, "lumberjack: out of memory");
    }
    weir_lumberjack_window(at, (uint32_t)n);
    at[1] = 'C';
    to->len += n + WEIR_LUMBERJACK_WINDOW_BYTES;
    return 0;
}

int weir_lumberjack_answer(
    struct weir_lumberjack_answer *a, const uint8_t *p, size_t len, size_t *used, uint32_t *seq)
{
    while (*used < len && a->n < sizeof a->bytes) {
        a->bytes[a->n++] = p[(*used)++];
    }
    if ((a->n > 0 && a->bytes[0] != '2') || (a->n > 1 && a->bytes[1] != 'A')) {
        return -1;
    }
    if (a->n < sizeof a->bytes) {
        return 0;
    }
    *seq = get_u32(a->bytes + 2);
    a->n = 0;
    return 1;
}
