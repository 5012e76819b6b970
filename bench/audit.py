"""`audit verify` of a hundred thousand entries, in the database and from an export, beside a client that reads the same
entries and does nothing with them: what the server takes to tell them is the floor of any reader.

The entries are copies of a real one, chained as docs/reference/audit.md says; MIGTUI_BENCH_ENTRIES: how many.
MIGTUI_BENCH_SERVER names another server's program, which is measured beside the usual one.
"""

import collections
import copy
import hashlib
import os
import time

import bson
import bson.json_util
from backfill import OtherServer
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument

from common import Report, harness, main, median, migtui, one_insert, ratio, resident, rounds, server_name, spread, verdict

COUNT = int(os.environ.get("MIGTUI_BENCH_ENTRIES", "100000"))
PROGRAM = os.environ.get("MIGTUI_BENCH_SERVER")
SECONDS = 2
BATCH = 2000  # documents: as many as migtui's megabyte has
FILE = "20260101000000_one.jsonc"
RAW = CodecOptions(document_class=RawBSONDocument)

Read = collections.namedtuple("Read", "wall")


def digest(entry):
    covered = {"seq": bson.Int64(entry["_id"]), **{key: entry[key] for key in ("at", "uuid", "prev", "body")}}
    return hashlib.sha256(bson.encode(covered)).hexdigest()


def lengthen(audit):
    """The chain goes on from its newest entry until it has COUNT."""
    newest = audit.find_one({"_id": {"$type": "number"}}, sort=[("_id", -1)])
    entry, batch = newest, []
    for number in range(newest["_id"] + 1, COUNT + 1):
        entry = copy.copy(entry) | {"_id": bson.Int64(number), "prev": entry["digest"]}
        entry["digest"] = digest(entry)
        batch.append(entry)
        if len(batch) == 10_000 or number == COUNT:
            audit.insert_many(batch)
            batch = []


def export(project):
    (project.dir / "again.jsonl").unlink(missing_ok=True)
    return migtui(project, "audit", "export", "--out", "again.jsonl")


def read(audit):
    """The batches' bytes, not even taken apart."""
    began = time.monotonic()
    size = sum(len(batch) for batch in audit.with_options(RAW).find_raw_batches({"_id": {"$gte": 0}}, sort=[("_id", 1)], batch_size=BATCH))
    if size < COUNT * 100:
        raise SystemExit(f"{size} bytes are not {COUNT} entries")
    return Read(time.monotonic() - began)


def on(report, server, title):
    step = {"id": "seed", "insert": {"collection": "things", "documents": [one_insert(1)]}}
    project = harness.Project({FILE: bson.json_util.dumps({"migtui": 1, "title": "one", "up": [step]})}, ("dev",), server=server)
    migtui(project, "apply", "--env", "dev")
    audit = project.db().migtui_audit
    lengthen(audit)
    migtui(project, "audit", "export", "--out", "audit.jsonl")
    found = rounds({
        "a client that only reads": lambda: read(audit),
        "audit verify": lambda: migtui(project, "audit", "verify"),
        "audit verify FILE": lambda: migtui(project, "audit", "verify", "audit.jsonl"),
        "audit export --out FILE": lambda: export(project),
    })  # fmt: skip
    for run in found["audit verify"] + found["audit verify FILE"]:
        if f"the chain holds: {COUNT} entries" not in run.out:
            raise SystemExit(run.out)
    floor = found.pop("a client that only reads")
    rows = [["a client that only reads", spread(floor), ratio(1, 1), "", ""]]
    for name, runs in found.items():
        times = "" if name == "audit verify FILE" else ratio(median(runs), median(floor))
        rows.append([name, spread(runs), times, spread(runs, "user"), resident(runs)])
    report.say(f"## {title}")
    report.table(["command", "s", "times the reader", "user CPU s", "resident MB, most"], rows)
    for name in ("audit verify", "audit verify FILE"):
        report.say(f"`{name}` below {SECONDS} s: {verdict(median(found[name]) < SECONDS)}.")
    if median(floor) >= SECONDS:
        report.say(f"On this server nobody can read {COUNT} entries in {SECONDS} s: the reader alone takes {median(floor):.1f} s.")


def bench():
    server = harness.Server()
    with Report("audit", f"audit verify of {COUNT} entries", server) as report:
        report.say("Seconds: the median, and the fastest and slowest round. CPU is migtui's own, of which the rest is waiting "
                   "for the server. The reader is pymongo over the same connection string: raw batches, sorted as verify "
                   "wants them, nothing taken apart.")  # fmt: skip
        if PROGRAM:
            other = OtherServer(PROGRAM)
            on(report, other, f"{os.path.basename(PROGRAM)}, as MongoDB {server_name(other).rsplit(' ', 1)[-1]}")
        on(report, server, server_name(server))


if __name__ == "__main__":
    main(bench)
