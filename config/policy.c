/* policy.c - what no single value shows: a gate that nobody can pass is an error now, not at midnight. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/load.h"
#include "config/value.h"

/* An environment (or channel) and its node. */
struct subject {
    struct cfg_load *load;
    size_t index;
    struct cfg_environment *environment;
    const struct cfg_node *node;
    const struct cfg_node *gate;
};

/* The value of the key in the mapping, or the mapping itself when the key has none there. */
static const struct cfg_node *at(const struct cfg_node *mapping, const char *key)
{
    const struct cfg_node *node = cfg_node_get(mapping, key);
    return node ? node : mapping;
}

#define FAIL(s, node, ...) cfg_fail_at((s)->load->file, node, (s)->load->err, __VA_ARGS__)

static void warn_at(struct cfg_load *load, const struct cfg_node *node, const char *text)
{
    cfg_warn(load->config, "%s:%d:%d: %s", load->file, node->line, node->column, text);
}

/* ---- environments ---- */

static bool same_place(const struct cfg_environment *a, const struct cfg_environment *b)
{
    return a->uri.kind == b->uri.kind && strcmp(a->uri.text, b->uri.text) == 0 &&
           strcmp(a->database, b->database) == 0;
}

static bool check_unique(const struct subject *s)
{
    for (size_t i = 0; i < s->index; i++) {
        const struct cfg_environment *other = &s->load->config->environments[i];
        if (strcmp(other->name, s->environment->name) == 0)
            return FAIL(s, at(s->node, "name"), "there are two environments %s", other->name);
        if (same_place(other, s->environment))
            return FAIL(s, at(s->node, "uri"), "%s and %s are one place: the same uri and database",
                        other->name, s->environment->name);
    }
    return true;
}

static bool check_rehearsal(const struct subject *s)
{
    const struct cfg_config *config = s->load->config;
    const char *name = s->environment->gate.rehearsed_in;
    if (!name)
        return true;
    const struct cfg_node *node = at(s->gate, "rehearsedIn");
    const char *names[CFG_ENVIRONMENTS_MAX + 1] = { NULL };
    for (size_t i = 0; i < config->environment_count; i++) {
        names[i] = config->environments[i].name;
        if (strcmp(names[i], name) != 0)
            continue;
        if (i < s->index)
            return true;
        if (i == s->index)
            return FAIL(s, node, "the gate of %s is rehearsed in %s itself: nothing could ever pass", name,
                        name);
        return FAIL(s, node,
                    "the gate of %s is rehearsed in %s, which comes after it: nothing could ever pass",
                    s->environment->name, name);
    }
    const char *nearest = mig_text_nearest(name, names);
    return FAIL(s, node, "the gate of %s is rehearsed in \"%s\", which is no environment%s%s%s",
                s->environment->name, name, nearest ? "; did you mean \"" : "", nearest ? nearest : "",
                nearest ? "\"?" : "");
}

static bool check_approvers(const struct subject *s)
{
    const struct cfg_gate *gate = &s->environment->gate;
    long long approvers = (long long)gate->approvers.count;
    const char *name = s->environment->name;
    if (cfg_node_get(s->gate, "revokedSigners") && !gate->is_signed)
        return FAIL(s, at(s->gate, "revokedSigners"),
                    "the gate of %s has revokedSigners but nothing is signed", name);
    if (gate->break_glass && approvers == 1)
        return FAIL(
            s, at(s->gate, "breakGlass"),
            "the gate of %s allows breakGlass and has one approver: two people must close it, so nobody could",
            name);
    return true;
}

static bool check_approvals(const struct subject *s)
{
    const struct cfg_gate *gate = &s->environment->gate;
    long long approvals = gate->approvals, approvers = (long long)gate->approvers.count;
    const char *name = s->environment->name;
    if (cfg_node_get(s->gate, "approvers") && approvals == 0)
        return FAIL(s, at(s->gate, "approvers"), "the gate of %s has approvers but asks for no approvals",
                    name);
    if (approvals > 0 && cfg_node_get(s->gate, "approvers") && approvers < approvals)
        return FAIL(s, at(s->gate, "approvals"),
                    "the gate of %s asks for %lld approval%s and has %lld approver%s: nobody could ever pass",
                    name, approvals, approvals == 1 ? "" : "s", approvers, approvers == 1 ? "" : "s");
    if (gate->is_signed && approvals == 0)
        return FAIL(s, at(s->gate, "signed"), "the gate of %s has signed: true but asks for no approvals",
                    name);
    if (approvals > 0 && approvers == approvals && !gate->self_approval)
        warn_at(s->load, at(s->gate, "approvers"),
                "every approver must approve, so none of them can request (selfApproval is false)");
    if (gate->break_glass && approvals == 0)
        warn_at(s->load, at(s->gate, "breakGlass"), "breakGlass has no effect without approvals");
    return true;
}

static bool check_window(const struct subject *s)
{
    const struct cfg_window *window = &s->environment->gate.window;
    if (!s->environment->gate.has_window || window->from != window->to)
        return true;
    const struct cfg_node *node = cfg_node_get(s->gate, "window");
    return FAIL(s, at(node, cfg_node_get(node, "to") ? "to" : "from"),
                "the window of %s is empty: from and to are the same minute; a whole day is 00:00 to 24:00",
                s->environment->name);
}

static bool check_backup(const struct subject *s)
{
    const struct cfg_backup *backup = &s->environment->gate.backup;
    if (!s->environment->gate.has_backup)
        return true;
    const struct cfg_node *node = cfg_node_get(s->gate, "backup");
    const char *name = s->environment->name;
    if (backup->method == CFG_BACKUP_ATLAS && !s->environment->has_atlas)
        return FAIL(s, at(node, "method"), "the gate of %s wants Atlas backups, and %s has no atlas section",
                    name, name);
    if (backup->method == CFG_BACKUP_EXEC && !backup->command)
        return FAIL(s, at(node, "method"), "the backup of %s is of method exec and has no command", name);
    if (backup->method != CFG_BACKUP_EXEC && backup->command)
        return FAIL(s, at(node, "command"), "the backup of %s has a command, which only method exec runs",
                    name);
    return true;
}

static bool check_credentials(const struct subject *s)
{
    const struct cfg_credentials *c = &s->environment->atlas.credentials;
    if (!s->environment->has_atlas)
        return true;
    bool account = c->client_id.kind && c->client_secret.kind,
         key = c->public_key.kind && c->private_key.kind;
    int given = !!c->client_id.kind + !!c->client_secret.kind + !!c->public_key.kind + !!c->private_key.kind;
    if (given == 2 && (account || key))
        return true;
    return FAIL(s, cfg_node_get(cfg_node_get(s->node, "atlas"), "credentials"),
                "the Atlas credentials of %s must be clientId and clientSecret, or publicKey and privateKey",
                s->environment->name);
}

static bool check_environment(const struct subject *s)
{
    if (!check_unique(s) || !check_credentials(s))
        return false;
    return !s->environment->has_gate || (check_rehearsal(s) && check_approvers(s) && check_approvals(s) &&
                                         check_window(s) && check_backup(s));
}

/* ---- channels ---- */

static bool check_channel(struct cfg_load *load, size_t index, const struct cfg_node *node)
{
    const struct cfg_notify *channel = &load->config->notify[index];
    for (size_t i = 0; i < index; i++) {
        if (strcmp(load->config->notify[i].name, channel->name) == 0)
            return cfg_fail_at(load->file, at(node, "name"), load->err, "there are two channels %s",
                               channel->name);
    }
    int ways = !!channel->slack.kind + !!channel->teams.kind + !!channel->webhook.kind + channel->has_email;
    if (ways != 1)
        return cfg_fail_at(load->file, node, load->err,
                           "channel %s must have exactly one of slack, teams, webhook and email",
                           channel->name);
    if (channel->webhook_key.kind && !channel->webhook.kind)
        return cfg_fail_at(load->file, at(node, "signingKey"), load->err,
                           "channel %s has a signingKey, which only a webhook uses", channel->name);
    for (size_t i = 0; i < channel->environments.count; i++) {
        const char *name = channel->environments.items[i];
        if (!cfg_environment_find(load->config, name))
            return cfg_fail_at(load->file, cfg_node_item(cfg_node_get(node, "environments"), i), load->err,
                               "channel %s: there is no environment \"%s\"", channel->name, name);
    }
    if (channel->on.count == 0 && cfg_node_get(node, "on"))
        return cfg_fail_at(load->file, at(node, "on"), load->err, "channel %s is told of nothing",
                           channel->name);
    return true;
}

bool cfg_policy_check(struct cfg_load *load)
{
    struct cfg_config *config = load->config;
    for (size_t i = 0; i < config->environment_count; i++) {
        const struct cfg_node *node = cfg_node_item(cfg_node_get(load->root, "environments"), i);
        struct subject s = { load, i, &config->environments[i], node, cfg_node_get(node, "gate") };
        if (!check_environment(&s))
            return false;
    }
    for (size_t i = 0; i < config->notify_count; i++) {
        if (!check_channel(load, i, cfg_node_item(cfg_node_get(load->root, "notify"), i)))
            return false;
    }
    return true;
}

/* ---- secrets ---- */

static void note_name(void *ctx, const char *name)
{
    struct cfg_list *names = ctx;
    if (!cfg_list_has(names, name))
        cfg_list_add(names, name, strlen(name));
}

/* Note the first reason that stands against a secret. */
static void note_secret(struct cfg_load *load, const struct cfg_secret_ref *ref, char **reason)
{
    cfg_secret_ref_names(ref, note_name, &load->config->secret_names);
    if (ref->kind != CFG_SECRET_NONE && !*reason)
        *reason = cfg_secret_ref_missing(ref, cfg_load_lookup, load);
}

/* A password in the file is a password in the repository. */
static void note_literal_uri(struct cfg_load *load, const struct cfg_environment *environment,
                             const struct cfg_node *node)
{
    const char *text = environment->uri.text;
    if (environment->uri.kind == CFG_SECRET_LITERAL && strchr(text, '@') &&
        strchr(strstr(text, "://") + 3, ':') && strchr(strstr(text, "://") + 3, ':') < strchr(text, '@'))
        warn_at(load, at(node, "uri"), "a password stands in this file; ${NAME} or file: keep it out");
}

void cfg_policy_note(struct cfg_load *load)
{
    struct cfg_config *config = load->config;
    for (size_t i = 0; i < config->environment_count; i++) {
        struct cfg_environment *environment = &config->environments[i];
        struct cfg_atlas *atlas = &environment->atlas;
        note_secret(load, &environment->uri, &environment->disabled_reason);
        note_literal_uri(load, environment, cfg_node_item(cfg_node_get(load->root, "environments"), i));
        note_secret(load, &atlas->credentials.client_id, &atlas->disabled_reason);
        note_secret(load, &atlas->credentials.client_secret, &atlas->disabled_reason);
        note_secret(load, &atlas->credentials.public_key, &atlas->disabled_reason);
        note_secret(load, &atlas->credentials.private_key, &atlas->disabled_reason);
    }
    for (size_t i = 0; i < config->notify_count; i++) {
        struct cfg_notify *channel = &config->notify[i];
        note_secret(load, &channel->slack, &channel->disabled_reason);
        note_secret(load, &channel->teams, &channel->disabled_reason);
        note_secret(load, &channel->webhook, &channel->disabled_reason);
        note_secret(load, &channel->webhook_key, &channel->disabled_reason);
        note_secret(load, &channel->email.smtp, &channel->disabled_reason);
    }
}
