/* dotenv.c - .env line by line. */
#include "config/dotenv.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"

#define NAME_BYTES_MAX  128
#define VALUE_BYTES_MAX ((size_t)64 * 1024)

struct line {
    const char *file;
    int number;
    const char *p; /* where reading stands */
    const char *end;
    struct mig_error *err;
};

static bool fail(const struct line *line, const char *what)
{
    mig_fail(line->err, MIG_ERR_CONFIG, "%s:%d: %s", line->file, line->number, what);
    return mig_hint(line->err, "a line is NAME=VALUE, NAME='VALUE' or NAME=\"VALUE\"");
}

static void skip_spaces(struct line *line)
{
    while (line->p < line->end && (*line->p == ' ' || *line->p == '\t'))
        line->p++;
}

static bool is_name_char(char c, bool first)
{
    return c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (!first && c >= '0' && c <= '9');
}

static bool read_name(struct line *line, char **ret)
{
    const char *start = line->p;
    while (line->p < line->end && is_name_char(*line->p, line->p == start))
        line->p++;
    size_t len = (size_t)(line->p - start);
    if (len == 0)
        return fail(line, "a name must begin here: letters, digits and _");
    if (len > NAME_BYTES_MAX)
        return fail(line, "the name is too long");
    if (line->p == line->end || *line->p != '=')
        return fail(line, "there must be a = right after the name");
    line->p++;
    *ret = mig_strndup(start, len);
    return true;
}

/* The character that \c stands for, or 0. */
static char unescape(char c)
{
    switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case '\\':
    case '"':
    case '$': return c;
    default: return 0;
    }
}

/* to has room for the rest of the line. */
static bool read_quoted(struct line *line, char *to, size_t *len)
{
    char quote = *line->p++;
    for (; line->p < line->end && *line->p != quote; line->p++) {
        char c = *line->p;
        if (quote == '"' && c == '\\') {
            if (++line->p == line->end)
                break;
            c = unescape(*line->p);
            if (!c)
                return fail(line, "only \\n, \\r, \\t, \\\\, \\\" and \\$ may follow a backslash");
        }
        to[(*len)++] = c;
    }
    if (line->p >= line->end)
        return fail(line, "the quote is not closed");
    line->p++;
    const char *after = line->p;
    skip_spaces(line);
    if (line->p < line->end && (*line->p != '#' || line->p == after))
        return fail(line, "something follows the closing quote");
    return true;
}

static bool read_value(struct line *line, char *to, size_t *len)
{
    const char *start = line->p;
    skip_spaces(line);
    if (line->p < line->end && (*line->p == '"' || *line->p == '\''))
        return read_quoted(line, to, len);
    for (; line->p < line->end; line->p++) {
        bool after_space = line->p > start && (line->p[-1] == ' ' || line->p[-1] == '\t');
        if (*line->p == '#' && after_space)
            break;
        to[(*len)++] = *line->p;
    }
    while (*len > 0 && (to[*len - 1] == ' ' || to[*len - 1] == '\t'))
        --*len;
    return true;
}

static bool read_line(struct line *line, struct cfg_dotenv *ret)
{
    skip_spaces(line);
    if (line->p == line->end || *line->p == '#')
        return true;
    if (line->end - line->p > 7 && strncmp(line->p, "export", 6) == 0 &&
        (line->p[6] == ' ' || line->p[6] == '\t')) {
        line->p += 6;
        skip_spaces(line);
    }
    if ((size_t)(line->end - line->p) > NAME_BYTES_MAX + VALUE_BYTES_MAX)
        return fail(line, "the line is too long");
    struct cfg_dotenv_pair pair = { .line = line->number };
    if (!read_name(line, &pair.name))
        return false;
    const struct cfg_dotenv_pair *other = cfg_dotenv_find(ret, pair.name);
    if (other) {
        mig_fail(line->err, MIG_ERR_CONFIG, "%s:%d: %s is set twice, first in line %d", line->file,
                 line->number, pair.name, other->line);
        free(pair.name);
        return false;
    }
    pair.value = mig_alloc((size_t)(line->end - line->p) + 1);
    ret->pairs = mig_grow(ret->pairs, ret->count, &ret->room, sizeof *ret->pairs);
    ret->pairs[ret->count++] = pair;
    size_t len = 0;
    bool ok = read_value(line, pair.value, &len);
    pair.value[len] = '\0';
    return ok;
}

bool cfg_dotenv_parse(const char *file_name, const char *text, size_t len, struct cfg_dotenv *ret,
                      struct mig_error *err)
{
    *ret = (struct cfg_dotenv){ 0 };
    struct line line = { .file = file_name, .err = err };
    if (len > CFG_DOTENV_MAX)
        return mig_fail(err, MIG_ERR_LIMIT, "%s is larger than %zu bytes", file_name, CFG_DOTENV_MAX);
    const char *end = text + len;
    const char *at = len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? text + 3 : text;
    bool ok = true;
    while (ok && at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        line.number++;
        line.p = at;
        line.end = newline ? newline : end;
        at = newline ? newline + 1 : end;
        if (line.end > line.p && line.end[-1] == '\r')
            line.end--;
        size_t bytes = (size_t)(line.end - line.p);
        if (line.number > CFG_DOTENV_LINES_MAX)
            ok = mig_fail(err, MIG_ERR_LIMIT, "%s has more than %d lines", file_name, CFG_DOTENV_LINES_MAX);
        else if (memchr(line.p, '\0', bytes) || mig_utf8_check(line.p, bytes) < bytes)
            ok = fail(&line, "the line is not UTF-8 text");
        else
            ok = read_line(&line, ret);
    }
    if (!ok)
        cfg_dotenv_done(ret);
    return ok;
}

const struct cfg_dotenv_pair *cfg_dotenv_find(const struct cfg_dotenv *dotenv, const char *name)
{
    for (size_t i = 0; i < dotenv->count; i++) {
        if (strcmp(dotenv->pairs[i].name, name) == 0)
            return &dotenv->pairs[i];
    }
    return NULL;
}

void cfg_dotenv_done(struct cfg_dotenv *dotenv)
{
    for (size_t i = 0; i < dotenv->count; i++) {
        sodium_memzero(dotenv->pairs[i].value, strlen(dotenv->pairs[i].value));
        free(dotenv->pairs[i].value);
        free(dotenv->pairs[i].name);
    }
    free(dotenv->pairs);
    *dotenv = (struct cfg_dotenv){ 0 };
}
