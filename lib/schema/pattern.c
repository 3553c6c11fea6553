#define PCRE2_CODE_UNIT_WIDTH 8

#include "schema/pattern.h"

#include "core/buf.h"
#include "core/limits.h"
#include "core/utf8.h"
#include "schema/chain.h"
#include "schema/ecma.h"

#include <pcre2.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define JIT_STACK_FIRST_BYTES (32 * WEIR_KIB)
#define NESTING_MAX                                                                                \
    (WEIR_PATTERN_DEPTH_MAX + 10) /* what ecma.c lets pass, and a few that it adds */

struct weir_pattern {
    pcre2_code *code;
    struct weir_chain *chain; /* NULL: it takes PCRE2 */
    bool anchored;            /* a match can only start at the subject's first byte */
};

/*
 * PCRE2 counts the steps from each place where a match may start anew, so that what a match costs
 * is only known afterwards, and only by its failure. So it is tried with a small limit first, whose
 * price is small, and with a larger one when that was not enough; an anchored pattern has one place
 * to start and begins with the second. The price for the length covers what PCRE2 does not count.
 */
static const struct attempt {
    uint32_t limit, price;
    uint32_t anchored, any; /* price of 8 bytes of the subject */
} attempts[] = {{16, 20, 0, 1}, {1000, 20, 1, 64}, {WEIR_PATTERN_MATCH_LIMIT, 100000, 64, 6400}};

struct weir_pattern_work {
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
};

static int fail(
    struct weir_str source, size_t offset, const char *what, const char *why, struct weir_err *err)
{
    size_t place = weir_utf8_count(source.p, offset) + 1;

    return weir_err_set(err, WEIR_E_CONFIG, "%s: %s at character %zu", what, why, place);
}

/* PCRE2's complaint about byte `offset` of the translation, at its place in the source. The pattern
 * is one of ECMA-262's by then. */
static void fail_compile(struct weir_str source, int code, size_t offset, struct weir_err *err)
{
    PCRE2_UCHAR why[128] = "";
    struct weir_ecma_fault ignored;
    struct weir_buf out;
    size_t origin = 0;

    if (code == PCRE2_ERROR_HEAP_FAILED) {
        weir_err_set(err, WEIR_E_NOMEM, "out of memory");
        return;
    }
    weir_buf_init(&out, WEIR_PATTERN_MAX_BYTES);
    weir_ecma_translate(source, &out, offset, &origin, &ignored);
    weir_buf_fini(&out);
    pcre2_get_error_message(code, why, sizeof why);
    fail(source, origin, "not supported", (const char *)why, err);
}

static pcre2_code *compile(
    const struct weir_buf *text, struct weir_str source, struct weir_err *err)
{
    /* NEVER_UCP and no UCP: \d and \w are ASCII. */
    const uint32_t options = PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_NEVER_UCP |
                             PCRE2_DOLLAR_ENDONLY | PCRE2_ALLOW_EMPTY_CLASS |
                             PCRE2_MATCH_UNSET_BACKREF | PCRE2_NEVER_BACKSLASH_C;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    pcre2_code *code = NULL;
    PCRE2_SIZE offset;
    int rc;

    if (context == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "out of memory");
        return NULL;
    }
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    pcre2_set_parens_nest_limit(context, NESTING_MAX);
    code = pcre2_compile(
        text->len > 0 ? text->p : (const uint8_t *)"", text->len, options, &rc, &offset, context);
    if (code == NULL) {
        fail_compile(source, rc, offset, err);
    }
    pcre2_compile_context_free(context);
    return code;
}

/* How the compiled pattern is going to be run. */
static int prepare(struct weir_pattern *pattern, struct weir_str source, struct weir_err *err)
{
    struct weir_chain chain;
    uint32_t options = 0;

    pcre2_pattern_info(pattern->code, PCRE2_INFO_ALLOPTIONS, &options);
    pattern->anchored = (options & PCRE2_ANCHORED) != 0;
    if (!weir_chain_of(source, &chain)) {
        /* Where there is no JIT (no right to make memory executable), matching interprets. */
        (void)pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE);
        return 0;
    }
    pattern->chain = malloc(sizeof chain);
    if (pattern->chain == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "out of memory");
    }
    *pattern->chain = chain;
    return 0;
}

struct weir_pattern *weir_pattern_new(struct weir_str source, struct weir_err *err)
{
    struct weir_buf out;
    struct weir_ecma_fault fault;
    struct weir_pattern *ret = NULL;

    weir_buf_init(&out, WEIR_PATTERN_MAX_BYTES);
    if (weir_ecma_translate(source, &out, SIZE_MAX, NULL, &fault) == -1) {
        if (fault.why == NULL) {
            weir_err_set(err, WEIR_E_NOMEM, "out of memory");
        } else {
            fail(source, fault.offset, "not a regular expression", fault.why, err);
        }
        goto out;
    }
    ret = calloc(1, sizeof *ret);
    if (ret == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "out of memory");
        goto out;
    }
    ret->code = compile(&out, source, err);
    if (ret->code == NULL || prepare(ret, source, err) != 0) {
        weir_pattern_free(ret);
        ret = NULL;
    }
out:
    weir_buf_fini(&out);
    return ret;
}

void weir_pattern_free(struct weir_pattern *pattern)
{
    if (pattern != NULL) {
        pcre2_code_free(pattern->code);
        free(pattern->chain);
        free(pattern);
    }
}

struct weir_pattern_work *weir_pattern_work_new(struct weir_err *err)
{
    struct weir_pattern_work *work = calloc(1, sizeof *work);

    if (work == NULL) {
        goto fail;
    }
    work->data = pcre2_match_data_create(1, NULL);
    work->context = pcre2_match_context_create(NULL);
    if (work->data == NULL || work->context == NULL) {
        goto fail;
    }
    pcre2_set_heap_limit(
        work->context, (uint32_t)(WEIR_PATTERN_STACK_MAX_BYTES / WEIR_KIB)); /* in KiB */
    /* NULL where there is no JIT: not needed there. */
    work->stack = pcre2_jit_stack_create(JIT_STACK_FIRST_BYTES, WEIR_PATTERN_STACK_MAX_BYTES, NULL);
    pcre2_jit_stack_assign(work->context, NULL, work->stack);
    return work;
fail:
    weir_pattern_work_free(work);
    weir_err_set(err, WEIR_E_NOMEM, "schema: out of memory");
    return NULL;
}

void weir_pattern_work_free(struct weir_pattern_work *work)
{
    if (work != NULL) {
        pcre2_jit_stack_free(work->stack);
        pcre2_match_context_free(work->context);
        pcre2_match_data_free(work->data);
        free(work);
    }
}

size_t weir_pattern_bytes(const struct weir_pattern *pattern)
{
    size_t code = 0, jit = 0;

    pcre2_pattern_info(pattern->code, PCRE2_INFO_SIZE, &code);
    pcre2_pattern_info(pattern->code, PCRE2_INFO_JITSIZE, &jit); /* untouched where there is none */
    return code + jit + (pattern->chain != NULL ? sizeof *pattern->chain : 0);
}

enum weir_pattern_verdict weir_pattern_match(const struct weir_pattern *pattern,
    struct weir_pattern_work *work, struct weir_str subject, uint64_t *steps)
{
    const char *p = subject.len > 0 ? subject.p : "";

    for (size_t i = pattern->anchored; i < sizeof attempts / sizeof attempts[0]; i++) {
        const struct attempt *a = &attempts[i];
        uint64_t price =
            a->price + (uint64_t)subject.len * (pattern->anchored ? a->anchored : a->any) / 8;
        if (price > *steps) {
            return WEIR_PATTERN_SPENT;
        }
        *steps -= price;
        if (pattern->chain != NULL) {
            return weir_chain_match(pattern->chain, subject) ? WEIR_PATTERN_YES : WEIR_PATTERN_NO;
        }
        pcre2_set_match_limit(work->context, a->limit);
        int rc = pcre2_match(pattern->code, (PCRE2_SPTR)p, subject.len, 0, PCRE2_NO_UTF_CHECK,
            work->data, work->context);
        if (rc >= 0) {
            return WEIR_PATTERN_YES;
        }
        if (rc == PCRE2_ERROR_NOMATCH) {
            return WEIR_PATTERN_NO;
        }
        if (rc != PCRE2_ERROR_MATCHLIMIT) {
            break; /* memory: more steps need no less */
        }
    }
    return WEIR_PATTERN_LIMIT;
}
