/* Any text, as a file of ours, as both halves of a golang-migrate pair and as migtui.sum: read without harm,
 * every refusal names file, line and column, and what was read means the same (sem) when it is printed as canonical
 * Extended JSON and read again. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/rows.h"
#include "base/text.h"
#include "engine/catalog.h"
#include "engine/jsonc.h"

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

static void round_trip(const struct mig_file *file)
{
    struct mig_migration once, again;
    struct mig_error err = { 0 };
    bson_t doc;
    if (!mig_migration_parse(file, NULL, 0, &once, &err))
        return;
    if (!mig_jsonc_read("f", file->text, file->len, MIG_JSONC_ARRAY_OK, &doc, NULL, NULL, &err))
        abort();
    char *canonical = mig_doc_canonical(&doc);
    if (canonical) { /* libbson prints no string with a NUL, and nothing deeper than 200 */
        const struct mig_file printed = { file->name, canonical, strlen(canonical) };
        if (!mig_migration_parse(&printed, NULL, 0, &again, &err)) {
            fprintf(stderr, "%s\n%s\n", canonical, err.message);
            abort();
        }
        if (strcmp(once.sem, again.sem) != 0 || once.up_count != again.up_count ||
            once.down_count != again.down_count)
            abort();
        mig_migration_done(&again);
    }
    bson_free(canonical);
    bson_destroy(&doc);
    mig_migration_done(&once);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MIG_AUTOFREE char *text = mig_strndup((const char *)data, size);
    const struct mig_file ours = { "1_a.jsonc", text, size };
    const struct mig_file pair[] = { { "1_a.up.json", text, size }, { "1_a.down.json", text, size } };
    build(&ours, 1, NULL);
    round_trip(&ours);
    build(pair, 2, NULL);
    build(&ours, 1, text);
    return 0;
}
