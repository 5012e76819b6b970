/* step_parse.c - a list of steps: each names itself, is of one kind, and fits that kind's shape. */
#include "engine/step_parse.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/rows.h"
#include "base/text.h"

#define MAX_STATEMENTS 100

/* ---- one step's members ---- */

/* What was found at the top of a step. */
struct members {
    int kind; /* -1: none yet */
    bson_iter_t body;
    unsigned beside; /* MIG_TAKES_… of the members that stand beside the kind */
};

static bool unknown_kind(struct mig_reading *r, const struct mig_at *at, const struct members *found)
{
    const char *names[MIG_STEP_KINDS + 16];
    size_t count = 0;
    if (found->kind < 0)
        for (int i = 0; i < MIG_STEP_KINDS; i++)
            names[count++] = mig_step_kind_name((enum mig_step_kind)i);
    for (size_t i = 0; i < mig_shape_step.count; i++)
        names[count++] = mig_shape_step.members[i].name;
    names[count] = NULL;
    if (found->kind < 0)
        return mig_fault_unknown(r, at, "step kind", at->key, "", names);
    return mig_fault_unknown(r, at, "member", at->key, "a step", names);
}

static bool second_kind(struct mig_reading *r, const struct mig_at *at, const struct members *found)
{
    mig_fault(r, at, "the step is %s and %s at once", mig_step_kind_name((enum mig_step_kind)found->kind),
              at->key);
    return mig_hint(r->err, "write two steps, each with its own id");
}

/* The kind may stand behind a member that is unknown, and then tells what that member was meant to be. */
static int kind_of(const bson_t *doc)
{
    bson_iter_t member;
    bool ok = bson_iter_init(&member, doc);
    while (ok && bson_iter_next(&member)) {
        int kind = mig_step_kind_find(bson_iter_key(&member));
        if (kind >= 0)
            return kind;
    }
    return -1;
}

/* is_inner: a statement of a transaction, which has no id. */
static bool read_members(struct mig_reading *r, const bson_t *doc, const struct mig_at *at, bool is_inner,
                         struct members *ret)
{
    bson_iter_t member;
    bool has_id = false;
    *ret = (struct members){ .kind = -1 };
    if (!bson_iter_init(&member, doc))
        return mig_fault(r, at, "the step cannot be read");
    while (bson_iter_next(&member)) {
        const char *name = bson_iter_key(&member);
        struct mig_at here = { at, name };
        const struct mig_member *row = mig_shape_member(&mig_shape_step, name);
        int kind = row ? -1 : mig_step_kind_find(name);
        if (row && is_inner && row->form == MIG_FORM_ID) {
            mig_fault(r, &here, "a statement of a transaction has no id of its own");
            return mig_hint(r->err, "take it out: the transaction's id counts");
        }
        if (row) {
            if (!mig_member_fits(r, &mig_shape_step, row, &member, &here))
                return false;
            has_id |= row->form == MIG_FORM_ID;
            ret->beside |= mig_shape_takes(row);
        } else if (kind < 0) {
            struct members all = { .kind = kind_of(doc) };
            return unknown_kind(r, &here, &all);
        } else if (ret->kind >= 0) {
            return second_kind(r, &here, ret);
        } else {
            ret->kind = kind;
            ret->body = member;
        }
    }
    if (!has_id && !is_inner) {
        mig_fault(r, at, "the step has no \"id\"");
        return mig_hint(r->err, "add \"id\": %s", mig_shape_step.members[0].doc);
    }
    if (ret->kind < 0) {
        mig_fault(r, at, "the step has no kind");
        return mig_hint(
            r->err, "say what it does: createIndexes, insert, update, …; docs/reference/steps.md has all");
    }
    return true;
}

/* ---- members that a kind does not take, or that stand twice ---- */

static bool check_beside(struct mig_reading *r, const struct members *found, const struct mig_at *at)
{
    enum mig_step_kind kind = (enum mig_step_kind)found->kind;
    unsigned takes = mig_kind_shape(kind)->takes;
    bson_iter_t twice;
    bson_t body;
    for (size_t i = 0; i < mig_shape_step.count; i++) {
        const struct mig_member *row = &mig_shape_step.members[i];
        unsigned bit = mig_shape_takes(row);
        struct mig_at here = { at, row->name };
        if (bit == MIG_TAKES_ALWAYS || !(found->beside & bit))
            continue;
        if (!(takes & bit)) {
            mig_fault(r, &here, "%s has no meaning for %s", row->name, mig_step_kind_name(kind));
            return mig_hint(r->err, "take it out; %s: %s", row->name, row->doc);
        }
        if (kind != MIG_STEP_TRANSACTION && mig_iter_sub(&found->body, &body) &&
            bson_iter_init_find(&twice, &body, row->name)) {
            mig_fault(r, &here, "%s stands beside %s and in it", row->name, mig_step_kind_name(kind));
            return mig_hint(r->err, "keep the one beside it");
        }
    }
    return true;
}

/* ---- one step ---- */

static bool read_step(struct mig_reading *r, const bson_t *doc, const struct mig_at *at, bool is_inner,
                      struct mig_step *ret);

static bson_t *copy_of(const bson_iter_t *value)
{
    bson_t view;
    return mig_iter_sub(value, &view) ? bson_copy(&view) : bson_new();
}

/* The statements of a transaction: steps without an id, of kinds that fit. */
static bool read_inner(struct mig_reading *r, const bson_iter_t *list, const struct mig_at *at,
                       struct mig_step *step)
{
    bson_iter_t element;
    bson_t doc;
    if (!bson_iter_recurse(list, &element))
        return mig_fault(r, at, "transaction cannot be read");
    step->inner = mig_alloc_n(bson_count_keys(step->body), sizeof *step->inner);
    while (bson_iter_next(&element)) {
        struct mig_at here = { at, bson_iter_key(&element) };
        struct mig_step inner;
        if (!BSON_ITER_HOLDS_DOCUMENT(&element) || !mig_iter_sub(&element, &doc)) {
            mig_fault(r, &here, "a statement of transaction is not an object");
            return mig_hint(r->err, "as in {\"insert\": {…}}");
        }
        if (!read_step(r, &doc, &here, true, &inner))
            return false;
        inner.id = mig_printf("%s[%zu]", step->id, step->inner_count);
        step->inner[step->inner_count++] = inner;
    }
    if (step->inner_count >= 1 && step->inner_count <= MAX_STATEMENTS)
        return true;
    mig_fault(r, at, "transaction has %zu statements; expected 1 to %d", step->inner_count, MAX_STATEMENTS);
    return mig_hint(r->err, "MongoDB ends a transaction after 60 s; for many documents write a batch");
}

static bool is_object(struct mig_reading *r, const struct members *found, const struct mig_at *at)
{
    bool wants_array = found->kind == MIG_STEP_TRANSACTION;
    if (wants_array ? BSON_ITER_HOLDS_ARRAY(&found->body) : BSON_ITER_HOLDS_DOCUMENT(&found->body))
        return true;
    mig_fault(r, at, "the value of %s is not an %s", at->key, wants_array ? "array" : "object");
    return mig_hint(r->err, "as in \"%s\": %s", at->key,
                    mig_kind_shape((enum mig_step_kind)found->kind)->example);
}

static bool read_body(struct mig_reading *r, const struct members *found, const struct mig_at *at,
                      struct mig_step *step)
{
    const struct mig_kind_shape *shape = mig_kind_shape(step->kind);
    if (!is_object(r, found, at))
        return false;
    step->body = copy_of(&found->body);
    if (step->kind == MIG_STEP_TRANSACTION)
        return read_inner(r, &found->body, at, step);
    if (!mig_shape_fits(r, &shape->body, shape->takes & MIG_TAKES_INSIDE, step->body, at))
        return false;
    step->collection = mig_strdup_or_null(mig_doc_str(step->body, "collection", NULL));
    return mig_step_rules(r, step, at);
}

static bool read_step(struct mig_reading *r, const bson_t *doc, const struct mig_at *at, bool is_inner,
                      struct mig_step *ret)
{
    struct members found;
    *ret = (struct mig_step){ 0 };
    if (!read_members(r, doc, at, is_inner, &found))
        return false;
    struct mig_at body_at = { at, mig_step_kind_name((enum mig_step_kind)found.kind) };
    ret->kind = (enum mig_step_kind)found.kind;
    if (is_inner && !mig_kind_shape(ret->kind)->in_transaction) {
        mig_fault(r, &body_at, "%s cannot be in a transaction", body_at.key);
        return mig_hint(r->err, "insert, update, delete and assert can; make the others steps of their own");
    }
    if (!check_beside(r, &found, at))
        return false;
    ret->doc = bson_copy(doc);
    ret->id = is_inner ? NULL : mig_strdup(mig_doc_str(doc, "id", ""));
    if (read_body(r, &found, &body_at, ret))
        return true;
    mig_step_done(ret);
    return false;
}

/* ---- the list ---- */

static bool is_unique(struct mig_reading *r, const struct mig_step *steps, size_t count, const char *id,
                      const struct mig_at *at)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(steps[i].id, id) == 0) {
            struct mig_at here = { at, "id" };
            mig_fault(r, &here, "the id is also that of %s[%zu]", r->section, i);
            return mig_hint(r->err, "history tells steps by their id: give each its own");
        }
    }
    return true;
}

/* The id for messages; anything odd about it is found later. */
static const char *id_for_messages(const bson_t *doc)
{
    const char *id = mig_doc_str(doc, "id", NULL);
    return id && mig_form_fits(MIG_FORM_ID, id, "") ? id : NULL;
}

static void steps_free(struct mig_step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++)
        mig_step_done(&steps[i]);
    free(steps);
}

bool mig_steps_read(struct mig_reading *r, const char *section, const bson_t *list, struct mig_step **ret,
                    size_t *ret_count)
{
    struct mig_at top = { NULL, section };
    uint32_t room = bson_count_keys(list);
    struct mig_step *steps = room ? mig_alloc_n(room, sizeof *steps) : NULL;
    size_t count = 0;
    bson_iter_t element;
    bool ok = bson_iter_init(&element, list);
    r->section = section;
    while (ok && bson_iter_next(&element)) {
        struct mig_at at = { &top, bson_iter_key(&element) };
        struct mig_step step;
        bson_t doc;
        r->index = (uint32_t)count;
        r->id = NULL;
        ok = mig_iter_sub(&element, &doc) || mig_fault(r, &at, "the step cannot be read");
        if (!ok)
            break;
        r->id = id_for_messages(&doc);
        ok = (!r->id || is_unique(r, steps, count, r->id, &at)) && read_step(r, &doc, &at, false, &step);
        if (!ok)
            break;
        steps[count++] = step;
    }
    r->section = NULL;
    r->id = NULL;
    if (!ok) {
        steps_free(steps, count);
        return false;
    }
    *ret = steps;
    *ret_count = count;
    return true;
}
