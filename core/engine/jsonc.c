/* jsonc.c - structure of a migration file: one pass, recursive descent, BSON bytes written as they are
 * read. */
#include "engine/jsonc.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine/jsonc_private.h"

#define SHOWN_CHARS 40
#define FEW_KEYS    16

static bool read_value(struct jsonc_reader *r, uint8_t *ret_type);

void mig_jsonc_grow(struct jsonc_reader *r, size_t more)
{
    r->room = r->room * 2 + more;
    r->out = mig_realloc_n(r->out, r->room, 1);
}

/* ---- keys ---- */

static int compare_keys(const void *a, const void *b, void *context)
{
    const struct jsonc_reader *r = context;
    const struct jsonc_key *x = a, *y = b;
    if (x->len != y->len)
        return x->len < y->len ? -1 : 1;
    int order = memcmp(r->out + x->name, r->out + y->name, x->len);
    if (order)
        return order;
    /* uncovered: the sort of the C library compares in the order of the array */
    return x->at < y->at ? -1 : x->at > y->at;
}

static bool same_key(const struct jsonc_reader *r, const struct jsonc_key *x, const struct jsonc_key *y)
{
    return x->len == y->len && memcmp(r->out + x->name, r->out + y->name, x->len) == 0;
}

/* Finds the first key of the text that was there before. A few keys are compared each with each; many
 * are sorted, not hashed: no file can be made for which that is slow. */
static const struct jsonc_key *find_duplicate(struct jsonc_reader *r, struct jsonc_key *keys, size_t count,
                                              const struct jsonc_key **ret_first)
{
    const struct jsonc_key *again = NULL;
    if (count <= FEW_KEYS) {
        for (size_t i = 1; i < count; i++)
            for (size_t j = 0; j < i; j++)
                if (same_key(r, &keys[i], &keys[j])) {
                    *ret_first = &keys[j];
                    return &keys[i];
                }
        return NULL;
    }
    qsort_r(keys, count, sizeof *keys, compare_keys, r);
    for (size_t i = 1; i < count; i++)
        if (same_key(r, &keys[i - 1], &keys[i]) && (!again || keys[i].at < again->at)) {
            *ret_first = &keys[i - 1];
            again = &keys[i];
        }
    return again;
}

static bool check_keys(struct jsonc_reader *r, size_t first_key)
{
    const struct jsonc_key *first = NULL, *again;
    if (r->key_count - first_key < 2)
        again = NULL;
    else
        again = find_duplicate(r, r->keys + first_key, r->key_count - first_key, &first);
    r->key_count = first_key;
    if (!again)
        return true;
    MIG_AUTOFREE char *name = mig_text_safe_dup((const char *)r->out + again->name, SHOWN_CHARS);
    struct mig_place place = mig_jsonc_place(r, r->text + first->at);
    return mig_jsonc_wrong(r, r->text + again->at, "remove or rename one of them",
                           "the key \"%s\" is twice in this object, first at %d:%d; expected each key once",
                           name, place.line, place.column);
}

/* Read a key and its colon; a type byte to be patched goes before it. */
static bool read_key(struct jsonc_reader *r, struct jsonc_key *ret)
{
    if (!jsonc_is(r, '"')) {
        char c = r->p < r->end ? *r->p : '}';
        if (isalnum((unsigned char)c) || c == '_' || c == '$' || c == '\'')
            return mig_jsonc_unexpected(r, "a key in double quotes", "keys stand in double quotes: \"name\"");
        return mig_jsonc_unexpected(r, "a key in double quotes or '}'", NULL);
    }
    *ret = (struct jsonc_key){ .at = (uint32_t)(r->p - r->text), .name = (uint32_t)r->len + 1 };
    jsonc_put_byte(r, 0);
    if (!mig_jsonc_string(r, true))
        return false;
    ret->len = (uint32_t)r->len - ret->name - 1;
    r->keys = mig_grow(r->keys, r->key_count, &r->key_room, sizeof *r->keys);
    r->keys[r->key_count++] = *ret;
    return mig_jsonc_want(r, ':');
}

/* ---- containers ---- */

static bool enter(struct jsonc_reader *r, const char *open)
{
    if (++r->depth <= MIG_JSONC_DEPTH_MAX)
        return true;
    return mig_jsonc_wrong(r, open, "MongoDB accepts 100 levels, commands need some of them",
                           "nested deeper than %d levels; expected fewer", MIG_JSONC_DEPTH_MAX);
}

static void leave(struct jsonc_reader *r, size_t start)
{
    jsonc_put_byte(r, 0);
    jsonc_set32(r, start, r->len - start);
    r->depth--;
}

/* A member's or an element's value, with the place of the member as the parent of what is inside. */
static bool read_child(struct jsonc_reader *r, size_t type_at, const char *name, size_t len, const char *at)
{
    uint32_t parent = r->parent;
    uint8_t type;
    if (r->places)
        r->parent = mig_places_add(r->places, parent, name, len, at);
    if (!read_value(r, &type))
        return false;
    r->out[type_at] = type;
    r->parent = parent;
    return true;
}

bool mig_jsonc_object(struct jsonc_reader *r, uint8_t *ret_type)
{
    const char *open = r->p++;
    size_t start = r->len, first_key = r->key_count;
    bool done, entered = false;
    *ret_type = BSON_TYPE_DOCUMENT;
    jsonc_put32(r, 0);
    if (!jsonc_skip(r))
        return false;
    done = jsonc_is(r, '}');
    r->p += done;
    while (!done) {
        struct jsonc_key key;
        if (!read_key(r, &key))
            return false;
        const char *name = (const char *)r->out + key.name;
        const struct jsonc_type *type = *name == '$' ? mig_jsonc_type(name, key.len) : NULL;
        if (type)
            return mig_jsonc_extended(r, type, open, start, first_key, ret_type);
        if (!entered && !enter(r, open))
            return false;
        entered = true;
        if (!read_child(r, key.name - 1, name, key.len, r->text + key.at) ||
            !mig_jsonc_separator(r, open, '}', &done))
            return false;
    }
    if (!entered && !enter(r, open))
        return false;
    leave(r, start);
    return check_keys(r, first_key);
}

/* Write the decimal form of index; returns its length. */
static size_t index_text(uint32_t index, char ret[static 11])
{
    char reversed[10];
    size_t n = 0;
    do {
        reversed[n++] = (char)('0' + index % 10);
        index /= 10;
    } while (index);
    for (size_t i = 0; i < n; i++)
        ret[i] = reversed[n - 1 - i];
    ret[n] = '\0';
    return n;
}

static bool read_array(struct jsonc_reader *r)
{
    const char *open = r->p++;
    size_t start = r->len;
    bool done;
    jsonc_put32(r, 0);
    if (!enter(r, open) || !jsonc_skip(r))
        return false;
    done = jsonc_is(r, ']');
    r->p += done;
    for (uint32_t i = 0; !done; i++) {
        char index[11];
        size_t len = index_text(i, index);
        size_t type_at = r->len;
        jsonc_put_byte(r, 0);
        jsonc_put(r, index, len + 1);
        if (!read_child(r, type_at, index, len, r->p) || !mig_jsonc_separator(r, open, ']', &done))
            return false;
    }
    leave(r, start);
    return true;
}

/* ---- values ---- */

static bool read_text(struct jsonc_reader *r)
{
    size_t start = r->len;
    jsonc_put32(r, 0);
    if (!mig_jsonc_string(r, false))
        return false;
    jsonc_set32(r, start, r->len - start - 4);
    return true;
}

static bool read_number(struct jsonc_reader *r, uint8_t *ret_type)
{
    struct jsonc_number number;
    const char *start = r->p;
    if (start + 1 < r->end && start[0] == '-' && start[1] == 'I')
        return mig_jsonc_wrong_word(r);
    enum jsonc_fault fault = mig_jsonc_number(start, r->end, &number, &r->p);
    if (fault)
        return mig_jsonc_wrong_number(r, start, fault);
    if (!number.is_integer) {
        uint64_t bits;
        memcpy(&bits, &number.real, sizeof bits);
        *ret_type = BSON_TYPE_DOUBLE;
        jsonc_put64(r, bits);
    } else if (number.integer >= INT32_MIN && number.integer <= INT32_MAX) {
        *ret_type = BSON_TYPE_INT32;
        jsonc_put32(r, (uint32_t)number.integer);
    } else {
        *ret_type = BSON_TYPE_INT64;
        jsonc_put64(r, (uint64_t)number.integer);
    }
    return true;
}

static bool read_literal(struct jsonc_reader *r, uint8_t *ret_type)
{
    static const struct {
        const char *word;
        size_t len;
        uint8_t type;
    } literals[] = {
        { "true", 4, BSON_TYPE_BOOL },
        { "false", 5, BSON_TYPE_BOOL },
        { "null", 4, BSON_TYPE_NULL },
    };
    size_t rest = (size_t)(r->end - r->p);
    for (size_t i = 0; i < 3; i++) {
        size_t len = literals[i].len;
        if (rest < len || memcmp(r->p, literals[i].word, len) != 0 ||
            (rest > len && (isalnum((unsigned char)r->p[len]) || r->p[len] == '_' || r->p[len] == '$')))
            continue;
        if (literals[i].type == BSON_TYPE_BOOL)
            jsonc_put_byte(r, i == 0);
        *ret_type = literals[i].type;
        r->p += len;
        return true;
    }
    return mig_jsonc_wrong_word(r);
}

static bool read_value(struct jsonc_reader *r, uint8_t *ret_type)
{
    if (!jsonc_skip(r))
        return false;
    if (r->p >= r->end)
        return mig_jsonc_unexpected(r, "a value", NULL);
    switch (*r->p) {
    case '"': *ret_type = BSON_TYPE_UTF8; return read_text(r);
    case '{': return mig_jsonc_object(r, ret_type);
    case '[': *ret_type = BSON_TYPE_ARRAY; return read_array(r);
    case '-':
    case '0' ... '9': return read_number(r, ret_type);
    default: return read_literal(r, ret_type);
    }
}

/* ---- the whole text ---- */

static bool check_text(struct jsonc_reader *r)
{
    size_t len = (size_t)(r->end - r->text);
    if (len > MIG_JSONC_BYTES_MAX) {
        MIG_AUTOFREE char *file = mig_text_safe_dup(r->file, SIZE_MAX);
        mig_fail(r->err, MIG_ERR_LIMIT, "%s: %zu bytes; expected at most %u", file, len, MIG_JSONC_BYTES_MAX);
        return mig_hint(r->err, "split it into several files");
    }
    size_t bad = mig_utf8_check(r->text, len);
    if (bad < len)
        return mig_jsonc_wrong(r, r->text + bad, "save the file as UTF-8",
                               "byte 0x%02X at offset %zu is not UTF-8; expected UTF-8",
                               (unsigned char)r->text[bad], bad);
    return true;
}

static bool read_root(struct jsonc_reader *r, bool *ret_is_array)
{
    uint8_t type = BSON_TYPE_DOCUMENT;
    const char *open;
    if (!jsonc_skip(r))
        return false;
    open = r->p;
    if (r->places)
        r->parent = mig_places_add(r->places, 0, "", 0, open);
    *ret_is_array = jsonc_is(r, '[');
    if (!jsonc_is(r, '{') && !(*ret_is_array && (r->flags & MIG_JSONC_ARRAY_OK)))
        return mig_jsonc_unexpected(r,
                                    *ret_is_array || !(r->flags & MIG_JSONC_ARRAY_OK) ? "'{'" : "'{' or '['",
                                    "the text is one document in curly brackets");
    if (*ret_is_array ? !read_array(r) : !mig_jsonc_object(r, &type))
        return false;
    if (type != BSON_TYPE_DOCUMENT)
        return mig_jsonc_wrong(r, open, NULL, "the whole text is one $-typed value; expected a document");
    if (!jsonc_skip(r))
        return false;
    return r->p == r->end || mig_jsonc_wrong(r, r->p, "one document a file: put steps into its arrays",
                                             "text after the document; expected the end");
}

bool mig_jsonc_read(const char *file, const char *text, size_t len, unsigned flags, bson_t *ret_doc,
                    bool *ret_is_array, struct mig_places **ret_places, struct mig_error *err)
{
    static const char mark[] = "\xEF\xBB\xBF";
    bool has_mark = len >= 3 && memcmp(text, mark, 3) == 0, is_array = false, ok;
    struct jsonc_reader r = {
        .file = file,
        .text = text + (has_mark ? 3 : 0),
        .end = text + len,
        .p = text + (has_mark ? 3 : 0),
        .flags = flags,
        .err = err,
    };
    if (ret_places)
        *ret_places = NULL;
    ok = check_text(&r);
    if (ok) {
        if (ret_places)
            r.places = mig_places_new(r.text);
        mig_jsonc_grow(&r, len + 64);
        ok = read_root(&r, &is_array);
    }
    if (ok) {
        bson_t bytes;
        /* uncovered: a fault of the reader itself, which its tests would show */
        ok = bson_init_static(&bytes, r.out, r.len) ||
             mig_fail(err, MIG_ERR_INTERNAL, "%s: the reader made malformed BSON", file);
        /* uncovered: the same fault of the reader itself */
        if (ok)
            bson_copy_to(&bytes, ret_doc);
    }
    if (ok && ret_is_array)
        *ret_is_array = is_array;
    if (ok && ret_places)
        *ret_places = r.places;
    else
        mig_places_free(r.places);
    free(r.out);
    free(r.keys);
    return ok;
}
