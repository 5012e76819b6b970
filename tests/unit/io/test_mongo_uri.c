/* Connection strings: raised where they are weak, refused where the driver fails without a reason, never
 * shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/mongo.h"
#include "io/mongo_store.h"
#include "io/mongo_uri.h"

static const struct io_mongo_limits no_limits;

static void assert_raised(const char *uri, const char *expected)
{
    struct io_mongo_uri parsed;
    struct mig_error err = { 0 };
    if (!io_mongo_uri_parse(uri, "migtui", &no_limits, &parsed, &err))
        fail_msg("%s: %s", uri, err.message);
    assert_string_equal(parsed.raised, expected);
    /* Whatever was asked for, the driver itself adds nothing: each command brings its concerns. */
    const mongoc_write_concern_t *concern = mongoc.uri_get_write_concern(parsed.uri);
    assert_int_equal(mongoc.write_concern_get_w(concern), MONGOC_WRITE_CONCERN_W_DEFAULT);
    assert_false(mongoc.write_concern_journal_is_set(concern));
    assert_null(mongoc.read_concern_get_level(mongoc.uri_get_read_concern(parsed.uri)));
    assert_int_equal(mongoc.read_prefs_get_mode(mongoc.uri_get_read_prefs_t(parsed.uri)),
                     MONGOC_READ_PRIMARY);
    assert_true(mongoc.uri_get_option_as_bool(parsed.uri, MONGOC_URI_RETRYWRITES, false));
    io_mongo_uri_done(&parsed);
}

static void weak_options_are_raised_and_named(void **state)
{
    (void)state;
    assert_raised("mongodb://h", "");
    assert_raised("mongodb://h/?w=majority&journal=true&retryWrites=true&readConcernLevel=majority"
                  "&readPreference=primary&appName=shell",
                  "");
    assert_raised("mongodb://h/?w=1", "w=1 is raised to majority");
    assert_raised("mongodb://h/?w=0", "w=0 is raised to majority");
    assert_raised("mongodb://h/?w=eu", "w=eu is replaced by majority");
    assert_raised("mongodb://h/?journal=false", "journal=false is raised to true");
    assert_raised("mongodb://h/?retryWrites=false", "retryWrites=false is raised to true");
    assert_raised("mongodb://h/?readConcernLevel=local", "readConcernLevel=local is replaced by majority");
    assert_raised("mongodb://h/?readPreference=nearest", "readPreference=nearest is replaced by primary");
    assert_raised("mongodb://h/?socketTimeoutMS=2000", "socketTimeoutMS=2000 is raised to 30000");
    assert_raised("mongodb://h/?tls=true&tlsInsecure=true",
                  "the server's certificate is not checked, as the connection string asks");
    assert_raised("mongodb://h/?w=1&readPreference=secondary",
                  "w=1 is raised to majority; readPreference=secondary is replaced by primary");
}

static void options_that_the_driver_drops_are_named(void **state)
{
    (void)state;
    assert_raised("mongodb://h/?tlsCaFil=x", "option tlsCaFil has no effect; did you mean tlsCAFile?");
    assert_raised("mongodb://h/?timeoutMS=5&TLS=false", "option timeoutMS has no effect with this driver");
    assert_raised("mongodb://h/?x\x1b[31m=1", "option x\\x1b[31m has no effect with this driver");
}

static void limits_have_defaults_and_bounds(void **state)
{
    (void)state;
    struct io_mongo_uri parsed;
    struct mig_error err;
    struct io_mongo_limits asked = { .connect_ms = 2000, .select_ms = 1000, .socket_ms = 60000 };
    assert_true(io_mongo_uri_parse("mongodb://h/db", NULL, &no_limits, &parsed, &err));
    assert_int_equal(parsed.limits.connect_ms, 5000);
    assert_int_equal(parsed.limits.select_ms, 5000);
    assert_int_equal(parsed.limits.socket_ms, 30000);
    assert_string_equal(parsed.database, "db");
    io_mongo_uri_done(&parsed);

    assert_true(io_mongo_uri_parse("mongodb://h/?connectTimeoutMS=1&serverSelectionTimeoutMS=99999999", NULL,
                                   &asked, &parsed, &err));
    assert_int_equal(parsed.limits.connect_ms, 100);
    assert_int_equal(parsed.limits.select_ms, 600000);
    assert_int_equal(parsed.limits.socket_ms, 60000);
    assert_string_equal(parsed.database, "");
    io_mongo_uri_done(&parsed);
}

static void the_application_name_fits_the_server(void **state)
{
    (void)state;
    char name[200];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    struct io_mongo_uri parsed;
    struct mig_error err;
    assert_true(io_mongo_uri_parse("mongodb://h/?appName=theirs", name, &no_limits, &parsed, &err));
    assert_int_equal(strlen(mongoc.uri_get_option_as_utf8(parsed.uri, MONGOC_URI_APPNAME, "")), 128);
    io_mongo_uri_done(&parsed);
}

static void assert_refused(const char *uri, enum mig_error_code code, const char *message)
{
    struct io_mongo_uri parsed;
    struct mig_error err = { 0 };
    if (io_mongo_uri_parse(uri, "migtui", &no_limits, &parsed, &err))
        fail_msg("accepted: %s", uri);
    assert_int_equal(err.code, code);
    if (!strstr(err.message, message))
        fail_msg("expected \"%s\" in \"%s\"", message, err.message);
    assert_null(strstr(err.message, "s3cret"));
    assert_null(strstr(err.hint, "s3cret"));
    assert_null(parsed.uri);
}

static void broken_strings_are_refused_without_their_secrets(void **state)
{
    (void)state;
    assert_refused("", MIG_ERR_CONFIG, "empty");
    assert_refused("s3cret", MIG_ERR_CONFIG, "");
    assert_refused("postgres://u:s3cret@h/db", MIG_ERR_CONFIG, "");
    assert_refused("mongodb://u:s3cret@h:port/db", MIG_ERR_CONFIG, "");
    assert_refused("mongodb://u:s3cret%zz@h/db", MIG_ERR_CONFIG, "");
    assert_refused("mongodb://u:s3cret@h/db?authMechanism=NOPE", MIG_ERR_CONFIG, "NOPE");
    assert_refused("mongodb://h1,h2/?directConnection=true", MIG_ERR_CONFIG, "");
}

/* The driver takes "cret" for a host here, tries to resolve it, and says so. */
static void a_password_that_is_not_escaped_is_not_taken_for_a_host(void **state)
{
    (void)state;
    assert_refused("mongodb://u:p@s3cret@h/db", MIG_ERR_CONFIG, "percent-encoded");
    assert_refused("mongodb://u:p/s3cret@h/db", MIG_ERR_CONFIG, "percent-encoded");
    assert_refused("mongodb://u:p?s3cret@h/db", MIG_ERR_CONFIG, "percent-encoded");
    assert_raised("mongodb://u:p%40s3cret@h/db?appName=me@here", "");
    assert_raised("mongodb://h/db?appName=me@here", "");
}

static void a_user_needs_a_password(void **state)
{
    (void)state;
    assert_refused("mongodb://u:@h/db", MIG_ERR_CONFIG, "without a password");
    assert_refused("mongodb://u@h/db", MIG_ERR_CONFIG, "without a password");
    assert_raised("mongodb://CN%3Dme@h/?authMechanism=MONGODB-X509&tls=true", "");
}

static void files_that_are_missing_are_named(void **state)
{
    (void)state;
    assert_refused("mongodb://h/?tls=true&tlsCAFile=/nonexistent/ca.pem", MIG_ERR_TLS, "/nonexistent/ca.pem");
    assert_refused("mongodb://h/?tls=true&tlsCertificateKeyFile=/nonexistent/key.pem", MIG_ERR_TLS,
                   "/nonexistent/key.pem");
}

static void a_store_needs_a_database(void **state)
{
    (void)state;
    struct mig_store *store = NULL;
    struct mig_error err;
    struct io_mongo_options options = { .uri = "mongodb://u:s3cret@h" };
    assert_false(io_mongo_open(&options, &store, &err));
    assert_int_equal(err.code, MIG_ERR_CONFIG);
    assert_null(strstr(err.message, "s3cret"));
    options.database = "a/b";
    assert_false(io_mongo_open(&options, &store, &err));
    options.uri = "mongodb://u:s3cret@h/of_the_path";
    options.database = "";
    assert_true(io_mongo_open(&options, &store, &err));
    assert_string_equal(store->database, "of_the_path");
    assert_null(strstr(io_mongo_redacted(store), "s3cret"));
    store->ops->close(store);
    options.database = "of_the_environment";
    assert_true(io_mongo_open(&options, &store, &err));
    assert_string_equal(store->database, "of_the_environment");
    store->ops->close(store);
}

static int start(void **state)
{
    (void)state;
    struct mig_error err;
    io_mongo_init();
    return io_mongo_load(&err) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    return io_mongo_cleanup(10000) ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weak_options_are_raised_and_named),
        cmocka_unit_test(options_that_the_driver_drops_are_named),
        cmocka_unit_test(limits_have_defaults_and_bounds),
        cmocka_unit_test(the_application_name_fits_the_server),
        cmocka_unit_test(broken_strings_are_refused_without_their_secrets),
        cmocka_unit_test(a_password_that_is_not_escaped_is_not_taken_for_a_host),
        cmocka_unit_test(a_user_needs_a_password),
        cmocka_unit_test(files_that_are_missing_are_named),
        cmocka_unit_test(a_store_needs_a_database),
    };
    return cmocka_run_group_tests(tests, start, end);
}
