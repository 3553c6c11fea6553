#include "handlers/elb_logs/elb_json.h"

#include "handlers/elb_logs/elb_put.h"
#include "json/quote.h"

#include <openssl/evp.h>
#include <stdio.h>

int weir_elb_origin_set(
    struct weir_elb_origin *ret, const struct weir_elb_log *log, struct weir_err *err)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char hash[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    int rc = -1;

    /* The NULs are hashed, too, so that no two triples are the same text. */
    if (md == NULL || EVP_DigestInit_ex(md, EVP_sha256(), NULL) != 1 ||
        EVP_DigestUpdate(md, log->bucket, strlen(log->bucket) + 1) != 1 ||
        EVP_DigestUpdate(md, log->key, strlen(log->key) + 1) != 1 ||
        EVP_DigestUpdate(md, log->etag, strlen(log->etag) + 1) != 1 ||
        EVP_DigestFinal_ex(md, hash, NULL) != 1) {
        weir_err_set(err, WEIR_E_NOMEM, "elb-logs: SHA-256 is not to be had");
        goto out;
    }
    for (size_t i = 0; i < WEIR_ELB_ID_BYTES; i++) {
        ret->id[i] = hex[i % 2 == 0 ? hash[i / 2] >> 4 : hash[i / 2] & 15];
    }
    ret->id[WEIR_ELB_ID_BYTES] = '\0';
    (void)snprintf(ret->place, sizeof ret->place, "%s", log->place);
    rc = 0;
out:
    EVP_MD_CTX_free(md);
    return rc;
}

char *weir_elb_json_line(char *to, const struct weir_elb_line *line, enum weir_elb_names names,
    const struct weir_elb_origin *origin, uint64_t offset)
{
    struct weir_elb_writer w = {.p = to, .plain = line->plain};

    if (names == WEIR_ELB_NAMES_ECS) {
        weir_elb_put_ecs(&w, line, origin, offset);
    } else {
        weir_elb_put_flat(&w, line, origin, offset);
    }
    return w.p;
}

char *weir_elb_json_reject(char *to, const char *p, size_t len, const char *why,
    const struct weir_elb_origin *origin, uint64_t offset)
{
    struct weir_elb_writer w = {.p = to};

    PUT(&w, "{\"message\":");
    put_quoted(&w, (struct weir_str){p, len});
    PUT(&w, "\"tags\":[\"_elbparsefailure\"],\"error\":{\"message\":");
    w.p = weir_json_quote_at(w.p, why, strlen(why));
    PUT(&w, "},\"event\":{");
    put_id(&w, origin, offset);
    PUT(&w, "\"kind\":\"pipeline_error\",\"dataset\":\"aws.elb\"},\"log\":{\"file\":{\"path\":");
    w.p = weir_json_quote_at(w.p, origin->place, strlen(origin->place));
    PUT(&w, "},\"offset\":");
    w.p += snprintf(w.p, 24, "%llu", (unsigned long long)offset);
    PUT(&w, "}}\n");
    return w.p;
}
