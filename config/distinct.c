/* distinct.c - no two environments may be one database: the hosts of a connection string, and the database.
 * */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "config/config.h"
#include "config/value.h"

/* One host in lower case, without its last dot, with its port. */
static void add_host(struct cfg_list *hosts, const char *text, size_t len, bool is_srv)
{
    MIG_AUTOBUF struct mig_buf host;
    mig_buf_init(&host, 1024);
    const char *bracket = memchr(text, ']', len); /* [::1]:27017 */
    const char *from = bracket ? bracket : text;
    const char *colon = memchr(from, ':', len - (size_t)(from - text));
    size_t name = colon ? (size_t)(colon - text) : len;
    size_t dot = name > 0 && text[name - 1] == '.';
    for (size_t i = 0; i < name - dot; i++)
        mig_buf_char(&host, (char)tolower((unsigned char)text[i]));
    if (is_srv)
        mig_buf_str(&host, " (srv)");
    else if (colon)
        mig_buf_add(&host, colon, len - name);
    else
        mig_buf_str(&host, ":27017");
    if (name > dot && !host.overflow)
        cfg_list_add(hosts, host.text, host.len);
}

/* Userinfo ends at the last @ before the path, as the connection string specification has it. */
static void read_hosts(const char *uri, struct cfg_list *ret)
{
    bool is_srv = strncmp(uri, "mongodb+srv://", 14) == 0;
    if (!is_srv && strncmp(uri, "mongodb://", 10) != 0)
        return;
    const char *start = uri + (is_srv ? 14 : 10);
    const char *end = start + strcspn(start, "/?");
    const char *at = memrchr(start, '@', (size_t)(end - start));
    for (const char *p = at ? at + 1 : start; p < end;) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        const char *stop = comma ? comma : end;
        add_host(ret, p, (size_t)(stop - p), is_srv);
        p = comma ? comma + 1 : end;
    }
}

static const char *shared_host(const struct cfg_list *a, const struct cfg_list *b)
{
    for (size_t i = 0; i < a->count; i++) {
        if (cfg_list_has(b, a->items[i]))
            return a->items[i];
    }
    return NULL;
}

bool cfg_check_distinct(const struct cfg_target *targets, size_t count, struct mig_error *err)
{
    struct cfg_list *hosts = mig_alloc_n(count + 1, sizeof *hosts);
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++) {
        read_hosts(targets[i].uri, &hosts[i]);
        for (size_t j = 0; ok && j < i; j++) {
            const char *shared = shared_host(&hosts[j], &hosts[i]);
            if (!shared || strcmp(targets[i].database, targets[j].database) != 0)
                continue;
            ok = mig_fail(err, MIG_ERR_CONFIG, "%s and %s are one database: %s on %s", targets[j].environment,
                          targets[i].environment, targets[i].database, shared);
            mig_hint(err, "give each environment its own uri or database in migtui.yaml");
        }
    }
    for (size_t i = 0; i < count; i++)
        cfg_list_done(&hosts[i]);
    free(hosts);
    return ok;
}
