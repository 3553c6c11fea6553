#include "schema/format.h"

#include "schema/scan.h"

/*
 * Dates and times: RFC 3339, with the durations of its appendix A.
 */

/* Exactly n digits with a value from min to max. */
static inline bool number(struct weir_scan *c, size_t n, int min, int max, int *ret)
{
    int x = 0;

    if (c->len - c->i < n) {
        return false;
    }
    for (size_t end = c->i + n; c->i < end; c->i++) {
        if (!weir_scan_digit(c->p[c->i])) {
            return false;
        }
        x = x * 10 + (c->p[c->i] - '0');
    }
    *ret = x;
    return x >= min && x <= max;
}

static bool full_date(struct weir_scan *c)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day;

    if (!number(c, 4, 0, 9999, &year) || !weir_scan_take(c, '-') || !number(c, 2, 1, 12, &month) ||
        !weir_scan_take(c, '-') || !number(c, 2, 1, 31, &day)) {
        return false;
    }
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day <= days[month - 1] + (month == 2 && leap);
}

/* time-offset, as minutes to add to UTC. */
static bool time_offset(struct weir_scan *c, int *minutes)
{
    int h, m;

    if (weir_scan_take(c, 'Z') || weir_scan_take(c, 'z')) {
        *minutes = 0;
        return true;
    }
    int sign = weir_scan_take(c, '+') ? 1 : weir_scan_take(c, '-') ? -1 : 0;
    if (sign == 0 || !number(c, 2, 0, 23, &h) || !weir_scan_take(c, ':') ||
        !number(c, 2, 0, 59, &m)) {
        return false;
    }
    *minutes = sign * (h * 60 + m);
    return true;
}

static bool full_time(struct weir_scan *c)
{
    const int day = 24 * 60;
    int hour, minute, second, offset;

    if (!number(c, 2, 0, 23, &hour) || !weir_scan_take(c, ':') || !number(c, 2, 0, 59, &minute) ||
        !weir_scan_take(c, ':') || !number(c, 2, 0, 60, &second)) {
        return false;
    }
    if (weir_scan_take(c, '.')) {
        size_t from = c->i;
        while (!weir_scan_end(c) && weir_scan_digit(c->p[c->i])) {
            c->i++;
        }
        if (c->i == from) {
            return false;
        }
    }
    if (!time_offset(c, &offset)) {
        return false;
    }
    /* A leap second ends a day of UTC. */
    return second < 60 || (hour * 60 + minute - offset + 2 * day) % day == day - 1;
}

bool weir_format_date(struct weir_str s)
{
    struct weir_scan c = weir_scan_begin(s);

    return full_date(&c) && weir_scan_end(&c);
}

bool weir_format_date_time(struct weir_str s)
{
    struct weir_scan c = weir_scan_begin(s);

    return full_date(&c) && (weir_scan_take(&c, 'T') || weir_scan_take(&c, 't')) && full_time(&c) &&
           weir_scan_end(&c);
}

bool weir_format_time(struct weir_str s)
{
    struct weir_scan c = weir_scan_begin(s);

    return full_time(&c) && weir_scan_end(&c);
}

/* Numbers with these units, in this order and none left out in between; how many there are. */
static size_t units(struct weir_scan *c, const char *order)
{
    size_t n = 0;

    while (weir_scan_digit(weir_scan_peek(c))) {
        weir_scan_digits(c);
        const char *found =
            weir_scan_end(c) ? NULL : memchr(order, weir_scan_peek(c), strlen(order));
        if (found == NULL || (n > 0 && found != order)) {
            return 0;
        }
        order = found + 1;
        c->i++;
        n++;
    }
    return n;
}

bool weir_format_duration(struct weir_str s)
{
    struct weir_scan c = weir_scan_begin(s);

    if (!weir_scan_take(&c, 'P')) {
        return false;
    }
    struct weir_scan weeks = c;
    if (units(&weeks, "W") == 1 && weir_scan_end(&weeks)) {
        return true;
    }
    size_t days = weir_scan_peek(&c) == 'T' ? 0 : units(&c, "YMD");
    if (weir_scan_take(&c, 'T')) {
        return (days > 0 || c.i == 2) && units(&c, "HMS") > 0 && weir_scan_end(&c);
    }
    return days > 0 && weir_scan_end(&c);
}
