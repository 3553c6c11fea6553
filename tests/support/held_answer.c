#include "tests/support/held_answer.h"

#include "tests/support/tempdir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void held_answer_gate(void)
{
    struct tempdir dir;

    (void)snprintf(dir.path, sizeof dir.path, "%s", getenv("WEIR_TEST_MARK"));
    tempdir_write(&dir, "come", "");
    while (!tempdir_exists(&dir, "go")) {
        (void)usleep(1000);
    }
}

bool held_answer_waits(const char *end)
{
    const size_t len = strlen(end);
    char p[4096];

    for (int fd = 3; fd < 64; fd++) {
        const ssize_t n = recv(fd, p, sizeof p, MSG_PEEK | MSG_DONTWAIT);
        if (n >= (ssize_t)len && memcmp(p + n - len, end, len) == 0) {
            return true;
        }
    }
    return false;
}
