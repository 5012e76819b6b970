"""Prints gcovr's JSON as a table: branches taken and there, a file a line, and the lines with a branch never taken.

usage: coverage.py JSON MARKDOWN
MARKDOWN says in a table `| file:line | why |` (or `| file | why |`) why a branch is not taken by tests; lines there count as excused.
Exits 1 when a file is below 95 % of the branches that are not excused.
"""

import json
import re
import sys
from pathlib import Path

LEAST = 95.0


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
    bad, all_taken, all_there = [], 0, 0
    print(f"{'branches':>11}  {'%':>5}  file, and lines with a branch that no test takes (excused: in brackets)")
    for file in sorted(json.loads(Path(report).read_text())["files"], key=lambda each: each["file"]):
        name = file["file"]
        taken = there = excused = 0
        missed = []
        for line in file["lines"]:
            branches = [branch["count"] for branch in line.get("branches", []) if not branch.get("throw")]
            lost = sum(not count for count in branches)
            there += len(branches)
            taken += len(branches) - lost
            if lost:
                is_known = {(name, line["line_number"]), (name, None)} & known
                excused += lost if is_known else 0
                missed.append(f"({line['line_number']})" if is_known else str(line["line_number"]))
        all_taken, all_there = all_taken + taken, all_there + there
        share = 100.0 * taken / there if there else 100.0
        needed = 100.0 * taken / (there - excused) if there > excused else 100.0
        print(f"{taken:>5}/{there:<5}  {share:>5.1f}  {name}  {' '.join(missed)}")
        if needed < LEAST:
            bad.append(f"{name}: {needed:.1f} %")
    print(f"{all_taken:>5}/{all_there:<5}  {100.0 * all_taken / max(1, all_there):>5.1f}  all")
    if bad:
        print(f"below {LEAST:.0f} % and not excused: {', '.join(bad)}", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
