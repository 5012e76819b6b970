/* secret.h - where a secret is (struct cfg_secret_ref), and the secret itself (struct cfg_secret).
 *
 * A reference is what the file holds, one of
 *     ${NAME}, text with ${NAME} in it     the environment, then .env; "$${" stands for "${"
 *     file:PATH                            a file's content without its last newline
 *     cmd:COMMAND                          what a shell command prints, without its last newline
 *     ssm:NAME, secretsmanager:NAME        known, not fetched yet
 *     anything else                        the secret as it is written
 * Parsing one touches nothing. Resolving asks the caller's struct cfg_secret_source, real or a test's.
 *
 * What is resolved lives in memory of libsodium's guarded heap: locked where the system allows it, left out
 * of core dumps, zeroed when freed. No message ever quotes a secret, a command or a literal.
 */
#ifndef MIG_CONFIG_SECRET_H
#define MIG_CONFIG_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define CFG_SECRET_MAX        ((size_t)64 * 1024)
#define CFG_SECRET_COMMAND_MS 10000

enum cfg_secret_kind {
    CFG_SECRET_NONE, /* zeroed: there is no secret */
    CFG_SECRET_LITERAL,
    CFG_SECRET_ENV,
    CFG_SECRET_FILE,
    CFG_SECRET_CMD,
    CFG_SECRET_SSM,
    CFG_SECRET_SECRETSMANAGER,
};

struct cfg_secret_ref {
    enum cfg_secret_kind kind;
    char *text;  /* template, path (resolved), command or name; without the "file:" or "cmd:" */
    char *label; /* whose it is, for messages: "uri of environment dev" */
};

/* Fill ret (kind and text; label stays NULL). False when a ${ is malformed: *ret_why says what, ret is
 * untouched. */
bool cfg_secret_ref_parse(const char *text, struct cfg_secret_ref *ret, const char **ret_why) MIG_MUST_CHECK;
void cfg_secret_ref_done(struct cfg_secret_ref *ref); /* zeroes the text */

/* Why it can't be resolved, as far as that is known without reading anything: a name that is not set, a kind
 * that is not fetched yet. NULL when nothing stands against it; else the caller frees. lookup: environment
 * and .env. */
char *cfg_secret_ref_missing(const struct cfg_secret_ref *ref,
                             const char *(*lookup)(void *ctx, const char *name), void *ctx);

/* Call each with every NAME of a ${NAME}. */
void cfg_secret_ref_names(const struct cfg_secret_ref *ref, void (*each)(void *ctx, const char *name),
                          void *ctx);

/* Append what may be shown: ${NAME}, file:PATH, ssm:NAME; never a literal or a command. A URI shows its
 * hosts. */
void cfg_secret_ref_print(const struct cfg_secret_ref *ref, bool is_uri, struct mig_buf *out);

/* What resolving asks of the machine. Messages of the functions must not hold what was read. */
struct cfg_secret_source {
    /* Append the file's bytes to out; fail when there are more than max. */
    bool (*read_file)(void *ctx, const char *path, size_t max, struct mig_buf *out, struct mig_error *err);
    /* Run by /bin/sh, append what it prints; fail when it exits with another status than 0, or runs longer.
     * */
    bool (*run)(void *ctx, const char *command, int timeout_ms, struct mig_buf *out, struct mig_error *err);
    const char *(*getenv)(void *ctx, const char *name); /* NULL: not set */
    void *ctx;
};

/* A resolved secret: NUL-terminated, no NUL inside, never empty. */
struct cfg_secret {
    char *text;
    size_t len;
};

/* Fails with MIG_ERR_SECRET, the message begins with ref->label. Blocks as long as the source does. */
bool cfg_secret_resolve(const struct cfg_secret_ref *ref, const struct cfg_secret_source *source,
                        struct cfg_secret *ret, struct mig_error *err) MIG_MUST_CHECK;
void cfg_secret_done(struct cfg_secret *secret);

#define CFG_AUTOSECRET __attribute__((cleanup(cfg_secret_done)))

#endif
