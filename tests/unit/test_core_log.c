/*
 * Is every log line one line, of text or of valid JSON, whatever is in it, and does the log follow
 * Lambda's environment?
 */
#include "core/err.h"
#include "core/log_env.h"

#include <cjson/cJSON.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define SOCKET_NAME "_LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET"

static int setup(void **state)
{
    (void)state;
    unsetenv("AWS_LAMBDA_LOG_FORMAT");
    unsetenv("AWS_LAMBDA_LOG_LEVEL");
    unsetenv("AWS_LAMBDA_MAX_CONCURRENCY");
    unsetenv(SOCKET_NAME);
    return 0;
}

static struct weir_log log_new(bool json)
{
    struct weir_log log = {
        .fd = memfd_create("log", MFD_CLOEXEC), .level = WEIR_LOG_INFO, .json = json};

    assert_int_not_equal(log.fd, -1);
    return log;
}

/* What was written, once. */
static void take(struct weir_log *log, char *text, size_t size)
{
    ssize_t n = pread(log->fd, text, size - 1, 0);

    assert_true(n >= 0);
    text[n] = '\0';
    assert_int_equal(ftruncate(log->fd, 0), 0);
    assert_int_equal(lseek(log->fd, 0, SEEK_SET), 0);
}

/* The one object that was written; cJSON_Delete it. */
static cJSON *take_json(struct weir_log *log)
{
    char text[2 * WEIR_LINE_BYTES];
    const char *end = NULL;

    take(log, text, sizeof text);
    size_t len = strlen(text);
    assert_in_range(len, 2, WEIR_LINE_BYTES);
    assert_ptr_equal(strchr(text, '\n'), text + len - 1);
    cJSON *o = cJSON_ParseWithOpts(text, &end, 0);
    if (o == NULL || end != text + len - 1) {
        fail_msg("no JSON object: %s", text);
    }
    return o;
}

static void expect_member(const cJSON *o, const char *name, const char *want)
{
    const cJSON *m = cJSON_GetObjectItemCaseSensitive(o, name);

    if (want == NULL) {
        assert_null(m);
    } else {
        assert_true(cJSON_IsString(m));
        assert_string_equal(m->valuestring, want);
    }
}

static void json_line_has_the_members_that_apply(void **state)
{
    struct weir_log log = log_new(true);

    (void)state;
    weir_log_write(&log, WEIR_LOG_DEBUG, "not enabled");
    weir_log_write(&log, WEIR_LOG_WARN, "%d rows", 7);
    cJSON *o = take_json(&log);
    expect_member(o, "level", "WARN");
    expect_member(o, "message", "7 rows");
    static const char *const absent[] = {"requestId", "tenantId", "errorType", "errorMessage"};
    for (size_t i = 0; i < COUNT(absent); i++) {
        expect_member(o, absent[i], NULL);
    }
    assert_null(cJSON_GetObjectItemCaseSensitive(o, "stackTrace"));
    const char *time = cJSON_GetObjectItemCaseSensitive(o, "timestamp")->valuestring;
    int year, month, day, hour, minute, second, ms, read = 0;
    assert_int_equal(sscanf(time, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &year, &month, &day, &hour,
                         &minute, &second, &ms, &read),
        7);
    assert_int_equal(read, strlen("2026-01-15T09:30:00.123Z"));
    cJSON_Delete(o);

    snprintf(log.request_id, sizeof log.request_id, "r-1");
    snprintf(log.tenant_id, sizeof log.tenant_id, "blue");
    weir_log_error(&log, "Function.BadData", "line 2", "message %s", "m1");
    o = take_json(&log);
    expect_member(o, "level", "ERROR");
    expect_member(o, "requestId", "r-1");
    expect_member(o, "tenantId", "blue");
    expect_member(o, "errorType", "Function.BadData");
    expect_member(o, "errorMessage", "line 2");
    expect_member(o, "message", "message m1: Function.BadData: line 2");
    assert_true(cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(o, "stackTrace")));
    cJSON_Delete(o);
    close(log.fd);
}

static void text_line_of_an_error_ends_with_it(void **state)
{
    struct weir_log log = log_new(false);
    char text[256];

    (void)state;
    snprintf(log.request_id, sizeof log.request_id, "r-1");
    snprintf(log.tenant_id, sizeof log.tenant_id, "blue");
    weir_log_error(&log, "T", "why", "%s", "what");
    take(&log, text, sizeof text);
    assert_string_equal(text, "ERROR r-1 what: T: why\n");
    weir_log_error(&log, "T", "why", "%s", "");
    take(&log, text, sizeof text);
    assert_string_equal(text, "ERROR r-1 T: why\n");
    close(log.fd);
}

static void json_line_is_valid_whatever_is_in_it(void **state)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"", ""},
        {"a \"b\" \\ c\n\t\x01\x7F", "a \"b\" \\ c\n\t\x01\x7F"},
        {"\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x8E\x89", "\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x8E\x89"},
        {"\xFF\xC3(", "\xEF\xBF\xBD\xEF\xBF\xBD("},
        {"\xE2\x82", "\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\",\"level\":\"X", "\",\"level\":\"X"},
    };
    struct weir_log log = log_new(true);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        weir_log_write(&log, WEIR_LOG_INFO, "%s", rows[i].text);
        cJSON *o = take_json(&log);
        expect_member(o, "message", rows[i].message);
        expect_member(o, "level", "INFO");
        cJSON_Delete(o);
    }
    close(log.fd);
}

/* What a terminal that shows the log would obey. */
static void json_line_holds_no_control_character_as_it_is(void **state)
{
    struct weir_log log = log_new(true);
    char text[WEIR_LINE_BYTES + 1];

    (void)state;
    weir_log_write(&log, WEIR_LOG_INFO, "%s",
        "\x1B[2J\x7F\xC2\x9B"
        "2J\xC2\x80\xC2\xA0\xC3\x9B");
    take(&log, text, sizeof text);
    assert_non_null(strstr(text, "\"\\u001b[2J\\u007f\\u009b2J\\u0080\xC2\xA0\xC3\x9B\""));
    close(log.fd);
}

static void json_line_that_is_too_long_is_cut_in_its_message(void **state)
{
    static const char *const fills[] = {"a", "\"", "\x01", "\xC3\xA9", "\xF0\x9F\x8E\x89", "\xFF"};
    struct weir_log log = log_new(true);
    char text[3 * WEIR_LINE_BYTES], why[WEIR_ERR_MSG_BYTES];

    (void)state;
    memset(log.tenant_id, 1, sizeof log.tenant_id - 1); /* the longest, every byte escaped */
    memset(log.request_id, 'r', sizeof log.request_id - 1);
    memset(why, 2, sizeof why - 1);
    why[sizeof why - 1] = '\0';
    for (size_t i = 0; i < COUNT(fills); i++) {
        for (size_t shift = 0; shift < 8; shift++) {
            size_t len = 0;
            memset(text, 'x', shift);
            for (len = shift; len + 5 < sizeof text; len += strlen(fills[i])) {
                memcpy(text + len, fills[i], strlen(fills[i]));
            }
            text[len] = '\0';
            weir_log_error(&log, "Function.BadData", why, "%s", text);
            cJSON *o = take_json(&log);
            expect_member(o, "tenantId", log.tenant_id);
            expect_member(o, "requestId", log.request_id);
            expect_member(o, "errorMessage", why);
            assert_non_null(cJSON_GetObjectItemCaseSensitive(o, "message"));
            cJSON_Delete(o);
        }
    }
    weir_log_error(&log, text, why, "%s", ""); /* a member that does not fit is left out */
    cJSON *o = take_json(&log);
    expect_member(o, "errorType", NULL);
    expect_member(o, "errorMessage", why);
    cJSON_Delete(o);
    close(log.fd);
}

static void level_is_lambdas(void **state)
{
    static const struct {
        const char *name;
        enum weir_level level;
    } cases[] = {
        {NULL, WEIR_LOG_INFO},
        {"", WEIR_LOG_INFO},
        {"TRACE", WEIR_LOG_DEBUG},
        {"debug", WEIR_LOG_DEBUG},
        {"Info", WEIR_LOG_INFO},
        {"WARN", WEIR_LOG_WARN},
        {"ERROR", WEIR_LOG_ERROR},
        {"FATAL", WEIR_LOG_ERROR},
        {"LOUD", WEIR_LOG_INFO},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_log log = {.fd = -1};
        weir_log_level(&log, cases[i].name);
        assert_int_equal(log.level, cases[i].level);
    }
}

static void environment_decides_format_and_level(void **state)
{
    static const struct {
        const char *format, *concurrency, *level, *warning;
        bool json;
        enum weir_level want;
    } rows[] = {
        {NULL, NULL, NULL, NULL, false, WEIR_LOG_INFO},
        {"Text", NULL, "DEBUG", NULL, false, WEIR_LOG_DEBUG},
        {"JSON", NULL, "warn", NULL, true, WEIR_LOG_WARN},
        {"json", NULL, "", NULL, true, WEIR_LOG_INFO},
        {"", NULL, NULL, NULL, false, WEIR_LOG_INFO},
        {"XML", NULL, NULL, "AWS_LAMBDA_LOG_FORMAT is not one of JSON, Text", false, WEIR_LOG_INFO},
        {NULL, NULL, "LOUD", "AWS_LAMBDA_LOG_LEVEL is not one of", false, WEIR_LOG_INFO},
        {NULL, "8", NULL, NULL, true, WEIR_LOG_INFO},
        {"Text", "8", "ERROR", NULL, true, WEIR_LOG_ERROR},
        {"Text", "", NULL, NULL, false, WEIR_LOG_INFO},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct weir_log log = log_new(false);
        char text[512];
        setup(state);
        if (rows[i].format != NULL) {
            setenv("AWS_LAMBDA_LOG_FORMAT", rows[i].format, 1);
        }
        if (rows[i].concurrency != NULL) {
            setenv("AWS_LAMBDA_MAX_CONCURRENCY", rows[i].concurrency, 1);
        }
        if (rows[i].level != NULL) {
            setenv("AWS_LAMBDA_LOG_LEVEL", rows[i].level, 1);
        }
        weir_log_env(&log);
        assert_int_equal(log.json, rows[i].json);
        assert_int_equal(log.level, rows[i].want);
        take(&log, text, sizeof text);
        if (rows[i].warning == NULL) {
            assert_string_equal(text, "");
        } else {
            assert_non_null(strstr(text, rows[i].warning));
        }
        close(log.fd);
    }
}

/* A socket that listens; its path is in address. */
static int listen_at(struct sockaddr_un *address, char *folder)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_non_null(mkdtemp(folder));
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(address->sun_path, sizeof address->sun_path, "%s/s", folder);
    assert_int_equal(bind(fd, (const struct sockaddr *)address, sizeof *address), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

static void telemetry_socket_gets_the_lines_when_there_is_one(void **state)
{
    struct weir_log log = log_new(false);
    const int stderr_fd = log.fd;
    char folder[] = "/tmp/weir-log-XXXXXX", text[512];
    struct sockaddr_un address;
    int listener = listen_at(&address, folder);

    (void)state;
    setenv(SOCKET_NAME, address.sun_path, 1);
    weir_log_env(&log);
    assert_int_not_equal(log.fd, stderr_fd);
    int peer = accept(listener, NULL, NULL);
    weir_log_write(&log, WEIR_LOG_INFO, "to the socket");
    ssize_t n = read(peer, text, sizeof text - 1);
    assert_true(n > 0);
    text[n] = '\0';
    assert_string_equal(text, "INFO to the socket\n");
    assert_int_equal(lseek(stderr_fd, 0, SEEK_END), 0);
    close(log.fd);
    close(peer);
    close(listener);
    close(stderr_fd);
    unlink(address.sun_path);
    rmdir(folder);
}

/* How many lines the peer has now; the last two of them, until the next call. */
static size_t read_lines(int peer, const char *last[2])
{
    static char text[1 << 20];
    size_t len = 0, lines = 0;

    for (ssize_t n; (n = recv(peer, text + len, sizeof text - 1 - len, MSG_DONTWAIT)) > 0;) {
        len += (size_t)n;
    }
    assert_true(len > 0 && text[len - 1] == '\n'); /* none of them is cut */
    text[len] = '\0';
    last[0] = last[1] = "";
    for (char *p = text, *lf; (lf = strchr(p, '\n')) != NULL; p = lf + 1) {
        *lf = '\0';
        last[0] = last[1];
        last[1] = p;
        lines++;
    }
    return lines;
}

static void telemetry_socket_that_is_not_read_holds_nothing_up(void **state)
{
    enum { written = 5000 };
    struct weir_log log = log_new(false);
    const int stderr_fd = log.fd;
    char folder[] = "/tmp/weir-log-XXXXXX", want[128];
    const char *last[2];
    struct sockaddr_un address;
    int listener = listen_at(&address, folder);

    (void)state;
    setenv(SOCKET_NAME, address.sun_path, 1);
    weir_log_env(&log);
    int peer = accept(listener, NULL, NULL);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < written; i++) {
            weir_log_write(&log, WEIR_LOG_INFO, "%d %0200d", i, 0);
        }
        size_t lines = read_lines(peer, last);
        assert_in_range(lines, 1, written - 1);
        weir_log_write(&log, WEIR_LOG_INFO, "read again");
        assert_int_equal(read_lines(peer, last), 2);
        assert_string_equal(last[1], "INFO read again");
        snprintf(want, sizeof want, "WARN %zu log lines were lost: nobody read the socket",
            written - lines);
        assert_string_equal(last[0], want);
    }
    close(peer); /* nor one whose reader is gone */
    weir_log_write(&log, WEIR_LOG_INFO, "to nobody");
    weir_log_write(&log, WEIR_LOG_INFO, "to nobody");
    close(log.fd);
    close(listener);
    close(stderr_fd);
    unlink(address.sun_path);
    rmdir(folder);
}

static void telemetry_socket_that_nobody_accepts_at_is_told_and_done_without(void **state)
{
    struct weir_log log = log_new(false);
    const int fd = log.fd;
    char folder[] = "/tmp/weir-log-XXXXXX", text[512];
    struct sockaddr_un address;
    int listener = listen_at(&address, folder), waiting[64], n = 0;

    (void)state;
    do { /* until its queue is full */
        waiting[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    } while (connect(waiting[n++], (const struct sockaddr *)&address, sizeof address) == 0 &&
             n < (int)COUNT(waiting));
    assert_in_range(n, 2, COUNT(waiting) - 1);
    setenv(SOCKET_NAME, address.sun_path, 1);
    weir_log_env(&log);
    assert_int_equal(log.fd, fd);
    take(&log, text, sizeof text);
    assert_non_null(strstr(text, "WARN " SOCKET_NAME ": "));
    while (n > 0) {
        close(waiting[--n]);
    }
    close(listener);
    close(fd);
    unlink(address.sun_path);
    rmdir(folder);
}

static void telemetry_socket_that_is_not_there_is_told_and_done_without(void **state)
{
    static char long_path[256];
    const char *const paths[] = {"/nowhere/socket", long_path};

    (void)state;
    memset(long_path, 'p', sizeof long_path - 1);
    for (size_t i = 0; i < COUNT(paths); i++) {
        struct weir_log log = log_new(false);
        const int fd = log.fd;
        char text[512];
        setenv(SOCKET_NAME, paths[i], 1);
        weir_log_env(&log);
        assert_int_equal(log.fd, fd);
        take(&log, text, sizeof text);
        assert_non_null(strstr(text, "WARN " SOCKET_NAME ": "));
        close(fd);
    }
}

#define WORKERS 8
#define LINES 500

static void *write_lines(void *arg)
{
    const struct weir_log *log = arg;

    for (int i = 0; i < LINES; i++) {
        weir_log_write(log, WEIR_LOG_INFO, "%0200d", i);
    }
    return NULL;
}

/* Each worker has a log of its own; they share the descriptor, a pipe as in Lambda. */
static void lines_of_several_workers_stay_whole(void **state)
{
    pthread_t threads[WORKERS];
    struct weir_log logs[WORKERS];
    int fds[2], seen[WORKERS] = {0};
    char line[1024];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    for (int i = 0; i < WORKERS; i++) {
        logs[i] = (struct weir_log){.fd = fds[1], .level = WEIR_LOG_INFO, .json = true};
        snprintf(logs[i].request_id, sizeof logs[i].request_id, "w%d", i);
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &logs[i]), 0);
    }
    FILE *f = fdopen(fds[0], "r");
    assert_non_null(f);
    for (int i = 0; i < WORKERS * LINES; i++) {
        char want[256];
        assert_non_null(fgets(line, sizeof line, f));
        cJSON *o = cJSON_Parse(line);
        assert_non_null(o);
        int w = cJSON_GetObjectItemCaseSensitive(o, "requestId")->valuestring[1] - '0';
        assert_in_range(w, 0, WORKERS - 1);
        snprintf(want, sizeof want, "%0200d", seen[w]++);
        expect_member(o, "message", want);
        cJSON_Delete(o);
    }
    for (int i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    fclose(f);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(json_line_has_the_members_that_apply, setup),
        cmocka_unit_test_setup(text_line_of_an_error_ends_with_it, setup),
        cmocka_unit_test_setup(json_line_is_valid_whatever_is_in_it, setup),
        cmocka_unit_test_setup(json_line_holds_no_control_character_as_it_is, setup),
        cmocka_unit_test_setup(json_line_that_is_too_long_is_cut_in_its_message, setup),
        cmocka_unit_test_setup(level_is_lambdas, setup),
        cmocka_unit_test_setup(environment_decides_format_and_level, setup),
        cmocka_unit_test_setup(telemetry_socket_gets_the_lines_when_there_is_one, setup),
        cmocka_unit_test_setup(telemetry_socket_that_is_not_read_holds_nothing_up, setup),
        cmocka_unit_test_setup(
            telemetry_socket_that_nobody_accepts_at_is_told_and_done_without, setup),
        cmocka_unit_test_setup(telemetry_socket_that_is_not_there_is_told_and_done_without, setup),
        cmocka_unit_test_setup(lines_of_several_workers_stay_whole, setup),
    };

    (void)signal(SIGPIPE, SIG_IGN); /* as the bootstrap has it */
    return cmocka_run_group_tests(tests, setup, setup);
}
