"""Whatever dies at whatever message: after resume the data is what an undisturbed run gives, each change made once
(scenario.py)."""

import contextlib
import unittest

import migrations as m
from harness import LONG, Server, shared_server, wait_for
from migrations import files, insert, migration, states, update
from scenario import CrashTest, Scenario, own

MINE = {"update", "insert", "delete", "bulkWrite", "create", "createIndexes", "collMod", "renameCollection", "dropIndexes",
        "commitTransaction", "findAndModify"}  # fmt: skip


class Build:
    """A migration that builds an index, and something after it; a run of it that is in the middle of the build."""

    def __init__(self, test, server):
        texts = files(migration(m.index("pair", "big", {"a": 1, "b": 1}), insert("after", "rows", {"_id": 1})))
        self.test = test
        self.scenario = Scenario(test, server=server, texts=texts)
        self.db = self.scenario.project.db()
        self.db.big.insert_many({"_id": n, "a": n % 97, "b": "x" * 50} for n in range(2000))

    @contextlib.contextmanager
    def under_way(self):
        server = self.scenario.server
        with server.fail_point(["createIndexes"], blockConnection=True, blockTimeMS=9000):
            with self.scenario.proxy.on("createIndexes", "big") as sent:
                runner = self.scenario.spawn()
                sent.wait()
                yield runner

    def finish_and_check(self):
        self.scenario.finish()
        self.test.assertEqual(set(self.db.big.index_information()), {"_id_", "a_b"})
        self.test.assertEqual(self.db.big.count_documents({}), 2000)
        self.test.assertEqual(list(self.db.rows.find()), [{"_id": 1}])
        self.test.assertEqual(self.scenario.states(), {1: "applied"})


class RunnerKilled(CrashTest):
    def killed_at(self, calm, nth, delivered):
        scenario = Scenario(self)
        with scenario.proxy.on(nth=nth, hold=True) as caught:
            runner = scenario.spawn()
            wait_for(lambda: caught.seen.is_set() or runner.poll() is not None, what=f"message {nth}")
            runner.kill()
            runner.wait()
            if delivered:
                caught.release()
        scenario.finish()
        scenario.check(calm)

    def test_sigkill_before_any_message_leaves_the_server_then_resume(self):
        calm, messages = self.undisturbed()
        self.everywhere(lambda nth: self.killed_at(calm, nth, False), self.spread(len(own(messages)), 14))

    def test_sigkill_while_a_message_is_under_way_that_still_arrives_then_resume(self):
        calm, messages = self.undisturbed()
        self.everywhere(lambda nth: self.killed_at(calm, nth, True), self.spread(len(own(messages)), 14))

    def test_sigkill_inside_an_index_build_then_resume(self):
        """The server, which is at it for nine seconds, does not stop because its client is gone."""
        build = Build(self, shared_server(failpoints=True))
        with build.under_way() as runner:
            runner.kill()
            runner.wait()
            self.assertEqual(build.scenario.states(), {1: "interrupted"})
        build.finish_and_check()

    def test_a_program_of_a_killed_runner_is_unclear_and_not_run_again(self):
        step = m.shell("sh", "echo x >> ran; touch at; while [ ! -e open ]; do sleep 0.02; done")
        scenario = Scenario(self, texts=files(migration(step)))
        runner = scenario.spawn()
        wait_for((scenario.project.dir / "at").exists)
        runner.kill()
        runner.wait()
        scenario.project.run("resume", "--env", "dev", env=scenario.direct, check=1)
        self.assertEqual((scenario.project.dir / "ran").read_text(), "x\n")

    def test_sigkill_of_a_rollback_then_resume(self):
        texts = files(
            migration(
                m.batch("count", "people", *m.COUNTER, size=5),
                down=[
                    m.batch("uncount", "people", {}, {"$inc": {"n": -1}}, "transaction", size=5),
                    insert("note", "notes", {"_id": 1}),
                ],
            )
        )

        def at(point):
            name, nth = point
            scenario = Scenario(self, texts=texts)
            self.assertEqual(scenario.spawn().ended(), 0)
            with scenario.proxy.on(name, nth=nth, hold=True) as caught:
                runner = scenario.spawn("rollback")
                caught.wait()
                runner.kill()
                runner.wait()
            self.assertEqual(scenario.states(), {1: "interrupted"})
            scenario.project.run("resume", "--env", "dev", env=scenario.direct, check=0)
            self.assertEqual(scenario.states(), {1: "pending"})
            self.assertEqual({doc["n"] for doc in scenario.project.db().people.find()}, {0})
            self.assertEqual(scenario.project.db().notes.count_documents({}), 1)

        self.everywhere(at, [("commitTransaction", 1), ("commitTransaction", 3), ("bulkWrite", 1)])


class NetworkCut(CrashTest):
    def cut_at(self, calm, point, **how):
        scenario = Scenario(self)
        with scenario.proxy.on(*point[:2], nth=point[2], **how) as caught:
            runner = scenario.spawn()
            status = runner.ended(120)
        self.assertTrue(caught.seen.is_set() or point[0] is None, "it did not come to this")
        if status != 0:
            self.assertIn(status, (1, 4), runner.err())  # an honest end, with its words
            self.assertIn("migtui:", runner.err()) if not runner.err().startswith("{") else None
        scenario.finish()
        scenario.check(calm)
        return status

    def test_a_connection_that_breaks_before_a_message_arrives(self):
        calm, messages = self.undisturbed()
        points = [(None, None, nth) for nth in self.spread(len(own(messages)), 12)]
        self.everywhere(lambda point: self.cut_at(calm, point, before=True), points)

    def test_a_reply_that_is_lost(self):
        calm, messages = self.undisturbed()
        points = [(None, None, nth) for nth in self.spread(len(own(messages)), 12)]
        self.everywhere(lambda point: self.cut_at(calm, point, after=True), points)

    def test_a_run_gets_over_a_lost_reply_to_each_kind_of_write_by_itself(self):
        calm, messages = self.undisturbed()
        kinds = {}
        for name, collection in own(messages):
            if name in MINE and collection not in ("migtui_log", "migtui_runs"):
                kinds.setdefault((name, collection), 0)
        ended = {}

        def lost(kind):
            ended[kind] = self.cut_at(calm, (*kind, 1), after=True)

        self.everywhere(lost, sorted(kinds, key=str))
        self.assertEqual({kind: status for kind, status in ended.items() if status != 0}, {})

    def test_while_cut_off_for_longer_than_its_lease_a_run_is_taken_over_and_then_writes_nothing(self):
        calm, _ = self.undisturbed()
        scenario = Scenario(self, lease=5)
        with scenario.proxy.on("update", "people", nth=3, hold=True) as caught:
            runner = scenario.spawn()
            caught.wait()
            scenario.proxy.cut()
        clock = [{"$match": {"_id": "lock"}}, {"$set": {"now": "$$NOW"}}]

        def is_over():
            held = next(scenario.project.db().migtui_lock.aggregate(clock))
            return held["expiresAt"] < held["now"]

        wait_for(is_over, 20, "the end of the lease")
        scenario.finish()
        scenario.proxy.mend()
        self.assertIn(runner.ended(), (m.FENCED, m.FAILED), runner.err())
        scenario.check(calm)


class ServerKilled(CrashTest):
    def server(self, **flags):
        server = Server(**flags)
        self.addCleanup(server.close)
        return server

    def killed_at(self, calm, *point, nth=1, **how):
        scenario = Scenario(self, server=self.server())
        with scenario.proxy.on(*point, nth=nth, **(how or {"hold": True})) as caught:
            runner = scenario.spawn()
            caught.wait()
            scenario.server.kill()
            scenario.server.start()
            caught.drop()
        status = runner.ended(120)
        if status != 0:
            self.assertEqual(runner.ndjson()[-1]["status"], "unknown", runner.err())
        scenario.finish()
        scenario.check(calm)

    def test_the_server_killed_in_the_middle_of_a_run_and_started_again(self):
        calm, _ = self.undisturbed()
        points = [
            ("update", "people", 3),
            ("commitTransaction", None, 2),
            ("createIndexes", None, 1),
            ("update", "migtui_history", 4),
        ]
        points += [("findAndModify", "migtui_lock", 1), ("bulkWrite", None, 1), ("renameCollection", None, 1)] if LONG else []

        def kill(point):
            self.killed_at(calm, *point[:2], nth=point[2])

        self.everywhere(kill, points)

    def test_the_server_killed_inside_an_index_build_and_started_again(self):
        build = Build(self, self.server(failpoints=True))
        with build.under_way() as runner:
            build.scenario.server.kill()
            build.scenario.server.start()
        status = runner.ended(120)
        if status != 0:
            self.assertEqual(runner.ndjson()[-1]["status"], "unknown", runner.err())
        build.finish_and_check()

    def test_the_server_killed_after_a_commit_whose_reply_was_lost(self):
        calm, _ = self.undisturbed()
        self.killed_at(calm, "commitTransaction", nth=2, keep=True)


class ServerFalters(CrashTest):
    """The server answers, but not what was hoped for; a run gets over it by itself."""

    # update of the history or of data, a group, a batch's range, a commit, a change of schema, the lock
    WRITES = (
        ("update", "migtui_history", 3), ("update", "people", 2), ("update", "accounts", 1), ("bulkWrite", None, 1),
        ("commitTransaction", None, 1), ("commitTransaction", None, 3), ("create", "ledger", 1), ("createIndexes", "ledger", 1),
        ("renameCollection", None, 1), ("findAndModify", "migtui_lock", 2),
    )  # fmt: skip

    def over_it(self, calm, point, **act):
        scenario = Scenario(self)
        with scenario.proxy.on(*point[:2], nth=point[2], **act) as caught:
            runner = scenario.spawn()
            status = runner.ended(150)
            self.assertTrue(caught.seen.is_set(), "it did not come to this")
        self.assertEqual(status, 0, runner.err())
        scenario.check(calm)

    def refusal(self, point, code):
        labels = ["TransientTransactionError"] if point[0] == "bulkWrite" or point[1] == "accounts" else []
        return {"ok": 0.0, "code": code, "codeName": f"E{code}", "errmsg": "not now", "errorLabels": labels}

    def test_a_run_gets_over_a_refusal_that_passes(self):
        calm, _ = self.undisturbed()
        codes = (91, 189, 10107, 11600, 11602) if LONG else (189,)  # going down, stepped down, not primary
        points = [(point, code) for point in self.WRITES for code in codes]
        self.everywhere(lambda at: self.over_it(calm, at[0], answer=self.refusal(*at)), points)

    def test_a_run_gets_over_a_write_conflict_in_a_transaction(self):
        calm, _ = self.undisturbed()
        points = [("bulkWrite", None, 1), ("update", "accounts", 1), ("delete", "ledger", 1)]
        answer = self.refusal(("bulkWrite",), 112)
        self.everywhere(lambda point: self.over_it(calm, point, answer=answer), points)

    def test_a_run_gets_over_a_majority_that_came_late_to_its_records_and_commits(self):
        calm, _ = self.undisturbed()
        late = {"writeConcernError": {"code": 64, "codeName": "WriteConcernTimeout", "errmsg": "waiting for replication timed out"}}
        points = [each for each in self.WRITES if each[0] == "commitTransaction" or each[1] == "migtui_history"]
        self.everywhere(lambda point: self.over_it(calm, point, amend=late), points)


if __name__ == "__main__":
    unittest.main()
