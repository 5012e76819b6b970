"""A backup by migtui beside mongodump of the same database on the same server, and the memory that backups take.

Needs mongodump on PATH for the first; the memory is measured without it too. MIGTUI_BENCH_SERVER names another server's
program, as for the backfill. MIGTUI_BENCH_DOCUMENTS: how many documents of about a kilobyte (100,000).
"""

import os
import random
import shutil
import subprocess
import sys

import bson
from backfill import OtherServer
from common import Report, fresh, harness, main, median, measured, ratio, resident, rounds, server_name, spread, verdict

import archive  # of tests/live, as harness is

COUNT = int(os.environ.get("MIGTUI_BENCH_DOCUMENTS", "100000"))
PROGRAM = os.environ.get("MIGTUI_BENCH_SERVER")
PARTS = sys.argv[1:]  # speed, memory; none: both
MEMORY_LIMIT_MB = 64
LARGE = 15_500_000
WORDS = [f"{a}{b}" for a in ("mon", "ven", "gar", "tal", "sil", "dor") for b in ("a", "ero", "it", "une", "elle", "ix")]


def document(number):
    """About a kilobyte of what shops keep: names, prices, lines of an order, text."""
    random.seed(number)
    return {
        "_id": number,
        "customer": {"name": f"{random.choice(WORDS)} {random.choice(WORDS)}", "mail": f"c{number % 5000}@example.com"},
        "placed": number * 1000,
        "lines": [{"sku": f"{random.randrange(10**9):09}", "n": random.randrange(9), "cents": random.randrange(10**5)} for _ in range(6)],
        "note": " ".join(random.choice(WORDS) for _ in range(70)),
    }


def fill_usual(db):
    """Four collections, one with half of it."""
    shares = {"orders": COUNT // 2, "customers": COUNT // 4, "carts": COUNT // 8, "events": COUNT // 8}
    for name, count in shares.items():
        for begin in range(0, count, 5000):
            db[name].insert_many([document(n) for n in range(begin, min(begin + 5000, count))], ordered=False)


def fill_large(db):
    """In four collections, which are read at once, documents about as large as they may be; they do not compress."""
    for name in "abcd":
        for number in range(4):
            db[name].insert_one({"_id": number, "blob": os.urandom(LARGE)})


def fill_mixed(db):
    """Small documents and, between them, large ones: the average says nothing of what comes next."""
    for name in "abcd":
        for number in range(4):
            db[name].insert_many([{"_id": f"{number}-{i}", "text": "x" * 500} for i in range(3000)], ordered=False)
            db[name].insert_one({"_id": number, "blob": os.urandom(LARGE)})


def settled(project):
    """Without migtui's own records of the last round, which would grow."""
    for name in project.db().list_collection_names():
        if name.startswith("migtui_") and name != "migtui_meta":
            project.db()[name].drop()
    shutil.rmtree(project.dir / "backups", ignore_errors=True)


def by_migtui(project, *words):
    settled(project)
    return measured(harness.BINARY, "backup", "take", "--env", "dev", "--quiet", *words, cwd=project.dir, env=project.env)


def by_mongodump(project):
    settled(project)
    (project.dir / "backups").mkdir()
    file = project.dir / "backups/dump.archive.gz"
    return measured("mongodump", "--uri", project.servers["dev"].uri, "--db", project.db().name, f"--archive={file}", "--gzip")


def archive_mb(project):
    return sum(path.stat().st_size for path in (project.dir / "backups").glob("*.gz")) / 1e6


def version():
    done = subprocess.run(["mongodump", "--version"], capture_output=True, text=True, check=False)
    return done.stdout.splitlines()[0].removeprefix("mongodump version: ") if done.stdout else "unknown"


def speed(report, server):
    if not shutil.which("mongodump"):
        report.say("mongodump is not on PATH: nothing to compare with.")
        return
    with fresh(({}, {"dev": {"server": server}})) as project:
        fill_usual(project.db())
        project.run("status", check=0)
        sizes = {}

        def sized(name, act, *words):
            run = act(project, *words)
            sizes[name] = archive_mb(project)
            return run

        runs = rounds({
            "migtui, read back": lambda: sized("migtui, read back", by_migtui),
            "migtui --no-verify": lambda: sized("migtui --no-verify", by_migtui, "--no-verify"),
            "mongodump": lambda: sized("mongodump", by_mongodump),
        })  # fmt: skip
        megabytes = project.db().command("dbStats")["dataSize"] / 1e6
    report.say(f"## {COUNT:,} documents in four collections, {megabytes:.0f} MB; mongodump {version()} with --gzip, as migtui writes")
    report.table(
        ["", "seconds", "times mongodump", "MB/s", "processor s", "archive MB", "resident MB"],
        [[name, spread(found), ratio(median(found), median(runs["mongodump"])), f"{megabytes / median(found):.0f}",
          f"{median(found, 'user') + median(found, 'system'):.2f}", f"{sizes[name]:.1f}", resident(found)]
         for name, found in runs.items()],
    )  # fmt: skip
    holds = median(runs["migtui --no-verify"]) <= median(runs["mongodump"])
    report.say(f"At least as fast as mongodump (which reads nothing back): {verdict(holds)}.")


def fill_many(db):
    for begin in range(0, 200_000, 5000):
        db.orders.insert_many([document(n) for n in range(begin, begin + 5000)], ordered=False)


def fill_forty(db):
    """As many collections of the same documents."""
    docs = [document(n) for n in range(3000)]
    for number in range(40):
        db[f"c{number:02}"].insert_many(docs, ordered=False)


def interleaved(project):
    """The forty as mongodump --numParallelCollections=40 would write them: two documents of each in turn. Ours reads four
    at a time, whatever their number."""
    docs = [bson.encode(document(n)) for n in range(3000)]
    metadata = {"options": {}, "indexes": [{"v": 2, "key": {"_id": 1}, "name": "_id_"}], "uuid": "0" * 32, "type": "collection"}
    path = project.dir / "interleaved.archive.gz"
    archive.write(path, "forty", {f"c{number:02}": (metadata | {"collectionName": f"c{number:02}"}, docs) for number in range(40)}, same=True)
    return path


def by_restore(project, *backup):
    """Of the newest backup, or of a file."""
    into = f"{project.db().name}_back"
    project.servers["dev"].drop(into)
    run = measured(harness.BINARY, "restore", *backup, "--env", "dev", "--into", into, "--yes", "--quiet", cwd=project.dir, env=project.env)
    project.servers["dev"].drop(into)
    return run


CASES = {
    "16 of 15.5 MB, in four collections": fill_large,
    "12,000 small and 16 of 15.5 MB among them, in four collections": fill_mixed,
    "200,000 of a kilobyte, in one": fill_many,
    "120,000 of a kilobyte, in forty": fill_forty,
}


def memory(report, server):
    rows = []

    def row(what, *runs):
        held = all(run is None or run.resident_mb < MEMORY_LIMIT_MB for run in runs)
        rows.append([what, *(resident([run]) if run else "" for run in runs), verdict(held)])

    for what, fill in CASES.items():
        with fresh(({}, {"dev": {"server": server}})) as project:
            fill(project.db())
            row(what, max((by_migtui(project) for _ in range(2)), key=lambda run: run.resident_mb),
                measured(harness.BINARY, "backup", "verify", "--env", "dev", "--quiet", cwd=project.dir, env=project.env),
                by_restore(project))  # fmt: skip
            if fill is fill_forty:
                row("the same forty, two documents of each in turn", None, None, by_restore(project, interleaved(project)))
    report.say(f"## Memory of migtui: resident MB, at most; below {MEMORY_LIMIT_MB}")
    report.table(["documents", "take, reading back", "verify", "restore", ""], rows)


def bench():
    server = OtherServer(PROGRAM) if PROGRAM else harness.shared_server()
    with Report("backup", "Backup beside mongodump", server) as report:
        if PROGRAM:
            report.say(f"Server: {os.path.basename(PROGRAM)}, as MongoDB {server_name(server).rsplit(' ', 1)[-1]}.")
        if not PARTS or "speed" in PARTS:
            speed(report, server)
        if not PARTS or "memory" in PARTS:
            memory(report, server)


if __name__ == "__main__":
    main(bench)
