"""A world that uses every way a step is carried out, a run of it that something happens to, and what must be there in
the end: the content of an undisturbed run, each change made once. Counters (n) would show anything that was done twice.
"""

from concurrent.futures import ThreadPoolExecutor

import migrations as m
from harness import LONG, MigtuiTest
from migrations import content, files, insert, migration, states, update
from proxy import MONITORING, Proxy

AT_ONCE = 4  # scenarios side by side: each is mostly waiting
URI = "${DEV_URI}"


def world():
    account = m.step("table", "createCollection", {"collection": "ledger", "validator": {"n": {"$gte": 0}}})
    move = [
        {"delete": {"collection": "ledger", "deletes": [{"q": {"_id": 1}, "limit": 1}]}},
        {"insert": {"collection": "archive", "documents": [{"_id": 1, "n": 1}]}},
    ]
    counted = [update("u", "ledger", {"_id": number}, {"$inc": {"n": 1}}, expect={"modified": 1}) for number in (1, 2, 3)]
    return files(
        migration(
            account,
            m.index("ref", "ledger", {"ref": 1}, unique=True),
            insert("rows", "ledger", *({"_id": number, "n": 0, "ref": number} for number in (1, 2, 3)), expect={"inserted": 3}),
        ),
        m.batch("mark", "people", *m.MARKER, size=6, workers=2),
        m.batch("count", "accounts", *m.COUNTER, size=8),
        *counted,
        migration(
            m.step("move", "transaction", move),
            m.step("drop", "dropIndexes", {"collection": "ledger", "index": "ref"}),
            m.step("mod", "collMod", {"collection": "ledger", "validationLevel": "moderate"}),
            m.step("name", "renameCollection", {"collection": "ledger", "to": "book"}),
            insert("last", "book", {"_id": 4, "n": 0, "ref": 4}),
        ),
    )


class Scenario:
    """A project whose runs go through a proxy, and whose end is compared with that of an undisturbed one."""

    def __init__(self, test, server=None, texts=None, lease=30, between=Proxy):
        options = {"server": server} if server else {}
        self.test = test
        self.project = test.project(
            texts or world(), {"dev": {"uri": URI}}, config={"leaseSeconds": lease, "batchTargetMs": 10}, **options
        )
        self.server = self.project.servers["dev"]
        self.proxy = between(self.server)
        test.addCleanup(self.proxy.close)
        for collection in ("people", "accounts"):
            m.seed(self.project, 24, collection=collection)

    @property
    def direct(self):
        return {"DEV_URI": self.server.uri}

    def spawn(self, act="apply"):
        return self.project.spawn(act, "--env", "dev", "--format", "ndjson", env={"DEV_URI": self.proxy.uri})

    def states(self):
        return states(self.project, variables=self.direct)

    def finish(self):
        """resume, and apply what is left, as an operator would."""
        if set(self.states().values()) & {"interrupted", "failed"}:
            self.project.run("resume", "--env", "dev", env=self.direct, check=0, timeout=120)
        self.project.run("apply", "--env", "dev", env=self.direct, check=0, timeout=120)

    def check(self, expected):
        found = content(self.project)
        for name in sorted(set(found) | set(expected)):
            self.test.assertEqual(found.get(name), expected.get(name), name)
        self.test.assertEqual(set(self.states().values()), {"applied"})
        rows = list(self.project.db().migtui_history.find({"_id": {"$ne": "#fence"}}, sort=[("seq", 1)]))
        self.test.assertEqual([row["_id"] for row in rows], sorted(row["_id"] for row in rows))
        self.test.assertEqual(len({row["seq"] for row in rows}), len(rows))
        held = m.environment(self.project, variables=self.direct)["lock"]
        self.test.assertFalse(held and held["alive"], held)  # killed right before its release, the last run left a dead lock


class CrashTest(MigtuiTest):
    def undisturbed(self, texts=None, **options):
        """(content after a run that nothing happened to, the messages of that run)"""
        scenario = Scenario(self, texts=texts, **options)
        self.assertEqual(scenario.spawn().ended(), 0)
        calm = content(scenario.project)
        self.assertEqual({doc["n"] for doc in calm["people"][0] + calm["accounts"][0]}, {1})
        return calm, [each for each in scenario.proxy.messages if each[0]]

    def everywhere(self, act, points):
        """act(point) for each point, some at a time; every failure is told with its point."""

        def one(point):
            try:
                act(point)
            except Exception as error:  # noqa: BLE001, all of them are wanted
                return f"{point}: {type(error).__name__}: {error}"
            return None

        with ThreadPoolExecutor(AT_ONCE) as pool:
            wrong = [each for each in pool.map(one, points) if each]
        self.assertFalse(wrong, "\n\n".join(wrong))

    def spread(self, total, short):
        """All numbers from 1 to total, or about `short` of them from everywhere."""
        return range(1, total + 1) if LONG else range(1, total + 1, max(1, total // short))


def own(messages):
    return [each for each in messages if each[0] not in MONITORING]
