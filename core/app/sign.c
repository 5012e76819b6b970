/* sign.c - ssh-keygen -Y sign and -Y verify. */
#include "app/sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/timefmt.h"

#define FILE_MAX_BYTES (1024UL * 1024)
#define OUTPUT_MAX     (64UL * 1024)
#define TIMEOUT_MS     60000 /* a key on a token waits to be touched */
#define BEGIN_MARK     "-----BEGIN SSH SIGNATURE-----"
#define END_MARK       "-----END SSH SIGNATURE-----"

/* Dates in allowed_signers without a zone are local to ssh-keygen: they mean the same to every operator in UTC. */
static const char *const child_env[] = { "TZ=UTC", "LC_ALL=C", NULL };

static bool no_key(struct mig_error *err)
{
    mig_fail(err, MIG_ERR_CONFIG, "approvals here are signed, and there is no key to sign with");
    return mig_hint(
        err, "name it: --key FILE or MIGTUI_SIGNING_KEY; the .pub is enough when the agent has the key");
}

/* ---- who ---- */

/* "ssh-ed25519 AAAA…" of the public key, without the comment. */
static bool public_key(struct mig_app *app, char **ret, struct mig_error *err)
{
    MIG_AUTOBUF struct mig_buf file;
    const char *key = app->signing_key;
    mig_buf_init(&file, FILE_MAX_BYTES);
    size_t len = key ? strlen(key) : 0;
    if (len == 0)
        return no_key(err);
    bool is_public = len > 4 && strcmp(key + len - 4, ".pub") == 0;
    MIG_AUTOFREE char *path = mig_printf("%s%s", key, is_public ? "" : ".pub");
    if (!app->host->ops->file_read(app->host, path, FILE_MAX_BYTES, &file, err)) {
        err->code = MIG_ERR_CONFIG;
        return mig_hint(err,
                        "the public half of the signing key is needed too: ssh-keygen -y -f KEY > KEY.pub");
    }
    size_t type = strcspn(file.text, " ");
    size_t end = file.text[type] ? type + 1 + strcspn(file.text + type + 1, " \r\n") : type;
    if (end <= type + 1 || strchr(file.text, '\n') == NULL)
        return mig_fail(err, MIG_ERR_CONFIG, "%.400s is not a public key", path);
    *ret = mig_strndup(file.text, end);
    return true;
}

/* One of the names of a line ("ana,ana@example.com"): the operator's when it is there, else the first. Patterns name nobody. */
static bool pick_name(const char *names, size_t len, const char *wanted, char *ret, size_t size)
{
    bool found = false;
    for (size_t at = 0; at < len;) {
        size_t n = strcspn(names + at, ", \t\n");
        bool exact = strlen(wanted) == n && strncmp(names + at, wanted, n) == 0;
        bool plain = n > 0 && n < size && strcspn(names + at, "*?!\"") >= n;
        if (plain && (exact || !found))
            snprintf(ret, size, "%.*s", (int)n, names + at);
        found = found || plain;
        at += n + 1;
    }
    return found;
}

bool mig_sign_principal(struct mig_app *app, const struct cfg_environment *env, char *ret, size_t size,
                        struct mig_error *err)
{
    MIG_AUTOFREE char *key = NULL;
    MIG_AUTOBUF struct mig_buf signers;
    mig_buf_init(&signers, FILE_MAX_BYTES);
    if (!public_key(app, &key, err) ||
        !app->host->ops->file_read(app->host, env->gate.allowed_signers, FILE_MAX_BYTES, &signers, err))
        return false;
    for (char *rest = signers.text, *line; (line = strsep(&rest, "\n"));) {
        const char *at = *line == '#' ? NULL : strstr(line, key);
        const char *end = at ? at + strlen(key) : NULL;
        if (at && (*end == '\0' || *end == ' ' || *end == '\r') &&
            pick_name(line, strcspn(line, " \t"), app->operator_name, ret, size))
            return true;
    }
    MIG_AUTOFREE char *shown = mig_text_safe_dup(app->signing_key, 200);
    mig_fail(err, MIG_ERR_GATE, "%s: your key %s is not in %s", env->name, shown, env->gate.allowed_signers);
    return mig_hint(err, "a line \"NAME namespaces=\\\"%s\\\" %.40s…\" there, reviewed as code is, admits it",
                    MIG_SIGN_NAMESPACE, key);
}

/* ---- signing ---- */

bool mig_sign(struct mig_app *app, const char *text, size_t len, char **ret, struct mig_error *err)
{
    MIG_AUTOBUF struct mig_buf out;
    int status = 0;
    mig_buf_init(&out, OUTPUT_MAX);
    if (!app->signing_key || !*app->signing_key)
        return no_key(err);
    if (!app->host->ops->filter)
        return mig_fail(err, MIG_ERR_INTERNAL, "this host runs no programs");
    const char *const argv[] = { "ssh-keygen",       "-Y", "sign",           "-n",
                                 MIG_SIGN_NAMESPACE, "-f", app->signing_key, NULL };
    if (!app->host->ops->filter(app->host, argv, child_env, text, len, TIMEOUT_MS, &out, &status, err))
        return false;
    const char *begin = strstr(out.text, BEGIN_MARK);
    const char *end = begin ? strstr(begin, END_MARK) : NULL;
    if (status != 0 || !end) {
        MIG_AUTOFREE char *said = mig_text_safe_dup(out.text, 300);
        mig_fail(err, MIG_ERR_FAILED, "ssh-keygen did not sign: %s", said);
        return mig_hint(err, "a key with a passphrase signs through the agent: ssh-add %.300s",
                        app->signing_key);
    }
    *ret = mig_printf("%.*s\n", (int)(end + strlen(END_MARK) - begin), begin);
    return true;
}

/* ---- verifying ---- */

static bool keep_signature(struct mig_app *app, const char *signature, char **ret_path, struct mig_error *err)
{
    char digest[MIG_SHA256_HEX];
    mig_sha256_hex(signature, strlen(signature), digest);
    *ret_path = mig_printf("%s/signatures/%s.sig", app->host->state_dir, digest);
    return app->host->ops->file_replace(app->host, *ret_path, signature, strlen(signature), err);
}

static void take_fingerprint(const char *said, char *ret, size_t size)
{
    const char *at = strstr(said, " key SHA256:");
    size_t len = at ? strspn(at + 5, "SHA256:"
                                     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
                    : 0;
    snprintf(ret, size, "%.*s", (int)len, at ? at + 5 : "");
}

bool mig_sign_verify(struct mig_app *app, const struct cfg_environment *env, const char *principal,
                     const char *text, size_t len, const char *signature, int64_t now_ms, char *ret_key,
                     size_t key_size, struct mig_error *err)
{
    MIG_AUTOBUF struct mig_buf out;
    MIG_AUTOFREE char *path = NULL;
    char now[MIG_TIME_SIZE];
    char time_option[64];
    int status = 0;
    mig_buf_init(&out, OUTPUT_MAX);
    ret_key[0] = '\0';
    if (!signature || !*signature)
        return mig_fail(err, MIG_ERR_GATE, "it has no signature");
    if (!*principal || *principal == '-' || strcspn(principal, "*?!\", \t") != strlen(principal))
        return mig_fail(err, MIG_ERR_GATE, "it names nobody as its signer");
    if (!app->host->ops->filter)
        return mig_fail(err, MIG_ERR_INTERNAL, "this host runs no programs");
    if (!keep_signature(app, signature, &path, err))
        return false;
    mig_time_version(now_ms, now);
    snprintf(time_option, sizeof time_option, "-Overify-time=%s", now);
    const char *argv[16] = {
        "ssh-keygen", "-Y",      "verify", "-n", MIG_SIGN_NAMESPACE, "-f", env->gate.allowed_signers,
        "-I",         principal, "-s",     path, time_option
    };
    if (env->gate.revoked_signers) {
        argv[12] = "-r";
        argv[13] = env->gate.revoked_signers;
    }
    if (!app->host->ops->filter(app->host, argv, child_env, text, len, TIMEOUT_MS, &out, &status, err))
        return false;
    if (status == 0) {
        take_fingerprint(out.text, ret_key, key_size);
        return ret_key[0] || mig_fail(err, MIG_ERR_GATE, "ssh-keygen named no key");
    }
    MIG_AUTOFREE char *said = mig_text_safe_dup(out.text, 120);
    return mig_fail(err, MIG_ERR_GATE, "the signature of %s does not hold: %s", principal, said);
}
