/* doc.c - getters that cannot fail, and equality as MongoDB understands it. */
#include "base/doc.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"

/* Servers refuse documents nested deeper than 100 to 200 levels; below that, bytes decide. */
#define DEPTH_MAX 200

/* ---- reading ---- */

bool mig_doc_find(const bson_t *doc, const char *path, bson_iter_t *ret)
{
    bson_iter_t iter;
    return bson_iter_init(&iter, doc) && bson_iter_find_descendant(&iter, path, ret);
}

static bool is_sound(const bson_t *doc, int depth)
{
    bson_iter_t iter;
    uint32_t end = 4; /* behind the document's length */
    if (depth > DEPTH_MAX || !bson_iter_init(&iter, doc))
        return false;
    for (; bson_iter_next(&iter); end = iter.next_off) {
        const uint8_t *data = NULL;
        uint32_t len = 0;
        bson_t sub;
        if (BSON_ITER_HOLDS_CODEWSCOPE(&iter))
            bson_iter_codewscope(&iter, &(uint32_t){ 0 }, &len, &data);
        else if (!BSON_ITER_HOLDS_DOCUMENT(&iter) && !BSON_ITER_HOLDS_ARRAY(&iter))
            continue;
        bool readable = data ? bson_init_static(&sub, data, len) : mig_iter_sub(&iter, &sub);
        if (!readable || !is_sound(&sub, depth + 1))
            return false;
    }
    return end == doc->len - 1;
}

bool mig_doc_is_sound(const bson_t *doc)
{
    return is_sound(doc, 1);
}

bool mig_doc_has(const bson_t *doc, const char *path)
{
    bson_iter_t iter;
    return mig_doc_find(doc, path, &iter);
}

const char *mig_doc_str(const bson_t *doc, const char *path, const char *missing)
{
    bson_iter_t iter;
    uint32_t len;
    if (!mig_doc_find(doc, path, &iter) || !BSON_ITER_HOLDS_UTF8(&iter))
        return missing;
    const char *text = bson_iter_utf8(&iter, &len);
    /* "admin\0x" must not pass for "admin". */
    return strlen(text) == len ? text : missing;
}

int64_t mig_doc_int(const bson_t *doc, const char *path, int64_t missing)
{
    bson_iter_t iter;
    if (!mig_doc_find(doc, path, &iter))
        return missing;
    if (BSON_ITER_HOLDS_DOUBLE(&iter)) {
        double d = bson_iter_double(&iter);
        return d >= -0x1p63 && d < 0x1p63 && d == (double)(int64_t)d ? (int64_t)d : missing;
    }
    return mig_iter_int(&iter, missing);
}

bool mig_doc_bool(const bson_t *doc, const char *path, bool missing)
{
    bson_iter_t iter;
    if (!mig_doc_find(doc, path, &iter))
        return missing;
    switch (bson_iter_type(&iter)) {
    case BSON_TYPE_BOOL: return bson_iter_bool(&iter);
    case BSON_TYPE_INT32: return bson_iter_int32(&iter) != 0;
    case BSON_TYPE_INT64: return bson_iter_int64(&iter) != 0;
    case BSON_TYPE_DOUBLE: return bson_iter_double(&iter) != 0;
    default: return missing;
    }
}

int64_t mig_doc_time(const bson_t *doc, const char *path, int64_t missing)
{
    bson_iter_t iter;
    return mig_doc_find(doc, path, &iter) && BSON_ITER_HOLDS_DATE_TIME(&iter) ? bson_iter_date_time(&iter)
                                                                              : missing;
}

bool mig_iter_sub(const bson_iter_t *iter, bson_t *ret)
{
    const uint8_t *data = NULL;
    uint32_t len = 0;
    if (BSON_ITER_HOLDS_DOCUMENT(iter))
        bson_iter_document(iter, &len, &data);
    else if (BSON_ITER_HOLDS_ARRAY(iter))
        bson_iter_array(iter, &len, &data);
    return data && bson_init_static(ret, data, len);
}

bool mig_doc_sub(const bson_t *doc, const char *path, bson_t *ret)
{
    bson_iter_t iter;
    return mig_doc_find(doc, path, &iter) && mig_iter_sub(&iter, ret);
}

int64_t mig_iter_int(const bson_iter_t *iter, int64_t missing)
{
    switch (bson_iter_type(iter)) {
    case BSON_TYPE_INT32: return bson_iter_int32(iter);
    case BSON_TYPE_INT64: return bson_iter_int64(iter);
    case BSON_TYPE_DOUBLE: {
        double d = bson_iter_double(iter);
        if (isnan(d))
            return missing;
        return d >= 0x1p63 ? INT64_MAX : d < -0x1p63 ? INT64_MIN : (int64_t)d;
    }
    default: return missing;
    }
}

/* ---- equality ---- */

bool mig_doc_equal(const bson_t *a, const bson_t *b)
{
    return a->len == b->len && memcmp(bson_get_data(a), bson_get_data(b), a->len) == 0;
}

static bool is_number(const bson_iter_t *iter)
{
    return BSON_ITER_HOLDS_INT32(iter) || BSON_ITER_HOLDS_INT64(iter) || BSON_ITER_HOLDS_DOUBLE(iter) ||
           BSON_ITER_HOLDS_DECIMAL128(iter);
}

/* A finite number as sign, digits without zeros at either end, and the power of ten of the first digit; or a
 * word's first letter (NaN, Infinity). Every double has such a form, at most 767 digits long. */
struct number {
    bool negative;
    long exponent;
    char digits[800];
};

static bool word_from_text(const char *text, struct number *ret)
{
    char first = *text == '-' ? text[1] : *text;
    if (!isalpha((unsigned char)first))
        return false;
    bool nan = tolower((unsigned char)first) == 'n';
    *ret = (struct number){ .negative = *text == '-' && !nan, .digits = { nan ? 'N' : 'I' } };
    return true;
}

static void number_from_text(const char *text, struct number *ret)
{
    size_t n = 0;
    long point = 0;
    bool after_point = false, negative = *text == '-';
    for (text += negative; *text && *text != 'e' && *text != 'E'; text++) {
        if (*text == '.') {
            after_point = true;
        } else if (n == 0 && *text == '0') {
            point -= after_point;
        } else {
            point += !after_point;
            if (n < sizeof ret->digits - 1)
                ret->digits[n++] = *text;
        }
    }
    while (n > 0 && ret->digits[n - 1] == '0')
        n--;
    ret->digits[n] = '\0';
    ret->exponent = n ? point + (*text ? strtol(text + 1, NULL, 10) : 0) : 0;
    ret->negative = negative && n;
}

static void number_from_iter(const bson_iter_t *iter, struct number *ret)
{
    char text[900];
    bson_decimal128_t decimal;
    if (bson_iter_decimal128(iter, &decimal))
        bson_decimal128_to_string(&decimal, text);
    else if (BSON_ITER_HOLDS_DOUBLE(iter))
        snprintf(text, sizeof text, "%.780e", bson_iter_double(iter));
    else
        snprintf(text, sizeof text, "%lld", (long long)mig_iter_int(iter, 0));
    if (!word_from_text(text, ret))
        number_from_text(text, ret);
}

static bool numbers_equal(const bson_iter_t *a, const bson_iter_t *b)
{
    struct number x, y;
    if (!BSON_ITER_HOLDS_DOUBLE(a) && !BSON_ITER_HOLDS_DOUBLE(b) && !BSON_ITER_HOLDS_DECIMAL128(a) &&
        !BSON_ITER_HOLDS_DECIMAL128(b))
        return mig_iter_int(a, 0) == mig_iter_int(b, 0);
    number_from_iter(a, &x);
    number_from_iter(b, &y);
    return x.negative == y.negative && x.exponent == y.exponent && strcmp(x.digits, y.digits) == 0;
}

static bool bytes_equal(const bson_iter_t *a, const bson_iter_t *b)
{
    MIG_AUTODOC bson_t x = BSON_INITIALIZER;
    MIG_AUTODOC bson_t y = BSON_INITIALIZER;
    return bson_append_iter(&x, "", 0, a) && bson_append_iter(&y, "", 0, b) && mig_doc_equal(&x, &y);
}

static bool value_equal(const bson_iter_t *a, const bson_iter_t *b, int depth)
{
    if (is_number(a) && is_number(b))
        return numbers_equal(a, b);
    if (bson_iter_type(a) != bson_iter_type(b))
        return false;
    bool array = BSON_ITER_HOLDS_ARRAY(a);
    bson_iter_t x, y;
    if ((!array && !BSON_ITER_HOLDS_DOCUMENT(a)) || depth >= DEPTH_MAX)
        return bytes_equal(a, b);
    if (!bson_iter_recurse(a, &x) || !bson_iter_recurse(b, &y))
        return false;
    for (;;) {
        bool more = bson_iter_next(&x);
        if (more != bson_iter_next(&y))
            return false;
        if (!more)
            return x.err_off == 0 && y.err_off == 0;
        if ((!array && strcmp(bson_iter_key(&x), bson_iter_key(&y)) != 0) || !value_equal(&x, &y, depth + 1))
            return false;
    }
}

bool mig_value_equal(const bson_iter_t *a, const bson_iter_t *b)
{
    return value_equal(a, b, 0);
}

/* ---- writing ---- */

void mig_doc_print(struct mig_buf *out, const bson_t *doc, size_t max)
{
    bson_json_opts_t *opts = bson_json_opts_new(BSON_JSON_MODE_RELAXED, BSON_MAX_LEN_UNLIMITED);
    char *json = bson_as_json_with_opts(doc, NULL, opts);
    MIG_AUTOBUF struct mig_buf line;
    mig_buf_init(&line, SIZE_MAX / 4);
    if (json)
        mig_text_safe(&line, json, strlen(json), max, false);
    else
        mig_buf_str(&line, "(a document that is not well-formed BSON)");
    size_t len = line.len;
    if (len > max) {
        line.text[max] = '\0';
        mig_utf8_trim(line.text);
        len = strlen(line.text);
    }
    mig_buf_add(out, line.text, len);
    if (len < line.len)
        mig_buf_str(out, "…");
    bson_free(json);
    bson_json_opts_destroy(opts);
}

char *mig_doc_canonical(const bson_t *doc)
{
    return bson_as_canonical_extended_json(doc, NULL);
}

void mig_doc_append_if(bson_t *doc, const char *key, const char *text)
{
    if (text && *text)
        bson_append_utf8(doc, key, -1, text, -1);
}

void mig_doc_append_literal(bson_t *doc, const char *key, const char *text)
{
    bson_t literal;
    bson_append_document_begin(doc, key, -1, &literal);
    bson_append_utf8(&literal, "$literal", -1, text, -1);
    bson_append_document_end(doc, &literal);
}
