#include "aws/location.h"

#include "core/str.h"
#include "net/collect.h"
#include "net/file.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define S3_SCHEME "s3://"

void weir_places_init(struct weir_places *places, struct weir_loop *loop)
{
    *places = (struct weir_places){.loop = loop};
}

void weir_places_fini(struct weir_places *places)
{
    if (places->s3_read) {
        weir_s3_config_fini(&places->s3);
        places->s3_read = false;
    }
}

/* Whether text begins like a URL: letters, digits, "+", "-", ".", then "://" (RFC 3986, 3.1). */
static bool has_scheme(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

    return n > 0 && strncmp(text + n, "://", 3) == 0;
}

int weir_location_parse(const char *text, struct weir_location *ret, struct weir_err *err)
{
    *ret = (struct weir_location){.text = text};
    if (*text == '\0') {
        return weir_err_set(err, WEIR_E_CONFIG, "a location is empty");
    }
    /* The names of the two descriptors are not files to be replaced by a rename. */
    if (strcmp(text, "-") == 0 || strcmp(text, "/dev/stdin") == 0 ||
        strcmp(text, "/dev/stdout") == 0) {
        ret->kind = WEIR_LOCATION_STD;
        return 0;
    }
    if (!has_scheme(text)) {
        ret->kind = WEIR_LOCATION_FILE;
        return 0;
    }
    if (strncmp(text, S3_SCHEME, strlen(S3_SCHEME)) != 0) {
        return weir_err_set(
            err, WEIR_E_CONFIG, "%.120s: data lies at a path, at s3://bucket/key or at -", text);
    }
    const char *bucket = text + strlen(S3_SCHEME), *slash = strchr(bucket, '/');
    if (slash == bucket || *bucket == '\0') {
        return weir_err_set(err, WEIR_E_CONFIG, "%.160s: no bucket (s3://bucket/key)", text);
    }
    if (slash == NULL || slash[1] == '\0') {
        return weir_err_set(err, WEIR_E_CONFIG, "%.160s: no key (s3://bucket/key)", text);
    }
    ret->kind = WEIR_LOCATION_OBJECT;
    ret->key = slash + 1;
    ret->bucket = strndup(bucket, (size_t)(slash - bucket));
    if (ret->bucket == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "out of memory for a location");
    }
    if (weir_s3_bucket_check(ret->bucket, err) != 0 || weir_s3_key_check(ret->key, err) != 0) {
        weir_location_fini(ret);
        return -1;
    }
    return 0;
}

void weir_location_fini(struct weir_location *location)
{
    free(location->bucket);
    *location = (struct weir_location){0};
}

/* Neither is there yet: the same name in the same folder. */
static bool same_name(const char *a, const char *b)
{
    const char *name_a = weir_base_name(a), *name_b = weir_base_name(b);
    char dir_a[PATH_MAX], dir_b[PATH_MAX];
    struct stat sa, sb;

    if (strcmp(name_a, name_b) != 0 ||
        snprintf(dir_a, sizeof dir_a, "./%.*s", (int)(name_a - a), a) >= PATH_MAX ||
        snprintf(dir_b, sizeof dir_b, "./%.*s", (int)(name_b - b), b) >= PATH_MAX) {
        return false;
    }
    return stat(a[0] == '/' ? dir_a + 2 : dir_a, &sa) == 0 &&
           stat(b[0] == '/' ? dir_b + 2 : dir_b, &sb) == 0 && sa.st_dev == sb.st_dev &&
           sa.st_ino == sb.st_ino;
}

bool weir_location_same(const struct weir_location *a, const struct weir_location *b)
{
    struct stat sa, sb;

    if (a->kind != b->kind || a->kind == WEIR_LOCATION_STD) {
        return false;
    }
    if (a->kind == WEIR_LOCATION_OBJECT) {
        return strcmp(a->text, b->text) == 0;
    }
    int rc_a = stat(a->text, &sa), rc_b = stat(b->text, &sb);
    if (rc_a != 0 && rc_b != 0) {
        return same_name(a->text, b->text);
    }
    return rc_a == 0 && rc_b == 0 && S_ISREG(sa.st_mode) && sa.st_dev == sb.st_dev &&
           sa.st_ino == sb.st_ino;
}

static int read_settings(struct weir_places *places, struct weir_err *err)
{
    if (places->s3_read) {
        return 0;
    }
    if (weir_s3_config_env(&places->s3, err) != 0) {
        return -1;
    }
    places->s3_read = true;
    return 0;
}

int weir_location_source(struct weir_places *places, const struct weir_location *location,
    struct weir_source_info *info, struct weir_stage *ret, struct weir_err *err)
{
    switch (location->kind) {
    case WEIR_LOCATION_STD:
        return weir_fd_source_new(places->loop, STDIN_FILENO, info, ret, err);
    case WEIR_LOCATION_FILE:
        return weir_file_source_new(places->loop, location->text, info, ret, err);
    case WEIR_LOCATION_OBJECT:
        break;
    }
    if (read_settings(places, err) != 0) {
        return -1;
    }
    struct weir_object object = {.bucket = location->bucket, .key = location->key};
    return weir_store_source_new(places->loop, &places->s3, &object, info, ret, err);
}

int weir_location_sink(struct weir_places *places, const struct weir_location *location,
    const struct weir_put_opts *opts, struct weir_stage *ret, struct weir_err *err)
{
    static const struct weir_put_opts none = {.size_hint_bytes = -1};

    switch (location->kind) {
    case WEIR_LOCATION_STD:
        return weir_fd_sink_new(places->loop, STDOUT_FILENO, ret, err);
    case WEIR_LOCATION_FILE:
        return weir_file_sink_new(places->loop, location->text, ret, err);
    case WEIR_LOCATION_OBJECT:
        break;
    }
    if (read_settings(places, err) != 0) {
        return -1;
    }
    return weir_store_sink_new(places->loop, &places->s3, location->bucket, location->key,
        opts != NULL ? opts : &none, ret, err);
}

int weir_location_get(
    struct weir_places *places, const char *text, struct weir_buf *ret, struct weir_err *err)
{
    struct weir_location where = {0};
    struct weir_stage source = {0};
    struct weir_source_info info = {0};
    int rc = -1;

    if (weir_location_parse(text, &where, err) == 0 &&
        weir_location_source(places, &where, &info, &source, err) == 0) {
        rc = weir_collect(places->loop, &source, INT64_MAX, ret, err);
        if (rc != 0 && err != NULL && err->code == WEIR_E_LIMIT) {
            err->code = WEIR_E_CONFIG; /* it is too long to be what it should be */
            weir_err_prefix(err, "%.100s", text);
        }
    }
    weir_location_fini(&where);
    return rc;
}

int weir_location_load(
    struct weir_loop *loop, const char *text, struct weir_buf *ret, struct weir_err *err)
{
    struct weir_places places;
    int rc;

    weir_places_init(&places, loop);
    rc = weir_location_get(&places, text, ret, err);
    weir_places_fini(&places);
    return rc;
}
