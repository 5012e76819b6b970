/* watch.h - environments and files looked at again and again, each by a thread of its own; snapshots come out.
 *
 * One lane an environment looks at it: at once when a change stream tells of a change, every few seconds where the server has
 * none, every second while a run is at work there, rarer and rarer while it does not answer. A second one answers what
 * views ask (query.h), a third listens to the stream, and one lane reads the migrations directory when it has changed. Lanes share an environment's store, know nothing of each other, and never wait for one another: a dead
 * environment delays nobody. What they find is put where the next snapshot takes it; `changed` is called once until that
 * snapshot is taken, however much comes in.
 *
 * Threads: every function here is the UI thread's; none blocks (but mig_watch_stop, for its grace).
 */
#ifndef MIG_APP_WATCH_H
#define MIG_APP_WATCH_H

#include "app/snapshot.h"

struct mig_watch;

struct mig_watch_options {
    struct mig_app *app; /* borrowed; its configuration too */
    bool readonly;
    void (*changed)(void *ctx); /* called on any thread: wake the UI, do nothing else */
    void *ctx;
};

/* Nothing is looked at before mig_watch_start, so that a screen can be drawn first; snapshots can be taken already. */
struct mig_watch *mig_watch_new(const struct mig_watch_options *options);

/* Start looking, once. Nothing has come in when it returns. */
void mig_watch_start(struct mig_watch *watch);

/* End it: calls under way are cancelled, and their threads awaited for at most grace_ms. True: all is freed. False: some thread
 * is stuck in a call that cannot be cancelled (a resolver, a command that gives a secret): nothing was freed, and the
 * process must end without freeing what the application holds. */
bool mig_watch_stop(struct mig_watch *watch, int64_t grace_ms);

/* What is known now; the caller's reference. */
struct mig_snapshot *mig_watch_snapshot(struct mig_watch *watch);

struct mig_want {
    enum mig_query_kind kind;
    const struct cfg_environment *env; /* NULL: all, or files */
    const char *argument;
};
/* Which answers to fetch and keep fresh from now on. Others are kept for a while, so that coming back shows them at once. */
void mig_watch_wants(struct mig_watch *watch, const struct mig_want *wants, size_t count);

/* Look and fetch again now; env NULL: everything. */
void mig_watch_refresh(struct mig_watch *watch, const struct cfg_environment *env);

/* Until when an environment may be written to from this session (monotonic); 0: read-only. */
void mig_watch_set_writable(struct mig_watch *watch, const struct cfg_environment *env, int64_t until_ms);

/* Nothing is under way and nothing is due that was asked for: what a script waits for. */
bool mig_watch_is_idle(struct mig_watch *watch);

#endif
