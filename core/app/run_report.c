/* run_report.c - the frame of a run's event stream and its document in <prefix>runs. */
#include "app/run_report.h"

#include <string.h>

#include "app/run.h"
#include "base/doc.h"

const char *mig_report_command(const struct mig_run_options *options)
{
    if (options->selection.resume)
        return "resume";
    if (options->selection.undo)
        return "undo";
    return options->selection.direction == MIG_DOWN ? "rollback" : "apply";
}

static void describe_plan(struct mig_runner *r, bson_t *fields)
{
    const char *newest = NULL;
    BSON_APPEND_UTF8(fields, "direction", mig_direction_word(r->plan->direction));
    BSON_APPEND_INT64(fields, "migrations", (int64_t)r->plan->count);
    BSON_APPEND_INT64(fields, "steps", (int64_t)mig_plan_steps(r->plan));
    if (r->plan->count > 0)
        BSON_APPEND_UTF8(fields, "target", r->plan->items[r->plan->count - 1].migration->version);
    for (size_t i = 0; i < r->look.views.count; i++) {
        if (r->look.views.items[i].state == MIG_APPLIED)
            newest = r->look.views.items[i].version;
    }
    mig_doc_append_if(fields, "current", newest);
}

void mig_report_started(struct mig_runner *r)
{
    bson_t fields = BSON_INITIALIZER;
    if (r->started) {
        bson_destroy(&fields);
        return;
    }
    r->started = true;
    BSON_APPEND_UTF8(&fields, "planId", r->plan ? r->plan->id : "");
    BSON_APPEND_UTF8(&fields, "environment", r->env->name);
    BSON_APPEND_UTF8(&fields, "database", r->env->database);
    BSON_APPEND_UTF8(&fields, "command", mig_report_command(r->options));
    BSON_APPEND_UTF8(&fields, "operator", r->app->operator_name);
    BSON_APPEND_UTF8(&fields, "osUser", r->host->self.os_user);
    BSON_APPEND_UTF8(&fields, "host", r->host->self.host);
    if (r->plan)
        describe_plan(r, &fields);
    mig_doc_append_if(&fields, "ticket", r->options->ticket);
    mig_doc_append_if(&fields, "reason", r->options->reason);
    mig_journal_emit(&r->journal, "run.started", &fields);
    bson_destroy(&fields);
    for (size_t i = 0; r->plan && i < r->plan->warning_count; i++)
        mig_journal_warn(&r->journal, "%s", r->plan->warnings[i]);
}

void mig_report_finished(struct mig_runner *r)
{
    mig_report_started(r); /* also of a run that got nowhere */
    bson_t fields = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&fields, "status", mig_run_status_word(r->result->status));
    BSON_APPEND_UTF8(&fields, "environment", r->env->name);
    BSON_APPEND_INT64(&fields, "applied", (int64_t)r->result->migrations);
    BSON_APPEND_INT64(&fields, "steps", (int64_t)r->result->steps);
    BSON_APPEND_INT64(&fields, "durationMs", r->result->duration_ms);
    if (r->result->error.code != MIG_OK)
        mig_journal_append_error(&fields, &r->result->error);
    mig_journal_emit(&r->journal, "run.finished", &fields);
    bson_destroy(&fields);
}

void mig_report_gates(struct mig_runner *r)
{
    for (size_t i = 0; i < r->plan->gate_count; i++) {
        bson_t fields = BSON_INITIALIZER;
        BSON_APPEND_UTF8(&fields, "name", r->plan->gates[i].name);
        BSON_APPEND_UTF8(&fields, "state", mig_gate_state_word(r->plan->gates[i].state));
        BSON_APPEND_UTF8(&fields, "reason", r->plan->gates[i].reason);
        mig_journal_emit(&r->journal, "check.done", &fields);
        bson_destroy(&fields);
    }
}

void mig_report_lock(struct mig_runner *r, const char *prev_run)
{
    bson_t fields = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&fields, "environment", r->env->name);
    BSON_APPEND_INT64(&fields, "token", r->token);
    mig_doc_append_if(&fields, "tookOver", prev_run);
    mig_journal_emit(&r->journal, "lock.acquired", &fields);
    bson_destroy(&fields);
}

static void describe(struct mig_runner *r, bson_t *set)
{
    BSON_APPEND_UTF8(set, "environment", r->env->name);
    BSON_APPEND_UTF8(set, "command", mig_report_command(r->options));
    BSON_APPEND_UTF8(set, "planId", r->plan->id);
    BSON_APPEND_UTF8(set, "direction", mig_direction_word(r->plan->direction));
    BSON_APPEND_UTF8(set, "operator", r->app->operator_name);
    BSON_APPEND_UTF8(set, "osUser", r->host->self.os_user);
    BSON_APPEND_UTF8(set, "host", r->host->self.host);
    BSON_APPEND_UTF8(set, "sshClient", r->host->self.ssh_client);
    BSON_APPEND_INT64(set, "token", r->token);
    mig_doc_append_if(set, "ticket", r->options->ticket);
    mig_doc_append_if(set, "reason", r->options->reason);
}

static void append_migrations(struct mig_runner *r, bson_t *set)
{
    bson_t list;
    BSON_APPEND_ARRAY_BEGIN(set, "versions", &list);
    for (size_t i = 0; i < r->plan->count && i < 10000; i++) {
        char key[24];
        const char *index;
        bson_uint32_to_string((uint32_t)i, &index, key, sizeof key);
        BSON_APPEND_UTF8(&list, index, r->plan->items[i].migration->version);
    }
    bson_append_array_end(set, &list);
}

static void append_gates(struct mig_runner *r, bson_t *set)
{
    bson_t list;
    bson_t row;
    BSON_APPEND_ARRAY_BEGIN(set, "gates", &list);
    for (size_t i = 0; i < r->plan->gate_count; i++) {
        const struct mig_gate *gate = &r->plan->gates[i];
        char key[24];
        const char *index;
        size_t len = bson_uint32_to_string((uint32_t)i, &index, key, sizeof key);
        bson_append_document_begin(&list, index, (int)len, &row);
        BSON_APPEND_UTF8(&row, "name", gate->name);
        BSON_APPEND_UTF8(&row, "state", mig_gate_state_word(gate->state));
        BSON_APPEND_UTF8(&row, "reason", gate->reason);
        if (gate->passed_over)
            BSON_APPEND_BOOL(&row, "passedOver", true);
        bson_append_document_end(&list, &row);
    }
    bson_append_array_end(set, &list);
    mig_doc_append_if(set, "request",
                      r->approval.state == MIG_APPROVAL_APPROVED ? r->approval.request : NULL);
}

void mig_report_run_record(struct mig_runner *r, bool starting)
{
    bson_t command = BSON_INITIALIZER;
    bson_t list;
    bson_t row;
    bson_t part;
    struct mig_error err;
    if (!r->plan || (!starting && !r->recorded)) {
        bson_destroy(&command);
        return; /* refused before it began: the journal has it */
    }
    r->recorded = true;
    BSON_APPEND_UTF8(&command, "update", r->names.runs);
    BSON_APPEND_ARRAY_BEGIN(&command, "updates", &list);
    BSON_APPEND_DOCUMENT_BEGIN(&list, "0", &row);
    BSON_APPEND_DOCUMENT_BEGIN(&row, "q", &part);
    BSON_APPEND_UTF8(&part, "_id", r->run);
    bson_append_document_end(&row, &part);
    BSON_APPEND_DOCUMENT_BEGIN(&row, "u", &part);
    bson_t set;
    BSON_APPEND_DOCUMENT_BEGIN(&part, "$set", &set);
    describe(r, &set);
    if (starting) {
        append_migrations(r, &set);
        append_gates(r, &set);
    }
    BSON_APPEND_UTF8(&set, "status", starting ? "running" : mig_run_status_word(r->result->status));
    if (!starting) {
        BSON_APPEND_INT64(&set, "migrations", (int64_t)r->result->migrations);
        BSON_APPEND_INT64(&set, "steps", (int64_t)r->result->steps);
        BSON_APPEND_INT64(&set, "durationMs", r->result->duration_ms);
        mig_doc_append_if(&set, "error", r->result->error.code ? r->result->error.message : NULL);
    }
    bson_append_document_end(&part, &set);
    BSON_APPEND_DOCUMENT_BEGIN(&part, "$currentDate", &set);
    BSON_APPEND_BOOL(&set, starting ? "startedAt" : "endedAt", true);
    bson_append_document_end(&part, &set);
    bson_append_document_end(&row, &part);
    BSON_APPEND_BOOL(&row, "upsert", true);
    bson_append_document_end(&list, &row);
    bson_append_array_end(&command, &list);
    if (!mig_write(r->store, &command, &err))
        mig_journal_warn(&r->journal, "the run's entry in %s could not be written: %s", r->names.runs,
                         err.message);
    bson_destroy(&command);
}
