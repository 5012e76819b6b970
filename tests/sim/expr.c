/* expr.c - aggregation expressions, one row an operator. */
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "sim/value.h"

/* Arguments of an operator, evaluated: a document whose fields "0", "1", … are there unless missing. */
static uint32_t evaluate_all(const struct sim_eval *eval, const bson_iter_t *args, const bson_t *doc,
                             bson_t *ret)
{
    bson_iter_t each;
    uint32_t count = 0;
    if (!BSON_ITER_HOLDS_ARRAY(args)) {
        (void)sim_expr(eval, args, doc, ret, "0");
        return 1;
    }
    for (bool more = bson_iter_recurse(args, &each); more && bson_iter_next(&each); count++)
        (void)sim_expr(eval, &each, doc, ret, bson_iter_key(&each));
    return count;
}

static bool nth(const bson_t *args, uint32_t n, bson_iter_t *ret)
{
    char key[24];
    const char *index;
    bson_uint32_to_string(n, &index, key, sizeof key);
    return bson_iter_init_find(ret, args, index) && !BSON_ITER_HOLDS_NULL(ret);
}

static bool append_as(bson_t *out, const char *key, const bson_iter_t *value)
{
    return bson_append_iter(out, key, -1, value);
}

struct operation {
    const struct sim_eval *eval;
    const bson_t *args;
    uint32_t count;
    bson_t *out;
    const char *key;
};

static bool do_add(const struct operation *op)
{
    int64_t sum = 0;
    bool date = false, wide = false;
    for (uint32_t i = 0; i < op->count; i++) {
        bson_iter_t value;
        if (!nth(op->args, i, &value))
            return BSON_APPEND_NULL(op->out, op->key);
        bool is_date = BSON_ITER_HOLDS_DATE_TIME(&value);
        date = date || is_date;
        wide = wide || !BSON_ITER_HOLDS_INT32(&value);
        sum += is_date ? bson_iter_date_time(&value) : bson_iter_as_int64(&value);
    }
    if (date)
        return BSON_APPEND_DATE_TIME(op->out, op->key, sum);
    return wide ? BSON_APPEND_INT64(op->out, op->key, sum)
                : BSON_APPEND_INT32(op->out, op->key, (int32_t)sum);
}

static bool do_if_null(const struct operation *op)
{
    for (uint32_t i = 0; i < op->count; i++) {
        bson_iter_t value;
        if (nth(op->args, i, &value))
            return append_as(op->out, op->key, &value);
    }
    return op->count > 0 && bson_has_field(op->args, "1") && BSON_APPEND_NULL(op->out, op->key);
}

static bool do_eq(const struct operation *op)
{
    bson_iter_t a, b;
    bool has_a = bson_iter_init_find(&a, op->args, "0"), has_b = bson_iter_init_find(&b, op->args, "1");
    /* To an expression a missing value and null differ. */
    bool same = has_a == has_b && (!has_a || sim_compare(&a, &b) == 0);
    return BSON_APPEND_BOOL(op->out, op->key, same);
}

static bool do_cond(const struct operation *op)
{
    bson_iter_t test, value;
    bool yes = nth(op->args, 0, &test) && bson_iter_as_bool(&test);
    return bson_iter_init_find(&value, op->args, yes ? "1" : "2") && append_as(op->out, op->key, &value);
}

static bool do_concat_arrays(const struct operation *op)
{
    bson_t all;
    uint32_t total = 0;
    BSON_APPEND_ARRAY_BEGIN(op->out, op->key, &all);
    for (uint32_t i = 0; i < op->count; i++) {
        bson_iter_t list, each;
        if (!nth(op->args, i, &list))
            sim_fail(op->eval->sim, "the model does not know $concatArrays of null");
        for (bool more = bson_iter_recurse(&list, &each); more && bson_iter_next(&each); total++) {
            char key[24];
            const char *index;
            bson_uint32_to_string(total, &index, key, sizeof key);
            bson_append_iter(&all, index, -1, &each);
        }
    }
    return bson_append_array_end(op->out, &all);
}

static bool do_to_date(const struct operation *op)
{
    bson_iter_t value;
    if (!nth(op->args, 0, &value))
        return BSON_APPEND_NULL(op->out, op->key);
    return BSON_APPEND_DATE_TIME(op->out, op->key, bson_iter_as_int64(&value));
}

static bool do_to_long(const struct operation *op)
{
    bson_iter_t value;
    if (!nth(op->args, 0, &value))
        return BSON_APPEND_NULL(op->out, op->key);
    return BSON_APPEND_INT64(op->out, op->key,
                             BSON_ITER_HOLDS_DATE_TIME(&value) ? bson_iter_date_time(&value)
                                                               : bson_iter_as_int64(&value));
}

static bool do_in(const struct operation *op)
{
    bson_iter_t value, list, each;
    bool there = false;
    const bson_iter_t *sought = bson_iter_init_find(&value, op->args, "0") ? &value : NULL;
    if (!nth(op->args, 1, &list))
        sim_fail(op->eval->sim, "the model does not know $in of no list");
    for (bool more = bson_iter_recurse(&list, &each); more && bson_iter_next(&each);)
        there = there || (sought && sim_compare(sought, &each) == 0);
    return BSON_APPEND_BOOL(op->out, op->key, there);
}

/* Of whole numbers; null when one is missing. */
static bool two_numbers(const struct operation *op, int64_t *a, int64_t *b)
{
    bson_iter_t first, second;
    if (!nth(op->args, 0, &first) || !nth(op->args, 1, &second))
        return false;
    *a = bson_iter_as_int64(&first);
    *b = bson_iter_as_int64(&second);
    return true;
}

static bool do_subtract(const struct operation *op)
{
    int64_t a, b;
    return two_numbers(op, &a, &b) ? BSON_APPEND_INT64(op->out, op->key, a - b)
                                   : BSON_APPEND_NULL(op->out, op->key);
}

static bool do_mod(const struct operation *op)
{
    int64_t a, b;
    return two_numbers(op, &a, &b) ? BSON_APPEND_INT64(op->out, op->key, a % b)
                                   : BSON_APPEND_NULL(op->out, op->key);
}

static const struct {
    const char *name;
    bool (*run)(const struct operation *op);
} operators[] = {
    { "$in", do_in },          { "$subtract", do_subtract },
    { "$mod", do_mod },        { "$add", do_add },
    { "$ifNull", do_if_null }, { "$eq", do_eq },
    { "$cond", do_cond },      { "$concatArrays", do_concat_arrays },
    { "$toDate", do_to_date }, { "$toLong", do_to_long },
};

static bool operate(const struct sim_eval *eval, const bson_iter_t *call, const bson_t *doc, bson_t *out,
                    const char *key)
{
    const char *name = bson_iter_key(call);
    MIG_AUTODOC bson_t args = BSON_INITIALIZER;
    if (strcmp(name, "$literal") == 0)
        return append_as(out, key, call);
    struct operation op = { eval, &args, evaluate_all(eval, call, doc, &args), out, key };
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        if (strcmp(operators[i].name, name) == 0)
            return operators[i].run(&op);
    }
    sim_fail(eval->sim, "the model does not know the expression %s", name);
    return false;
}

static bool reference(const struct sim_eval *eval, const char *text, const bson_t *doc, bson_t *out,
                      const char *key)
{
    bson_iter_t field;
    if (strcmp(text, "$$NOW") == 0)
        return BSON_APPEND_DATE_TIME(out, key, eval->now_ms);
    if (strcmp(text, "$$REMOVE") == 0)
        return false;
    if (strcmp(text, "$$ROOT") == 0)
        return BSON_APPEND_DOCUMENT(out, key, doc);
    if (text[1] == '$' || strchr(text, '.'))
        sim_fail(eval->sim, "the model does not know %s", text);
    return bson_iter_init_find(&field, doc, text + 1) && append_as(out, key, &field);
}

bool sim_expr(const struct sim_eval *eval, const bson_iter_t *expr, const bson_t *doc, bson_t *out,
              const char *key)
{
    bson_iter_t inner;
    if (BSON_ITER_HOLDS_UTF8(expr)) {
        const char *text = bson_iter_utf8(expr, NULL);
        return text[0] == '$' ? reference(eval, text, doc, out, key) : append_as(out, key, expr);
    }
    if (BSON_ITER_HOLDS_DOCUMENT(expr) && bson_iter_recurse(expr, &inner)) {
        bson_t object;
        if (bson_iter_next(&inner) && bson_iter_key(&inner)[0] == '$')
            return operate(eval, &inner, doc, out, key);
        BSON_APPEND_DOCUMENT_BEGIN(out, key, &object);
        for (bool more = bson_iter_recurse(expr, &inner); more && bson_iter_next(&inner);)
            (void)sim_expr(eval, &inner, doc, &object, bson_iter_key(&inner));
        return bson_append_document_end(out, &object);
    }
    if (BSON_ITER_HOLDS_ARRAY(expr) && bson_iter_recurse(expr, &inner)) {
        bson_t list;
        BSON_APPEND_ARRAY_BEGIN(out, key, &list);
        while (bson_iter_next(&inner)) {
            if (!sim_expr(eval, &inner, doc, &list, bson_iter_key(&inner)))
                BSON_APPEND_NULL(&list, bson_iter_key(&inner));
        }
        return bson_append_array_end(out, &list);
    }
    return append_as(out, key, expr);
}
