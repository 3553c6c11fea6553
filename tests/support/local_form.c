#include "tests/support/local_form.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

const struct weir_sigv4_key local_form_key = {
    .access_key = "AKLOCAL", .secret_key = "secret", .region = "us-east-1", .service = "s3"};

void local_form_new(const struct weir_post_spec *spec, struct weir_post_form *ret)
{
    const struct weir_s3_config cfg = {.kind = WEIR_S3_HTTP,
        .style = WEIR_S3_PATH,
        .custom = true,
        .host = (char *)(uintptr_t) "127.0.0.1:9100",
        .base = (char *)(uintptr_t) "",
        .region = (char *)(uintptr_t)local_form_key.region,
        .access_key = (char *)(uintptr_t)local_form_key.access_key,
        .secret_key = (char *)(uintptr_t)local_form_key.secret_key};

    assert_int_equal(weir_post_form_new(&cfg, spec, LOCAL_FORM_NOW_S, ret, NULL), 0);
}
