/* gather.c - one task an environment; where none can be started, one after the other. */
#include "cli/gather.h"

#include <stdlib.h>
#include <string.h>

#include "base/doc.h"
#include "base/mem.h"

struct job {
    struct mig_app *app;
    const struct cfg_environment *env;
    cli_list_fn list;
    int64_t limit;
    struct cli_docs docs;
    struct mig_error error;
    bool ok;
    struct mig_task *task;
};

static bool keep(const bson_t *doc, void *ctx)
{
    struct cli_docs *docs = ctx;
    docs->items = mig_grow(docs->items, docs->count, &docs->room, sizeof *docs->items);
    docs->items[docs->count++] = bson_copy(doc);
    return true;
}

static void work(void *context)
{
    struct job *job = context;
    job->ok = job->list(job->app, job->env, job->limit, keep, &job->docs, &job->error);
}

static int by_start(const void *a, const void *b)
{
    const bson_t *x = *(bson_t *const *)a;
    const bson_t *y = *(bson_t *const *)b;
    int order = strcmp(mig_doc_str(y, "startedAt", ""), mig_doc_str(x, "startedAt", ""));
    return order ? order : strcmp(mig_doc_str(y, "version", ""), mig_doc_str(x, "version", ""));
}

/* Move a job's answers to the end of all. */
static void take(struct cli_docs *all, struct cli_docs *docs)
{
    for (size_t i = 0; i < docs->count; i++) {
        all->items = mig_grow(all->items, all->count, &all->room, sizeof *all->items);
        all->items[all->count++] = docs->items[i];
    }
    free(docs->items);
}

int cli_gather(struct cli *cli, const struct cfg_environment *const *envs, size_t count, cli_list_fn list,
               int64_t limit, struct cli_docs *ret, struct mig_error *err)
{
    struct mig_host *host = cli->host;
    struct job *jobs = mig_alloc_n(count, sizeof *jobs);
    size_t failed = 0;
    for (size_t i = 0; i < count; i++) {
        struct mig_error ignored;
        jobs[i] = (struct job){ .app = cli->app, .env = envs[i], .list = list, .limit = limit };
        if (count == 1 || !host->ops->task_start(host, work, &jobs[i], &jobs[i].task, &ignored))
            work(&jobs[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (jobs[i].task)
            host->ops->task_join(host, jobs[i].task);
    }
    for (size_t i = 0; i < count; i++) {
        take(ret, &jobs[i].docs);
        if (jobs[i].ok)
            continue;
        if (failed++ == 0)
            *err = jobs[i].error;
    }
    for (size_t i = 0; failed < count && i < count; i++) {
        if (!jobs[i].ok)
            cli_say(cli, "%s: %s", envs[i]->name, jobs[i].error.message);
    }
    free(jobs);
    if (failed == count)
        return CLI_FAILED;
    if (ret->count > 1)
        qsort(ret->items, ret->count, sizeof *ret->items, by_start);
    return failed ? 1 : 0;
}

void cli_docs_done(struct cli_docs *docs)
{
    for (size_t i = 0; i < docs->count; i++)
        bson_destroy(docs->items[i]);
    free(docs->items);
    *docs = (struct cli_docs){ 0 };
}
