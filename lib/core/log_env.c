#include "core/log_env.h"

#include "core/env.h"
#include "core/reason.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Lines that the socket did not take: one process has one, and a log may be copied. */
static atomic_uint lost;

#define SOCKET_NAME "_LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET"

void weir_log_level(struct weir_log *log, const char *name)
{
    static const struct {
        const char *name;
        enum weir_level level;
    } levels[] = {
        {"TRACE", WEIR_LOG_DEBUG},
        {"DEBUG", WEIR_LOG_DEBUG},
        {"INFO", WEIR_LOG_INFO},
        {"WARN", WEIR_LOG_WARN},
        {"ERROR", WEIR_LOG_ERROR},
        {"FATAL", WEIR_LOG_ERROR},
    };

    log->level = WEIR_LOG_INFO;
    if (name == NULL || name[0] == '\0') {
        return;
    }
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (strcasecmp(name, levels[i].name) == 0) {
            log->level = levels[i].level;
            return;
        }
    }
    weir_log_write(log, WEIR_LOG_WARN,
        "AWS_LAMBDA_LOG_LEVEL is not one of TRACE, DEBUG, INFO, WARN, ERROR, FATAL");
}

static void set_format(struct weir_log *log)
{
    const char *name = weir_env_text("AWS_LAMBDA_LOG_FORMAT", NULL);

    log->json = weir_env_text("AWS_LAMBDA_MAX_CONCURRENCY", NULL) != NULL ||
                (name != NULL && strcasecmp(name, "JSON") == 0);
    if (name != NULL && strcasecmp(name, "JSON") != 0 && strcasecmp(name, "Text") != 0) {
        weir_log_write(log, WEIR_LOG_WARN, "AWS_LAMBDA_LOG_FORMAT is not one of JSON, Text");
    }
}

/* A connection to the socket, or -1 with errno set: EAGAIN when it is not accepted at once. */
static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

void weir_log_env(struct weir_log *log)
{
    const char *path = weir_env_text(SOCKET_NAME, NULL);

    set_format(log);
    weir_log_level(log, getenv("AWS_LAMBDA_LOG_LEVEL"));
    if (path != NULL) {
        int fd = connect_to(path);
        if (fd < 0) {
            weir_log_write(log, WEIR_LOG_WARN, SOCKET_NAME ": %s", weir_reason(errno));
        } else {
            log->fd = fd;
            log->lost = &lost;
        }
    }
}
