/* Any bytes as a document that came from a server: what is not sound is told apart, and of what is, nothing that is read
 * does harm: the reply judge never calls it done when it says otherwise, and no text of a record or of the lock
 * could act on a terminal.
 */
#include "app/history.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "engine/reply.h"
#include "fuzz.h"

static void judge(const bson_t *reply)
{
    static const char *const commands[] = { "insert", "update",        "delete",           "bulkWrite",
                                            "create", "findAndModify", "commitTransaction" };
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        struct mig_verdict verdict;
        mig_reply_judge(commands[i], reply, &verdict);
        fuzz_check_safe(verdict.message);
        CHECK(verdict.matched >= 0 && verdict.modified >= 0 && verdict.inserted >= 0 && verdict.deleted >= 0);
        if (verdict.ok) {
            bson_t errors;
            CHECK(mig_doc_bool(reply, "ok", false) && !mig_doc_has(reply, "writeConcernError"));
            CHECK(!mig_doc_has(reply, "writeErrors") ||
                  (mig_doc_sub(reply, "writeErrors", &errors) && bson_empty(&errors)));
        } else {
            struct mig_error err = { 0 };
            CHECK(!mig_verdict_fail(&verdict, &err));
            fuzz_check_error(&err);
        }
    }
}

static void expect(const bson_t *doc)
{
    bson_iter_t iter;
    for (bool more = bson_iter_init(&iter, doc); more && bson_iter_next(&iter);) {
        struct mig_error err = { 0 };
        if (!mig_expect_check(&iter, "matched", 5, &err))
            fuzz_check_error(&err);
    }
}

static void decode(const bson_t *doc)
{
    struct mig_record record;
    struct mig_lock lock;
    mig_record_decode(doc, &record);
    const struct mig_record_details *details = mig_record_details(&record);
    const char *const texts[] = { record.version, record.title,  record.run,          details->plan_id,
                                  record.raw,     record.sem,    details->error,      record.operator_name,
                                  details->host,  record.marked, details->error_step, details->os_user };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        fuzz_check_safe(texts[i]);
    for (size_t i = 0; i < record.step_count; i++) {
        fuzz_check_safe(record.steps[i].id);
        fuzz_check_safe(record.steps[i].kind);
    }
    /* A state nobody knows never passes for applied. */
    CHECK(record.state != MIG_RECORD_APPLIED || strcmp(mig_doc_str(doc, "state", ""), "applied") == 0);
    mig_record_done(&record);

    mig_lock_decode(doc, &lock);
    const char *const words[] = { lock.owner,      lock.run,     lock.prev_run, lock.host,    lock.os_user,
                                  lock.ssh_client, lock.boot_id, lock.command,  lock.stop_by, lock.step };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        fuzz_check_safe(words[i]);
    (void)mig_lock_alive(&lock);
}

static void print(const bson_t *doc)
{
    MIG_AUTOBUF struct mig_buf out;
    mig_buf_init(&out, 4096);
    mig_doc_print(&out, doc, 300);
    CHECK(fuzz_is_safe(out.text, out.len, false) && out.len <= 304);
    bson_free(mig_doc_canonical(doc));
}

static void compare(const bson_t *doc)
{
    bson_iter_t a, b;
    for (bool more = bson_iter_init(&a, doc); more && bson_iter_next(&a);) {
        CHECK(mig_value_equal(&a, &a));
        b = a;
        if (bson_iter_next(&b))
            CHECK(mig_value_equal(&a, &b) == mig_value_equal(&b, &a));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bson_t doc;
    if (size < 5 || !bson_init_static(&doc, data, size))
        return 0;
    if (!mig_doc_is_sound(&doc)) /* then core/io gives no reply at all */
        return 0;
    judge(&doc);
    expect(&doc);
    decode(&doc);
    print(&doc);
    compare(&doc);
    return 0;
}
