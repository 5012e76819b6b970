/* cmd_project.c - init, new, verify-dir: the files of a project. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/timefmt.h"
#include "cli/cli.h"
#include "cli/files.h"
#include "config/config.h"

#define TEXT_MAX  (64UL * 1024 * 1024)
#define TITLE_MAX 200
#define SUM_NAME  "migtui.sum"
#define FOLDER    "migrations"

/* What was made, for text and JSON alike. */
static void tell_made(struct cli *cli, const char *const *paths, size_t count)
{
    if (cli->format == CLI_TEXT) {
        struct mig_buf text MIG_AUTOBUF;
        mig_buf_init(&text, TEXT_MAX);
        for (size_t i = 0; i < count; i++)
            mig_buf_printf(&text, "%s\n", paths[i]);
        cli_out(cli, &text);
        return;
    }
    bson_t doc MIG_AUTODOC = BSON_INITIALIZER;
    bson_t files;
    BSON_APPEND_ARRAY_BEGIN(&doc, "files", &files);
    for (size_t i = 0; i < count; i++) {
        char buffer[16];
        const char *key;
        size_t len = bson_uint32_to_string((uint32_t)i, &key, buffer, sizeof buffer);
        bson_append_utf8(&files, key, (int)len, paths[i], -1);
    }
    bson_append_array_end(&doc, &files);
    cli_out_document(cli, &doc);
}

int cli_init(struct cli *cli, struct mig_error *err)
{
    char here[4096] = "";
    const char *project = cli->line->argument_count ? cli->line->arguments[0] : NULL;
    if (!project && getcwd(here, sizeof here)) {
        project = strrchr(here, '/');
        project = project && project[1] ? project + 1 : "project";
    }
    struct mig_buf text MIG_AUTOBUF;
    mig_buf_init(&text, TEXT_MAX);
    cfg_template(&text, project ? project : "project");
    if (!cli_file_create(CFG_FILE_NAME, text.text, text.len, err))
        return CLI_FAILED;
    if (mkdir(FOLDER, 0777) != 0 && errno != EEXIST) {
        char reason[128];
        mig_fail(err, MIG_ERR_IO, FOLDER " cannot be made: %s", strerror_r(errno, reason, sizeof reason));
        return CLI_FAILED;
    }
    const char *made[] = { CFG_FILE_NAME, FOLDER "/" };
    tell_made(cli, made, 2);
    cli_say(cli, "Next: name your environments in " CFG_FILE_NAME ", then migtui new TITLE");
    return 0;
}

/* The words of the title, joined. */
static char *title_of(const struct mig_cmdline *line)
{
    struct mig_buf title MIG_AUTOBUF;
    mig_buf_init(&title, 64UL * 1024);
    for (size_t i = 0; i < line->argument_count; i++)
        mig_buf_printf(&title, "%s%s", i ? " " : "", line->arguments[i]);
    return mig_buf_detach(&title);
}

/* True when a file of the folder has the version: two made within a second must not share one. */
static bool version_taken(const char *folder, const char *version)
{
    size_t len = strlen(version);
    bool taken = false;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && !taken && (entry = readdir(dir));)
        taken = strncmp(entry->d_name, version, len) == 0 && !isdigit((unsigned char)entry->d_name[len]);
    if (dir)
        closedir(dir);
    return taken;
}

int cli_new(struct cli *cli, struct mig_error *err)
{
    char *title MIG_AUTOFREE = title_of(cli->line);
    char *safe MIG_AUTOFREE = mig_text_safe_dup(title, TITLE_MAX + 1);
    if (strcmp(safe, title) != 0 || strlen(title) > TITLE_MAX) {
        mig_fail(err, MIG_ERR_USAGE, "the title is one line of at most %d bytes, without control characters",
                 TITLE_MAX);
        return CLI_FAILED;
    }
    char *slug MIG_AUTOFREE = mig_slug(title);
    if (!slug[0]) {
        mig_fail(err, MIG_ERR_USAGE, "the title '%s' has no letter or digit to name a file after", safe);
        return CLI_FAILED;
    }
    const char *dir = cli->app->config->migrations;
    if (mkdir(dir, 0777) == 0)
        cli_say(cli, "made %s", dir);
    char version[MIG_TIME_SIZE];
    int64_t now = cli->host->ops->wall_ms(cli->host);
    for (mig_time_version(now, version); version_taken(dir, version); mig_time_version(now, version))
        now += 1000;
    char *path MIG_AUTOFREE = mig_printf("%s/%s_%s.jsonc", dir, version, slug);
    char *text MIG_AUTOFREE = mig_migration_template(version, title);
    if (!cli_file_create(path, text, strlen(text), err))
        return CLI_FAILED;
    const char *shown = path;
    char here[4096];
    size_t len = getcwd(here, sizeof here) ? strlen(here) : 0;
    if (len > 0 && strncmp(path, here, len) == 0 && path[len] == '/')
        shown = path + len + 1;
    tell_made(cli, &shown, 1);
    return 0;
}

/* ---- verify-dir ---- */

static void append_problems(bson_t *doc, const struct mig_problems *problems)
{
    bson_t list;
    BSON_APPEND_ARRAY_BEGIN(doc, "problems", &list);
    for (size_t i = 0; i < problems->count; i++) {
        char buffer[16];
        const char *key;
        size_t len = bson_uint32_to_string((uint32_t)i, &key, buffer, sizeof buffer);
        bson_t item;
        bson_append_document_begin(&list, key, (int)len, &item);
        BSON_APPEND_UTF8(&item, "name", mig_error_name(problems->items[i].code));
        BSON_APPEND_UTF8(&item, "message", problems->items[i].message);
        BSON_APPEND_UTF8(&item, "hint", problems->items[i].hint);
        bson_append_document_end(&list, &item);
    }
    bson_append_array_end(doc, &list);
}

static void tell_verified(struct cli *cli, const struct mig_catalog *catalog,
                          const struct mig_problems *problems, bool has_sum, bool written)
{
    if (cli->format == CLI_TEXT) {
        struct mig_buf text MIG_AUTOBUF;
        mig_buf_init(&text, TEXT_MAX);
        for (size_t i = 0; i < problems->count; i++) {
            mig_buf_printf(&text, "%s\n", problems->items[i].message);
            if (problems->items[i].hint[0])
                mig_buf_printf(&text, "    %s\n", problems->items[i].hint);
        }
        if (problems->count == 0 && !cli->quiet) {
            mig_text_count(&text, catalog->count, "migration");
            mig_buf_printf(&text, " read, all good; %s\n",
                           written    ? SUM_NAME " written"
                           : !has_sum ? "there is no " SUM_NAME " (migtui verify-dir --write makes one)"
                           : catalog->sum_problem ? SUM_NAME " disagrees"
                                                  : SUM_NAME " agrees");
        }
        cli_out(cli, &text);
        return;
    }
    bson_t doc MIG_AUTODOC = BSON_INITIALIZER;
    BSON_APPEND_INT64(&doc, "migrations", (int64_t)catalog->count);
    append_problems(&doc, problems);
    BSON_APPEND_UTF8(&doc, "sum",
                     written                ? "written"
                     : !has_sum             ? "none"
                     : catalog->sum_problem ? "differs"
                                            : "agrees");
    BSON_APPEND_UTF8(&doc, "sumProblem", catalog->sum_problem ? catalog->sum_problem : "");
    cli_out_document(cli, &doc);
}

int cli_verify_dir(struct cli *cli, struct mig_error *err)
{
    struct mig_problems problems = { 0 };
    struct mig_catalog *catalog = NULL;
    if (!cli->app->read_catalog(cli->app->ports_ctx, MIG_CATALOG_NO_BODIES, &catalog, &problems, err)) {
        mig_problems_done(&problems);
        return CLI_FAILED;
    }
    char *sum MIG_AUTOFREE = mig_printf("%s/" SUM_NAME, cli->app->config->migrations);
    bool has_sum = access(sum, F_OK) == 0;
    bool write = mig_cmdline_has(cli->line, MIG_OPT_WRITE);
    int status = 0;
    if (write && problems.count == 0) {
        char *text MIG_AUTOFREE = mig_sum_text(catalog);
        if (!cli_file_replace(sum, text, strlen(text), err))
            status = CLI_FAILED;
    }
    if (status == 0) {
        tell_verified(cli, catalog, &problems, has_sum, write && problems.count == 0);
        if (problems.count > 0) {
            *err = problems.items[0];
            mig_fail(err, problems.items[0].code, "%zu problem%s in %s", problems.count,
                     problems.count == 1 ? "" : "s", cli->app->config->migrations);
            status = CLI_FAILED;
        } else if (catalog->sum_problem && !write) {
            mig_fail(err, MIG_ERR_INTEGRITY, SUM_NAME ": %s", catalog->sum_problem);
            mig_hint(err, "when the folder is as it should be: migtui verify-dir --write");
            status = CLI_FAILED;
        }
    }
    mig_problems_done(&problems);
    mig_catalog_free(catalog);
    return status;
}
