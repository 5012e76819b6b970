/* tool_config.c - made with its mode, so that there is no moment at which others may open it. */
#include "io/tool_config.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"

#define CONFIG_MAX ((size_t)64 * 1024)

static bool fail(const char *path, struct mig_error *err)
{
    char reason[128];
    return mig_fail(err, MIG_ERR_IO, "cannot write %s: %s", path, strerror_r(errno, reason, sizeof reason));
}

/* YAML's single quotes know one escape: a quote is doubled. */
static void put_quoted(const char *text, size_t len, struct mig_buf *out)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\'')
            mig_buf_char(out, '\'');
        mig_buf_char(out, text[i]);
    }
}

static bool names_auth_source(const char *options)
{
    static const char key[] = "authsource=";
    for (const char *p = options; p && *p; p = strchr(p, '&')) {
        p += *p == '&' || *p == '?';
        if (strncasecmp(p, key, sizeof key - 1) == 0)
            return true;
    }
    return false;
}

/* The database in a string's path is where its user is, and the tools take it for the one to work on: they refuse a --db beside
 * it that is another. So another's place is taken by authSource; of a mongodb+srv string its DNS record says that. */
static void compose(const char *uri, const char *database, struct mig_buf *out)
{
    const char *hosts = strstr(uri, "://");
    const char *slash = hosts ? strchr(hosts + 3, '/') : NULL;
    const char *path = slash ? slash + 1 : uri + strlen(uri);
    size_t len = strcspn(path, "?");
    const char *options = path + len;
    mig_buf_str(out, "uri: '");
    if (len == 0 || (strlen(database) == len && memcmp(path, database, len) == 0)) {
        put_quoted(uri, strlen(uri), out);
    } else {
        bool user = memchr(hosts, '@', (size_t)(slash - hosts)) && strncmp(uri, "mongodb+srv:", 12) != 0;
        put_quoted(uri, (size_t)(path - uri), out);
        put_quoted(options, strlen(options), out);
        if (user && !names_auth_source(options)) {
            mig_buf_str(out, *options ? "&authSource=" : "?authSource=");
            put_quoted(path, len, out);
        }
    }
    mig_buf_str(out, "'\n");
}

bool io_tool_config_write(const char *folder, const char *uri, const char *database, char **ret_path,
                          struct mig_error *err)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    const char *place = runtime && runtime[0] == '/' ? runtime : folder;
    struct mig_buf text MIG_AUTOBUF;
    mig_buf_init(&text, CONFIG_MAX);
    char *path = mig_printf("%s/migtui-tool-XXXXXX", place);
    if (strpbrk(uri, "\r\n") || strlen(uri) > CONFIG_MAX / 4) {
        free(path);
        return mig_fail(err, MIG_ERR_CONFIG, "the connection string is too long, or has a line break");
    }
    compose(uri, database, &text);
    if (place == folder)
        (void)mkdir(folder, 0700);                    /* where it cannot be made, the file cannot */
    MIG_AUTOCLOSE int fd = mkostemp(path, O_CLOEXEC); /* mode 0600 */
    bool ok = fd >= 0 && write(fd, text.text, text.len) == (ssize_t)text.len;
    sodium_memzero(text.text, text.room);
    if (!ok) {
        fail(path, err);
        if (fd >= 0)
            unlink(path);
        free(path);
        return false;
    }
    *ret_path = path;
    return true;
}

void io_tool_config_remove(char *take_path)
{
    if (!take_path)
        return;
    struct stat info;
    MIG_AUTOCLOSE int fd = open(take_path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0 && fstat(fd, &info) == 0) {
        char nothing[4096] = { 0 };
        for (off_t left = info.st_size; left > 0; left -= (off_t)sizeof nothing) {
            if (write(fd, nothing, left < (off_t)sizeof nothing ? (size_t)left : sizeof nothing) < 0)
                break; /* it goes anyway */
        }
    }
    unlink(take_path);
    free(take_path);
}
