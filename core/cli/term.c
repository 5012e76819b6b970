/* term.c - looked at once, when the command begins. */
#include "cli/term.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool set(const char *name)
{
    const char *value = getenv(name);
    return value && value[0];
}

void cli_style_detect(int fd, bool no_color, struct cli_style *ret)
{
    const char *term = getenv("TERM");
    bool dumb = !term || !term[0] || strcmp(term, "dumb") == 0;
    struct winsize size = { 0 };
    *ret = (struct cli_style){ .tty = isatty(fd) && !dumb };
    ret->color = ret->tty && !no_color && !set("NO_COLOR");
    ret->utf8 = strcasecmp(nl_langinfo(CODESET), "UTF-8") == 0;
    if (isatty(fd))
        ret->columns = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

bool cli_can_ask(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

bool cli_ask(const char *question, char *ret, size_t size)
{
    if (!cli_can_ask() || write(STDERR_FILENO, question, strlen(question)) < 0)
        return false;
    size_t len = 0;
    for (;;) {
        char c;
        if (read(STDIN_FILENO, &c, 1) != 1 || (c != '\n' && len + 1 == size))
            return false;
        if (c == '\n')
            break;
        ret[len++] = c;
    }
    ret[len] = '\0';
    return true;
}
