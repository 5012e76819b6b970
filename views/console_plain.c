/* console_plain.c - --plain: the same console line by line, for screen readers, pipes and logs.
 *
 * Commands of the ':' palette come on standard input, one a line; an empty line shows the view again. What changes is told
 * one event a line. Nothing is ever moved, coloured or rewritten.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/timefmt.h"
#include "views/console_private.h"
#include "views/console_session_private.h"

#define OUT_MAX   (16UL * 1024 * 1024)
#define SETTLE_MS 15000

struct plain {
    struct session_pipe pipe;
    char told[CFG_ENVIRONMENTS_MAX][96]; /* of each environment, what was said last */
    char told_run[CFG_ENVIRONMENTS_MAX][320];
    char told_banner[400];
    char input[TUI_LINE_MAX];
    size_t len;
    bool ended;    /* of standard input */
    bool unusable; /* the line is too long, or holds a NUL: no part of it may be taken for a command */
};

static void say(struct plain *plain, const char *text)
{
    struct mig_host *host = plain->pipe.host;
    char iso[MIG_TIME_SIZE];
    struct mig_buf out MIG_AUTOBUF;
    mig_buf_init(&out, OUT_MAX);
    mig_time_iso(host->ops->wall_ms(host), iso);
    mig_buf_printf(&out, "%.8sZ ", iso + 11);
    mig_text_safe(&out, text, strlen(text), SIZE_MAX, false);
    mig_buf_char(&out, '\n');
    session_write(&plain->pipe, out.text, out.len);
}

/* One line for each environment whose state or run is another than was said. */
static void tell_environments(struct plain *plain)
{
    const struct console *console = plain->pipe.console;
    for (size_t i = 0; i < console->snapshot->env_count; i++) {
        const struct mig_snap_env *env = &console->snapshot->envs[i];
        const struct mig_seen_progress *progress = &env->progress;
        char word[64];
        char now[96];
        char run[sizeof plain->told_run[0]] = "";
        char line[512];
        console_env_state(console, env, STATE_WORD, word, sizeof word);
        if (strncmp(word, "STALE", 5) == 0)
            word[5] = '\0'; /* its age is no event */
        if (env->seen)
            snprintf(now, sizeof now, "%s, %zu applied, %zu pending", word,
                     env->seen->look.views.counts[MIG_APPLIED], env->seen->look.views.counts[MIG_PENDING]);
        else
            snprintf(now, sizeof now, "%s", word);
        if (strncmp(word, "RUN ", 4) != 0 && strcmp(now, plain->told[i]) != 0) {
            snprintf(plain->told[i], sizeof plain->told[i], "%s", now);
            snprintf(line, sizeof line, "%s: %s%s%s", env->env->name, now, env->error.code ? ": " : "",
                     env->error.code ? env->error.message : "");
            say(plain, line);
        }
        if (progress->run[0])
            snprintf(run, sizeof run, "run %s, migration %s, step %s%s", progress->run, progress->version,
                     progress->step, progress->total > 0 ? ", under way" : "");
        if (strcmp(run, plain->told_run[i]) != 0) {
            snprintf(plain->told_run[i], sizeof plain->told_run[i], "%s", run);
            snprintf(line, sizeof line, "%s: %s", env->env->name, run[0] ? run : "no run any more");
            say(plain, line);
        }
    }
}

/* What waits for people, when it is another than was said. */
static void tell_banner(struct plain *plain)
{
    const struct console *console = plain->pipe.console;
    enum tui_style style;
    char now[sizeof plain->told_banner] = "";
    console_banner(console->snapshot, console_now(console), &style, now, sizeof now);
    if (strcmp(now, plain->told_banner) == 0)
        return;
    memcpy(plain->told_banner, now, sizeof now);
    if (now[0])
        say(plain, now);
}

static void tell_message(struct plain *plain)
{
    struct console *console = plain->pipe.console;
    if (!console->message[0])
        return;
    say(plain, console->message);
    console->message[0] = '\0';
}

static void tell_view(struct plain *plain)
{
    struct mig_buf view MIG_AUTOBUF;
    struct mig_buf out MIG_AUTOBUF;
    mig_buf_init(&view, OUT_MAX);
    mig_buf_init(&out, 2 * OUT_MAX);
    console_plain_view(plain->pipe.console, &view);
    mig_text_safe(&out, view.text, view.len, SIZE_MAX, true); /* here, so that no view can forget it */
    if (out.len > 0 && out.text[out.len - 1] != '\n')
        mig_buf_char(&out, '\n');
    session_write(&plain->pipe, out.text, out.len);
    if (plain->pipe.console->overlay != OVERLAY_NONE)
        plain->pipe.console->overlay = OVERLAY_NONE; /* it was read out */
}

/* Until what was asked for is there, or it takes too long. */
static void settle(struct plain *plain)
{
    struct mig_host *host = plain->pipe.host;
    int64_t until = host->ops->mono_ms(host) + SETTLE_MS;
    while (!console_is_idle(plain->pipe.console) && host->ops->mono_ms(host) < until) {
        session_pipe_wait(&plain->pipe, -1, 100);
        tell_environments(plain);
        tell_banner(plain);
        tell_message(plain);
    }
    console_news(plain->pipe.console);
}

static void take_command(struct plain *plain, char *line)
{
    struct console *console = plain->pipe.console;
    line += strspn(line, " \t:");
    line[strcspn(line, "\r")] = '\0';
    if (strncmp(line, "confirm ", 8) == 0) {
        console_confirm_answer(console, line + 8);
    } else if (strcmp(line, "cancel") == 0) {
        console_key(console, &(struct tui_event){ .key = TUI_KEY_ESC });
    } else if (strcmp(line, "back") == 0) {
        console_back(console);
    } else if (console->confirm.state != CONFIRM_NONE) {
        console_say(console, "first: confirm … or cancel");
    } else if (line[0]) {
        console_command(console, line);
    }
    tell_message(plain);
    settle(plain);
    tell_environments(plain);
    tell_banner(plain);
    tell_message(plain);
    if (!console_is_over(console))
        tell_view(plain);
}

static void end_line(struct plain *plain)
{
    plain->input[plain->len] = '\0';
    plain->len = 0;
    if (plain->unusable)
        say(plain, "a line that is too long or holds a NUL was not run");
    else
        take_command(plain, plain->input);
    plain->unusable = false;
}

/* What came without its line's end may be the beginning of another command. */
static void end_input(struct plain *plain)
{
    plain->ended = true;
    plain->input[plain->len] = '\0';
    if (plain->len > 0)
        say(plain, "the last line has no end and was not run:");
    if (plain->len > 0)
        say(plain, plain->input);
}

/* Whole lines of standard input. */
static void read_input(struct plain *plain)
{
    char chunk[1024];
    ssize_t n = read(STDIN_FILENO, chunk, sizeof chunk);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0) {
        end_input(plain);
        return;
    }
    for (ssize_t i = 0; i < n && !console_is_over(plain->pipe.console); i++) {
        bool fits = plain->len + 1 < sizeof plain->input && chunk[i] != '\0';
        if (chunk[i] == '\n')
            end_line(plain);
        else if (fits)
            plain->input[plain->len++] = chunk[i];
        else
            plain->unusable = true;
    }
}

bool session_plain(const struct console_session *session, int *ret_status, bool *ret_stuck,
                   struct mig_error *err)
{
    struct plain *plain = mig_alloc(sizeof *plain);
    char *keys_path MIG_AUTOFREE = session_keys_path(session);
    struct console_options options = session_options(session, keys_path);
    (void)ret_status;
    if (!session_pipe_open(session, &options, &plain->pipe, err)) {
        free(plain);
        return false;
    }
    settle(plain);
    tell_environments(plain);
    tell_banner(plain);
    tell_view(plain);
    while (!console_is_over(plain->pipe.console) && !plain->ended && !plain->pipe.unwritten) {
        if (session_pipe_wait(&plain->pipe, STDIN_FILENO, 60000))
            read_input(plain);
        tell_environments(plain);
        tell_banner(plain);
        tell_message(plain);
    }
    bool ok = session_pipe_close(&plain->pipe, ret_stuck, err);
    if (!*ret_stuck)
        free(plain);
    return ok;
}
