#include "net/wake.h"

#include "core/clock.h"

#include <stdlib.h>
#include <uv.h>

struct weir_wake {
    uv_timer_t timer;
};

struct weir_wake *weir_wake_new(struct weir_loop *loop, struct weir_err *err)
{
    struct weir_wake *wake = calloc(1, sizeof *wake);

    if (wake == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "out of memory for a timer");
        return NULL;
    }
    uv_timer_init(weir_loop_uv(loop), &wake->timer);
    return wake;
}

static void on_time(uv_timer_t *timer)
{
    weir_loop_moved(timer); /* turning the loop is all it is for */
}

void weir_wake_in(struct weir_wake *wake, int64_t ms)
{
    uv_update_time(wake->timer.loop); /* work since the loop's last turn must not shorten it */
    uv_timer_start(&wake->timer, on_time, ms > 0 ? (uint64_t)ms : 0, 0);
}

int weir_wake_rest(struct weir_loop *loop, int64_t until_mono_ms, struct weir_err *err)
{
    struct weir_wake *wake = weir_wake_new(loop, err);
    int rc = wake != NULL ? 0 : -1;

    while (rc == 0 && weir_clock_mono_ms() < until_mono_ms) {
        weir_wake_in(wake, until_mono_ms - weir_clock_mono_ms());
        rc = weir_loop_step(loop, INT64_MAX, err);
    }
    weir_wake_free(wake);
    return rc;
}

void weir_wake_free(struct weir_wake *wake)
{
    if (wake != NULL) {
        weir_loop_close((uv_handle_t *)&wake->timer, wake);
    }
}
