/* policy.c - the digest covers every value of the gate, so that a policy edited after a request voids it. */
#include "app/policy.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

#define SIGNERS_MAX (1024UL * 1024)

static void text(bson_t *doc, const char *key, const char *value)
{
    BSON_APPEND_UTF8(doc, key, value ? value : "");
}

static void append_window(bson_t *doc, const struct cfg_gate *gate)
{
    const struct cfg_window *window = &gate->window;
    BSON_APPEND_BOOL(doc, "window", gate->has_window);
    BSON_APPEND_INT64(doc, "days", window->days);
    BSON_APPEND_INT64(doc, "from", window->from);
    BSON_APPEND_INT64(doc, "to", window->to);
    text(doc, "zone", window->zone);
}

static void append_backup(bson_t *doc, const struct cfg_gate *gate)
{
    const struct cfg_backup *backup = &gate->backup;
    BSON_APPEND_BOOL(doc, "backup", gate->has_backup);
    BSON_APPEND_INT64(doc, "method", backup->method);
    BSON_APPEND_INT64(doc, "maxAge", backup->max_age_ms);
    BSON_APPEND_BOOL(doc, "verify", backup->verify);
    text(doc, "command", backup->command);
}

static void digest(const struct cfg_environment *env, char ret[static MIG_SHA256_HEX])
{
    const struct cfg_gate *gate = &env->gate;
    MIG_AUTODOC bson_t doc = BSON_INITIALIZER;
    bson_t list;
    BSON_APPEND_INT32(&doc, "migtuiPolicy", 1);
    text(&doc, "environment", env->name);
    text(&doc, "database", env->database);
    BSON_APPEND_BOOL(&doc, "protected", env->is_protected);
    text(&doc, "order", mig_order_word(env->order));
    text(&doc, "rehearsedIn", gate->rehearsed_in);
    BSON_APPEND_INT64(&doc, "approvals", gate->approvals);
    BSON_APPEND_ARRAY_BEGIN(&doc, "approvers", &list);
    for (size_t i = 0; i < gate->approvers.count; i++) {
        char key[24];
        const char *index;
        size_t len = bson_uint32_to_string((uint32_t)i, &index, key, sizeof key);
        bson_append_utf8(&list, index, (int)len, gate->approvers.items[i], -1);
    }
    bson_append_array_end(&doc, &list);
    BSON_APPEND_BOOL(&doc, "selfApproval", gate->self_approval);
    BSON_APPEND_BOOL(&doc, "signed", gate->is_signed);
    BSON_APPEND_INT64(&doc, "expires", gate->expires_ms);
    BSON_APPEND_INT64(&doc, "maxReplicationLag", gate->max_replication_lag_ms);
    BSON_APPEND_BOOL(&doc, "breakGlass", gate->break_glass);
    append_window(&doc, gate);
    append_backup(&doc, gate);
    mig_sha256_bson(&doc, ret);
}

static bool signers_digest(struct mig_app *app, const struct cfg_gate *gate, char ret[static MIG_SHA256_HEX],
                           struct mig_error *err)
{
    MIG_AUTOBUF struct mig_buf all;
    const char *const paths[] = { gate->allowed_signers, gate->revoked_signers };
    mig_buf_init(&all, 2 * SIGNERS_MAX + 64);
    for (size_t i = 0; i < 2; i++) {
        MIG_AUTOBUF struct mig_buf file;
        mig_buf_init(&file, SIGNERS_MAX);
        if (paths[i] && !app->host->ops->file_read(app->host, paths[i], SIGNERS_MAX, &file, err)) {
            err->code = MIG_ERR_CONFIG;
            return mig_hint(err, "approvals are signed: allowedSigners and revokedSigners must be readable");
        }
        mig_buf_printf(&all, "%zu\n", file.len);
        mig_buf_add(&all, file.text, file.len);
    }
    mig_sha256_hex(all.text, all.len, ret);
    return true;
}

bool mig_policy_load(struct mig_app *app, const struct cfg_environment *env, struct mig_policy *ret,
                     struct mig_error *err)
{
    const struct cfg_gate *gate = &env->gate;
    *ret = (struct mig_policy){ .approvals = gate->approvals,
                                .approvers = (const char *const *)gate->approvers.items,
                                .approver_count = gate->approvers.count,
                                .self_approval = gate->self_approval,
                                .is_signed = gate->is_signed,
                                .break_glass = gate->break_glass };
    digest(env, ret->digest);
    return !gate->is_signed || signers_digest(app, gate, ret->signers, err);
}
