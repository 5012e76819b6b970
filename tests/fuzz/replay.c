/* replay.c - runs a fuzzer over files without libFuzzer, so that any compiler and every test run does it.
 *
 * usage: fuzz_<name> (FILE | FOLDER)…
 * Each file is one input, given in a block of exactly its size so that the address sanitizer sees a read past
 * its end. Fails when there is nothing to replay: a corpus that went missing must not pass for a green test.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define REPLAY_INPUT_MAX (16L * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path, size_t *count)
{
    struct stat info;
    FILE *file = fopen(path, "rbe");
    if (!file || fstat(fileno(file), &info) != 0 || info.st_size > REPLAY_INPUT_MAX) {
        fprintf(stderr, "%s: cannot be opened, or is over %ld bytes\n", path, REPLAY_INPUT_MAX);
        if (file)
            fclose(file);
        return 1;
    }
    size_t size = (size_t)info.st_size;
    uint8_t *data = malloc(size ? size : 1);
    int failed = !data || fread(data, 1, size, file) != size;
    fclose(file);
    if (failed) {
        fprintf(stderr, "%s: cannot be read\n", path);
    } else {
        fprintf(stderr, "replaying %s\n", path); /* the last line before a crash names the input */
        LLVMFuzzerTestOneInput(data, size);
        ++*count;
    }
    free(data);
    return failed;
}

static int replay_folder(const char *path, size_t *count)
{
    struct dirent **entries = NULL;
    int n = scandir(path, &entries, NULL, alphasort);
    int failed = n < 0;
    for (int i = 0; i < n; i++) {
        char file[4096];
        int len = snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.')
            failed |= len >= (int)sizeof file || replay_file(file, count);
        free(entries[i]);
    }
    free(entries);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = 0;
    size_t count = 0;
    for (int i = 1; i < argc; i++) {
        struct stat info;
        bool folder = stat(argv[i], &info) == 0 && S_ISDIR(info.st_mode);
        failed |= folder ? replay_folder(argv[i], &count) : replay_file(argv[i], &count);
    }
    printf("%zu inputs replayed\n", count);
    return failed || count == 0;
}
