/* AWS's own names, flat; what a line does not have is null. */
#include "handlers/elb_logs/elb_put.h"

static void flat_name(struct weir_elb_writer *w, const char *name, const char *suffix)
{
    *w->p++ = '"';
    put(w, name, strlen(name));
    put(w, suffix, strlen(suffix));
    PUT(w, "\":");
}

static void flat_text(
    struct weir_elb_writer *w, const char *name, const char *suffix, struct weir_str s)
{
    flat_name(w, name, suffix);
    if (s.len > 0) {
        put_quoted(w, s);
    } else {
        PUT(w, "null,");
    }
}

static void flat_number(
    struct weir_elb_writer *w, const char *name, const char *suffix, struct weir_str s)
{
    flat_name(w, name, suffix);
    if (s.len > 0 && s.p[0] != '-') {
        put_number(w, s);
    } else {
        PUT(w, "null,");
    }
}

static void flat_field(
    struct weir_elb_writer *w, const struct weir_elb_field *field, struct weir_str s)
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

void weir_elb_put_flat(struct weir_elb_writer *w, const struct weir_elb_line *line,
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
    put_extra(w, line);
    w->p[-1] = '}';
    *w->p++ = '\n';
}
