/*
 * Is a request signed as S3 expects it? Published examples, 200 requests that botocore signed
 * (tests/support/sigv4_golden.py), and the rules one by one.
 */
#include "aws/sigv4.h"
#include "aws/uri.h"
#include "core/limits.h"
#include "tests/support/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The S3 API reference's examples: AKIAIOSFODNN7EXAMPLE, us-east-1, 2013-05-24T00:00:00Z. */
static const struct weir_sigv4_key docs_key = {.access_key = "AKIAIOSFODNN7EXAMPLE",
    .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    .region = "us-east-1",
    .service = "s3"};
#define DOCS_TIME 1369353600

static void sign(const struct weir_sigv4_key *key, const struct weir_sigv4_request *request,
    int64_t now_s, const char *signature)
{
    struct weir_sigv4 ret;
    struct weir_err err = {0};

    assert_int_equal(weir_sigv4_sign(key, request, now_s, &ret, &err), 0);
    const char *got = strstr(ret.authorization, ", Signature=");
    assert_non_null(got);
    assert_string_equal(got + strlen(", Signature="), signature);
}

static void published_s3_examples_are_matched(void **state)
{
    (void)state;
    static const char host[] = "examplebucket.s3.amazonaws.com";
    const struct weir_sigv4_pair get[] = {{"Host", host}, {"Range", "bytes=0-9"}};
    const struct weir_sigv4_pair put[] = {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"Host", host},
        {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
    const struct weir_sigv4_pair list[] = {{"max-keys", "2"}, {"prefix", "J"}};
    const struct weir_sigv4_pair lifecycle[] = {{"lifecycle", ""}};
    const struct {
        struct weir_sigv4_request request;
        const char *signature;
    } cases[] = {
        {{"GET", "/test.txt", NULL, 0, get, 2, EMPTY_HASH, true},
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
        {{"PUT", "/test%24file.text", NULL, 0, put, 3,
             "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072", true},
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
        {{"GET", "/", lifecycle, 1, get, 1, EMPTY_HASH, true},
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
        {{"GET", "/", list, 2, get, 1, EMPTY_HASH, true},
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        sign(&docs_key, &cases[i].request, DOCS_TIME, cases[i].signature);
    }
}

static void published_suite_without_a_hash_header_is_matched(void **state)
{
    (void)state;
    const struct weir_sigv4_key key = {.access_key = "AKIDEXAMPLE",
        .secret_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        .region = "us-east-1",
        .service = "service"};
    const struct weir_sigv4_pair host[] = {{"Host", "example.amazonaws.com"}};
    const struct weir_sigv4_pair order[] = {{"Param2", "value2"}, {"Param1", "value1"}};
    const struct {
        struct weir_sigv4_request request;
        const char *signature;
    } cases[] = {
        {{"GET", "/", NULL, 0, host, 1, EMPTY_HASH, false},
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        {{"POST", "/", NULL, 0, host, 1, EMPTY_HASH, false},
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
        {{"GET", "/", order, 2, host, 1, EMPTY_HASH, false},
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        sign(&key, &cases[i].request, 1440938160, cases[i].signature);
    }
}

static char *unhex(const char *p, size_t n)
{
    char *s = calloc(1, n / 2 + 1);

    assert_non_null(s);
    for (size_t i = 0; i + 1 < n; i += 2) {
        char digits[3] = {p[i], p[i + 1], '\0'};
        s[i / 2] = (char)strtoul(digits, NULL, 16);
    }
    return s;
}

static size_t parse_pairs(char *s, struct weir_sigv4_pair *pairs)
{
    size_t n = 0;
    char *next;

    for (; s != NULL && *s != '\0'; s = next) {
        next = strchr(s, '&');
        if (next != NULL) {
            *next++ = '\0';
        }
        char *equals = strchr(s, '=');
        assert_non_null(equals);
        pairs[n].name = unhex(s, (size_t)(equals - s));
        pairs[n++].value = unhex(equals + 1, strlen(equals + 1));
    }
    return n;
}

static void free_pairs(struct weir_sigv4_pair *pairs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free((void *)(uintptr_t)pairs[i].name);
        free((void *)(uintptr_t)pairs[i].value);
    }
}

static void check_golden(char *line)
{
    char *fields[9], *decoded[4], *next = line;
    struct weir_sigv4_pair query[WEIR_SIGV4_PAIRS_MAX], headers[WEIR_SIGV4_PAIRS_MAX];
    struct weir_buf path;
    struct weir_err err = {0};

    for (size_t i = 0; i < COUNT(fields); i++) {
        fields[i] = strsep(&next, "\t\n");
        assert_non_null(fields[i]);
    }
    for (size_t i = 0; i < COUNT(decoded); i++) {
        decoded[i] = unhex(fields[i + 2], strlen(fields[i + 2]));
    }
    size_t query_n = parse_pairs(fields[6], query), headers_n = parse_pairs(fields[7], headers);
    struct weir_sigv4_key key = docs_key;
    key.region = decoded[0];
    key.session_token = decoded[1][0] != '\0' ? decoded[1] : NULL;
    weir_buf_init(&path, WEIR_S3_URL_MAX_BYTES);
    assert_int_equal(weir_buf_adds(&path, "/bucket/", &err), 0);
    assert_int_equal(weir_uri_encode(&path, decoded[2], true, &err), 0);
    const struct weir_sigv4_request request = {fields[1], weir_buf_text(&path, &err), query,
        query_n, headers, headers_n, decoded[3], true};
    sign(&key, &request, strtoll(fields[0], NULL, 10), fields[8]);
    weir_buf_fini(&path);
    free_pairs(query, query_n);
    free_pairs(headers, headers_n);
    for (size_t i = 0; i < COUNT(decoded); i++) {
        free(decoded[i]);
    }
}

static void two_hundred_requests_are_signed_as_botocore_signs_them(void **state)
{
    (void)state;
    files_lines("tests/golden/sigv4.txt", 200, check_golden);
}

static void query_is_sorted_by_encoded_name_then_value(void **state)
{
    (void)state;
    /* As joined texts "a-=1" would come before "a=2", since '-' is less than '='. */
    const struct weir_sigv4_pair query[] = {
        {"b", "2"}, {"a-", "1"}, {"a", "2"}, {"uploads", ""}, {"a", "10"}, {"key", "x/y z"}};
    struct weir_buf b;
    struct weir_err err = {0};

    weir_buf_init(&b, 1024);
    assert_int_equal(weir_sigv4_query(&b, query, COUNT(query), &err), 0);
    assert_string_equal(weir_buf_text(&b, &err), "a=10&a=2&a-=1&b=2&key=x%2Fy%20z&uploads=");
    weir_buf_fini(&b);
}

static void session_token_and_hash_are_signed_headers(void **state)
{
    (void)state;
    struct weir_sigv4_key key = docs_key;
    const struct weir_sigv4_pair host[] = {{"host", "h"}};
    const struct weir_sigv4_request request = {
        "GET", "/", NULL, 0, host, 1, WEIR_SIGV4_UNSIGNED, true};
    struct weir_sigv4 ret;
    struct weir_err err = {0};

    key.session_token = "token";
    assert_int_equal(weir_sigv4_sign(&key, &request, DOCS_TIME, &ret, &err), 0);
    assert_string_equal(ret.date, "20130524T000000Z");
    assert_non_null(strstr(ret.authorization,
        "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,"));
}

static void too_much_to_sign_is_a_limit(void **state)
{
    (void)state;
    static char long_value[WEIR_SIGV4_TEXT_MAX_BYTES + 1];
    static struct weir_sigv4_pair many[WEIR_SIGV4_PAIRS_MAX + 1];
    const struct weir_sigv4_pair one[] = {{"host", long_value}};
    memset(long_value, 'x', sizeof long_value - 1);
    for (size_t i = 0; i < COUNT(many); i++) {
        many[i] = (struct weir_sigv4_pair){"a", "b"};
    }
    const struct weir_sigv4_request cases[] = {
        {"GET", "/", NULL, 0, many, COUNT(many), EMPTY_HASH, true},
        {"GET", "/", many, COUNT(many), one, 0, EMPTY_HASH, true},
        {"GET", "/", NULL, 0, one, 1, EMPTY_HASH, true},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_sigv4 ret;
        struct weir_err err = {0};
        assert_int_equal(weir_sigv4_sign(&docs_key, &cases[i], DOCS_TIME, &ret, &err), -1);
        assert_int_equal(err.code, WEIR_E_LIMIT);
    }
}

static void secret_that_is_too_long_is_refused_without_being_shown(void **state)
{
    (void)state;
    static char secret[WEIR_AWS_SECRET_MAX_BYTES + 2];
    struct weir_sigv4_key key = docs_key;
    char hex[WEIR_SHA256_HEX_BYTES];
    struct weir_err err = {0};

    memset(secret, 'S', sizeof secret - 1);
    key.secret_key = secret;
    assert_int_equal(weir_sigv4_text(&key, "20130524", "x", 1, hex, &err), -1);
    assert_int_equal(err.code, WEIR_E_CONFIG);
    assert_null(strstr(err.msg, "SSS"));
}

static void uri_keeps_unreserved_bytes_and_encodes_the_rest_once(void **state)
{
    (void)state;
    static const struct {
        const char *in, *key, *value;
    } cases[] = {
        {"", "", ""},
        {"AZaz09-_.~", "AZaz09-_.~", "AZaz09-_.~"},
        {"a/b", "a/b", "a%2Fb"},
        {"a b+c", "a%20b%2Bc", "a%20b%2Bc"},
        {"%20", "%2520", "%2520"},
        {"/../x//y/.", "/../x//y/.", "%2F..%2Fx%2F%2Fy%2F."},
        {"k=v&w?#", "k%3Dv%26w%3F%23", "k%3Dv%26w%3F%23"},
        {"\xc3\xa9\x01\x7f\xff", "%C3%A9%01%7F%FF", "%C3%A9%01%7F%FF"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_buf b;
        struct weir_err err = {0};
        weir_buf_init(&b, 1024);
        assert_int_equal(weir_uri_encode(&b, cases[i].in, true, &err), 0);
        assert_string_equal(weir_buf_text(&b, &err), cases[i].key);
        b.len = 0;
        assert_int_equal(weir_uri_encode(&b, cases[i].in, false, &err), 0);
        assert_string_equal(weir_buf_text(&b, &err), cases[i].value);
        weir_buf_fini(&b);
    }
}

static void uri_beyond_the_ceiling_is_a_limit(void **state)
{
    (void)state;
    struct weir_buf b;
    struct weir_err err = {0};

    weir_buf_init(&b, 8);
    assert_int_equal(weir_uri_encode(&b, "abcd", true, &err), -1);
    assert_int_equal(err.code, WEIR_E_LIMIT);
    weir_buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_s3_examples_are_matched),
        cmocka_unit_test(published_suite_without_a_hash_header_is_matched),
        cmocka_unit_test(two_hundred_requests_are_signed_as_botocore_signs_them),
        cmocka_unit_test(query_is_sorted_by_encoded_name_then_value),
        cmocka_unit_test(session_token_and_hash_are_signed_headers),
        cmocka_unit_test(too_much_to_sign_is_a_limit),
        cmocka_unit_test(secret_that_is_too_long_is_refused_without_being_shown),
        cmocka_unit_test(uri_keeps_unreserved_bytes_and_encodes_the_rest_once),
        cmocka_unit_test(uri_beyond_the_ceiling_is_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
