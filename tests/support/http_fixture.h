#ifndef WEIR_TESTS_HTTP_FIXTURE_H
#define WEIR_TESTS_HTTP_FIXTURE_H

#include "net/loop.h"
#include "tests/support/canned_http.h"

/* What the tests of requests share: a loop for each test, and a canned server's URLs. */
#define HTTP_URL_BYTES 128

extern struct weir_loop *http_loop;

/** http_setup, http_teardown: for cmocka. */
int http_setup(void **state);
int http_teardown(void **state);

/** http_url: url, which receives the server's URL with this path. */
const char *http_url(struct canned_http *s, const char *path, char url[HTTP_URL_BYTES]);

#endif
