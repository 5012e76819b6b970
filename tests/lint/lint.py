"""What the lint tests share: the files of the tree, and the proof that a check can fail.

A lint test is a function check(root) that returns findings (texts, `file:line: what`), with samples:

    lint.run(check, bad=[({"core/x.c": "text"}, "part of the finding")], good=[{"core/y.c": "text"}])

Every run first writes each bad sample into an empty folder and insists on the finding, and on none in the good
ones; only then it looks at the tree. A check that has gone blind so fails by itself.

`python3 lint.py .c .h` prints the files of the tree that end so (scripts/format asks it).
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SKIP = 77  # ctest's SKIP_RETURN_CODE


def files(root, *suffixes):
    """The files of the tree, sorted, relative to root: tracked and new ones, nothing that git ignores."""
    listed = None
    if (root / ".git").exists():
        words = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            listed = [Path(name) for name in done.stdout.split("\0") if name]
    if listed is None:  # an unpacked archive, or a sample
        listed = [path.relative_to(root) for path in root.rglob("*")]
        listed = [path for path in listed if path.parts[0] not in ("build", ".git")]
    wanted = (path for path in listed if not suffixes or path.name.endswith(suffixes))
    return sorted(path for path in wanted if (root / path).is_file())


def code_of(text):
    """C text with comments and the insides of literals blanked; line numbers stay."""

    def blank(match):
        word = match[0]
        kept = "\n" * word.count("\n")
        return kept if word.startswith("/") else word[0] + kept + word[0]

    return re.sub(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", blank, text, flags=re.DOTALL)


def tool(*names):
    """The first of the programs that is there; ends the test as skipped when there is none."""
    for name in names:
        found = shutil.which(name)
        if found:
            return found
    print(f"skipped: no {' or '.join(names)} on PATH")
    sys.exit(SKIP)


def findings_of(words, root):
    """Runs a checker that prints its findings and fails; a finding for each line it printed."""
    done = subprocess.run(words, cwd=root, capture_output=True, text=True, check=False)
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return (lines or [f"{words[0]}: exit status {done.returncode}"]) if done.returncode else []


def prove(check, bad, good):
    for number, sample in enumerate([*good, *bad]):
        tree, expected = (sample, None) if number < len(good) else sample
        with tempfile.TemporaryDirectory() as folder:
            for name, text in tree.items():
                path = Path(folder) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            found = check(Path(folder))
        if expected is None and found:
            sys.exit(f"self-test: nothing is wrong with {tree}, yet: {found}")
        if expected is not None and not any(expected in line for line in found):
            sys.exit(f"self-test: {expected!r} was not found in {tree}, but: {found}")


def run(check, bad, good):
    prove(check, bad, good)
    found = check(ROOT)
    print("\n".join(found))
    print(f"{len(found)} findings; {len(bad)} bad samples were found out")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    print("\n".join(map(str, files(ROOT, *sys.argv[1:]))))
