/* terminfo.c - the choice of a terminal's entry. */
#include "tui/terminfo.h"

#include <ncurses.h>
#include <string.h>
#include <term.h>

#include "base/cleanup.h"
#include "base/text.h"

const char *tui_terminfo(const char *name)
{
    const char *text = tigetstr(name);
    return text && text != (char *)-1 ? text : "";
}

const char *tui_terminfo_choose(const char *wanted, int fd, struct mig_error *err)
{
    const char *const names[] = { wanted, "xterm", "vt100" };
    bool dumb = !wanted || !wanted[0] || strcmp(wanted, "dumb") == 0 || strcmp(wanted, "unknown") == 0;
    for (size_t i = 0; i < 3 && !dumb; i++) {
        int result;
        if (setupterm(names[i], fd, &result) != OK)
            continue;
        bool moves = tui_terminfo("cup")[0] != '\0';
        del_curterm(cur_term);
        if (moves)
            return names[i];
    }
    char *name MIG_AUTOFREE = mig_text_safe_dup(wanted ? wanted : "", 40);
    mig_fail(err, MIG_ERR_USAGE, "the console can't draw on this terminal: TERM is \"%s\"", name);
    mig_hint(
        err,
        "set TERM to what it is, for example xterm-256color; or use commands: migtui status, migtui help");
    return NULL;
}
