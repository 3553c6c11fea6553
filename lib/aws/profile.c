#include "aws/profile.h"

#include "core/env.h"
#include "core/limits.h"
#include "core/secret.h"

#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void weir_aws_profile_fini(struct weir_aws_profile *profile)
{
    free(profile->access_key);
    weir_secret_free(profile->secret_key);
    weir_secret_free(profile->session_token);
    free(profile->region);
    free(profile->process);
    *profile = (struct weir_aws_profile){0};
}

/* Cut blanks off both ends. */
static char *trim(char *s)
{
    s += strspn(s, " \t");
    size_t n = strlen(s);
    while (n > 0 && strchr(" \t\r\n", s[n - 1]) != NULL) {
        s[--n] = '\0';
    }
    return s;
}

/* "[name]" in the one file, "[profile name]" and "[default]" in the other: is it ours? What follows
 * the bracket is a comment. */
static bool is_section(char *line, const char *name, bool config)
{
    char *end = strchr(line, ']');

    if (end == NULL) {
        return false;
    }
    *end = '\0';
    char *s = trim(line + 1);
    if (config && strcmp(s, "default") != 0) {
        if (strncmp(s, "profile", 7) != 0 || (s[7] != ' ' && s[7] != '\t')) {
            return false;
        }
        s = trim(s + 7);
    }
    return strcmp(s, name) == 0;
}

/* "key = value" into the profile, where it has none yet. */
static int take(struct weir_aws_profile *p, char *line, struct weir_err *err)
{
    const struct {
        const char *key;
        char **to;
    } keys[] = {{"aws_access_key_id", &p->access_key}, {"aws_secret_access_key", &p->secret_key},
        {"aws_session_token", &p->session_token}, {"region", &p->region},
        {"credential_process", &p->process}};
    char *equals = strchr(line, '=');

    if (equals == NULL) {
        return 0;
    }
    *equals = '\0';
    char *key = trim(line), *value = trim(equals + 1);
    p->borrows = p->borrows || strcmp(key, "role_arn") == 0 || strncmp(key, "sso_", 4) == 0;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(key, keys[i].key) == 0 && *value != '\0' && *keys[i].to == NULL) {
            *keys[i].to = strdup(value);
            return *keys[i].to != NULL ? 0 : weir_err_set(err, WEIR_E_NOMEM, "out of memory");
        }
    }
    return 0;
}

/* Read one file; *found is set when it has the profile. A file that is not there has nothing. */
static int read_file(struct weir_aws_profile *p, const char *path, const char *name, bool config,
    bool *found, struct weir_err *err)
{
    FILE *f = fopen(path, "re");
    char *line = NULL;
    size_t cap = 0, bytes = 0;
    bool ours = false;
    int rc = 0;
    ssize_t n;

    if (f == NULL) {
        return 0;
    }
    while (rc == 0 && (n = getline(&line, &cap, f)) >= 0) {
        bytes += (size_t)n;
        if (bytes > WEIR_AWS_PROFILES_MAX_BYTES) {
            rc = weir_err_set(err, WEIR_E_CONFIG, "%.120s: more than %zu bytes", path,
                WEIR_AWS_PROFILES_MAX_BYTES);
            break;
        }
        bool nested = line[0] == ' ' || line[0] == '\t';
        char *s = trim(line);
        if (*s == '\0' || *s == '#' || *s == ';' || nested) {
            continue;
        }
        if (*s == '[') {
            ours = is_section(s, name, config);
            *found = *found || ours;
        } else if (ours) {
            rc = take(p, s, err);
        }
    }
    if (line != NULL) {
        OPENSSL_cleanse(line, cap);
    }
    free(line);
    fclose(f);
    return rc;
}

int weir_aws_profile_read(struct weir_aws_profile *ret, struct weir_err *err)
{
    static const struct {
        const char *var, *below_home;
    } files[] = {
        {"AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials"}, {"AWS_CONFIG_FILE", "/.aws/config"}};
    const char *named = weir_env_text("AWS_PROFILE", NULL), *home = weir_env_text("HOME", "");
    bool found = false;

    *ret = (struct weir_aws_profile){0};
    for (size_t i = 0; i < 2; i++) {
        char below[WEIR_AWS_PATH_MAX_BYTES];
        const char *path = weir_env_text(files[i].var, NULL);
        int n = snprintf(below, sizeof below, "%s%s", home, files[i].below_home);
        if (path == NULL && (*home == '\0' || n < 0 || (size_t)n >= sizeof below)) {
            continue;
        }
        if (read_file(ret, path != NULL ? path : below, named != NULL ? named : "default", i == 1,
                &found, err) != 0) {
            weir_aws_profile_fini(ret);
            return -1;
        }
    }
    if (!found && named != NULL) {
        return weir_err_set(err, WEIR_E_CONFIG, "AWS_PROFILE: no file has a profile of this name");
    }
    return 0;
}
