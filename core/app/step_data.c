/* step_data.c - updates, deletes, aggregations that write, commands, assertions, and several of them in one
 * transaction.
 *
 * None of these leaves a mark of its own in the database. What tells whether they ran is the transaction they
 * share with their record, the author's `verify`, or a person.
 */
#include <string.h>

#include "app/step_kinds.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/rows.h"

/* What a filter finds is counted for the operator's eyes, so not without end. */
#define COUNT_MAX      100000
#define STATEMENTS_MAX 20

static enum mig_step_end plain_execute(struct step_work *work)
{
    STEP_AUTOSENT struct step_sent sent;
    return step_send_own(work, 0, &sent);
}

/* ---- update, delete ---- */

static bool statements(const struct mig_step *step, bson_t *ret)
{
    return mig_doc_sub(step->body, step->kind == MIG_STEP_UPDATE ? "updates" : "deletes", ret);
}

/* How many documents each statement's filter finds now; -1 where counting failed. False: the server is
 * gone. */
static bool count_matches(struct step_work *work, bson_t *ret)
{
    bson_t list, statement, filter;
    bson_iter_t iter;
    bool ok = statements(work->step, &list) && bson_iter_init(&iter, &list);
    for (int i = 0; ok && i < STATEMENTS_MAX && bson_iter_next(&iter); i++) {
        int64_t count;
        if (!mig_iter_sub(&iter, &statement) || !mig_doc_sub(&statement, "q", &filter))
            continue;
        enum mig_step_end end =
            step_count(work->ctx, work->step->collection, &filter, COUNT_MAX + 1, 0, &count, work->err);
        if (end == MIG_STEP_END_UNKNOWN)
            return false;
        bson_append_int64(ret, bson_iter_key(&iter), -1, end == MIG_STEP_END_DONE ? count : -1);
    }
    return true;
}

static bool write_prestate(struct step_work *work, bson_t *ret)
{
    MIG_AUTODOC bson_t counts = BSON_INITIALIZER;
    if (mig_step_in_transaction(work->step, work->ctx->server))
        return true;
    if (!count_matches(work, &counts))
        return false;
    BSON_APPEND_ARRAY(ret, "matched", &counts);
    return true;
}

static void print_counts(struct mig_buf *out, const bson_t *counts)
{
    bson_iter_t iter;
    bool ok = bson_iter_init(&iter, counts);
    while (ok && bson_iter_next(&iter)) {
        int64_t count = mig_iter_int(&iter, -1);
        mig_buf_str(out, out->len ? ", " : "");
        if (count < 0)
            mig_buf_str(out, "?");
        else
            mig_buf_printf(out, "%s%lld", count > COUNT_MAX ? "over " : "",
                           (long long)(count > COUNT_MAX ? COUNT_MAX : count));
    }
}

/* Numbers help a person to decide; none of them is a proof. */
static enum mig_probe unclear_counts(struct step_work *work)
{
    MIG_AUTODOC bson_t counts = BSON_INITIALIZER;
    MIG_AUTOBUF struct mig_buf then;
    MIG_AUTOBUF struct mig_buf now;
    bson_t before;
    mig_buf_init(&then, 200);
    mig_buf_init(&now, 200);
    if (!count_matches(work, &counts))
        return step_blind(work);
    print_counts(&now, &counts);
    if (mig_doc_sub(work->pre, "matched", &before))
        print_counts(&then, &before);
    return step_seen(work, MIG_PROBE_UNCLEAR,
                     "its filters find %s documents in %s now and found %s before; nothing proves"
                     " whether it ran",
                     now.text, work->step->collection, then.len ? then.text : "an unknown number of");
}

/* One statement on one document is done or not; several, or one on many documents, may be done in part. */
static bool whole_or_not_at_all(const struct mig_step *step)
{
    bson_t list;
    return !mig_step_long_running(step) && statements(step, &list) && bson_count_keys(&list) == 1;
}

static enum mig_probe write_probe(struct step_work *work)
{
    bson_iter_t verify;
    if (mig_step_in_transaction(work->step, work->ctx->server))
        return step_seen(work, MIG_PROBE_NOT_DONE,
                         "it runs in one transaction with its record, which does not say done");
    if (mig_step_member(work->step, "verify", &verify))
        return step_probe_by_verify(work, whole_or_not_at_all(work->step));
    return unclear_counts(work);
}

/* ---- merge, out ---- */

static enum mig_probe merge_probe(struct step_work *work)
{
    return step_probe_by_verify(work, mig_step_idempotent(work->step));
}

static bool look_target(struct step_work *work, bson_t *ret)
{
    return step_look_collection(work->ctx, mig_doc_str(work->step->body, "to", ""), ret, work->err);
}

static bool out_prestate(struct step_work *work, bson_t *ret)
{
    MIG_AUTODOC bson_t target = BSON_INITIALIZER;
    bson_iter_t uuid;
    if (!look_target(work, &target))
        return false;
    if (mig_doc_find(&target, "info.uuid", &uuid))
        bson_append_iter(ret, "targetUuid", -1, &uuid);
    return true;
}

/* $out writes beside the target and takes its place at the end: another uuid there says that it came to its
 * end. The same uuid says little, since not every server gives a new one. */
static enum mig_probe out_probe(struct step_work *work)
{
    MIG_AUTODOC bson_t target = BSON_INITIALIZER;
    bson_iter_t verify, before, now;
    if (mig_step_member(work->step, "verify", &verify) || mig_step_idempotent(work->step))
        return merge_probe(work);
    if (!look_target(work, &target))
        return step_blind(work);
    bool known = mig_doc_find(work->pre, "targetUuid", &before) && mig_doc_find(&target, "info.uuid", &now);
    if (known && !mig_value_equal(&before, &now))
        return step_seen(work, MIG_PROBE_DONE, "%s has been replaced",
                         mig_doc_str(work->step->body, "to", "the target"));
    return merge_probe(work);
}

/* ---- command ---- */

/* Commands that take a write concern; others refuse one. A command that brings its own keeps it. */
static const char *const concerned[] = {
    "insert",
    "update",
    "delete",
    "findAndModify",
    "findandmodify",
    "bulkWrite",
    "create",
    "createIndexes",
    "collMod",
    "drop",
    "dropIndexes",
    "deleteIndexes",
    "dropDatabase",
    "renameCollection",
    "convertToCapped",
    "cloneCollectionAsCapped",
    "mapReduce",
    "createUser",
    "updateUser",
    "dropUser",
    "createRole",
    "updateRole",
    "dropRole",
    "grantRolesToUser",
    "revokeRolesFromUser",
    "grantRolesToRole",
    "revokeRolesFromRole",
    "grantPrivilegesToRole",
    "revokePrivilegesFromRole",
    "setFeatureCompatibilityVersion",
    "enableSharding",
    "shardCollection",
    "refineCollectionShardKey",
    "moveChunk",
};

/* An aggregation writes when a stage of its pipeline does. */
static bool aggregation_writes(const bson_t *command)
{
    bson_t pipeline, stage;
    bson_iter_t iter;
    bool ok = mig_doc_sub(command, "pipeline", &pipeline) && bson_iter_init(&iter, &pipeline);
    while (ok && bson_iter_next(&iter)) {
        if (mig_iter_sub(&iter, &stage) &&
            (bson_has_field(&stage, "$out") || bson_has_field(&stage, "$merge")))
            return true;
    }
    return false;
}

static bool takes_concern(const bson_t *command)
{
    bson_iter_t first;
    if (!bson_iter_init(&first, command) || !bson_iter_next(&first))
        return false;
    if (strcmp(bson_iter_key(&first), "aggregate") == 0)
        return aggregation_writes(command);
    for (size_t i = 0; i < MIG_COUNT(concerned); i++) {
        if (strcmp(concerned[i], bson_iter_key(&first)) == 0)
            return true;
    }
    return false;
}

static enum mig_step_end command_execute(struct step_work *work)
{
    STEP_AUTOSENT struct step_sent sent;
    bson_t run;
    bool concern = mig_doc_sub(work->step->body, "run", &run) && takes_concern(&run);
    return step_send_own(work, concern ? 0 : STEP_NO_CONCERN, &sent);
}

/* ---- transaction ---- */

static void add_totals(struct step_work *work, const struct step_work *inner)
{
    work->total.matched += inner->total.matched;
    work->total.modified += inner->total.modified;
    work->total.upserted += inner->total.upserted;
    work->total.inserted += inner->total.inserted;
    work->total.deleted += inner->total.deleted;
    work->same += inner->same;
}

static enum mig_step_end transaction_execute(struct step_work *work)
{
    const struct mig_step *step = work->step;
    bson_t nothing = BSON_INITIALIZER;
    if (!work->ctx->txn && work->ctx->server->can_transactions) {
        mig_fail(work->err, MIG_ERR_INTERNAL, "step %s was begun outside a transaction", step->id);
        return MIG_STEP_END_FAILED;
    }
    if (!work->ctx->txn)
        return step_failed(work, "step %s needs transactions, and this server has none: it is %s", step->id,
                           mig_topology_name(work->ctx->server->topology));
    for (size_t i = 0; i < step->inner_count; i++) {
        MIG_AUTODOC bson_t result = BSON_INITIALIZER;
        struct step_work inner = *work;
        inner.step = &step->inner[i];
        inner.pre = &nothing;
        inner.total = (struct mig_verdict){ 0 };
        inner.same = 0;
        inner.result = &result;
        enum mig_step_end end = step_carry_out(&inner);
        add_totals(work, &inner);
        if (end != MIG_STEP_END_DONE) {
            mig_context(work->err, "statement %zu of %zu (%s)", i + 1, step->inner_count,
                        mig_step_kind_name(inner.step->kind));
            return end;
        }
    }
    BSON_APPEND_INT64(work->result, "statements", (int64_t)step->inner_count);
    return MIG_STEP_END_DONE;
}

/* ---- assert ---- */

static enum mig_step_end assert_execute(struct step_work *work)
{
    return step_check(work->ctx, work->step->body, "assert", work->err);
}

static enum mig_probe assert_probe(struct step_work *work)
{
    return step_seen(work, MIG_PROBE_NOT_DONE, "an assertion changes nothing; it is looked at again");
}

/* ---- rows ---- */

const struct step_kind step_kind_write = {
    .prestate = write_prestate,
    .execute = plain_execute,
    .probe = write_probe,
    .lingers = true,
};
const struct step_kind step_kind_merge = {
    .execute = plain_execute,
    .probe = merge_probe,
    .lingers = true,
};
const struct step_kind step_kind_out = {
    .prestate = out_prestate,
    .execute = plain_execute,
    .probe = out_probe,
    .lingers = true,
};
const struct step_kind step_kind_command = {
    .execute = command_execute,
    .probe = merge_probe,
    .lingers = true,
};
const struct step_kind step_kind_transaction = {
    .execute = transaction_execute,
    .probe = write_probe,
};
const struct step_kind step_kind_assert = {
    .execute = assert_execute,
    .probe = assert_probe,
};
