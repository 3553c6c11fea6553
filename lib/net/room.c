#include "net/room.h"

#include "core/clock.h"

#include <stddef.h>

static void on_late(uv_timer_t *timer)
{
    struct weir_room *room = timer->data;
    struct weir_err why = {0};

    weir_loop_moved(timer);
    if (room->bounded) {
        weir_err_set(&why, WEIR_E_DEADLINE, "the deadline has passed");
    } else {
        weir_err_set(&why, WEIR_E_DEADLINE, "not done within %lld ms", (long long)room->max_ms);
    }
    weir_loop_cancel(room->loop, &why);
}

int weir_room_init(
    struct weir_room *room, int64_t max_ms, int64_t until_mono_ms, struct weir_err *err)
{
    const int64_t now = weir_clock_mono_ms();
    int64_t ms = max_ms;

    *room = (struct weir_room){.max_ms = max_ms, .bounded = until_mono_ms < now + max_ms};
    if (room->bounded) {
        ms = until_mono_ms > now ? until_mono_ms - now : 0;
    }
    room->by_mono_ms = now + ms;
    room->loop = weir_loop_new(err);
    if (room->loop == NULL) {
        return -1;
    }
    uv_timer_init(weir_loop_uv(room->loop), &room->timer);
    room->timer.data = room;
    uv_timer_start(&room->timer, on_late, (uint64_t)ms, 0);
    uv_unref((uv_handle_t *)&room->timer);
    room->signals = weir_signals_join(room->loop, err);
    return room->signals != NULL ? 0 : -1;
}

void weir_room_fini(struct weir_room *room)
{
    if (room->loop != NULL) {
        weir_signals_free(room->signals);
        uv_close((uv_handle_t *)&room->timer, NULL);
        weir_loop_free(room->loop);
        *room = (struct weir_room){.loop = NULL};
    }
}
