/* Is a date read as it is written, and nothing else for one? */
#include "core/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void iso_dates_are_unix_seconds_wherever_we_are(void **state)
{
    static const struct {
        const char *text;
        int64_t unix_s; /* -1: it is none */
    } cases[] = {{"2023-11-14T22:13:20Z", 1700000000}, {"2023-11-14T22:13:20.000Z", 1700000000},
        {"2023-11-14T22:13:20.999999Z", 1700000000}, {"2023-11-15T00:13:20+02:00", 1700000000},
        {"2023-11-14T16:43:20.5-05:30", 1700000000}, {"1970-01-01T00:00:00Z", 0}, {"", -1},
        {"2023-11-14", -1}, {"2023-11-14T22:13:20", -1}, {"2023-11-14T22:13:20.Z", -1},
        {"2023-11-14T22:13:20z", -1}, {"2023-11-14T22:13:20Z ", -1}, {"2023-11-14 22:13:20Z", -1},
        {"2023-11-14T22:13:20+0200", -1}, {"2023-11-14T22:13:20+02:0x", -1},
        {"2023-13-14T22:13:20Z", -1}, {"soon", -1}};

    (void)state;
    setenv("TZ", "Asia/Kolkata", 1);
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t unix_s = -1;
        assert_int_equal(weir_clock_parse_iso(cases[i].text, &unix_s), cases[i].unix_s >= 0);
        assert_int_equal(unix_s, cases[i].unix_s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(iso_dates_are_unix_seconds_wherever_we_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
