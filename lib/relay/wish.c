#include "relay/wish.h"

#include "core/limits.h"

const char *const weir_relay_policies[] = {"oldest", "newest", "latest", NULL};

/* Digits, with up to three decimals where it is a thousandth that counts. -1: something else. */
static int64_t number(struct weir_str s, bool thousandths)
{
    int64_t n = 0;
    size_t i = 0;

    for (; i < s.len && s.p[i] >= '0' && s.p[i] <= '9' && n <= WEIR_RELAY_WISH_MAX_S; i++) {
        n = n * 10 + (s.p[i] - '0');
    }
    if (i == 0 || n > WEIR_RELAY_WISH_MAX_S) {
        return -1;
    }
    if (!thousandths) {
        return i == s.len ? n : -1;
    }
    n *= 1000;
    if (i < s.len && s.p[i] == '.') {
        int64_t scale = 100;
        for (i++; i < s.len && s.p[i] >= '0' && s.p[i] <= '9'; i++) {
            n += (s.p[i] - '0') * scale;
            scale /= 10;
        }
    }
    return i == s.len ? n : -1;
}

/* Milliseconds that are a limit, where 0 is none: the smaller one of the two. */
static int shorten(struct weir_str value, int64_t *limit)
{
    int64_t ms = number(value, true);

    if (ms > 0 && (*limit == 0 || ms < *limit)) {
        *limit = ms;
    }
    return ms < 0 ? -1 : 0;
}

static int set(struct weir_str name, struct weir_str value, struct weir_relay_wish *wish)
{
    if (weir_str_eq(name, WEIR_STR("policy"))) {
        for (size_t i = 0; weir_relay_policies[i] != NULL; i++) {
            if (weir_str_eq(value, weir_str_of(weir_relay_policies[i]))) {
                wish->leaky.policy = (enum weir_leaky_policy)i;
                return 0;
            }
        }
        return -1;
    }
    if (weir_str_eq(name, WEIR_STR("disconnect_after"))) {
        return shorten(value, &wish->lag_ms);
    }
    if (weir_str_eq(name, WEIR_STR("age_max"))) {
        return shorten(value, &wish->leaky.age_max_ms);
    }
    if (weir_str_eq(name, WEIR_STR("burst"))) {
        int64_t bytes = number(value, false);
        wish->leaky.burst_bytes = bytes < 0 ? 0 : (size_t)bytes;
        return bytes < 0 ? -1 : 0;
    }
    if (weir_str_eq(name, WEIR_STR("random_access"))) {
        wish->leaky.random_access = weir_str_eq(value, WEIR_STR("1"));
        return wish->leaky.random_access || weir_str_eq(value, WEIR_STR("0")) ? 0 : -1;
    }
    return 0;
}

int weir_relay_wish_read(struct weir_str query, struct weir_relay_wish *wish)
{
    const bool ages = wish->leaky.age_max_ms > 0 && wish->leaky.policy != WEIR_LEAKY_DROP_NEWEST;

    while (query.len > 0) {
        const char *amp = memchr(query.p, '&', query.len);
        size_t len = amp != NULL ? (size_t)(amp - query.p) : query.len;
        const char *eq = memchr(query.p, '=', len);

        if (eq != NULL) {
            struct weir_str name = {query.p, (size_t)(eq - query.p)};
            if (set(name, (struct weir_str){eq + 1, len - name.len - 1}, wish) != 0) {
                return -1;
            }
        }
        len += amp != NULL;
        query.p += len;
        query.len -= len;
    }
    return ages && wish->leaky.policy == WEIR_LEAKY_DROP_NEWEST ? -1 : 0;
}
