/*
 * Are S3's answers read right, and is anything else, however it was made, refused without reading
 * where there is nothing?
 */
#include "aws/xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

static bool find(const char *doc, const char *path, char *to, size_t size)
{
    /* Exactly as long as the document, so that a sanitizer sees a byte too many. */
    size_t n = strlen(doc);
    char *copy = malloc(n > 0 ? n : 1);

    assert_non_null(copy);
    memcpy(copy, doc, n);
    bool found = weir_xml_find(copy, n, path, to, size);
    free(copy);
    return found;
}

static void texts_are_found_by_their_path(void **state)
{
    (void)state;
    static const struct {
        const char *doc, *path, *text; /* NULL: none */
    } cases[] = {
        {HEAD "<Error><Code>NoSuchKey</Code><Key>a</Key></Error>", "Error/Code", "NoSuchKey"},
        {"\n  <Error>\n <Code>X</Code></Error>", "Error/Code", "X"},
        {"<InitiateMultipartUploadResult xmlns=\"http://x/>\"><UploadId>u</UploadId>"
         "</InitiateMultipartUploadResult>",
            "InitiateMultipartUploadResult/UploadId", "u"},
        {"<a:Error xmlns:a='x'><a:Code>N</a:Code></a:Error>", "Error/Code", "N"},
        {"<E><A/><B x='1'/><C></C></E>", "E/C", ""}, {"<E><A/></E>", "E/A", ""},
        {"<E><T>&quot;a&amp;b&lt;&gt;&apos;&#65;&#x42;&#x20AC;</T></E>", "E/T",
            "\"a&b<>'AB\xe2\x82\xac"},
        {"<E><T>a<!-- <T>no</T> -->b<![CDATA[<c>&amp;]]>d<?pi?></T></E>", "E/T", "ab<c>&amp;d"},
        {"<E><X><T>deep</T></X><T>flat</T></E>", "E/T", "flat"},
        {"<E><T>first</T><T>second</T></E>", "E/T", "first"},
        {"<E><T>first</T><broken", "E/T", "first"}, {"<E><Tx>no</Tx></E>", "E/T", NULL},
        {"<F><T>no</T></F>", "E/T", NULL}, {"", "E/T", NULL}, {"<E><T>cut", "E/T", NULL},
        {"<E><T>a</U></E>", "E/T", NULL}, {"<E><T>&nbsp;</T></E>", "E/T", NULL},
        {"<E><T>&amp</T></E>", "E/T", NULL}, {"<E><T>&#0;</T></E>", "E/T", NULL},
        {"<E><T>&#xD800;</T></E>", "E/T", NULL}, {"<E><T>&#x110000;</T></E>", "E/T", NULL},
        {"<E><T>&#xFFFFFFFFFF;</T></E>", "E/T", NULL}, {"<E><T>&#;&#x;</T></E>", "E/T", NULL},
        {"<E><T>&#-1;</T></E>", "E/T", NULL},
        {"<!DOCTYPE E [<!ENTITY x 'y'>]><E><T>&x;</T></E>", "E/T", NULL},
        {"<E><T>0123456789012345678901234567890123456789012345678901234567890123</T></E>", "E/T",
            NULL}, /* 64 bytes and a NUL do not fit */
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[64];
        bool found = find(cases[i].doc, cases[i].path, text, sizeof text);
        assert_int_equal(found, cases[i].text != NULL);
        assert_string_equal(text, cases[i].text != NULL ? cases[i].text : "");
    }
}

static void root_counts_only_in_a_whole_document(void **state)
{
    (void)state;
    static const struct {
        const char *doc;
        bool is;
    } cases[] = {
        {"<R/>", true},
        {"<R></R>", true},
        {"  \r\n" HEAD "<!-- c --><R><a>x</a></R>\n<!-- d -->\n", true},
        {"<x:R xmlns:x='y'></x:R>", true},
        {"<R x=\"</R>\"></R >", true},
        {"", false},
        {"  ", false},
        {"R", false},
        {"<S><R/></S>", false},
        {"<Error><Code>InternalError</Code></Error>", false},
        {"<R>", false},
        {"<R><a></R>", false},
        {"<R></R><R></R>", false},
        {"<R/><S/>", false},
        {"<R></R>text", false},
        {"text<R></R>", false},
        {"</R><R/>", false},
        {"<R></R", false},
        {"<R", false},
        {"<R/", false},
        {"<R / >", false},
        {"<", false},
        {"<>", false},
        {"< R/>", false},
        {"<!", false},
        {"<!-- ", false},
        {"<?", false},
        {"<R x='></R>", false},
        {"<R <a></R>", false},
        {"<![CDATA[x]]><R/>", false},
        {"<R><![CDATA[x]></R>", false},
        {"<!DOCTYPE R><R/>", false},
        {"<Rx/>", false},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t n = strlen(cases[i].doc);
        char *copy = malloc(n > 0 ? n : 1);
        assert_non_null(copy);
        memcpy(copy, cases[i].doc, n);
        assert_int_equal(weir_xml_root(copy, n, "R"), cases[i].is);
        free(copy);
    }
    assert_false(weir_xml_root(NULL, 0, "R"));
    assert_false(weir_xml_root("<R>\0</R>", 4, "R"));
}

static void nesting_has_a_ceiling(void **state)
{
    (void)state;
    char doc[WEIR_S3_XML_DEPTH_MAX * 7 + 32] = "";

    for (int deep = WEIR_S3_XML_DEPTH_MAX; deep <= WEIR_S3_XML_DEPTH_MAX + 1; deep++) {
        size_t n = 0;
        for (int i = 0; i < deep; i++) {
            n += (size_t)snprintf(doc + n, sizeof doc - n, "<R>");
        }
        for (int i = 0; i < deep; i++) {
            n += (size_t)snprintf(doc + n, sizeof doc - n, "</R>");
        }
        assert_int_equal(weir_xml_root(doc, n, "R"), deep == WEIR_S3_XML_DEPTH_MAX);
    }
}

static void end_and_bad_are_latched(void **state)
{
    (void)state;
    struct weir_xml xml;

    weir_xml_init(&xml, "<R/>", 4);
    assert_int_equal(weir_xml_next(&xml), WEIR_XML_OPEN);
    assert_true(weir_str_eq(xml.name, WEIR_STR("R")));
    assert_int_equal(weir_xml_next(&xml), WEIR_XML_CLOSE);
    assert_int_equal(weir_xml_next(&xml), WEIR_XML_END);
    assert_int_equal(weir_xml_next(&xml), WEIR_XML_END);
    weir_xml_init(&xml, "<R>", 3);
    assert_int_equal(weir_xml_next(&xml), WEIR_XML_OPEN);
    assert_int_equal(weir_xml_next(&xml), WEIR_XML_BAD);
    assert_int_equal(weir_xml_next(&xml), WEIR_XML_BAD);
}

static void damaged_documents_end_and_stay_in_bounds(void **state)
{
    (void)state;
    static const char doc[] = HEAD
        "<ListMultipartUploadsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Upload>"
        "<Key>a&amp;b&#x20;c</Key><UploadId>u<![CDATA[1]]></UploadId><!-- x --><Owner/></Upload>"
        "</ListMultipartUploadsResult>";
    static const char bytes[] = "<>/&;!?-[]'\"= #xA\0\xff";
    uint32_t seed = 1;
    char text[16];

    for (int round = 0; round < 20000; round++) {
        size_t n = (seed = seed * 1664525 + 1013904223) % sizeof doc;
        n = round % 2 == 0 ? sizeof doc - 1 : n; /* cut, or whole */
        char *copy = malloc(n + 1);
        assert_non_null(copy);
        memcpy(copy, doc, n);
        for (int i = 0; i < round % 5 && n > 0; i++) {
            seed = seed * 1664525 + 1013904223;
            copy[(seed >> 8) % n] = bytes[(seed >> 24) % (sizeof bytes - 1)];
        }
        char *exact = realloc(copy, n > 0 ? n : 1);
        assert_non_null(exact);
        (void)weir_xml_root(exact, n, "ListMultipartUploadsResult");
        (void)weir_xml_find(exact, n, "ListMultipartUploadsResult/Upload/Key", text, sizeof text);
        (void)weir_xml_find(exact, n, "ListMultipartUploadsResult/Upload/UploadId", text, 2);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_found_by_their_path),
        cmocka_unit_test(root_counts_only_in_a_whole_document),
        cmocka_unit_test(nesting_has_a_ceiling),
        cmocka_unit_test(end_and_bad_are_latched),
        cmocka_unit_test(damaged_documents_end_and_stay_in_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
