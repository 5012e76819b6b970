/* person.h - who acted: what the server, the machine and a signature say of a person. Plain data.
 *
 * Only .db_user (the server reports it) and .key (a signature was verified with it) are proven; the rest is what the
 * acting process claims of itself, kept because it helps to find out what happened.
 */
#ifndef MIG_MODEL_PERSON_H
#define MIG_MODEL_PERSON_H

#include <bson/bson.h>

struct mig_person {
    char db_user[128];   /* "ana@admin" as connectionStatus says; "" without authentication */
    char key[80];        /* fingerprint of the SSH key, "SHA256:…"; "" when nothing was signed */
    char principal[128]; /* the name that allowed_signers gives that key; "" when nothing was signed */
    char operator_name[128];
    char os_user[128];
    char host[256];
    char ssh_client[128]; /* "" when not over SSH */
};

/* As a document {dbUser, key, principal, operator, osUser, host, sshClient}; empty members are left out. */
void mig_person_append(bson_t *doc, const char *name, const struct mig_person *person);
void mig_person_decode(const bson_t *doc, const char *path, struct mig_person *ret);

/* What to call the person: principal, else database user, else operator, else OS user. */
const char *mig_person_name(const struct mig_person *person);

#endif
