/* err.h - the one way a failure is told: to a caller, to an operator, to a pipeline.
 *
 * A function that can fail returns bool (true = done) and fills the struct mig_error it was given. The
 * error belongs to the caller, holds no pointers and may be copied. Nothing in core/ prints or logs an error;
 * the command line and the console do, once each.
 */
#ifndef MIG_BASE_ERR_H
#define MIG_BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* code, name as in JSON, exit status of the process, what it means (goes into docs/reference/exit-codes.md). */
#define MIG_ERROR_TABLE(X) \
    X(MIG_OK, "ok", 0, "no error") \
    X(MIG_ERR_FAILED, "failed", 1, "the operation failed; the message says how") \
    X(MIG_ERR_INTERNAL, "internal", 1, "migtui broke one of its own rules; please report it") \
    X(MIG_ERR_LIMIT, "limit", 1, "an input is larger than migtui accepts") \
    X(MIG_ERR_IO, "io", 1, "a local file could not be read or written") \
    X(MIG_ERR_CONFIG, "config", 1, "migtui.yaml, .env or an option is wrong") \
    X(MIG_ERR_SECRET, "secret", 1, "a secret could not be resolved") \
    X(MIG_ERR_SYNTAX, "syntax", 1, "a migration file cannot be read") \
    X(MIG_ERR_MIGRATION, "migration", 1, "a migration file says something that cannot be run") \
    X(MIG_ERR_UNREACHABLE, "unreachable", 1, "no server answered; nothing was sent") \
    X(MIG_ERR_AUTH, "auth", 1, "the server refused the credentials") \
    X(MIG_ERR_DENIED, "denied", 1, "the database user lacks a right") \
    X(MIG_ERR_TLS, "tls", 1, "the TLS handshake failed") \
    X(MIG_ERR_WRONG_SERVER, "wrong-server", 1, "the server is not the one the configuration means") \
    X(MIG_ERR_TOO_OLD, "server-too-old", 1, "the server's version is below what is needed") \
    X(MIG_ERR_SERVER, "server", 1, "the server refused a command; its words follow") \
    X(MIG_ERR_STEP, "step-failed", 1, "a step of a migration failed") \
    X(MIG_ERR_UNKNOWN_OUTCOME, "unknown-outcome", 1, "the connection broke while a command was under way") \
    X(MIG_ERR_CANCELLED, "cancelled", 130, "the operator stopped it") \
    X(MIG_ERR_TIMEOUT, "timeout", 1, "a deadline passed") \
    X(MIG_ERR_PENDING, "pending", 2, "there is pending work, or an approval is needed") \
    X(MIG_ERR_LOCKED, "locked", 3, "another run holds the environment's lock") \
    X(MIG_ERR_INTEGRITY, "integrity", 4, "files and history disagree") \
    X(MIG_ERR_ORDER, "order", 4, "a migration is out of order or lacks a dependency") \
    X(MIG_ERR_STALE_PLAN, "stale-plan", 4, "the plan no longer describes what would run") \
    X(MIG_ERR_GATE, "gate", 5, "a gate of the environment is closed") \
    X(MIG_ERR_BACKUP, "backup", 6, "a backup failed") \
    X(MIG_ERR_USAGE, "usage", 64, "the command line is wrong") \
    X(MIG_ERR_FENCED, "fenced", 75, "another run took over; this one wrote nothing more") \
    X(MIG_ERR_INTERRUPTED, "interrupted", 130, "stopped by a signal")

enum mig_error_code {
#define X(code, name, status, text) code,
    MIG_ERROR_TABLE(X)
#undef X
        MIG_ERROR_CODES
};

#define MIG_ERROR_MESSAGE_MAX 1024
#define MIG_ERROR_HINT_MAX    512

/* message: one sentence, what happened (and, for input, FILE:LINE:COLUMN: first). hint: what to do next,
 * or "". server_code: the server's own error number when .code is MIG_ERR_SERVER or MIG_ERR_DENIED, else
 * 0. */
struct mig_error {
    enum mig_error_code code;
    int server_code;
    char message[MIG_ERROR_MESSAGE_MAX];
    char hint[MIG_ERROR_HINT_MAX];
};

#define MIG_MUST_CHECK         __attribute__((warn_unused_result))
#define MIG_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))

/* Fill err (NULL is accepted and ignored) and return false, so that `return mig_fail(err, …);` reads well.
 * The message is truncated to fit at a UTF-8 boundary; the hint is cleared. */
bool mig_fail(struct mig_error *err, enum mig_error_code code, const char *fmt, ...) MIG_PRINTF(3, 4);
bool mig_failv(struct mig_error *err, enum mig_error_code code, const char *fmt, va_list args)
    MIG_PRINTF(3, 0);

/* Set what to do next; keeps code and message. Returns false, as mig_fail does. */
bool mig_hint(struct mig_error *err, const char *fmt, ...) MIG_PRINTF(2, 3);

/* Put "context: " before the message; keeps code and hint. Returns false. */
bool mig_context(struct mig_error *err, const char *fmt, ...) MIG_PRINTF(2, 3);

void mig_error_clear(struct mig_error *err);

/* Stable name of a code as JSON shows it; the process's exit status for it; its meaning. Never NULL. */
const char *mig_error_name(enum mig_error_code code);
int mig_error_exit(enum mig_error_code code);
const char *mig_error_meaning(enum mig_error_code code);

#endif
