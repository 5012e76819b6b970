/* schemas.h - JSON Schema (draft 2020-12) of what commands print. Keys listed are stable; more may be added. */
#ifndef MIG_CLI_SCHEMAS_H
#define MIG_CLI_SCHEMAS_H

/* name: status, plan or events; never NULL, "" for any other. */
const char *cli_schema_text(const char *name);

#endif
