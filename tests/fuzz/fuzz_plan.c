/* Any bytes as a plan file, as `apply FILE` reads it: a refusal says why, and what is said to have moved, which quotes
 * the file, could not act on a terminal.
 */
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/hash.h"
#include "base/mem.h"
#include "cli/files.h"
#include "engine/plan.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char env[] = "dev", version[] = "2", title[] = "two", file[] = "2_two.jsonc";
    static char database[] = "shop", set[] = "rs0";
    static struct mig_migration migration = { .version = version, .title = title, .file = file };
    static struct mig_plan_item item = { .migration = &migration };
    const struct mig_plan now = {
        .environment = env, .database = database, .replica_set = set, .items = &item, .count = 1
    };
    MIG_AUTOBSON bson_t *plan = NULL;
    struct mig_error err = { 0 };
    if (!cli_plan_parse("p", (const char *)data, size, &plan, &err)) {
        CHECK(!plan);
        fuzz_check_error(&err);
        return 0;
    }
    CHECK(mig_sha256_valid(mig_doc_str(plan, "planId", "")) && mig_doc_str(plan, "environment", NULL));
    char moved[300];
    mig_plan_moved(plan, &now, moved, sizeof moved);
    CHECK(moved[0]);
    fuzz_check_safe(moved);
    return 0;
}
