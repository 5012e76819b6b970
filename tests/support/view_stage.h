/* view_stage.h - one screen on stage: opened on a snapshot world, given keys, drawn and held against goldens. */
#ifndef MIG_TESTS_VIEW_STAGE_H
#define MIG_TESTS_VIEW_STAGE_H

#include "support/snapshot_world.h"
#include "views/classes.h"

struct view_stage {
    const struct snapshot_world *world;
    struct view_frame frame;
    struct view *view;
    struct view_answer answer; /* of the last key */
};

/* words: as after ':', "view plan --env prod". Fails the test when it does not open. */
void stage_open(struct view_stage *stage, const struct snapshot_world *world, const char *words);
void stage_close(struct view_stage *stage);

/* A key by its name, found in the view's table as the console would; characters of a text one after the other. */
void stage_key(struct view_stage *stage, const char *name);
void stage_type(struct view_stage *stage, const char *text);
/* The last key's command or message is this. */
void stage_commands(const struct view_stage *stage, const char *command);
void stage_says(const struct view_stage *stage, const char *message);

/* The view as it stands on a terminal of cols x rows, below the header and above the hint bar; free it. styles: a letter a
 * cell instead of its character. */
char *stage_text(struct view_stage *stage, int cols, int rows, bool utf8, bool styles);
bool stage_shows(struct view_stage *stage, int cols, int rows, const char *text);
/* The same, inside the whole console, at every size in colour, without it (NO_COLOR) and in ASCII (LC_ALL=C), is seen by a
 * terminal emulator as it was drawn, cell by cell. stage_golden and stage_golden_at begin with it. */
void stage_seen(struct view_stage *stage, const char *name);
/* tests/golden/<name>-<cols>x<rows>[-ascii].txt at 120x36, 80x24, 60x15 and 40x10, the styles at 120x36, --plain as
 * <name>-plain.txt. UPDATE_GOLDEN=1 writes them. */
void stage_golden(struct view_stage *stage, const char *name);
/* One size only. */
void stage_golden_at(struct view_stage *stage, const char *name, int cols, int rows);
/* Survives every size from 1x1 to 30x8, and 300x90. */
void stage_any_size(struct view_stage *stage);
/* Every key of the table, pressed on a view opened anew each time, is handled. world_more: puts the view where it has
 * something to act on; may be NULL. */
void stage_every_key(const struct snapshot_world *world, const char *words);

#endif
