/* server.h - what one environment's server is and can do, as probed (never assumed). Plain data. */
#ifndef MIG_MODEL_SERVER_H
#define MIG_MODEL_SERVER_H

#include <stdbool.h>
#include <stdint.h>

enum mig_topology { MIG_TOPOLOGY_STANDALONE, MIG_TOPOLOGY_REPLICA_SET, MIG_TOPOLOGY_SHARDED };

struct mig_server {
    char version[32]; /* "8.2.11" */
    int major, minor;
    int max_wire;
    enum mig_topology topology;
    char set_name[128];   /* "" when none */
    char set_id[32];      /* replica-set id (hex) where the server tells it, else "" */
    char primary[272];    /* host:port that answered */
    char db_user[128];    /* "user@db" as connectionStatus says; "" without authentication */
    int64_t skew_ms;      /* server's clock minus ours, at half the round trip */
    int64_t max_document; /* bytes */
    int64_t max_message;
    bool can_transactions;
    bool can_bulk_write;      /* the bulkWrite command (8.0) */
    bool can_pipeline_update; /* update pipelines and $$NOW (4.2) */
    bool can_union;           /* $unionWith (4.4) */
    bool can_current_op;      /* we may list at least our own operations */
    bool may_only_read;       /* the user is known to have no right to write to the database */
    bool can_change_streams;
    bool majority_reads;
};

const char *mig_topology_name(enum mig_topology topology);

#endif
