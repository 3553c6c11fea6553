#include "aws/s3_list.h"

#include "aws/s3_call.h"
#include "aws/xml.h"
#include "core/clock.h"
#include "core/limits.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Keys of a page: many, and, when their answer was larger than WEIR_S3_XML_MAX_BYTES (long keys of
 * nothing but "&amp;"), so few that it cannot be. */
#define PAGE_KEYS 500
#define PAGE_KEYS_FEW 150

/* ---- one page ---- */

struct weir_s3_list {
    struct weir_loop *loop;
    const struct weir_s3_config *cfg;
    char *bucket, *prefix;
    struct weir_s3_call call;
    struct weir_listing list;
    int page_keys;
    int empty;                            /* pages without a key, in a row */
    char asked[WEIR_S3_LIST_TOKEN_BYTES]; /* what the page under way was asked for with; "": the
                                             first one */

    /* Of the page that is read */
    char key[WEIR_S3_KEY_MAX_BYTES + 1], etag[WEIR_S3_ETAG_MAX_BYTES + 1];
    struct weir_listed item;
    bool truncated;
    char token[WEIR_S3_LIST_TOKEN_BYTES];
};

static void take_etag(struct weir_s3_list *l, const struct weir_xml *xml)
{
    char text[WEIR_S3_ETAG_MAX_BYTES + 3];

    if (weir_xml_decode(xml, text, sizeof text) < 0) {
        return; /* of no store that is known */
    }
    weir_s3_etag_bare(text, l->etag);
    l->item.etag = l->etag[0] != '\0' ? l->etag : NULL;
}

/* A text of the answer; false when it cannot be read. */
static bool take_text(struct weir_s3_list *l, const struct weir_xml *xml)
{
    char text[64];

    if (weir_xml_at(xml, "ListBucketResult/Contents/Key")) {
        return weir_xml_decode(xml, l->key, sizeof l->key) >= 0;
    }
    if (weir_xml_at(xml, "ListBucketResult/NextContinuationToken")) {
        return weir_xml_decode(xml, l->token, sizeof l->token) >= 0;
    }
    if (weir_xml_at(xml, "ListBucketResult/Contents/ETag")) {
        take_etag(l, xml);
        return true;
    }
    if (weir_xml_decode(xml, text, sizeof text) < 0) {
        return true; /* of no interest here, and long */
    }
    if (weir_xml_at(xml, "ListBucketResult/Contents/Size")) {
        l->item.size_bytes = strtoll(text, NULL, 10);
    } else if (weir_xml_at(xml, "ListBucketResult/Contents/LastModified")) {
        (void)weir_clock_parse_iso(text, &l->item.mtime_s);
    } else if (weir_xml_at(xml, "ListBucketResult/IsTruncated")) {
        l->truncated = strcmp(text, "true") == 0;
    }
    return true;
}

static int read_page(struct weir_s3_list *l, struct weir_err *err)
{
    struct weir_xml xml;

    l->token[0] = '\0';
    l->truncated = false;
    weir_xml_init(&xml, (const char *)l->call.answer.p, l->call.answer.len);
    for (;;) {
        switch (weir_xml_next(&xml)) {
        case WEIR_XML_OPEN:
            if (weir_xml_at(&xml, "ListBucketResult/Contents")) {
                l->item = (struct weir_listed){.key = l->key, .size_bytes = -1};
                l->key[0] = '\0';
            }
            break;
        case WEIR_XML_TEXT:
            if (!take_text(l, &xml)) {
                return weir_err_set(err, WEIR_E_REMOTE, "a key in the list that cannot be read");
            }
            break;
        case WEIR_XML_CLOSE:
            if (weir_xml_at(&xml, "ListBucketResult/Contents") && l->key[0] != '\0' &&
                weir_listing_add(&l->list, &l->item, err) != 0) {
                return -1;
            }
            break;
        case WEIR_XML_END:
            return 0;
        case WEIR_XML_BAD:
            return weir_err_set(err, WEIR_E_REMOTE, "the list is no XML");
        }
    }
}

static int ask(struct weir_s3_list *l, struct weir_err *err)
{
    char keys[16];
    struct weir_sigv4_pair query[4] = {
        {"list-type", "2"}, {"max-keys", keys}, {"prefix", l->prefix}};
    struct weir_s3_request request = {.method = "GET",
        .bucket = l->bucket,
        .query = query,
        .query_n = 3,
        .stall_ms = WEIR_HTTP_STALL_MS,
        .result = "ListBucketResult"};

    snprintf(keys, sizeof keys, "%d", l->page_keys);
    if (l->asked[0] != '\0') {
        query[request.query_n++] = (struct weir_sigv4_pair){"continuation-token", l->asked};
    }
    return weir_s3_call_start(&l->call, l->loop, l->cfg, &request, err);
}

/* ---- page after page ---- */

/* An error of the list, by its name. -1 */
static int failed(const struct weir_s3_list *l, struct weir_err *err)
{
    char name[WEIR_S3_NAME_BYTES];

    weir_err_prefix(err, "s3: %s: ListObjectsV2", weir_s3_name(name, l->bucket, l->prefix));
    return -1;
}

/* A page is there: 1 when it is the last one, 0 when the next one is asked for, -1. A list that is
 * cut off must not pass for a whole one, and one that never ends must end. */
static int go_on(struct weir_s3_list *l, struct weir_err *err)
{
    const size_t before = l->list.n;

    if (read_page(l, err) != 0) {
        return -1;
    }
    weir_s3_call_stop(&l->call);
    if (!l->truncated) {
        return 1;
    }
    if (l->token[0] == '\0' || strcmp(l->token, l->asked) == 0) {
        return weir_err_set(err, WEIR_E_REMOTE, "the list is cut off, and there is no way on");
    }
    l->empty = l->list.n == before ? l->empty + 1 : 0;
    if (l->empty > WEIR_S3_LIST_EMPTY_MAX) {
        return weir_err_set(
            err, WEIR_E_REMOTE, "%d pages without a key, and more to come", l->empty);
    }
    memcpy(l->asked, l->token, sizeof l->asked);
    return ask(l, err);
}

struct weir_s3_list *weir_s3_list_new(struct weir_loop *loop, const struct weir_s3_config *cfg,
    const char *bucket, const char *prefix, struct weir_err *err)
{
    struct weir_s3_list *l;

    if (weir_s3_bucket_check(bucket, err) != 0) {
        return NULL;
    }
    l = calloc(1, sizeof *l);
    if (l != NULL) {
        l->loop = loop;
        l->cfg = cfg;
        l->bucket = strdup(bucket);
        l->prefix = strdup(prefix);
        l->page_keys = PAGE_KEYS;
    }
    if (l == NULL || l->bucket == NULL || l->prefix == NULL) {
        (void)weir_err_set(err, WEIR_E_NOMEM, "s3: out of memory for a list");
        weir_s3_list_free(l);
        return NULL;
    }
    if (ask(l, err) != 0) {
        (void)failed(l, err);
        weir_s3_list_free(l);
        return NULL;
    }
    return l;
}

int weir_s3_list_step(struct weir_s3_list *list, struct weir_listing *ret, struct weir_err *err)
{
    struct weir_s3_list *l = list;

    while (weir_s3_call_step(&l->call)) {
        char name[WEIR_S3_NAME_BYTES];
        int rc;

        if (weir_s3_call_ok(&l->call)) {
            rc = go_on(l, err);
        } else if (l->call.err.code == WEIR_E_LIMIT && l->page_keys > PAGE_KEYS_FEW) {
            weir_s3_call_stop(&l->call);
            l->page_keys = PAGE_KEYS_FEW;
            rc = ask(l, err);
        } else {
            weir_s3_name(name, l->bucket, l->prefix);
            return weir_s3_call_failed(err, name, "ListObjectsV2", &l->call);
        }
        if (rc < 0) {
            return failed(l, err);
        }
        if (rc == 1) {
            weir_listing_sort(&l->list);
            *ret = l->list; /* the caller's now */
            l->list = (struct weir_listing){.n = 0};
            return 1;
        }
    }
    return 0;
}

void weir_s3_list_free(struct weir_s3_list *list)
{
    if (list != NULL) {
        weir_s3_call_stop(&list->call);
        weir_listing_fini(&list->list);
        free(list->bucket);
        free(list->prefix);
        free(list);
    }
}
