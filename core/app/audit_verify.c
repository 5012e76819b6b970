/* audit_verify.c - a chain walked entry by entry, then held against the anchors. Nothing of it is kept but the digests. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/audit.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "engine/jsonc.h"

#define HEX        (MIG_SHA256_HEX - 1)
#define ANCHOR_MAX 4096 /* a line of ours has some 300 bytes */

/* ---- lines of a file that comes in pieces ---- */

struct lines {
    struct mig_buf rest; /* the beginning of a line that a piece cut */
    /* line: NULL when it is longer than rest may be. */
    bool (*each)(const char *line, size_t len, void *ctx);
    void *ctx;
};

static bool end_line(struct lines *lines)
{
    bool more = lines->each(lines->rest.overflow ? NULL : lines->rest.text, lines->rest.len, lines->ctx);
    mig_buf_reset(&lines->rest);
    return more;
}

static bool take_piece(const char *bytes, size_t len, void *ctx)
{
    struct lines *lines = ctx;
    for (const char *end; (end = memchr(bytes, '\n', len));) {
        size_t size = (size_t)(end - bytes);
        bool cut = lines->rest.len > 0 || lines->rest.overflow || size >= lines->rest.max;
        if (cut)
            mig_buf_add(&lines->rest, bytes, size);
        if (!(cut ? end_line(lines) : lines->each(bytes, size, lines->ctx)))
            return false;
        bytes = end + 1;
        len -= size + 1;
    }
    mig_buf_add(&lines->rest, bytes, len);
    return true;
}

static bool each_line(struct mig_host *host, const char *path, size_t line_max, bool *ret_there,
                      bool (*each)(const char *line, size_t len, void *ctx), void *ctx, struct mig_error *err)
{
    struct lines lines = { .each = each, .ctx = ctx };
    mig_buf_init(&lines.rest, line_max + 1);
    bool ok = host->ops->file_each(host, path, ret_there, take_piece, &lines, err);
    if (ok && lines.rest.len > 0)
        (void)end_line(&lines);
    mig_buf_done(&lines.rest);
    return ok;
}

/* ---- the chain ---- */

struct check {
    struct mig_audit_walk walk;
    struct mig_error fault; /* of the chain; code MIG_OK: none */
    char (*digests)[HEX];   /* by seq - 1 */
    size_t count, room;
    int64_t line; /* of an export, from 1 */

    const char *uuid; /* while anchors are compared */
    struct mig_audit_report *report;
};

static bool check_entry(const bson_t *entry, void *context)
{
    struct check *check = context;
    if (check->fault.code != MIG_OK || !mig_audit_walk(&check->walk, entry, &check->fault))
        return false;
    check->digests = mig_grow(check->digests, check->count, &check->room, sizeof *check->digests);
    memcpy(check->digests[check->count++], check->walk.digest, HEX);
    return true;
}

static bool check_line(const char *line, size_t len, void *context)
{
    struct check *check = context;
    struct mig_error why;
    char name[40];
    bson_t doc;
    check->line++;
    if (line && len == 0)
        return true;
    snprintf(name, sizeof name, "line %" PRId64, check->line);
    if (!line)
        return mig_fail(&check->fault, MIG_ERR_INTEGRITY, "%s is longer than any entry", name);
    /* The strict reader: a key that is there twice, or a second document on the line, would be seen by whoever reads the
     * file, and not by who checks it. */
    if (!mig_jsonc_read(name, line, len, MIG_JSONC_STRICT, &doc, NULL, NULL, &why))
        return mig_fail(&check->fault, MIG_ERR_INTEGRITY, "%s is not an entry: %.300s", name, why.message);
    bool ok = check_entry(&doc, check);
    bson_destroy(&doc);
    return ok;
}

/* ---- the anchors ---- */

static void compare(struct check *check, int64_t seq, const char *digest, const char *at)
{
    struct mig_audit_report *report = check->report;
    report->anchors++;
    report->anchored = true;
    if (seq > report->newest_anchor)
        report->newest_anchor = seq;
    bool there = seq <= (int64_t)check->count;
    if (report->fault[0] || (there && memcmp(check->digests[seq - 1], digest, HEX) == 0))
        return;
    if (there)
        snprintf(report->fault, sizeof report->fault,
                 "entry %" PRId64 " is not the one that was written: its digest is %.8s, the anchor has %.8s",
                 seq, check->digests[seq - 1], digest);
    else
        snprintf(report->fault, sizeof report->fault,
                 "entries were cut off: the chain ends at %zu, and entry %" PRId64 " was written %.24s",
                 check->count, seq, at);
}

/* Lines that a full disk cut short, and those of other environments, say nothing. */
static bool check_anchor(const char *line, size_t len, void *context)
{
    struct check *check = context;
    bson_error_t ignored;
    bson_t doc;
    if (!line || len == 0 || !bson_init_from_json(&doc, line, (ssize_t)len, &ignored))
        return true;
    int64_t seq = mig_doc_int(&doc, "seq", 0);
    const char *digest = mig_doc_str(&doc, "digest", "");
    if (seq >= 1 && mig_sha256_valid(digest) && strcmp(mig_doc_str(&doc, "uuid", ""), check->uuid) == 0)
        compare(check, seq, digest, mig_doc_str(&doc, "at", ""));
    bson_destroy(&doc);
    return true;
}

static bool check_anchors(struct check *check, struct mig_host *host, const char *given,
                          struct mig_error *err)
{
    char own[600];
    bool there;
    mig_audit_anchor_path(host, check->uuid, own, sizeof own);
    return (!own[0] || each_line(host, own, ANCHOR_MAX, &there, check_anchor, check, err)) &&
           (!given || each_line(host, given, ANCHOR_MAX, NULL, check_anchor, check, err));
}

/* ---- the whole ---- */

/* uuid: as the environment says; "" for an export. */
static bool check_end(struct check *check, struct mig_host *host, const char *uuid, const char *anchor_path,
                      struct mig_audit_report *ret, struct mig_error *err)
{
    const struct mig_audit_walk *walk = &check->walk;
    *ret = (struct mig_audit_report){ .entries = (int64_t)check->count,
                                      .chain_ok = check->fault.code == MIG_OK };
    snprintf(ret->uuid, sizeof ret->uuid, "%s", walk->uuid[0] ? walk->uuid : uuid);
    snprintf(ret->head, sizeof ret->head, "%s", walk->digest);
    if (!ret->chain_ok)
        snprintf(ret->fault, sizeof ret->fault, "%.390s", check->fault.message);
    else if (*uuid && walk->uuid[0] && strcmp(uuid, walk->uuid) != 0)
        snprintf(ret->fault, sizeof ret->fault, "the entries are of another environment (%s, not %s)",
                 walk->uuid, uuid);
    check->uuid = ret->uuid;
    check->report = ret;
    bool ok = check_anchors(check, host, anchor_path, err);
    ret->whole = ok && !ret->fault[0];
    return ok;
}

static bool take_uuid(const bson_t *doc, void *context)
{
    snprintf(context, MIG_UUID_SIZE, "%s", mig_doc_str(doc, "uuid", ""));
    return false;
}

static bool read_uuid(struct mig_app *app, const struct cfg_environment *env, char *ret,
                      struct mig_error *err)
{
    struct mig_names names;
    struct mig_store *store;
    mig_names_make(app->config->prefix, &names);
    if (!app->open_store(app->ports_ctx, env, "", &store, err))
        return false;
    MIG_AUTOBSON bson_t *command = BCON_NEW("find", BCON_UTF8(names.meta), "filter", "{", "_id", "meta", "}");
    struct mig_call call = { .command = command, .max_time_ms = 5000 };
    bool ok = store->ops->query(store, &call, take_uuid, ret, err);
    store->ops->close(store);
    return ok;
}

bool mig_audit_verify(struct mig_app *app, const struct cfg_environment *env, const char *anchor_path,
                      struct mig_audit_report *ret, struct mig_error *err)
{
    char uuid[MIG_UUID_SIZE] = "";
    struct check check = { 0 };
    bool ok = read_uuid(app, env, uuid, err) && mig_audit_each(app, env, check_entry, &check, err) &&
              check_end(&check, app->host, uuid, anchor_path, ret, err);
    free(check.digests);
    return ok;
}

bool mig_audit_verify_file(struct mig_host *host, const char *path, const char *anchor_path,
                           struct mig_audit_report *ret, struct mig_error *err)
{
    struct check check = { 0 };
    bool ok = each_line(host, path, MIG_JSONC_BYTES_MAX, NULL, check_line, &check, err) &&
              check_end(&check, host, "", anchor_path, ret, err);
    free(check.digests);
    return ok;
}
