/* Our reader against libbson's: a text without our extensions that both accept is the same document to both.
 *
 * Where they are known to differ, and ours is the one documented (engine/jsonc.h), the text is left out: a key twice (ours
 * refuses), what follows the document (libbson drops it; ours refuses), -0 (ours: the integer), numbers beyond their
 * type (libbson wraps or saturates; ours refuses), and query operators that libbson reads as types.
 */
#include <math.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "engine/jsonc.h"
#include "fuzz.h"

/* libbson reads these as types also where ours, as documented, leaves them as operators or refuses. */
static bool has_operators(const bson_t *doc)
{
    static const char *const names[] = { "$regex", "$options", "$type", "$ref", "$id", "$db", "$query" };
    bson_iter_t iter;
    for (bool more = bson_iter_init(&iter, doc); more && bson_iter_next(&iter);) {
        bson_t sub;
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            if (strcmp(bson_iter_key(&iter), names[i]) == 0)
                return true;
        }
        if (mig_iter_sub(&iter, &sub) && has_operators(&sub))
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mig_error err;
    bson_error_t error;
    bson_t ours;
    bool is_array;
    if (size > 100000 || memchr(data, 0, size))
        return 0;
    if (!mig_jsonc_read("fuzz", (const char *)data, size, MIG_JSONC_STRICT, &ours, &is_array, NULL, &err))
        return 0;
    /* libbson writes "-0" as a double in some places, and keys by NUL in others. */
    MIG_AUTOFREE char *text = mig_strndup((const char *)data, size);
    bson_t *theirs = is_array || strstr(text, "-0") || strstr(text, "\\u0000") || has_operators(&ours)
                         ? NULL
                         : bson_new_from_json((const uint8_t *)text, (ssize_t)size, &error);
    if (theirs && !bson_equal(&ours, theirs)) {
        char *a = bson_as_canonical_extended_json(&ours, NULL);
        char *b = bson_as_canonical_extended_json(theirs, NULL);
        fprintf(stderr, "%s\nours:   %s\ntheirs: %s\n", text, a ? a : "?", b ? b : "?");
        abort();
    }
    bson_destroy(&ours);
    bson_destroy(theirs);
    return 0;
}
