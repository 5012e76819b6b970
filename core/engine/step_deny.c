/* step_deny.c - what must not be in a migration at all (lint rule MT034): one row a command. */
#include <string.h>

#include "base/rows.h"
#include "engine/step_parse.h"

#define STOPS    "it would stop or steer the server itself"
#define USERS    "it changes who may do what, which is not part of a database's schema"
#define SESSIONS "it would end sessions or operations of others, and of this run"
#define OURS     "migtui does this itself"
#define SCRIPT   "it runs JavaScript on the server"

#define DEPTH_MAX 100

static const struct {
    const char *name; /* the beginning of a name when it ends with '*' */
    const char *why;
} denied[] = {
    { "shutdown", STOPS },
    { "replSet*", STOPS },
    { "setParameter", STOPS },
    { "fsync", STOPS },
    { "fsyncUnlock", STOPS },
    { "configureFailPoint", STOPS },
    { "applyOps", "it writes around all checks of the server" },
    { "dropDatabase", "it drops migtui's history and lock with the rest" },
    { "dropUser", USERS },
    { "dropAllUsersFromDatabase", USERS },
    { "dropRole", USERS },
    { "dropAllRolesFromDatabase", USERS },
    { "grant*", USERS },
    { "revoke*", USERS },
    { "killAllSessions*", SESSIONS },
    { "killSessions", SESSIONS },
    { "killOp", SESSIONS },
    { "startSession", OURS },
    { "refreshSessions", OURS },
    { "endSessions", OURS },
    { "commitTransaction", OURS },
    { "abortTransaction", OURS },
    { "eval", SCRIPT },
    { "$eval", SCRIPT },
    { "mapReduce", SCRIPT },
    { "mapreduce", SCRIPT },
    { "group", SCRIPT },
};

const char *mig_command_denied(const char *name)
{
    for (size_t i = 0; i < MIG_COUNT(denied); i++) {
        size_t len = strlen(denied[i].name);
        bool begins = denied[i].name[len - 1] == '*';
        if (begins ? strncmp(name, denied[i].name, len - 1) == 0 : strcmp(name, denied[i].name) == 0)
            return denied[i].why;
    }
    return NULL;
}

/* ---- JavaScript inside queries and pipelines ---- */

static const char *const scripts[] = { "$where", "$function", "$accumulator" };

static bool search(struct mig_reading *r, bson_iter_t *iter, const struct mig_at *at, int depth)
{
    while (bson_iter_next(iter)) {
        struct mig_at here = { at, bson_iter_key(iter) };
        bson_iter_t inner;
        for (size_t i = 0; i < MIG_COUNT(scripts); i++) {
            if (strcmp(here.key, scripts[i]) == 0) {
                mig_fault(r, &here, "%s runs JavaScript on the server (MT034)", scripts[i]);
                return mig_hint(r->err, "write it with query operators and expressions");
            }
        }
        if ((BSON_ITER_HOLDS_DOCUMENT(iter) || BSON_ITER_HOLDS_ARRAY(iter)) && depth < DEPTH_MAX &&
            bson_iter_recurse(iter, &inner) && !search(r, &inner, &here, depth + 1))
            return false;
    }
    return true;
}

bool mig_script_free(struct mig_reading *r, const bson_t *doc, const struct mig_at *at)
{
    bson_iter_t iter;
    /* Almost no document has any of the names, and their bytes are quickly looked for. */
    for (size_t i = 0; i < MIG_COUNT(scripts); i++) {
        if (memmem(bson_get_data(doc), doc->len, scripts[i], strlen(scripts[i]) + 1))
            return !bson_iter_init(&iter, doc) || search(r, &iter, at, 0);
    }
    return true;
}
