/* step_send.c - one command out, one judged outcome back.
 *
 * Three ends, and no fourth: a reply that says done (DONE), a reply that says no (FAILED), or anything that
 * leaves it open (UNKNOWN), to which belong a server that went down or stepped down in the middle and a
 * command that never left, since after both the caller reconnects and looks.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app/step_kinds.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/rows.h"
#include "base/text.h"

/* Counting goes on to here although less would decide, so that a message can say how many. */
#define COUNT_AT_LEAST 1000

/* ---- ends and evidence ---- */

enum mig_step_end step_failed(struct step_work *work, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    mig_failv(work->err, MIG_ERR_STEP, fmt, args);
    va_end(args);
    return MIG_STEP_END_FAILED;
}

enum mig_probe step_seen(struct step_work *work, enum mig_probe probe, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(work->evidence, work->evidence_size, fmt, args);
    va_end(args);
    mig_utf8_trim(work->evidence);
    return probe;
}

enum mig_probe step_blind(struct step_work *work)
{
    return step_seen(work, MIG_PROBE_UNCLEAR, "could not look: %s",
                     work->err ? work->err->message : "no server");
}

/* ---- outcomes ---- */

/* The server went away, or stopped being the primary, with the command under way: part of it may be done. */
static bool interrupted(int code)
{
    static const int codes[] = { 91, 189, 10058, 10107, 11600, 11602, 13435, 13436 };
    for (size_t i = 0; i < MIG_COUNT(codes); i++) {
        if (codes[i] == code)
            return true;
    }
    return false;
}

static void take_error(const struct mig_reply *reply, enum mig_error_code missing, const char *words,
                       struct mig_error *err)
{
    if (!err)
        return;
    *err = reply->error;
    if (err->code == MIG_OK)
        mig_fail(err, missing, "%s", words);
}

static enum mig_step_end of_refusal(const struct mig_reply *reply, struct step_sent *sent,
                                    struct mig_error *err)
{
    if (reply->error.code == MIG_OK)
        mig_verdict_fail(&sent->verdict, err);
    else
        take_error(reply, MIG_ERR_SERVER, "", err);
    if (err && err->server_code == 0)
        err->server_code = sent->verdict.code;
    return interrupted(sent->verdict.code) ? MIG_STEP_END_UNKNOWN : MIG_STEP_END_FAILED;
}

/* Nothing left this process. When the driver would not have the command at all (too large, not well-formed),
 * it would not have it a second time. */
static enum mig_step_end of_unsent(const struct mig_reply *reply, struct mig_error *err)
{
    take_error(reply, MIG_ERR_UNREACHABLE, "no server could be reached", err);
    return reply->error.code == MIG_ERR_FAILED ? MIG_STEP_END_FAILED : MIG_STEP_END_UNKNOWN;
}

static enum mig_step_end of_reply(const char *verb, const struct mig_reply *reply, struct step_sent *sent,
                                  struct mig_error *err)
{
    switch (reply->outcome) {
    case MIG_OUTCOME_OK:
        mig_reply_judge(verb, &reply->body, &sent->verdict);
        if (sent->verdict.ok)
            return MIG_STEP_END_DONE;
        mig_verdict_fail(&sent->verdict, err);
        return interrupted(sent->verdict.code) ? MIG_STEP_END_UNKNOWN : MIG_STEP_END_FAILED;
    case MIG_OUTCOME_REFUSED:
        mig_reply_judge(verb, &reply->body, &sent->verdict);
        return of_refusal(reply, sent, err);
    case MIG_OUTCOME_NOT_SENT: return of_unsent(reply, err);
    case MIG_OUTCOME_UNKNOWN: break;
    }
    take_error(reply, MIG_ERR_UNKNOWN_OUTCOME, "the connection broke before a reply came", err);
    return MIG_STEP_END_UNKNOWN;
}

/* ---- sending ---- */

static const char *verb_of(const bson_t *command)
{
    bson_iter_t iter;
    return bson_iter_init(&iter, command) && bson_iter_next(&iter) ? bson_iter_key(&iter) : "";
}

/* Before 4.4 most commands refuse a member they do not know. A look is told from the step it looks for by its
 * comment. */
static void add_comment(const struct mig_step_context *ctx, const char *verb, unsigned flags, bson_t *command)
{
    const struct mig_server *server = ctx->server;
    bool everywhere = server->major > 4 || (server->major == 4 && server->minor >= 4);
    bool here = everywhere || strcmp(verb, "aggregate") == 0 || strcmp(verb, "find") == 0;
    if (!here || !ctx->comment || bson_has_field(command, "comment"))
        return;
    MIG_AUTOFREE char *text = mig_printf("%s%s", ctx->comment, flags & STEP_READ ? " look" : "");
    BSON_APPEND_UTF8(command, "comment", text);
}

enum mig_step_end step_send(const struct mig_step_context *ctx, const bson_t *command, unsigned flags,
                            struct step_sent *ret, struct mig_error *err)
{
    *ret = (struct step_sent){ 0 };
    bson_init(&ret->body);
    const char *verb = verb_of(command);
    MIG_AUTOBSON bson_t *tagged = bson_copy(command);
    add_comment(ctx, verb, flags, tagged);
    struct mig_call call = {
        .db = flags & STEP_ADMIN ? "admin" : NULL,
        .command = tagged,
        .write = !(flags & STEP_READ), /* a read may be sent twice by the store */
        .long_running = flags & STEP_LONG,
        .no_concern = flags & STEP_NO_CONCERN,
        .max_time_ms = flags & STEP_LONG ? 0 : ctx->max_time_ms,
        .txn = ctx->txn,
    };
    struct mig_reply reply;
    ctx->store->ops->command(ctx->store, &call, &reply);
    ret->end = of_reply(verb, &reply, ret, err);
    if (ctx->labels && reply.outcome != MIG_OUTCOME_OK)
        *ctx->labels |= reply.labels;
    bson_concat(&ret->body, &reply.body);
    mig_reply_done(&reply);
    return ret->end;
}

static void add_counts(struct mig_verdict *total, const struct mig_verdict *one)
{
    total->matched += one->matched;
    total->modified += one->modified;
    total->upserted += one->upserted;
    total->inserted += one->inserted;
    total->deleted += one->deleted;
}

enum mig_step_end step_send_own(struct step_work *work, unsigned flags, struct step_sent *ret)
{
    bson_t command;
    bool admin;
    *ret = (struct step_sent){ .end = MIG_STEP_END_FAILED };
    bson_init(&ret->body);
    if (!mig_step_command(work->step, work->ctx->store->database, &command, &admin, work->err))
        return MIG_STEP_END_FAILED;
    flags |= (admin ? STEP_ADMIN : 0) | (mig_step_long_running(work->step) ? STEP_LONG : 0);
    step_send(work->ctx, &command, flags, ret, work->err);
    add_counts(&work->total, &ret->verdict);
    bson_destroy(&command);
    return ret->end;
}

/* ---- counting ---- */

/* count is refused in transactions and may be wrong on sharded clusters; an aggregation is neither. */
enum mig_step_end step_count(const struct mig_step_context *ctx, const char *collection, const bson_t *filter,
                             int64_t limit, unsigned flags, int64_t *ret, struct mig_error *err)
{
    bson_t everything = BSON_INITIALIZER;
    STEP_AUTOSENT struct step_sent sent;
    bson_t *command = BCON_NEW("aggregate", BCON_UTF8(collection), "pipeline", "[", "{", "$match",
                               BCON_DOCUMENT(filter ? filter : &everything), "}", "{", "$limit",
                               BCON_INT64(limit), "}", "{", "$group", "{", "_id", BCON_NULL, "n", "{", "$sum",
                               BCON_INT32(1), "}", "}", "}", "]", "cursor", "{", "}");
    enum mig_step_end end = step_send(ctx, command, STEP_READ | flags, &sent, err);
    bson_destroy(command);
    *ret = mig_doc_int(&sent.body, "cursor.firstBatch.0.n", 0);
    return end;
}

/* One more than the largest number of an expectation decides it. */
static int64_t enough(const bson_iter_t *expected)
{
    bson_iter_t bound;
    int64_t most = mig_iter_int(expected, 0);
    if (BSON_ITER_HOLDS_DOCUMENT(expected) && bson_iter_recurse(expected, &bound)) {
        while (bson_iter_next(&bound)) {
            int64_t one = mig_iter_int(&bound, 0);
            most = one > most ? one : most;
        }
    }
    most = most < INT64_MAX - 2 ? most + 2 : INT64_MAX; /* a double's fraction was cut off */
    return most > COUNT_AT_LEAST ? most : COUNT_AT_LEAST;
}

enum mig_step_end step_check(const struct mig_step_context *ctx, const bson_t *check, const char *what,
                             struct mig_error *err)
{
    bson_iter_t expected;
    bson_t filter;
    const char *collection = mig_doc_str(check, "collection", NULL);
    if (!collection || !mig_doc_find(check, "count", &expected)) {
        mig_fail(err, MIG_ERR_MIGRATION, "%s needs \"collection\" and \"count\"", what);
        return MIG_STEP_END_FAILED;
    }
    bool filtered = mig_doc_sub(check, "filter", &filter);
    int64_t limit = enough(&expected);
    int64_t count;
    enum mig_step_end end =
        step_count(ctx, collection, filtered ? &filter : NULL, limit, STEP_LONG, &count, err);
    if (end != MIG_STEP_END_DONE) {
        mig_context(err, "%s on %s", what, collection);
        return end;
    }
    if (mig_expect_check(&expected, "count", count, err))
        return MIG_STEP_END_DONE;
    mig_context(err, "%s on %s", what, collection);
    if (count == limit)
        mig_hint(err, "counting stopped at %lld; there may be more", (long long)limit);
    return MIG_STEP_END_FAILED;
}
