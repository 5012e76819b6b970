/* journal.c - what happened, in order, in three places at once. */
#include "app/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/timefmt.h"

#define PENDING_MAX (8 * 1024 * 1024)

void mig_journal_path(const struct mig_host *host, const char *run, char *ret, size_t size)
{
    snprintf(ret, size, "%s/runs/%s.jsonl", host->state_dir, run);
}

void mig_journal_init(struct mig_journal *journal, struct mig_host *host, const char *run,
                      mig_event_fn on_event, void *event_ctx)
{
    *journal = (struct mig_journal){ .host = host, .on_event = on_event, .event_ctx = event_ctx };
    snprintf(journal->run, sizeof journal->run, "%s", run);
    mig_journal_path(host, run, journal->path, sizeof journal->path);
    pthread_mutex_init(&journal->mutex, NULL);
    bson_init(&journal->pending);
}

void mig_journal_done(struct mig_journal *journal)
{
    journal->host->ops->file_close(journal->host, journal->path);
    bson_destroy(&journal->pending);
    pthread_mutex_destroy(&journal->mutex);
}

/* A progress line may be lost with the machine; what a person or a resume relies on may not. */
static bool must_be_on_disk(const char *event)
{
    return strcmp(event, "progress") != 0 && strcmp(event, "output") != 0 && strcmp(event, "check.done") != 0;
}

static void append_file(struct mig_journal *journal, const bson_t *doc, bool sync)
{
    struct mig_error err;
    char *json;
    char *line;
    if (journal->file_failed)
        return;
    json = bson_as_relaxed_extended_json(doc, NULL);
    line = mig_printf("%s\n", json ? json : "{}");
    journal->file_failed =
        !journal->host->ops->file_append(journal->host, journal->path, line, strlen(line), sync, &err);
    free(line);
    bson_free(json);
}

static void keep_pending(struct mig_journal *journal, const bson_t *doc)
{
    char key[24];
    const char *index;
    pthread_mutex_lock(&journal->mutex);
    if (journal->pending.len + doc->len > PENDING_MAX) {
        bson_reinit(&journal->pending);
        journal->pending_count = 0;
        journal->chunk++; /* a gap in the chunk numbers shows that some are missing */
    }
    size_t len = bson_uint32_to_string(journal->pending_count++, &index, key, sizeof key);
    bson_append_document(&journal->pending, index, (int)len, doc);
    pthread_mutex_unlock(&journal->mutex);
}

static void emit(struct mig_journal *journal, const char *event, const bson_t *fields)
{
    char at[MIG_TIME_SIZE];
    bson_t doc = BSON_INITIALIZER;
    mig_time_iso(journal->host->ops->wall_ms(journal->host), at);
    BSON_APPEND_UTF8(&doc, "event", event);
    BSON_APPEND_UTF8(&doc, "at", at);
    BSON_APPEND_INT64(&doc, "seq", ++journal->seq);
    BSON_APPEND_UTF8(&doc, "run", journal->run);
    if (fields)
        bson_concat(&doc, fields);
    append_file(journal, &doc, must_be_on_disk(event) && !journal->held);
    keep_pending(journal, &doc);
    if (journal->on_event)
        journal->on_event(&doc, journal->event_ctx);
    bson_destroy(&doc);
}

void mig_journal_emit(struct mig_journal *journal, const char *event, const bson_t *fields)
{
    bool had_file = !journal->file_failed;
    emit(journal, event, fields);
    if (had_file && journal->file_failed) {
        MIG_AUTOBSON bson_t *warning = bson_new();
        char text[700];
        snprintf(text, sizeof text, "the journal %s cannot be written; the log goes on in the database only",
                 journal->path);
        BSON_APPEND_UTF8(warning, "message", text);
        emit(journal, "warning", warning);
    }
}

void mig_journal_append_error(bson_t *fields, const struct mig_error *error)
{
    bson_t sub;
    BSON_APPEND_DOCUMENT_BEGIN(fields, "error", &sub);
    BSON_APPEND_INT32(&sub, "code", error->server_code);
    BSON_APPEND_UTF8(&sub, "name", mig_error_name(error->code));
    BSON_APPEND_UTF8(&sub, "message", error->message);
    BSON_APPEND_UTF8(&sub, "hint", error->hint);
    BSON_APPEND_INT32(&sub, "exit", mig_error_exit(error->code));
    bson_append_document_end(fields, &sub);
}

void mig_journal_hold(struct mig_journal *journal)
{
    journal->held = true;
}

void mig_journal_release(struct mig_journal *journal)
{
    struct mig_error err;
    if (journal->held && !journal->file_failed)
        journal->file_failed =
            !journal->host->ops->file_append(journal->host, journal->path, "", 0, true, &err);
    journal->held = false;
}

void mig_journal_warn(struct mig_journal *journal, const char *fmt, ...)
{
    MIG_AUTOBSON bson_t *fields = bson_new();
    char text[MIG_ERROR_MESSAGE_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    mig_utf8_trim(text);
    BSON_APPEND_UTF8(fields, "message", text);
    mig_journal_emit(journal, "warning", fields);
}

/* What could not be written goes back before what came since. */
static void put_back(struct mig_journal *journal, const bson_t *events, int64_t chunk)
{
    bson_t merged = BSON_INITIALIZER;
    uint32_t count = 0;
    pthread_mutex_lock(&journal->mutex);
    const bson_t *parts[] = { events, &journal->pending };
    for (size_t part = 0; part < 2; part++) {
        bson_iter_t each;
        for (bool more = bson_iter_init(&each, parts[part]); more && bson_iter_next(&each);) {
            char key[24];
            const char *index;
            size_t len = bson_uint32_to_string(count++, &index, key, sizeof key);
            bson_append_iter(&merged, index, (int)len, &each);
        }
    }
    bson_destroy(&journal->pending);
    bson_steal(&journal->pending, &merged);
    journal->pending_count = count;
    if (journal->chunk == chunk + 1)
        journal->chunk = chunk; /* else the oldest were dropped meanwhile, and the gap shows it */
    pthread_mutex_unlock(&journal->mutex);
}

/* An upsert of the whole chunk: when it landed and its reply was lost, the next one, which has more, replaces it. */
static void chunk_command(const struct mig_journal *journal, const struct mig_names *names,
                          const bson_t *events, uint32_t count, int64_t chunk, bson_t *ret)
{
    char id[MIG_ULID_SIZE + 24];
    bson_t list;
    bson_t row;
    bson_t part;
    bson_t set;
    snprintf(id, sizeof id, "%s-%08lld", journal->run, (long long)chunk);
    bson_init(ret);
    BSON_APPEND_UTF8(ret, "update", names->log);
    BSON_APPEND_ARRAY_BEGIN(ret, "updates", &list);
    BSON_APPEND_DOCUMENT_BEGIN(&list, "0", &row);
    BSON_APPEND_DOCUMENT_BEGIN(&row, "q", &part);
    BSON_APPEND_UTF8(&part, "_id", id);
    bson_append_document_end(&row, &part);
    BSON_APPEND_DOCUMENT_BEGIN(&row, "u", &part);
    BSON_APPEND_DOCUMENT_BEGIN(&part, "$set", &set);
    BSON_APPEND_UTF8(&set, "run", journal->run);
    BSON_APPEND_INT32(&set, "count", (int32_t)count);
    BSON_APPEND_ARRAY(&set, "events", events);
    bson_append_document_end(&part, &set);
    bson_append_document_end(&row, &part);
    BSON_APPEND_BOOL(&row, "upsert", true);
    bson_append_document_end(&list, &row);
    bson_append_array_end(ret, &list);
}

bool mig_journal_flush(struct mig_journal *journal, struct mig_store *store, const struct mig_names *names,
                       int64_t silence_ms, struct mig_error *err)
{
    bson_t events;
    bson_t command;
    pthread_mutex_lock(&journal->mutex);
    if (journal->pending_count == 0) {
        pthread_mutex_unlock(&journal->mutex);
        return true;
    }
    bson_copy_to(&journal->pending, &events);
    uint32_t count = journal->pending_count;
    int64_t chunk = journal->chunk++;
    bson_reinit(&journal->pending);
    journal->pending_count = 0;
    pthread_mutex_unlock(&journal->mutex);

    chunk_command(journal, names, &events, count, chunk, &command);
    struct mig_call call = {
        .command = &command, .write = true, .max_time_ms = 15000, .silence_ms = silence_ms
    };
    bool ok = mig_write_call(store, &call, err);
    if (!ok)
        put_back(journal, &events, chunk);
    bson_destroy(&events);
    bson_destroy(&command);
    return ok;
}
