/*
 * Do the kernels of this machine find the same marks as a loop over the bytes does, whatever the
 * bytes, the window's length and the state of the quotes before it?
 */
#include "csv/index.h"
#include "csv/reader.h"
#include "tests/support/rnd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The definition. */
static size_t reference(
    struct weir_csv_index *ix, const uint8_t *p, size_t len, uint32_t base, uint32_t *ret)
{
    bool inside = ix->inside != 0;
    size_t n = 0;

    ix->high = 0;
    for (size_t i = 0; i < len; i++) {
        ix->high |= p[i] & 0x80;
        if (p[i] == ix->quote) {
            inside = !inside;
        } else if (!inside && (p[i] == ix->delimiter || p[i] == '\n' || p[i] == '\r')) {
            ret[n++] = base + (uint32_t)i;
        }
    }
    ix->inside = inside ? ~(uint64_t)0 : 0;
    return n;
}

static void check_masks(const struct weir_csv_kernel *kernel, const struct weir_csv_index *ix,
    const uint8_t *p, size_t chunks)
{
    static struct weir_csv_masks got[WEIR_CSV_INDEX_WINDOW / 64];

    kernel->masks(p, chunks, ix->delimiter, ix->quote, got);
    for (size_t i = 0; i < chunks * 64; i++) {
        const struct weir_csv_masks *m = &got[i / 64];
        const uint64_t bit = (uint64_t)1 << i % 64;
        if (((m->delimiter & bit) != 0) != (p[i] == ix->delimiter) ||
            ((m->quote & bit) != 0) != (p[i] == ix->quote) ||
            ((m->lf & bit) != 0) != (p[i] == '\n') || ((m->cr & bit) != 0) != (p[i] == '\r')) {
            fail_msg("%s: masks of byte %zu", kernel->name, i);
        }
    }
}

static void check(
    const struct weir_csv_kernel *kernel, struct weir_csv_index ix, const uint8_t *p, size_t len)
{
    static uint32_t got[WEIR_CSV_INDEX_ROOM], want[WEIR_CSV_INDEX_ROOM];
    struct weir_csv_index other = ix;
    /* On the heap and no longer than it is: a sanitizer sees a read behind it. */
    uint8_t *copy = malloc(len > 0 ? len : 1);
    const uint32_t base = rnd(1u << 30);

    assert_non_null(copy);
    memcpy(copy, p, len);
    size_t n = kernel->index(&ix, copy, len, base, got);
    if (n != reference(&other, copy, len, base, want) || ix.inside != other.inside ||
        (ix.high != 0) != (other.high != 0) || (n > 0 && memcmp(got, want, n * sizeof *got) != 0)) {
        fail_msg(
            "%s: %zu bytes, delimiter %d, quote %d", kernel->name, len, ix.delimiter, ix.quote);
    }
    check_masks(kernel, &ix, copy, len / 64);
    free(copy);
}

static void kernels_agree_with_the_definition(void **state)
{
    static const char *const alphabets[] = {",", "\n", "\"", "a", "\",\n\r",
        "\"\"aaaaaaaaaaaaaaaaaa,\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa,", ",\"\x80\xac\xff;\t"};
    static uint8_t text[WEIR_CSV_INDEX_WINDOW];
    struct weir_csv_kernel kernels[WEIR_CSV_KERNELS];
    size_t n = weir_csv_kernels(kernels);

    (void)state;
    rnd_seed = 1;
    assert_true(n >= 1 && n <= WEIR_CSV_KERNELS);
    for (int i = 0; i < 4000; i++) {
        const char *from = alphabets[rnd(8)];
        size_t len = rnd(4) == 0 ? WEIR_CSV_INDEX_WINDOW : rnd(300);
        const struct weir_csv_index ix = {.delimiter = (uint8_t) ",;\t\xac"[rnd(4)],
            .quote = (uint8_t) "\"'\x80"[rnd(3)],
            .inside = rnd(2) == 0 ? 0 : ~(uint64_t)0};
        for (size_t k = 0; k < len; k++) {
            text[k] = (uint8_t)from[rnd((uint32_t)strlen(from))];
        }
        for (size_t k = 0; k < n; k++) {
            check(&kernels[k], ix, text, len);
        }
    }
}

static void the_slowest_kernel_is_one_that_every_machine_has(void **state)
{
    struct weir_csv_kernel kernels[WEIR_CSV_KERNELS];
    size_t n = weir_csv_kernels(kernels);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        print_message("kernel: %s\n", kernels[i].name);
    }
#ifdef __x86_64__
    assert_string_equal(kernels[n - 1].name, "sse2");
#else
    assert_string_equal(kernels[n - 1].name, "c");
#endif
}

static bool same_kernel(struct weir_csv_kernel a, struct weir_csv_kernel b)
{
    return strcmp(a.name, b.name) == 0 && a.index == b.index && a.masks == b.masks;
}

static void the_environment_names_a_kernel(void **state)
{
    struct weir_csv_kernel kernels[WEIR_CSV_KERNELS], picked;
    size_t n = weir_csv_kernels(kernels);

    (void)state;
    assert_int_equal(weir_csv_kernel_pick(&picked, NULL), 0);
    assert_true(same_kernel(picked, kernels[0]));
    for (size_t i = 0; i < n; i++) {
        setenv("WEIR_CSV_KERNEL", kernels[i].name, 1);
        assert_int_equal(weir_csv_kernel_pick(&picked, NULL), 0);
        assert_true(same_kernel(picked, kernels[i]));
    }
    unsetenv("WEIR_CSV_KERNEL");
}

static void a_kernel_that_there_is_not_is_an_error_with_those_that_there_are(void **state)
{
    struct weir_csv_kernel kernels[WEIR_CSV_KERNELS], picked;
    size_t n = weir_csv_kernels(kernels);
    struct weir_err err = {0};

    (void)state;
    setenv("WEIR_CSV_KERNEL", "abacus", 1);
    assert_int_equal(weir_csv_kernel_pick(&picked, &err), -1);
    assert_int_equal(err.code, WEIR_E_CONFIG);
    assert_memory_equal(err.msg, "WEIR_CSV_KERNEL: must be ", 25);
    for (size_t i = 0; i < n; i++) {
        assert_non_null(strstr(err.msg, kernels[i].name));
    }
    assert_true(same_kernel(picked, kernels[0]));
    assert_null(weir_csv_reader_new(&weir_csv_common, &err));
    unsetenv("WEIR_CSV_KERNEL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_agree_with_the_definition),
        cmocka_unit_test(the_slowest_kernel_is_one_that_every_machine_has),
        cmocka_unit_test(the_environment_names_a_kernel),
        cmocka_unit_test(a_kernel_that_there_is_not_is_an_error_with_those_that_there_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
