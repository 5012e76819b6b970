/* Secrets from files, commands and variables of a real machine. */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/rows.h"
#include "io/secret_source.h"

/* A folder of the test's own, and a configuration whose secrets name HIDDEN. */
struct world {
    char dir[64];
    char path[128];
    struct cfg_config *config;
};

static const char *no_variable(void *ctx, const char *name)
{
    (void)ctx;
    (void)name;
    return NULL;
}

static int begin(void **state)
{
    static const char file[] =
        "project: shop\nenvironments:\n  - { name: dev, uri: \"${HIDDEN}\", database: shop }\n";
    static const char dotenv[] = "FROM_DOTENV=dotenv\nBOTH=dotenv\n";
    struct world *w = calloc(1, sizeof *w);
    struct cfg_inputs inputs = { .dotenv = dotenv, .dotenv_len = sizeof dotenv - 1, .getenv = no_variable };
    struct mig_error err;
    snprintf(w->dir, sizeof w->dir, "/tmp/migtui-secret-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->path, sizeof w->path, "%s/secret", w->dir);
    assert_true(cfg_load_text("migtui.yaml", file, sizeof file - 1, &inputs, &w->config, &err));
    setenv("HIDDEN", "hunter2", 1);
    setenv("BOTH", "environment", 1);
    *state = w;
    return 0;
}

static int end(void **state)
{
    struct world *w = *state;
    unlink(w->path);
    rmdir(w->dir);
    cfg_config_free(w->config);
    free(w);
    return 0;
}

static bool resolve(struct world *w, const char *text, struct cfg_secret *ret, struct mig_error *err)
{
    struct cfg_secret_ref ref;
    const char *why;
    assert_true(cfg_secret_ref_parse(text, &ref, &why));
    bool ok = io_secret_resolve(w->config, &ref, ret, err);
    cfg_secret_ref_done(&ref);
    return ok;
}

static void gives(struct world *w, const char *text, const char *secret)
{
    CFG_AUTOSECRET struct cfg_secret got;
    struct mig_error err;
    if (!resolve(w, text, &got, &err))
        fail_msg("%s", err.message);
    assert_string_equal(got.text, secret);
}

static void refuses(struct world *w, const char *text, const char *message)
{
    struct cfg_secret got;
    struct mig_error err;
    assert_false(resolve(w, text, &got, &err));
    assert_int_equal(err.code, MIG_ERR_SECRET);
    assert_string_equal(err.message, message);
}

static void write_file(const char *path, const char *bytes, size_t len)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void files_are_read(void **state)
{
    struct world *w = *state;
    char text[160], message[256];
    snprintf(text, sizeof text, "file:%s", w->path);
    write_file(w->path, "s3cret\n", 7);
    gives(w, text, "s3cret");

    char *large = malloc(CFG_SECRET_MAX + 1);
    memset(large, 'x', CFG_SECRET_MAX + 1);
    write_file(w->path, large, CFG_SECRET_MAX + 1);
    snprintf(message, sizeof message, "secret: %s is larger than 65536 bytes", w->path);
    refuses(w, text, message);
    large[CFG_SECRET_MAX - 1] = '\0';
    write_file(w->path, large, CFG_SECRET_MAX - 1);
    gives(w, text, large);
    free(large);

    unlink(w->path);
    snprintf(message, sizeof message, "secret: %s: No such file or directory", w->path);
    refuses(w, text, message);
    refuses(w, "file:/", "secret: / is not a regular file");
    assert_int_equal(mkfifo(w->path, 0600), 0);
    snprintf(message, sizeof message, "secret: %s is not a regular file", w->path);
    refuses(w, text, message);
    refuses(w, "file:/tmp/\x1b[31m", "secret: /tmp/\\x1b[31m: No such file or directory");
}

static void variables_come_from_the_environment_then_dotenv(void **state)
{
    struct world *w = *state;
    gives(w, "${BOTH}", "environment");
    gives(w, "${FROM_DOTENV}", "dotenv");
    refuses(w, "${MIGTUI_NO_SUCH}", "secret: MIGTUI_NO_SUCH is not set");
}

static void commands_are_run(void **state)
{
    struct world *w = *state;
    gives(w, "cmd:echo s3cret", "s3cret");
    gives(w, "cmd:printf 'a\\nb\\n'; echo noise >&2", "a\nb");
    gives(w, "cmd:x=1; echo ${x}y", "1y");
    gives(w, "cmd:cat; echo end of input", "end of input");
    gives(w, "cmd:head -c 65536 /dev/zero | tr '\\0' x | tail -c 3", "xxx");
    refuses(w, "cmd:true", "secret: it is empty");
    refuses(w, "cmd:printf 'a\\0b'", "secret: it holds a NUL byte");
    refuses(w, "cmd:exit 3", "secret: the command exited with status 3");
    refuses(w, "cmd:echo hunter2; echo first >&2; printf 'it \\033[31mfailed\\n\\n' >&2; exit 4",
            "secret: the command exited with status 4: it \\x1b[31mfailed");
    refuses(w, "cmd:echo no mongodb://u:hunter2@h >&2; exit 1",
            "secret: the command exited with status 1: (its last line holds a URI and is not shown)");
    refuses(w, "cmd:kill -TERM $$", "secret: the command was killed by signal 15");
    refuses(w, "cmd:cat /dev/zero", "secret: the command prints more than 65536 bytes");
    refuses(
        w, "cmd:i=0; while [ $i -lt 500 ]; do echo 0123456789 >&2; i=$((i+1)); done; printf last >&2; exit 1",
        "secret: the command exited with status 1: last");
}

/* Neither what other secrets are made of nor what stands in .env reaches a command. */
static void commands_see_no_other_secret(void **state)
{
    struct world *w = *state;
    gives(w, "cmd:echo \"${HIDDEN-unset} ${FROM_DOTENV-unset} ${BOTH-unset} ${PATH:+set}\"",
          "unset unset environment set");
    gives(w, "${HIDDEN}", "hunter2");
}

/* Signals that our threads block must reach the command; ours must not be its group's. */
static void commands_have_signals_and_a_group_of_their_own(void **state)
{
    struct world *w = *state;
    sigset_t term, before;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, &before);
    refuses(w, "cmd:kill -TERM $$; sleep 5", "secret: the command was killed by signal 15");
    sigprocmask(SIG_SETMASK, &before, NULL);
    char group[32];
    snprintf(group, sizeof group, "%d", (int)getpgrp());
    CFG_AUTOSECRET struct cfg_secret got;
    struct mig_error err;
    assert_true(resolve(w, "cmd:cut -d' ' -f5 /proc/$$/stat", &got, &err));
    assert_string_not_equal(got.text, group);
}

/* What the shell leaves behind holds the pipe, but not us. */
static void a_background_child_is_not_waited_for(void **state)
{
    struct world *w = *state;
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    gives(w, "cmd:sleep 8 & echo now", "now");
    clock_gettime(CLOCK_MONOTONIC, &b);
    assert_true(b.tv_sec - a.tv_sec < 5);
}

static void a_command_that_hangs_is_killed_with_its_children(void **state)
{
    struct world *w = *state;
    struct io_secret_source self;
    struct mig_error err;
    MIG_AUTOBUF struct mig_buf out;
    char command[256];
    mig_buf_init(&out, 4096);
    io_secret_source_init(&self, w->config);
    snprintf(command, sizeof command, "sh -c 'echo $$ > %s; exec sleep 60' & wait; echo never", w->path);
    assert_false(self.source.run(self.source.ctx, command, 300, &out, &err));
    assert_string_equal(err.message, "the command did not end within 300 ms and was killed");
    FILE *file = fopen(w->path, "re");
    assert_non_null(file);
    int pid = 0;
    assert_int_equal(fscanf(file, "%d", &pid), 1);
    fclose(file);
    /* Killed at once; who collects it may take a moment. */
    char stat[64];
    snprintf(stat, sizeof stat, "/proc/%d/stat", pid);
    bool gone = false;
    for (int i = 0; i < 500 && !gone; i++) {
        char line[256] = "", state_letter = 'X';
        file = fopen(stat, "re");
        if (file) {
            if (fgets(line, sizeof line, file) && strrchr(line, ')'))
                state_letter = strrchr(line, ')')[2];
            fclose(file);
        }
        gone = state_letter == 'X' || state_letter == 'Z';
        if (!gone)
            nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
    }
    assert_true(gone);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_are_read, begin, end),
        cmocka_unit_test_setup_teardown(variables_come_from_the_environment_then_dotenv, begin, end),
        cmocka_unit_test_setup_teardown(commands_are_run, begin, end),
        cmocka_unit_test_setup_teardown(commands_see_no_other_secret, begin, end),
        cmocka_unit_test_setup_teardown(commands_have_signals_and_a_group_of_their_own, begin, end),
        cmocka_unit_test_setup_teardown(a_background_child_is_not_waited_for, begin, end),
        cmocka_unit_test_setup_teardown(a_command_that_hangs_is_killed_with_its_children, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
