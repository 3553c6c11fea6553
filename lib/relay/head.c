#include "relay/head.h"

#include "core/limits.h"

#include <strings.h>

static bool is_token(struct weir_str s)
{
    static const char more[] = "!#$%&'*+-.^_`|~";

    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];
        bool word = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
        if (!word && (c == '\0' || strchr(more, c) == NULL)) {
            return false;
        }
    }
    return s.len > 0;
}

static bool is_name(struct weir_str s, const char *name)
{
    return s.len == strlen(name) && strncasecmp(s.p, name, s.len) == 0;
}

static int64_t number(struct weir_str s)
{
    int64_t n = 0;

    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] < '0' || s.p[i] > '9' || n > INT64_MAX / 10 - 9) {
            return -1;
        }
        n = n * 10 + (s.p[i] - '0');
    }
    return s.len > 0 ? n : -1;
}

/* "GET /path HTTP/1.1" */
static long request_line(struct weir_str line, struct weir_head *ret)
{
    static const char *const methods[] = {"GET", "HEAD", "PUT", "POST"};
    const char *space = memchr(line.p, ' ', line.len);

    if (space == NULL) {
        return -400;
    }
    struct weir_str method = {line.p, (size_t)(space - line.p)};
    struct weir_str rest = {space + 1, line.len - method.len - 1};
    space = memrchr(rest.p, ' ', rest.len);
    if (space == NULL || !is_token(method) || rest.p[0] != '/') {
        return -400;
    }
    struct weir_str version = {space + 1, (size_t)(rest.p + rest.len - space - 1)};
    ret->path = (struct weir_str){rest.p, (size_t)(space - rest.p)};
    const char *query = memchr(ret->path.p, '?', ret->path.len);
    if (query != NULL) {
        ret->query = (struct weir_str){query + 1, (size_t)(space - query - 1)};
        ret->path.len = (size_t)(query - ret->path.p);
    }
    ret->http11 = weir_str_eq(version, WEIR_STR("HTTP/1.1"));
    if (!ret->http11 && !weir_str_eq(version, WEIR_STR("HTTP/1.0"))) {
        return version.len > 5 && strncmp(version.p, "HTTP/", 5) == 0 ? -505 : -400;
    }
    ret->method = WEIR_HEAD_OTHER;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (weir_str_eq(method, weir_str_of(methods[i]))) {
            ret->method = (enum weir_head_method)i;
        }
    }
    return 0;
}

static long header_line(struct weir_str line, struct weir_head *ret)
{
    const char *colon = memchr(line.p, ':', line.len);

    if (colon == NULL) {
        return -400;
    }
    struct weir_str name = {line.p, (size_t)(colon - line.p)};
    struct weir_str value = weir_str_trim((struct weir_str){colon + 1, line.len - name.len - 1});
    if (!is_token(name) || memchr(value.p, '\0', value.len) != NULL) {
        return -400;
    }
    if (is_name(name, "Content-Length")) {
        int64_t length = number(value);
        if (length < 0 || (ret->length >= 0 && ret->length != length)) {
            return -400;
        }
        ret->length = length;
    } else if (is_name(name, "Transfer-Encoding")) {
        ret->chunked = is_name(value, "chunked");
        return ret->chunked ? 0 : -501;
    } else if (is_name(name, "Expect")) {
        ret->expects = is_name(value, "100-continue");
    } else if (is_name(name, "Authorization")) {
        ret->authorization = value;
    } else if (is_name(name, "Content-Type")) {
        ret->content_type = value;
    }
    return 0;
}

long weir_head_parse(const char *p, size_t n, struct weir_head *ret)
{
    const size_t most = n < WEIR_RELAY_HEAD_MAX_BYTES ? n : WEIR_RELAY_HEAD_MAX_BYTES;
    size_t pos = 0;

    *ret = (struct weir_head){.length = -1};
    for (bool first = true;; first = false) {
        const char *lf = most > pos ? memchr(p + pos, '\n', most - pos) : NULL;
        if (lf == NULL) {
            return most == WEIR_RELAY_HEAD_MAX_BYTES ? -431 : 0;
        }
        struct weir_str line = {p + pos, (size_t)(lf - p) - pos};
        pos += line.len + 1;
        if (line.len > 0 && line.p[line.len - 1] == '\r') {
            line.len--;
        }
        if (line.len == 0 && !first) {
            /* A length beside chunks is how requests are smuggled (RFC 9112, 6.3). */
            return ret->chunked && ret->length >= 0 ? -400 : (long)pos;
        }
        long rc = line.len == 0 ? -400 : first ? request_line(line, ret) : header_line(line, ret);
        if (rc != 0) {
            return rc;
        }
    }
}

static bool size_byte(struct weir_chunked *c, char byte)
{
    int digit = byte >= '0' && byte <= '9'                 ? byte - '0'
                : (byte | 32) >= 'a' && (byte | 32) <= 'f' ? (byte | 32) - 'a' + 10
                                                           : -1;
    if (digit >= 0) {
        c->left = c->left * 16 + (uint64_t)digit;
        return ++c->digits <= 15;
    }
    c->line = 0;
    if (byte == '\n') {
        c->state = c->left > 0 ? WEIR_CHUNKED_DATA : WEIR_CHUNKED_TRAILER;
    } else {
        c->state = WEIR_CHUNKED_EXT;
    }
    return c->digits > 0 && (byte == '\n' || byte == '\r' || byte == ';' || byte == ' ');
}

/* One byte of what is around the data. */
static bool frame_byte(struct weir_chunked *c, char byte)
{
    switch (c->state) {
    case WEIR_CHUNKED_SIZE:
        return size_byte(c, byte);
    case WEIR_CHUNKED_EXT:
        if (byte == '\n') {
            c->state = c->left > 0 ? WEIR_CHUNKED_DATA : WEIR_CHUNKED_TRAILER;
            c->line = 0;
            return true;
        }
        return ++c->line <= WEIR_RELAY_TRAILER_MAX_BYTES;
    case WEIR_CHUNKED_AFTER:
        if (byte == '\n') {
            c->state = WEIR_CHUNKED_SIZE;
            c->digits = 0;
            return true;
        }
        return byte == '\r' && c->line++ == 0;
    case WEIR_CHUNKED_TRAILER:
        if (byte == '\n' && c->line == 0) {
            c->state = WEIR_CHUNKED_END;
        }
        c->line = byte == '\n' ? 0 : c->line + (byte != '\r');
        return c->line <= WEIR_RELAY_TRAILER_MAX_BYTES;
    case WEIR_CHUNKED_DATA:
    case WEIR_CHUNKED_END:
    case WEIR_CHUNKED_BAD:
        break;
    }
    return false;
}

bool weir_chunked_next(
    struct weir_chunked *c, const char *p, size_t n, size_t *used, struct weir_str *piece)
{
    size_t pos = 0;

    *piece = (struct weir_str){p, 0};
    while (pos < n && c->state != WEIR_CHUNKED_DATA && c->state != WEIR_CHUNKED_END) {
        if (!frame_byte(c, p[pos++])) {
            c->state = WEIR_CHUNKED_BAD;
            return false;
        }
    }
    if (c->state == WEIR_CHUNKED_DATA) {
        *piece = (struct weir_str){p + pos, n - pos < c->left ? n - pos : (size_t)c->left};
        pos += piece->len;
        c->left -= piece->len;
        if (c->left == 0) {
            c->state = WEIR_CHUNKED_AFTER;
            c->line = 0;
        }
    }
    *used = pos;
    return true;
}
