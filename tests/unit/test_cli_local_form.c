/* Is an upload form the same in whatever pieces its body comes, and never two parts taken for one?
 */
#include "cli/local/form.h"
#include "core/buf.h"
#include "tests/support/local_form.h"
#include "tests/support/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define PART(disposition, value)                                                                   \
    "--B0\r\nContent-Disposition: form-data" disposition "\r\n\r\n" value "\r\n"
#define FIELD(name, value) PART("; name=\"" name "\"", value)
#define FILE_PART(filename, value) PART("; name=\"file\"; filename=\"" filename "\"", value)
#define END "--B0--\r\n"
#define UPLOADED "store/weir/uploads/a.csv"

struct fixture {
    struct tempdir dir;
    char store[TEMPDIR_PATH_BYTES + 8];
    struct weir_loop *loop;
    struct weir_buf fields; /* of a form that may upload uploads/${filename} */
    const char *type;       /* of the request; NULL: the usual one */
    void (*check)(struct fixture *fx, struct MHD_Connection *connection);
    bool checked;
};

static void sign(struct weir_buf *to)
{
    const struct weir_post_spec spec = {
        .bucket = "weir", .key = "uploads/${filename}", .max_bytes = 1000, .expires_s = 3600};
    struct weir_post_form form;

    local_form_new(&spec, &form);
    for (size_t i = 0; i < form.fields_n; i++) {
        char part[2048];
        int n = snprintf(
            part, sizeof part, FIELD("%s", "%s"), form.fields[i].name, form.fields[i].value);

        assert_in_range(n, 1, sizeof part - 1);
        assert_int_equal(weir_buf_add(to, part, (size_t)n, NULL), 0);
    }
    weir_post_form_fini(&form);
}

/* ---- a request, for which libmicrohttpd takes a form apart ---- */

static enum MHD_Result on_request(void *self, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *data_len, void **con_cls)
{
    struct fixture *fx = self;

    (void)url;
    (void)method;
    (void)version;
    (void)data;
    (void)data_len;
    (void)con_cls;
    fx->check(fx, connection);
    fx->checked = true;
    return MHD_NO;
}

static void with_connection(
    struct fixture *fx, void (*check)(struct fixture *fx, struct MHD_Connection *connection))
{
    const char *type = fx->type != NULL ? fx->type : "multipart/form-data; boundary=B0";
    char head[300];
    const int n = snprintf(head, sizeof head,
        "POST /weir HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Type: %s\r\n\r\n",
        type);
    const struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, on_request, fx, MHD_OPTION_END);
    int ends[2];

    assert_non_null(daemon);
    fx->check = check;
    fx->checked = false;
    assert_in_range(n, 1, sizeof head - 1);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(send(ends[0], head, (size_t)n, 0), n);
    assert_int_equal(
        MHD_add_connection(daemon, ends[1], (const struct sockaddr *)&address, sizeof address),
        MHD_YES);
    for (int turn = 0; turn < 100 && !fx->checked; turn++) {
        assert_int_equal(MHD_run(daemon), MHD_YES);
    }
    assert_true(fx->checked);
    MHD_stop_daemon(daemon);
    assert_int_equal(close(ends[0]), 0);
}

/* ---- forms ---- */

/* The same for requests of these types. */
static void with_types(struct fixture *fx, const char *const *types, size_t n,
    void (*check)(struct fixture *fx, struct MHD_Connection *connection))
{
    for (size_t i = 0; i < n; i++) {
        fx->type = types[i];
        with_connection(fx, check);
    }
}

static struct weir_form *begin(struct fixture *fx, struct MHD_Connection *connection)
{
    const struct weir_form_opts opts = {.loop = fx->loop,
        .key = &local_form_key,
        .store = fx->store,
        .bucket = "weir",
        .now_s = LOCAL_FORM_NOW_S};
    struct weir_form *form = weir_form_new(connection, &opts);

    assert_non_null(form);
    weir_form_data(form, (const char *)fx->fields.p, fx->fields.len);
    return form;
}

/* NULL: it was taken. */
static const char *end(struct weir_form *form)
{
    struct weir_policy policy;
    struct weir_policy_refusal why = {0};
    int rc = weir_form_end(form, &policy, &why);

    weir_form_free(form);
    return rc == 0 ? NULL : why.code;
}

/* The parts behind the signed fields: in two pieces, cut at each place, and in single bytes. */
static void expect(struct fixture *fx, struct MHD_Connection *connection, const char *parts,
    const char *text, const char *code)
{
    const size_t n = strlen(parts);

    for (size_t cut = 0; cut <= n; cut++) {
        struct weir_form *form = begin(fx, connection);

        if (cut > 0) {
            weir_form_data(form, parts, cut);
            weir_form_data(form, parts + cut, n - cut);
        } else {
            for (size_t i = 0; i < n; i++) {
                weir_form_data(form, parts + i, 1);
            }
        }
        const char *got = end(form);
        if (code == NULL ? got != NULL : got == NULL || strcmp(got, code) != 0) {
            fail_msg("%s, cut at %zu of:\n%s", got != NULL ? got : "taken", cut, parts);
        }
        assert_int_equal(tempdir_count(&fx->dir, "store/weir/uploads"), text != NULL);
        if (text != NULL) {
            tempdir_expect(&fx->dir, UPLOADED, text);
        }
    }
}

static void check_one_file(struct fixture *fx, struct MHD_Connection *connection)
{
    expect(fx, connection,
        FIELD("x-ignore-a", "b") FIELD("x-ignore-b", "") FILE_PART("a.csv", "id\n1\n") END,
        "id\n1\n", NULL);
    expect(fx, connection,
        PART("", "") FILE_PART("a.csv", "id\r\n--B\r\n") FIELD("x-ignore-a", "b") END,
        "id\r\n--B\r\n", NULL);
    expect(fx, connection, FILE_PART("a.csv", "") END, "", NULL);
}

static void a_form_is_the_same_in_whatever_pieces_it_comes(void **state)
{
    with_connection(*state, check_one_file);
}

static void check_two(struct fixture *fx, struct MHD_Connection *connection)
{
    static const char *const cases[] = {
        FILE_PART("", "") FILE_PART("a.csv", "id\n1\n") END,
        FILE_PART("a.csv", "") FILE_PART("", "id\n1\n") END,
        FILE_PART("a.csv", "") FILE_PART("b.csv", "id\n1\n") END,
        FILE_PART("a.csv", "") FIELD("file", "id\n1\n") END,
        FIELD("file", "") FILE_PART("a.csv", "id\n1\n") END,
        FILE_PART("a.csv", "") FILE_PART("a.csv", "") END,
        FILE_PART("a.csv", "id\n") FILE_PART("a.csv", "1\n") END,
        FILE_PART("a.csv", "") PART("", "") FILE_PART("a.csv", "id\n1\n") END,
        FIELD("x-ignore-a", "real") FIELD("x-ignore-a", "abc") FILE_PART("a.csv", "id\n") END,
        FIELD("x-ignore-a", "real") PART("", "") FIELD("x-ignore-a", "abc")
            FILE_PART("a.csv", "id\n") END,
        FIELD("x-ignore-a", "") PART("", "") FIELD("x-ignore-a", "abc") FILE_PART("a.csv", "id\n")
            END,
        FIELD("x-ignore-a", "") FIELD("X-Ignore-A", "abc") FILE_PART("a.csv", "id\n") END,
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        expect(fx, connection, cases[i], NULL, "InvalidArgument");
    }
}

static void two_files_or_a_field_twice_are_refused(void **state)
{
    with_connection(*state, check_two);
}

static void check_epilogue(struct fixture *fx, struct MHD_Connection *connection)
{
    static const char *const behind[] = {"--B0--", "--B0-- \r\n", "--B0--\r\nan epilogue",
        "--B0--\n\n\n", END "\r\n", END FILE_PART("b.csv", "no file") END};
    char parts[512];

    expect(fx, connection, FILE_PART("a.csv", "id\n") "--B0-", NULL, "MalformedPOSTRequest");
    for (size_t i = 0; i < COUNT(behind); i++) {
        (void)snprintf(
            parts, sizeof parts, "%s%s", FILE_PART("a.csv", "1\r\r\n--B\r\n--"), behind[i]);
        expect(fx, connection, parts, "1\r\r\n--B\r\n--", NULL);
    }
}

static void what_is_behind_the_last_boundary_is_ignored(void **state)
{
    with_connection(*state, check_epilogue);
}

static void check_small(struct fixture *fx, struct MHD_Connection *connection)
{
    expect(fx, connection, FILE_PART("a.csv", "id\n") END, "id\n", NULL);
}

/* RFC 2045, 2046: names of types and parameters in any case, more parameters, values in quotes. */
static void the_boundary_is_found_however_the_type_is_written(void **state)
{
    static const char *const types[] = {"multipart/form-data; boundary=B0; charset=utf-8",
        "multipart/form-data; charset=\"a;boundary=B1\" ; boundary=\"B0\";x=y",
        "multipart/form-data;boundary=B0", "multipart/form-data;\tx; boundary=B0 ",
        "Multipart/Form-Data; Boundary=B0", "MULTIPART/FORM-DATA; CHARSET=UTF-8; BOUNDARY=\"B0\""};

    with_types(*state, types, COUNT(types), check_small);
}

static void check_none(struct fixture *fx, struct MHD_Connection *connection)
{
    assert_string_equal(end(begin(fx, connection)), "MalformedPOSTRequest");
}

static void a_type_without_a_boundary_is_a_form_that_cannot_be_read(void **state)
{
    static const char *const types[] = {"multipart/form-data", "multipart/form-data; boundary",
        "multipart/form-data; boundary=", "multipart/form-data; xboundary=B0",
        "multipart/form-data; boundary=\"\"", "multipart/form-data; boundary=; x=B0"};

    with_types(*state, types, COUNT(types), check_none);
}

static int setup(void **state)
{
    struct fixture *fx = calloc(1, sizeof *fx);

    assert_non_null(fx);
    tempdir_new(&fx->dir);
    tempdir_mkdir(&fx->dir, "store/weir");
    (void)snprintf(fx->store, sizeof fx->store, "%s/store", fx->dir.path);
    fx->loop = weir_loop_new(NULL);
    assert_non_null(fx->loop);
    weir_buf_init(&fx->fields, 16 * WEIR_KIB);
    sign(&fx->fields);
    *state = fx;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fx = *state;

    weir_buf_fini(&fx->fields);
    weir_loop_free(fx->loop);
    tempdir_free(&fx->dir);
    free(fx);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_form_is_the_same_in_whatever_pieces_it_comes, setup, teardown),
        cmocka_unit_test_setup_teardown(two_files_or_a_field_twice_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(
            what_is_behind_the_last_boundary_is_ignored, setup, teardown),
        cmocka_unit_test_setup_teardown(
            the_boundary_is_found_however_the_type_is_written, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_type_without_a_boundary_is_a_form_that_cannot_be_read, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
