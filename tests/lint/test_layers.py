"""Every #include keeps to the layers, as the LINK lists of CMakeLists.txt draw them.

Also: a driver, HTTP or terminal library is included by its one layer only, pure layers call nothing impure, and
no layer below the commands prints or exits.
"""

import re

import lint

HEADERS = {  # library -> what its headers begin with
    "bson": ("bson/", "bson.h"), "sodium": ("sodium",), "cyaml": ("cyaml/",), "yaml": ("yaml.h",),
    "mongoc": ("mongoc/", "mongoc.h"), "curl": ("curl/",), "cjson": ("cjson/", "cJSON"), "uv": ("uv.h", "uv/"),
    "zlib": ("zlib.h",), "lzma": ("lzma.h", "lzma/"),
    "ncursesw": ("ncurses", "curses.h", "panel.h", "term.h", "menu.h", "form.h"),
}  # fmt: skip
ONLY_IN = {"zlib": "archive", "lzma": "archive", "mongoc": "io", "curl": "io", "cjson": "io", "ncursesw": "tui"}
PURE = {"model", "engine", "archive"}  # same input, same output: no clock, no chance, no file, no thread
IMPURE = (
    r"time|clock_gettime|gettimeofday|getenv|open|openat|fopen|read|write|socket|nanosleep|usleep|sleep|fork|"
    r"pthread_\w+|getrandom|randombytes\w*|bson_oid_init"
)
SILENT = {"base", "model", "ports", "engine", "archive", "config", "app"}  # they return errors; the top says them, once
SPEAKING = r"v?f?printf|f?puts|putchar|perror|v?syslog|_?exit|errx?|warnx?"


def read_layers(text):
    """{layer: (folders, layers it may use, libraries)} from the mig_layer() lines, and main's row."""
    layers = {}
    for name, words in re.findall(r"^mig_(?:layer|program)\((\w+)([^)]*)\)", text, re.MULTILINE):
        field, folders, used, libraries = None, [], set(), set()
        for word in words.split():
            if word in ("DIRS", "LINK", "EXCEPT", "STRICT", "MAIN"):
                field = word
            elif field == "DIRS":
                folders.append(word)
            elif field == "LINK" and word.startswith("PkgConfig::"):
                libraries.add(word.removeprefix("PkgConfig::"))
            elif field == "LINK" and "::" not in word:
                used.add(word)
        layers[name] = (folders, used, libraries)
    return layers


def layer_of(path, layers):
    if str(path) == "tui/main.c":
        return "migtui"
    return next((name for name, (folders, _, _) in layers.items() if str(path.parent) in folders), None)


def check_include(layer, kind, header, layers):
    """What is wrong with one #include of a layer, or None."""
    _, used, libraries = layers[layer]
    if kind == '"':
        target = header.split("/")[0]
        if "/" not in header or target not in layers or target == "migtui":
            return f'"{header}": write it with its layer, as "base/err.h"'
        if target != layer and target not in used:
            return f'"{header}": {layer} may use {", ".join(sorted(used)) or "no layer"}'
        return None
    allowed = libraries | layers["base"][2] | (layers["tui"][2] if layer == "migtui" else set())
    for library, starts in HEADERS.items():
        if header.startswith(starts) and library not in allowed:
            return f"<{header}>: {library} is not for {layer}"
    return None


def check_calls(layer, line):
    for layers, names, why in ((PURE, IMPURE, "is pure"), (SILENT, SPEAKING, "returns errors and says nothing")):
        called = re.search(rf"(?<![\w.>])({names})\s*\(", line) if layer in layers else None
        if called:
            return f"{called[1]}(): {layer} {why}"
    return None


def check(root):
    layers = read_layers((root / "CMakeLists.txt").read_text())
    found = [
        f"CMakeLists.txt: {name} links {library}, which is for {ONLY_IN[library]}"
        for name, (_, _, libraries) in layers.items()
        for library in libraries
        if ONLY_IN.get(library, name) != name
    ]
    for path in lint.files(root, ".c", ".h"):
        layer = layer_of(path, layers)
        if layer is None:
            if path.parts[0] in ("core", "config", "tui", "views"):
                found.append(f"{path}: in no layer's folder")
            continue
        text = (root / path).read_text(errors="replace")
        lines = zip(text.splitlines(), lint.code_of(text).splitlines())
        for number, (line, code) in enumerate(lines, 1):
            include = re.match(r'\s*#\s*include\s*([<"])([^>"]+)', line) if "include" in code else None
            wrong = check_include(layer, include[1], include[2], layers) if include else check_calls(layer, code)
            if wrong:
                found.append(f"{path}:{number}: {wrong}")
    return found


CMAKE = (lint.ROOT / "CMakeLists.txt").read_text()


def sample(path, text):
    return {"CMakeLists.txt": CMAKE, path: text}


lint.run(
    check,
    bad=[
        (sample("core/engine/x.c", '#include "io/store.h"\n'), "core/engine/x.c:1"),
        (sample("core/base/x.h", '\n#include "model/plan.h"\n'), "core/base/x.h:2"),
        (sample("core/app/backup/x.c", '#include "views/matrix.h"\n'), "may use"),
        (sample("views/x.c", '#include "engine/plan.h"\n'), "may use"),
        (sample("tui/x.c", '#include "app/run.h"\n'), "may use base"),
        (sample("core/app/x.c", "#include <mongoc/mongoc.h>\n"), "mongoc is not for app"),
        (sample("core/cli/x.c", "# include <curl/curl.h>\n"), "curl is not for cli"),
        (sample("core/app/x.c", "#include <cjson/cJSON.h>\n"), "cjson is not for app"),
        (sample("views/x.c", "#include <ncurses.h>\n"), "ncursesw is not for views"),
        (sample("views/x.c", '#include "x.h"\n'), "with its layer"),
        (sample("core/io/x.c", '#include "core/base/err.h"\n'), "with its layer"),
        (sample("core/engine/x.c", "long f(void) { return time(NULL); }\n"), "time(): engine is pure"),
        (sample("core/app/x.c", 'void f(void) { fprintf(stderr, "x"); }\n'), "fprintf(): app returns"),
        (sample("core/new/x.c", "int a;\n"), "in no layer"),
        ({"CMakeLists.txt": "mig_layer(base DIRS core/base LINK PkgConfig::mongoc)\n"}, "links mongoc"),
    ],
    good=[
        sample("core/engine/x.c", '#include "model/plan.h"\n#include <bson/bson.h>\n/* time(NULL) */\n'),
        sample("core/app/x.c", 'int f(struct s *s) { mig_printf("x"); return s->clock->time(s); }\n'),
        sample("tui/main.c", '#include "io/store.h"\n#include "views/matrix.h"\n'),
        sample("tests/unit/base/test_x.c", "#include <ncurses.h>\n"),
    ],
)
