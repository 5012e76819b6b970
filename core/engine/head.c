/* head.c - the history head is computed from the records at every reading, so nothing can make it lie. */
#include "engine/head.h"

void mig_history_head(const struct mig_history *history, char ret[static MIG_SHA256_HEX])
{
    bson_t list = BSON_INITIALIZER;
    for (size_t i = 0; i < history->count; i++) {
        const struct mig_record *record = &history->records[i];
        char key[24];
        const char *index;
        bson_t row;
        size_t key_len = bson_uint32_to_string((uint32_t)i, &index, key, sizeof key);
        bson_append_array_begin(&list, index, (int)key_len, &row);
        BSON_APPEND_UTF8(&row, "0", record->version);
        BSON_APPEND_UTF8(&row, "1", mig_record_state_word(record->state));
        BSON_APPEND_UTF8(&row, "2", record->sem);
        BSON_APPEND_INT64(&row, "3", record->attempt);
        BSON_APPEND_INT64(&row, "4", record->seq);
        bson_append_array_end(&list, &row);
    }
    mig_sha256_bson(&list, ret);
    bson_destroy(&list);
}
