#ifndef WEIR_CORE_STR_H
#define WEIR_CORE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/*
 * A piece of text that somebody else owns: a pointer and a length, no NUL. p may be NULL when len
 * is 0.
 */
struct weir_str {
    const char *p;
    size_t len;
};

/** WEIR_STR: a string literal as a struct weir_str. */
#define WEIR_STR(literal) ((struct weir_str){(literal), sizeof(literal) - 1})

/** weir_str_of: a NUL-terminated string as a struct weir_str; borrows s. */
static inline struct weir_str weir_str_of(const char *s)
{
    return (struct weir_str){s, strlen(s)};
}

/** weir_str_eq: whether two pieces hold the same bytes. */
static inline bool weir_str_eq(struct weir_str a, struct weir_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

/** weir_str_cmp: shorter first, then by bytes: an order for searching, not for people. */
static inline int weir_str_cmp(struct weir_str a, struct weir_str b)
{
    if (a.len != b.len) {
        return a.len < b.len ? -1 : 1;
    }
    return a.len == 0 ? 0 : memcmp(a.p, b.p, a.len);
}

/** weir_str_cmp_at: the same, of two struct weir_str, for qsort and bsearch. */
static inline int weir_str_cmp_at(const void *a, const void *b)
{
    return weir_str_cmp(*(const struct weir_str *)a, *(const struct weir_str *)b);
}

/** weir_str_trim: without the blanks (spaces and tabs) around it. */
static inline struct weir_str weir_str_trim(struct weir_str s)
{
    while (s.len > 0 && (s.p[0] == ' ' || s.p[0] == '\t')) {
        s.p++;
        s.len--;
    }
    while (s.len > 0 && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t')) {
        s.len--;
    }
    return s;
}

/** weir_str_ends: whether s has that end. */
static inline bool weir_str_ends(struct weir_str s, const char *end)
{
    const size_t n = strlen(end);

    return s.len >= n && memcmp(s.p + s.len - n, end, n) == 0;
}

/** weir_base_name: what stands behind the last slash of a path or key; all of it without one. */
static inline const char *weir_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

#endif
