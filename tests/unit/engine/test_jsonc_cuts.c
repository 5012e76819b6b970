/* The reader of migration files on a good text that is damaged at each of its bytes: cut off, or with something between.
 * Every one is refused with a place in it, and nothing beyond its end is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/rows.h"
#include "engine/jsonc.h"

/* Everything that the reader knows. Single quotes stand for double ones. */
static const char *const samples[] = {
    "{'a':1,'b':[true,false,null,-0.5e-3,1.5E+10,[]],'c':{'d':{}},'e':'x\\n\\u00e9\\ud83d\\ude00'}",
    "{'a':{'$oid':'507f1f77bcf86cd799439011'},'b':{'$symbol':'s'},'c':{'$minKey':1},'d':{'$maxKey':1}}",
    "{'a':{'$date':'2026-11-21T07:01:14.253Z'},'b':{'$date':{'$numberLong':'-1'}},'c':{'$undefined':true}}",
    "{'a':{'$numberInt':'1'},'b':{'$numberLong':'2'},'c':{'$numberDouble':'3.5'},'d':{'$numberDecimal':'4'}}",
    "{'a':{'$binary':{'base64':'AQI=','subType':'00'}},'b':{'$uuid':'00000000-0000-4000-8000-000000000000'}}",
    "{'a':{'$regularExpression':{'pattern':'^x','options':'im'}},'b':{'$timestamp':{'t':1,'i':2}}}",
    "{'a':{'$dbPointer':{'$ref':'c','$id':{'$oid':'507f1f77bcf86cd799439011'}}},'b':{'$numberDouble':'NaN'}}",
    "{'a':{'$code':'f()'},'b':{'$code':'g()','$scope':{'x':1}},'c':{'$scope':{'x':1},'$code':'h()'}}",
};

static char *sample(size_t i)
{
    char *text = mig_strdup(samples[i]);
    for (char *c = text; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    return text;
}

/* The text is copied to memory of exactly its size, so that a sanitizer sees a step beyond it. */
static void assert_refused(const char *text, size_t len, unsigned flags)
{
    struct mig_error err = { 0 };
    struct mig_places *places;
    bson_t doc;
    MIG_AUTOFREE char *exact = mig_alloc(len);
    memcpy(exact, text, len);
    if (mig_jsonc_read("f", exact, len, flags, &doc, NULL, len % 2 ? &places : NULL, &err))
        fail_msg("accepted: %.*s", (int)len, text);
    if (err.code != MIG_ERR_SYNTAX || strncmp(err.message, "f:1:", 4) != 0)
        fail_msg("%.*s\n  %s", (int)len, text, err.message);
}

/* Put `what` at each place of each sample. keep: what follows the place follows what was put there. */
static void damage(const char *what, bool keep, unsigned flags)
{
    for (size_t i = 0; i < MIG_COUNT(samples); i++) {
        MIG_AUTOFREE char *text = sample(i);
        for (size_t at = 0; at < strlen(text); at++) {
            MIG_AUTOFREE char *damaged = mig_printf("%.*s%s%s", (int)at, text, what, keep ? text + at : "");
            assert_refused(damaged, strlen(damaged), flags);
        }
    }
}

static void the_samples_themselves_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < MIG_COUNT(samples); i++) {
        MIG_AUTOFREE char *text = sample(i);
        struct mig_error err;
        bson_t doc;
        if (!mig_jsonc_read("f", text, strlen(text), MIG_JSONC_STRICT, &doc, NULL, NULL, &err))
            fail_msg("%s\n  %s", text, err.message);
        bson_destroy(&doc);
    }
}

static void a_text_that_is_cut_off_is_refused(void **state)
{
    (void)state;
    damage("", false, 0);
}

static void a_comment_that_is_not_closed_is_refused_wherever_it_begins(void **state)
{
    (void)state;
    damage("/* ", false, 0);
    damage("/* *", false, 0);
    damage("/", false, 0);
}

static void a_control_character_is_refused_wherever_it_stands(void **state)
{
    (void)state;
    damage("\x01", true, 0);
    damage("/*\r*/", true, 0); /* a lone carriage return: in a comment, or in a string */
    damage("//\x7f\n", true, 0);
}

static void a_plain_text_may_have_no_comment_but_in_its_strings(void **state)
{
    (void)state;
    for (size_t i = 0; i < MIG_COUNT(samples); i++) {
        MIG_AUTOFREE char *text = sample(i);
        bool quoted = false;
        for (size_t at = 0; at < strlen(text); at++) {
            MIG_AUTOFREE char *damaged = mig_printf("%.*s/**/%s", (int)at, text, text + at);
            if (!quoted)
                assert_refused(damaged, strlen(damaged), MIG_JSONC_STRICT);
            quoted ^= text[at] == '"';
        }
    }
}

/* Where a word, a number or a value may not go on as it does. */
static void near_misses_are_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{_a:1}",
        "{$a:1}",
        "{'a':truex}",
        "{'a':true1}",
        "{'a':null_}",
        "{'a':false$}",
        "{'a':tru}",
        "{'a':-Inf}",
        "{'a':{'$numberInt':'-2147483649'}}",
        "{'a':{'$numberInt':'1.0'}}",
        "{'a':{'$numberDouble':'1e'}}",
        "{'a':{'$numberDouble':'1e400'}}",
        "{'a':{'$numberDouble':''}}",
        "{'a':{'$numberDecimal':''}}",
        "{'a':{'$numberDecimal':'1\\u0000'}}",
        "{'a':{'$date':'2026-11-21T07:01:14Z\\u0000'}}",
        "{'a':{'$date':'2026-11-21T07:01:14.2531Z'}}",
        "{'a':{'$date':{'$numberLong':'x'}}}",
        "{'a':{'$uuid':'00000000-0000-4000-8000-00000000000g'}}",
        "{'a':{'$uuid':'000000000000-4000-8000-00000000000000'}}",
        "{'a':{'$minKey':2}}",
        "{'a':{'$undefined':tru",
        "{'a':{'$code':'x','$scope':1}}",
        "{'a':{'$code':'x','$scope':{'$oid':'507f1f77bcf86cd799439011'}}}",
        "{'a':{'$code':'x','b':1}}",
        "{'a':{'x':1,'$code':'x'}}",
        "{'a':{'$scope':1,'$code':'x'}}",
        "{'a':{'$scopf':{},'$code':'x'}}",
        "{'a':{'$scope':{},'$oid':'507f1f77bcf86cd799439011'}}",
        "{'a':{'$code':'x',1}}",
        "{'a':{'$binary':{'base64':'','subType':''}}}",
        "{'a':{'$binary':{'base64':'','subType':'000'}}}",
        "{'a':{'$binary':{'base64':'','subType':'0g'}}}",
        "{'a':{'$binary':{'base64':'AQI=x','subType':'00'}}}",
        "{'a':{'$timestamp':{'t':-1,'i':1}}}",
        "{'a':{'$timestamp':{'t':1.0,'i':1}}}",
        "{'a':{'$timestamp':{'t':4294967296,'i':1}}}",
        "{'a':{'$regularExpression':{'pattern':'','options':'y'}}}",
        "{'a':{'$regularExpression':{'pattern':'\\u0000','options':''}}}",
        "{'a':{'$dbPointer':{'$ref':'\\u0000','$id':{'$oid':'507f1f77bcf86cd799439011'}}}}",
        "{'a':{'$dbPointer':{'$ref':'c','$id':{}}}}",
        "{'a':{'$dbPointer':{'$ref':'c','$id':{'$oid':''}}}}",
        "{'a':'\\ud83d'}",
        "{'a':'\\ud83dx'}",
        "{'a':'\\ud83d\\n'}",
        "{'a':'\\ud83d\\u0041'}",
        "{'a':'\\ud83d\\uffff'}",
        "{'a':'\\ude00'}",
        "{'a':'\\u00g0'}",
        "{'\\u0000':1}",
        "{'a':1e}",
        "{'a':1e+}",
        "{'a':-}",
        "{'a':1.}",
        "{'a':-01}",
        "{'a':1}/",
        "{'a':1} x",
        "{'a':é}",
        "{'a':a_$é1}",
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        MIG_AUTOFREE char *text = mig_strdup(rows[i]);
        for (char *c = text; *c; c++)
            *c = *c == '\'' ? '"' : *c;
        assert_refused(text, strlen(text), 0);
    }
    assert_refused("{'a':1}", 7, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_samples_themselves_are_read),
        cmocka_unit_test(a_text_that_is_cut_off_is_refused),
        cmocka_unit_test(a_comment_that_is_not_closed_is_refused_wherever_it_begins),
        cmocka_unit_test(a_control_character_is_refused_wherever_it_stands),
        cmocka_unit_test(a_plain_text_may_have_no_comment_but_in_its_strings),
        cmocka_unit_test(near_misses_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
