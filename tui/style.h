/* style.h - what a piece of text means; how that looks is decided once, by the terminal's abilities.
 *
 * Views name roles, never colours. Each role has a colour among the terminal's own eight on its own background, and an
 * attribute (bold, dim, reverse, underline) that carries the same meaning without colour.
 */
#ifndef TUI_STYLE_H
#define TUI_STYLE_H

/* enum, what it is for */
#define TUI_STYLE_TABLE(X) \
    X(TUI_PLAIN, "text") \
    X(TUI_DIM, "what matters less: units, old times, disabled keys") \
    X(TUI_STRONG, "what the eye should find first") \
    X(TUI_TITLE, "titles of panes and columns") \
    X(TUI_BORDER, "lines around panes") \
    X(TUI_HEADER, "the first line: project, operator, environments") \
    X(TUI_KEY, "a key in the hint bar") \
    X(TUI_GOOD, "applied, ok, free") \
    X(TUI_WARN, "wants attention: late, stale, a gate that is closed") \
    X(TUI_BAD, "failed, changed, missing, an error") \
    X(TUI_INFO, "running, progress, links to more") \
    X(TUI_STALE, "data older than it should be, of an environment that does not answer") \
    X(TUI_DANGER, "a protected environment's name, the frame of its confirmation") \
    X(TUI_ADDED, "a line that only the new text has") \
    X(TUI_REMOVED, "a line that only the old text has") \
    X(TUI_MATCH, "what was searched for") \
    X(TUI_FIELD, "a field that takes text") \
    X(TUI_CHOSEN, "the row or tab under the cursor")

enum tui_style {
#define X(style, text) style,
    TUI_STYLE_TABLE(X)
#undef X
        TUI_STYLES
};

#endif
