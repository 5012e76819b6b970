/* value.h - one text into one typed member, for every type of the options table.
 *
 * C types of members: char * for TEXT, PATH, COMMAND, NAME, PREFIX, DATABASE, HEX and ZONE; int64_t for
 * INTEGER, DURATION and CLOCK; bool for BOOL; an int-sized enum for CHOICE; uint32_t for DAYS; struct
 * cfg_secret_ref for SECRET and URI; struct cfg_list for lists, of texts whatever the type of the elements.
 *
 * Internal to config/.
 */
#ifndef MIG_CONFIG_VALUE_H
#define MIG_CONFIG_VALUE_H

#include "base/err.h"
#include "config/config.h"

/* Check and store; false leaves the member as it was, and `why` (of the caller) may be told more than what
 * cfg_option_expects says: a static text, or NULL. Lists: one element, checked only. */
bool cfg_value_store(const struct cfg_option *option, const char *text, void *member, const char **why)
    MIG_MUST_CHECK;
bool cfg_value_check(const struct cfg_option *option, const char *text) MIG_MUST_CHECK;

/* Free what the member owns, and zero it. */
void cfg_value_done(const struct cfg_option *option, void *member);

/* The choice nearest to the text, or NULL; the caller frees. */
char *cfg_value_nearest(const struct cfg_option *option, const char *text);

void cfg_list_add(struct cfg_list *list, const char *text, size_t len);
void cfg_list_done(struct cfg_list *list);

#endif
