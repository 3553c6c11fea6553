#include "bootstrap/fault.h"

#include "bootstrap/api.h"
#include "core/base64.h"
#include "core/limits.h"
#include "json/quote.h"

#include <limits.h>
#include <unistd.h>

int weir_fault_json(
    struct weir_buf *to, const char *type, const char *message, struct weir_err *err)
{
    return weir_buf_adds(to, "{\"errorMessage\":", err) == 0 &&
                   weir_json_quote(to, message, err) == 0 &&
                   weir_buf_adds(to, ",\"errorType\":", err) == 0 &&
                   weir_json_quote(to, type, err) == 0 &&
                   weir_buf_adds(to, ",\"stackTrace\":[]}", err) == 0
               ? 0
               : -1;
}

/* A code point beyond ASCII as JSON escapes: \uXXXX, or two of them. */
static int put_point(struct weir_buf *to, unsigned cp, struct weir_err *err)
{
    if (cp < 0x10000) {
        return weir_buf_addf(to, err, "\\u%04x", cp);
    }
    cp -= 0x10000;
    return weir_buf_addf(to, err, "\\u%04x\\u%04x", 0xD800 + (cp >> 10), 0xDC00 + (cp & 0x3FF));
}

/* Valid UTF-8 (weir_json_quote's), all of it below 0x80. */
static int put_ascii(struct weir_buf *to, const struct weir_buf *json, struct weir_err *err)
{
    for (size_t i = 0; i < json->len;) {
        unsigned lead = json->p[i];
        size_t n = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        unsigned cp = n == 1 ? lead : lead & (0xFFu >> (n + 1));
        for (size_t k = 1; k < n; k++) {
            cp = cp << 6 | (json->p[i + k] & 0x3Fu);
        }
        if ((n == 1 ? weir_buf_add(to, &json->p[i], 1, err) : put_point(to, cp, err)) != 0) {
            return -1;
        }
        i += n;
    }
    return 0;
}

int weir_fault_cause(
    struct weir_buf *to, const char *type, const char *message, struct weir_err *err)
{
    char folder[PATH_MAX];
    struct weir_buf json;
    int rc = -1;

    weir_buf_init(&json, WEIR_RUNTIME_ANSWER_MAX_BYTES);
    if (getcwd(folder, sizeof folder) == NULL) {
        folder[0] = '\0';
    }
    if (weir_buf_adds(&json, "{\"working_directory\":", err) == 0 &&
        weir_json_quote(&json, folder, err) == 0 &&
        weir_buf_adds(&json, ",\"exceptions\":[{\"type\":", err) == 0 &&
        weir_json_quote(&json, type, err) == 0 && weir_buf_adds(&json, ",\"message\":", err) == 0 &&
        weir_json_quote(&json, message, err) == 0 &&
        weir_buf_adds(&json, ",\"stack\":[]}],\"paths\":[]}", err) == 0) {
        rc = put_ascii(to, &json, err);
    }
    weir_buf_fini(&json);
    return rc;
}

int weir_fault_trailers(
    struct weir_buf *to, const char *type, const char *message, struct weir_err *err)
{
    struct weir_buf json;
    int rc = -1;

    weir_buf_init(&json, WEIR_RUNTIME_ANSWER_MAX_BYTES / 2);
    if (weir_fault_json(&json, type, message, err) == 0 &&
        weir_buf_addf(to, err,
            "0\r\n" WEIR_API_ERROR_TYPE ": %s\r\nLambda-Runtime-Function-Error-Body: ", type) ==
            0 &&
        weir_base64_add(to, json.p, json.len, err) == 0) {
        rc = weir_buf_adds(to, "\r\n\r\n", err);
    }
    weir_buf_fini(&json);
    return rc;
}
