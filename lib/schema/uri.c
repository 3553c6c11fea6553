#include "schema/uri.h"

#include <stdbool.h>

/* A URI taken apart; what is not there has p NULL. The marks (: // ?) are not in the pieces. */
struct uri {
    struct weir_str scheme, authority, path, query;
};

static bool scheme_char(char c, bool first)
{
    char lower = (char)(c | 0x20);

    return (lower >= 'a' && lower <= 'z') ||
           (!first && ((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'));
}

static struct uri take_apart(struct weir_str s)
{
    struct uri u = {.path = {s.p, 0}};
    size_t i = 0;

    while (i < s.len && scheme_char(s.p[i], i == 0)) {
        i++;
    }
    if (i > 0 && i < s.len && s.p[i] == ':') {
        u.scheme = (struct weir_str){s.p, i};
        s = (struct weir_str){s.p + i + 1, s.len - i - 1};
    }
    const char *query = s.len > 0 ? memchr(s.p, '?', s.len) : NULL;
    if (query != NULL) {
        u.query = (struct weir_str){query + 1, (size_t)(s.p + s.len - query) - 1};
        s.len = (size_t)(query - s.p);
    }
    if (s.len >= 2 && s.p[0] == '/' && s.p[1] == '/') {
        const char *slash = memchr(s.p + 2, '/', s.len - 2);
        size_t n = slash != NULL ? (size_t)(slash - s.p) : s.len;
        u.authority = (struct weir_str){s.p + 2, n - 2};
        s = (struct weir_str){s.p + n, s.len - n};
    }
    u.path = s;
    return u;
}

static size_t put(char *out, size_t n, const char *p, size_t len)
{
    if (len > 0) {
        memmove(out + n, p, len);
    }
    return n + len;
}

/* Section 5.2.4, in place: . and .. disappear from the path p[0..len). Returns what is left. */
static size_t remove_dots(char *p, size_t len)
{
    size_t n = 0, i = 0;

    while (i < len) {
        size_t end = i + 1; /* of a segment with the slash before it */
        while (end < len && p[end] != '/') {
            end++;
        }
        size_t from = p[i] == '/' ? i + 1 : i, size = end - from;
        bool dot = size == 1 && p[from] == '.',
             dots = size == 2 && p[from] == '.' && p[from + 1] == '.';
        if (dots) {
            while (n > 0 && p[--n] != '/') {
            }
        }
        if (!dot && !dots) {
            n = put(p, n, p + i, end - i);
        } else if (end == len && p[i] == '/') {
            p[n++] = '/';
        }
        i = end;
    }
    return n;
}

size_t weir_schema_uri_resolve(struct weir_str base, struct weir_str ref, char *out)
{
    const struct uri b = take_apart(base), r = take_apart(ref);
    struct uri t = r;
    size_t n = 0, merged = 0;

    if (r.scheme.p == NULL) {
        t.scheme = b.scheme;
        if (r.authority.p == NULL) {
            t.authority = b.authority;
            if (r.path.len == 0) {
                t.path = b.path;
                t.query = r.query.p != NULL ? r.query : b.query;
            } else if (r.path.p[0] != '/') {
                merged = b.path.len; /* all of the base's path up to its last slash */
                while (merged > 0 && b.path.p[merged - 1] != '/') {
                    merged--;
                }
            }
        }
    }
    if (t.scheme.p != NULL) {
        n = put(out, n, t.scheme.p, t.scheme.len);
        out[n++] = ':';
    }
    if (t.authority.p != NULL) {
        n = put(out, n, "//", 2);
        n = put(out, n, t.authority.p, t.authority.len);
    }
    size_t path = n;
    n = put(out, n, b.path.p, merged);
    if (merged == 0 && t.authority.p != NULL && t.path.len > 0 && t.path.p[0] != '/') {
        out[n++] = '/';
    }
    n = put(out, n, t.path.p, t.path.len);
    n = path + remove_dots(out + path, n - path);
    if (t.query.p != NULL) {
        out[n++] = '?';
        n = put(out, n, t.query.p, t.query.len);
    }
    return n;
}
