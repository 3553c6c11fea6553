#include "handlers/validate/outkey.h"

#include "core/str.h"

#include <assert.h>
#include <string.h>

enum name { STEM, EXT, KEY, ETAG, VERSION, NAMES };
static const char *const names[NAMES] = {"{stem}", "{ext}", "{key}", "{etag}", "{version}"};

/* The name that p begins with, or NAMES. */
static enum name name_at(const char *p)
{
    enum name n = 0;

    while (n < NAMES && strncmp(p, names[n], strlen(names[n])) != 0) {
        n++;
    }
    return n;
}

int weir_outkey_check(const char *pattern, struct weir_err *err)
{
    if (*pattern == '\0') {
        return weir_err_set(err, WEIR_E_CONFIG, "is empty");
    }
    for (const char *p = strchr(pattern, '{'); p != NULL; p = strchr(p + 1, '{')) {
        if (name_at(p) == NAMES) {
            return weir_err_set(err, WEIR_E_CONFIG,
                "the name in braces at character %zu is none of {stem}, {ext}, {key}, {etag}, "
                "{version}",
                (size_t)(p - pattern) + 1);
        }
    }
    return 0;
}

/* The key without its first folder and without what tells its form. */
static int add_stem(const char *key, struct weir_buf *ret, struct weir_err *err)
{
    static const char *const ends[] = {".csv", ".ndjson", ".jsonl"};
    const char *slash = strchr(key, '/');
    const struct weir_str all = weir_str_of(slash != NULL ? slash + 1 : key);
    const struct weir_str s = {all.p, all.len - (weir_str_ends(all, ".gz") ? strlen(".gz") : 0)};

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (weir_str_ends(s, ends[i])) {
            return weir_buf_add(ret, s.p, s.len - strlen(ends[i]), err);
        }
    }
    return weir_buf_add(ret, all.p, all.len, err);
}

static int add_value(
    const char *value, const char *what, struct weir_buf *ret, struct weir_err *err)
{
    if (value == NULL) {
        return weir_err_set(err, WEIR_E_DATA, "asks for %s, which the event does not tell", what);
    }
    return weir_buf_adds(ret, value, err);
}

int weir_outkey_make(const char *pattern, const struct weir_s3_record *record, const char *ext,
    struct weir_buf *ret, struct weir_err *err)
{
    const char *p = pattern;

    while (*p != '\0') {
        size_t n = strcspn(p, "{");
        enum name name = p[n] == '{' ? name_at(p + n) : NAMES;
        int rc = weir_buf_add(ret, p, n, err);

        p += n;
        if (rc == 0 && name == STEM) {
            rc = add_stem(record->key, ret, err);
        } else if (rc == 0 && name == EXT) {
            rc = weir_buf_adds(ret, ext, err);
        } else if (rc == 0 && name == KEY) {
            rc = add_value(record->key, "{key}", ret, err);
        } else if (rc == 0 && name == ETAG) {
            rc = add_value(record->etag, "{etag}", ret, err);
        } else if (rc == 0 && name == VERSION) {
            rc = add_value(record->version_id, "{version}", ret, err);
        }
        if (rc != 0) {
            return -1;
        }
        assert(name < NAMES || *p == '\0'); /* weir_outkey_check has been here */
        p += name < NAMES ? strlen(names[name]) : 0;
    }
    return 0;
}
