/*
 * Is every line of the known formats, whatever is in it, said with the right values; is a line that
 * is none said whole; and does none of it depend on how the bytes arrive?
 */
#include "core/limits.h"
#include "handlers/elb_logs/elb_json.h"
#include "handlers/elb_logs/elb_stage.h"
#include "tests/support/stage_check.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ALB_HEAD                                                                                   \
    "2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 "        \
    "10.0.0.1:80 0.000 0.001 0.000 200 200 34 366 "
#define ALB_TAIL                                                                                   \
    " ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 "                                                        \
    "arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 " \
    "\"Root=1-58337262-36d228ad5d99923122bbe354\" \"www.example.com\" \"-\" 0 "                    \
    "2018-07-02T22:22:48.364000Z \"forward\" \"-\" \"-\""
#define ALB25                                                                                      \
    "https " ALB_HEAD "\"GET https://www.example.com:443/ HTTP/1.1\" \"curl/7.46.0\"" ALB_TAIL
#define ALB29 ALB25 " \"10.0.0.1:80 10.0.0.2:81\" \"200 502\" \"Acceptable\" \"SpaceInUri\""
#define ALB(request) "http " ALB_HEAD request " \"curl/7.46.0\"" ALB_TAIL
#define CLASSIC(client, backend, times, status, request, agent)                                    \
    "2015-05-13T23:39:43.945958Z my-loadbalancer " client " " backend " " times " " status         \
    " 0 29 " request agent
#define NLB                                                                                        \
    "tls 2.0 2018-12-20T02:59:40 net/my-network-loadbalancer/c6e77e28c25b2234 g3d4b5e8bb8464cd "   \
    "72.21.218.154:51341 172.100.100.185:443 5 2 98 246 - "                                        \
    "arn:aws:acm:us-east-2:671290407336:certificate/2a108f19-aded-46b0-8493-c63eb1ef4a99 - "       \
    "ECDHE-RSA-AES128-SHA tlsv12 - "                                                               \
    "my-network-loadbalancer-c6e77e28c25b2234.elb.us-east-2.amazonaws.com "

/* Each expectation is "path value": the path's parts with blanks... see expect_one. */
struct line_case {
    const char *name, *line;
    const char *expect[12]; /* "a/b=json"; "a/b" alone: must not be there */
};

static const struct line_case cases[] = {
    {"ALB with 25 fields", ALB25,
        {"@timestamp=\"2018-07-02T22:23:00.186641Z\"", "aws/elb/type=\"https\"",
            "aws/elb/name=\"app/my-loadbalancer/50dc6c495c0c9188\"", "source/ip=\"192.168.131.39\"",
            "source/port=2817", "http/response/status_code=200",
            "url/original=\"https://www.example.com:443/\"", "http/request/method=\"GET\"",
            "user_agent/original=\"curl/7.46.0\"", "tls/version=\"1.2\"",
            "event/start=\"2018-07-02T22:22:48.364000Z\"", "aws/elb/redirect_url"}},
    {"ALB with 29 fields", ALB29,
        {"aws/elb/target_port=[\"10.0.0.1:80\",\"10.0.0.2:81\"]",
            "aws/elb/target_status_code=[\"200\",\"502\"]", "aws/elb/classification=\"Acceptable\"",
            "aws/elb/classification_reason=\"SpaceInUri\"", "aws/elb/extra_fields",
            "aws/elb/backend/http/response/status_code=200", "aws/elb/matched_rule_priority=0",
            "aws/elb/response_processing_time/sec=0",
            "tls/client/server_name=\"www.example.com\""}},
    {"ALB with 30 fields", ALB29 " TID_dc57cd84", {"aws/elb/conn_trace_id=\"TID_dc57cd84\""}},
    {"ALB with 33 fields", ALB29 " TID_1 \"h.example.com\" \"/new/path\" \"TransformSuccess\"",
        {"aws/elb/transformed_host=\"h.example.com\"", "aws/elb/transformed_uri=\"/new/path\"",
            "aws/elb/request_transform_status=\"TransformSuccess\"", "aws/elb/extra_fields"}},
    {"ALB with 34 fields", ALB29 " TID_1 \"-\" \"-\" \"-\" 10.1.2.3",
        {"aws/elb/extra_fields=[\"10.1.2.3\"]", "aws/elb/transformed_host"}},
    {"fields of the future are kept", ALB29 " TID_1 \"-\" \"-\" \"-\" 10.1.2.3 \"a b\" -",
        {"aws/elb/extra_fields=[\"10.1.2.3\",\"a b\",\"-\"]"}},
    {"an unknown type is kept",
        "quic " ALB_HEAD "\"GET https://www.example.com:443/ HTTP/3.0\" \"x\"" ALB_TAIL,
        {"aws/elb/type=\"quic\"", "http/version=\"3.0\""}},
    {"gRPC and WebSocket are requests like others",
        "wss " ALB_HEAD "\"GET https://10.0.0.30:443/ HTTP/1.1\" \"-\"" ALB_TAIL,
        {"aws/elb/type=\"wss\"", "user_agent", "url/domain=\"10.0.0.30\""}},
    {"a quote as \\x22", ALB("\"GET http://www.example.com:80/?q=\\x22x\\x22 HTTP/1.1\""),
        {"url/query=\"q=\\\\x22x\\\\x22\"",
            "url/original=\"http://www.example.com:80/?q=\\\\x22x\\\\x22\""}},
    {"a quote as \\\"", ALB("\"GET http://www.example.com:80/?q=\\\"x y\\\" HTTP/1.1\""),
        {"url/original=\"http://www.example.com:80/?q=\\\\\\\"x y\\\\\\\"\"",
            "http/version=\"1.1\""}},
    {"blanks in the URL", ALB("\"GET http://www.example.com:80/a b c?d e HTTP/1.1\""),
        {"url/original=\"http://www.example.com:80/a b c?d e\"", "url/path=\"/a b c\"",
            "url/query=\"d e\"", "http/request/method=\"GET\""}},
    {"a malformed request with blanks at its end", ALB("\"- http://host:80- -\""),
        {"url/original=\"http://host:80-\"", "http/request/method", "http/version", "url/port",
            "url/domain=\"host\"", "http/response/status_code=200"}},
    {"a malformed request without a version", ALB("\"- http://host:80-/ \""),
        {"url/original=\"http://host:80-/\"", "http/request/method", "http/version",
            "url/path=\"/\""}},
    {"a connection without a request",
        "http 2018-07-02T22:23:00.186641Z app/lb/1 192.168.131.39:2817 - -1 -1 -1 - - 0 0 "
        "\"- - - \" \"-\" - - - \"-\" \"-\" \"-\" - 2018-07-02T22:22:48.364000Z \"-\" \"-\" \"-\"",
        {"url", "http/response/status_code", "http/request/method", "aws/elb/backend",
            "aws/elb/request_processing_time", "user_agent", "tls", "source/port=2817",
            "aws/elb/matched_rule_priority", "http/request/bytes=0"}},
    {"an address of IPv6 without brackets",
        "http 2018-07-02T22:23:00.186641Z app/lb/1 2001:db8:85a3::8a2e:370:7334:2817 "
        "2600:1f18::1:80 0.000 0.001 0.000 200 200 34 366 \"GET http://[2001:db8::1]:80/x "
        "HTTP/1.1\" "
        "\"-\"" ALB_TAIL,
        {"source/ip=\"2001:db8:85a3::8a2e:370:7334\"", "source/port=2817",
            "aws/elb/backend/ip=\"2600:1f18::1\"", "aws/elb/backend/port=80",
            "url/domain=\"[2001:db8::1]\"", "url/port=80"}},
    {"an address in brackets",
        "http 2018-07-02T22:23:00.186641Z app/lb/1 [2001:db8::7]:1 - -1 -1 -1 503 - 34 366 "
        "\"GET http://a:80/ HTTP/1.1\" \"-\"" ALB_TAIL,
        {"source/ip=\"2001:db8::7\"", "source/port=1", "http/response/status_code=503"}},
    {"a Lambda target",
        "http 2018-07-02T22:23:00.186641Z app/lb/1 192.0.2.1:1 - 0.000 0.001 0.000 "
        "200 200 34 366 \"GET http://a:80/ HTTP/1.1\" \"-\"" ALB_TAIL,
        {"aws/elb/backend/ip", "aws/elb/backend/http/response/status_code=200"}},
    {"bytes that are no ASCII", ALB("\"GET http://a:80/\xC3\xA4\xFF HTTP/1.1\""),
        {"url/path=\"/\xC3\xA4\xEF\xBF\xBD\""}},
    {"a tab in a user agent", "http " ALB_HEAD "\"GET http://a:80/ HTTP/1.1\" \"a\tb\"" ALB_TAIL,
        {"user_agent/original=\"a\\tb\""}},
    {"Classic with 15 fields",
        CLASSIC("192.168.131.39:2817", "10.0.0.1:80", "0.000086 0.001048 0.001337", "200 200",
            "\"GET https://www.example.com:443/ HTTP/1.1\"",
            " \"curl/7.38.0\" DHE-RSA-AES128-SHA TLSv1.2"),
        {"@timestamp=\"2015-05-13T23:39:43.945958Z\"", "aws/elb/type=\"classic\"",
            "aws/elb/name=\"my-loadbalancer\"", "source/ip=\"192.168.131.39\"",
            "tls/cipher=\"DHE-RSA-AES128-SHA\"", "aws/elb/backend_processing_time/sec=0.001048",
            "http/response/bytes=29", "http/request/bytes=0"}},
    {"Classic with 12 fields",
        CLASSIC("192.168.131.39:2817", "10.0.0.1:80", "0.000073 0.001048 0.000057", "200 200",
            "\"GET http://www.example.com:80/ HTTP/1.1\"", ""),
        {"user_agent", "tls", "http/request/method=\"GET\"", "aws/elb/type=\"classic\""}},
    {"Classic, TCP",
        CLASSIC("192.168.131.39:2817", "10.0.0.1:80", "0.001069 0.000028 0.000041", "- -",
            "\"- - - \"", " \"-\" - -"),
        {"http/response/status_code", "url", "http/response/bytes=29",
            "aws/elb/request_processing_time/sec=0.001069"}},
    {"Classic, without a backend",
        CLASSIC("192.168.131.39:2817", "-", "-1 -1 -1", "503 0",
            "\"GET http://www.example.com:80/ HTTP/1.1\"", " \"curl\" - -"),
        {"http/response/status_code=503", "aws/elb/backend/ip", "aws/elb/backend_processing_time"}},
    {"Classic with quotes in the user agent",
        CLASSIC("192.168.131.39:2817", "10.0.0.1:80", "0.1 0.1 0.1", "200 200",
            "\"GET http://a:80/ HTTP/1.1\"", " \"Agent \\\"x\\\" y\" - -"),
        {"user_agent/original=\"Agent \\\\\\\"x\\\\\\\" y\""}},
    {"NLB with 22 fields", NLB "- - - 2018-12-20T02:59:30",
        {"@timestamp=\"2018-12-20T02:59:40Z\"", "aws/elb/type=\"tls\"", "source/port=51341",
            "source/bytes=98", "destination/ip=\"172.100.100.185\"", "destination/bytes=246",
            "tls/version=\"1.2\"", "aws/elb/connection_time/ms=5",
            "aws/elb/listener=\"g3d4b5e8bb8464cd\"", "event/start=\"2018-12-20T02:59:30Z\"",
            "tls/next_protocol", "aws/elb/alpn_fe_protocol"}},
    {"NLB with ALPN", NLB "h2 h2 \"h2\",\"http/1.1\" 2020-04-01T08:51:20",
        {"tls/next_protocol=\"h2\"", "aws/elb/alpn_fe_protocol=[\"h2\"]",
            "aws/elb/alpn_client_preference_list=[\"h2\",\"http/1.1\"]",
            "event/start=\"2020-04-01T08:51:20Z\""}},
    {"NLB with a field of the future", NLB "h2 h2 \"h2\" 2020-04-01T08:51:20 more",
        {"aws/elb/extra_fields=[\"more\"]", "aws/elb/alpn_client_preference_list=[\"h2\"]"}},
    {"a client that has a name",
        "http 2018-07-02T22:23:00.186641Z app/lb/1 client.example.com:2817 - 0.000 0.001 0.000 200 "
        "200 34 366 \"GET http://a:80/ HTTP/1.1\" \"-\"" ALB_TAIL,
        {"source/address=\"client.example.com\"", "source/port=2817", "source/ip"}},
    {"CONNECT", ALB("\"CONNECT www.example.com:443 HTTP/1.1\""),
        {"http/request/method=\"CONNECT\"", "url/original=\"www.example.com:443\"", "url/domain",
            "url/path", "http/version=\"1.1\""}},
    {"a request of two words", ALB("\"GET http://a:80/x\""),
        {"http/request/method=\"GET\"", "url/path=\"/x\"", "http/version"}},
    {"a request of one word", ALB("\"*\""),
        {"http/request/method", "url/original=\"*\"", "url/path", "http/version"}},
    {"a number with zeros before it",
        "http 2018-07-02T22:23:00.186641Z app/lb/1 192.0.2.1:1 - 00.5 0.001 0.000 000 200 034 366 "
        "\"GET http://a:80/ HTTP/1.1\" \"-\"" ALB_TAIL,
        {"http/response/status_code=0", "http/request/bytes=34",
            "aws/elb/request_processing_time/sec=0.5"}},
};

/* What is no line, and is said whole. */
static const struct {
    const char *name, *line;
} rejects[] = {
    {"an empty quote", "\""},
    {"prose", "Enable AccessLog for ELB: my-loadbalancer at 2015-05-13T23:39:43.945958Z"},
    {"a line cut off in its request", "http " ALB_HEAD "\"GET http://www.exam"},
    {"a line cut off between two fields", "http " ALB_HEAD "\"GET http://a:80/ HTTP/1.1\" \"x\""},
    {"two lines spliced", "http " ALB_HEAD "\"GET http://www.exhttps " ALB_HEAD
                          "\"GET https://www.example.com:443/ HTTP/1.1\" \"x\"" ALB_TAIL},
    {"a status that is no number",
        "http 2018-07-02T22:23:00.186641Z app/lb/1 192.0.2.1:1 - 0.000 0.001 0.000 2x0 200 34 366 "
        "\"GET http://a:80/ HTTP/1.1\" \"-\"" ALB_TAIL},
    {"a status that begins with none",
        "http 2018-07-02T22:23:00.186641Z app/lb/1 192.0.2.1:1 - 0.000 0.001 0.000 x 200 34 366 "
        "\"GET http://a:80/ HTTP/1.1\" \"-\"" ALB_TAIL},
    {"a time whose fraction is none",
        "http 2018-07-02T22:23:00.Z app/lb/1 192.0.2.1:1 - 0.000 0.001 0.000 200 200 34 366 "
        "\"GET http://a:80/ HTTP/1.1\" \"-\"" ALB_TAIL},
    {"a duration of more digits than readers of JSON take",
        "http 2018-07-02T22:23:00.186641Z app/lb/1 192.0.2.1:1 - 0.000 "
        "0.0010433333333333333333333333333333333333333333333333333333333333338 0.000 200 200 34 "
        "366 "
        "\"GET http://a:80/ HTTP/1.1\" \"-\"" ALB_TAIL},
    {"a time that is none",
        "http 2018-07-02T22:23 app/lb/1 192.0.2.1:1 - 0.000 0.001 0.000 200 200 34 366 "
        "\"GET http://a:80/ HTTP/1.1\" \"-\"" ALB_TAIL},
    {"Classic with 11 fields", "2015-05-13T23:39:43.945958Z lb 192.0.2.1:1 - -1 -1 -1 503 0 0 0"},
    {"bytes of anything", "\x01\xFF\xFE\x80 \" \\ \x7F"},
};

static const struct weir_elb_log the_log = {"logs", "a/b.log", "e1", "s3://logs/a/b.log"};
static struct weir_elb_origin origin;

static int setup(void **state)
{
    (void)state;
    return weir_elb_origin_set(&origin, &the_log, NULL);
}

/* Write the line, from memory that ends where it ends. */
static cJSON *said(const char *line, enum weir_elb_names names, uint64_t offset, const char **why)
{
    const size_t len = strlen(line);
    char *copy = malloc(len), *out = malloc(WEIR_ELB_JSON_ROOM(len) + 1), *end;
    struct weir_elb_line parsed;

    assert_true(copy != NULL && out != NULL);
    memcpy(copy, line, len);
    *why = weir_elb_line_parse(copy, len, &parsed);
    end = *why == NULL ? weir_elb_json_line(out, &parsed, names, &origin, offset)
                       : weir_elb_json_reject(out, copy, len, *why, &origin, offset);
    assert_true((size_t)(end - out) <= WEIR_ELB_JSON_ROOM(len));
    assert_int_equal(end[-1], '\n');
    end[-1] = '\0';
    assert_null(strchr(out, '\n'));
    cJSON *tree = cJSON_ParseWithOpts(out, NULL, true);
    if (tree == NULL) {
        fail_msg("no JSON: %s", out);
    }
    free(copy);
    free(out);
    return tree;
}

static void expect_one(const char *name, const cJSON *at, const char *expect)
{
    char part[64];
    const char *p = expect;

    for (;;) {
        size_t n = strcspn(p, "/=");
        assert_true(n < sizeof part);
        memcpy(part, p, n);
        part[n] = '\0';
        at = cJSON_GetObjectItemCaseSensitive(at, part);
        p += n;
        if (*p != '/') {
            break;
        }
        p++;
    }
    char *got = at != NULL ? cJSON_PrintUnformatted(at) : NULL;
    if (*p == '=' ? got == NULL || strcmp(got, p + 1) != 0 : got != NULL) {
        fail_msg("%s: expected %s, got %s", name, expect, got != NULL ? got : "nothing");
    }
    free(got);
}

static void each_format_and_each_nasty_line_has_its_ecs_fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *why;
        cJSON *tree = said(cases[i].line, WEIR_ELB_NAMES_ECS, i * 1000, &why);
        if (why != NULL) {
            fail_msg("%s: %s", cases[i].name, why);
        }
        for (size_t k = 0; k < 12 && cases[i].expect[k] != NULL; k++) {
            expect_one(cases[i].name, tree, cases[i].expect[k]);
        }
        expect_one(cases[i].name, tree, "tags");
        expect_one(cases[i].name, tree, "event/dataset=\"aws.elb\"");
        cJSON_Delete(tree);
    }
}

static void fields_beyond_all_that_are_counted_are_one(void **state)
{
    const size_t known = 33;
    char line[sizeof ALB29 + 20 + 2 * WEIR_ELB_FIELDS_MAX + 5] = ALB29 " T \"-\" \"-\" \"-\"";
    const char *why;

    (void)state;
    for (size_t i = known; i < WEIR_ELB_FIELDS_MAX + 2; i++) {
        memcpy(line + strlen(line), " x", 3);
    }
    cJSON *tree = said(line, WEIR_ELB_NAMES_ECS, 0, &why);
    assert_null(why);
    const cJSON *elb = cJSON_GetObjectItem(cJSON_GetObjectItem(tree, "aws"), "elb");
    const cJSON *extra = cJSON_GetObjectItem(elb, "extra_fields");
    const int n = cJSON_GetArraySize(extra);
    assert_int_equal(n, WEIR_ELB_FIELDS_MAX - known);
    assert_string_equal(cJSON_GetArrayItem(extra, n - 2)->valuestring, "x");
    assert_string_equal(cJSON_GetArrayItem(extra, n - 1)->valuestring, "x x x");
    cJSON_Delete(tree);
}

static void what_cannot_be_parsed_is_said_whole_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rejects / sizeof rejects[0]; i++) {
        const char *why;
        cJSON *tree = said(rejects[i].line, WEIR_ELB_NAMES_ECS, 77, &why);
        if (why == NULL) {
            fail_msg("%s: was parsed", rejects[i].name);
        }
        expect_one(rejects[i].name, tree, "tags=[\"_elbparsefailure\"]");
        expect_one(rejects[i].name, tree, "log/offset=77");
        expect_one(rejects[i].name, tree, "log/file/path=\"s3://logs/a/b.log\"");
        const cJSON *message = cJSON_GetObjectItemCaseSensitive(tree, "message");
        assert_true(cJSON_IsString(message));
        if (strstr(rejects[i].name, "anything") == NULL) {
            assert_string_equal(message->valuestring, rejects[i].line);
        }
        cJSON_Delete(tree);
    }
}

static void aws_names_are_flat_and_what_is_not_there_is_null(void **state)
{
    static const char *const alb[] = {"type=\"https\"", "time=\"2018-07-02T22:23:00.186641Z\"",
        "client_ip=\"192.168.131.39\"", "client_port=2817", "elb_status_code=200",
        "request_verb=\"GET\"", "request_url=\"https://www.example.com:443/\"",
        "request_proto=\"1.1\"", "redirect_url=null", "target_processing_time=0.001",
        "target:port_list=[\"10.0.0.1:80\",\"10.0.0.2:81\"]", "extra_fields=[\"T\",\"n\"]"};
    const char *why;
    (void)state;
    cJSON *tree = said(ALB29 " - - - - T n", WEIR_ELB_NAMES_AWS, 0, &why);
    assert_null(why);
    for (size_t i = 0; i + 1 < sizeof alb / sizeof alb[0]; i++) {
        expect_one("flat", tree, alb[i]);
    }
    expect_one("flat", tree, "extra_fields=[\"T\",\"n\"]");
    expect_one("flat", tree, "conn_trace_id=null");
    expect_one("flat", tree, "@timestamp=\"2018-07-02T22:23:00.186641Z\"");
    cJSON_Delete(tree);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) { /* valid JSON, all of them */
        cJSON_Delete(said(cases[i].line, WEIR_ELB_NAMES_AWS, 0, &why));
        assert_null(why);
    }
}

static void ids_are_those_of_bucket_key_etag_and_offset(void **state)
{
    static const struct weir_elb_log logs[] = {{"logs", "a/b.log", "e1", "x"},
        {"logs", "a/b.log", "e2", "x"}, {"logs", "a/b.lo", "ge1", "x"},
        {"logsa", "/b.log", "e1", "x"}, {"", "a/b.log", "e1", "x"}};
    struct weir_elb_origin a, b;

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(weir_elb_origin_set(&a, &logs[i], NULL), 0);
        for (size_t k = 0; k < 5; k++) {
            struct weir_elb_log again = logs[k];
            again.place = "y";
            assert_int_equal(weir_elb_origin_set(&b, &again, NULL), 0);
            assert_true((strcmp(a.id, b.id) == 0) == (i == k));
        }
    }
    const char *why;
    cJSON *tree = said(ALB25, WEIR_ELB_NAMES_ECS, 1234567890123456789u, &why);
    char want[80];
    (void)snprintf(want, sizeof want, "event/id=\"%s-1234567890123456789\"", origin.id);
    expect_one("long offset", tree, want);
    cJSON_Delete(tree);
    tree = said(ALB25, WEIR_ELB_NAMES_ECS, 42, &why);
    (void)snprintf(want, sizeof want, "event/id=\"%s-000000000042\"", origin.id);
    expect_one("short offset", tree, want);
    cJSON_Delete(tree);
}

/* ---- the stage ---- */

static struct weir_elb_counts counts;
static uint64_t from;

static int make_stage(void *ctx, struct weir_stage *ret, struct weir_err *err)
{
    const struct weir_elb_stage_opts opts = {
        .log = &the_log, .from = from, .stop_mono_ms = INT64_MAX};

    (void)ctx;
    return weir_elb_stage_new(&opts, &counts, ret, err);
}

static void all_lines(struct weir_buf *to, bool crlf)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(weir_buf_addf(to, NULL, "%s%s\n", cases[i].line, crlf ? "\r" : ""), 0);
    }
    assert_int_equal(weir_buf_adds(to, "\n\r\n", NULL), 0);
    for (size_t i = 0; i < sizeof rejects / sizeof rejects[0]; i++) {
        assert_int_equal(weir_buf_addf(to, NULL, "%s\n", rejects[i].line), 0);
    }
    assert_int_equal(weir_buf_adds(to, ALB25, NULL), 0); /* no line end at the end */
}

static void lines_do_not_depend_on_how_they_arrive(void **state)
{
    const uint64_t parsed = sizeof cases / sizeof cases[0] + 1,
                   rejected = sizeof rejects / sizeof rejects[0];

    (void)state;
    for (int crlf = 0; crlf < 2; crlf++) {
        struct weir_buf in;
        weir_buf_init(&in, WEIR_MIB);
        all_lines(&in, crlf != 0);
        const struct stage_case c = {"elb", make_stage, NULL, in.p, in.len};
        from = 0;
        stage_check(&c);
        assert_int_equal(counts.parsed, parsed);
        assert_int_equal(counts.rejected, rejected);
        assert_int_equal(counts.lines, parsed + rejected);
        assert_int_equal(counts.blank, 2);
        assert_int_equal(counts.offset, in.len);
        weir_buf_fini(&in);
    }
    const struct stage_case empty = {"empty", make_stage, NULL, (const uint8_t *)"", 0};
    stage_check(&empty);
    assert_int_equal(counts.lines, 0);
}

static void going_on_from_an_offset_says_the_rest_with_the_same_ids(void **state)
{
    struct weir_buf in, whole, rest;
    struct weir_err err = {0};
    uint64_t seed = 1;

    (void)state;
    weir_buf_init(&in, WEIR_MIB);
    weir_buf_init(&whole, WEIR_MIB);
    weir_buf_init(&rest, WEIR_MIB);
    all_lines(&in, false);
    const struct stage_case c = {"elb", make_stage, NULL, in.p, in.len};
    from = 0;
    assert_int_equal(stage_run(&c, 0, 0, &seed, &whole, &err), 0);
    size_t said_before = 0, line = 0;
    for (size_t at = 0; at < in.len && line < 20; at++) { /* from the start of each line */
        if (at > 0 && in.p[at - 1] == '\n') {
            line++;
            said_before =
                (size_t)((uint8_t *)memchr(whole.p + said_before, '\n', whole.len) - whole.p) + 1;
            from = at;
            rest.len = 0;
            assert_int_equal(stage_run(&c, 0, 0, &seed, &rest, &err), 0);
            assert_int_equal(rest.len, whole.len - said_before);
            assert_memory_equal(rest.p, whole.p + said_before, rest.len);
        }
    }
    from = in.len;
    stage_check(&c);
    assert_int_equal(counts.lines, 0);
    from = 0;
    weir_buf_fini(&in);
    weir_buf_fini(&whole);
    weir_buf_fini(&rest);
}

static void a_line_without_end_goes_on_in_pieces(void **state)
{
    const size_t len = 2 * WEIR_ELB_LINE_MAX_BYTES + 100;
    struct weir_buf in, out;
    struct weir_err err = {0};
    uint64_t seed = 1;

    (void)state;
    weir_buf_init(&in, WEIR_MIB);
    weir_buf_init(&out, 4 * WEIR_MIB);
    memset(weir_buf_reserve(&in, len, NULL), 'x', len);
    in.len = len;
    assert_int_equal(weir_buf_adds(&in, "\n" ALB25 "\n", NULL), 0);
    const struct stage_case c = {"elb", make_stage, NULL, in.p, in.len};
    from = 0;
    assert_int_equal(stage_run(&c, 0, 0, &seed, &out, &err), 0);
    assert_int_equal(counts.rejected, 3);
    assert_int_equal(counts.parsed, 1);
    assert_int_equal(counts.offset, in.len);
    size_t xs = 0;
    for (const uint8_t *p = out.p; p < out.p + out.len; p++) {
        xs += *p == 'x';
    }
    assert_true(xs >= len);
    weir_buf_fini(&in);
    weir_buf_fini(&out);
}

static void marks_tell_where_to_go_on(void **state)
{
    uint64_t confirmed = 0;
    const struct weir_elb_stage_opts opts = {
        .log = &the_log, .stop_mono_ms = INT64_MAX, .confirmed = &confirmed};
    struct weir_stage stage;
    struct weir_err err = {0};
    static uint8_t room[1 << 20];
    const char line[] = ALB25 "\n";
    const uint64_t n = sizeof line - 1;

    (void)state;
    assert_int_equal(weir_elb_stage_new(&opts, &counts, &stage, &err), 0);
    for (uint64_t i = 0; i < 20000; i++) {
        struct weir_in in = {(const uint8_t *)line, n, 0, i == 19999};
        struct weir_out out = {room, sizeof room, 0};
        (void)stage.ops->step(stage.self, &in, &out, &err);
        confirmed = i > 5000 ? i - 5000 : 0;
        if (i % 500 == 0) {
            uint64_t on = weir_elb_counts_go_on(&counts, 0, confirmed);
            assert_true(on % n == 0 && on <= confirmed * n);
            assert_true(counts.marks_n <= WEIR_ELB_MARKS_MAX);
        }
    }
    assert_int_equal(weir_elb_counts_go_on(&counts, 0, 20000), counts.offset);
    assert_int_equal(counts.offset, 20000 * n);
    weir_stage_free(&stage);
}

static void a_stop_ends_between_two_lines(void **state)
{
    const struct weir_elb_stage_opts opts = {.log = &the_log, .stop_mono_ms = 1};
    struct weir_stage stage;
    struct weir_err err = {0};
    static uint8_t room[4096];

    (void)state;
    assert_int_equal(weir_elb_stage_new(&opts, &counts, &stage, &err), 0);
    struct weir_in in = {(const uint8_t *)ALB25, 100, 0, false};
    struct weir_out out = {room, sizeof room, 0};
    assert_int_equal(stage.ops->step(stage.self, &in, &out, &err), WEIR_END);
    assert_true(counts.stopped);
    assert_int_equal(counts.lines, 0);
    assert_int_equal(counts.offset, 0);
    weir_stage_free(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_format_and_each_nasty_line_has_its_ecs_fields),
        cmocka_unit_test(fields_beyond_all_that_are_counted_are_one),
        cmocka_unit_test(what_cannot_be_parsed_is_said_whole_with_its_place),
        cmocka_unit_test(aws_names_are_flat_and_what_is_not_there_is_null),
        cmocka_unit_test(ids_are_those_of_bucket_key_etag_and_offset),
        cmocka_unit_test(lines_do_not_depend_on_how_they_arrive),
        cmocka_unit_test(going_on_from_an_offset_says_the_rest_with_the_same_ids),
        cmocka_unit_test(a_line_without_end_goes_on_in_pieces),
        cmocka_unit_test(marks_tell_where_to_go_on),
        cmocka_unit_test(a_stop_ends_between_two_lines),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
