"""clang-tidy finds nothing (list in .clang-tidy). A minute or more, so only with scripts/test --long."""

import json
import os
import shutil
from pathlib import Path

import lint

TIDY = lint.tool("clang-tidy-14", "clang-tidy")
BUILD = Path(os.environ.get("MIGTUI_BUILD_DIR", lint.ROOT / "build/debug"))


def check(root):
    build = BUILD
    names = [path for path in lint.files(root, ".c") if path.parts[0] in ("core", "config", "tui", "views")]
    if root != lint.ROOT:
        shutil.copy(lint.ROOT / ".clang-tidy", root)
        build = root
        rows = [{"directory": str(root), "file": str(name), "command": f"cc -c {name}"} for name in names]
        (root / "compile_commands.json").write_text(json.dumps(rows))
    words = [TIDY, "--quiet", "-p", str(build), "--extra-arg=-Wno-unknown-warning-option", *map(str, names)]
    return [line for line in lint.findings_of(words, root) if "error:" in line]


lint.run(
    check,
    bad=[({"core/x.c": "int f(int *p)\n{\n    return p ? 0 : *p;\n}\n"}, "NullDereference")],
    good=[{"core/x.c": "int f(int *p)\n{\n    return p ? *p : 0;\n}\n"}],
)
