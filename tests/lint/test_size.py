"""No function over 80 lines or complexity 20, no C file over 600 lines. No list of exceptions.

Complexity is pmccabe's modified count, where a switch is one decision. Tests may be complex, not long.
"""

import subprocess

import lint

FUNCTION_LINES, COMPLEXITY, FILE_LINES = 80, 20, 600
PMCCABE = lint.tool("pmccabe")


def check_functions(root, path):
    done = subprocess.run([PMCCABE, path], cwd=root, capture_output=True, text=True, check=False)
    for row in done.stdout.splitlines():
        complexity, _, _, first, lines, name = row.split("\t")
        name = name.rpartition(" ")[2]
        if int(lines) > FUNCTION_LINES:
            yield f"{path}:{first}: {name}() has {lines} lines, over {FUNCTION_LINES}"
        if int(complexity) > COMPLEXITY and path.parts[0] != "tests":
            yield f"{path}:{first}: {name}() has complexity {complexity}, over {COMPLEXITY}"


def check(root):
    found = []
    for path in lint.files(root, ".c", ".h"):
        lines = (root / path).read_bytes().count(b"\n")
        if lines > FILE_LINES:
            found.append(f"{path}: {lines} lines, over {FILE_LINES}")
        if path.suffix == ".c":
            found += check_functions(root, path)
    return found


def function(body):
    return f"int f(int a)\n{{\n{body}    return a;\n}}\n"


COMPLEX = function("    if (a)\n        a++;\n" * 20)

lint.run(
    check,
    bad=[
        ({"core/x.c": function("    a++;\n" * 77)}, "81 lines"),
        ({"tests/unit/x.c": function("    a++;\n" * 77)}, "81 lines"),
        ({"core/x.c": COMPLEX}, "complexity 21"),
        ({"core/x.h": "\n" * 601}, "601 lines"),
    ],
    good=[
        {"core/x.c": function("    a++;\n" * 76)},
        {"core/x.c": function("    if (a)\n        a++;\n" * 19)},
        {"tests/unit/x.c": COMPLEX},
    ],
)
