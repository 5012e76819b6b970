/* person.c - the server's word on the database user, the host's on the rest. */
#include "app/person.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/text.h"

static void copy_safe(char *to, size_t size, const char *text)
{
    MIG_AUTOFREE char *safe = mig_text_safe_dup(text, size - 1);
    snprintf(to, size, "%s", safe);
    mig_utf8_trim(to);
}

bool mig_person_read(struct mig_app *app, struct mig_store *store, struct mig_person *ret,
                     struct mig_error *err)
{
    const struct mig_identity *self = &app->host->self;
    MIG_AUTOBSON bson_t *command = BCON_NEW("connectionStatus", BCON_INT32(1));
    struct mig_call call = { .db = "admin", .command = command, .no_concern = true, .max_time_ms = 5000 };
    struct mig_reply reply;
    *ret = (struct mig_person){ 0 };
    copy_safe(ret->operator_name, sizeof ret->operator_name, app->operator_name);
    copy_safe(ret->os_user, sizeof ret->os_user, self->os_user);
    copy_safe(ret->host, sizeof ret->host, self->host);
    copy_safe(ret->ssh_client, sizeof ret->ssh_client, self->ssh_client);
    store->ops->command(store, &call, &reply);
    bool ok = reply.outcome == MIG_OUTCOME_OK;
    const char *user = mig_doc_str(&reply.body, "authInfo.authenticatedUsers.0.user", "");
    if (!ok)
        *err = reply.error;
    else if (*user) {
        char both[512];
        snprintf(both, sizeof both, "%s@%s", user,
                 mig_doc_str(&reply.body, "authInfo.authenticatedUsers.0.db", ""));
        mig_utf8_trim(both);
        copy_safe(ret->db_user, sizeof ret->db_user, both);
    }
    mig_reply_done(&reply);
    return ok;
}
