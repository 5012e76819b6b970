"""10,000 migration files: read, checked, digested and planned; the time beside that of sha256sum over the same files.

Two sets: small files of one step, and files as they are written by hand, of two steps, a way back and a comment.
"""

import json

from common import (RESIDENT_LIMIT_MB, Report, file_name, fresh, main, median, measured, migtui, one_insert, resident, rounds,
                    spread, verdict)  # fmt: skip

COUNT = 10_000
LIMIT_S = 0.3
PENDING = 2  # the exit status of plan with something to do


def small(number):
    step = {"id": "seed", "insert": {"collection": "things", "documents": [one_insert(number)]}}
    return json.dumps({"migtui": 1, "title": f"number {number}", "up": [step]})


def usual(number):
    name, collection = f"email_{number}", f"things_{number % 50}"
    index = {"key": {"email": 1, "created": -1}, "name": name}
    change = {"q": {"state": {"$exists": False}}, "u": {"$set": {"state": "new", "since": number}}, "multi": True}
    document = {
        "migtui": 1,
        "title": f"index and default {number}",
        "up": [
            {"id": "index", "createIndexes": {"collection": collection, "indexes": [index]}},
            {"id": "default", "update": {"collection": collection, "updates": [change]}},
        ],
        "down": [{"id": "drop", "dropIndexes": {"collection": collection, "index": name}}],
    }
    return f"// Asked for by the search team: they list the newest of each address.\n{json.dumps(document, indent=2)}\n"


def sha256sum(project):
    return measured("sh", "-c", "sha256sum *", cwd=project.migrations)


def look(report, what, make):
    with fresh([{file_name(number): make(number) for number in range(COUNT)}, ["dev"]]) as project:
        size = sum(file.stat().st_size for file in project.migrations.iterdir())
        plan = "plan, all pending"
        contestants = {
            "sha256sum": lambda: sha256sum(project),
            "verify-dir": lambda: migtui(project, "verify-dir"),
            "status": lambda: migtui(project, "status", "--env", "dev"),
            plan: lambda: migtui(project, "plan", "--env", "dev", status=PENDING),
        }
        found = rounds(contestants)
        if make is small:
            migtui(project, "apply", "--env", "dev", "--count", str(COUNT - 10))
            contestants = {
                "status, 10 pending": lambda: migtui(project, "status", "--env", "dev"),
                "plan, 10 pending": lambda: migtui(project, "plan", "--env", "dev", status=PENDING),
            }
            found |= rounds(contestants)
    base = found.pop("sha256sum")
    report.say(f"## {what}: {size / COUNT:.0f} bytes each")
    rows = []
    for name, runs in found.items():
        rows.append([name, spread(runs), f"{median(runs) / median(base):.2f}", verdict(median(runs) < LIMIT_S), resident(runs),
                     verdict(max(run.resident_mb for run in runs) < RESIDENT_LIMIT_MB)])  # fmt: skip
    report.table(["command", "s", "times sha256sum", f"< {LIMIT_S} s", "resident MB, most", f"< {RESIDENT_LIMIT_MB} MB"], rows)


def bench():
    with Report("files", f"{COUNT} migration files") as report:
        report.say("Seconds: the median, and the fastest and slowest round.")
        look(report, "Files of one step", small)
        look(report, "Files of two steps, a way back and a comment", usual)


if __name__ == "__main__":
    main(bench)
