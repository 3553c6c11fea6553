/* The names of the Elastic Common Schema, nested; what a line does not have is left out. */
#include "handlers/elb_logs/elb_put.h"

static const struct weir_str none = {"", 0};

static void ecs_begin(struct weir_elb_writer *w, struct weir_str time, struct weir_str created,
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
static void ecs_endpoint(struct weir_elb_writer *w, struct weir_str field)
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

static void ecs_http(struct weir_elb_writer *w, const struct weir_elb_request *request,
    struct weir_str status, struct weir_str received, struct weir_str sent)
{
    struct weir_elb_object http = OPEN(w, "\"http\":{"), part = OPEN(w, "\"request\":{");

    TEXT(w, "\"method\":", request->method);
    NUMBER(w, "\"bytes\":", received);
    close_object(w, part);
    part = OPEN(w, "\"response\":{");
    NUMBER(w, "\"status_code\":", status);
    NUMBER(w, "\"bytes\":", sent);
    close_object(w, part);
    TEXT(w, "\"version\":", request->version);
    close_object(w, http);

    struct weir_elb_object url = OPEN(w, "\"url\":{");
    TEXT(w, "\"original\":", request->url);
    TEXT(w, "\"scheme\":", request->scheme);
    TEXT(w, "\"domain\":", request->domain);
    NUMBER(w, "\"port\":", request->port);
    TEXT(w, "\"path\":", request->path);
    TEXT(w, "\"query\":", request->query);
    close_object(w, url);
}

static void ecs_agent(struct weir_elb_writer *w, struct weir_str agent)
{
    struct weir_elb_object o = OPEN(w, "\"user_agent\":{");

    TEXT(w, "\"original\":", agent);
    close_object(w, o);
}

/* "TLSv1.2", and "tlsv12" of the Network Load Balancer. In an object that is open. */
static void ecs_tls_version(struct weir_elb_writer *w, struct weir_str protocol)
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

static void ecs_tls(struct weir_elb_writer *w, struct weir_str cipher, struct weir_str protocol,
    struct weir_str name)
{
    struct weir_elb_object tls = OPEN(w, "\"tls\":{");

    TEXT(w, "\"cipher\":", cipher);
    ecs_tls_version(w, protocol);
    struct weir_elb_object client = OPEN(w, "\"client\":{");
    TEXT(w, "\"server_name\":", name);
    close_object(w, client);
    close_object(w, tls);
}

INLINE void ecs_seconds(struct weir_elb_writer *w, const char *name, size_t n, struct weir_str s)
{
    struct weir_elb_object o = open_object(w, name, n);

    NUMBER(w, "\"sec\":", s);
    close_object(w, o);
}
#define SECONDS(w, name, s) ecs_seconds((w), (name), sizeof(name) - 1, (s))

/* What Classic and Application Load Balancer say of the other side. */
static void ecs_backend(struct weir_elb_writer *w, struct weir_str endpoint, struct weir_str status)
{
    struct weir_elb_object backend = OPEN(w, "\"backend\":{");

    ecs_endpoint(w, endpoint);
    struct weir_elb_object http = OPEN(w, "\"http\":{"), response = OPEN(w, "\"response\":{");
    NUMBER(w, "\"status_code\":", status);
    close_object(w, response);
    close_object(w, http);
    close_object(w, backend);
}

static void ecs_source(struct weir_elb_writer *w, struct weir_str client)
{
    struct weir_elb_object source = OPEN(w, "\"source\":{");

    ecs_endpoint(w, client);
    close_object(w, source);
}

static void ecs_classic(struct weir_elb_writer *w, const struct weir_elb_line *line)
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

static void ecs_alb(struct weir_elb_writer *w, const struct weir_elb_line *line)
{
    struct weir_elb_request request;
    struct weir_elb_object o;

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

static void ecs_nlb_tls(struct weir_elb_writer *w, const struct weir_elb_line *line)
{
    struct weir_elb_object tls = OPEN(w, "\"tls\":{");

    TEXT(w, "\"cipher\":", GET(ELB_NLB_CIPHER));
    ecs_tls_version(w, GET(ELB_NLB_PROTOCOL));
    TEXT(w, "\"curve\":", GET(ELB_NLB_NAMED_GROUP));
    struct weir_str list = GET(ELB_NLB_ALPN_FRONT), word;
    if (weir_elb_next(&list, WEIR_ELB_ALPN, &word)) {
        PUT(w, "\"next_protocol\":");
        w->p = weir_json_quote_at(w->p, word.p, word.len);
        *w->p++ = ',';
    }
    struct weir_elb_object client = OPEN(w, "\"client\":{");
    TEXT(w, "\"server_name\":", GET(ELB_NLB_DOMAIN));
    close_object(w, client);
    close_object(w, tls);
}

static void ecs_nlb(struct weir_elb_writer *w, const struct weir_elb_line *line)
{
    struct weir_elb_object o = OPEN(w, "\"source\":{");

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

void weir_elb_put_ecs(struct weir_elb_writer *w, const struct weir_elb_line *line,
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
    put_extra(w, line);
    w->p--;
    PUT(w, "}}}\n");
}
