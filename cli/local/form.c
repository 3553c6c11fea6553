#include "cli/local/form.h"

#include "aws/dir_store.h"
#include "cli/local/boundary.h"
#include "core/buf.h"
#include "core/limits.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum step { STEP_FIELDS, STEP_FILE, STEP_REST };

struct weir_form {
    struct weir_form_opts opts;
    struct weir_boundary boundary;
    struct MHD_PostProcessor *parser; /* NULL: refused */
    enum step step;
    bool refused;
    bool nothing_yet; /* the last part has begun, and nothing of its value came with it */
    struct weir_policy_refusal why;

    struct weir_policy_field fields[WEIR_FORM_FIELDS_MAX];
    size_t fields_n;
    size_t fields_bytes;

    struct weir_policy policy;
    char *filename; /* of the file, since its part began; "": none was sent */
    struct weir_stage sink;
    int64_t size_bytes; /* of the file so far */
};

#define REFUSE(form, ...)                                                                          \
    do {                                                                                           \
        (form)->refused = true;                                                                    \
        (void)weir_policy_refuse(&(form)->why, __VA_ARGS__);                                       \
        weir_stage_free(&(form)->sink);                                                            \
    } while (0)

static void refuse_store(struct weir_form *f, const struct weir_err *err)
{
    if (err->code == WEIR_E_CONFIG || err->code == WEIR_E_REMOTE) {
        REFUSE(f, 400, "InvalidArgument", "%.200s", err->msg);
    } else {
        REFUSE(f, 500, "InternalError", "%.200s", err->msg);
    }
}

static void refuse_malformed(struct weir_form *f)
{
    REFUSE(f, 400, "MalformedPOSTRequest",
        "The body of your POST request is not well-formed multipart/form-data.");
}

/* ---- fields ---- */

/* Append to a field's value, which may come in pieces. */
static bool add_value(struct weir_policy_field *field, size_t len, const char *p, size_t n)
{
    char *value = realloc(field->value, len + n + 1);

    if (value == NULL) {
        return false;
    }
    memcpy(value + len, p, n);
    value[len + n] = '\0';
    field->value = value;
    return memchr(p, '\0', n) == NULL; /* a value with a NUL is not what it seems to be */
}

static void on_field(
    struct weir_form *f, const char *name, bool begins, const char *p, uint64_t off, size_t n)
{
    struct weir_policy_field *field;

    f->fields_bytes += n + (begins ? strlen(name) : 0);
    if (f->fields_bytes > WEIR_FORM_FIELDS_MAX_BYTES ||
        (begins && f->fields_n == WEIR_FORM_FIELDS_MAX)) {
        REFUSE(f, 400, "MaxPostPreDataLengthExceeded",
            "Your POST request fields preceding the upload file were too large.");
        return;
    }
    if (begins) {
        field = &f->fields[f->fields_n];
        field->name = strdup(name);
        field->value = NULL;
        f->fields_n += field->name != NULL;
        if (field->name == NULL) {
            REFUSE(f, 500, "InternalError", "Out of memory.");
            return;
        }
    } else if (f->fields_n == 0) {
        REFUSE(f, 400, "MalformedPOSTRequest", "The form cannot be read.");
        return;
    }
    field = &f->fields[f->fields_n - 1];
    if (!add_value(field, (size_t)off, p, n)) {
        REFUSE(f, 400, "InvalidArgument", "The value of a form field cannot be one.");
    }
}

/* ---- the file ---- */

static void begin_file(struct weir_form *f, const char *filename)
{
    const struct weir_policy_form form = {.bucket = f->opts.bucket,
        .fields = f->fields,
        .fields_n = f->fields_n,
        .filename = filename};
    struct weir_err err = {0};

    f->filename = strdup(filename); /* libmicrohttpd has it until the part ends */
    if (f->filename == NULL) {
        REFUSE(f, 500, "InternalError", "Out of memory.");
        return;
    }
    f->step = STEP_FILE;
    if (weir_policy_check(f->opts.key, &form, f->opts.now_s, &f->policy, &f->why) != 0) {
        f->refused = true;
        return;
    }
    if (weir_dir_sink_new(
            f->opts.loop, f->opts.store, f->opts.bucket, f->policy.key, &f->sink, &err) != 0) {
        refuse_store(f, &err);
    }
}

static enum weir_step feed(struct weir_form *f, const char *p, size_t n, bool last)
{
    struct weir_in in = {
        .p = n > 0 ? (const uint8_t *)p : (const uint8_t *)"", .size = n, .last = last};
    struct weir_out out = {.p = (uint8_t[1]){0}};
    struct weir_err err = {0};
    enum weir_step step = weir_stage_step(&f->sink, true, &in, &out, &err);

    if (step != (last ? WEIR_END : WEIR_NEED_IN)) {
        (void)weir_err_set(&err, WEIR_E_BUG, "the store waits"); /* a regular file never does */
        refuse_store(f, &err);
    }
    return step;
}

static void on_file(struct weir_form *f, const char *filename, bool begins, const char *p, size_t n)
{
    if (f->step == STEP_FIELDS) {
        begin_file(f, filename);
    } else if (begins) {
        REFUSE(f, 400, "InvalidArgument", "POST requires exactly one file upload per request.");
    }
    if (f->refused) {
        return;
    }
    f->size_bytes += (int64_t)n;
    if (f->size_bytes > f->policy.max_bytes) {
        REFUSE(f, 400, "EntityTooLarge",
            "Your proposed upload exceeds the maximum allowed size (%lld bytes).",
            (long long)f->policy.max_bytes);
        return;
    }
    if (n > 0) {
        (void)feed(f, p, n, false);
    }
}

/* libmicrohttpd tells of a part when its header is there, and again from the beginning when the
 * first of its value comes later. An empty part and another behind it can look the same, when their
 * names and filenames are: they count as one then, and policy.c does not refuse them as two. The
 * value is the second's, and that is the one which is judged and used. */
static bool part_begins(const struct weir_form *f, const char *name, bool file,
    const char *filename, uint64_t off, size_t n)
{
    bool last = file ? f->step == STEP_FILE && strcmp(f->filename, filename) == 0
                     : f->fields_n > 0 && strcmp(f->fields[f->fields_n - 1].name, name) == 0;

    return off == 0 && !(last && f->nothing_yet && n > 0);
}

static enum MHD_Result on_part(void *self, enum MHD_ValueKind kind, const char *name,
    const char *filename, const char *type, const char *coding, const char *p, uint64_t off,
    size_t n)
{
    struct weir_form *f = self;
    const char *called = filename != NULL ? filename : ""; /* for ${filename} it is the same */
    const bool file = name != NULL && strcasecmp(name, "file") == 0;
    const bool begins = name != NULL && part_begins(f, name, file, called, off, n);

    (void)kind;
    (void)type;
    (void)coding;
    if (f->refused) {
        return MHD_NO;
    }
    f->nothing_yet = begins && n == 0;
    if (file) {
        on_file(f, called, begins, p, n);
    } else if (f->step == STEP_FIELDS && name != NULL) {
        on_field(f, name, begins, p, off, n);
    } else {
        f->step = f->step == STEP_FILE ? STEP_REST : f->step; /* S3 ignores what follows the file */
    }
    return f->refused ? MHD_NO : MHD_YES;
}

/* ---- the form ---- */

struct weir_form *weir_form_new(
    struct MHD_Connection *connection, const struct weir_form_opts *opts)
{
    struct weir_boundary boundary;
    struct weir_form *f;

    /* libmicrohttpd would also read url-encoded forms, into which no file fits. */
    if (!weir_boundary_init(&boundary, connection)) {
        return NULL;
    }
    f = calloc(1, sizeof *f);
    if (f == NULL) {
        return NULL;
    }
    f->opts = *opts;
    f->boundary = boundary;
    if (boundary.len > 0) {
        f->parser = MHD_create_post_processor(connection, WEIR_FRONT_CONNECTION_BYTES, on_part, f);
    }
    if (f->parser == NULL) {
        refuse_malformed(f);
    }
    return f;
}

void weir_form_data(struct weir_form *form, const char *p, size_t n)
{
    n = weir_boundary_before(&form->boundary, p, n);
    if (n > 0 && !form->refused && MHD_post_process(form->parser, p, n) != MHD_YES &&
        !form->refused) {
        refuse_malformed(form);
    }
}

int weir_form_end(
    struct weir_form *form, struct weir_policy *policy, struct weir_policy_refusal *why)
{
    struct weir_form *f = form;
    bool whole = f->parser != NULL && MHD_destroy_post_processor(f->parser) == MHD_YES;

    f->parser = NULL;
    if (!f->refused && !whole) { /* without its last boundary: cut off, whoever cut it */
        refuse_malformed(f);
    } else if (!f->refused && f->step == STEP_FIELDS) {
        REFUSE(f, 400, "InvalidArgument", "POST requires exactly one file upload per request.");
    } else if (!f->refused && f->size_bytes < f->policy.min_bytes) {
        REFUSE(f, 400, "EntityTooSmall",
            "Your proposed upload is smaller than the minimum allowed size (%lld bytes).",
            (long long)f->policy.min_bytes);
    }
    if (!f->refused) {
        (void)feed(f, "", 0, true);
    }
    if (f->refused) {
        *why = f->why;
        return -1;
    }
    *policy = f->policy;
    return 0;
}

void weir_form_free(struct weir_form *form)
{
    if (form != NULL) {
        if (form->parser != NULL) {
            (void)MHD_destroy_post_processor(form->parser);
        }
        weir_stage_free(&form->sink);
        free(form->filename);
        for (size_t i = 0; i < form->fields_n; i++) {
            free(form->fields[i].name);
            free(form->fields[i].value);
        }
        free(form);
    }
}
