#ifndef WEIR_CLI_LOCAL_FORM_H
#define WEIR_CLI_LOCAL_FORM_H

#include "aws/sigv4.h"
#include "cli/local/policy.h"
#include "core/err.h"
#include "net/loop.h"

#include <microhttpd.h>
#include <stddef.h>
#include <stdint.h>

/*
 * An upload by form (multipart/form-data), as it comes in: the fields are collected, judged when
 * the file begins (policy.h), and the file goes to the directory store as it comes, hidden until
 * all of the form was good. A form that is refused is read to its end and dropped, because clients
 * look at the answer only then.
 */
struct weir_form;

struct weir_form_opts {
    struct weir_loop *loop;
    const struct weir_sigv4_key *key; /* whose forms are good */
    const char *store;                /* folder of the buckets */
    const char *bucket;               /* of the URL; exists */
    int64_t now_s;                    /* Unix seconds */
};

/** weir_form_new: opts and what it points to are borrowed. Returns it (weir_form_free), or NULL
 * when the request has no such body, or without memory. */
struct weir_form *weir_form_new(
    struct MHD_Connection *connection, const struct weir_form_opts *opts);

/** weir_form_data: the next bytes of the body. */
void weir_form_data(struct weir_form *form, const char *p, size_t n);

/**
 * weir_form_end: the body is complete: publish the file.
 *
 * Returns 0 with *policy filled, its key being the object that is there now, or -1 with *why
 * filled and nothing published.
 */
int weir_form_end(
    struct weir_form *form, struct weir_policy *policy, struct weir_policy_refusal *why);

/** weir_form_free: in any state; what was not published is gone. Accepts NULL. */
void weir_form_free(struct weir_form *form);

#endif
