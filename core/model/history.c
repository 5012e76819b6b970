/* history.c - owning and finding records; their words. */
#include "model/history.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const char *const record_words[MIG_RECORD_STATES] = {
#define X(state, word) [state] = word,
    MIG_RECORD_TABLE(X)
#undef X
};

static const char *const phase_words[MIG_PHASES] = { "none", "intent", "done", "failed", "undone" };

static int find_word(const char *const *words, int count, const char *word)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(words[i], word) == 0)
            return i;
    }
    return -1;
}

const char *mig_record_state_word(enum mig_record_state state)
{
    return (unsigned)state < MIG_RECORD_STATES ? record_words[state] : "?";
}

int mig_record_state_find(const char *word)
{
    return find_word(record_words, MIG_RECORD_STATES, word);
}

const char *mig_direction_word(enum mig_direction direction)
{
    return direction == MIG_DOWN ? "down" : "up";
}

const char *mig_phase_word(enum mig_phase phase)
{
    return (unsigned)phase < MIG_PHASES ? phase_words[phase] : "?";
}

int mig_phase_find(const char *word)
{
    return find_word(phase_words, MIG_PHASES, word);
}

bool mig_lock_alive(const struct mig_lock *lock)
{
    return lock->exists && lock->owner[0] && !lock->holder_dead && lock->expires_at >= lock->server_now;
}

void mig_step_record_done(struct mig_step_record *step)
{
    free(step->id);
    free(step->kind);
    if (step->pre)
        bson_destroy(step->pre);
    if (step->result)
        bson_destroy(step->result);
    *step = (struct mig_step_record){ 0 };
}

void mig_record_done(struct mig_record *record)
{
    for (size_t i = 0; i < record->step_count; i++)
        mig_step_record_done(&record->steps[i]);
    free(record->steps);
    if (record->inverse)
        bson_destroy(record->inverse);
    free(record->version);
    free(record->title);
    free(record->run);
    free(record->plan_id);
    free(record->error);
    free(record->error_step);
    free(record->operator_name);
    free(record->os_user);
    free(record->host);
    free(record->marked);
    *record = (struct mig_record){ 0 };
}

void mig_history_free(struct mig_history *history)
{
    if (!history)
        return;
    for (size_t i = 0; i < history->count; i++)
        mig_record_done(&history->records[i]);
    free(history->records);
    for (size_t i = 0; i < history->request_count; i++)
        mig_request_done(&history->requests[i]);
    free(history->requests);
    if (history->schema)
        bson_destroy(history->schema);
    free(history);
}

const struct mig_record *mig_history_find(const struct mig_history *history, const char *version)
{
    size_t low = 0;
    size_t high = history->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = mig_version_compare(history->records[middle].version, version);
        if (order == 0)
            return &history->records[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
