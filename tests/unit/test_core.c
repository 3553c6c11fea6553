/* Do errors keep the first cause, do buffers keep their ceiling, do logs stay one line? */
#include "core/base64.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/hex.h"
#include "core/hostport.h"
#include "core/log.h"
#include "core/reason.h"
#include "core/self.h"
#include "core/stdfds.h"
#include "core/uuid.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void err_first_one_wins(void **state)
{
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(weir_err_detail(&err, WEIR_E_REMOTE, 404, "s3: %s", "gone"), -1);
    assert_int_equal(weir_err_set(&err, WEIR_E_BUG, "later"), -1);
    assert_int_equal(err.code, WEIR_E_REMOTE);
    assert_int_equal(err.detail, 404);
    assert_string_equal(err.msg, "s3: gone");
}

static void err_that_is_kept_is_taken_as_it_is_unless_there_is_one(void **state)
{
    struct weir_err why = {0}, err = {0};

    (void)state;
    (void)weir_err_detail(&why, WEIR_E_REMOTE, 404, "100 %% gone");
    assert_int_equal(weir_err_keep(&err, &why), -1);
    assert_memory_equal(&err, &why, sizeof err);
    (void)weir_err_prefix(&why, "later");
    assert_int_equal(weir_err_keep(&err, &why), -1);
    assert_string_equal(err.msg, "100 % gone");
    assert_int_equal(weir_err_keep(NULL, &why), -1);
}

static void err_prefix_goes_before_the_message(void **state)
{
    struct weir_err err = {0};

    (void)state;
    weir_err_prefix(&err, "nothing yet");
    assert_string_equal(err.msg, "");
    weir_err_set(&err, WEIR_E_IO, "disk full");
    weir_err_prefix(&err, "write %s", "a.csv");
    assert_string_equal(err.msg, "write a.csv: disk full");
}

static void err_long_message_is_cut_between_characters(void **state)
{
    struct weir_err err = {0};
    char text[600];

    (void)state;
    for (size_t lead = 0; lead < 4; lead++) { /* every position of the cut in the sequence */
        memset(text, 'a', lead);
        for (size_t i = lead; i + 4 < sizeof text; i += 4) {
            memcpy(text + i, "\xF0\x9F\x8C\x8A", 4);
            text[i + 4] = '\0';
        }
        err = (struct weir_err){0};
        weir_err_set(&err, WEIR_E_DATA, "%s", text);
        size_t n = strlen(err.msg);
        assert_true(n > WEIR_ERR_MSG_BYTES - 5 && n < WEIR_ERR_MSG_BYTES);
        assert_int_equal((n - lead) % 4, 0);
        weir_err_prefix(&err, "p");
        n = strlen(err.msg);
        assert_int_equal((n - 3 - lead) % 4, 0);
    }
}

static void err_types_match_the_grammar_of_the_runtime_api(void **state)
{
    (void)state;
    for (int code = WEIR_OK; code <= WEIR_E_BUG; code++) {
        const char *s = weir_err_type((enum weir_code)code);
        const char *dot = strchr(s, '.');
        assert_non_null(dot);
        assert_true(strncmp(s, "Runtime.", 8) == 0 || strncmp(s, "Function.", 9) == 0);
        assert_true(dot[1] >= 'A' && dot[1] <= 'Z');
        for (const char *p = dot + 2; *p != '\0'; p++) {
            assert_true((*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z'));
        }
    }
}

static void buf_stops_at_its_ceiling_and_keeps_what_it_has(void **state)
{
    struct weir_buf b;
    struct weir_err err = {0};

    (void)state;
    weir_buf_init(&b, 1000);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(weir_buf_add(&b, "0123456789", 10, &err), 0);
    }
    assert_int_equal(weir_buf_add(&b, "x", 1, &err), -1);
    assert_int_equal(err.code, WEIR_E_LIMIT);
    assert_int_equal(b.len, 1000);
    assert_true(b.cap <= 1000);
    assert_memory_equal(b.p + 990, "0123456789", 10);
    weir_buf_drop(&b, 995);
    assert_int_equal(b.len, 5);
    assert_memory_equal(b.p, "56789", 5);
    weir_buf_fini(&b);
    assert_int_equal(b.max, 1000);
}

static void buf_gives_back_what_its_contents_do_not_need(void **state)
{
    struct weir_buf b;

    (void)state;
    weir_buf_init(&b, 10000);
    weir_buf_trim(&b, 100); /* nothing is there yet */
    assert_null(b.p);
    assert_non_null(weir_buf_reserve(&b, 4000, NULL));
    const size_t cap = b.cap;
    weir_buf_trim(&b, cap);
    assert_int_equal(b.cap, cap);
    weir_buf_adds(&b, "12345", NULL);
    weir_buf_trim(&b, 4);
    assert_int_equal(b.cap, cap);
    weir_buf_trim(&b, 5);
    assert_int_equal(b.cap, 5);
    assert_int_equal(weir_buf_adds(&b, "6", NULL), 0);
    assert_memory_equal(b.p, "123456", 6);
    weir_buf_fini(&b);
}

static void hex_digits_have_values(void **state)
{
    static const char digits[] = "0123456789abcdef", capitals[] = "ABCDEF";

    (void)state;
    for (int c = -128; c < 128; c++) {
        const char *p = c == 0 ? NULL : strchr(digits, c), *q = c == 0 ? NULL : strchr(capitals, c);
        int want = p != NULL ? (int)(p - digits) : q != NULL ? (int)(q - capitals) + 10 : -1;
        assert_int_equal(weir_hex_digit((char)c), want);
    }
}

static void buf_never_has_more_room_than_its_ceiling(void **state)
{
    static const size_t ceilings[] = {0, 1, 2, 255, 256, 257, 1000};
    struct weir_buf b;

    (void)state;
    for (size_t i = 0; i < sizeof ceilings / sizeof ceilings[0]; i++) {
        weir_buf_init(&b, ceilings[i]);
        assert_non_null(weir_buf_reserve(&b, 0, NULL));
        while (weir_buf_add(&b, "x", 1, NULL) == 0) {
        }
        assert_int_equal(b.len, ceilings[i]);
        assert_true(b.cap <= ceilings[i] || ceilings[i] == 0);
        weir_buf_fini(&b);
    }
}

static void buf_size_near_the_end_of_the_address_space_is_a_limit(void **state)
{
    struct weir_buf b;
    struct weir_err err = {0};

    (void)state;
    weir_buf_init(&b, SIZE_MAX / 2);
    assert_int_equal(weir_buf_add(&b, "a", 1, &err), 0);
    assert_null(weir_buf_reserve(&b, SIZE_MAX, &err));
    assert_int_equal(err.code, WEIR_E_LIMIT);
    weir_buf_fini(&b);
}

static void buf_formats_and_terminates_text(void **state)
{
    struct weir_buf b;
    struct weir_err err = {0};

    (void)state;
    weir_buf_init(&b, 64);
    assert_int_equal(weir_buf_adds(&b, "a=", &err), 0);
    assert_int_equal(weir_buf_addf(&b, &err, "%d", 42), 0);
    assert_string_equal(weir_buf_text(&b, &err), "a=42");
    assert_int_equal(b.len, 4);
    weir_buf_fini(&b);
}

static void log_line_is_one_line_whatever_is_in_it(void **state)
{
    int fd[2];
    char got[WEIR_LINE_BYTES + 1] = "";

    (void)state;
    assert_int_equal(pipe(fd), 0);
    struct weir_log log = {.fd = fd[1], .level = WEIR_LOG_INFO, .request_id = "id-1"};
    weir_log_write(&log, WEIR_LOG_DEBUG, "not enabled");
    weir_log_write(&log, WEIR_LOG_WARN, "key %s",
        "a\nERROR b\x1b[2J \xC2\x9B"
        "2J \xC2\xA0\xC3\x9B");
    assert_true(read(fd[0], got, sizeof got - 1) > 0);
    assert_string_equal(got, "WARN id-1 key a?ERROR b?[2J ??2J \xC2\xA0\xC3\x9B\n");
    close(fd[0]);
    close(fd[1]);
}

static void log_long_line_is_cut_and_ended(void **state)
{
    int fd[2];
    static char text[2 * WEIR_LINE_BYTES], got[2 * WEIR_LINE_BYTES];

    (void)state;
    assert_int_equal(pipe(fd), 0);
    memset(text, 'x', sizeof text - 1);
    struct weir_log log = {.fd = fd[1], .level = WEIR_LOG_INFO};
    weir_log_write(&log, WEIR_LOG_INFO, "%s", text);
    assert_int_equal(read(fd[0], got, sizeof got), WEIR_LINE_BYTES);
    assert_int_equal(got[WEIR_LINE_BYTES - 1], '\n');
    close(fd[0]);
    close(fd[1]);
}

static void own_folder_holds_this_program(void **state)
{
    char folder[4096], file[4200], tiny[2] = "x", exe[4096];
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(weir_self_folder(folder, sizeof folder, &err), 0);
    assert_non_null(realpath("/proc/self/exe", exe));
    snprintf(file, sizeof file, "%s/%s", folder, strrchr(exe, '/') + 1);
    assert_string_equal(file, exe);
    assert_int_equal(weir_self_folder(tiny, sizeof tiny, &err), -1);
    assert_int_equal(err.code, WEIR_E_LIMIT);
    assert_string_equal(tiny, "");
}

/* A child without some of the three: afterwards all are open, and what is closed says no. */
static void closed_standard_descriptors_are_opened_the_wrong_way_round(void **state)
{
    (void)state;
    for (int closed = 0; closed < 8; closed++) {
        pid_t pid = fork();
        int status;

        if (pid == 0) {
            char c = 'x';
            int bad = 0;

            for (int fd = 0; fd < 3; fd++) {
                bad |= (closed >> fd & 1) != 0 && close(fd) != 0;
            }
            bad |= weir_stdfds_open() != 0;
            for (int fd = 0; fd < 3; fd++) {
                bad |= fcntl(fd, F_GETFD) == -1;
            }
            bad |= (closed & 1) != 0 && (read(0, &c, 1) != -1 || errno != EBADF);
            bad |= (closed & 2) != 0 && (write(1, &c, 1) != -1 || errno != EBADF);
            bad |= (closed & 4) != 0 && (write(2, &c, 1) != -1 || errno != EBADF);
            _exit(bad);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
    }
}

static void reasons_are_words_also_where_libuv_has_none(void **state)
{
    (void)state;
    assert_string_equal(weir_reason(ENOENT), "no such file or directory");
    assert_string_equal(weir_reason(EISDIR), "is a folder");
    assert_string_equal(weir_reason(ENOEXEC), strerror(ENOEXEC));
    assert_string_equal(weir_reason(EDQUOT), strerror(EDQUOT));
    assert_string_equal(weir_reason(99999), "an error without a name");
}

static void uuids_have_the_form_of_version_4_and_differ(void **state)
{
    static const char form[] = "xxxxxxxx-xxxx-4xxx-vxxx-xxxxxxxxxxxx";
    char a[WEIR_UUID_BYTES], b[WEIR_UUID_BYTES];
    struct weir_err err = {0};

    (void)state;
    for (int i = 0; i < 64; i++) {
        assert_int_equal(weir_uuid_new(a, &err), 0);
        assert_int_equal(weir_uuid_new(b, &err), 0);
        assert_string_not_equal(a, b);
        assert_int_equal(strlen(a), sizeof form - 1);
        for (size_t j = 0; form[j] != '\0'; j++) {
            const char *may = form[j] == 'x'   ? "0123456789abcdef"
                              : form[j] == 'v' ? "89ab"
                                               : (const char[]){form[j], '\0'};
            assert_non_null(strchr(may, a[j]));
        }
    }
}

static void base64_is_decoded_or_is_none(void **state)
{
    static const struct {
        const char *text, *bytes;
        ptrdiff_t n;
    } rows[] = {{"", "", 0}, {"Zg==", "f", 1}, {"Zm8=", "fo", 2}, {"Zm9v", "foo", 3},
        {"Zm9vYg==", "foob", 4}, {"+/+/", "\xfb\xff\xbf", 3}, {"Zg", "", -1}, {"Zg=", "", -1},
        {"Z===", "", -1}, {"====", "", -1}, {"Zg=\n", "", -1}, {" Zg=", "", -1}, {"Z=g=", "", -1},
        {"-_-_", "", -1}, {"Zm9vZ", "", -1}, {"Zm\n9v===", "", -1}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const size_t len = strlen(rows[i].text);
        uint8_t *to = malloc(len / 4 * 3 + 1); /* no byte more is written */
        assert_int_equal(weir_base64_decode(rows[i].text, len, to), rows[i].n);
        if (rows[i].n > 0) {
            assert_memory_equal(to, rows[i].bytes, (size_t)rows[i].n);
        }
        free(to);
    }
}

static void base64_is_written_as_it_is_read(void **state)
{
    struct weir_buf to;
    uint8_t bytes[64], back[sizeof bytes + 3];

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 37);
    }
    weir_buf_init(&to, 100);
    assert_int_equal(weir_base64_add(&to, "foob", 4, NULL), 0);
    assert_int_equal(weir_base64_add(&to, "", 0, NULL), 0);
    assert_string_equal(weir_buf_text(&to, NULL), "Zm9vYg==");
    for (size_t n = 0; n <= sizeof bytes; n++) {
        to.len = 0;
        assert_int_equal(weir_base64_add(&to, bytes, n, NULL), 0);
        assert_int_equal(weir_base64_decode((const char *)to.p, to.len, back), n);
        assert_memory_equal(back, bytes, n);
    }
    struct weir_err err = {0};
    assert_int_equal(weir_base64_add(&to, bytes, sizeof bytes, &err), -1);
    assert_int_equal(err.code, WEIR_E_LIMIT);
    weir_buf_fini(&to);
}

static void hostport_takes_what_people_write(void **state)
{
    static const struct {
        const char *text, *host;
        int otherwise;
        unsigned port;
    } good[] = {{"127.0.0.1:80", "127.0.0.1", -1, 80}, {"a-name:0", "a-name", -1, 0},
        {":65535", "", -1, 65535}, {"[::1]:9", "::1", -1, 9}, {"a", "a", 80, 80}, {"", "", 80, 80},
        {"[::1]", "::1", 80, 80}, {"[fe80::1%eth0]:5", "fe80::1%eth0", 80, 5}};
    static const struct {
        const char *text, *why;
        int otherwise;
    } bad[] = {{"a", "must end with :PORT", -1}, {"a:", "must end with :PORT", -1},
        {"a:b", "must end with :PORT", 80}, {"a:65536", "must end with :PORT", -1},
        {"a:000080", "must end with :PORT", -1}, {"[::1]", "must end with :PORT", -1},
        {"::1:80", "an IPv6 address stands in brackets", -1},
        {"[::1:80", "an IPv6 address stands in brackets", -1},
        {"[::1]x:80", "an IPv6 address stands in brackets", -1}};
    struct weir_hostport got;
    const char *why = NULL;
    char text[WEIR_HOST_BYTES + 8];

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(weir_hostport_parse(good[i].text, good[i].otherwise, &got, &why));
        assert_string_equal(got.host, good[i].host);
        assert_int_equal(got.port, good[i].port);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(weir_hostport_parse(bad[i].text, bad[i].otherwise, &got, &why));
        assert_string_equal(why, bad[i].why);
    }
    memset(text, 'a', sizeof text);
    memcpy(text + WEIR_HOST_BYTES - 1, ":80", 4);
    assert_true(weir_hostport_parse(text, -1, &got, &why));
    memset(text, 'a', sizeof text);
    memcpy(text + WEIR_HOST_BYTES, ":80", 4);
    assert_false(weir_hostport_parse(text, -1, &got, &why));
    assert_string_equal(why, "its host is too long");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(err_first_one_wins),
        cmocka_unit_test(err_that_is_kept_is_taken_as_it_is_unless_there_is_one),
        cmocka_unit_test(err_prefix_goes_before_the_message),
        cmocka_unit_test(err_long_message_is_cut_between_characters),
        cmocka_unit_test(err_types_match_the_grammar_of_the_runtime_api),
        cmocka_unit_test(buf_stops_at_its_ceiling_and_keeps_what_it_has),
        cmocka_unit_test(buf_gives_back_what_its_contents_do_not_need),
        cmocka_unit_test(hex_digits_have_values),
        cmocka_unit_test(base64_is_decoded_or_is_none),
        cmocka_unit_test(base64_is_written_as_it_is_read),
        cmocka_unit_test(hostport_takes_what_people_write),
        cmocka_unit_test(buf_never_has_more_room_than_its_ceiling),
        cmocka_unit_test(buf_size_near_the_end_of_the_address_space_is_a_limit),
        cmocka_unit_test(buf_formats_and_terminates_text),
        cmocka_unit_test(log_line_is_one_line_whatever_is_in_it),
        cmocka_unit_test(log_long_line_is_cut_and_ended),
        cmocka_unit_test(reasons_are_words_also_where_libuv_has_none),
        cmocka_unit_test(uuids_have_the_form_of_version_4_and_differ),
        cmocka_unit_test(own_folder_holds_this_program),
        cmocka_unit_test(closed_standard_descriptors_are_opened_the_wrong_way_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
