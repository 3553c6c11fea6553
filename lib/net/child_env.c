#include "net/child_env.h"

#include "core/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A pattern that ends in '*' is a beginning. Each list ends with NULL. */
static const char *const secrets[] = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CONTAINER_*", "AWS_WEB_IDENTITY_TOKEN_FILE",
    NULL};
static const char *const never[] = {"AWS_LAMBDA_RUNTIME_API", NULL};
static const char *const listed[] = {"PATH", "HOME", "LANG", "LC_*", "TZ", "TMPDIR",
    "LD_LIBRARY_PATH", "LAMBDA_TASK_ROOT", "AWS_REGION", "AWS_DEFAULT_REGION", NULL};
static const char *const refused[] = {"LD_*", "PATH", "AWS_*", "LAMBDA_*", "_*", "IFS", "ENV",
    "BASH_*", "BASHOPTS", "SHELLOPTS", "PS4", "CDPATH", "GLIBC_*", "GCONV_PATH", "LOCPATH",
    "MALLOC_*", "PYTHON*", "PERL*", "RUBY*", "GEM_*", "NODE_*", "JAVA_*", "JDK_JAVA_OPTIONS",
    "CLASSPATH", "DOTNET_*", "LUA_*", "PHP*", "OPENSSL_*", "GIT_*", NULL};

static bool matches(const char *const *list, const char *name, size_t len)
{
    for (; *list != NULL; list++) {
        size_t n = strlen(*list);
        bool beginning = (*list)[n - 1] == '*';
        n -= beginning;
        if (beginning ? len >= n && strncmp(name, *list, n) == 0
                      : len == n && strncmp(name, *list, n) == 0) {
            return true;
        }
    }
    return false;
}

static int add(struct weir_child_env *env, char *item, struct weir_err *err)
{
    if (env->n >= WEIR_CHILD_ENV_MAX) {
        free(item);
        return weir_err_set(
            err, WEIR_E_LIMIT, "child: more than %d environment variables", WEIR_CHILD_ENV_MAX);
    }
    if (env->items == NULL) {
        env->items = calloc(WEIR_CHILD_ENV_MAX + 1, sizeof *env->items);
    }
    if (env->items == NULL || item == NULL) {
        free(item);
        return weir_err_set(err, WEIR_E_NOMEM, "child: out of memory");
    }
    env->items[env->n++] = item;
    return 0;
}

int weir_child_env_init(struct weir_child_env *env, enum weir_child_env_keep keep, bool credentials,
    struct weir_err *err)
{
    *env = (struct weir_child_env){.n = 0};
    for (char **at = environ; *at != NULL; at++) {
        const size_t len = strcspn(*at, "=");
        const bool secret = matches(secrets, *at, len);
        bool goes = keep == WEIR_CHILD_ENV_OURS || matches(listed, *at, len);
        goes = secret ? credentials : goes && !matches(never, *at, len);
        if (goes && add(env, strdup(*at), err) != 0) {
            return -1;
        }
    }
    if (env->items == NULL) { /* an empty one is an array, too */
        env->items = calloc(WEIR_CHILD_ENV_MAX + 1, sizeof *env->items);
    }
    return env->items != NULL ? 0 : weir_err_set(err, WEIR_E_NOMEM, "child: out of memory");
}

static bool is_name(const char *s)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    static const char all[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

    return *s != '\0' && strchr(letters, *s) != NULL && s[strspn(s, all)] == '\0';
}

int weir_child_env_set(
    struct weir_child_env *env, const char *name, const char *value, struct weir_err *err)
{
    const size_t name_len = strlen(name), size = name_len + strlen(value) + 2;

    if (!is_name(name) || matches(refused, name, name_len)) {
        return weir_err_set(
            err, WEIR_E_CONFIG, "env: %.60s: not a variable that may be set here", name);
    }
    char *item = malloc(size);
    if (item != NULL) {
        (void)snprintf(item, size, "%s=%s", name, value);
    }
    for (size_t i = 0; item != NULL && i < env->n; i++) {
        if (strncmp(env->items[i], item, name_len + 1) == 0) {
            free(env->items[i]);
            env->items[i] = item;
            return 0;
        }
    }
    return add(env, item, err);
}

void weir_child_env_fini(struct weir_child_env *env)
{
    for (size_t i = 0; i < env->n; i++) {
        free(env->items[i]);
    }
    free(env->items);
    *env = (struct weir_child_env){.n = 0};
}
