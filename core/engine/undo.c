/* undo.c - which steps are to be taken back, and where that is not known. */
#include "engine/undo.h"

#include <string.h>

#include "base/doc.h"
#include "base/mem.h"
#include "engine/steps.h"

/* A transaction that was not committed left nothing behind; the others may have got anywhere. */
static bool may_have_acted(const struct mig_step *step, const struct mig_step_record *record,
                           const struct mig_server *server)
{
    /* uncovered: every phase has its case */
    switch (record->phase) {
    case MIG_PHASE_DONE: return true;
    case MIG_PHASE_INTENT:
    case MIG_PHASE_FAILED: return !mig_step_in_transaction(step, server);
    case MIG_PHASE_NONE:
    case MIG_PHASE_UNDONE:
    case MIG_PHASES: break;
    }
    return false;
}

/* The file's steps and the record's must be the same ones. */
static bool check_record(const struct mig_migration *migration, const struct mig_record *record,
                         struct mig_error *err)
{
    if (record->marked)
        return mig_fail(err, MIG_ERR_STEP, "it was marked by hand, so what was done is not on record");
    if (strcmp(migration->sem, record->sem) != 0)
        return mig_fail(err, MIG_ERR_INTEGRITY, "its file was edited after it ran");
    if (record->step_count != migration->up_count)
        return mig_fail(err, MIG_ERR_STEP, "what its steps did is not on record");
    for (size_t i = 0; i < record->step_count; i++) {
        if (strcmp(record->steps[i].id, migration->up[i].id) != 0)
            return mig_fail(err, MIG_ERR_STEP, "what step %s did is not on record", migration->up[i].id);
    }
    return true;
}

bool mig_undo_steps(const struct mig_migration *migration, const struct mig_record *record,
                    const struct mig_server *server, struct mig_step **ret, size_t *ret_count,
                    struct mig_error *err)
{
    *ret = NULL;
    *ret_count = 0;
    if (!check_record(migration, record, err))
        return false;
    struct mig_step *steps = mig_alloc_n(migration->up_count, sizeof *steps);
    size_t count = 0;
    size_t bytes = 0;
    bool ok = true;
    for (size_t i = migration->up_count; i > 0 && ok; i--) {
        const struct mig_step *step = &migration->up[i - 1];
        const struct mig_step_record *was = &record->steps[i - 1];
        struct mig_step_past past = { .pre = was->pre,
                                      .result = was->result,
                                      .in_doubt = was->phase != MIG_PHASE_DONE };
        if (!may_have_acted(step, was, server))
            continue;
        enum mig_inverse found = mig_step_inverse(step, &past, &steps[count], err);
        ok = found != MIG_INVERSE_NONE;
        if (found == MIG_INVERSE_STEP)
            bytes += steps[count++].doc->len;
        if (ok && bytes > MIG_UNDO_MAX)
            ok = mig_fail(err, MIG_ERR_STEP, "step %s cannot be undone: its inverse is larger than %d MB",
                          step->id, MIG_UNDO_MAX / 1024 / 1024);
    }
    if (!ok || count == 0) {
        mig_steps_free(steps, count);
        return ok;
    }
    *ret = steps;
    *ret_count = count;
    return true;
}

void mig_undo_write(const struct mig_step *steps, size_t count, bson_t *ret)
{
    bson_init(ret);
    for (size_t i = 0; i < count; i++) {
        char room[16];
        const char *key;
        size_t len = bson_uint32_to_string((uint32_t)i, &key, room, sizeof room);
        bson_append_document(ret, key, (int)len, steps[i].doc);
    }
}

/* {id, <kind>: {collection, …}, …} */
static bool read_step(const bson_t *doc, struct mig_step *ret, struct mig_error *err)
{
    bson_iter_t member;
    bson_t body;
    const char *id = mig_doc_str(doc, "id", NULL);
    for (bool more = bson_iter_init(&member, doc); more && bson_iter_next(&member);) {
        int kind = mig_step_kind_find(bson_iter_key(&member));
        if (kind < 0 || !id || !mig_iter_sub(&member, &body))
            continue;
        const char *collection = mig_doc_str(&body, "collection", NULL);
        *ret = (struct mig_step){ .id = mig_strdup(id),
                                  .kind = (enum mig_step_kind)kind,
                                  .collection = mig_strdup_or_null(collection),
                                  .doc = bson_copy(doc),
                                  .body = bson_copy(&body) };
        return true;
    }
    return mig_fail(err, MIG_ERR_INTEGRITY, "the record's list of inverse steps cannot be read");
}

bool mig_undo_read(const bson_t *list, struct mig_step **ret, size_t *ret_count, struct mig_error *err)
{
    bson_iter_t each;
    size_t room = bson_count_keys(list);
    struct mig_step *steps = mig_alloc_n(room, sizeof *steps);
    size_t count = 0;
    bool ok = bson_iter_init(&each, list) ||
              mig_fail(err, MIG_ERR_INTEGRITY, "the record's list of inverse steps cannot be read");
    while (ok && count < room && bson_iter_next(&each)) {
        bson_t doc;
        ok = mig_iter_sub(&each, &doc)
                 ? read_step(&doc, &steps[count], err)
                 : mig_fail(err, MIG_ERR_INTEGRITY, "the record's list of inverse steps cannot be read");
        count += ok;
    }
    if (!ok || count == 0) {
        mig_steps_free(steps, count);
        steps = NULL;
        count = 0;
    }
    *ret = steps;
    *ret_count = count;
    return ok;
}
