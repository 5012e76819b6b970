/* history.c - owning and finding records; their words. */
#include "model/history.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
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

/* Every member of a record but its steps, its inverse and its details, and every member of those. */
#define TEXTS(X) X(version) X(title) X(raw) X(sem) X(run) X(operator_name) X(marked)
#define NUMBERS(X) \
    X(state) X(direction) X(attempt) X(rev) X(seq) X(step_count) X(steps_known) X(ended_at) X(duration_ms)
#define DETAIL_TEXTS(X) X(plan_id) X(error) X(error_step) X(os_user) X(host)

const struct mig_record_details *mig_record_details(const struct mig_record *record)
{
    static const struct mig_record_details none;
    return record->details ? record->details : &none;
}

int64_t mig_record_time(const struct mig_record *record)
{
    return record->ended_at > 0 ? record->ended_at : mig_record_details(record)->started_at;
}

struct mig_record_details *mig_record_details_own(struct mig_record *record)
{
    if (!record->details)
        record->details = mig_alloc(sizeof *record->details);
    return record->details;
}

/* What a record owns wherever its texts are. */
static void free_parts(struct mig_record *record)
{
    for (size_t i = 0; i < record->step_count; i++)
        mig_step_record_done(&record->steps[i]);
    free(record->steps);
    if (record->inverse)
        bson_destroy(record->inverse);
    if (!record->details)
        return;
#define X(text) free(record->details->text);
    DETAIL_TEXTS(X)
#undef X
    free(record->details);
}

void mig_record_done(struct mig_record *record)
{
    free_parts(record);
#define X(text) free(record->text);
    TEXTS(X)
#undef X
    *record = (struct mig_record){ 0 };
}

static bson_t *copy_document(const bson_t *from)
{
    return from ? bson_copy(from) : NULL;
}

struct mig_record mig_record_copy(const struct mig_record *from)
{
    struct mig_record to = *from;
#define X(text) to.text = mig_strdup_or_null(from->text);
    TEXTS(X)
#undef X
    to.inverse = copy_document(from->inverse);
    to.details = NULL;
    if (from->details) {
        *mig_record_details_own(&to) = *from->details;
#define X(text) to.details->text = mig_strdup_or_null(from->details->text);
        DETAIL_TEXTS(X)
#undef X
    }
    to.steps = from->steps ? mig_alloc_n(from->step_count, sizeof *to.steps) : NULL;
    for (size_t i = 0; i < from->step_count; i++) {
        const struct mig_step_record *step = &from->steps[i];
        to.steps[i] = (struct mig_step_record){ .id = mig_strdup_or_null(step->id),
                                                .kind = mig_strdup_or_null(step->kind),
                                                .phase = step->phase,
                                                .pre = copy_document(step->pre),
                                                .result = copy_document(step->result),
                                                .duration_ms = step->duration_ms };
    }
    return to;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_document(const bson_t *a, const bson_t *b)
{
    return a == b || (a && b && bson_equal(a, b));
}

static bool same_step(const struct mig_step_record *a, const struct mig_step_record *b)
{
    return same_text(a->id, b->id) && same_text(a->kind, b->kind) && a->phase == b->phase &&
           same_document(a->pre, b->pre) && same_document(a->result, b->result) &&
           a->duration_ms == b->duration_ms;
}

static bool same_details(const struct mig_record_details *a, const struct mig_record_details *b)
{
#define X(text) &&same_text(a->text, b->text)
    return a->token == b->token && a->started_at == b->started_at DETAIL_TEXTS(X);
#undef X
}

bool mig_record_equal(const struct mig_record *a, const struct mig_record *b)
{
#define X(number) &&a->number == b->number
    bool same = true NUMBERS(X);
#undef X
#define X(text) &&same_text(a->text, b->text)
    same = same TEXTS(X) && same_document(a->inverse, b->inverse) &&
           same_details(mig_record_details(a), mig_record_details(b));
#undef X
    for (size_t i = 0; same && i < a->step_count; i++)
        same = same_step(&a->steps[i], &b->steps[i]);
    return same;
}

/* ---- the past ---- */

static void release_past(struct mig_shared *shared)
{
    struct mig_past *past = (struct mig_past *)(void *)shared;
    for (size_t i = 0; i < past->count; i++)
        free_parts(&past->records[i]);
    free(past->records);
    mig_arena_done(&past->texts);
    free(past);
}

struct mig_past *mig_past_new(void)
{
    return mig_shared_new(sizeof(struct mig_past), release_past);
}

/* The text as the file or the record before has it, else as the past keeps it from now on. */
static char *keep_text(struct mig_past *past, char *take_text, char *of_file, char *of_last)
{
    char *kept = NULL;
    if (!take_text)
        return NULL;
    if (same_text(take_text, of_file))
        kept = of_file;
    else if (same_text(take_text, of_last))
        kept = of_last;
    else
        kept = mig_arena_text(&past->texts, take_text);
    free(take_text);
    return kept;
}

void mig_past_add(struct mig_past *past, struct mig_record *take_record, const struct mig_migration *file)
{
    const struct mig_record last =
        past->count > 0 ? past->records[past->count - 1] : (struct mig_record){ 0 };
    struct mig_record of_file = { 0 };
    if (file)
        of_file = (struct mig_record){ .version = file->version,
                                       .title = file->title,
                                       .raw = (char *)(uintptr_t)file->raw,
                                       .sem = (char *)(uintptr_t)file->sem };
    struct mig_record record = *take_record;
#define X(text) record.text = keep_text(past, record.text, of_file.text, last.text);
    TEXTS(X)
#undef X
    past->records = mig_grow(past->records, past->count, &past->room, sizeof *past->records);
    past->records[past->count++] = record;
    *take_record = (struct mig_record){ 0 };
}

static int by_version(const void *a, const void *b)
{
    const struct mig_record *x = a;
    const struct mig_record *y = b;
    return mig_version_compare(x->version, y->version);
}

static bool is_sorted(const struct mig_past *past)
{
    for (size_t i = 1; i < past->count; i++) {
        if (by_version(&past->records[i - 1], &past->records[i]) > 0)
            return false;
    }
    return true;
}

void mig_past_settle(struct mig_past *past)
{
    if (!is_sorted(
            past)) /* they are read in the order they were applied, which mostly is that of their versions */
        qsort(past->records, past->count, sizeof *past->records, by_version);
    past->records = mig_realloc_n(past->records, past->count, sizeof *past->records);
    past->room = past->count;
}

void mig_history_free(struct mig_history *history)
{
    if (!history)
        return;
    for (size_t i = 0; !history->past && i < history->count; i++)
        mig_record_done(&history->records[i]);
    if (!history->past)
        free(history->records);
    mig_unshare(history->past);
    for (size_t i = 0; i < history->request_count; i++)
        mig_request_done(&history->requests[i]);
    free(history->requests);
    if (history->schema)
        bson_destroy(history->schema);
    free(history);
}

static const struct mig_record *find_record(const struct mig_record *records, size_t count,
                                            const char *version)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = mig_version_compare(records[middle].version, version);
        if (order == 0)
            return &records[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct mig_record *mig_past_find(const struct mig_past *past, const char *version)
{
    return find_record(past->records, past->count, version);
}

const struct mig_record *mig_history_find(const struct mig_history *history, const char *version)
{
    return find_record(history->records, history->count, version);
}
