/* golden.h - texts kept in the tree: what a test says now is held against them. */
#ifndef MIG_TESTS_GOLDEN_H
#define MIG_TESTS_GOLDEN_H

#include <stddef.h>

/* A whole file, "" when it is not there or empty; free it. */
char *golden_file_text(const char *path);
/* Fails the test when it cannot be written. */
void golden_file_write(const char *path, const char *text, size_t len);

/* Fails the test, with the difference on standard error, when the file of the source tree ("tests/golden/plan-80x24.txt") is not
 * this text. With UPDATE_GOLDEN in the environment it is written instead. */
void golden_compare(const char *file, const char *now);

#endif
