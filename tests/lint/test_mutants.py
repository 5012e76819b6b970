"""Each mutant of tests/mutants still finds the text that it changes, exactly once: one that has moved breaks nothing."""

import sys

import lint

sys.path.insert(0, str(lint.ROOT / "scripts"))
import mutants  # noqa: E402, it is not on the path before


def check(root):
    findings = []
    for path in sorted((root / "tests/mutants").glob("*.txt")):
        for mutant in mutants.read(path):
            for file, old, _ in mutant.changes:
                source = root / file
                found = source.read_text().count(old) if source.is_file() else 0
                if found != 1:
                    findings.append(f"{path.relative_to(root)}:1: {mutant.name}: its old text is {found} times in {file}")
    return findings


MUTANT = "== a-mutant: what it breaks\n@@ core/a.c\n-- old\n    f();\n++ new\n    g();\n"
HOST = "tests/mutants/engine.txt"
lint.run(
    check,
    bad=[
        ({HOST: MUTANT, "core/a.c": "{\n    h();\n}\n"}, "a-mutant: its old text is 0 times in core/a.c"),
        ({HOST: MUTANT, "core/a.c": "{\n    f();\n    f();\n}\n"}, "a-mutant: its old text is 2 times in core/a.c"),
    ],
    good=[{HOST: MUTANT, "core/a.c": "{\n    f();\n}\n"}],
)
