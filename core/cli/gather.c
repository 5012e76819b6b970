/* gather.c - one task an environment; where none can be started, one after the other. */
#include "cli/gather.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"

#define OUTPUT_MAX (512UL * 1024 * 1024)

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
    if (order == 0)
        order = strcmp(mig_doc_str(y, "version", ""), mig_doc_str(x, "version", ""));
    int64_t later = mig_doc_int(y, "seq", 0) - mig_doc_int(x, "seq", 0);
    if (order == 0)
        order = (later > 0) - (later < 0);
    if (order == 0)
        order = strcmp(mig_doc_str(x, "environment", ""), mig_doc_str(y, "environment", ""));
    return order ? order : strcmp(mig_doc_str(x, "collection", ""), mig_doc_str(y, "collection", ""));
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

/* ---- telling ---- */

static void tell_documents(struct cli *cli, const struct cli_docs *list, size_t limit, const char *key)
{
    size_t count = list->count < limit ? list->count : limit;
    if (cli->format == CLI_NDJSON) {
        for (size_t i = 0; i < count; i++)
            cli_out_document(cli, list->items[i]);
        return;
    }
    bson_t doc MIG_AUTODOC = BSON_INITIALIZER;
    bson_t items;
    bson_append_array_begin(&doc, key, -1, &items);
    for (size_t i = 0; i < count; i++) {
        char buffer[16];
        const char *name;
        size_t len = bson_uint32_to_string((uint32_t)i, &name, buffer, sizeof buffer);
        bson_append_document(&items, name, (int)len, list->items[i]);
    }
    bson_append_array_end(&doc, &items);
    cli_out_document(cli, &doc);
}

static void tell_table(struct cli *cli, const struct cli_docs *docs, const struct cli_list *list)
{
    struct mig_buf text MIG_AUTOBUF;
    struct cli_table *table = list->table(&cli->out);
    mig_buf_init(&text, OUTPUT_MAX);
    for (size_t i = 0; i < docs->count && i < (size_t)list->limit; i++)
        list->row(table, docs->items[i]);
    cli_table_print(table, 0, &text);
    if (docs->count == 0 && !cli->quiet)
        mig_buf_str(&text, list->nothing);
    cli_out(cli, &text);
    cli_table_free(table);
}

int cli_tell_list(struct cli *cli, const struct cli_list *list, struct mig_error *err)
{
    const struct cfg_environment **envs MIG_AUTOFREE = NULL;
    size_t count;
    struct cli_docs docs = { 0 };
    if (!cli_environments(cli, &envs, &count, err))
        return CLI_FAILED;
    int status = cli_gather(cli, envs, count, list->list, list->limit, &docs, err);
    if (status != CLI_FAILED && cli->format == CLI_TEXT)
        tell_table(cli, &docs, list);
    else if (status != CLI_FAILED)
        tell_documents(cli, &docs, (size_t)list->limit, list->key);
    int judged = status != CLI_FAILED && list->judge ? list->judge(&docs) : 0;
    cli_docs_done(&docs);
    return judged ? judged : status;
}
