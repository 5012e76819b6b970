/* act.c - spawn ourselves, read one line of JSON, and tell an error as the child told it. */
#include "app/act.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/doc.h"
#include "base/mem.h"

#define SELF "/proc/self/exe"

struct mig_act {
    struct mig_host *host;
    struct mig_task *task;
    char **words; /* with the program, NULL-terminated */
    char *line;
    void (*done)(void *ctx);
    void *ctx;
    char *last_text; /* the last line that was no JSON */
    struct mig_act_result result;
    bool started; /* atomically, by the host */
    atomic_bool over;
};

static void take_line(const char *line, void *context)
{
    struct mig_act *act = context;
    bson_t *doc = line[0] == '{' ? bson_new_from_json((const uint8_t *)line, -1, NULL) : NULL;
    if (doc) {
        if (act->result.document)
            bson_destroy(act->result.document);
        act->result.document = doc;
        return;
    }
    free(act->last_text);
    act->last_text = mig_strdup(line);
}

/* The error object of the child, as an error of ours. */
static bool read_error(const bson_t *doc, struct mig_error *ret)
{
    const char *name = doc ? mig_doc_str(doc, "error.name", "") : "";
    for (int code = 1; code < MIG_ERROR_CODES; code++) {
        if (strcmp(mig_error_name(code), name) != 0)
            continue;
        mig_fail(ret, code, "%s", mig_doc_str(doc, "error.message", ""));
        mig_hint(ret, "%s", mig_doc_str(doc, "error.hint", ""));
        ret->server_code = (int)mig_doc_int(doc, "error.code", 0);
        return true;
    }
    return false;
}

static void work(void *context)
{
    struct mig_act *act = context;
    struct mig_act_result *result = &act->result;
    const char *const *argv = (const char *const *)act->words;
    bool ran = act->host->ops->spawn(act->host, argv, NULL, NULL, take_line, act, NULL, &act->started,
                                     &result->status, &result->error);
    result->said = act->last_text;
    result->waits = ran && result->status == mig_error_exit(MIG_ERR_PENDING);
    if (ran && result->status != 0 && !read_error(result->document, &result->error) && !result->waits) {
        mig_fail(&result->error, MIG_ERR_FAILED, "%s ended with status %d%s%s", act->line, result->status,
                 act->last_text ? ": " : "", act->last_text ? act->last_text : "");
        mig_hint(&result->error, "what it has done: migtui runs, migtui status");
    }
    atomic_store(&act->over, true);
    if (act->done)
        act->done(act->ctx);
}

static char *line_of(const char *const *words)
{
    struct mig_buf line MIG_AUTOBUF;
    mig_buf_init(&line, 64UL * 1024);
    mig_buf_str(&line, "migtui");
    for (size_t i = 0; words[i]; i++) {
        bool plain = words[i][0] && strcspn(words[i], " \t\n\"'\\$`*?;&|<>()[]{}#~") == strlen(words[i]);
        mig_buf_printf(&line, " %s%s%s", plain ? "" : "'", words[i], plain ? "" : "'");
    }
    return mig_buf_detach(&line);
}

struct mig_act *mig_act_start(struct mig_host *host, const char *const *words, void (*done)(void *ctx),
                              void *ctx, struct mig_error *err)
{
    struct mig_act *act = mig_alloc(sizeof *act);
    size_t count = 0;
    while (words[count])
        count++;
    act->host = host;
    act->done = done;
    act->ctx = ctx;
    act->line = line_of(words);
    act->words = mig_alloc_n(count + 3, sizeof *act->words);
    act->words[0] = mig_strdup(SELF);
    act->words[1] = mig_strdup("--format=ndjson"); /* before the words: "--" may be among them */
    for (size_t i = 0; i < count; i++)
        act->words[i + 2] = mig_strdup(words[i]);
    if (host->ops->task_start(host, work, act, &act->task, err))
        return act;
    mig_act_free(act);
    return NULL;
}

const struct mig_act_result *mig_act_result(struct mig_act *act)
{
    return atomic_load(&act->over) ? &act->result : NULL;
}

bool mig_act_started(const struct mig_act *act)
{
    return __atomic_load_n(&act->started, __ATOMIC_ACQUIRE);
}

const char *mig_act_line(const struct mig_act *act)
{
    return act->line;
}

void mig_act_free(struct mig_act *act)
{
    if (act->task)
        act->host->ops->task_join(act->host, act->task);
    for (size_t i = 0; act->words[i]; i++)
        free(act->words[i]);
    if (act->result.document)
        bson_destroy(act->result.document);
    free(act->words);
    free(act->line);
    free(act->last_text);
    free(act);
}
