/* tool_lines.c - "TIME\tMESSAGE"; three of the messages mean something. */
#include "app/backup/tool_lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"

/* Behind the time and the tab that mongodump puts before each line. */
static const char *message_of(const char *line)
{
    const char *stamp = strpbrk(line, "\t ");
    return stamp && stamp - line >= 20 && line[4] == '-' && line[10] == 'T' ? stamp + 1 : line;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* The number that ends where end points; -1: there is none. */
static int64_t number_ending(const char *text, const char *end)
{
    const char *begin = end;
    int64_t value = -1;
    while (begin > text && begin[-1] >= '0' && begin[-1] <= '9')
        begin--;
    MIG_AUTOFREE char *digits = mig_strndup(begin, (size_t)(end - begin));
    return mig_text_int(digits, 0, INT64_MAX, &value) ? value : -1;
}

static int64_t number_before(const char *text, const char *word)
{
    const char *at = strstr(text, word);
    return at && at > text && at[-1] == ' ' ? number_ending(text, at - 1) : -1;
}

/* ---- progress ---- */

/* The bar of a collection; NULL when all are taken. */
static int64_t *bar_of(struct tool_lines *lines, const char *name)
{
    int empty = -1;
    for (int i = 0; i < TOOL_BARS; i++) {
        if (strcmp(lines->bars[i].name, name) == 0)
            return &lines->bars[i].done;
        if (!lines->bars[i].name[0] && empty < 0)
            empty = i;
    }
    if (empty < 0)
        return NULL;
    snprintf(lines->bars[empty].name, sizeof lines->bars[empty].name, "%s", name);
    return &lines->bars[empty].done;
}

/* A name as bars and messages have it: up to a blank, without its backquotes. */
static void copy_name(const char *from, char ret[static 128])
{
    size_t len = strcspn(from, " ");
    if (len > 1 && from[0] == '`' && from[len - 1] == '`') {
        from++;
        len -= 2;
    }
    snprintf(ret, 128, "%.*s", (int)(len < 127 ? len : 127), from);
    mig_utf8_trim(ret);
}

/* "[####....]  db.coll  1234/5000  (24.7%)" */
static bool take_progress(struct tool_lines *lines, const char *text)
{
    const char *end = strchr(text, ']');
    const char *slash = strrchr(text, '/');
    if (text[0] != '[' || !end || !slash || slash < end)
        return false;
    int64_t done = number_ending(text, slash);
    if (done < 0)
        return false;
    copy_name(end + 1 + strspn(end + 1, " "), lines->at);
    int64_t *bar = bar_of(lines, lines->at);
    if (bar)
        *bar = done;
    return true;
}

/* "done dumping `db.coll` (12 documents)" */
static bool take_done(struct tool_lines *lines, const char *text)
{
    static const char word[] = "done dumping ";
    const char *bracket = strrchr(text, '(');
    char name[128];
    if (!begins(text, word) || !bracket)
        return false;
    int64_t count = number_ending(bracket + 1, bracket + 1 + strspn(bracket + 1, "0123456789"));
    copy_name(text + strlen(word), name);
    for (int i = 0; i < TOOL_BARS; i++) {
        if (strcmp(lines->bars[i].name, name) == 0)
            memset(&lines->bars[i], 0, sizeof lines->bars[i]);
    }
    lines->claimed += count > 0 ? count : 0;
    lines->collections_claimed++;
    return true;
}

/* ---- the rest ---- */

static void keep_why(struct tool_lines *lines, const char *text)
{
    bool said = begins(text, "Failed: ");
    if ((lines->why_known && !said) || begins(text, "writing ") || begins(text, "try 'mongodump --help'"))
        return;
    snprintf(lines->why, sizeof lines->why, "%.250s", said ? text + strlen("Failed: ") : text);
    mig_utf8_trim(lines->why);
    lines->why_known = said;
}

bool tool_lines_take(struct tool_lines *lines, const char *line, const char **ret_text)
{
    const char *text = message_of(line);
    *ret_text = text;
    if (take_progress(lines, text) || take_done(lines, text))
        return true;
    int64_t failed = number_before(text, "document(s) failed");
    if (failed > 0)
        lines->failed += failed;
    if (strstr(text, "mongodb://") ||
        strstr(text, "mongodb+srv://")) /* may be the very string with its password */
        *ret_text = text = "(a line with a connection string, not shown)";
    keep_why(lines, text);
    return false;
}

int64_t tool_lines_documents(const struct tool_lines *lines)
{
    int64_t sum = lines->claimed;
    for (int i = 0; i < TOOL_BARS; i++)
        sum += lines->bars[i].done;
    return sum;
}
