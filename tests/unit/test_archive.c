/*
 * Is an event of archive read as its README says, is what is wrong with one, or with a setting,
 * told with its place, and is nothing published, or left, when a program or an object fails? On a
 * directory store; what is in the archives is the integration scripts' to read.
 */
#include "core/clock.h"
#include "core/limits.h"
#include "handlers/archive/archive.h"
#include "json/doc.h"
#include "tests/support/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct tempdir dir;
static struct weir_loop *loop;
static const struct weir_log quiet = {.fd = -1};

/* A program of the task root, which is the folder itself. */
static void program(const char *name, const char *script)
{
    char path[TEMPDIR_PATH_BYTES + 64];

    tempdir_write(&dir, name, script);
    snprintf(path, sizeof path, "%s/%s", dir.path, name);
    assert_int_equal(chmod(path, 0755), 0);
}

static int setup(void **state)
{
    char url[TEMPDIR_PATH_BYTES + 16];

    (void)state;
    tempdir_new(&dir);
    snprintf(url, sizeof url, "file://%s/store", dir.path);
    setenv("AWS_ENDPOINT_URL_S3", url, 1);
    unsetenv("LAMBDA_TASK_ROOT");
    setenv("WEIR_PROGRAMS",
        "{\"cat\":\"bin/cat\",\"fails\":\"bin/fails\",\"hangs\":\"bin/hangs\","
        "\"env\":\"bin/env\",\"trusted\":{\"path\":\"bin/env\",\"credentials\":true}}",
        1);
    program("bin/cat", "#!/bin/sh\nprintf '%s|' \"$@\"\nexec cat\n");
    program("bin/fails", "#!/bin/sh\necho half\necho no way >&2\nexit 3\n");
    program("bin/hangs", "#!/bin/sh\necho half\nexec sleep 600\n");
    program("bin/env", "#!/bin/sh\necho \"${TITLE-none} ${AWS_SECRET_ACCESS_KEY-none}\"\n");
    tempdir_write(&dir, "store/b/in/one.txt", "1\n");
    tempdir_write(&dir, "store/b/in/deep/two.txt", "22\n");
    tempdir_write(&dir, "store/c/three.txt", "333\n");
    loop = weir_loop_new(NULL);
    return loop != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    weir_loop_free(loop);
    tempdir_free(&dir);
    return 0;
}

static void *init(struct weir_err *err)
{
    const struct weir_handler_env env = {.loop = loop, .log = &quiet, .folder = dir.path};

    return weir_archive_handler.init(&env, err);
}

/* One invocation: the response's tree (cJSON_Delete), or NULL with *err set. */
static cJSON *invoke_by(const char *event, int64_t deadline_ms, struct weir_err *err)
{
    const struct weir_invocation inv = {.event = event,
        .event_len = strlen(event),
        .request_id = "r-1",
        .deadline_mono_ms = deadline_ms,
        .undo_by_mono_ms = deadline_ms,
        .loop = loop,
        .log = &quiet};
    struct weir_buf response;
    cJSON *tree = NULL;
    void *self = init(err);

    assert_string_equal(err->msg, "");
    assert_non_null(self);
    weir_buf_init(&response, WEIR_RESPONSE_MAX_BYTES);
    if (weir_archive_handler.run(self, &inv, &response, err) == 0) {
        tree = weir_doc_parse("response", (const char *)response.p, response.len, err);
        assert_non_null(tree);
    }
    weir_buf_fini(&response);
    weir_archive_handler.fini(self);
    return tree;
}

static cJSON *invoke(const char *event)
{
    struct weir_err err = {0};
    cJSON *tree = invoke_by(event, INT64_MAX, &err);

    assert_string_equal(err.msg, "");
    assert_non_null(tree);
    return tree;
}

/* It ends with this error, and there is nothing new in the store. */
static void refused_by(
    const char *event, int64_t deadline_ms, enum weir_code code, const char *message)
{
    struct weir_err err = {0};

    assert_null(invoke_by(event, deadline_ms, &err));
    if (err.code != code || strncmp(err.msg, message, strlen(message)) != 0) {
        fail_msg(
            "%s: %s: \"%s\", expected \"%s\"", event, weir_err_type(err.code), err.msg, message);
    }
    assert_int_equal(tempdir_count(&dir, "store/b"), 1); /* not a hidden file either */
}

static void refused(const char *event, enum weir_code code, const char *message)
{
    refused_by(event, INT64_MAX, code, message);
}

static const char *text(const cJSON *o, const char *name)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);

    assert_true(cJSON_IsString(v));
    return v->valuestring;
}

static double number(const cJSON *o, const char *name)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);

    assert_true(cJSON_IsNumber(v));
    return v->valuedouble;
}

/* ---- settings ---- */

static void a_bad_setting_is_an_init_error_that_names_it(void **state)
{
    static const struct {
        const char *programs, *message;
    } cases[] = {
        {"{", "WEIR_PROGRAMS: "},
        {"[]", "WEIR_PROGRAMS: must be an object: name -> path"},
        {"{\"x\":1}", "WEIR_PROGRAMS: x: must be a path"},
        {"{\"x\":\"\"}", "WEIR_PROGRAMS: x: must be a path"},
        {"{\"x\":{}}", "WEIR_PROGRAMS: x: must be a path"},
        {"{\"x\":{\"path\":\"bin/cat\",\"credentials\":1}}",
            "WEIR_PROGRAMS: x/credentials: must be a boolean"},
        {"{\"cat\":\"bin/cat\",\"x\":\"bin/none\"}", "WEIR_PROGRAMS: x: bin/none: no such program"},
        {"{\"x\":\"/bin/sh\"}", "WEIR_PROGRAMS: x: /bin/sh: lies neither below the task root"},
        {"{\"x\":\"../../../bin/sh\"}", "WEIR_PROGRAMS: x: ../../../bin/sh: "},
        {"{\"x\":\"link\"}", "WEIR_PROGRAMS: x: link: lies neither below the task root"},
        {"{\"x\":\"bin\"}", "WEIR_PROGRAMS: x: bin: cannot be executed"},
        {"{\"x\":\"plain\"}", "WEIR_PROGRAMS: x: plain: cannot be executed"},
    };
    char link[TEMPDIR_PATH_BYTES + 16];

    (void)state;
    tempdir_write(&dir, "plain", "echo\n");
    snprintf(link, sizeof link, "%s/link", dir.path);
    assert_int_equal(symlink("/bin/sh", link), 0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_err err = {0};
        setenv("WEIR_PROGRAMS", cases[i].programs, 1);
        assert_null(init(&err));
        assert_int_equal(err.code, WEIR_E_CONFIG);
        if (strncmp(err.msg, cases[i].message, strlen(cases[i].message)) != 0) {
            fail_msg("%s: \"%s\"", cases[i].programs, err.msg);
        }
    }
    struct weir_err err = {0};
    setenv("WEIR_PROGRAMS", "", 1);
    setenv("AWS_ENDPOINT_URL_S3", "ftp://h", 1);
    assert_null(init(&err));
    assert_non_null(strstr(err.msg, "AWS_ENDPOINT_URL_S3"));
}

static void the_task_root_is_lambdas_where_it_says_so(void **state)
{
    char root[TEMPDIR_PATH_BYTES + 8];
    struct weir_err err = {0};

    (void)state;
    snprintf(root, sizeof root, "%s/bin", dir.path);
    setenv("LAMBDA_TASK_ROOT", root, 1);
    assert_null(init(&err)); /* bin/cat is not below it */
    assert_int_equal(err.code, WEIR_E_CONFIG);
    setenv("WEIR_PROGRAMS", "{\"cat\":\"cat\"}", 1);
    cJSON_Delete(
        invoke("{\"program\":\"cat\",\"bucket\":\"b\",\"key\":\"k\",\"format\":\"none\"}"));
    tempdir_expect(&dir, "store/b/k", "|");
}

/* ---- events ---- */

#define TO ",\"bucket\":\"b\",\"key\":\"k\"}"

static void an_event_that_is_not_understood_is_a_data_error(void **state)
{
    static const struct {
        const char *event, *message;
    } rows[] = {
        {"", "event: "},
        {"[]", "event: must be an object"},
        {"{\"program\":\"cat\",\"key\":\"k\"}", "event: /bucket: missing"},
        {"{\"program\":\"cat\",\"bucket\":\"b\"}", "event: /key: missing"},
        {"{\"program\":\"cat\",\"bucket\":7,\"key\":\"k\"}", "event: /bucket: must be a string"},
        {"{\"program\":1" TO, "event: /program: must be a string"},
        {"{\"bucket\":\"b\",\"key\":\"k\"}", "event: must have either program or entries"},
        {"{\"program\":\"cat\",\"entries\":[]" TO, "event: must have either program or entries"},
        {"{\"program\":\"cat\",\"entry\":1" TO, "event: /entry: must be a string"},
        {"{\"program\":\"cat\",\"format\":\"rar\"" TO, "event: /format: must be zip, gzip or none"},
        {"{\"entries\":[\"in/one.txt\"],\"format\":\"gzip\"" TO,
            "event: /format: must be zip where there are entries"},
        {"{\"program\":\"/bin/sh\"" TO, "/program: is not one of WEIR_PROGRAMS"},
        {"{\"program\":\"ca\"" TO, "/program: is not one of WEIR_PROGRAMS"},
        {"{\"program\":\"cat\",\"require_output\":1" TO, "/require_output: must be true or false"},
        {"{\"program\":\"cat\",\"args\":\"x\"" TO, "/args: must be an array"},
        {"{\"program\":\"cat\",\"args\":[\"x\",1]" TO, "/args/1: must be a string"},
        {"{\"program\":\"cat\",\"env\":[]" TO, "/env: must be an object"},
        {"{\"program\":\"cat\",\"env\":{\"A\":1}" TO, "/env/A: must be a string"},
        {"{\"program\":\"cat\",\"stdin\":1" TO, "/stdin: must be an object"},
        {"{\"program\":\"cat\",\"stdin\":{\"bucket\":\"c\"}" TO, "/stdin/key: missing"},
        {"{\"entries\":[]" TO, "/entries: no objects"},
        {"{\"entries\":[{\"prefix\":\"none/\"}]" TO, "/entries: no objects"},
        {"{\"entries\":[\"in/one.txt\",7]" TO, "/entries/1: must be a key or an object"},
        {"{\"entries\":[{\"name\":\"x\"}]" TO, "/entries/0/key: missing"},
        {"{\"entries\":{\"key\":1}" TO, "/entries/key: must be a string"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        refused(rows[i].event, WEIR_E_DATA, rows[i].message);
    }
}

static void what_would_lead_out_or_load_code_is_refused(void **state)
{
    static const struct {
        const char *event, *message;
    } rows[] = {
        {"{\"program\":\"cat\",\"entry\":\"../x\"" TO, "zip: ../x: an entry's name"},
        {"{\"program\":\"cat\",\"entry\":\"/x\"" TO, "zip: /x: an entry's name"},
        {"{\"entries\":[{\"key\":\"in/one.txt\",\"name\":\"a/../../x\"}]" TO,
            "zip: a/../../x: an entry's name"},
        {"{\"entries\":[\"in/one.txt\",{\"key\":\"in/deep/two.txt\",\"name\":\"in/one.txt\"}]" TO,
            "in/one.txt: two entries of this name"},
        {"{\"program\":\"cat\",\"env\":{\"LD_PRELOAD\":\"x\"}" TO, "env: LD_PRELOAD"},
        {"{\"program\":\"cat\",\"env\":{\"AWS_REGION\":\"x\"}" TO, "env: AWS_REGION"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        refused(rows[i].event, WEIR_E_CONFIG, rows[i].message);
    }
}

/* ---- programs ---- */

static void a_program_gets_its_arguments_and_its_stdin(void **state)
{
    (void)state;
    cJSON_Delete(invoke("{\"program\":\"cat\",\"args\":[\"a b\",\"$(id)\"],\"stdin\":\"in\","
                        "\"format\":\"none\"" TO));
    tempdir_expect(&dir, "store/b/k", "a b|$(id)|in");
    cJSON_Delete(invoke("{\"program\":\"cat\",\"stdin\":{\"key\":\"in/one.txt\"},"
                        "\"format\":\"none\"" TO));
    tempdir_expect(&dir, "store/b/k", "|1\n");
    cJSON_Delete(invoke("{\"program\":\"cat\",\"stdin\":{\"bucket\":\"c\",\"key\":\"three.txt\"},"
                        "\"format\":\"none\"" TO));
    tempdir_expect(&dir, "store/b/k", "|333\n");
    cJSON_Delete(invoke("{\"program\":\"cat\",\"stdin\":null,\"args\":[],\"format\":\"none\"" TO));
    tempdir_expect(&dir, "store/b/k", "|");
}

static void credentials_are_for_those_whom_the_setting_trusts(void **state)
{
    (void)state;
    setenv("AWS_SECRET_ACCESS_KEY", "s3cret", 1);
    cJSON_Delete(invoke("{\"program\":\"env\",\"env\":{\"TITLE\":\"t\"},\"format\":\"none\"" TO));
    tempdir_expect(&dir, "store/b/k", "t none\n");
    cJSON_Delete(invoke("{\"program\":\"trusted\",\"format\":\"none\"" TO));
    tempdir_expect(&dir, "store/b/k", "none s3cret\n");
    unsetenv("AWS_SECRET_ACCESS_KEY");
}

static void the_answer_tells_of_the_entry(void **state)
{
    static const char content[] = "x|in";
    char crc[16];

    (void)state;
    cJSON *r =
        invoke("{\"program\":\"cat\",\"args\":[\"x\"],\"stdin\":\"in\",\"entry\":\"e/f\"" TO);
    const cJSON *entries = cJSON_GetObjectItemCaseSensitive(r, "entries");
    assert_string_equal(text(r, "bucket"), "b");
    assert_string_equal(text(r, "key"), "k");
    assert_true(number(r, "exit") == 0);
    assert_int_equal(cJSON_GetArraySize(entries), 1);
    assert_string_equal(text(entries->child, "name"), "e/f");
    assert_true(number(entries->child, "bytes") == (double)strlen(content));
    snprintf(crc, sizeof crc, "%08lx",
        crc32(0, (const unsigned char *)content, (unsigned)strlen(content)));
    assert_string_equal(text(entries->child, "crc32"), crc);

    char path[TEMPDIR_PATH_BYTES + 16];
    struct stat st;
    snprintf(path, sizeof path, "%s/store/b/k", dir.path);
    assert_int_equal(stat(path, &st), 0);
    assert_true(number(r, "bytes") == (double)st.st_size);
    cJSON_Delete(r);

    r = invoke("{\"program\":\"cat\"" TO); /* the entry's name when there is none */
    entries = cJSON_GetObjectItemCaseSensitive(r, "entries");
    assert_string_equal(text(entries->child, "name"), "data");
    cJSON_Delete(r);
    r = invoke("{\"program\":\"cat\",\"format\":\"gzip\"" TO); /* there are none */
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(r, "entries")), 0);
    cJSON_Delete(r);
}

static void a_program_that_fails_publishes_nothing(void **state)
{
    (void)state;
    refused("{\"program\":\"fails\"" TO, WEIR_E_PROGRAM, "fails: exit status 3: no way");
    refused(
        "{\"program\":\"fails\",\"format\":\"none\"" TO, WEIR_E_PROGRAM, "fails: exit status 3");
    refused("{\"program\":\"cat\",\"stdin\":{\"key\":\"none\"}" TO, WEIR_E_REMOTE, "");
    program("bin/cat", "#!/bin/sh\nexit 0\n");
    refused("{\"program\":\"cat\",\"require_output\":true" TO, WEIR_E_PROGRAM, "cat: ");
    cJSON_Delete(invoke("{\"program\":\"cat\",\"format\":\"none\"" TO));
    tempdir_expect(&dir, "store/b/k", "");
}

static void a_program_that_hangs_ends_at_the_deadline(void **state)
{
    (void)state;
    refused_by("{\"program\":\"hangs\"" TO, weir_clock_mono_ms() + 30, WEIR_E_DEADLINE, "hangs: ");
}

/* ---- objects ---- */

static void objects_are_named_by_their_keys_or_as_the_event_says(void **state)
{
    static const struct {
        const char *entries;
        const char *names[4];
    } rows[] = {
        {"\"in/one.txt\"", {"in/one.txt"}},
        {"{\"key\":\"in/one.txt\",\"name\":\"n\"}", {"n"}},
        {"[\"in/one.txt\",{\"bucket\":\"c\",\"key\":\"three.txt\"}]", {"in/one.txt", "three.txt"}},
        {"{\"prefix\":\"in/\"}", {"deep/two.txt", "one.txt"}},
        {"{\"prefix\":\"in/de\"}", {"deep/two.txt"}},
        {"{\"prefix\":\"\"}", {"in/deep/two.txt", "in/one.txt"}}, /* the archive is not in itself */
        {"[{\"bucket\":\"c\",\"prefix\":\"\"},{\"prefix\":\"in/deep/\"}]",
            {"three.txt", "two.txt"}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char event[256];
        snprintf(event, sizeof event, "{\"entries\":%s" TO, rows[i].entries);
        cJSON *r = invoke(event);
        const cJSON *entries = cJSON_GetObjectItemCaseSensitive(r, "entries"), *entry;
        size_t n = 0;
        cJSON_ArrayForEach(entry, entries)
        {
            assert_non_null(rows[i].names[n]);
            assert_string_equal(text(entry, "name"), rows[i].names[n++]);
        }
        assert_null(rows[i].names[n]);
        assert_null(cJSON_GetObjectItemCaseSensitive(r, "exit"));
        assert_true(tempdir_exists(&dir, "store/b/k"));
        cJSON_Delete(r);
    }
}

static void an_object_that_is_not_there_publishes_nothing(void **state)
{
    (void)state;
    refused("{\"entries\":[\"in/one.txt\",\"in/none.txt\"]" TO, WEIR_E_REMOTE, "");
    refused("{\"entries\":[{\"bucket\":\"d\",\"prefix\":\"x\"}]" TO, WEIR_E_REMOTE, "");
}

/* An answer has so much room; the archive has them all. */
static void entries_that_the_answer_has_no_room_for_are_counted(void **state)
{
    const size_t n = WEIR_ARCHIVE_LISTED_MAX_BYTES / 1000 + 100;
    struct weir_buf event;
    char name[1001];

    (void)state;
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    weir_buf_init(&event, 16 * WEIR_MIB);
    assert_int_equal(weir_buf_adds(&event, "{\"entries\":[", NULL), 0);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(
            weir_buf_addf(&event, NULL, "%s{\"key\":\"in/one.txt\",\"name\":\"%zu%s\"}",
                i > 0 ? "," : "", i, name),
            0);
    }
    assert_int_equal(weir_buf_adds(&event, "]" TO, NULL), 0);
    cJSON *r = invoke(weir_buf_text(&event, NULL));
    const int listed = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(r, "entries"));
    assert_in_range(listed, WEIR_ARCHIVE_LISTED_MAX_BYTES / 1100, n - 1);
    assert_true(number(r, "entries_left_out") == (double)n - listed);
    cJSON_Delete(r);
    weir_buf_fini(&event);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_bad_setting_is_an_init_error_that_names_it),
        TEST(the_task_root_is_lambdas_where_it_says_so),
        TEST(an_event_that_is_not_understood_is_a_data_error),
        TEST(what_would_lead_out_or_load_code_is_refused),
        TEST(a_program_gets_its_arguments_and_its_stdin),
        TEST(credentials_are_for_those_whom_the_setting_trusts),
        TEST(the_answer_tells_of_the_entry),
        TEST(a_program_that_fails_publishes_nothing),
        TEST(a_program_that_hangs_ends_at_the_deadline),
        TEST(objects_are_named_by_their_keys_or_as_the_event_says),
        TEST(an_object_that_is_not_there_publishes_nothing),
        TEST(entries_that_the_answer_has_no_room_for_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
