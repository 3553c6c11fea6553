#ifndef WEIR_HANDLERS_ELB_LOGS_ELB_LINE_H
#define WEIR_HANDLERS_ELB_LOGS_ELB_LINE_H

#include "core/limits.h"
#include "core/str.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * One line of a load balancer's access log, split into its fields without copying. Which format it
 * has (Classic, Application, Network Load Balancer) is seen from the line itself. Fields that AWS
 * has added since, and unknown values of `type`, are kept.
 *
 * AWS: "Access logs for your Classic Load Balancer", "... Application Load Balancer", "... Network
 * Load Balancer".
 */

enum weir_elb_format { WEIR_ELB_CLASSIC, WEIR_ELB_ALB, WEIR_ELB_NLB };

/* The fields of each format, in the line's order. */
enum {
    ELB_CLASSIC_TIME,
    ELB_CLASSIC_ELB,
    ELB_CLASSIC_CLIENT,
    ELB_CLASSIC_BACKEND,
    ELB_CLASSIC_REQUEST_TIME,
    ELB_CLASSIC_BACKEND_TIME,
    ELB_CLASSIC_RESPONSE_TIME,
    ELB_CLASSIC_STATUS,
    ELB_CLASSIC_BACKEND_STATUS,
    ELB_CLASSIC_RECEIVED,
    ELB_CLASSIC_SENT,
    ELB_CLASSIC_REQUEST,
    ELB_CLASSIC_USER_AGENT,
    ELB_CLASSIC_CIPHER,
    ELB_CLASSIC_PROTOCOL,
    ELB_CLASSIC_N
};

enum {
    ELB_ALB_TYPE,
    ELB_ALB_TIME,
    ELB_ALB_ELB,
    ELB_ALB_CLIENT,
    ELB_ALB_TARGET,
    ELB_ALB_REQUEST_TIME,
    ELB_ALB_TARGET_TIME,
    ELB_ALB_RESPONSE_TIME,
    ELB_ALB_STATUS,
    ELB_ALB_TARGET_STATUS,
    ELB_ALB_RECEIVED,
    ELB_ALB_SENT,
    ELB_ALB_REQUEST,
    ELB_ALB_USER_AGENT,
    ELB_ALB_CIPHER,
    ELB_ALB_PROTOCOL,
    ELB_ALB_TARGET_GROUP,
    ELB_ALB_TRACE_ID,
    ELB_ALB_DOMAIN,
    ELB_ALB_CERT,
    ELB_ALB_PRIORITY,
    ELB_ALB_CREATED,
    ELB_ALB_ACTIONS,
    ELB_ALB_REDIRECT_URL,
    ELB_ALB_ERROR_REASON,
    ELB_ALB_TARGET_LIST,
    ELB_ALB_TARGET_STATUS_LIST,
    ELB_ALB_CLASSIFICATION,
    ELB_ALB_CLASSIFICATION_REASON,
    ELB_ALB_CONN_TRACE_ID,
    ELB_ALB_TRANSFORMED_HOST,
    ELB_ALB_TRANSFORMED_URI,
    ELB_ALB_TRANSFORM_STATUS,
    ELB_ALB_N
};

enum {
    ELB_NLB_TYPE,
    ELB_NLB_VERSION,
    ELB_NLB_TIME,
    ELB_NLB_ELB,
    ELB_NLB_LISTENER,
    ELB_NLB_CLIENT,
    ELB_NLB_DESTINATION,
    ELB_NLB_CONNECTION_TIME,
    ELB_NLB_HANDSHAKE_TIME,
    ELB_NLB_RECEIVED,
    ELB_NLB_SENT,
    ELB_NLB_ALERT,
    ELB_NLB_CERT,
    ELB_NLB_CERT_SERIAL,
    ELB_NLB_CIPHER,
    ELB_NLB_PROTOCOL,
    ELB_NLB_NAMED_GROUP,
    ELB_NLB_DOMAIN,
    ELB_NLB_ALPN_FRONT,
    ELB_NLB_ALPN_BACK,
    ELB_NLB_ALPN_CLIENT,
    ELB_NLB_CREATED,
    ELB_NLB_N
};

/* What a field may hold; "-" is always allowed and means: nothing. */
enum weir_elb_kind {
    WEIR_ELB_TEXT,
    WEIR_ELB_TIME,     /* 2018-07-02T22:23:00.186641, with or without a Z */
    WEIR_ELB_ENDPOINT, /* address:port, split at the last colon: IPv6 comes without brackets */
    WEIR_ELB_SECONDS,  /* 0.001; -1 means: nothing */
    WEIR_ELB_COUNT,    /* digits; -1 means: nothing */
    WEIR_ELB_REQUEST,  /* METHOD URL VERSION, where the URL may hold blanks */
    WEIR_ELB_WORDS,    /* texts with blanks between them */
    WEIR_ELB_ALPN,     /* "h2","http/1.1" */
};

struct weir_elb_field {
    const char *name; /* AWS's name */
    enum weir_elb_kind kind;
};

struct weir_elb_line {
    enum weir_elb_format format;
    const struct weir_elb_field *spec; /* of the known fields */
    size_t known;                      /* entries of spec */
    size_t n;                          /* fields in the line */
    bool plain;                        /* every field stands for itself in a JSON string */
    struct weir_str fields[WEIR_ELB_FIELDS_MAX]; /* without their quotes; into the line */
};

/**
 * weir_elb_line_parse: split a line.
 *
 * p, len  without its line end; not changed, and to outlive *ret
 *
 * Returns NULL with *ret filled, or why the line is no access log line: a static text for people,
 * without any of the line's bytes. Allocates nothing; any thread.
 */
const char *weir_elb_line_parse(const char *p, size_t len, struct weir_elb_line *ret);

/** weir_elb_line_get: field i; empty when the line has fewer fields or the field is "-". */
static inline struct weir_str weir_elb_line_get(const struct weir_elb_line *line, size_t i)
{
    const struct weir_str none = {"", 0};

    if (i >= line->n || (line->fields[i].len == 1 && line->fields[i].p[0] == '-')) {
        return none;
    }
    return line->fields[i];
}

/*
 * What is inside of fields. Empty parts are those that are not there.
 */

struct weir_elb_endpoint {
    struct weir_str address, port; /* port: digits, or empty; address without [ ] */
    bool ip;                       /* the address looks like one, by its characters */
};

/** weir_elb_endpoint_split: "192.0.2.1:80", "2001:db8::1:80". */
void weir_elb_endpoint_split(struct weir_str field, struct weir_elb_endpoint *ret);

struct weir_elb_request {
    struct weir_str method, url, version; /* of the request line; version without "HTTP/" */
    struct weir_str scheme, domain, port, path, query;
};

/** weir_elb_request_split: a request line, and its URL. Malformed ones have fewer parts. */
void weir_elb_request_split(struct weir_str field, struct weir_elb_request *ret);

/** weir_elb_next: take the next word of *rest, which are separated by blanks (or, for ALPN lists,
 *  by commas, each word in quotes). False at the end. */
bool weir_elb_next(struct weir_str *rest, enum weir_elb_kind kind, struct weir_str *word);

#endif
