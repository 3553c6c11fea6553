#include "handlers/archive/programs.h"

#include "json/doc.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LAYERS "/opt" /* where Lambda puts layers */

struct item {
    char *name, *path;
    bool credentials;
};

struct weir_programs {
    size_t n;
    struct item items[];
};

static bool is_below(const char *path, const char *folder)
{
    char real[PATH_MAX];

    if (realpath(folder, real) == NULL) {
        return false;
    }
    size_t n = strcmp(real, "/") == 0 ? 0 : strlen(real);
    return strncmp(path, real, n) == 0 && path[n] == '/';
}

/* The program's real path, checked. */
static char *resolve(
    const char *name, const char *path, const char *task_root, struct weir_err *err)
{
    char full[PATH_MAX], real[PATH_MAX];
    struct stat st;
    char *copy;

    if (snprintf(full, sizeof full, "%s%s%s", path[0] == '/' ? "" : task_root,
            path[0] == '/' ? "" : "/", path) >= (int)sizeof full ||
        realpath(full, real) == NULL) {
        weir_err_detail(err, WEIR_E_CONFIG, errno, "%.60s: %.100s: no such program", name, path);
        return NULL;
    }
    if (!is_below(real, task_root) && !is_below(real, LAYERS)) {
        weir_err_set(err, WEIR_E_CONFIG,
            "%.60s: %.100s: lies neither below the task root nor below " LAYERS, name, path);
        return NULL;
    }
    if (stat(real, &st) != 0 || !S_ISREG(st.st_mode) || access(real, X_OK) != 0) {
        weir_err_set(err, WEIR_E_CONFIG, "%.60s: %.100s: cannot be executed", name, path);
        return NULL;
    }
    copy = strdup(real);
    if (copy == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "out of memory");
    }
    return copy;
}

static int read_item(const cJSON *v, const char *task_root, struct item *ret, struct weir_err *err)
{
    const cJSON *path = v, *credentials;

    if (cJSON_IsObject(v)) {
        path = cJSON_GetObjectItemCaseSensitive(v, "path");
        credentials = cJSON_GetObjectItemCaseSensitive(v, "credentials");
        if (credentials != NULL && !cJSON_IsBool(credentials)) {
            return weir_err_set(
                err, WEIR_E_CONFIG, "%.60s/credentials: must be a boolean", v->string);
        }
        ret->credentials = cJSON_IsTrue(credentials);
    }
    if (!cJSON_IsString(path) || path->valuestring[0] == '\0') {
        return weir_err_set(err, WEIR_E_CONFIG, "%.60s: must be a path", v->string);
    }
    ret->path = resolve(v->string, path->valuestring, task_root, err);
    if (ret->path == NULL) {
        return -1;
    }
    ret->name = strdup(v->string);
    return ret->name != NULL ? 0 : weir_err_set(err, WEIR_E_NOMEM, "out of memory");
}

void weir_programs_free(struct weir_programs *programs)
{
    for (size_t i = 0; programs != NULL && i < programs->n; i++) {
        free(programs->items[i].name);
        free(programs->items[i].path);
    }
    free(programs);
}

struct weir_programs *weir_programs_new(
    const char *text, const char *task_root, struct weir_err *err)
{
    struct weir_programs *programs = NULL;
    struct weir_err why = {0};
    cJSON *doc = NULL;
    int rc = -1;

    text = text != NULL && *text != '\0' ? text : "{}";
    doc = weir_doc_parse("WEIR_PROGRAMS", text, strlen(text), &why);
    if (doc == NULL) { /* a setting is nobody's data */
        weir_err_set(err, why.code == WEIR_E_DATA ? WEIR_E_CONFIG : why.code, "%s", why.msg);
        return NULL;
    }
    if (!cJSON_IsObject(doc)) {
        weir_err_set(err, WEIR_E_CONFIG, "must be an object: name -> path");
        goto out;
    }
    programs = calloc(1, sizeof *programs + (size_t)cJSON_GetArraySize(doc) * sizeof(struct item));
    if (programs == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "out of memory");
        goto out;
    }
    for (const cJSON *v = doc->child; v != NULL; v = v->next) {
        if (read_item(v, task_root, &programs->items[programs->n++], err) != 0) {
            goto out;
        }
    }
    rc = 0;
out:
    cJSON_Delete(doc);
    if (rc != 0) {
        weir_programs_free(programs);
        weir_err_prefix(err, "WEIR_PROGRAMS");
        return NULL;
    }
    return programs;
}

bool weir_programs_find(
    const struct weir_programs *programs, const char *name, struct weir_program *ret)
{
    for (size_t i = 0; i < programs->n; i++) {
        if (strcmp(programs->items[i].name, name) == 0) {
            *ret = (struct weir_program){programs->items[i].path, programs->items[i].credentials};
            return true;
        }
    }
    return false;
}
