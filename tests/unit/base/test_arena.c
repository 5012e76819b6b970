/* Texts that are kept and let go together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"

static void a_text_stays_where_it_is_however_many_follow(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    struct mig_arena arena = { 0 };
    char **kept = mig_alloc_n(MANY, sizeof *kept);
    char text[32];
    size_t bytes = 0;
    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof text, "text %d", i);
        kept[i] = mig_arena_text(&arena, text);
        bytes += strlen(text) + 1;
    }
    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof text, "text %d", i);
        assert_string_equal(kept[i], text);
    }
    assert_int_equal(mig_arena_bytes(&arena), bytes);
    free(kept);
    mig_arena_done(&arena);
    assert_null(arena.newest);
}

static void a_text_larger_than_any_piece_is_kept_whole(void **state)
{
    (void)state;
    struct mig_arena arena = { 0 };
    size_t len = 1 << 20;
    char *large = mig_alloc(len + 1);
    memset(large, 'x', len);
    char *before = mig_arena_text(&arena, "");
    char *kept = mig_arena_text(&arena, large);
    char *after = mig_arena_text(&arena, "small");
    assert_string_equal(before, "");
    assert_string_equal(kept, large);
    assert_string_equal(after, "small");
    free(large);
    mig_arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_stays_where_it_is_however_many_follow),
        cmocka_unit_test(a_text_larger_than_any_piece_is_kept_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
