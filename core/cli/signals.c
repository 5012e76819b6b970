/* signals.c - one thread in sigwait. */
#include "cli/signals.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/flag.h"
#include "base/mem.h"

struct cli_signals {
    _Atomic enum cli_mode mode;
    volatile bool stop; /* read by whoever runs; written here only, from false to true */
    atomic_int seen;
};

static void wanted(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
}

void cli_signals_block(void)
{
    sigset_t set;
    wanted(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGXFSZ, &ignore, NULL); /* a file that may not grow is a failed write, not the end */
}

static void say(const char *text)
{
    if (write(STDERR_FILENO, text, strlen(text)) < 0)
        return; /* nobody listens: that changes nothing */
}

static void take(struct cli_signals *signals, int number)
{
    enum cli_mode mode = signals->mode;
    bool run = mode == CLI_MODE_RUN || mode == CLI_MODE_RUNNER;
    if (run && number == SIGHUP)
        return;
    int none = 0;
    bool first = atomic_compare_exchange_strong(&signals->seen, &none, number);
    if (mode == CLI_MODE_PLAIN || !first)
        _exit(128 + (mode == CLI_MODE_RUNNER ? SIGINT : number));
    mig_flag_set(&signals->stop);
    if (mode == CLI_MODE_RUN)
        say("\nmigtui: stopping after this step; once more to end at once (resume goes on from there)\n");
}

static void *wait_for_signals(void *context)
{
    sigset_t set;
    wanted(&set);
    for (;;) {
        int number;
        if (sigwait(&set, &number) == 0)
            take(context, number);
    }
    return NULL;
}

struct cli_signals *cli_signals_start(void)
{
    struct cli_signals *signals = mig_alloc(sizeof *signals);
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int failed = pthread_create(&thread, &attributes, wait_for_signals, signals);
    pthread_attr_destroy(&attributes);
    if (failed) {
        sigset_t set;
        wanted(&set);
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
        free(signals);
        return NULL;
    }
    return signals;
}

void cli_signals_mode(struct cli_signals *signals, enum cli_mode mode)
{
    if (signals)
        signals->mode = mode;
}

const volatile bool *cli_signals_stop(const struct cli_signals *signals)
{
    static const bool never = false;
    return signals ? &signals->stop : &never;
}

int cli_signals_seen(const struct cli_signals *signals)
{
    return signals ? atomic_load(&signals->seen) : 0;
}
