/* state.c - one row a state; every screen, JSON and help text reads it. */
#include "model/state.h"

static const struct {
    const char *word;
    const char *ascii;
    const char *mark;
    const char *meaning;
} rows[MIG_STATES] = {
#define X(state, word, ascii, mark, text) [state] = { word, ascii, mark, text },
    MIG_STATE_TABLE(X)
#undef X
};

const char *mig_state_word(enum mig_state state)
{
    return (unsigned)state < MIG_STATES ? rows[state].word : "?";
}

const char *mig_state_mark(enum mig_state state, bool utf8)
{
    if ((unsigned)state >= MIG_STATES)
        return "?";
    return utf8 ? rows[state].mark : rows[state].ascii;
}

const char *mig_state_meaning(enum mig_state state)
{
    return (unsigned)state < MIG_STATES ? rows[state].meaning : "";
}
