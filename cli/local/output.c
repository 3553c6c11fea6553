#include "cli/local/output.h"

#include "core/limits.h"
#include "core/line.h"
#include "core/reason.h"
#include "core/utf8.h"
#include "json/doc.h"
#include "net/ready.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES (64 * WEIR_KIB)

struct weir_output {
    int fd;
    struct weir_ready *ready; /* NULL: nothing more comes */
    bool ended;
    char errors[WEIR_OUTPUT_ERRORS_MAX][WEIR_OUTPUT_ERROR_BYTES]; /* a ring */
    size_t errors_n;                                              /* since the beginning */
    size_t len;                                                   /* read and not passed on */
    char p[READ_BYTES];
};

/* ---- errors ---- */

static void keep(struct weir_output *o, const char *text, size_t len)
{
    char *to = o->errors[o->errors_n++ % WEIR_OUTPUT_ERRORS_MAX];

    len = weir_utf8_check(text, len);
    len = weir_utf8_cut(text, len, WEIR_OUTPUT_ERROR_BYTES - 1);
    memcpy(to, text, len);
    to[len] = '\0';
}

/* {"level":"ERROR", "message": ...}, as of AWS_LAMBDA_LOG_FORMAT=JSON. */
static void look_at_object(struct weir_output *o, const char *line, size_t len)
{
    struct weir_doc doc = {.v = weir_doc_parse("log", line, len, NULL)};
    const char *level, *message;

    if (doc.v != NULL && weir_doc_string(&doc, "level", &level, NULL) == 0 &&
        strcmp(level, "ERROR") == 0 && weir_doc_string(&doc, "message", &message, NULL) == 0) {
        keep(o, message, strlen(message));
    }
    cJSON_Delete((cJSON *)(uintptr_t)doc.v);
}

static void look_at(struct weir_output *o, const char *line, size_t len)
{
    if (len > 6 && memcmp(line, "ERROR ", 6) == 0) {
        keep(o, line + 6, len - 6);
    } else if (len > 0 && line[0] == '{' && memmem(line, len, "\"ERROR\"", 7) != NULL) {
        look_at_object(o, line, len);
    }
}

const char *weir_output_error(const struct weir_output *output, const char *id)
{
    const struct weir_output *o = output;
    size_t n = o->errors_n < WEIR_OUTPUT_ERRORS_MAX ? o->errors_n : WEIR_OUTPUT_ERRORS_MAX;

    for (size_t i = 1; id != NULL && i <= n; i++) {
        const char *text = o->errors[(o->errors_n - i) % WEIR_OUTPUT_ERRORS_MAX];
        const char *at = strstr(text, id);
        if (at != NULL) {
            at += strlen(id);
            return at + strspn(at, " :");
        }
    }
    return n > 0 ? o->errors[(o->errors_n - 1) % WEIR_OUTPUT_ERRORS_MAX] : NULL;
}

void weir_output_begin(struct weir_output *output)
{
    weir_output_read(output); /* what belongs to what was before */
    output->errors_n = 0;
}

/* ---- lines ---- */

/* Pass on the first n bytes. What cannot be written is dropped, as all that is told is. */
static void pass_on(struct weir_output *o, size_t n)
{
    weir_line_raw(STDERR_FILENO, o->p, n);
    o->len -= n;
    memmove(o->p, o->p + n, o->len);
}

/* Whole lines; one that fills the buffer counts as one. */
static void take_lines(struct weir_output *o, bool last)
{
    size_t begin = 0;
    char *lf;

    while ((lf = memchr(o->p + begin, '\n', o->len - begin)) != NULL) {
        look_at(o, o->p + begin, (size_t)(lf - o->p) - begin);
        begin = (size_t)(lf - o->p) + 1;
    }
    if (last || o->len == sizeof o->p) {
        begin = o->len;
    }
    if (begin > 0) {
        pass_on(o, begin);
    }
}

void weir_output_read(struct weir_output *output)
{
    struct weir_output *o = output;

    for (int i = 0; !o->ended && i < WEIR_OUTPUT_READS_MAX; i++) {
        ssize_t n = read(o->fd, o->p + o->len, sizeof o->p - o->len);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && errno == EAGAIN) {
            return;
        }
        o->len += n > 0 ? (size_t)n : 0;
        o->ended = n <= 0; /* whoever wrote to it is gone */
        take_lines(o, o->ended);
    }
}

bool weir_output_turn(struct weir_output *output)
{
    struct weir_output *o = output;

    weir_output_read(o);
    if (o->ended) {
        weir_ready_free(o->ready);
        o->ready = NULL;
    }
    return o->ready != NULL && weir_ready_now(o->ready);
}

/* ---- its life ---- */

struct weir_output *weir_output_new(struct weir_loop *loop, int *write_fd, struct weir_err *err)
{
    struct weir_output *o = calloc(1, sizeof *o);
    int fds[2];

    if (o == NULL) {
        (void)weir_err_set(err, WEIR_E_NOMEM, "out of memory for the function's log");
        return NULL;
    }
    if (pipe2(fds, O_CLOEXEC) != 0) {
        (void)weir_err_detail(err, WEIR_E_IO, errno, "pipe: %s", weir_reason(errno));
        free(o);
        return NULL;
    }
    o->fd = fds[0];
    if (fcntl(o->fd, F_SETFL, O_NONBLOCK) != 0 ||
        weir_ready_new(loop, o->fd, false, &o->ready, err) != 0) {
        (void)weir_err_detail(err, WEIR_E_IO, errno, "pipe: %s", weir_reason(errno));
        (void)close(fds[1]);
        weir_output_free(o);
        return NULL;
    }
    *write_fd = fds[1];
    return o;
}

void weir_output_free(struct weir_output *output)
{
    if (output != NULL) {
        weir_output_read(output);
        take_lines(output, true);
        weir_ready_free(output->ready);
        (void)close(output->fd);
        free(output);
    }
}
