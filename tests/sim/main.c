/* main.c - sim: play seeds, tell one, shrink one. README.md has the options. */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "sim/director.h"

#define CHUNK        200
#define DROPPED_MAX  4096
#define FAILURES_MAX 20

struct arguments {
    uint64_t from, to;
    bool trace, shrink, twice, stop_at_first;
    const char *named;
    uint64_t dropped[DROPPED_MAX];
    size_t dropped_count;
};

/* What a chunk's process tells its parent. */
struct tally {
    uint64_t seed, runs, acts, events, faults;
    int64_t lasted_ms;
    size_t failures;
    uint64_t failed[FAILURES_MAX];
    char words[FAILURES_MAX][400];
};

static bool parse_dropped(const char *text, struct arguments *arguments)
{
    while (*text && arguments->dropped_count < DROPPED_MAX) {
        size_t len = strcspn(text, ",");
        if (!sim_fault_parse(text, len, &arguments->dropped[arguments->dropped_count++]))
            return false;
        text += len + (text[len] == ',');
    }
    return true;
}

static bool parse_range(const char *text, struct arguments *arguments)
{
    int64_t from, to;
    const char *dots = strstr(text, "..");
    if (!dots)
        return false;
    char *first = mig_strndup(text, (size_t)(dots - text));
    bool ok = mig_text_int(first, 0, INT64_MAX, &from) && mig_text_int(dots + 2, from, INT64_MAX, &to);
    free(first);
    if (ok) {
        arguments->from = (uint64_t)from;
        arguments->to = (uint64_t)to;
    }
    return ok;
}

static bool parse(int argc, char **argv, struct arguments *ret)
{
    *ret = (struct arguments){ .from = 1, .to = 20000 };
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        int64_t seed;
        if (strcmp(argv[i], "--trace") == 0)
            ret->trace = true;
        else if (strcmp(argv[i], "--shrink") == 0)
            ret->shrink = true;
        else if (strcmp(argv[i], "--twice") == 0)
            ret->twice = true;
        else if (strcmp(argv[i], "--first") == 0)
            ret->stop_at_first = true;
        else if (strcmp(argv[i], "--seed") == 0 && mig_text_int(value, 0, INT64_MAX, &seed)) {
            ret->from = ret->to = (uint64_t)seed;
            i++;
        } else if (strcmp(argv[i], "--seeds") == 0 && parse_range(value, ret)) {
            i++;
        } else if (strcmp(argv[i], "--drop") == 0 && parse_dropped(value, ret)) {
            i++;
        } else if (strcmp(argv[i], "--named") == 0 && *value) {
            ret->named = value;
            i++;
        } else {
            return false;
        }
    }
    return true;
}

/* ---- one seed ---- */

static bool fails(uint64_t seed, const uint64_t *dropped, size_t count, struct sim_result *ret)
{
    struct sim_options options = { .dropped = dropped, .dropped_count = count };
    sim_play(seed, &options, ret);
    free(ret->fired);
    ret->fired = NULL;
    return ret->failed;
}

static void print_command(uint64_t seed, const uint64_t *dropped, size_t count)
{
    printf("sim --seed %" PRIu64 " --trace", seed);
    for (size_t i = 0; i < count; i++) {
        char name[60];
        sim_fault_name(dropped[i], name, sizeof name);
        printf("%s%s", i ? "," : " --drop ", name);
    }
    printf("\n");
}

/* Drop faults while it still fails: halves first, then one by one. Faults that only come up because others are gone are
 * found by another round. */
static void shrink(uint64_t seed)
{
    uint64_t *dropped = mig_alloc_n(DROPPED_MAX, sizeof *dropped);
    size_t count = 0, left = 0;
    for (int round = 0; round < 6; round++) {
        struct sim_options options = { .dropped = dropped, .dropped_count = count };
        struct sim_result result, tried;
        size_t before = count;
        sim_play(seed, &options, &result);
        left = result.fired_count;
        for (size_t size = result.fired_count; size > 0; size /= 2) {
            for (size_t at = 0; at < result.fired_count && count + size < DROPPED_MAX; at += size) {
                size_t some = at + size < result.fired_count ? size : result.fired_count - at;
                memcpy(dropped + count, result.fired + at, some * sizeof *dropped);
                if (!fails(seed, dropped, count + some, &tried))
                    continue;
                count += some;
                memmove(result.fired + at, result.fired + at + some,
                        (result.fired_count - at - some) * sizeof *result.fired);
                result.fired_count -= some;
                at -= size;
            }
        }
        left = result.fired_count;
        free(result.fired);
        if (count == before)
            break;
    }
    struct sim_result last;
    fails(seed, dropped, count, &last);
    printf("seed %" PRIu64 " fails with %zu faults (%zu dropped): %s\n", seed, left, count, last.failure);
    print_command(seed, dropped, count);
    free(dropped);
}

static int tell_one(const struct arguments *arguments)
{
    struct sim_options options = { .trace = arguments->trace,
                                   .dropped = arguments->dropped,
                                   .dropped_count = arguments->dropped_count };
    struct sim_result result;
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    sim_play(arguments->from, &options, &result);
    printf("seed %" PRIu64 ": %s%s; %zu faults, %" PRIu64 " runs, %" PRIu64
           " events, %.1f simulated s, hash %016" PRIx64 "\n",
           arguments->from, result.failed ? "FAILED: " : "ok", result.failure, result.fired_count,
           result.runs, result.events, (double)result.lasted_ms / 1000, result.hash);
    free(result.fired);
    return result.failed;
}

/* ---- many ---- */

static void play_some(const struct arguments *arguments, uint64_t from, uint64_t to, struct tally *tally)
{
    for (uint64_t seed = from; seed <= to; seed++) {
        static const struct sim_options plain;
        struct sim_result result, again;
        tally->seed = seed;
        sim_play(seed, &plain, &result);
        tally->runs += result.runs;
        tally->acts += result.acts;
        tally->events += result.events;
        tally->faults += result.fired_count;
        tally->lasted_ms += result.lasted_ms;
        free(result.fired);
        if (arguments->twice && !result.failed) {
            sim_play(seed, &plain, &again);
            free(again.fired);
            result.failed = again.hash != result.hash;
            snprintf(result.failure, sizeof result.failure, "played again, it went otherwise");
        }
        if (result.failed && tally->failures < FAILURES_MAX) {
            tally->failed[tally->failures] = seed;
            snprintf(tally->words[tally->failures++], sizeof tally->words[0], "%s", result.failure);
        }
        if (result.failed && arguments->stop_at_first)
            return;
    }
}

/* In a process of its own, because killed processes of the story leave their memory behind. */
static void play_chunk(const struct arguments *arguments, uint64_t from, uint64_t to, struct tally *shared)
{
    int status = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        play_some(arguments, from, to, shared);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0) {
        shared->failed[shared->failures % FAILURES_MAX] = shared->seed;
        snprintf(shared->words[shared->failures++ % FAILURES_MAX], sizeof shared->words[0],
                 "the simulator itself broke (status %d)", status);
    }
}

static int play_all(const struct arguments *arguments)
{
    struct tally *tally =
        mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct timespec begin, end;
    if (tally == MAP_FAILED)
        return 2;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    size_t told = 0;
    for (uint64_t from = arguments->from; from <= arguments->to; from += CHUNK) {
        uint64_t to = from + CHUNK - 1 < arguments->to ? from + CHUNK - 1 : arguments->to;
        play_chunk(arguments, from, to, tally);
        for (; told < tally->failures && told < FAILURES_MAX; told++)
            printf("seed %" PRIu64 " FAILED: %s\n", tally->failed[told], tally->words[told]);
        if (tally->failures >= FAILURES_MAX || (tally->failures > 0 && arguments->stop_at_first))
            break;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    double took = (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
    uint64_t seeds = tally->seed - arguments->from + 1;
    printf("%" PRIu64 " seeds in %.1f s (%.2f ms each): %" PRIu64 " runs, %" PRIu64 " faults, %" PRIu64
           " events, %.1f simulated days; %zu failed\n",
           seeds, took, took * 1000 / (double)seeds, tally->runs, tally->faults, tally->events,
           (double)tally->lasted_ms / 86400000, tally->failures);
    if (tally->failures > 0 && !arguments->stop_at_first)
        printf("look: sim --seed %" PRIu64 " --trace; or smaller: sim --seed %" PRIu64 " --shrink\n",
               tally->failed[0], tally->failed[0]);
    return tally->failures > 0;
}

/* ---- seeds with names ---- */

/* Files <name>.seed: a line `seed N`, maybe `drop FAULT:N,…`, the rest is for people. */
static bool play_named(const char *dir, const char *file)
{
    struct arguments arguments = { 0 };
    char *path = mig_printf("%s/%s", dir, file);
    FILE *in = fopen(path, "r");
    char line[4096];
    struct sim_result result;
    bool ok = in != NULL;
    while (in && fgets(line, sizeof line, in)) {
        int64_t seed;
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "seed ", 5) == 0 && mig_text_int(line + 5, 0, INT64_MAX, &seed))
            arguments.from = (uint64_t)seed;
        else if (strncmp(line, "drop ", 5) == 0)
            ok = ok && parse_dropped(line + 5, &arguments);
    }
    if (in)
        (void)fclose(in);
    free(path);
    ok = ok && arguments.from > 0;
    bool failed = ok && fails(arguments.from, arguments.dropped, arguments.dropped_count, &result);
    printf("%s: %s%s\n", file,
           !ok      ? "cannot be read"
           : failed ? "FAILED: "
                    : "ok",
           failed ? result.failure : "");
    return ok && !failed;
}

static int play_folder(const char *dir)
{
    DIR *all = opendir(dir);
    const struct dirent *entry;
    size_t count = 0, bad = 0;
    while (all && (entry = readdir(all))) {
        if (strlen(entry->d_name) < 6 || strcmp(entry->d_name + strlen(entry->d_name) - 5, ".seed") != 0)
            continue;
        count++;
        bad += !play_named(dir, entry->d_name);
    }
    if (all)
        closedir(all);
    printf("%zu named seeds, %zu failed\n", count, bad);
    return !all || bad > 0;
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    if (!parse(argc, argv, &arguments)) {
        fprintf(
            stderr,
            "usage: sim [--seed N | --seeds A..B | --named DIR] [--trace] [--drop FAULT:N,…] [--shrink] [--twice] [--first]\n");
        return 64;
    }
    if (arguments.named)
        return play_folder(arguments.named);
    struct sim_result whole;
    if (arguments.shrink && !fails(arguments.from, NULL, 0, &whole)) {
        printf("seed %" PRIu64 " does not fail, so there is nothing to shrink\n", arguments.from);
        return 0;
    }
    if (arguments.shrink) {
        shrink(arguments.from);
        return 0;
    }
    if (arguments.from == arguments.to && !arguments.twice)
        return tell_one(&arguments);
    return play_all(&arguments);
}
