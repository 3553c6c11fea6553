/*
 * Do blocks come out in order, with the head first, whatever the windows, and errors in place, and
 * is it all the same when the work is done elsewhere and ends in another order?
 */
#include "core/limits.h"
#include "stream/blocks.h"
#include "tests/support/stage_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/*
 * A toy job: records end at ';'. A block ends with the first record that makes it 8 bytes or more.
 * Work writes [block], or fails at '!'. The head's first byte is put before each later block.
 */
struct job {
    char head;
    uint64_t merged;
    size_t bytes;
    int workers;
};

struct note {
    size_t bytes;
};

static int split(
    void *job, struct weir_block *block, const uint8_t *p, size_t len, bool last, size_t *cut)
{
    (void)job;
    assert_non_null(p);
    *cut = 0;
    for (size_t i = 0; i < len; i++) {
        if (p[i] == '?') {
            return weir_err_set(&block->err, WEIR_E_DATA, "a question at %zu", i);
        }
        if (p[i] == ';' && (block->index == 0 || i + 1 >= 8)) {
            *cut = i + 1;
            return 0;
        }
    }
    if (last) {
        *cut = len;
    }
    return 0;
}

static void *worker_new(void *job, struct weir_err *err)
{
    struct job *j = job;

    if (j->workers < 0) {
        weir_err_set(err, WEIR_E_NOMEM, "no worker");
        return NULL;
    }
    j->workers++;
    return &j->workers;
}

static void worker_free(void *worker)
{
    if (worker != NULL) {
        (*(int *)worker)--;
    }
}

static int work(const void *job, void *worker, struct weir_block *block)
{
    const struct job *j = job;
    struct note *note = block->note;

    assert_ptr_equal(worker, &j->workers);
    assert_int_equal(note->bytes, 0);
    assert_int_equal(block->lead.len, 0);
    note->bytes = block->in_len;
    if (memchr(block->in, '!', block->in_len) != NULL) {
        return weir_err_set(&block->err, WEIR_E_DATA, "an exclamation");
    }
    if (block->index > 0 && weir_buf_add(&block->out, &j->head, 1, &block->err) != 0) {
        return -1;
    }
    if (weir_buf_adds(&block->out, "[", &block->err) != 0 ||
        weir_buf_add(&block->out, block->in, block->in_len, &block->err) != 0) {
        return -1;
    }
    return weir_buf_adds(&block->out, "]", &block->err);
}

static int head(void *job, void *worker, struct weir_block *block)
{
    struct job *j = job;

    assert_int_equal(block->index, 0);
    j->head = block->in_len > 0 ? (char)block->in[0] : '-';
    return work(job, worker, block);
}

static int merge(void *job, struct weir_block *block)
{
    struct job *j = job;
    struct note *note = block->note;

    assert_int_equal(block->index, j->merged);
    if (block->err.code != WEIR_OK) {
        weir_err_prefix(&block->err, "after byte %zu", j->bytes);
        return -1;
    }
    j->merged++;
    j->bytes += note->bytes;
    return block->index % 3 == 2 ? weir_buf_adds(&block->lead, "~", &block->err) : 0;
}

static int finish(void *job, struct weir_buf *out, struct weir_err *err)
{
    struct job *j = job;

    return weir_buf_addf(out, err, "=%zu", j->bytes);
}

static const struct weir_blocks_ops ops = {
    "toy", sizeof(struct note), split, worker_new, head, work, worker_free, NULL, merge, finish};

static struct job the_job;

enum { IDLERS = 3 };

/* Workers without threads: what is submitted waits until somebody waits, and is done in another
 * order than it came in. */
struct idlers {
    struct weir_workers workers;
    struct weir_task *tasks[IDLERS + WEIR_BLOCKS_AHEAD];
    size_t n, most;
};

static void idlers_submit(struct weir_workers *workers, struct weir_task *task)
{
    struct idlers *d = (struct idlers *)workers;

    assert_true(d->n < workers->threads + WEIR_BLOCKS_AHEAD);
    d->tasks[d->n++] = task;
    d->most = d->n > d->most ? d->n : d->most;
}

static void idlers_do_one(struct idlers *d)
{
    struct weir_task *task = d->tasks[--d->n];

    task->run(task);
    task->done = true;
}

static bool idlers_take_back(struct weir_workers *workers, struct weir_task *task)
{
    struct idlers *d = (struct idlers *)workers;
    size_t i = 0;

    while (i < d->n && d->tasks[i] != task) {
        i++;
    }
    assert_true(i < d->n); /* nothing else is taken back */
    d->tasks[i] = d->tasks[--d->n];
    task->done = true;
    return true;
}

static void idlers_wait(void *ctx)
{
    struct idlers *d = ctx;

    assert_true(d->n > 0); /* a wait for nothing */
    idlers_do_one(d);
}

static int make(void *ctx, struct weir_stage *ret, struct weir_err *err)
{
    struct idlers *d = ctx;

    the_job = (struct job){0};
    return weir_blocks_new(&ops, &the_job, 64, d != NULL ? &d->workers : NULL, ret, err);
}

static void expect(const char *in, const char *out, const char *msg)
{
    const struct stage_case c = {in, make, NULL, (const uint8_t *)in, strlen(in)};
    struct weir_buf got;
    struct weir_err err = {0};
    uint64_t seed = 1;

    weir_buf_init(&got, 4096);
    assert_int_equal(stage_run(&c, 1, 1, &seed, &got, &err), msg == NULL ? 0 : -1);
    assert_string_equal(err.msg, msg != NULL ? msg : "");
    assert_string_equal(weir_buf_text(&got, NULL), out);
    assert_int_equal(the_job.workers, 0);
    weir_buf_fini(&got);
    stage_check(&c);
}

static void blocks_come_out_in_order_after_their_head(void **state)
{
    (void)state;
    expect("", "[]=0", NULL);
    expect("h;", "[h;]=2", NULL);
    expect("h", "[h]=1", NULL);
    expect("h;a;b;", "[h;]h[a;b;]=6", NULL);
    expect("h;aaaa;bbbb;c", "[h;]h[aaaa;bbbb;]~h[c]=13", NULL);
    expect("h;a-long-record-here;b;", "[h;]h[a-long-record-here;]~h[b;]=23", NULL);
}

static void blocks_error_has_its_place_and_what_is_before_it_is_out(void **state)
{
    (void)state;
    expect("h;aaaa;bbbb;!;", "[h;]h[aaaa;bbbb;]", "after byte 12: an exclamation");
    expect("!;aaaa;", "", "after byte 0: an exclamation");
    expect("h;aaaa;b?", "[h;]", "after byte 2: a question at 6");
}

/* A job whose merge looks at no error. */
static int merge_blindly(void *job, struct weir_block *block)
{
    (void)block;
    ((struct job *)job)->merged++;
    return 0;
}

static int make_blind(void *ctx, struct weir_stage *ret, struct weir_err *err)
{
    static const struct weir_blocks_ops blind = {"blind", sizeof(struct note), split, worker_new,
        head, work, worker_free, NULL, merge_blindly, NULL};

    (void)ctx;
    the_job = (struct job){0};
    return weir_blocks_new(&blind, &the_job, 64, NULL, ret, err);
}

static void blocks_error_is_one_whatever_merge_makes_of_it(void **state)
{
    static const struct {
        const char *in, *msg;
    } cases[] = {{"!;aaaa;", "an exclamation"}, {"h;aaaa;bbbb;!;", "an exclamation"},
        {"h;aaaa;b?", "a question at 6"}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct stage_case c = {
            "blind", make_blind, NULL, (const uint8_t *)cases[i].in, strlen(cases[i].in)};
        struct weir_buf got;
        struct weir_err err = {0};
        uint64_t seed = 1;

        weir_buf_init(&got, 4096);
        assert_int_equal(stage_run(&c, 1, 1, &seed, &got, &err), -1);
        assert_string_equal(err.msg, cases[i].msg);
        weir_buf_fini(&got);
    }
}

static void blocks_record_over_the_ceiling_is_a_limit(void **state)
{
    struct weir_buf in, out;
    struct weir_err err = {0};
    uint64_t seed = 1;
    const size_t n = WEIR_BLOCK_BYTES + 128; /* make() gives records 64 bytes */

    (void)state;
    weir_buf_init(&in, n);
    weir_buf_init(&out, 4096);
    memset(weir_buf_reserve(&in, n, NULL), 'a', n);
    in.p[1] = ';';
    const struct stage_case c = {"long", make, NULL, in.p, n};
    assert_int_equal(stage_run(&c, 65536, 65536, &seed, &out, &err), -1);
    assert_int_equal(err.code, WEIR_E_LIMIT);
    weir_buf_fini(&in);
    weir_buf_fini(&out);
}

/* Records large enough to be handed over; fail is a place for a '!', or 0. */
static void make_large(struct weir_buf *in, size_t blocks, size_t fail)
{
    const size_t n = WEIR_BLOCK_INLINE_BYTES + 100;

    assert_int_equal(weir_buf_adds(in, "h;", NULL), 0);
    for (size_t i = 0; i < blocks; i++) {
        uint8_t *p = weir_buf_reserve(in, n, NULL);
        memset(p, 'a' + (int)i, n);
        p[n - 1] = ';';
        in->len += n;
    }
    if (fail > 0) {
        in->p[fail] = '!';
    }
}

static void blocks_are_the_same_when_the_work_is_done_elsewhere(void **state)
{
    static const size_t fails[] = {0, 2, 3 * (WEIR_BLOCK_INLINE_BYTES + 100) + 2};
    struct idlers idlers = {
        .workers = {.threads = IDLERS, .submit = idlers_submit, .take_back = idlers_take_back}};

    (void)state;
    stage_wait = idlers_wait;
    for (size_t i = 0; i < sizeof fails / sizeof fails[0]; i++) {
        struct weir_buf in, want, got;
        struct weir_err err = {0}, err_inline = {0};
        uint64_t seed = 1;
        weir_buf_init(&in, 1 * WEIR_MIB);
        weir_buf_init(&want, 1 * WEIR_MIB);
        weir_buf_init(&got, 1 * WEIR_MIB);
        make_large(&in, 9, fails[i]);
        const struct stage_case inlined = {"inline", make, NULL, in.p, in.len};
        const struct stage_case c = {"elsewhere", make, &idlers, in.p, in.len};
        int rc = stage_run(&inlined, 4096, 4096, &seed, &want, &err_inline);
        assert_int_equal(rc, fails[i] > 0 ? -1 : 0);
        assert_int_equal(stage_run(&c, in.len, 4096, &seed, &got, &err), rc);
        assert_string_equal(err.msg, err_inline.msg);
        assert_int_equal(got.len, want.len);
        assert_memory_equal(got.p, want.p, want.len);
        assert_int_equal(idlers.n, 0);
        assert_int_equal(
            idlers.most, IDLERS + WEIR_BLOCKS_AHEAD); /* all slots were in use, and never more */
        for (int k = 0; k < 4; k++) { /* hundreds of runs of this size would take too long */
            struct weir_buf again;
            struct weir_err err_again = {0};
            weir_buf_init(&again, 1 * WEIR_MIB);
            assert_int_equal(stage_run(&c, 0, 0, &seed, &again, &err_again), rc);
            assert_string_equal(err_again.msg, err.msg);
            assert_memory_equal(again.p, want.p, again.len);
            weir_buf_fini(&again);
        }
        weir_buf_fini(&in);
        weir_buf_fini(&want);
        weir_buf_fini(&got);
    }
    stage_wait = NULL;
}

/*
 * A job with a limit on the whole: of all bytes of blocks the first LIMIT are written as 'o', what
 * is beyond as 'x', and with fail the byte at the limit is an error. Work supposes that no more is
 * merged than there was when its block was cut.
 */
struct limited {
    struct job counted; /* first: worker_new counts in it */
    size_t limit, bytes;
    size_t again;
    bool fail;
};

struct limited_note {
    size_t before, cut, bytes;
};

static int limited_split(
    void *job, struct weir_block *block, const uint8_t *p, size_t len, bool last, size_t *cut)
{
    struct limited_note *note = block->note;

    note->before = ((struct limited *)job)->bytes;
    int rc = split(NULL, block, p, len, last, cut);
    note->cut = *cut;
    return rc;
}

static int limited_work(const void *job, void *worker, struct weir_block *block)
{
    const struct limited *j = job;
    struct limited_note *note = block->note;

    (void)worker;
    assert_int_equal(block->err.code, WEIR_OK);
    assert_int_equal(block->out.len, 0);
    assert_int_equal(note->bytes, 0);
    assert_int_equal(note->cut, block->in_len);
    for (; note->bytes < block->in_len; note->bytes++) {
        const bool over = note->before + note->bytes >= j->limit;
        if (over && j->fail) {
            return weir_err_set(&block->err, WEIR_E_DATA, "byte %zu", note->before + note->bytes);
        }
        assert_int_equal(weir_buf_adds(&block->out, over ? "x" : "o", NULL), 0);
    }
    return 0;
}

static int limited_head(void *job, void *worker, struct weir_block *block)
{
    return limited_work(job, worker, block);
}

static bool limited_again(void *job, struct weir_block *block)
{
    struct limited *j = job;
    struct limited_note *note = block->note;

    assert_false(block->in_order);
    /* What it supposed, or what makes no difference: all below the limit, all beyond it. */
    if (j->bytes == note->before || j->bytes + note->bytes < j->limit || note->before >= j->limit) {
        return false;
    }
    *note = (struct limited_note){.before = j->bytes, .cut = note->cut};
    j->again++;
    return true;
}

static int limited_merge(void *job, struct weir_block *block)
{
    struct limited *j = job;

    j->bytes += ((struct limited_note *)block->note)->bytes;
    return block->err.code == WEIR_OK ? 0 : -1;
}

static const struct weir_blocks_ops limited_ops = {.name = "limited",
    .note_bytes = sizeof(struct limited_note),
    .split = limited_split,
    .worker_new = worker_new,
    .head = limited_head,
    .work = limited_work,
    .worker_free = worker_free,
    .again = limited_again,
    .merge = limited_merge};

static struct limited the_limited;

static int make_limited(void *ctx, struct weir_stage *ret, struct weir_err *err)
{
    struct idlers *d = ctx;

    the_limited.bytes = the_limited.again = 0;
    the_job = (struct job){0};
    return weir_blocks_new(
        &limited_ops, &the_limited, 64, d != NULL ? &d->workers : NULL, ret, err);
}

static void blocks_done_ahead_of_their_turn_are_done_again_where_it_matters(void **state)
{
    static const size_t limits[] = {0, 1, 2, 3, WEIR_BLOCK_INLINE_BYTES, 70000, 90000, 1000000};
    struct idlers idlers = {
        .workers = {.threads = IDLERS, .submit = idlers_submit, .take_back = idlers_take_back}};
    size_t most = 0;

    (void)state;
    stage_wait = idlers_wait;
    for (size_t i = 0; i < 2 * sizeof limits / sizeof limits[0]; i++) {
        struct weir_buf in, want, got;
        struct weir_err err = {0}, err_inline = {0};
        uint64_t seed = i;
        weir_buf_init(&in, 1 * WEIR_MIB);
        weir_buf_init(&want, 1 * WEIR_MIB);
        weir_buf_init(&got, 1 * WEIR_MIB);
        make_large(&in, 4, 0);
        assert_int_equal(weir_buf_adds(&in, "small;one;", NULL), 0); /* done where it was cut */
        in.p[in.len - 200] = ';';
        make_large(&in, 4, 0);
        the_limited = (struct limited){.limit = limits[i / 2], .fail = i % 2 == 1};
        const struct stage_case inlined = {"inline", make_limited, NULL, in.p, in.len};
        const struct stage_case c = {"ahead", make_limited, &idlers, in.p, in.len};
        int rc = stage_run(&inlined, 4096, 4096, &seed, &want, &err_inline);
        assert_int_equal(the_limited.again, 0);
        assert_int_equal(stage_run(&c, in.len, 4096, &seed, &got, &err), rc);
        assert_string_equal(err.msg, err_inline.msg);
        assert_int_equal(got.len, want.len);
        assert_memory_equal(got.p, want.p, want.len);
        most = the_limited.again > most ? the_limited.again : most;
        assert_true(the_limited.again <=
                    IDLERS + WEIR_BLOCKS_AHEAD); /* the one it hit, and those under way with it */
        weir_buf_fini(&in);
        weir_buf_fini(&want);
        weir_buf_fini(&got);
    }
    assert_true(most > 0);
    stage_wait = NULL;
}

static void blocks_worker_that_cannot_start_is_an_error(void **state)
{
    struct job job = {.workers = -1};
    struct weir_stage stage = {0};
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(weir_blocks_new(&ops, &job, 64, NULL, &stage, &err), -1);
    assert_int_equal(err.code, WEIR_E_NOMEM);
    assert_null(stage.ops);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_come_out_in_order_after_their_head),
        cmocka_unit_test(blocks_error_has_its_place_and_what_is_before_it_is_out),
        cmocka_unit_test(blocks_error_is_one_whatever_merge_makes_of_it),
        cmocka_unit_test(blocks_record_over_the_ceiling_is_a_limit),
        cmocka_unit_test(blocks_are_the_same_when_the_work_is_done_elsewhere),
        cmocka_unit_test(blocks_done_ahead_of_their_turn_are_done_again_where_it_matters),
        cmocka_unit_test(blocks_worker_that_cannot_start_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
