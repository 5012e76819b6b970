/* settings.c - every option in effect: its value, and where that came from. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "views/classes.h"
#include "views/rows.h"

static bool is_of(const char *name, const struct cfg_environment *env)
{
    static const char section[] = "environments.";
    size_t len = env ? strlen(env->name) : 0;
    return !env ||
           (strncmp(name, section, sizeof section - 1) == 0 &&
            strncmp(name + sizeof section - 1, env->name, len) == 0 && name[sizeof section - 1 + len] == '.');
}

static struct mig_seen_rows *build(const struct view_frame *frame, const struct cfg_environment *env)
{
    const struct cfg_config *config = frame->snapshot->config;
    struct mig_seen_rows *rows = mig_seen_rows_new();
    for (size_t i = 0; i < config->value_count; i++) {
        const struct cfg_value *value = &config->values[i];
        if (!is_of(value->name, env))
            continue;
        struct mig_buf text MIG_AUTOBUF;
        mig_buf_init(&text, 4096);
        bson_t *row = view_rows_add(rows);
        BSON_APPEND_UTF8(row, "name", value->name);
        BSON_APPEND_UTF8(row, "value", value->text ? value->text : "");
        cfg_origin_print(config, value, &text);
        BSON_APPEND_UTF8(row, "origin", text.text);
        BSON_APPEND_BOOL(row, "set", value->origin.from != CFG_FROM_DEFAULT);
        BSON_APPEND_UTF8(row, "doc", value->option->doc ? value->option->doc : "");
        BSON_APPEND_UTF8(row, "fallback", value->option->fallback ? value->option->fallback : "");
        mig_buf_reset(&text);
        cfg_option_limits(value->option, &text);
        BSON_APPEND_UTF8(row, "limits", text.text);
    }
    return rows;
}

static enum tui_style value_cell(const bson_t *row, const struct view_frame *frame, char *ret, size_t size)
{
    (void)frame;
    snprintf(ret, size, "%s", mig_doc_str(row, "value", ""));
    return mig_doc_bool(row, "set", true) ? TUI_STRONG : TUI_PLAIN;
}

static enum tui_style origin_cell(const bson_t *row, const struct view_frame *frame, char *ret, size_t size)
{
    (void)frame;
    snprintf(ret, size, "%s", mig_doc_str(row, "origin", ""));
    return mig_doc_bool(row, "set", true) ? TUI_PLAIN : TUI_DIM;
}

// clang-format off
static const struct view_rows_column columns[] = {
    { { .title = "OPTION", .min = 20, .max = 36, .rank = 8 }, NULL, "name" },
    { { .title = "VALUE",  .min = 14, .max = 0,  .rank = 7 }, value_cell, NULL },
    { { .title = "FROM",   .min = 14, .max = 20, .rank = 6 }, origin_cell, NULL },
};
// clang-format on

static void detail(const bson_t *row, const struct view_frame *frame, struct mig_buf *out)
{
    (void)frame;
    view_rows_fact_of(out, "option", row, "name");
    view_rows_fact_of(out, "is", row, "doc");
    view_rows_fact_of(out, "value", row, "value");
    view_rows_fact_of(out, "from", row, "origin");
    view_rows_fact_of(out, "default", row, "fallback");
    view_rows_fact_of(out, "may be", row, "limits");
}

static const char *const identity[] = { "name", NULL };

static const struct view_rows_kind kind = {
    .of_none = true,
    .build = build,
    .noun = "settings",
    .empty = "No option of it is set, and none has a default.",
    .columns = columns,
    .column_count = sizeof columns / sizeof columns[0],
    .id = identity,
    .detail = detail,
};

static const struct view_key keys[] = { VIEW_ROWS_KEYS{ 0 } };

static struct view *settings_open(size_t count, char *const *words, const struct view_frame *frame,
                                  struct mig_error *err)
{
    mig_error_clear(err);
    const struct cfg_environment *env =
        view_has(count, words, "--env") ? view_env_option(count, words, frame, true, err) : NULL;
    return view_list_open(&view_settings, &kind, env, err);
}

static void act(struct view *view, const struct view_frame *frame, const char *action,
                const struct tui_event *event, struct view_answer *ret)
{
    ret->handled = view_rows_act(&((struct view_list *)(void *)view)->rows, frame, action, event);
}

const struct view_class view_settings = {
    .name = "settings",
    .title = "Settings",
    .keys = keys,
    .open = settings_open,
    .close = view_list_close,
    .update = view_list_update,
    .draw = view_list_draw,
    .act = act,
    .wants = view_list_wants,
    .plain = view_list_plain,
    .subject = view_list_subject,
};
