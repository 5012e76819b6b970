/* head.h - the history head: one digest that names an environment's past.
 *
 * SHA-256 over the canonical BSON of [[version, state, sem, attempt, seq], …] of every record in version order. Derived from the
 * records whenever they are read and never stored, so it cannot disagree with them (docs/decisions/0002). Plans
 * and approvals carry it: whatever changes the past, changes it. Pure.
 */
#ifndef MIG_ENGINE_HEAD_H
#define MIG_ENGINE_HEAD_H

#include "model/history.h"

/* The head of an environment without records is the digest of the empty list, not "". */
void mig_history_head(const struct mig_history *history, char ret[static MIG_SHA256_HEX]);

#endif
