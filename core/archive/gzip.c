/* gzip.c - zlib with the window it takes for gzip headers and trailers. */
#include "archive/gzip.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/mem.h"

#define GZIP_WINDOW (MAX_WBITS + 16) /* zlib's way to ask for gzip */
#define PIECE       65536

struct arc_gzip {
    z_stream zlib;
};

struct arc_gunzip {
    z_stream zlib;
    int64_t taken;  /* bytes of the stream so far */
    bool in_member; /* false: at its beginning, or right behind a member */
    uint8_t piece[PIECE];
};

struct arc_gzip *arc_gzip_new(int level)
{
    struct arc_gzip *gzip = mig_alloc(sizeof *gzip);
    if (deflateInit2(&gzip->zlib, level, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        abort(); /* out of memory, or a level that no caller has */
    return gzip;
}

void arc_gzip_free(struct arc_gzip *gzip)
{
    if (gzip)
        deflateEnd(&gzip->zlib);
    free(gzip);
}

bool arc_gzip_member(struct arc_gzip *gzip, const void *bytes, size_t len, struct mig_buf *out)
{
    uint8_t piece[PIECE];
    int state;
    if (len > UINT_MAX)
        return false;
    deflateReset(&gzip->zlib);
    gzip->zlib.next_in = (Bytef *)(uintptr_t)bytes; /* zlib's signature lacks the const */
    gzip->zlib.avail_in = (uInt)len;
    do {
        gzip->zlib.next_out = piece;
        gzip->zlib.avail_out = sizeof piece;
        state = deflate(&gzip->zlib, Z_FINISH);
        mig_buf_add(out, (const char *)piece, sizeof piece - gzip->zlib.avail_out);
    } while (state == Z_OK || state == Z_BUF_ERROR);
    return state == Z_STREAM_END && !out->overflow;
}

struct arc_gunzip *arc_gunzip_new(void)
{
    struct arc_gunzip *gunzip = mig_alloc(sizeof *gunzip);
    if (inflateInit2(&gunzip->zlib, GZIP_WINDOW) != Z_OK)
        abort();
    return gunzip;
}

void arc_gunzip_free(struct arc_gunzip *gunzip)
{
    if (gunzip)
        inflateEnd(&gunzip->zlib);
    free(gunzip);
}

static bool damaged(const struct arc_gunzip *gunzip, struct mig_error *err)
{
    return mig_fail(err, MIG_ERR_BACKUP, "the archive is damaged near byte %lld: %s",
                    (long long)gunzip->taken, gunzip->zlib.msg ? gunzip->zlib.msg : "it is no gzip");
}

bool arc_gunzip_feed(struct arc_gunzip *gunzip, const void *bytes, size_t len, arc_bytes_fn each, void *ctx,
                     struct mig_error *err)
{
    z_stream *zlib = &gunzip->zlib;
    zlib->next_in = (Bytef *)(uintptr_t)bytes;
    zlib->avail_in = (uInt)len;
    do {
        uInt before = zlib->avail_in;
        if (!gunzip->in_member && before == 0)
            return true;
        gunzip->in_member = true;
        zlib->next_out = gunzip->piece;
        zlib->avail_out = PIECE;
        int state = inflate(zlib, Z_NO_FLUSH);
        gunzip->taken += before - zlib->avail_in;
        if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR)
            return damaged(gunzip, err);
        size_t got = PIECE - zlib->avail_out;
        if (got > 0 && !each(gunzip->piece, got, ctx, err))
            return false;
        if (state == Z_STREAM_END) {
            inflateReset(zlib);
            gunzip->in_member = false;
        }
    } while (zlib->avail_in > 0 || (gunzip->in_member && zlib->avail_out == 0));
    return true;
}

bool arc_gunzip_end(struct arc_gunzip *gunzip, struct mig_error *err)
{
    if (gunzip->taken > 0 && !gunzip->in_member)
        return true;
    return mig_fail(err, MIG_ERR_BACKUP,
                    "the archive is cut short: it ends after %lld bytes within the compressed stream",
                    (long long)gunzip->taken);
}
