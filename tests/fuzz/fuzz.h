/* fuzz.h - what the fuzzers share: a check that is on in every build, a host without a machine, and what "safe for a
 * terminal" means. Header only, so that a fuzzer stays one file.
 */
#ifndef MIG_FUZZ_H
#define MIG_FUZZ_H

#include <bson/bson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "ports/host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            abort(); \
        } \
    } while (0)

/* No byte that a terminal would act upon, and whole characters; newlines where lines are asked for. */
static inline bool fuzz_is_safe(const char *text, size_t len, bool lines)
{
    for (size_t at = 0, n = 0; at < len; at += n) {
        n = mig_utf8_len(text + at, len - at);
        uint32_t c = mig_utf8_decode(text + at, len - at, &(size_t){ 0 });
        if (n == 0 || (mig_char_is_unsafe(c) && !(lines && c == '\n')))
            return false;
    }
    return true;
}

static inline void fuzz_check_safe(const char *text)
{
    CHECK(!text || fuzz_is_safe(text, strlen(text), false));
}

/* An error speaks, and in words that may be shown. */
static inline void fuzz_check_error(const struct mig_error *err)
{
    CHECK(err->code != MIG_OK && err->message[0]);
    fuzz_check_safe(err->message);
    fuzz_check_safe(err->hint);
}

/* ---- a host whose time passes when someone sleeps, and whose one file is the input ---- */

struct fuzz_host {
    struct mig_host base;
    int64_t now_ms;
    const char *file;
    size_t file_len;
};

static inline int64_t fuzz_now(struct mig_host *host)
{
    return ((struct fuzz_host *)host)->now_ms;
}

static inline void fuzz_random(struct mig_host *host, void *bytes, size_t len)
{
    (void)host;
    memset(bytes, 7, len);
}

static inline void fuzz_sleep(struct mig_host *host, int64_t until_ms, const void *key)
{
    struct fuzz_host *fuzz = (struct fuzz_host *)host;
    (void)key;
    fuzz->now_ms = until_ms > fuzz->now_ms ? until_ms : fuzz->now_ms + 1;
}

static inline bool fuzz_file_read(struct mig_host *host, const char *path, size_t max, struct mig_buf *out,
                                  struct mig_error *err)
{
    struct fuzz_host *fuzz = (struct fuzz_host *)host;
    (void)path;
    if (!fuzz->file)
        return mig_fail(err, MIG_ERR_IO, "no such file");
    mig_buf_add(out, fuzz->file, fuzz->file_len < max ? fuzz->file_len : max);
    return true;
}

static inline bool fuzz_file_read_from(struct mig_host *host, const char *path, size_t offset, size_t max,
                                       struct mig_buf *out, struct mig_error *err)
{
    struct fuzz_host *fuzz = (struct fuzz_host *)host;
    (void)path;
    if (!fuzz->file)
        return mig_fail(err, MIG_ERR_IO, "no such file");
    size_t left = offset < fuzz->file_len ? fuzz->file_len - offset : 0;
    mig_buf_add(out, fuzz->file + (fuzz->file_len - left), left < max ? left : max);
    return true;
}

static inline int fuzz_alive(struct mig_host *host, const struct mig_identity *who)
{
    (void)host;
    return (int)(who->pid % 3) - 1;
}

static inline void fuzz_host_init(struct fuzz_host *ret)
{
    static const struct mig_host_ops ops = {
        .mono_ms = fuzz_now,
        .wall_ms = fuzz_now,
        .random = fuzz_random,
        .sleep_until = fuzz_sleep,
        .file_read = fuzz_file_read,
        .file_read_from = fuzz_file_read_from,
        .process_alive = fuzz_alive,
    };
    *ret = (struct fuzz_host){
        .base = { .ops = &ops, .self = { "tester", "host", "", "boot", 1, 1 }, .state_dir = "/state" },
        .now_ms = 1767225600000, /* 2026 */
    };
}

#endif
