/* console_history.c - lines of the palette, kept from one session to the next: a file of this user, a line a line.
 *
 * Each line is appended as it is typed, so that sessions side by side keep all of them; the end of a session shortens a file that has
 * grown long. What is read is anybody's text: a line that would be shown otherwise than it is written is not taken.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "views/console_private.h"

#define FILE_MAX (512UL * 1024)

/* No connection string, for it may hold a password; no line with a blank before it, as in a shell. */
static bool is_kept(const char *line)
{
    return line[0] && line[0] != ' ' && !strstr(line, "://") && !strchr(line, '\n');
}

static bool is_plain_text(const char *line)
{
    char *safe MIG_AUTOFREE = mig_text_safe_dup(line, TUI_LINE_MAX);
    return strlen(line) < TUI_LINE_MAX && strcmp(safe, line) == 0;
}

void console_history_load(struct console *console)
{
    struct mig_buf text MIG_AUTOBUF;
    struct mig_error ignored; /* there is none before the first line */
    const char *path = console->options.history_path;
    const struct mig_host_ops *ops = console->host->ops;
    mig_buf_init(&text, FILE_MAX + 65536);
    if (!path || !ops->file_read)
        return;
    bool whole = ops->file_read(console->host, path, FILE_MAX, &text, &ignored);
    console->palette.lines_on_disk = whole          ? 0
                                     : text.len > 0 ? SIZE_MAX / 2
                                                    : 0; /* too long: made anew in the end */
    for (size_t at = 0; whole && at < text.len;) {
        char *line = text.text + at;
        char *end = memchr(line, '\n', text.len - at);
        if (!end)
            break; /* somebody is writing it */
        *end = '\0';
        at += (size_t)(end - line) + 1;
        console->palette.lines_on_disk++;
        if (strlen(line) == (size_t)(end - line) && is_kept(line) && is_plain_text(line))
            tui_history_add(&console->palette.history, line);
    }
}

void console_history_add(struct console *console, const char *line)
{
    struct mig_error ignored; /* it is a convenience: the session's own history has it */
    const char *path = console->options.history_path;
    tui_history_add(&console->palette.history, line);
    if (!path || !console->host->ops->file_append || !is_kept(line))
        return;
    char *whole MIG_AUTOFREE = mig_printf("%s\n", line);
    if (console->host->ops->file_append(console->host, path, whole, strlen(whole), false, &ignored))
        console->palette.lines_on_disk++;
}

void console_history_end(struct console *console)
{
    struct mig_error ignored;
    const struct tui_history *history = &console->palette.history;
    const char *path = console->options.history_path;
    struct mig_buf text MIG_AUTOBUF;
    mig_buf_init(&text, FILE_MAX);
    if (!path || !console->host->ops->file_replace)
        return;
    for (size_t i = 0; i < history->count; i++) {
        if (is_kept(history->lines[i]))
            mig_buf_printf(&text, "%s\n", history->lines[i]);
    }
    if (console->palette.lines_on_disk > 2 * history->max &&
        !console->host->ops->file_replace(console->host, path, text.text, text.len, &ignored))
        return; /* the next session tries again */
    console->host->ops->file_close(console->host, path);
}
