/* backup_judge.c - the conditions in the order an operator would ask; what fails latest is the nearest miss. */
#include "engine/backup_judge.h"

#include <stdio.h>
#include <string.h>

#include "base/timefmt.h"

/* A clock that runs ahead by less than this is a clock; beyond it, somebody wrote the date. */
#define SKEW_MS 5000

/* How far a backup got; the higher, the nearer to one that counts. */
enum mark { FOREIGN, BROKEN, OTHER_METHOD, GONE, FUTURE, DISPROVEN, OLD, RUNNING, UNPROVEN, GOOD };

static bool is_ours(const struct mig_backup *backup, const struct mig_backup_rule *rule)
{
    const char *uuid = rule->environment_uuid;
    return uuid && *uuid && strcmp(backup->environment_uuid, uuid) == 0 &&
           strcmp(backup->database, rule->database) == 0;
}

static enum mark mark(const struct mig_backup *backup, const struct mig_backup_rule *rule, int64_t now_ms)
{
    int64_t age_ms = now_ms - backup->started_ms;
    if (!is_ours(backup, rule))
        return FOREIGN;
    if (backup->state == MIG_BACKUP_RUNNING)
        return RUNNING;
    if (backup->state != MIG_BACKUP_FINISHED || backup->started_ms <= 0)
        return BROKEN;
    if (rule->method && strcmp(backup->method, rule->method) != 0)
        return OTHER_METHOD;
    if (backup->where == MIG_FILE_GONE || backup->where == MIG_FILE_ALTERED)
        return GONE;
    if (age_ms < -SKEW_MS)
        return FUTURE;
    if (backup->proof == MIG_PROOF_FAILED)
        return DISPROVEN; /* also when no proof is asked for: it is known to be bad */
    if (age_ms >= rule->max_age_ms)
        return OLD;
    return rule->verify && backup->proof != MIG_PROOF_OK ? UNPROVEN : GOOD;
}

static void explain(enum mark found, const struct mig_backup *backup, const struct mig_backup_rule *rule,
                    struct mig_backup_verdict *ret)
{
    char age[MIG_TIME_SIZE], limit[MIG_TIME_SIZE];
    mig_time_duration(ret->age_ms > 0 ? ret->age_ms : 0, age);
    mig_time_duration(rule->max_age_ms, limit);
#define SAY(...) snprintf(ret->reason, sizeof ret->reason, __VA_ARGS__)
    /* uncovered: every mark has its case */
    switch (found) {
    case GOOD:
        SAY("backup %s of %s ago, %s%s", backup->id, age, backup->method,
            backup->proof == MIG_PROOF_OK ? ", verified" : "");
        break;
    case UNPROVEN: SAY("backup %s of %s ago was not verified", backup->id, age); break;
    case DISPROVEN:
        SAY("backup %s is bad: %.180s", backup->id, backup->error[0] ? backup->error : "it did not verify");
        break;
    case OLD: SAY("needs a backup younger than %s, the last is %s old", limit, age); break;
    case FUTURE:
        SAY("backup %s says it is from the future: a clock was moved, or its record was written by hand",
            backup->id);
        break;
    case GONE:
        SAY("the file of backup %s is %s", backup->id,
            backup->where == MIG_FILE_GONE ? "gone" : "not the one that was written");
        break;
    case OTHER_METHOD:
        SAY("the last backup is of method %s, the policy asks for %s", backup->method, rule->method);
        break;
    case RUNNING: SAY("backup %s is still running", backup->id); break;
    case BROKEN:
        SAY("the last backup is %s%s%.180s", mig_backup_state_word(backup->state),
            backup->error[0] ? ": " : "", backup->error);
        break;
    case FOREIGN: SAY("there is no backup of this environment's database"); break;
    }
#undef SAY
}

static void advise(enum mark found, const struct mig_backup *backup, const struct mig_backup_rule *rule,
                   struct mig_backup_verdict *ret)
{
    const char *env = rule->environment ? rule->environment : "NAME";
    const char *method = rule->method && strcmp(rule->method, "archive") != 0 ? rule->method : NULL;
    if (found == GOOD)
        ret->remedy[0] = '\0';
    else if (found == UNPROVEN)
        snprintf(ret->remedy, sizeof ret->remedy, "migtui backup verify %s --env %s", backup->id, env);
    else if (found == RUNNING)
        snprintf(ret->remedy, sizeof ret->remedy, "wait for it: migtui attach %s --env %s", backup->id, env);
    else
        snprintf(ret->remedy, sizeof ret->remedy, "migtui backup take --env %s%s%s", env,
                 method ? " --method " : "", method ? method : "");
}

void mig_backup_judge(const struct mig_backup *list, size_t count, const struct mig_backup_rule *rule,
                      int64_t now_ms, struct mig_backup_verdict *ret)
{
    static const struct mig_backup none;
    const struct mig_backup *nearest = &none;
    enum mark best = FOREIGN;
    for (size_t i = 0; i < count; i++) {
        enum mark found = mark(&list[i], rule, now_ms);
        bool newer = list[i].started_ms > nearest->started_ms;
        if (found != FOREIGN && (found > best || (found == best && newer))) {
            best = found;
            nearest = &list[i];
        }
    }
    *ret = (struct mig_backup_verdict){ .state = best == GOOD ? MIG_GATE_OK : MIG_GATE_FAILED };
    if (best != FOREIGN) {
        memcpy(ret->backup, nearest->id, sizeof ret->backup);
        ret->age_ms = now_ms - nearest->started_ms;
    }
    explain(best, nearest, rule, ret);
    advise(best, nearest, rule, ret);
}
