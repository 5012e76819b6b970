/* mongo_error.c - outcome first, words second. */
#include "io/mongo_error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/doc.h"
#include "base/rows.h"
#include "base/text.h"

#define WORDS_MAX 600 /* characters of a server's or the driver's text that are shown */

/* What a server's number means for whoever is on call. Numbers: mongo/base/error_codes.yml. */
static const struct {
    int code;
    enum mig_error_code as;
    const char *hint;
} advice[] = {
    { 13, MIG_ERR_DENIED,
      "the database user lacks this right; grant it, or use the user meant for migrations" },
    { 18, MIG_ERR_AUTH, "check user, password and authSource in the connection string" },
    { 20, MIG_ERR_SERVER, "this kind of server does not do that (transactions need a replica set)" },
    { 50, MIG_ERR_SERVER,
      "the server stopped it at its time limit; part of a multi-document change may be done" },
    { 59, MIG_ERR_SERVER, "this server version does not know the command" },
    { 85, MIG_ERR_SERVER,
      "an index with this name and other options is there: drop it first, or choose another name" },
    { 86, MIG_ERR_SERVER, "an index on this key with other options is there: drop it first" },
    { 91, MIG_ERR_SERVER, "the server is shutting down; run again when it is back" },
    { 112, MIG_ERR_SERVER, "another write was faster; running again is safe" },
    { 121, MIG_ERR_SERVER,
      "a document breaks the collection's validator; errInfo in the log says which rule" },
    { 189, MIG_ERR_SERVER, "the primary stepped down; run again when a new one is elected" },
    { 251, MIG_ERR_SERVER, "the server ended the transaction (it lasted too long, or a primary changed)" },
    { 263, MIG_ERR_SERVER, "this step cannot be in a transaction" },
    { 8000, MIG_ERR_SERVER, "Atlas refused it: see the words; shared tiers lack several commands" },
    { 10107, MIG_ERR_SERVER,
      "this member is not the primary; name the set (replicaSet=…) in the connection string" },
    { 11000, MIG_ERR_SERVER, "two documents have the same key: find the duplicates first" },
    { 11600, MIG_ERR_SERVER, "the server is shutting down; run again when it is back" },
    { 11601, MIG_ERR_SERVER, "someone killed the operation on the server (killOp)" },
    { 11602, MIG_ERR_SERVER, "the primary stepped down; run again when a new one is elected" },
    { 13435, MIG_ERR_SERVER,
      "this member is not the primary; name the set (replicaSet=…) in the connection string" },
    { 14031, MIG_ERR_SERVER, "the server's disk is full" },
};

static const struct {
    const char *text;
    unsigned bit;
} labels[] = {
    { "TransientTransactionError", MIG_LABEL_TRANSIENT_TRANSACTION },
    { "UnknownTransactionCommitResult", MIG_LABEL_UNKNOWN_COMMIT },
    { "RetryableWriteError", MIG_LABEL_RETRYABLE_WRITE },
};

unsigned io_mongo_labels(const bson_t *body)
{
    unsigned bits = 0;
    for (size_t i = 0; i < MIG_COUNT(labels); i++) {
        if (mongoc.error_has_label(body, labels[i].text))
            bits |= labels[i].bit;
    }
    return bits;
}

static const char *safe_words(struct mig_buf *buf, const char *words)
{
    mig_buf_reset(buf);
    mig_text_safe(buf, words, strlen(words), WORDS_MAX, false);
    return buf->text;
}

bool io_mongo_fail_refused(const char *command, const bson_t *body, struct mig_error *err)
{
    MIG_AUTOBUF struct mig_buf words, name;
    mig_buf_init(&words, MIG_ERROR_MESSAGE_MAX * 4);
    mig_buf_init(&name, MIG_ERROR_MESSAGE_MAX);
    int code = (int)mig_doc_int(body, "code", 0);
    safe_words(&words, mig_doc_str(body, "errmsg", "no reason given"));
    safe_words(&name, mig_doc_str(body, "codeName", "error"));

    enum mig_error_code as = MIG_ERR_SERVER;
    const char *hint = "";
    for (size_t i = 0; i < MIG_COUNT(advice); i++) {
        if (advice[i].code == code) {
            as = advice[i].as;
            hint = advice[i].hint;
        }
    }
    if (code == 13 && strstr(words.text, "requires authentication")) {
        mig_fail(err, MIG_ERR_AUTH, "the server wants a login: %s", words.text);
        return mig_hint(err, "add user, password and authSource to the connection string");
    }
    mig_fail(err, as, "%s refused: %s (%s, %d)", command, words.text, name.text, code);
    mig_hint(err, "%s", hint);
    if (err && (as == MIG_ERR_SERVER || as == MIG_ERR_DENIED))
        err->server_code = code;
    return false;
}

static bool fail_connection(const struct io_lane *lane, const bson_error_t *error, const char *words,
                            struct mig_error *err)
{
    const char *host = lane->host[0] ? lane->host : "the server";
    if (strstr(words, "TLS") || strstr(words, "certificate")) {
        mig_fail(err, MIG_ERR_TLS, "%s: %s", host, words);
        return mig_hint(err, "check tlsCAFile, the server's certificate and that its port speaks TLS");
    }
    char made_up[128];
    const char *why = io_lane_why(lane, made_up, sizeof made_up);
    if (error->code == MONGOC_ERROR_STREAM_SOCKET && *why)
        mig_fail(err, MIG_ERR_UNREACHABLE, "%s: the connection broke before anything was sent: %s", host,
                 why);
    else
        mig_fail(err, MIG_ERR_UNREACHABLE, "%s", words);
    if (error->code == MONGOC_ERROR_STREAM_NAME_RESOLUTION)
        return mig_hint(err, "check the host name, and DNS or VPN on this machine");
    return mig_hint(err, "nothing was sent; check that the server runs and that this machine may reach it");
}

bool io_mongo_fail_unsent(const struct io_lane *lane, const bson_error_t *error, struct mig_error *err)
{
    MIG_AUTOBUF struct mig_buf buf;
    mig_buf_init(&buf, MIG_ERROR_MESSAGE_MAX * 4);
    const char *words = safe_words(&buf, error->message[0] ? error->message : "the driver gave no reason");

    if (atomic_load(&lane->cancelled)) {
        mig_fail(err, MIG_ERR_CANCELLED, "stopped before anything was sent");
        return false;
    }
    switch (error->domain) {
    case MONGOC_ERROR_SERVER_SELECTION:
        mig_fail(err, MIG_ERR_UNREACHABLE, "no server to talk to: %s", words);
        return mig_hint(err,
                        "nothing was sent; check that the server runs and that this machine may reach it");
    case MONGOC_ERROR_STREAM: return fail_connection(lane, error, words, err);
    case MONGOC_ERROR_PROTOCOL:
        if (error->code == MONGOC_ERROR_PROTOCOL_BAD_WIRE_VERSION) {
            mig_fail(err, MIG_ERR_TOO_OLD, "%s", words);
            return mig_hint(err, "MongoDB 4.2 or later is needed");
        }
        break;
    case MONGOC_ERROR_CLIENT:
        if (error->code == MONGOC_ERROR_CLIENT_AUTHENTICATE) {
            mig_fail(err, MIG_ERR_AUTH, "%s refused the credentials: %s",
                     lane->host[0] ? lane->host : "the server", words);
            return mig_hint(err, "check user, password and authSource in the connection string");
        }
        break;
    case MONGOC_ERROR_SERVER: /* the server's answer to the handshake */
        if (error->code == 18 || error->code == 11) {
            mig_fail(err, MIG_ERR_AUTH, "%s refused the credentials: %s",
                     lane->host[0] ? lane->host : "the server", words);
            return mig_hint(err, "check user, password and authSource in the connection string");
        }
        mig_fail(err, MIG_ERR_SERVER, "%s refused the connection: %s", lane->host, words);
        if (err)
            err->server_code = (int)error->code;
        return false;
    default: break;
    }
    return mig_fail(err, MIG_ERR_FAILED, "the driver did not send it: %s", words);
}

static void fail_unknown(const struct io_lane *lane, const char *command, const bson_error_t *error,
                         struct mig_error *err)
{
    MIG_AUTOBUF struct mig_buf buf;
    mig_buf_init(&buf, MIG_ERROR_MESSAGE_MAX * 4);
    char made_up[128];
    const char *why = io_lane_why(lane, made_up, sizeof made_up);
    if (!*why)
        why = safe_words(&buf, error->message);
    mig_fail(err, MIG_ERR_UNKNOWN_OUTCOME, "%s was sent to %s, but no reply came: %s", command,
             lane->host[0] ? lane->host : "the server", why);
    mig_hint(err, "it may or may not have run, and may still be running: look before doing it again");
}

static void fail_unreadable(const struct io_lane *lane, const char *command, struct mig_error *err)
{
    mig_fail(err, MIG_ERR_UNKNOWN_OUTCOME, "%s was sent to %s, and its reply is damaged", command,
             lane->host[0] ? lane->host : "the server");
    mig_hint(err,
             "it may or may not have run: look before doing it again; a proxy or a tunnel in between may be "
             "at fault");
}

void io_mongo_judge(const struct io_lane *lane, const char *command, bool ok, const bson_error_t *error,
                    struct mig_reply *ret)
{
    mig_error_clear(&ret->error);
    if (!mig_doc_is_sound(&ret->body)) {
        bson_destroy(&ret->body); /* what is damaged in one place is believed in none */
        bson_init(&ret->body);
        ret->labels = 0;
        ret->outcome = MIG_OUTCOME_UNKNOWN;
        fail_unreadable(lane, command, &ret->error);
        return;
    }
    ret->labels = io_mongo_labels(&ret->body);
    if (mig_doc_has(&ret->body, "ok")) {
        bool accepted = mig_doc_bool(&ret->body, "ok", false);
        ret->outcome = accepted ? MIG_OUTCOME_OK : MIG_OUTCOME_REFUSED;
        if (!accepted)
            io_mongo_fail_refused(command, &ret->body, &ret->error);
    } else if (ok) {
        ret->outcome = MIG_OUTCOME_OK; /* nothing had to be sent: the commit of an empty transaction */
    } else if (lane->sent_bytes == 0) {
        ret->outcome = MIG_OUTCOME_NOT_SENT;
        io_mongo_fail_unsent(lane, error, &ret->error);
    } else {
        ret->outcome = MIG_OUTCOME_UNKNOWN;
        fail_unknown(lane, command, error, &ret->error);
    }
}
