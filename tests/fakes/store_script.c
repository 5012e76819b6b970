/* store_script.c - see store_script.h. */
#include "fakes/store_script.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "support/step_json.h"

struct line {
    bson_t *wanted;
    bson_t *reply; /* NULL: none comes */
    enum mig_outcome outcome;
    enum mig_error_code code;
    unsigned labels;
    bool hold;
    bool repeat;
    bool used;
};

struct store_script {
    struct mig_store base;
    struct line *lines;
    size_t count, room, next;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    struct script_call last;
    int64_t calls;
    int cancels;
    bson_t session; /* of any transaction */
};

static struct store_script *script_of(struct mig_store *store)
{
    return (struct store_script *)(void *)store;
}

/* ---- playing ---- */

static bool fits(const bson_t *command, const bson_t *wanted)
{
    bson_iter_t want, have, first;
    if (!bson_iter_init(&want, wanted) || !bson_iter_init(&first, command) || !bson_iter_next(&first))
        return false;
    for (int i = 0; bson_iter_next(&want); i++) {
        if (i == 0 && strcmp(bson_iter_key(&first), bson_iter_key(&want)) != 0)
            return false;
        if (!bson_iter_init_find(&have, command, bson_iter_key(&want)) || !mig_value_equal(&want, &have))
            return false;
    }
    return true;
}

static void note(struct store_script *script, const struct mig_call *call)
{
    if (script->last.command)
        bson_destroy(script->last.command);
    script->last = (struct script_call){
        .admin = call->db && strcmp(call->db, "admin") == 0,
        .write = call->write,
        .long_running = call->long_running,
        .no_concern = call->no_concern,
        .txn = call->txn != NULL,
        .max_time_ms = call->max_time_ms,
        .command = bson_copy(call->command),
    };
    script->calls++;
}

/* A repeated line ends where the next one fits. */
static void skip_repeated(struct store_script *script, const bson_t *command)
{
    size_t index = script->next;
    bool more = index + 1 < script->count && script->lines[index].repeat && script->lines[index].used;
    if (more && !fits(command, script->lines[index].wanted))
        script->next++;
}

static const struct line *play(struct store_script *script, const struct mig_call *call)
{
    pthread_mutex_lock(&script->lock);
    note(script, call);
    skip_repeated(script, call->command);
    size_t index = script->next;
    struct line *line = index < script->count ? &script->lines[index] : NULL;
    if (!line || !fits(call->command, line->wanted)) {
        char *came = bson_as_relaxed_extended_json(call->command, NULL);
        char *wanted = line ? bson_as_relaxed_extended_json(line->wanted, NULL) : NULL;
        pthread_mutex_unlock(&script->lock);
        fail_msg("line %zu of the script\n  came   %s\n  wanted %s", index + 1, came,
                 wanted ? wanted : "nothing more");
    }
    line->used = true;
    script->next += !line->repeat;
    pthread_cond_broadcast(&script->moved);
    while (line->hold && index + 1 < script->count && !script->lines[index + 1].used)
        pthread_cond_wait(&script->moved, &script->lock);
    pthread_mutex_unlock(&script->lock);
    return line;
}

static void command(struct mig_store *store, const struct mig_call *call, struct mig_reply *ret)
{
    const struct line *line = play(script_of(store), call);
    *ret = (struct mig_reply){ .outcome = line->outcome, .labels = line->labels };
    bson_init(&ret->body);
    if (line->reply)
        bson_concat(&ret->body, line->reply);
    if (line->code != MIG_OK)
        mig_fail(&ret->error, line->code, "scripted");
    ret->error.server_code = (int)mig_doc_int(&ret->body, "code", 0);
}

static bool query(struct mig_store *store, const struct mig_call *call, mig_document_fn each, void *context,
                  struct mig_error *err)
{
    const struct line *line = play(script_of(store), call);
    bson_t batch, document;
    bson_iter_t iter;
    if (!line->reply || line->outcome != MIG_OUTCOME_OK) {
        if (line->reply && mig_doc_int(line->reply, "code", 0) == 26)
            return true;
        mig_fail(err, line->code != MIG_OK ? line->code : MIG_ERR_SERVER, "scripted");
        err->server_code = line->reply ? (int)mig_doc_int(line->reply, "code", 0) : 0;
        return false;
    }
    if (call->opened && mig_doc_sub(line->reply, "cursor", &document) &&
        !call->opened(&document, context, err))
        return false;
    bool ok = mig_doc_sub(line->reply, "cursor.firstBatch", &batch) && bson_iter_init(&iter, &batch);
    while (ok && bson_iter_next(&iter)) {
        if (mig_iter_sub(&iter, &document) && !each(&document, context))
            break;
    }
    return true;
}

static bool txn_begin(struct mig_store *store, struct mig_txn **ret, struct mig_error *err)
{
    (void)store, (void)err;
    *ret = script_txn();
    return true;
}

static void txn_commit(struct mig_store *store, struct mig_txn *txn, struct mig_reply *ret)
{
    MIG_AUTOBSON bson_t *commit = BCON_NEW("commitTransaction", BCON_INT32(1));
    command(store, &(struct mig_call){ .db = "admin", .command = commit, .write = true, .txn = txn }, ret);
}

static void txn_abort(struct mig_store *store, struct mig_txn *txn)
{
    (void)store, (void)txn;
}

static const bson_t *txn_session(struct mig_store *store, struct mig_txn *txn)
{
    (void)txn;
    return &script_of(store)->session;
}

static int64_t round_trips(struct mig_store *store)
{
    struct store_script *script = script_of(store);
    pthread_mutex_lock(&script->lock);
    int64_t calls = script->calls;
    pthread_mutex_unlock(&script->lock);
    return calls;
}

/* Every answer is there at once, so nothing ever waits; it is only counted. */
static void cancel(struct mig_store *store, bool on)
{
    struct store_script *script = script_of(store);
    pthread_mutex_lock(&script->lock);
    script->cancels += on;
    pthread_mutex_unlock(&script->lock);
}

static const struct mig_store_ops ops = {
    .command = command,
    .query = query,
    .txn_begin = txn_begin,
    .txn_commit = txn_commit,
    .txn_abort = txn_abort,
    .txn_session = txn_session,
    .round_trips = round_trips,
    .cancel = cancel,
};

/* ---- writing ---- */

int script_cancels(struct store_script *script)
{
    pthread_mutex_lock(&script->lock);
    int cancels = script->cancels;
    pthread_mutex_unlock(&script->lock);
    return cancels;
}

struct store_script *store_script_new(const char *database)
{
    struct store_script *script = mig_alloc(sizeof *script);
    script->base = (struct mig_store){ &ops, database };
    pthread_mutex_init(&script->lock, NULL);
    pthread_cond_init(&script->moved, NULL);
    bson_init(&script->session);
    BSON_APPEND_INT32(&script->session, "id", 1);
    return script;
}

void store_script_end(struct store_script *script)
{
    size_t unused = 0;
    for (size_t i = 0; i < script->count; i++) {
        unused += !script->lines[i].used;
        bson_destroy(script->lines[i].wanted);
        if (script->lines[i].reply)
            bson_destroy(script->lines[i].reply);
    }
    if (script->last.command)
        bson_destroy(script->last.command);
    size_t count = script->count;
    pthread_mutex_destroy(&script->lock);
    pthread_cond_destroy(&script->moved);
    bson_destroy(&script->session);
    free(script->lines);
    free(script);
    if (unused)
        fail_msg("%zu of %zu lines of the script were not used", unused, count);
}

struct mig_store *store_script_store(struct store_script *script)
{
    return &script->base;
}

static struct line *add(struct store_script *script, const char *wanted)
{
    script->lines = mig_grow(script->lines, script->count, &script->room, sizeof *script->lines);
    struct line *line = &script->lines[script->count++];
    *line = (struct line){ .wanted = doc_json(wanted) };
    return line;
}

void script_reply(struct store_script *script, const char *wanted, const char *reply)
{
    struct line *line = add(script, wanted);
    line->reply = doc_json(reply);
    if (!bson_has_field(line->reply, "ok"))
        BSON_APPEND_INT32(line->reply, "ok", 1);
    line->outcome = mig_doc_int(line->reply, "ok", 0) == 1 ? MIG_OUTCOME_OK : MIG_OUTCOME_REFUSED;
}

void script_lose(struct store_script *script, const char *wanted, enum mig_outcome outcome,
                 enum mig_error_code code, unsigned labels)
{
    struct line *line = add(script, wanted);
    line->outcome = outcome;
    line->code = code;
    line->labels = labels;
}

void script_hold(struct store_script *script)
{
    script->lines[script->count - 1].hold = true;
}

void script_repeat(struct store_script *script)
{
    script->lines[script->count - 1].repeat = true;
}

const struct script_call *script_last(const struct store_script *script)
{
    return &script->last;
}

struct mig_txn *script_txn(void)
{
    static char any;
    return (struct mig_txn *)(void *)&any;
}
