/* state.h - the nine states a migration can be in, and how each is shown. */
#ifndef MIG_MODEL_STATE_H
#define MIG_MODEL_STATE_H

#include <stdbool.h>

/* enum, word (screen, JSON, manual), ASCII mark, UTF-8 mark, what it means */
#define MIG_STATE_TABLE(X) \
    X(MIG_APPLIED, "applied", "+", "✓", "it ran here, and the file is what ran") \
    X(MIG_PENDING, "pending", ".", "·", "it has not run here") \
    X(MIG_RUNNING, "running", ">", "▸", "a run is at it now") \
    X(MIG_FAILED, "failed", "x", "✗", "a step failed; resume or recover") \
    X(MIG_INTERRUPTED, "interrupted", "%", "⚡", "its run is gone in the middle; resume or recover") \
    X(MIG_CHANGED, "changed", "~", "≠", "the file was edited after it ran") \
    X(MIG_MISSING, "missing", "?", "∅", "it ran here, and its file is gone") \
    X(MIG_LATE, "late", "<", "«", "it has not run here and is older than the newest that has") \
    X(MIG_BLOCKED, "blocked", "#", "⊘", "something it needs is not there; the reason says what")

enum mig_state {
#define X(state, word, ascii, mark, text) state,
    MIG_STATE_TABLE(X)
#undef X
        MIG_STATES
};

const char *mig_state_word(enum mig_state state);
const char *mig_state_mark(enum mig_state state, bool utf8);
const char *mig_state_meaning(enum mig_state state);

#endif
