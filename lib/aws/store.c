#include "aws/store.h"

#include "aws/dir_list.h"
#include "aws/dir_store.h"
#include "aws/s3_head.h"
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

/* Something of S3's is polled: let the loop turn once. place: what it is about. */
static int turn(
    struct weir_loop *loop, int64_t deadline_ms, const char *place, struct weir_err *err)
{
    if (weir_clock_mono_ms() >= deadline_ms) {
        return weir_err_set(err, WEIR_E_DEADLINE, "s3: %s: the deadline has passed", place);
    }
    return weir_loop_step(loop, deadline_ms, err);
}

static int head_s3(struct weir_loop *loop, const struct weir_s3_config *cfg,
    const struct weir_object *object, const char *name, int64_t deadline_ms,
    struct weir_object_head *ret, struct weir_err *err)
{
    struct weir_s3_call call = {0};
    char place[WEIR_S3_NAME_BYTES];
    struct weir_err why = {0};

    weir_s3_name(place, object->bucket, object->key);
    int rc = weir_s3_head_start(&call, loop, cfg, object, &why);
    while (rc == 0 && !weir_s3_call_step(&call)) {
        rc = turn(loop, deadline_ms, place, err);
    }
    if (rc == 0 && !weir_s3_call_ok(&call)) {
        ret->replaced = object->etag != NULL && call.status == 412;
        rc = weir_s3_call_failed(err, place, "HeadObject", &call);
    } else if (rc == 0) {
        rc = weir_s3_head_take(&call, name, ret, &why);
    }
    if (why.code != WEIR_OK) {
        weir_err_prefix(&why, "s3: %s", place);
        (void)weir_err_keep(err, &why);
    }
    weir_s3_call_stop(&call);
    return rc;
}

int weir_store_head(struct weir_loop *loop, const struct weir_s3_config *cfg,
    const struct weir_object *object, const char *name, int64_t deadline_mono_ms,
    struct weir_object_head *ret, struct weir_err *err)
{
    *ret = (struct weir_object_head){{0}, {0}, false};
    if (cfg->kind == WEIR_S3_DIR) {
        return weir_dir_attribute(cfg->dir, object, name, ret->value, sizeof ret->value, err);
    }
    if (weir_s3_bucket_check(object->bucket, err) != 0 ||
        weir_s3_key_check(object->key, err) != 0) {
        return -1;
    }
    return head_s3(loop, cfg, object, name, deadline_mono_ms, ret, err);
}

static int list_s3(struct weir_loop *loop, const struct weir_s3_config *cfg, const char *bucket,
    const char *prefix, int64_t deadline_ms, struct weir_listing *ret, struct weir_err *err)
{
    struct weir_s3_list *l = weir_s3_list_new(loop, cfg, bucket, prefix, err);
    char name[WEIR_S3_NAME_BYTES];
    int rc = -1;

    weir_s3_name(name, bucket, prefix);
    while (l != NULL && (rc = weir_s3_list_step(l, ret, err)) == 0) {
        if (turn(loop, deadline_ms, name, err) != 0) {
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
