#include "aws/store.h"

#include "aws/dir_store.h"
#include "aws/s3_sink.h"
#include "aws/s3_source.h"
#include "stream/pipe.h"

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

static enum weir_step collect_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    (void)out;
    if (weir_buf_add(self, in->p + in->pos, in->size - in->pos, err) != 0) {
        return WEIR_FAIL;
    }
    in->pos = in->size;
    return in->last ? WEIR_END : WEIR_NEED_IN;
}

static void collect_free(void *self)
{
    (void)self; /* the caller's buffer */
}

int weir_store_get(struct weir_loop *loop, const struct weir_s3_config *cfg,
    const struct weir_object *object, struct weir_buf *ret, struct weir_err *err)
{
    static const struct weir_stage_ops collect = {"collect", collect_step, NULL, collect_free};
    struct weir_stage stages[2] = {{0}, {.ops = &collect, .self = ret}};
    struct weir_source_info info = {0};
    struct weir_pipe *pipe;
    int rc = -1;

    if (weir_store_source_new(loop, cfg, object, &info, &stages[0], err) != 0) {
        return -1;
    }
    pipe = weir_pipe_new(0, stages, 2, err);
    if (pipe != NULL) {
        rc = weir_loop_run(loop, pipe, err);
    }
    weir_pipe_free(pipe);
    weir_stage_free(&stages[0]); /* the pipe's, unless there is none */
    return rc;
}
