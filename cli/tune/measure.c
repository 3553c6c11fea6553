#include "cli/tune/measure.h"

#include "json/doc.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

struct measure {
    const struct weir_tune_opts *opts;
    struct weir_tune_size *size;
    int64_t cpu_us; /* of this process, before this run */
    bool cold;
};

static void fail(struct weir_tune_size *size, enum weir_tune_fate fate, const char *why)
{
    size->fate = fate;
    (void)snprintf(size->why, sizeof size->why, "%s", why);
}

/* The errorType of an answer, if it is a word; else nothing. The rest of the answer is somebody's
 * data, and may be anything. */
static void error_type(const struct weir_buf *body, char *ret, size_t size)
{
    static const char set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._";
    struct weir_doc root = {0}, type = {0};
    cJSON *tree = weir_doc_parse("error", (const char *)body->p, body->len, NULL);

    root.v = tree;
    ret[0] = '\0';
    if (tree != NULL && weir_doc_member(&root, "errorType", &type) && cJSON_IsString(type.v) &&
        type.v->valuestring[strspn(type.v->valuestring, set)] == '\0') {
        (void)snprintf(ret, size, "%s", type.v->valuestring);
    }
    cJSON_Delete(tree);
}

/* A batch's failures are an answer like any other to Lambda, and no measurement of the work. */
static size_t failures(const struct weir_buf *body)
{
    struct weir_doc root = {0}, list = {0};
    cJSON *tree = weir_doc_parse("response", (const char *)body->p, body->len, NULL);
    size_t n = 0;

    root.v = tree;
    if (tree != NULL && weir_doc_member(&root, "batchItemFailures", &list) &&
        cJSON_IsArray(list.v)) {
        n = (size_t)cJSON_GetArraySize(list.v);
    }
    cJSON_Delete(tree);
    return n;
}

static void judge(struct weir_tune_size *size, const struct weir_function_result *r)
{
    char why[sizeof size->why], type[64];
    size_t n;

    switch (r->outcome) {
    case WEIR_FUNCTION_ANSWERED:
        n = failures(&r->body);
        if (n > 0) {
            (void)snprintf(why, sizeof why, "answered with %zu batchItemFailures", n);
            fail(size, WEIR_TUNE_FAILED, why);
        }
        break;
    case WEIR_FUNCTION_ERROR:
        error_type(&r->body, type, sizeof type);
        /* A function that is told by its allocator, and not by the kernel, says it itself. */
        if (strcmp(type, "Runtime.OutOfMemory") == 0) {
            fail(size, WEIR_TUNE_OUT_OF_MEMORY, "out of memory");
            break;
        }
        (void)snprintf(why, sizeof why, "function error%s%s", type[0] != '\0' ? ": " : "", type);
        fail(size, WEIR_TUNE_FAILED, why);
        break;
    case WEIR_FUNCTION_TIMED_OUT:
        fail(size, WEIR_TUNE_FAILED, "timed out");
        break;
    case WEIR_FUNCTION_OUT_OF_MEMORY:
        fail(size, WEIR_TUNE_OUT_OF_MEMORY, "out of memory");
        break;
    case WEIR_FUNCTION_NO_START:
        fail(size, WEIR_TUNE_FAILED, "did not ask for work in time");
        break;
    case WEIR_FUNCTION_DIED:
        if (WIFSIGNALED(r->wait_status)) {
            (void)snprintf(why, sizeof why, "killed by signal %d%s", WTERMSIG(r->wait_status),
                weir_function_doubt(r));
        } else {
            (void)snprintf(why, sizeof why, "ended with status %d%s", WEXITSTATUS(r->wait_status),
                weir_function_doubt(r));
        }
        fail(size, WEIR_TUNE_FAILED, why);
        break;
    }
}

/* The invocation that r tells of goes into the size, unless it failed. */
static void add_run(struct measure *m, const struct weir_function_result *r)
{
    struct weir_tune_size *size = m->size;
    struct weir_tune_run run = {.init_us = m->cold ? r->init_us : 0,
        .duration_us = r->duration_us,
        .cpu_us = r->cpu_us - m->cpu_us};

    m->cold = false;
    m->cpu_us = r->cpu_us;
    size->peak_kib = r->peak_kib > size->peak_kib ? r->peak_kib : size->peak_kib;
    judge(size, r);
    if (size->fate != WEIR_TUNE_DONE) {
        return;
    }
    size->cold_n += run.init_us > 0 ? 1 : 0;
    if (r->limit == WEIR_LIMIT_RLIMIT) {
        weir_tune_estimate(&run, size->memory_mb);
    }
    size->runs[size->runs_n++] = run;
    if (m->opts->on_run != NULL) {
        m->opts->on_run(m->opts->ctx, size);
    }
}

static bool more(void *ctx, const struct weir_function_result *so_far)
{
    struct measure *m = ctx;

    if (m->size->runs_n + 1 >= m->opts->runs) {
        return false; /* the last one is added with what the process used until its end */
    }
    add_run(m, so_far);
    return m->size->fate == WEIR_TUNE_DONE;
}

int weir_tune_measure(struct weir_loop *loop, const struct weir_tune_opts *opts,
    struct weir_tune_size *size, bool *estimated, struct weir_err *err)
{
    struct weir_function_opts function = opts->function;
    struct weir_function_result result;

    function.memory_mb = size->memory_mb;
    function.cpus = weir_tune_cpus(size->memory_mb);
    size->runs_n = size->cold_n = 0;
    size->fate = WEIR_TUNE_DONE;
    size->peak_kib = 0;
    while (size->fate == WEIR_TUNE_DONE && size->runs_n < opts->runs) {
        struct measure m = {.opts = opts, .size = size, .cold = true};

        function.more = more;
        function.ctx = &m;
        if (weir_function_run(loop, &function, &result, err) != 0) {
            return -1;
        }
        *estimated |= result.limit == WEIR_LIMIT_RLIMIT;
        if (size->fate == WEIR_TUNE_DONE) {
            add_run(&m, &result);
        }
        weir_function_result_fini(&result);
    }
    return 0;
}
