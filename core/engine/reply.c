/* reply.c - the whole of a reply: what its ok says, and what it says after ok.
 *
 * A reply is judged from outside in: ok, then the statements that failed, then the write concern. Each may be
 * of a type no server sends; what cannot be read counts as a failure, never as success.
 */
#include "engine/reply.h"

#include <stdio.h>
#include <string.h>

#include "base/doc.h"
#include "base/rows.h"
#include "base/text.h"

/* UnknownError of the server's own list: for a failure that carries no number. */
#define CODE_UNKNOWN 8

#define WORDS_MAX   380
#define DETAILS_MAX 200

/* ---- the server's words ---- */

static void set_message(struct mig_verdict *verdict, const struct mig_buf *text)
{
    snprintf(verdict->message, sizeof verdict->message, "%s", text->text);
    mig_utf8_trim(verdict->message);
}

/* errmsg, or the code's name, or its number; for a refused document also what the validator found. */
static void add_words(struct mig_buf *out, const bson_t *failure, int code)
{
    bson_t details;
    const char *words = mig_doc_str(failure, "errmsg", mig_doc_str(failure, "codeName", NULL));
    if (words && *words)
        mig_text_safe(out, words, strlen(words), WORDS_MAX, false);
    else
        mig_buf_printf(out, "error %d, without a word", code);
    if (code == 121 && mig_doc_sub(failure, "errInfo.details", &details)) {
        mig_buf_str(out, ": ");
        mig_doc_print(out, &details, DETAILS_MAX);
    }
}

static int code_of(const bson_t *failure)
{
    int64_t code = mig_doc_int(failure, "code", CODE_UNKNOWN);
    return code > 0 && code <= INT32_MAX ? (int)code : CODE_UNKNOWN;
}

static void judge_failure(struct mig_verdict *verdict, const bson_t *failure, int64_t more)
{
    MIG_AUTOBUF struct mig_buf text;
    mig_buf_init(&text, 4096);
    verdict->ok = false;
    verdict->code = code_of(failure);
    add_words(&text, failure, verdict->code);
    if (more > 0)
        mig_buf_printf(&text, " (and %lld more)", (long long)more);
    set_message(verdict, &text);
}

static void judge_unreadable(struct mig_verdict *verdict, const char *what)
{
    verdict->ok = false;
    verdict->code = CODE_UNKNOWN;
    snprintf(verdict->message, sizeof verdict->message, "the server's reply cannot be read: %s", what);
}

/* 1 in any number type, or true; nothing else, NaN least of all. */
static bool says_ok(const bson_t *reply)
{
    bson_iter_t iter;
    if (!mig_doc_find(reply, "ok", &iter))
        return false;
    return BSON_ITER_HOLDS_BOOL(&iter) ? bson_iter_bool(&iter) : mig_doc_int(reply, "ok", 0) == 1;
}

/* ---- statements ---- */

/* The elements of a list of results that are failures: a writeErrors holds nothing else, a bulkWrite's batch
 * has ok in each. Returns how many; *ret is the first, *ret_readable false when one is not even a
 * document. */
static int64_t failures(const bson_t *list, bool all_failed, bson_t *ret, bool *ret_readable)
{
    bson_iter_t iter;
    bson_t item;
    int64_t count = 0;
    *ret_readable = bson_iter_init(&iter, list);
    while (*ret_readable && bson_iter_next(&iter)) {
        if (!mig_iter_sub(&iter, &item)) {
            *ret_readable = false;
        } else if (all_failed || !says_ok(&item)) {
            if (count++ == 0)
                bson_init_static(ret, bson_get_data(&item), item.len);
        }
    }
    return count;
}

/* path: where the list is; index_key: the member that numbers a statement in it. */
static void judge_list(struct mig_verdict *verdict, const bson_t *reply, const char *path, bool all_failed,
                       const char *index_key)
{
    bson_t list, first;
    bool readable;
    if (!mig_doc_has(reply, path))
        return;
    if (!mig_doc_sub(reply, path, &list)) {
        judge_unreadable(verdict, path);
        return;
    }
    int64_t count = failures(&list, all_failed, &first, &readable);
    if (count > 0) {
        judge_failure(verdict, &first, count - 1);
        verdict->failed_index = mig_doc_int(&first, index_key, -1);
    } else if (!readable) {
        judge_unreadable(verdict, path);
    }
}

/* A bulkWrite may say in its totals what its first batch has no room for. */
static void judge_bulk(struct mig_verdict *verdict, const bson_t *reply)
{
    judge_list(verdict, reply, "cursor.firstBatch", false, "idx");
    int64_t errors = mig_doc_int(reply, "nErrors", -1);
    if (verdict->ok && errors != 0)
        judge_unreadable(verdict,
                         errors > 0 ? "a statement failed, and the reply does not say which" : "nErrors");
}

static void judge_concern(struct mig_verdict *verdict, const bson_t *reply)
{
    bson_t concern;
    if (!mig_doc_has(reply, "writeConcernError"))
        return;
    verdict->concern_failed = true;
    if (!verdict->ok)
        return;
    if (!mig_doc_sub(reply, "writeConcernError", &concern)) {
        judge_unreadable(verdict, "writeConcernError");
        return;
    }
    MIG_AUTOBUF struct mig_buf text;
    mig_buf_init(&text, 4096);
    verdict->ok = false;
    verdict->code = code_of(&concern);
    mig_buf_str(&text, "done on the primary, but not acknowledged as asked: ");
    add_words(&text, &concern, verdict->code);
    set_message(verdict, &text);
}

/* ---- counts ---- */

static int64_t count_at(const bson_t *reply, const char *path)
{
    int64_t count = mig_doc_int(reply, path, 0);
    return count > 0 ? count : 0;
}

static void count_insert(const bson_t *reply, struct mig_verdict *ret)
{
    ret->inserted = count_at(reply, "n");
}

static void count_delete(const bson_t *reply, struct mig_verdict *ret)
{
    ret->deleted = count_at(reply, "n");
}

/* n of an update counts its upserts too; drivers take them out again, and so do we. */
static void count_update(const bson_t *reply, struct mig_verdict *ret)
{
    bson_t upserted;
    if (mig_doc_sub(reply, "upserted", &upserted))
        ret->upserted = bson_count_keys(&upserted);
    int64_t n = count_at(reply, "n");
    ret->matched = n > ret->upserted ? n - ret->upserted : 0;
    ret->modified = count_at(reply, "nModified");
}

static void count_bulk(const bson_t *reply, struct mig_verdict *ret)
{
    ret->matched = count_at(reply, "nMatched");
    ret->modified = count_at(reply, "nModified");
    ret->upserted = count_at(reply, "nUpserted");
    ret->inserted = count_at(reply, "nInserted");
    ret->deleted = count_at(reply, "nDeleted");
}

static void count_find_and_modify(const bson_t *reply, struct mig_verdict *ret)
{
    int64_t n = count_at(reply, "lastErrorObject.n");
    ret->upserted = mig_doc_has(reply, "lastErrorObject.upserted");
    ret->matched = n > ret->upserted ? n - ret->upserted : 0;
}

static const struct {
    const char *command;
    void (*count)(const bson_t *reply, struct mig_verdict *ret);
} counters[] = {
    { "insert", count_insert },
    { "update", count_update },
    { "delete", count_delete },
    { "bulkWrite", count_bulk },
    { "findAndModify", count_find_and_modify },
    { "findandmodify", count_find_and_modify },
};

void mig_reply_judge(const char *command, const bson_t *reply, struct mig_verdict *ret)
{
    *ret = (struct mig_verdict){ .ok = true, .failed_index = -1 };
    if (!mig_doc_has(reply, "ok"))
        judge_unreadable(ret, "it has no ok");
    else if (!says_ok(reply))
        judge_failure(ret, reply, 0);

    bool bulk = strcmp(command, "bulkWrite") == 0;
    if (ret->ok)
        judge_list(ret, reply, "writeErrors", true, "index");
    if (ret->ok && bulk)
        judge_bulk(ret, reply);
    judge_concern(ret, reply);

    for (size_t i = 0; i < MIG_COUNT(counters); i++) {
        if (strcmp(counters[i].command, command) == 0)
            counters[i].count(reply, ret);
    }
}

/* ---- errors ---- */

/* What an operator can do about the refusals that have one usual cause. */
static const struct {
    int code;
    enum mig_error_code error;
    const char *hint;
} refusals[] = {
    { 13, MIG_ERR_DENIED,
      "the database user needs a role that allows this: docs/reference/on-database.md says which" },
    { 18, MIG_ERR_AUTH, "check user, password and authSource" },
    { 64, MIG_ERR_SERVER, "a member of the replica set is behind or down; `migtui resume` looks again" },
    { 79, MIG_ERR_SERVER, "the replica set does not know this write concern" },
    { 85, MIG_ERR_SERVER,
      "an index of this name or key exists with other options; drop it in a step before" },
    { 86, MIG_ERR_SERVER, "an index of this name exists with another key; drop it in a step before" },
    { 100, MIG_ERR_SERVER, "the replica set has too few members for this write concern" },
    { 121, MIG_ERR_SERVER, "the collection's validator refuses a document" },
    { 263, MIG_ERR_SERVER,
      "not within a transaction: create the collection in a step before, or use a command step" },
    { 11000, MIG_ERR_SERVER, "a unique index already has this key" },
};

bool mig_verdict_fail(const struct mig_verdict *verdict, struct mig_error *err)
{
    enum mig_error_code code = MIG_ERR_SERVER;
    const char *hint = "";
    for (size_t i = 0; i < MIG_COUNT(refusals); i++) {
        if (refusals[i].code == verdict->code) {
            code = refusals[i].error;
            hint = refusals[i].hint;
        }
    }
    if (verdict->failed_index >= 0)
        mig_fail(err, code, "statement %lld: %s", (long long)verdict->failed_index + 1, verdict->message);
    else
        mig_fail(err, code, "%s", verdict->message);
    if (err)
        err->server_code = verdict->code;
    return mig_hint(err, "%s", hint);
}

/* ---- expectations ---- */

static bool is_number(const bson_iter_t *iter)
{
    return BSON_ITER_HOLDS_INT32(iter) || BSON_ITER_HOLDS_INT64(iter) || BSON_ITER_HOLDS_DOUBLE(iter);
}

/* A long double holds every int64 and every double exactly where it has 64 bits or more for the digits; where
 * it is a double (some ARM systems), counts beyond 2^53 are not a concern. */
static long double number(const bson_iter_t *iter)
{
    return BSON_ITER_HOLDS_DOUBLE(iter) ? (long double)bson_iter_double(iter)
                                        : (long double)bson_iter_as_int64(iter);
}

/* clang-format off */
static bool eq(long double a, long double b)  { return a == b; }
static bool ne(long double a, long double b)  { return a != b; }
static bool gt(long double a, long double b)  { return a > b; }
static bool gte(long double a, long double b) { return a >= b; }
static bool lt(long double a, long double b)  { return a < b; }
static bool lte(long double a, long double b) { return a <= b; }
/* clang-format on */

static const struct {
    const char *name;
    bool (*holds)(long double count, long double bound);
} comparisons[] = {
    { "$eq", eq }, { "$ne", ne }, { "$gt", gt }, { "$gte", gte }, { "$lt", lt }, { "$lte", lte },
};

/* 1: it holds, 0: it does not, -1: not a comparison. */
static int compare(const bson_iter_t *bound, int64_t count)
{
    for (size_t i = 0; i < MIG_COUNT(comparisons) && is_number(bound); i++) {
        if (strcmp(comparisons[i].name, bson_iter_key(bound)) == 0)
            return comparisons[i].holds((long double)count, number(bound));
    }
    return -1;
}

static int expect(const bson_iter_t *expected, int64_t count)
{
    bson_iter_t bound;
    if (is_number(expected))
        return eq((long double)count, number(expected));
    if (!BSON_ITER_HOLDS_DOCUMENT(expected) || !bson_iter_recurse(expected, &bound))
        return -1;
    int verdict = -1;
    while (bson_iter_next(&bound)) {
        int one = compare(&bound, count);
        if (one != 1)
            return one;
        verdict = 1;
    }
    return verdict;
}

static void describe(const bson_iter_t *expected, struct mig_buf *out)
{
    bson_iter_t bound;
    if (is_number(expected)) {
        mig_buf_printf(out, "%.17Lg", number(expected));
    } else if (BSON_ITER_HOLDS_DOCUMENT(expected) && bson_iter_recurse(expected, &bound)) {
        const char *between = "";
        while (bson_iter_next(&bound) && compare(&bound, 0) >= 0) {
            mig_buf_printf(out, "%s%s %.17Lg", between, bson_iter_key(&bound), number(&bound));
            between = ", ";
        }
    }
}

bool mig_expect_check(const bson_iter_t *expected, const char *what, int64_t count, struct mig_error *err)
{
    int verdict = expect(expected, count);
    if (verdict == 1)
        return true;
    if (verdict < 0)
        return mig_fail(err, MIG_ERR_STEP, "what is expected of %s is neither a number nor a comparison",
                        what);
    MIG_AUTOBUF struct mig_buf text;
    mig_buf_init(&text, 400);
    describe(expected, &text);
    return mig_fail(err, MIG_ERR_STEP, "expected %s %s, found %lld", what, text.text, (long long)count);
}
