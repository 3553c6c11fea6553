#include "tests/support/http_fixture.h"

#include <stdio.h>

struct weir_loop *http_loop;

int http_setup(void **state)
{
    struct weir_err err = {0};

    (void)state;
    http_loop = weir_loop_new(&err);
    return http_loop != NULL ? 0 : -1;
}

int http_teardown(void **state)
{
    (void)state;
    weir_loop_free(http_loop);
    return 0;
}

const char *http_url(struct canned_http *s, const char *path, char url[HTTP_URL_BYTES])
{
    snprintf(url, HTTP_URL_BYTES, "%s%s", canned_http_url(s), path);
    return url;
}
