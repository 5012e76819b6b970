"""Every C file is as clang-format 14 prints it; `scripts/format` makes it so."""

import os
import shutil
from pathlib import Path

import lint

CACHE = Path(os.environ.get("MIGTUI_CACHE", lint.ROOT / "build"))  # as in scripts/lib.sh
FORMATTER = lint.tool("clang-format-14", str(CACHE / "venv/bin/clang-format"))


def check(root):
    if root != lint.ROOT:
        shutil.copy(lint.ROOT / ".clang-format", root)
    names = [str(path) for path in lint.files(root, ".c", ".h")]
    words = [FORMATTER, "--dry-run", "--Werror", "--style=file", *names]
    found = lint.findings_of(words, root) if names else []
    return [line for line in found if "error:" in line] or found


lint.run(
    check,
    bad=[
        ({"core/x.c": "int f(void) {\n    return 1;\n}\n"}, "core/x.c:1"),
        ({"core/x.h": "char* f(void);\n"}, "core/x.h:1"),
        ({"core/x.c": "int f(void)\n{\n\treturn 1;\n}\n"}, "core/x.c:2"),
    ],
    good=[{"core/x.c": "char *f(void)\n{\n    return 0;\n}\n"}],
)
