#ifndef WEIR_TESTS_CSV_MODEL_H
#define WEIR_TESTS_CSV_MODEL_H

#include "csv/split.h"

/*
 * A slow model of the rules in csv/split.h, and the splitter beside it: do both cut the same bytes
 * at the same places, with the same counts, or fail for the same line?
 */
#define CSV_MODEL_CUTS_MAX 1024

struct model_result {
    struct weir_csv_cut cuts[CSV_MODEL_CUTS_MAX];
    size_t n;
    enum weir_code code;
    uint64_t line; /* of the stream, that the model's error is about */
    char msg[WEIR_ERR_MSG_BYTES];
};

/** model_dialect: what splitter and model go by; the common one unless a test says otherwise. */
extern struct weir_csv_dialect model_dialect;

/** model_split: feed the splitter from windows on the heap that end with the bytes shown.
 *  window 0: random ones. */
void model_split(const uint8_t *in, size_t len, size_t block_bytes, size_t row_max,
    uint64_t lines_max, size_t window, struct model_result *r);

/** model_print, model_print_bytes: what was cut, and of what, for a test that fails. */
void model_print(const char *name, const struct model_result *r);
void model_print_bytes(const uint8_t *in, size_t len);

/** model_check: every window size must give what the model gives; else the test fails. */
void model_check(
    const uint8_t *in, size_t len, size_t block_bytes, size_t row_max, uint64_t lines_max);

#endif
