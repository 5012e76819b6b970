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

bool tui_terminfo_has(const char *name)
{
    return tigetflag(name) > 0;
}

void tui_terminfo_add(struct mig_buf *out, const char *name)
{
    const char *text = tui_terminfo(name);
    while (*text) {
        size_t plain = strcspn(text, "$");
        mig_buf_add(out, text, plain);
        text += plain;
        if (text[0] == '$' && text[1] == '<' && strchr(text, '>')) /* a pause, for terminals with gears */
            text = strchr(text, '>') + 1;
        else if (text[0] == '$')
            mig_buf_char(out, *text++);
    }
}

const char *tui_terminfo_choose(const char *wanted, int fd, struct mig_error *err)
{
    const char *const names[] = { wanted, "xterm", "vt100" };
    bool dumb = !wanted || !wanted[0] || strcmp(wanted, "dumb") == 0 || strcmp(wanted, "unknown") == 0;
    for (size_t i = 0; i < 3 && !dumb; i++) {
        int result;
        if (setupterm(names[i], fd, &result) != OK)
            continue;
        bool moves = strncmp(tui_terminfo("cup"), "\033[", 2) == 0; /* what is sent besides is ECMA-48, too */
        del_curterm(cur_term);
        if (moves)
            return names[i];
        break; /* it is known, and can't be drawn on */
    }
    char *name MIG_AUTOFREE = mig_text_safe_dup(wanted ? wanted : "", 40);
    mig_fail(err, MIG_ERR_USAGE, "the console can't draw on this terminal: TERM is \"%s\"", name);
    mig_hint(
        err,
        "set TERM to what it is, for example xterm-256color; or use commands: migtui status, migtui help");
    return NULL;
}
