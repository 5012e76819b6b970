/* policy.h - what an environment's gate asks for, with the digests that pin it to requests and approvals. */
#ifndef MIG_APP_POLICY_H
#define MIG_APP_POLICY_H

#include "app/app.h"
#include "engine/approval.h"

/* From the configuration, and, where approvals are signed, from the text of allowed_signers and of the revoked keys. *ret borrows from the
 * configuration. False: those files cannot be read (MIG_ERR_CONFIG). No server is asked. */
bool mig_policy_load(struct mig_app *app, const struct cfg_environment *env, struct mig_policy *ret,
                     struct mig_error *err) MIG_MUST_CHECK;

#endif
