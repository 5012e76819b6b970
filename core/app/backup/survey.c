/* survey.c - listCollections, then indexes and sizes of each. */
#include "app/backup/survey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/format.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/text.h"

#define LOOK_MS 20000

/* ---- collections ---- */

static bool is_left_out(const char *name)
{
    return strncmp(name, "system.", 7) == 0 && strcmp(name, "system.js") != 0;
}

static void copy_uuid(const bson_t *doc, char ret[33])
{
    bson_iter_t found;
    bson_subtype_t subtype;
    uint32_t len = 0;
    const uint8_t *bytes = NULL;
    ret[0] = '\0';
    if (!mig_doc_find(doc, "info.uuid", &found) || !BSON_ITER_HOLDS_BINARY(&found))
        return;
    bson_iter_binary(&found, &subtype, &len, &bytes);
    for (uint32_t i = 0; len == 16 && i < len; i++)
        snprintf(ret + 2 * (size_t)i, 3, "%02x", bytes[i]);
}

struct listing {
    struct survey *survey;
    char **buckets; /* names of system.buckets.* that are there */
    size_t bucket_count, bucket_room;
};

static bool take_collection(const bson_t *doc, void *context)
{
    struct listing *listing = context;
    struct survey *survey = listing->survey;
    const char *name = mig_doc_str(doc, "name", "");
    const char *type = mig_doc_str(doc, "type", "collection");
    bson_t options;
    if (strncmp(name, ARC_BUCKETS, strlen(ARC_BUCKETS)) == 0) {
        listing->buckets = mig_grow(listing->buckets, listing->bucket_count, &listing->bucket_room,
                                    sizeof *listing->buckets);
        listing->buckets[listing->bucket_count++] = mig_strdup(name);
    }
    if (!*name || is_left_out(name))
        return true;
    survey->items = mig_grow(survey->items, survey->count, &survey->room, sizeof *survey->items);
    struct survey_item *item = &survey->items[survey->count++];
    *item = (struct survey_item){ .name = mig_strdup(name), .data = mig_strdup(name) };
    snprintf(item->type, sizeof item->type, "%s", type);
    copy_uuid(doc, item->uuid);
    item->options = mig_doc_sub(doc, "options", &options) ? bson_copy(&options) : bson_new();
    item->indexes = bson_new();
    item->capped = mig_doc_bool(item->options, "capped", false);
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct survey_item *)a)->name, ((const struct survey_item *)b)->name);
}

/* Where a time series' data is to be read: see docs/concepts/backup.md. */
static void place_series(struct survey_item *item, const struct listing *listing,
                         const struct mig_server *server)
{
    char *buckets = mig_printf(ARC_BUCKETS "%s", item->name);
    bool listed = false;
    for (size_t i = 0; i < listing->bucket_count && !listed; i++)
        listed = strcmp(listing->buckets[i], buckets) == 0;
    item->raw_data = !listed && (server->major > 8 || (server->major == 8 && server->minor >= 3));
    item->measurements = !listed && !item->raw_data;
    if (listed) {
        free(item->data);
        item->data = buckets;
    } else {
        free(buckets);
    }
}

static bool list(struct mig_store *store, const struct mig_server *server, struct survey *survey,
                 struct mig_error *err)
{
    struct listing listing = { .survey = survey };
    MIG_AUTOBSON bson_t *command = BCON_NEW("listCollections", BCON_INT32(1));
    struct mig_call call = { .command = command, .no_concern = true, .max_time_ms = LOOK_MS };
    bool ok = store->ops->query(store, &call, take_collection, &listing, err);
    if (ok && survey->count > 1)
        qsort(survey->items, survey->count, sizeof *survey->items, by_name);
    for (size_t i = 0; ok && i < survey->count; i++) {
        if (strcmp(survey->items[i].type, "timeseries") == 0)
            place_series(&survey->items[i], &listing, server);
    }
    for (size_t i = 0; i < listing.bucket_count; i++)
        free(listing.buckets[i]);
    free(listing.buckets);
    return ok;
}

/* ---- indexes and sizes ---- */

struct indexes {
    bson_t *list;
    uint32_t count;
};

static bool take_index(const bson_t *doc, void *context)
{
    struct indexes *indexes = context;
    char buffer[16];
    const char *key;
    size_t len = bson_uint32_to_string(indexes->count++, &key, buffer, sizeof buffer);
    bson_append_document(indexes->list, key, (int)len, doc);
    return true;
}

static bool list_indexes(struct mig_store *store, struct survey_item *item, struct mig_error *err)
{
    struct indexes indexes = { .list = item->indexes };
    MIG_AUTOBSON bson_t *command = BCON_NEW("listIndexes", BCON_UTF8(item->name));
    struct mig_call call = { .command = command, .no_concern = true, .max_time_ms = LOOK_MS };
    return store->ops->query(store, &call, take_index, &indexes, err);
}

static bool take_sizes(const bson_t *doc, void *context)
{
    struct survey_item *item = context;
    item->documents_estimate = mig_doc_int(doc, "storageStats.count", 0);
    item->bytes_estimate = mig_doc_int(doc, "storageStats.size", 0);
    return false;
}

/* Sizes are for progress and for the check of free space: a server that does not tell them stops nothing. */
static void read_sizes(struct mig_store *store, struct survey_item *item)
{
    struct mig_error ignored;
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("aggregate", BCON_UTF8(item->data), "cursor", "{", "}", "pipeline", "[", "{", "$collStats",
                 "{", "storageStats", "{", "}", "}", "}", "]");
    struct mig_call call = { .command = command, .no_concern = true, .max_time_ms = LOOK_MS };
    (void)store->ops->query(store, &call, take_sizes, item, &ignored);
}

/* A server that does not tell a collection's size may tell the database's: shared out by documents. */
static void read_total(struct mig_store *store, struct survey *survey)
{
    MIG_AUTOBSON bson_t *command = BCON_NEW("dbStats", BCON_INT32(1));
    struct mig_call call = { .command = command, .no_concern = true, .max_time_ms = LOOK_MS };
    struct mig_reply reply;
    store->ops->command(store, &call, &reply);
    survey->bytes_estimate = mig_doc_int(&reply.body, "dataSize", 0);
    mig_reply_done(&reply);
    for (size_t i = 0; i < survey->count; i++)
        survey->items[i].bytes_estimate =
            (int64_t)((double)survey->bytes_estimate * (double)survey->items[i].documents_estimate /
                      (double)survey->documents_estimate);
}

bool survey_take(struct mig_store *store, const struct mig_server *server, struct survey *ret,
                 struct mig_error *err)
{
    *ret = (struct survey){ 0 };
    bool ok = list(store, server, ret, err);
    for (size_t i = 0; ok && i < ret->count; i++) {
        struct survey_item *item = &ret->items[i];
        if (strcmp(item->type, "view") == 0)
            continue;
        ok = list_indexes(store, item, err);
        if (ok)
            read_sizes(store, item);
        ret->documents_estimate += item->documents_estimate;
        ret->bytes_estimate += item->bytes_estimate;
    }
    if (ok && ret->bytes_estimate == 0 && ret->documents_estimate > 0)
        read_total(store, ret);
    if (!ok)
        survey_done(ret);
    return ok;
}

void survey_done(struct survey *survey)
{
    for (size_t i = 0; i < survey->count; i++) {
        free(survey->items[i].name);
        free(survey->items[i].data);
        bson_destroy(survey->items[i].options);
        bson_destroy(survey->items[i].indexes);
    }
    free(survey->items);
    *survey = (struct survey){ 0 };
}

bool survey_still_holds(struct mig_store *store, const struct survey *survey, struct mig_error *err)
{
    struct survey now = { 0 };
    const struct mig_server any = { 0 };
    bool ok = list(store, &any, &now, err);
    for (size_t i = 0; ok && i < survey->count; i++) {
        const struct survey_item *was = &survey->items[i];
        const struct survey_item *is =
            now.count ? bsearch(was, now.items, now.count, sizeof *now.items, by_name) : NULL;
        const char *what = !is                                         ? "was dropped or renamed"
                           : strcmp(was->uuid, is->uuid) != 0          ? "was dropped and made anew"
                           : !mig_doc_equal(was->options, is->options) ? "was given other options"
                                                                       : NULL;
        if (what) {
            MIG_AUTOFREE char *safe = mig_text_safe_dup(was->name, 120);
            ok = mig_fail(err, MIG_ERR_BACKUP, "collection %s %s while the backup was taken", safe, what);
            mig_hint(err, "take it again when nobody changes the schema");
        }
    }
    survey_done(&now);
    return ok;
}
