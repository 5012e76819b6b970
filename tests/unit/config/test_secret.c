/* References to secrets, and resolving them from a source that is not there. */
#include "config_support.h"

#include "base/mem.h"

/* A source that plays back what a test gives it. */
struct fake {
    const char *bytes;
    size_t len;
    bool fails;
    char asked[128]; /* the path or command it was asked for */
    struct variables variables;
};

static bool answer(struct fake *fake, const char *asked, struct mig_buf *out, struct mig_error *err)
{
    snprintf(fake->asked, sizeof fake->asked, "%s", asked);
    if (fake->fails)
        return mig_fail(err, MIG_ERR_IO, "no such file");
    mig_buf_add(out, fake->bytes, fake->len);
    return true;
}

static bool fake_read(void *ctx, const char *path, size_t max, struct mig_buf *out, struct mig_error *err)
{
    assert_int_equal(max, CFG_SECRET_MAX);
    return answer(ctx, path, out, err);
}

static bool fake_run(void *ctx, const char *command, int timeout_ms, struct mig_buf *out,
                     struct mig_error *err)
{
    assert_int_equal(timeout_ms, 10000);
    return answer(ctx, command, out, err);
}

static const char *fake_getenv(void *ctx, const char *name)
{
    struct fake *fake = ctx;
    return variable(&fake->variables, name);
}

static bool resolve(struct fake *fake, const char *text, struct cfg_secret *ret, struct mig_error *err)
{
    struct cfg_secret_source source = { fake_read, fake_run, fake_getenv, fake };
    struct cfg_secret_ref ref;
    const char *why;
    assert_true(cfg_secret_ref_parse(text, &ref, &why));
    ref.label = mig_strdup("uri of environment dev");
    bool ok = cfg_secret_resolve(&ref, &source, ret, err);
    cfg_secret_ref_done(&ref);
    return ok;
}

static void kinds_are_told_by_their_prefix(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum cfg_secret_kind kind;
        const char *rest;
        const char *shown;
    } rows[] = {
        { "mongodb://u:p@h/d", CFG_SECRET_LITERAL, "mongodb://u:p@h/d", "mongodb://h/d" },
        { "${X}", CFG_SECRET_ENV, "${X}", "${X}" },
        { "a${X}b${Y_2}", CFG_SECRET_ENV, "a${X}b${Y_2}", "***" },
        { "mongodb://u:${X}@h", CFG_SECRET_ENV, "mongodb://u:${X}@h", "mongodb://h" },
        { "$${X}", CFG_SECRET_LITERAL, "$${X}", "***" },
        { "$X", CFG_SECRET_LITERAL, "$X", "***" },
        { "file:/run/secrets/x", CFG_SECRET_FILE, "/run/secrets/x", "file:/run/secrets/x" },
        { "cmd:pass show ${X}", CFG_SECRET_CMD, "pass show ${X}", "cmd:***" },
        { "ssm:/a/b", CFG_SECRET_SSM, "/a/b", "ssm:/a/b" },
        { "secretsmanager:a", CFG_SECRET_SECRETSMANAGER, "a", "secretsmanager:a" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        struct cfg_secret_ref ref;
        const char *why;
        assert_true(cfg_secret_ref_parse(rows[i].text, &ref, &why));
        assert_int_equal(ref.kind, rows[i].kind);
        assert_string_equal(ref.text, rows[i].rest);
        MIG_AUTOBUF struct mig_buf shown;
        mig_buf_init(&shown, 1024);
        cfg_secret_ref_print(&ref, true, &shown);
        assert_string_equal(shown.text, rows[i].shown[0] == '*' ? "***" : rows[i].shown);
        cfg_secret_ref_done(&ref);
    }
}

static void malformed_references_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = { "${",      "${}",      "${X",   "a${1}", "${a b}",
                                         "${X:-y}", "x${${Y}}", "file:", "cmd:" };
    for (size_t i = 0; i < MIG_COUNT(texts); i++) {
        struct cfg_secret_ref ref = { 0 };
        const char *why = NULL;
        assert_false(cfg_secret_ref_parse(texts[i], &ref, &why));
        assert_non_null(why);
        assert_null(ref.text);
    }
}

static void variables_are_put_in(void **state)
{
    (void)state;
    static const char *const set[] = { "USER=me", "PW=p${USER}w", "EMPTY=", NULL };
    struct fake fake = { .variables = { set } };
    static const struct {
        const char *text;
        const char *secret;
    } rows[] = {
        { "${USER}", "me" },
        { "mongodb://${USER}:${PW}@h", "mongodb://me:p${USER}w@h" },
        { "$${USER}", "${USER}" },
        { "$$${USER}", "$${USER}" },
        { "$ $$ ${USER}$", "$ $$ me$" },
        { "literal", "literal" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        CFG_AUTOSECRET struct cfg_secret secret;
        struct mig_error err;
        assert_true(resolve(&fake, rows[i].text, &secret, &err));
        assert_string_equal(secret.text, rows[i].secret);
        assert_int_equal(secret.len, strlen(rows[i].secret));
    }
    CFG_AUTOSECRET struct cfg_secret secret;
    struct mig_error err;
    assert_false(resolve(&fake, "x${NONE}", &secret, &err));
    assert_string_equal(err.message, "uri of environment dev: NONE is not set");
    assert_int_equal(err.code, MIG_ERR_SECRET);
    assert_false(resolve(&fake, "x${EMPTY}", &secret, &err));
    assert_string_equal(err.message, "uri of environment dev: EMPTY is empty");
    assert_null(secret.text);
}

static void one_newline_is_taken_off(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        const char *secret;
    } rows[] = { { "s3cret", "s3cret" },
                 { "s3cret\n", "s3cret" },
                 { "s3cret\r\n", "s3cret" },
                 { "s3cret\n\n", "s3cret\n" } };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        struct fake fake = { .bytes = rows[i].bytes, .len = strlen(rows[i].bytes) };
        CFG_AUTOSECRET struct cfg_secret secret;
        CFG_AUTOSECRET struct cfg_secret printed;
        struct mig_error err;
        assert_true(resolve(&fake, "file:/x", &secret, &err));
        assert_string_equal(secret.text, rows[i].secret);
        assert_string_equal(fake.asked, "/x");
        assert_true(resolve(&fake, "cmd:print it", &printed, &err));
        assert_string_equal(printed.text, rows[i].secret);
        assert_string_equal(fake.asked, "print it");
    }
}

static void what_is_no_secret_is_refused(void **state)
{
    (void)state;
    static char large[CFG_SECRET_MAX + 2];
    memset(large, 'x', sizeof large);
    const struct {
        struct fake fake;
        const char *message;
    } rows[] = {
        { { .bytes = "", .len = 0 }, "uri of environment dev: it is empty" },
        { { .bytes = "\n", .len = 1 }, "uri of environment dev: it is empty" },
        { { .bytes = "a\0b", .len = 3 }, "uri of environment dev: it holds a NUL byte" },
        { { .bytes = large, .len = CFG_SECRET_MAX + 1 },
          "uri of environment dev: it is longer than 65536 bytes" },
        { { .bytes = large, .len = CFG_SECRET_MAX + 2 },
          "uri of environment dev: it is longer than 65536 bytes" },
        { { .fails = true }, "uri of environment dev: no such file" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        struct fake fake = rows[i].fake;
        struct cfg_secret secret;
        struct mig_error err;
        assert_false(resolve(&fake, "file:/x", &secret, &err));
        assert_string_equal(err.message, rows[i].message);
        assert_int_equal(err.code, MIG_ERR_SECRET);
        assert_null(secret.text);
    }
    struct fake fake = { .bytes = large, .len = CFG_SECRET_MAX };
    CFG_AUTOSECRET struct cfg_secret secret;
    struct mig_error err;
    assert_true(resolve(&fake, "file:/x", &secret, &err));
    assert_false(resolve(&fake, "ssm:/x", &secret, &err));
    assert_string_equal(err.message, "uri of environment dev: ssm: secrets need a later version");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_are_told_by_their_prefix), cmocka_unit_test(malformed_references_are_refused),
        cmocka_unit_test(variables_are_put_in),           cmocka_unit_test(one_newline_is_taken_off),
        cmocka_unit_test(what_is_no_secret_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
