#include "aws/store.h"

#include "aws/dir_list.h"
#include "aws/dir_store.h"
#include "aws/s3_list.h"
#include "aws/s3_sink.h"
#include "aws/s3_source.h"
#include "core/clock.h"

int weir_store_source_new(struct weir_loop *loop, const struct weir_s3_config *cfg,
    const struct weir_object *object, struct weir_source_info *info, struct weir_stage *ret,
    struct weir_err *err)
{
    return cfg->kind == WEIR_S3_DIR ? weir_dir_source_new(loop, cfg->dir, object, info, ret, err)
                                    : weir_s3_source_new(loop, cfg, object, info, ret, err);
}

int weir_store_sink_new(struct weir_loop *loop, const struct weir_s3_config *cfg,
    const char *bucket, const char *key, const struct weir_put_opts *opts, struct weir_stage *ret,
    struct weir_err *err)
{
    return cfg->kind == WEIR_S3_DIR ? weir_dir_sink_new(loop, cfg->dir, bucket, key, ret, err)
                                    : weir_s3_sink_new(loop, cfg, bucket, key, opts, ret, err);
}

static int list_s3(struct weir_loop *loop, const struct weir_s3_config *cfg, const char *bucket,
    const char *prefix, int64_t deadline_ms, struct weir_listing *ret, struct weir_err *err)
{
    struct weir_s3_list *l = weir_s3_list_new(loop, cfg, bucket, prefix, err);
    char name[WEIR_S3_NAME_BYTES];
    int rc = -1;

    while (l != NULL && (rc = weir_s3_list_step(l, ret, err)) == 0) {
        if (weir_clock_mono_ms() >= deadline_ms) {
            rc = weir_err_set(err, WEIR_E_DEADLINE, "s3: %s: the deadline has passed",
                weir_s3_name(name, bucket, prefix));
            break;
        }
        if (weir_loop_step(loop, deadline_ms, err) != 0) {
            rc = -1;
            break;
        }
    }
    weir_s3_list_free(l);
    return rc == 1 ? 0 : -1;
}

int weir_store_list(struct weir_loop *loop, const struct weir_s3_config *cfg, const char *bucket,
    const char *prefix, int64_t deadline_mono_ms, struct weir_listing *ret, struct weir_err *err)
{
    int rc;

    if (cfg->kind != WEIR_S3_DIR) {
        return list_s3(loop, cfg, bucket, prefix, deadline_mono_ms, ret, err);
    }
    if (weir_s3_bucket_check(bucket, err) != 0) {
        return -1;
    }
    rc = weir_dir_list(cfg->dir, bucket, prefix, deadline_mono_ms, ret, err);
    if (rc == 0) {
        weir_listing_sort(ret);
    }
    return rc;
}
