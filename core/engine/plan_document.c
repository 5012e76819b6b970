/* plan_document.c - the plan as a document, and what has moved since one was saved. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/text.h"
#include "engine/plan.h"

/* Characters of what a saved plan says: the file may hold anything. */
#define VERSION_SHOWN 40
#define DIGEST_SHOWN  12

static void append_index(bson_t *array, size_t i, bson_t *child)
{
    char key[24];
    const char *index;
    size_t len = bson_uint32_to_string((uint32_t)i, &index, key, sizeof key);
    bson_append_document_begin(array, index, (int)len, child);
}

static void append_steps(bson_t *row, const struct mig_plan_item *item)
{
    bson_t steps;
    bson_t step;
    BSON_APPEND_ARRAY_BEGIN(row, "steps", &steps);
    for (size_t i = item->first_step; i < item->step_count; i++) {
        const struct mig_plan_step *planned = &item->steps[i];
        append_index(&steps, i - item->first_step, &step);
        BSON_APPEND_UTF8(&step, "id", planned->step->id);
        BSON_APPEND_UTF8(&step, "kind", mig_step_kind_name(planned->step->kind));
        if (planned->step->collection)
            BSON_APPEND_UTF8(&step, "collection", planned->step->collection);
        BSON_APPEND_BOOL(&step, "transactional", planned->transactional);
        if (planned->estimate >= 0)
            BSON_APPEND_INT64(&step, "estimate", planned->estimate);
        else
            BSON_APPEND_NULL(&step, "estimate");
        bson_append_document_end(&steps, &step);
    }
    bson_append_array_end(row, &steps);
}

static void append_migrations(bson_t *doc, const struct mig_plan *plan)
{
    bson_t list;
    bson_t row;
    BSON_APPEND_ARRAY_BEGIN(doc, "migrations", &list);
    for (size_t i = 0; i < plan->count; i++) {
        const struct mig_migration *migration = plan->items[i].migration;
        append_index(&list, i, &row);
        BSON_APPEND_UTF8(&row, "version", migration->version);
        BSON_APPEND_UTF8(&row, "title", migration->title);
        BSON_APPEND_UTF8(&row, "sem", migration->sem);
        if (plan->items[i].by_inverse)
            BSON_APPEND_BOOL(&row, "byInverse", true);
        append_steps(&row, &plan->items[i]);
        bson_append_document_end(&list, &row);
    }
    bson_append_array_end(doc, &list);
}

static void append_gates(bson_t *doc, const struct mig_plan *plan)
{
    bson_t list;
    bson_t row;
    BSON_APPEND_ARRAY_BEGIN(doc, "gates", &list);
    for (size_t i = 0; i < plan->gate_count; i++) {
        append_index(&list, i, &row);
        BSON_APPEND_UTF8(&row, "name", plan->gates[i].name);
        BSON_APPEND_UTF8(&row, "state", mig_gate_state_word(plan->gates[i].state));
        BSON_APPEND_UTF8(&row, "reason", plan->gates[i].reason);
        BSON_APPEND_UTF8(&row, "remedy", plan->gates[i].remedy);
        bson_append_document_end(&list, &row);
    }
    bson_append_array_end(doc, &list);
}

void mig_plan_document(const struct mig_plan *plan, bson_t *ret)
{
    bson_t list;
    bson_init(ret);
    BSON_APPEND_INT32(ret, "migtuiPlan", 1);
    BSON_APPEND_UTF8(ret, "planId", plan->id);
    BSON_APPEND_UTF8(ret, "environment", plan->environment);
    BSON_APPEND_UTF8(ret, "environmentUuid", plan->environment_uuid);
    BSON_APPEND_UTF8(ret, "database", plan->database);
    BSON_APPEND_UTF8(ret, "replicaSet", plan->replica_set);
    BSON_APPEND_UTF8(ret, "order", mig_order_word(plan->order));
    BSON_APPEND_UTF8(ret, "direction", mig_direction_word(plan->direction));
    BSON_APPEND_UTF8(ret, "historyHead", plan->head);
    BSON_APPEND_UTF8(ret, "serverVersion", plan->server_version);
    append_migrations(ret, plan);
    BSON_APPEND_ARRAY_BEGIN(ret, "warnings", &list);
    for (size_t i = 0; i < plan->warning_count; i++) {
        char key[24];
        const char *index;
        bson_uint32_to_string((uint32_t)i, &index, key, sizeof key);
        BSON_APPEND_UTF8(&list, index, plan->warnings[i]);
    }
    bson_append_array_end(ret, &list);
    BSON_APPEND_ARRAY_BEGIN(ret, "lint", &list);
    bson_append_array_end(ret, &list);
    append_gates(ret, plan);
}

/* ---- the words that choose it ---- */

enum way { WAY_UP, WAY_BACK, WAY_UNDO, WAY_RESUME };

static enum way way_of(const struct mig_plan *plan)
{
    const struct mig_record *record = plan->count > 0 ? plan->items[0].record : NULL;
    if (record && record->state != MIG_RECORD_APPLIED && record->state != MIG_RECORD_REVERTED)
        return record->direction == plan->direction ? WAY_RESUME : WAY_UNDO;
    return plan->direction == MIG_UP ? WAY_UP : WAY_BACK;
}

static bool keep(const struct mig_buf *words, char *ret, size_t size)
{
    bool fits = !words->overflow && words->len < size;
    snprintf(ret, size, "%s", fits && words->text ? words->text : "");
    return fits;
}

static void append_versions(const struct mig_plan *plan, struct mig_buf *out)
{
    for (size_t i = 0; i < plan->count; i++)
        mig_buf_printf(out, " %s", plan->items[i].migration->version);
}

bool mig_plan_words(const struct mig_plan *plan, char *ret, size_t size)
{
    enum way way = way_of(plan);
    struct mig_buf words MIG_AUTOBUF;
    mig_buf_init(&words, size);
    if (way == WAY_RESUME)
        mig_buf_str(&words, "--resume");
    else if (way == WAY_UP && plan->count > 0)
        mig_buf_printf(&words, "--to %s", plan->items[plan->count - 1].migration->version);
    else if (way != WAY_UP)
        mig_buf_str(&words, way == WAY_UNDO ? "--undo" : "--down");
    if (way == WAY_BACK || way == WAY_UNDO)
        append_versions(plan, &words);
    return keep(&words, ret, size);
}

bool mig_plan_command(const struct mig_plan *plan, char *ret, size_t size)
{
    enum way way = way_of(plan);
    struct mig_buf words MIG_AUTOBUF;
    mig_buf_init(&words, size);
    if (way == WAY_RESUME)
        mig_buf_str(&words, "resume");
    else if (way == WAY_UP && plan->count > 0)
        mig_buf_printf(&words, "apply --to %s", plan->items[plan->count - 1].migration->version);
    else if (way == WAY_UP)
        mig_buf_str(&words, "apply");
    else
        mig_buf_str(&words, way == WAY_UNDO ? "recover --undo" : "rollback");
    if (way == WAY_BACK || (way == WAY_UNDO && plan->count == 1)) /* recover takes one, or all there are */
        append_versions(plan, &words);
    return keep(&words, ret, size);
}

/* ---- what moved ---- */

static bool has_version(const bson_t *migrations, const char *version)
{
    bson_iter_t each;
    bson_t row;
    bool more = bson_iter_init(&each, migrations);
    while (more && bson_iter_next(&each)) {
        if (mig_iter_sub(&each, &row) && strcmp(mig_doc_str(&row, "version", ""), version) == 0)
            return true;
    }
    return false;
}

/* gone: a version that is in the plan no more. */
static void tell_place(const bson_t *now, const char *gone, const char *to, size_t place, char *ret,
                       size_t size)
{
    MIG_AUTOFREE char *safe = mig_text_safe_dup(gone ? gone : "", VERSION_SHOWN);
    bool back = strcmp(mig_doc_str(now, "direction", ""), "down") == 0;
    if (gone)
        snprintf(ret, size, "migrations: %s is no longer %s: %s since, or its file is gone", safe,
                 back ? "applied" : "pending", back ? "it was taken back" : "it ran");
    else
        snprintf(ret, size, "migrations: %s comes in place %zu now", to ? to : "nothing", place);
}

/* The first migration of one plan that the other does not have in that place, or has with another meaning. */
static bool migration_moved(const bson_t *saved, const bson_t *now, char *ret, size_t size)
{
    bson_t a;
    bson_t b;
    if (!mig_doc_sub(saved, "migrations", &a) || !mig_doc_sub(now, "migrations", &b)) {
        snprintf(ret, size, "the saved plan lists no migrations");
        return true;
    }
    bson_iter_t left;
    bson_iter_t right;
    bool more = bson_iter_init(&left, &a) && bson_iter_init(&right, &b);
    for (size_t place = 1; more; place++) {
        bson_t was;
        bson_t is;
        bool had = bson_iter_next(&left) && mig_iter_sub(&left, &was);
        bool has = bson_iter_next(&right) && mig_iter_sub(&right, &is);
        if (!had && !has)
            break;
        const char *from = had ? mig_doc_str(&was, "version", "") : NULL;
        const char *to = has ? mig_doc_str(&is, "version", "") : NULL;
        if (!from || !to || strcmp(from, to) != 0) {
            tell_place(now, from && !has_version(&b, from) ? from : NULL, to, place, ret, size);
            return true;
        }
        if (strcmp(mig_doc_str(&was, "sem", ""), mig_doc_str(&is, "sem", "")) != 0) {
            snprintf(ret, size, "files: the meaning of %s was changed", to);
            return true;
        }
    }
    return false;
}

/* What a plan is made from besides its migrations. */
static const struct {
    const char *path;
    const char *what;
} inputs[] = {
    { "environmentUuid", "target: the plan was made for another database" },
    { "database", "target: the database's name" },
    { "replicaSet", "target: the replica set's name" },
    { "direction", "direction" },
    { "order", "order policy" },
    { "serverVersion", "server version" },
    { "historyHead", "history head: something was applied, rolled back or marked since" },
};
#define INPUTS (sizeof inputs / sizeof inputs[0])

int mig_plan_part(const bson_t *saved, const struct mig_plan *now, int64_t *ret_saved)
{
    bson_t doc, a, b;
    bson_iter_t left, right;
    mig_plan_document(now, &doc);
    bool same = mig_doc_sub(saved, "migrations", &a) && mig_doc_sub(&doc, "migrations", &b) &&
                bson_iter_init(&left, &a) && bson_iter_init(&right, &b);
    for (size_t i = 0; same && i < INPUTS; i++)
        same = strcmp(mig_doc_str(saved, inputs[i].path, ""), mig_doc_str(&doc, inputs[i].path, "")) == 0;
    *ret_saved = same ? (int64_t)bson_count_keys(&a) : 0;
    size_t common = 0;
    for (bson_t was, is; same && bson_iter_next(&left) && bson_iter_next(&right); common++)
        same = mig_iter_sub(&left, &was) && mig_iter_sub(&right, &is) &&
               strcmp(mig_doc_str(&was, "version", ""), mig_doc_str(&is, "version", "?")) == 0 &&
               strcmp(mig_doc_str(&was, "sem", ""), mig_doc_str(&is, "sem", "?")) == 0;
    bson_destroy(&doc);
    if (!same || common == 0 || *ret_saved == (int64_t)now->count)
        return 0;
    return *ret_saved < (int64_t)now->count ? 1 : -1;
}

void mig_plan_moved(const bson_t *saved, const struct mig_plan *now, char *ret, size_t size)
{
    bson_t doc;
    ret[0] = '\0';
    if (strcmp(mig_doc_str(saved, "planId", ""), now->id) == 0)
        return;
    mig_plan_document(now, &doc);
    if (strcmp(mig_doc_str(saved, inputs[0].path, ""), mig_doc_str(&doc, inputs[0].path, "")) != 0)
        snprintf(ret, size, "%s", inputs[0].what);
    else if (!migration_moved(saved, &doc, ret, size)) {
        for (size_t i = 1; i < INPUTS && !ret[0]; i++) {
            const char *was = mig_doc_str(saved, inputs[i].path, "");
            const char *is = mig_doc_str(&doc, inputs[i].path, "");
            MIG_AUTOFREE char *safe = mig_text_safe_dup(was, DIGEST_SHOWN);
            if (strcmp(was, is) != 0)
                snprintf(ret, size, "%s (was %s, is %.*s)", inputs[i].what, safe, DIGEST_SHOWN, is);
        }
        if (!ret[0])
            snprintf(ret, size, "steps: those that would run are not the ones planned");
    }
    mig_utf8_trim(ret);
    bson_destroy(&doc);
}
