/* mongo_uri.c - one table of what a connection string may not weaken, and checks the driver leaves out. */
#include "io/mongo_uri.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/rows.h"
#include "base/text.h"

#define URI_MAX      8192
#define RAISED_MAX   2048
#define APP_NAME_MAX 128

#define LIMIT_DEFAULT_MS 5000
#define LIMIT_MIN_MS     100
#define LIMIT_MAX_MS     600000
#define SOCKET_MIN_MS    30000
#define POOL_MIN         20   /* a batch: sixteen workers, its cutter, its checkpoints */
#define HEARTBEAT_MS     2500 /* so that one wait for a server sees a primary that is back */

/* Every option the driver acts on, spelled as the MongoDB manual does. */
static const char *const known_options[] = {
    "appName",
    "authMechanism",
    "authMechanismProperties",
    "authSource",
    "canonicalizeHostname",
    "compressors",
    "connectTimeoutMS",
    "directConnection",
    "gssapiServiceName",
    "heartbeatFrequencyMS",
    "journal",
    "loadBalanced",
    "localThresholdMS",
    "maxIdleTimeMS",
    "maxPoolSize",
    "maxStalenessSeconds",
    "minPoolSize",
    "readConcernLevel",
    "readPreference",
    "readPreferenceTags",
    "replicaSet",
    "retryReads",
    "retryWrites",
    "safe",
    "serverSelectionTimeoutMS",
    "serverSelectionTryOnce",
    "slaveOk",
    "socketCheckIntervalMS",
    "socketTimeoutMS",
    "srvMaxHosts",
    "srvServiceName",
    "ssl",
    "sslAllowInvalidCertificates",
    "sslAllowInvalidHostnames",
    "sslCertificateAuthorityFile",
    "sslClientCertificateKeyFile",
    "sslClientCertificateKeyPassword",
    "tls",
    "tlsAllowInvalidCertificates",
    "tlsAllowInvalidHostnames",
    "tlsCAFile",
    "tlsCertificateKeyFile",
    "tlsCertificateKeyFilePassword",
    "tlsDisableCertificateRevocationCheck",
    "tlsDisableOCSPEndpointCheck",
    "tlsInsecure",
    "w",
    "waitQueueMultiple",
    "waitQueueTimeoutMS",
    "wTimeoutMS",
    "zlibCompressionLevel",
    NULL,
};

/* Options of other drivers that are no misspelling of ours. */
static const char *const foreign_options[] = {
    "maxConnecting",        "maxTimeMS", "proxyHost",  "proxyPassword",      "proxyPort", "proxyUsername",
    "serverMonitoringMode", "timeoutMS", "tlsCRLFile", "uuidRepresentation", NULL,
};

static void note(struct mig_buf *raised, const char *fmt, ...) MIG_PRINTF(2, 3);
static void note(struct mig_buf *raised, const char *fmt, ...)
{
    if (raised->len > 0)
        mig_buf_str(raised, "; ");
    va_list args;
    va_start(args, fmt);
    mig_buf_vprintf(raised, fmt, args);
    va_end(args);
}

/* A raw / ? or @ in a password moves the place where the hosts begin: the driver would take a part of the
 * password for a host or an option, look it up, and show it. */
static bool check_escapes(const char *text, const char *redacted, struct mig_error *err)
{
    const char *authority = strstr(text, "://");
    if (!authority)
        return true;
    authority += 3;
    const char *path = authority + strcspn(authority, "/?");
    const char *value = path + strcspn(path, "=");
    size_t ats_in_authority = 0, ats_before_values = 0; /* an option's value may hold one: appName=me@here */
    for (const char *p = authority; p < value; p++) {
        ats_in_authority += *p == '@' && p < path;
        ats_before_values += *p == '@';
    }
    if (ats_in_authority <= 1 && ats_before_values == ats_in_authority)
        return true;
    mig_fail(err, MIG_ERR_CONFIG, "connection string %s: user name or password is not percent-encoded",
             redacted);
    return mig_hint(err, "write / ? # @ : %% in a password as %%2F %%3F %%23 %%40 %%3A %%25");
}

/* The driver's own words, without the value they may quote. */
static bool fail_parse(const char *redacted, const char *words, struct mig_error *err)
{
    /* "Unsupported value for "x": "the value"" - the value may be a token. */
    size_t keep = strlen(words);
    const char *value = strstr(words, "\": \"");
    if (value)
        keep = (size_t)(value - words) + 1;
    struct mig_buf safe;
    mig_buf_init(&safe, MIG_ERROR_MESSAGE_MAX);
    mig_text_safe(&safe, words, keep, 200, false);
    mig_fail(err, MIG_ERR_CONFIG, "connection string %s: %s", redacted, safe.text);
    mig_buf_done(&safe);
    return mig_hint(err, "it has the form mongodb://user:password@host:27017/?replicaSet=NAME");
}

static bool is_among(const char *key, const char *const *names)
{
    while (*names && strcasecmp(key, *names) != 0)
        names++;
    return *names != NULL;
}

static bool check_mechanism(const struct io_mongo_uri *target, struct mig_error *err)
{
    static const char *const mechanisms[] = { "SCRAM-SHA-1", "SCRAM-SHA-256", "MONGODB-X509",
                                              "MONGODB-AWS", "GSSAPI",        "PLAIN",
                                              NULL };
    const char *mechanism = mongoc.uri_get_auth_mechanism(target->uri);
    if (!mechanism || is_among(mechanism, mechanisms))
        return true;
    MIG_AUTOFREE char *safe = mig_text_safe_dup(mechanism, 64);
    mig_fail(err, MIG_ERR_CONFIG, "connection string %s: no such authMechanism: %s", target->redacted, safe);
    return mig_hint(err, "known are SCRAM-SHA-1, SCRAM-SHA-256, MONGODB-X509, MONGODB-AWS, GSSAPI and PLAIN");
}

static bool check_credentials(const struct io_mongo_uri *target, struct mig_error *err)
{
    const char *user = mongoc.uri_get_username(target->uri);
    const char *password = mongoc.uri_get_password(target->uri);
    const char *mechanism = mongoc.uri_get_auth_mechanism(target->uri);
    if (!user || !*user)
        return true;
    if (password && *password)
        return true;
    if (!password && mechanism &&
        (strcasecmp(mechanism, "MONGODB-X509") == 0 || strcasecmp(mechanism, "GSSAPI") == 0 ||
         strcasecmp(mechanism, "MONGODB-AWS") == 0))
        return true;
    mig_fail(err, MIG_ERR_CONFIG, "connection string %s: a user without a password", target->redacted);
    return mig_hint(err, "was the secret that should hold the password resolved to nothing?");
}

static bool check_file(const mongoc_uri_t *uri, const char *option, const char *what, struct mig_error *err)
{
    const char *path = mongoc.uri_get_option_as_utf8(uri, option, NULL);
    if (!path || access(path, R_OK) == 0)
        return true;
    int error = errno;
    char buf[128];
    char *safe = mig_text_safe_dup(path, 512);
    mig_fail(err, MIG_ERR_TLS, "%s %s: %s", what, safe, strerror_r(error, buf, sizeof buf));
    free(safe);
    return mig_hint(err,
                    "the path is relative to the directory migtui was started in; an absolute one is safer");
}

/* The driver drops an option it does not know, without a word. */
static void note_unknown(const char *text, struct mig_buf *raised)
{
    const char *p = strchr(text, '?');
    while (p && *++p) {
        size_t len = strcspn(p, "=&;");
        MIG_AUTOFREE char *key = mig_strndup(p, len);
        if (*key && !is_among(key, known_options)) {
            MIG_AUTOFREE char *safe = mig_text_safe_dup(key, 64);
            const char *near = is_among(key, foreign_options) ? NULL : mig_text_nearest(key, known_options);
            if (near)
                note(raised, "option %s has no effect; did you mean %s?", safe, near);
            else
                note(raised, "option %s has no effect with this driver", safe);
        }
        p = strpbrk(p, "&;");
    }
}

/* Write concern: whatever is not {w: majority, j: true} is overruled. */
static void raise_writes(mongoc_uri_t *uri, struct mig_buf *raised)
{
    const mongoc_write_concern_t *concern = mongoc.uri_get_write_concern(uri);
    int w = concern ? mongoc.write_concern_get_w(concern) : MONGOC_WRITE_CONCERN_W_DEFAULT;
    if (w >= 0)
        note(raised, "w=%d is raised to majority", w);
    else if (w == MONGOC_WRITE_CONCERN_W_TAG) {
        char *safe = mig_text_safe_dup(mongoc.write_concern_get_wtag(concern), 64);
        note(raised, "w=%s is replaced by majority", safe);
        free(safe);
    } else if (w == MONGOC_WRITE_CONCERN_W_ERRORS_IGNORED) {
        note(raised, "w=-1 is raised to majority");
    }
    if (concern && mongoc.write_concern_journal_is_set(concern) && !mongoc.write_concern_get_journal(concern))
        note(raised, "journal=false is raised to true");
    if (!mongoc.uri_get_option_as_bool(uri, MONGOC_URI_RETRYWRITES, true))
        note(raised, "retryWrites=false is raised to true");

    mongoc_write_concern_t *none = mongoc.write_concern_new();
    mongoc.uri_set_write_concern(uri, none);
    mongoc.write_concern_destroy(none);
    mongoc.uri_set_option_as_bool(uri, MONGOC_URI_RETRYWRITES, true);
}

static const char *read_preference_name(mongoc_read_mode_t mode)
{
    switch (mode) {
    case MONGOC_READ_SECONDARY: return "secondary";
    case MONGOC_READ_PRIMARY_PREFERRED: return "primaryPreferred";
    case MONGOC_READ_SECONDARY_PREFERRED: return "secondaryPreferred";
    case MONGOC_READ_NEAREST: return "nearest";
    case MONGOC_READ_PRIMARY: break;
    }
    return "primary";
}

/* Everything is read from the primary at level majority, whatever the string asks for. */
static void raise_reads(mongoc_uri_t *uri, struct mig_buf *raised)
{
    const mongoc_read_concern_t *concern = mongoc.uri_get_read_concern(uri);
    const char *level = concern ? mongoc.read_concern_get_level(concern) : NULL;
    if (level && strcmp(level, "majority") != 0) {
        char *safe = mig_text_safe_dup(level, 64);
        note(raised, "readConcernLevel=%s is replaced by majority", safe);
        free(safe);
    }
    mongoc_read_mode_t mode = mongoc.read_prefs_get_mode(mongoc.uri_get_read_prefs_t(uri));
    if (mode != MONGOC_READ_PRIMARY)
        note(raised, "readPreference=%s is replaced by primary", read_preference_name(mode));

    mongoc_read_concern_t *none = mongoc.read_concern_new();
    mongoc.uri_set_read_concern(uri, none);
    mongoc.read_concern_destroy(none);
    mongoc_read_prefs_t *primary = mongoc.read_prefs_new(MONGOC_READ_PRIMARY);
    mongoc.uri_set_read_prefs_t(uri, primary);
    mongoc.read_prefs_destroy(primary);
    mongoc.uri_set_option_as_bool(uri, MONGOC_URI_RETRYREADS, true);
}

static void note_insecure(const mongoc_uri_t *uri, struct mig_buf *raised)
{
    static const char *const options[] = { MONGOC_URI_TLSINSECURE, MONGOC_URI_TLSALLOWINVALIDCERTIFICATES,
                                           MONGOC_URI_TLSALLOWINVALIDHOSTNAMES };
    for (size_t i = 0; i < MIG_COUNT(options); i++) {
        if (mongoc.uri_get_option_as_bool(uri, options[i], false)) {
            note(raised, "the server's certificate is not checked, as the connection string asks");
            return;
        }
    }
}

static int64_t limit(const mongoc_uri_t *uri, const char *option, int64_t asked, int64_t missing, int64_t min)
{
    int64_t ms = mongoc.uri_get_option_as_int32(uri, option, 0);
    if (ms <= 0)
        ms = asked > 0 ? asked : missing;
    return ms < min ? min : ms > LIMIT_MAX_MS ? LIMIT_MAX_MS : ms;
}

static void set_limits(struct io_mongo_uri *target, const struct io_mongo_limits *asked,
                       struct mig_buf *raised)
{
    mongoc_uri_t *uri = target->uri;
    int32_t socket = mongoc.uri_get_option_as_int32(uri, MONGOC_URI_SOCKETTIMEOUTMS, 0);
    if (socket > 0 && socket < SOCKET_MIN_MS)
        note(raised, "socketTimeoutMS=%d is raised to %d", socket, SOCKET_MIN_MS);
    target->limits = (struct io_mongo_limits){
        .connect_ms =
            limit(uri, MONGOC_URI_CONNECTTIMEOUTMS, asked->connect_ms, LIMIT_DEFAULT_MS, LIMIT_MIN_MS),
        .select_ms =
            limit(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, asked->select_ms, LIMIT_DEFAULT_MS, LIMIT_MIN_MS),
        .socket_ms = limit(uri, MONGOC_URI_SOCKETTIMEOUTMS, asked->socket_ms, SOCKET_MIN_MS, SOCKET_MIN_MS),
    };
    mongoc.uri_set_option_as_int32(uri, MONGOC_URI_CONNECTTIMEOUTMS, (int32_t)target->limits.connect_ms);
    mongoc.uri_set_option_as_int32(uri, MONGOC_URI_SOCKETTIMEOUTMS, (int32_t)target->limits.socket_ms);
    mongoc.uri_set_option_as_int32(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, IO_MONGO_SLICE_MS);
    if (mongoc.uri_get_option_as_int32(uri, MONGOC_URI_HEARTBEATFREQUENCYMS, INT32_MAX) > HEARTBEAT_MS)
        mongoc.uri_set_option_as_int32(uri, MONGOC_URI_HEARTBEATFREQUENCYMS, HEARTBEAT_MS);
    mongoc.uri_set_option_as_int32(uri, MONGOC_URI_WAITQUEUETIMEOUTMS, (int32_t)target->limits.select_ms);
    if (mongoc.uri_get_option_as_int32(uri, MONGOC_URI_MAXPOOLSIZE, POOL_MIN) < POOL_MIN)
        mongoc.uri_set_option_as_int32(uri, MONGOC_URI_MAXPOOLSIZE, POOL_MIN);
    if (mongoc.uri_has_option(uri, MONGOC_URI_MINPOOLSIZE))
        mongoc.uri_set_option_as_int32(uri, MONGOC_URI_MINPOOLSIZE,
                                       0); /* the driver's meaning of it closes clients */
}

static void set_app_name(mongoc_uri_t *uri, const char *app_name)
{
    char name[APP_NAME_MAX + 1];
    snprintf(name, sizeof name, "%s", app_name ? app_name : "");
    mig_utf8_trim(name);
    mongoc.uri_set_appname(uri, name);
}

bool io_mongo_uri_parse(const char *text, const char *app_name, const struct io_mongo_limits *limits,
                        struct io_mongo_uri *ret, struct mig_error *err)
{
    *ret = (struct io_mongo_uri){ 0 };
    if (!text || !*text)
        return mig_fail(err, MIG_ERR_CONFIG, "the connection string is empty");
    if (strlen(text) > URI_MAX)
        return mig_fail(err, MIG_ERR_LIMIT, "the connection string is longer than %d bytes", URI_MAX);
    ret->redacted = mig_text_redact_uri(text);
    if (!check_escapes(text, ret->redacted, err))
        goto failed;

    bson_error_t error = { 0 };
    ret->uri = mongoc.uri_new_with_error(text, &error);
    if (!ret->uri) {
        fail_parse(ret->redacted, error.message, err);
        sodium_memzero(&error, sizeof error);
        goto failed;
    }
    const char *database = mongoc.uri_get_database(ret->uri);
    ret->database = mig_strdup(database);
    if (!check_mechanism(ret, err) || !check_credentials(ret, err) ||
        !check_file(ret->uri, MONGOC_URI_TLSCAFILE, "tlsCAFile", err) ||
        !check_file(ret->uri, MONGOC_URI_TLSCERTIFICATEKEYFILE, "tlsCertificateKeyFile", err))
        goto failed;

    struct mig_buf raised;
    mig_buf_init(&raised, RAISED_MAX);
    note_unknown(text, &raised);
    raise_writes(ret->uri, &raised);
    raise_reads(ret->uri, &raised);
    note_insecure(ret->uri, &raised);
    set_limits(ret, limits, &raised);
    set_app_name(ret->uri, app_name);
    ret->raised = mig_buf_detach(&raised);
    mig_buf_done(&raised);
    return true;
failed:
    io_mongo_uri_done(ret);
    return false;
}

void io_mongo_uri_destroy(mongoc_uri_t *uri)
{
    if (!uri)
        return;
    /* The driver zeroes its copy of the password, but not the text it was parsed from. */
    const char *text = mongoc.uri_get_string(uri);
    sodium_memzero((void *)(uintptr_t)text, strlen(text));
    mongoc.uri_destroy(uri);
}

void io_mongo_uri_done(struct io_mongo_uri *target)
{
    io_mongo_uri_destroy(target->uri);
    free(target->redacted);
    free(target->raised);
    free(target->database);
    *target = (struct io_mongo_uri){ 0 };
}
