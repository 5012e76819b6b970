/* fault.c - counts what a run does to the world, and dies at the number it was given. Empty in a release. */
#ifdef MIGTUI_FAULTS

#include "io/fault.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"

/* The one state of the process that is no one's: threads of every store and the host share the count. */
static atomic_llong passed;
static const struct mig_host_ops *host_ops;

/* True when this is the point to die at. */
static bool is_due(const char *when, const char *what, const char *more)
{
    long long number = atomic_fetch_add(&passed, 1) + 1;
    const char *path = getenv("MIGTUI_FAULT_LOG");
    const char *at = getenv("MIGTUI_FAULT_KILL_AT");
    int64_t due = 0;
    if (path) {
        char line[400];
        int len = snprintf(line, sizeof line, "%lld %s %s %s\n", number, when, what, more);
        int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0 || write(fd, line, (size_t)len) != len)
            abort();
        close(fd);
    }
    return at && mig_text_int(at, 1, INT64_MAX, &due) && due == number;
}

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;) /* until it arrives */
        pause();
}

static void point(const char *when, const char *what, const char *more)
{
    if (is_due(when, what, more))
        die();
}

/* ---- store ---- */

struct fault_store {
    struct mig_store base;
    struct mig_store *real;
};

static struct mig_store *real(struct mig_store *base)
{
    return ((struct fault_store *)base)->real;
}

static void point_call(const char *when, const struct mig_call *call)
{
    bson_iter_t first;
    bool named = bson_iter_init(&first, call->command) && bson_iter_next(&first);
    point(when, named ? bson_iter_key(&first) : "command",
          named && BSON_ITER_HOLDS_UTF8(&first) ? bson_iter_utf8(&first, NULL) : "");
}

static void command(struct mig_store *base, const struct mig_call *call, struct mig_reply *ret)
{
    point_call("before", call);
    real(base)->ops->command(real(base), call, ret);
    point_call("after", call);
}

static bool query(struct mig_store *base, const struct mig_call *call, mig_document_fn each, void *context,
                  struct mig_error *err)
{
    point_call("before", call);
    bool ok = real(base)->ops->query(real(base), call, each, context, err);
    point_call("after", call);
    return ok;
}

static bool txn_begin(struct mig_store *base, struct mig_txn **ret, struct mig_error *err)
{
    return real(base)->ops->txn_begin(real(base), ret, err); /* sends nothing */
}

static void txn_commit(struct mig_store *base, struct mig_txn *txn, struct mig_reply *ret)
{
    point("before", "commitTransaction", "");
    real(base)->ops->txn_commit(real(base), txn, ret);
    point("after", "commitTransaction", "");
}

static void txn_abort(struct mig_store *base, struct mig_txn *txn)
{
    point("before", "abortTransaction", "");
    real(base)->ops->txn_abort(real(base), txn);
    point("after", "abortTransaction", "");
}

static const bson_t *txn_session(struct mig_store *base, struct mig_txn *txn)
{
    return real(base)->ops->txn_session(real(base), txn);
}

static void cancel(struct mig_store *base, bool on)
{
    real(base)->ops->cancel(real(base), on);
}

static int64_t round_trips(struct mig_store *base)
{
    return real(base)->ops->round_trips(real(base));
}

static void close_store(struct mig_store *base)
{
    real(base)->ops->close(real(base));
    free(base);
}

void io_fault_store(struct mig_store **store)
{
    static const struct mig_store_ops ops = {
        .command = command,
        .query = query,
        .txn_begin = txn_begin,
        .txn_commit = txn_commit,
        .txn_abort = txn_abort,
        .txn_session = txn_session,
        .cancel = cancel,
        .round_trips = round_trips,
        .close = close_store,
    };
    struct fault_store *wrapped = mig_alloc(sizeof *wrapped);
    *wrapped =
        (struct fault_store){ .base = { .ops = &ops, .database = (*store)->database }, .real = *store };
    *store = &wrapped->base;
}

/* ---- host ---- */

static void delay(const char *name)
{
    int64_t ms = 0;
    const char *text = getenv(name);
    if (text && mig_text_int(text, 0, 60000, &ms))
        poll(NULL, 0, (int)ms);
}

static const char *file_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool file_append(struct mig_host *host, const char *path, const char *bytes, size_t len, bool sync,
                        struct mig_error *err)
{
    point("before", "append", file_of(path));
    if (len > 1 && is_due("half", "append", file_of(path))) {
        (void)host_ops->file_append(host, path, bytes, len / 2, true, err);
        die();
    }
    bool ok = host_ops->file_append(host, path, bytes, len, sync, err);
    point("after", "append", file_of(path));
    return ok;
}

static bool file_replace(struct mig_host *host, const char *path, const char *bytes, size_t len,
                         struct mig_error *err)
{
    point("before", "replace", file_of(path));
    bool ok = host_ops->file_replace(host, path, bytes, len, err);
    point("after", "replace", file_of(path));
    return ok;
}

static bool spawn(struct mig_host *host, const char *const *argv, const char *const *env, const char *dir,
                  void (*on_line)(const char *line, void *context), void *context, const bool *stop,
                  bool *started, int *ret_status, struct mig_error *err)
{
    delay("MIGTUI_FAULT_SPAWN_MS");
    point("before", "spawn", "");
    bool ok = host_ops->spawn(host, argv, env, dir, on_line, context, stop, started, ret_status, err);
    point("after", "spawn", "");
    return ok;
}

void io_fault_host(struct mig_host *host)
{
    static struct mig_host_ops ops;
    host_ops = host->ops;
    ops = *host->ops;
    ops.file_append = file_append;
    ops.file_replace = file_replace;
    ops.spawn = spawn;
    host->ops = &ops;
}

#else
typedef int mig_fault_points_are_not_built_in; /* a file without a declaration is none in C */
#endif
