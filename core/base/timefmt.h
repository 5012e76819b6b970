/* timefmt.h - times as text. All times are UTC; milliseconds since 1970 unless the name says otherwise. */
#ifndef MIG_BASE_TIMEFMT_H
#define MIG_BASE_TIMEFMT_H

#include <stdbool.h>
#include <stdint.h>

#define MIG_TIME_SIZE 32

/* 2026-11-21T07:01:14.253Z. Years outside 0000–9999 give "" (nothing to show). */
void mig_time_iso(int64_t wall_ms, char ret[static MIG_TIME_SIZE]);

/* 20261121070114, the version of a new migration. */
void mig_time_version(int64_t wall_ms, char ret[static MIG_TIME_SIZE]);

/* RFC 3339 with any number of fraction digits (cut to milliseconds), Z or ±hh:mm; leap seconds, and
 * times that fall outside the years 0000–9999 in UTC, are refused. */
bool mig_time_parse(const char *text, int64_t *ret_wall_ms);

/* A duration for people, cut, not rounded: 12ms, 4.2s, 3m12s, 2h05m, 3d04h. The smaller unit is left out where it is zero: 3m, 2h,
 * 30d; a second keeps its tenth, which was measured: 4.0s. */
void mig_time_duration(int64_t ms, char ret[static MIG_TIME_SIZE]);

#endif
