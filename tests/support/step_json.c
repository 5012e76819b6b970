/* step_json.c - steps for tests, straight from libbson's reader. */
#include "support/step_json.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/doc.h"
#include "base/mem.h"

bson_t *doc_json(const char *text)
{
    bson_error_t error;
    char *json = mig_strdup(text);
    for (char *c = json; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    bson_t *doc = bson_new_from_json((const uint8_t *)json, -1, &error);
    if (!doc) {
        fprintf(stderr, "%s: %s\n", text, error.message);
        abort();
    }
    free(json);
    return doc;
}

static void fill(struct mig_step *step, const bson_t *doc)
{
    bson_iter_t iter;
    bson_t body, inner;
    *step = (struct mig_step){ .id = mig_strdup(mig_doc_str(doc, "id", "s1")), .doc = bson_copy(doc) };
    int kind = -1;
    bool ok = bson_iter_init(&iter, doc);
    while (kind < 0 && ok && (ok = bson_iter_next(&iter)))
        kind = mig_step_kind_find(bson_iter_key(&iter));
    if (kind < 0 || !mig_iter_sub(&iter, &body))
        abort();
    step->kind = (enum mig_step_kind)kind;
    step->body = bson_copy(&body);
    step->collection = mig_strdup_or_null(mig_doc_str(&body, "collection", NULL));
    if (step->kind != MIG_STEP_TRANSACTION)
        return;
    step->inner = mig_alloc_n(bson_count_keys(&body), sizeof *step->inner);
    if (!bson_iter_init(&iter, &body))
        abort();
    while (bson_iter_next(&iter)) {
        if (!mig_iter_sub(&iter, &inner))
            abort();
        fill(&step->inner[step->inner_count++], &inner);
    }
}

struct mig_step *step_json(const char *text)
{
    struct mig_step *step = mig_alloc(sizeof *step);
    bson_t *doc = doc_json(text);
    fill(step, doc);
    bson_destroy(doc);
    return step;
}

void step_json_free(struct mig_step *step)
{
    if (step)
        mig_step_done(step);
    free(step);
}
