/* mem.c - allocation that ends the process rather than limp on half-built. */
#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *checked(void *p)
{
    if (!p) {
        static const char text[] = "migtui: out of memory\n";
        ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);
        (void)ignored;
        abort();
    }
    return p;
}

/* A bson_t wants 128 bytes of alignment, and so does every struct with one in it; calloc gives 16. The size of such a
 * struct is a multiple of 128, which tells them apart well enough: the others only get more than they need. */
#define WIDE 128

void *mig_alloc_n(size_t count, size_t size)
{
    size_t bytes;
    if (size == 0 || size % WIDE != 0)
        return checked(calloc(count ? count : 1, size ? size : 1));
    if (__builtin_mul_overflow(count ? count : 1, size, &bytes))
        return checked(NULL);
    return memset(checked(aligned_alloc(WIDE, bytes)), 0, bytes);
}

void *mig_alloc(size_t size)
{
    return mig_alloc_n(1, size);
}

void *mig_realloc_n(void *old, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return checked(NULL);
    return checked(realloc(old, bytes ? bytes : 1));
}

char *mig_strdup(const char *text)
{
    return checked(strdup(text ? text : ""));
}

char *mig_strndup(const char *text, size_t len)
{
    char *copy = checked(malloc(len + 1));
    if (len)
        memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *mig_strdup_or_null(const char *text)
{
    return text ? mig_strdup(text) : NULL;
}

char *mig_printf(const char *fmt, ...)
{
    va_list args;
    char *text = NULL;
    va_start(args, fmt);
    int n = vasprintf(&text, fmt, args);
    va_end(args);
    return checked(n < 0 ? NULL : text);
}

void *mig_grow(void *items, size_t count, size_t *room, size_t size)
{
    if (items && count < *room)
        return items;
    *room = *room ? *room * 2 : 8;
    return mig_realloc_n(items, *room, size);
}
