/* value.c - texts into values: one small function a type, and a table of them. */
#include "config/value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/rows.h"
#include "base/text.h"

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* 1 to max bytes, all of `allowed`, the first of `first`. */
static bool is_word(const char *text, size_t max, const char *first, const char *allowed)
{
    size_t len = strlen(text);
    return len >= 1 && len <= max && strchr(first, text[0]) && strspn(text, allowed) == len;
}

static bool is_shown_safely(const char *text)
{
    for (size_t at = 0, len = strlen(text); at < len;) {
        size_t n;
        if (mig_char_is_unsafe(mig_utf8_decode(text + at, len - at, &n)) ||
            mig_utf8_len(text + at, len - at) == 0)
            return false;
        at += n;
    }
    return true;
}

static bool check_text(const struct cfg_option *option, const char *text)
{
    size_t len = strlen(text);
    return len >= (size_t)option->low && len <= (size_t)option->high && is_shown_safely(text);
}

static bool check_name(const struct cfg_option *option, const char *text)
{
    return is_word(text, (size_t)option->high, LOWER DIGITS, LOWER DIGITS "_-");
}

static bool check_prefix(const struct cfg_option *option, const char *text)
{
    return is_word(text, (size_t)option->high, LOWER UPPER, LOWER UPPER DIGITS "_-.") &&
           strncmp(text, "system.", 7) != 0;
}

static bool check_database(const struct cfg_option *option, const char *text)
{
    return check_text(option, text) && !strpbrk(text, "/\\. \"$*<>:|?") && strcmp(text, "admin") != 0 &&
           strcmp(text, "local") != 0 && strcmp(text, "config") != 0;
}

static bool check_hex(const struct cfg_option *option, const char *text)
{
    return strlen(text) == (size_t)option->low &&
           is_word(text, (size_t)option->high, DIGITS "abcdefABCDEF", DIGITS "abcdefABCDEF");
}

static bool check_zone(const struct cfg_option *option, const char *text)
{
    return is_word(text, (size_t)option->high, LOWER UPPER, LOWER UPPER DIGITS "_+-/") &&
           !strstr(text, "//") && text[strlen(text) - 1] != '/';
}

static bool read_integer(const struct cfg_option *option, const char *text, int64_t *ret)
{
    return mig_text_int(text, option->low, option->high, ret);
}

/* A bare number has no unit that two people would agree on; 0 needs none. */
static bool read_duration(const struct cfg_option *option, const char *text, int64_t *ret)
{
    size_t len = strlen(text);
    if (len == 0 || (isdigit((unsigned char)text[len - 1]) && strcmp(text, "0") != 0))
        return false;
    int64_t ms;
    if (!mig_text_duration(text, &ms) || ms < option->low || ms > option->high)
        return false;
    *ret = ms;
    return true;
}

static bool read_clock(const struct cfg_option *option, const char *text, int64_t *ret)
{
    if (strlen(text) != 5 || text[2] != ':' || strspn(text, DIGITS) != 2 || strspn(text + 3, DIGITS) != 2)
        return false;
    int64_t minutes = ((text[0] - '0') * 10 + text[1] - '0') * 60 + (text[3] - '0') * 10 + text[4] - '0';
    if (text[3] > '5' || minutes > option->high)
        return false;
    *ret = minutes;
    return true;
}

static bool read_bool(const char *text, bool *ret)
{
    static const char *const words[] = { "false", "true", "no", "yes", "off", "on" };
    for (size_t i = 0; i < MIG_COUNT(words); i++) {
        if (strcasecmp(text, words[i]) == 0) {
            *ret = i % 2;
            return true;
        }
    }
    return false;
}

static bool read_choice(const char *choices, const char *text, int *ret)
{
    size_t len = strlen(text);
    int index = 0;
    for (const char *p = choices;; index++) {
        size_t n = strcspn(p, "|");
        if (n == len && memcmp(p, text, n) == 0) {
            *ret = index;
            return true;
        }
        if (p[n] == '\0')
            return false;
        p += n + 1;
    }
}

/* ---- days ---- */

static int find_day(const char *text, size_t len)
{
    static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
    for (int i = 0; i < 7; i++) {
        if (len == 3 && strncasecmp(text, days[i], 3) == 0)
            return i;
    }
    return -1;
}

/* "Mon", "Mon-Thu", "Fri-Mon" */
static bool add_days(const char *text, size_t len, uint32_t *days)
{
    const char *dash = memchr(text, '-', len);
    int first = find_day(text, dash ? (size_t)(dash - text) : len);
    int last = dash ? find_day(dash + 1, len - (size_t)(dash + 1 - text)) : first;
    if (first < 0 || last < 0)
        return false;
    for (int day = first;; day = (day + 1) % 7) {
        *days |= 1U << day;
        if (day == last)
            return true;
    }
}

static bool read_days(const char *text, uint32_t *ret)
{
    uint32_t days = 0;
    for (const char *p = text;;) {
        p += strspn(p, " ");
        size_t n = strcspn(p, ",");
        size_t len = n;
        while (len > 0 && p[len - 1] == ' ')
            len--;
        if (!add_days(p, len, &days))
            return false;
        if (p[n] == '\0')
            break;
        p += n + 1;
    }
    *ret = days;
    return true;
}

/* ---- the table ---- */

static bool store_secret(const struct cfg_option *option, const char *text, struct cfg_secret_ref *ref,
                         const char **why)
{
    struct cfg_secret_ref parsed;
    size_t len = strlen(text);
    if (len == 0 || len > CFG_SECRET_MAX || (option->high < (int64_t)len)) {
        *why = "it is empty or too long";
        return false;
    }
    if (!cfg_secret_ref_parse(text, &parsed, why))
        return false;
    if (option->type == CFG_URI && parsed.kind == CFG_SECRET_LITERAL &&
        strncmp(text, "mongodb://", 10) != 0 && strncmp(text, "mongodb+srv://", 14) != 0) {
        cfg_secret_ref_done(&parsed);
        return false;
    }
    cfg_secret_ref_done(ref);
    *ref = parsed;
    return true;
}

static bool (*const checks[CFG_TYPES])(const struct cfg_option *, const char *) = {
    [CFG_TEXT] = check_text,     [CFG_PATH] = check_text,         [CFG_NAME] = check_name,
    [CFG_PREFIX] = check_prefix, [CFG_DATABASE] = check_database, [CFG_HEX] = check_hex,
    [CFG_ZONE] = check_zone,     [CFG_COMMAND] = check_text,
};

static bool (*const numbers[CFG_TYPES])(const struct cfg_option *, const char *, int64_t *) = {
    [CFG_INTEGER] = read_integer,
    [CFG_DURATION] = read_duration,
    [CFG_CLOCK] = read_clock,
};

bool cfg_value_check(const struct cfg_option *option, const char *text)
{
    int index;
    return option->type == CFG_CHOICE ? read_choice(option->choices, text, &index)
                                      : checks[option->type](option, text);
}

bool cfg_value_store(const struct cfg_option *option, const char *text, void *member, const char **why)
{
    *why = NULL;
    if (checks[option->type]) {
        if (option->type != CFG_COMMAND && strstr(text, "${")) {
            *why = "${…} works in uri and in secrets only";
            return false;
        }
        if (!checks[option->type](option, text))
            return false;
        char **slot = member;
        free(*slot);
        *slot = mig_strdup(text);
        return true;
    }
    if (numbers[option->type])
        return numbers[option->type](option, text, member);
    switch (option->type) {
    case CFG_BOOL: return read_bool(text, member);
    case CFG_CHOICE: return read_choice(option->choices, text, member);
    case CFG_DAYS: return read_days(text, member);
    default: return store_secret(option, text, member, why);
    }
}

void cfg_value_done(const struct cfg_option *option, void *member)
{
    if (option->is_list) {
        cfg_list_done(member);
    } else if (cfg_option_is_secret(option)) {
        cfg_secret_ref_done(member);
    } else if (checks[option->type]) {
        char **slot = member;
        free(*slot);
        *slot = NULL;
    }
}

char *cfg_value_nearest(const struct cfg_option *option, const char *text)
{
    if (!option->choices)
        return NULL;
    MIG_AUTOFREE char *copy = mig_strdup(option->choices);
    const char *words[32];
    size_t count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(copy, "|", &rest); word && count + 1 < MIG_COUNT(words);
         word = strtok_r(NULL, "|", &rest))
        words[count++] = word;
    words[count] = NULL;
    return mig_strdup_or_null(mig_text_nearest(text, words));
}

void cfg_list_add(struct cfg_list *list, const char *text, size_t len)
{
    list->items = mig_realloc_n(list->items, list->count + 1, sizeof *list->items);
    list->items[list->count++] = mig_strndup(text, len);
}

void cfg_list_done(struct cfg_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct cfg_list){ 0 };
}
