#include "net/look_up.h"

#include "core/limits.h"
#include "net/loop_priv.h"

#include <stdio.h>

int weir_look_up(struct weir_loop *loop, const char *host, unsigned port, char ret[WEIR_IP_BYTES],
    struct weir_err *err)
{
    char url[WEIR_RUNTIME_TEXT_MAX_BYTES + 16];
    const char *ip = NULL;
    CURL *easy = NULL;
    CURLcode rc = CURLE_OUT_OF_MEMORY;

    if (weir_loop_curl(loop, err) != 0) {
        return -1;
    }
    easy = curl_easy_init();
    (void)snprintf(url, sizeof url, "http://%s:%u", host, port);
    if (easy != NULL) {
        rc = curl_easy_setopt(easy, CURLOPT_URL, url);
    }
    if (rc == CURLE_OK) {
        rc = curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    }
    if (rc == CURLE_OK) {
        rc = curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    }
    if (rc == CURLE_OK) {
        rc = curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    }
    if (rc == CURLE_OK) {
        rc = curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)WEIR_HTTP_CONNECT_MS);
    }
    if (rc == CURLE_OK) {
        rc = curl_easy_perform(easy);
    }
    if (rc == CURLE_OK) {
        rc = curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &ip);
    }
    if (rc != CURLE_OK || ip == NULL) {
        (void)weir_err_detail(err, rc == CURLE_OUT_OF_MEMORY ? WEIR_E_NOMEM : WEIR_E_NET, (int)rc,
            "%s: %s", host, curl_easy_strerror(rc));
    } else {
        (void)snprintf(ret, WEIR_IP_BYTES, "%s", ip);
        rc = CURLE_OK;
    }
    curl_easy_cleanup(easy);
    return rc == CURLE_OK && ip != NULL ? 0 : -1;
}
