/* classes.h - the screens there are: one row each, in a file of its own. */
#ifndef VIEW_CLASSES_H
#define VIEW_CLASSES_H

#include "views/view.h"

extern const struct view_class view_matrix;
extern const struct view_class view_plan;
extern const struct view_class view_log;
extern const struct view_class view_promote;
extern const struct view_class view_backups;
extern const struct view_class view_requests;
extern const struct view_class view_history;
extern const struct view_class view_audit;
extern const struct view_class view_recover;
extern const struct view_class view_errors;
extern const struct view_class view_settings;

#endif
