/* audit_read.c - listing, exporting and verifying the audit. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/audit.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/timefmt.h"

#define ANCHORS_MAX     (256UL * 1024 * 1024)
#define EXPORT_LINE_MAX (1024L * 1024)

/* ---- reading ---- */

bool mig_audit_each(struct mig_app *app, const struct cfg_environment *env, mig_document_fn each, void *ctx,
                    struct mig_error *err)
{
    struct mig_store *store;
    struct mig_names names;
    mig_names_make(app->config->prefix, &names);
    if (!app->open_store(app->ports_ctx, env, "", &store, err))
        return false;
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("find", BCON_UTF8(names.audit), "filter", "{", "_id", "{", "$gte", BCON_INT64(0), "}", "}",
                 "sort", "{", "_id", BCON_INT32(1), "}", "batchSize", BCON_INT32(20000));
    struct mig_call call = { .command = command, .max_time_ms = 60000 };
    bool ok = store->ops->query(store, &call, each, ctx, err);
    store->ops->close(store);
    return ok;
}

struct listing {
    bool (*each)(const bson_t *entry, void *ctx);
    void *ctx;
};

static bool list_row(const bson_t *doc, void *context)
{
    struct listing *listing = context;
    bson_t row = BSON_INITIALIZER;
    bson_t body;
    char at[MIG_TIME_SIZE];
    mig_time_iso(mig_doc_time(doc, "at", 0), at);
    BSON_APPEND_INT64(&row, "seq", mig_doc_int(doc, "_id", 0));
    BSON_APPEND_UTF8(&row, "startedAt", at);
    if (mig_doc_sub(doc, "body", &body))
        bson_concat(&row, &body);
    BSON_APPEND_UTF8(&row, "digest", mig_doc_str(doc, "digest", ""));
    bool more = listing->each(&row, listing->ctx);
    bson_destroy(&row);
    return more;
}

bool mig_audit_list(struct mig_app *app, const struct cfg_environment *env, int64_t limit,
                    bool (*each)(const bson_t *entry, void *ctx), void *ctx, struct mig_error *err)
{
    struct mig_store *store;
    struct mig_names names;
    struct listing listing = { .each = each, .ctx = ctx };
    mig_names_make(app->config->prefix, &names);
    if (!app->open_store(app->ports_ctx, env, "", &store, err))
        return false;
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("find", BCON_UTF8(names.audit), "filter", "{", "_id", "{", "$gte", BCON_INT64(0), "}", "}",
                 "sort", "{", "_id", BCON_INT32(-1), "}", "limit", BCON_INT64(limit));
    struct mig_call call = { .command = command, .max_time_ms = 20000 };
    bool ok = store->ops->query(store, &call, list_row, &listing, err);
    store->ops->close(store);
    return ok;
}

/* ---- verifying ---- */

struct mig_audit_check {
    struct mig_audit_walk walk;
    struct mig_error fault;          /* of the chain; code MIG_OK: none */
    char (*digests)[MIG_SHA256_HEX]; /* by seq - 1 */
    size_t count, room;
};

struct mig_audit_check *mig_audit_check_new(void)
{
    return mig_alloc(sizeof(struct mig_audit_check));
}

void mig_audit_check_entry(struct mig_audit_check *check, const bson_t *entry)
{
    if (check->fault.code != MIG_OK || !mig_audit_walk(&check->walk, entry, &check->fault))
        return;
    check->digests = mig_grow(check->digests, check->count, &check->room, sizeof *check->digests);
    memcpy(check->digests[check->count++], check->walk.digest, sizeof *check->digests);
}

/* One line of an anchor file. False: it contradicts the chain. Lines that a full disk cut short, and those of other
 * environments, say nothing. */
static bool agrees(const struct mig_audit_check *check, const bson_t *line, const char *uuid,
                   struct mig_audit_report *report)
{
    int64_t seq = mig_doc_int(line, "seq", 0);
    const char *digest = mig_doc_str(line, "digest", "");
    if (seq < 1 || !mig_sha256_valid(digest) || strcmp(mig_doc_str(line, "uuid", ""), uuid) != 0)
        return true;
    report->anchors++;
    report->anchored = true;
    if (seq > report->newest_anchor)
        report->newest_anchor = seq;
    if (seq <= (int64_t)check->count && strcmp(check->digests[seq - 1], digest) == 0)
        return true;
    if (report->fault[0])
        return false;
    if (seq > (int64_t)check->count)
        snprintf(report->fault, sizeof report->fault,
                 "entries were cut off: the chain ends at %zu, and entry %" PRId64 " was written %.24s",
                 check->count, seq, mig_doc_str(line, "at", ""));
    else
        snprintf(report->fault, sizeof report->fault,
                 "entry %" PRId64 " is not the one that was written: its digest is %.8s, the anchor has %.8s",
                 seq, check->digests[seq - 1], digest);
    return false;
}

static bool compare_anchors(const struct mig_audit_check *check, struct mig_host *host, const char *path,
                            const char *uuid, bool must_exist, struct mig_audit_report *report,
                            struct mig_error *err)
{
    MIG_AUTOBUF struct mig_buf text;
    struct mig_error missing;
    mig_buf_init(&text, ANCHORS_MAX);
    if (!host->ops->file_read(host, path, ANCHORS_MAX, &text, &missing)) {
        if (must_exist || missing.code == MIG_ERR_LIMIT)
            *err = missing;
        return !must_exist && missing.code != MIG_ERR_LIMIT;
    }
    for (char *line = text.text, *end; (end = strchr(line, '\n')); line = end + 1) {
        bson_t doc;
        bson_error_t ignored;
        if (end - line < EXPORT_LINE_MAX && bson_init_from_json(&doc, line, end - line, &ignored)) {
            (void)agrees(check, &doc, uuid, report);
            bson_destroy(&doc);
        }
    }
    return true;
}

bool mig_audit_check_end(struct mig_audit_check *check, struct mig_host *host, const char *uuid,
                         const char *anchor_path, struct mig_audit_report *ret, struct mig_error *err)
{
    char own[600];
    *ret = (struct mig_audit_report){ .entries = (int64_t)check->count,
                                      .chain_ok = check->fault.code == MIG_OK };
    snprintf(ret->uuid, sizeof ret->uuid, "%s", check->walk.uuid[0] ? check->walk.uuid : uuid);
    snprintf(ret->head, sizeof ret->head, "%s", check->walk.digest);
    if (!ret->chain_ok)
        snprintf(ret->fault, sizeof ret->fault, "%.390s", check->fault.message);
    else if (*uuid && check->walk.uuid[0] && strcmp(uuid, check->walk.uuid) != 0)
        snprintf(ret->fault, sizeof ret->fault, "the entries are of another environment (%s, not %s)",
                 check->walk.uuid, uuid);
    mig_audit_anchor_path(host, ret->uuid, own, sizeof own);
    bool ok = !ret->uuid[0] || compare_anchors(check, host, own, ret->uuid, false, ret, err);
    if (ok && anchor_path)
        ok = compare_anchors(check, host, anchor_path, ret->uuid, true, ret, err);
    ret->whole = ok && !ret->fault[0];
    free(check->digests);
    free(check);
    return ok;
}

static bool check_row(const bson_t *doc, void *context)
{
    mig_audit_check_entry(context, doc);
    return true;
}

static bool take_uuid(const bson_t *doc, void *context)
{
    snprintf(context, MIG_UUID_SIZE, "%s", mig_doc_str(doc, "uuid", ""));
    return false;
}

bool mig_audit_verify(struct mig_app *app, const struct cfg_environment *env, const char *anchor_path,
                      struct mig_audit_report *ret, struct mig_error *err)
{
    char uuid[MIG_UUID_SIZE] = "";
    struct mig_names names;
    struct mig_store *store;
    mig_names_make(app->config->prefix, &names);
    if (!app->open_store(app->ports_ctx, env, "", &store, err))
        return false;
    MIG_AUTOBSON bson_t *command = BCON_NEW("find", BCON_UTF8(names.meta), "filter", "{", "_id", "meta", "}");
    struct mig_call call = { .command = command, .max_time_ms = 5000 };
    bool ok = store->ops->query(store, &call, take_uuid, uuid, err);
    store->ops->close(store);
    struct mig_audit_check *check = mig_audit_check_new();
    if (!ok || !mig_audit_each(app, env, check_row, check, err)) {
        free(check->digests);
        free(check);
        return false;
    }
    return mig_audit_check_end(check, app->host, uuid, anchor_path, ret, err);
}

bool mig_audit_verify_text(struct mig_host *host, const char *text, size_t len, const char *anchor_path,
                           struct mig_audit_report *ret, struct mig_error *err)
{
    struct mig_audit_check *check = mig_audit_check_new();
    int64_t number = 0;
    for (size_t at = 0; at < len && check->fault.code == MIG_OK;) {
        const char *line = text + at;
        const char *end = memchr(line, '\n', len - at);
        size_t size = end ? (size_t)(end - line) : len - at;
        bson_t doc;
        bson_error_t why;
        number++;
        at += size + 1;
        if (size == 0)
            continue;
        if (bson_init_from_json(&doc, line, (ssize_t)size, &why)) {
            mig_audit_check_entry(check, &doc);
            bson_destroy(&doc);
        } else {
            mig_fail(&check->fault, MIG_ERR_INTEGRITY, "line %" PRId64 " is not an entry: %.200s", number,
                     why.message);
        }
    }
    return mig_audit_check_end(check, host, "", anchor_path, ret, err);
}
