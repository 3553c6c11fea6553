#ifndef WEIR_TESTS_STORE_GET_H
#define WEIR_TESTS_STORE_GET_H

#include "aws/store.h"
#include "net/collect.h"

/** store_get: a small object whole. Returns 0, or -1 with *err set. */
static inline int store_get(struct weir_loop *loop, const struct weir_s3_config *cfg,
    const struct weir_object *object, struct weir_buf *to, struct weir_err *err)
{
    struct weir_stage source = {0};
    struct weir_source_info info = {0};

    if (weir_store_source_new(loop, cfg, object, &info, &source, err) != 0) {
        return -1;
    }
    return weir_collect(loop, &source, INT64_MAX, to, err);
}

#endif
