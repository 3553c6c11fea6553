#include "handlers/elb_logs/elb_line.h"

#include "json/quote.h"

#include <stdint.h>

/* The least number of fields: what the oldest logs of a format have. */
#define CLASSIC_MIN 12
#define ALB_MIN 25
#define NLB_MIN 22
#define DIGITS_MAX 18 /* of a number, and of its fraction: a count fits 64 bits */

static const struct weir_elb_field classic[ELB_CLASSIC_N] = {
    [ELB_CLASSIC_TIME] = {"time", WEIR_ELB_TIME},
    [ELB_CLASSIC_ELB] = {"elb", WEIR_ELB_TEXT},
    [ELB_CLASSIC_CLIENT] = {"client", WEIR_ELB_ENDPOINT},
    [ELB_CLASSIC_BACKEND] = {"backend", WEIR_ELB_ENDPOINT},
    [ELB_CLASSIC_REQUEST_TIME] = {"request_processing_time", WEIR_ELB_SECONDS},
    [ELB_CLASSIC_BACKEND_TIME] = {"backend_processing_time", WEIR_ELB_SECONDS},
    [ELB_CLASSIC_RESPONSE_TIME] = {"response_processing_time", WEIR_ELB_SECONDS},
    [ELB_CLASSIC_STATUS] = {"elb_status_code", WEIR_ELB_COUNT},
    [ELB_CLASSIC_BACKEND_STATUS] = {"backend_status_code", WEIR_ELB_COUNT},
    [ELB_CLASSIC_RECEIVED] = {"received_bytes", WEIR_ELB_COUNT},
    [ELB_CLASSIC_SENT] = {"sent_bytes", WEIR_ELB_COUNT},
    [ELB_CLASSIC_REQUEST] = {"request", WEIR_ELB_REQUEST},
    [ELB_CLASSIC_USER_AGENT] = {"user_agent", WEIR_ELB_TEXT},
    [ELB_CLASSIC_CIPHER] = {"ssl_cipher", WEIR_ELB_TEXT},
    [ELB_CLASSIC_PROTOCOL] = {"ssl_protocol", WEIR_ELB_TEXT},
};

static const struct weir_elb_field alb[ELB_ALB_N] = {
    [ELB_ALB_TYPE] = {"type", WEIR_ELB_TEXT},
    [ELB_ALB_TIME] = {"time", WEIR_ELB_TIME},
    [ELB_ALB_ELB] = {"elb", WEIR_ELB_TEXT},
    [ELB_ALB_CLIENT] = {"client", WEIR_ELB_ENDPOINT},
    [ELB_ALB_TARGET] = {"target", WEIR_ELB_ENDPOINT},
    [ELB_ALB_REQUEST_TIME] = {"request_processing_time", WEIR_ELB_SECONDS},
    [ELB_ALB_TARGET_TIME] = {"target_processing_time", WEIR_ELB_SECONDS},
    [ELB_ALB_RESPONSE_TIME] = {"response_processing_time", WEIR_ELB_SECONDS},
    [ELB_ALB_STATUS] = {"elb_status_code", WEIR_ELB_COUNT},
    [ELB_ALB_TARGET_STATUS] = {"target_status_code", WEIR_ELB_COUNT},
    [ELB_ALB_RECEIVED] = {"received_bytes", WEIR_ELB_COUNT},
    [ELB_ALB_SENT] = {"sent_bytes", WEIR_ELB_COUNT},
    [ELB_ALB_REQUEST] = {"request", WEIR_ELB_REQUEST},
    [ELB_ALB_USER_AGENT] = {"user_agent", WEIR_ELB_TEXT},
    [ELB_ALB_CIPHER] = {"ssl_cipher", WEIR_ELB_TEXT},
    [ELB_ALB_PROTOCOL] = {"ssl_protocol", WEIR_ELB_TEXT},
    [ELB_ALB_TARGET_GROUP] = {"target_group_arn", WEIR_ELB_TEXT},
    [ELB_ALB_TRACE_ID] = {"trace_id", WEIR_ELB_TEXT},
    [ELB_ALB_DOMAIN] = {"domain_name", WEIR_ELB_TEXT},
    [ELB_ALB_CERT] = {"chosen_cert_arn", WEIR_ELB_TEXT},
    [ELB_ALB_PRIORITY] = {"matched_rule_priority", WEIR_ELB_COUNT},
    [ELB_ALB_CREATED] = {"request_creation_time", WEIR_ELB_TIME},
    [ELB_ALB_ACTIONS] = {"actions_executed", WEIR_ELB_TEXT},
    [ELB_ALB_REDIRECT_URL] = {"redirect_url", WEIR_ELB_TEXT},
    [ELB_ALB_ERROR_REASON] = {"error_reason", WEIR_ELB_TEXT},
    [ELB_ALB_TARGET_LIST] = {"target:port_list", WEIR_ELB_WORDS},
    [ELB_ALB_TARGET_STATUS_LIST] = {"target_status_code_list", WEIR_ELB_WORDS},
    [ELB_ALB_CLASSIFICATION] = {"classification", WEIR_ELB_TEXT},
    [ELB_ALB_CLASSIFICATION_REASON] = {"classification_reason", WEIR_ELB_TEXT},
    [ELB_ALB_CONN_TRACE_ID] = {"conn_trace_id", WEIR_ELB_TEXT},
    [ELB_ALB_TRANSFORMED_HOST] = {"transformed_host", WEIR_ELB_TEXT},
    [ELB_ALB_TRANSFORMED_URI] = {"transformed_uri", WEIR_ELB_TEXT},
    [ELB_ALB_TRANSFORM_STATUS] = {"request_transform_status", WEIR_ELB_TEXT},
};

static const struct weir_elb_field nlb[ELB_NLB_N] = {
    [ELB_NLB_TYPE] = {"type", WEIR_ELB_TEXT},
    [ELB_NLB_VERSION] = {"version", WEIR_ELB_TEXT},
    [ELB_NLB_TIME] = {"time", WEIR_ELB_TIME},
    [ELB_NLB_ELB] = {"elb", WEIR_ELB_TEXT},
    [ELB_NLB_LISTENER] = {"listener", WEIR_ELB_TEXT},
    [ELB_NLB_CLIENT] = {"client", WEIR_ELB_ENDPOINT},
    [ELB_NLB_DESTINATION] = {"destination", WEIR_ELB_ENDPOINT},
    [ELB_NLB_CONNECTION_TIME] = {"connection_time", WEIR_ELB_COUNT},
    [ELB_NLB_HANDSHAKE_TIME] = {"tls_handshake_time", WEIR_ELB_COUNT},
    [ELB_NLB_RECEIVED] = {"received_bytes", WEIR_ELB_COUNT},
    [ELB_NLB_SENT] = {"sent_bytes", WEIR_ELB_COUNT},
    [ELB_NLB_ALERT] = {"incoming_tls_alert", WEIR_ELB_TEXT},
    [ELB_NLB_CERT] = {"chosen_cert_arn", WEIR_ELB_TEXT},
    [ELB_NLB_CERT_SERIAL] = {"chosen_cert_serial", WEIR_ELB_TEXT},
    [ELB_NLB_CIPHER] = {"tls_cipher", WEIR_ELB_TEXT},
    [ELB_NLB_PROTOCOL] = {"tls_protocol_version", WEIR_ELB_TEXT},
    [ELB_NLB_NAMED_GROUP] = {"tls_named_group", WEIR_ELB_TEXT},
    [ELB_NLB_DOMAIN] = {"domain_name", WEIR_ELB_TEXT},
    [ELB_NLB_ALPN_FRONT] = {"alpn_fe_protocol", WEIR_ELB_ALPN},
    [ELB_NLB_ALPN_BACK] = {"alpn_be_protocol", WEIR_ELB_ALPN},
    [ELB_NLB_ALPN_CLIENT] = {"alpn_client_preference_list", WEIR_ELB_ALPN},
    [ELB_NLB_CREATED] = {"tls_connection_creation_time", WEIR_ELB_TIME},
};

/* ---- fields ---- */

static bool is_digit(char c)
{
    return (unsigned char)(c - '0') <= 9;
}

/* How many digits there are from p on. */
static size_t count_digits(const char *p, const char *end)
{
    const char *const begin = p;

    while (p < end && is_digit(*p)) {
        p++;
    }
    return (size_t)(p - begin);
}

/* Find where a quoted field ends: p is behind its opening quote. The closing quote is followed by a
 * blank or the line's end. \" is inside, and so are the quotes of the list "h2","http/1.1"; any
 * other is where two lines were spliced. NULL when there is no end, or such a quote before it. */
static const char *closing(const char *p, const char *end)
{
    const char *const begin = p;

    while (p < end && (p = memchr(p, '"', (size_t)(end - p))) != NULL) {
        size_t slashes = 0;
        while (p - slashes > begin && p[-1 - (ptrdiff_t)slashes] == '\\') {
            slashes++;
        }
        if (slashes % 2 == 0) {
            if (p + 1 == end || p[1] == ' ') {
                return p;
            }
            if (p[1] != ',' && !(p > begin && p[-1] == ',')) {
                return NULL;
            }
        }
        p++;
    }
    return NULL;
}

static const char *split(const char *p, const char *end, struct weir_elb_line *ret, size_t *quoted)
{
    for (ret->n = 0;;) {
        struct weir_str *field = &ret->fields[ret->n++];
        const char *stop;
        if (ret->n == WEIR_ELB_FIELDS_MAX) {
            *field = (struct weir_str){p, (size_t)(end - p)};
            return NULL;
        }
        if (p < end && *p == '"') {
            stop = closing(++p, end);
            if (stop == NULL) {
                return "a quote is not closed where it should be";
            }
            *field = (struct weir_str){p, (size_t)(stop - p)};
            stop++;
            ++*quoted;
        } else {
            stop = memchr(p, ' ', (size_t)(end - p));
            stop = stop != NULL ? stop : end;
            *field = (struct weir_str){p, (size_t)(stop - p)};
        }
        if (stop == end) {
            return NULL;
        }
        p = stop + 1;
    }
}

/* ---- kinds ---- */

/* Eight bytes against a shape of which '0' stands for any digit, all at once: a byte that is right
 * differs from the shape by 0, or by 0 to 9, and any other carries into its highest bit. */
static inline __attribute__((always_inline)) bool has_shape(const char *p, const char *shape)
{
    uint64_t bytes, wanted, add = 0;

    memcpy(&bytes, p, sizeof bytes);
    memcpy(&wanted, shape, sizeof wanted);
    for (size_t i = 0; i < 8; i++) { /* a constant, as the shape is */
        const uint8_t most = shape[i] == '0' ? 0x7F - 9 : 0x7F;
        memcpy((char *)&add + i, &most, 1);
    }
    const uint64_t differ = bytes ^ wanted, low = 0x7f7f7f7f7f7f7f7fU;
    return ((((differ & low) + add) | differ) & ~low) == 0;
}

static bool is_time(struct weir_str s)
{
    const size_t n = sizeof "2018-07-02T22:23:00" - 1;

    if (s.len < n || !has_shape(s.p, "0000-00-") || !has_shape(s.p + 8, "00T00:00") ||
        !has_shape(s.p + 11, "00:00:00")) {
        return false;
    }
    size_t i = n;
    if (i < s.len && s.p[i] == '.') {
        const size_t more = count_digits(s.p + i + 1, s.p + s.len);
        if (more == 0) {
            return false;
        }
        i += 1 + more;
    }
    return i == s.len || (i + 1 == s.len && s.p[i] == 'Z');
}

/* Digits, and where a fraction is allowed, one of them, as many as a reader of JSON will take; -1
 * for nothing. */
static bool is_number(struct weir_str s, bool fraction)
{
    const char *const end = s.p + s.len;

    if (s.len >= 2 && s.p[0] == '-') {
        return weir_str_eq(s, WEIR_STR("-1")) || (fraction && weir_str_eq(s, WEIR_STR("-1.0")));
    }
    const size_t n = count_digits(s.p, end);
    if (n == 0 || n > DIGITS_MAX) {
        return false;
    }
    if (fraction && n < s.len && s.p[n] == '.') {
        const size_t more = count_digits(s.p + n + 1, end);
        return more > 0 && more <= DIGITS_MAX && n + 1 + more == s.len;
    }
    return n == s.len;
}

static const char *check(const struct weir_elb_line *line)
{
    const size_t n = line->n < line->known ? line->n : line->known;

    for (size_t i = 0; i < n; i++) {
        const struct weir_str s = line->fields[i];
        if (s.len == 1 && s.p[0] == '-') {
            continue;
        }
        switch (line->spec[i].kind) {
        case WEIR_ELB_TIME:
            if (!is_time(s)) {
                return "a time is none";
            }
            break;
        case WEIR_ELB_SECONDS:
            if (!is_number(s, true)) {
                return "a duration is no number";
            }
            break;
        case WEIR_ELB_COUNT:
            if (!is_number(s, false)) {
                return "a status, a size or a number is none";
            }
            break;
        default:
            break;
        }
    }
    return NULL;
}

static const char *recognise(struct weir_elb_line *ret)
{
    size_t min;

    if (is_time(ret->fields[0])) {
        ret->format = WEIR_ELB_CLASSIC;
        ret->spec = classic;
        ret->known = ELB_CLASSIC_N;
        min = CLASSIC_MIN;
    } else if (ret->n > ELB_ALB_TIME && is_time(ret->fields[ELB_ALB_TIME])) {
        ret->format = WEIR_ELB_ALB;
        ret->spec = alb;
        ret->known = ELB_ALB_N;
        min = ALB_MIN;
    } else if (ret->n > ELB_NLB_TIME && is_time(ret->fields[ELB_NLB_TIME])) {
        ret->format = WEIR_ELB_NLB;
        ret->spec = nlb;
        ret->known = ELB_NLB_N;
        min = NLB_MIN;
    } else {
        return "no format of a load balancer's access log";
    }
    return ret->n < min ? "too few fields" : NULL;
}

const char *weir_elb_line_parse(const char *p, size_t len, struct weir_elb_line *ret)
{
    size_t quoted = 0, quotes = 0;
    const char *why = split(p, p + len, ret, &quoted);

    if (why == NULL) {
        why = recognise(ret);
    }
    if (why == NULL) {
        why = check(ret);
    }
    if (why == NULL) {
        ret->plain = weir_json_is_plain(p, len, &quotes) && quotes == 2 * quoted;
    }
    return why;
}

/* ---- inside of fields ---- */

static const char *find(struct weir_str s, char c)
{
    return s.len > 0 ? memchr(s.p, c, s.len) : NULL;
}

/* Is it a port, in digits that are a JSON number as well? */
static bool is_port(struct weir_str s)
{
    return s.len > 0 && s.len <= 5 && count_digits(s.p, s.p + s.len) == s.len &&
           (s.p[0] != '0' || s.len == 1);
}

static struct weir_str cut(const char *from, const char *to)
{
    return (struct weir_str){from, (size_t)(to - from)};
}

void weir_elb_endpoint_split(struct weir_str field, struct weir_elb_endpoint *ret)
{
    const char *colon = field.len > 0 ? memrchr(field.p, ':', field.len) : NULL;
    const char *end = field.p + field.len;

    *ret = (struct weir_elb_endpoint){.address = field, .port = {"", 0}};
    if (colon != NULL && is_port(cut(colon + 1, end))) {
        ret->address = cut(field.p, colon);
        ret->port = cut(colon + 1, end);
    }
    struct weir_str *a = &ret->address;
    if (a->len >= 2 && a->p[0] == '[' && a->p[a->len - 1] == ']') {
        *a = (struct weir_str){a->p + 1, a->len - 2};
    }
    bool dots = false;
    for (size_t i = 0; i < a->len; i++) {
        const char c = a->p[i], lower = (char)(c | 0x20);
        if (!is_digit(c) && c != '.' && c != ':' && !(lower >= 'a' && lower <= 'f')) {
            return;
        }
        dots = dots || c == '.' || c == ':';
    }
    ret->ip = dots;
}

/* scheme://domain:port/path?query; what is not there stays empty. */
static void split_url(struct weir_elb_request *r)
{
    const char *p = r->url.p, *const end = r->url.p + r->url.len;
    const char *colon = find(r->url, ':');

    if (colon != NULL && end - colon >= 3 && colon[1] == '/' && colon[2] == '/' && colon > p) {
        r->scheme = cut(p, colon);
        p = colon + 3;
        const char *stop = p;
        while (stop < end && *stop != '/' && *stop != '?') {
            stop++;
        }
        r->domain = cut(p, stop);
        colon = r->domain.len > 0 ? memrchr(p, ':', r->domain.len) : NULL;
        if (colon != NULL && !(p[0] == '[' && stop[-1] == ']')) {
            r->domain = cut(p, colon);
            r->port = is_port(cut(colon + 1, stop)) ? cut(colon + 1, stop) : r->port;
        }
        p = stop;
    } else if (p < end && *p != '/') {
        return; /* no address that one could take apart: "*", "host:443" of CONNECT */
    }
    const char *mark = find(cut(p, end), '?');
    r->path = cut(p, mark != NULL ? mark : end);
    if (mark != NULL) {
        r->query = cut(mark + 1, end);
    }
}

/* "-", and "- -" of a connection without a request, are nothing. */
static bool is_nothing(struct weir_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] != '-' && s.p[i] != ' ') {
            return false;
        }
    }
    return true;
}

void weir_elb_request_split(struct weir_str field, struct weir_elb_request *ret)
{
    const struct weir_str none = {"", 0}, http = WEIR_STR("HTTP/");
    const char *first = find(field, ' '), *end = field.p + field.len;

    *ret = (struct weir_elb_request){none, none, none, none, none, none, none, none};
    if (first == NULL) {
        ret->url = is_nothing(field) ? none : field;
        return;
    }
    const char *last = memrchr(field.p, ' ', field.len);
    ret->method = cut(field.p, first);
    if (last > first) {
        ret->url = cut(first + 1, last);
        ret->version = cut(last + 1, end);
    } else {
        ret->url = cut(first + 1, end);
    }
    ret->method = is_nothing(ret->method) ? none : ret->method;
    ret->url = is_nothing(ret->url) ? none : ret->url;
    ret->version = is_nothing(ret->version) ? none : ret->version;
    if (ret->version.len > http.len && memcmp(ret->version.p, http.p, http.len) == 0) {
        ret->version = cut(ret->version.p + http.len, end);
    }
    if (ret->url.len > 0) {
        split_url(ret);
    }
}

bool weir_elb_next(struct weir_str *rest, enum weir_elb_kind kind, struct weir_str *word)
{
    const char between = kind == WEIR_ELB_ALPN ? ',' : ' ';

    while (rest->len > 0) {
        const char *stop = find(*rest, between), *end = rest->p + rest->len;
        *word = cut(rest->p, stop != NULL ? stop : end);
        *rest = stop != NULL ? cut(stop + 1, end) : (struct weir_str){end, 0};
        if (kind == WEIR_ELB_ALPN) { /* the first and the last quote went with the field's own */
            while (word->len > 0 && word->p[0] == '"') {
                *word = (struct weir_str){word->p + 1, word->len - 1};
            }
            while (word->len > 0 && word->p[word->len - 1] == '"') {
                word->len--;
            }
        }
        if (word->len > 0) {
            return true;
        }
    }
    return false;
}
