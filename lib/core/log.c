#include "core/log.h"

#include "core/limits.h"
#include "core/utf8.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const level_names[] = {"ERROR", "WARN", "INFO", "DEBUG"};

/* What an error adds to a line; type NULL: nothing. */
struct fault {
    const char *type, *why;
};

/* ---- JSON ---- */

/*
 * A line that is an object. The message comes last and is cut where the line is full; a member that
 * does not fit is left out whole. (With every byte escaped, two ids, a type and an error's message
 * have 3,700 bytes, so that none is in practice.)
 */
#define JSON_MESSAGE "\"message\":\""
#define JSON_END "\"}\n"
#define JSON_ROOM (WEIR_LINE_BYTES - sizeof JSON_END)

struct json_line {
    char *p;          /* WEIR_LINE_BYTES */
    size_t len, room; /* room: where the line is full */
};

/* Append a piece whole, or nothing and false. */
static bool put(struct json_line *to, const char *s, size_t n)
{
    if (n > to->room - to->len) {
        return false;
    }
    memcpy(to->p + to->len, s, n);
    to->len += n;
    return true;
}

static bool put_all(struct json_line *to, const char *s)
{
    return put(to, s, strlen(s));
}

/* One character at s as JSON has it; returns the bytes taken, 0 when there was no room. */
static size_t put_character(struct json_line *to, const char *s, size_t left)
{
    char escape[8];
    unsigned char c = (unsigned char)*s;

    if (c == '"' || c == '\\') {
        escape[0] = '\\';
        escape[1] = (char)c;
        return put(to, escape, 2) ? 1 : 0;
    }
    if (c < 0x20 || c == 0x7F) {
        int n = snprintf(escape, sizeof escape, "\\u%04x", c);
        return put(to, escape, (size_t)n) ? 1 : 0;
    }
    size_t want = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
    if (want > left || weir_utf8_check(s, want) != want) {
        return put_all(to, WEIR_UTF8_REPLACEMENT) ? 1 : 0;
    }
    if (c == 0xC2 && (unsigned char)s[1] < 0xA0) { /* C1, which terminals obey as they do ESC */
        (void)snprintf(escape, sizeof escape, "\\u%04x", (unsigned char)s[1]);
        return put_all(to, escape) ? want : 0;
    }
    return put(to, s, want) ? want : 0;
}

/* As much of a text as fits; true when that is all. */
static bool put_text(struct json_line *to, const char *s)
{
    size_t left = strlen(s), n = 1;

    for (; left > 0 && n > 0; s += n, left -= n) {
        n = put_character(to, s, left);
    }
    return left == 0;
}

/* "name":"text",  or nothing when text is empty */
static void put_member(struct json_line *to, const char *name, const char *text)
{
    const size_t before = to->len;

    if (*text != '\0' && !(put_all(to, "\"") && put_all(to, name) && put_all(to, "\":\"") &&
                             put_text(to, text) && put_all(to, "\","))) {
        to->len = before;
    }
}

static void now_text(char *to, size_t size)
{
    struct timespec now = {0};
    struct tm tm = {0};
    char day[32];

    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &tm);
    (void)strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm);
    (void)snprintf(to, size, "%s.%03dZ", day, (int)(now.tv_nsec / 1000000));
}

static size_t make_json(char to[WEIR_LINE_BYTES], const struct weir_log *log, enum weir_level level,
    const struct fault *fault, const char *text)
{
    struct json_line line = {.p = to, .room = JSON_ROOM - sizeof JSON_MESSAGE};
    char time_text[48];

    now_text(time_text, sizeof time_text);
    put_all(&line, "{");
    put_member(&line, "timestamp", time_text);
    put_member(&line, "level", level_names[level]);
    put_member(&line, "requestId", log->request_id);
    put_member(&line, "tenantId", log->tenant_id);
    if (fault->type != NULL) {
        put_member(&line, "errorType", fault->type);
        put_member(&line, "errorMessage", fault->why);
        put_all(&line, "\"stackTrace\":[],");
    }
    line.room = JSON_ROOM;
    put_all(&line, JSON_MESSAGE);
    put_text(&line, text);
    memcpy(line.p + line.len, JSON_END, strlen(JSON_END));
    return line.len + strlen(JSON_END);
}

/* ---- text ---- */

__attribute__((format(printf, 4, 5))) static size_t make_text(char to[WEIR_LINE_BYTES],
    const struct weir_log *log, enum weir_level level, const char *fmt, ...)
{
    char head[sizeof log->request_id + 8];
    va_list ap;

    (void)snprintf(head, sizeof head, "%s %s%s", level_names[level], log->request_id,
        log->request_id[0] != '\0' ? " " : "");
    va_start(ap, fmt);
    size_t len = weir_line_vmake(to, head, fmt, ap);
    va_end(ap);
    return len;
}

/* ---- where lines go ---- */

static size_t make(char to[WEIR_LINE_BYTES], const struct weir_log *log, enum weir_level level,
    const struct fault *fault, const char *text)
{
    return log->json ? make_json(to, log, level, fault, text)
                     : make_text(to, log, level, "%s", text);
}

static bool has_room(int fd, int wait_ms)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};

    return poll(&poll_fd, 1, wait_ms) == 1;
}

/* When there is room again, say how much there was not. Returns false when there is none. */
static bool tell_lost(const struct weir_log *log)
{
    static const struct fault none = {NULL, NULL};
    char line[WEIR_LINE_BYTES], text[80];

    if (!has_room(log->fd, 0)) {
        return false;
    }
    unsigned n = atomic_exchange(log->lost, 0);
    (void)snprintf(text, sizeof text, "%u log lines were lost: nobody read the socket", n);
    if (n > 0 && !weir_line_raw(log->fd, line, make(line, log, WEIR_LOG_WARN, &none, text))) {
        atomic_fetch_add(log->lost, n);
        return false;
    }
    return true;
}

void weir_log_line(const struct weir_log *log, const char *p, size_t len)
{
    if (log == NULL || log->fd < 0) {
        return;
    }
    if (log->lost == NULL) {
        (void)weir_line_raw(log->fd, p, len); /* nobody is left to be told */
        return;
    }
    bool told = atomic_load(log->lost) == 0 || tell_lost(log);
    if (!told || !(weir_line_raw(log->fd, p, len) ||
                     (has_room(log->fd, WEIR_LOG_WAIT_MS) && weir_line_raw(log->fd, p, len)))) {
        atomic_fetch_add(log->lost, 1);
    }
}

__attribute__((format(printf, 4, 0))) static void compose(const struct weir_log *log,
    enum weir_level level, const struct fault *fault, const char *fmt, va_list ap)
{
    char text[WEIR_LINE_BYTES], line[WEIR_LINE_BYTES];
    int n = vsnprintf(text, sizeof text, fmt, ap);
    size_t len = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;

    text[len] = '\0';
    if (fault->type != NULL) {
        (void)snprintf(text + len, sizeof text - len, "%s%s: %s", len > 0 ? ": " : "", fault->type,
            fault->why);
    }
    weir_log_line(log, line, make(line, log, level, fault, text));
}

void weir_log_write(const struct weir_log *log, enum weir_level level, const char *fmt, ...)
{
    const struct fault none = {NULL, NULL};
    va_list ap;

    if (log == NULL || log->fd < 0 || level > log->level) {
        return;
    }
    va_start(ap, fmt);
    compose(log, level, &none, fmt, ap);
    va_end(ap);
}

void weir_log_error(
    const struct weir_log *log, const char *type, const char *why, const char *fmt, ...)
{
    const struct fault fault = {type, why};
    va_list ap;

    if (log == NULL || log->fd < 0) {
        return;
    }
    va_start(ap, fmt);
    compose(log, WEIR_LOG_ERROR, &fault, fmt, ap);
    va_end(ap);
}
