/* manifest.h - what was written, beside it: <archive>.json, readable without a database.
 *
 * Layout: docs/reference/backups.md. Written when the archive is on disk under its name, so an archive without a manifest is
 * one whose backup did not finish.
 */
#ifndef MIG_APP_BACKUP_MANIFEST_H
#define MIG_APP_BACKUP_MANIFEST_H

#include "app/backup.h"
#include "app/backup/survey.h"

#define MANIFEST_FORMAT "migtui-backup-1"
#define MANIFEST_SUFFIX ".json"
#define MANIFEST_MAX    ((size_t)64 * 1024 * 1024)

/* What a manifest says of one namespace. */
struct manifest_part {
    char name[256];
    char type[16];
    int64_t documents, bytes;
    char crc64[17]; /* hex; "" when it is not known (other tools) */
    int64_t indexes;
};

struct manifest {
    struct mig_backup backup; /* as much of it as a manifest has */
    char project[128];
    struct manifest_part *parts;
    size_t count;
};

/* The archive's name for a backup: <environment>-<database>-<id>.archive.gz, with what no file name may have replaced. */
void manifest_archive_name(const struct mig_backup *backup, char *ret, size_t size);

bool manifest_write(struct mig_storage *storage, const char *archive, const struct manifest *manifest,
                    struct mig_error *err);
/* False: there is none, or it is none of ours; *err says which. */
bool manifest_read(struct mig_storage *storage, const char *archive, struct manifest *ret,
                   struct mig_error *err);
void manifest_done(struct manifest *manifest);

#endif
