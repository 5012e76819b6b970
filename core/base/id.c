/* id.c - ULID text form after github.com/ulid/spec; UUID version 4 after RFC 9562 §5.4. */
#include "base/id.h"

#include <stdio.h>
#include <string.h>

static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void mig_ulid(int64_t wall_ms, const uint8_t random[static 10], char ret[static MIG_ULID_SIZE])
{
    uint64_t t = (uint64_t)wall_ms & 0xFFFFFFFFFFFFu;
    for (int i = 9; i >= 0; i--, t >>= 5)
        ret[i] = crockford[t & 31];
    for (int half = 0; half < 2; half++) {
        uint64_t bits = 0;
        for (int i = 0; i < 5; i++)
            bits = bits << 8 | random[half * 5 + i];
        for (int i = 7; i >= 0; i--, bits >>= 5)
            ret[10 + half * 8 + i] = crockford[bits & 31];
    }
    ret[26] = '\0';
}

bool mig_ulid_valid(const char *text)
{
    /* 26 characters hold 130 bits; the first two must be zero. */
    return strlen(text) == MIG_ULID_SIZE - 1 && text[0] <= '7' &&
           strspn(text, crockford) == MIG_ULID_SIZE - 1;
}

bool mig_uuid_valid(const char *text)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (strlen(text) != MIG_UUID_SIZE - 1)
        return false;
    for (size_t i = 0; shape[i]; i++) {
        if (shape[i] == '-' ? text[i] != '-' : !text[i] || !strchr("0123456789abcdef", text[i]))
            return false;
    }
    return true;
}

void mig_uuid4(const uint8_t random[static 16], char ret[static MIG_UUID_SIZE])
{
    uint8_t b[16];
    memcpy(b, random, sizeof b);
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    snprintf(ret, MIG_UUID_SIZE, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
             b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}
