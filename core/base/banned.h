/* banned.h - calls that don't compile here, each with what to call instead.
 *
 * The build puts this file before every source of the project (-include), so a banned name is an error
 * whichever header it comes from and in whatever order headers are included. Each name is declared once more
 * as `unavailable`: that refuses uses only, so the system headers that follow are not disturbed.
 * tests/lint/test_banned.py proves every row, with gcc and clang.
 *
 * Types are spelled without their headers (long for time_t, struct _IO_FILE for FILE), because this file must
 * not bring in declarations that a source forgot to ask for.
 */
#ifndef MIG_BASE_BANNED_H
#define MIG_BASE_BANNED_H

#include <alloca.h> /* makes alloca a macro, which the next line takes back */
#undef alloca

#define MIG_BANNED(hint) __attribute__((unavailable(hint)))

struct tm;
struct _IO_FILE;

/* No bound on what is written. */
char *strcpy(char *to, const char *from) MIG_BANNED("use mig_strdup() or mig_buf_str()");
char *strcat(char *to, const char *from) MIG_BANNED("use mig_buf_str()");
int sprintf(char *to, const char *format, ...) MIG_BANNED("use snprintf(), mig_printf() or mig_buf_printf()");
int vsprintf(char *to, const char *format, __builtin_va_list args) MIG_BANNED("use mig_buf_vprintf()");
char *gets(char *to) MIG_BANNED("use getline() with a limit");
void *alloca(__SIZE_TYPE__ size) MIG_BANNED("use mig_alloc() and MIG_AUTOFREE");

/* An error looks like a value. */
int atoi(const char *text) MIG_BANNED("use mig_text_int()");
long atol(const char *text) MIG_BANNED("use mig_text_int()");

/* State shared by all threads. */
char *strtok(char *text, const char *separators) MIG_BANNED("use strtok_r() or strcspn()");
struct tm *localtime(const long *time) MIG_BANNED("use localtime_r()");
struct tm *gmtime(const long *time) MIG_BANNED("use gmtime_r() or mig_time_iso()");
char *ctime(const long *time) MIG_BANNED("use mig_time_iso()");
char *asctime(const struct tm *time) MIG_BANNED("use mig_time_iso()");

/* A shell between us and the program. */
int system(const char *command) MIG_BANNED("spawn an argument list through ports/process.h");
struct _IO_FILE *popen(const char *command, const char *mode)
    MIG_BANNED("spawn an argument list through ports/process.h");

/* A name that someone else may take first. */
char *tmpnam(char *to) MIG_BANNED("use mkstemp() or mkdtemp()");
char *mktemp(char *pattern) MIG_BANNED("use mkstemp() or mkdtemp()");

/* Neither random nor repeatable. */
int rand(void) MIG_BANNED("take random bytes from ports/rand.h");
void srand(unsigned seed) MIG_BANNED("take random bytes from ports/rand.h");

#endif
