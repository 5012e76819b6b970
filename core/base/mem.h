/* mem.h - allocation that never returns NULL.
 *
 * Out of memory ends the process with one line on standard error, as libbson itself does: write-ahead
 * intents make that as safe as a kill (docs/concepts/crash-safety.md). Sizes are checked for overflow.
 */
#ifndef MIG_BASE_MEM_H
#define MIG_BASE_MEM_H

#include <stddef.h>

void *mig_alloc(size_t size) __attribute__((malloc, returns_nonnull));         /* zeroed */
void *mig_alloc_n(size_t count, size_t size) __attribute__((returns_nonnull)); /* zeroed */
void *mig_realloc_n(void *old, size_t count, size_t size) __attribute__((returns_nonnull));
char *mig_strdup(const char *text) __attribute__((returns_nonnull)); /* NULL is "" */
char *mig_strndup(const char *text, size_t len) __attribute__((returns_nonnull));
char *mig_strdup_or_null(const char *text);
char *mig_printf(const char *fmt, ...) __attribute__((returns_nonnull, format(printf, 1, 2)));

/* Room for one more element in a growing array: call as
 *     list->items = mig_grow(list->items, list->count, &list->room, sizeof *list->items);
 * New elements are not zeroed. */
void *mig_grow(void *items, size_t count, size_t *room, size_t size) __attribute__((returns_nonnull));

#endif
