/* out_requests.c - requests as a table, and one in full. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/text.h"
#include "cli/out_lists.h"

static void text_cell(struct cli_table *table, enum cli_ink ink, const char *text)
{
    char *safe MIG_AUTOFREE = mig_text_safe_dup(text, 200);
    cli_table_cell(table, ink, safe);
}

static enum cli_ink state_ink(const char *state)
{
    static const char *const good[] = { "approved", "used", "closed" };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (strcmp(state, good[i]) == 0)
            return CLI_GOOD;
    }
    return strcmp(state, "waiting") == 0 ? CLI_WAIT : CLI_BAD;
}

struct cli_table *cli_requests_table(const struct cli_style *style)
{
    static const char *const head[] = { "REQUEST", "ENVIRONMENT", "STATE", "YOU",           "APPROVED",
                                        "PLAN",    "MIGRATIONS",  "BY",    "EXPIRES (UTC)", "REASON" };
    struct cli_table *table = cli_table_new(style, sizeof head / sizeof head[0]);
    cli_table_head(table, head);
    cli_table_elastic(table, 9);
    return table;
}

void cli_requests_row(struct cli_table *table, const bson_t *row)
{
    char text[64];
    bool glass = strcmp(mig_doc_str(row, "kind", ""), "glass") == 0;
    const char *state = mig_doc_str(row, "state", "");
    text_cell(table, CLI_PLAIN, mig_doc_str(row, "request", ""));
    text_cell(table, CLI_PLAIN, mig_doc_str(row, "environment", ""));
    snprintf(text, sizeof text, "%s%.20s", glass ? "glass " : "", state);
    cli_table_cell(table, state_ink(state), text);
    cli_table_cell(table, CLI_WAIT, mig_doc_bool(row, "forMe", false) ? "may decide" : "");
    snprintf(text, sizeof text, "%" PRId64 " of %" PRId64, mig_doc_int(row, "have", 0),
             mig_doc_int(row, "needed", 0));
    cli_table_cell(table, CLI_PLAIN, text);
    snprintf(text, sizeof text, "%.12s", mig_doc_str(row, "planId", ""));
    text_cell(table, CLI_ASIDE, text);
    snprintf(text, sizeof text, "%" PRId64, mig_doc_int(row, "migrations", 0));
    cli_table_cell(table, CLI_PLAIN, text);
    text_cell(table, CLI_PLAIN, mig_doc_str(row, "requesterName", ""));
    snprintf(text, sizeof text, "%.16s", mig_doc_str(row, "expiresAt", ""));
    if (strlen(text) == 16)
        text[10] = ' ';
    text_cell(table, CLI_PLAIN, text);
    text_cell(table, CLI_PLAIN, mig_doc_str(row, "reason", ""));
}

static void line(struct mig_buf *out, const char *label, const char *text)
{
    char *safe MIG_AUTOFREE = mig_text_safe_dup(text, 2000);
    if (*safe)
        mig_buf_printf(out, "  %-10s %s\n", label, safe);
}

static void steps_text(const bson_t *migration, struct mig_buf *out)
{
    for (int i = 0; i < 1000; i++) {
        char path[48];
        bson_t step;
        snprintf(path, sizeof path, "steps.%d", i);
        if (!mig_doc_sub(migration, path, &step))
            return;
        char *id MIG_AUTOFREE = mig_text_safe_dup(mig_doc_str(&step, "id", ""), 60);
        char *kind MIG_AUTOFREE = mig_text_safe_dup(mig_doc_str(&step, "kind", ""), 30);
        char *where MIG_AUTOFREE = mig_text_safe_dup(mig_doc_str(&step, "collection", ""), 60);
        mig_buf_printf(out, "      %-20s %-16s %s\n", id, kind, where);
    }
}

static void decisions_text(const bson_t *row, const struct cli_style *style, struct mig_buf *out)
{
    for (int i = 0; i < 100; i++) {
        char path[48];
        bson_t one;
        snprintf(path, sizeof path, "decisions.%d", i);
        if (!mig_doc_sub(row, path, &one))
            return;
        char *name MIG_AUTOFREE = mig_text_safe_dup(mig_doc_str(&one, "name", ""), 60);
        char *word MIG_AUTOFREE = mig_text_safe_dup(mig_doc_str(&one, "decision", ""), 20);
        char *why MIG_AUTOFREE = mig_text_safe_dup(mig_doc_str(&one, "whyNot", ""), 200);
        mig_buf_printf(out, "  %-10s %s", word, name);
        if (*why) {
            mig_buf_str(out, ", ");
            cli_ink(out, style, CLI_BAD, "does not count");
            mig_buf_printf(out, ": %s", why);
        }
        mig_buf_char(out, '\n');
    }
}

void cli_request_text(const bson_t *row, const struct cli_style *style, struct mig_buf *out)
{
    cli_ink(out, style, CLI_HEAD, mig_doc_str(row, "environment", ""));
    mig_buf_printf(out, ": request %.26s, %s\n", mig_doc_str(row, "request", ""),
                   mig_doc_str(row, "state", ""));
    line(out, "plan", mig_doc_str(row, "planId", ""));
    line(out, "by", mig_doc_str(row, "requesterName", ""));
    line(out, "reason", mig_doc_str(row, "reason", ""));
    line(out, "ticket", mig_doc_str(row, "ticket", ""));
    line(out, "expires", mig_doc_str(row, "expiresAt", ""));
    line(out, "stands", mig_doc_str(row, "detail", ""));
    decisions_text(row, style, out);
    for (int i = 0; i < 10000; i++) {
        char path[64];
        bson_t migration;
        snprintf(path, sizeof path, "plan.migrations.%d", i);
        if (!mig_doc_sub(row, path, &migration))
            return;
        char *version MIG_AUTOFREE = mig_text_safe_dup(mig_doc_str(&migration, "version", ""), 60);
        char *title MIG_AUTOFREE = mig_text_safe_dup(mig_doc_str(&migration, "title", ""), 200);
        mig_buf_printf(out, "    %s %s  %s\n",
                       strcmp(mig_doc_str(row, "direction", ""), "down") == 0 ? "-" : "+", version, title);
        steps_text(&migration, out);
    }
}
