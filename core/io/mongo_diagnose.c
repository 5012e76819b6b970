/* mongo_diagnose.c - one hello to each host, by hand: the driver would hide the difference. */
#include "io/mongo_diagnose.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/clock.h"
#include "io/mongo_stream.h"

#define HOSTS_MAX  4
#define CONNECT_MS 1000
#define BUDGET_MS  2000
#define ANSWER_MAX (1 << 20)
#define OP_MSG     2013

enum what { SILENT, CANNOT_CONNECT, TLS_FAILED, HUNG_UP, ANSWERED };

struct finding {
    char host[272];
    enum what what;
    char words[256]; /* why not */
    char set[128];   /* of the answer */
    char primary[272];
    bool writable;
};

struct message {
    int32_t length, request, response_to, opcode;
    uint32_t flags;
    uint8_t kind;
} __attribute__((packed));

/* isMaster: hello is not known to every server that may answer here. */
static bool ask(mongoc_stream_t *stream, bson_t *ret)
{
    MIG_AUTODOC bson_t hello = BSON_INITIALIZER;
    BSON_APPEND_INT32(&hello, "isMaster", 1);
    BSON_APPEND_UTF8(&hello, "$db", "admin");
    struct message head = {
        .length = (int32_t)BSON_UINT32_TO_LE(sizeof head + hello.len),
        .opcode = (int32_t)BSON_UINT32_TO_LE(OP_MSG),
    };
    MIG_AUTOFREE uint8_t *request = mig_alloc(sizeof head + hello.len);
    memcpy(request, &head, sizeof head);
    memcpy(request + sizeof head, bson_get_data(&hello), hello.len);
    if (mongoc.stream_write(stream, request, sizeof head + hello.len, CONNECT_MS) < 0 ||
        mongoc.stream_flush(stream) != 0)
        return false;
    if (mongoc.stream_read(stream, &head, sizeof head, sizeof head, CONNECT_MS) != (ssize_t)sizeof head)
        return false;
    size_t length = BSON_UINT32_FROM_LE((uint32_t)head.length);
    if (BSON_UINT32_FROM_LE((uint32_t)head.opcode) != OP_MSG || head.kind != 0 || length < sizeof head + 5 ||
        length > ANSWER_MAX)
        return false;
    size_t size = length - sizeof head;
    MIG_AUTOFREE uint8_t *body = mig_alloc(size);
    if (mongoc.stream_read(stream, body, size, size, CONNECT_MS) != (ssize_t)size)
        return false;
    uint32_t doc_len;
    memcpy(&doc_len, body, sizeof doc_len);
    doc_len = BSON_UINT32_FROM_LE(doc_len);
    bson_t doc;
    if (doc_len < 5 || doc_len > size || !bson_init_static(&doc, body, doc_len))
        return false;
    bson_copy_to(&doc, ret);
    return true;
}

static void copy_safe(char *to, size_t size, const char *text)
{
    char *safe = mig_text_safe_dup(text, size / 2);
    snprintf(to, size, "%s", safe);
    mig_utf8_trim(to);
    free(safe);
}

static void look_at(const mongoc_uri_t *uri, const mongoc_host_list_t *host, struct io_lane *lane,
                    struct finding *ret)
{
    *ret = (struct finding){ .what = CANNOT_CONNECT };
    copy_safe(ret->host, sizeof ret->host, host->host_and_port);
    bson_error_t error = { 0 };
    mongoc_stream_t *stream = io_stream_connect(uri, host, lane, &error);
    if (!stream) {
        char buf[128];
        const char *why = io_lane_why(lane, buf, sizeof buf);
        if (error.code == MONGOC_ERROR_STREAM_NAME_RESOLUTION) {
            copy_safe(ret->words, sizeof ret->words, "its name cannot be resolved");
        } else if (error.code == MONGOC_ERROR_STREAM_CONNECT) {
            copy_safe(ret->words, sizeof ret->words, *why ? why : error.message);
        } else {
            ret->what = TLS_FAILED;
            copy_safe(ret->words, sizeof ret->words, error.message);
        }
        return;
    }
    bson_t answer;
    if (ask(stream, &answer)) {
        ret->what = ANSWERED;
        ret->writable = mig_doc_bool(&answer, "isWritablePrimary", mig_doc_bool(&answer, "ismaster", false));
        copy_safe(ret->set, sizeof ret->set, mig_doc_str(&answer, "setName", ""));
        copy_safe(ret->primary, sizeof ret->primary, mig_doc_str(&answer, "primary", ""));
        bson_destroy(&answer);
    } else {
        ret->what = lane->broke == IO_BREAK_TIMED_OUT ? SILENT : HUNG_UP;
        copy_safe(ret->words, sizeof ret->words,
                  ret->what == SILENT ? "accepts connections but does not answer"
                                      : "hangs up without an answer");
    }
    mongoc.stream_destroy(stream);
}

/* The first host that answered decides: it is a server of the wrong set, or one whose set has no primary
 * for us. */
static bool tell_answer(const struct finding *found, const char *wanted, int64_t waited_ms,
                        struct mig_error *err)
{
    if (wanted && !found->set[0]) {
        mig_fail(err, MIG_ERR_WRONG_SERVER,
                 "%s is no member of a replica set, but replicaSet=%s is asked for", found->host, wanted);
        return mig_hint(err, "is this the right host? if so, take replicaSet= out of the connection string");
    }
    if (wanted && strcmp(found->set, wanted) != 0) {
        mig_fail(err, MIG_ERR_WRONG_SERVER,
                 "%s belongs to the replica set \"%s\", but replicaSet=%s is asked for", found->host,
                 found->set, wanted);
        return mig_hint(err,
                        "is this the right environment? check host and replicaSet= in the connection string");
    }
    if (found->writable) {
        mig_fail(err, MIG_ERR_UNREACHABLE, "%s answers now, but could not be used within %lld s", found->host,
                 (long long)(waited_ms + 500) / 1000);
        return mig_hint(
            err, "if it stays so: the names the set advertises (rs.conf()) must be reachable from here, or "
                 "use directConnection=true");
    }
    if (found->primary[0]) {
        mig_fail(err, MIG_ERR_UNREACHABLE,
                 "the primary of \"%s\", %s, cannot be reached from here (%s answers)", found->set,
                 found->primary, found->host);
        return mig_hint(
            err, "the set advertises that name (rs.conf()): it must resolve and be open from this machine");
    }
    mig_fail(err, MIG_ERR_UNREACHABLE, "the replica set \"%s\" has no primary (%s answers)", found->set,
             found->host);
    return mig_hint(err, "an election is under way, or too few members are up: rs.status() tells");
}

static bool tell_silence(const struct finding *found, size_t count, bool tls, struct mig_error *err)
{
    MIG_AUTOBUF struct mig_buf line;
    mig_buf_init(&line, MIG_ERROR_MESSAGE_MAX);
    for (size_t i = 0; i < count; i++)
        mig_buf_printf(&line, "%s%s: %s", i ? "; " : "", found[i].host, found[i].words);
    if (found[0].what == TLS_FAILED) {
        mig_fail(err, MIG_ERR_TLS, "no server answered: %s", line.text);
        return mig_hint(
            err, "check tlsCAFile, the name in the server's certificate, and that this port speaks TLS");
    }
    mig_fail(err, MIG_ERR_UNREACHABLE, "no server answered: %s", line.text);
    if (found[0].what == HUNG_UP)
        return mig_hint(err,
                        tls ? "is this a MongoDB server's port?"
                            : "a server that wants TLS does this: add tls=true to the connection string");
    return mig_hint(err, "is the server up, and may this machine reach it (VPN, firewall, host name, port)?");
}

bool io_mongo_diagnose(const struct io_mongo_uri *target, struct io_lane *lane, const char *words,
                       struct mig_error *err)
{
    const mongoc_host_list_t *host = mongoc.uri_get_hosts(target->uri);
    if (!host) {
        char *safe = mig_text_safe_dup(words, 400);
        mig_fail(err, MIG_ERR_UNREACHABLE, "no server of %s can be used: %s", target->redacted, safe);
        free(safe);
        return mig_hint(err, "is the cluster up, and may this machine reach it (DNS, VPN, access list)?");
    }
    mongoc_uri_t *uri = mongoc.uri_copy(target->uri);
    mongoc.uri_set_option_as_int32(uri, MONGOC_URI_CONNECTTIMEOUTMS, CONNECT_MS);
    int64_t until = io_boottime_ms() + BUDGET_MS;
    struct finding found[HOSTS_MAX];
    size_t count = 0;
    const struct finding *answer = NULL;
    for (; host && count < HOSTS_MAX && !answer && io_boottime_ms() < until; host = host->next) {
        look_at(uri, host, lane, &found[count]);
        if (found[count].what == ANSWERED)
            answer = &found[count];
        count++;
    }
    io_mongo_uri_destroy(uri);

    if (atomic_load(&lane->cancelled))
        return mig_fail(err, MIG_ERR_CANCELLED, "stopped while looking for a server");
    if (answer)
        return tell_answer(answer, mongoc.uri_get_replica_set(target->uri), target->limits.select_ms, err);
    return tell_silence(found, count, mongoc.uri_get_tls(target->uri), err);
}
