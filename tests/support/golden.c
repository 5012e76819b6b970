/* golden.c - texts kept in the tree. */
#include "support/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/textdiff.h"
#include "base/cleanup.h"
#include "base/mem.h"

#define GOLDEN_MAX (16UL << 20)

char *golden_file_text(const char *path)
{
    struct mig_buf text MIG_AUTOBUF;
    mig_buf_init(&text, GOLDEN_MAX);
    FILE *file = fopen(path, "rb");
    for (int c; file && (c = fgetc(file)) != EOF;)
        mig_buf_char(&text, (char)c);
    if (file)
        fclose(file);
    return mig_buf_detach(&text);
}

void golden_file_write(const char *path, const char *text, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

void golden_compare(const char *file, const char *now)
{
    const char *source = getenv("MIGTUI_SOURCE_DIR");
    char *path MIG_AUTOFREE = mig_printf("%s/%s", source ? source : ".", file);
    if (getenv("UPDATE_GOLDEN")) {
        golden_file_write(path, now, strlen(now));
        return;
    }
    char *wanted MIG_AUTOFREE = golden_file_text(path);
    if (strcmp(wanted, now) == 0)
        return;
    struct mig_diff diff;
    struct mig_buf text MIG_AUTOBUF;
    mig_buf_init(&text, GOLDEN_MAX);
    mig_diff_texts(wanted, now, &diff);
    mig_diff_unified(&diff, path, "now", 3, &text);
    mig_diff_done(&diff);
    fputs(text.text, stderr); /* cmocka would cut it */
    fail_msg("%s is not what it would be now; UPDATE_GOLDEN=1 writes it anew", file);
}
