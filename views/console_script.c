/* console_script.c - --script FILE: keys in, screens out, without a terminal.
 *
 * A line is an instruction: size 80x24 · key NAME… · type TEXT · paste TEXT · wait TEXT · gone TEXT · idle · screen [TITLE] ·
 * timeout 30s · file PATH (until it is there) · :COMMAND · # a remark. The screens go to standard output as text. A wait that is not met ends the script
 * with an error that shows the screen.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "tui/key.h"
#include "views/console_session_private.h"

#define SCRIPT_MAX (1024UL * 1024)
#define TEXT_MAX   (4UL * 1024 * 1024)
#define COLS_MAX   1000
#define DEFAULT_MS 30000
#define POLL_MS    100

struct script {
    struct session_pipe pipe;
    struct tui_canvas *canvas;
    const char *file;
    int line;
    int64_t timeout_ms;
    size_t screens;
    unsigned batch;
};

static void draw(struct script *script, struct mig_buf *text)
{
    tui_canvas_blank(script->canvas);
    console_draw(script->pipe.console, script->canvas);
    if (text) {
        mig_buf_reset(text);
        tui_canvas_text(script->canvas, text);
    }
}

static bool fail(struct script *script, struct mig_error *err, const char *what, const char *word)
{
    char *safe MIG_AUTOFREE = mig_text_safe_dup(word, 120);
    return mig_fail(err, MIG_ERR_FAILED, "%s:%d: %s %s", script->file, script->line, what, safe);
}

/* ---- keys ---- */

static void send_key(struct script *script, uint32_t key, const char *paste)
{
    struct tui_event event = { .key = key, .paste = paste, .paste_len = paste ? strlen(paste) : 0 };
    event.batch = ++script->batch; /* each key was pressed by itself */
    console_key(script->pipe.console, &event);
    draw(script, NULL);
}

static bool do_key(struct script *script, const char *names, struct mig_error *err)
{
    char name[2 * TUI_KEY_NAME_MAX];
    while (*(names += strspn(names, " "))) {
        size_t len = strcspn(names, " ");
        snprintf(name, sizeof name, "%.*s", (int)len, names);
        uint32_t key = tui_key_find(name);
        if (key == TUI_KEY_NONE)
            return fail(script, err, "there is no key", name);
        send_key(script, key, NULL);
        names += len;
    }
    return true;
}

static bool do_type(struct script *script, const char *text, struct mig_error *err)
{
    (void)err;
    for (size_t at = 0, len = strlen(text), n; at < len; at += n)
        send_key(script, mig_utf8_decode(text + at, len - at, &n), NULL);
    return true;
}

static bool do_paste(struct script *script, const char *text, struct mig_error *err)
{
    (void)err;
    send_key(script, TUI_KEY_PASTE, text);
    return true;
}

/* ---- waiting ---- */

static bool wait_for(struct script *script, const char *text, bool there, struct mig_error *err)
{
    struct mig_host *host = script->pipe.host;
    struct mig_buf screen MIG_AUTOBUF;
    int64_t until = host->ops->mono_ms(host) + script->timeout_ms;
    mig_buf_init(&screen, TEXT_MAX);
    for (;;) {
        draw(script, &screen);
        bool holds =
            text ? (strstr(screen.text, text) != NULL) == there : console_is_idle(script->pipe.console);
        if (holds)
            return true;
        if (host->ops->mono_ms(host) >= until)
            break;
        session_pipe_wait(&script->pipe, -1, POLL_MS);
    }
    session_write(&script->pipe, screen.text, screen.len);
    return fail(script, err,
                text ? there ? "this did not appear in time:" : "this did not go in time:"
                     : "it did not come to rest in time",
                text ? text : "");
}

static bool do_wait(struct script *script, const char *text, struct mig_error *err)
{
    return wait_for(script, text, true, err);
}

static bool do_gone(struct script *script, const char *text, struct mig_error *err)
{
    return wait_for(script, text, false, err);
}

static bool do_idle(struct script *script, const char *text, struct mig_error *err)
{
    (void)text;
    return wait_for(script, NULL, true, err);
}

/* For what happens outside: until a file is there. */
static bool do_file(struct script *script, const char *path, struct mig_error *err)
{
    struct mig_host *host = script->pipe.host;
    int64_t until = host->ops->mono_ms(host) + script->timeout_ms;
    while (access(path, F_OK) != 0) {
        if (host->ops->mono_ms(host) >= until)
            return fail(script, err, "this file did not come in time:", path);
        session_pipe_wait(&script->pipe, -1, POLL_MS);
    }
    return true;
}

/* ---- the rest ---- */

static bool do_screen(struct script *script, const char *title, struct mig_error *err)
{
    struct mig_buf text MIG_AUTOBUF;
    struct mig_buf out MIG_AUTOBUF;
    (void)err;
    mig_buf_init(&text, TEXT_MAX);
    mig_buf_init(&out, TEXT_MAX);
    session_pipe_wait(&script->pipe, -1, 0);
    draw(script, &text);
    mig_buf_printf(&out, "-- screen %zu %dx%d%s", ++script->screens, script->canvas->cols,
                   script->canvas->rows, *title ? " " : "");
    mig_text_safe(&out, title, strlen(title), SIZE_MAX, false);
    mig_buf_char(&out, '\n');
    mig_buf_add(&out, text.text, text.len);
    session_write(&script->pipe, out.text, out.len);
    return true;
}

static bool do_size(struct script *script, const char *text, struct mig_error *err)
{
    char first[16];
    int64_t cols;
    int64_t rows;
    size_t len = strcspn(text, "x");
    snprintf(first, sizeof first, "%.*s", (int)len, text);
    if (!mig_text_int(first, 1, COLS_MAX, &cols) || text[len] != 'x' ||
        !mig_text_int(text + len + 1, 1, COLS_MAX, &rows))
        return fail(script, err, "a size is COLSxROWS, not", text);
    tui_canvas_resize(script->canvas, (int)cols, (int)rows);
    draw(script, NULL);
    return true;
}

static bool do_timeout(struct script *script, const char *text, struct mig_error *err)
{
    return mig_text_duration(text, &script->timeout_ms) || fail(script, err, "no time:", text);
}

static const struct {
    const char *name;
    bool (*run)(struct script *script, const char *rest, struct mig_error *err);
} instructions[] = {
    { "key", do_key },         { "type", do_type },     { "paste", do_paste }, { "wait", do_wait },
    { "gone", do_gone },       { "idle", do_idle },     { "file", do_file },   { "size", do_size },
    { "timeout", do_timeout }, { "screen", do_screen },
};

static bool run_line(struct script *script, const char *line, struct mig_error *err)
{
    char word[16];
    line += strspn(line, " \t");
    if (*line == '\0' || *line == '#')
        return true;
    if (*line == ':') {
        console_command(script->pipe.console, line + 1);
        return true;
    }
    size_t len = strcspn(line, " \t");
    snprintf(word, sizeof word, "%.*s", (int)len, line);
    for (size_t i = 0; i < sizeof instructions / sizeof instructions[0]; i++) {
        if (strcmp(instructions[i].name, word) == 0)
            return instructions[i].run(script, line + len + strspn(line + len, " \t"), err);
    }
    return fail(script, err, "there is no instruction", word);
}

static bool run(struct script *script, char *text, struct mig_error *err)
{
    bool ok = true;
    for (char *line; ok && text && !console_is_over(script->pipe.console) && !script->pipe.unwritten;
         script->line++) {
        line = strsep(&text, "\n");
        line[strcspn(line, "\r")] = '\0';
        script->line += script->line == 0;
        ok = run_line(script, line, err);
    }
    return ok;
}

static bool read_script(const struct console_session *session, struct mig_buf *out, struct mig_error *err)
{
    struct mig_host *host = session->app->host;
    const char *path = strcmp(session->script, "-") == 0 ? "/dev/stdin" : session->script;
    if (!host->ops->file_read(host, path, SCRIPT_MAX, out, err))
        return false;
    return strlen(out->text) == out->len ||
           mig_fail(err, MIG_ERR_USAGE, "%s: there is a NUL byte at %zu; a script is text", session->script,
                    strlen(out->text));
}

bool session_script(const struct console_session *session, int *ret_status, bool *ret_stuck,
                    struct mig_error *err)
{
    struct mig_buf text MIG_AUTOBUF;
    struct script script = { .file = session->script, .timeout_ms = DEFAULT_MS };
    char *keys_path MIG_AUTOFREE = session_keys_path(session);
    struct console_options options = session_options(session, keys_path);
    (void)ret_status;
    mig_buf_init(&text, SCRIPT_MAX + 1);
    if (!read_script(session, &text, err))
        return false;
    script.canvas = tui_canvas_new(80, 24, options.utf8);
    bool ok = session_pipe_open(session, &options, &script.pipe, err);
    if (ok) {
        draw(&script, NULL);
        ok = run(&script, text.text, err);
        struct mig_error lost = { 0 };
        bool settled = session_pipe_close(&script.pipe, ret_stuck, &lost);
        if (ok && !settled)
            *err = lost;
        ok = ok && settled;
    }
    if (!*ret_stuck)
        tui_canvas_free(script.canvas);
    return ok;
}
