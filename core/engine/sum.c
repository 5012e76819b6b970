/* sum.c - migtui.sum: what the directory held when somebody last looked at all of it.
 *
 *     migtui.sum 1 <head>
 *     <file> <raw> <sem>
 *     …
 *
 * The head chains the lines: h0 = SHA-256 of "migtui.sum 1\n", h(i) = SHA-256 of h(i-1) in hex, a space, and
 * line i with its newline; the last one is the head. So every file that is added, edited or removed moves the
 * first line, and two branches that both add one get a conflict that a merge must look at (after Atlas's
 * atlas.sum). docs/reference/migration-files.md describes it for others to check.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/rows.h"
#include "base/text.h"
#include "engine/catalog_private.h"

#define OPENING     "migtui.sum 1"
#define WORD        "migtui.sum "
#define HEX         (MIG_SHA256_HEX - 1)
#define LINE_MAX_   1024
#define TEXT_MAX_   (64u * 1024 * 1024)
#define PROBLEM_MAX 2000
#define SHOWN       5

/* ---- writing ---- */

static void chain(char head[static MIG_SHA256_HEX], const char *line, size_t len)
{
    MIG_AUTOBUF struct mig_buf text;
    mig_buf_init(&text, HEX + 1 + len + 1);
    mig_buf_add(&text, head, HEX);
    mig_buf_char(&text, ' ');
    mig_buf_add(&text, line, len);
    mig_sha256_hex(text.text, text.len, head);
}

/* The lines of a catalog, and their head. */
static void sum_lines(const struct mig_catalog *catalog, struct mig_buf *lines,
                      char head[static MIG_SHA256_HEX])
{
    mig_sha256_hex(OPENING "\n", sizeof OPENING, head);
    for (size_t i = 0; i < catalog->count; i++) {
        const struct mig_migration *migration = &catalog->items[i];
        size_t begin = lines->len;
        mig_buf_str(lines, migration->file);
        mig_buf_char(lines, ' ');
        mig_buf_str(lines, migration->raw);
        mig_buf_char(lines, ' ');
        mig_buf_str(lines, migration->sem);
        mig_buf_char(lines, '\n');
        chain(head, lines->text + begin, lines->len - begin);
    }
}

char *mig_sum_text(const struct mig_catalog *catalog)
{
    MIG_AUTOBUF struct mig_buf lines;
    MIG_AUTOBUF struct mig_buf text;
    char head[MIG_SHA256_HEX];
    mig_buf_init(&lines, TEXT_MAX_);
    mig_buf_init(&text, TEXT_MAX_);
    sum_lines(catalog, &lines, head);
    mig_buf_str(&text, OPENING " ");
    mig_buf_str(&text, head);
    mig_buf_char(&text, '\n');
    mig_buf_add(&text, lines.text, lines.len);
    return mig_buf_detach(&text);
}

/* ---- reading ---- */

struct line {
    const char *name; /* within the text, not ended */
    size_t name_len;
    const char *raw; /* HEX characters */
    const char *sem;
    size_t number;
};

struct sum {
    const char *head;
    struct line *lines;
    size_t count;
    size_t room;
};

/* A line's length without its end, which may be CRLF; *ret_next is the next line. */
static size_t line_length(const char *text, const char **ret_next)
{
    size_t len = strcspn(text, "\n");
    *ret_next = text + len + (text[len] == '\n');
    return len > 0 && text[len - 1] == '\r' ? len - 1 : len;
}

static bool is_hex(const char *text)
{
    return strspn(text, "0123456789abcdef") >= HEX;
}

/* NAME RAW SEM, read from its end: digests have a known length. */
static bool read_line(const char *text, size_t len, struct line *ret)
{
    if (len < 2 * (HEX + 1) + 1)
        return false;
    ret->name = text;
    ret->name_len = len - 2 * (HEX + 1);
    ret->raw = text + ret->name_len + 1;
    ret->sem = ret->raw + HEX + 1;
    return ret->raw[-1] == ' ' && ret->sem[-1] == ' ' && is_hex(ret->raw) && is_hex(ret->sem);
}

/* False: *ret_why says which line cannot be read; the caller frees. */
static bool read_sum(const char *text, struct sum *ret, char **ret_why)
{
    const char *next;
    size_t len = line_length(text, &next);
    *ret = (struct sum){ 0 };
    if (strncmp(text, WORD, sizeof WORD - 1) != 0) {
        *ret_why = mig_strdup("line 1 is not \"migtui.sum 1 DIGEST\"");
        return false;
    }
    if (strncmp(text, OPENING " ", sizeof OPENING) != 0) {
        *ret_why = mig_strdup("it is of another format than 1, the one this migtui knows");
        return false;
    }
    ret->head = text + sizeof OPENING;
    if (len != sizeof OPENING + HEX || !is_hex(ret->head)) {
        *ret_why = mig_strdup("line 1 has no digest of 64 hex digits");
        return false;
    }
    for (size_t number = 2; *next; number++) {
        struct line line = { .number = number };
        const char *begin = next;
        len = line_length(begin, &next);
        if (len == 0)
            continue;
        if (!read_line(begin, len, &line)) {
            *ret_why = mig_printf("line %zu is not \"FILE RAW SEM\"%s", number,
                                  strspn(begin, "<=>") >= 7 ? "; a merge left its marks" : "");
            return false;
        }
        ret->lines = mig_grow(ret->lines, ret->count, &ret->room, sizeof *ret->lines);
        ret->lines[ret->count++] = line;
    }
    return true;
}

/* ---- comparing ---- */

/* Lines and migrations meet by name; both are sorted by it for that. */
static int compare_lines(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    size_t least = x->name_len < y->name_len ? x->name_len : y->name_len;
    int order = memcmp(x->name, y->name, least);
    return order ? order : (x->name_len > y->name_len) - (x->name_len < y->name_len);
}

static const struct line *find_line(const struct sum *sum, const char *name)
{
    struct line key = { .name = name, .name_len = strlen(name) };
    return sum->count ? bsearch(&key, sum->lines, sum->count, sizeof key, compare_lines) : NULL;
}

struct differences {
    struct mig_buf text;
    size_t count;
};

static void differ(struct differences *d, const char *name, size_t len, const char *how)
{
    MIG_AUTOFREE char *copy = mig_strndup(name, len);
    MIG_AUTOFREE char *shown = mig_text_safe_dup(copy, 100);
    if (d->count++ < SHOWN)
        mig_buf_printf(&d->text, "%s%s %s", d->count > 1 ? "; " : "", shown, how);
}

static void compare_files(const struct mig_catalog *catalog, const struct sum *sum, struct differences *d)
{
    for (size_t i = 0; i < catalog->count; i++) {
        const struct mig_migration *migration = &catalog->items[i];
        const struct line *line = find_line(sum, migration->file);
        size_t len = strlen(migration->file);
        if (!line)
            differ(d, migration->file, len, "is not in migtui.sum");
        else if (memcmp(line->sem, migration->sem, HEX) != 0)
            differ(d, migration->file, len, "has changed");
        else if (memcmp(line->raw, migration->raw, HEX) != 0)
            differ(d, migration->file, len, "has changed, but only the text");
    }
}

static int compare_names(const void *a, const void *b)
{
    return compare_lines(a, b);
}

/* Lines whose file is gone. A file that is there but could not be read has a problem of its own. */
static void compare_removed(const struct mig_file *files, size_t count, const struct sum *sum,
                            struct differences *d)
{
    struct line *names = mig_alloc_n(count, sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = (struct line){ .name = files[i].name, .name_len = strlen(files[i].name) };
    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 0; i < sum->count; i++) {
        const struct line *line = &sum->lines[i];
        if (i > 0 && compare_lines(line, line - 1) == 0)
            differ(d, line->name, line->name_len, "is there twice");
        else if (!count || !bsearch(line, names, count, sizeof *names, compare_lines))
            differ(d, line->name, line->name_len, "was removed");
    }
    free(names);
}

char *mig_sum_problem(const struct mig_catalog *catalog, const struct mig_file *files, size_t count,
                      const char *sum_text)
{
    struct sum sum;
    struct differences d = { .count = 0 };
    char *why = NULL;
    char head[MIG_SHA256_HEX];
    if (!read_sum(sum_text, &sum, &why)) {
        free(sum.lines);
        return why;
    }
    mig_buf_init(&d.text, PROBLEM_MAX);
    if (sum.count)
        qsort(sum.lines, sum.count, sizeof *sum.lines, compare_lines);
    compare_files(catalog, &sum, &d);
    compare_removed(files, count, &sum, &d);
    if (d.count > SHOWN)
        mig_buf_printf(&d.text, "; and %zu more", d.count - SHOWN);
    if (d.count == 0) {
        MIG_AUTOBUF struct mig_buf lines;
        mig_buf_init(&lines, TEXT_MAX_);
        sum_lines(catalog, &lines, head);
        if (memcmp(head, sum.head, HEX) != 0 && catalog->count == sum.count)
            mig_buf_str(&d.text,
                        "line 1 does not belong to the lines below it: a merge or a hand has edited them");
    }
    free(sum.lines);
    if (d.text.len)
        why = mig_buf_detach(&d.text);
    mig_buf_done(&d.text);
    return why;
}
