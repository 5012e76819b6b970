/* Files into migrations: names, top members, digests, order, dependencies; and every problem at its place, with the
 * others going on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/rows.h"
#include "engine/catalog.h"

#define STEP               "{\"id\": \"s\", \"manual\": {\"text\": \"x\"}}"
#define FILE_WITH(members) "{\"migtui\": 1, \"title\": \"t\"" members ", \"up\": [" STEP "]}"
#define PLAIN              FILE_WITH("")

static struct mig_file file_of(const char *name, const char *text)
{
    return (struct mig_file){ name, text, strlen(text) };
}

static struct mig_migration parsed(const char *name, const char *text, unsigned flags)
{
    struct mig_file file = file_of(name, text);
    struct mig_migration migration;
    struct mig_error err;
    if (!mig_migration_parse(&file, NULL, flags, &migration, &err))
        fail_msg("%s", err.message);
    return migration;
}

/* ---- a catalog in hand ---- */

struct world {
    struct mig_catalog *catalog;
    struct mig_problems problems;
};

static struct world build(const struct mig_file *files, size_t count)
{
    struct world w = { 0 };
    w.catalog = mig_catalog_build("migrations", files, count, NULL, NULL, 0, &w.problems);
    return w;
}

static void done(struct world *w)
{
    mig_catalog_free(w->catalog);
    mig_problems_done(&w->problems);
}

static void expect_problems(const struct world *w, const char *const *messages, size_t count)
{
    for (size_t i = 0; i < count && i < w->problems.count; i++) {
        assert_string_equal(w->problems.items[i].message, messages[i]);
        assert_true(*w->problems.items[i].hint);
    }
    assert_int_equal(w->problems.count, count);
}

/* ---- one file ---- */

static void a_file_becomes_a_migration(void **state)
{
    (void)state;
    static const char text[] =
        "// first\n{\n \"$schema\": \"x\",\n \"migtui\": 1, \"title\": \"split \\u001b name\",\n"
        " \"depends\": [\"7\"], \"requires\": {\"server\": \">=4.4\", \"topology\": \"sharded\"},\n"
        " \"up\": [" STEP ", {\"id\": \"two\", \"dropCollection\": {\"collection\": \"c\"}}],\n"
        " \"down\": [" STEP "],\n}\n";
    struct mig_migration m = parsed("0020_split-full.name.jsonc", text, MIG_CATALOG_KEEP_TEXT);
    assert_string_equal(m.version, "0020");
    assert_string_equal(m.slug, "split-full.name");
    assert_string_equal(m.title, "split \\x1b name");
    assert_string_equal(m.file, "0020_split-full.name.jsonc");
    assert_null(m.down_file);
    assert_string_equal(m.text, text);
    assert_int_equal(m.text_len, sizeof text - 1);
    assert_int_equal(m.depends_count, 1);
    assert_string_equal(m.depends[0], "7");
    assert_string_equal(m.requires_server, ">=4.4");
    assert_string_equal(m.requires_topology, "sharded");
    assert_int_equal(m.up_count, 2);
    assert_string_equal(m.up[1].id, "two");
    assert_true(m.has_down);
    assert_int_equal(m.down_count, 1);
    assert_null(m.irreversible);
    mig_migration_done(&m);
}

static void down_may_say_that_there_is_no_way_back(void **state)
{
    (void)state;
    struct mig_migration m =
        parsed("1_a.json", FILE_WITH(", \"down\": {\"irreversible\": \"drops data\"}"), 0);
    assert_string_equal(m.irreversible, "drops data");
    assert_false(m.has_down);
    assert_null(m.text);
    mig_migration_done(&m);
    m = parsed("1_a.json", FILE_WITH(", \"down\": []"), 0);
    assert_false(m.has_down);
    assert_null(m.irreversible);
    mig_migration_done(&m);
}

static void only_a_join_of_two_heads_has_no_steps(void **state)
{
    (void)state;
    struct mig_migration m = parsed(
        "3_join.jsonc", "{\"migtui\": 1, \"title\": \"join\", \"depends\": [\"1\", \"2\"], \"up\": []}", 0);
    assert_int_equal(m.up_count, 0);
    assert_int_equal(m.depends_count, 2);
    mig_migration_done(&m);
}

struct refused {
    const char *text;
    const char *message;
    enum mig_error_code code;
};

static void refuse_all(const char *name, const struct refused *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct mig_file file = file_of(name, rows[i].text);
        struct mig_migration migration;
        struct mig_error err = { 0 };
        if (mig_migration_parse(&file, NULL, 0, &migration, &err))
            fail_msg("accepted: %s", rows[i].text);
        if (strcmp(err.message, rows[i].message) != 0)
            fail_msg("%s\n  said     %s\n  expected %s", rows[i].text, err.message, rows[i].message);
        assert_int_equal(err.code, rows[i].code ? rows[i].code : MIG_ERR_MIGRATION);
        assert_true(*err.hint || err.code == MIG_ERR_SYNTAX);
    }
}

static void top_members_are_checked(void **state)
{
    (void)state;
    static const struct refused rows[] = {
        { "{}", "1_a.jsonc:1:1: a migration has no \"migtui\"", 0 },
        { "\n [1]", "1_a.jsonc:2:2: an array; expected an object with \"migtui\": 1", 0 },
        { "{\"title\": \"t\",\n \"migtui\": 2, \"steps\": []}",
          "1_a.jsonc:2:2: this file wants format 2, this migtui knows 1", 0 },
        { "{\"migtui\": \"1\"}", "1_a.jsonc:1:2: migtui is a text; expected a whole number", 0 },
        { "{\"migtui\": 1}", "1_a.jsonc:1:1: a migration has no \"title\"", 0 },
        { "{\"migtui\": 1, \"title\": \"t\"}", "1_a.jsonc:1:1: a migration has no \"up\"", 0 },
        { "{\"migtui\": 1, \"title\": \"t\", \"up\": []}", "1_a.jsonc:1:29: there are no steps yet", 0 },
        { "{\"migtui\": 1, \"title\": \" \", \"up\": []}",
          "1_a.jsonc:1:15: the title has 1 characters, all of them blank; expected 1 to 200", 0 },
        { "{\"migtui\": 1, \"title\": \"\", \"up\": []}",
          "1_a.jsonc:1:15: title has 0 bytes; expected 1 to 800", 0 },
        { FILE_WITH(", \"titl\": 1"),
          "1_a.jsonc:1:29: unknown member \"titl\" in a migration; did you mean \"title\"?", 0 },
        { FILE_WITH(", \"depends\": [\"1\", \"1a\"]"),
          "1_a.jsonc:1:46: depends is \"1a\"; expected the version of a migration: 1 to 20 digits", 0 },
        { FILE_WITH(", \"depends\": \"1\""), "1_a.jsonc:1:29: depends is a text; expected an array", 0 },
        { FILE_WITH(", \"requires\": {\"server\": \"4.4\"}"),
          "1_a.jsonc:1:42: server is \"4.4\"; expected >= and a major and minor version, as \">=4.4\"", 0 },
        { FILE_WITH(", \"requires\": {\"server\": \">=4.4.1\"}"),
          "1_a.jsonc:1:42: server is \">=4.4.1\"; expected >= and a major and minor version, as \">=4.4\"",
          0 },
        { FILE_WITH(", \"requires\": {\"topology\": \"replset\"}"),
          "1_a.jsonc:1:42: topology is \"replset\"; expected replicaset, sharded or standalone", 0 },
        { FILE_WITH(", \"down\": {\"reversible\": \"x\"}"),
          "1_a.jsonc:1:38: unknown member \"reversible\" in down; did you mean \"irreversible\"?", 0 },
        { FILE_WITH(", \"down\": [{\"id\": \"x\"}]"), "1_a.jsonc:1:38: down[0] \"x\": the step has no kind",
          0 },
    };
    refuse_all("1_a.jsonc", rows, MIG_COUNT(rows));
    MIG_AUTOFREE char *letters = mig_alloc(403);
    for (int i = 0; i < 201; i++)
        memcpy(letters + i * 2, "é", 2);
    MIG_AUTOFREE char *text = mig_printf("{\"migtui\": 1, \"title\": \"%s\", \"up\": []}", letters);
    const struct refused long_title = { text,
                                        "1_a.jsonc:1:15: the title has 201 characters; expected 1 to 200",
                                        0 };
    refuse_all("1_a.jsonc", &long_title, 1);
}

static void what_cannot_be_read_is_told_at_its_place(void **state)
{
    (void)state;
    static const struct refused rows[] = {
        { "{\"migtui\": 1,\n /* open", "1_a.jsonc:2:2: the comment is not closed; expected */",
          MIG_ERR_SYNTAX },
        { "{\"migtui\": 1,\n \"up\": [],\n \"up\": []}",
          "1_a.jsonc:3:2: the key \"up\" is twice in this object, first at 2:2; expected each key once",
          MIG_ERR_SYNTAX },
        { "{\"migtui\": 1,\n \"a\": 18446744073709551616}",
          "1_a.jsonc:2:7: an integer that 64 bits cannot hold; expected -9223372036854775808 to 9223372036854775807",
          MIG_ERR_SYNTAX },
        { "{\"migtui\": 1,\n NaN: 1}", "1_a.jsonc:2:2: unexpected 'N'; expected a key in double quotes",
          MIG_ERR_SYNTAX },
        { "{\"migtui\": 1,\n \"a\": NaN}", NULL, MIG_ERR_SYNTAX },
        { "{\"migtui\": 1,\n \"é\": \"\xff\"}",
          "1_a.jsonc:2:8: byte 0xFF at offset 22 is not UTF-8; expected UTF-8", MIG_ERR_SYNTAX },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        struct mig_file file = file_of("1_a.jsonc", rows[i].text);
        struct mig_migration migration;
        struct mig_error err = { 0 };
        assert_false(mig_migration_parse(&file, NULL, 0, &migration, &err));
        assert_int_equal(err.code, MIG_ERR_SYNTAX);
        if (rows[i].message)
            assert_string_equal(err.message, rows[i].message);
        else
            assert_ptr_equal(strstr(err.message, "1_a.jsonc:2:7: "), err.message);
    }
}

static void what_is_too_large_or_too_deep_is_told_at_its_place(void **state)
{
    (void)state;
    const size_t size = 17 * 1000 * 1000;
    struct mig_migration migration;
    struct mig_error err;
    char *large = mig_alloc(size);
    memset(large, ' ', size);
    struct mig_file file = { "1_a.jsonc", large, size };
    assert_false(mig_migration_parse(&file, NULL, 0, &migration, &err));
    assert_string_equal(err.message, "1_a.jsonc:1:1: the file is too large; expected at most 15728640 bytes");
    assert_int_equal(err.code, MIG_ERR_LIMIT);
    free(large);

    MIG_AUTOBUF struct mig_buf deep;
    mig_buf_init(&deep, 100000);
    mig_buf_str(&deep, "{\"migtui\": 1,\n\"a\": ");
    mig_buf_fill(&deep, '[', 1000);
    mig_buf_fill(&deep, ']', 1000);
    mig_buf_str(&deep, "}");
    file = (struct mig_file){ "1_a.jsonc", deep.text, deep.len };
    assert_false(mig_migration_parse(&file, NULL, 0, &migration, &err));
    assert_string_equal(err.message, "1_a.jsonc:2:95: nested deeper than 90 levels; expected fewer");
}

/* ---- names ---- */

static void names_tell_what_is_a_migration(void **state)
{
    (void)state;
    const struct mig_file files[] = {
        file_of("README.md", "x"),
        file_of("migtui.sum", "x"),
        file_of(".1_hidden.jsonc", "x"),
        file_of("seed.js", "x"),
        file_of("11_other-tool.js", "x"),
        file_of("11_a.jsonc~", PLAIN),
        file_of("11_a.jsonc.bak", PLAIN),
        file_of("notes-of-2026.txt", "x"),
        file_of("00000000000000000001_twenty-digits.jsonc", PLAIN),
        file_of("2_émigré.json", PLAIN),
        file_of("package.json", "{}"),
        file_of("3.jsonc", PLAIN),
        file_of("3_.jsonc", PLAIN),
        file_of("123456789012345678901_x.jsonc", PLAIN),
        file_of("4_a b.jsonc", PLAIN),
        file_of("5_\x1b.jsonc", PLAIN),
        file_of("6_\xff.jsonc", PLAIN),
        file_of("7_a\u202e.jsonc", PLAIN),
        file_of("8-x.jsonc", PLAIN),
        file_of("9_a{.jsonc", PLAIN),
        file_of("10_a~aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.jsonc", PLAIN),
        file_of("12_slip.josnc", PLAIN),
        file_of("12_slip.JSON", PLAIN),
        file_of("12_no-end", PLAIN),
    };
    static const char *const messages[] = {
        "package.json:1:1: the name is not VERSION_NAME.jsonc",
        "3.jsonc:1:1: the name is not VERSION_NAME.jsonc",
        "3_.jsonc:1:1: the name is not VERSION_NAME.jsonc",
        "123456789012345678901_x.jsonc:1:1: the name is not VERSION_NAME.jsonc",
        "4_a b.jsonc:1:1: the name is not VERSION_NAME.jsonc",
        "5_\\x1b.jsonc:1:1: the name is not VERSION_NAME.jsonc",
        "6_\\xff.jsonc:1:1: the name is not VERSION_NAME.jsonc",
        "7_a\\u{202e}.jsonc:1:1: the name is not VERSION_NAME.jsonc",
        "8-x.jsonc:1:1: the name is not VERSION_NAME.jsonc",
        "9_a{.jsonc:1:1: the name is not VERSION_NAME.jsonc",
        "10_a~aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.jsonc:1:1: the name is not VERSION_NAME.jsonc",
        "12_slip.josnc:1:1: the name is not VERSION_NAME.jsonc",
        "12_slip.JSON:1:1: the name is not VERSION_NAME.jsonc",
        "12_no-end:1:1: the name is not VERSION_NAME.jsonc",
    };
    struct world w = build(files, MIG_COUNT(files));
    expect_problems(&w, messages, MIG_COUNT(messages));
    assert_int_equal(w.catalog->count, 2);
    assert_string_equal(w.catalog->dir, "migrations");
    assert_string_equal(w.catalog->items[0].slug, "twenty-digits");
    done(&w);
}

static void migrations_are_ordered_by_number(void **state)
{
    (void)state;
    const struct mig_file files[] = { file_of("10_c.jsonc", PLAIN), file_of("9_b.jsonc", PLAIN),
                                      file_of("20260101000000_d.jsonc", PLAIN),
                                      file_of("002_a.jsonc", PLAIN) };
    struct world w = build(files, MIG_COUNT(files));
    expect_problems(&w, NULL, 0);
    static const char *const slugs[] = { "a", "b", "c", "d" };
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(w.catalog->items[i].slug, slugs[i]);
    assert_string_equal(mig_catalog_find(w.catalog, "2")->slug, "a");
    done(&w);
}

static void a_bad_file_does_not_hide_the_others(void **state)
{
    (void)state;
    const struct mig_file files[] = { file_of("1_a.jsonc", "{"), file_of("2_b.jsonc", PLAIN),
                                      file_of("3_c.jsonc", "{}") };
    static const char *const messages[] = {
        "1_a.jsonc:1:2: the text ends; expected a key in double quotes or '}'",
        "3_c.jsonc:1:1: a migration has no \"migtui\"",
    };
    struct world w = build(files, MIG_COUNT(files));
    assert_int_equal(w.problems.count, 2);
    assert_string_equal(w.problems.items[0].message, messages[0]);
    assert_string_equal(w.problems.items[1].message, messages[1]);
    assert_int_equal(w.catalog->count, 1);
    done(&w);
}

static void the_same_version_twice_names_both(void **state)
{
    (void)state;
    const struct mig_file files[] = { file_of("1_b.jsonc", PLAIN), file_of("01_a.jsonc", PLAIN),
                                      file_of("1_c.up.json", "[]") };
    static const char *const messages[] = {
        "1_b.jsonc:1:1: version 1 is also that of 01_a.jsonc",
        "1_c.up.json:1:1: version 1 is also that of 01_a.jsonc",
    };
    struct world w = build(files, MIG_COUNT(files));
    expect_problems(&w, messages, MIG_COUNT(messages));
    assert_int_equal(w.catalog->count, 1);
    done(&w);
}

/* ---- dependencies ---- */

static void a_dependency_must_be_there(void **state)
{
    (void)state;
    const struct mig_file files[] = { file_of("1_a.jsonc", PLAIN),
                                      file_of("2_b.jsonc",
                                              "{\"migtui\": 1, \"title\": \"t\",\n \"depends\": [\"01\",\n"
                                              "  \"7\"], \"up\": [" STEP "]}") };
    static const char *const messages[] = { "2_b.jsonc:3:3: depends on 7, which is not here" };
    struct world w = build(files, MIG_COUNT(files));
    expect_problems(&w, messages, 1);
    assert_int_equal(w.problems.items[0].code, MIG_ERR_ORDER);
    assert_int_equal(w.catalog->count, 2);
    done(&w);
}

static void a_cycle_in_depends_is_named(void **state)
{
    (void)state;
    const struct mig_file files[] = {
        file_of("1_a.jsonc", FILE_WITH(", \"depends\": [\"4\"]")),
        file_of("2_b.jsonc", FILE_WITH(", \"depends\": [\"1\"]")),
        file_of("3_c.jsonc", FILE_WITH(", \"depends\": [\"3\"]")),
        file_of("4_d.jsonc", FILE_WITH(",\n\"depends\": [\"2\", \"3\"]")),
        file_of("5_e.jsonc", FILE_WITH(", \"depends\": [\"4\", \"1\"]")),
    };
    static const char *const messages[] = {
        "2_b.jsonc:1:41: a cycle in depends: 1 → 4 → 2 → 1",
        "3_c.jsonc:1:41: a cycle in depends: 3 → 3",
    };
    struct world w = build(files, MIG_COUNT(files));
    expect_problems(&w, messages, MIG_COUNT(messages));
    assert_int_equal(w.catalog->count, 5);
    done(&w);
}

static void many_that_depend_in_a_row_are_no_recursion(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    struct mig_file *files = mig_alloc_n(MANY, sizeof *files);
    for (int i = 0; i < MANY; i++) {
        /* Each waits for the next, and the last for the first. */
        char *text = mig_printf(FILE_WITH(", \"depends\": [\"%d\"]"), (i + 1) % MANY + 1);
        files[i] = (struct mig_file){ mig_printf("%d_x.jsonc", i + 1), text, strlen(text) };
    }
    struct world w = build(files, MANY);
    assert_int_equal(w.problems.count, 1);
    assert_string_equal(
        w.problems.items[0].message,
        "20000_x.jsonc:1:41: a cycle in depends: 1 → 2 → 3 → 4 → 5 → 6 → 7 → 8 → 9 → 10 → 11 → 12 → "
        "… (20000 in all) … → 1");
    done(&w);
    for (int i = 0; i < MANY; i++) {
        free((void *)(uintptr_t)files[i].name);
        free((void *)(uintptr_t)files[i].text);
    }
    free(files);
}

/* ---- digests ---- */

static void expect_digests(const char *a, const char *b, bool same_raw, bool same_sem)
{
    struct mig_migration x = parsed("1_a.jsonc", a, 0);
    struct mig_migration y = parsed("1_a.jsonc", b, 0);
    assert_int_equal(strcmp(x.raw, y.raw) == 0, same_raw);
    assert_int_equal(strcmp(x.sem, y.sem) == 0, same_sem);
    mig_migration_done(&x);
    mig_migration_done(&y);
}

static void meaning_and_text_have_a_digest_each(void **state)
{
    (void)state;
    /* Comments, layout, ways to write a number or a letter, and $schema are text. */
    expect_digests(PLAIN, PLAIN, true, true);
    expect_digests(PLAIN, "// why\r\n" PLAIN, false, true);
    expect_digests(PLAIN, FILE_WITH(", \"$schema\": \"x\""), false, true);
    expect_digests(FILE_WITH(", \"depends\": [\"1\"]"), FILE_WITH(", \"depends\": [\"\\u0031\",]"), false,
                   true);
    /* Values, types and the order of members are meaning. */
    expect_digests(PLAIN, FILE_WITH(", \"depends\": []"), false, false);
    expect_digests("{\"migtui\": 1, \"title\": \"t\", \"up\": [" STEP "]}",
                   "{\"title\": \"t\", \"migtui\": 1, \"up\": [" STEP "]}", false, false);
    expect_digests("{\"migtui\": 1, \"title\": \"t\", \"up\": [" STEP "]}",
                   "{\"migtui\": 1.0, \"title\": \"t\", \"up\": [" STEP "]}", false, false);
}

static void digests_are_those_of_other_tools(void **state)
{
    (void)state;
    struct mig_migration m = parsed("1_a.up.json", "[]", 0);
    /* printf '[]' | sha256sum; sem: that of the BSON {up: [], down: []} */
    static const uint8_t empty[] = "\x19\0\0\0\x04up\0\5\0\0\0\0\x04"
                                   "down\0\5\0\0\0\0";
    char sem[MIG_SHA256_HEX];
    mig_sha256_hex(empty, sizeof empty, sem);
    assert_string_equal(m.raw, "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945");
    assert_string_equal(m.sem, sem);
    mig_migration_done(&m);
}

/* ---- golang-migrate ---- */

static void pairs_of_golang_migrate_load_as_they_are(void **state)
{
    (void)state;
    const struct mig_file files[] = {
        file_of("000001_add_users.up.json",
                "[{\"create\": \"users\"}, {\"createIndexes\": \"users\", \"indexes\": "
                "[{\"key\": {\"a\": 1}, \"name\": \"a\"}]}]"),
        file_of("000001_add_users.down.json", "[{\"drop\": \"users\"}]"),
        file_of("000002_only_up.up.json", "[{\"ping\": 1}]"),
        file_of("000003_empty_down.up.json", "[{\"ping\": 1}]"),
        file_of("000003_empty_down.down.json", "[]"),
    };
    struct world w = { 0 };
    w.catalog =
        mig_catalog_build("m", files, MIG_COUNT(files), NULL, NULL, MIG_CATALOG_KEEP_TEXT, &w.problems);
    expect_problems(&w, NULL, 0);
    assert_int_equal(w.catalog->count, 3);
    const struct mig_migration *m = &w.catalog->items[0];
    assert_string_equal(m->title, "add users");
    assert_string_equal(m->down_file, "000001_add_users.down.json");
    assert_int_equal(m->up_count, 2);
    assert_string_equal(m->up[1].id, "c2");
    assert_int_equal(m->up[1].kind, MIG_STEP_COMMAND);
    assert_string_equal(mig_doc_str(m->up[1].body, "run.createIndexes", ""), "users");
    assert_false(mig_doc_bool(m->up[1].body, "idempotent", true));
    assert_true(m->has_down);
    assert_int_equal(m->text_len, files[0].len + files[1].len);
    assert_string_equal(m->text + files[0].len, files[1].text);
    assert_false(w.catalog->items[1].has_down);
    assert_false(w.catalog->items[2].has_down);
    /* An empty down half is text, not meaning. */
    assert_string_equal(w.catalog->items[1].sem, w.catalog->items[2].sem);
    assert_string_not_equal(w.catalog->items[1].raw, w.catalog->items[2].raw);
    done(&w);
}

static void odd_halves_are_told(void **state)
{
    (void)state;
    const struct mig_file files[] = {
        file_of("1_a.down.json", "[]"),
        file_of("2_b.up.json", "{\"migtui\": 1}"),
        file_of("3_c.up.json", "[{\"ping\": 1},\n {}]"),
        file_of("3_cc.down.json", "[]"),
        file_of("7_h.up.json", "[1]"),
        file_of("4_d.up.json", "[]"),
        file_of("4_d.down.json", "[\n {\"shutdown\": 1}]"),
        file_of("5_e.up.json", "[ // no comments\n]"),
        file_of("6_f.up.json", "[]"),
        file_of("6_g.down.json", "[]"),
    };
    static const char *const messages[] = {
        "1_a.down.json:1:1: there is no 1_a.up.json beside it",
        "2_b.up.json:1:1: an object; expected golang-migrate's array of commands",
        "3_c.up.json:2:2: up[1]: not a command; expected an object such as {\"create\": \"people\"}",
        "3_cc.down.json:1:1: there is no 3_cc.up.json beside it",
        "4_d.down.json:2:2: down[0] \"c1\": the command shutdown is refused: it would stop or steer the server itself "
        "(MT034)",
        "5_e.up.json:1:3: a comment; expected plain JSON",
        "6_g.down.json:1:1: there is no 6_g.up.json beside it",
        "7_h.up.json:1:2: up[0]: not a command; expected an object such as {\"create\": \"people\"}",
    };
    struct world w = build(files, MIG_COUNT(files));
    expect_problems(&w, messages, MIG_COUNT(messages));
    assert_int_equal(w.catalog->count, 1);
    done(&w);
    struct mig_error err;
    struct mig_migration migration;
    assert_false(mig_migration_parse(&files[0], NULL, 0, &migration, &err));
    assert_string_equal(err.message,
                        "1_a.down.json:1:1: the down half of a pair is not a migration by itself");
}

/* ---- new ---- */

static void a_title_becomes_a_file_name(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "add email index", "add_email_index" },
        { "  Split: Full--Name! ", "split_full_name" },
        { "v2", "v2" },
        { "a{b~c", "a_b_c" },
        { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
        { "été 2026", "t_2026" },
        { "¿?", "" },
        { "", "" },
        { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa b",
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        MIG_AUTOFREE char *slug = mig_slug(rows[i][0]);
        assert_string_equal(slug, rows[i][1]);
        assert_true(strlen(slug) <= 64);
    }
}

static void the_template_wants_a_step_and_nothing_else(void **state)
{
    (void)state;
    MIG_AUTOFREE char *text = mig_migration_template("20260101000000", "say \"hi\" \\ to é");
    struct mig_file file = file_of("20260101000000_x.jsonc", text);
    struct mig_migration m;
    struct mig_error err;
    assert_false(mig_migration_parse(&file, NULL, 0, &m, &err));
    assert_non_null(strstr(err.message, ": there are no steps yet"));

    char *up = strstr(text, "\"up\": [");
    MIG_AUTOFREE char *filled =
        mig_printf("%.*s" STEP "%s", (int)(up + strlen("\"up\": [") - text), text, up + strlen("\"up\": ["));
    m = parsed(file.name, filled, 0);
    assert_string_equal(m.title, "say \"hi\" \\ to é");
    mig_migration_done(&m);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_becomes_a_migration),
        cmocka_unit_test(down_may_say_that_there_is_no_way_back),
        cmocka_unit_test(only_a_join_of_two_heads_has_no_steps),
        cmocka_unit_test(top_members_are_checked),
        cmocka_unit_test(what_cannot_be_read_is_told_at_its_place),
        cmocka_unit_test(what_is_too_large_or_too_deep_is_told_at_its_place),
        cmocka_unit_test(names_tell_what_is_a_migration),
        cmocka_unit_test(migrations_are_ordered_by_number),
        cmocka_unit_test(a_bad_file_does_not_hide_the_others),
        cmocka_unit_test(the_same_version_twice_names_both),
        cmocka_unit_test(a_dependency_must_be_there),
        cmocka_unit_test(a_cycle_in_depends_is_named),
        cmocka_unit_test(many_that_depend_in_a_row_are_no_recursion),
        cmocka_unit_test(meaning_and_text_have_a_digest_each),
        cmocka_unit_test(digests_are_those_of_other_tools),
        cmocka_unit_test(pairs_of_golang_migrate_load_as_they_are),
        cmocka_unit_test(odd_halves_are_told),
        cmocka_unit_test(a_title_becomes_a_file_name),
        cmocka_unit_test(the_template_wants_a_step_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
