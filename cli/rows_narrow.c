#include "cli/rows_priv.h"

/*
 * Orders: eight plain columns. What a valid row looks like is in bench/narrow.schema.json.
 */

static const enum weir_fault faults[] = {WEIR_FAULT_REQUIRED, WEIR_FAULT_PATTERN, WEIR_FAULT_DATE,
    WEIR_FAULT_EMAIL, WEIR_FAULT_ENUM, WEIR_FAULT_NUMBER, WEIR_FAULT_INTEGER, WEIR_FAULT_RANGE,
    WEIR_FAULT_SHORT, WEIR_FAULT_LONG, WEIR_FAULT_UTF8};

#define ID_BASE 1000000
#define REQUIRED_N 4 /* orderId, orderDate, customer, email */

static void put_or(struct weir_row *row, const char *wrong, const char *right)
{
    weir_row_puts(row, wrong != NULL ? wrong : right);
}

static void put_who(struct weir_row *row)
{
    static const char *const wrong_mail[] = {
        "keller(at)example.com", "keller@", "@example.com", "two words@example.com", NULL};
    static const char *const wrong_utf8[] = {"Bj\xF6rklund", "Nov\xC3", "\xFF", NULL};
    const char *wrong;

    if (!weir_row_has(row, WEIR_FAULT_REQUIRED, 2, REQUIRED_N)) {
        wrong = weir_row_wrong(row, WEIR_FAULT_UTF8, wrong_utf8);
        if (wrong != NULL) {
            weir_row_puts(row, wrong);
        } else {
            weir_row_put_word(row, &weir_words_first);
            weir_row_puts(row, " ");
            weir_row_put_word(row, &weir_words_last);
        }
    }
    weir_row_end(row);

    wrong = weir_row_wrong(row, WEIR_FAULT_EMAIL, wrong_mail);
    if (wrong != NULL) {
        weir_row_puts(row, wrong);
    } else if (!weir_row_has(row, WEIR_FAULT_REQUIRED, 3, REQUIRED_N)) {
        weir_row_put_word(row, &weir_words_mail);
        weir_row_put_uint(row, weir_row_below(row, 100), 1);
        weir_row_puts(row, "@");
        weir_row_put_word(row, &weir_words_domain);
    }
    weir_row_end(row);
}

static void put_what(struct weir_row *row)
{
    static const char *const status[] = {"pending", "paid", "shipped", "delivered", "returned"};
    static const char *const wrong_number[] = {
        "12.5 EUR", "007", "+12.50", ".5", "12,50", "n/a", NULL};
    static const char *const wrong_integer[] = {"1.5", "2.25", NULL};
    static const char *const wrong_range[] = {"0", "-3", "1000", NULL};
    static const char *const wrong_status[] = {"Paid", "lost", "unknown", NULL};
    const char *wrong = weir_row_wrong(row, WEIR_FAULT_NUMBER, wrong_number);

    if (wrong != NULL) {
        weir_row_puts(row, wrong);
    } else {
        weir_row_put_cents(row, 100 + weir_row_below(row, 200000));
    }
    weir_row_end(row);

    wrong = weir_row_wrong(row, WEIR_FAULT_INTEGER, wrong_integer);
    if (wrong == NULL) {
        wrong = weir_row_wrong(row, WEIR_FAULT_RANGE, wrong_range);
    }
    if (wrong != NULL) {
        weir_row_puts(row, wrong);
    } else {
        weir_row_put_uint(row, 1 + weir_row_below(row, 12), 1);
    }
    weir_row_end(row);

    put_or(row, weir_row_wrong(row, WEIR_FAULT_ENUM, wrong_status),
        status[weir_row_below(row, sizeof status / sizeof *status)]);
    weir_row_end(row);
}

static void cells(struct weir_row *row)
{
    static const char *const wrong_id[] = {"ORDER-17", "ORD", "ord1000017", "ORD10x17", NULL};
    static const char *const wrong_date[] = {
        "2026-02-30", "2026-13-01", "2026/05/01", "01.05.2026", "26-05-01", NULL};
    const char *wrong = weir_row_wrong(row, WEIR_FAULT_PATTERN, wrong_id);

    if (wrong != NULL) {
        weir_row_puts(row, wrong);
    } else if (!weir_row_has(row, WEIR_FAULT_REQUIRED, 0, REQUIRED_N)) {
        weir_row_puts(row, "ORD");
        weir_row_put_uint(row, ID_BASE + row->number, 1);
    }
    weir_row_end(row);

    wrong = weir_row_wrong(row, WEIR_FAULT_DATE, wrong_date);
    if (wrong != NULL) {
        weir_row_puts(row, wrong);
    } else if (!weir_row_has(row, WEIR_FAULT_REQUIRED, 1, REQUIRED_N)) {
        weir_row_put_date(row);
    }
    weir_row_end(row);

    put_who(row);
    weir_row_put_word(row, &weir_words_place);
    weir_row_end(row);
    put_what(row);
}

const struct weir_shape weir_shape_narrow = {
    .header = "orderId,orderDate,customer,email,city,amount,quantity,status\n",
    .faults = faults,
    .faults_n = sizeof faults / sizeof *faults,
    .cells = cells,
};
