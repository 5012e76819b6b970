/* record.c - see record.h. */
#include "app/backup/record.h"

#include "base/cleanup.h"
#include "base/doc.h"

bool record_change(struct mig_store *store, const char *collection, const char *id, const bson_t *set,
                   const char *const *dates, bool upsert, struct mig_reply *ret, struct mig_error *err)
{
    MIG_AUTODOC bson_t command = BSON_INITIALIZER;
    bson_t part, sub;
    BSON_APPEND_UTF8(&command, "findAndModify", collection);
    BSON_APPEND_DOCUMENT_BEGIN(&command, "query", &part);
    BSON_APPEND_UTF8(&part, "_id", id);
    bson_append_document_end(&command, &part);
    BSON_APPEND_DOCUMENT_BEGIN(&command, "update", &part);
    if (!bson_empty(set))
        BSON_APPEND_DOCUMENT(&part, "$set", set);
    BSON_APPEND_DOCUMENT_BEGIN(&part, "$currentDate", &sub);
    for (; *dates; dates++)
        BSON_APPEND_BOOL(&sub, *dates, true);
    bson_append_document_end(&part, &sub);
    bson_append_document_end(&command, &part);
    BSON_APPEND_BOOL(&command, "new", true);
    BSON_APPEND_BOOL(&command, "upsert", upsert);
    struct mig_call call = { .command = &command, .write = true, .max_time_ms = 15000 };
    store->ops->command(store, &call, ret);
    if (ret->outcome == MIG_OUTCOME_OK && !mig_doc_has(&ret->body, "writeConcernError"))
        return true;
    if (ret->outcome == MIG_OUTCOME_OK)
        mig_fail(err, MIG_ERR_SERVER, "the record was not confirmed by a majority: %s",
                 mig_doc_str(&ret->body, "writeConcernError.errmsg", "no reason was given"));
    else
        *err = ret->error;
    return false;
}
