#include "net/signals.h"

#include "core/reason.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define SIGNALS_N 3

struct weir_signals {
    struct weir_loop *loop;
    uv_signal_t handles[SIGNALS_N];
    size_t open; /* handles that libuv still knows */
};

void weir_signals_begin(void)
{
    sigset_t none;

    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
}

static void on_close(uv_handle_t *handle)
{
    struct weir_signals *s = handle->data;

    if (--s->open == 0) {
        free(s);
    }
}

static void on_any(uv_signal_t *handle, int number)
{
    struct weir_signals *s = handle->data;
    struct weir_err why = {0};

    /* The default action comes back: whoever asks twice means it. */
    (void)uv_signal_stop(handle);
    (void)weir_err_detail(&why, WEIR_E_CANCEL, number, "stopped by SIG%s", sigabbrev_np(number));
    weir_loop_cancel(s->loop, &why);
}

/* Is it to be watched? nohup has SIGHUP ignored, and wants it so. */
static bool is_for_us(int number, bool watched_only)
{
    struct sigaction now;

    if (sigaction(number, NULL, &now) != 0) {
        return false;
    }
    bool handled = now.sa_handler != SIG_DFL && now.sa_handler != SIG_IGN;
    return watched_only ? handled : number != SIGHUP || now.sa_handler != SIG_IGN;
}

static struct weir_signals *watch(struct weir_loop *loop, bool watched_only, struct weir_err *err)
{
    static const int numbers[SIGNALS_N] = {SIGINT, SIGTERM, SIGHUP};
    struct weir_signals *s = calloc(1, sizeof *s);
    int rc = 0;

    if (s == NULL) {
        (void)weir_err_set(err, WEIR_E_NOMEM, "out of memory for signals");
        return NULL;
    }
    s->loop = loop;
    for (size_t i = 0; i < SIGNALS_N && rc == 0; i++) {
        uv_signal_t *handle = &s->handles[s->open];
        if (!is_for_us(numbers[i], watched_only)) {
            continue;
        }
        rc = uv_signal_init(weir_loop_uv(loop), handle);
        if (rc == 0) {
            handle->data = s;
            s->open++;
            uv_unref((uv_handle_t *)handle);
            rc = uv_signal_start(handle, on_any, numbers[i]);
        }
    }
    if (rc != 0) {
        (void)weir_err_detail(err, WEIR_E_IO, -rc, "signals: %s", weir_reason(-rc));
        weir_signals_free(s);
        return NULL;
    }
    return s;
}

struct weir_signals *weir_signals_new(struct weir_loop *loop, struct weir_err *err)
{
    return watch(loop, false, err);
}

struct weir_signals *weir_signals_join(struct weir_loop *loop, struct weir_err *err)
{
    return watch(loop, true, err);
}

void weir_signals_free(struct weir_signals *signals)
{
    if (signals == NULL) {
        return;
    }
    size_t n = signals->open;
    if (n == 0) {
        free(signals);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        uv_close((uv_handle_t *)&signals->handles[i], on_close);
    }
}
