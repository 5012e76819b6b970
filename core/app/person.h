/* person.h - who acts here and now, as the server, this machine and the command line say. */
#ifndef MIG_APP_PERSON_H
#define MIG_APP_PERSON_H

#include "app/app.h"
#include "model/person.h"

/* One round trip: connectionStatus tells the database user. key and principal stay "": a signature proves those (app/sign.h).
 * False: the server did not answer. */
bool mig_person_read(struct mig_app *app, struct mig_store *store, struct mig_person *ret,
                     struct mig_error *err) MIG_MUST_CHECK;

#endif
