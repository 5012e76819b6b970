/* audit.c - appending to an environment's chain, and the anchors that are kept elsewhere.
 *
 * An entry and the pointer to the head (_id "head") are two statements of one update command. The first names seq and digest, so that sending
 * it again changes nothing, and E11000 means that somebody else's entry has that seq. The pointer is a hint: when it
 * lags, E11000 leads on to the true head.
 */
#include "app/audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/timefmt.h"

#define HEAD_ID      "head"
#define ATTEMPTS_MAX 200
#define SILENCE_MAX  5 /* writes in a row that got no answer and were not there afterwards */
#define TEXT_KEPT    2000

const char *mig_audit_outcome_word(enum mig_audit_outcome outcome)
{
    static const char *const words[] = {
#define X(id, word) [id] = word,
        MIG_AUDIT_OUTCOME_TABLE(X)
#undef X
    };
    return (unsigned)outcome < MIG_AUDIT_OUTCOMES ? words[outcome] : "unknown";
}

enum mig_audit_outcome mig_audit_outcome_of(const struct mig_error *err)
{
    switch (err->code) {
    case MIG_OK: return MIG_AUDIT_SUCCESS;
    case MIG_ERR_GATE:
    case MIG_ERR_BACKUP:
    case MIG_ERR_LOCKED:
    case MIG_ERR_INTEGRITY:
    case MIG_ERR_ORDER:
    case MIG_ERR_STALE_PLAN:
    case MIG_ERR_WRONG_SERVER: return MIG_AUDIT_REFUSED;
    case MIG_ERR_CANCELLED:
    case MIG_ERR_INTERRUPTED: return MIG_AUDIT_CANCELLED;
    case MIG_ERR_FENCED:
    case MIG_ERR_UNREACHABLE:
    case MIG_ERR_UNKNOWN_OUTCOME: return MIG_AUDIT_UNKNOWN;
    default: return MIG_AUDIT_FAILURE;
    }
}

bool mig_audit_wants(const struct mig_error *err)
{
    switch (err->code) {
    case MIG_OK:
    case MIG_ERR_USAGE:
    case MIG_ERR_CONFIG:
    case MIG_ERR_SECRET:
    case MIG_ERR_UNREACHABLE:
    case MIG_ERR_AUTH:
    case MIG_ERR_TLS:
    case MIG_ERR_DENIED:
    case MIG_ERR_TOO_OLD: return false;
    default: return true;
    }
}

bool mig_audit_begin(struct mig_app *app, const struct cfg_environment *env, struct mig_store *store,
                     const char *uuid, int64_t skew_ms, struct mig_audit *ret, struct mig_error *err)
{
    *ret = (struct mig_audit){ .app = app, .env = env, .store = store };
    ret->server_ms = app->host->ops->wall_ms(app->host) + skew_ms;
    ret->mono_ms = app->host->ops->mono_ms(app->host);
    snprintf(ret->uuid, sizeof ret->uuid, "%s", uuid);
    mig_names_make(app->config->prefix, &ret->names);
    return mig_person_read(app, store, &ret->who, err);
}

/* ---- the body ---- */

static void append_text(bson_t *doc, const char *key, const char *text)
{
    if (!text || !*text)
        return;
    MIG_AUTOFREE char *safe = mig_text_safe_dup(text, TEXT_KEPT);
    BSON_APPEND_UTF8(doc, key, safe);
}

static void build_body(const struct mig_audit *audit, const struct mig_audit_act *act, bson_t *ret)
{
    struct mig_host *host = audit->app->host;
    uint8_t random[10];
    char id[MIG_ULID_SIZE];
    host->ops->random(host, random, sizeof random);
    mig_ulid(host->ops->wall_ms(host), random, id);
    bson_init(ret);
    BSON_APPEND_UTF8(ret, "id",
                     id); /* no two bodies are the same, so no two entries can be taken for each other */
    BSON_APPEND_UTF8(ret, "action", act->action);
    BSON_APPEND_UTF8(ret, "outcome", mig_audit_outcome_word(act->outcome));
    BSON_APPEND_UTF8(ret, "environment", audit->env->name);
    mig_person_append(ret, "actor", &audit->who);
    append_text(ret, "plan", act->plan);
    append_text(ret, "run", act->run);
    append_text(ret, "request", act->request);
    append_text(ret, "version", act->version);
    append_text(ret, "ticket", act->ticket);
    append_text(ret, "reason", act->reason);
    if (act->error && act->error->code != MIG_OK) {
        bson_t sub;
        BSON_APPEND_DOCUMENT_BEGIN(ret, "error", &sub);
        BSON_APPEND_UTF8(&sub, "name", mig_error_name(act->error->code));
        append_text(&sub, "message", act->error->message);
        bson_append_document_end(ret, &sub);
    }
    if (act->more)
        bson_concat(ret, act->more);
}

/* ---- the head ---- */

static bool take_head(const bson_t *doc, void *context)
{
    struct mig_audit *audit = context;
    const char *digest = mig_doc_str(doc, "head.digest", "");
    if (mig_sha256_valid(digest)) {
        audit->seq = mig_doc_int(doc, "head.seq", 0);
        snprintf(audit->digest, sizeof audit->digest, "%s", digest);
    }
    return false;
}

static bool read_head(struct mig_audit *audit, struct mig_error *err)
{
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("find", BCON_UTF8(audit->names.audit), "filter", "{", "_id", BCON_UTF8(HEAD_ID), "}");
    struct mig_call call = { .command = command, .max_time_ms = 5000 };
    audit->seq = 0;
    snprintf(audit->digest, sizeof audit->digest, "%s", MIG_AUDIT_GENESIS);
    audit->head_known = audit->store->ops->query(audit->store, &call, take_head, audit, err);
    return audit->head_known;
}

/* An entry on its way: its place, what it follows, and so its digest. */
struct entry {
    int64_t seq, at;
    char prev[MIG_SHA256_HEX], digest[MIG_SHA256_HEX];
};

struct passing {
    struct mig_audit *audit;
    const struct entry *ours;
    bool landed, follows;
};

static bool pass_entry(const bson_t *doc, void *context)
{
    struct passing *passing = context;
    const char *digest = mig_doc_str(doc, "digest", "");
    int64_t seq = mig_doc_int(doc, "_id", 0);
    passing->landed = passing->landed || strcmp(digest, passing->ours->digest) == 0;
    if (seq == passing->ours->seq - 1) /* another may have taken the place of one that was lost */
        passing->follows = strcmp(digest, passing->ours->prev) == 0;
    if (seq > passing->audit->seq && mig_sha256_valid(digest)) {
        passing->audit->seq = seq;
        snprintf(passing->audit->digest, sizeof passing->audit->digest, "%s", digest);
    }
    return true;
}

/* What is there from the place on that we wanted; ours among it when only the reply was lost. A server without a majority to read
 * shows entries that it loses when it dies: then the head is looked for anew, or ours would follow nothing. */
static bool pass_others(struct mig_audit *audit, int attempt, const struct entry *ours, bool *ret_landed,
                        struct mig_error *err)
{
    struct passing passing = { .audit = audit, .ours = ours, .follows = ours->seq == 1 };
    int64_t before = ours->seq - 1;
    audit->seq = before; /* whatever was seen after it may be lost by now */
    memcpy(audit->digest, ours->prev, sizeof ours->prev);
    bson_t filter = BSON_INITIALIZER;
    if (attempt < 3) { /* one or two others: their places, which an index finds on every server */
        BCON_APPEND(&filter, "_id", "{", "$in", "[", BCON_INT64(before), BCON_INT64(before + 1),
                    BCON_INT64(before + 2), BCON_INT64(before + 3), "]", "}");
    } else {
        BCON_APPEND(&filter, "_id", "{", "$gte", BCON_INT64(before), "}");
    }
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("find", BCON_UTF8(audit->names.audit), "filter", BCON_DOCUMENT(&filter), "sort", "{", "_id",
                 BCON_INT32(1), "}", "projection", "{", "digest", BCON_INT32(1), "}");
    struct mig_call call = { .command = command, .max_time_ms = 20000 };
    bool ok = audit->store->ops->query(audit->store, &call, pass_entry, &passing, err);
    bson_destroy(&filter);
    *ret_landed = passing.landed;
    return ok && !passing.landed && !passing.follows ? read_head(audit, err) : ok;
}

/* ---- appending ---- */

static void entry_command(const struct mig_audit *audit, const struct entry *entry, const bson_t *body,
                          bson_t *ret)
{
    bson_init(ret);
    BCON_APPEND(ret, "update", BCON_UTF8(audit->names.audit), "updates", "[", "{", "q", "{", "_id",
                BCON_INT64(entry->seq), "digest", BCON_UTF8(entry->digest), "}", "u", "{", "$setOnInsert",
                "{", "at", BCON_DATE_TIME(entry->at), "uuid", BCON_UTF8(audit->uuid), "prev",
                BCON_UTF8(entry->prev), "body", BCON_DOCUMENT(body), "}", "}", "upsert", BCON_BOOL(true), "}",
                "{", "q", "{", "_id", BCON_UTF8(HEAD_ID), "}", "u", "{", "$max", "{", "head", "{", "seq",
                BCON_INT64(entry->seq), "digest", BCON_UTF8(entry->digest), "}", "}", "}", "upsert",
                BCON_BOOL(true), "}", "]", "ordered", BCON_BOOL(true));
}

void mig_audit_anchor_path(const struct mig_host *host, const char *uuid, char *ret, size_t size)
{
    ret[0] = '\0';
    if (mig_uuid_valid(uuid)) /* it comes from the database: "../../x" is none */
        snprintf(ret, size, "%s/audit/%s.jsonl", host->state_dir, uuid);
}

static void anchor(struct mig_audit *audit, int64_t at, const char *action, const char *outcome)
{
    struct mig_host *host = audit->app->host;
    struct mig_error err;
    char path[600];
    char when[MIG_TIME_SIZE];
    char line[700];
    mig_audit_anchor_path(host, audit->uuid, path, sizeof path);
    if (!path[0]) {
        snprintf(
            audit->warning, sizeof audit->warning,
            "the audit's anchor on this host was not written: what %s says is the environment's uuid is none",
            audit->names.meta);
        return;
    }
    mig_time_iso(at, when);
    /* No text of this line comes from outside but the environment's name, which is letters, digits and dashes. */
    snprintf(line, sizeof line,
             "{\"uuid\":\"%s\",\"environment\":\"%s\",\"seq\":%" PRId64
             ",\"digest\":\"%s\",\"at\":\"%s\",\"action\":\"%s\",\"outcome\":\"%s\"}\n",
             audit->uuid, audit->env->name, audit->seq, audit->digest, when, action, outcome);
    if (host->ops->file_append && !host->ops->file_append(host, path, line, strlen(line), true, &err))
        snprintf(audit->warning, sizeof audit->warning,
                 "the audit's anchor on this host was not written: %.200s", err.message);
    line[strlen(line) - 1] = '\0';
    if (host->ops->note)
        host->ops->note(host, line);
}

/* The next place, as far as is known. */
static void place(const struct mig_audit *audit, const bson_t *body, struct entry *ret)
{
    struct mig_host *host = audit->app->host;
    ret->seq = audit->seq + 1;
    ret->at = audit->server_ms + (host->ops->mono_ms(host) - audit->mono_ms);
    memcpy(ret->prev, audit->digest, sizeof ret->prev);
    mig_audit_digest(ret->seq, ret->at, audit->uuid, ret->prev, body, ret->digest);
}

/* An entry that is seen, and whose acknowledgement was lost, is sent once more as it is: it changes nothing then, and its
 * acknowledgement says that it stays, which a server without a majority to read does not by showing it (seed 271871). */
static bool append(struct mig_audit *audit, const bson_t *body, int64_t *ret_at, struct mig_error *err)
{
    int silence = 0;
    struct entry entry;
    bool landed = false;
    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        bson_t command;
        if (!landed)
            place(audit, body, &entry);
        entry_command(audit, &entry, body, &command);
        bool ok = mig_write(audit->store, &command, err);
        bson_destroy(&command);
        if (ok) {
            if (audit->seq < entry.seq) {
                audit->seq = entry.seq;
                memcpy(audit->digest, entry.digest, sizeof entry.digest);
            }
            *ret_at = entry.at;
            return true;
        }
        if (err->server_code != 11000 && err->code != MIG_ERR_UNKNOWN_OUTCOME)
            return false;
        struct mig_error look;
        if (!pass_others(audit, attempt, &entry, &landed, &look)) {
            *err = look;
            return false;
        }
        silence = err->code == MIG_ERR_UNKNOWN_OUTCOME ? silence + 1 : 0;
        if (silence == SILENCE_MAX)
            return false;
    }
    return mig_fail(err, MIG_ERR_FAILED, "others kept appending to the audit; this entry found no place");
}

bool mig_audit_append(struct mig_audit *audit, const struct mig_audit_act *act, struct mig_error *err)
{
    bson_t body;
    int64_t at = 0;
    if (!audit->head_known && !read_head(audit, err))
        return mig_context(err, "the audit of %s cannot be read", audit->env->name);
    build_body(audit, act, &body);
    bool ok = append(audit, &body, &at, err);
    bson_destroy(&body);
    if (!ok) {
        audit->head_known = false;
        return mig_context(err, "the audit of %s cannot be written", audit->env->name);
    }
    anchor(audit, at, act->action, mig_audit_outcome_word(act->outcome));
    return true;
}

/* ---- on its own ---- */

struct glance {
    char uuid[MIG_UUID_SIZE];
    int64_t now;
};

static bool take_meta(const bson_t *doc, void *context)
{
    struct glance *glance = context;
    snprintf(glance->uuid, sizeof glance->uuid, "%s", mig_doc_str(doc, "uuid", ""));
    glance->now = mig_doc_time(doc, "_now", 0);
    return false;
}

bool mig_audit_note(struct mig_app *app, const struct cfg_environment *env, const struct mig_audit_act *act,
                    struct mig_error *err)
{
    struct mig_store *store;
    struct mig_names names;
    struct mig_audit audit;
    struct glance glance = { 0 };
    mig_names_make(app->config->prefix, &names);
    if (!app->open_store(app->ports_ctx, env, "", &store, err))
        return false;
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("aggregate", BCON_UTF8(names.meta), "cursor", "{", "}", "pipeline", "[", "{", "$match", "{",
                 "_id", "meta", "}", "}", "{", "$addFields", "{", "_now", "$$NOW", "}", "}", "]");
    struct mig_call call = { .command = command, .max_time_ms = 5000 };
    bool ok = store->ops->query(store, &call, take_meta, &glance, err);
    if (ok && glance.uuid[0])
        ok = mig_audit_begin(app, env, store, glance.uuid, glance.now - app->host->ops->wall_ms(app->host),
                             &audit, err) &&
             mig_audit_append(&audit, act, err);
    store->ops->close(store);
    return ok;
}
