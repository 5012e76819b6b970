/* drift.c - fingerprints that runs left, against what is there now. */
#include "app/drift.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/history.h"
#include "app/schema_print.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/rows.h"
#include "base/text.h"

static const char *const words[] = {
#define X(drift, word) [drift] = word,
    MIG_DRIFT_TABLE(X)
#undef X
};

const char *mig_drift_word(enum mig_drift drift)
{
    return words[drift];
}

enum mig_drift mig_drift_of(const char *word)
{
    for (size_t i = 0; i < MIG_COUNT(words); i++) {
        if (strcmp(words[i], word) == 0)
            return (enum mig_drift)i;
    }
    return MIG_DRIFT_UNREAD;
}

bool mig_drift_is(enum mig_drift drift)
{
    return drift != MIG_DRIFT_SAME && drift != MIG_DRIFT_UNREAD;
}

/* ---- what was kept ---- */

static bool take_schema(const bson_t *doc, void *context)
{
    bson_t **schema = context;
    if (!*schema)
        *schema = bson_copy(doc);
    return true;
}

static bool read_schema(struct mig_app *app, struct mig_store *store, bson_t **ret, struct mig_error *err)
{
    struct mig_names names;
    mig_names_make(app->config->prefix, &names);
    MIG_AUTOBSON bson_t *command = BCON_NEW("find", BCON_UTF8(names.meta), "filter", "{", "_id",
                                            BCON_UTF8(MIG_SCHEMA_ID), "}", "limit", BCON_INT32(1));
    struct mig_call call = { .command = command, .max_time_ms = 10000 };
    *ret = NULL;
    return store->ops->query(store, &call, take_schema, ret, err);
}

/* ---- what is there ---- */

/* Collections that are read together, with what was kept of each; texts borrow from the schema's document. */
struct part {
    struct mig_prints now;
    const char *kept[MIG_PRINTS_MAX], *runs[MIG_PRINTS_MAX];
};

/* The next most of the list; false at its end. */
static bool next_part(bson_iter_t *list, size_t most, struct part *ret)
{
    struct mig_prints *now = &ret->now;
    *now = (struct mig_prints){ .items = mig_alloc_n(MIG_PRINTS_MAX, sizeof *now->items),
                                .room = MIG_PRINTS_MAX };
    while (now->count < most && bson_iter_next(list)) {
        bson_t row;
        struct mig_print *slot = &now->items[now->count];
        const char *name = mig_iter_sub(list, &row) ? mig_doc_str(&row, "name", "") : "";
        if (*name == '\0' || strlen(name) >= sizeof slot->name)
            continue;
        snprintf(slot->name, sizeof slot->name, "%s", name);
        ret->kept[now->count] = mig_doc_str(&row, "print", "");
        ret->runs[now->count++] = mig_doc_str(&row, "run", "");
    }
    return now->count > 0;
}

static enum mig_drift judge(const char *kept, const struct mig_print *now)
{
    return !now->was_read                  ? MIG_DRIFT_UNREAD
           : strcmp(kept, now->print) == 0 ? MIG_DRIFT_SAME
           : now->print[0] == '\0'         ? MIG_DRIFT_REMOVED
           : kept[0] == '\0'               ? MIG_DRIFT_APPEARED
                                           : MIG_DRIFT_CHANGED;
}

static bool tell(const struct cfg_environment *env, const struct part *part, size_t index,
                 bool (*each)(const bson_t *row, void *ctx), void *ctx)
{
    MIG_AUTODOC bson_t row = BSON_INITIALIZER;
    const struct mig_print *now = &part->now.items[index];
    char *name MIG_AUTOFREE = mig_text_safe_dup(now->name, 255);
    char *run MIG_AUTOFREE = mig_text_safe_dup(part->runs[index], 40);
    BSON_APPEND_UTF8(&row, "environment", env->name);
    BSON_APPEND_UTF8(&row, "collection", name);
    BSON_APPEND_UTF8(&row, "state", mig_drift_word(judge(part->kept[index], now)));
    BSON_APPEND_UTF8(&row, "run", run);
    return each(&row, ctx);
}

bool mig_drift_list(struct mig_app *app, const struct cfg_environment *env, int64_t limit,
                    bool (*each)(const bson_t *row, void *ctx), void *ctx, struct mig_error *err)
{
    struct mig_store *store;
    struct part part;
    bson_iter_t all;
    bson_iter_t list;
    MIG_AUTOBSON bson_t *schema = NULL;
    if (!app->open_store(app->ports_ctx, env, "", &store, err))
        return false;
    bool ok = read_schema(app, store, &schema, err);
    bool more = ok && schema && mig_doc_find(schema, "collections", &all) && bson_iter_recurse(&all, &list);
    for (int64_t left = limit; ok && more;) {
        more = next_part(&list, left > 0 && left < MIG_PRINTS_MAX ? (size_t)left : MIG_PRINTS_MAX, &part);
        ok = left <= 0 || mig_prints_read(store, &part.now, err);
        left -= (int64_t)part.now.count;
        for (size_t i = 0; ok && more && i < part.now.count; i++)
            more = tell(env, &part, i, each, ctx);
        mig_prints_done(&part.now);
    }
    store->ops->close(store);
    return ok;
}
