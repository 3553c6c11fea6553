/*
 * Does the environment lead to the right address, and is what cannot be right refused with the
 * variable's name, and without its value?
 */
#include "aws/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const vars[] = {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT", "AWS_REQUEST_CHECKSUM_CALCULATION",
    "AWS_RESPONSE_CHECKSUM_VALIDATION", "WEIR_S3_CHECKSUM", "WEIR_S3_UPLOAD_BUDGET_BYTES",
    "WEIR_S3_READ_CONNECTIONS", "WEIR_S3_READ_BUDGET_BYTES", "AWS_MAX_ATTEMPTS",
    "WEIR_S3_RETRY_BASE_MS", "WEIR_S3_RETRY_SEED", "WEIR_S3_ADDRESSING_STYLE", "WEIR_S3_SSE",
    "WEIR_S3_SSE_KMS_KEY_ID", "WEIR_S3_TAGGING", "WEIR_S3_STORAGE_CLASS", "WEIR_S3_CONTENT_TYPE",
    "WEIR_S3_CONTENT_ENCODING", "WEIR_S3_METADATA", "WEIR_STALL_MS", "AWS_CA_BUNDLE"};

static int clean_env(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vars); i++) {
        unsetenv(vars[i]);
    }
    setenv("AWS_CONFIG_FILE", "/dev/null", 1); /* not the caller's */
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
    setenv("AWS_REGION", "eu-west-1", 1);
    setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI", 1);
    return 0;
}

static void address_is(const struct weir_s3_config *cfg, const char *bucket, const char *key,
    const char *host, const char *path)
{
    struct weir_s3_address a;
    struct weir_err err = {0};

    assert_int_equal(weir_s3_address(cfg, bucket, key, &a, &err), 0);
    assert_string_equal((const char *)a.host.p, host);
    assert_string_equal((const char *)a.path.p, path);
    weir_s3_address_fini(&a);
}

static void endpoints_and_styles_make_these_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *endpoint; /* NULL: AWS */
        enum weir_s3_style style;
        const char *bucket, *host, *path;
    } cases[] = {
        {NULL, WEIR_S3_AUTO, "data", "data.s3.eu-west-1.amazonaws.com", "/a%20b/c.csv"},
        {NULL, WEIR_S3_AUTO, "da.ta", "s3.eu-west-1.amazonaws.com", "/da.ta/a%20b/c.csv"},
        {NULL, WEIR_S3_AUTO, "Da_ta", "s3.eu-west-1.amazonaws.com", "/Da_ta/a%20b/c.csv"},
        {NULL, WEIR_S3_PATH, "data", "s3.eu-west-1.amazonaws.com", "/data/a%20b/c.csv"},
        {"http://127.0.0.1:9000", WEIR_S3_AUTO, "data", "127.0.0.1:9000", "/data/a%20b/c.csv"},
        {"http://127.0.0.1:9000/", WEIR_S3_VIRTUAL, "data", "127.0.0.1:9000", "/data/a%20b/c.csv"},
        {"http://[::1]:9000", WEIR_S3_VIRTUAL, "data", "[::1]:9000", "/data/a%20b/c.csv"},
        {"http://localhost:80", WEIR_S3_VIRTUAL, "data", "localhost", "/data/a%20b/c.csv"},
        {"https://Store.Example:443//", WEIR_S3_AUTO, "data", "store.example", "/data/a%20b/c.csv"},
        {"https://store.example:9443", WEIR_S3_VIRTUAL, "data", "data.store.example:9443",
            "/a%20b/c.csv"},
        {"https://store.example", WEIR_S3_VIRTUAL, "da.ta", "store.example", "/da.ta/a%20b/c.csv"},
        {"http://store.example", WEIR_S3_VIRTUAL, "da.ta", "da.ta.store.example", "/a%20b/c.csv"},
        {"https://store.example/storage/v1/s3/", WEIR_S3_AUTO, "data", "store.example",
            "/storage/v1/s3/data/a%20b/c.csv"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_s3_config cfg;
        struct weir_err err = {0};
        clean_env(NULL);
        if (cases[i].endpoint != NULL) {
            setenv("AWS_ENDPOINT_URL_S3", cases[i].endpoint, 1);
        }
        assert_int_equal(weir_s3_config_env(&cfg, &err), 0);
        cfg.style = cases[i].style;
        address_is(&cfg, cases[i].bucket, "a b/c.csv", cases[i].host, cases[i].path);
        weir_s3_config_fini(&cfg);
    }
}

static void bucket_alone_has_an_address_in_both_styles(void **state)
{
    (void)state;
    struct weir_s3_config cfg;
    struct weir_err err = {0};

    assert_int_equal(weir_s3_config_env(&cfg, &err), 0);
    address_is(&cfg, "data", NULL, "data.s3.eu-west-1.amazonaws.com", "/");
    cfg.style = WEIR_S3_PATH;
    address_is(&cfg, "data", NULL, "s3.eu-west-1.amazonaws.com", "/data");
    weir_s3_config_fini(&cfg);
}

static void hard_keys_are_encoded_once_and_not_normalised(void **state)
{
    (void)state;
    static const struct {
        const char *key, *path;
    } cases[] = {
        {"a=b&c?d#e", "/a%3Db%26c%3Fd%23e"},
        {"../x/./y//z/", "/../x/./y//z/"},
        {"/lead", "//lead"},
        {"%41+ ", "/%2541%2B%20"},
        {"\xe2\x82\xac~_-.", "/%E2%82%AC~_-."},
    };
    struct weir_s3_config cfg;
    struct weir_err err = {0};

    assert_int_equal(weir_s3_config_env(&cfg, &err), 0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        address_is(&cfg, "data", cases[i].key, "data.s3.eu-west-1.amazonaws.com", cases[i].path);
    }
    weir_s3_config_fini(&cfg);
}

static void aws_hosts_follow_region_and_flags(void **state)
{
    (void)state;
    static const struct {
        const char *region, *fips, *dual, *host;
    } cases[] = {
        {"us-east-1", NULL, NULL, "s3.us-east-1.amazonaws.com"},
        {"cn-north-1", NULL, NULL, "s3.cn-north-1.amazonaws.com.cn"},
        {"us-gov-west-1", "true", NULL, "s3-fips.us-gov-west-1.amazonaws.com"},
        {"eu-west-1", "false", "True", "s3.dualstack.eu-west-1.amazonaws.com"},
        {"us-east-2", "true", "true", "s3-fips.dualstack.us-east-2.amazonaws.com"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_s3_config cfg;
        struct weir_err err = {0};
        clean_env(NULL);
        setenv("AWS_REGION", cases[i].region, 1);
        setenv("AWS_USE_FIPS_ENDPOINT", cases[i].fips != NULL ? cases[i].fips : "", 1);
        setenv("AWS_USE_DUALSTACK_ENDPOINT", cases[i].dual != NULL ? cases[i].dual : "", 1);
        assert_int_equal(weir_s3_config_env(&cfg, &err), 0);
        assert_string_equal(cfg.host, cases[i].host);
        assert_true(cfg.tls);
        assert_false(cfg.custom);
        weir_s3_config_fini(&cfg);
    }
}

static void more_special_variable_wins(void **state)
{
    (void)state;
    struct weir_s3_config cfg;
    struct weir_err err = {0};

    setenv("AWS_DEFAULT_REGION", "us-west-2", 1);
    setenv("AWS_ENDPOINT_URL", "http://general:1", 1);
    assert_int_equal(weir_s3_config_env(&cfg, &err), 0);
    assert_string_equal(cfg.host, "general:1");
    assert_string_equal(cfg.region, "eu-west-1");
    weir_s3_config_fini(&cfg);

    setenv("AWS_ENDPOINT_URL_S3", "http://special:2", 1);
    setenv("AWS_REGION", "", 1); /* empty is as not there */
    assert_int_equal(weir_s3_config_env(&cfg, &err), 0);
    assert_string_equal(cfg.host, "special:2");
    assert_string_equal(cfg.region, "us-west-2");
    weir_s3_config_fini(&cfg);

    setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", 1);
    assert_int_equal(weir_s3_config_env(&cfg, &err), 0);
    assert_string_equal(cfg.host, "s3.us-west-2.amazonaws.com");
    weir_s3_config_fini(&cfg);
}

static void token_and_checksums_are_read(void **state)
{
    (void)state;
    struct weir_s3_config cfg;
    struct weir_err err = {0};

    assert_int_equal(weir_s3_config_env(&cfg, &err), 0);
    assert_null(cfg.session_token);
    assert_int_equal(cfg.checksum, WEIR_CHECKSUM_CRC64NVME);
    weir_s3_config_fini(&cfg);
    setenv("AWS_SESSION_TOKEN", "tok/en+==", 1);
    setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "WHEN_REQUIRED", 1);
    assert_int_equal(weir_s3_config_env(&cfg, &err), 0);
    assert_string_equal(cfg.session_token, "tok/en+==");
    assert_int_equal(cfg.checksum, WEIR_CHECKSUM_NONE);
    weir_s3_config_fini(&cfg);
    weir_s3_config_fini(&cfg); /* an empty one is a no-op */
}

static void addressing_style_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        enum weir_s3_style style;
    } cases[] = {{"", WEIR_S3_AUTO}, {"auto", WEIR_S3_AUTO}, {"path", WEIR_S3_PATH},
        {"virtual", WEIR_S3_VIRTUAL}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_s3_config cfg;
        struct weir_err err = {0};
        setenv("WEIR_S3_ADDRESSING_STYLE", cases[i].value, 1);
        assert_int_equal(weir_s3_config_env(&cfg, &err), 0);
        assert_int_equal(cfg.style, cases[i].style);
        weir_s3_config_fini(&cfg);
    }
}

static void settings_of_a_transfer_are_read(void **state)
{
    (void)state;
    struct weir_s3_config cfg;
    struct weir_err err = {0};
    static const struct weir_sigv4_pair expected[] = {
        {"x-amz-server-side-encryption", "aws:kms"},
        {"x-amz-server-side-encryption-aws-kms-key-id", "arn:aws:kms:x"},
        {"x-amz-tagging", "a=b&c=d%20e"},
        {"Content-Type", "text/csv; charset=utf-8"},
        {"x-amz-meta-owner", "me & you"},
        {"x-amz-meta-x.y", "a=b"},
    };

    assert_int_equal(weir_s3_config_env(&cfg, &err), 0);
    assert_int_equal(cfg.object.n, 0);
    assert_int_equal(cfg.style, WEIR_S3_AUTO);
    assert_true(cfg.verify);
    assert_int_equal(weir_s3_config_retries(&cfg), 0);
    weir_s3_config_fini(&cfg);
    setenv("WEIR_S3_SSE", "AWS:KMS", 1); /* it is sent as S3 writes it */
    setenv("WEIR_S3_SSE_KMS_KEY_ID", "arn:aws:kms:x", 1);
    setenv("WEIR_S3_TAGGING", "a=b&c=d%20e", 1);
    setenv("WEIR_S3_CONTENT_TYPE", "text/csv; charset=utf-8", 1);
    setenv("WEIR_S3_METADATA", "owner=me & you;x.y=a=b", 1);
    setenv("WEIR_S3_ADDRESSING_STYLE", "virtual", 1);
    setenv("WEIR_S3_CHECKSUM", "crc32", 1);
    setenv("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_required", 1);
    setenv("WEIR_S3_UPLOAD_BUDGET_BYTES", "33554432", 1);
    assert_int_equal(weir_s3_config_env(&cfg, &err), 0);
    assert_int_equal(cfg.object.n, COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++) {
        assert_string_equal(cfg.object.pairs[i].name, expected[i].name);
        assert_string_equal(cfg.object.pairs[i].value, expected[i].value);
    }
    assert_int_equal(cfg.style, WEIR_S3_VIRTUAL);
    assert_int_equal(cfg.checksum, WEIR_CHECKSUM_CRC32);
    assert_false(cfg.verify);
    assert_int_equal(cfg.upload_budget_bytes, 32 * WEIR_MIB);
    weir_s3_config_fini(&cfg);
}

static void reading_budget_and_connections_make_the_ranges(void **state)
{
    (void)state;
    static const struct {
        const char *connections, *budget;
        size_t n, range;
    } cases[] = {
        {"", "", 1, WEIR_S3_RANGE_BYTES},
        {"2", "", 2, WEIR_S3_RANGE_BYTES},
        {"4", "", 4, WEIR_S3_RANGE_BYTES},
        {"16", "", 16, WEIR_S3_READ_BYTES / 16 - WEIR_S3_READ_SLOT_BYTES},
        {"2", "6000000", 2, 3000000 - WEIR_S3_READ_SLOT_BYTES},
        {"16", "9000000000", 16, WEIR_S3_RANGE_BYTES},
        {"2", "3276800", 2, WEIR_S3_RANGE_MIN_BYTES},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_s3_config cfg;
        struct weir_err err = {0};
        setenv("WEIR_S3_READ_CONNECTIONS", cases[i].connections, 1);
        setenv("WEIR_S3_READ_BUDGET_BYTES", cases[i].budget, 1);
        assert_int_equal(weir_s3_config_env(&cfg, &err), 0);
        assert_int_equal(cfg.read_connections, cases[i].n);
        assert_int_equal(cfg.range_bytes, cases[i].range);
        weir_s3_config_fini(&cfg);
    }
    setenv("WEIR_S3_READ_BUDGET_BYTES", "3276799", 1);
    struct weir_s3_config cfg;
    struct weir_err err = {0};
    assert_int_equal(weir_s3_config_env(&cfg, &err), -1);
    assert_int_equal(err.code, WEIR_E_CONFIG);
    assert_non_null(
        strstr(err.msg, "WEIR_S3_READ_BUDGET_BYTES: must be a whole number from 3276800"));
}

static void file_endpoint_needs_neither_region_nor_keys(void **state)
{
    (void)state;
    static const struct {
        const char *url, *dir;
    } cases[] = {
        {"file:///some/dir", "/some/dir"},
        {"file:///some/dir//", "/some/dir"},
        {"file:/some/dir", "/some/dir"},
        {"FILE://localhost/some dir", "/some dir"},
        {"file:///", "/"},
    };

    for (size_t i = 0; i < COUNT(vars); i++) {
        unsetenv(vars[i]);
    }
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_s3_config cfg;
        struct weir_err err = {0};
        setenv("AWS_ENDPOINT_URL_S3", cases[i].url, 1);
        assert_int_equal(weir_s3_config_env(&cfg, &err), 0);
        assert_int_equal(cfg.kind, WEIR_S3_DIR);
        assert_string_equal(cfg.dir, cases[i].dir);
        weir_s3_config_fini(&cfg);
    }
}

static void bad_settings_are_refused_by_the_variables_name(void **state)
{
    (void)state;
    static const struct {
        const char *var, *value;
        const char *names; /* what the message must have */
    } cases[] = {
        {"AWS_REGION", NULL, "AWS_REGION is not set"},
        {"AWS_REGION", "evil.example/", "AWS_REGION"},
        {"AWS_REGION", "-x", "AWS_REGION"},
        {"AWS_DEFAULT_REGION", "a b", "AWS_DEFAULT_REGION"},
        {"AWS_ACCESS_KEY_ID", NULL, "AWS_ACCESS_KEY_ID is not set"},
        {"AWS_ACCESS_KEY_ID", "Hush\r\nX: 1", "AWS_ACCESS_KEY_ID"},
        {"AWS_SECRET_ACCESS_KEY", NULL, "AWS_SECRET_ACCESS_KEY is not set"},
        {"AWS_SECRET_ACCESS_KEY", "Hush Hush", "AWS_SECRET_ACCESS_KEY"},
        {"AWS_SESSION_TOKEN", "Hush\nHush", "AWS_SESSION_TOKEN"},
        {"AWS_ENDPOINT_URL_S3", "127.0.0.1:9000", "AWS_ENDPOINT_URL_S3"},
        {"AWS_ENDPOINT_URL_S3", "ftp://x", "AWS_ENDPOINT_URL_S3"},
        {"AWS_ENDPOINT_URL_S3", "http://", "AWS_ENDPOINT_URL_S3"},
        {"AWS_ENDPOINT_URL_S3", "http://u:Hush@x", "AWS_ENDPOINT_URL_S3"},
        {"AWS_ENDPOINT_URL_S3", "http://x:0", "port"},
        {"AWS_ENDPOINT_URL_S3", "http://x:65536", "port"},
        {"AWS_ENDPOINT_URL_S3", "http://x:", "port"},
        {"AWS_ENDPOINT_URL_S3", "http://x y", "host"},
        {"AWS_ENDPOINT_URL_S3", "http://x\\@y", "user"},
        {"AWS_ENDPOINT_URL_S3", "http://[::1", "host"},
        {"AWS_ENDPOINT_URL_S3", "http://x/?q", "path"},
        {"AWS_ENDPOINT_URL_S3", "http://x/../y", "path"},
        {"AWS_ENDPOINT_URL_S3", "file://dir", "file:///dir"},
        {"AWS_ENDPOINT_URL_S3", "file://other/dir", "file:///dir"},
        {"AWS_ENDPOINT_URL_S3", "file:", "file:///dir"},
        {"AWS_ENDPOINT_URL_S3", "file:///a%20b", "%"},
        {"AWS_ENDPOINT_URL", "nonsense", "AWS_ENDPOINT_URL:"},
        {"WEIR_S3_ADDRESSING_STYLE", "vhost", "auto, path or virtual"},
        {"AWS_MAX_ATTEMPTS", "0", "AWS_MAX_ATTEMPTS: must be a whole number from 1 to 100"},
        {"AWS_MAX_ATTEMPTS", "Hush", "AWS_MAX_ATTEMPTS"},
        {"WEIR_S3_RETRY_BASE_MS", "20001", "WEIR_S3_RETRY_BASE_MS"},
        {"WEIR_S3_UPLOAD_BUDGET_BYTES", "7141631",
            "WEIR_S3_UPLOAD_BUDGET_BYTES: must be a whole number from 7141632"},
        {"WEIR_S3_UPLOAD_BUDGET_BYTES", "99999999999999999999", "WEIR_S3_UPLOAD_BUDGET_BYTES"},
        {"WEIR_S3_READ_CONNECTIONS", "0", "WEIR_S3_READ_CONNECTIONS"},
        {"WEIR_S3_READ_CONNECTIONS", "17", "WEIR_S3_READ_CONNECTIONS"},
        {"WEIR_S3_READ_BUDGET_BYTES", "0", "WEIR_S3_READ_BUDGET_BYTES"},
        {"WEIR_S3_CHECKSUM", "MD5", "WEIR_S3_CHECKSUM: must be CRC64NVME or CRC32"},
        {"AWS_REQUEST_CHECKSUM_CALCULATION", "when-required",
            "AWS_REQUEST_CHECKSUM_CALCULATION: must be when_supported or when_required"},
        {"AWS_RESPONSE_CHECKSUM_VALIDATION", "never", "AWS_RESPONSE_CHECKSUM_VALIDATION: must be"},
        {"AWS_USE_FIPS_ENDPOINT", "1", "AWS_USE_FIPS_ENDPOINT: must be false or true"},
        {"AWS_USE_DUALSTACK_ENDPOINT", "yes", "AWS_USE_DUALSTACK_ENDPOINT: must be false or true"},
        {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: must"},
        {"WEIR_STALL_MS", "0", "WEIR_STALL_MS: must be a whole number from 1 to 3600000"},
        {"WEIR_STALL_MS", "Hush", "WEIR_STALL_MS: must be a whole number from 1 to 3600000"},
        {"AWS_CA_BUNDLE", "/none/Hush", "AWS_CA_BUNDLE: cannot be read"},
        {"WEIR_S3_SSE", "rot13", "WEIR_S3_SSE: must be AES256, aws:kms or aws:kms:dsse"},
        {"WEIR_S3_SSE_KMS_KEY_ID", "Hush", "WEIR_S3_SSE_KMS_KEY_ID"},
        {"WEIR_S3_TAGGING", "a=b\r\nHush: 1", "WEIR_S3_TAGGING"},
        {"WEIR_S3_METADATA", "Hush", "WEIR_S3_METADATA"},
        {"WEIR_S3_METADATA", "a=b;", "WEIR_S3_METADATA"},
        {"WEIR_S3_METADATA", "A B=c", "WEIR_S3_METADATA"},
        {"WEIR_S3_METADATA", "a=\nHush", "WEIR_S3_METADATA"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_s3_config cfg;
        struct weir_err err = {0};
        clean_env(NULL);
        unsetenv(cases[i].var);
        if (strcmp(cases[i].var, "AWS_DEFAULT_REGION") == 0) {
            unsetenv("AWS_REGION");
        }
        if (cases[i].value != NULL) {
            setenv(cases[i].var, cases[i].value, 1);
        }
        assert_int_equal(weir_s3_config_env(&cfg, &err), -1);
        assert_int_equal(err.code, WEIR_E_CONFIG);
        assert_non_null(strstr(err.msg, cases[i].names));
        assert_null(strstr(err.msg, "Hush"));
        assert_null(cfg.secret_key);
    }
    char text[WEIR_S3_METADATA_MAX_BYTES + 16] = "a=";
    memset(text + 2, 'x', WEIR_S3_METADATA_MAX_BYTES);
    setenv("WEIR_S3_METADATA", text, 1);
    struct weir_s3_config cfg;
    struct weir_err err = {0};
    assert_int_equal(weir_s3_config_env(&cfg, &err), -1);
    assert_string_equal(err.msg, "WEIR_S3_METADATA: more than 2048 bytes");
    text[0] = '\0';
    for (int i = 0; i <= WEIR_S3_OBJECT_HEADERS_MAX; i++) {
        snprintf(text + strlen(text), 16, "%sx%d=1", i > 0 ? ";" : "", i);
    }
    setenv("WEIR_S3_METADATA", text, 1);
    err = (struct weir_err){0};
    assert_int_equal(weir_s3_config_env(&cfg, &err), -1);
    assert_string_equal(err.msg, "WEIR_S3_METADATA: more than 16 headers of an object");
}

static void buckets_and_keys_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static char long_name[WEIR_S3_KEY_MAX_BYTES + 2];
    static const char *const buckets[] = {"", ".", "..", "../x", "a/b", "a b", "-a", ".a", "a\n",
        "a?b", "a%b", "\xc3\xa9", "arn:aws:s3:us-east-1:123456789012:accesspoint/x"};
    static const char *const good[] = {"a", "data", "my.data-2", "Old_Bucket", "_x"};
    static const char *const keys[] = {"", "\xff", "a\xc3", "\xed\xa0\x80", "\xc0\x80"};
    struct weir_err err;

    memset(long_name, 'k', sizeof long_name - 1);
    for (size_t i = 0; i < COUNT(buckets); i++) {
        err = (struct weir_err){0};
        assert_int_equal(weir_s3_bucket_check(buckets[i], &err), -1);
        assert_int_equal(err.code, WEIR_E_CONFIG);
    }
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_int_equal(weir_s3_bucket_check(good[i], NULL), 0);
    }
    for (size_t i = 0; i < COUNT(keys); i++) {
        err = (struct weir_err){0};
        assert_int_equal(weir_s3_key_check(keys[i], &err), -1);
        assert_int_equal(err.code, WEIR_E_CONFIG);
    }
    assert_int_equal(weir_s3_bucket_check(long_name, NULL), -1);
    assert_int_equal(weir_s3_key_check(long_name, NULL), -1);
    assert_int_equal(weir_s3_key_check(long_name + 1, NULL), 0); /* 1024 bytes */
}

static void names_in_messages_are_one_short_line(void **state)
{
    (void)state;
    char name[WEIR_S3_NAME_BYTES], key[WEIR_S3_KEY_MAX_BYTES + 1];

    assert_string_equal(weir_s3_name(name, "b", "a/b c.csv"), "s3://b/a/b c.csv");
    assert_string_equal(weir_s3_name(name, "b", "x\ny\x7f"), "s3://b/x%0Ay%7F");
    for (size_t n = 1; n <= WEIR_S3_KEY_MAX_BYTES; n++) {
        for (int kind = 0; kind < 3; kind++) {
            for (size_t i = 0; i < n; i++) {
                key[i] = kind == 0 ? 'k' : kind == 1 ? '\n' : "\xe2\x82\xac"[i % 3];
            }
            key[n] = '\0';
            weir_s3_name(name, "bucket", key);
            assert_true(strlen(name) < sizeof name);
            assert_memory_equal(name, "s3://bucket/", 12);
            assert_null(strchr(name, '\n'));
        }
    }
    memset(key, 'f', sizeof key);
    strncpy(key + 1000, "/end.csv", 9);
    weir_s3_name(name, "bucket", key);
    assert_memory_equal(name, "s3://bucket/...f", 16);
    assert_string_equal(name + strlen(name) - 8, "/end.csv");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, clean_env)
    const struct CMUnitTest tests[] = {
        TEST(endpoints_and_styles_make_these_addresses),
        TEST(bucket_alone_has_an_address_in_both_styles),
        TEST(hard_keys_are_encoded_once_and_not_normalised),
        TEST(aws_hosts_follow_region_and_flags),
        TEST(more_special_variable_wins),
        TEST(token_and_checksums_are_read),
        TEST(addressing_style_is_read),
        TEST(settings_of_a_transfer_are_read),
        TEST(reading_budget_and_connections_make_the_ranges),
        TEST(file_endpoint_needs_neither_region_nor_keys),
        TEST(bad_settings_are_refused_by_the_variables_name),
        TEST(buckets_and_keys_that_cannot_be_are_refused),
        TEST(names_in_messages_are_one_short_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
