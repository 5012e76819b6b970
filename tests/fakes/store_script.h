/* store_script.h - a mig_store that plays a script: which commands must come, in order, and what each is
 * answered.
 *
 * A command that is not the next of the script fails the running cmocka test, and so does a script that is
 * not played to its end. JSON is written with ' for ". Calls may come from several threads.
 */
#ifndef MIG_TESTS_STORE_SCRIPT_H
#define MIG_TESTS_STORE_SCRIPT_H

#include "ports/store.h"

struct store_script;

struct store_script *store_script_new(const char *database);
/* Fails the test when lines of the script were not used. */
void store_script_end(struct store_script *script);

struct mig_store *store_script_store(struct store_script *script);

/* The next command must begin with wanted's first member and hold all its members with equal values; it may
 * hold others. The reply's ok decides between OK and REFUSED; {} is taken for {'ok': 1}. For query(), the
 * reply's cursor is told to its opened(), and cursor.firstBatch is fed; a refusal's code is the error's. */
void script_reply(struct store_script *script, const char *wanted, const char *reply);
/* The same without a reply: UNKNOWN, NOT_SENT, or any with an error and labels. */
void script_lose(struct store_script *script, const char *wanted, enum mig_outcome outcome,
                 enum mig_error_code code, unsigned labels);
/* The line just added: its reply waits until the line after it was used. */
void script_hold(struct store_script *script);
/* The line just added: it may be used more than once. */
void script_repeat(struct store_script *script);

/* How the last command was sent. */
struct script_call {
    bool admin, write, long_running, no_concern, txn;
    int64_t max_time_ms;
    bson_t *command;
};
const struct script_call *script_last(const struct store_script *script);

/* How often it was cancelled. */
int script_cancels(struct store_script *script);

/* Any transaction of this store: beginning and aborting one are no lines of the script, committing it is {'commitTransaction': 1}. */
struct mig_txn *script_txn(void);

#endif
