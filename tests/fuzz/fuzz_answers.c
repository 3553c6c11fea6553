/*
 * Whatever bytes a server answers with: the Runtime API's client reads the same however they are
 * cut, and S3's documents are read within their bytes, texts within the room there is for them.
 */
#include "aws/xml.h"
#include "bootstrap/http1_answer.h"
#include "core/buf.h"
#include "core/limits.h"
#include "tests/fuzz/must.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- HTTP ---- */

static void check_headers(const struct weir_http1_answer *a)
{
    static const char *const names[] = {
        "Lambda-Runtime-Aws-Request-Id", "Content-Type", "Connection", "a"};

    must(a->head_len <= WEIR_HTTP_HEADERS_MAX_BYTES);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = weir_http1_answer_header(a, names[i]);
        must(value == NULL || (value >= a->head && value < a->head + a->head_len));
        for (; value != NULL && *value != '\0'; value++) {
            must((unsigned char)*value >= ' ' && *value != 0x7F);
        }
    }
}

/* Read it in pieces of `step` bytes. Returns whether it is whole. */
static bool read_answer(
    const uint8_t *data, size_t size, size_t step, long *status, struct weir_buf *body)
{
    struct weir_http1_answer a;
    struct weir_err err = {0};
    enum weir_http1_io io;
    size_t at = 0;

    weir_http1_answer_init(&a);
    must(weir_http1_answer_room(&a, &err) == 0);
    weir_http1_answer_reset(&a);
    a.body = body;
    while ((io = weir_http1_answer_parse(&a, &err)) == WEIR_HTTP1_WAIT) {
        uint8_t *p = NULL;
        size_t room = 0;
        if (at == size) {
            io = weir_http1_answer_closed(&a, &err) == 0 ? WEIR_HTTP1_DONE : WEIR_HTTP1_FAIL;
            break;
        }
        if (weir_http1_answer_window(&a, &p, &room, &err) != 0) {
            io = WEIR_HTTP1_FAIL;
            break;
        }
        must(room > 0);
        size_t n = size - at < step ? size - at : step;
        n = n < room ? n : room;
        memcpy(p, data + at, n);
        weir_http1_answer_filled(&a, n);
        at += n;
    }
    must((io == WEIR_HTTP1_DONE) == (err.code == WEIR_OK));
    if (io == WEIR_HTTP1_DONE) {
        must(a.status >= 200 && a.status <= 999);
        check_headers(&a);
    }
    *status = a.status;
    weir_http1_answer_fini(&a);
    return io == WEIR_HTTP1_DONE;
}

static void check_http(const uint8_t *data, size_t size)
{
    static const size_t steps[] = {1, 7};
    struct weir_buf body, other;
    long status, other_status;

    weir_buf_init(&body, WEIR_MIB);
    weir_buf_init(&other, WEIR_MIB);
    bool whole = read_answer(data, size, SIZE_MAX, &status, &body);
    for (size_t i = 0; i < sizeof steps / sizeof *steps && size < 4096; i++) {
        other.len = 0;
        must(read_answer(data, size, steps[i], &other_status, &other) == whole);
        must(!whole || (other_status == status && other.len == body.len &&
                           (body.len == 0 || memcmp(other.p, body.p, body.len) == 0)));
    }
    weir_buf_fini(&body);
    weir_buf_fini(&other);
}

/* ---- XML ---- */

static void check_decoded(const struct weir_xml *xml)
{
    char text[32];

    for (size_t room = 1; room <= sizeof text; room *= 2) {
        memset(text, '!', sizeof text);
        long n = weir_xml_decode(xml, text, room);
        must(n < (long)room && (n < 0 || strlen(text) == (size_t)n));
        must(room == sizeof text || text[room] == '!');
    }
}

static void check_xml(const char *p, size_t size)
{
    static const char *const paths[] = {"Error/Code", "Error", "ListBucketResult/Contents/Key"};
    struct weir_xml xml;
    enum weir_xml_event event;
    size_t events = 0;

    weir_xml_init(&xml, p, size);
    while ((event = weir_xml_next(&xml)) < WEIR_XML_END) {
        must(++events <= 2 * size && xml.depth <= WEIR_S3_XML_DEPTH_MAX);
        if (event == WEIR_XML_TEXT) {
            must(xml.text >= p && xml.text + xml.text_len <= p + size);
            check_decoded(&xml);
        } else {
            must(xml.name.p >= p && xml.name.p + xml.name.len <= p + size);
        }
    }
    must(weir_xml_next(&xml) == event); /* it stays at its end */
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char text[16] = "????";
        bool found = weir_xml_find(p, size, paths[i], text, sizeof text);
        must(memchr(text, '\0', sizeof text) != NULL && (found || text[0] == '\0'));
    }
    must(!weir_xml_root(p, size, "Error") || event == WEIR_XML_END);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_http(data, size);
    check_xml((const char *)data, size);
    return 0;
}
