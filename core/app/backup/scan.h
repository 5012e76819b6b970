/* scan.h - an archive read from its first byte to its last, and held against its manifest. */
#ifndef MIG_APP_BACKUP_SCAN_H
#define MIG_APP_BACKUP_SCAN_H

#include "app/backup/manifest.h"
#include "archive/reader.h"

/* Told now and then while reading; bytes of the file. False stops: *err must be filled. */
typedef bool (*scan_progress_fn)(void *ctx, int64_t done, int64_t total, struct mig_error *err);

struct scan_options {
    const struct arc_sink *sink; /* what is found is handed on; may be NULL */
    scan_progress_fn progress;   /* may be NULL */
    void *progress_ctx;
};

/* What was read. */
struct scan {
    char sha256[MIG_SHA256_HEX];
    int64_t size;
    int64_t documents, bytes;
    struct arc_header header;
    char db[256]; /* the archive's database; "" when it has several, or none */
    struct manifest_part *parts;
    size_t count;
};

/* Read all of it. True: every block parsed and every CRC-64 agrees. *ret is filled then, and is to be freed by scan_done in any case. */
bool scan_archive(struct mig_storage *storage, const char *archive, const struct scan_options *options,
                  struct scan *ret, struct mig_error *err);
void scan_done(struct scan *scan);

/* Does it say what the manifest says: digest, size, database, namespaces, documents, bytes, checksums? */
bool scan_matches(const struct scan *scan, const struct manifest *manifest, struct mig_error *err);

#endif
