/* server.c - names of topologies as JSON and files say them. */
#include "model/server.h"

const char *mig_topology_name(enum mig_topology topology)
{
    switch (topology) {
    case MIG_TOPOLOGY_REPLICA_SET: return "replicaset";
    case MIG_TOPOLOGY_SHARDED: return "sharded";
    case MIG_TOPOLOGY_STANDALONE: break;
    }
    return "standalone";
}
