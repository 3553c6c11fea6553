#include "aws/s3_abort.h"

#include "core/clock.h"

/* How long it may take. */
static void begin(struct weir_s3_abort *a, struct weir_s3_upload *up)
{
    int64_t now = weir_clock_mono_ms(), by = up->undo_by_mono_ms, budget_ms = up->abort_ms;

    if (weir_loop_undo_by(up->loop) < by) {
        by = weir_loop_undo_by(up->loop);
    }
    if (by - now < budget_ms) {
        budget_ms = by > now ? by - now : 0;
    }
    a->until_mono_ms = now + budget_ms;
    /* An answer that does not come has to leave time to take back what can be. */
    a->settle_until_mono_ms = now + (up->op == WEIR_S3_OP_PUT ? budget_ms : budget_ms / 2);
    weir_s3_call_last(&up->call);
    a->phase = WEIR_S3_ABORT_SETTLING;
}

/* Is nothing under way any more? */
static bool is_settled(const struct weir_s3_abort *a, struct weir_s3_upload *up)
{
    bool waits =
        up->op == WEIR_S3_OP_PUT || up->op == WEIR_S3_OP_CREATE || up->op == WEIR_S3_OP_COMPLETE;
    int64_t left_ms = a->settle_until_mono_ms - weir_clock_mono_ms();

    if (waits && !weir_s3_call_step(&up->call) && weir_s3_call_is_sent(&up->call) && left_ms > 0) {
        weir_wake_in(up->wake, left_ms);
        return false;
    }
    weir_s3_upload_leave(up);
    return true;
}

static enum weir_step say(const struct weir_s3_upload *up, const char *what, struct weir_err *err)
{
    weir_err_set(err, WEIR_E_REMOTE, "s3: %s: %s", up->name, what);
    return WEIR_FAIL;
}

/* Begin to take back the upload: WEIR_WAIT, or what there is to say at once. */
static enum weir_step undo(
    const struct weir_s3_abort *a, struct weir_s3_upload *up, struct weir_err *err)
{
    if (up->published) {
        return say(up, "was published all the same: its completion was under way", err);
    }
    if (up->put_lost) {
        return say(up, "may have been published: the answer to its PutObject was lost", err);
    }
    if (up->complete_lost && up->gone) {
        return say(up, "may have been published: the answer to its completion was lost", err);
    }
    if (up->id[0] == '\0' && !up->create_lost) {
        return WEIR_END;
    }
    weir_s3_upload_begin_undo(up, up->create_lost, a->until_mono_ms);
    return WEIR_WAIT;
}

enum weir_step weir_s3_abort_step(
    struct weir_s3_abort *abort, struct weir_s3_upload *up, struct weir_err *err)
{
    if (abort->phase == WEIR_S3_ABORT_NEW) {
        begin(abort, up);
    }
    if (abort->phase == WEIR_S3_ABORT_SETTLING) {
        if (!is_settled(abort, up)) {
            return WEIR_WAIT;
        }
        enum weir_step step = undo(abort, up, err);
        if (step != WEIR_WAIT) {
            return step;
        }
        abort->phase = WEIR_S3_ABORT_UNDOING;
    }
    return weir_s3_undo_step(&up->undo, err);
}
