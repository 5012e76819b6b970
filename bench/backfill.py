"""A backfill of a million documents, resumable, beside one raw updateMany of the same change on the same server.

MIGTUI_BENCH_SERVER names another server's program, started as `PROGRAM --host H --port P --storage-path DIR`, e.g. the
Rust package secantus-mdb's secantusd-rs; without it, the server of the tests. MIGTUI_BENCH_DOCUMENTS: how many.
"""

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
        harness._open.append(self)

    def client(self):
        return self._client

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


def update_many(project):
    """In a process of its own, as migtui is: pymongo's time is a connection and one command."""
    again(project)
    script = (
        "import json, sys, pymongo; uri, name, query, change = sys.argv[1:];"
        "pymongo.MongoClient(uri)[name].people.update_many(json.loads(query), json.loads(change))"
    )
    uri, name = project.servers["dev"].uri, project.db().name
    run = measured(sys.executable, "-c", script, uri, name, json.dumps(OLD), json.dumps(CHANGE))
    check(project)
    return run


def backfill(project, commands):
    again(project)
    run = measured(harness.BINARY, "apply", "--env", "dev", cwd=project.dir, env=project.env)
    check(project)
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
    project = harness.Project(m.files(m.batch("fill", "people", OLD, CHANGE, "marker")), ["dev"], server=server)
    began = time.monotonic()
    fill(project.db().people)
    print(f"  {COUNT} documents in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    with Report(name, f"Backfill of {COUNT:,} documents", None if PROGRAM else server) as report:
        cuts = []
        found = rounds({"updateMany": lambda: update_many(project), "migtui, batch by marker": lambda: backfill(project, cuts)})
        cut = max(cuts)
        report.say(
            f"Server: {Path(PROGRAM).name if PROGRAM else server_name(server)}; how it finds a range of _id (explain): {explain(project)}."
        )
        base = median(found["updateMany"])
        rows = []
        for what, runs in found.items():
            times = median(runs) / base
            rows.append([what, spread(runs), f"{times:.2f}", "" if what == "updateMany" else verdict(times <= LIMIT),
                         resident(runs), verdict(max(run.resident_mb for run in runs) < RESIDENT_LIMIT_MB)
                         if what != "updateMany" else "", cut if what != "updateMany" else 1])  # fmt: skip
        report.table(["", "s", "times updateMany", f"≤ {LIMIT}", "resident MB, most", f"< {RESIDENT_LIMIT_MB} MB", "commands"], rows)


if __name__ == "__main__":
    main(bench)
