"""The calls of core/base/banned.h don't compile, each with its hint; and every source is built with it."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import lint

USES = {  # a use of each, all of which compile without banned.h
    "strcpy": "strcpy(b, t)", "strcat": "strcat(b, t)", "sprintf": 'sprintf(b, "%s", t)',
    "vsprintf": "vsprintf(b, t, a)", "gets": "gets(b)", "alloca": "alloca(8)", "atoi": "atoi(t)",
    "atol": "atol(t)", "strtok": "strtok(b, t)", "localtime": "localtime(&now)", "gmtime": "gmtime(&now)",
    "ctime": "ctime(&now)", "asctime": "asctime(&tm)", "system": "system(t)", "popen": 'popen(t, "r")',
    "tmpnam": "tmpnam(b)", "mktemp": "mktemp(b)", "rand": "rand()", "srand": "srand(1)",
}  # fmt: skip
INCLUDES = "stdio stdlib string time stdarg unistd wchar alloca bson/bson mongoc/mongoc curl/curl cjson/cJSON uv"
INCLUDES += " cyaml/cyaml sodium ncurses vterm zlib lzma"
PACKAGES = "libmongoc-1.0 libsodium libcyaml libcurl libcjson libuv ncursesw vterm".split()
BODY = "void f(char *b, const char *t, va_list a);\nvoid f(char *b, const char *t, va_list a)\n{{\n    time_t now = 0;\n"
BODY += "    struct tm tm = {{ 0 }};\n    (void)b, (void)t, (void)a, (void)now, (void)tm;\n    {}\n}}\n"

COMPILERS = [["gcc"], ["gcc", "-O2", "-D_FORTIFY_SOURCE=2"]]
# Not clang with _FORTIFY_SOURCE: there sprintf is a macro. What is shipped is fortified and built with gcc.
COMPILERS += [[clang] for clang in ("clang-14", "clang") if shutil.which(clang)][:1]


def source(use, includes):
    return "".join(f"#include <{name}.h>\n" for name in includes.split()) + BODY.format(use)


def compile_with(compiler, banned, text, flags=()):
    words = [*compiler, "-std=gnu17", "-D_GNU_SOURCE", "-w", *flags, "-include", str(banned)]
    words += ["-fsyntax-only", "-x", "c", "-"]
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else done.stderr


def check_compiler(compiler, banned, hints):
    for name, use in USES.items():
        error = compile_with(compiler, banned, source(f"(void)({use});", "stdio stdlib string time stdarg alloca"))
        if error is None:
            yield f"{banned.name}: {name}() compiles with {' '.join(compiler)}"
        elif hints.get(name, "\0") not in error:
            yield f"{banned.name}: {name}() fails without its hint: {error}"
    words = ["pkg-config", "--cflags", *PACKAGES]
    flags = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    error = compile_with(compiler, banned, source("snprintf(b, 4, t);", INCLUDES), flags)
    if error:
        yield f"{banned.name}: a clean source doesn't compile with {' '.join(compiler)}: {error}"


def check_commands(root):
    """Every source of ours in the build that runs this test has banned.h before it."""
    commands = Path(os.environ.get("MIGTUI_BUILD_DIR", root / "build/debug")) / "compile_commands.json"
    for row in json.loads(commands.read_text()) if commands.exists() and root == lint.ROOT else []:
        if f"-include {root}/core/base/banned.h" not in row["command"]:
            yield f"{row['file']}: built without banned.h"


def check(root):
    banned = root / "core/base/banned.h"
    rows = re.findall(r"\b(\w+)\([^;]*?\)\s*MIG_BANNED\(\"([^\"]+)\"\);", banned.read_text())
    found = [f"banned.h: {name}() has no sample in this test" for name, _ in rows if name not in USES]
    for compiler in COMPILERS:
        found += check_compiler(compiler, banned, dict(rows))
    return found + list(check_commands(root))


GOOD = (lint.ROOT / "core/base/banned.h").read_text()

lint.run(
    check,
    bad=[
        ({"core/base/banned.h": re.sub(r"char \*strcpy.*\n", "", GOOD)}, "strcpy() compiles"),
        ({"core/base/banned.h": GOOD + "\nint strcat(void);\n"}, "clean source doesn't compile"),
        ({"core/base/banned.h": GOOD + '\nvoid abort(void) MIG_BANNED("x");\n'}, "has no sample"),
    ],
    good=[{"core/base/banned.h": GOOD}],
)
