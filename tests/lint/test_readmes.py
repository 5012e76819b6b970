"""Each source folder opens with a README.md whose file table names what is there, and nothing that isn't.

A file is named as `err.c`, or with its pair as `err.{c,h}`.
"""

import re

import lint


def named_in(text):
    names = set()
    for stem, ends in re.findall(r"([\w-]+)\.\{([\w, ]+)\}", text):
        names |= {f"{stem}.{end.strip()}" for end in ends.split(",")}
    return names | set(re.findall(r"(?<![\w/-])[\w-]+\.[ch]\b", text))


def rows_of(text):
    """The first cells of the tables' rows."""
    return "\n".join(line.split("|")[1] for line in text.splitlines() if line.startswith("|"))


def check(root):
    folders = {}
    for path in lint.files(root, ".c", ".h"):
        if path.parts[0] in ("core", "config", "tui", "views"):
            folders.setdefault(path.parent, set()).add(path.name)
    found = []
    for folder, names in sorted(folders.items()):
        readme = root / folder / "README.md"
        if not readme.exists():
            found.append(f"{folder}: no README.md")
            continue
        rows = named_in(rows_of(readme.read_text()))
        found += [f"{folder}/README.md: no row for {name}" for name in sorted(names - rows)]
        found += [f"{folder}/README.md: {name} is not there" for name in sorted(rows - names)]
    return found


TABLE = "# x\n| file | what |\n| --- | --- |\n| `err.{c,h}` | errors, unlike old.c |\n| `banned.h` | calls |\n"
FILES = {"core/base/err.c": "", "core/base/err.h": "", "core/base/banned.h": ""}

lint.run(
    check,
    bad=[
        (FILES, "core/base: no README.md"),
        ({**FILES, "core/base/new.c": "", "core/base/README.md": TABLE}, "no row for new.c"),
        ({"core/base/err.c": "", "core/base/err.h": "", "core/base/README.md": TABLE}, "banned.h is not there"),
    ],
    good=[{**FILES, "core/base/README.md": TABLE}],
)
