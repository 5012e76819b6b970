"""Prints gcovr's JSON as a table: branches taken and there, a file a line, and the lines with a branch never taken.

usage: coverage.py JSON MARKDOWN
MARKDOWN says in a table `| file:line | why |` (or `| file | why |`) why a branch is not taken by tests; lines there count as
excused. So does one branch for each call of CANNOT_FAIL: libbson's ways into a document, which can fail on damaged bytes only,
and the engine gets none (its reader made them, or core/io checked them whole).
Exits 1 when a file is below 95 % of the branches that are not excused.
"""

import json
import re
import sys
from pathlib import Path

LEAST = 95.0
CANNOT_FAIL = re.compile(r"\b(bson_iter_init|bson_iter_recurse|bson_iter_next|bson_init_static|mig_iter_sub|mig_doc_sub)\(")


def excuses(markdown):
    """{(file, line or None)} of every `file:line` in the tables of the page; several lines as file:10,20-22."""
    found = set()
    for file, lines in re.findall(r"^\| `([\w./-]+\.[ch])(?::([\d,-]+))?` \|", markdown, re.MULTILINE):
        for part in lines.split(",") if lines else [None]:
            if part is None:
                found.add((file, None))
            else:
                first, _, last = part.partition("-")
                found |= {(file, line) for line in range(int(first), int(last or first) + 1)}
    return found


def main(report, page):
    known = excuses(Path(page).read_text())
    root = Path(page).parents[1]
    bad, all_taken, all_there, all_excused = [], 0, 0, 0
    print(f"{'branches':>11}  {'%':>5}  {'of needed':>9}  file, and lines with a branch that no test takes (excused: in brackets)")
    for file in sorted(json.loads(Path(report).read_text())["files"], key=lambda each: each["file"]):
        name = file["file"]
        taken = there = excused = 0
        missed = []
        text = (root / name).read_text().splitlines()
        for line in file["lines"]:
            branches = [branch["count"] for branch in line.get("branches", []) if not branch.get("throw")]
            lost = sum(not count for count in branches)
            there += len(branches)
            taken += len(branches) - lost
            if lost:
                number = line["line_number"]
                is_known = {(name, number), (name, None)} & known
                pardoned = lost if is_known else min(lost, len(CANNOT_FAIL.findall(text[number - 1])))
                excused += pardoned
                missed.append(f"({number})" if pardoned == lost else str(number))
        all_taken, all_there, all_excused = all_taken + taken, all_there + there, all_excused + excused
        share = 100.0 * taken / there if there else 100.0
        needed = 100.0 * taken / (there - excused) if there > excused else 100.0
        print(f"{taken:>5}/{there:<5}  {share:>5.1f}  {needed:>9.1f}  {name}  {' '.join(missed)}")
        if needed < LEAST:
            bad.append(f"{name}: {needed:.1f} %")
    needed = 100.0 * all_taken / max(1, all_there - all_excused)
    print(f"{all_taken:>5}/{all_there:<5}  {100.0 * all_taken / max(1, all_there):>5.1f}  {needed:>9.1f}  all")
    if bad:
        print(f"below {LEAST:.0f} % and not excused: {', '.join(bad)}", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
