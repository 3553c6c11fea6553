#include "core/hostport.h"

#include <stdlib.h>
#include <string.h>

/* ":80" of the whole text; false when it is none. */
static bool read_port(const char *s, unsigned *ret)
{
    const size_t digits = strspn(s + 1, "0123456789");

    if (digits == 0 || digits > 5 || s[1 + digits] != '\0' || strtoul(s + 1, NULL, 10) > 65535) {
        return false;
    }
    *ret = (unsigned)strtoul(s + 1, NULL, 10);
    return true;
}

bool weir_hostport_parse(
    const char *text, int otherwise, struct weir_hostport *ret, const char **why)
{
    const char *bracket = text[0] == '[' ? strrchr(text, ']') : NULL;
    const char *colon = strrchr(bracket != NULL ? bracket : text, ':');
    const char *host = text;
    size_t n = colon != NULL ? (size_t)(colon - text) : strlen(text);

    *ret = (struct weir_hostport){.port = otherwise > 0 ? (unsigned)otherwise : 0};
    if (colon != NULL ? !read_port(colon, &ret->port) : otherwise < 0) {
        *why = "must end with :PORT";
        return false;
    }
    if (n >= 2 && host[0] == '[' && host[n - 1] == ']') {
        host++;
        n -= 2;
    } else if (memchr(host, ':', n) != NULL || host[0] == '[') {
        *why = "an IPv6 address stands in brackets";
        return false;
    }
    if (n >= sizeof ret->host) {
        *why = "its host is too long";
        return false;
    }
    memcpy(ret->host, host, n);
    return true;
}
