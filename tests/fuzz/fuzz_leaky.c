/*
 * A leaky ring through whatever order of writes, cuts, readers that come, go, take, promise and
 * sleep, with any bytes. The sums must be right at the end, and pieces lie in one of two.
 */
#include "core/limits.h"
#include "stream/leaky.h"
#include "tests/fuzz/must.h"

#include <stdlib.h>
#include <string.h>

#define READERS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *p;
    size_t n;
};

static unsigned next(struct input *in)
{
    if (in->n == 0) {
        return 0;
    }
    in->n--;
    return *in->p++;
}

struct ear {
    struct weir_leaky_reader reader;
    bool joined;
};

static uint64_t waiting_units(const struct ear *e, const struct weir_leaky *ring)
{
    return weir_leaky_counts(ring)->units - e->reader.joined_units -
           weir_leaky_taken_units(&e->reader) - e->reader.dropped_units;
}

static void join(struct ear *e, struct weir_leaky *ring, struct input *in)
{
    const struct weir_leaky_wish wish = {
        .burst_bytes = next(in) * 16,
        .policy = (enum weir_leaky_policy)(next(in) % 3),
        .random_access = next(in) % 2 != 0,
        .age_max_ms = next(in) % 4 * 10,
    };

    weir_leaky_join(ring, &e->reader, &wish);
    e->joined = true;
}

static void take(struct ear *e, size_t most, bool promises, int64_t now_ms)
{
    struct iovec piece[2];
    size_t n = weir_leaky_peek(&e->reader, now_ms, piece), sum = 0;

    must(n == piece[0].iov_len + piece[1].iov_len);
    for (int i = 0; i < 2; i++) { /* the sanitizer sees whether they can be read */
        for (size_t k = 0; k < piece[i].iov_len; k++) {
            sum += ((const uint8_t *)piece[i].iov_base)[k];
        }
    }
    must(sum <= n * 255);
    if (promises) {
        weir_leaky_promise(&e->reader, n < most ? n : most);
    } else {
        most = piece[0].iov_len < most ? piece[0].iov_len : most;
        weir_leaky_take(&e->reader, most);
    }
}

static void turn(struct weir_leaky *ring, struct ear *ears, struct input *in, int64_t *now_ms)
{
    struct ear *e = &ears[next(in) % READERS];
    unsigned what = next(in), n = next(in);

    *now_ms += what / 8 % 4;
    switch (what % 8) {
    case 0:
    case 1:
    case 2: /* bytes of the input, again and again */
        for (unsigned i = 0; i <= n / 64; i++) {
            size_t len = in->n < n * 8u ? in->n : n * 8u;
            weir_leaky_write(ring, in->p, len, *now_ms);
        }
        break;
    case 3:
        weir_leaky_cut(ring, n % 2 == 0, *now_ms);
        break;
    case 4:
        if (e->joined) {
            weir_leaky_leave(&e->reader);
            e->joined = false;
        } else {
            join(e, ring, in);
        }
        break;
    default:
        if (e->joined) {
            take(e, n * 16u, what % 8 == 5, *now_ms);
        }
    }
    for (int i = 0; i < READERS; i++) {
        if (ears[i].joined) {
            must(waiting_units(&ears[i], ring) <= weir_leaky_counts(ring)->units);
            must(weir_leaky_lag_bytes(&ears[i].reader) <=
                 2 * WEIR_LEAKY_RING_MIN_BYTES + WEIR_LEAKY_KEPT_BYTES);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    struct weir_leaky_opts opts = {
        .ring_bytes = WEIR_LEAKY_RING_MIN_BYTES + next(&in),
        .unit = (enum weir_leaky_unit)(next(&in) % 3),
    };
    struct weir_leaky *ring = weir_leaky_new(&opts, NULL);
    struct ear ears[READERS] = {0};
    struct iovec piece[2];
    int64_t now_ms = 1;

    must(ring != NULL);
    while (in.n > 0) {
        turn(ring, ears, &in, &now_ms);
    }
    weir_leaky_cut(ring, true, now_ms);
    for (int i = 0; i < READERS; i++) {
        struct ear *e = &ears[i];

        while (e->joined && weir_leaky_peek(&e->reader, now_ms, piece) > 0) {
            weir_leaky_take(&e->reader, piece[0].iov_len);
        }
        must(!e->joined || e->reader.seeks || waiting_units(e, ring) == 0);
        weir_leaky_leave(&e->reader);
    }
    weir_leaky_free(ring);
    return 0;
}
