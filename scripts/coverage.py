"""Prints gcovr's JSON as a table: branches taken and there, a file a line, and the lines with a branch never taken.

usage: coverage.py ROOT JSON
Two figures are printed: of all branches, and of those that no reason takes off. A reason is
- a comment `/* uncovered: why */` on the line, or on lines of its own right above it: it covers each branch of that line. `why` has
  at least three words; a comment with fewer, or one above a line whose branches were all taken, is an error.
- CANNOT_FAIL: one branch for each call of libbson's ways into a document, which fail on damaged bytes only; the engine gets none,
  since its reader made them or core/io checked them whole. And sodium_init after the first time.
- ALWAYS_FALSE: one branch for each call of a function that says what is wrong and returns false, behind `||`, `?` or `:`.
- INLINE: functions in a header are counted once for each file that includes it, and no file uses them all.
Exits 1 when the second figure is below 95 % as a whole, or below 90 % for a file.
"""

import json
import re
import sys
from pathlib import Path

LEAST, LEAST_OF_A_FILE = 95.0, 90.0
CANNOT_FAIL = re.compile(r"\b(bson_iter_init|bson_iter_recurse|bson_iter_next|bson_init_static|mig_iter_sub|mig_doc_sub)\(")
ALWAYS_FALSE = re.compile(
    r"(?:\|\||[?:])\s*(mig_fail|mig_hint|mig_context|mig_fault|mig_fault_unknown|mig_jsonc_wrong\w*|mig_jsonc_unexpected|cfg_fail_at|"
    r"FAIL|fault_in|wrong_word|wrong_type)\("
)
INLINE = "core/engine/jsonc_private.h"
MARK = re.compile(r"/\* uncovered: (.*?)\s*(\*/|$)")
COMMENT_ONLY = re.compile(r"^\s*(/\*.*|\*.*|[^;{}]*\*/)\s*$")


def marks(text):
    """{number of a line: line of its mark}, and what is wrong with a mark. Lines count from 1."""
    of, wrong, pending = {}, [], None
    for number, line in enumerate(text, 1):
        found = MARK.search(line)
        if found:
            if len(found.group(1).split()) < 3:
                wrong.append((number, "a mark without a reason"))
            if line.strip().startswith("/*"):
                pending = number
            else:
                of[number] = number
        if pending and not COMMENT_ONLY.match(line):
            of[number] = pending
            pending = None
    return of, wrong


def statement(text, number):
    """The line, and what follows up to the end of its statement."""
    whole = ""
    for line in text[number - 1 : number + 3]:
        whole += line + " "
        if line.rstrip().endswith((";", "{")):
            break
    return whole


def judge(file, text):
    """(branches taken, there, excused, what to print of missed lines, what is wrong with marks)"""
    taken = there = excused = 0
    missed = []
    of, wrong = marks(text)
    lost_at = {}
    for line in file["lines"]:
        number = line["line_number"]
        branches = [branch["count"] for branch in line.get("branches", []) if not branch.get("throw")]
        lost = sum(not count for count in branches)
        there += len(branches)
        taken += len(branches) - lost
        lost_at[number] = lost
        if not lost:
            continue
        if number in of or file["file"] == INLINE:
            pardoned = lost
        else:
            known = len(CANNOT_FAIL.findall(text[number - 1])) + len(ALWAYS_FALSE.findall(statement(text, number)))
            pardoned = min(lost, known)
        excused += pardoned
        missed.append(f"({number})" if pardoned == lost else str(number))
    for number, mark in of.items():
        if not lost_at.get(number):
            wrong.append((mark, "a mark where every branch was taken"))
    return taken, there, excused, missed, wrong


def main(root, report):
    root = Path(root)
    bad, all_taken, all_there, all_excused = [], 0, 0, 0
    print(f"{'branches':>11}  {'%':>5}  {'of needed':>9}  file, and lines with a branch that no test takes (excused: in brackets)")
    for file in sorted(json.loads(Path(report).read_text())["files"], key=lambda each: each["file"]):
        name = file["file"]
        taken, there, excused, missed, wrong = judge(file, (root / name).read_text().splitlines())
        bad += [f"{name}:{number}: {what}" for number, what in wrong]
        all_taken, all_there, all_excused = all_taken + taken, all_there + there, all_excused + excused
        share = 100.0 * taken / there if there else 100.0
        needed = 100.0 * taken / (there - excused) if there > excused else 100.0
        print(f"{taken:>5}/{there:<5}  {share:>5.1f}  {needed:>9.1f}  {name}  {' '.join(missed)}")
        if needed < LEAST_OF_A_FILE:
            bad.append(f"{name}: {needed:.1f} % of the branches that no reason takes off; at least {LEAST_OF_A_FILE:.0f} %")
    needed = 100.0 * all_taken / max(1, all_there - all_excused)
    print(f"{all_taken:>5}/{all_there:<5}  {100.0 * all_taken / max(1, all_there):>5.1f}  {needed:>9.1f}  all")
    print(f"of all {all_there} branches {100.0 * all_taken / max(1, all_there):.1f} %; of those that no reason takes off {needed:.1f} %")
    if needed < LEAST:
        bad.append(f"all: {needed:.1f} % of the branches that no reason takes off; at least {LEAST:.0f} %")
    for line in bad:
        print(line, file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
