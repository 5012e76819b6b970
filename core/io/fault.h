/* fault.h - the process dies at a chosen point: for tests, in test builds only (MIGTUI_FAULTS, off in a release).
 *
 * The two ports through which a run touches the world, store and host, are wrapped so that each call counts as points: a
 * command before it is sent and after its reply came, a line of a file before it is written, with half of it written, and
 * after. MIGTUI_FAULT_KILL_AT=N: SIGKILL to oneself at point N; nothing is flushed and nobody is told. MIGTUI_FAULT_LOG=FILE: the
 * points as they come, a line each. Without both it only counts. tests/live/test_killpoints.py tries every N.
 * MIGTUI_FAULT_SPAWN_MS=N: waits so long before a program is started.
 */
#ifndef MIG_IO_FAULT_H
#define MIG_IO_FAULT_H

#include "ports/host.h"
#include "ports/store.h"

/* Wraps *store, which its close closes too. */
void io_fault_store(struct mig_store **store);

/* Changes the host in place: its ops are those that count, and call the former. One host a process. */
void io_fault_host(struct mig_host *host);

#endif
