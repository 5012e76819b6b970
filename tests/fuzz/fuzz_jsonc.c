/* fuzz_jsonc.c - any bytes: the reader answers, what it accepts is valid BSON, and printing and reading it again gives
 * the same digest. Errors begin with a place.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/doc.h"
#include "base/hash.h"
#include "engine/jsonc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool fact, const char *what)
{
    if (fact)
        return;
    fprintf(stderr, "fuzz_jsonc: %s\n", what);
    abort();
}

/* libbson's printer takes code, keys and the rest as C strings in places; what it cannot print is only validated. */
static void check_round_trip(const bson_t *doc)
{
    char before[MIG_SHA256_HEX], after[MIG_SHA256_HEX];
    char *json = mig_doc_canonical(doc);
    struct mig_error err;
    bson_t again;
    if (!json)
        return;
    bool ok = mig_jsonc_read("again", json, strlen(json), MIG_JSONC_STRICT, &again, NULL, NULL, &err);
    if (!ok)
        fprintf(stderr, "%s\n%s\n", json, err.message);
    expect(ok || err.code == MIG_ERR_LIMIT, "what libbson printed was refused");
    if (ok) {
        mig_sha256_bson(doc, before);
        mig_sha256_bson(&again, after);
        expect(strcmp(before, after) == 0, "another digest after a round trip");
        bson_destroy(&again);
    }
    bson_free(json);
}

static void check_place_of_error(const char *message)
{
    int line = 0, column = 0;
    expect(sscanf(message, "fuzz:%d:%d: ", &line, &column) == 2 && line > 0 && column > 0,
           "an error without a place");
    expect(strstr(message, "; expected ") != NULL, "an error that says not what was expected");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mig_error err;
    struct mig_places *places;
    struct mig_place place;
    bson_t doc;
    bool is_array;
    /* The first byte chooses the flags, so that one corpus serves all of them. */
    unsigned flags = size ? data[0] & 3u : 0;
    const char *text = (const char *)data + (size > 0);
    if (!mig_jsonc_read("fuzz", text, size - (size > 0), flags, &doc, &is_array, &places, &err)) {
        expect(places == NULL, "places after a failure");
        check_place_of_error(err.message);
        return 0;
    }
    expect(bson_validate(&doc, BSON_VALIDATE_UTF8 | BSON_VALIDATE_UTF8_ALLOW_NULL, NULL), "malformed BSON");
    expect(mig_places_find(places, "", &place), "no place of the root");
    if (is_array)
        expect((flags & MIG_JSONC_ARRAY_OK) != 0, "an array that was not asked for");
    check_round_trip(&doc);
    bson_destroy(&doc);
    mig_places_free(places);
    return 0;
}
