#include "handlers/validate/keyset.h"

#include "core/limits.h"
#include "json/canon.h"
#include "json/hash.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/*
 * One range of addresses, as large as the budget. Keys are appended from its beginning, the table's
 * heads grow from its end towards them, and when the two would meet, the budget is used up. Pages
 * are the kernel's until they are written to, so a small set takes little whatever its budget.
 *
 *   | record record record ->                      <- head 2 | head 1 | head 0 |
 *
 * The table is one of linear hashing (Litwin 1980): with each key it gets one head more, and the
 * chain of one older head is divided between the two. So it is never copied, there is no moment in
 * which it is there twice, and a set of n keys has n heads.
 *
 * A record: the next one of its chain, the row, the line less the row, the key's length, the key.
 */
#define HEADS_MIN 64 /* a power of two */

struct weir_keyset {
    uint8_t *p;
    size_t size, used;    /* bytes; of records */
    uint64_t heads, half; /* the power of two at or below `heads` */
    uint64_t count;       /* keys */
    uint64_t seed[2];
};

/* Records are told by where they begin; 0: none. */
#define FIRST_RECORD 4

/* A head or a record's link; not aligned. */
static uint32_t get(const uint8_t *at)
{
    uint32_t x;

    memcpy(&x, at, sizeof x);
    return x;
}

static void set(uint8_t *at, uint32_t x)
{
    memcpy(at, &x, sizeof x);
}

static uint8_t *head(const struct weir_keyset *s, uint64_t i)
{
    return s->p + s->size - (i + 1) * sizeof(uint32_t);
}

static uint64_t hash_of(const struct weir_keyset *s, struct weir_str key)
{
    return weir_json_hash(s->seed, key);
}

/* Which head a hash belongs to. */
static uint64_t place_of(const struct weir_keyset *s, uint64_t hash)
{
    const uint64_t i = hash & (2 * s->half - 1);

    return i < s->heads ? i : i - s->half;
}

static struct weir_str read_record(
    const struct weir_keyset *s, uint32_t at, struct weir_key_place *place)
{
    const uint8_t *p = s->p + at + sizeof(uint32_t);

    place->row = weir_json_canon_size_read(&p);
    place->line = place->row + weir_json_canon_size_read(&p);
    const uint64_t len = weir_json_canon_size_read(&p);
    return (struct weir_str){(const char *)p, len};
}

struct weir_keyset *weir_keyset_new(size_t budget_bytes, struct weir_err *err)
{
    struct weir_keyset *s = calloc(1, sizeof *s);
    void *p = MAP_FAILED;

    if (s != NULL) {
        p = mmap(NULL, budget_bytes, PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    }
    if (p == MAP_FAILED) {
        free(s);
        weir_err_set(err, WEIR_E_NOMEM, "unique: no room for %zu bytes of keys", budget_bytes);
        return NULL;
    }
    *s = (struct weir_keyset){
        .p = p, .size = budget_bytes, .used = FIRST_RECORD, .heads = HEADS_MIN, .half = HEADS_MIN};
    weir_json_hash_seed(s->seed, s);
    return s;
}

void weir_keyset_free(struct weir_keyset *s)
{
    if (s != NULL) {
        munmap(s->p, s->size);
        free(s);
    }
}

/* One head more: what belongs there leaves the chain of the head that is half as far. */
static void divide(struct weir_keyset *s)
{
    const uint64_t added = s->heads, old = added - s->half;
    uint32_t keep = 0, move = 0;
    struct weir_key_place place;

    for (uint32_t at = get(head(s, old)), next; at != 0; at = next) {
        next = get(s->p + at);
        const uint64_t i = hash_of(s, read_record(s, at, &place)) & (2 * s->half - 1);
        uint32_t *chain = i == added ? &move : &keep;
        set(s->p + at, *chain);
        *chain = at;
    }
    set(head(s, old), keep);
    set(head(s, added), move);
    s->heads++;
    if (s->heads == 2 * s->half) {
        s->half = s->heads;
    }
}

int weir_keyset_add(struct weir_keyset *s, struct weir_str key, const struct weir_key_place *place,
    struct weir_key_place *first, struct weir_err *err)
{
    const uint64_t hash = hash_of(s, key);
    uint8_t start[3 * WEIR_JSON_CANON_SIZE_BYTES], *end = start;

    for (uint32_t at = get(head(s, place_of(s, hash))); at != 0; at = get(s->p + at)) {
        struct weir_key_place seen;
        if (weir_str_eq(read_record(s, at, &seen), key)) {
            *first = seen;
            return 0;
        }
    }
    end = weir_json_canon_size(end, place->row);
    end = weir_json_canon_size(end, place->line - place->row);
    end = weir_json_canon_size(end, key.len);
    const size_t start_len = (size_t)(end - start);
    const size_t room = s->size - s->used - s->heads * sizeof(uint32_t);
    if (key.len > s->size || 2 * sizeof(uint32_t) + start_len + key.len > room) {
        return weir_err_set(err, WEIR_E_LIMIT,
            "unique: the memory for keys is used up: %" PRIu64
            " of them take the %zu bytes of unique_memory",
            s->count, s->size);
    }
    if (s->count++ >= s->heads) {
        divide(s);
    }
    uint8_t *at = s->p + s->used, *chain = head(s, place_of(s, hash));
    set(at, get(chain));
    memcpy(at + sizeof(uint32_t), start, start_len);
    memcpy(at + sizeof(uint32_t) + start_len, key.p, key.len);
    set(chain, (uint32_t)s->used);
    s->used += sizeof(uint32_t) + start_len + key.len;
    return 1;
}
