#include "aws/s3_whole.h"

#include "core/hex.h"
#include "core/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_BEGIN "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
#define LIST_END "</CompleteMultipartUpload>"

int weir_s3_whole_init(
    struct weir_s3_whole *whole, enum weir_checksum_kind kind, struct weir_err *err)
{
    *whole = (struct weir_s3_whole){0};
    if (weir_checksum_init(&whole->sum, kind, err) != 0) {
        return -1;
    }
    whole->etags = EVP_MD_CTX_new();
    if (whole->etags != NULL && EVP_DigestInit_ex(whole->etags, EVP_md5(), NULL) != 1) {
        EVP_MD_CTX_free(whole->etags); /* no MD5 on this machine: an ETag tells nothing then */
        whole->etags = NULL;
    }
    return 0;
}

void weir_s3_whole_fini(struct weir_s3_whole *whole)
{
    weir_buf_fini(&whole->list);
    weir_checksum_fini(&whole->sum);
    EVP_MD_CTX_free(whole->etags);
    whole->etags = NULL;
}

void weir_s3_whole_alone(struct weir_s3_whole *whole, const struct weir_buf *body, const char *sum)
{
    whole->alone = body;
    snprintf(whole->sum_text, sizeof whole->sum_text, "%s", sum);
}

/*
 * Parts
 */

/* The list's memory is there from the beginning (untouched pages cost nothing): a buffer that
 * doubles as it grows would take twice as much. */
int weir_s3_whole_begin(struct weir_s3_whole *whole, size_t list_bytes, struct weir_err *err)
{
    if (whole->list.p != NULL) {
        return 0; /* a create that is sent again */
    }
    weir_buf_init(&whole->list, list_bytes + strlen(LIST_BEGIN LIST_END));
    if (weir_buf_reserve(&whole->list, whole->list.max, err) == NULL) {
        return -1;
    }
    whole->list.max = WEIR_S3_PARTS_MAX * WEIR_S3_PART_XML_MAX_BYTES;
    return weir_buf_adds(&whole->list, LIST_BEGIN, err);
}

/* The object's ETag will be the MD5 of its parts' MD5s, where ETags are MD5. */
static void add_etag(struct weir_s3_whole *whole, const char *etag)
{
    uint8_t md5[16];
    size_t n = strlen(etag);

    if (whole->etags == NULL) {
        return;
    }
    bool hex = n == 34 && etag[0] == '"' && etag[33] == '"';
    for (size_t i = 0; i < 16 && hex; i++) {
        char digits[3] = {etag[1 + 2 * i], etag[2 + 2 * i], '\0'};
        char *end = digits;
        md5[i] = (uint8_t)strtoul(digits, &end, 16);
        hex = end == digits + 2;
    }
    if (!hex || EVP_DigestUpdate(whole->etags, md5, sizeof md5) != 1) {
        EVP_MD_CTX_free(whole->etags);
        whole->etags = NULL;
    }
}

int weir_s3_whole_add(struct weir_s3_whole *whole, int number, const char *etag, const char *sum,
    const struct weir_s3_part *part, struct weir_err *err)
{
    const char *kind = weir_checksum_name(whole->sum.kind);

    add_etag(whole, etag);
    if (weir_buf_addf(&whole->list, err, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag>", number,
            etag) != 0 ||
        (sum != NULL && weir_buf_addf(&whole->list, err, "<Checksum%s>%s</Checksum%s>", kind, sum,
                            kind) != 0) ||
        weir_buf_adds(&whole->list, "</Part>", err) != 0) {
        return -1;
    }
    weir_checksum_append(&whole->sum, &part->sum, part->data.len);
    whole->parts_n++;
    return 0;
}

int weir_s3_whole_end(struct weir_s3_whole *whole, struct weir_err *err)
{
    return weir_buf_adds(&whole->list, LIST_END, err) != 0
               ? -1
               : weir_checksum_end(&whole->sum, whole->sum_text, err);
}

/*
 * Is it ours?
 */

/* The ETag that the object has if it is ours and ETags are MD5; false when it cannot be known. */
static bool expected_etag(struct weir_s3_whole *whole, char etag[64])
{
    uint8_t md5[EVP_MAX_MD_SIZE];
    char hex[2 * EVP_MAX_MD_SIZE + 1];

    if (whole->alone != NULL) {
        if (EVP_Digest(whole->alone->p, whole->alone->len, md5, NULL, EVP_md5(), NULL) != 1) {
            return false;
        }
        weir_hex(md5, 16, hex);
        snprintf(etag, 64, "\"%.32s\"", hex);
        return true;
    }
    if (whole->etags == NULL || EVP_DigestFinal_ex(whole->etags, md5, NULL) != 1) {
        return false;
    }
    weir_hex(md5, 16, hex);
    snprintf(etag, 64, "\"%.32s-%d\"", hex, whole->parts_n);
    return true;
}

enum weir_s3_whose weir_s3_whole_whose(struct weir_s3_whole *whole, const struct weir_s3_call *head)
{
    char expected[64];
    const char *etag = weir_s3_call_header(head, "ETag"), *sum = NULL;
    const int64_t length = weir_http_length(head->http); /* -1: it does not say */

    if (length >= 0 && length != (int64_t)whole->bytes) {
        return WEIR_S3_ANOTHER;
    }
    if (whole->sum.kind != WEIR_CHECKSUM_NONE) {
        sum = weir_s3_call_header(head, weir_checksum_header(whole->sum.kind));
    }
    if (sum != NULL && strchr(sum, '-') == NULL && whole->sum_text[0] != '\0') {
        return strcmp(sum, whole->sum_text) == 0 ? WEIR_S3_OURS : WEIR_S3_ANOTHER;
    }
    return etag != NULL && expected_etag(whole, expected) && strcmp(etag, expected) == 0
               ? WEIR_S3_OURS
               : WEIR_S3_UNKNOWN;
}
