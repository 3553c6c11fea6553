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

/** files_example_in_doc: what stands between a test's two lines that say EXAMPLE stands in this
 *  document, to the byte. */
void files_example_in_doc(const char *test, const char *doc);

#endif
