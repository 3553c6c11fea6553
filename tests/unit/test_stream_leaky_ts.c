/* Is a decoder sent where it can begin: at the tables before a key frame of the video? */
#include "stream/leaky_ts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TS WEIR_TS_BYTES
#define NONE UINT64_MAX

enum { PMT = 0x1000, VIDEO = 0x100, AUDIO = 0x101 };

static void packet(uint8_t *p, unsigned pid, bool indicated)
{
    memset(p, 0xff, TS);
    p[0] = 0x47;
    p[1] = (uint8_t)(pid >> 8);
    p[2] = (uint8_t)pid;
    p[3] = indicated ? 0x30 : 0x10;
    p[4] = 1;
    p[5] = indicated ? 0x40 : 0;
}

/* Put a section (table, then what follows the length) into a packet of that PID. */
static void section(uint8_t *p, unsigned pid, uint8_t table, const uint8_t *rest, size_t n)
{
    packet(p, pid, false);
    p[1] |= 0x40;
    p[4] = 0; /* it begins at once */
    p[5] = table;
    p[6] = (uint8_t)(0xb0 | (n + 4) >> 8);
    p[7] = (uint8_t)(n + 4); /* with the CRC */
    memcpy(p + 8, rest, n);
}

static void pat(uint8_t *p)
{
    static const uint8_t rest[] = {0, 1, 0xc1, 0, 0, /* the network: */ 0, 0, 0xe0, 0x10,
        /* programs: */ 0, 1, 0xe0 | PMT >> 8, PMT & 0xff, 0, 2, 0xf1, 0};

    section(p, 0, 0, rest, sizeof rest);
}

static void pmt(uint8_t *p, uint8_t video_type)
{
    const uint8_t rest[] = {0, 1, 0xc1, 0, 0, 0xe1, 0, 0xf0, 2, 'd', 'd',
        /* audio, with a descriptor */ 0x0f, 0xe1, AUDIO & 0xff, 0xf0, 3, 'a', 'b', 'c', video_type,
        0xe1, VIDEO & 0xff, 0xf0, 0};

    section(p, PMT, 2, rest, sizeof rest);
}

/* Where packet number `number` makes a point, or NONE. */
static uint64_t entry(struct weir_ts *ts, const uint8_t *p, uint64_t number)
{
    uint64_t at = NONE;

    return weir_ts_entry(ts, p, number * TS, &at) ? at / TS : NONE;
}

static void a_key_frame_of_the_video_is_entered_at_the_table_before_it(void **state)
{
    struct weir_ts ts = {0};
    uint8_t p[TS];

    (void)state;
    pat(p);
    assert_int_equal(entry(&ts, p, 10), NONE);
    pmt(p, 0x1b);
    assert_int_equal(entry(&ts, p, 11), NONE);
    packet(p, AUDIO, true); /* every frame of audio has the indicator */
    assert_int_equal(entry(&ts, p, 12), NONE);
    packet(p, VIDEO, false);
    assert_int_equal(entry(&ts, p, 13), NONE);
    packet(p, VIDEO, true);
    assert_int_equal(entry(&ts, p, 14), 10);
    assert_int_equal(entry(&ts, p, 15), 15); /* no table since then */
    pat(p);
    assert_int_equal(entry(&ts, p, 16), NONE);
    packet(p, VIDEO, true);
    assert_int_equal(entry(&ts, p, 17), 16);
}

static void without_video_any_packet_with_the_indicator_counts(void **state)
{
    struct weir_ts ts = {0};
    uint8_t p[TS];

    (void)state;
    packet(p, AUDIO, true);
    assert_int_equal(entry(&ts, p, 1), 1); /* nothing is known yet */
    pat(p);
    entry(&ts, p, 2);
    pmt(p, 0x06);
    entry(&ts, p, 3);
    packet(p, AUDIO, true);
    assert_int_equal(entry(&ts, p, 4), 2);
}

static void every_type_of_video_is_known(void **state)
{
    static const uint8_t types[] = {0x01, 0x02, 0x10, 0x1b, 0x24, 0x33};

    (void)state;
    for (size_t i = 0; i < sizeof types; i++) {
        struct weir_ts ts = {0};
        uint8_t p[TS];

        pat(p);
        entry(&ts, p, 0);
        pmt(p, types[i]);
        entry(&ts, p, 1);
        packet(p, AUDIO, true);
        assert_int_equal(entry(&ts, p, 2), NONE);
    }
}

static void tables_of_any_bytes_are_read_within_their_packet(void **state)
{
    uint8_t *p = malloc(TS); /* the sanitizer watches its end */
    struct weir_ts ts = {0};

    (void)state;
    assert_non_null(p);
    srand(1);
    for (uint64_t i = 0; i < 200000; i++) {
        if (rand() % 2 == 0) {
            pat(p);
        } else {
            pmt(p, 0x1b);
        }
        for (int k = rand() % 8; k > 0; k--) {
            p[3 + rand() % 40] = (uint8_t)rand();
        }
        uint64_t at = entry(&ts, p, i);
        assert_true(at == NONE || at <= i);
    }
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_frame_of_the_video_is_entered_at_the_table_before_it),
        cmocka_unit_test(without_video_any_packet_with_the_indicator_counts),
        cmocka_unit_test(every_type_of_video_is_known),
        cmocka_unit_test(tables_of_any_bytes_are_read_within_their_packet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
