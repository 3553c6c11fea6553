#include "cli/rows_priv.h"

/*
 * Social events: twelve columns, the last eight of them JSON. What a valid row looks like is in
 * handlers/validate/events.schema.json.
 */

static const enum weir_fault faults[] = {WEIR_FAULT_REQUIRED, WEIR_FAULT_PATTERN, WEIR_FAULT_DATE,
    WEIR_FAULT_EMAIL, WEIR_FAULT_ENUM, WEIR_FAULT_NUMBER, WEIR_FAULT_JSON, WEIR_FAULT_TYPE,
    WEIR_FAULT_NESTED, WEIR_FAULT_DATE_TIME, WEIR_FAULT_URI, WEIR_FAULT_SHORT, WEIR_FAULT_LONG,
    WEIR_FAULT_UTF8};

#define ID_BASE 100000
#define REQUIRED_N 8 /* the first columns, eventId to costs */
#define JSON_FIRST 4 /* the first column of JSON, */
#define JSON_N 8     /* and how many there are */
#define NUMBERS_N 3  /* places where FAULT_NUMBER strikes */

/* The properties that FAULT_NESTED leaves out. */
enum nested {
    NO_ORGANIZER_NAME,
    NO_CONTACT,
    NO_TWITTER,
    NO_STATUS,
    NO_ATTENDEE_ID,
    NO_TIME,
    NO_SESSION_NAME,
    NO_CURRENCY,
    NO_VENUE,
    NESTED_N,
};

static bool without(const struct weir_row *row, enum nested property)
{
    return weir_row_has(row, WEIR_FAULT_NESTED, property, NESTED_N);
}

/* The cell that begins at `from` is complete: damage it if that is the row's fault. */
static void end_json(struct weir_row *row, size_t from)
{
    static const char *const wrong_type[] = {"[]", "\"none\"", "12", "null", "true", NULL};
    static const char *const wrong_list[] = {"{}", "\"none\"", "12", "null", "true", NULL};
    size_t column = row->cells_n - JSON_FIRST;

    if (weir_row_has(row, WEIR_FAULT_JSON, column, JSON_N)) {
        switch (row->variant / JSON_N % 3) {
        case 0: /* cut short */
            row->len--;
            break;
        case 1: /* a comma too many */
            row->text[row->len - 1] = ',';
            weir_row_puts(row, "}");
            break;
        default: /* two texts in one cell */
            weir_row_puts(row, " {}");
            break;
        }
    } else if (weir_row_has(row, WEIR_FAULT_TYPE, column, JSON_N)) {
        /* Which of them: from other digits of the number than the column. */
        const char *const *list = column == 1 || column == 2 ? wrong_list : wrong_type;

        row->len = from;
        weir_row_puts(row, list[row->variant / JSON_N % 5]);
    } else if (column + JSON_FIRST < REQUIRED_N &&
               weir_row_has(row, WEIR_FAULT_REQUIRED, column + JSON_FIRST, REQUIRED_N)) {
        row->len = from;
    }
    weir_row_end(row);
}

static void end_plain(struct weir_row *row, size_t from)
{
    if (weir_row_has(row, WEIR_FAULT_REQUIRED, row->cells_n, REQUIRED_N)) {
        row->len = from;
    }
    weir_row_end(row);
}

static void put_plain(struct weir_row *row)
{
    static const char *const wrong_id[] = {"EVENT-17", "EVT", "evt100017", "EVT10x17", NULL};
    static const char *const wrong_date[] = {
        "2026-02-30", "2026-13-01", "2026/05/01", "01.05.2026", "26-05-01", NULL};
    static const char *const wrong_utf8[] = {" Caf\xE9", " \xC3", "\xFF", " \xED\xA0\x80", NULL};
    const char *wrong = weir_row_wrong(row, WEIR_FAULT_PATTERN, wrong_id);
    size_t from = row->len;

    if (wrong != NULL) {
        weir_row_puts(row, wrong);
    } else {
        weir_row_puts(row, "EVT");
        weir_row_put_uint(row, ID_BASE + row->number, 1);
    }
    end_plain(row, from);

    from = row->len;
    weir_row_put_word(row, &weir_words_subject);
    weir_row_puts(row, " ");
    weir_row_put_word(row, &weir_words_kind);
    weir_row_puts(row, " ");
    weir_row_put_word(row, &weir_words_place);
    wrong = weir_row_wrong(row, WEIR_FAULT_UTF8, wrong_utf8);
    if (wrong != NULL) {
        weir_row_puts(row, wrong);
    }
    end_plain(row, from);

    from = row->len;
    wrong = weir_row_wrong(row, WEIR_FAULT_DATE, wrong_date);
    if (wrong != NULL) {
        weir_row_puts(row, wrong);
    } else {
        weir_row_put_date(row);
    }
    end_plain(row, from);

    from = row->len;
    weir_row_put_word(row, &weir_words_city);
    end_plain(row, from);
}

static void put_name(struct weir_row *row)
{
    weir_row_put_word(row, &weir_words_first);
    weir_row_puts(row, " ");
    weir_row_put_word(row, &weir_words_last);
}

static void put_organizer(struct weir_row *row)
{
    static const char *const wrong_mail[] = {
        "keller(at)example.com", "keller@", "@example.com", "two words@example.com", NULL};
    static const char *const wrong_uri[] = {
        "www.example.com", "https://exa mple.com/", "no address yet", NULL};
    const char *wrong;
    size_t from = row->len;

    weir_row_puts(row, "{\"organizerId\":\"ORG");
    weir_row_put_uint(row, 1000 + weir_row_below(row, 9000), 1);
    if (!without(row, NO_ORGANIZER_NAME)) {
        weir_row_puts(row, "\",\"organizerName\":\"");
        weir_row_put_word(row, &weir_words_firm);
        weir_row_puts(row, " Events");
    }
    if (!without(row, NO_CONTACT)) {
        weir_row_puts(row, "\",\"contact\":\"");
        wrong = weir_row_wrong(row, WEIR_FAULT_EMAIL, wrong_mail);
        if (wrong != NULL) {
            weir_row_puts(row, wrong);
        } else {
            weir_row_put_word(row, &weir_words_mail);
            weir_row_puts(row, "@");
            weir_row_put_word(row, &weir_words_domain);
        }
    }
    weir_row_puts(row, "\",\"website\":\"");
    wrong = weir_row_wrong(row, WEIR_FAULT_URI, wrong_uri);
    if (wrong != NULL) {
        weir_row_puts(row, wrong);
    } else {
        weir_row_puts(row, "https://www.");
        weir_row_put_word(row, &weir_words_domain);
        weir_row_puts(row, "/events/");
        weir_row_put_uint(row, weir_row_below(row, 100000), 5);
    }
    weir_row_puts(row, "\",\"socialMedia\":{\"facebook\":\"https://facebook.example/");
    weir_row_put_word(row, &weir_words_mail);
    if (!without(row, NO_TWITTER)) {
        weir_row_puts(row, "\",\"twitter\":\"@");
        weir_row_put_word(row, &weir_words_mail);
        weir_row_put_uint(row, weir_row_below(row, 100), 1);
    }
    weir_row_puts(row, "\"}}");
    end_json(row, from);
}

static void put_attendees(struct weir_row *row)
{
    static const char *const status[] = {"Confirmed", "Pending", "Interested"};
    static const char *const wrong_status[] = {"Maybe", "confirmed", "Declined", "", NULL};
    uint64_t n = 3 + weir_row_below(row, 3);
    size_t from = row->len;

    for (uint64_t i = 0; i < n; i++) {
        const char *wrong = i == 0 ? weir_row_wrong(row, WEIR_FAULT_ENUM, wrong_status) : NULL;

        weir_row_puts(row, i == 0 ? "[{" : ",{");
        if (i > 0 || !without(row, NO_ATTENDEE_ID)) {
            weir_row_puts(row, "\"attendeeId\":\"ATT");
            weir_row_put_uint(row, weir_row_below(row, 1000000), 6);
            weir_row_puts(row, "\",");
        }
        weir_row_puts(row, "\"attendeeName\":\"");
        put_name(row);
        if (i + 1 < n || !without(row, NO_STATUS)) {
            weir_row_puts(row, "\",\"status\":\"");
            weir_row_puts(row, wrong != NULL ? wrong : status[weir_row_below(row, 3)]);
        }
        weir_row_puts(row, "\"}");
    }
    weir_row_puts(row, "]");
    end_json(row, from);
}

static void put_sessions(struct weir_row *row)
{
    static const char *const wrong_time[] = {"2026-05-01 10:00:00Z", "2026-05-01T10:00:00",
        "2026-05-01T25:00:00Z", "2026-05-01", "10:00", NULL};
    uint64_t n = 2 + weir_row_below(row, 2);
    size_t from = row->len;

    for (uint64_t i = 0; i < n; i++) {
        const char *wrong = i == 1 ? weir_row_wrong(row, WEIR_FAULT_DATE_TIME, wrong_time) : NULL;

        weir_row_puts(row, i == 0 ? "[{\"sessionId\":\"SES" : ",{\"sessionId\":\"SES");
        weir_row_put_uint(row, weir_row_below(row, 100000), 5);
        if (i > 0 || !without(row, NO_SESSION_NAME)) {
            weir_row_puts(row, "\",\"sessionName\":\"");
            weir_row_put_word(row, &weir_words_subject);
            weir_row_puts(row, " ");
            weir_row_put_word(row, &weir_words_kind);
        }
        if (i + 1 < n || !without(row, NO_TIME)) {
            weir_row_puts(row, "\",\"time\":\"");
            if (wrong != NULL) {
                weir_row_puts(row, wrong);
            } else {
                weir_row_put_date(row);
                weir_row_puts(row, "T");
                weir_row_put_uint(row, 8 + weir_row_below(row, 12), 2);
                weir_row_puts(row, weir_row_below(row, 2) == 0 ? ":00:00Z" : ":30:00Z");
            }
        }
        weir_row_puts(row, "\"}");
    }
    weir_row_puts(row, "]");
    end_json(row, from);
}

/* An amount, as a string where that is the row's fault. */
static void put_amount(struct weir_row *row, const char *before, uint64_t cents, uint64_t place)
{
    bool text = place < NUMBERS_N && weir_row_has(row, WEIR_FAULT_NUMBER, place, NUMBERS_N);

    weir_row_puts(row, before);
    weir_row_puts(row, text ? "\"" : "");
    weir_row_put_cents(row, cents);
    weir_row_puts(row, text ? "\"" : "");
}

static void put_costs(struct weir_row *row)
{
    uint64_t venue = weir_row_below(row, 500) * 1000, catering = weir_row_below(row, 500000);
    uint64_t fun = weir_row_below(row, 300) * 500, material = weir_row_below(row, 100000);
    size_t from = row->len;

    put_amount(row, "{\"totalAmount\":", venue + catering + fun + material, 0);
    if (!without(row, NO_CURRENCY)) {
        weir_row_puts(row, ",\"currency\":\"");
        weir_row_put_word(row, &weir_words_currency);
        weir_row_puts(row, "\"");
    }
    weir_row_puts(row, ",\"breakdown\":{");
    if (!without(row, NO_VENUE)) {
        put_amount(row, "\"venue\":", venue, 1);
        weir_row_puts(row, ",");
    }
    put_amount(row, "\"catering\":", catering, 2);
    put_amount(row, ",\"entertainment\":", fun, NUMBERS_N);
    put_amount(row, ",\"workshopMaterials\":", material, NUMBERS_N);
    weir_row_puts(row, "}}");
    end_json(row, from);
}

static void put_notes(struct weir_row *row)
{
    size_t from = row->len;

    weir_row_puts(row, "{\"dressCode\":\"");
    weir_row_puts(row, weir_row_below(row, 2) == 0 ? "Casual" : "Business");
    weir_row_puts(row, "\",\"accessibility\":");
    weir_row_puts(row, weir_row_below(row, 2) == 0 ? "true" : "false");
    weir_row_puts(row, ",\"remarks\":\"");
    weir_row_put_words(row, &weir_words_text, 16 + weir_row_below(row, 10));
    weir_row_puts(row, ".\",\"language\":\"English\"}");
    end_json(row, from);
}

static void put_sponsors(struct weir_row *row)
{
    static const char *const levels[] = {"Gold", "Silver", "Bronze"};
    size_t from = row->len;

    weir_row_puts(row, "{\"sponsors\":[");
    for (size_t i = 0; i < 2; i++) {
        weir_row_puts(row, i == 0 ? "{\"sponsorName\":\"" : ",{\"sponsorName\":\"");
        weir_row_put_word(row, &weir_words_firm);
        weir_row_puts(row, "\",\"sponsorshipLevel\":\"");
        weir_row_puts(row, levels[weir_row_below(row, 3)]);
        weir_row_puts(row, "\",\"contribution\":");
        weir_row_put_uint(row, (1 + weir_row_below(row, 200)) * 50, 1);
        weir_row_puts(row, "}");
    }
    weir_row_puts(row, "]}");
    end_json(row, from);
}

static void put_transport(struct weir_row *row)
{
    size_t from = row->len;

    weir_row_puts(row, "{\"parkingAvailable\":");
    weir_row_puts(row, weir_row_below(row, 2) == 0 ? "true" : "false");
    weir_row_puts(row, ",\"publicTransport\":{\"line\":");
    weir_row_put_uint(row, 1 + weir_row_below(row, 60), 1);
    weir_row_puts(row, ",\"stop\":\"");
    weir_row_put_word(row, &weir_words_last);
    weir_row_puts(row, " Square\"},\"directions\":\"");
    weir_row_put_words(row, &weir_words_text, 12 + weir_row_below(row, 10));
    weir_row_puts(row, ".\"}");
    end_json(row, from);
}

static void put_hotels(struct weir_row *row)
{
    size_t from = row->len;

    weir_row_puts(row, "{\"recommendedHotels\":[");
    for (size_t i = 0; i < 2; i++) {
        weir_row_puts(row, i == 0 ? "{\"hotelName\":\"Hotel " : ",{\"hotelName\":\"Hotel ");
        weir_row_put_word(row, &weir_words_last);
        weir_row_puts(row, "\",\"distanceKm\":");
        weir_row_put_uint(row, weir_row_below(row, 9), 1);
        weir_row_puts(row, ".");
        weir_row_put_uint(row, weir_row_below(row, 10), 1);
        weir_row_puts(row, ",\"pricePerNight\":");
        weir_row_put_uint(row, 60 + weir_row_below(row, 240), 1);
        weir_row_puts(row, "}");
    }
    weir_row_puts(row, "],\"checkIn\":\"");
    weir_row_put_words(row, &weir_words_text, 5 + weir_row_below(row, 6));
    weir_row_puts(row, ".\",\"bookingCode\":\"EVENT");
    weir_row_put_uint(row, weir_row_below(row, 100000), 5);
    weir_row_puts(row, "\"}");
    end_json(row, from);
}

static void cells(struct weir_row *row)
{
    put_plain(row);
    put_organizer(row);
    put_attendees(row);
    put_sessions(row);
    put_costs(row);
    put_notes(row);
    put_sponsors(row);
    put_transport(row);
    put_hotels(row);
}

const struct weir_shape weir_shape_events = {
    .header = "eventId,eventName,eventDate,location,organizerInfo,attendeeList,sessions,costs,"
              "additionalNotes,sponsorshipDetails,transportationInfo,accommodationDetails\n",
    .faults = faults,
    .faults_n = sizeof faults / sizeof *faults,
    .cells = cells,
};
