#ifndef WEIR_CLI_WORDS_H
#define WEIR_CLI_WORDS_H

#include "core/str.h"

/*
 * Word lists for test data. Some names are not ASCII, as names are. None of the words needs an
 * escape in JSON.
 */
struct weir_words {
    const struct weir_str *p;
    size_t n;
};

extern const struct weir_words weir_words_first; /* given names */
extern const struct weir_words weir_words_last;  /* family names */
extern const struct weir_words weir_words_mail;  /* the names again, as mail addresses have them */
extern const struct weir_words weir_words_city;  /* "Porto, Portugal" */
extern const struct weir_words weir_words_place; /* one word, no comma */
extern const struct weir_words weir_words_subject; /* what events are about */
extern const struct weir_words weir_words_kind;    /* what events are */
extern const struct weir_words weir_words_firm;
extern const struct weir_words weir_words_domain;
extern const struct weir_words weir_words_currency;
extern const struct weir_words weir_words_text; /* for sentences */

#endif
