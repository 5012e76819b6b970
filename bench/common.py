"""What the benches share: measured runs, rounds side by side, tables, and the file that keeps them.

A bench runs every contestant once a round, in an order that moves by one each round, and tells medians: what else the
machine does meets all of them alike. Only ratios and counts are meant to be compared with another day's.
"""

import collections
import contextlib
import datetime
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = Path(os.environ.get("MIGTUI_CACHE") or ROOT / "build") / "bench"
os.environ.setdefault("MIGTUI_BIN", str(ROOT / "build/release/migtui"))
sys.path.insert(0, str(ROOT / "tests/live"))

import harness  # noqa: E402  (needs the path above)

ROUNDS = int(os.environ.get("MIGTUI_BENCH_ROUNDS", "3"))
RESIDENT_LIMIT_MB = 20

Run = collections.namedtuple("Run", "wall user system resident_mb status out err")


def compile_measure():
    BUILD.mkdir(parents=True, exist_ok=True)
    program, source = BUILD / "measure", Path(__file__).with_name("measure.c")
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-o", program, source], check=True)
    return program


def measured(*words, cwd=None, env=None, status=0):
    """Runs a program to its end; its exit status must be `status` (None: any). Its output goes to files, not to a pipe that
    we would have to empty beside it."""
    with tempfile.TemporaryDirectory() as folder:
        out, err, note = (Path(folder, name) for name in ("out", "err", "note"))
        with open(out, "wb") as out_file, open(err, "wb") as err_file:
            command = [compile_measure(), note, *map(str, words)]
            subprocess.run(command, cwd=cwd, env=env, stdout=out_file, stderr=err_file, stdin=subprocess.DEVNULL, check=True)
        wall, user, system, kib, code = note.read_text().split()
        run = Run(float(wall), float(user), float(system), int(kib) / 1024, int(code), out.read_text(), err.read_text())
    if status is not None and run.status != status:
        raise SystemExit(f"{' '.join(map(str, words))}: exit status {run.status}\n{run.out[-2000:]}\n{run.err[-2000:]}")
    return run


def migtui(project, *words, status=0):
    return measured(harness.BINARY, *words, cwd=project.dir, env=project.env, status=status)


def rounds(contestants, count=ROUNDS):
    """{name: [what each of its calls gave]}. contestants: {name: function}; one call each a round, the first one moving."""
    names = list(contestants)
    found = {name: [] for name in names}
    for number in range(count):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            found[name].append(contestants[name]())
            print(f"  round {number + 1}: {name}", file=sys.stderr, flush=True)
    return found


def median(runs, field="wall"):
    return statistics.median(getattr(run, field) for run in runs)


def spread(runs, field="wall"):
    """The median, and in brackets what it lies between."""
    values = sorted(getattr(run, field) for run in runs)
    return f"{statistics.median(values):.2f} ({values[0]:.2f}–{values[-1]:.2f})"


def resident(runs):
    return f"{max(run.resident_mb for run in runs):.1f}"


def ratio(one, other):
    return f"{one / other:.2f}"


def verdict(holds):
    return "holds" if holds else "**missed**"


# --- the report ------------------------------------------------------------------------------------------


class Report:
    """Prints what it is given, and keeps it in results/<name>.md when it is closed without an error."""

    def __init__(self, name, title, server=None):
        self.path = Path(__file__).parent / "results" / f"{name}.md"
        self.lines = []
        self.say(f"# {title}")
        self.say(self._where(server))

    def _where(self, server):
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
        words = [f"{datetime.date.today()}", f"{os.cpu_count()} cores, {memory:.0f} GiB", platform.machine()]
        words += [f"{ROUNDS} rounds", f"commit {commit()}"]
        if server:
            words.insert(1, server_name(server))
        return "; ".join(words) + "."

    def say(self, text):
        self.lines.append(text)
        print(text, flush=True)

    def table(self, head, rows):
        cells = [list(map(str, row)) for row in [head, *rows]]
        widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
        lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in cells]
        lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
        self.say("\n".join(lines))

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.path.parent.mkdir(exist_ok=True)
            self.path.write_text("\n\n".join(self.lines) + "\n")


def commit():
    done = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def server_name(server):
    """As it calls itself, and what it is where scripts/server has started it."""
    version = server.client().server_info()["version"]
    if server.given:
        return f"MongoDB {version} (MIGTUI_TEST_URI)"
    return f"MongoDB {version}" if os.environ.get("MIGTUI_MONGOD") else f"SecantusDB, as MongoDB {version}"


def one_insert(number):
    """The migration that all peers are given."""
    return {"_id": number, "name": f"number {number}", "active": True}


def file_name(number):
    return f"{20260101000000 + number}_m{number}.jsonc"


@contextlib.contextmanager
def fresh(project_args, **options):
    project = harness.Project(*project_args, **options)
    try:
        yield project
    finally:
        project.close()


def main(bench):
    """A bench is a function without arguments."""
    try:
        bench()
    finally:
        harness.close_all()
