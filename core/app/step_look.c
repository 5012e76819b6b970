/* step_look.c - what is there now: collections, indexes, and operations at work. Reads only. */
#include <stdio.h>
#include <string.h>

#include "app/lock.h"
#include "app/step_kinds.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/text.h"

/* listCollections and listIndexes take no read concern; servers refuse one. */
#define LOOK (STEP_READ | STEP_NO_CONCERN)

static bool query(const struct mig_step_context *ctx, bson_t *command, mig_document_fn each, void *context,
                  struct mig_error *err)
{
    struct mig_call call = {
        .command = command,
        .no_concern = true,
        .max_time_ms = ctx->max_time_ms,
    };
    return ctx->store->ops->query(ctx->store, &call, each, context, err);
}

/* ---- collections ---- */

static bool keep_first(const bson_t *document, void *context)
{
    bson_t *ret = context;
    if (bson_empty(ret))
        bson_concat(ret, document);
    return false;
}

bool step_look_collection(const struct mig_step_context *ctx, const char *name, bson_t *ret,
                          struct mig_error *err)
{
    bson_init(ret);
    bson_t *command = BCON_NEW("listCollections", BCON_INT32(1), "filter", "{", "name", BCON_UTF8(name), "}");
    bool ok = query(ctx, command, keep_first, ret, err);
    bson_destroy(command);
    return ok || mig_context(err, "looking for %s", name);
}

/* ---- indexes ---- */

struct index_lists {
    bson_t *ready;
    bson_t *building;
};

static void append_spec(bson_t *list, const bson_t *spec)
{
    MIG_AUTOFREE char *key = mig_printf("%u", bson_count_keys(list));
    bson_append_document(list, key, -1, spec);
}

/* With includeBuildUUIDs an index under construction comes as {spec, buildUUID}; without, it looks ready. */
static bool keep_index(const bson_t *document, void *context)
{
    struct index_lists *lists = context;
    bson_t spec;
    if (mig_doc_has(document, "buildUUID") && mig_doc_sub(document, "spec", &spec))
        append_spec(lists->building, &spec);
    else
        append_spec(lists->ready, document);
    return true;
}

bool step_look_indexes(const struct mig_step_context *ctx, const char *collection, bson_t *ret_ready,
                       bson_t *ret_building, struct mig_error *err)
{
    struct index_lists lists = { ret_ready, ret_building };
    bool tells_builds = ctx->server->major > 4 || (ctx->server->major == 4 && ctx->server->minor >= 4);
    bson_init(ret_ready);
    bson_init(ret_building);
    MIG_AUTODOC bson_t command = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&command, "listIndexes", collection);
    if (tells_builds)
        BSON_APPEND_BOOL(&command, "includeBuildUUIDs", true);
    return query(ctx, &command, keep_index, &lists, err) ||
           mig_context(err, "looking at the indexes of %s", collection);
}

/* ---- operations ---- */

struct sought {
    const char *comment; /* of the step's command; may be NULL */
    const char *database;
    const char *collection; /* an index build on it; NULL for none */
    const char *
        target; /* of a command without a comment, as servers before 4.4 take most; NULL where they have one */
    char run[MIG_ULID_SIZE];
};

static const char *first_key(const bson_t *doc)
{
    bson_iter_t iter;
    return bson_iter_init(&iter, doc) && bson_iter_next(&iter) ? bson_iter_key(&iter) : "";
}

/* By the comment, of this run or, as after a crash, of another run at the same step.
 *
 * Not by the connection's name: servers that list no comments (SecantusDB) list each connection with its last
 * command, running or not, and a finished step would seem to run for as long as its connection is open. */
static bool is_ours(const bson_t *command, const struct sought *sought)
{
    const char *comment = mig_doc_str(command, "comment", "");
    const char *theirs = strstr(comment, " step=");
    const char *ours = sought->comment ? strstr(sought->comment, " step=") : NULL;
    if (!ours)
        return sought->comment && strcmp(comment, sought->comment) == 0;
    return theirs && strncmp(comment, "migtui ", 7) == 0 && strcmp(theirs, ours) == 0;
}

/* Where commands have no comment: what this run's connections do to the step's collection. Its heartbeat works on others. */
static bool is_of_the_run(const bson_t *operation, const bson_t *command, const struct sought *sought)
{
    bson_iter_t first;
    return sought->target && sought->run[0] && mig_doc_bool(operation, "active", false) &&
           mig_takeover_is_of(operation, sought->run) && bson_iter_init(&first, command) &&
           bson_iter_next(&first) && BSON_ITER_HOLDS_UTF8(&first) &&
           strcmp(bson_iter_utf8(&first, NULL), sought->target) == 0;
}

/* A build goes on in a thread of the server after its client is gone; it keeps the command, or just says what
 * it does. */
static bool is_build(const bson_t *operation, const bson_t *command, const struct sought *sought)
{
    if (!sought->collection)
        return false;
    const char *database = mig_doc_str(command, "$db", sought->database);
    if (strcmp(mig_doc_str(command, "createIndexes", ""), sought->collection) == 0)
        return strcmp(database, sought->database) == 0;
    MIG_AUTOFREE char *ns = mig_printf("%s.%s", sought->database, sought->collection);
    return strncmp(mig_doc_str(operation, "msg", ""), "Index Build", 11) == 0 &&
           strcmp(mig_doc_str(operation, "ns", ""), ns) == 0;
}

static void describe(const bson_t *operation, const bson_t *command, struct step_operation *ret)
{
    MIG_AUTOFREE char *what = mig_text_safe_dup(mig_doc_str(operation, "msg", first_key(command)), 60);
    ret->done = mig_doc_int(operation, "progress.done", 0);
    ret->total = mig_doc_int(operation, "progress.total", 0);
    ret->seconds = mig_doc_int(operation, "secs_running", 0);
    snprintf(ret->what, sizeof ret->what, "%s", what);
    mig_utf8_trim(ret->what);
}

static bool find_operation(const bson_t *reply, const struct sought *sought, struct step_operation *ret)
{
    bson_t list, operation, command;
    bson_t no_command = BSON_INITIALIZER;
    bson_iter_t iter;
    bool ok = mig_doc_sub(reply, "inprog", &list) && bson_iter_init(&iter, &list);
    while (ok && bson_iter_next(&iter)) {
        if (!mig_iter_sub(&iter, &operation))
            continue;
        const bson_t *body = mig_doc_sub(&operation, "command", &command) ? &command : &no_command;
        if (is_ours(body, sought) || is_build(&operation, body, sought) ||
            is_of_the_run(&operation, body, sought)) {
            describe(&operation, body, ret);
            return true;
        }
    }
    return false;
}

/* Everyone's operations where we may see them, for a build runs in the server's own name; else ours. */
static void list_operations(struct step_work *work, bool own, struct step_sent *ret)
{
    MIG_AUTODOC bson_t command = BSON_INITIALIZER;
    struct mig_step_context outside = *work->ctx;
    outside.txn = NULL;
    outside.labels = NULL;
    BSON_APPEND_INT32(&command, "currentOp", 1);
    if (own)
        BSON_APPEND_BOOL(&command, "$ownOps", true);
    step_send(&outside, &command, LOOK | STEP_ADMIN, ret, work->err);
}

int step_look_running(struct step_work *work, const char *collection, struct step_operation *ret)
{
    const struct mig_step_context *ctx = work->ctx;
    *ret = (struct step_operation){ 0 };
    if (!ctx->server->can_current_op)
        return 0;
    struct sought sought = { .comment = ctx->comment,
                             .database = ctx->store->database,
                             .collection = collection,
                             .target = step_before_4_4(ctx->server) ? work->step->collection : NULL };
    const char *run = ctx->comment ? strstr(ctx->comment, "run=") : NULL;
    if (run)
        snprintf(sought.run, sizeof sought.run, "%.26s", run + 4);
    struct step_sent sent;
    list_operations(work, false, &sent);
    if (sent.end == MIG_STEP_END_FAILED) { /* refused: not our right */
        step_sent_done(&sent);
        list_operations(work, true, &sent);
    }
    int found = -1;
    if (sent.end == MIG_STEP_END_DONE)
        found = find_operation(&sent.body, &sought, ret);
    else if (sent.end == MIG_STEP_END_FAILED)
        found = 0;
    if (found >= 0)
        mig_error_clear(work->err);
    step_sent_done(&sent);
    return found;
}
