/* files.c - small whole files. */
#include "cli/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/text.h"

#define PLAN_MAX    (64UL * 1024 * 1024)
#define WAITING_MAX (64UL * 1024)

static bool io_error(struct mig_error *err, const char *path, const char *what)
{
    int number = errno;
    char *safe MIG_AUTOFREE = mig_text_safe_dup(path, 300);
    char reason[128];
    return mig_fail(err, MIG_ERR_IO, "%s %s: %s", safe, what, strerror_r(number, reason, sizeof reason));
}

static bool write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        text += n;
        len -= (size_t)n;
    }
    return true;
}

static bool is_there(const char *path, struct mig_error *err)
{
    errno = EEXIST;
    io_error(err, path, "cannot be made");
    return mig_hint(err, "it is there already and stays as it is");
}

bool cli_file_create(const char *path, const char *text, size_t len, struct mig_error *err)
{
    int fd MIG_AUTOCLOSE = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0 && errno == EEXIST)
        return is_there(path, err);
    if (fd < 0)
        return io_error(err, path, "cannot be made");
    if (write_all(fd, text, len))
        return true;
    io_error(err, path, "cannot be written");
    unlink(path);
    return false;
}

bool cli_file_begin(const char *path, struct cli_file *ret, struct mig_error *err)
{
    *ret = (struct cli_file){ .path = path, .fd = -1 };
    if (access(path, F_OK) == 0)
        return is_there(path, err);
    char *other = mig_printf("%s.%ld.new", path, (long)getpid());
    ret->fd = open(other, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (ret->fd < 0) {
        io_error(err, other, "cannot be made");
        free(other);
        return false;
    }
    ret->other = other;
    mig_buf_init(&ret->waiting, SIZE_MAX);
    return true;
}

static bool write_waiting(struct cli_file *file, struct mig_error *err)
{
    bool ok = write_all(file->fd, file->waiting.text, file->waiting.len);
    mig_buf_reset(&file->waiting);
    return ok || io_error(err, file->path, "cannot be written");
}

bool cli_file_add(struct cli_file *file, const char *bytes, size_t len, struct mig_error *err)
{
    mig_buf_add(&file->waiting, bytes, len);
    return file->waiting.len < WAITING_MAX || write_waiting(file, err);
}

/* Two names of one file, of which one goes: a rename would replace what has come under it meanwhile. Where files have one name
 * each, an empty one keeps the place. */
static bool give_name(const struct cli_file *file, struct mig_error *err)
{
    if (link(file->other, file->path) == 0)
        return true;
    if (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS)
        return cli_file_create(file->path, "", 0, err) &&
               (rename(file->other, file->path) == 0 || io_error(err, file->path, "cannot be made"));
    return errno == EEXIST ? is_there(file->path, err) : io_error(err, file->path, "cannot be made");
}

bool cli_file_end(struct cli_file *file, bool keep, struct mig_error *err)
{
    bool ok = !keep || write_waiting(file, err);
    if (close(file->fd) != 0 && keep && ok)
        ok = io_error(err, file->path, "cannot be written");
    if (ok && keep)
        ok = give_name(file, err);
    unlink(file->other);
    free(file->other);
    mig_buf_done(&file->waiting);
    return ok;
}

bool cli_file_replace(const char *path, const char *text, size_t len, struct mig_error *err)
{
    char *other MIG_AUTOFREE = mig_printf("%s.%ld.new", path, (long)getpid());
    if (!cli_file_create(other, text, len, err))
        return false;
    if (rename(other, path) == 0)
        return true;
    io_error(err, path, "cannot be replaced");
    unlink(other);
    return false;
}

bool cli_file_read(const char *path, size_t max, struct mig_buf *out, struct mig_error *err)
{
    int fd MIG_AUTOCLOSE = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return io_error(err, path, "cannot be read");
    char block[64 * 1024];
    ssize_t n;
    while ((n = read(fd, block, sizeof block)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return io_error(err, path, "cannot be read");
        mig_buf_add(out, block, (size_t)n);
        if (out->overflow || out->len > max)
            return mig_fail(err, MIG_ERR_LIMIT, "%s is over %zu bytes", path, max);
    }
    return true;
}

bool cli_plan_write(const char *path, const bson_t *plan, struct mig_error *err)
{
    char *json = mig_doc_canonical(plan);
    if (!json)
        return mig_fail(err, MIG_ERR_INTERNAL, "the plan cannot be written as JSON");
    char *text MIG_AUTOFREE = mig_printf("%s\n", json);
    bson_free(json);
    return cli_file_replace(path, text, strlen(text), err);
}

static bool is_showable(const char *text)
{
    char *safe MIG_AUTOFREE = mig_text_safe_dup(text, SIZE_MAX);
    return *text && strcmp(text, safe) == 0;
}

static bool is_plan(const bson_t *plan)
{
    bson_t migrations;
    bson_iter_t each;
    if (!mig_sha256_valid(mig_doc_str(plan, "planId", "")) ||
        !is_showable(mig_doc_str(plan, "environment", "")) || !mig_doc_sub(plan, "migrations", &migrations))
        return false;
    for (bool more = bson_iter_init(&each, &migrations); more && bson_iter_next(&each);) {
        bson_t row;
        const char *version = mig_iter_sub(&each, &row) ? mig_doc_str(&row, "version", "") : "";
        if (!*version || version[strspn(version, "0123456789")])
            return false;
    }
    return true;
}

bool cli_plan_parse(const char *path, const char *text, size_t len, bson_t **ret, struct mig_error *err)
{
    bson_error_t bad = { 0 };
    bson_t *plan = len ? bson_new_from_json((const uint8_t *)text, (ssize_t)len, &bad) : NULL;
    if (plan && is_plan(plan)) {
        *ret = plan;
        return true;
    }
    if (plan)
        bson_destroy(plan);
    char *safe MIG_AUTOFREE = mig_text_safe_dup(path, 300);
    mig_fail(err, MIG_ERR_STALE_PLAN, "%s is no plan as migtui plan --out writes it", safe);
    return mig_hint(err, "make one: migtui plan --env NAME --out %s", safe);
}

bool cli_plan_read(const char *path, bson_t **ret, struct mig_error *err)
{
    struct mig_buf text MIG_AUTOBUF;
    mig_buf_init(&text, PLAN_MAX + 1);
    return cli_file_read(path, PLAN_MAX, &text, err) && cli_plan_parse(path, text.text, text.len, ret, err);
}
