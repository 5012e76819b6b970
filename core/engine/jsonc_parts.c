/* jsonc_parts.c - the $-types whose value is an object with fixed members, such as base64 and subType.
 *
 * The members come in any order, each exactly once.
 */
#include <sodium.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine/jsonc_private.h"

/* ---- members ---- */

static bool read_part_oid(struct jsonc_reader *r, const char *who, struct jsonc_part *part)
{
    uint8_t type;
    size_t start = r->len;
    part->where = r->p;
    if (!jsonc_is(r, '{'))
        return mig_jsonc_wrong(r, r->p, NULL, "%s of %s is not an object id; expected {\"$oid\": \"…\"}",
                               part->name, who);
    if (!mig_jsonc_object(r, &type))
        return false;
    if (type != BSON_TYPE_OID)
        return mig_jsonc_wrong(r, part->where, NULL,
                               "%s of %s is not an object id; expected {\"$oid\": \"…\"}", part->name, who);
    memcpy(part->oid, r->out + start, sizeof part->oid);
    r->len = start;
    return true;
}

static bool read_part(struct jsonc_reader *r, const char *who, struct jsonc_part *part)
{
    struct jsonc_number number;
    if (!jsonc_skip(r))
        return false;
    if (part->kind == JSONC_OID)
        return read_part_oid(r, who, part);
    if (part->kind == JSONC_STRING) {
        MIG_AUTOFREE char *name = mig_printf("%s of %s", part->name, who);
        if (!mig_jsonc_want_string(r, name, &part->where, &part->at))
            return false;
        part->len = r->len - part->at - 1;
        return true;
    }
    part->where = r->p;
    if (mig_jsonc_number(r->p, r->end, &number, &r->p) != JSONC_NUMBER_OK || !number.is_integer ||
        number.integer < 0 || number.integer > UINT32_MAX)
        return mig_jsonc_wrong(r, part->where, NULL,
                               "%s of %s is malformed; expected an integer from 0 to 4294967295", part->name,
                               who);
    part->number = (uint32_t)number.integer;
    return true;
}

/* Read the name of a member, in whatever order. */
static struct jsonc_part *read_part_name(struct jsonc_reader *r, const char *who, struct jsonc_part *parts,
                                         size_t count, const char *shape)
{
    const char *where = r->p;
    size_t at = r->len;
    if (!jsonc_is(r, '"')) {
        mig_jsonc_unexpected(r, "a key in double quotes", shape);
        return NULL;
    }
    if (!mig_jsonc_string(r, true))
        return NULL;
    const char *name = (const char *)r->out + at;
    r->len = at;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, parts[i].name) != 0)
            continue;
        if (!parts[i].where)
            return &parts[i];
        mig_jsonc_wrong(r, where, NULL, "%s is twice in %s; expected %s", parts[i].name, who, shape);
        return NULL;
    }
    MIG_AUTOFREE char *shown = mig_text_safe_dup(name, 40);
    mig_jsonc_wrong(r, where, NULL, "\"%s\" does not belong into %s; expected %s", shown, who, shape);
    return NULL;
}

bool mig_jsonc_parts(struct jsonc_reader *r, const char *who, struct jsonc_part *parts, size_t count,
                     const char *shape)
{
    const char *open = r->p;
    bool done;
    if (!jsonc_is(r, '{'))
        return mig_jsonc_wrong(r, r->p, NULL, "the value of %s is malformed; expected %s", who, shape);
    r->p++;
    if (!jsonc_skip(r))
        return false;
    done = jsonc_is(r, '}');
    r->p += done;
    while (!done) {
        struct jsonc_part *part = read_part_name(r, who, parts, count, shape);
        if (!part || !mig_jsonc_want(r, ':') || !read_part(r, who, part) ||
            !mig_jsonc_separator(r, open, '}', &done))
            return false;
    }
    for (size_t i = 0; i < count; i++)
        if (!parts[i].where)
            return mig_jsonc_wrong(r, open, NULL, "%s is missing in %s; expected %s", parts[i].name, who,
                                   shape);
    return true;
}

/* ---- types ---- */

/* Decode base64 text at .out[at] behind itself. */
static bool decode_base64(struct jsonc_reader *r, const struct jsonc_part *base64, size_t *ret_len)
{
    size_t room = base64->len / 4 * 3 + 3;
    const char *end;
    jsonc_reserve(r, room);
    const char *text = (const char *)r->out + base64->at;
    if (sodium_base642bin(r->out + r->len, room, text, base64->len, NULL, ret_len, &end,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        end != text + base64->len)
        return mig_jsonc_wrong(r, base64->where, NULL,
                               "base64 of $binary is malformed; expected padded base64");
    return true;
}

bool mig_jsonc_binary(struct jsonc_reader *r, uint8_t *ret_type)
{
    static const char shape[] = "{\"base64\": \"…\", \"subType\": \"00\"}";
    struct jsonc_part parts[] = { { .name = "base64" }, { .name = "subType" } };
    const struct jsonc_part *subtype = &parts[1];
    size_t start = r->len, len, digits;
    uint8_t byte = 0;
    *ret_type = BSON_TYPE_BINARY;
    if (!jsonc_skip(r) || !mig_jsonc_parts(r, "$binary", parts, 2, shape))
        return false;
    const char *hex = (const char *)r->out + subtype->at;
    char two[3] = { '0', hex[0], '\0' };
    if (subtype->len == 2)
        memcpy(two, hex, 2);
    if (subtype->len < 1 || subtype->len > 2 || sodium_hex2bin(&byte, 1, two, 2, NULL, &digits, NULL) != 0 ||
        digits != 1)
        return mig_jsonc_wrong(r, subtype->where, NULL,
                               "subType of $binary is malformed; expected two hex digits");
    if (!decode_base64(r, &parts[0], &len))
        return false;
    /* Subtype 2, the old binary, counts its bytes once more inside. */
    size_t decoded = r->len, inner = byte == BSON_SUBTYPE_BINARY_DEPRECATED ? 4 : 0;
    r->len += len;
    jsonc_reserve(r, 5 + inner);
    memmove(r->out + start + 5 + inner, r->out + decoded, len);
    jsonc_set32(r, start, len + inner);
    r->out[start + 4] = byte;
    if (inner)
        jsonc_set32(r, start + 5, len);
    r->len = start + 5 + inner + len;
    return true;
}

bool mig_jsonc_regex(struct jsonc_reader *r, uint8_t *ret_type)
{
    static const char letters[] = "ilmsux"; /* in the order BSON wants */
    struct jsonc_part parts[] = { { .name = "pattern" }, { .name = "options" } };
    const struct jsonc_part *pattern = &parts[0], *options = &parts[1];
    char sorted[sizeof letters];
    size_t start = r->len, n = 0;
    *ret_type = BSON_TYPE_REGEX;
    if (!jsonc_skip(r) ||
        !mig_jsonc_parts(r, "$regularExpression", parts, 2, "{\"pattern\": \"…\", \"options\": \"\"}"))
        return false;
    if (jsonc_has_nul(r, pattern->at, pattern->len))
        return mig_jsonc_wrong(r, pattern->where, "write \\\\x00",
                               "NUL in a regular expression; expected none");
    for (const char *letter = letters; *letter; letter++)
        if (memchr(r->out + options->at, *letter, options->len))
            sorted[n++] = *letter;
    sorted[n++] = '\0';
    if (n - 1 != options->len)
        return mig_jsonc_wrong(
            r, options->where, NULL,
            "options of a regular expression are malformed; expected letters of \"%s\", each once", letters);
    memmove(r->out + start, r->out + pattern->at, pattern->len + 1);
    r->len = start + pattern->len + 1;
    jsonc_put(r, sorted, n);
    return true;
}

bool mig_jsonc_timestamp(struct jsonc_reader *r, uint8_t *ret_type)
{
    struct jsonc_part parts[] = { { .name = "t", .kind = JSONC_UINT32 },
                                  { .name = "i", .kind = JSONC_UINT32 } };
    *ret_type = BSON_TYPE_TIMESTAMP;
    if (!jsonc_skip(r) || !mig_jsonc_parts(r, "$timestamp", parts, 2, "{\"t\": 1, \"i\": 1}"))
        return false;
    jsonc_put32(r, parts[1].number);
    jsonc_put32(r, parts[0].number);
    return true;
}

bool mig_jsonc_dbpointer(struct jsonc_reader *r, uint8_t *ret_type)
{
    struct jsonc_part parts[] = { { .name = "$ref" }, { .name = "$id", .kind = JSONC_OID } };
    const struct jsonc_part *ref = &parts[0];
    size_t start = r->len;
    *ret_type = BSON_TYPE_DBPOINTER;
    if (!jsonc_skip(r) ||
        !mig_jsonc_parts(r, "$dbPointer", parts, 2, "{\"$ref\": \"…\", \"$id\": {\"$oid\": \"…\"}}"))
        return false;
    if (jsonc_has_nul(r, ref->at, ref->len))
        return mig_jsonc_wrong(r, ref->where, NULL, "NUL in the name of a collection; expected none");
    jsonc_reserve(r, 4);
    memmove(r->out + start + 4, r->out + ref->at, ref->len + 1);
    jsonc_set32(r, start, ref->len + 1);
    r->len = start + 4 + ref->len + 1;
    jsonc_put(r, parts[1].oid, sizeof parts[1].oid);
    return true;
}
