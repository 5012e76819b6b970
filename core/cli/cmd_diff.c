/* cmd_diff.c - two environments, files and an environment, or one migration's text and what ran. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "app/look.h"
#include "app/runs.h"
#include "app/textdiff.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/out_status.h"

#define TEXT_MAX (512UL * 1024 * 1024)
#define CONTEXT  3

/* One difference between two sides; borrowed from the looks. */
struct difference {
    const char *version;
    const char *title;
    const char *left, *right; /* what each side says of it */
    const char *reason;
    enum cli_ink left_ink, right_ink;
};

struct differences {
    struct difference *items;
    size_t count, room;
};

static void add(struct differences *list, struct difference difference)
{
    list->items = mig_grow(list->items, list->count, &list->room, sizeof *list->items);
    list->items[list->count++] = difference;
}

static bool ran(const struct mig_view *view)
{
    return view && view->record && view->record->state == MIG_RECORD_APPLIED;
}

/* Same state, and where both ran, from the same text. */
static bool agree(const struct mig_view *a, const struct mig_view *b)
{
    if (!a || !b)
        return false;
    if (ran(a) && ran(b))
        return a->state == b->state && strcmp(a->record->sem, b->record->sem) == 0;
    bool a_open = a->state == MIG_PENDING || a->state == MIG_LATE || a->state == MIG_BLOCKED;
    bool b_open = b->state == MIG_PENDING || b->state == MIG_LATE || b->state == MIG_BLOCKED;
    return a->state == b->state || (a_open && b_open);
}

static void compare_environments(const struct mig_look *left, const struct mig_look *right,
                                 struct differences *list)
{
    size_t i = 0;
    size_t j = 0;
    while (i < left->views.count || j < right->views.count) {
        const struct mig_view *a = i < left->views.count ? &left->views.items[i] : NULL;
        const struct mig_view *b = j < right->views.count ? &right->views.items[j] : NULL;
        int order = !a ? 1 : !b ? -1 : mig_version_compare(a->version, b->version);
        i += order <= 0;
        j += order >= 0;
        a = order <= 0 ? a : NULL;
        b = order >= 0 ? b : NULL;
        if (agree(a, b))
            continue;
        bool other_text = ran(a) && ran(b) && strcmp(a->record->sem, b->record->sem) != 0;
        add(list, (struct difference){ .version = a ? a->version : b->version,
                                       .title = a ? a->title : b->title,
                                       .left = a ? mig_state_word(a->state) : "unknown",
                                       .right = b ? mig_state_word(b->state) : "unknown",
                                       .left_ink = a ? cli_state_ink(a->state) : CLI_ASIDE,
                                       .right_ink = b ? cli_state_ink(b->state) : CLI_ASIDE,
                                       .reason = other_text ? "they ran from different texts" : "" });
    }
}

static void compare_files(const struct mig_look *look, struct differences *list)
{
    for (size_t i = 0; i < look->views.count; i++) {
        const struct mig_view *view = &look->views.items[i];
        if (view->state == MIG_APPLIED && !view->raw_only_change)
            continue;
        add(list,
            (struct difference){ .version = view->version,
                                 .title = view->title,
                                 .left = view->migration ? "file" : "no file",
                                 .right = mig_state_word(view->state),
                                 .right_ink = cli_state_ink(view->state),
                                 .reason = view->reason ? view->reason
                                           : view->raw_only_change
                                               ? "the file's bytes moved since it ran, its meaning did not"
                                               : "" });
    }
}

static void tell(struct cli *cli, const char *left, const char *right, const struct differences *list)
{
    if (cli->format != CLI_TEXT) {
        bson_t doc MIG_AUTODOC = BSON_INITIALIZER;
        bson_t items;
        BSON_APPEND_UTF8(&doc, "left", left);
        BSON_APPEND_UTF8(&doc, "right", right);
        BSON_APPEND_ARRAY_BEGIN(&doc, "differences", &items);
        for (size_t i = 0; i < list->count; i++) {
            char buffer[16];
            const char *key;
            size_t len = bson_uint32_to_string((uint32_t)i, &key, buffer, sizeof buffer);
            bson_t item;
            bson_append_document_begin(&items, key, (int)len, &item);
            BSON_APPEND_UTF8(&item, "version", list->items[i].version);
            BSON_APPEND_UTF8(&item, "title", list->items[i].title ? list->items[i].title : "");
            BSON_APPEND_UTF8(&item, "left", list->items[i].left);
            BSON_APPEND_UTF8(&item, "right", list->items[i].right);
            BSON_APPEND_UTF8(&item, "reason", list->items[i].reason);
            bson_append_document_end(&items, &item);
        }
        bson_append_array_end(&doc, &items);
        cli_out_document(cli, &doc);
        return;
    }
    struct mig_buf text MIG_AUTOBUF;
    mig_buf_init(&text, TEXT_MAX);
    const char *head[] = { "VERSION", "TITLE", left, right, "" };
    struct cli_table *table = cli_table_new(&cli->out, 5);
    cli_table_head(table, head);
    cli_table_elastic(table, 1);
    for (size_t i = 0; i < list->count; i++) {
        const struct difference *item = &list->items[i];
        cli_table_cell(table, CLI_PLAIN, item->version);
        cli_table_cell(table, CLI_PLAIN, item->title ? item->title : "");
        cli_table_cell(table, item->left_ink, item->left);
        cli_table_cell(table, item->right_ink, item->right);
        cli_table_cell(table, CLI_PLAIN, item->reason);
    }
    cli_table_print(table, 0, &text);
    cli_table_free(table);
    if (list->count == 0 && !cli->quiet)
        mig_buf_printf(&text, "%s and %s agree\n", left, right);
    cli_out(cli, &text);
}

/* One environment twice or two of them: the same look serves both forms. */
static int diff_looks(struct cli *cli, const struct cfg_environment *const *envs, size_t count,
                      struct mig_error *err)
{
    struct mig_catalog *catalog = NULL;
    if (!cli_catalog(cli, MIG_CATALOG_NO_BODIES, false, &catalog, err))
        return CLI_FAILED;
    struct mig_looks looks;
    struct differences list = { 0 };
    int status = CLI_FAILED;
    mig_looks_take(cli->app, envs, count, catalog, &looks);
    /* Looks come in the configuration's order; the words of the command decide the sides. */
    const struct mig_look *side[2] = { NULL, NULL };
    for (size_t i = 0; i < looks.count; i++) {
        for (size_t k = 0; k < count; k++) {
            if (looks.items[i].env == envs[k])
                side[k] = &looks.items[i];
        }
    }
    const struct mig_look *dead = !side[0]->reachable                ? side[0]
                                  : count > 1 && !side[1]->reachable ? side[1]
                                                                     : NULL;
    if (dead) {
        *err = dead->error;
        cli->env = dead->env;
    } else {
        if (count > 1)
            compare_environments(side[0], side[1], &list);
        else
            compare_files(side[0], &list);
        tell(cli, count > 1 ? envs[0]->name : "files", count > 1 ? envs[1]->name : envs[0]->name, &list);
        status = list.count > 0 ? mig_error_exit(MIG_ERR_INTEGRITY) : 0;
    }
    free(list.items);
    mig_looks_done(&looks);
    mig_catalog_free(catalog);
    return status;
}

/* ---- texts ---- */

static void tell_texts(struct cli *cli, const struct cfg_environment *env, const char *version,
                       const char *file, const struct mig_diff *diff)
{
    struct mig_buf text MIG_AUTOBUF;
    mig_buf_init(&text, TEXT_MAX);
    char *old_name MIG_AUTOFREE = mig_printf("%s (ran on %s)", version, env->name);
    mig_diff_unified(diff, old_name, file, CONTEXT, &text);
    if (cli->format != CLI_TEXT) {
        bson_t doc MIG_AUTODOC = BSON_INITIALIZER;
        BSON_APPEND_UTF8(&doc, "environment", env->name);
        BSON_APPEND_UTF8(&doc, "version", version);
        BSON_APPEND_UTF8(&doc, "file", file);
        BSON_APPEND_INT64(&doc, "added", (int64_t)diff->added);
        BSON_APPEND_INT64(&doc, "removed", (int64_t)diff->removed);
        BSON_APPEND_UTF8(&doc, "diff", text.text);
        cli_out_document(cli, &doc);
        return;
    }
    struct mig_buf painted MIG_AUTOBUF;
    mig_buf_init(&painted, TEXT_MAX);
    for (char *rest = text.text, *line; rest[0] && (line = strsep(&rest, "\n"));) {
        bool name = strncmp(line, "---", 3) == 0 || strncmp(line, "+++", 3) == 0;
        enum cli_ink ink = name             ? CLI_HEAD
                           : line[0] == '+' ? CLI_GOOD
                           : line[0] == '-' ? CLI_BAD
                           : line[0] == '@' ? CLI_ASIDE
                                            : CLI_PLAIN;
        cli_ink(&painted, &cli->out, ink, line);
        mig_buf_char(&painted, '\n');
        if (!rest)
            break;
    }
    if (diff->added + diff->removed == 0 && !cli->quiet)
        mig_buf_printf(&painted, "%s is what ran on %s\n", file, env->name);
    cli_out(cli, &painted);
}

static int diff_texts(struct cli *cli, const struct cfg_environment *env, const char *version,
                      struct mig_error *err)
{
    struct mig_catalog *catalog = NULL;
    char *kept MIG_AUTOFREE = NULL;
    if (!cli_catalog(cli, MIG_CATALOG_KEEP_TEXT | MIG_CATALOG_NO_BODIES, false, &catalog, err))
        return CLI_FAILED;
    int status = CLI_FAILED;
    const struct mig_migration *migration = mig_catalog_find(catalog, version);
    if (!mig_ran_text(cli->app, env, migration ? migration->version : version, &kept, err)) {
        status = CLI_FAILED;
    } else {
        struct mig_diff diff;
        mig_diff_texts(kept, migration && migration->text ? migration->text : "", &diff);
        tell_texts(cli, env, version, migration ? migration->file : "no file", &diff);
        status = diff.added + diff.removed ? mig_error_exit(MIG_ERR_INTEGRITY) : 0;
        mig_diff_done(&diff);
    }
    mig_catalog_free(catalog);
    return status;
}

int cli_diff(struct cli *cli, struct mig_error *err)
{
    const struct mig_cmdline *line = cli->line;
    const struct cfg_environment *envs[2] = { mig_app_environment(cli->app, line->arguments[0], err), NULL };
    if (!envs[0])
        return CLI_FAILED;
    if (line->argument_count == 1)
        return diff_looks(cli, envs, 1, err);
    const char *second = line->arguments[1];
    if (!cfg_environment_find(cli->app->config, second) && isdigit((unsigned char)second[0]))
        return diff_texts(cli, envs[0], second, err);
    envs[1] = mig_app_environment(cli->app, second, err);
    if (!envs[1])
        return CLI_FAILED;
    if (envs[0] == envs[1]) {
        mig_fail(err, MIG_ERR_USAGE, "diff: %s is the same as itself", second);
        return CLI_FAILED;
    }
    return diff_looks(cli, envs, 2, err);
}
