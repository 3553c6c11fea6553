#include "cli/local/versions.h"

#include <search.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct known {
    char *name, *version;
};

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct known *)a)->name, ((const struct known *)b)->name);
}

static struct known *find(const struct weir_versions *versions, const char *name)
{
    struct known key = {.name = (char *)(uintptr_t)name};
    struct known *const *at = tfind(&key, &versions->root, compare);

    return at != NULL ? *at : NULL;
}

static void free_known(void *p)
{
    struct known *e = p;

    if (e != NULL) {
        free(e->name);
        free(e->version);
        free(e);
    }
}

const char *weir_versions_get(const struct weir_versions *versions, const char *name)
{
    const struct known *e = find(versions, name);

    return e != NULL ? e->version : NULL;
}

int weir_versions_set(
    struct weir_versions *versions, const char *name, const char *version, struct weir_err *err)
{
    struct known *e = find(versions, name);
    char *copy = strdup(version);

    if (copy != NULL && e == NULL) {
        e = calloc(1, sizeof *e);
        if (e != NULL) {
            e->name = strdup(name);
        }
        if (e == NULL || e->name == NULL || tsearch(e, &versions->root, compare) == NULL) {
            free_known(e);
            e = NULL;
        }
        versions->n += e != NULL;
    }
    if (copy == NULL || e == NULL) {
        free(copy);
        return weir_err_set(err, WEIR_E_NOMEM, "queue: out of memory");
    }
    free(e->version);
    e->version = copy;
    return 0;
}

/* A tree must not change while it is walked: some are found, then removed, then others. */
struct forget {
    bool (*gone)(void *ctx, const char *name);
    void *ctx;
    struct known *found[64];
    size_t found_n;
};

static void find_gone(const void *node, VISIT visit, void *closure)
{
    struct forget *f = closure;
    struct known *e = *(struct known *const *)node;

    if ((visit == postorder || visit == leaf) && f->found_n < sizeof f->found / sizeof *f->found &&
        f->gone(f->ctx, e->name)) {
        f->found[f->found_n++] = e;
    }
}

void weir_versions_forget(
    struct weir_versions *versions, bool (*gone)(void *ctx, const char *name), void *ctx)
{
    struct forget f = {.gone = gone, .ctx = ctx};

    do {
        f.found_n = 0;
        twalk_r(versions->root, find_gone, &f);
        for (size_t i = 0; i < f.found_n; i++) {
            (void)tdelete(f.found[i], &versions->root, compare);
            free_known(f.found[i]);
            versions->n--;
        }
    } while (f.found_n == sizeof f.found / sizeof *f.found);
}

struct each {
    void (*see)(void *ctx, const char *name, const char *version);
    void *ctx;
};

static void see_known(const void *node, VISIT visit, void *closure)
{
    const struct each *each = closure;
    const struct known *e = *(struct known *const *)node;

    if (visit == postorder || visit == leaf) {
        each->see(each->ctx, e->name, e->version);
    }
}

void weir_versions_each(const struct weir_versions *versions,
    void (*see)(void *ctx, const char *name, const char *version), void *ctx)
{
    struct each each = {.see = see, .ctx = ctx};

    twalk_r(versions->root, see_known, &each);
}

void weir_versions_fini(struct weir_versions *versions)
{
    tdestroy(versions->root, free_known);
    *versions = (struct weir_versions){.n = 0};
}
