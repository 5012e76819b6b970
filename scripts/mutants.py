"""The work of scripts/mutants: a copy of the tree under build/mutants, a mutant in it, a build, the simulator, the unit tests."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

PASS_SCORE = 95
SEEDS = 20000
SIM_SECONDS = 600
UNIT_SECONDS = 600


class Mutant:
    def __init__(self, name, what):
        self.name, self.what, self.changes = name, what, []  # changes: (file, old, new)


def read(path):
    """The mutants of one file; see its head for the form."""
    mutants, file, part = [], None, None
    for line in path.read_text().splitlines(keepends=True):
        head = re.match(r"== ([\w-]+): (.*)", line)
        place = re.match(r"@@ (\S+)", line)
        if head:
            mutants.append(Mutant(*head.groups()))
            part = None
        elif place:
            file, part = place[1], None
        elif line.rstrip() == "-- old" and mutants:
            mutants[-1].changes.append([file, "", ""])
            part = 1
        elif line.rstrip() == "++ new" and part == 1:
            part = 2
        elif part:
            mutants[-1].changes[-1][part] += line
    for mutant in mutants:
        for change in mutant.changes:
            change[1], change[2] = change[1].strip("\n"), change[2].strip("\n")
    return mutants


def copy_tree(root, tree):
    """What git knows of the tree and what is new in it, newer files only, so that a build of before is of use."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=root, check=True, capture_output=True, text=True
    ).stdout.split("\n")
    wanted = {name for name in listed if name and (root / name).is_file()}
    for name in wanted:
        target = tree / name
        if not target.exists() or target.read_bytes() != (root / name).read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / name, target)
    for old in tree.rglob("*.[ch]"):
        if str(old.relative_to(tree)) not in wanted:
            old.unlink()


def run(command, seconds, **options):
    try:
        return subprocess.run(command, timeout=seconds, capture_output=True, text=True, check=False, **options)
    except subprocess.TimeoutExpired:
        return None


class Bench:
    def __init__(self, root, seeds, sim_only):
        self.sim_only = sim_only
        self.tree, self.build, self.seeds = root / "build/mutants/tree", root / "build/mutants/build", seeds
        self.jobs = os.environ.get("MIGTUI_JOBS", str(os.cpu_count()))
        self.tree.mkdir(parents=True, exist_ok=True)
        copy_tree(root, self.tree)
        done = run(
            ["cmake", "-G", "Ninja", "-S", self.tree, "-B", self.build, "-DMIGTUI_TESTS=ON", "-DCMAKE_BUILD_TYPE=Debug",
             "-DCMAKE_C_FLAGS_DEBUG=-O1"], 300)  # fmt: skip
        if not done or done.returncode:
            sys.exit(f"configuring failed:\n{done.stdout if done else ''}{done.stderr if done else ''}")
        names = run(["ninja", "-t", "targets", "all"], 60, cwd=self.build).stdout
        self.units = sorted(set(re.findall(r"^(unit_(?:engine|app)_\w+): phony", names, re.MULTILINE)))

    def make(self, *targets):
        return run(["ninja", "-j", self.jobs, *targets], 900, cwd=self.build)

    def noticed(self):
        """Who notices the tree as it is: "" is nobody."""
        made = self.make("sim")
        if not made or made.returncode:
            sys.exit(f"the mutant does not build:\n{made.stdout[-3000:] if made else 'it took too long'}")
        done = run([self.build / "tests/sim", "--named", self.tree / "tests/sim/seeds"], SIM_SECONDS)
        if not done or done.returncode:
            named = re.search(r"([\w.-]+)[.]seed: FAILED", done.stdout) if done else None
            return f"sim: {named[1] if named else 'the named seeds'}"
        done = run([self.build / "tests/sim", "--seeds", f"1..{self.seeds}", "--first"], SIM_SECONDS)
        if not done:
            return "sim: it never came to an end"
        if done.returncode:
            words = re.search(r"seed (\d+) FAILED: (.{0,60})", done.stdout)
            return f"sim: seed {words[1]}: {words[2]}" if words else f"sim: status {done.returncode}"
        if self.sim_only:
            return ""
        made = self.make(*self.units)
        if not made or made.returncode:
            sys.exit(f"the mutant does not build with the unit tests:\n{made.stdout[-3000:] if made else ''}")
        for unit in self.units:
            done = run([self.build / "tests" / unit], UNIT_SECONDS, cwd=self.tree)
            if not done or done.returncode:
                return unit.replace("_", ".", 2)
        return ""

    def apply(self, mutant):
        """Change the files; returns what they were."""
        before = {}
        for file, old, new in mutant.changes:
            path = self.tree / file
            text = path.read_text()
            before.setdefault(path, text)
            if text.count(old) != 1:
                sys.exit(f"{mutant.name} no longer applies: in {file} its old text occurs {text.count(old)} times")
            path.write_text(text.replace(old, new))
        return before


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--sim-only", action="store_true")
    arguments = parser.parse_intermixed_args()
    mutants = [each for path in sorted((arguments.root / "tests/mutants").glob("*.txt")) for each in read(path)]
    unknown = set(arguments.names) - {each.name for each in mutants}
    if unknown:
        sys.exit(f"no mutant named {', '.join(sorted(unknown))}")
    chosen = [each for each in mutants if not arguments.names or each.name in arguments.names]
    bench = Bench(arguments.root, arguments.seeds, arguments.sim_only)
    survivors, began = [], time.monotonic()
    if not arguments.names and bench.noticed():
        sys.exit("without any mutant something fails already")
    for mutant in chosen:
        before = bench.apply(mutant)
        try:
            who = bench.noticed()
        finally:
            for path, text in before.items():
                path.write_text(text)
        if not who:
            survivors.append(mutant)
        print(f"{mutant.name:32} {who or 'SURVIVES: ' + mutant.what}", flush=True)
    killed = len(chosen) - len(survivors)
    score = 100 * killed / len(chosen)
    print(f"{killed} of {len(chosen)} mutants noticed: {score:.1f} %, in {time.monotonic() - began:.0f} s")
    for mutant in survivors:
        print(f"survivor: {mutant.name}: {mutant.what}")
    return score < PASS_SCORE


if __name__ == "__main__":
    sys.exit(main())
