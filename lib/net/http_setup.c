#include "core/env.h"
#include "core/limits.h"
#include "core/reason.h"
#include "net/http_priv.h"
#include "net/tls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* What libcurl is told of a request before it is sent: the URL, the headers, the method and its
 * body, TLS. What could not be sent, or would be sent as something else, is refused here. */

/* RFC 9110's token: what methods and header names are made of. */
static bool is_token(const char *s)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";

    if (*s == '\0') {
        return false;
    }
    for (; *s != '\0'; s++) {
        bool alnum =
            (*s >= '0' && *s <= '9') || (*s >= 'A' && *s <= 'Z') || (*s >= 'a' && *s <= 'z');
        if (!alnum && strchr(marks, *s) == NULL) {
            return false;
        }
    }
    return true;
}

static bool is_header_value(const char *s)
{
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;
        if ((c < 0x20 && c != '\t') || c == 0x7F) {
            return false;
        }
    }
    return true;
}

/* Checks the URL, and keeps the host for messages. */
static int take_url(struct weir_http *http, const char *url, struct weir_err *err)
{
    CURLU *u = NULL;
    char *host = NULL, *port = NULL;
    int rc = -1;

    for (const char *s = url; *s != '\0'; s++) {
        if ((unsigned char)*s <= 0x20 || *s == 0x7F || *s == '#') {
            return weir_err_set(
                err, WEIR_E_CONFIG, "http: byte 0x%02x in a URL is not encoded", (unsigned char)*s);
        }
    }
    if (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0) {
        return weir_err_set(err, WEIR_E_CONFIG, "http: a URL that is neither http:// nor https://");
    }
    u = curl_url();
    if (u == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "http: out of memory");
    }
    CURLUcode uc = curl_url_set(u, CURLUPART_URL, url, CURLU_PATH_AS_IS | CURLU_DISALLOW_USER);
    if (uc == CURLUE_OK) {
        uc = curl_url_get(u, CURLUPART_HOST, &host, 0);
    }
    if (uc != CURLUE_OK) {
        weir_err_set(err, uc == CURLUE_OUT_OF_MEMORY ? WEIR_E_NOMEM : WEIR_E_CONFIG,
            "http: a URL that cannot be used: %s", curl_url_strerror(uc));
        goto out;
    }
    (void)curl_url_get(u, CURLUPART_PORT, &port, 0); /* fails when the URL names none */
    snprintf(http->host, sizeof http->host, "%.100s%s%.5s", host, port != NULL ? ":" : "",
        port != NULL ? port : "");
    rc = 0;
out:
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(u);
    return rc;
}

static int add_line(struct weir_http *http, const char *line, struct weir_err *err)
{
    struct curl_slist *list = curl_slist_append(http->headers, line);

    if (list == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "http: out of memory for headers");
    }
    http->headers = list;
    return 0;
}

static int add_headers(struct weir_http *http, struct weir_err *err)
{
    const struct weir_http_request *rq = &http->rq;
    struct weir_buf line;
    bool has_type = false;
    int rc = -1;

    weir_buf_init(&line, WEIR_HTTP_HEADERS_MAX_BYTES);
    for (size_t i = 0; i < rq->headers_n; i++) {
        const struct weir_http_header *h = &rq->headers[i];
        if (!is_token(h->name) || !is_header_value(h->value)) {
            weir_err_set(
                err, WEIR_E_CONFIG, "http: header %zu holds a byte that cannot be sent", i + 1);
            goto out;
        }
        /* "Name;" is how libcurl is told of an empty value; "Name:" would take the header away. */
        bool empty = h->value[strspn(h->value, " \t")] == '\0';
        line.len = 0;
        if (weir_buf_addf(&line, err, empty ? "%s;" : "%s: %s", h->name, empty ? "" : h->value) !=
                0 ||
            weir_buf_text(&line, err) == NULL || add_line(http, (const char *)line.p, err) != 0) {
            goto out;
        }
        has_type = has_type || strcasecmp(h->name, "Content-Type") == 0;
    }
    /* No waiting for "100 Continue", and nothing of libcurl's that the caller did not ask for. */
    if (add_line(http, "Expect:", err) != 0 || add_line(http, "Accept:", err) != 0 ||
        (!has_type && add_line(http, "Content-Type:", err) != 0)) {
        goto out;
    }
    rc = 0;
out:
    weir_buf_fini(&line);
    return rc;
}

int weir_http_bundle(const char **file, struct weir_err *err)
{
    *file = weir_env_text("AWS_CA_BUNDLE", NULL);
    if (*file != NULL && access(*file, R_OK) != 0) {
        return weir_err_detail(
            err, WEIR_E_CONFIG, errno, "AWS_CA_BUNDLE: cannot be read: %s", weir_reason(errno));
    }
    return 0;
}

/* A CA bundle is looked for when the first https request needs it: reading one costs more than
 * starting the process. libcurl keeps the parsed bundle with the multi handle. */
static int set_tls(struct weir_http *http, struct weir_err *err)
{
    const char *file = NULL;
    CURLcode rc;

    if (weir_http_bundle(&file, err) != 0) {
        return -1;
    }
    if (file == NULL) {
        file = weir_tls_bundle();
    }
    rc = curl_easy_setopt(http->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (rc == CURLE_OK && file != NULL) {
        rc = curl_easy_setopt(http->easy, CURLOPT_CAINFO, file);
    }
    return rc == CURLE_OK ? 0 : weir_err_set(err, WEIR_E_NOMEM, "http: %s", curl_easy_strerror(rc));
}

#define SET(option, value) WEIR_CURL_SET(rc, http->easy, option, value)

static size_t on_read_body(char *p, size_t size, size_t n, void *self)
{
    struct weir_http *http = self;
    int64_t got = http->rq.read_body(http->rq.ctx, (uint8_t *)p, size * n);

    return got > 0 ? (size_t)got : CURL_READFUNC_ABORT;
}

static CURLcode set_method(struct weir_http *http)
{
    const struct weir_http_request *rq = &http->rq;
    bool reads = rq->body == NULL && rq->read_body != NULL && rq->body_len > 0;
    bool has_body =
        rq->body != NULL || strcmp(rq->method, "PUT") == 0 || strcmp(rq->method, "POST") == 0;
    CURLcode rc = CURLE_OK;

    if (reads) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)rq->body_len);
        SET(CURLOPT_READFUNCTION, on_read_body);
        SET(CURLOPT_READDATA, http);
    } else if (has_body) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(rq->body != NULL ? rq->body_len : 0));
        SET(CURLOPT_POSTFIELDS, rq->body != NULL ? (const char *)rq->body : "");
    } else if (strcmp(rq->method, "HEAD") == 0) {
        SET(CURLOPT_NOBODY, 1L);
        return rc;
    }
    SET(CURLOPT_CUSTOMREQUEST, rq->method);
    return rc;
}

static CURLcode set_options(struct weir_http *http)
{
    CURLcode rc = CURLE_OK;

    SET(CURLOPT_PRIVATE, http);
    SET(CURLOPT_SHARE, http->loop->share);
    SET(CURLOPT_URL, http->rq.url);
    SET(CURLOPT_ERRORBUFFER, http->curl_text);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_HTTP_CONTENT_DECODING, 0L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_QUICK_EXIT, 1L); /* the end of a request does not wait for a name server */
    SET(CURLOPT_NOPROXY, "*");
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)WEIR_HTTP_CONNECT_MS);
    SET(CURLOPT_BUFFERSIZE, (long)WEIR_HTTP_READ_BYTES);
    SET(CURLOPT_UPLOAD_BUFFERSIZE, (long)WEIR_HTTP_READ_BYTES);
    SET(CURLOPT_HTTPHEADER, http->headers);
    SET(CURLOPT_FRESH_CONNECT, http->rq.fresh ? 1L : 0L);
    SET(CURLOPT_USERAGENT, "weir");
    SET(CURLOPT_HEADERFUNCTION, weir_http_on_head);
    SET(CURLOPT_HEADERDATA, http);
    SET(CURLOPT_WRITEFUNCTION, weir_http_on_body);
    SET(CURLOPT_WRITEDATA, http);
    return rc == CURLE_OK ? set_method(http) : rc;
}

int weir_http_setup(struct weir_http *http, struct weir_err *err)
{
    const struct weir_http_request *rq = &http->rq;
    CURLcode rc = CURLE_OUT_OF_MEMORY;

    if (!is_token(rq->method)) {
        return weir_err_set(err, WEIR_E_CONFIG, "http: a method that cannot be sent");
    }
    if (take_url(http, rq->url, err) != 0 || add_headers(http, err) != 0) {
        return -1;
    }
    http->easy = curl_easy_init();
    if (http->easy != NULL) {
        rc = set_options(http);
    }
    if (rc != CURLE_OK) {
        return weir_err_set(err, WEIR_E_NOMEM, "http: %s", curl_easy_strerror(rc));
    }
    return strncasecmp(rq->url, "https:", 6) == 0 ? set_tls(http, err) : 0;
}
