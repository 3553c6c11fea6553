#include "net/look_up.h"

#include "net/loop_priv.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/*
 * libcurl has no call for a look-up alone. But it asks the program for the socket of each address
 * that it is going to try; whoever notes the address and gives none has seen them all, and nothing
 * was connected.
 */

static void add(struct weir_addresses *ret, const void *to, size_t len)
{
    if (ret->n < WEIR_ADDRESSES_MAX && len <= sizeof ret->at[0].to) {
        struct weir_address *a = &ret->at[ret->n++];
        memcpy(&a->to, to, len);
        a->len = (socklen_t)len;
    }
}

/* An address of IPv6, with the zone that one of a link needs: fe80::1%eth0. */
static bool read_v6(const char *host, struct sockaddr_in6 *ret)
{
    const size_t n = strcspn(host, "%");
    char text[INET6_ADDRSTRLEN];

    if (n >= sizeof text) {
        return false;
    }
    memcpy(text, host, n);
    text[n] = '\0';
    if (host[n] == '%') {
        ret->sin6_scope_id = if_nametoindex(host + n + 1);
        if (ret->sin6_scope_id == 0) {
            return false;
        }
    }
    return inet_pton(AF_INET6, text, &ret->sin6_addr) == 1;
}

bool weir_addresses_add(struct weir_addresses *ret, const char *host, unsigned port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    const size_t before = ret->n;

    if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
        add(ret, &v4, sizeof v4);
    } else if (read_v6(host, &v6)) {
        add(ret, &v6, sizeof v6);
    }
    return ret->n > before;
}

static curl_socket_t on_address(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
    if (purpose == CURLSOCKTYPE_IPCXN) {
        add(ctx, &a->addr, a->addrlen);
    }
    return CURL_SOCKET_BAD;
}

/* Told in parts, so that no character of the host can be taken for one of a URL. */
static bool set_url(CURLU *url, const char *host, unsigned port)
{
    char digits[16];

    (void)snprintf(digits, sizeof digits, "%u", port);
    return curl_url_set(url, CURLUPART_SCHEME, "http", 0) == CURLUE_OK &&
           curl_url_set(url, CURLUPART_HOST, host, 0) == CURLUE_OK &&
           curl_url_set(url, CURLUPART_PORT, digits, 0) == CURLUE_OK;
}

#define SET(option, value) WEIR_CURL_SET(rc, easy, option, value)

int weir_look_up(const char *host, unsigned port, struct weir_addresses *ret, struct weir_err *err)
{
    CURL *easy = NULL;
    CURLU *url = NULL;
    CURLcode rc = CURLE_OUT_OF_MEMORY;

    ret->n = 0;
    if (weir_addresses_add(ret, host, port)) {
        return 0;
    }
    if (weir_curl_init(err) != 0) {
        return -1;
    }
    easy = curl_easy_init();
    url = curl_url();
    if (easy != NULL && url != NULL) {
        rc = set_url(url, host, port) ? CURLE_OK : CURLE_URL_MALFORMAT;
    }
    SET(CURLOPT_CURLU, url);
    SET(CURLOPT_NOPROXY, "*");
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_QUICK_EXIT, 1L); /* it does not wait for a thread that waits for a name server */
    SET(CURLOPT_CONNECT_ONLY, 1L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)WEIR_HTTP_CONNECT_MS);
    SET(CURLOPT_OPENSOCKETFUNCTION, on_address);
    SET(CURLOPT_OPENSOCKETDATA, ret);
    if (rc == CURLE_OK) {
        rc = curl_easy_perform(easy); /* fails in any case */
    }
    curl_easy_cleanup(easy);
    curl_url_cleanup(url);
    if (ret->n > 0) {
        return 0;
    }
    return weir_err_detail(err, rc == CURLE_OUT_OF_MEMORY ? WEIR_E_NOMEM : WEIR_E_NET, (int)rc,
        "net: %.120s: %s", host,
        rc == CURLE_URL_MALFORMAT ? "no name of a host" : curl_easy_strerror(rc));
}
