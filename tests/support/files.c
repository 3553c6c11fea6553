#include "tests/support/files.h"

#include "core/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static FILE *open_file(const char *path)
{
    FILE *f = fopen(path, "re");

    if (f == NULL) {
        fail_msg("%s: cannot be opened (tests run in the root of the tree)", path);
    }
    return f;
}

char *files_text(const char *path)
{
    FILE *f = open_file(path);
    char *text = calloc(1, WEIR_MIB);

    assert_non_null(text);
    const size_t n = fread(text, 1, WEIR_MIB - 1, f);
    assert_in_range(n, 1, WEIR_MIB - 2);
    fclose(f);
    return text;
}

void files_lines(const char *path, size_t n, void (*each)(char *line))
{
    FILE *f = open_file(path);
    char *line = NULL;
    size_t cap = 0, lines = 0;

    while (getline(&line, &cap, f) > 0) {
        each(line);
        lines++;
    }
    assert_int_equal(lines, n);
    free(line);
    fclose(f);
}

void files_example_in_doc(const char *test, const char *doc)
{
    static const char mark[] = "/* EXAMPLE */\n";
    char *code = files_text(test), *text = files_text(doc);
    char *begin = strstr(code, mark);

    assert_non_null(begin);
    begin += sizeof mark - 1;
    char *end = strstr(begin, mark);
    assert_non_null(end);
    *end = '\0';
    assert_non_null(strstr(text, begin));
    free(code);
    free(text);
}
