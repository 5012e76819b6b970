"""status looks at all environments at once: three take what the slowest takes, and each costs the same few round trips."""

import json

from common import (RESIDENT_LIMIT_MB, Report, file_name, harness, main, median, migtui, one_insert, resident, rounds, spread,
                    verdict)  # fmt: skip
from delay_proxy import Proxy, own

MIGRATIONS = 100
SLOW_MS = 200
MOST = 1.1  # of the slowest alone


def files():
    found = {}
    for number in range(MIGRATIONS):
        step = {"id": "seed", "insert": {"collection": "things", "documents": [one_insert(number)]}}
        found[file_name(number)] = json.dumps({"migtui": 1, "title": f"number {number}", "up": [step]})
    return found


def bench():
    server = harness.Server()
    proxies = {"dev": Proxy(server.address), "test": Proxy(server.address, SLOW_MS), "prod": Proxy(server.address, SLOW_MS)}
    project = harness.Project(files(), {env: {"uri": proxy.uri} for env, proxy in proxies.items()}, server=server)
    for env in proxies:
        migtui(project, "apply", "--env", env)

    def status(*envs):
        words = [word for env in envs for word in ("--env", env)]
        return migtui(project, "status", *words)

    found = rounds({
        "dev, near": lambda: status("dev"),
        f"test, {SLOW_MS} ms away": lambda: status("test"),
        f"dev near, test and prod {SLOW_MS} ms away": lambda: status(),
    })  # fmt: skip
    for proxy in proxies.values():
        proxy.reset()
    status()
    with Report("status", f"status of three environments, {MIGRATIONS} migrations applied on each", server) as report:
        report.say("Seconds: the median, and the fastest and slowest round.")
        report.table(["environments", "s", "resident MB, most"],
                     [[name, spread(runs), resident(runs)] for name, runs in found.items()])  # fmt: skip
        _, slowest, three = found.values()
        share = median(three) / median(slowest)
        report.say(f"Three take {share:.2f} of what the slowest takes; at most {MOST}: {verdict(share <= MOST)}.")
        report.say("Commands by environment, and what the driver sends by itself:")
        rows = []
        for name, proxy in proxies.items():
            counts = proxy.counts()
            ours = own(counts)
            told = ", ".join(f"{key} {count}" for key, count in sorted(ours.items()))
            rows.append([name, sum(ours.values()), told, counts["hello (driver)"], counts["connections"]])
        report.table(["environment", "commands", "by name", "hellos", "connections"], rows)
        most = max(run.resident_mb for runs in found.values() for run in runs)
        report.say(f"Resident memory below {RESIDENT_LIMIT_MB} MB: {verdict(most < RESIDENT_LIMIT_MB)}.")


if __name__ == "__main__":
    main(bench)
