/* options.c - rows.h as a table, and what follows from a row. */
#include "config/options.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/rows.h"
#include "config/config.h"
#include "config/rows.h"
#include "config/schema.h"

// clang-format off
#define NEED true
#define OPT false

#define COMMON(section_, prefix, s, key_, type_, member_, need, fallback_, low_, high_, choices_, doc_) \
    .name = prefix key_, .key = key_, .section = section_, .type = CFG_##type_, .is_needed = need, \
    .fallback = fallback_, .low = low_, .high = high_, .choices = choices_, .doc = doc_, \
    .member = offsetof(struct cfg_##s, member_), .raw = offsetof(struct cfg_raw_##s, member_)

#define ROW_X(section_, prefix, s, ...) { COMMON(section_, prefix, s, __VA_ARGS__) },
#define ROW_L(section_, prefix, s, key_, type_, member_, ...) \
    { COMMON(section_, prefix, s, key_, type_, member_, __VA_ARGS__), .is_list = true, \
      .raw_count = offsetof(struct cfg_raw_##s, member_##_count) },

#define ENVIRONMENT_PREFIX "environments[]."
#define GATE_PREFIX ENVIRONMENT_PREFIX "gate."
#define ATLAS_PREFIX ENVIRONMENT_PREFIX "atlas."
#define NOTIFY_PREFIX "notify[]."

#define TOP_X(...) ROW_X(CFG_TOP, "", config, __VA_ARGS__)
#define TOP_L(...) ROW_L(CFG_TOP, "", config, __VA_ARGS__)
#define ENVIRONMENT_X(...) ROW_X(CFG_ENVIRONMENT, ENVIRONMENT_PREFIX, environment, __VA_ARGS__)
#define ENVIRONMENT_L(...) ROW_L(CFG_ENVIRONMENT, ENVIRONMENT_PREFIX, environment, __VA_ARGS__)
#define GATE_X(...) ROW_X(CFG_GATE, GATE_PREFIX, gate, __VA_ARGS__)
#define GATE_L(...) ROW_L(CFG_GATE, GATE_PREFIX, gate, __VA_ARGS__)
#define WINDOW_X(...) ROW_X(CFG_WINDOW, GATE_PREFIX "window.", window, __VA_ARGS__)
#define WINDOW_L(...) ROW_L(CFG_WINDOW, GATE_PREFIX "window.", window, __VA_ARGS__)
#define BACKUP_X(...) ROW_X(CFG_BACKUP, GATE_PREFIX "backup.", backup, __VA_ARGS__)
#define BACKUP_L(...) ROW_L(CFG_BACKUP, GATE_PREFIX "backup.", backup, __VA_ARGS__)
#define ATLAS_X(...) ROW_X(CFG_ATLAS, ATLAS_PREFIX, atlas, __VA_ARGS__)
#define ATLAS_L(...) ROW_L(CFG_ATLAS, ATLAS_PREFIX, atlas, __VA_ARGS__)
#define CREDENTIALS_X(...) ROW_X(CFG_CREDENTIALS, ATLAS_PREFIX "credentials.", credentials, __VA_ARGS__)
#define CREDENTIALS_L(...) ROW_L(CFG_CREDENTIALS, ATLAS_PREFIX "credentials.", credentials, __VA_ARGS__)
#define NOTIFY_X(...) ROW_X(CFG_NOTIFY, NOTIFY_PREFIX, notify, __VA_ARGS__)
#define NOTIFY_L(...) ROW_L(CFG_NOTIFY, NOTIFY_PREFIX, notify, __VA_ARGS__)
#define EMAIL_X(...) ROW_X(CFG_EMAIL, NOTIFY_PREFIX "email.", email, __VA_ARGS__)
#define EMAIL_L(...) ROW_L(CFG_EMAIL, NOTIFY_PREFIX "email.", email, __VA_ARGS__)

static const struct cfg_option options[] = {
    CFG_TOP_ROWS(TOP_X, TOP_L)
    CFG_ENVIRONMENT_ROWS(ENVIRONMENT_X, ENVIRONMENT_L)
    CFG_GATE_ROWS(GATE_X, GATE_L)
    CFG_WINDOW_ROWS(WINDOW_X, WINDOW_L)
    CFG_BACKUP_ROWS(BACKUP_X, BACKUP_L)
    CFG_ATLAS_ROWS(ATLAS_X, ATLAS_L)
    CFG_CREDENTIALS_ROWS(CREDENTIALS_X, CREDENTIALS_L)
    CFG_NOTIFY_ROWS(NOTIFY_X, NOTIFY_L)
    CFG_EMAIL_ROWS(EMAIL_X, EMAIL_L)
};
// clang-format on

static const char *const prefixes[CFG_SECTIONS] = {
    [CFG_TOP] = "",
    [CFG_ENVIRONMENT] = ENVIRONMENT_PREFIX,
    [CFG_GATE] = GATE_PREFIX,
    [CFG_WINDOW] = GATE_PREFIX "window.",
    [CFG_BACKUP] = GATE_PREFIX "backup.",
    [CFG_ATLAS] = ATLAS_PREFIX,
    [CFG_CREDENTIALS] = ATLAS_PREFIX "credentials.",
    [CFG_NOTIFY] = NOTIFY_PREFIX,
    [CFG_EMAIL] = NOTIFY_PREFIX "email.",
};

const struct cfg_option *cfg_options(size_t *ret_count)
{
    *ret_count = MIG_COUNT(options);
    return options;
}

const struct cfg_option *cfg_option_find(const char *name)
{
    for (size_t i = 0; i < MIG_COUNT(options); i++) {
        if (strcmp(options[i].name, name) == 0)
            return &options[i];
    }
    return NULL;
}

const char *cfg_section_prefix(enum cfg_section section)
{
    return prefixes[section];
}

bool cfg_option_is_settable(const struct cfg_option *option)
{
    return option->section == CFG_TOP && !option->is_list && strcmp(option->key, "version") != 0;
}

bool cfg_option_is_secret(const struct cfg_option *option)
{
    return option->type == CFG_SECRET || option->type == CFG_URI;
}

/* leaseSeconds with '_': lease_seconds. */
static void split_words(const char *key, char separator, char *to, size_t room)
{
    size_t used = 0;
    for (const char *p = key; *p && used + 2 < room; p++) {
        if (isupper((unsigned char)*p))
            to[used++] = separator;
        to[used++] = (char)tolower((unsigned char)*p);
    }
    to[used] = '\0';
}

void cfg_option_variable(const struct cfg_option *option, char ret[static CFG_OPTION_NAME_MAX])
{
    char words[CFG_OPTION_NAME_MAX - sizeof "MIGTUI_"];
    split_words(option->key, '_', words, sizeof words);
    for (char *p = words; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    snprintf(ret, CFG_OPTION_NAME_MAX, "MIGTUI_%s", words);
}

void cfg_option_flag(const struct cfg_option *option, char ret[static CFG_OPTION_NAME_MAX])
{
    char words[CFG_OPTION_NAME_MAX - sizeof "--"];
    split_words(option->key, '-', words, sizeof words);
    snprintf(ret, CFG_OPTION_NAME_MAX, "--%s", words);
}

static void print_duration(int64_t ms, struct mig_buf *out)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {
        { "d", CFG_MS_DAY }, { "h", CFG_MS_HOUR }, { "m", CFG_MS_MINUTE }, { "s", 1000 }, { "ms", 1 }
    };
    for (size_t i = 0; i < MIG_COUNT(units); i++) {
        if (ms >= units[i].ms && ms % units[i].ms == 0) {
            mig_buf_printf(out, "%lld%s", (long long)(ms / units[i].ms), units[i].unit);
            return;
        }
    }
    mig_buf_str(out, "0s");
}

/* What is said of a type whatever the row's limits are. */
static const char *const expected[CFG_TYPES] = {
    [CFG_PATH] = "a path",
    [CFG_NAME] = "a name of 1 to 32 of a-z, 0-9, _ and -, beginning with a letter or digit",
    [CFG_PREFIX] = "1 to 32 of a-z, A-Z, 0-9, _, - and ., beginning with a letter, not with system.",
    [CFG_DATABASE] = "a database's name: 1 to 63 bytes, none of /\\. \"$*<>:|?, not admin, local or config",
    [CFG_BOOL] = "true or false",
    [CFG_SECRET] = "a secret or a reference to one",
    [CFG_URI] = "a reference to a secret, or a mongodb:// or mongodb+srv:// connection string",
    [CFG_DAYS] = "days such as Mon-Thu or Mon,Wed,Fri",
    [CFG_ZONE] = "a name of the time zone database, such as Europe/Paris or UTC",
};

void cfg_option_limits(const struct cfg_option *option, struct mig_buf *out)
{
    if (option->type == CFG_INTEGER) {
        mig_buf_printf(out, option->low == option->high ? "%lld" : "%lld to %lld", (long long)option->low,
                       (long long)option->high);
    } else if (option->type == CFG_DURATION) {
        print_duration(option->low, out);
        mig_buf_str(out, " to ");
        print_duration(option->high, out);
    } else if (option->type == CFG_CHOICE) {
        for (const char *p = option->choices; *p; p++) {
            if (*p == '|')
                mig_buf_str(out, ", ");
            else
                mig_buf_char(out, *p);
        }
    }
}

void cfg_option_expects(const struct cfg_option *option, struct mig_buf *out)
{
    static const char *const before_limits[CFG_TYPES] = {
        [CFG_INTEGER] = "a whole number from ",
        [CFG_DURATION] = "a duration with its unit (ms, s, m, h, d) from ",
        [CFG_CHOICE] = "one of ",
    };
    if (expected[option->type])
        mig_buf_str(out, expected[option->type]);
    else if (option->type == CFG_TEXT || option->type == CFG_COMMAND)
        mig_buf_printf(out, "a text of %lld to %lld bytes without control characters", (long long)option->low,
                       (long long)option->high);
    else if (option->type == CFG_HEX)
        mig_buf_printf(out, "%lld hex digits", (long long)option->low);
    else if (option->type == CFG_CLOCK)
        mig_buf_printf(out, "a time from 00:00 to %s", option->high == 1440 ? "24:00" : "23:59");
    else if (option->type == CFG_INTEGER && option->low == option->high)
        mig_buf_printf(out, "%lld", (long long)option->low);
    else {
        mig_buf_str(out, before_limits[option->type]);
        cfg_option_limits(option, out);
    }
}
