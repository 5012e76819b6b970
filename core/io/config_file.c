/* config_file.c - the files of a configuration. */
#include "io/config_file.h"

#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/secret_source.h"

/* ---- finding ---- */

static bool is_file(const char *path, uid_t *ret_owner)
{
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode))
        return false;
    *ret_owner = info.st_uid;
    return true;
}

static bool search_above(const char *cwd, char **ret, struct mig_error *err)
{
    MIG_AUTOFREE char *dir = mig_strdup(cwd);
    uid_t owner;
    for (char *slash; (slash = strrchr(dir, '/'));) {
        *slash = '\0';
        MIG_AUTOFREE char *path = mig_printf("%s/" CFG_FILE_NAME, dir);
        if (!is_file(path, &owner))
            continue;
        if (owner != geteuid() && owner != 0) {
            mig_fail(err, MIG_ERR_CONFIG, "%s belongs to another user", path);
            return mig_hint(err, "it may run commands in your name; if you trust it: migtui -c %s", path);
        }
        *ret = mig_strdup(path);
        return true;
    }
    MIG_AUTOFREE char *shown = mig_text_safe_dup(cwd, 200);
    mig_fail(err, MIG_ERR_CONFIG, "there is no " CFG_FILE_NAME " in %s or above", shown);
    return mig_hint(err, "migtui init writes one; -c FILE or MIGTUI_CONFIG names another");
}

bool io_config_find(const char *file, char **ret, struct mig_error *err)
{
    *ret = NULL;
    if (!file || !*file)
        file = getenv("MIGTUI_CONFIG");
    if (file && *file) {
        *ret = mig_strdup(file);
        return true;
    }
    uid_t owner;
    if (is_file(CFG_FILE_NAME, &owner)) {
        *ret = mig_strdup(CFG_FILE_NAME);
        return true;
    }
    char cwd[PATH_MAX];
    if (!getcwd(cwd, sizeof cwd))
        return mig_fail(err, MIG_ERR_IO, "the working directory: %s", strerror(errno));
    return search_above(cwd, ret, err);
}

/* ---- time zones ---- */

static const char *zone_dir(void)
{
    const char *dir = getenv("TZDIR");
    return dir && *dir ? dir : "/usr/share/zoneinfo";
}

bool io_zone_known(const char *zone)
{
    uid_t owner;
    MIG_AUTOFREE char *path = mig_printf("%s/%s", zone_dir(), zone);
    return strcmp(zone, "UTC") == 0 || (zone[0] != '/' && !strstr(zone, "..") && is_file(path, &owner));
}

/* ---- loading ---- */

static const char *lookup(void *ctx, const char *name)
{
    (void)ctx;
    return getenv(name);
}

static bool zone_known(void *ctx, const char *zone)
{
    (void)ctx;
    return io_zone_known(zone);
}

/* The folder the file is named in, absolute: a file that is a link to elsewhere (as volumes of Kubernetes
 * are) has its neighbours here, not there. */
static bool folder_of(const char *file, char **ret, struct mig_error *err)
{
    const char *slash = strrchr(file, '/');
    MIG_AUTOFREE char *named =
        slash ? mig_strndup(file, slash == file ? 1 : (size_t)(slash - file)) : mig_strdup(".");
    MIG_AUTOFREE char *full = realpath(named, NULL);
    if (!full) {
        int failure = errno;
        MIG_AUTOFREE char *shown = mig_text_safe_dup(file, 200);
        return mig_fail(err, MIG_ERR_CONFIG, "%s: %s", shown, strerror(failure));
    }
    *ret = mig_strdup(full);
    return true;
}

/* Its secrets are never moved about: all memory is taken at once, and zeroed by the caller. */
static bool read_dotenv(const char *path, struct mig_buf *out, bool *ret_exists, struct mig_error *err)
{
    struct stat info;
    *ret_exists = lstat(path, &info) == 0;
    if (!*ret_exists)
        return true;
    mig_buf_fill(out, '\0', CFG_DOTENV_MAX);
    mig_buf_reset(out);
    return io_secret_read_file(path, CFG_DOTENV_MAX, out, err);
}

static void warn_of_mode(struct cfg_config *config, const char *path)
{
    struct stat info;
    if (stat(path, &info) == 0 && (info.st_mode & 077) != 0)
        cfg_warn(config, "%s: others can read it (mode %04o): chmod 600", config->dotenv_name,
                 (unsigned)(info.st_mode & 07777));
}

static bool load_beside(const char *file, const char *dir, const struct cfg_flag *flags, size_t flag_count,
                        struct cfg_config **ret, struct mig_error *err)
{
    MIG_AUTOFREE char *dotenv_path = mig_printf("%s/.env", dir);
    MIG_AUTOFREE char *shown_file = mig_text_safe_dup(file, 400);
    const char *slash = strrchr(shown_file, '/');
    MIG_AUTOFREE char *shown_dotenv =
        mig_printf("%.*s.env", slash ? (int)(slash + 1 - shown_file) : 0, shown_file);
    char cwd[PATH_MAX];
    MIG_AUTOBUF struct mig_buf text;
    struct mig_buf dotenv;
    bool has_dotenv;
    mig_buf_init(&text, CFG_FILE_MAX);
    mig_buf_init(&dotenv, CFG_DOTENV_MAX);
    bool ok = io_secret_read_file(file, CFG_FILE_MAX, &text, err) &&
              read_dotenv(dotenv_path, &dotenv, &has_dotenv, err);
    if (ok) {
        struct cfg_inputs inputs = {
            .dir = dir,
            .cwd = getcwd(cwd, sizeof cwd),
            .dotenv = has_dotenv ? dotenv.text : NULL,
            .dotenv_len = dotenv.len,
            .dotenv_name = shown_dotenv,
            .flags = flags,
            .flag_count = flag_count,
            .getenv = lookup,
            /* Without a database nothing can be said; whoever evaluates a window asks io_zone_known again. */
            .zone_known = access(zone_dir(), F_OK) == 0 ? zone_known : NULL,
        };
        ok = cfg_load_text(shown_file, text.text, text.len, &inputs, ret, err);
    }
    if (ok && has_dotenv)
        warn_of_mode(*ret, dotenv_path);
    sodium_memzero(dotenv.text, dotenv.room);
    mig_buf_done(&dotenv);
    return ok;
}

bool io_config_load(const char *file, const struct cfg_flag *flags, size_t flag_count,
                    struct cfg_config **ret, struct mig_error *err)
{
    MIG_AUTOFREE char *found = NULL;
    MIG_AUTOFREE char *dir = NULL;
    *ret = NULL;
    return io_config_find(file, &found, err) && folder_of(found, &dir, err) &&
           load_beside(found, dir, flags, flag_count, ret, err);
}
