#include "cli/form_body.h"

#include "core/limits.h"
#include "core/reason.h"
#include "core/str.h"
#include "core/uuid.h"
#include "json/doc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

int weir_upload_form_parse(const char *what, const char *text, size_t len,
    struct weir_upload_form *ret, struct weir_err *err)
{
    struct weir_doc root = {0}, data = {0}, fields = {0}, item = {0};
    struct weir_upload_form form = {.tree = weir_doc_parse(what, text, len, err)};

    if (form.tree == NULL) {
        return -1;
    }
    root.v = form.tree;
    data = root;
    if (cJSON_IsObject(root.v) && weir_doc_has(&root, "data") &&
        weir_doc_object(&root, "data", &data, err) != 0) {
        goto fail;
    }
    if (weir_doc_string(&data, "url", &form.url, err) != 0 ||
        weir_doc_object(&data, "fields", &fields, err) != 0) {
        goto fail;
    }
    while (weir_doc_each(&fields, &item)) {
        if (!cJSON_IsString(item.v)) {
            (void)weir_doc_error(&item, NULL, "must be a string", WEIR_E_DATA, err);
            goto fail;
        }
        if (strcasecmp(item.name, "key") == 0) {
            form.key = item.v->valuestring;
        }
    }
    form.fields = fields.v;
    *ret = form;
    return 0;
fail:
    weir_err_prefix(err, "%.100s", what);
    cJSON_Delete(form.tree);
    return -1;
}

void weir_upload_form_fini(struct weir_upload_form *form)
{
    cJSON_Delete(form->tree);
    *form = (struct weir_upload_form){0};
}

/* A name between quotes: what would end it is encoded, as browsers do (WHATWG HTML, "multipart
 * form data"). */
static int add_name(struct weir_buf *to, const char *name, struct weir_err *err)
{
    for (; *name != '\0'; name++) {
        const char *code = *name == '"'    ? "%22"
                           : *name == '\r' ? "%0D"
                           : *name == '\n' ? "%0A"
                                           : NULL;

        if (code != NULL ? weir_buf_adds(to, code, err) != 0
                         : weir_buf_add(to, name, 1, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int add_field(struct weir_buf *to, const char *boundary, const char *name, const char *value,
    struct weir_err *err)
{
    return weir_buf_addf(to, err, "--%s\r\nContent-Disposition: form-data; name=\"", boundary) !=
                       0 ||
                   add_name(to, name, err) != 0 || weir_buf_adds(to, "\"\r\n\r\n", err) != 0 ||
                   weir_buf_adds(to, value, err) != 0 || weir_buf_adds(to, "\r\n", err) != 0
               ? -1
               : 0;
}

/* The file's own header. S3 takes the type from the field of that name; other servers from here. */
static int add_file(struct weir_buf *to, const char *boundary, const struct weir_upload_form *form,
    const char *filename, struct weir_err *err)
{
    const cJSON *type = cJSON_GetObjectItem(form->fields, "Content-Type");
    const char *text = cJSON_GetStringValue(type);

    if (text == NULL || strpbrk(text, "\r\n") != NULL) {
        text = "application/octet-stream";
    }
    return weir_buf_addf(to, err,
               "--%s\r\nContent-Disposition: form-data; name=\"file\"; filename=\"",
               boundary) != 0 ||
                   add_name(to, weir_base_name(filename), err) != 0 ||
                   weir_buf_addf(to, err, "\"\r\nContent-Type: %s\r\n\r\n", text) != 0
               ? -1
               : 0;
}

int weir_form_body_init(struct weir_form_body *body, const struct weir_upload_form *form,
    const char *filename, int fd, uint64_t bytes, struct weir_err *err)
{
    char boundary[WEIR_UUID_BYTES + 8] = "weir-";
    const cJSON *field;

    *body = (struct weir_form_body){.fd = fd, .file_bytes = bytes};
    weir_buf_init(&body->head, WEIR_UPLOAD_HEAD_MAX_BYTES);
    weir_buf_init(&body->tail, WEIR_UPLOAD_TAIL_MAX_BYTES);
    /* Random, so that no file has it but by intent, and not even by that. */
    if (weir_uuid_new(boundary + 5, err) != 0) {
        return -1;
    }
    (void)snprintf(body->type, sizeof body->type, "multipart/form-data; boundary=%s", boundary);
    cJSON_ArrayForEach(field, form->fields)
    {
        if (strcasecmp(field->string, "file") != 0 &&
            add_field(&body->head, boundary, field->string, field->valuestring, err) != 0) {
            goto fail;
        }
    }
    if (add_file(&body->head, boundary, form, filename, err) != 0 ||
        weir_buf_addf(&body->tail, err, "\r\n--%s--\r\n", boundary) != 0) {
        goto fail;
    }
    return 0;
fail:
    weir_form_body_fini(body);
    return -1;
}

uint64_t weir_form_body_size(const struct weir_form_body *body)
{
    return body->head.len + body->file_bytes + body->tail.len;
}

/* From a piece in memory. */
static int64_t take(const struct weir_buf *piece, uint64_t at, uint8_t *p, size_t n)
{
    size_t left = piece->len - (size_t)at;

    n = n < left ? n : left;
    memcpy(p, piece->p + at, n);
    return (int64_t)n;
}

static int64_t read_file(struct weir_form_body *b, uint64_t at, uint8_t *p, size_t n)
{
    uint64_t left = b->file_bytes - at;
    ssize_t got;

    do {
        got = read(b->fd, p, left < n ? (size_t)left : n);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return weir_err_detail(&b->err, WEIR_E_IO, errno, "%s", weir_reason(errno));
    }
    if (got == 0) {
        return weir_err_set(&b->err, WEIR_E_IO, "became shorter while it was sent");
    }
    return got;
}

int64_t weir_form_body_read(struct weir_form_body *body, uint8_t *p, size_t n)
{
    uint64_t at = body->sent_bytes, head = body->head.len, file = head + body->file_bytes;
    int64_t got = at < head   ? take(&body->head, at, p, n)
                  : at < file ? read_file(body, at - head, p, n)
                              : take(&body->tail, at - file, p, n);

    if (got > 0) {
        body->sent_bytes += (uint64_t)got;
    }
    return got;
}

void weir_form_body_fini(struct weir_form_body *body)
{
    weir_buf_fini(&body->head);
    weir_buf_fini(&body->tail);
}
