/* err.c - errors are values: one table gives each code its name, exit status and meaning. */
#include "base/err.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const struct {
    const char *name;
    const char *meaning;
    int exit_status;
} rows[MIG_ERROR_CODES] = {
#define X(code, name, status, text) [code] = { name, text, status },
    MIG_ERROR_TABLE(X)
#undef X
};

bool mig_failv(struct mig_error *err, enum mig_error_code code, const char *fmt, va_list args)
{
    if (err) {
        /* The arguments may point into *err itself, so format beside it first. */
        char text[MIG_ERROR_MESSAGE_MAX];
        vsnprintf(text, sizeof text, fmt, args);
        mig_utf8_trim(text);
        err->code = code;
        err->server_code = 0;
        memcpy(err->message, text, sizeof text);
        err->hint[0] = '\0';
    }
    return false;
}

bool mig_fail(struct mig_error *err, enum mig_error_code code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    mig_failv(err, code, fmt, args);
    va_end(args);
    return false;
}

bool mig_hint(struct mig_error *err, const char *fmt, ...)
{
    if (err) {
        char text[MIG_ERROR_HINT_MAX];
        va_list args;
        va_start(args, fmt);
        vsnprintf(text, sizeof text, fmt, args);
        va_end(args);
        mig_utf8_trim(text);
        memcpy(err->hint, text, sizeof text);
    }
    return false;
}

bool mig_context(struct mig_error *err, const char *fmt, ...)
{
    if (err) {
        char context[MIG_ERROR_MESSAGE_MAX / 2];
        char text[sizeof context + sizeof err->message + 2];
        va_list args;
        va_start(args, fmt);
        vsnprintf(context, sizeof context, fmt, args);
        va_end(args);
        mig_utf8_trim(context);
        snprintf(text, sizeof text, "%s: %s", context, err->message);
        text[MIG_ERROR_MESSAGE_MAX - 1] = '\0';
        mig_utf8_trim(text);
        memcpy(err->message, text, MIG_ERROR_MESSAGE_MAX);
    }
    return false;
}

void mig_error_clear(struct mig_error *err)
{
    memset(err, 0, sizeof *err);
}

const char *mig_error_name(enum mig_error_code code)
{
    return (unsigned)code < MIG_ERROR_CODES ? rows[code].name : "internal";
}

int mig_error_exit(enum mig_error_code code)
{
    return (unsigned)code < MIG_ERROR_CODES ? rows[code].exit_status : 1;
}

const char *mig_error_meaning(enum mig_error_code code)
{
    return (unsigned)code < MIG_ERROR_CODES ? rows[code].meaning : "";
}
