"""Every header compiles alone, and twice in a row: it includes what it needs and is guarded."""

import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import lint

PACKAGES = "libmongoc-1.0 libsodium libcyaml yaml-0.1 libcurl libcjson libuv ncursesw cmocka vterm".split()
FLAGS = "-std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror -fsyntax-only -x c -".split()
CFLAGS = subprocess.run(
    ["pkg-config", "--cflags", *PACKAGES], capture_output=True, text=True, check=True
).stdout.split()  # fmt: skip


def check(root):
    with tempfile.TemporaryDirectory() as generated:
        (Path(generated) / "base").mkdir()
        (Path(generated) / "base/version.h").write_text('#define MIG_VERSION "0"\n')
        folders = [f"-I{folder}" for folder in (root / "core", root, root / "tests", generated)]

        def alone(header):
            words = ["cc", *FLAGS, *CFLAGS, *folders]
            text = f'#include "{root / header}"\n' * 2
            done = subprocess.run(words, input=text, capture_output=True, text=True, check=False)
            return f"{header}: not alone:\n{done.stderr}" if done.returncode else None

        # banned.h is put before every source by the build; the headers must do without what it declares.
        with ThreadPoolExecutor(2) as pool:
            return [finding for finding in pool.map(alone, lint.files(root, ".h")) if finding]


GUARDED = "#ifndef X_H\n#define X_H\n{}\n#endif\n"

lint.run(
    check,
    bad=[
        ({"core/base/x.h": GUARDED.format("size_t x_len(const char *text);")}, "size_t"),
        ({"core/base/x.h": GUARDED.format('#include "base/none.h"')}, "none.h"),
        ({"core/base/x.h": "struct x { int a; };\n"}, "redefinition"),
    ],
    good=[{"core/base/x.h": GUARDED.format("#include <stddef.h>\nsize_t x_len(const char *text);")}],
)
