#include "core/clock.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t read_ms(clockid_t id)
{
    struct timespec t = {0};

    (void)clock_gettime(id, &t); /* cannot fail for these two clocks */
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t weir_clock_mono_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

int64_t weir_clock_unix_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}

bool weir_clock_parse_iso(const char *s, int64_t *unix_s)
{
    struct tm tm = {0};
    const char *end = strptime(s, "%Y-%m-%dT%H:%M:%S", &tm);
    long minutes = 0;

    if (end != NULL && *end == '.') {
        size_t digits = strspn(end + 1, "0123456789");
        end = digits > 0 ? end + 1 + digits : NULL;
    }
    if (end != NULL && (*end == '+' || *end == '-') && strlen(end) == 6 && end[3] == ':' &&
        strspn(end + 1, "0123456789") == 2 && strspn(end + 4, "0123456789") == 2) {
        minutes = strtol(end + 1, NULL, 10) * 60 + strtol(end + 4, NULL, 10);
        minutes = *end == '-' ? -minutes : minutes;
        end = "Z";
    }
    if (end == NULL || strcmp(end, "Z") != 0) {
        return false;
    }
    *unix_s = (int64_t)timegm(&tm) - minutes * 60;
    return true;
}
