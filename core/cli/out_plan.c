/* out_plan.c - the shape is terraform's: what will happen, marked by a sign, and how to make exactly that happen. */
#include "cli/out_plan.h"

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/cli.h"

#define PIECE 65536 /* bytes of a long plan that are kept before they are written */

static void heading(const struct mig_plan *plan, const struct mig_look *look, const struct cli_style *style,
                    struct mig_buf *out)
{
    const struct mig_server *server = &look->server;
    cli_ink(out, style, CLI_HEAD, plan->environment);
    mig_buf_printf(out, " (%s%s on %s, %s%s%s)\n", look->env->database,
                   look->env->is_protected ? ", protected," : "", server->version,
                   mig_topology_name(server->topology), server->set_name[0] ? " " : "", server->set_name);
}

static void steps_text(const struct mig_plan_item *item, const struct cli_style *style, struct mig_buf *out)
{
    struct cli_table *table = cli_table_new(style, 4);
    for (size_t i = 0; i < item->step_count; i++) {
        const struct mig_plan_step *step = &item->steps[i];
        struct mig_buf note MIG_AUTOBUF;
        mig_buf_init(&note, 256);
        if (i < item->first_step)
            mig_buf_str(&note, "done already");
        else if (step->transactional)
            mig_buf_str(&note, "in a transaction");
        if (step->estimate >= 0) {
            mig_buf_str(&note, note.len ? ", about " : "about ");
            mig_text_count(&note, step->estimate, "document");
        }
        cli_table_cell(table, CLI_PLAIN, step->step->id);
        cli_table_cell(table, CLI_PLAIN, mig_step_kind_name(step->step->kind));
        cli_table_cell(table, CLI_PLAIN, step->step->collection ? step->step->collection : "");
        cli_table_cell(table, CLI_ASIDE, note.text);
    }
    cli_table_print(table, 6, out);
    cli_table_free(table);
}

static void gate_text(const struct mig_gate *gate, const struct cli_style *style, struct mig_buf *out)
{
    mig_buf_printf(out, "  - %-11s ", gate->name);
    cli_ink(out, style,
            gate->state == MIG_GATE_OK            ? CLI_GOOD
            : mig_gate_state_objects(gate->state) ? CLI_BAD
                                                  : CLI_PLAIN,
            mig_gate_state_word(gate->state));
    mig_buf_printf(out, ": %s\n", gate->reason);
    if (gate->passed_over)
        mig_buf_str(out, "      passed over: the glass is broken\n");
    if (gate->remedy[0])
        mig_buf_printf(out, "      next: %s\n", gate->remedy);
}

void cli_gates_text(const struct mig_plan *plan, const struct cli_style *style, bool all, struct mig_buf *out)
{
    bool headed = all;
    for (size_t i = 0; i < plan->gate_count; i++) {
        const struct mig_gate *gate = &plan->gates[i];
        if (!all && !mig_gate_state_objects(gate->state))
            continue;
        mig_buf_str(out, headed ? "" : "\nGates that are not open:\n");
        headed = true;
        gate_text(gate, style, out);
    }
}

void cli_plan_text(const struct mig_plan *plan, const struct mig_look *look, const struct cli_style *style,
                   int fd, struct mig_buf *out)
{
    heading(plan, look, style, out);
    if (plan->count == 0) {
        mig_buf_printf(out, "\nNothing to %s: no migration is %s.\n",
                       plan->direction == MIG_UP ? "apply" : "roll back",
                       plan->direction == MIG_UP ? "pending" : "applied");
    } else {
        mig_buf_printf(out, "\nmigtui will %s ", plan->direction == MIG_UP ? "apply" : "roll back");
        mig_text_count(out, plan->count, "migration");
        mig_buf_str(out, ", ");
        mig_text_count(out, mig_plan_steps(plan), "step");
        mig_buf_str(out, ":\n");
    }
    for (size_t i = 0; i < plan->count; i++) {
        const struct mig_plan_item *item = &plan->items[i];
        mig_buf_str(out, "\n  ");
        cli_ink(out, style, plan->direction == MIG_UP ? CLI_GOOD : CLI_WAIT,
                plan->direction == MIG_UP ? "+" : "-");
        mig_buf_printf(out, " %s  %s%s\n", item->migration->version, item->migration->title,
                       item->by_inverse ? "  (by the inverses of what ran)" : "");
        steps_text(item, style, out);
        if (fd >= 0 && out->len >= PIECE) {
            cli_write(fd, out->text, out->len);
            mig_buf_reset(out);
        }
    }
    for (size_t i = 0; i < plan->warning_count; i++) {
        mig_buf_str(out, i ? "" : "\n");
        cli_ink(out, style, CLI_WAIT, "Warning:");
        mig_buf_printf(out, " %s\n", plan->warnings[i]);
    }
    cli_gates_text(plan, style, false, out);
    if (plan->count > 0)
        mig_buf_printf(out, "\nPlan %s\n", plan->id);
}
