/* mongo_lane.c - why a connection broke, in an operator's words. */
#include "io/mongo_lane.h"

#include <stdio.h>
#include <string.h>

const char *io_lane_why(const struct io_lane *lane, char *buf, size_t size)
{
    switch (lane->broke) {
    case IO_BREAK_CANCELLED: return "cancelled here";
    case IO_BREAK_TIMED_OUT:
        if (lane->broke_after_ms == 0)
            return "no answer in time";
        snprintf(buf, size, "no answer within %lld s", (long long)lane->broke_after_ms / 1000);
        return buf;
    case IO_BREAK_CLOSED: return "the server closed the connection";
    case IO_BREAK_ERROR: return strerror_r(lane->broke_errno, buf, size);
    case IO_BREAK_NONE: break;
    }
    return "";
}
