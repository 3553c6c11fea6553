/*
 * Are the checksums those that S3 computes? Published check values, and every way to cut the bytes.
 */
#include "aws/checksum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void check_values_are_the_published_ones(void **state)
{
    (void)state;
    /* Catalogue of parametrised CRC algorithms (CRC-64/NVME, CRC-32/ISO-HDLC, CRC-32/ISCSI), and
     * FIPS 180's for the digits. */
    static const struct {
        enum weir_checksum_kind kind;
        const char *name, *header, *digits, *nothing;
    } cases[] = {
        {WEIR_CHECKSUM_NONE, NULL, NULL, "", ""},
        {WEIR_CHECKSUM_CRC64NVME, "CRC64NVME", "x-amz-checksum-crc64nvme",
            "rosUhgp5mIg=", "AAAAAAAAAAA="},
        {WEIR_CHECKSUM_CRC32, "CRC32", "x-amz-checksum-crc32", "y/Q5Jg==", "AAAAAA=="},
        {WEIR_CHECKSUM_CRC32C, "CRC32C", "x-amz-checksum-crc32c", "4waSgw==", "AAAAAA=="},
        {WEIR_CHECKSUM_SHA256, "SHA256", "x-amz-checksum-sha256",
            "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=",
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="},
        {WEIR_CHECKSUM_SHA1, "SHA1", "x-amz-checksum-sha1",
            "98O8HYCOBHMq32eZZczDTKeuNEE=", "2jmj7l5rSw0yVb/vlWAYkK/YBwk="},
    };

    assert_true(weir_crc64nvme(0, "123456789", 9) == 0xAE8B14860A799888u);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct weir_checksum sum;
        char text[WEIR_CHECKSUM_BASE64_BYTES];
        if (cases[i].name != NULL) {
            assert_string_equal(weir_checksum_name(cases[i].kind), cases[i].name);
            assert_string_equal(weir_checksum_header(cases[i].kind), cases[i].header);
        }
        assert_int_equal(weir_checksum_init(&sum, cases[i].kind, NULL), 0);
        for (size_t cut = 0; cut <= 9; cut++) {
            assert_int_equal(weir_checksum_add(&sum, "123456789", cut, NULL), 0);
            assert_int_equal(weir_checksum_add(&sum, &"123456789"[cut], 9 - cut, NULL), 0);
            assert_int_equal(weir_checksum_end(&sum, text, NULL), 0);
            assert_string_equal(text, cases[i].digits);
            assert_int_equal(weir_checksum_reset(&sum, NULL), 0);
        }
        assert_int_equal(weir_checksum_end(&sum, text, NULL), 0);
        assert_string_equal(text, cases[i].nothing);
        weir_checksum_fini(&sum);
    }
}

/* By bits, as the specification has it. */
static uint64_t slowly(const uint8_t *p, size_t n)
{
    uint64_t crc = UINT64_MAX;

    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x9A6C9329AC4BC9B5u : crc >> 1;
        }
    }
    return ~crc;
}

static void whole_is_made_of_its_parts(void **state)
{
    (void)state;
    enum { SIZE = 1000 };
    uint8_t bytes[SIZE];
    uint32_t seed = 1;

    for (size_t i = 0; i < SIZE; i++) {
        seed = seed * 1664525 + 1013904223;
        bytes[i] = (uint8_t)(seed >> 24);
    }
    for (size_t n = 0; n < SIZE; n++) { /* with tables, and by 64 bytes at a time */
        assert_true(weir_crc64nvme(0, bytes, n) == slowly(bytes, n));
    }
    for (size_t n = 0; n < SIZE; n += 37) {
        for (size_t cut = 0; cut <= n; cut += 13) {
            const enum weir_checksum_kind kinds[] = {WEIR_CHECKSUM_CRC64NVME, WEIR_CHECKSUM_CRC32};
            for (size_t k = 0; k < 2; k++) {
                struct weir_checksum whole, first, then;
                assert_int_equal(weir_checksum_init(&whole, kinds[k], NULL), 0);
                assert_int_equal(weir_checksum_init(&first, kinds[k], NULL), 0);
                assert_int_equal(weir_checksum_init(&then, kinds[k], NULL), 0);
                assert_int_equal(weir_checksum_add(&whole, bytes, n, NULL), 0);
                assert_int_equal(weir_checksum_add(&first, bytes, cut, NULL), 0);
                assert_int_equal(weir_checksum_add(&then, bytes + cut, n - cut, NULL), 0);
                weir_checksum_append(&first, &then, n - cut);
                assert_true(first.crc == whole.crc);
            }
        }
        for (size_t from = 0; from < 9 && from <= n; from++) {
            assert_true(
                weir_crc64nvme(0, bytes + from, n - from) == slowly(bytes + from, n - from));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_values_are_the_published_ones),
        cmocka_unit_test(whole_is_made_of_its_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
