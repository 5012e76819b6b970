/* Any line of the palette and any words: never a crash, and what is taken keeps to its table. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/cmdline.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct mig_cmdline *line)
{
    for (size_t i = 0; line->command && i < line->option_count; i++) {
        if (!mig_cmdline_has(line, MIG_OPT_HELP) && !mig_command_takes(line->command, line->options[i].id))
            abort();
        if (!line->options[i].value)
            abort();
    }
    if (line->argument_count > 0 && !line->command)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = mig_strndup((const char *)data, size);
    char **words = NULL;
    size_t count = 0;
    struct mig_error err = { 0 };
    if (mig_words_split(text, &words, &count, &err)) {
        struct mig_cmdline line;
        if (mig_cmdline_parse(count, (const char *const *)words, &line, &err))
            check(&line);
        else if (err.code != MIG_ERR_USAGE || !err.message[0] || !err.hint[0])
            abort();
        mig_cmdline_done(&line);
        mig_words_format(count, (const char *const *)words);
        mig_words_free(words, count);
    } else if (err.code != MIG_ERR_USAGE) {
        abort();
    }
    free(text);
    return 0;
}
