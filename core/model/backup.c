/* backup.c - the words of a backup's states. */
#include "model/backup.h"

#include <string.h>

static const char *const states[] = {
#define X(state, word) [state] = word,
    MIG_BACKUP_STATE_TABLE(X)
#undef X
};

static const char *const proofs[] = {
    [MIG_PROOF_NONE] = "none",
    [MIG_PROOF_OK] = "ok",
    [MIG_PROOF_FAILED] = "failed",
};

static int find(const char *const *words, int count, const char *word)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(words[i], word) == 0)
            return i;
    }
    return -1;
}

const char *mig_backup_state_word(enum mig_backup_state state)
{
    return (unsigned)state < MIG_BACKUP_STATES ? states[state] : "unknown";
}

int mig_backup_state_find(const char *word)
{
    return find(states, MIG_BACKUP_STATES, word);
}

const char *mig_backup_proof_word(enum mig_backup_proof proof)
{
    return (unsigned)proof < MIG_PROOFS ? proofs[proof] : "unknown";
}

int mig_backup_proof_find(const char *word)
{
    return find(proofs, MIG_PROOFS, word);
}
