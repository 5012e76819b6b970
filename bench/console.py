"""The console on a terminal: its first frame, keys during a storm of log lines, large projects, what an idle one costs, memory.

A pseudo-terminal of 120x36 takes what is drawn; the work of each thread comes from the kernel's accounts (schedstat), so
that what else the machine does counts little.
"""

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import statistics
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

from common import RESIDENT_LIMIT_MB, Report, file_name, fresh, harness, main, migtui, one_insert, ratio, verdict

COLS, ROWS = 120, 36
FRAME_MS = 50
FIRST_RUNS = 15
KEYS = 40
STORM_LINES, STORM_S = 10_000, 8
MANY, FEW, ENVIRONMENTS = 10_000, 100, 10
IDLE_S = 20
MOVE_BYTES = 270
LOOKED_S = 40  # each environment is looked at twice more, which needs memory beside what is shown


class Console:
    """One console on a pseudo-terminal of its own."""

    def __init__(self, project, *words):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLS, 0, 0))
        command = ["setsid", "-c", str(harness.BINARY), *words]
        self.process = subprocess.Popen(command, cwd=project.dir, env=project.env, stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)
        self.task = f"/proc/{self.process.pid}/task"
        self.seen = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        with contextlib.suppress(OSError):
            while os.read(self.master, 65536):
                pass
        self.process.wait(30)
        os.close(self.master)

    def read(self, seconds):
        """What comes within that time at most, as soon as it comes; b"" when nothing does."""
        if not select.select([self.master], [], [], seconds)[0]:
            return b""
        data = os.read(self.master, 65536)
        self.seen += data
        return data

    def settle(self, quiet_s=0.3):
        """All that comes until nothing has come for a while."""
        taken = b""
        while data := self.read(quiet_s):
            taken += data
        return taken

    def until(self, wanted, deadline_s=120):
        """(what has come, number of writes) up to the bytes wanted; a frame is one write of the console's."""
        taken, writes, end = b"", 0, time.monotonic() + deadline_s
        while not re.search(wanted, taken):
            if time.monotonic() > end:
                raise SystemExit(f"the console does not show {wanted!r}:\n{self.seen[-3000:]!r}")
            data = self.read(1)
            taken, writes = taken + data, writes + bool(data)
        return taken, writes

    def key(self, keys):
        os.write(self.master, keys)

    def work_ms(self, main_only=True):
        """CPU so far: of the thread that draws, or of all."""
        total = 0
        for task in [str(self.process.pid)] if main_only else os.listdir(self.task):
            with contextlib.suppress(OSError):
                total += int(Path(self.task, task, "schedstat").read_text().split()[0])
        return total / 1e6

    def status(self, name, kind=int):
        return kind(re.search(rf"^{name}:\s+(\d+)", Path(self.task, str(self.process.pid), "status").read_text(), re.M)[1])

    def resident_mb(self):
        return self.status("VmRSS") / 1024

    def wakeups(self):
        return self.status("voluntary_ctxt_switches")


def told(values, digits=1):
    values = sorted(values)
    return [f"{values[0]:.{digits}f}", f"{statistics.median(values):.{digits}f}", f"{values[-1]:.{digits}f}"]


def files(count):
    found = {}
    for number in range(count):
        step = {"id": "seed", "insert": {"collection": "things", "documents": [one_insert(number)]}}
        found[file_name(number)] = json.dumps({"migtui": 1, "title": f"number {number}", "up": [step]})
    return found


# --- first frame -----------------------------------------------------------------------------------------


def first_frame(report):
    """Three environments where nobody answers."""
    own, every, sizes, wall = [], [], [], []
    with fresh([files(FEW), ["dev", "test", "prod"]], offline=True) as project:
        for _ in range(FIRST_RUNS):
            began = time.monotonic()
            with Console(project) as console:
                taken, _ = console.until(rb"\x1b\[\?1049h")
                own.append(console.work_ms())
                every.append(console.work_ms(main_only=False))
                wall.append((time.monotonic() - began) * 1000)
                while len(taken) < 2500:
                    taken += console.read(5)
                taken += console.settle(0.02)
                sizes.append(len(taken))
    report.say(f"## First frame, three environments where nobody answers, {FIRST_RUNS} starts")
    report.table(["", "least", "median", "most"], [
        ["CPU up to it, the thread that draws, ms", *told(own)],
        ["CPU up to it, all threads, ms", *told(every)],
        ["time up to it, ms", *told(wall)],
        ["bytes", *told(sizes, 0)],
    ])  # fmt: skip
    report.say(f"CPU of the thread that draws below 10 ms: {verdict(statistics.median(own) < 10)}. "
               f"Below 8 KB: {verdict(max(sizes) < 8192)}.")  # fmt: skip


# --- keys ------------------------------------------------------------------------------------------------


def moves(console, keys=KEYS):
    """(bytes at once, bytes that follow when the selection rests, CPU ms of the drawing thread) of each key that moves the
    selection, once everything is quiet."""
    console.settle()
    found = []
    for _ in range(keys):
        before = console.work_ms()
        console.key(b"k")  # the newest is chosen at first
        at_once = len(console.read(5))  # a frame is one write
        found.append((at_once, len(console.settle(0.15)), console.work_ms() - before))
    return found


def idle(console):
    """(bytes, times the drawing thread woke up) of some idle seconds within one minute of the clock."""
    console.settle(1)
    while not 1 < time.time() % 60 < 59 - IDLE_S:
        console.read(1)
    before, begun = console.wakeups(), time.monotonic()
    taken = 0
    while (left := begun + IDLE_S - time.monotonic()) > 0:
        taken += len(console.read(left))
    return taken, console.wakeups() - before


def three(report, server):
    with fresh([files(FEW), ["dev", "test", "prod"]], server=server) as project:
        for env in project.environments:
            migtui(project, "apply", "--env", env, "--yes")
            aged = {"$dateSubtract": {"startDate": "$endedAt", "unit": "day", "amount": 2}}  # so that nothing turns a minute older
            project.db(env).migtui_history.update_many({"endedAt": {"$exists": True}}, [{"$set": {"endedAt": aged}}])
        with Console(project) as console:
            console.until(rb"prod")
            console.settle(1)
            memory = console.resident_mb()
            within = moves(console, KEYS // 2)  # a page has 22 rows
            sizes = [size for size, *_ in within]
            moves(console, 3)
            scrolling = [size for size, *_ in moves(console, KEYS // 2)]
            quiet_bytes, quiet_wakeups = idle(console)
            grown = console.resident_mb()
    report.say(f"## Three environments, {FEW} migrations applied on each, on a live server")
    report.table(["", "least", "median", "most"], [
        ["bytes a move of the selection within the page", *told(sizes, 0)],
        ["bytes that follow when the selection rests", *told([follow for _, follow, _ in within], 0)],
        ["bytes a move that scrolls by a row", *told(scrolling, 0)],
    ])  # fmt: skip
    report.say(f"Below {MOVE_BYTES} bytes within the page, each of them: {verdict(max(sizes) < MOVE_BYTES)}; a move that scrolls sends "
               f"more, as a terminal scrolls whole rows and the pane beside the table stays.")  # fmt: skip
    report.say(f"{IDLE_S} idle seconds that no minute ends in: {quiet_bytes} bytes: {verdict(quiet_bytes == 0)}; the drawing "
               f"thread woke up {quiet_wakeups} times: for an answer (an environment is asked every 15 s where the server tells changes), "
               f"and where one could have become older than 5 s. Resident: {memory:.1f} MB at first, "
               f"{grown:.1f} MB after; below {RESIDENT_LIMIT_MB} MB: {verdict(max(memory, grown) < RESIDENT_LIMIT_MB)}.")  # fmt: skip


# --- a storm ---------------------------------------------------------------------------------------------


class Storm(threading.Thread):
    """Writes events into a run's journal at a steady rate."""

    def __init__(self, journal, run):
        super().__init__(daemon=True)
        self.journal, self.run_id, self.written, self.over = journal, run, 0, threading.Event()
        self.behind = 0

    def run(self):
        with open(self.journal, "ab", buffering=0) as file:
            begun = time.monotonic()
            while not self.over.wait(0.02):
                due = int((time.monotonic() - begun) * STORM_LINES)
                lines = [
                    json.dumps({"event": "output", "at": "2026-11-21T14:02:11.000Z", "seq": 1000 + number, "run": self.run_id,
                                "version": "20260101000000", "step": "wait", "line": f"line {number} of the storm"})
                    for number in range(self.written, due)
                ]  # fmt: skip
                if lines:
                    file.write(("\n".join(lines) + "\n").encode())
                self.written = due
            self.seconds = time.monotonic() - begun


def storm(report, server):
    slow = {"migtui": 1, "title": "slow", "up": [{"id": "wait", "exec": {"run": ["sleep", "120"]}}]}
    with fresh([{file_name(0): json.dumps(slow)}, ["dev"]], server=server) as project:
        migtui(project, "apply", "--env", "dev", "--detach")
        journal = harness.wait_for(lambda: next(iter(project.dir.glob("state/**/runs/*.jsonl")), None))
        with Console(project) as console:
            console.until(rb"LOCKED")
            console.key(f":view log --env dev --run {journal.stem}\r".encode())
            console.until(rb"[Ff]ollow")
            writer = Storm(journal, journal.stem)
            writer.start()
            console.until(rb"of the storm")
            cpu, begun = console.work_ms(), time.monotonic()
            waits, frames = [], []
            while time.monotonic() < begun + STORM_S:
                pressed = time.monotonic()
                console.key(b"?")
                _, writes = console.until(rb"HELP")
                waits.append((time.monotonic() - pressed) * 1000)
                frames.append(writes)
                console.key(b"\x03")
                console.until(rb"of the storm")
                console.read(0.05)
            cpu, seconds = console.work_ms() - cpu, time.monotonic() - begun
            drawn = len(console.seen)
            memory = console.resident_mb()
            writer.over.set()
            writer.join()
    rate = writer.written / writer.seconds
    report.say(f"## Keys while {rate:.0f} log lines a second arrive, the log on screen and followed")
    report.table(["", "least", "median", "most"], [["key to paint, ms", *told(waits)], ["frames begun up to it", *told(frames, 0)]])
    report.say(f"{len(waits)} keys in {seconds:.0f} s. A frame is due {FRAME_MS} ms after the last at the earliest. "
               f"Painted with the next frame, or the one after where one was under way: {verdict(max(frames) <= 2)}. The drawing "
               f"thread used {cpu / seconds / 10:.0f} % of one core; {drawn / 1024:.0f} KB were sent in all; resident {memory:.1f} MB, "
               f"below {RESIDENT_LIMIT_MB} MB: {verdict(memory < RESIDENT_LIMIT_MB)}.")  # fmt: skip


# --- many ------------------------------------------------------------------------------------------------


def same_files(count):
    """Files of one text: what one of them left behind, made many, is what all of them would have."""
    step = {"id": "seed", "insert": {"collection": "things", "documents": [one_insert(0)]}}
    text = json.dumps({"migtui": 1, "title": "one of many", "up": [step]})
    return {file_name(number): text for number in range(count)}


def spread_history(project, names, count):
    """The first migration's record on the first environment, as if all but the last ten had run everywhere."""
    source = project.db(names[0])
    record = source.migtui_history.find_one({"state": "applied"})
    records = []
    for number in range(count - 10):
        version = file_name(number).split("_")[0]
        records.append({**record, "_id": version, "version": version, "seq": number + 1})
    for collection in source.list_collection_names():
        if collection.startswith("migtui") and collection != "migtui_history":
            documents = list(source[collection].find())
            for name in names[1:]:
                if documents:
                    project.db(name)[collection].insert_many(documents)
    for name in names:
        project.db(name).migtui_history.delete_many({"state": "applied"})
        project.db(name).migtui_history.insert_many(records, ordered=False)


def answered(console, deadline_s=600):
    """Until every environment has: one that has not is "..." in the header."""
    end = time.monotonic() + deadline_s
    while True:
        console.key(b"\x0c")  # all of the screen again
        taken = console.settle(1)
        if taken and b"..." not in taken:
            return
        if time.monotonic() > end:
            raise SystemExit("not every environment answers")


def looked(console):
    """(CPU ms of each time the drawing thread was at work, most MB resident) of some seconds of looks at every environment."""
    wakes, most, busy, before = [], console.resident_mb(), 0, console.work_ms()
    until = time.monotonic() + LOOKED_S
    while time.monotonic() < until:
        console.read(0.002)
        now = console.work_ms()
        if now == before and busy:
            wakes.append(busy)
            most, busy = max(most, console.resident_mb()), 0
        busy, before = busy + now - before, now
    return wakes, most


def scrolled(count):
    names = [f"env{number}" for number in range(ENVIRONMENTS)]
    server = harness.Server()
    with fresh([same_files(count), names], server=server) as project:
        migtui(project, "apply", "--env", names[0], "--count", "1")
        spread_history(project, names, count)
        with Console(project) as console:
            console.until(rb"(?s)applied", 300)
            answered(console)
            found = moves(console)
            page = []
            for _ in range(20):
                before = console.work_ms()
                console.key(b"\x1b[5~")
                console.read(5)
                console.settle(0.06)
                page.append(console.work_ms() - before)
            wakes, memory = looked(console)
        project.servers.clear()  # ending the server is faster than dropping so much
    server.close()
    return found, page, wakes, memory


def many(report, _):
    few, few_pages, few_wakes, few_mb = scrolled(FEW)
    lots, pages, wakes, mb = scrolled(MANY)
    report.say(f"## {MANY} migrations on {ENVIRONMENTS} environments, beside {FEW} on as many")
    rows = []
    for name, small, large in (
        ("bytes a move", [s for s, *_ in few], [s for s, *_ in lots]),
        ("CPU a move, drawing thread, ms", [m for *_, m in few], [m for *_, m in lots]),
        ("CPU a page, drawing thread, ms", few_pages, pages),
        ("CPU a wake-up without a key, ms", few_wakes, wakes),
    ):
        share = ratio(statistics.median(large), statistics.median(small))
        rows.append([name, *told(small), *told(large), share])
    report.table(["", f"{FEW}: least", "median", "most", f"{MANY}: least", "median", "most", "ratio of medians"], rows)
    worst = max([ms for *_, ms in lots] + pages + wakes)
    report.say(f"No key and no look that comes in takes longer than 5 ms of the drawing thread: {verdict(worst < 5)}. Resident at most {few_mb:.1f} MB and {mb:.1f} MB, "
               f"with {LOOKED_S} s of looks after all have answered.")


PARTS = {"first": lambda report, _: first_frame(report), "three": three, "storm": storm, "many": many}


def bench():
    wanted = sys.argv[1:] or list(PARTS)
    server = harness.Server()
    with Report("console" if len(wanted) == len(PARTS) else "console-part", f"The console on a terminal of {COLS}x{ROWS}",
                server) as report:  # fmt: skip
        for name in wanted:
            PARTS[name](report, server)


if __name__ == "__main__":
    main(bench)
