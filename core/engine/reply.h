/* reply.h - reading a server's reply to the end: ok, writeErrors, writeConcernError, counts.
 *
 * The driver reports a command as successful although its reply holds writeErrors (facts: mongodb-engine
 * §0.1), so every reply of a write passes here. Pure.
 */
#ifndef MIG_ENGINE_REPLY_H
#define MIG_ENGINE_REPLY_H

#include <bson/bson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct mig_verdict {
    bool ok;              /* done, acknowledged as asked, no error anywhere in the reply */
    bool concern_failed;  /* done, but the write concern was not met: not durable as promised */
    int code;             /* the server's error number, 0 when ok */
    int64_t failed_index; /* statement that failed, -1 when not about one */
    int64_t matched;      /* documents an update found: its n less its upserts, as drivers count */
    int64_t modified;     /* nModified */
    int64_t upserted;
    int64_t inserted; /* n of an insert, of a delete; a bulkWrite's totals */
    int64_t deleted;
    char message[MIG_ERROR_MESSAGE_MAX / 2]; /* the server's words, made safe for display */
};

/* command: first key of what was sent ("update", "insert", "delete", "bulkWrite", "create", …), which tells
 * what n means. What cannot be read counts as a failure: a reply without ok, a writeErrors that is no list, a
 * bulkWrite without nErrors. */
void mig_reply_judge(const char *command, const bson_t *reply, struct mig_verdict *ret);

/* Verdict → error: MIG_ERR_SERVER (or DENIED for 13, AUTH for 18) with the server's words and number. Always
 * returns false. */
bool mig_verdict_fail(const struct mig_verdict *verdict, struct mig_error *err);

/* Compare a count with `expect`: a number ({"$numberLong"} too) or a comparison {"$gte": n, "$lt": m, $gt,
 * $lte, $eq, $ne}. what: "matched", "modified" … False: *err is MIG_ERR_STEP with both numbers. */
bool mig_expect_check(const bson_iter_t *expect, const char *what, int64_t count, struct mig_error *err);

#endif
