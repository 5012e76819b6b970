/* step_index.c - indexes: built, dropped, hidden.
 *
 * A build outlives its client: when the connection breaks, the server goes on. So it is never sent again on
 * suspicion: the probe says whether the index is there, still being made, or neither.
 */
#include <stdatomic.h>
#include <string.h>

#include "app/step_kinds.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine/steps_compare.h"

#define TYPE_MISMATCH       14
#define NAMESPACE_NOT_FOUND 26
#define INDEX_NOT_FOUND     27

/* A build is asked about only when it lasts longer than this, and then as often. */
#define PROGRESS_MS 1000

static bool look(struct step_work *work, bson_t *ready, bson_t *building)
{
    return step_look_indexes(work->ctx, work->step->collection, ready, building, work->err);
}

static void append(bson_t *list, const bson_t *spec)
{
    MIG_AUTOFREE char *key = mig_printf("%u", bson_count_keys(list));
    bson_append_document(list, key, -1, spec);
}

static void append_specs(bson_t *ret, const bson_t *specs)
{
    BSON_APPEND_ARRAY(ret, "indexes", specs);
}

/* ---- createIndexes: what is there of it ---- */

static bool asked_specs(const struct step_work *work, bson_iter_t *ret)
{
    bson_t list;
    return mig_doc_sub(work->step->body, "indexes", &list) && bson_iter_init(ret, &list);
}

/* An index of the spec's name, or of its key under another name. */
static bool find_like(const bson_t *indexes, const bson_t *spec, const char *name, bson_t *ret)
{
    bson_t key;
    return mig_index_by_name(indexes, name, ret) ||
           (mig_doc_sub(spec, "key", &key) && mig_index_by_key(indexes, &key, ret));
}

static bool create_prestate(struct step_work *work, bson_t *ret)
{
    MIG_AUTODOC bson_t ready = BSON_INITIALIZER;
    MIG_AUTODOC bson_t building = BSON_INITIALIZER;
    MIG_AUTODOC bson_t list = BSON_INITIALIZER;
    bson_t spec, found;
    bson_iter_t iter;
    if (!look(work, &ready, &building))
        return false;
    bool ok = asked_specs(work, &iter);
    while (ok && bson_iter_next(&iter)) {
        MIG_AUTOBUF struct mig_buf name;
        mig_buf_init(&name, 1024);
        if (!mig_iter_sub(&iter, &spec))
            continue;
        mig_index_name(&spec, &name);
        if (find_like(&ready, &spec, name.text, &found))
            append(&list, &found);
    }
    append_specs(ret, &list);
    return true;
}

/* Of the asked indexes, how many are there as asked, being built, or missing; and the first that is in the
 * way. */
struct tally {
    int there, building, missing;
    struct mig_buf conflict; /* "" when none */
};

/* An index without a collation has its collection's, which is fetched only when that matters. */
static bool same_as_asked(struct step_work *work, const bson_t *spec, const bson_t *found,
                          struct mig_buf *why)
{
    MIG_AUTODOC bson_t collection = BSON_INITIALIZER;
    bson_t options;
    bool inherits = bson_has_field(found, "collation") && !bson_has_field(spec, "collation");
    if (inherits)
        step_look_collection(work->ctx, work->step->collection, &collection, work->err);
    bool known = mig_doc_sub(&collection, "options", &options);
    return mig_same_index(spec, found, known ? &options : &collection, why);
}

static void tally_spec(struct step_work *work, const bson_t *spec, const bson_t *ready,
                       const bson_t *building, struct tally *tally)
{
    MIG_AUTOBUF struct mig_buf name;
    MIG_AUTOBUF struct mig_buf why;
    bson_t found;
    mig_buf_init(&name, 1024);
    mig_buf_init(&why, MIG_WHY_MAX);
    mig_index_name(spec, &name);
    if (mig_index_by_name(ready, name.text, &found)) {
        if (same_as_asked(work, spec, &found, &why))
            tally->there++;
        else if (!tally->conflict.len)
            mig_buf_printf(&tally->conflict, "%s is there and differs: %s", name.text, why.text);
    } else if (mig_index_by_name(building, name.text, &found)) {
        tally->building++;
    } else {
        tally->missing++;
        if (find_like(ready, spec, name.text, &found) && !tally->conflict.len) {
            MIG_AUTOFREE char *other = mig_text_safe_dup(mig_doc_str(&found, "name", "?"), 200);
            mig_buf_printf(&tally->conflict, "the key of %s has an index named %s", name.text, other);
        }
    }
}

static bool tally_up(struct step_work *work, struct tally *ret)
{
    MIG_AUTODOC bson_t ready = BSON_INITIALIZER;
    MIG_AUTODOC bson_t building = BSON_INITIALIZER;
    bson_t spec;
    bson_iter_t iter;
    *ret = (struct tally){ 0 };
    mig_buf_init(&ret->conflict, MIG_WHY_MAX + 300);
    if (!look(work, &ready, &building))
        return false;
    bool ok = asked_specs(work, &iter);
    while (ok && bson_iter_next(&iter)) {
        if (mig_iter_sub(&iter, &spec))
            tally_spec(work, &spec, &ready, &building, ret);
    }
    return true;
}

/* ---- createIndexes: at work ---- */

/* As step_look_running; tells how far it is. */
static int at_work(struct step_work *work, struct step_operation *ret)
{
    int running = step_look_running(work, work->step->collection, ret);
    if (running > 0 && work->ctx->progress)
        work->ctx->progress(work->ctx->progress_ctx, ret->done, ret->total, ret->what);
    return running;
}

static enum mig_probe in_progress(struct step_work *work, const struct step_operation *operation)
{
    if (operation->total > 0)
        return step_seen(work, MIG_PROBE_IN_PROGRESS, "the server is building: %s, %lld of %lld",
                         operation->what, (long long)operation->done, (long long)operation->total);
    return step_seen(work, MIG_PROBE_IN_PROGRESS, "the server is building indexes of %s",
                     work->step->collection);
}

static enum mig_probe verdict_of(struct step_work *work, const struct tally *tally)
{
    int asked = tally->there + tally->building + tally->missing;
    if (tally->conflict.len)
        return step_seen(work, MIG_PROBE_NOT_DONE, "%s", tally->conflict.text);
    if (tally->missing > 0)
        return step_seen(work, MIG_PROBE_NOT_DONE,
                         "%d of %d indexes of %s are there, and none is being built", tally->there, asked,
                         work->step->collection);
    return step_seen(work, MIG_PROBE_DONE, "%s of %s there as asked",
                     asked == 1 ? "the index" : "all indexes", work->step->collection);
}

/* Where the list is not sure it is looked at last: what was there while a build was at work, and a failover ended, would pass for
 * built. */
static enum mig_probe create_probe(struct step_work *work)
{
    struct tally tally;
    struct step_operation operation = { 0 };
    enum mig_probe probe;
    bool sure = !step_before_4_4(work->ctx->server);
    int running = sure ? 0 : at_work(work, &operation);
    if (running < 0)
        return step_blind(work);
    bool seen = tally_up(work, &tally);
    if (seen && sure && tally.missing > 0)
        running = at_work(work, &operation);
    if (!seen || running < 0)
        probe = step_blind(work);
    else if (running > 0 || tally.building > 0)
        probe = in_progress(work, &operation);
    else
        probe = verdict_of(work, &tally);
    mig_buf_done(&tally.conflict);
    return probe;
}

/* The command in a task of its own, so that the caller's thread can tell how far the server is. */
struct build {
    struct step_work *work;   /* the task's, until it is joined */
    struct step_work watcher; /* the caller's, copied before the task began */
    struct step_sent sent;
    atomic_bool done;
};

static void run_build(void *context)
{
    struct build *build = context;
    struct mig_host *host = build->work->ctx->host;
    step_send_own(build->work, 0, &build->sent);
    atomic_store(&build->done, true);
    host->ops->wake(host, build);
}

/* A wake-up may come before the sleep: so sleep at first for no longer than it has lasted. */
static void watch_build(struct build *build)
{
    struct mig_host *host = build->watcher.ctx->host;
    struct mig_error ignored = { 0 };
    struct step_operation operation;
    build->watcher.err = &ignored;
    int64_t began_ms = host->ops->mono_ms(host);
    int64_t pause_ms = 1;
    while (!atomic_load(&build->done)) {
        int64_t now_ms = host->ops->mono_ms(host);
        host->ops->sleep_until(host, now_ms + pause_ms, build);
        pause_ms = pause_ms * 2 < PROGRESS_MS ? pause_ms * 2 : PROGRESS_MS;
        if (now_ms - began_ms >= PROGRESS_MS && !atomic_load(&build->done))
            (void)at_work(&build->watcher, &operation);
    }
}

static enum mig_step_end send_watched(struct step_work *work, struct step_sent *ret)
{
    struct build build = { .work = work, .watcher = *work };
    struct mig_host *host = work->ctx->host;
    struct mig_task *task;
    bool watch = work->ctx->progress && work->ctx->server->can_current_op;
    if (!watch || !host->ops->task_start(host, run_build, &build, &task, work->err))
        return step_send_own(work, 0, ret);
    watch_build(&build);
    host->ops->task_join(host, task);
    /* Not a copy of the struct: a bson_t may point into itself. */
    ret->end = build.sent.end;
    ret->verdict = build.sent.verdict;
    bson_init(&ret->body);
    bson_concat(&ret->body, &build.sent.body);
    step_sent_done(&build.sent);
    return ret->end;
}

static enum mig_step_end create_execute(struct step_work *work)
{
    const char *there = mig_doc_str(work->pre, "indexes.0.name", NULL);
    if (there && !mig_step_accepts_existing(work->step))
        return step_failed(work, "%s has the index %s already, and ifExists says fail",
                           work->step->collection, there);
    STEP_AUTOSENT struct step_sent sent;
    if (send_watched(work, &sent) == MIG_STEP_END_DONE) {
        BSON_APPEND_INT64(work->result, "indexesBefore", mig_doc_int(&sent.body, "numIndexesBefore", -1));
        BSON_APPEND_INT64(work->result, "indexesAfter", mig_doc_int(&sent.body, "numIndexesAfter", -1));
    }
    return sent.end;
}

/* ---- dropIndexes ---- */

/* What is to be dropped: names or a key, "*" for all but _id_. Specs that are there go to present; the number
 * of others is returned, of which those in spared do not count. */
static int find_targets(const bson_iter_t *which, const bson_t *ready, const bson_t *spared, bson_t *present)
{
    bson_iter_t each;
    bson_t spec;
    int missing = 0;
    if (BSON_ITER_HOLDS_ARRAY(which) && bson_iter_recurse(which, &each)) {
        while (bson_iter_next(&each))
            missing += find_targets(&each, ready, spared, present);
        return missing;
    }
    if (BSON_ITER_HOLDS_UTF8(which) && strcmp(bson_iter_utf8(which, NULL), "*") == 0) {
        bool ok = bson_iter_init(&each, ready);
        while (ok && bson_iter_next(&each)) {
            if (mig_iter_sub(&each, &spec) && strcmp(mig_doc_str(&spec, "name", ""), "_id_") != 0)
                append(present, &spec);
        }
        return 0;
    }
    if (!mig_index_find(ready, which, &spec))
        return !mig_index_find(spared, which, &spec);
    append(present, &spec);
    return 0;
}

/* Also for hideIndex. */
static bool targets_prestate(struct step_work *work, bson_t *ret)
{
    MIG_AUTODOC bson_t ready = BSON_INITIALIZER;
    MIG_AUTODOC bson_t building = BSON_INITIALIZER;
    MIG_AUTODOC bson_t present = BSON_INITIALIZER;
    bson_iter_t which;
    if (!look(work, &ready, &building))
        return false;
    if (mig_doc_find(work->step->body, "index", &which))
        find_targets(&which, &ready, &ready, &present);
    append_specs(ret, &present);
    return true;
}

static void specs_before(const struct step_work *work, bson_t *ret)
{
    if (!mig_doc_sub(work->pre, "indexes", ret))
        bson_init(ret);
}

/* One by one. */
static enum mig_step_end drop_rest(struct step_work *work, const bson_t *present)
{
    bson_t spec;
    bson_iter_t iter;
    enum mig_step_end end = MIG_STEP_END_DONE;
    bool ok = bson_iter_init(&iter, present);
    while (ok && end == MIG_STEP_END_DONE && bson_iter_next(&iter)) {
        if (!mig_iter_sub(&iter, &spec))
            continue;
        bson_t *command = BCON_NEW("dropIndexes", BCON_UTF8(work->step->collection), "index",
                                   BCON_UTF8(mig_doc_str(&spec, "name", "")));
        STEP_AUTOSENT struct step_sent sent;
        end = step_send(work->ctx, command, 0, &sent, work->err);
        bson_destroy(command);
    }
    return end;
}

/* The server found one missing and dropped none. That is well when ifMissing says so, or when the one was
 * there before: then an earlier attempt of ours dropped it. Or the server takes no list of names. */
static enum mig_step_end drop_singly(struct step_work *work)
{
    MIG_AUTODOC bson_t ready = BSON_INITIALIZER;
    MIG_AUTODOC bson_t building = BSON_INITIALIZER;
    MIG_AUTODOC bson_t present = BSON_INITIALIZER;
    struct mig_error ignored;
    bson_t before;
    bson_iter_t which;
    if (!step_look_indexes(work->ctx, work->step->collection, &ready, &building, &ignored) ||
        !mig_doc_find(work->step->body, "index", &which))
        return MIG_STEP_END_FAILED;
    specs_before(work, &before);
    int missing = find_targets(&which, &ready, &before, &present);
    if (missing > 0 && !mig_step_accepts_missing(work->step)) {
        mig_hint(work->err, "\"ifMissing\": \"same\" lets a missing index pass");
        return MIG_STEP_END_FAILED;
    }
    if (!bson_empty(&present))
        return drop_rest(work, &present);
    BSON_APPEND_BOOL(work->result, "already", true);
    return MIG_STEP_END_DONE;
}

static enum mig_step_end drop_execute(struct step_work *work)
{
    STEP_AUTOSENT struct step_sent sent;
    enum mig_step_end end = step_send_own(work, 0, &sent);
    int code = sent.verdict.code;
    bool again = code == INDEX_NOT_FOUND || code == NAMESPACE_NOT_FOUND || code == TYPE_MISMATCH;
    return end == MIG_STEP_END_FAILED && again ? drop_singly(work) : end;
}

static enum mig_probe drop_probe(struct step_work *work)
{
    MIG_AUTODOC bson_t ready = BSON_INITIALIZER;
    MIG_AUTODOC bson_t building = BSON_INITIALIZER;
    MIG_AUTODOC bson_t present = BSON_INITIALIZER;
    bson_t before;
    bson_iter_t which;
    const char *name = work->step->collection;
    if (!look(work, &ready, &building))
        return step_blind(work);
    if (!mig_doc_find(work->step->body, "index", &which))
        return step_seen(work, MIG_PROBE_UNCLEAR, "the step names no index");
    specs_before(work, &before);
    int missing = find_targets(&which, &ready, &before, &present);
    unsigned left = bson_count_keys(&present);
    if (left > 0)
        return step_seen(work, MIG_PROBE_NOT_DONE, "%u of the indexes to drop %s still on %s", left,
                         left == 1 ? "is" : "are", name);
    bool known = mig_doc_has(work->pre, "indexes");
    if (missing > 0 && known && !mig_step_accepts_missing(work->step))
        return step_seen(work, MIG_PROBE_NOT_DONE, "%s has no such index, and had none before", name);
    return step_seen(work, MIG_PROBE_DONE, "what was to be dropped is not on %s", name);
}

/* ---- hideIndex ---- */

static enum mig_step_end hide_execute(struct step_work *work)
{
    STEP_AUTOSENT struct step_sent sent;
    return step_send_own(work, 0, &sent);
}

static enum mig_probe hide_probe(struct step_work *work)
{
    MIG_AUTODOC bson_t ready = BSON_INITIALIZER;
    MIG_AUTODOC bson_t building = BSON_INITIALIZER;
    bson_t spec;
    bson_iter_t which;
    if (!look(work, &ready, &building))
        return step_blind(work);
    if (!mig_doc_find(work->step->body, "index", &which) || !mig_index_find(&ready, &which, &spec))
        return step_seen(work, MIG_PROBE_NOT_DONE, "%s has no such index", work->step->collection);
    bool hidden = mig_doc_bool(&spec, "hidden", false);
    bool asked = mig_doc_bool(work->step->body, "hidden", true);
    return step_seen(work, hidden == asked ? MIG_PROBE_DONE : MIG_PROBE_NOT_DONE, "%s is %s",
                     mig_doc_str(&spec, "name", "?"), hidden ? "hidden" : "visible");
}

/* ---- rows ---- */

const struct step_kind step_kind_create_indexes = {
    .prestate = create_prestate,
    .execute = create_execute,
    .probe = create_probe,
    .confirm = STEP_CONFIRM_NOTE,
};
const struct step_kind step_kind_drop_indexes = {
    .prestate = targets_prestate,
    .execute = drop_execute,
    .probe = drop_probe,
    .lingers = true,
    .confirm = STEP_CONFIRM_MUST,
};
const struct step_kind step_kind_hide_index = {
    .prestate = targets_prestate,
    .execute = hide_execute,
    .probe = hide_probe,
    .lingers = true,
    .confirm = STEP_CONFIRM_MUST,
};
