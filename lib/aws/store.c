#include "aws/store.h"

#include "aws/dir_store.h"
#include "aws/s3_sink.h"
#include "aws/s3_source.h"

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
