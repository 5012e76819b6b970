/* signals.h - SIGINT, SIGTERM and SIGHUP, taken by one thread and by no other.
 *
 * The driver's threads must never run a handler (facts: mongodb-engine §1), so the signals are blocked before the first
 * thread starts, and one thread waits for them. What they do depends on what the process is at.
 */
#ifndef MIG_CLI_SIGNALS_H
#define MIG_CLI_SIGNALS_H

#include <stdbool.h>

enum cli_mode {
    CLI_MODE_PLAIN, /* a look, a prompt: the first signal ends the process (130, 143, 129) */
    CLI_MODE_RUN, /* a run in the foreground: the first asks it to stop after its step, the second ends the process;
                        a lost terminal (SIGHUP) ends nothing */
    CLI_MODE_FOLLOW, /* watching another process's run: the first ends the watching */
    CLI_MODE_RUNNER, /* the detached runner: as RUN, says nothing */
};

struct cli_signals;

/* Block the signals in the calling thread, and so in all that it starts; ignore SIGPIPE. */
void cli_signals_block(void);

/* Start the thread; it lives as long as the process. Call once. NULL: no thread could be started, and the signals are
 * unblocked again. */
struct cli_signals *cli_signals_start(void);

void cli_signals_mode(struct cli_signals *signals, enum cli_mode mode);

/* Turns true when the run or the watching is to stop. */
const volatile bool *cli_signals_stop(const struct cli_signals *signals);

/* The signal that came first, 0 when none did. */
int cli_signals_seen(const struct cli_signals *signals);

#endif
