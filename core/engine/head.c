/* head.c - the history head is computed from the records at every reading, so nothing can make it lie. */
#include "engine/head.h"

static void put_row(size_t i, bson_t *row, const void *context)
{
    const struct mig_record *record = &((const struct mig_history *)context)->records[i];
    BSON_APPEND_UTF8(row, "0", record->version);
    BSON_APPEND_UTF8(row, "1", mig_record_state_word(record->state));
    BSON_APPEND_UTF8(row, "2", record->sem);
    BSON_APPEND_INT64(row, "3", record->attempt);
    BSON_APPEND_INT64(row, "4", record->seq);
}

void mig_history_head(const struct mig_history *history, char ret[static MIG_SHA256_HEX])
{
    mig_sha256_rows(history->count, put_row, history, ret);
}
