#include "cli/local/boundary.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#define TYPE "multipart/form-data"
#define NAME "boundary"
#define BEFORE "\r\n--"
#define BEHIND "--"

#define LEN(text) (sizeof(text) - 1)

/* The parameter of that name, behind "multipart/form-data": "; NAME=VALUE; NAME="VALUE"", the names
 * in any case. */
static const char *find(const char *p, size_t *len)
{
    while ((p = strchr(p, ';')) != NULL) {
        p += 1 + strspn(p + 1, " \t");
        const size_t name = strcspn(p, "=;");
        const bool ours = name == LEN(NAME) && strncasecmp(p, NAME, name) == 0;
        p += name;
        if (*p != '=') {
            continue;
        }
        const bool quoted = p[1] == '"';
        p += quoted ? 2 : 1;
        *len = strcspn(p, quoted ? "\"" : "; \t");
        if (ours) {
            return p;
        }
        p += *len;
    }
    *len = 0;
    return NULL;
}

bool weir_boundary_init(struct weir_boundary *boundary, struct MHD_Connection *connection)
{
    static const char head[] = TYPE ";" NAME "=";
    const char *type =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);

    *boundary = (struct weir_boundary){.matched = 2}; /* a body begins as a line does */
    if (type == NULL || strncasecmp(type, TYPE, LEN(TYPE)) != 0) {
        return false;
    }
    const char *text = find(type + LEN(TYPE), &boundary->len);
    if (boundary->len > 0) {
        /* It takes "boundary=", in these letters, and all behind it. A value of ours would come
         * second in its list; so the first one's bytes, which are the request's own, are changed.
         * What it was is no shorter. */
        char *to = (char *)(uintptr_t)type;
        memmove(to + LEN(head), text, boundary->len);
        memcpy(to, head, LEN(head));
        to[LEN(head) + boundary->len] = '\0';
        boundary->text = to + LEN(head);
    }
    return true;
}

/* The last one's byte at i: CR LF "--" boundary "--". */
static char byte_at(const struct weir_boundary *b, size_t i)
{
    return i < LEN(BEFORE) ? BEFORE[i] : i < LEN(BEFORE) + b->len ? b->text[i - LEN(BEFORE)] : '-';
}

size_t weir_boundary_before(struct weir_boundary *boundary, const char *p, size_t n)
{
    struct weir_boundary *b = boundary;
    const size_t whole = LEN(BEFORE) + b->len + LEN(BEHIND);

    for (size_t i = 0; i < n && b->matched < whole; i++) {
        if (b->matched == 0) {
            const char *cr = memchr(p + i, '\r', n - i);
            if (cr == NULL) {
                return n;
            }
            i = (size_t)(cr - p);
        }
        /* It has no CR but its first byte, so nothing else of what matched can begin anew. */
        b->matched = p[i] == byte_at(b, b->matched) ? b->matched + 1 : p[i] == '\r';
        if (b->matched == whole) {
            return i + 1;
        }
    }
    return b->matched < whole ? n : 0;
}
