/* classes.h - the screens there are: one row each, in a file of its own. */
#ifndef VIEW_CLASSES_H
#define VIEW_CLASSES_H

#include "views/view.h"

extern const struct view_class view_matrix;
extern const struct view_class view_history;

#endif
