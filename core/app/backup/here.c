/* here.c - what this host can take backups with, and where they would go. */
#include <stdio.h>
#include <string.h>

#include "app/backup.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"

#define VERSION_MS  5000
#define VERSION_MAX 8192

/* "mongodump version: 100.18.0" is its first line; builds of one's own have no number there. */
static void read_version(const char *text, char *ret, size_t size)
{
    static const char word[] = "version: ";
    size_t len = strcspn(text, "\n");
    MIG_AUTOFREE char *line = mig_strndup(text, len);
    const char *version = strstr(line, word);
    MIG_AUTOFREE char *safe = mig_text_safe_dup(version ? version + strlen(word) : "", size);
    snprintf(ret, size, "%s", safe);
    mig_utf8_trim(ret);
}

void mig_backup_here(struct mig_app *app, struct mig_backup_here *ret)
{
    static const char *const argv[] = { "mongodump", "--version", NULL };
    struct mig_buf out MIG_AUTOBUF;
    struct mig_error not_there;
    int status = -1;
    *ret = (struct mig_backup_here){ .space = -1 };
    mig_buf_init(&out, VERSION_MAX);
    ret->mongodump = app->host->ops->filter && app->host->ops->filter(app->host, argv, NULL, "", 0,
                                                                      VERSION_MS, &out, &status, &not_there);
    ret->mongodump = ret->mongodump && status == 0;
    if (ret->mongodump)
        read_version(out.text, ret->version, sizeof ret->version);
    struct mig_storage *storage = app->open_storage(app->ports_ctx, NULL);
    snprintf(ret->place, sizeof ret->place, "%s", storage->place);
    ret->space = storage->ops->space(storage);
    storage->ops->free(storage);
}
