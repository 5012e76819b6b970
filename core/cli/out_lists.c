/* out_lists.c - one row a document. */
#include "cli/out_lists.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/drift.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/timefmt.h"
#include "model/person.h"

static void text_cell(struct cli_table *table, enum cli_ink ink, const bson_t *doc, const char *key)
{
    char *text MIG_AUTOFREE = mig_text_safe_dup(mig_doc_str(doc, key, ""), 200);
    cli_table_cell(table, ink, text);
}

/* "2026-11-21 07:01:14", from ISO text or a BSON date. */
static void time_cell(struct cli_table *table, const bson_t *doc, const char *key)
{
    int64_t ms = mig_doc_time(doc, key, 0);
    const char *text = mig_doc_str(doc, key, NULL);
    char iso[MIG_TIME_SIZE] = "";
    if (text ? mig_time_parse(text, &ms) : ms > 0)
        mig_time_iso(ms, iso);
    if (strlen(iso) > 19) {
        iso[10] = ' ';
        iso[19] = '\0';
    }
    cli_table_cell(table, CLI_PLAIN, iso);
}

static void duration_cell(struct cli_table *table, const bson_t *doc)
{
    char text[MIG_TIME_SIZE] = "";
    int64_t ms = mig_doc_int(doc, "durationMs", -1);
    if (ms >= 0)
        mig_time_duration(ms, text);
    cli_table_cell(table, CLI_PLAIN, text);
}

static void status_cell(struct cli_table *table, const bson_t *doc)
{
    static const char *const good[] = { "succeeded", "applied", "reverted" };
    static const char *const wait[] = { "running", "stopped", "reverting" };
    const char *status = mig_doc_str(doc, "status", "unknown");
    enum cli_ink ink = CLI_BAD;
    for (size_t i = 0; i < 3; i++)
        ink = strcmp(status, good[i]) == 0 ? CLI_GOOD : strcmp(status, wait[i]) == 0 ? CLI_WAIT : ink;
    text_cell(table, ink, doc, "status");
}

struct cli_table *cli_runs_table(const struct cli_style *style)
{
    static const char *const head[] = { "RUN",  "ENVIRONMENT", "COMMAND",  "STATUS", "STARTED (UTC)",
                                        "TOOK", "MIGRATIONS",  "OPERATOR", "HOST" };
    struct cli_table *table = cli_table_new(style, sizeof head / sizeof head[0]);
    cli_table_head(table, head);
    cli_table_right(table, 5);
    cli_table_right(table, 6);
    return table;
}

void cli_runs_row(struct cli_table *table, const bson_t *run)
{
    char count[32] = "";
    if (!mig_doc_has(run, "database")) /* a restore has none */
        snprintf(count, sizeof count, "%" PRId64, mig_doc_int(run, "migrations", 0));
    text_cell(table, CLI_PLAIN, run, "run");
    text_cell(table, CLI_PLAIN, run, "environment");
    text_cell(table, CLI_PLAIN, run, "command");
    status_cell(table, run);
    time_cell(table, run, "startedAt");
    duration_cell(table, run);
    cli_table_cell(table, CLI_PLAIN, count);
    text_cell(table, CLI_PLAIN, run, "operator");
    text_cell(table, CLI_PLAIN, run, "host");
}

struct cli_table *cli_history_table(const struct cli_style *style)
{
    static const char *const head[] = { "STARTED (UTC)", "ENVIRONMENT", "VERSION",  "TITLE", "DIRECTION",
                                        "STATUS",        "TOOK",        "OPERATOR", "TICKET" };
    struct cli_table *table = cli_table_new(style, sizeof head / sizeof head[0]);
    cli_table_head(table, head);
    cli_table_right(table, 6);
    cli_table_elastic(table, 3);
    return table;
}

void cli_history_row(struct cli_table *table, const bson_t *entry)
{
    time_cell(table, entry, "startedAt");
    text_cell(table, CLI_PLAIN, entry, "environment");
    text_cell(table, CLI_PLAIN, entry, "version");
    text_cell(table, CLI_PLAIN, entry, "title");
    text_cell(table, CLI_PLAIN, entry, "direction");
    status_cell(table, entry);
    duration_cell(table, entry);
    text_cell(table, CLI_PLAIN, entry, "operator");
    text_cell(table, CLI_PLAIN, entry, "ticket");
}

struct cli_table *cli_audit_table(const struct cli_style *style)
{
    static const char *const head[] = { "SEQ",     "AT (UTC)", "ENVIRONMENT", "ACTION",
                                        "OUTCOME", "WHO",      "PLAN",        "REASON" };
    struct cli_table *table = cli_table_new(style, sizeof head / sizeof head[0]);
    cli_table_head(table, head);
    cli_table_right(table, 0);
    cli_table_elastic(table, 7);
    return table;
}

void cli_audit_row(struct cli_table *table, const bson_t *entry)
{
    char seq[32];
    struct mig_person who;
    const char *outcome = mig_doc_str(entry, "outcome", "");
    const char *why = mig_doc_str(entry, "error.message", "");
    mig_person_decode(entry, "actor", &who);
    char *reason MIG_AUTOFREE =
        mig_text_safe_dup(*why ? why : mig_doc_str(entry, "reason", mig_doc_str(entry, "ticket", "")), 200);
    snprintf(seq, sizeof seq, "%" PRId64, mig_doc_int(entry, "seq", 0));
    cli_table_cell(table, CLI_PLAIN, seq);
    time_cell(table, entry, "startedAt");
    text_cell(table, CLI_PLAIN, entry, "environment");
    text_cell(table, CLI_PLAIN, entry, "action");
    text_cell(table,
              strcmp(outcome, "success") == 0     ? CLI_GOOD
              : strcmp(outcome, "cancelled") == 0 ? CLI_WAIT
                                                  : CLI_BAD,
              entry, "outcome");
    cli_table_cell(table, CLI_PLAIN, mig_person_name(&who));
    char *plan MIG_AUTOFREE = mig_text_safe_dup(mig_doc_str(entry, "plan", ""), 12);
    cli_table_cell(table, CLI_ASIDE, plan);
    cli_table_cell(table, CLI_PLAIN, reason);
}

struct cli_table *cli_drift_table(const struct cli_style *style)
{
    static const char *const head[] = { "ENVIRONMENT", "COLLECTION", "STATE", "LAST RUN OF MIGTUI" };
    struct cli_table *table = cli_table_new(style, sizeof head / sizeof head[0]);
    cli_table_head(table, head);
    cli_table_elastic(table, 1);
    return table;
}

void cli_drift_row(struct cli_table *table, const bson_t *row)
{
    enum mig_drift drift = mig_drift_of(mig_doc_str(row, "state", ""));
    text_cell(table, CLI_PLAIN, row, "environment");
    text_cell(table, CLI_PLAIN, row, "collection");
    text_cell(table,
              mig_drift_is(drift)       ? CLI_BAD
              : drift == MIG_DRIFT_SAME ? CLI_GOOD
                                        : CLI_WAIT,
              row, "state");
    text_cell(table, CLI_PLAIN, row, "run");
}

struct cli_table *cli_backups_table(const struct cli_style *style)
{
    static const char *const head[] = { "BACKUP", "ENVIRONMENT", "STARTED (UTC)", "TOOK",  "SIZE",
                                        "METHOD", "STATE",       "PROOF",         "WHERE", "OPERATOR" };
    struct cli_table *table = cli_table_new(style, sizeof head / sizeof head[0]);
    cli_table_head(table, head);
    cli_table_right(table, 3);
    cli_table_right(table, 4);
    return table;
}

void cli_backups_row(struct cli_table *table, const bson_t *backup)
{
    const char *state = mig_doc_str(backup, "state", "");
    const char *proof = mig_doc_str(backup, "proof", "");
    const char *where = mig_doc_str(backup, "where", "");
    struct mig_buf size MIG_AUTOBUF;
    mig_buf_init(&size, 64);
    mig_text_size(&size, mig_doc_int(backup, "size", 0));
    text_cell(table, CLI_PLAIN, backup, "backup");
    text_cell(table, CLI_PLAIN, backup, "environment");
    time_cell(table, backup, "startedAt");
    duration_cell(table, backup);
    cli_table_cell(table, CLI_PLAIN, size.text);
    text_cell(table, CLI_PLAIN, backup, "method");
    text_cell(table,
              strcmp(state, "finished") == 0  ? CLI_GOOD
              : strcmp(state, "running") == 0 ? CLI_WAIT
                                              : CLI_BAD,
              backup, "state");
    text_cell(table,
              strcmp(proof, "ok") == 0     ? CLI_GOOD
              : strcmp(proof, "none") == 0 ? CLI_WAIT
                                           : CLI_BAD,
              backup, "proof");
    text_cell(table, strcmp(where, "gone") == 0 || strcmp(where, "altered") == 0 ? CLI_BAD : CLI_PLAIN,
              backup, "where");
    text_cell(table, CLI_PLAIN, backup, "operator");
}
