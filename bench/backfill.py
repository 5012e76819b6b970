"""A backfill of a million documents, resumable, beside one raw updateMany of the same change on the same server, and beside as
many updates of ranges sent by a client that knows their bounds and keeps no record: what ranges cost this server by themselves.

Where others use the machine too, the server's processor time says more than the clock.

MIGTUI_BENCH_SERVER names another server's program, started as `PROGRAM --host H --port P --storage-path DIR`, e.g. the
Rust package secantus-mdb's secantusd-rs; without it, the server of the tests. MIGTUI_BENCH_DOCUMENTS: how many.
"""

import collections
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pymongo

from common import (RESIDENT_LIMIT_MB, Report, harness, main, measured, median, resident, rounds, server_name, spread,
                    verdict)  # fmt: skip

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/live"))
import migrations as m  # noqa: E402

COUNT = int(os.environ.get("MIGTUI_BENCH_DOCUMENTS", "1000000"))
PROGRAM = os.environ.get("MIGTUI_BENCH_SERVER")
LIMIT = 1.2  # times one updateMany
CHANGE = [{"$set": {"first": {"$arrayElemAt": [{"$split": ["$name", " "]}, 0]}, "v": 2}}]
OLD = {"v": {"$lt": 2}}


class OtherServer:
    """What harness.Project needs of a server, for a program that scripts/server does not know."""

    given, running = False, True

    def __init__(self, program):
        self.dir = harness.temp_dir("bench-server")
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        (self.dir / "none.toml").touch()
        words = [program, "--config", self.dir / "none.toml", "--host", "127.0.0.1", "--port", str(port), "--storage-path", self.dir / "data"]
        with open(self.dir / "log", "wb") as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=log, cwd=self.dir)
        self.uri = f"mongodb://127.0.0.1:{port}/?directConnection=true"
        self._client = pymongo.MongoClient(self.uri, serverSelectionTimeoutMS=30000)
        self._client.admin.command("ping")
        self.pid = self.process.pid
        harness._open.append(self)

    def client(self):
        return self._client

    def drop(self, database):
        self._client.drop_database(database)

    def close(self):
        harness._open.remove(self)
        self._client.close()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        harness.remove_dir(self.dir)


def fill(collection):
    for begin in range(0, COUNT, 20_000):
        collection.insert_many(
            [{"_id": n, "name": f"Ada{n % 97} Lovelace", "v": 1, "pad": "x" * 60} for n in range(begin, min(begin + 20_000, COUNT))],
            ordered=False,
        )


def again(project):
    """Everything as before the change, and its record gone."""
    db = project.db()
    db.people.update_many({}, [{"$set": {"v": 1}}, {"$unset": "first"}])
    for name in db.list_collection_names():
        if name.startswith("migtui_"):
            db[name].drop()


def check(project):
    done = project.db().people.count_documents({"v": 2, "first": {"$exists": True}})
    if done != COUNT:
        raise SystemExit(f"{done} of {COUNT} documents carry the change")


def processor_s(server):
    """Seconds of processor the server has used so far; None for one that is not ours."""
    if server.given:
        return None
    pid = getattr(server, "pid", None) or json.loads((server.dir / "server.json").read_text())["pid"]
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


Taken = collections.namedtuple("Taken", "wall resident_mb server")


def taken(project, *words, **options):
    """Runs a program that makes the change, from the state before it, and checks that all of it was made."""
    again(project)
    server = project.servers["dev"]
    before = processor_s(server)
    run = measured(*words, **options)
    after = processor_s(server)
    check(project)
    return Taken(run.wall, run.resident_mb, after - before if before is not None else 0)


def by_pymongo(project, body, *arguments):
    """In a process of its own, as migtui is: its time is a connection and what body sends."""
    script = "import json, sys, pymongo; uri, name, query, change, *rest = sys.argv[1:];" \
             "people = pymongo.MongoClient(uri)[name].people; query, change = json.loads(query), json.loads(change);" + body  # fmt: skip
    uri, name = project.servers["dev"].uri, project.db().name
    return taken(project, sys.executable, "-c", script, uri, name, json.dumps(OLD), json.dumps(CHANGE), *arguments)


def update_many(project):
    return by_pymongo(project, "people.update_many(query, change)")


def ranges(project, count):
    body = (
        "total, size = map(int, rest);"
        "[people.update_many({'_id': {'$gte': at, '$lt': at + size}, **query}, change, hint={'_id': 1}) for at in range(0, total, size)]"
    )
    return by_pymongo(project, body, str(COUNT), str(-(-COUNT // count)))


def migrations(workers):
    return m.files(m.batch("fill", "people", OLD, CHANGE, "marker", workers=workers))


def backfill(project, commands, workers=1):
    for file, text in migrations(workers).items():
        project.write(file, text)
    run = taken(project, harness.BINARY, "apply", "--env", "dev", cwd=project.dir, env=project.env)
    commands.append(m.record(project, 1)["steps"][0]["result"]["ranges"])
    return run


def explain(project):
    """What the server says it does to find one range."""
    query = {"_id": {"$gte": 10, "$lt": 20}}
    plan = project.db().command({"explain": {"find": "people", "filter": query, "hint": {"_id": 1}}})
    text = str(plan)
    return next((word for word in ("COLLSCAN", "IXSCAN", "IDHACK", "CLUSTERED_IXSCAN") if word in text), "not told")


def bench():
    server = OtherServer(PROGRAM) if PROGRAM else harness.Server()
    name = "backfill" if not PROGRAM else f"backfill-{Path(PROGRAM).name}"
    project = harness.Project(migrations(1), ["dev"], server=server)
    began = time.monotonic()
    fill(project.db().people)
    print(f"  {COUNT} documents in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    with Report(name, f"Backfill of {COUNT:,} documents", None if PROGRAM else server) as report:
        cuts, by_two = [], []
        backfill(project, cuts)  # how many ranges it takes here; not counted
        found = rounds({"updateMany": lambda: update_many(project), "ranges, bounds known": lambda: ranges(project, cuts[0]),
                        "migtui, batch by marker": lambda: backfill(project, cuts),
                        "migtui, by two workers": lambda: backfill(project, by_two, 2)})  # fmt: skip
        sent = {"updateMany": 1, "ranges, bounds known": cuts[0], "migtui, batch by marker": max(cuts),
                "migtui, by two workers": max(by_two)}  # fmt: skip
        report.say(
            f"Server: {Path(PROGRAM).name if PROGRAM else server_name(server)}; how it finds a range of _id (explain): {explain(project)}."
        )
        base, base_server = median(found["updateMany"]), median(found["updateMany"], "server") or 1
        rows = []
        for what, runs in found.items():
            times, most = median(runs) / base, max(run.resident_mb for run in runs)
            ours = what.startswith("migtui")
            rows.append([what, spread(runs), f"{times:.2f}", verdict(times <= LIMIT) if ours else "",
                         spread(runs, "server"), f"{median(runs, 'server') / base_server:.2f}",
                         resident(runs), verdict(most < RESIDENT_LIMIT_MB) if ours else "", sent[what]])  # fmt: skip
        head = ["", "s", "times updateMany", f"≤ {LIMIT}", "server's processor, s", "times updateMany", "resident MB, most",
                f"< {RESIDENT_LIMIT_MB} MB", "commands"]  # fmt: skip
        report.table(head, rows)


if __name__ == "__main__":
    main(bench)
