/* Any text, as a file of ours, as both halves of a golang-migrate pair and as migtui.sum: read without harm, and
 * every refusal names file, line and column. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/rows.h"
#include "base/text.h"
#include "engine/catalog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_problem(const struct mig_error *err)
{
    static const char *const places[] = { "1_a.jsonc:", "1_a.up.json:", "1_a.down.json:" };
    const char *rest = NULL;
    for (size_t i = 0; i < MIG_COUNT(places); i++) {
        if (strncmp(err->message, places[i], strlen(places[i])) == 0)
            rest = err->message + strlen(places[i]);
    }
    if (!rest || *rest < '1' || *rest > '9' ||
        mig_utf8_check(err->message, strlen(err->message)) < strlen(err->message) ||
        mig_utf8_check(err->hint, strlen(err->hint)) < strlen(err->hint))
        abort();
}

static void build(const struct mig_file *files, size_t count, const char *sum)
{
    struct mig_problems problems = { 0 };
    struct mig_catalog *catalog = mig_catalog_build("m", files, count, sum, NULL, 0, &problems);
    for (size_t i = 0; i < problems.count; i++)
        check_problem(&problems.items[i]);
    if (!sum && problems.count == 0) {
        MIG_AUTOFREE char *text = mig_sum_text(catalog);
        struct mig_catalog *again = mig_catalog_build("m", files, count, text, NULL, 0, &problems);
        if (again->sum_problem)
            abort();
        mig_catalog_free(again);
    }
    mig_catalog_free(catalog);
    mig_problems_done(&problems);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MIG_AUTOFREE char *text = mig_strndup((const char *)data, size);
    const struct mig_file ours = { "1_a.jsonc", text, size };
    const struct mig_file pair[] = { { "1_a.up.json", text, size }, { "1_a.down.json", text, size } };
    build(&ours, 1, NULL);
    build(pair, 2, NULL);
    build(&ours, 1, text);
    return 0;
}
