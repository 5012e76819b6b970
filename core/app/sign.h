/* sign.h - signatures of approvals, by ssh-keygen with the operator's own key or agent.
 *
 * Namespace migtui-approval; the names, dates and revocations of allowed_signers are ssh-keygen's to honour, at the server's time
 * and in UTC. By hand: docs/reference/approvals.md.
 */
#ifndef MIG_APP_SIGN_H
#define MIG_APP_SIGN_H

#include "app/app.h"
#include "model/approval.h"

#define MIG_SIGN_NAMESPACE "migtui-approval"

/* The name that allowed_signers gives to the operator's key, into ret. Reads two files, asks no server. False: MIG_ERR_GATE, the key is not
 * among them; MIG_ERR_CONFIG, there is no key. */
bool mig_sign_principal(struct mig_app *app, const struct cfg_environment *env, char *ret, size_t size,
                        struct mig_error *err) MIG_MUST_CHECK;

/* Sign the text with the operator's key. *ret is the armoured signature, the caller's to free. */
bool mig_sign(struct mig_app *app, const char *text, size_t len, char **ret, struct mig_error *err)
    MIG_MUST_CHECK;

/* Does the signature cover the text, by the key that allowed_signers gives to principal, valid now and not revoked? now_ms: the server's
 * clock. ret_key: its fingerprint. False: *err says why not. Side effect: the signature is kept in <state_dir>/signatures. */
bool mig_sign_verify(struct mig_app *app, const struct cfg_environment *env, const char *principal,
                     const char *text, size_t len, const char *signature, int64_t now_ms, char *ret_key,
                     size_t key_size, struct mig_error *err) MIG_MUST_CHECK;

#endif
