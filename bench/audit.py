"""`audit verify` of a hundred thousand entries, in the database and from an export, beside reading the same entries and
doing nothing with them.

The entries are copies of a real one, chained as docs/reference/audit.md says; MIGTUI_BENCH_ENTRIES: how many.
"""

import copy
import hashlib
import os

import bson
import bson.json_util

from common import Report, harness, main, median, migtui, one_insert, resident, rounds, spread, verdict

COUNT = int(os.environ.get("MIGTUI_BENCH_ENTRIES", "100000"))
SECONDS = 2
FILE = "20260101000000_one.jsonc"


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


def bench():
    server = harness.Server()
    step = {"id": "seed", "insert": {"collection": "things", "documents": [one_insert(1)]}}
    project = harness.Project({FILE: bson.json_util.dumps({"migtui": 1, "title": "one", "up": [step]})}, ("dev",), server=server)
    migtui(project, "apply", "--env", "dev")
    audit = project.db().migtui_audit
    lengthen(audit)
    migtui(project, "audit", "export", "--out", "audit.jsonl")
    verify = {
        "audit verify": lambda: migtui(project, "audit", "verify"),
        "audit verify FILE": lambda: migtui(project, "audit", "verify", "audit.jsonl"),
        "audit export, verifying nothing": lambda: export(project),
    }
    found = rounds(verify)
    with Report("audit", f"audit verify of {COUNT} entries", server) as report:
        for run in found["audit verify"] + found["audit verify FILE"]:
            if f"the chain holds: {COUNT} entries" not in run.out:
                raise SystemExit(run.out)
        report.say("Seconds: the median, and the fastest and slowest round. CPU is migtui's own, of which the rest is waiting "
                   "for the server.")  # fmt: skip
        report.table(["command", "s", "user CPU s", "resident MB, most"],
                     [[name, spread(runs), spread(runs, "user"), resident(runs)] for name, runs in found.items()])  # fmt: skip
        for name in ("audit verify", "audit verify FILE"):
            report.say(f"`{name}` below {SECONDS} s: {verdict(median(found[name]) < SECONDS)}.")


if __name__ == "__main__":
    main(bench)
