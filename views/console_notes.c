/* console_notes.c - what went wrong in this session, newest first, with what to do about it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/timefmt.h"
#include "views/console_private.h"
#include "views/parts.h"

static struct console_note *note_at(const struct console_notes *notes, size_t i)
{
    return &notes->items[(notes->first + i) % CONSOLE_NOTES];
}

void console_note(struct console *console, const char *where, bool error, const struct mig_error *what)
{
    struct console_notes *notes = &console->notes;
    if (!notes->items)
        notes->items = mig_alloc_n(CONSOLE_NOTES, sizeof *notes->items);
    if (notes->count == CONSOLE_NOTES) {
        notes->first = (notes->first + 1) % CONSOLE_NOTES;
        notes->count--;
    }
    struct console_note *note = note_at(notes, notes->count++);
    *note = (struct console_note){ .wall_ms = console->host->ops->wall_ms(console->host),
                                   .error = error,
                                   .what = *what };
    snprintf(note->where, sizeof note->where, "%s", where);
    mig_utf8_trim(note->where);
    notes->unread += error;
    notes->news = true;
}

/* before: NULL when nothing was known. */
static void compare_env(struct console *console, const struct mig_snap_env *before,
                        const struct mig_snap_env *now)
{
    struct mig_error well = { 0 };
    bool was_wrong = before && before->error.code != MIG_OK;
    if (now->error.code != MIG_OK && (!was_wrong || strcmp(before->error.message, now->error.message) != 0))
        console_note(console, now->env->name, true, &now->error);
    if (now->error.code == MIG_OK && was_wrong) {
        snprintf(well.message, sizeof well.message, "answers again");
        console_note(console, now->env->name, false, &well);
    }
}

void console_notes_compare(struct console *console, const struct mig_snapshot *before,
                           const struct mig_snapshot *now)
{
    for (size_t i = 0; i < now->env_count; i++)
        compare_env(console, before ? &before->envs[i] : NULL, &now->envs[i]);
    if (before && before->files == now->files)
        return;
    if (now->files->error.code != MIG_OK)
        console_note(console, "files", true, &now->files->error);
    for (size_t i = 0; i < now->files->problems.count && i < CONSOLE_NOTES / 2; i++)
        console_note(console, "files", true, &now->files->problems.items[i]);
}

/* One note as lines: when and where, what, and what to do. */
static void note_text(const struct console_note *note, struct mig_buf *out)
{
    char iso[MIG_TIME_SIZE];
    mig_time_iso(note->wall_ms, iso);
    mig_buf_printf(out, "%.8sZ  %s  ", iso + 11, note->where);
    mig_text_safe(out, note->what.message, strlen(note->what.message), SIZE_MAX, false);
    mig_buf_char(out, '\n');
    for (const char *at = note->what.hint; *at;) {
        size_t len = strcspn(at, "\n");
        mig_buf_str(out, "           ");
        mig_text_safe(out, at, len, SIZE_MAX, false);
        mig_buf_char(out, '\n');
        at += len + (at[len] == '\n');
    }
}

void console_notes_plain(const struct console *console, struct mig_buf *out)
{
    if (console->notes.count == 0)
        mig_buf_str(out, "nothing went wrong so far\n");
    for (size_t i = console->notes.count; i-- > 0;)
        note_text(note_at(&console->notes, i), out);
}

/* Lines wrapped to the pane; draws from row `from` on, returns all rows. */
static int draw_wrapped(const struct tui_pane *pane, const char *text, int from)
{
    int row = 0;
    for (const char *at = text; *at;) {
        size_t len = strcspn(at, "\n");
        bool hint = strncmp(at, "           ", 11) == 0;
        const char *end = at + len;
        do {
            char line[1024];
            size_t left = (size_t)(end - at);
            snprintf(line, sizeof line, "%.*s", (int)(left < sizeof line ? left : sizeof line - 1), at);
            size_t fits = view_line_bytes(line, pane->w);
            if (fits == 0)
                fits = left ? 1 : 0;
            if (row >= from && row - from < pane->h)
                tui_text_len(pane, 0, row - from, hint ? TUI_INFO : TUI_PLAIN, line, fits);
            at += fits;
            while (at < end && *at == ' ')
                at++;
            row++;
        } while (at < end);
        at = end + (*end == '\n');
    }
    return row;
}

void console_notes_draw(struct console *console, const struct tui_pane *pane)
{
    struct mig_buf text MIG_AUTOBUF;
    char note[64];
    mig_buf_init(&text, 1UL * 1024 * 1024);
    console_notes_plain(console, &text);
    snprintf(note, sizeof note, "%zu kept   j k scroll   esc closes", console->notes.count);
    tui_fill(pane, 0, 0, pane->w, pane->h, TUI_PLAIN, ' ');
    struct tui_pane body = tui_frame(pane, TUI_BORDER, "MESSAGES", note);
    body = tui_pane_part(&body, 1, 0, body.w - 2, body.h);
    if (body.w <= 0 || body.h <= 0)
        return;
    int rows = draw_wrapped(&body, text.text, console->notes.scroll);
    int last = rows > body.h ? rows - body.h : 0;
    if (console->notes.scroll > last) {
        console->notes.scroll = last;
        tui_fill(&body, 0, 0, body.w, body.h, TUI_PLAIN, ' ');
        draw_wrapped(&body, text.text, last);
    }
}

void console_notes_key(struct console *console, const struct tui_event *event)
{
    struct console_notes *notes = &console->notes;
    int page = console->rows > 6 ? console->rows - 6 : 1;
    switch (event->key) {
    case 'j':
    case TUI_KEY_DOWN: notes->scroll++; break;
    case 'k':
    case TUI_KEY_UP: notes->scroll -= notes->scroll > 0; break;
    case TUI_KEY_PGDN:
    case ' ': notes->scroll += page; break;
    case TUI_KEY_PGUP: notes->scroll = notes->scroll > page ? notes->scroll - page : 0; break;
    case 'g':
    case TUI_KEY_HOME: notes->scroll = 0; break;
    case 'G':
    case TUI_KEY_END: notes->scroll = INT32_MAX / 2; break;
    case TUI_KEY_ESC:
    case TUI_KEY_CTRL | 'c':
    case 'q':
    case 'E': console->overlay = OVERLAY_NONE; break;
    case ':':
        console->overlay = OVERLAY_NONE;
        console_palette_open(console, "");
        break;
    default: break;
    }
}
