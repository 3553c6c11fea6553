#include "cli/local/asker.h"

#include "core/limits.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_ours(const char *host, const char *const *hosts, size_t hosts_n)
{
    char name[WEIR_HOST_BYTES];
    struct in6_addr address;
    size_t n = strcspn(host, ":");

    if (host[0] == '[') {
        n = strcspn(host, "]");
        if (n < 2 || host[n] != ']' || n - 1 >= sizeof name) {
            return false;
        }
        (void)snprintf(name, sizeof name, "%.*s", (int)n - 1, host + 1);
        return inet_pton(AF_INET6, name, &address) == 1;
    }
    if (n == 0 || n >= sizeof name) {
        return false;
    }
    (void)snprintf(name, sizeof name, "%.*s", (int)n, host);
    /* Rebinding takes a name: an address as such cannot be made to mean another one. */
    if (inet_pton(AF_INET, name, &address) == 1 || strcasecmp(name, "localhost") == 0) {
        return true;
    }
    for (size_t i = 0; i < hosts_n; i++) {
        if (strcasecmp(name, hosts[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_own_page(const char *origin, const char *host)
{
    if (strncasecmp(origin, "http://", 7) == 0) {
        return strcasecmp(origin + 7, host) == 0;
    }
    return strncasecmp(origin, "https://", 8) == 0 && strcasecmp(origin + 8, host) == 0;
}

const char *weir_asker_objection(
    const struct weir_asker *asker, const char *const *hosts, size_t hosts_n)
{
    if (asker->host == NULL || !is_ours(asker->host, hosts, hosts_n)) {
        return "this name is not one of ours; --host NAME allows it";
    }
    if (strcmp(asker->method, "POST") != 0) {
        return NULL;
    }
    if ((asker->origin != NULL && !is_own_page(asker->origin, asker->host)) ||
        (asker->site != NULL && strcasecmp(asker->site, "same-origin") != 0 &&
            strcasecmp(asker->site, "none") != 0)) {
        return "a page of another origin must not do this";
    }
    return NULL;
}
