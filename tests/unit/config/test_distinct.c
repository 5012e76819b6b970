/* Two environments must not be one database. */
#include "config_support.h"

static bool distinct(const char *a, const char *a_database, const char *b, const char *b_database,
                     struct mig_error *err)
{
    const struct cfg_target targets[] = { { "other", "mongodb://elsewhere", "shop" },
                                          { "test", a, a_database },
                                          { "prod", b, b_database } };
    return cfg_check_distinct(targets, MIG_COUNT(targets), err);
}

static void the_same_hosts_and_database_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *a;
        const char *b;
        const char *host;
    } rows[] = {
        { "mongodb://h", "mongodb://h", "h:27017" },
        { "mongodb://u:p@h", "mongodb://other:secret@h:27017/admin?tls=true", "h:27017" },
        { "mongodb://H.Example.COM.", "mongodb://h.example.com/", "h.example.com:27017" },
        { "mongodb://a:1,b:2", "mongodb://b:2,a:1/?replicaSet=rs0", "a:1" },
        { "mongodb://a:1,b:2", "mongodb://c:3,b:2", "b:2" },
        { "mongodb+srv://cluster.example.com", "mongodb+srv://me:x@Cluster.example.com/db",
          "cluster.example.com (srv)" },
        { "mongodb://[::1]", "mongodb://[::1]:27017", "[::1]:27017" },
        { "mongodb://u:p@w@h", "mongodb://h", "h:27017" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        struct mig_error err;
        char message[256];
        assert_false(distinct(rows[i].a, "shop", rows[i].b, "shop", &err));
        snprintf(message, sizeof message, "test and prod are one database: shop on %s", rows[i].host);
        assert_string_equal(err.message, message);
        assert_int_equal(err.code, MIG_ERR_CONFIG);
        assert_true(distinct(rows[i].a, "shop", rows[i].b, "shop2", &err));
    }
}

static void others_are_let_pass(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        { "mongodb://h", "mongodb://h2" },    { "mongodb://h:1", "mongodb://h:2" },
        { "mongodb://h", "mongodb+srv://h" }, { "mongodb://", "mongodb://" },
        { "nonsense", "nonsense" },           { "", "" },
        { "mongodb://,,", "mongodb://,:" },
    };
    for (size_t i = 0; i < MIG_COUNT(pairs); i++) {
        struct mig_error err = { 0 };
        assert_true(distinct(pairs[i][0], "shop", pairs[i][1], "shop", &err));
    }
    assert_true(cfg_check_distinct(NULL, 0, NULL));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_hosts_and_database_are_refused),
        cmocka_unit_test(others_are_let_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
