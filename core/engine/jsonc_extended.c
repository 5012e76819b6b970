/* jsonc_extended.c - the types of MongoDB Extended JSON v2, one row a key.
 *
 * Specification: github.com/mongodb/specifications, source/extended-json. A row's reader stands behind the
 * key and its colon, with .out cut back to where the value begins; it writes the BSON value and says its
 * type. What the strings inside decode to is first put at the end of .out, then turned into the value.
 */
#include <ctype.h>
#include <sodium.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/rows.h"
#include "base/timefmt.h"
#include "engine/jsonc_private.h"

struct jsonc_type {
    const char *key;
    bool (*read)(struct jsonc_reader *r, uint8_t *ret_type);
};

/* ---- types ---- */

static bool read_oid(struct jsonc_reader *r, uint8_t *ret_type)
{
    const char *where;
    size_t at, bytes = 0;
    uint8_t oid[12];
    *ret_type = BSON_TYPE_OID;
    if (!mig_jsonc_want_string(r, "$oid", &where, &at))
        return false;
    size_t len = r->len - at - 1;
    r->len = at;
    if (len != 24 || sodium_hex2bin(oid, 12, (const char *)r->out + at, len, NULL, &bytes, NULL) != 0 ||
        bytes != 12)
        return mig_jsonc_wrong(r, where, NULL, "$oid is malformed; expected 24 hex digits");
    jsonc_put(r, oid, sizeof oid);
    return true;
}

/* A number in a string: who is its key, where its opening quote. */
static bool number_from(struct jsonc_reader *r, const char *who, const char *where, size_t at, bool integer,
                        struct jsonc_number *ret)
{
    const char *text = (const char *)r->out + at, *text_end = (const char *)r->out + r->len - 1, *end;
    enum jsonc_fault fault = mig_jsonc_number(text, text_end, ret, &end);
    r->len = at;
    if (fault == JSONC_NUMBER_INTEGER_RANGE && integer)
        return mig_jsonc_wrong_number(r, where, fault);
    /* "1" is a double too, also when it is too long for an integer. */
    if (!integer && (fault == JSONC_NUMBER_INTEGER_RANGE || (fault == JSONC_NUMBER_OK && ret->is_integer)) &&
        end == text_end) {
        MIG_AUTOFREE char *real = mig_printf("%.*s.0", (int)(text_end - text), text);
        fault = mig_jsonc_number(real, real + strlen(real), ret, &end);
        return fault ? mig_jsonc_wrong_number(r, where, fault) : true;
    }
    if (fault == JSONC_NUMBER_REAL_RANGE)
        return mig_jsonc_wrong_number(r, where, fault);
    if (fault || end != text_end || ret->is_integer != integer)
        return mig_jsonc_wrong(r, where, NULL, "%s is malformed; expected %s in a string", who,
                               integer ? "an integer" : "a number, Infinity, -Infinity or NaN");
    return true;
}

static bool read_number_long(struct jsonc_reader *r, uint8_t *ret_type)
{
    const char *where;
    size_t at;
    struct jsonc_number number;
    *ret_type = BSON_TYPE_INT64;
    if (!mig_jsonc_want_string(r, "$numberLong", &where, &at) ||
        !number_from(r, "$numberLong", where, at, true, &number))
        return false;
    jsonc_put64(r, (uint64_t)number.integer);
    return true;
}

static bool read_number_int(struct jsonc_reader *r, uint8_t *ret_type)
{
    const char *where;
    size_t at;
    struct jsonc_number number;
    *ret_type = BSON_TYPE_INT32;
    if (!mig_jsonc_want_string(r, "$numberInt", &where, &at) ||
        !number_from(r, "$numberInt", where, at, true, &number))
        return false;
    if (number.integer < INT32_MIN || number.integer > INT32_MAX)
        return mig_jsonc_wrong(r, where, "use $numberLong",
                               "$numberInt is out of range; expected -2147483648 to 2147483647");
    jsonc_put32(r, (uint32_t)number.integer);
    return true;
}

static bool read_number_double(struct jsonc_reader *r, uint8_t *ret_type)
{
    static const struct {
        const char *word;
        uint64_t bits;
    } words[] = {
        { "Infinity", UINT64_C(0x7FF0000000000000) },
        { "-Infinity", UINT64_C(0xFFF0000000000000) },
        { "NaN", UINT64_C(0x7FF8000000000000) },
    };
    const char *where;
    size_t at;
    struct jsonc_number number;
    uint64_t bits;
    *ret_type = BSON_TYPE_DOUBLE;
    if (!mig_jsonc_want_string(r, "$numberDouble", &where, &at))
        return false;
    for (size_t i = 0; i < MIG_COUNT(words); i++)
        if (strlen(words[i].word) == r->len - at - 1 &&
            memcmp(r->out + at, words[i].word, r->len - at - 1) == 0) {
            r->len = at;
            jsonc_put64(r, words[i].bits);
            return true;
        }
    if (!number_from(r, "$numberDouble", where, at, false, &number))
        return false;
    memcpy(&bits, &number.real, sizeof bits);
    jsonc_put64(r, bits);
    return true;
}

static bool read_number_decimal(struct jsonc_reader *r, uint8_t *ret_type)
{
    const char *where;
    size_t at;
    bson_decimal128_t decimal;
    *ret_type = BSON_TYPE_DECIMAL128;
    if (!mig_jsonc_want_string(r, "$numberDecimal", &where, &at))
        return false;
    size_t len = r->len - at - 1;
    r->len = at;
    if (len == 0 || jsonc_has_nul(r, at, len) ||
        !bson_decimal128_from_string_w_len((const char *)r->out + at, (int)len, &decimal))
        return mig_jsonc_wrong(r, where, NULL,
                               "$numberDecimal is malformed; expected a decimal number of at most 34 digits");
    jsonc_put64(r, decimal.low);
    jsonc_put64(r, decimal.high);
    return true;
}

static bool read_date(struct jsonc_reader *r, uint8_t *ret_type)
{
    struct jsonc_part part = { .name = "$numberLong", .kind = JSONC_STRING };
    struct jsonc_number number;
    const char *where;
    size_t at;
    int64_t ms;
    *ret_type = BSON_TYPE_DATE_TIME;
    if (!jsonc_skip(r))
        return false;
    if (!jsonc_is(r, '"')) {
        if (!mig_jsonc_parts(r, "$date", &part, 1, "\"2026-11-21T07:01:14Z\" or {\"$numberLong\": \"…\"}") ||
            !number_from(r, "$numberLong", part.where, part.at, true, &number))
            return false;
        jsonc_put64(r, (uint64_t)number.integer);
        return true;
    }
    if (!mig_jsonc_want_string(r, "$date", &where, &at))
        return false;
    const char *text = (const char *)r->out + at;
    const char *dot = strchr(text, '.');
    bool fits = strlen(text) == r->len - at - 1 && mig_time_parse(text, &ms);
    r->len = at;
    if (!fits)
        return mig_jsonc_wrong(r, where, "years outside 0000 to 9999: {\"$date\": {\"$numberLong\": \"…\"}}",
                               "$date is no time; expected RFC 3339 such as 2026-11-21T07:01:14.253Z");
    if (dot && strspn(dot + 1, "0123456789") > 3)
        return mig_jsonc_wrong(r, where, "cut it to three digits",
                               "$date is finer than BSON; expected milliseconds");
    jsonc_put64(r, (uint64_t)ms);
    return true;
}

static bool read_uuid(struct jsonc_reader *r, uint8_t *ret_type)
{
    const char *where;
    size_t at, bytes = 0;
    uint8_t uuid[16];
    *ret_type = BSON_TYPE_BINARY;
    if (!mig_jsonc_want_string(r, "$uuid", &where, &at))
        return false;
    const char *text = (const char *)r->out + at;
    bool fits = r->len - at - 1 == 36;
    r->len = at;
    for (int i = 0; fits && i < 36; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        fits = hyphen ? text[i] == '-' : isxdigit((unsigned char)text[i]);
    }
    if (!fits || sodium_hex2bin(uuid, sizeof uuid, text, 36, "-", &bytes, NULL) != 0 || bytes != 16)
        return mig_jsonc_wrong(r, where, NULL,
                               "$uuid is malformed; expected 8-4-4-4-12 hex digits with hyphens between");
    jsonc_put32(r, sizeof uuid);
    jsonc_put_byte(r, BSON_SUBTYPE_UUID);
    jsonc_put(r, uuid, sizeof uuid);
    return true;
}

static bool read_string_value(struct jsonc_reader *r, const char *who)
{
    const char *where;
    size_t start = r->len, at;
    jsonc_put32(r, 0);
    if (!mig_jsonc_want_string(r, who, &where, &at))
        return false;
    jsonc_set32(r, start, r->len - at);
    return true;
}

static bool read_symbol(struct jsonc_reader *r, uint8_t *ret_type)
{
    *ret_type = BSON_TYPE_SYMBOL;
    return read_string_value(r, "$symbol");
}

/* $minKey and $maxKey: 1, $undefined: true. */
static bool read_constant(struct jsonc_reader *r, const char *who, const char *constant)
{
    size_t len = strlen(constant);
    if (!jsonc_skip(r))
        return false;
    if ((size_t)(r->end - r->p) < len || memcmp(r->p, constant, len) != 0)
        return mig_jsonc_wrong(r, r->p, NULL, "the value of %s is malformed; expected %s", who, constant);
    r->p += len;
    return true;
}

static bool read_min_key(struct jsonc_reader *r, uint8_t *ret_type)
{
    *ret_type = BSON_TYPE_MINKEY;
    return read_constant(r, "$minKey", "1");
}

static bool read_max_key(struct jsonc_reader *r, uint8_t *ret_type)
{
    *ret_type = BSON_TYPE_MAXKEY;
    return read_constant(r, "$maxKey", "1");
}

static bool read_undefined(struct jsonc_reader *r, uint8_t *ret_type)
{
    *ret_type = BSON_TYPE_UNDEFINED;
    return read_constant(r, "$undefined", "true");
}

/* ---- code, alone or with $scope before or after it ---- */

static bool read_scope(struct jsonc_reader *r, const char *at)
{
    uint32_t parent = r->parent;
    uint8_t type;
    if (r->places)
        r->parent = mig_places_add(r->places, parent, "$scope", 6, at);
    if (!mig_jsonc_want(r, ':') || !jsonc_skip(r))
        return false;
    const char *open = r->p;
    if (!jsonc_is(r, '{'))
        return mig_jsonc_wrong(r, open, NULL, "$scope is no object; expected a document");
    if (!mig_jsonc_object(r, &type))
        return false;
    r->parent = parent;
    return type == BSON_TYPE_DOCUMENT ||
           mig_jsonc_wrong(r, open, NULL, "$scope is a $-typed value; expected a document");
}

static bool read_code(struct jsonc_reader *r, uint8_t *ret_type)
{
    size_t start = r->len;
    *ret_type = BSON_TYPE_CODE;
    if (!read_string_value(r, "$code") || !jsonc_skip(r))
        return false;
    const char *comma = r->p;
    if (!jsonc_is(r, ','))
        return true;
    r->p++;
    if (!jsonc_skip(r))
        return false;
    const char *key = r->p;
    size_t at = r->len;
    if (!jsonc_is(r, '"')) {
        r->p = comma;
        return true;
    }
    if (!mig_jsonc_string(r, true))
        return false;
    bool is_scope = strcmp((const char *)r->out + at, "$scope") == 0;
    r->len = at;
    if (!is_scope) {
        r->p = comma;
        return true;
    }
    *ret_type = BSON_TYPE_CODEWSCOPE;
    jsonc_put32(r, 0);
    memmove(r->out + start + 4, r->out + start, at - start);
    if (!read_scope(r, key))
        return false;
    jsonc_set32(r, start, r->len - start);
    return true;
}

/* .out holds, from start: length, type, "$scope", the scope, type, "$code". */
static bool read_code_after_scope(struct jsonc_reader *r, size_t start, size_t first_key, uint8_t *ret_type)
{
    size_t scope = r->keys[first_key].name + r->keys[first_key].len + 1;
    size_t scope_len = r->keys[first_key + 1].name - 1 - scope, code = r->len;
    r->key_count = first_key;
    *ret_type = BSON_TYPE_CODEWSCOPE;
    if (!read_string_value(r, "$code"))
        return false;
    size_t code_len = r->len - code;
    jsonc_reserve(r, 4 + code_len + scope_len);
    size_t spare = r->len;
    memcpy(r->out + spare, r->out + code, code_len);
    memcpy(r->out + spare + code_len, r->out + scope, scope_len);
    memmove(r->out + start + 4, r->out + spare, code_len + scope_len);
    r->len = start + 4 + code_len + scope_len;
    jsonc_set32(r, start, r->len - start);
    return true;
}

/* ---- the table ---- */

static const struct jsonc_type types[] = {
    { "$oid", read_oid },
    { "$date", read_date },
    { "$numberInt", read_number_int },
    { "$numberLong", read_number_long },
    { "$numberDouble", read_number_double },
    { "$numberDecimal", read_number_decimal },
    { "$binary", mig_jsonc_binary },
    { "$uuid", read_uuid },
    { "$regularExpression", mig_jsonc_regex },
    { "$timestamp", mig_jsonc_timestamp },
    { "$code", read_code },
    { "$minKey", read_min_key },
    { "$maxKey", read_max_key },
    { "$symbol", read_symbol },
    { "$dbPointer", mig_jsonc_dbpointer },
    { "$undefined", read_undefined },
};

const struct jsonc_type *mig_jsonc_type(const char *key, size_t len)
{
    for (size_t i = 0; i < MIG_COUNT(types); i++)
        if (strlen(types[i].key) == len && memcmp(types[i].key, key, len) == 0)
            return &types[i];
    return NULL;
}

bool mig_jsonc_extended(struct jsonc_reader *r, const struct jsonc_type *type, const char *open, size_t start,
                        size_t first_key, uint8_t *ret_type)
{
    const struct jsonc_key *first = &r->keys[first_key];
    size_t before = r->key_count - 1 - first_key;
    const char *at = r->text + r->keys[r->key_count - 1].at;
    bool after_scope = before == 1 && type->read == read_code && first->len == 6 &&
                       memcmp(r->out + first->name, "$scope", 6) == 0 &&
                       r->out[first->name - 1] == BSON_TYPE_DOCUMENT;
    if (before > 0 && !after_scope)
        return mig_jsonc_wrong(r, at, NULL, "%s makes a value of its object; expected no other key beside it",
                               type->key);
    if (after_scope) {
        r->depth--; /* the object had been taken for a document */
        if (!read_code_after_scope(r, start, first_key, ret_type))
            return false;
    } else {
        r->len = start;
        r->key_count = first_key;
        if (!type->read(r, ret_type))
            return false;
    }
    bool done;
    if (!mig_jsonc_separator(r, open, '}', &done))
        return false;
    return done || mig_jsonc_wrong(r, r->p, NULL, "another key beside %s; expected '}'", type->key);
}
