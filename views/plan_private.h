/* plan_private.h - what the files of the plan share. */
#ifndef VIEW_PLAN_PRIVATE_H
#define VIEW_PLAN_PRIVATE_H

#include "tui/table.h"
#include "tui/textview.h"
#include "views/lines.h"
#include "views/parts.h"
#include "views/search.h"

enum plan_tab { PLAN_EFFECT, PLAN_SCRIPT, PLAN_DIFF, PLAN_GATES, PLAN_TABS };

struct plan {
    struct view view;
    const struct cfg_environment *env;
    char words[256];       /* the query's argument: "", "--to V", "--down …" */
    char at[TUI_TABLE_ID]; /* one migration is looked at, whether it is to run or not; "": the plan */
    bool counted;          /* with documents counted on the server */
    bool text_focus;       /* the moves go to the text, not to the list */
    enum plan_tab tab;
    const struct cfg_environment *other; /* whose text the file is compared with */

    struct mig_seen_plan *seen;   /* held; NULL while .at */
    struct mig_seen_files *files; /* held, for .at */
    struct tui_table table;
    struct tui_column columns[4];

    /* The lines of the tab, made of these answers; anew when one of them is another. */
    struct view_lines lines;
    const void *made_of[3];
    enum plan_tab made_tab;
    char made_version[TUI_TABLE_ID];
    const struct cfg_environment *made_other;
    struct tui_textview text;
    struct view_search search;
};

/* plan.c */
const struct mig_migration *plan_chosen(const struct plan *plan); /* NULL: none */
const struct mig_plan_item *plan_item(const struct plan *plan); /* of the chosen one; NULL: not in the plan */
const struct mig_snap_answer *plan_answer(const struct plan *plan, const struct view_frame *frame);
struct tui_table_rows plan_table(struct plan *plan);
size_t plan_count(const struct plan *plan);
/* "apply 4 migrations, 7 steps": what the plan would do. */
void plan_says(const struct plan *plan, char *ret, size_t size);
/* The first gate that keeps it from running, or NULL. */
const struct mig_gate *plan_closed(const struct plan *plan);

/* plan_lines.c: the text of a tab. */
void plan_make_lines(struct plan *plan, const struct view_frame *frame);
void plan_lines_of(const struct plan *plan, const struct view_frame *frame, enum plan_tab tab,
                   const struct mig_migration *migration, const struct mig_plan_item *item,
                   struct view_lines *lines);

/* plan_draw.c */
void plan_draw(struct plan *plan, const struct view_frame *frame, const struct tui_pane *pane);

#endif
