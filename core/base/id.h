/* id.h - identifiers made from a clock and random bytes that the caller brings.
 *
 * A run's id is a ULID (26 characters, sorts by time); an owner or environment id is a random UUID (RFC
 * 9562 version 4).
 */
#ifndef MIG_BASE_ID_H
#define MIG_BASE_ID_H

#include <stdbool.h>
#include <stdint.h>

#define MIG_ULID_SIZE 27 /* with NUL */
#define MIG_UUID_SIZE 37 /* with NUL */

void mig_ulid(int64_t wall_ms, const uint8_t random[static 10], char ret[static MIG_ULID_SIZE]);
bool mig_ulid_valid(const char *text);
/* 8-4-4-4-12 lower-case hex digits; what came from a database is none until this says so. */
bool mig_uuid_valid(const char *text);
void mig_uuid4(const uint8_t random[static 16], char ret[static MIG_UUID_SIZE]);

#endif
