/* sim.h - one simulated world: a clock, a queue of events, tasks that take turns, chance from a seed, faults, a trace.
 *
 * Everything that happens is an event at a time; events of one time happen in the order they were made. Nothing reads
 * the machine's clock or its randomness, so a seed is a story, told the same way each time: `hash` covers every message
 * byte for byte. One thread.
 */
#ifndef MIG_SIM_SIM_H
#define MIG_SIM_SIM_H

#include <bson/bson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What can go wrong, what it is called in a trace, how often of 100,000 chances, where it is among a seed's troubles. */
#define SIM_FAULT_TABLE(X) \
    X(SIM_LOSE_REQUEST, "lose-request", \
      1500) /* it never arrives; the sender hears nothing or a broken connection */ \
    X(SIM_LOSE_REPLY, "lose-reply", 1500)       /* done, and nobody is told */ \
    X(SIM_DELAY_REQUEST, "delay-request", 3000) /* it arrives later than others sent after it */ \
    X(SIM_DELAY_REPLY, "delay-reply", 3000)     /* up to minutes: beyond every time limit */ \
    X(SIM_STALL, "stall", 1500)  /* the operation waits within the server, up to beyond the lease */ \
    X(SIM_ORPHAN, "orphan", 500) /* the operation waits within the server, and its sender dies meanwhile */ \
    X(SIM_TWICE, "twice", 3000)  /* a retryable write arrives twice */ \
    X(SIM_CUT, "cut", 800)       /* every connection of the process breaks */ \
    X(SIM_APART, "apart", 300)   /* process and server do not hear each other, up to beyond the lease */ \
    X(SIM_REFUSE, "refuse", 800) /* a refusal that passes: WriteConflict, out of time */ \
    X(SIM_DIE, "die", 500)       /* kill -9 at a port call */ \
    X(SIM_PAUSE, "pause", 400)   /* SIGSTOP at a port call, up to beyond the lease */ \
    X(SIM_FAILOVER, "failover", 900)         /* another primary, without what no majority had */ \
    X(SIM_LAG, "lag", 900)                   /* majorities are late, up to beyond wtimeout */ \
    X(SIM_CLOCK_SERVER, "clock-server", 300) /* the server's clock jumps */ \
    X(SIM_CLOCK_HOST, "clock-host", 1000)    /* the host's wall clock jumps */ \
    X(SIM_DISK_FULL, "disk-full", 1000)      /* the host's disk, from here on for a while */ \
    X(SIM_LOSE_CURSOR, "lose-cursor", 3000)  /* the next documents of a cursor do not come */

enum sim_fault {
#define X(name, word, rate) name,
    SIM_FAULT_TABLE(X)
#undef X
        SIM_FAULTS
};

struct sim;
struct sim_task;

/* ---- chance ---- */

struct sim_rng {
    uint64_t state;
};
uint64_t sim_mix64(uint64_t a, uint64_t b);
uint64_t sim_next(struct sim_rng *rng);
/* 0 … below-1; 0 for 0. */
uint64_t sim_below(struct sim_rng *rng, uint64_t below);
bool sim_chance(struct sim_rng *rng, unsigned percent);
/* from … to: a third of them anywhere, the others rather short. */
int64_t sim_skewed(struct sim_rng *rng, int64_t from, int64_t to);

/* ---- events ---- */

typedef void (*sim_event_fn)(struct sim *sim, void *context, uint64_t argument);

struct sim_event {
    int64_t at_us;
    uint64_t order;
    sim_event_fn fn;
    void *context;
    uint64_t argument;
};

struct sim_options {
    bool trace;              /* tell it in words, on standard output */
    const uint64_t *dropped; /* keys of faults that do not happen */
    size_t dropped_count;
};

struct sim {
    uint64_t seed;
    struct sim_options options;
    int64_t now_us;
    uint64_t order, events;
    struct sim_event *queue; /* a heap */
    size_t queued, queue_room;
    struct sim_rng rng; /* of latencies and other luck that is no fault */
    int64_t pace;       /* how slow the network and the server are, times the fastest */
    uint64_t hash;

    unsigned rates[SIM_FAULTS]; /* of 100,000; 0: not in this seed */
    uint64_t asked[SIM_FAULTS];
    uint64_t *fired;
    size_t fired_count, fired_room;
    bool calm; /* no faults any more */

    struct sim_task *running; /* NULL: the scheduler itself */
    struct sim_task *tasks;   /* all that live */
    void *scheduler;          /* its context */

    bool failed;
    char failure[1200];
};

void sim_init(struct sim *sim, uint64_t seed, const struct sim_options *options);
void sim_done(struct sim *sim);
/* Run events until there are none, `over` says so, or something failed. */
void sim_run(struct sim *sim, bool (*over)(void *context), void *context);

static inline int64_t sim_ms(const struct sim *sim)
{
    return sim->now_us / 1000;
}

void sim_at(struct sim *sim, int64_t at_us, sim_event_fn fn, void *context, uint64_t argument);

/* Does the fault happen here? *ret_luck is chance for its details, the same whichever other faults are dropped. */
bool sim_fault(struct sim *sim, enum sim_fault fault, struct sim_rng *ret_luck);
const char *sim_fault_word(enum sim_fault fault);
/* A fault's name within its seed, and back: "lose-reply:17". */
void sim_fault_name(uint64_t key, char *ret, size_t size);
bool sim_fault_parse(const char *text, size_t len, uint64_t *ret);

/* ---- telling ---- */

/* An event into the hash, and with --trace onto the screen. doc may be NULL. Words only matter to the trace. */
void sim_tell(struct sim *sim, const char *what, const bson_t *doc, int64_t number);
void sim_say(struct sim *sim, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define SIM_SAY(sim, ...) \
    do { \
        if ((sim)->options.trace) \
            sim_say(sim, __VA_ARGS__); \
    } while (0)

/* A broken invariant, or a thing the model does not know: the first one ends the run. Within a task it does not return. */
void sim_fail(struct sim *sim, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
