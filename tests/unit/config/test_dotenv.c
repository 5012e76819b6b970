/* .env, line by line. */
#include "config_support.h"

static void lines_of_every_form_are_read(void **state)
{
    (void)state;
    static const char text[] = "\xEF\xBB\xBF"
                               "# comment\n"
                               "\n"
                               "  \t\n"
                               "PLAIN=value\n"
                               "export EXPORTED=yes\r\n"
                               "  INDENTED=  outer spaces go  \n"
                               "COMMENT=a b # not this\n"
                               "HASH=a#b\n"
                               "EMPTY=\n"
                               "EMPTY_COMMENT= # nothing\n"
                               "SINGLE='as \\n it \"stands\" $X # '\n"
                               "DOUBLE=\"tab\\tnewline\\nquote\\\"dollar\\$back\\\\\"  # comment\n"
                               "EQUALS=a=b==\n"
                               "URI=mongodb://u:p@h/?a=b&c=d\n"
                               "export\tTABBED=a\t#b\n"
                               "ESCAPES=\"\\r\\n\"\n"
                               "TRAILING=a \t \n"
                               "export=word\n"
                               "LAST=no newline";
    static const struct {
        const char *name;
        const char *value;
        int line;
    } rows[] = {
        { "PLAIN", "value", 4 },
        { "EXPORTED", "yes", 5 },
        { "INDENTED", "outer spaces go", 6 },
        { "COMMENT", "a b", 7 },
        { "HASH", "a#b", 8 },
        { "EMPTY", "", 9 },
        { "EMPTY_COMMENT", "", 10 },
        { "SINGLE", "as \\n it \"stands\" $X # ", 11 },
        { "DOUBLE", "tab\tnewline\nquote\"dollar$back\\", 12 },
        { "EQUALS", "a=b==", 13 },
        { "URI", "mongodb://u:p@h/?a=b&c=d", 14 },
        { "TABBED", "a", 15 },
        { "ESCAPES", "\r\n", 16 },
        { "TRAILING", "a", 17 },
        { "export", "word", 18 },
        { "LAST", "no newline", 19 },
    };
    struct cfg_dotenv dotenv;
    struct mig_error err;
    assert_true(cfg_dotenv_parse(".env", text, strlen(text), &dotenv, &err));
    assert_int_equal(dotenv.count, MIG_COUNT(rows));
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        const struct cfg_dotenv_pair *pair = cfg_dotenv_find(&dotenv, rows[i].name);
        assert_non_null(pair);
        assert_string_equal(pair->value, rows[i].value);
        assert_int_equal(pair->line, rows[i].line);
    }
    assert_null(cfg_dotenv_find(&dotenv, "NONE"));
    cfg_dotenv_done(&dotenv);
}

static void a_bad_line_is_named_and_its_value_is_not(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *message;
    } rows[] = {
        { "A", ".env:1: there must be a = right after the name" },
        { "a-b=hunter2\n", ".env:1: there must be a = right after the name" },
        { "{=hunter2\n", ".env:1: a name must begin here: letters, digits and _" },
        { "exporting hunter2\n", ".env:1: there must be a = right after the name" },
        { "A=b\nhunter2\n", ".env:2: there must be a = right after the name" },
        { "A =hunter2\n", ".env:1: there must be a = right after the name" },
        { "1A=hunter2\n", ".env:1: a name must begin here: letters, digits and _" },
        { "=hunter2\n", ".env:1: a name must begin here: letters, digits and _" },
        { "A-B=hunter2\n", ".env:1: there must be a = right after the name" },
        { "A='hunter2\n'\n", ".env:1: the quote is not closed" },
        { "A=\"hunter2\\\"\n", ".env:1: the quote is not closed" },
        { "A=\"hunter2\\", ".env:1: the quote is not closed" },
        { "A=\"hunter2\\x\"\n", ".env:1: only \\n, \\r, \\t, \\\\, \\\" and \\$ may follow a backslash" },
        { "A='hunter2'x\n", ".env:1: something follows the closing quote" },
        { "A='hunter2'#x\n", ".env:1: something follows the closing quote" },
        { "A=hunter2\n\nA=b\n", ".env:3: A is set twice, first in line 1" },
        { "A=hunter2\xFF\n", ".env:1: the line is not UTF-8 text" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        struct cfg_dotenv dotenv;
        struct mig_error err;
        assert_false(cfg_dotenv_parse(".env", rows[i].text, strlen(rows[i].text), &dotenv, &err));
        assert_string_equal(err.message, rows[i].message);
        assert_null(strstr(err.hint, "hunter2"));
        assert_int_equal(dotenv.count, 0);
    }
    struct cfg_dotenv dotenv;
    struct mig_error err;
    assert_false(cfg_dotenv_parse(".env", "A=b\0c\n", 6, &dotenv, &err));
    assert_string_equal(err.message, ".env:1: the line is not UTF-8 text");
}

static void limits_hold(void **state)
{
    (void)state;
    struct cfg_dotenv dotenv;
    struct mig_error err;
    MIG_AUTOBUF struct mig_buf text;
    mig_buf_init(&text, 1024 * 1024);
    mig_buf_fill(&text, '\n', CFG_DOTENV_LINES_MAX + 1);
    assert_false(cfg_dotenv_parse(".env", text.text, text.len, &dotenv, &err));
    assert_string_equal(err.message, ".env has more than 2000 lines");
    mig_buf_fill(&text, '#', CFG_DOTENV_MAX);
    assert_false(cfg_dotenv_parse(".env", text.text, text.len, &dotenv, &err));
    assert_string_equal(err.message, ".env is larger than 262144 bytes");
    assert_int_equal(err.code, MIG_ERR_LIMIT);
    mig_buf_reset(&text);
    mig_buf_str(&text, "A=");
    mig_buf_fill(&text, 'x', 70000);
    assert_false(cfg_dotenv_parse(".env", text.text, text.len, &dotenv, &err));
    assert_string_equal(err.message, ".env:1: the line is too long");
    mig_buf_reset(&text);
    mig_buf_fill(&text, 'x', 300);
    mig_buf_str(&text, "=a");
    assert_false(cfg_dotenv_parse(".env", text.text, text.len, &dotenv, &err));
    assert_string_equal(err.message, ".env:1: the name is too long");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_every_form_are_read),
        cmocka_unit_test(a_bad_line_is_named_and_its_value_is_not),
        cmocka_unit_test(limits_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
