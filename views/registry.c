/* registry.c - all screens, in the order of their digits. */
#include <string.h>

#include "views/classes.h"

const struct view_class *const view_classes[] = {
    &view_matrix, &view_plan,     &view_log,     &view_promote, &view_backups,  &view_history,
    &view_audit,  &view_requests, &view_recover, &view_errors,  &view_settings, NULL,
};

const struct view_class *view_class_find(const char *name)
{
    for (size_t i = 0; view_classes[i]; i++) {
        if (strcmp(view_classes[i]->name, name) == 0)
            return view_classes[i];
    }
    return NULL;
}
