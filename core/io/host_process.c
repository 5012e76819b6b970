/* host_process.c - who this process is, and whether another one still is. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/host_impl.h"

#define NAME_MAX_CHARS 128

/* A small file of /proc, NUL-terminated, without its last newline. False: not there. */
static bool read_small(const char *path, char *ret, size_t size)
{
    MIG_AUTOCLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, ret, size - 1);
    if (n < 0)
        return false;
    if (n > 0 && ret[n - 1] == '\n')
        n--;
    ret[n] = '\0';
    return true;
}

/* Start time in clock ticks since boot, and the state letter. proc(5): fields 22 and 3; the name, in
 * parentheses, may hold anything. */
static bool read_stat(int64_t pid, int64_t *ret_started, char *ret_state)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
    if (!read_small(path, text, sizeof text))
        return false;
    const char *p = strrchr(text, ')');
    if (!p || p[1] != ' ')
        return false;
    p += 2;
    *ret_state = *p;
    for (int field = 3; field < 22; field++) {
        p = strchr(p, ' ');
        if (!p)
            return false;
        p++;
    }
    MIG_AUTOFREE char *digits = mig_strndup(p, strcspn(p, " "));
    return mig_text_int(digits, 0, INT64_MAX, ret_started);
}

static char *user_name(void)
{
    char buf[4096];
    struct passwd entry, *found = NULL;
    if (getpwuid_r(getuid(), &entry, buf, sizeof buf, &found) == 0 && found)
        return mig_text_safe_dup(found->pw_name, NAME_MAX_CHARS);
    return mig_printf("uid %lld", (long long)getuid());
}

/* sshd sets SSH_CONNECTION to "client-address client-port server-address server-port". */
static char *ssh_client(void)
{
    const char *text = getenv("SSH_CONNECTION");
    if (!text || !*text)
        text = getenv("SSH_CLIENT");
    if (!text)
        return mig_strdup("");
    MIG_AUTOFREE char *address = mig_strndup(text, strcspn(text, " "));
    return mig_text_safe_dup(address, NAME_MAX_CHARS);
}

static char *boot_id(void)
{
    char boot[64], space[64];
    if (!read_small("/proc/sys/kernel/random/boot_id", boot, sizeof boot))
        return mig_strdup("");
    ssize_t n = readlink("/proc/self/ns/pid", space, sizeof space - 1);
    if (n < 0)
        return mig_text_safe_dup(boot, NAME_MAX_CHARS);
    space[n] = '\0';
    MIG_AUTOFREE char *both = mig_printf("%s/%s", boot, space);
    return mig_text_safe_dup(both, NAME_MAX_CHARS);
}

void io_host_identify(struct io_host *host)
{
    char name[256] = "";
    gethostname(name, sizeof name - 1);
    host->os_user = user_name();
    host->name = mig_text_safe_dup(name, NAME_MAX_CHARS);
    host->ssh_client = ssh_client();
    host->boot_id = boot_id();
    host->base.self = (struct mig_identity){
        .os_user = host->os_user,
        .host = host->name,
        .ssh_client = host->ssh_client,
        .boot_id = host->boot_id,
        .pid = getpid(),
    };
    char state;
    read_stat(host->base.self.pid, &host->base.self.pid_started, &state);
}

int io_host_process_alive(struct mig_host *base, const struct mig_identity *who)
{
    const struct mig_identity *self = &base->self;
    if (!self->boot_id[0] || !who->boot_id || !who->host || strcmp(self->boot_id, who->boot_id) != 0 ||
        strcmp(self->host, who->host) != 0 || who->pid <= 0 || who->pid_started <= 0)
        return -1;
    int64_t started;
    char state;
    if (read_stat(who->pid, &started, &state))
        return started == who->pid_started && state != 'Z' && state != 'X';
    /* /proc may hide other users' processes (hidepid). */
    if (kill((pid_t)who->pid, 0) == 0 || errno != ESRCH)
        return -1;
    return 0;
}
