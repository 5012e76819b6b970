/* store_loan.h - a store lent out: all it is asked goes to the store behind it; closing it closes nothing.
 *
 * Functions of core/app open a store of their own and close it; on a lane they are given its one store this way, so that its
 * connections are kept between looks and one cancel reaches them all.
 */
#ifndef MIG_APP_STORE_LOAN_H
#define MIG_APP_STORE_LOAN_H

#include "ports/store.h"

/* store must outlive the loan. The caller closes it as any store. */
struct mig_store *mig_store_lend(struct mig_store *store);

#endif
