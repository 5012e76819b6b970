/* textdiff.c - lines become numbers, equal lines equal numbers; then Myers on the numbers. */
#include "app/textdiff.h"

#include <bson/bson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"

struct lines {
    const char **text;
    size_t *len;
    size_t *number; /* equal lines have equal numbers, in both texts */
    bool *changed;
    size_t count;
    bool open; /* the last line has no newline */
};

struct walk {
    struct lines *a, *b;
    ptrdiff_t *forward, *backward; /* furthest x on each diagonal, indexed from the middle */
};

static size_t count_lines(const char *text)
{
    size_t count = 0;
    for (; *text; count++) {
        size_t len = strcspn(text, "\n");
        text += len + (text[len] == '\n');
    }
    return count;
}

static void lines_init(struct lines *lines, const char *text)
{
    lines->count = count_lines(text);
    lines->text = mig_alloc_n(lines->count + 1, sizeof *lines->text);
    lines->len = mig_alloc_n(lines->count + 1, sizeof *lines->len);
    lines->number = mig_alloc_n(lines->count + 1, sizeof *lines->number);
    lines->changed = mig_alloc_n(lines->count + 1, sizeof *lines->changed);
    lines->open = false;
    for (size_t i = 0; i < lines->count; i++) {
        size_t len = strcspn(text, "\n");
        lines->text[i] = text;
        lines->len[i] = len;
        lines->open = text[len] != '\n';
        text += len + !lines->open;
    }
}

static void lines_done(struct lines *lines)
{
    free(lines->text);
    free(lines->len);
    free(lines->number);
    free(lines->changed);
}

static uint64_t line_hash(const char *text, size_t len, bool open)
{
    uint64_t hash = 1469598103934665603U + open; /* FNV-1a */
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)text[i]) * 1099511628211U;
    return hash ^ hash >> 29;
}

/* Number the lines through one table of all distinct ones (open addressing, at most half full). */
static void lines_number(struct lines *a, struct lines *b)
{
    struct lines *both[] = { a, b };
    size_t slots = 16;
    while (slots < (a->count + b->count) * 2)
        slots *= 2;
    struct {
        const struct lines *lines;
        size_t at;
    } *table MIG_AUTOFREE = mig_alloc_n(slots, sizeof *table);
    size_t next = 0;
    for (int side = 0; side < 2; side++) {
        struct lines *lines = both[side];
        for (size_t i = 0; i < lines->count; i++) {
            bool open = lines->open && i + 1 == lines->count;
            size_t slot = line_hash(lines->text[i], lines->len[i], open) & (slots - 1);
            for (;; slot = (slot + 1) & (slots - 1)) {
                const struct lines *seen = table[slot].lines;
                size_t at = table[slot].at;
                if (!seen) {
                    table[slot].lines = lines;
                    table[slot].at = i;
                    lines->number[i] = next++;
                    break;
                }
                if (seen->len[at] == lines->len[i] && (seen->open && at + 1 == seen->count) == open &&
                    memcmp(seen->text[at], lines->text[i], lines->len[i]) == 0) {
                    lines->number[i] = seen->number[at];
                    break;
                }
            }
        }
    }
}

/* One more edit from the front: true when it meets the way from the back, at (*x, *y). */
static bool forward_step(struct walk *walk, ptrdiff_t a0, ptrdiff_t a1, ptrdiff_t b0, ptrdiff_t b1,
                         ptrdiff_t d, ptrdiff_t *x, ptrdiff_t *y)
{
    ptrdiff_t n = a1 - a0;
    ptrdiff_t m = b1 - b0;
    ptrdiff_t delta = n - m;
    for (ptrdiff_t k = -d; k <= d; k += 2) {
        bool down = k == -d || (k != d && walk->forward[k - 1] < walk->forward[k + 1]);
        ptrdiff_t at = down ? walk->forward[k + 1] : walk->forward[k - 1] + 1;
        while (at < n && at - k < m && at - k >= 0 &&
               walk->a->number[a0 + at] == walk->b->number[b0 + at - k])
            at++;
        walk->forward[k] = at;
        ptrdiff_t back = delta - k;
        if ((delta & 1) && back >= -(d - 1) && back <= d - 1 && at + walk->backward[back] >= n && at <= n &&
            at - k <= m && at - k >= 0) {
            *x = a0 + at;
            *y = b0 + at - k;
            return true;
        }
    }
    return false;
}

/* The same from the back; both texts are read in reverse. */
static bool backward_step(struct walk *walk, ptrdiff_t a0, ptrdiff_t a1, ptrdiff_t b0, ptrdiff_t b1,
                          ptrdiff_t d, ptrdiff_t *x, ptrdiff_t *y)
{
    ptrdiff_t n = a1 - a0;
    ptrdiff_t m = b1 - b0;
    ptrdiff_t delta = n - m;
    for (ptrdiff_t k = -d; k <= d; k += 2) {
        bool down = k == -d || (k != d && walk->backward[k - 1] < walk->backward[k + 1]);
        ptrdiff_t at = down ? walk->backward[k + 1] : walk->backward[k - 1] + 1;
        while (at < n && at - k < m && at - k >= 0 &&
               walk->a->number[a1 - 1 - at] == walk->b->number[b1 - 1 - (at - k)])
            at++;
        walk->backward[k] = at;
        ptrdiff_t front = delta - k;
        if (!(delta & 1) && front >= -d && front <= d && at + walk->forward[front] >= n && at <= n &&
            at - k <= m && at - k >= 0) {
            *x = a1 - at;
            *y = b1 - (at - k);
            return true;
        }
    }
    return false;
}

static bool middle(struct walk *walk, ptrdiff_t a0, ptrdiff_t a1, ptrdiff_t b0, ptrdiff_t b1, ptrdiff_t *x,
                   ptrdiff_t *y)
{
    walk->forward[1] = 0;
    walk->backward[1] = 0;
    for (ptrdiff_t d = 0; d <= MIG_DIFF_COST_MAX; d++) {
        if (forward_step(walk, a0, a1, b0, b1, d, x, y) || backward_step(walk, a0, a1, b0, b1, d, x, y))
            return true;
    }
    return false;
}

static void mark_changed(struct lines *lines, ptrdiff_t from, ptrdiff_t to)
{
    for (ptrdiff_t i = from; i < to; i++)
        lines->changed[i] = true;
}

/* Mark what differs between a[a0, a1) and b[b0, b1). Recursion halves the edits: its depth is logarithmic. */
static void compare(struct walk *walk, ptrdiff_t a0, ptrdiff_t a1, ptrdiff_t b0, ptrdiff_t b1)
{
    const size_t *a = walk->a->number;
    const size_t *b = walk->b->number;
    while (a0 < a1 && b0 < b1 && a[a0] == b[b0])
        a0++, b0++;
    while (a0 < a1 && b0 < b1 && a[a1 - 1] == b[b1 - 1])
        a1--, b1--;
    ptrdiff_t x, y;
    bool split = a0 < a1 && b0 < b1 && middle(walk, a0, a1, b0, b1, &x, &y);
    if (split && !(x == a0 && y == b0) && !(x == a1 && y == b1)) {
        compare(walk, a0, x, b0, y);
        compare(walk, x, a1, y, b1);
        return;
    }
    mark_changed(walk->a, a0, a1);
    mark_changed(walk->b, b0, b1);
}

static void put(struct mig_diff *diff, char mark, const struct lines *from, size_t i, size_t old_at,
                size_t new_at)
{
    diff->lines[diff->count++] = (struct mig_diff_line){ .mark = mark,
                                                         .text = from->text[i],
                                                         .len = from->len[i],
                                                         .old_number = old_at + 1,
                                                         .new_number = new_at + 1 };
    diff->added += mark == '+';
    diff->removed += mark == '-';
}

void mig_diff_texts(const char *old_text, const char *new_text, struct mig_diff *ret)
{
    struct lines a, b;
    lines_init(&a, old_text);
    lines_init(&b, new_text);
    lines_number(&a, &b);
    size_t span = 2 * (MIG_DIFF_COST_MAX + 2) + 1;
    ptrdiff_t *diagonals MIG_AUTOFREE = mig_alloc_n(2 * span, sizeof *diagonals);
    struct walk walk = {
        .a = &a, .b = &b, .forward = diagonals + span / 2, .backward = diagonals + span + span / 2
    };
    compare(&walk, 0, (ptrdiff_t)a.count, 0, (ptrdiff_t)b.count);

    *ret = (struct mig_diff){ .old_open = a.open, .new_open = b.open };
    ret->lines = mig_alloc_n(a.count + b.count + 1, sizeof *ret->lines);
    size_t i = 0;
    size_t j = 0;
    while (i < a.count || j < b.count) {
        if (i < a.count && a.changed[i]) {
            put(ret, '-', &a, i, i, j);
            i++;
        } else if (j < b.count && b.changed[j]) {
            put(ret, '+', &b, j, i, j);
            j++;
        } else {
            put(ret, ' ', &b, j, i, j);
            i++, j++;
        }
    }
    lines_done(&a);
    lines_done(&b);
}

void mig_diff_done(struct mig_diff *diff)
{
    free(diff->lines);
    *diff = (struct mig_diff){ 0 };
}

/* Where the hunk that begins at line `from` ends: after the last change that is within two contexts of the one before. */
static size_t hunk_end(const struct mig_diff *diff, size_t from, size_t context)
{
    size_t last = from;
    for (size_t i = from; i < diff->count && i <= last + 2 * context + 1; i++) {
        if (diff->lines[i].mark != ' ')
            last = i;
    }
    return last + context + 1 < diff->count ? last + context + 1 : diff->count;
}

static void print_range(struct mig_buf *out, size_t first, size_t count)
{
    mig_buf_printf(out, "%zu", count == 0 ? first - 1 : first);
    if (count != 1)
        mig_buf_printf(out, ",%zu", count);
}

static void print_hunk(const struct mig_diff *diff, size_t begin, size_t end, struct mig_buf *out)
{
    size_t old_count = 0;
    size_t new_count = 0;
    for (size_t i = begin; i < end; i++) {
        old_count += diff->lines[i].mark != '+';
        new_count += diff->lines[i].mark != '-';
    }
    mig_buf_str(out, "@@ -");
    print_range(out, diff->lines[begin].old_number, old_count);
    mig_buf_str(out, " +");
    print_range(out, diff->lines[begin].new_number, new_count);
    mig_buf_str(out, " @@\n");
    for (size_t i = begin; i < end; i++) {
        const struct mig_diff_line *line = &diff->lines[i];
        mig_buf_char(out, line->mark);
        mig_text_safe(out, line->text, line->len, SIZE_MAX, false);
        mig_buf_char(out, '\n');
        bool open = line->mark == '-' ? diff->old_open : diff->new_open;
        bool last = true;
        for (size_t k = i + 1; k < diff->count && last; k++)
            last = line->mark != ' ' && diff->lines[k].mark != ' ' && diff->lines[k].mark != line->mark;
        if (open && last)
            mig_buf_str(out, "\\ No newline at end of file\n");
    }
}

void mig_diff_unified(const struct mig_diff *diff, const char *old_name, const char *new_name, size_t context,
                      struct mig_buf *out)
{
    if (diff->added + diff->removed == 0)
        return;
    mig_buf_printf(out, "--- %s\n+++ %s\n", old_name, new_name);
    for (size_t i = 0; i < diff->count;) {
        if (diff->lines[i].mark == ' ') {
            i++;
            continue;
        }
        size_t begin = i > context ? i - context : 0;
        size_t end = hunk_end(diff, i, context);
        print_hunk(diff, begin, end, out);
        i = end;
    }
}
