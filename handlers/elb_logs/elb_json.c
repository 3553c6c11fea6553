#include "handlers/elb_logs/elb_json.h"

#include "json/quote.h"

#include <openssl/evp.h>
#include <stdio.h>

/*
 * Objects are opened before it is known whether anything is inside; an empty
 * one is taken back. Each member ends with a comma, which the end of its object
 * replaces.
 */
struct writer {
    char *p;
    bool plain; /* no text needs an escape */
};

struct object {
    char *name, *inside;
};

/* Most values are short: not worth a call of memcpy. */
static inline __attribute__((always_inline)) void put(struct writer *w, const char *p, size_t n)
{
    if (__builtin_constant_p(n) || n > 16) {
        memcpy(w->p, p, n);
    } else if (n >= 8) { /* two moves that overlap */
        memcpy(w->p, p, 8);
        memcpy(w->p + n - 8, p + n - 8, 8);
    } else if (n >= 4) {
        memcpy(w->p, p, 4);
        memcpy(w->p + n - 4, p + n - 4, 4);
    } else {
        for (size_t i = 0; i < n; i++) {
            w->p[i] = p[i];
        }
    }
    w->p += n;
}

/* The names are literals: copies of a length that is known are a few moves, but
 * only where the compiler sees the length. */
#define INLINE static inline __attribute__((always_inline))

#define PUT(w, literal) put((w), (literal), sizeof(literal) - 1)

INLINE struct object open_object(struct writer *w, const char *name, size_t n)
{
    struct object o = {.name = w->p};

    put(w, name, n);
    o.inside = w->p;
    return o;
}

/* name: with its quotes, colon and brace */
#define OPEN(w, name) open_object((w), (name), sizeof(name) - 1)

static inline void close_object(struct writer *w, struct object o)
{
    if (w->p == o.inside) {
        w->p = o.name;
        return;
    }
    w->p[-1] = '}';
    *w->p++ = ',';
}

static inline void put_quoted(struct writer *w, struct weir_str s)
{
    if (w->plain) {
        *w->p++ = '"';
        put(w, s.p, s.len);
        *w->p++ = '"';
    } else {
        w->p = weir_json_quote_at(w->p, s.p, s.len);
    }
    *w->p++ = ',';
}

/* The members below are left out when there is nothing to say. name: with its
 * quotes and colon. */

INLINE void text_named(struct writer *w, const char *name, size_t n, struct weir_str s)
{
    if (s.len > 0) {
        put(w, name, n);
        put_quoted(w, s);
    }
}
#define TEXT(w, name, s) text_named((w), (name), sizeof(name) - 1, (s))

/* A number of the line's grammar as JSON's: no zeros before it. */
static void put_number(struct writer *w, struct weir_str s)
{
    while (s.len > 1 && s.p[0] == '0' && s.p[1] != '.') {
        s = (struct weir_str){s.p + 1, s.len - 1};
    }
    put(w, s.p, s.len);
    *w->p++ = ',';
}

INLINE void number_named(struct writer *w, const char *name, size_t n, struct weir_str s)
{
    if (s.len > 0 && s.p[0] != '-') { /* -1: nothing */
        put(w, name, n);
        put_number(w, s);
    }
}
#define NUMBER(w, name, s) number_named((w), (name), sizeof(name) - 1, (s))

static void put_time(struct writer *w, struct weir_str s)
{
    *w->p++ = '"';
    put(w, s.p, s.len);
    if (s.p[s.len - 1] != 'Z') {
        *w->p++ = 'Z'; /* the Network Load Balancer's are UTC as well */
    }
    PUT(w, "\",");
}

INLINE void time_named(struct writer *w, const char *name, size_t n, struct weir_str s)
{
    if (s.len > 0) {
        put(w, name, n);
        put_time(w, s);
    }
}
#define TIME(w, name, s) time_named((w), (name), sizeof(name) - 1, (s))

static void put_words(struct writer *w, struct weir_str s, enum weir_elb_kind kind)
{
    struct weir_str word;

    *w->p++ = '[';
    while (weir_elb_next(&s, kind, &word)) {
        w->p = weir_json_quote_at(w->p, word.p, word.len);
        *w->p++ = ',';
    }
    w->p -= w->p[-1] == ',';
    PUT(w, "],");
}

INLINE void words_named(
    struct writer *w, const char *name, size_t n, struct weir_str s, enum weir_elb_kind kind)
{
    if (s.len > 0) {
        put(w, name, n);
        put_words(w, s, kind);
    }
}
#define WORDS(w, name, s, kind) words_named((w), (name), sizeof(name) - 1, (s), (kind))

static void put_id(struct writer *w, const struct weir_elb_origin *origin, uint64_t offset)
{
    char digits[24], *p = digits + sizeof digits;

    /* At least twelve digits, so that ids of a file sort as its lines do. */
    for (uint64_t left = offset; left > 0 || digits + sizeof digits - p < 12; left /= 10) {
        *--p = (char)('0' + left % 10);
    }
    PUT(w, "\"id\":\"");
    put(w, origin->id, WEIR_ELB_ID_BYTES);
    *w->p++ = '-';
    put(w, p, (size_t)(digits + sizeof digits - p));
    PUT(w, "\",");
}

/* ---- Elastic Common Schema ---- */

static const struct weir_str none = {"", 0};

#define GET(i) weir_elb_line_get(line, (i))

static void ecs_begin(struct writer *w, struct weir_str time, struct weir_str created,
    const struct weir_elb_origin *origin, uint64_t offset)
{
    *w->p++ = '{';
    TIME(w, "\"@timestamp\":", time);
    PUT(w, "\"ecs\":{\"version\":\"8.11.0\"},\"event\":{");
    put_id(w, origin, offset);
    PUT(w, "\"kind\":\"event\",\"dataset\":\"aws.elb\",");
    TIME(w, "\"start\":", created);
    w->p[-1] = '}';
    *w->p++ = ',';
}

/* The members of an address, in an object that is open. */
static void ecs_endpoint(struct writer *w, struct weir_str field)
{
    struct weir_elb_endpoint e;

    if (field.len == 0) {
        return;
    }
    weir_elb_endpoint_split(field, &e);
    if (e.ip) {
        TEXT(w, "\"ip\":", e.address);
    } else {
        TEXT(w, "\"address\":", e.address);
    }
    NUMBER(w, "\"port\":", e.port);
}

static void ecs_http(struct writer *w, const struct weir_elb_request *request,
    struct weir_str status, struct weir_str received, struct weir_str sent)
{
    struct object http = OPEN(w, "\"http\":{"), part = OPEN(w, "\"request\":{");

    TEXT(w, "\"method\":", request->method);
    NUMBER(w, "\"bytes\":", received);
    close_object(w, part);
    part = OPEN(w, "\"response\":{");
    NUMBER(w, "\"status_code\":", status);
    NUMBER(w, "\"bytes\":", sent);
    close_object(w, part);
    TEXT(w, "\"version\":", request->version);
    close_object(w, http);

    struct object url = OPEN(w, "\"url\":{");
    TEXT(w, "\"original\":", request->url);
    TEXT(w, "\"scheme\":", request->scheme);
    TEXT(w, "\"domain\":", request->domain);
    NUMBER(w, "\"port\":", request->port);
    TEXT(w, "\"path\":", request->path);
    TEXT(w, "\"query\":", request->query);
    close_object(w, url);
}

static void ecs_agent(struct writer *w, struct weir_str agent)
{
    struct object o = OPEN(w, "\"user_agent\":{");

    TEXT(w, "\"original\":", agent);
    close_object(w, o);
}

/* "TLSv1.2", and "tlsv12" of the Network Load Balancer. In an object that is
 * open. */
static void ecs_tls_version(struct writer *w, struct weir_str protocol)
{
    const char *p = protocol.p;

    if (protocol.len < 5 || (p[0] | 0x20) != 't' || (p[1] | 0x20) != 'l' || (p[2] | 0x20) != 's' ||
        (p[3] | 0x20) != 'v') {
        TEXT(w, "\"version\":", protocol);
        return;
    }
    struct weir_str version = {p + 4, protocol.len - 4};
    const char dotted[3] = {version.p[0], '.', version.p[version.len - 1]};
    if (version.len == 2) {
        version = (struct weir_str){dotted, sizeof dotted};
    }
    TEXT(w, "\"version\":", version);
    PUT(w, "\"version_protocol\":\"tls\",");
}

static void ecs_tls(
    struct writer *w, struct weir_str cipher, struct weir_str protocol, struct weir_str name)
{
    struct object tls = OPEN(w, "\"tls\":{");

    TEXT(w, "\"cipher\":", cipher);
    ecs_tls_version(w, protocol);
    struct object client = OPEN(w, "\"client\":{");
    TEXT(w, "\"server_name\":", name);
    close_object(w, client);
    close_object(w, tls);
}

/* What AWS has added since. */
static void ecs_extra(struct writer *w, const struct weir_elb_line *line)
{
    if (line->n <= line->known) {
        return;
    }
    PUT(w, "\"extra_fields\":[");
    for (size_t i = line->known; i < line->n; i++) {
        w->p = weir_json_quote_at(w->p, line->fields[i].p, line->fields[i].len);
        *w->p++ = ',';
    }
    w->p[-1] = ']';
    *w->p++ = ',';
}

INLINE void ecs_seconds(struct writer *w, const char *name, size_t n, struct weir_str s)
{
    struct object o = open_object(w, name, n);

    NUMBER(w, "\"sec\":", s);
    close_object(w, o);
}
#define SECONDS(w, name, s) ecs_seconds((w), (name), sizeof(name) - 1, (s))

/* What Classic and Application Load Balancer say of the other side. */
static void ecs_backend(struct writer *w, struct weir_str endpoint, struct weir_str status)
{
    struct object backend = OPEN(w, "\"backend\":{");

    ecs_endpoint(w, endpoint);
    struct object http = OPEN(w, "\"http\":{"), response = OPEN(w, "\"response\":{");
    NUMBER(w, "\"status_code\":", status);
    close_object(w, response);
    close_object(w, http);
    close_object(w, backend);
}

static void ecs_source(struct writer *w, struct weir_str client)
{
    struct object source = OPEN(w, "\"source\":{");

    ecs_endpoint(w, client);
    close_object(w, source);
}

static void ecs_classic(struct writer *w, const struct weir_elb_line *line)
{
    struct weir_elb_request request;

    weir_elb_request_split(GET(ELB_CLASSIC_REQUEST), &request);
    ecs_source(w, GET(ELB_CLASSIC_CLIENT));
    ecs_http(
        w, &request, GET(ELB_CLASSIC_STATUS), GET(ELB_CLASSIC_RECEIVED), GET(ELB_CLASSIC_SENT));
    ecs_agent(w, GET(ELB_CLASSIC_USER_AGENT));
    ecs_tls(w, GET(ELB_CLASSIC_CIPHER), GET(ELB_CLASSIC_PROTOCOL), none);
    PUT(w, "\"aws\":{\"elb\":{\"type\":\"classic\",");
    TEXT(w, "\"name\":", GET(ELB_CLASSIC_ELB));
    ecs_backend(w, GET(ELB_CLASSIC_BACKEND), GET(ELB_CLASSIC_BACKEND_STATUS));
    SECONDS(w, "\"request_processing_time\":{", GET(ELB_CLASSIC_REQUEST_TIME));
    SECONDS(w, "\"backend_processing_time\":{", GET(ELB_CLASSIC_BACKEND_TIME));
    SECONDS(w, "\"response_processing_time\":{", GET(ELB_CLASSIC_RESPONSE_TIME));
}

static void ecs_alb(struct writer *w, const struct weir_elb_line *line)
{
    struct weir_elb_request request;
    struct object o;

    weir_elb_request_split(GET(ELB_ALB_REQUEST), &request);
    ecs_source(w, GET(ELB_ALB_CLIENT));
    ecs_http(w, &request, GET(ELB_ALB_STATUS), GET(ELB_ALB_RECEIVED), GET(ELB_ALB_SENT));
    ecs_agent(w, GET(ELB_ALB_USER_AGENT));
    ecs_tls(w, GET(ELB_ALB_CIPHER), GET(ELB_ALB_PROTOCOL), GET(ELB_ALB_DOMAIN));
    PUT(w, "\"aws\":{\"elb\":{");
    TEXT(w, "\"type\":", GET(ELB_ALB_TYPE));
    TEXT(w, "\"name\":", GET(ELB_ALB_ELB));
    ecs_backend(w, GET(ELB_ALB_TARGET), GET(ELB_ALB_TARGET_STATUS));
    SECONDS(w, "\"request_processing_time\":{", GET(ELB_ALB_REQUEST_TIME));
    SECONDS(w, "\"backend_processing_time\":{", GET(ELB_ALB_TARGET_TIME));
    SECONDS(w, "\"response_processing_time\":{", GET(ELB_ALB_RESPONSE_TIME));
    o = OPEN(w, "\"target_group\":{");
    TEXT(w, "\"arn\":", GET(ELB_ALB_TARGET_GROUP));
    close_object(w, o);
    TEXT(w, "\"trace_id\":", GET(ELB_ALB_TRACE_ID));
    o = OPEN(w, "\"chosen_cert\":{");
    TEXT(w, "\"arn\":", GET(ELB_ALB_CERT));
    close_object(w, o);
    NUMBER(w, "\"matched_rule_priority\":", GET(ELB_ALB_PRIORITY));
    TEXT(w, "\"action_executed\":", GET(ELB_ALB_ACTIONS));
    TEXT(w, "\"redirect_url\":", GET(ELB_ALB_REDIRECT_URL));
    o = OPEN(w, "\"error\":{");
    TEXT(w, "\"reason\":", GET(ELB_ALB_ERROR_REASON));
    close_object(w, o);
    WORDS(w, "\"target_port\":", GET(ELB_ALB_TARGET_LIST), WEIR_ELB_WORDS);
    WORDS(w, "\"target_status_code\":", GET(ELB_ALB_TARGET_STATUS_LIST), WEIR_ELB_WORDS);
    TEXT(w, "\"classification\":", GET(ELB_ALB_CLASSIFICATION));
    TEXT(w, "\"classification_reason\":", GET(ELB_ALB_CLASSIFICATION_REASON));
    TEXT(w, "\"conn_trace_id\":", GET(ELB_ALB_CONN_TRACE_ID));
    TEXT(w, "\"transformed_host\":", GET(ELB_ALB_TRANSFORMED_HOST));
    TEXT(w, "\"transformed_uri\":", GET(ELB_ALB_TRANSFORMED_URI));
    TEXT(w, "\"request_transform_status\":", GET(ELB_ALB_TRANSFORM_STATUS));
}

static void ecs_nlb_tls(struct writer *w, const struct weir_elb_line *line)
{
    struct object tls = OPEN(w, "\"tls\":{");

    TEXT(w, "\"cipher\":", GET(ELB_NLB_CIPHER));
    ecs_tls_version(w, GET(ELB_NLB_PROTOCOL));
    TEXT(w, "\"curve\":", GET(ELB_NLB_NAMED_GROUP));
    struct weir_str list = GET(ELB_NLB_ALPN_FRONT), word;
    if (weir_elb_next(&list, WEIR_ELB_ALPN, &word)) {
        PUT(w, "\"next_protocol\":");
        w->p = weir_json_quote_at(w->p, word.p, word.len);
        *w->p++ = ',';
    }
    struct object client = OPEN(w, "\"client\":{");
    TEXT(w, "\"server_name\":", GET(ELB_NLB_DOMAIN));
    close_object(w, client);
    close_object(w, tls);
}

static void ecs_nlb(struct writer *w, const struct weir_elb_line *line)
{
    struct object o = OPEN(w, "\"source\":{");

    ecs_endpoint(w, GET(ELB_NLB_CLIENT));
    NUMBER(w, "\"bytes\":", GET(ELB_NLB_RECEIVED));
    close_object(w, o);
    o = OPEN(w, "\"destination\":{");
    ecs_endpoint(w, GET(ELB_NLB_DESTINATION));
    NUMBER(w, "\"bytes\":", GET(ELB_NLB_SENT));
    close_object(w, o);
    ecs_nlb_tls(w, line);
    PUT(w, "\"aws\":{\"elb\":{");
    TEXT(w, "\"type\":", GET(ELB_NLB_TYPE));
    TEXT(w, "\"version\":", GET(ELB_NLB_VERSION));
    TEXT(w, "\"name\":", GET(ELB_NLB_ELB));
    TEXT(w, "\"listener\":", GET(ELB_NLB_LISTENER));
    o = OPEN(w, "\"connection_time\":{");
    NUMBER(w, "\"ms\":", GET(ELB_NLB_CONNECTION_TIME));
    close_object(w, o);
    o = OPEN(w, "\"tls_handshake_time\":{");
    NUMBER(w, "\"ms\":", GET(ELB_NLB_HANDSHAKE_TIME));
    close_object(w, o);
    TEXT(w, "\"incoming_tls_alert\":", GET(ELB_NLB_ALERT));
    o = OPEN(w, "\"chosen_cert\":{");
    TEXT(w, "\"arn\":", GET(ELB_NLB_CERT));
    TEXT(w, "\"serial\":", GET(ELB_NLB_CERT_SERIAL));
    close_object(w, o);
    WORDS(w, "\"alpn_fe_protocol\":", GET(ELB_NLB_ALPN_FRONT), WEIR_ELB_ALPN);
    WORDS(w, "\"alpn_be_protocol\":", GET(ELB_NLB_ALPN_BACK), WEIR_ELB_ALPN);
    WORDS(w, "\"alpn_client_preference_list\":", GET(ELB_NLB_ALPN_CLIENT), WEIR_ELB_ALPN);
}

static void ecs_line(struct writer *w, const struct weir_elb_line *line,
    const struct weir_elb_origin *origin, uint64_t offset)
{
    switch (line->format) {
    case WEIR_ELB_CLASSIC:
        ecs_begin(w, GET(ELB_CLASSIC_TIME), none, origin, offset);
        ecs_classic(w, line);
        break;
    case WEIR_ELB_ALB:
        ecs_begin(w, GET(ELB_ALB_TIME), GET(ELB_ALB_CREATED), origin, offset);
        ecs_alb(w, line);
        break;
    case WEIR_ELB_NLB:
        ecs_begin(w, GET(ELB_NLB_TIME), GET(ELB_NLB_CREATED), origin, offset);
        ecs_nlb(w, line);
        break;
    }
    ecs_extra(w, line);
    w->p--;
    PUT(w, "}}}\n");
}

/* ---- AWS's names ---- */

static void flat_name(struct writer *w, const char *name, const char *suffix)
{
    *w->p++ = '"';
    put(w, name, strlen(name));
    put(w, suffix, strlen(suffix));
    PUT(w, "\":");
}

static void flat_text(struct writer *w, const char *name, const char *suffix, struct weir_str s)
{
    flat_name(w, name, suffix);
    if (s.len > 0) {
        put_quoted(w, s);
    } else {
        PUT(w, "null,");
    }
}

static void flat_number(struct writer *w, const char *name, const char *suffix, struct weir_str s)
{
    flat_name(w, name, suffix);
    if (s.len > 0 && s.p[0] != '-') {
        put_number(w, s);
    } else {
        PUT(w, "null,");
    }
}

static void flat_field(struct writer *w, const struct weir_elb_field *field, struct weir_str s)
{
    struct weir_elb_endpoint endpoint = {0};
    struct weir_elb_request request;

    switch (field->kind) {
    case WEIR_ELB_TEXT:
        flat_text(w, field->name, "", s);
        break;
    case WEIR_ELB_SECONDS:
    case WEIR_ELB_COUNT:
        flat_number(w, field->name, "", s);
        break;
    case WEIR_ELB_ENDPOINT:
        weir_elb_endpoint_split(s, &endpoint);
        flat_text(w, field->name, "_ip", endpoint.address);
        flat_number(w, field->name, "_port", endpoint.port);
        break;
    case WEIR_ELB_REQUEST:
        weir_elb_request_split(s, &request);
        flat_text(w, field->name, "", s);
        flat_text(w, field->name, "_verb", request.method);
        flat_text(w, field->name, "_url", request.url);
        flat_text(w, field->name, "_proto", request.version);
        break;
    case WEIR_ELB_TIME:
    case WEIR_ELB_WORDS:
    case WEIR_ELB_ALPN:
        flat_name(w, field->name, "");
        if (s.len == 0) {
            PUT(w, "null,");
        } else if (field->kind == WEIR_ELB_TIME) {
            put_time(w, s);
        } else {
            put_words(w, s, field->kind);
        }
        break;
    }
}

static void flat_line(struct writer *w, const struct weir_elb_line *line,
    const struct weir_elb_origin *origin, uint64_t offset)
{
    static const size_t time_at[] = {[WEIR_ELB_CLASSIC] = ELB_CLASSIC_TIME,
        [WEIR_ELB_ALB] = ELB_ALB_TIME,
        [WEIR_ELB_NLB] = ELB_NLB_TIME};

    *w->p++ = '{';
    TIME(w, "\"@timestamp\":", GET(time_at[line->format]));
    PUT(w, "\"event\":{");
    put_id(w, origin, offset);
    w->p[-1] = '}';
    *w->p++ = ',';
    for (size_t i = 0; i < line->n && i < line->known; i++) {
        flat_field(w, &line->spec[i], GET(i));
    }
    ecs_extra(w, line);
    w->p[-1] = '}';
    *w->p++ = '\n';
}

/* ---- */

int weir_elb_origin_set(
    struct weir_elb_origin *ret, const struct weir_elb_log *log, struct weir_err *err)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char hash[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    int rc = -1;

    /* The NULs are hashed, too, so that no two triples are the same text. */
    if (md == NULL || EVP_DigestInit_ex(md, EVP_sha256(), NULL) != 1 ||
        EVP_DigestUpdate(md, log->bucket, strlen(log->bucket) + 1) != 1 ||
        EVP_DigestUpdate(md, log->key, strlen(log->key) + 1) != 1 ||
        EVP_DigestUpdate(md, log->etag, strlen(log->etag) + 1) != 1 ||
        EVP_DigestFinal_ex(md, hash, NULL) != 1) {
        weir_err_set(err, WEIR_E_NOMEM, "elb-logs: SHA-256 is not to be had");
        goto out;
    }
    for (size_t i = 0; i < WEIR_ELB_ID_BYTES; i++) {
        ret->id[i] = hex[i % 2 == 0 ? hash[i / 2] >> 4 : hash[i / 2] & 15];
    }
    ret->id[WEIR_ELB_ID_BYTES] = '\0';
    (void)snprintf(ret->place, sizeof ret->place, "%s", log->place);
    rc = 0;
out:
    EVP_MD_CTX_free(md);
    return rc;
}

char *weir_elb_json_line(char *to, const struct weir_elb_line *line, enum weir_elb_names names,
    const struct weir_elb_origin *origin, uint64_t offset)
{
    struct writer w = {.p = to, .plain = line->plain};

    if (names == WEIR_ELB_NAMES_ECS) {
        ecs_line(&w, line, origin, offset);
    } else {
        flat_line(&w, line, origin, offset);
    }
    return w.p;
}

char *weir_elb_json_reject(char *to, const char *p, size_t len, const char *why,
    const struct weir_elb_origin *origin, uint64_t offset)
{
    struct writer w = {.p = to};

    PUT(&w, "{\"message\":");
    put_quoted(&w, (struct weir_str){p, len});
    PUT(&w, "\"tags\":[\"_elbparsefailure\"],\"error\":{\"message\":");
    w.p = weir_json_quote_at(w.p, why, strlen(why));
    PUT(&w, "},\"event\":{");
    put_id(&w, origin, offset);
    PUT(&w, "\"kind\":\"pipeline_error\",\"dataset\":\"aws.elb\"},\"log\":{"
            "\"file\":{\"path\":");
    w.p = weir_json_quote_at(w.p, origin->place, strlen(origin->place));
    PUT(&w, "},\"offset\":");
    w.p += snprintf(w.p, 24, "%llu", (unsigned long long)offset);
    PUT(&w, "}}\n");
    return w.p;
}
