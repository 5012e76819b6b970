"""A terminal's screen as tmux captures it (`capture-pane -e -p -N`), drawn as SVG.

Each word is a <text> of its own at its exact place, each background a <rect>, so that no viewer's font can move a column.
Fonts are named by their generic family.
"""

import re
import unicodedata
from html import escape

CELL_W, CELL_H, FONT = 8.4, 17, 14
MARGIN = 10
BACKGROUND, FOREGROUND = "#1b1f24", "#d5d9de"
COLOURS = ["#454b54", "#f07178", "#9ccc65", "#f2c45a", "#6cb2f7", "#c792ea", "#56c8d8", "#d5d9de"]
BRIGHT = ["#7d858f", "#ff8b92", "#b8e07f", "#ffd77a", "#8cc6ff", "#d9b0f5", "#7fe0ee", "#ffffff"]
SGR = re.compile(r"\x1b\[([0-9;]*)m|\x1b\(B|\x0f|\x0e")


class Style:
    def __init__(self):
        self.fg = self.bg = None
        self.bold = self.dim = self.under = self.reverse = False

    def apply(self, codes):
        codes = [int(code or 0) for code in codes.split(";")] if codes else [0]
        while codes:
            code = codes.pop(0)
            if code == 0:
                self.__init__()
            elif code in (1, 2, 4, 7):
                setattr(self, {1: "bold", 2: "dim", 4: "under", 7: "reverse"}[code], True)
            elif code == 22:
                self.bold = self.dim = False
            elif code in (24, 27):
                setattr(self, {24: "under", 27: "reverse"}[code], False)
            elif 30 <= code <= 37 or 90 <= code <= 97:
                self.fg = COLOURS[code - 30] if code < 90 else BRIGHT[code - 90]
            elif 40 <= code <= 47 or 100 <= code <= 107:
                self.bg = COLOURS[code - 40] if code < 100 else BRIGHT[code - 100]
            elif code in (38, 48) and codes[:1] == [5]:
                number = codes[1]
                colour = (COLOURS + BRIGHT)[number] if number < 16 else FOREGROUND
                setattr(self, "fg" if code == 38 else "bg", colour)
                del codes[:2]
            elif code == 39:
                self.fg = None
            elif code == 49:
                self.bg = None

    def key(self):
        fg, bg = self.fg or FOREGROUND, self.bg
        if self.reverse:
            fg, bg = bg or BACKGROUND, self.fg or FOREGROUND
        return fg, bg, self.bold, self.dim, self.under


def width(char):
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def cells(line, style):
    """[(column, character, style key)] of one captured line; style goes on to the next."""
    found, at, column = [], 0, 0
    while at < len(line):
        match = SGR.match(line, at)
        if match:
            if match[1] is not None:
                style.apply(match[1])
            at = match.end()
            continue
        if width(line[at]) == 0 and found:
            found[-1] = (found[-1][0], found[-1][1] + line[at], found[-1][2])
        else:
            found.append((column, line[at], style.key()))
            column += width(line[at])
        at += 1
    return found


def runs(row):
    """Neighbours of one style as (column, text, width, key)."""
    made = []
    for column, char, key in row:
        if made and made[-1][3] == key and made[-1][0] + made[-1][2] == column:
            first, text, wide, _ = made[-1]
            made[-1] = (first, text + char, wide + max(width(char[0]), 1), key)
        else:
            made.append((column, char, max(width(char[0]), 1), key))
    return made


def words(column, text):
    """(column, word) of a run."""
    found, word, start, at = [], "", column, column
    for char in text:
        if char == " ":
            if word:
                found.append((start, word))
            word = ""
        else:
            if not word:
                start = at
            word += char
        at += width(char)
    return found + ([(start, word)] if word else [])


def box(char, x, y):
    """Lines of frames as strokes, so that they meet whatever the font is."""
    left, right, top, bottom = x, x + CELL_W, y, y + CELL_H
    mid_x, mid_y = x + CELL_W / 2, y + CELL_H / 2
    parts = {"─": "lr", "│": "tb", "┌": "rb", "┐": "lb", "└": "rt", "┘": "lt"}.get(char)
    ends = {"l": (left, mid_y), "r": (right, mid_y), "t": (mid_x, top), "b": (mid_x, bottom)}
    return "".join(f"M{mid_x:g} {mid_y:g}L{ends[p][0]:g} {ends[p][1]:g}" for p in parts) if parts else ""


def svg(capture, cols, rows, title, digest):
    style = Style()
    back, text, lines = [], [], {}
    for number, line in enumerate(capture.split("\n")[:rows]):
        y = MARGIN + number * CELL_H
        for column, chars, wide, (fg, bg, bold, dim, under) in runs(cells(line, style)):
            x = MARGIN + column * CELL_W
            if bg:
                back.append(f'<rect x="{x:g}" y="{y:g}" width="{wide * CELL_W:g}" height="{CELL_H}" fill="{bg}"/>')
            look = f' fill="{fg}"' + (' font-weight="bold"' if bold else "") + (' opacity="0.6"' if dim else "")
            for start, word in words(column, chars):
                strokes = "".join(box(c, MARGIN + (start + i) * CELL_W, y) for i, c in enumerate(word))
                if strokes:
                    lines.setdefault((fg, dim), []).append(strokes)
                rest = "".join(" " if box(c, 0, 0) else c for c in word)
                for place, part in words(start, rest):
                    length = sum(width(c) for c in part) * CELL_W
                    text.append(
                        f'<text x="{MARGIN + place * CELL_W:g}" y="{y + CELL_H - 4.5:g}" textLength="{length:g}" '
                        f'lengthAdjust="spacingAndGlyphs"{look}>{escape(part)}</text>'
                    )
            if under:
                text.append(
                    f'<rect x="{x:g}" y="{y + CELL_H - 2:g}" width="{wide * CELL_W:g}" height="1" fill="{fg}"/>'
                )
    for (fg, dim), paths in lines.items():
        faded = ' opacity="0.6"' if dim else ""
        back.append(f'<path d="{"".join(paths)}" stroke="{fg}" fill="none" stroke-width="1"{faded}/>')
    w, h = cols * CELL_W + 2 * MARGIN, rows * CELL_H + 2 * MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{w:g}" height="{h:g}" viewBox="0 0 {w:g} {h:g}" '
            f'font-family="monospace" font-size="{FONT}" xml:space="preserve">',
            f"<title>{escape(title)}</title>",
            f"<!-- made by scripts/screenshots; golden {digest} -->",
            f'<rect width="{w:g}" height="{h:g}" rx="6" fill="{BACKGROUND}"/>',
            *back,
            *text,
            "</svg>",
            "",
        ]
    )
