#include "aws/s3_list.h"

#include "aws/dir_list.h"
#include "aws/s3_call.h"
#include "aws/xml.h"
#include "core/clock.h"
#include "core/limits.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAGE "500" /* keys: their answer is under 1 MiB, whatever the keys are */
#define TOKEN_MAX_BYTES 4096

/* ---- the list ---- */

int weir_listing_add(struct weir_listing *to, const struct weir_listed *item, struct weir_err *err)
{
    if (to->n >= WEIR_S3_LIST_MAX) {
        return weir_err_set(
            err, WEIR_E_LIMIT, "s3: more than %zu objects to list", WEIR_S3_LIST_MAX);
    }
    if (to->n == to->cap) {
        size_t cap = to->cap > 0 ? 2 * to->cap : 64;
        struct weir_listed *items = realloc(to->items, cap * sizeof *items);
        if (items == NULL) {
            return weir_err_set(err, WEIR_E_NOMEM, "s3: out of memory for a list");
        }
        to->items = items;
        to->cap = cap;
    }
    to->items[to->n] = *item;
    to->items[to->n].key = strdup(item->key);
    if (to->items[to->n].key == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "s3: out of memory for a list");
    }
    to->n++;
    return 0;
}

void weir_listing_fini(struct weir_listing *listing)
{
    for (size_t i = 0; i < listing->n; i++) {
        free(listing->items[i].key);
    }
    free(listing->items);
    *listing = (struct weir_listing){.n = 0};
}

static int cmp_keys(const void *a, const void *b)
{
    return strcmp(((const struct weir_listed *)a)->key, ((const struct weir_listed *)b)->key);
}

/* ---- one page ---- */

struct page {
    struct weir_listing *to;
    char key[WEIR_S3_KEY_MAX_BYTES + 1];
    struct weir_listed item;
    bool truncated;
    char token[TOKEN_MAX_BYTES];
};

/* "2026-11-25T15:00:00.000Z" */
static int64_t parse_time(const char *s)
{
    struct tm tm = {0};

    if (strptime(s, "%Y-%m-%dT%H:%M:%S", &tm) == NULL) {
        return 0;
    }
    return (int64_t)timegm(&tm);
}

/* A text of the answer; false when it cannot be read. */
static bool take_text(struct page *p, const struct weir_xml *xml)
{
    char text[64];

    if (weir_xml_at(xml, "ListBucketResult/Contents/Key")) {
        return weir_xml_decode(xml, p->key, sizeof p->key) >= 0;
    }
    if (weir_xml_at(xml, "ListBucketResult/NextContinuationToken")) {
        return weir_xml_decode(xml, p->token, sizeof p->token) >= 0;
    }
    if (weir_xml_decode(xml, text, sizeof text) < 0) {
        return true; /* of no interest here, and long */
    }
    if (weir_xml_at(xml, "ListBucketResult/Contents/Size")) {
        p->item.size_bytes = strtoll(text, NULL, 10);
    } else if (weir_xml_at(xml, "ListBucketResult/Contents/LastModified")) {
        p->item.mtime_s = parse_time(text);
    } else if (weir_xml_at(xml, "ListBucketResult/IsTruncated")) {
        p->truncated = strcmp(text, "true") == 0;
    }
    return true;
}

static int read_page(struct page *p, const struct weir_buf *answer, struct weir_err *err)
{
    struct weir_xml xml;

    weir_xml_init(&xml, (const char *)answer->p, answer->len);
    for (;;) {
        switch (weir_xml_next(&xml)) {
        case WEIR_XML_OPEN:
            if (weir_xml_at(&xml, "ListBucketResult/Contents")) {
                p->item = (struct weir_listed){.key = p->key, .size_bytes = -1};
                p->key[0] = '\0';
            }
            break;
        case WEIR_XML_TEXT:
            if (!take_text(p, &xml)) {
                return weir_err_set(err, WEIR_E_REMOTE, "a key in the list that cannot be read");
            }
            break;
        case WEIR_XML_CLOSE:
            if (weir_xml_at(&xml, "ListBucketResult/Contents") && p->key[0] != '\0' &&
                weir_listing_add(p->to, &p->item, err) != 0) {
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

/* Ask for a page and read it. */
static int get_page(struct weir_loop *loop, const struct weir_s3_config *cfg, const char *bucket,
    const char *prefix, int64_t deadline_ms, struct page *p, struct weir_err *err)
{
    struct weir_sigv4_pair query[4] = {{"list-type", "2"}, {"max-keys", PAGE}, {"prefix", prefix}};
    struct weir_s3_request request = {.method = "GET",
        .bucket = bucket,
        .query = query,
        .query_n = 3,
        .stall_ms = WEIR_HTTP_STALL_MS,
        .result = "ListBucketResult"};
    struct weir_s3_call call = {.state = WEIR_S3_CALL_NONE};
    char name[WEIR_S3_NAME_BYTES];
    int rc = -1;

    if (p->token[0] != '\0') {
        query[request.query_n++] = (struct weir_sigv4_pair){"continuation-token", p->token};
    }
    weir_s3_name(name, bucket, prefix);
    if (weir_s3_call_start(&call, loop, cfg, &request, err) != 0) {
        return -1;
    }
    while (!weir_s3_call_step(&call)) {
        if (weir_clock_mono_ms() >= deadline_ms) {
            weir_err_set(err, WEIR_E_DEADLINE, "s3: %s: the deadline has passed", name);
            goto out;
        }
        if (weir_loop_step(loop, deadline_ms, err) != 0) {
            goto out;
        }
    }
    if (!weir_s3_call_ok(&call)) {
        weir_s3_call_failed(err, name, "ListObjectsV2", &call);
        goto out;
    }
    p->token[0] = '\0';
    p->truncated = false;
    rc = read_page(p, &call.answer, err);
    if (rc != 0) {
        weir_err_prefix(err, "s3: %s: ListObjectsV2", name);
    }
out:
    weir_s3_call_stop(&call);
    return rc;
}

int weir_store_list(struct weir_loop *loop, const struct weir_s3_config *cfg, const char *bucket,
    const char *prefix, int64_t deadline_mono_ms, struct weir_listing *ret, struct weir_err *err)
{
    int rc = -1;

    if (weir_s3_bucket_check(bucket, err) != 0) {
        return -1;
    }
    if (cfg->kind == WEIR_S3_DIR) {
        rc = weir_dir_list(cfg->dir, bucket, prefix, ret, err);
    } else {
        struct page *p = calloc(1, sizeof *p);
        if (p == NULL) {
            return weir_err_set(err, WEIR_E_NOMEM, "s3: out of memory for a list");
        }
        p->to = ret;
        do {
            rc = get_page(loop, cfg, bucket, prefix, deadline_mono_ms, p, err);
        } while (rc == 0 && p->truncated && p->token[0] != '\0');
        free(p);
    }
    if (rc == 0 && ret->n > 1) {
        qsort(ret->items, ret->n, sizeof *ret->items, cmp_keys);
    }
    return rc;
}
