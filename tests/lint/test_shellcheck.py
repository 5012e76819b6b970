"""shellcheck finds nothing in any shell script, whatever its name."""

import shutil

import lint

SHELLCHECK = lint.tool("shellcheck")


def is_shell(path):
    with open(path, "rb") as file:
        first = file.readline(200)
    return path.suffix == ".sh" or (first.startswith(b"#!") and first.rstrip().endswith((b"bash", b"/sh")))


def check(root):
    if root != lint.ROOT:
        shutil.copy(lint.ROOT / ".shellcheckrc", root)
    names = [str(path) for path in lint.files(root) if is_shell(root / path)]
    return lint.findings_of([SHELLCHECK, "--format=gcc", *names], root) if names else []


lint.run(
    check,
    bad=[
        ({"scripts/x": "#!/usr/bin/env bash\nrm $1\n"}, "scripts/x:2"),
        ({"x.sh": "# shellcheck shell=bash\ncd nowhere\n"}, "x.sh:2"),
    ],
    good=[{"scripts/x": '#!/usr/bin/env bash\nrm "$1"\n', "y": "rm $1\n"}],
)
