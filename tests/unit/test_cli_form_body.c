/* Is a form read in both of its shapes, and sent as multipart/form-data byte for byte, whatever the
 * windows, with the file last? */
#include "cli/form_body.h"
#include "tests/support/tempdir.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char plain[] = "{\"url\":\"http://h/b\",\"fields\":{\"Content-Type\":\"text/csv\","
                            "\"key\":\"uploads/a.csv\",\"file\":\"not this\",\"a\\\"b\":\"1\"}}";

static int parse(const char *text, struct weir_upload_form *form, struct weir_err *err)
{
    return weir_upload_form_parse("form", text, strlen(text), form, err);
}

static void both_shapes_of_a_form_are_read(void **state)
{
    char wrapped[512];
    const char *texts[] = {plain, wrapped};

    (void)state;
    (void)snprintf(wrapped, sizeof wrapped, "{\"message\":\"m\",\"data\":%s}", plain);
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct weir_upload_form form = {0};
        struct weir_err err = {0};

        assert_int_equal(parse(texts[i], &form, &err), 0);
        assert_string_equal(form.url, "http://h/b");
        assert_string_equal(form.key, "uploads/a.csv");
        assert_int_equal(cJSON_GetArraySize(form.fields), 4);
        weir_upload_form_fini(&form);
    }
}

static void what_is_no_form_is_a_data_error(void **state)
{
    static const char *const texts[] = {"", "[]", "{}", "{\"url\":\"http://h\"}", "{\"fields\":{}}",
        "{\"url\":1,\"fields\":{}}", "{\"url\":\"http://h\",\"fields\":[]}",
        "{\"url\":\"http://h\",\"fields\":{\"a\":1}}", "{\"data\":1}", "{\"message\":\"no\"}"};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct weir_upload_form form = {0};
        struct weir_err err = {0};

        assert_int_equal(parse(texts[i], &form, &err), -1);
        assert_int_equal(err.code, WEIR_E_DATA);
        assert_memory_equal(err.msg, "form", 4);
        assert_null(form.tree);
    }
}

/* The body read in windows of n bytes. Returns its length, or -1. */
static int64_t read_all(struct weir_form_body *body, char *to, size_t size, size_t n)
{
    size_t len = 0;

    for (;;) {
        size_t room = size - len < n ? size - len : n;
        int64_t got = weir_form_body_read(body, (uint8_t *)to + len, room);
        if (got <= 0) {
            return got < 0 ? got : (int64_t)len;
        }
        len += (size_t)got;
    }
}

static void the_body_is_the_same_for_every_window(void **state)
{
    static const size_t windows[] = {1, 2, 7, 100, 4096};
    struct tempdir dir;
    char path[TEMPDIR_PATH_BYTES + 16], got[2048], want[2048];
    struct weir_upload_form form = {0};
    struct weir_err err = {0};

    (void)state;
    tempdir_new(&dir);
    tempdir_write(&dir, "a\"b.csv", "id\n1\n");
    (void)snprintf(path, sizeof path, "%s/a\"b.csv", dir.path);
    assert_int_equal(parse(plain, &form, &err), 0);
    for (size_t i = 0; i < COUNT(windows); i++) {
        struct weir_form_body body;
        int fd = open(path, O_RDONLY | O_CLOEXEC);

        assert_int_equal(weir_form_body_init(&body, &form, path, fd, 5, &err), 0);
        const char *boundary = strstr(body.type, "boundary=") + strlen("boundary=");
        int n = snprintf(want, sizeof want,
            "--%s\r\nContent-Disposition: form-data; name=\"Content-Type\"\r\n\r\ntext/csv\r\n"
            "--%s\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nuploads/a.csv\r\n"
            "--%s\r\nContent-Disposition: form-data; name=\"a%%22b\"\r\n\r\n1\r\n"
            "--%s\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a%%22b.csv\"\r\n"
            "Content-Type: text/csv\r\n\r\nid\n1\n\r\n--%s--\r\n",
            boundary, boundary, boundary, boundary, boundary);
        assert_int_equal(weir_form_body_size(&body), n);
        assert_int_equal(read_all(&body, got, sizeof got, windows[i]), n);
        assert_memory_equal(got, want, (size_t)n);
        assert_int_equal(body.sent_bytes, n);
        weir_form_body_fini(&body);
        (void)close(fd);
    }
    weir_upload_form_fini(&form);
    tempdir_free(&dir);
}

static void a_file_that_became_shorter_is_an_error_and_a_longer_one_is_sent_as_promised(
    void **state)
{
    struct tempdir dir;
    char path[TEMPDIR_PATH_BYTES + 16], got[2048];
    struct weir_upload_form form = {0};
    struct weir_err err = {0};
    struct weir_form_body body;

    (void)state;
    tempdir_new(&dir);
    tempdir_write(&dir, "a", "id\n1\n");
    (void)snprintf(path, sizeof path, "%s/a", dir.path);
    assert_int_equal(parse(plain, &form, &err), 0);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(weir_form_body_init(&body, &form, path, fd, 6, &err), 0);
    assert_int_equal(read_all(&body, got, sizeof got, 64), -1);
    assert_int_equal(body.err.code, WEIR_E_IO);
    weir_form_body_fini(&body);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(weir_form_body_init(&body, &form, path, fd, 2, &err), 0);
    int64_t n = read_all(&body, got, sizeof got - 1, 64);
    assert_int_equal(n, weir_form_body_size(&body));
    got[n] = '\0';
    assert_non_null(strstr(got, "\r\n\r\nid\r\n--"));
    weir_form_body_fini(&body);
    (void)close(fd);
    weir_upload_form_fini(&form);
    tempdir_free(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_shapes_of_a_form_are_read),
        cmocka_unit_test(what_is_no_form_is_a_data_error),
        cmocka_unit_test(the_body_is_the_same_for_every_window),
        cmocka_unit_test(
            a_file_that_became_shorter_is_an_error_and_a_longer_one_is_sent_as_promised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
