/* gates.c - one function a gate; each says in one sentence what it saw. */
#include "engine/gates.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/timefmt.h"

typedef const struct mig_gate_facts facts_t;

__attribute__((format(printf, 3, 4))) static void say(struct mig_gate *gate, enum mig_gate_state state,
                                                      const char *fmt, ...)
{
    va_list args;
    gate->state = state;
    va_start(args, fmt);
    vsnprintf(gate->reason, sizeof gate->reason, fmt, args);
    va_end(args);
    mig_utf8_trim(gate->reason);
}

__attribute__((format(printf, 2, 3))) static void next(struct mig_gate *gate, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(gate->remedy, sizeof gate->remedy, fmt, args);
    va_end(args);
    mig_utf8_trim(gate->remedy);
}

/* Each returns false when it does not apply. */

static bool decide_files(facts_t *f, struct mig_gate *gate)
{
    if (f->plan->sum_problem) {
        say(gate, MIG_GATE_FAILED, "%s", f->plan->sum_problem);
        next(gate, "migtui verify-dir, then --write when the change is meant");
    } else {
        say(gate, MIG_GATE_OK, "every file reads, and migtui.sum does not contradict");
    }
    return true;
}

static bool decide_identity(facts_t *f, struct mig_gate *gate)
{
    if (*f->project_there && strcmp(f->project_there, f->project) != 0) {
        say(gate, MIG_GATE_FAILED, "the database belongs to project \"%.80s\", this is \"%.80s\"",
            f->project_there, f->project);
        next(gate, "check uri and database of this environment");
    } else {
        say(gate, MIG_GATE_OK, "the database is this project's%s%.8s",
            f->plan->environment_uuid[0] ? ", " : "", f->plan->environment_uuid);
    }
    return true;
}

/* A plan is built only in order and with its dependencies; so this says what that was checked against. */
static bool decide_order(facts_t *f, struct mig_gate *gate)
{
    say(gate, MIG_GATE_OK, "%zu migration%s, order %s, dependencies there", f->plan->count,
        f->plan->count == 1 ? "" : "s", mig_order_word(f->order));
    return true;
}

static bool decide_lint(facts_t *f, struct mig_gate *gate)
{
    (void)f;
    say(gate, MIG_GATE_NONE, "no lint rules yet: nothing was looked for");
    return true;
}

static bool decide_rehearsed(facts_t *f, struct mig_gate *gate)
{
    if (!f->rehearsed.in)
        return false;
    gate->asked = true;
    if (!f->rehearsed.known) {
        say(gate, MIG_GATE_UNKNOWN, "%.40s could not be asked: %.180s", f->rehearsed.in, f->rehearsed.why);
        next(gate, "migtui doctor --env %.40s", f->rehearsed.in);
    } else if (f->rehearsed.missing > 0) {
        say(gate, MIG_GATE_FAILED, "%zu of %zu did not succeed on %.40s as they are now, first %.60s",
            f->rehearsed.missing, f->plan->count, f->rehearsed.in, f->rehearsed.first);
        next(gate, "migtui apply --env %.40s", f->rehearsed.in);
    } else {
        say(gate, MIG_GATE_OK, "succeeded on %.40s with the same meaning", f->rehearsed.in);
    }
    return true;
}

static bool decide_drift(facts_t *f, struct mig_gate *gate)
{
    if (!f->drift.known) {
        say(gate, MIG_GATE_UNKNOWN, "the collections could not be compared: %.200s", f->drift.why);
        next(gate, "the database user must be able to list collections and indexes");
    } else if (f->drift.moved > 0) {
        say(gate, MIG_GATE_UNKNOWN,
            "%.100s%s%s changed since the last run: options, validator or indexes; whether the plan still fits is not "
            "known",
            f->drift.first, f->drift.moved > 1 ? " and others" : "", f->drift.moved > 1 ? " have" : "");
        next(gate, "look what changed; then: migtui gate --env %.40s --accept-drift --reason \"…\"",
             f->environment);
    } else if (f->drift.compared == 0) {
        say(gate, MIG_GATE_NONE,
            "nothing to compare: no run of migtui left a fingerprint of what this plan touches");
    } else {
        say(gate, MIG_GATE_OK, "%zu collection%s as the last run left %s%s", f->drift.compared,
            f->drift.compared == 1 ? "" : "s", f->drift.compared == 1 ? "it" : "them",
            f->drift.without ? "; the others have no fingerprint yet" : "");
    }
    return true;
}

static bool decide_approvals(facts_t *f, struct mig_gate *gate)
{
    const struct mig_approval_verdict *verdict = &f->approvals.verdict;
    if (!f->approvals.asked)
        return false;
    gate->asked = true;
    if (!f->approvals.known) {
        say(gate, MIG_GATE_UNKNOWN, "%.250s", f->approvals.why);
    } else {
        say(gate, verdict->state == MIG_APPROVAL_APPROVED ? MIG_GATE_OK : MIG_GATE_FAILED, "%s",
            verdict->reason);
        next(gate, "%s", verdict->remedy);
    }
    gate->passed_over = gate->state != MIG_GATE_OK && f->approvals.break_glass;
    return true;
}

static bool decide_backup(facts_t *f, struct mig_gate *gate)
{
    if (!f->backup.asked)
        return false;
    gate->asked = true;
    say(gate, f->backup.verdict.state, "%s", f->backup.verdict.reason);
    next(gate, "%s", f->backup.verdict.remedy);
    return true;
}

static bool in_window(facts_t *f)
{
    int today = f->window.weekday;
    int yesterday = (today + 6) % 7;
    int minute = f->window.minute;
    bool day = f->window.days & (1U << today);
    bool day_before = f->window.days & (1U << yesterday);
    if (f->window.from < f->window.to)
        return day && minute >= f->window.from && minute < f->window.to;
    return (day && minute >= f->window.from) || (day_before && minute < f->window.to);
}

static bool decide_window(facts_t *f, struct mig_gate *gate)
{
    static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
    char open_days[40] = "";
    if (!f->window.asked)
        return false;
    gate->asked = true;
    if (!f->window.known) {
        say(gate, MIG_GATE_UNKNOWN, "the time in %.64s could not be told: %.150s", f->window.zone,
            f->window.why);
        return true;
    }
    for (int i = 0; i < 7; i++) {
        size_t len = strlen(open_days);
        if (f->window.days & (1U << i))
            snprintf(open_days + len, sizeof open_days - len, "%s%s", len ? "," : "", days[i]);
    }
    bool open = in_window(f);
    say(gate, open ? MIG_GATE_OK : MIG_GATE_FAILED,
        "it is %s %02d:%02d in %.64s; runs start %s %02d:%02d–%02d:%02d", days[f->window.weekday % 7],
        f->window.minute / 60, f->window.minute % 60, f->window.zone, open_days, (int)f->window.from / 60,
        (int)f->window.from % 60, (int)f->window.to / 60, (int)f->window.to % 60);
    if (!open)
        next(gate, "wait for the window");
    return true;
}

static bool decide_lock(facts_t *f, struct mig_gate *gate)
{
    if (mig_lock_alive(f->lock) && (!f->own_run || strcmp(f->lock->run, f->own_run) != 0)) {
        say(gate, MIG_GATE_FAILED, "run %.30s of %.60s on %.60s holds it", f->lock->run, f->lock->os_user,
            f->lock->host);
        next(gate, "wait for it, or look: migtui attach");
    } else {
        say(gate, MIG_GATE_OK, "free");
    }
    return true;
}

static bool decide_replication(facts_t *f, struct mig_gate *gate)
{
    char lag[MIG_TIME_SIZE];
    char max[MIG_TIME_SIZE];
    if (f->replication.max_ms <= 0)
        return false;
    gate->asked = true;
    mig_time_duration(f->replication.max_ms, max);
    if (!f->replication.known) {
        say(gate, MIG_GATE_UNKNOWN, "the server does not tell: %.200s", f->replication.why);
        next(gate, "grant clusterMonitor to the database user, or take maxReplicationLag out of the policy");
    } else if (f->replication.lag_ms < 0) {
        say(gate, MIG_GATE_FAILED, "member %.100s is down", f->replication.member);
        next(gate, "bring it back, and wait until it has caught up");
    } else {
        mig_time_duration(f->replication.lag_ms, lag);
        bool good = f->replication.lag_ms <= f->replication.max_ms;
        say(gate, good ? MIG_GATE_OK : MIG_GATE_FAILED,
            "primary present; slowest member %s behind, allowed %s", lag, max);
        if (!good)
            next(gate, "wait until %.100s has caught up", f->replication.member);
    }
    return true;
}

static bool decide_clock(facts_t *f, struct mig_gate *gate)
{
    int64_t skew = f->skew_ms < 0 ? -f->skew_ms : f->skew_ms;
    char text[MIG_TIME_SIZE];
    mig_time_duration(skew, text);
    if (skew <= MIG_SKEW_MS) {
        say(gate, MIG_GATE_OK, "this host and the server differ by %s", text);
        return true;
    }
    /* Expiry and windows go by the server; but a journal that is years off helps nobody, and one of the two is wrong. */
    say(gate, f->is_protected ? MIG_GATE_FAILED : MIG_GATE_UNKNOWN, "this host's clock is %s %s the server's",
        text, f->skew_ms > 0 ? "behind" : "ahead of");
    next(gate, "set the clock that is wrong: timedatectl");
    return true;
}

static bool decide_freshness(facts_t *f, struct mig_gate *gate)
{
    char age[MIG_TIME_SIZE];
    mig_time_duration(f->look_age_ms, age);
    if (f->look_age_ms >= 0 && f->look_age_ms < 1000) {
        say(gate, MIG_GATE_OK, "looked at just now");
    } else if (f->look_age_ms <= MIG_FRESH_MS) {
        say(gate, MIG_GATE_OK, "looked at %s ago", age);
    } else {
        say(gate, MIG_GATE_FAILED, "looked at %s ago; nothing is decided on what is older than %d s", age,
            MIG_FRESH_MS / 1000);
        next(gate, "look again");
    }
    return true;
}

static const struct {
    const char *name;
    bool (*decide)(facts_t *facts, struct mig_gate *gate);
} rows[] = {
#define X(id, name) { #name, decide_##name },
    MIG_GATE_TABLE(X)
#undef X
};

void mig_gates_decide(const struct mig_gate_facts *facts, struct mig_plan *plan)
{
    size_t count = sizeof rows / sizeof rows[0];
    plan->gates = mig_realloc_n(plan->gates, count, sizeof *plan->gates);
    plan->gate_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct mig_gate *gate = &plan->gates[plan->gate_count];
        *gate = (struct mig_gate){ .name = rows[i].name };
        plan->gate_count += rows[i].decide(facts, gate);
    }
}

bool mig_gate_is_closed(const struct mig_gate *gate, bool is_protected)
{
    if (gate->passed_over)
        return false;
    return gate->state == MIG_GATE_FAILED ||
           (gate->state == MIG_GATE_UNKNOWN && (gate->asked || is_protected));
}

const struct mig_gate *mig_gates_first_closed(const struct mig_plan *plan, bool is_protected)
{
    for (size_t i = 0; i < plan->gate_count; i++) {
        if (mig_gate_is_closed(&plan->gates[i], is_protected))
            return &plan->gates[i];
    }
    return NULL;
}
