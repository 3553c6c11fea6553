#include "cli/function_env.h"

#include "core/limits.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REGION_DEFAULT "us-east-1"
#define NAME_PREFIX "weir-"
#define CONCURRENCY "AWS_LAMBDA_MAX_CONCURRENCY"

/* Put "K=V" in, in the place of another one of the name. Takes item, also when it fails. */
static int put(struct weir_function_env *env, char *item, struct weir_err *err)
{
    size_t name_len;

    if (item == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "out of memory for the environment");
    }
    name_len = strcspn(item, "=") + 1;
    for (size_t i = 0; i < env->n; i++) {
        if (strncmp(env->items[i], item, name_len) == 0) {
            free(env->items[i]);
            env->items[i] = item;
            return 0;
        }
    }
    if (env->n == WEIR_INVOKE_ENV_MAX) {
        free(item);
        return weir_err_set(
            err, WEIR_E_LIMIT, "the environment: more than %d variables", WEIR_INVOKE_ENV_MAX);
    }
    env->items[env->n++] = item;
    return 0;
}

static int set(
    struct weir_function_env *env, const char *name, const char *value, struct weir_err *err)
{
    char *item = NULL;

    if (asprintf(&item, "%s=%s", name, value) < 0) {
        item = NULL;
    }
    return put(env, item, err);
}

static bool is_passed(const char *item)
{
    static const char *const prefixes[] = {"AWS_", "WEIR_", NULL};
    static const char *const names[] = {"PATH", "HOME", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR",
        "LD_LIBRARY_PATH", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", NULL};
    size_t name_len = strcspn(item, "=");

    for (size_t i = 0; prefixes[i] != NULL; i++) {
        if (strncmp(item, prefixes[i], strlen(prefixes[i])) == 0) {
            return true;
        }
    }
    for (size_t i = 0; names[i] != NULL; i++) {
        if (strlen(names[i]) == name_len && strncmp(item, names[i], name_len) == 0) {
            return true;
        }
    }
    return false;
}

/* The folder of the program, as an absolute path. */
static int task_root(struct weir_function_env *env, const char *bootstrap, struct weir_err *err)
{
    char path[PATH_MAX];
    char *slash;

    if (realpath(bootstrap, path) == NULL) {
        return weir_err_set(err, WEIR_E_CONFIG, "%.160s: no such program", bootstrap);
    }
    slash = strrchr(path, '/');
    slash[slash == path ? 1 : 0] = '\0';
    return set(env, "LAMBDA_TASK_ROOT", path, err);
}

static int set_region(struct weir_function_env *env, struct weir_err *err)
{
    const char *region = weir_function_env_get(env, "AWS_REGION");
    char *copy;
    int rc;

    if (region == NULL || *region == '\0') {
        region = weir_function_env_get(env, "AWS_DEFAULT_REGION");
    }
    /* A copy: setting it may free the one that is read. */
    copy = strdup(region != NULL && *region != '\0' ? region : REGION_DEFAULT);
    if (copy == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "out of memory for the environment");
    }
    rc = set(env, "AWS_REGION", copy, err) != 0 ? -1 : set(env, "AWS_DEFAULT_REGION", copy, err);
    free(copy);
    return rc;
}

/* A signal leaves it more time here than Lambda's half second, unless the user says otherwise. */
static int set_undo(
    struct weir_function_env *env, const struct weir_function_opts *opts, struct weir_err *err)
{
    const int64_t ms = opts->undo_ms > 0 ? opts->undo_ms : WEIR_INVOKE_UNDO_MS;
    char text[24];

    if (weir_function_env_get(env, "WEIR_UNDO_MS") != NULL) {
        return 0;
    }
    (void)snprintf(text, sizeof text, "%lld", (long long)(ms - ms / 10)); /* and then it ends */
    return set(env, "WEIR_UNDO_MS", text, err);
}

static int set_platform(struct weir_function_env *env, const struct weir_function_opts *opts,
    const char *runtime_api, struct weir_err *err)
{
    char name[128], memory[24], group[160];

    (void)snprintf(name, sizeof name, NAME_PREFIX "%s", opts->handler);
    (void)snprintf(group, sizeof group, "/aws/lambda/%s", name);
    (void)snprintf(memory, sizeof memory, "%lld", (long long)opts->memory_mb);
    if (set(env, "AWS_LAMBDA_RUNTIME_API", runtime_api, err) != 0 ||
        set(env, "_HANDLER", opts->handler, err) != 0 ||
        set(env, "AWS_LAMBDA_FUNCTION_NAME", name, err) != 0 ||
        set(env, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory, err) != 0 ||
        set(env, "AWS_LAMBDA_FUNCTION_VERSION", "$LATEST", err) != 0 ||
        set(env, "AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand", err) != 0 ||
        set(env, "AWS_LAMBDA_LOG_GROUP_NAME", group, err) != 0 ||
        set(env, "AWS_LAMBDA_LOG_STREAM_NAME", "local", err) != 0 ||
        set(env, "LANG", "en_US.UTF-8", err) != 0 || set(env, "TZ", ":UTC", err) != 0) {
        return -1;
    }
    if (task_root(env, opts->bootstrap, err) != 0) {
        return -1;
    }
    return set_undo(env, opts, err) != 0 ? -1 : set_region(env, err);
}

int weir_function_env_check(const char *item, struct weir_err *err)
{
    const char *eq = strchr(item, '=');

    if (eq == NULL || eq == item) {
        return weir_err_set(err, WEIR_E_CONFIG, "--env: %.60s is not NAME=VALUE", item);
    }
    if (strncmp(item, "AWS_LAMBDA_RUNTIME_API=", strlen("AWS_LAMBDA_RUNTIME_API=")) == 0) {
        return weir_err_set(err, WEIR_E_CONFIG, "--env: AWS_LAMBDA_RUNTIME_API is set by weir");
    }
    return 0;
}

static int add(struct weir_function_env *env, const char *item, struct weir_err *err)
{
    return weir_function_env_check(item, err) != 0 ? -1 : put(env, strdup(item), err);
}

/* What is no number from 1 on is for the function to complain of. */
static int count_workers(struct weir_function_env *env, struct weir_err *err)
{
    const char *text = weir_function_env_get(env, CONCURRENCY);

    env->workers = 1;
    if (text == NULL || *text == '\0' || text[strspn(text, "0123456789")] != '\0') {
        return 0;
    }
    unsigned long n = strtoul(text, NULL, 10);
    if (n > WEIR_RAPI_CONCURRENCY_MAX) {
        return weir_err_set(
            err, WEIR_E_CONFIG, CONCURRENCY ": at most %d here", WEIR_RAPI_CONCURRENCY_MAX);
    }
    env->workers = n > 0 ? n : 1;
    return 0;
}

int weir_function_env_make(const struct weir_function_opts *opts, const char *runtime_api,
    char *const *user, struct weir_function_env *ret, struct weir_err *err)
{
    int rc = 0;

    *ret = (struct weir_function_env){.n = 0};
    for (; *user != NULL && rc == 0; user++) {
        if (is_passed(*user)) {
            rc = put(ret, strdup(*user), err);
        }
    }
    rc = rc != 0 ? rc : set_platform(ret, opts, runtime_api, err);
    for (size_t i = 0; i < opts->env_n && rc == 0; i++) {
        rc = add(ret, opts->env[i], err);
    }
    rc = rc != 0 ? rc : count_workers(ret, err);
    if (rc != 0) {
        weir_function_env_fini(ret);
    }
    return rc;
}

const char *weir_function_env_get(const struct weir_function_env *env, const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < env->n; i++) {
        if (strncmp(env->items[i], name, len) == 0 && env->items[i][len] == '=') {
            return env->items[i] + len + 1;
        }
    }
    return NULL;
}

void weir_function_env_fini(struct weir_function_env *env)
{
    for (size_t i = 0; i < env->n; i++) {
        free(env->items[i]);
    }
    *env = (struct weir_function_env){.n = 0};
}
