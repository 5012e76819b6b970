/* approval.c - requests and decisions from the database and to it. */
#include "model/approval.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/doc.h"
#include "base/mem.h"
#include "base/text.h"

static const char *const state_words[MIG_REQUEST_STATES] = {
#define X(id, word) [id] = word,
    MIG_REQUEST_STATE_TABLE(X)
#undef X
};

const char *mig_request_state_word(enum mig_request_state state)
{
    return (unsigned)state < MIG_REQUEST_STATES ? state_words[state] : "?";
}

static void copy_text(const bson_t *doc, const char *path, char *ret, size_t size)
{
    char *safe = mig_text_safe_dup(mig_doc_str(doc, path, ""), size - 1);
    snprintf(ret, size, "%s", safe);
    mig_utf8_trim(ret);
    free(safe);
}

/* A state that this migtui does not know is nothing that may be used. */
static enum mig_request_state find_state(const char *word)
{
    for (int i = 0; i < MIG_REQUEST_STATES; i++) {
        if (strcmp(state_words[i], word) == 0)
            return (enum mig_request_state)i;
    }
    return MIG_REQUEST_WITHDRAWN;
}

static char *keep_text(const bson_t *doc, const char *path, size_t max)
{
    return mig_text_safe_dup(mig_doc_str(doc, path, ""), max);
}

static void decode_decision(const bson_t *doc, struct mig_decision *ret)
{
    const char *signature = mig_doc_str(doc, "signature", NULL);
    *ret =
        (struct mig_decision){ .at = mig_doc_time(doc, "at", 0), .comment = keep_text(doc, "comment", 2000) };
    copy_text(doc, "id", ret->id, sizeof ret->id);
    copy_text(doc, "decision", ret->word, sizeof ret->word);
    mig_person_decode(doc, "by", &ret->who);
    if (signature && strlen(signature) < 8192)
        ret->signature = mig_strdup(signature);
}

static void decode_decisions(const bson_t *doc, struct mig_request *ret)
{
    bson_iter_t list;
    bson_iter_t each;
    size_t room = 0;
    if (!mig_doc_find(doc, "decisions", &list) || !BSON_ITER_HOLDS_ARRAY(&list) ||
        !bson_iter_recurse(&list, &each))
        return;
    while (bson_iter_next(&each) && ret->decision_count < MIG_DECISIONS_MAX) {
        bson_t one;
        if (!mig_iter_sub(&each, &one))
            continue;
        ret->decisions = mig_grow(ret->decisions, ret->decision_count, &room, sizeof *ret->decisions);
        decode_decision(&one, &ret->decisions[ret->decision_count++]);
    }
}

void mig_request_decode(const bson_t *doc, struct mig_request *ret)
{
    bson_t sub;
    *ret = (struct mig_request){
        .kind = strcmp(mig_doc_str(doc, "kind", ""), "glass") == 0 ? MIG_REQUEST_GLASS : MIG_REQUEST_RUN,
        .state = find_state(mig_doc_str(doc, "state", "")),
        .migrations = mig_doc_int(doc, "migrations", 0),
        .created_at = mig_doc_time(doc, "createdAt", 0),
        .expires_at = mig_doc_time(doc, "expiresAt", 0),
        .used_at = mig_doc_time(doc, "usedAt", 0),
        .rev = mig_doc_int(doc, "rev", 0),
        .reason = keep_text(doc, "reason", 2000),
        .ticket = keep_text(doc, "ticket", 200),
    };
    copy_text(doc, "_id", ret->id, sizeof ret->id);
    copy_text(doc, "environment", ret->environment, sizeof ret->environment);
    copy_text(doc, "environmentUuid", ret->environment_uuid, sizeof ret->environment_uuid);
    copy_text(doc, "planId", ret->plan_id, sizeof ret->plan_id);
    copy_text(doc, "historyHead", ret->head, sizeof ret->head);
    copy_text(doc, "policy", ret->policy, sizeof ret->policy);
    copy_text(doc, "signers", ret->signers, sizeof ret->signers);
    copy_text(doc, "nonce", ret->nonce, sizeof ret->nonce);
    copy_text(doc, "serverVersion", ret->server_version, sizeof ret->server_version);
    copy_text(doc, "direction", ret->direction, sizeof ret->direction);
    copy_text(doc, "usedBy", ret->used_by, sizeof ret->used_by);
    if (mig_doc_sub(doc, "requested", &sub))
        decode_decision(&sub, &ret->requested);
    decode_decisions(doc, ret);
    if (mig_doc_sub(doc, "plan", &sub))
        ret->plan = bson_copy(&sub);
}

static void decision_done(struct mig_decision *decision)
{
    free(decision->comment);
    free(decision->signature);
}

void mig_request_done(struct mig_request *request)
{
    decision_done(&request->requested);
    for (size_t i = 0; i < request->decision_count; i++)
        decision_done(&request->decisions[i]);
    free(request->decisions);
    free(request->reason);
    free(request->ticket);
    if (request->plan)
        bson_destroy(request->plan);
    *request = (struct mig_request){ 0 };
}

void mig_decision_append(bson_t *doc, const struct mig_decision *decision)
{
    BSON_APPEND_UTF8(doc, "id", decision->id);
    BSON_APPEND_UTF8(doc, "decision", decision->word);
    mig_person_append(doc, "by", &decision->who);
    BSON_APPEND_UTF8(doc, "comment", decision->comment ? decision->comment : "");
    BSON_APPEND_DATE_TIME(doc, "at", decision->at);
    if (decision->signature)
        BSON_APPEND_UTF8(doc, "signature", decision->signature);
}
