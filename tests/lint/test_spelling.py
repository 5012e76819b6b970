"""codespell finds nothing; words it is wrong about stand in .codespellrc."""

import shutil

import lint

CODESPELL = lint.tool("codespell")


def check(root):
    if root != lint.ROOT:
        shutil.copy(lint.ROOT / ".codespellrc", root)
    skipped = ("LICENSE", ".codespellrc", "requirements.txt")
    names = [str(path) for path in lint.files(root) if path.name not in skipped]
    return lint.findings_of([CODESPELL, *names], root)


lint.run(
    check,
    bad=[({"a.md": "It was rec" + "ieved.\n"}, "a.md:1"), ({"b.c": "/* seper" + "ate */\n"}, "b.c:1")],
    good=[{"a.md": "It was received.\n"}],
)
