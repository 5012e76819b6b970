/* step_form.c - what texts must look like: one row a form. */
#include <string.h>

#include "base/text.h"
#include "engine/step_shape.h"

#define DIGITS      "0123456789"
#define ID_CHARS    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" DIGITS "_.-"
#define ID_MAX      64
#define NAME_MAX_   120
#define VERSION_MAX 20

/* MongoDB's rules, less what is the server's own and what is ours. */
static bool is_collection(const char *text, const char *prefix)
{
    size_t len = strlen(text);
    return len > 0 && len <= NAME_MAX_ && text[0] != '.' && !strchr(text, '$') &&
           strncmp(text, "system.", 7) != 0 && (!*prefix || strncmp(text, prefix, strlen(prefix)) != 0);
}

static bool is_id(const char *text, const char *prefix)
{
    (void)prefix;
    size_t len = strlen(text);
    return len > 0 && len <= ID_MAX && strspn(text, ID_CHARS) == len;
}

static bool is_version(const char *text, const char *prefix)
{
    (void)prefix;
    size_t len = strlen(text);
    return len > 0 && len <= VERSION_MAX && strspn(text, DIGITS) == len;
}

static bool is_rule(const char *text, const char *prefix)
{
    (void)prefix;
    return strlen(text) == 5 && text[0] == 'M' && text[1] == 'T' && strspn(text + 2, DIGITS) == 3;
}

/* Major and minor only: a plan compares these two. */
static bool is_server(const char *text, const char *prefix)
{
    (void)prefix;
    if (text[0] != '>' || text[1] != '=')
        return false;
    const char *major = text + 2;
    size_t len = strspn(major, DIGITS);
    if (len == 0 || len > 3 || major[len] != '.')
        return len > 0 && len <= 3 && major[len] == '\0';
    const char *minor = major + len + 1;
    len = strspn(minor, DIGITS);
    return len > 0 && len <= 3 && minor[len] == '\0';
}

static const struct {
    bool (*fits)(const char *text, const char *prefix);
    const char *words;
    const char *pattern;
} forms[MIG_FORMS] = {
    [MIG_FORM_COLLECTION] = { is_collection,
                              "the name of a collection: 1 to 120 bytes without '$', not beginning with '.', "
                              "system. or the prefix of migtui's own",
                              "^(?!system[.])[^.$][^$]*$" },
    [MIG_FORM_ID] = { is_id, "1 to 64 letters, digits, '_', '.' or '-'", "^[A-Za-z0-9_.-]{1,64}$" },
    [MIG_FORM_VERSION] = { is_version, "the version of a migration: 1 to 20 digits", "^[0-9]{1,20}$" },
    [MIG_FORM_RULE] = { is_rule, "the name of a lint rule, as MT016", "^MT[0-9]{3}$" },
    [MIG_FORM_SERVER] = { is_server, ">= and a major and minor version, as \">=4.4\"",
                          "^>=[0-9]{1,3}([.][0-9]{1,3})?$" },
};

bool mig_form_fits(enum mig_form form, const char *text, const char *prefix)
{
    return !forms[form].fits || forms[form].fits(text, prefix);
}

const char *mig_form_words(enum mig_form form)
{
    return forms[form].words;
}

const char *mig_form_pattern(enum mig_form form)
{
    return forms[form].pattern;
}
