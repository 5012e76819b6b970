/* Any bytes through the sanitiser, the redaction and the small readers of text. What comes out is safe for a
 * terminal, no longer than asked for, and stays as it is when it goes through again.
 */
#include "base/cleanup.h"
#include "base/mem.h"
#include "fuzz.h"

static size_t characters(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += (*text & 0xC0) != 0x80;
    return count;
}

static void sanitise(const char *text, size_t len, size_t max, bool keep_lines)
{
    MIG_AUTOBUF struct mig_buf once, twice;
    mig_buf_init(&once, SIZE_MAX / 4);
    mig_buf_init(&twice, SIZE_MAX / 4);
    mig_text_safe(&once, text, len, max, keep_lines);
    CHECK(fuzz_is_safe(once.text, once.len, keep_lines));
    CHECK(max == SIZE_MAX || characters(once.text) <= max + 1);
    mig_text_safe(&twice, once.text, once.len, SIZE_MAX, keep_lines);
    CHECK(once.len == twice.len && memcmp(once.text, twice.text, once.len) == 0);
}

static void redact(const char *text)
{
    char *once = mig_text_redact_uri(text);
    char *twice = mig_text_redact_uri(once);
    CHECK(strcmp(once, twice) == 0 && fuzz_is_safe(once, strlen(once), false));
    free(once);
    free(twice);
    /* Whatever surrounds it, a password does not get through. */
    char *uri = mig_printf("mongodb://user:s3cr3t-%s@host/db", text);
    char *shown = mig_text_redact_uri(uri);
    CHECK(!strstr(shown, "s3cr3t"));
    free(shown);
    free(uri);
}

static void compare(const char *a, const char *b)
{
    int forth = mig_version_compare(a, b), back = mig_version_compare(b, a);
    CHECK((forth > 0) == (back < 0) && (forth == 0) == (back == 0));
    CHECK(mig_version_compare(a, a) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = { "createIndexes", "dropIndexes", "collection", "a", "", NULL };
    const char *bytes = (const char *)data;
    if (size < 1)
        return 0;
    size_t max = data[0] == 255 ? SIZE_MAX : data[0];
    bytes++, size--;
    sanitise(bytes, size, max, false);
    sanitise(bytes, size, max, true);

    MIG_AUTOFREE char *text = mig_strndup(bytes, size);
    redact(text);
    const char *near = mig_text_nearest(text, names);
    CHECK(!near || strlen(near) <= 64);
    int64_t number = 7;
    if (mig_text_int(text, -100, 100, &number))
        CHECK(number >= -100 && number <= 100);
    else
        CHECK(number == 7);
    if (mig_text_duration(text, &number))
        CHECK(number >= 0);
    char *half = text + strlen(text) / 2;
    compare(text, half);
    mig_utf8_trim(half);
    size_t good = mig_utf8_check(half, strlen(half));
    CHECK(good <= strlen(half));
    return 0;
}
