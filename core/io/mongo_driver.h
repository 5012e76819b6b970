/* mongo_driver.h - the functions of libmongoc that we use, in a library that is loaded when the first of them is wanted.
 *
 * Debian's libmongoc starts itself before main runs: TLS, eight SASL plugins, a file of counters. That is more than half of
 * what `migtui version`, a completion, or the console's first frame would take, and none of them asks a server. So the
 * program is not linked with it; opening a store loads it.
 * A function that is used and not listed does not compile; one called by its own name does not link.
 */
#ifndef MIG_IO_MONGO_DRIVER_H
#define MIG_IO_MONGO_DRIVER_H

#include <mongoc/mongoc.h>
#include <stdbool.h>

#include "base/err.h"

/* clang-format off */
#define IO_MONGOC_FUNCTIONS(X) \
    X(apm_callbacks_destroy) X(apm_callbacks_new) X(apm_command_failed_get_context) \
    X(apm_command_started_get_context) X(apm_command_started_get_host) \
    X(apm_command_started_get_server_id) X(apm_command_succeeded_get_context) \
    X(apm_server_closed_get_context) X(apm_server_opening_get_context) X(apm_set_command_failed_cb) \
    X(apm_set_command_started_cb) X(apm_set_command_succeeded_cb) X(apm_set_server_closed_cb) \
    X(apm_set_server_opening_cb) X(cleanup) X(client_pool_destroy) X(client_pool_new_with_error) \
    X(client_pool_pop) X(client_pool_push) X(client_pool_set_apm_callbacks) X(client_pool_set_error_api) \
    X(client_select_server) X(client_session_advance_operation_time) X(client_session_append) \
    X(client_session_commit_transaction) X(client_session_destroy) X(client_session_get_lsid) \
    X(client_session_in_transaction) X(client_session_start_transaction) X(client_set_stream_initiator) \
    X(client_start_session) X(client_write_command_with_opts) X(error_has_label) X(init) \
    X(log_set_handler) X(read_concern_destroy) X(read_concern_get_level) X(read_concern_new) \
    X(read_concern_set_level) X(read_prefs_destroy) X(read_prefs_get_mode) X(read_prefs_new) \
    X(server_description_destroy) X(server_description_type) X(session_opts_destroy) X(session_opts_new) \
    X(session_opts_set_causal_consistency) X(stream_destroy) X(stream_flush) \
    X(stream_read) X(stream_tls_handshake_block) X(stream_tls_new_with_hostname) X(stream_write) \
    X(transaction_opts_destroy) X(transaction_opts_new) X(transaction_opts_set_read_concern) \
    X(transaction_opts_set_read_prefs) X(transaction_opts_set_write_concern) X(uri_copy) X(uri_destroy) \
    X(uri_get_auth_mechanism) X(uri_get_database) X(uri_get_hosts) X(uri_get_option_as_bool) \
    X(uri_get_option_as_int32) X(uri_get_option_as_utf8) X(uri_get_password) X(uri_get_read_concern) \
    X(uri_get_read_prefs_t) X(uri_get_replica_set) X(uri_get_string) X(uri_get_tls) X(uri_get_username) \
    X(uri_get_write_concern) X(uri_has_option) X(uri_new_with_error) X(uri_set_appname) \
    X(uri_set_option_as_bool) X(uri_set_option_as_int32) X(uri_set_read_concern) X(uri_set_read_prefs_t) \
    X(uri_set_write_concern) X(write_concern_destroy) X(write_concern_get_journal) \
    X(write_concern_get_w) X(write_concern_get_wtag) X(write_concern_journal_is_set) \
    X(write_concern_new) X(write_concern_set_journal) X(write_concern_set_wmajority)
/* clang-format on */

struct io_mongoc {
#define IO_MONGOC_FIELD(name) __typeof__(mongoc_##name) *name;
    IO_MONGOC_FUNCTIONS(IO_MONGOC_FIELD)
#undef IO_MONGOC_FIELD
};

/* Filled once, by io_mongo_load (mongo.h), before anybody reads it. */
extern struct io_mongoc mongoc;

/* Load the library, and fill the table; io_mongo_load's, which sees to it that nobody else does. False: MIG_ERR_IO, with the
 * package to install. */
bool io_mongo_find(struct mig_error *err) MIG_MUST_CHECK;

#endif
