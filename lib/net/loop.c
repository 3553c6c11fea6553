/*
 * libuv sleeps, libcurl talks. libcurl names the sockets it wants watched (watch_socket) and when
 * it wants to be called again (set_timer); libuv's events are handed to curl_multi_socket_action,
 * and after each such call the finished transfers are collected. on_done callbacks run from that
 * collection, where libcurl is not on the stack, so they may start and free requests.
 */
#include "net/loop.h"

#include "core/clock.h"
#include "core/limits.h"
#include "core/reason.h"
#include "net/http_priv.h"
#include "net/loop_priv.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#define LOOK_MS 1000     /* longer than a look takes; any number is */
#define UNDO_SLACK_MS 50 /* for an abort that ends by weir_loop_undo_by to say so itself */

/* One socket of libcurl's. On the heap by itself, because libuv needs it until the close callback.
 */
struct watch {
    uv_poll_t poll;
    struct weir_loop *loop;
    curl_socket_t fd;
};

static pthread_once_t process_once = PTHREAD_ONCE_INIT, curl_once = PTHREAD_ONCE_INIT;
static CURLcode curl_rc;

static void curl_init(void)
{
    curl_rc = curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* Once in a process, with its first loop. */
static void process_init(void)
{
    struct sigaction old;

    if (sigaction(SIGPIPE, NULL, &old) == 0 && old.sa_handler == SIG_DFL) {
        struct sigaction ignore = {.sa_handler = SIG_IGN};
        (void)sigaction(SIGPIPE, &ignore, NULL);
    }
}

/* Hand an event to libcurl, then tell the requests that it finished. */
static void act(struct weir_loop *loop, curl_socket_t fd, int events)
{
    int running, left;
    CURLMcode rc = curl_multi_socket_action(loop->multi, fd, events, &running);

    if (rc != CURLM_OK) {
        weir_err_detail(&loop->broken, WEIR_E_NET, (int)rc, "net: %s", curl_multi_strerror(rc));
    }
    for (CURLMsg *msg; (msg = curl_multi_info_read(loop->multi, &left)) != NULL;) {
        struct weir_http *http = NULL;
        CURLcode result = msg->data.result;

        if (msg->msg == CURLMSG_DONE &&
            curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &http) == CURLE_OK) {
            weir_http_completed(http, result); /* msg and http may be gone after this */
        }
    }
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    const struct watch *w = poll->data;
    /* A status is an error on the socket; libcurl finds the reason by reading or writing. */
    int bits = status < 0 ? CURL_CSELECT_IN | CURL_CSELECT_OUT : 0;

    bits |= (events & UV_READABLE) != 0 ? CURL_CSELECT_IN : 0;
    bits |= (events & UV_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0;
    act(w->loop, w->fd, bits);
}

static void on_curl_timer(uv_timer_t *timer)
{
    weir_loop_moved(timer);
    act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static void on_wake(uv_timer_t *timer)
{
    weir_loop_moved(timer); /* waking up is all it is for */
}

static int set_timer(CURLM *multi, long timeout_ms, void *self)
{
    struct weir_loop *loop = self;

    (void)multi;
    if (timeout_ms < 0) {
        uv_timer_stop(&loop->curl_timer);
    } else {
        uv_update_time(&loop->uv); /* work between two runs must not shorten the timeout */
        uv_timer_start(&loop->curl_timer, on_curl_timer, (uint64_t)timeout_ms, 0);
    }
    return 0;
}

static struct watch *watch_new(struct weir_loop *loop, curl_socket_t fd)
{
    struct watch *w = calloc(1, sizeof *w);

    if (w == NULL || uv_poll_init(&loop->uv, &w->poll, fd) != 0) {
        free(w);
        weir_err_set(&loop->broken, WEIR_E_NOMEM, "net: a socket cannot be watched");
        return NULL;
    }
    w->poll.data = w;
    w->loop = loop;
    w->fd = fd;
    curl_multi_assign(loop->multi, fd, w);
    return w;
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *self, void *known)
{
    struct weir_loop *loop = self;
    struct watch *w = known;
    int events = 0;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (w != NULL) {
            curl_multi_assign(loop->multi, fd, NULL);
            weir_loop_close((uv_handle_t *)&w->poll, w); /* leaves epoll at once */
        }
        return 0;
    }
    if (w == NULL) {
        w = watch_new(loop, fd);
    }
    if (w == NULL) {
        return -1;
    }
    events |= (what & CURL_POLL_IN) != 0 ? UV_READABLE : 0;
    events |= (what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0;
    return uv_poll_start(&w->poll, events, on_poll) == 0 ? 0 : -1;
}

/* Its requests are gone. The connections that are kept go before what they share. */
static void free_curl(struct weir_loop *loop)
{
    if (loop->multi != NULL) {
        curl_multi_cleanup(loop->multi);
    }
    if (loop->share != NULL) {
        curl_share_cleanup(loop->share);
    }
    loop->multi = NULL;
    loop->share = NULL;
}

int weir_curl_init(struct weir_err *err)
{
    pthread_once(&curl_once, curl_init);
    return curl_rc == CURLE_OK
               ? 0
               : weir_err_set(err, WEIR_E_NOMEM, "net: libcurl: %s", curl_easy_strerror(curl_rc));
}

int weir_loop_curl(struct weir_loop *loop, struct weir_err *err)
{
    CURLMcode rc = CURLM_OUT_OF_MEMORY;

    if (loop->multi != NULL) {
        return 0;
    }
    if (weir_curl_init(err) != 0) {
        return -1;
    }
    loop->multi = curl_multi_init();
    loop->share = curl_share_init();
    if (loop->multi == NULL || loop->share == NULL ||
        curl_share_setopt(loop->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) != CURLSHE_OK) {
        goto fail;
    }
    rc = curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    if (rc == CURLM_OK) {
        rc = curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
    }
    if (rc == CURLM_OK) {
        rc = curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    }
    if (rc == CURLM_OK) {
        rc = curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
    }
    if (rc == CURLM_OK) {
        rc = curl_multi_setopt(loop->multi, CURLMOPT_MAXCONNECTS, WEIR_HTTP_IDLE_MAX);
    }
    if (rc == CURLM_OK) {
        return 0;
    }
fail:
    free_curl(loop);
    return weir_err_set(err, WEIR_E_NOMEM, "net: %s", curl_multi_strerror(rc));
}

struct weir_loop *weir_loop_new(struct weir_err *err)
{
    struct weir_loop *loop = NULL;
    int rc;

    pthread_once(&process_once, process_init);
    loop = calloc(1, sizeof *loop);
    if (loop == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "net: out of memory for a loop");
        return NULL;
    }
    rc = uv_loop_init(&loop->uv);
    if (rc != 0) {
        weir_err_detail(err, rc == UV_ENOMEM ? WEIR_E_NOMEM : WEIR_E_IO, -rc, "net: a loop: %s",
            weir_reason(-rc));
        free(loop);
        return NULL;
    }
    uv_timer_init(&loop->uv, &loop->curl_timer);
    uv_timer_init(&loop->uv, &loop->wake);
    uv_unref((uv_handle_t *)&loop->wake);
    loop->curl_timer.data = loop;
    loop->deadline_ms = loop->undo_by_ms = INT64_MAX;
    return loop;
}

void weir_loop_free(struct weir_loop *loop)
{
    int rc = UV_EBUSY;

    if (loop == NULL) {
        return;
    }
    free_curl(loop);
    uv_close((uv_handle_t *)&loop->curl_timer, NULL);
    uv_close((uv_handle_t *)&loop->wake, NULL);
    /* Ends that are gone may have handles whose close callbacks are still to run, and those may
     * close others; more rounds than this mean that an end was forgotten. */
    for (int rounds = 0; rounds < 8 && rc != 0; rounds++) {
        uv_run(&loop->uv, UV_RUN_NOWAIT);
        rc = uv_loop_close(&loop->uv);
    }
    assert(rc == 0);
    free(loop);
}

static void free_memory(uv_handle_t *handle)
{
    free(handle->data);
}

void weir_loop_close(uv_handle_t *handle, void *memory)
{
    handle->data = memory;
    uv_close(handle, free_memory);
}

uv_loop_t *weir_loop_uv(struct weir_loop *loop)
{
    return &loop->uv;
}

void weir_loop_cancel(struct weir_loop *loop, const struct weir_err *why)
{
    if (loop->cancel.code == WEIR_OK && loop->undo_ms > 0) {
        loop->undo_by_ms = weir_clock_mono_ms() + loop->undo_ms;
    }
    (void)weir_err_keep(&loop->cancel, why);
}

void weir_loop_set_undo(struct weir_loop *loop, int64_t ms)
{
    loop->undo_ms = ms;
}

int64_t weir_loop_undo_by(const struct weir_loop *loop)
{
    return loop->undo_by_ms;
}

const struct weir_err *weir_loop_cancelled(const struct weir_loop *loop)
{
    return loop->cancel.code != WEIR_OK ? &loop->cancel : NULL;
}

void weir_loop_set_deadline(struct weir_loop *loop, int64_t mono_ms)
{
    loop->deadline_ms = mono_ms;
}

/* Whether what runs is to stop, and why. */
static int check_stop(const struct weir_loop *loop, struct weir_err *err)
{
    if (loop->cancel.code != WEIR_OK) {
        return weir_err_keep(err, &loop->cancel);
    }
    if (loop->deadline_ms != INT64_MAX && weir_clock_mono_ms() >= loop->deadline_ms) {
        return weir_err_set(err, WEIR_E_DEADLINE, "the time for this ran out");
    }
    return 0;
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void run_uv(struct weir_loop *loop, uv_run_mode mode)
{
    loop->running = true;
    uv_run(&loop->uv, mode);
    loop->running = false;
}

/* Give everybody a turn without waiting. libuv does not look at anything in a loop in which nothing
 * is referenced (a pipe between two regular files has nothing there), not even at signals: for the
 * look there is something. */
static void look(struct weir_loop *loop)
{
    uv_timer_start(&loop->wake, on_wake, LOOK_MS, 0);
    uv_ref((uv_handle_t *)&loop->wake);
    run_uv(loop, UV_RUN_NOWAIT);
    uv_unref((uv_handle_t *)&loop->wake);
    uv_timer_stop(&loop->wake);
}

int weir_loop_step(struct weir_loop *loop, int64_t mono_ms, struct weir_err *err)
{
    if (check_stop(loop, err) != 0 ||
        weir_loop_step_undo(loop, sooner(mono_ms, loop->deadline_ms), err) != 0) {
        return -1;
    }
    return check_stop(loop, err);
}

int weir_loop_step_undo(struct weir_loop *loop, int64_t mono_ms, struct weir_err *err)
{
    uv_run_mode mode = UV_RUN_ONCE;
    int64_t now_ms = weir_clock_mono_ms();

    if (loop->running) {
        return weir_err_set(err, WEIR_E_BUG, "net: a loop was run from inside its own callback");
    }
    if (loop->broken.code != WEIR_OK) {
        return weir_err_keep(err, &loop->broken);
    }
    if (!uv_loop_alive(&loop->uv)) {
        return weir_err_set(err, WEIR_E_BUG, "net: a wait for nothing: no wake-up is armed");
    }
    if (mono_ms <= now_ms) {
        mode = UV_RUN_NOWAIT;
    } else if (mono_ms != INT64_MAX) {
        uv_update_time(&loop->uv);
        uv_timer_start(&loop->wake, on_wake, (uint64_t)(mono_ms - now_ms), 0);
    }
    run_uv(loop, mode);
    uv_timer_stop(&loop->wake);
    /* libuv's timers come before its descriptors. What lay there when the time was over counts, for
     * whoever was kept from looking (SIGSTOP, a busy machine). */
    if (mode == UV_RUN_ONCE && weir_clock_mono_ms() >= mono_ms) {
        run_uv(loop, UV_RUN_NOWAIT);
    }
    return 0;
}

/* Wait for those who undo; they bound it themselves, and so does what a cancel leaves them. */
static void wait_undo(struct weir_loop *loop, struct weir_pipe *pipe)
{
    struct weir_err why = {0};
    int64_t end_ms = loop->undo_by_ms == INT64_MAX ? INT64_MAX : loop->undo_by_ms + UNDO_SLACK_MS;

    if (end_ms <= weir_clock_mono_ms()) {
        (void)weir_err_set(&why, WEIR_E_DEADLINE, "the time to undo what was begun ran out");
    } else if (weir_loop_step_undo(loop, end_ms, &why) == 0) {
        return;
    } /* or nothing will ever wake it */
    weir_pipe_abandon(pipe, &why);
}

int weir_loop_run(struct weir_loop *loop, struct weir_pipe *pipe, struct weir_err *err)
{
    if (loop->running) {
        return weir_err_set(err, WEIR_E_BUG, "net: a loop was run from inside its own callback");
    }
    for (;;) {
        struct weir_err broke = {0};

        if (weir_pipe_err(pipe)->code == WEIR_OK && check_stop(loop, &broke) != 0) {
            weir_pipe_cancel(pipe, &broke);
            broke = (struct weir_err){0};
        }
        switch (weir_pipe_sweep(pipe, weir_clock_mono_ms())) {
        case WEIR_PIPE_DONE:
            return 0;
        case WEIR_PIPE_FAILED:
            return weir_err_keep(err, weir_pipe_err(pipe));
        case WEIR_PIPE_RUNNING:
            look(loop);
            break;
        case WEIR_PIPE_WAITING:
            if (weir_pipe_err(pipe)->code != WEIR_OK) { /* then the deadline has done its work */
                wait_undo(loop, pipe);
            } else if (weir_loop_step_undo(loop,
                           sooner(weir_pipe_deadline(pipe), loop->deadline_ms), &broke) != 0) {
                weir_pipe_cancel(pipe, &broke);
            } /* a cancel is seen above, in the next round */
            break;
        }
    }
}
