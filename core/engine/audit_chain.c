/* audit_chain.c - each entry carries the digest of the one before. */
#include "engine/audit_chain.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/doc.h"

void mig_audit_digest(int64_t seq, int64_t at, const char *uuid, const char *prev, const bson_t *body,
                      char ret[static MIG_SHA256_HEX])
{
    bson_t doc = BSON_INITIALIZER;
    BSON_APPEND_INT64(&doc, "seq", seq);
    BSON_APPEND_DATE_TIME(&doc, "at", at);
    BSON_APPEND_UTF8(&doc, "uuid", uuid);
    BSON_APPEND_UTF8(&doc, "prev", prev);
    BSON_APPEND_DOCUMENT(&doc, "body", body);
    mig_sha256_bson(&doc, ret);
    bson_destroy(&doc);
}

/* One pass over the members: a hundred thousand entries are walked. */
struct entry {
    int64_t seq, at;
    const char *uuid, *prev, *digest;
    bson_t body;
    bool has_body, has_at;
    bool
        odd; /* a member twice, or one that no entry has: the digest does not cover it, and who reads the entry may see it */
};

/* The members as flags: which of them were seen. */
enum { SEEN_ID = 1, SEEN_AT = 2, SEEN_UUID = 4, SEEN_PREV = 8, SEEN_BODY = 16, SEEN_DIGEST = 32 };

static unsigned read_member(const bson_iter_t *it, struct entry *ret)
{
    const char *key = bson_iter_key(it);
    const char *text = BSON_ITER_HOLDS_UTF8(it) ? bson_iter_utf8(it, NULL) : "";
    if (strcmp(key, "_id") == 0) {
        if (BSON_ITER_HOLDS_INT64(it) || BSON_ITER_HOLDS_INT32(it))
            ret->seq = bson_iter_as_int64(it);
        return SEEN_ID;
    }
    if (strcmp(key, "at") == 0) {
        ret->has_at = BSON_ITER_HOLDS_DATE_TIME(it);
        ret->at = ret->has_at ? bson_iter_date_time(it) : 0;
        return SEEN_AT;
    }
    if (strcmp(key, "body") == 0) {
        ret->has_body = BSON_ITER_HOLDS_DOCUMENT(it) && mig_iter_sub(it, &ret->body);
        return SEEN_BODY;
    }
    if (strcmp(key, "uuid") == 0) {
        ret->uuid = text;
        return SEEN_UUID;
    }
    if (strcmp(key, "prev") == 0) {
        ret->prev = text;
        return SEEN_PREV;
    }
    if (strcmp(key, "digest") == 0) {
        ret->digest = text;
        return SEEN_DIGEST;
    }
    return 0;
}

static void read_entry(const bson_t *doc, struct entry *ret)
{
    bson_iter_t it;
    unsigned seen = 0;
    *ret = (struct entry){ .uuid = "", .prev = "", .digest = "" };
    for (bool more = bson_iter_init(&it, doc); more && bson_iter_next(&it);) {
        unsigned member = read_member(&it, ret);
        ret->odd = ret->odd || member == 0 || (seen & member);
        seen |= member;
    }
}

bool mig_audit_walk(struct mig_audit_walk *walk, const bson_t *doc, struct mig_error *err)
{
    struct entry entry;
    char digest[MIG_SHA256_HEX];
    read_entry(doc, &entry);
    if (entry.seq > walk->seq + 1)
        return mig_fail(err, MIG_ERR_INTEGRITY,
                        "entry %" PRId64 " is missing: after %" PRId64 " comes %" PRId64, walk->seq + 1,
                        walk->seq, entry.seq);
    if (entry.seq != walk->seq + 1)
        return mig_fail(err, MIG_ERR_INTEGRITY,
                        "entry %" PRId64 " is out of order, or there twice: it comes after %" PRId64,
                        entry.seq, walk->seq);
    if (!entry.has_body || !entry.has_at)
        return mig_fail(err, MIG_ERR_INTEGRITY, "entry %" PRId64 " was edited: it is not whole", entry.seq);
    if (entry.odd)
        return mig_fail(err, MIG_ERR_INTEGRITY,
                        "entry %" PRId64
                        " was edited: it has a member that no entry has, or one of them twice",
                        entry.seq);
    mig_audit_digest(entry.seq, entry.at, entry.uuid, entry.prev, &entry.body, digest);
    if (strcmp(digest, entry.digest) != 0)
        return mig_fail(err, MIG_ERR_INTEGRITY,
                        "entry %" PRId64 " was edited: its digest is %.8s, its content gives %.8s", entry.seq,
                        entry.digest, digest);
    const char *before = walk->seq ? walk->digest : MIG_AUDIT_GENESIS;
    if (strcmp(entry.prev, before) != 0)
        return mig_fail(err, MIG_ERR_INTEGRITY,
                        "entry %" PRId64 " does not follow from the one before: it names %.8s, that is %.8s",
                        entry.seq, entry.prev, before);
    if (walk->seq && strcmp(entry.uuid, walk->uuid) != 0)
        return mig_fail(err, MIG_ERR_INTEGRITY, "entry %" PRId64 " is of another environment", entry.seq);
    snprintf(walk->uuid, sizeof walk->uuid, "%s", entry.uuid);
    memcpy(walk->digest, digest, sizeof digest);
    walk->seq = entry.seq;
    return true;
}
