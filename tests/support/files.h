#ifndef WEIR_TESTS_FILES_H
#define WEIR_TESTS_FILES_H

#include <stddef.h>

/*
 * Files of the tree, by their paths from its root, where tests run. What cannot be read fails the
 * test.
 */

/** files_text: the whole of a file, NUL-terminated, on the heap. */
char *files_text(const char *path);

/** files_lines: call `each` with each of the file's lines, of which there are n. It may change
 *  them. */
void files_lines(const char *path, size_t n, void (*each)(char *line));

#endif
