/* Any bytes as an archive: read without harm, and the verdict does not depend on the pieces they come in. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "archive/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    int64_t documents, bytes;
};

static bool on_document(void *ctx, size_t index, const uint8_t *bytes, uint32_t len, struct mig_error *err)
{
    struct seen *seen = ctx;
    (void)index, (void)err;
    if (len < 5 || bytes[len - 1] != 0)
        abort();
    seen->documents++;
    seen->bytes += len;
    return true;
}

static bool read_all(const uint8_t *data, size_t size, size_t piece, struct seen *seen)
{
    const struct arc_sink sink = { .ctx = seen, .document = on_document };
    struct arc_reader *reader = arc_reader_new(&sink);
    struct mig_error err = { 0 };
    bool ok = true;
    for (size_t at = 0; ok && at < size; at += piece)
        ok = arc_reader_feed(reader, data + at, piece < size - at ? piece : size - at, &err);
    ok = ok && arc_reader_end(reader, &err);
    if (!ok && err.code != MIG_ERR_BACKUP)
        abort();
    arc_reader_free(reader);
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen whole = { 0 }, pieces = { 0 };
    if (size == 0)
        return 0;
    bool ok = read_all(data, size, size, &whole);
    if (read_all(data, size, 1 + size % 13, &pieces) != ok)
        abort();
    /* Of a damaged one the pieces may have let some documents through before the damage was seen. */
    if (ok && (whole.documents != pieces.documents || whole.bytes != pieces.bytes))
        abort();
    return 0;
}
