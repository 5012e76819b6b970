/* console_world.c - see console_world.h. */
#include "support/console_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/host_posix.h"

struct console_children console_children;

static bool count_spawn(struct mig_host *host, const char *const *argv, const char *const *env,
                        const char *dir, void (*on_line)(const char *line, void *context), void *context,
                        const bool *stop, bool *started, int *ret_status, struct mig_error *err)
{
    (void)env, (void)dir, (void)on_line, (void)context, (void)stop, (void)err;
    size_t len = 0;
    int64_t until = host->ops->mono_ms(host) + atomic_load(&console_children.slow_ms);
    while (atomic_load(&console_children.hold) || host->ops->mono_ms(host) < until)
        host->ops->sleep_until(host, host->ops->mono_ms(host) + 1, &console_children);
    for (size_t i = 0; argv[i] && len < sizeof console_children.words; i++)
        len += (size_t)snprintf(console_children.words + len, sizeof console_children.words - len, "%s ",
                                argv[i]);
    atomic_fetch_add(&console_children.started, 1);
    __atomic_store_n(started, true, __ATOMIC_RELEASE);
    *ret_status = 0;
    return true;
}

static bool open_store(void *ctx, const struct cfg_environment *env, const char *run, struct mig_store **ret,
                       struct mig_error *err)
{
    (void)ctx, (void)run, (void)ret;
    mig_fail(err, MIG_ERR_UNREACHABLE, "%s: nobody is there\x1b[31m", env->name);
    return mig_hint(err, "is it up?");
}

static bool read_catalog(void *ctx, unsigned flags, struct mig_catalog **ret, struct mig_problems *problems,
                         struct mig_error *err)
{
    (void)ctx, (void)flags, (void)problems, (void)err;
    *ret = mig_alloc(sizeof **ret);
    return true;
}

static int setup_with(void **state, bool readonly)
{
    struct console_world *w = mig_alloc(sizeof *w);
    struct mig_error err;
    static char names[3][12] = { "development", "test", "prod" };
    static char shop[] = "shop";
    static char prefix[] = "migtui_";
    snprintf(w->dir, sizeof w->dir, "/tmp/migtui-console-XXXXXX");
    if (!mkdtemp(w->dir) || !io_host_new(w->dir, &w->host, &err))
        return -1;
    w->ops = *w->host->ops;
    w->ops.spawn = count_spawn;
    w->host->ops = &w->ops;
    for (size_t i = 0; i < 3; i++)
        w->envs[i] = (struct cfg_environment){ .name = names[i], .database = shop, .is_protected = i == 2 };
    w->config = (struct cfg_config){
        .project = shop, .environments = w->envs, .environment_count = 3, .prefix = prefix
    };
    w->app = (struct mig_app){ .config = &w->config,
                               .host = w->host,
                               .operator_name = "ana",
                               .open_store = open_store,
                               .read_catalog = read_catalog };
    struct console_options options = { .app = &w->app, .readonly = readonly, .utf8 = true };
    atomic_store(&console_children.started, 0);
    atomic_store(&console_children.slow_ms, 0);
    atomic_store(&console_children.hold, false);
    console_children.words[0] = '\0';
    w->console = console_new(&options);
    console_start(w->console);
    w->canvas = tui_canvas_new(80, 24, true);
    *state = w;
    return 0;
}

int console_world_setup(void **state)
{
    return setup_with(state, false);
}

int console_world_setup_readonly(void **state)
{
    return setup_with(state, true);
}

int console_world_teardown(void **state)
{
    struct console_world *w = *state;
    if (!console_free(w->console, CONSOLE_DEADLINE_MS))
        return -1;
    tui_canvas_free(w->canvas);
    io_host_free(w->host);
    rmdir(w->dir);
    free(w);
    return 0;
}

char *console_world_screen(struct console_world *w, int cols, int rows)
{
    struct mig_buf text;
    tui_canvas_resize(w->canvas, cols, rows);
    console_draw(w->console, w->canvas);
    mig_buf_init(&text, 1UL * 1024 * 1024);
    tui_canvas_text(w->canvas, &text);
    char *out = mig_buf_detach(&text);
    mig_buf_done(&text);
    return out;
}

void console_world_key(struct console_world *w, uint32_t which)
{
    static unsigned batch;
    struct tui_event event = { .key = which, .batch = ++batch };
    console_key(w->console, &event);
}

void console_world_says(struct console_world *w, const char *part)
{
    if (!strstr(console_message(w->console), part))
        fail_msg("'%s' is not in '%s'", part, console_message(w->console));
}

void console_world_type(struct console_world *w, const char *text)
{
    for (; *text; text++)
        console_world_key(w, (uint32_t)*text);
}

void console_world_wait(struct console_world *w, bool (*done)(struct console_world *w))
{
    for (int64_t until = w->host->ops->mono_ms(w->host) + CONSOLE_DEADLINE_MS;;) {
        console_news(w->console);
        if (done(w))
            return;
        assert_true(w->host->ops->mono_ms(w->host) < until);
        w->host->ops->sleep_until(w->host, w->host->ops->mono_ms(w->host) + 2, w);
    }
}

static bool all_away(struct console_world *w)
{
    size_t away = 0;
    for (size_t i = 0; i < 3; i++)
        away += w->console->snapshot->envs[i].error.code == MIG_ERR_UNREACHABLE;
    return away == 3;
}

void console_world_settle(struct console_world *w)
{
    console_world_wait(w, all_away);
}

bool console_world_acts_over(struct console_world *w)
{
    return w->console->act_count == 0;
}

void console_world_ask_mark(struct console_world *w, const char *env)
{
    char line[128];
    snprintf(line, sizeof line, "rw %s 10m", env);
    console_command(w->console, line);
    snprintf(line, sizeof line, "mark 1 applied --env %s --reason \"by hand\"", env);
    console_command(w->console, line);
    assert_int_equal(w->console->confirm.state, CONFIRM_ASKING);
}
