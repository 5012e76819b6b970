/* log_read.c - two places that hold the same events, and the numbers on them that make one sequence. */
#include "app/log_read.h"
#include "app/backup.h"

#include <stdio.h>
#include <string.h>

#include "app/journal.h"
#include "app/lock.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/rows.h"
#include "base/text.h"

#define EVENT_LINE_MAX (1024 * 1024)
#define ASK_MS         1000
#define SILENT_MS      10000 /* between a record's end and the last events two entries of the audit are written */

struct feeding {
    struct mig_log_reader *reader;
    mig_event_fn on_event;
    void *ctx;
};

void mig_log_reader_init(struct mig_log_reader *reader, struct mig_app *app, const char *run)
{
    struct mig_buf probe MIG_AUTOBUF;
    struct mig_error ignored;
    *reader = (struct mig_log_reader){ .app = app };
    snprintf(reader->run, sizeof reader->run, "%s", run);
    mig_names_make(app->config->prefix, &reader->names);
    mig_journal_path(app->host, reader->run, reader->path, sizeof reader->path);
    mig_buf_init(&probe, 16);
    reader->local = mig_ulid_valid(run) && app->host->ops->file_read_from &&
                    app->host->ops->file_read_from(app->host, reader->path, 0, 1, &probe, &ignored);
}

static void feed_event(const struct feeding *feeding, const bson_t *event)
{
    struct mig_log_reader *reader = feeding->reader;
    int64_t seq = mig_doc_int(event, "seq", 0);
    if (seq <= reader->seq)
        return;
    reader->seq = seq;
    reader->finished = strcmp(mig_doc_str(event, "event", ""), "run.finished") == 0;
    feeding->on_event(event, feeding->ctx);
}

/* Whole lines only: the last one may still be under way. A line that a full disk cut short is passed over. */
static size_t feed_lines(const struct feeding *feeding, const char *text, size_t len)
{
    size_t done = 0;
    const char *end;
    while (done < len && (end = memchr(text + done, '\n', len - done))) {
        const char *line = text + done;
        bson_error_t ignored;
        bson_t event;
        if (end - line < EVENT_LINE_MAX && bson_init_from_json(&event, line, end - line, &ignored)) {
            feed_event(feeding, &event);
            bson_destroy(&event);
        }
        done += (size_t)(end - line) + 1;
    }
    return done;
}

static bool read_journal(const struct feeding *feeding, size_t max_bytes, bool *ret_more,
                         struct mig_error *err)
{
    struct mig_log_reader *reader = feeding->reader;
    struct mig_buf text MIG_AUTOBUF;
    size_t piece = max_bytes > EVENT_LINE_MAX ? max_bytes : EVENT_LINE_MAX; /* one line fits always */
    mig_buf_init(&text, piece + 16);
    if (!reader->app->host->ops->file_read_from(reader->app->host, reader->path, reader->offset, piece, &text,
                                                err))
        return false;
    size_t done = feed_lines(feeding, text.text, text.len);
    if (done == 0 && text.len == piece)
        done = text.len; /* no event is that long: pass it over */
    reader->offset += done;
    *ret_more = text.len == piece;
    return true;
}

static bool feed_chunk(const bson_t *doc, void *context)
{
    const struct feeding *feeding = context;
    bson_iter_t events;
    bson_iter_t each;
    snprintf(feeding->reader->last_chunk, sizeof feeding->reader->last_chunk, "%s",
             mig_doc_str(doc, "_id", ""));
    if (!mig_doc_find(doc, "events", &events) || !BSON_ITER_HOLDS_ARRAY(&events) ||
        !bson_iter_recurse(&events, &each))
        return true;
    while (bson_iter_next(&each)) {
        bson_t event;
        if (mig_iter_sub(&each, &event))
            feed_event(feeding, &event);
    }
    return true;
}

static bool read_collection(struct feeding *feeding, struct mig_store *store, struct mig_error *err)
{
    struct mig_log_reader *reader = feeding->reader;
    /* Chunks are named <run>-<number>, so a range of _id finds them by the index there is. */
    char from[MIG_ULID_SIZE + 24];
    char until[MIG_ULID_SIZE + 4];
    snprintf(from, sizeof from, "%s-", reader->run);
    snprintf(until, sizeof until, "%s.", reader->run);
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("find", BCON_UTF8(reader->names.log), "filter", "{", "_id", "{", "$gte",
                 BCON_UTF8(reader->last_chunk[0] ? reader->last_chunk : from), "$lt", BCON_UTF8(until), "}",
                 "}", "sort", "{", "_id", BCON_INT32(1), "}");
    struct mig_call call = { .command = command, .max_time_ms = 20000 };
    return store->ops->query(store, &call, feed_chunk, feeding, err);
}

bool mig_log_read(struct mig_log_reader *reader, struct mig_store *store, size_t max_bytes,
                  mig_event_fn on_event, void *ctx, bool *ret_more, struct mig_error *err)
{
    struct feeding feeding = { .reader = reader, .on_event = on_event, .ctx = ctx };
    bool more = false;
    bool ok =
        reader->local ? read_journal(&feeding, max_bytes, &more, err) : read_collection(&feeding, store, err);
    if (ret_more)
        *ret_more = more;
    return ok;
}

/* ---- a run that does not tell its end ---- */

enum standing {
    STANDING_AT_WORK,
    STANDING_DEAD,   /* something of it says that it is at work, and nobody is */
    STANDING_SILENT, /* nothing says that it is at work */
};

struct record {
    struct mig_host *host;
    bool found;
    enum standing standing;
    char status[16]; /* how it ended; "" : it did not, or there is no record */
    char error[512];
};

static bool is_alive(struct mig_host *host, const bson_t *doc)
{
    struct mig_backup backup;
    if (!mig_doc_has(doc, "state")) /* no backup */
        return mig_restore_is_alive(host, doc);
    mig_backup_decode(doc, mig_doc_time(doc, "_now", 0), &backup);
    return backup.state == MIG_BACKUP_RUNNING;
}

static bool take_record(const bson_t *doc, void *context)
{
    static const char *const ends[][2] = { { "succeeded", "succeeded" },
                                           { "failed", "failed" },
                                           { "stopped", "stopped" },
                                           { "fenced", "fenced" },
                                           { "finished", "succeeded" } }; /* a backup's word */
    struct record *record = context;
    const char *status = mig_doc_str(doc, "status", mig_doc_str(doc, "state", ""));
    record->found = true;
    if (strcmp(status, "running") == 0)
        record->standing = is_alive(record->host, doc) ? STANDING_AT_WORK : STANDING_DEAD;
    for (size_t i = 0; i < MIG_COUNT(ends); i++) {
        if (strcmp(status, ends[i][0]) == 0)
            snprintf(record->status, sizeof record->status, "%s", ends[i][1]);
    }
    char *safe MIG_AUTOFREE = mig_text_safe_dup(mig_doc_str(doc, "error", ""), sizeof record->error - 1);
    snprintf(record->error, sizeof record->error, "%s", safe);
    mig_utf8_trim(record->error);
    return true;
}

static bool read_record(const struct mig_log_reader *reader, struct mig_store *store, const char *collection,
                        struct record *record)
{
    struct mig_error ignored;
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("aggregate", BCON_UTF8(collection), "cursor", "{", "}", "pipeline", "[", "{", "$match", "{",
                 "_id", BCON_UTF8(reader->run), "}", "}", "{", "$set", "{", "_now", "$$NOW", "}", "}", "]");
    struct mig_call call = { .command = command, .max_time_ms = 5000 };
    return store->ops->query(store, &call, take_record, record, &ignored);
}

static bool holds_lock(const struct mig_log_reader *reader, struct mig_lock *lock)
{
    mig_lock_check_holder(reader->app->host, lock);
    return strcmp(lock->run, reader->run) == 0 &&
           (mig_lock_alive(lock) || mig_lock_holder_lives(reader->app->host, lock));
}

bool mig_log_holds_lock(const struct mig_log_reader *reader, struct mig_store *store)
{
    struct mig_lock lock;
    struct mig_error ignored; /* it is asked again */
    return mig_lock_read(store, &reader->names, &lock, &ignored) && holds_lock(reader, &lock);
}

static enum standing look(const struct mig_log_reader *reader, struct mig_store *store, struct record *record)
{
    struct mig_lock lock;
    struct mig_error ignored;
    *record = (struct record){ .host = reader->app->host, .standing = STANDING_SILENT };
    if (!mig_lock_read(store, &reader->names, &lock, &ignored))
        return STANDING_AT_WORK;
    if (holds_lock(reader, &lock))
        return STANDING_AT_WORK;
    if (strcmp(lock.run, reader->run) == 0 && lock.owner[0])
        return STANDING_DEAD;
    if (!read_record(reader, store, reader->names.backups, record) ||
        (!record->found && !read_record(reader, store, reader->names.runs, record)))
        return STANDING_AT_WORK;
    return record->standing;
}

static void feed_end(struct mig_log_reader *reader, const struct record *record, mig_event_fn on_event,
                     void *ctx)
{
    struct feeding feeding = { .reader = reader, .on_event = on_event, .ctx = ctx };
    bool known = record->status[0] != '\0';
    reader->guessed = !known;
    MIG_AUTODOC bson_t event = BSON_INITIALIZER;
    BCON_APPEND(&event, "event", "run.finished", "at", "", "seq", BCON_INT64(reader->seq + 1), "run",
                BCON_UTF8(reader->run), "status", BCON_UTF8(known ? record->status : "unknown"));
    if (!known)
        BCON_APPEND(&event, "error", "{", "name", "unknown-outcome", "message",
                    "the run is gone: it did not finish, and nothing is heard of it any more", "hint",
                    "what it left: migtui recover; of a backup or restore: migtui runs, migtui backup list",
                    "}");
    else if (strcmp(record->status, "succeeded") != 0)
        BCON_APPEND(&event, "error", "{", "name", "failed", "message",
                    BCON_UTF8(record->error[0] ? record->error : "its record does not say why"), "hint",
                    "its log has no end; this is what its record says: migtui runs", "}");
    feed_event(&feeding, &event);
}

bool mig_log_look_for_end(struct mig_log_reader *reader, struct mig_store *store, mig_event_fn on_event,
                          void *ctx, struct mig_error *err)
{
    struct record record;
    int64_t now = reader->app->host->ops->mono_ms(reader->app->host);
    bool more = true;
    bool ok = true;
    if (reader->finished || (reader->asked_ms > 0 && now < reader->asked_ms + ASK_MS))
        return true;
    reader->asked_ms = now;
    enum standing standing = look(reader, store, &record);
    if (standing != STANDING_SILENT || reader->silent_seq != reader->seq)
        reader->silent_ms = 0;
    if (standing == STANDING_SILENT && reader->silent_ms == 0) {
        reader->silent_ms = now;
        reader->silent_seq = reader->seq;
    }
    if (standing == STANDING_AT_WORK || (standing == STANDING_SILENT && now < reader->silent_ms + SILENT_MS))
        return true;
    while (ok && more && !reader->finished)
        ok = mig_log_read(reader, store, EVENT_LINE_MAX, on_event, ctx, &more, err);
    bool heard = standing == STANDING_SILENT && reader->silent_seq != reader->seq;
    if (ok && !reader->finished && !heard)
        feed_end(reader, &record, on_event, ctx);
    return ok;
}
