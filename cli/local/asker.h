#ifndef WEIR_CLI_LOCAL_ASKER_H
#define WEIR_CLI_LOCAL_ASKER_H

#include <stddef.h>

/*
 * Who asks: what keeps the pages of others in the user's browser away from a service on his machine
 * that has no passwords.
 */
struct weir_asker {
    const char *method;
    const char *host, *origin, *site; /* headers: Host, Origin, Sec-Fetch-Site; NULL: not sent */
};

/**
 * weir_asker_objection: NULL, or why the request is not answered: its Host is not one of ours (an
 * address, localhost, a name in the list; with any port), which is how a name is rebound to us; or
 * it is a POST of a page that this Host has not served.
 */
const char *weir_asker_objection(
    const struct weir_asker *asker, const char *const *hosts, size_t hosts_n);

#endif
