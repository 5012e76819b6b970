/* gates.c - gathering what the gates need to know. What cannot be learned is unknown, never passed over. */
#include "app/gates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/approval.h"
#include "app/audit.h"
#include "app/backup.h"
#include "app/history.h"
#include "app/schema_print.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/text.h"

#define MEMBER_PRIMARY   1
#define MEMBER_SECONDARY 2
#define MEMBER_ARBITER   7

static void keep_why(char *to, size_t size, const struct mig_error *err)
{
    snprintf(to, size, "%.190s", err->message);
    mig_utf8_trim(to);
}

/* ---- rehearsal ---- */

struct rehearsal {
    const struct mig_plan *plan;
    bool *seen; /* by plan item */
};

static bool take_rehearsed(const bson_t *doc, void *context)
{
    struct rehearsal *rehearsal = context;
    const char *version = mig_doc_str(doc, "_id", "");
    const char *state = mig_doc_str(doc, "state", "");
    bool up = rehearsal->plan->direction == MIG_UP;
    bool good = strcmp(state, "applied") == 0 || (!up && strcmp(state, "reverted") == 0);
    for (size_t i = 0; good && i < rehearsal->plan->count; i++) {
        const struct mig_migration *migration = rehearsal->plan->items[i].migration;
        if (mig_version_compare(migration->version, version) == 0 &&
            strcmp(migration->sem, mig_doc_str(doc, "sem", "")) == 0)
            rehearsal->seen[i] = true;
    }
    return true;
}

static bool read_rehearsal(struct mig_app *app, const struct cfg_environment *env,
                           struct rehearsal *rehearsal, struct mig_error *err)
{
    struct mig_store *store;
    struct mig_names names;
    mig_names_make(app->config->prefix, &names);
    if (!app->open_store(app->ports_ctx, env, "", &store, err))
        return false;
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("find", BCON_UTF8(names.history), "filter", "{", "}", "projection", "{", "sem",
                 BCON_INT32(1), "state", BCON_INT32(1), "}", "batchSize", BCON_INT32(100000));
    struct mig_call call = { .command = command, .max_time_ms = 20000 };
    bool ok = store->ops->query(store, &call, take_rehearsed, rehearsal, err);
    store->ops->close(store);
    return ok;
}

static void gather_rehearsal(struct mig_app *app, const struct cfg_gate *gate, struct mig_gate_facts *facts)
{
    struct mig_error err = { 0 };
    const struct mig_plan *plan = facts->plan;
    if (!gate->rehearsed_in)
        return;
    facts->rehearsed.in = gate->rehearsed_in;
    const struct cfg_environment *env = mig_app_environment(app, gate->rehearsed_in, &err);
    MIG_AUTOFREE bool *seen = mig_alloc_n(plan->count + 1, sizeof *seen);
    struct rehearsal rehearsal = { .plan = plan, .seen = seen };
    facts->rehearsed.known = env && read_rehearsal(app, env, &rehearsal, &err);
    if (!facts->rehearsed.known)
        keep_why(facts->rehearsed.why, sizeof facts->rehearsed.why, &err);
    for (size_t i = 0; facts->rehearsed.known && i < plan->count; i++) {
        if (seen[i])
            continue;
        if (facts->rehearsed.missing++ == 0)
            snprintf(facts->rehearsed.first, sizeof facts->rehearsed.first, "%s",
                     plan->items[i].migration->version);
    }
}

/* ---- drift ---- */

static void gather_drift(const struct mig_look *look, struct mig_store *store, struct mig_gate_facts *facts)
{
    struct mig_prints all;
    struct mig_prints known = { 0 };
    struct mig_error err;
    mig_prints_of_plan(facts->plan, &all);
    for (size_t i = 0; i < all.count; i++) {
        if (!mig_print_kept(look->history->schema, all.items[i].name)) {
            facts->drift.without++;
            continue;
        }
        known.items = mig_grow(known.items, known.count, &known.room, sizeof *known.items);
        known.items[known.count++] = all.items[i];
    }
    facts->drift.known = mig_prints_read(store, &known, &err);
    if (!facts->drift.known)
        keep_why(facts->drift.why, sizeof facts->drift.why, &err);
    for (size_t i = 0; facts->drift.known && i < known.count; i++) {
        const struct mig_print *now = &known.items[i];
        if (!now->was_read) {
            facts->drift.without++;
            continue;
        }
        facts->drift.compared++;
        if (strcmp(mig_print_kept(look->history->schema, now->name), now->print) == 0)
            continue;
        if (facts->drift.moved++ == 0) {
            char *safe = mig_text_safe_dup(now->name, 100);
            snprintf(facts->drift.first, sizeof facts->drift.first, "%s", safe);
            free(safe);
        }
    }
    mig_prints_done(&all);
    mig_prints_done(&known);
}

/* ---- approvals ---- */

static void gather_approvals(struct mig_app *app, const struct mig_look *look, struct mig_store *store,
                             const struct mig_gate_question *question, int64_t now_ms,
                             struct mig_gate_facts *facts)
{
    struct mig_policy policy;
    struct mig_error err;
    if (!look->env->has_gate || look->env->gate.approvals == 0)
        return;
    facts->approvals.asked = true;
    facts->approvals.break_glass =
        question->break_glass && look->env->gate.break_glass && look->env->is_protected;
    facts->approvals.known = mig_policy_load(app, look->env, &policy, &err);
    if (facts->approvals.known) {
        mig_requests_judge(app, look->env, &policy, look->history, facts->plan, now_ms,
                           &facts->approvals.verdict);
        if (question->resume && facts->approvals.verdict.state != MIG_APPROVAL_APPROVED)
            facts->approvals.known = mig_requests_judge_resume(app, look->env, store, &policy, facts->plan,
                                                               now_ms, &facts->approvals.verdict, &err);
    }
    if (!facts->approvals.known)
        keep_why(facts->approvals.why, sizeof facts->approvals.why, &err);
}

/* ---- window ---- */

/* The time of day elsewhere, from `date`: it has the time zone database, and this process's own zone stays what it is. */
static void gather_window(struct mig_app *app, const struct cfg_gate *gate, int64_t now_ms,
                          struct mig_gate_facts *facts)
{
    MIG_AUTOBUF struct mig_buf out;
    char when[40];
    char zone[80];
    int status = 1;
    struct mig_error err = { 0 };
    mig_buf_init(&out, 4096);
    if (!gate->has_window)
        return;
    facts->window.asked = true;
    facts->window.days = gate->window.days;
    facts->window.from = gate->window.from;
    facts->window.to = gate->window.to;
    facts->window.zone = gate->window.zone;
    snprintf(when, sizeof when, "--date=@%lld", (long long)(now_ms / 1000));
    snprintf(zone, sizeof zone, "TZ=%.70s", gate->window.zone);
    const char *const argv[] = { "date", when, "+%u %H %M", NULL };
    const char *const env[] = { zone, "LC_ALL=C", NULL };
    if (app->host->ops->filter &&
        app->host->ops->filter(app->host, argv, env, "", 0, 10000, &out, &status, &err) && status == 0 &&
        out.len >= 7 && out.text[0] >= '1' && out.text[0] <= '7') {
        out.text[1] = out.text[4] = out.text[7] = '\0';
        int64_t hour;
        int64_t minute;
        const char *h = out.text[2] == '0' ? out.text + 3 : out.text + 2;
        const char *m = out.text[5] == '0' ? out.text + 6 : out.text + 5;
        facts->window.known = mig_text_int(h, 0, 23, &hour) && mig_text_int(m, 0, 59, &minute);
        if (facts->window.known) {
            facts->window.weekday = out.text[0] - '1';
            facts->window.minute = (int)(hour * 60 + minute);
        }
    }
    if (!facts->window.known)
        snprintf(facts->window.why, sizeof facts->window.why, "%.190s",
                 err.code ? err.message : "date said something else");
}

/* ---- replication ---- */

static void read_members(const bson_t *status, struct mig_gate_facts *facts)
{
    bson_iter_t list;
    bson_iter_t each;
    int64_t newest = 0;
    if (!mig_doc_find(status, "members", &list) || !BSON_ITER_HOLDS_ARRAY(&list))
        return;
    for (bool more = bson_iter_recurse(&list, &each); more && bson_iter_next(&each);) {
        bson_t member;
        if (mig_iter_sub(&each, &member) && mig_doc_int(&member, "state", -1) == MEMBER_PRIMARY) {
            newest = mig_doc_time(&member, "optimeDate", 0);
            facts->replication.known = true;
        }
    }
    for (bool more = bson_iter_recurse(&list, &each); more && bson_iter_next(&each);) {
        bson_t member;
        if (!mig_iter_sub(&each, &member) || mig_doc_int(&member, "state", -1) == MEMBER_ARBITER)
            continue;
        int64_t state = mig_doc_int(&member, "state", -1);
        bool up =
            (state == MEMBER_PRIMARY || state == MEMBER_SECONDARY) && mig_doc_int(&member, "health", 0) == 1;
        int64_t lag = up ? newest - mig_doc_time(&member, "optimeDate", 0) : -1;
        if (facts->replication.lag_ms >= 0 && (!up || lag > facts->replication.lag_ms)) {
            facts->replication.lag_ms = lag;
            char *safe = mig_text_safe_dup(mig_doc_str(&member, "name", "?"), 100);
            snprintf(facts->replication.member, sizeof facts->replication.member, "%s", safe);
            free(safe);
        }
    }
}

static void gather_replication(const struct cfg_gate *gate, struct mig_store *store,
                               struct mig_gate_facts *facts)
{
    struct mig_reply reply;
    facts->replication.max_ms = gate->max_replication_lag_ms;
    if (gate->max_replication_lag_ms <= 0)
        return;
    MIG_AUTOBSON bson_t *command = BCON_NEW("replSetGetStatus", BCON_INT32(1));
    struct mig_call call = { .db = "admin", .command = command, .no_concern = true, .max_time_ms = 10000 };
    store->ops->command(store, &call, &reply);
    if (reply.outcome == MIG_OUTCOME_OK) {
        snprintf(facts->replication.why, sizeof facts->replication.why, "it lists no primary");
        read_members(&reply.body, facts);
    } else {
        keep_why(facts->replication.why, sizeof facts->replication.why, &reply.error);
    }
    mig_reply_done(&reply);
}

/* ---- all ---- */

void mig_gates_evaluate(struct mig_app *app, const struct mig_look *look, struct mig_store *store,
                        const struct mig_gate_question *question, struct mig_plan *plan,
                        struct mig_approval_verdict *ret_approval)
{
    struct mig_host *host = app->host;
    const struct cfg_environment *env = look->env;
    struct mig_gate_facts facts = { .plan = plan,
                                    .environment = env->name,
                                    .is_protected = env->is_protected,
                                    .project = app->config->project,
                                    .project_there = look->history->project,
                                    .order = env->order,
                                    .lock = &look->history->lock,
                                    .own_run = question->own_run,
                                    .look_age_ms = host->ops->mono_ms(host) - look->looked_mono_ms,
                                    .skew_ms = look->server.skew_ms };
    int64_t now_ms = look->history->server_now ? look->history->server_now + facts.look_age_ms
                                               : host->ops->wall_ms(host) + look->server.skew_ms;
    int64_t before = store->ops->round_trips ? store->ops->round_trips(store) : 0;
    gather_rehearsal(app, &env->gate, &facts);
    gather_drift(look, store, &facts);
    gather_approvals(app, look, store, question, now_ms, &facts);
    facts.backup.asked = env->has_gate && env->gate.has_backup;
    if (facts.backup.asked)
        mig_backup_gate(app, env, store, plan->environment_uuid, &facts.backup.verdict);
    gather_window(app, &env->gate, now_ms, &facts);
    gather_replication(&env->gate, store, &facts);
    mig_gates_decide(&facts, plan);
    plan->gate_round_trips = store->ops->round_trips ? store->ops->round_trips(store) - before : 0;
    if (ret_approval)
        *ret_approval = facts.approvals.verdict;
}

const struct mig_gate *mig_gates_closed(const struct mig_plan *plan, const struct cfg_environment *env)
{
    return mig_gates_first_closed(plan, env->is_protected);
}

bool mig_gate_fail(const struct mig_gate *gate, const struct cfg_environment *env, struct mig_error *err)
{
    static const struct {
        const char *gate;
        enum mig_error_code code;
    } codes[] = { { "lock", MIG_ERR_LOCKED },
                  { "files", MIG_ERR_INTEGRITY },
                  { "identity", MIG_ERR_WRONG_SERVER },
                  { "order", MIG_ERR_ORDER },
                  { "backup", MIG_ERR_BACKUP } };
    enum mig_error_code code = MIG_ERR_GATE;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        code = strcmp(gate->name, codes[i].gate) == 0 ? codes[i].code : code;
    mig_fail(err, code, "%s: gate %s is closed: %s", env->name, gate->name, gate->reason);
    return mig_hint(err, "%s", gate->remedy);
}

/* ---- accepting drift ---- */

static bool accept(struct mig_app *app, const struct cfg_environment *env, const struct mig_plan *plan,
                   struct mig_error *err)
{
    struct mig_store *store;
    struct mig_look look;
    struct mig_names names;
    struct mig_prints prints;
    mig_names_make(app->config->prefix, &names);
    mig_prints_of_plan(plan, &prints);
    bool ok = app->open_store(app->ports_ctx, env, "", &store, err);
    if (ok) {
        ok = mig_look_store(app, env, store, NULL, &look, err) && mig_prints_read(store, &prints, err) &&
             mig_prints_keep(store, &names, &prints, look.history->schema, -1, "accepted", err);
        mig_look_done(&look);
        store->ops->close(store);
    }
    mig_prints_done(&prints);
    return ok;
}

bool mig_drift_accept(struct mig_app *app, const struct cfg_environment *env, const struct mig_plan *plan,
                      const char *reason, struct mig_error *err)
{
    struct mig_error why;
    struct mig_audit_act act = { .action = "drift.accept", .plan = plan->id, .reason = reason };
    if (!reason || !*reason)
        return mig_fail(err, MIG_ERR_USAGE, "accepting drift needs a reason: --reason \"why\"");
    bool ok = accept(app, env, plan, err);
    act.error = ok ? NULL : err;
    act.outcome = ok ? MIG_AUDIT_SUCCESS : mig_audit_outcome_of(err);
    if (mig_audit_note(app, env, &act, &why) || !ok)
        return ok;
    *err = why;
    return mig_context(err, "%s: it was done, and is not on record", env->name);
}
