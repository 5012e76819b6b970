/* rows.h - how many rows a table has. */
#ifndef MIG_BASE_ROWS_H
#define MIG_BASE_ROWS_H

#define MIG_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
