#include "aws/listing.h"

#include "core/limits.h"

#include <stdlib.h>
#include <string.h>

int weir_listing_add(struct weir_listing *to, const struct weir_listed *item, struct weir_err *err)
{
    const size_t bytes = strlen(item->key) + 1 + (item->etag != NULL ? strlen(item->etag) + 1 : 0);

    if (to->n >= WEIR_S3_LIST_MAX) {
        return weir_err_set(err, WEIR_E_LIMIT, "more than %zu objects to list", WEIR_S3_LIST_MAX);
    }
    if (bytes > WEIR_S3_LIST_MAX_BYTES - to->bytes) {
        return weir_err_set(err, WEIR_E_LIMIT, "objects to list with keys of more than %zu bytes",
            WEIR_S3_LIST_MAX_BYTES);
    }
    if (to->n == to->cap) {
        size_t cap = to->cap > 0 ? 2 * to->cap : 64;
        struct weir_listed *items = realloc(to->items, cap * sizeof *items);
        if (items == NULL) {
            return weir_err_set(err, WEIR_E_NOMEM, "out of memory for a list");
        }
        to->items = items;
        to->cap = cap;
    }
    to->items[to->n] = *item;
    to->items[to->n].key = strdup(item->key);
    to->items[to->n].etag = item->etag != NULL ? strdup(item->etag) : NULL;
    if (to->items[to->n].key == NULL || (item->etag != NULL && to->items[to->n].etag == NULL)) {
        free(to->items[to->n].key);
        return weir_err_set(err, WEIR_E_NOMEM, "out of memory for a list");
    }
    to->bytes += bytes;
    to->n++;
    return 0;
}

static int cmp_keys(const void *a, const void *b)
{
    return strcmp(((const struct weir_listed *)a)->key, ((const struct weir_listed *)b)->key);
}

void weir_listing_sort(struct weir_listing *listing)
{
    if (listing->n > 1) {
        qsort(listing->items, listing->n, sizeof *listing->items, cmp_keys);
    }
}

void weir_listing_fini(struct weir_listing *listing)
{
    for (size_t i = 0; i < listing->n; i++) {
        free(listing->items[i].key);
        free(listing->items[i].etag);
    }
    free(listing->items);
    *listing = (struct weir_listing){.n = 0};
}
