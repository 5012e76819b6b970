/* console_banner.c - the line that waits for people: broken glass first, then what others ask for, then answers to one's own
 * request. Pure.
 *
 * It says that something is there, not what it is worth: signatures and policies are judged by the list that it names.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "views/console_private.h"

enum kind { GLASS, ASKED, ANSWERED, NOTHING };

struct found {
    enum kind kind;
    const struct mig_snap_env *env;
    const struct mig_request *request;
    size_t others; /* of any kind */
};

static bool is_mine(const struct mig_snapshot *snapshot, const struct mig_decision *decision)
{
    return snapshot->operator_name && strcmp(decision->who.operator_name, snapshot->operator_name) == 0;
}

static bool answered_by_me(const struct mig_snapshot *snapshot, const struct mig_request *request)
{
    for (size_t i = 0; i < request->decision_count; i++) {
        if (is_mine(snapshot, &request->decisions[i]))
            return true;
    }
    return false;
}

static enum kind kind_of(const struct mig_snapshot *snapshot, const struct mig_request *request,
                         int64_t server_now)
{
    if (request->state != MIG_REQUEST_OPEN)
        return NOTHING;
    if (request->kind == MIG_REQUEST_GLASS)
        return GLASS;
    if (request->expires_at > 0 && request->expires_at <= server_now)
        return NOTHING;
    if (is_mine(snapshot, &request->requested))
        return request->decision_count > 0 ? ANSWERED : NOTHING;
    return answered_by_me(snapshot, request) ? NOTHING : ASKED;
}

static void look_through(const struct mig_snapshot *snapshot, int64_t now_ms, struct found *ret)
{
    *ret = (struct found){ .kind = NOTHING };
    for (size_t i = 0; i < snapshot->env_count; i++) {
        const struct mig_snap_env *env = &snapshot->envs[i];
        if (!env->seen || !env->seen->look.history)
            continue;
        const struct mig_history *history = env->seen->look.history;
        int64_t server_now = history->server_now + now_ms - env->asked_ms;
        for (size_t k = 0; k < history->request_count; k++) {
            enum kind kind = kind_of(snapshot, &history->requests[k], server_now);
            if (kind == NOTHING)
                continue;
            size_t others = ret->kind == NOTHING ? 0 : ret->others + 1;
            if (kind < ret->kind)
                *ret = (struct found){ kind, env, &history->requests[k], 0 };
            ret->others = others;
        }
    }
}

bool console_banner(const struct mig_snapshot *snapshot, int64_t now_ms, enum tui_style *ret_style, char *ret,
                    size_t size)
{
    struct found found;
    char more[32] = "";
    look_through(snapshot, now_ms, &found);
    if (found.kind == NOTHING)
        return false;
    const struct mig_request *request = found.request;
    const char *env = found.env->env->name;
    const char *who = mig_person_name(&request->requested.who);
    const char *reason = request->reason ? request->reason : "";
    if (found.others > 0)
        snprintf(more, sizeof more, "; %zu more", found.others);
    if (found.kind == GLASS)
        snprintf(ret, size, "%s: %s ran without approval (%.80s), two others have to close it%s; :requests",
                 env, who, reason, more);
    else if (found.kind == ASKED)
        snprintf(ret, size, "%s: %s asks to %s %lld migration%s (%.80s)%s; :requests", env, who,
                 strcmp(request->direction, "down") == 0 ? "roll back" : "apply",
                 (long long)request->migrations, request->migrations == 1 ? "" : "s", reason, more);
    else
        snprintf(ret, size, "%s: your request (%.80s) has %zu answer%s%s; :requests", env, reason,
                 request->decision_count, request->decision_count == 1 ? "" : "s", more);
    mig_utf8_trim(ret);
    *ret_style = found.kind == GLASS ? TUI_BAD : found.kind == ASKED ? TUI_WARN : TUI_INFO;
    return true;
}
