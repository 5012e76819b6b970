/* mongo.c - one switch for the driver; its log goes nowhere but one line kept for diagnostics. */
#include "io/mongo.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/text.h"
#include "io/mongo_driver.h"

static struct {
    pthread_mutex_t loading; /* held while it is loaded; guards .loaded */
    bool loaded;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t retiring; /* shutdowns under way */
    char warning[256];
    /* The driver is one for the process. NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables) */
} driver = { .loading = PTHREAD_MUTEX_INITIALIZER, .lock = PTHREAD_MUTEX_INITIALIZER };

static void keep_warning(mongoc_log_level_t level, const char *domain, const char *message, void *context)
{
    (void)context;
    if (level > MONGOC_LOG_LEVEL_WARNING)
        return;
    char *safe = mig_text_safe_dup(message, sizeof driver.warning / 4);
    pthread_mutex_lock(&driver.lock);
    snprintf(driver.warning, sizeof driver.warning, "%s: %s", domain, safe);
    mig_utf8_trim(driver.warning);
    pthread_mutex_unlock(&driver.lock);
    free(safe);
}

void io_mongo_init(void)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&driver.changed, &monotonic);
    pthread_condattr_destroy(&monotonic);

    setenv("MONGOC_DISABLE_SHM", "1",
           1); /* a file of counters that a killed process left makes the driver warn */
}

bool io_mongo_load(struct mig_error *err)
{
    pthread_mutex_lock(&driver.loading);
    if (!driver.loaded && io_mongo_find(err)) {
        mongoc.log_set_handler(keep_warning, NULL);
        mongoc.init();
        driver.loaded = true;
    }
    bool loaded = driver.loaded;
    pthread_mutex_unlock(&driver.loading);
    return loaded;
}

bool io_mongo_cleanup(int64_t wait_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += wait_ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&driver.lock);
    while (driver.retiring > 0 && pthread_cond_timedwait(&driver.changed, &driver.lock, &until) == 0)
        ;
    bool quiet = driver.retiring == 0;
    pthread_mutex_unlock(&driver.lock);
    pthread_mutex_lock(&driver.loading);
    if (quiet && driver.loaded)
        mongoc.cleanup();
    pthread_mutex_unlock(&driver.loading);
    return quiet;
}

void io_mongo_last_warning(char *ret, size_t size)
{
    pthread_mutex_lock(&driver.lock);
    snprintf(ret, size, "%s", driver.warning);
    pthread_mutex_unlock(&driver.lock);
    mig_utf8_trim(ret);
}

struct retirement {
    void (*fn)(void *context);
    void *context;
};

static void *retire(void *arg)
{
    struct retirement job = *(struct retirement *)arg;
    free(arg);
    job.fn(job.context);
    pthread_mutex_lock(&driver.lock);
    driver.retiring--;
    pthread_cond_broadcast(&driver.changed);
    pthread_mutex_unlock(&driver.lock);
    return NULL;
}

void io_mongo_retire(void (*fn)(void *context), void *context)
{
    struct retirement *job = mig_alloc(sizeof *job);
    *job = (struct retirement){ .fn = fn, .context = context };
    pthread_mutex_lock(&driver.lock);
    driver.retiring++;
    pthread_mutex_unlock(&driver.lock);

    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pthread_t thread;
    bool started = pthread_create(&thread, &detached, retire, job) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&detached);
    if (!started)
        retire(job);
}
