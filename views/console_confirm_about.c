/* console_confirm_about.c - what an act without a plan of its own is about: a request, or a backup. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/timefmt.h"
#include "views/console_private.h"

static bool is_backup(const struct mig_cmdline *line, const char *word)
{
    return line->command->id == MIG_COMMAND_BACKUP && line->argument_count > 0 &&
           strcmp(line->arguments[0], word) == 0;
}

bool confirm_writes(const struct mig_cmdline *line)
{
    return (line->command->flags & MIG_CMD_MUTATES) || is_backup(line, "drill") || is_backup(line, "prune");
}

/* Words of a request or backup that is named, or NULL. */
static const char *named(const struct mig_cmdline *line)
{
    size_t at = line->command->id == MIG_COMMAND_BACKUP || line->command->id == MIG_COMMAND_GLASS ? 1 : 0;
    return line->argument_count > at ? line->arguments[at] : NULL;
}

bool confirm_list_of(const struct mig_cmdline *line, enum mig_query_kind *ret)
{
    const char *name = named(line);
    switch (line->command->id) {
    case MIG_COMMAND_APPROVE:
    case MIG_COMMAND_REJECT:
    case MIG_COMMAND_WITHDRAW:
    case MIG_COMMAND_GLASS: *ret = MIG_QUERY_REQUESTS; return true;
    case MIG_COMMAND_RESTORE:
    case MIG_COMMAND_BACKUP:
        *ret = MIG_QUERY_BACKUPS;
        if (is_backup(line, "take") || is_backup(line, "prune"))
            return false;
        return !name || mig_ulid_valid(name); /* else a path: no record tells of it */
    default: return false;
    }
}

/* May the act be about it, when nothing is named? */
static bool is_meant(const struct mig_cmdline *line, const bson_t *row)
{
    const char *state = mig_doc_str(row, "state", "");
    bool glass = strcmp(mig_doc_str(row, "kind", "run"), "glass") == 0;
    switch (line->command->id) {
    case MIG_COMMAND_GLASS: return glass && strcmp(state, "open") == 0;
    case MIG_COMMAND_WITHDRAW:
        return !glass && (strcmp(state, "waiting") == 0 || strcmp(state, "approved") == 0);
    case MIG_COMMAND_APPROVE:
    case MIG_COMMAND_REJECT: return !glass && strcmp(state, "waiting") == 0;
    default: return strcmp(state, "finished") == 0;
    }
}

static bool is_of_backup(const struct mig_cmdline *line)
{
    return line->command->id == MIG_COMMAND_BACKUP || line->command->id == MIG_COMMAND_RESTORE;
}

static bool none_fits(const struct mig_cmdline *line, const struct cfg_environment *env, const bson_t *row,
                      size_t fitting, struct mig_error *err)
{
    bool backup = is_of_backup(line);
    const char *name = named(line);
    const char *noun = backup                                   ? "backup"
                       : line->command->id == MIG_COMMAND_GLASS ? "broken glass"
                                                                : "request";
    if (row)
        mig_fail(err, MIG_ERR_FAILED, "%s %s is %s: %s is not for it", noun, name,
                 mig_doc_str(row, "state", "over"), line->command->name);
    else if (name)
        mig_fail(err, MIG_ERR_FAILED, "%s has no %s %.40s", env->name, noun, name);
    else if (fitting > 1)
        mig_fail(err, MIG_ERR_USAGE, "which one? %zu requests wait on %s", fitting, env->name);
    else
        mig_fail(err, MIG_ERR_FAILED, "no %s %s on %s", noun, backup ? "has finished" : "waits", env->name);
    return mig_hint(err, "%s shows what there is", backup ? ":view backups" : ":view requests");
}

bool confirm_choose(const struct mig_cmdline *line, const struct cfg_environment *env,
                    const struct mig_seen_rows *rows, bson_t **ret, struct mig_error *err)
{
    const char *name = named(line);
    const bson_t *found = NULL;
    size_t fitting = 0;
    for (size_t i = 0; i < rows->count; i++) {
        const bson_t *row = rows->items[i];
        bool fits = name ? strcmp(mig_doc_str(row, is_of_backup(line) ? "backup" : "request", ""), name) == 0
                         : is_meant(line, row);
        fitting += fits;
        if (fits && (!found || !is_of_backup(line))) /* newest first: of backups the first */
            found = row;
    }
    bool one = fitting == 1 || (fitting > 1 && is_of_backup(line));
    if (!one || !is_meant(line, found))
        return none_fits(line, env, name && one ? found : NULL, fitting, err);
    *ret = bson_copy(found);
    return true;
}

char *confirm_requested_plan(const bson_t *row)
{
    struct mig_buf out MIG_AUTOBUF;
    mig_buf_init(&out, 64UL * 1024);
    bool down = strcmp(mig_doc_str(row, "direction", "up"), "down") == 0;
    int64_t count = mig_doc_int(row, "migrations", 0);
    mig_buf_printf(&out, "run %s", down ? "rollback" : "apply");
    for (int64_t i = 0; i < count; i++) {
        char path[64];
        snprintf(path, sizeof path, "plan.migrations.%lld.version", (long long)i);
        const char *version = mig_doc_str(row, path, "");
        if (!version[0] || strspn(version, "0123456789") != strlen(version))
            return NULL; /* not what migtui has written: it is shown, and not asked about */
        mig_buf_printf(&out, " %s", version);
    }
    return out.overflow || count == 0 ? NULL : mig_buf_detach(&out);
}

void confirm_wanted(struct console *console, char *ret, size_t size)
{
    struct console_confirm *confirm = &console->confirm;
    const struct mig_cmdline *line = &confirm->line;
    ret[0] = '\0';
    if (line->command->id == MIG_COMMAND_RESTORE) { /* the name that was shown, though the clock goes on */
        char time[MIG_TIME_SIZE];
        const char *into = mig_cmdline_value(line, MIG_OPT_INTO);
        mig_time_version(console->host->ops->wall_ms(console->host), time);
        if (into)
            snprintf(confirm->into, sizeof confirm->into, "%s", into);
        else
            snprintf(confirm->into, sizeof confirm->into, "%.30s_restored_%.14s", confirm->env->database,
                     time);
    }
    if (!confirm->env->is_protected)
        return;
    if (line->command->id == MIG_COMMAND_RESTORE)
        snprintf(ret, size, "%s", confirm->into);
    else if (line->command->id == MIG_COMMAND_BACKUP)
        snprintf(ret, size, "%s", confirm_writes(line) ? confirm->env->database : "");
    else if (line->command->id == MIG_COMMAND_STOP)
        snprintf(ret, size, "%s", confirm->env->database);
    else if ((line->command->flags & MIG_CMD_PROTECTED) || line->command->id == MIG_COMMAND_APPROVE)
        snprintf(ret, size, "%s %zu", confirm->env->database, confirm->count);
}
