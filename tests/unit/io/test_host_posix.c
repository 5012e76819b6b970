/* The machine: sleeps that a wake ends, journals that are whole, processes told apart, children that do not
 * outlive their step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "io/host_posix.h"

#define FAR_MS 60000 /* a test that runs into it has failed */

struct world {
    struct mig_host *host;
    char *dir;
};

static int set_up(void **state)
{
    char template[] = "/tmp/migtui-host-XXXXXX";
    if (!mkdtemp(template))
        return -1;
    struct world *w = mig_alloc(sizeof *w);
    w->dir = mig_strdup(template);
    struct mig_error err;
    if (!io_host_new(w->dir, &w->host, &err))
        return -1;
    *state = w;
    return 0;
}

static int remove_entry(const char *path, const struct stat *found, int type, struct FTW *where)
{
    (void)found;
    (void)type;
    (void)where;
    return remove(path);
}

static int tear_down(void **state)
{
    struct world *w = *state;
    io_host_free(w->host);
    nftw(w->dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(w->dir);
    free(w);
    return 0;
}

static void the_clock_goes_on_and_chance_differs(void **state)
{
    struct world *w = *state;
    int64_t a = w->host->ops->mono_ms(w->host);
    assert_true(w->host->ops->mono_ms(w->host) >= a);
    assert_true(w->host->ops->wall_ms(w->host) > 1600000000000);
    uint8_t one[16] = { 0 }, two[16] = { 0 };
    w->host->ops->random(w->host, one, sizeof one);
    w->host->ops->random(w->host, two, sizeof two);
    assert_memory_not_equal(one, two, sizeof one);
}

static void a_sleep_lasts_until_its_time(void **state)
{
    struct world *w = *state;
    int64_t until = w->host->ops->mono_ms(w->host) + 20;
    w->host->ops->sleep_until(w->host, until, w);
    assert_true(w->host->ops->mono_ms(w->host) >= until);
    w->host->ops->sleep_until(w->host, until - 1000, w); /* in the past: not at all */
    w->host->ops->sleep_until(w->host, -5, w);
}

struct sleeper {
    struct world *w;
    atomic_bool awake;
};

static void sleep_for_long(void *context)
{
    struct sleeper *s = context;
    s->w->host->ops->sleep_until(s->w->host, s->w->host->ops->mono_ms(s->w->host) + FAR_MS, s);
    atomic_store(&s->awake, true);
}

static void a_wake_ends_the_sleep_on_its_key_whichever_comes_first(void **state)
{
    struct world *w = *state;
    struct mig_error err;
    int64_t begun = w->host->ops->mono_ms(w->host);
    for (int i = 0; i < 200; i++) {
        struct sleeper s = { .w = w };
        struct mig_task *task;
        assert_true(w->host->ops->task_start(w->host, sleep_for_long, &s, &task, &err));
        if (i % 2)
            sched_yield();
        w->host->ops->wake(w->host, &s);
        w->host->ops->task_join(w->host, task);
        assert_true(atomic_load(&s.awake));
    }
    assert_true(w->host->ops->mono_ms(w->host) - begun < FAR_MS);
}

static void a_wake_does_not_end_the_sleep_on_another_key(void **state)
{
    struct world *w = *state;
    int other = 0;
    w->host->ops->wake(w->host, &other);
    int64_t until = w->host->ops->mono_ms(w->host) + 20;
    w->host->ops->sleep_until(w->host, until, w);
    assert_true(w->host->ops->mono_ms(w->host) >= until);
}

static void look_at_the_mask(void *context)
{
    sigset_t *mask = context;
    pthread_sigmask(SIG_SETMASK, NULL, mask);
}

static void tasks_take_no_signals(void **state)
{
    struct world *w = *state;
    struct mig_task *task;
    struct mig_error err;
    sigset_t mask;
    sigemptyset(&mask);
    assert_true(w->host->ops->task_start(w->host, look_at_the_mask, &mask, &task, &err));
    w->host->ops->task_join(w->host, task);
    assert_true(sigismember(&mask, SIGTERM));
    assert_true(sigismember(&mask, SIGWINCH));
}

static void assert_file(struct world *w, const char *path, const char *expected)
{
    struct mig_error err = { 0 };
    MIG_AUTOBUF struct mig_buf text;
    mig_buf_init(&text, 1 << 20);
    if (!w->host->ops->file_read(w->host, path, 1 << 20, &text, &err))
        fail_msg("%s", err.message);
    assert_string_equal(text.text, expected);
}

static void journals_are_private_and_grow(void **state)
{
    struct world *w = *state;
    const struct mig_host_ops *ops = w->host->ops;
    struct mig_error err;
    MIG_AUTOFREE char *dir = mig_printf("%s/a/b", w->dir);
    MIG_AUTOFREE char *path = mig_printf("%s/run.jsonl", dir);
    umask(0);
    assert_true(ops->file_append(w->host, path, "one\n", 4, true, &err));
    assert_true(ops->file_append(w->host, path, "two\n", 4, false, &err));
    ops->file_close(w->host, path);
    assert_true(ops->file_append(w->host, path, "three\n", 6, true, &err));
    assert_file(w, path, "one\ntwo\nthree\n");
    struct stat found;
    assert_int_equal(stat(dir, &found), 0);
    assert_int_equal(found.st_mode & 07777, 0700);
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 07777, 0600);
}

static void a_journal_is_never_written_through_a_link(void **state)
{
    struct world *w = *state;
    struct mig_error err;
    MIG_AUTOFREE char *path = mig_printf("%s/link", w->dir);
    MIG_AUTOFREE char *target = mig_printf("%s/target", w->dir);
    assert_int_equal(symlink(target, path), 0);
    assert_false(w->host->ops->file_append(w->host, path, "x\n", 2, false, &err));
    assert_int_equal(err.code, MIG_ERR_IO);
    assert_int_equal(access(target, F_OK), -1);
}

/* RLIMIT_FSIZE plays the full disk: write() takes a part, then fails. */
static void an_append_that_does_not_fit_leaves_no_half_line(void **state)
{
    struct world *w = *state;
    struct mig_error err;
    MIG_AUTOFREE char *path = mig_printf("%s/run.jsonl", w->dir);
    assert_true(w->host->ops->file_append(w->host, path, "one\n", 4, true, &err));
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit old, small = { 8, RLIM_INFINITY };
    getrlimit(RLIMIT_FSIZE, &old);
    small.rlim_max = old.rlim_max;
    setrlimit(RLIMIT_FSIZE, &small);
    bool ok = w->host->ops->file_append(w->host, path, "a longer line\n", 14, true, &err);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_false(ok);
    assert_int_equal(err.code, MIG_ERR_IO);
    assert_file(w, path, "one\n");
    assert_true(w->host->ops->file_append(w->host, path, "two\n", 4, true, &err));
    assert_file(w, path, "one\ntwo\n");
}

static int other_entries;

static int count_entry(const char *path, const struct stat *found, int type, struct FTW *where)
{
    (void)path;
    (void)found;
    other_entries += type == FTW_F && where->level > 0;
    return 0;
}

static void a_replaced_file_is_whole_and_leaves_nothing_beside(void **state)
{
    struct world *w = *state;
    struct mig_error err;
    MIG_AUTOFREE char *path = mig_printf("%s/state.json", w->dir);
    assert_true(w->host->ops->file_replace(w->host, path, "old", 3, &err));
    assert_true(w->host->ops->file_replace(w->host, path, "new text", 8, &err));
    assert_file(w, path, "new text");
    other_entries = 0;
    nftw(w->dir, count_entry, 8, FTW_PHYS);
    assert_int_equal(other_entries, 1);
    MIG_AUTOFREE char *below = mig_printf("%s/not-a-directory", path);
    assert_false(w->host->ops->file_replace(w->host, below, "x", 1, &err));
    assert_int_equal(err.code, MIG_ERR_IO);
}

static void a_file_that_is_too_large_or_missing_is_told(void **state)
{
    struct world *w = *state;
    struct mig_error err;
    MIG_AUTOFREE char *path = mig_printf("%s/big", w->dir);
    assert_true(w->host->ops->file_replace(w->host, path, "0123456789", 10, &err));
    MIG_AUTOBUF struct mig_buf text;
    mig_buf_init(&text, 100);
    assert_true(w->host->ops->file_read(w->host, path, 10, &text, &err));
    mig_buf_reset(&text);
    assert_false(w->host->ops->file_read(w->host, path, 9, &text, &err));
    assert_int_equal(err.code, MIG_ERR_LIMIT);
    assert_false(w->host->ops->file_read(w->host, "/nonexistent", 9, &text, &err));
    assert_int_equal(err.code, MIG_ERR_IO);
    assert_non_null(strstr(err.message, "/nonexistent"));
}

static void a_process_is_known_by_pid_and_start_and_boot(void **state)
{
    struct world *w = *state;
    const struct mig_host_ops *ops = w->host->ops;
    struct mig_identity who = w->host->self;
    assert_int_equal(who.pid, getpid());
    assert_true(who.pid_started > 0);
    assert_int_equal(ops->process_alive(w->host, &who), 1);
    who.pid_started++; /* the number was given to another process */
    assert_int_equal(ops->process_alive(w->host, &who), 0);
    who = w->host->self;
    who.boot_id = "another boot";
    assert_int_equal(ops->process_alive(w->host, &who), -1);
    who = w->host->self;
    who.host = "elsewhere";
    assert_int_equal(ops->process_alive(w->host, &who), -1);

    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    siginfo_t info;
    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT); /* dead, and still a zombie */
    who = w->host->self;
    who.pid = pid;
    assert_int_equal(ops->process_alive(w->host, &who), 0);
    waitpid(pid, NULL, 0);
    assert_int_equal(ops->process_alive(w->host, &who), 0);
}

static void the_operator_is_named_by_the_real_user_and_ssh(void **state)
{
    struct world *w = *state;
    struct passwd *entry = getpwuid(getuid());
    if (entry)
        assert_string_equal(w->host->self.os_user, entry->pw_name);
    struct mig_host *other;
    struct mig_error err;
    setenv("SSH_CONNECTION", "192.0.2.7 50000 192.0.2.1 22", 1);
    assert_true(io_host_new(NULL, &other, &err));
    assert_string_equal(other->self.ssh_client, "192.0.2.7");
    io_host_free(other);
    setenv("SSH_CONNECTION", "\x1b]0;evil\a 1 2 3", 1);
    assert_true(io_host_new(NULL, &other, &err));
    assert_string_equal(other->self.ssh_client, "\\x1b]0;evil\\x07");
    io_host_free(other);
    unsetenv("SSH_CONNECTION");
    unsetenv("SSH_CLIENT");
    assert_true(io_host_new(NULL, &other, &err));
    assert_string_equal(other->self.ssh_client, "");
    io_host_free(other);
}

static void state_goes_where_xdg_says(void **state)
{
    (void)state;
    struct mig_host *host;
    struct mig_error err;
    setenv("XDG_STATE_HOME", "/somewhere", 1);
    assert_true(io_host_new(NULL, &host, &err));
    assert_string_equal(host->state_dir, "/somewhere/migtui");
    io_host_free(host);
    setenv("XDG_STATE_HOME", "relative", 1);
    setenv("HOME", "/somewhere/me", 1);
    assert_true(io_host_new(NULL, &host, &err));
    assert_string_equal(host->state_dir, "/somewhere/me/.local/state/migtui");
    io_host_free(host);
    unsetenv("XDG_STATE_HOME");
}

struct output {
    char text[2048];
    size_t lines, longest;
    bool *stop_at_first;
    bool started, started_first; /* before its first line */
};

static void collect(const char *line, void *context)
{
    struct output *out = context;
    size_t used = strlen(out->text);
    snprintf(out->text + used, sizeof out->text - used, "%.100s|", line);
    out->lines++;
    out->longest = strlen(line) > out->longest ? strlen(line) : out->longest;
    out->started_first = __atomic_load_n(&out->started, __ATOMIC_RELAXED);
    if (out->stop_at_first)
        __atomic_store_n(out->stop_at_first, true, __ATOMIC_RELAXED);
}

static int run(struct world *w, const char *script, const char *const *env, const char *dir,
               struct output *out)
{
    const char *argv[] = { "sh", "-c", script, NULL };
    struct mig_error err = { 0 };
    int status = -1;
    *out = (struct output){ .stop_at_first = out->stop_at_first };
    if (!w->host->ops->spawn(w->host, argv, env, dir, collect, out, out->stop_at_first, &out->started,
                             &status, &err))
        fail_msg("%s", err.message);
    return status;
}

static void a_child_tells_lines_and_a_status(void **state)
{
    struct world *w = *state;
    struct output out = { 0 };
    assert_int_equal(run(w, "echo out; echo err >&2; printf 'a\\rb\\r\\nrest'; exit 3", NULL, NULL, &out), 3);
    assert_string_equal(out.text, "out|err|a|b|rest|");
    assert_true(out.started_first);
    assert_int_equal(run(w, "kill -9 $$", NULL, NULL, &out), 128 + SIGKILL);
    assert_int_equal(run(w, "printf '\\033[31mred'", NULL, NULL, &out), 0);
    assert_string_equal(out.text, "\\x1b[31mred|");
}

static void a_child_has_its_directory_its_environment_and_no_input(void **state)
{
    struct world *w = *state;
    struct output out = { 0 };
    const char *env[] = { "MIGTUI_RUN=r1", "HOME=/elsewhere", NULL };
    setenv("MIGTUI_RUNNER", "kept", 1);
    assert_int_equal(run(w, "pwd; echo $MIGTUI_RUN $MIGTUI_RUNNER $HOME; cat; ls /proc/self/fd | wc -l", env,
                         w->dir, &out),
                     0);
    MIG_AUTOFREE char *expected = mig_printf("%s|r1 kept /elsewhere|4|", w->dir); /* 0, 1, 2 and ls's own */
    assert_string_equal(out.text, expected);
}

static void a_line_has_a_limit(void **state)
{
    struct world *w = *state;
    struct output out = { 0 };
    assert_int_equal(run(w, "head -c 300000 /dev/zero | tr '\\0' x; echo; echo after", NULL, NULL, &out), 0);
    assert_int_equal(out.lines, 2);
    assert_int_equal(out.longest, 65536 + strlen("…"));
    assert_non_null(strstr(out.text, "|after|"));
}

static void a_stopped_child_goes_with_its_whole_group(void **state)
{
    struct world *w = *state;
    bool stop = false;
    struct output out = { .stop_at_first = &stop };
    int64_t begun = w->host->ops->mono_ms(w->host);
    assert_int_equal(run(w, "sleep 60 & echo $!; sleep 60", NULL, NULL, &out), 128 + SIGTERM);
    assert_true(w->host->ops->mono_ms(w->host) - begun < FAR_MS / 2);
    int64_t child = strtoll(out.text, NULL, 10);
    for (int i = 0; i < 1000 && kill((pid_t)child, 0) == 0;
         i++) { /* it may be a zombie until init has time */
        struct mig_identity who = w->host->self;
        who.pid = child;
        if (w->host->ops->process_alive(w->host, &who) == 0)
            break;
        w->host->ops->sleep_until(w->host, w->host->ops->mono_ms(w->host) + 10, &child);
    }
}

/* A helper that keeps the output open does not keep the step from ending, and does not outlive it. */
static void what_a_child_leaves_behind_is_ended(void **state)
{
    struct world *w = *state;
    struct output out = { 0 };
    int64_t begun = w->host->ops->mono_ms(w->host);
    assert_int_equal(run(w, "(trap '' TERM; : >up; exec sleep 60) & while [ ! -e up ]; do :; done; echo done",
                         NULL, w->dir, &out),
                     0);
    assert_string_equal(out.text, "done|");
    assert_true(w->host->ops->mono_ms(w->host) - begun < FAR_MS / 2);
}

static void a_program_that_is_not_there_is_told(void **state)
{
    struct world *w = *state;
    const char *argv[] = { "migtui-no-such-program", NULL };
    struct mig_error err = { 0 };
    bool started = false;
    int status;
    assert_false(
        w->host->ops->spawn(w->host, argv, NULL, NULL, collect, NULL, NULL, &started, &status, &err));
    assert_int_equal(err.code, MIG_ERR_IO);
    assert_non_null(strstr(err.message, "migtui-no-such-program"));
    assert_false(started);
}

int main(void)
{
#define HOST_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        HOST_TEST(the_clock_goes_on_and_chance_differs),
        HOST_TEST(a_sleep_lasts_until_its_time),
        HOST_TEST(a_wake_ends_the_sleep_on_its_key_whichever_comes_first),
        HOST_TEST(a_wake_does_not_end_the_sleep_on_another_key),
        HOST_TEST(tasks_take_no_signals),
        HOST_TEST(journals_are_private_and_grow),
        HOST_TEST(a_journal_is_never_written_through_a_link),
        HOST_TEST(an_append_that_does_not_fit_leaves_no_half_line),
        HOST_TEST(a_replaced_file_is_whole_and_leaves_nothing_beside),
        HOST_TEST(a_file_that_is_too_large_or_missing_is_told),
        HOST_TEST(a_process_is_known_by_pid_and_start_and_boot),
        HOST_TEST(the_operator_is_named_by_the_real_user_and_ssh),
        HOST_TEST(state_goes_where_xdg_says),
        HOST_TEST(a_child_tells_lines_and_a_status),
        HOST_TEST(a_child_has_its_directory_its_environment_and_no_input),
        HOST_TEST(a_line_has_a_limit),
        HOST_TEST(a_stopped_child_goes_with_its_whole_group),
        HOST_TEST(what_a_child_leaves_behind_is_ended),
        HOST_TEST(a_program_that_is_not_there_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
