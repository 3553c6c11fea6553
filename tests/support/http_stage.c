#include "tests/support/http_stage.h"

#include <stdbool.h>
#include <stdlib.h>

struct stage {
    struct weir_http_source *source;
    struct weir_source_info *info;
    bool head_seen;
};

static enum weir_step look_at_head(struct stage *s, struct weir_err *err)
{
    enum weir_step step = weir_http_source_head(s->source, err);

    if (step != WEIR_NEED_OUT) {
        return step;
    }
    struct weir_http *http = weir_http_source_http(s->source);
    long status = weir_http_status(http);
    if (status < 200 || status > 299) {
        weir_err_detail(
            err, WEIR_E_REMOTE, (int)status, "http: %s: status %ld", weir_http_host(http), status);
        return WEIR_FAIL;
    }
    s->head_seen = true;
    if (s->info != NULL) {
        s->info->size_bytes = weir_http_length(http);
    }
    return WEIR_NEED_OUT;
}

static enum weir_step stage_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct stage *s = self;
    size_t before = out->pos;

    (void)in;
    if (!s->head_seen) {
        enum weir_step head = look_at_head(s, err);
        if (head != WEIR_NEED_OUT) {
            return head;
        }
    }
    enum weir_step step = weir_http_source_step(s->source, out, err);
    if (s->info != NULL) {
        s->info->read_bytes += out->pos - before;
    }
    return step;
}

static void stage_free(void *self)
{
    struct stage *s = self;

    if (s != NULL) {
        weir_http_source_free(s->source);
        free(s);
    }
}

int http_stage(struct weir_http_source *source, struct weir_source_info *info,
    struct weir_stage *ret, struct weir_err *err)
{
    static const struct weir_stage_ops ops = {
        .name = "http", .step = stage_step, .free = stage_free};
    struct stage *s = calloc(1, sizeof *s);

    if (s == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "http: out of memory");
    }
    s->source = source;
    s->info = info;
    *ret = (struct weir_stage){.ops = &ops, .self = s};
    return 0;
}
