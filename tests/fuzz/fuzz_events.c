/* Any bytes as the journal of a run, which other processes and other migtuis write: what is shown of it has no byte that a
 * terminal would act upon, and the same bytes are told to the end in text, whole lines only.
 */
#include "app/app.h"
#include "app/runs.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "cli/out_events.h"
#include "fuzz.h"

struct shown {
    struct out_events text;
    size_t events;
    int64_t seq;
};

static void write_out(void *ctx, const char *bytes, size_t len)
{
    (void)ctx;
    CHECK(fuzz_is_safe(bytes, len, true));
}

static void on_event(const bson_t *event, void *ctx)
{
    struct shown *shown = ctx;
    int64_t seq = mig_doc_int(event, "seq", 0);
    CHECK(seq > shown->seq); /* once each, in their order */
    shown->seq = seq;
    shown->events++;
    out_events_feed(&shown->text, event);
}

static bool no_store(void *ctx, const struct cfg_environment *env, const char *run, struct mig_store **ret,
                     struct mig_error *err)
{
    (void)ctx, (void)env, (void)run, (void)ret;
    return mig_fail(err, MIG_ERR_UNREACHABLE, "no server in here");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char name[] = "dev", prefix[] = "migtui_";
    static const struct cfg_environment env = { .name = name };
    static const struct cfg_config config = { .prefix = prefix };
    struct fuzz_host host;
    struct shown shown = { 0 };
    struct mig_error err = { 0 };
    if (size < 1)
        return 0;
    const struct cli_style style = { .utf8 = data[0] & 1, .columns = data[0] & 2 ? 40 : 0 };
    fuzz_host_init(&host);
    host.file = (const char *)data + 1;
    host.file_len = size - 1;
    struct mig_app app = { .config = &config, .host = &host.base, .open_store = no_store };
    out_events_init(&shown.text, &style, write_out, NULL);
    shown.text.with_error = data[0] & 4;
    shown.text.with_start = data[0] & 8;
    if (mig_log_feed(&app, &env, "01J9ZZZZZZZZZZZZZZZZZZZZZZ", false, NULL, on_event, &shown, &err))
        CHECK(shown.events > 0);
    else
        fuzz_check_error(&err);
    out_events_break(&shown.text);
    return 0;
}
