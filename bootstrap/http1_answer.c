#include "bootstrap/http1_answer.h"

#include "core/limits.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define IN_BYTES WEIR_HTTP_HEADERS_MAX_BYTES

void weir_http1_answer_init(struct weir_http1_answer *a)
{
    *a = (struct weir_http1_answer){0};
}

void weir_http1_answer_fini(struct weir_http1_answer *a)
{
    free(a->in);
    free(a->head);
    weir_http1_answer_init(a);
}

int weir_http1_answer_room(struct weir_http1_answer *a, struct weir_err *err)
{
    if (a->in == NULL) {
        a->in = malloc(IN_BYTES);
        a->head = malloc(IN_BYTES);
    }
    if (a->in == NULL || a->head == NULL) {
        free(a->in);
        free(a->head);
        a->in = NULL;
        a->head = NULL;
        return weir_err_set(err, WEIR_E_NOMEM, "out of memory for an answer");
    }
    return 0;
}

void weir_http1_answer_reset(struct weir_http1_answer *a)
{
    a->phase = WEIR_HTTP1_HEAD;
    a->status = 0;
    a->keep = a->any = a->direct = false;
    a->left = 0;
    a->body = NULL;
    a->head_len = 0;
    a->in_pos = a->in_len = 0;
}

/* ---- the head ---- */

/* The line at in_pos, ended by LF, perhaps CRLF; its end becomes a NUL. NULL: not all there. */
static char *take_line(struct weir_http1_answer *a)
{
    char *line = (char *)a->in + a->in_pos;
    char *lf = memchr(line, '\n', a->in_len - a->in_pos);

    if (lf == NULL) {
        return NULL;
    }
    a->in_pos = (size_t)(lf + 1 - (char *)a->in);
    *lf = '\0';
    if (lf > line && lf[-1] == '\r') {
        lf[-1] = '\0';
    }
    return line;
}

static int not_http(struct weir_err *err, const char *what)
{
    return weir_err_set(err, WEIR_E_NET, "the answer is no HTTP: %s", what);
}

/* Where the head ends that begins at in_pos: behind the empty line. 0: not all there. */
static size_t head_end(const struct weir_http1_answer *a)
{
    const char *p = (const char *)a->in + a->in_pos, *end = (const char *)a->in + a->in_len;

    for (const char *lf; (lf = memchr(p, '\n', (size_t)(end - p))) != NULL; p = lf + 1) {
        if (lf == p || (lf == p + 1 && *p == '\r')) {
            return (size_t)(lf + 1 - (const char *)a->in);
        }
    }
    return 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* "Name: value" of a kept line. Returns the value with blanks at its ends gone, or NULL. */
static const char *value_of(char *line, const char *name)
{
    size_t n = strlen(name);

    if (strncasecmp(line, name, n) != 0 || line[n] != ':') {
        return NULL;
    }
    line += n + 1;
    while (is_blank(*line)) {
        line++;
    }
    size_t len = strlen(line);
    while (len > 0 && is_blank(line[len - 1])) {
        line[--len] = '\0';
    }
    return line;
}

const char *weir_http1_answer_header(const struct weir_http1_answer *a, const char *name)
{
    for (size_t at = 0; at < a->head_len; at += strlen(a->head + at) + 1) {
        const char *value = value_of(a->head + at, name);
        if (value != NULL) {
            for (const char *p = value; *p != '\0'; p++) {
                if ((unsigned char)*p < 0x20 || *p == 0x7F) {
                    return NULL;
                }
            }
            return *value != '\0' ? value : NULL;
        }
    }
    return NULL;
}

/* Whether a comma-separated header has this word. */
static bool has_word(const struct weir_http1_answer *a, const char *name, const char *word)
{
    const char *p = weir_http1_answer_header(a, name);
    size_t n = strlen(word);

    while (p != NULL && *p != '\0') {
        p += strspn(p, " \t,");
        if (strncasecmp(p, word, n) == 0 && (p[n] == '\0' || strchr(" \t,;", p[n]) != NULL)) {
            return true;
        }
        p += strcspn(p, ",");
    }
    return false;
}

/* "HTTP/1.1 200 OK": the minor version and the status. */
static int read_status(struct weir_http1_answer *a, const char *line, struct weir_err *err)
{
    if (strncmp(line, "HTTP/1.", 7) != 0 || strspn(line + 7, "0123456789") != 1 || line[8] != ' ') {
        return not_http(err, "its first line");
    }
    const char *digits = line + 9;
    if (strspn(digits, "0123456789") != 3 || digits[0] == '0' ||
        (digits[3] != '\0' && digits[3] != ' ')) {
        return not_http(err, "its status");
    }
    a->status = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
    a->keep = line[7] != '0';
    return 0;
}

static int read_length(struct weir_http1_answer *a, const char *text, struct weir_err *err)
{
    size_t n = strspn(text, "0123456789");

    if (n == 0 || n > 18 || text[n] != '\0') {
        return not_http(err, "its Content-Length");
    }
    a->left = strtoull(text, NULL, 10);
    a->phase = a->left > 0 ? WEIR_HTTP1_BODY : WEIR_HTTP1_OVER;
    return 0;
}

/* RFC 9112, 6.3: how the body's end is told. */
static int choose_body(struct weir_http1_answer *a, struct weir_err *err)
{
    const char *coding = weir_http1_answer_header(a, "Transfer-Encoding");
    const char *length = weir_http1_answer_header(a, "Content-Length");

    if (has_word(a, "Connection", "close")) {
        a->keep = false;
    } else if (has_word(a, "Connection", "keep-alive")) {
        a->keep = true;
    }
    if (a->status == 204 || a->status == 304) {
        a->phase = WEIR_HTTP1_OVER;
        return 0;
    }
    if (coding != NULL) {
        if (strcasecmp(coding, "chunked") != 0) {
            return not_http(err, "a transfer coding other than chunked");
        }
        a->phase = WEIR_HTTP1_CHUNK_SIZE;
        return 0;
    }
    if (length != NULL) {
        return read_length(a, length, err);
    }
    a->phase = WEIR_HTTP1_BODY_CLOSED;
    a->keep = false;
    return 0;
}

/* Take a whole head. Interim answers (1xx) leave the phase as it is. */
static int read_head(struct weir_http1_answer *a, size_t end, struct weir_err *err)
{
    const char *line = take_line(a);

    a->head_len = 0;
    if (read_status(a, line, err) != 0) {
        a->status = 0;
        return -1;
    }
    while (a->in_pos < end) {
        line = take_line(a);
        size_t n = strlen(line);
        if (n > 0 && !is_blank(line[0])) { /* folded lines (obsolete) are left out */
            memcpy(a->head + a->head_len, line, n + 1);
            a->head_len += n + 1;
        }
    }
    if (a->status < 200) {
        a->status = 0;
        return 0;
    }
    return choose_body(a, err);
}

/* ---- the body ---- */

static int add_body(struct weir_http1_answer *a, struct weir_err *err)
{
    size_t n = a->in_len - a->in_pos;

    if (a->phase != WEIR_HTTP1_BODY_CLOSED) {
        n = n < a->left ? n : (size_t)a->left;
        a->left -= n;
    }
    if (n > 0 && a->body != NULL && weir_buf_add(a->body, a->in + a->in_pos, n, err) != 0) {
        return -1;
    }
    a->in_pos += n;
    return 0;
}

static int read_chunk_size(struct weir_http1_answer *a, const char *line, struct weir_err *err)
{
    size_t n = strspn(line, "0123456789abcdefABCDEF");

    if (n == 0 || n > 15 || (line[n] != '\0' && strchr("; \t", line[n]) == NULL)) {
        return not_http(err, "the size of a chunk");
    }
    a->left = strtoull(line, NULL, 16);
    a->phase = a->left > 0 ? WEIR_HTTP1_CHUNK : WEIR_HTTP1_TRAILERS;
    return 0;
}

/* One step in a chunked body: 1 when it went on, 0 when more must come, -1 with *err set. */
static int step_chunked(struct weir_http1_answer *a, struct weir_err *err)
{
    if (a->phase == WEIR_HTTP1_CHUNK) {
        if (add_body(a, err) != 0) {
            return -1;
        }
        if (a->left > 0) {
            return 0;
        }
        a->phase = WEIR_HTTP1_CHUNK_END;
    }
    const char *line = take_line(a);
    if (line == NULL) {
        return 0;
    }
    switch (a->phase) {
    case WEIR_HTTP1_CHUNK_SIZE:
        return read_chunk_size(a, line, err) == 0 ? 1 : -1;
    case WEIR_HTTP1_CHUNK_END:
        a->phase = WEIR_HTTP1_CHUNK_SIZE;
        return line[0] == '\0' ? 1 : not_http(err, "the end of a chunk");
    default: /* trailers: nobody needs them */
        a->phase = line[0] == '\0' ? WEIR_HTTP1_OVER : WEIR_HTTP1_TRAILERS;
        return 1;
    }
}

static enum weir_http1_io parse_head(struct weir_http1_answer *a, struct weir_err *err)
{
    while (a->phase == WEIR_HTTP1_HEAD) {
        size_t end = head_end(a);
        if (end == 0) {
            if (a->in_pos == 0 && a->in_len == IN_BYTES) {
                (void)weir_err_set(
                    err, WEIR_E_LIMIT, "the answer has more than %zu bytes of headers", IN_BYTES);
                return WEIR_HTTP1_FAIL;
            }
            return WEIR_HTTP1_WAIT;
        }
        if (read_head(a, end, err) != 0) {
            return WEIR_HTTP1_FAIL;
        }
    }
    return WEIR_HTTP1_DONE;
}

enum weir_http1_io weir_http1_answer_parse(struct weir_http1_answer *a, struct weir_err *err)
{
    enum weir_http1_io io = parse_head(a, err);
    int rc = 1;

    if (io != WEIR_HTTP1_DONE) {
        return io;
    }
    while (rc == 1 && a->phase != WEIR_HTTP1_OVER) {
        if (a->phase == WEIR_HTTP1_BODY || a->phase == WEIR_HTTP1_BODY_CLOSED) {
            rc = add_body(a, err);
            if (rc == 0 && a->phase == WEIR_HTTP1_BODY && a->left == 0) {
                a->phase = WEIR_HTTP1_OVER;
            }
        } else {
            rc = step_chunked(a, err);
        }
    }
    if (rc < 0) {
        return WEIR_HTTP1_FAIL;
    }
    if (a->phase != WEIR_HTTP1_OVER) {
        return WEIR_HTTP1_WAIT;
    }
    a->keep = a->keep && a->in_pos == a->in_len; /* more than was due: out of step */
    return WEIR_HTTP1_DONE;
}

int weir_http1_answer_window(
    struct weir_http1_answer *a, uint8_t **p, size_t *room, struct weir_err *err)
{
    a->direct = a->phase == WEIR_HTTP1_BODY && a->body != NULL;
    if (a->direct) {
        size_t n = a->left < WEIR_HTTP_READ_BYTES ? (size_t)a->left : WEIR_HTTP_READ_BYTES;
        *room = n;
        *p = weir_buf_reserve(a->body, n, err);
        return *p != NULL ? 0 : -1;
    }
    if (a->in_pos > 0) {
        memmove(a->in, a->in + a->in_pos, a->in_len - a->in_pos);
        a->in_len -= a->in_pos;
        a->in_pos = 0;
    }
    if (a->in_len == IN_BYTES) { /* a line of a chunked body, as only an attacker writes it */
        return not_http(err, "a line that does not end");
    }
    *p = a->in + a->in_len;
    *room = IN_BYTES - a->in_len;
    return 0;
}

void weir_http1_answer_filled(struct weir_http1_answer *a, size_t n)
{
    a->any = true;
    if (a->direct) {
        a->body->len += n;
        a->left -= n;
        a->phase = a->left > 0 ? WEIR_HTTP1_BODY : WEIR_HTTP1_OVER;
    } else {
        a->in_len += n;
    }
}

int weir_http1_answer_closed(struct weir_http1_answer *a, struct weir_err *err)
{
    switch (a->phase) {
    case WEIR_HTTP1_BODY_CLOSED:
        a->phase = WEIR_HTTP1_OVER;
        return 0;
    case WEIR_HTTP1_OVER:
        return 0;
    case WEIR_HTTP1_HEAD:
        return weir_err_set(err, WEIR_E_NET,
            a->any ? "the connection was closed in the answer's headers"
                   : "the connection was closed without an answer");
    default:
        return weir_err_set(
            err, WEIR_E_NET, "the answer was cut: %" PRIu64 " bytes are missing", a->left);
    }
}
