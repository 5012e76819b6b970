/* audit_read.c - the audit's entries: all, or the newest. */
#include "app/audit.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/timefmt.h"

/* Of the first batch, whose entries' size is not known yet, and of the others. */
#define BATCH_ENTRIES 1000
#define BATCH_BYTES   (1024 * 1024)

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
                 "sort", "{", "_id", BCON_INT32(1), "}", "batchSize", BCON_INT32(BATCH_ENTRIES));
    struct mig_call call = { .command = command, .max_time_ms = 60000, .batch_bytes = BATCH_BYTES };
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
