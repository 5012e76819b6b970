/* rows.h - a list of JSON rows on the screen: what history, runs, backups and requests have in common.
 *
 * Columns come from a table; h and l choose the environment (all of them, or one), '/' a text that some cell has. The chosen row
 * is found again by its identity when new rows come. A pane beside the list, or lines below it, tell more of it.
 */
#ifndef VIEW_ROWS_H
#define VIEW_ROWS_H

#include "tui/table.h"
#include "views/parts.h"
#include "views/search.h"

struct view_rows_column {
    struct tui_column column;
    /* What the cell says; ret starts as "". NULL: the member of .member as it is. */
    enum tui_style (*cell)(const bson_t *row, const struct view_frame *frame, char *ret, size_t size);
    const char *member;
};

struct view_rows_kind {
    enum mig_query_kind kind; /* whose answer has the rows, when .build is NULL */
    /* Make rows of a snapshot itself; env NULL: of all. The caller's reference. */
    struct mig_seen_rows *(*build)(const struct view_frame *frame, const struct cfg_environment *env);
    bool looks;   /* .build makes them of looks at environments: one that was not looked at yet is missing */
    bool of_none; /* of the project, not of environments: the title names none */
    const char *noun;  /* "runs": in the title and in what is said while there are none */
    const char *empty; /* teaches */
    const struct view_rows_column *columns;
    size_t column_count;
    const char *const *id; /* members that make a row's identity, NULL ends */
    /* More of the row: adds lines with view_rows_fact. May be NULL. */
    void (*detail)(const bson_t *row, const struct view_frame *frame, struct mig_buf *out);
};

struct view_rows {
    const struct view_rows_kind *kind;
    const struct cfg_environment *env; /* NULL: all */
    struct mig_seen_rows *seen;        /* held */
    uint64_t built;                    /* number of the snapshot that .build was given; 0: none */
    size_t *shown;
    size_t shown_count;
    struct tui_table table;
    bool moved; /* the operator has chosen a row; before, it is the newest */
    struct view_search search;
    struct tui_column columns[TUI_TABLE_COLUMNS];
    const struct view_frame *frame; /* of the call under way */
    char id[TUI_TABLE_ID];
    size_t asked; /* cells, since it was opened */
};

void view_rows_init(struct view_rows *rows, const struct view_rows_kind *kind,
                    const struct cfg_environment *env);
void view_rows_done(struct view_rows *rows);
void view_rows_update(struct view_rows *rows, const struct view_frame *frame);
const bson_t *view_rows_chosen(const struct view_rows *rows); /* NULL: none */
/* Moves, '/', h and l, esc. True when the key was one of these. */
bool view_rows_act(struct view_rows *rows, const struct view_frame *frame, const char *action,
                   const struct tui_event *event);
void view_rows_draw(struct view_rows *rows, const struct view_frame *frame, const struct tui_pane *pane);
size_t view_rows_wants(const struct view_rows *rows, struct view_want *ret);
void view_rows_plain(struct view_rows *rows, const struct view_frame *frame, struct mig_buf *out);
void view_rows_subject(const struct view_rows *rows, char *ret, size_t size);

/* A line "name  value" of a detail; nothing when the value is "". */
void view_rows_fact(struct mig_buf *out, const char *name, const char *value);
void view_rows_fact_of(struct mig_buf *out, const char *name, const bson_t *row, const char *member);

/* "by  ana (ana on bastion-2)" from operator, osUser and host. */
void view_rows_person(struct mig_buf *out, const bson_t *row);

/* Cells that several lists have. */
enum tui_style view_cell_started(const bson_t *row, const struct view_frame *frame, char *ret, size_t size);
enum tui_style view_cell_took(const bson_t *row, const struct view_frame *frame, char *ret, size_t size);
enum tui_style view_cell_status(const bson_t *row, const struct view_frame *frame, char *ret, size_t size);
enum tui_style view_cell_env(const bson_t *row, const struct view_frame *frame, char *ret, size_t size);

/* A new row for .build. */
bson_t *view_rows_add(struct mig_seen_rows *rows);

/* A screen that is one list, and the methods of its class that follow from that. */
struct view_list {
    struct view view;
    struct view_rows rows;
};
/* NULL when the words of its command were refused: *err, which says so, is of view_env_option. env NULL: of all. */
struct view *view_list_open(const struct view_class *class, const struct view_rows_kind *kind,
                            const struct cfg_environment *env, const struct mig_error *err);
/* The same, of the environment that the words name, or the only one there is. */
struct view *view_list_open_words(const struct view_class *class, const struct view_rows_kind *kind,
                                  size_t count, char *const *words, const struct view_frame *frame,
                                  struct mig_error *err);
void view_list_close(struct view *view);
void view_list_update(struct view *view, const struct view_frame *frame);
void view_list_draw(struct view *view, const struct view_frame *frame, const struct tui_pane *pane);
size_t view_list_wants(const struct view *view, const struct view_frame *frame,
                       struct view_want ret[static VIEW_WANTS_MAX]);
void view_list_plain(const struct view *view, const struct view_frame *frame, struct mig_buf *out);
void view_list_subject(const struct view *view, const struct view_frame *frame, char *ret, size_t size);

/* The keys of every list, for a view's own table. */
#define VIEW_ROWS_KEYS { "/", "filter", "filter", "only rows that have a text in some cell", 70 }, VIEW_MOVES

#endif
