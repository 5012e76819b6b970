/* confirm.c - typed words for what is protected, y/N for the rest. */
#include "cli/confirm.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cli/term.h"

bool cli_will_ask(const struct cli *cli, const struct cfg_environment *env)
{
    enum mig_option_id spares = env->is_protected ? MIG_OPT_CONFIRM_TEXT : MIG_OPT_YES;
    return cli_can_ask() && !mig_cmdline_has(cli->line, spares) && cli->line->command->id != MIG_COMMAND_RUN;
}

static bool confirm_protected(struct cli *cli, const struct cli_act *act, struct mig_error *err)
{
    char wanted[160];
    char answer[160] = "";
    if (act->wanted)
        snprintf(wanted, sizeof wanted, "%s", act->wanted);
    else
        snprintf(wanted, sizeof wanted, "%s %zu", act->env->database, act->migrations);
    const char *given = mig_cmdline_value(cli->line, MIG_OPT_CONFIRM_TEXT);
    if (!given && cli_will_ask(cli, act->env)) {
        char question[512];
        snprintf(question, sizeof question,
                 "\n%s is protected.%s%.12s\nType \"%s\"%s to %s: ", act->env->name,
                 act->plan_id ? " Plan " : "", act->plan_id ? act->plan_id : "", wanted,
                 act->wanted ? "" : " (its database and the number of migrations)", act->verb);
        if (cli_ask(question, answer, sizeof answer))
            given = answer;
    }
    if (given && strcmp(given, wanted) == 0)
        return true;
    if (given) {
        mig_fail(err, MIG_ERR_GATE, "%s: what was typed is not \"%s\"; nothing was done", act->env->name,
                 wanted);
        return false;
    }
    mig_fail(err, MIG_ERR_GATE, "%s is protected: to %s there must be confirmed by typing", act->env->name,
             act->verb);
    return mig_hint(err, "type it on a terminal, or give --confirm-text \"%s\"; --yes is not enough", wanted);
}

bool cli_confirm(struct cli *cli, const struct cli_act *act, struct mig_error *err)
{
    if (act->env->is_protected)
        return confirm_protected(cli, act, err);
    if (!cli_will_ask(cli, act->env))
        return true;
    char question[256];
    char answer[16] = "";
    if (act->wanted)
        snprintf(question, sizeof question, "\n%c%s %s on %s? [y/N] ", act->verb[0] - 32, act->verb + 1,
                 act->wanted, act->env->name);
    else
        snprintf(question, sizeof question, "\n%c%s %zu migration%s on %s? [y/N] ",
                 act->verb[0] >= 'a' ? act->verb[0] - 32 : act->verb[0], act->verb + 1, act->migrations,
                 act->migrations == 1 ? "" : "s", act->env->name);
    if (cli_ask(question, answer, sizeof answer) &&
        (strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0))
        return true;
    return mig_fail(err, MIG_ERR_CANCELLED, "%s: nothing was done", act->env->name);
}

void cli_refused(struct cli *cli, const struct cfg_environment *env, struct mig_audit_act *act,
                 const struct mig_error *err)
{
    struct mig_error why;
    if (!env || env->disabled_reason || !mig_audit_wants(err))
        return;
    act->error = err;
    act->outcome = mig_audit_outcome_of(err);
    if (!mig_audit_note(cli->app, env, act, &why))
        cli_say(cli, "%s: that this was refused is not on record: %s", env->name, why.message);
}
