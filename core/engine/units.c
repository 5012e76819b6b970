/* units.c - how much of a plan can travel in one transaction. */
#include "engine/units.h"

#include "engine/steps.h"

/* The whole rest of an item fits a group when each of its steps does. */
static bool item_groupable(const struct mig_plan_item *item, size_t first, int64_t *ret_documents,
                           size_t *ret_bytes)
{
    *ret_documents = 0;
    *ret_bytes = 0;
    for (size_t i = first; i < item->step_count; i++) {
        int64_t documents;
        if (!mig_step_groupable(item->steps[i].step, &documents))
            return false;
        *ret_documents += documents;
        *ret_bytes += item->steps[i].step->doc->len;
    }
    /* The record carries the file's text, so it counts too. */
    *ret_bytes += item->migration->text_len;
    return *ret_documents <= MIG_GROUP_MAX_DOCUMENTS && *ret_bytes <= MIG_GROUP_MAX_BYTES;
}

bool mig_unit_next(const struct mig_plan *plan, const struct mig_server *server, size_t item, size_t step,
                   bool alone, struct mig_unit *ret)
{
    int64_t documents = 0;
    size_t bytes = 0;
    if (item >= plan->count)
        return false;
    *ret = (struct mig_unit){ .kind = MIG_UNIT_SINGLE,
                              .item = item,
                              .end_item = item + 1,
                              .first_step = step,
                              .end_step = step < plan->items[item].step_count ? step + 1 : step };
    if (alone || !server->can_transactions)
        return true;

    size_t end = item;
    while (end < plan->count && end - item < MIG_GROUP_MAX_MIGRATIONS) {
        int64_t more;
        size_t more_bytes;
        size_t first = end == item ? step : plan->items[end].first_step;
        if (!item_groupable(&plan->items[end], first, &more, &more_bytes))
            break;
        if (documents + more > MIG_GROUP_MAX_DOCUMENTS || bytes + more_bytes > MIG_GROUP_MAX_BYTES)
            break;
        documents += more;
        bytes += more_bytes;
        end++;
    }
    if (end > item) {
        ret->kind = MIG_UNIT_GROUP;
        ret->end_item = end;
        ret->end_step = plan->items[end - 1].step_count;
    }
    return true;
}
