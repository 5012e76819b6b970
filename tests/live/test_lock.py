"""One run at a time: who wins, who waits, who is told, and what a run that was thought dead may still do."""

import os
import signal
import unittest

import migrations as m
from harness import LONG, MigtuiTest, wait_for
from migrations import content, files, insert, migration, record, states
from proxy import Proxy

ROUNDS = 50 if LONG else 5
URI = "${DEV_URI}"  # given anew with each call: through a proxy or directly


def pipeline_batch(**more):
    return m.batch("count", "people", *m.MARKER, size=5, **more)


class LockTest(MigtuiTest):
    def through_proxy(self, texts, *, protected=False, lease=5, **config):
        """(project, proxy, variables of a call through the proxy, of one past it)"""
        settings = {"uri": URI, "protected": protected}
        project = self.project(texts, {"dev": settings}, config={"leaseSeconds": lease, **config})
        proxy = Proxy(project.servers["dev"])
        self.addCleanup(proxy.close)
        return project, proxy, {"DEV_URI": proxy.uri}, {"DEV_URI": project.servers["dev"].uri}

    def events(self, runner, name):
        return [event for event in runner.ndjson() if event["event"] == name]

    def lease_over(self, project):
        """Waits until the lock's lease is over by the server's clock."""
        clock = [{"$match": {"_id": "lock"}}, {"$set": {"now": "$$NOW"}}]

        def is_over():
            held = next(project.db().migtui_lock.aggregate(clock))
            return held["expiresAt"] < held["now"]

        wait_for(is_over, 20, "the end of the lease")

    def open(self, project, name="gate"):
        (project.dir / f"open-{name}").touch()

    def at(self, project, name="gate"):
        wait_for((project.dir / f"at-{name}").exists, what=f"a run at {name}")


class TwoRunners(LockTest):
    def test_of_two_runners_started_together_one_wins_and_the_other_names_it(self):
        for number in range(1, ROUNDS + 1):
            with self.subTest(round=number):
                project = self.project(files(migration(m.gate(), insert("i", "rows", {"_id": 1}))), ("dev",))
                runners = [project.spawn("apply", "--env", "dev") for _ in range(2)]
                wait_for(lambda both=runners: any(each.poll() is not None for each in both), what="the loser")
                loser, winner = sorted(runners, key=lambda each: each.poll() is None)
                self.assertEqual(loser.ended(), m.LOCKED, loser.err())
                self.assertIn(m.lock(project)["run"], loser.err())
                self.assertIn(m.lock(project)["host"], loser.err())
                self.open(project)
                self.assertEqual(winner.ended(), 0, winner.err())
                self.assertEqual(states(project), {1: "applied"})
                self.assertEqual(project.db().rows.count_documents({}), 1)

    def test_a_run_that_ended_leaves_no_owner_and_a_token_that_grew(self):
        project = self.project(files(insert("i", "rows", {"_id": 1})), ("dev",))
        project.run("apply", "--env", "dev", check=0)
        first = m.lock(project)
        self.assertIsNone(first["owner"])
        project.write(m.file_name(2), migration(insert("i", "rows", {"_id": 2})))
        project.run("apply", "--env", "dev", check=0)
        self.assertGreater(m.lock(project)["token"], first["token"])

    def test_with_lock_wait_the_second_runner_comes_after_the_first(self):
        project = self.project(files(migration(m.gate())), ("dev",), config={"lockWait": "60s"})
        first = project.spawn("apply", "--env", "dev")
        self.at(project)
        project.write(m.file_name(2), migration(insert("i", "rows", {"_id": 2})))
        second = project.spawn("apply", "--env", "dev")
        with self.assertRaises(AssertionError):  # it waits: nothing is to be seen of it
            wait_for(lambda: second.poll() is not None, 1.5)
        self.open(project)
        self.assertEqual((first.ended(), second.ended()), (0, 0), second.err())
        self.assertEqual(states(project), {1: "applied", 2: "applied"})

    def test_status_shows_who_holds_the_lock(self):
        project = self.project(files(migration(m.gate())), ("dev",))
        runner = project.spawn("apply", "--env", "dev")
        self.at(project)
        seen = m.environment(project)
        self.assertEqual(seen["lock"]["run"], m.lock(project)["run"])
        self.assertTrue(seen["lock"]["alive"])
        self.assertEqual([row["state"] for row in seen["migrations"]], ["running"])
        self.open(project)
        self.assertEqual(runner.ended(), 0)


class Fenced(LockTest):
    def stopped(self, texts, *hold, protected=False, seeded=20):
        """A runner that is stopped (SIGSTOP) with a message under way, and its lease over."""
        project, proxy, by_proxy, directly = self.through_proxy(texts, protected=protected)
        m.seed(project, seeded)
        caught = self.enterContext(proxy.on(*hold, hold=True))
        runner = project.spawn("apply", "--env", "dev", env=by_proxy)
        caught.wait()
        os.kill(runner.pid, signal.SIGSTOP)
        self.addCleanup(lambda: runner.poll() is None and os.kill(runner.pid, signal.SIGCONT))
        self.lease_over(project)
        return project, caught, runner, directly

    def wakes(self, runner):
        os.kill(runner.pid, signal.SIGCONT)
        return runner.ended()

    def test_a_runner_that_slept_past_its_lease_writes_nothing_and_exits_75(self):
        texts = files(pipeline_batch(), insert("after", "after", {"_id": 1}))
        project, caught, runner, directly = self.stopped(texts, "update", "people")
        project.run("resume", "--env", "dev", env=directly, check=0)
        project.run("apply", "--env", "dev", env=directly, check=0)
        before, history = content(project), list(project.db().migtui_history.find())
        caught.release()  # what it had sent arrives only now
        self.assertEqual(self.wakes(runner), m.FENCED, runner.err())
        self.assertEqual(content(project), before)
        self.assertEqual(list(project.db().migtui_history.find()), history)
        self.assertEqual({doc["n"] for doc in before["people"][0]}, {1})

    def test_a_runner_whose_lease_ran_out_in_a_transaction_leaves_nothing_of_it(self):
        texts = files(m.batch("count", "people", *m.COUNTER, size=5))
        project, caught, runner, directly = self.stopped(texts, "commitTransaction")
        project.run("resume", "--env", "dev", env=directly, check=0)
        caught.release()
        self.assertEqual(self.wakes(runner), m.FENCED, runner.err())
        self.assertEqual({doc["n"] for doc in project.db().people.find()}, {1})

    def test_a_range_whose_connection_broke_is_not_sent_again_after_a_takeover(self):
        once = m.batch("count", "people", {}, {"$inc": {"n": 1}}, "idempotent", size=5)
        once["allow"] = [{"rule": "MT016", "why": "a range that is sent again shall be seen"}]
        project, caught, runner, directly = self.stopped(files(once), "update", "people")
        project.run("resume", "--env", "dev", env=directly, check=0)
        caught.drop()
        self.assertEqual(self.wakes(runner), m.FENCED, runner.err())
        self.assertEqual([doc["n"] for doc in project.db().people.find()], [1] * 20)

    def test_a_lease_that_ran_out_without_a_takeover_is_taken_up_again(self):
        project, caught, runner, _ = self.stopped(files(pipeline_batch()), "update", "people")
        caught.release()
        self.assertEqual(self.wakes(runner), 0, runner.err())
        self.assertEqual({doc["n"] for doc in project.db().people.find()}, {1})

    def test_an_expired_lock_of_a_protected_environment_needs_take_over(self):
        texts = files(pipeline_batch())
        project, proxy, by_proxy, directly = self.through_proxy(texts, protected=True)
        m.seed(project, 20)
        name = project.db().name
        project.run("plan", "--env", "dev", "--out", "p", env=directly, check=2)
        with proxy.on("update", "people", hold=True) as caught:
            runner = project.spawn("apply", "p", "--confirm-text", f"{name} 1", env=by_proxy)
            caught.wait()
            os.kill(runner.pid, signal.SIGSTOP)
            self.lease_over(project)
            words = ("resume", "--env", "dev", "--confirm-text", f"{name} 1")
            refused = project.run(*words, env=directly, check=m.LOCKED)
            self.assertIn("--take-over", refused.err)
            project.run(*words, "--take-over", env=directly, check=0)
            os.kill(runner.pid, signal.SIGCONT)
            self.assertEqual(runner.ended(), m.FENCED)

    def test_a_takeover_says_whose_lock_it_took(self):
        project, caught, runner, directly = self.stopped(files(pipeline_batch()), "update", "people")
        run = m.lock(project)["run"]
        events = project.run("resume", "--env", "dev", "--format", "ndjson", env=directly, check=0).ndjson()
        taken = [event.get("tookOver") for event in events if event["event"] == "lock.acquired"]
        self.assertEqual(taken, [run])


class OldOperations(LockTest):
    flags = {"failpoints": True}

    def of_run(self, project, run):
        """Operations and connections of that run on the server."""
        operations = project.servers["dev"].client().admin.command("currentOp")["inprog"]
        return [each for each in operations if run in str(each)]

    def test_a_takeover_ends_what_the_old_run_still_has_under_way_on_the_server(self):
        texts = files(migration(m.index("i", "people", {"n": 1}), insert("after", "rows", {"_id": 1})))
        project = self.project(texts, {"dev": {"uri": URI}}, config={"leaseSeconds": 5})
        server = project.servers["dev"]
        directly = {"DEV_URI": server.uri}
        m.seed(project, 20)
        with server.fail_point(["createIndexes"], blockConnection=True, blockTimeMS=9000):
            runner = project.spawn("apply", "--env", "dev", env=directly)
            wait_for(lambda: self.builds(server), what="the build on the server")
            run = m.lock(project)["run"]
            os.kill(runner.pid, signal.SIGSTOP)
            self.lease_over(project)
            self.assertTrue(self.of_run(project, run))
            project.run("resume", "--env", "dev", env=directly, check=0, timeout=90)
        self.assertEqual(self.of_run(project, run), [])
        self.assertEqual(set(project.db().people.index_information()), {"_id_", "n"})
        before = list(project.db().migtui_history.find())
        os.kill(runner.pid, signal.SIGCONT)
        self.assertEqual(runner.ended(), m.FENCED, runner.err())
        self.assertEqual(list(project.db().migtui_history.find()), before)

    def builds(self, server):
        operations = server.client().admin.command("currentOp")["inprog"]
        return any("createIndexes" in operation.get("command", {}) for operation in operations)


class DeadHolder(LockTest):
    def test_the_lock_of_a_process_that_is_gone_from_this_host_is_taken_at_once(self):
        project, proxy, by_proxy, directly = self.through_proxy(files(pipeline_batch()), lease=300)
        m.seed(project, 20)
        with proxy.on("update", "people", hold=True) as caught:
            runner = project.spawn("apply", "--env", "dev", env=by_proxy)
            caught.wait()
            runner.kill()
            runner.wait()
            status = project.run("status", "--format", "json", env=directly).json()["environments"][0]
            self.assertEqual(status["migrations"][0]["state"], "interrupted")
            project.run("resume", "--env", "dev", env=directly, check=0)
        self.assertEqual(status["lock"]["alive"], False)

    def test_on_a_protected_environment_also_that_needs_take_over(self):
        project, proxy, by_proxy, directly = self.through_proxy(files(pipeline_batch()), lease=300, protected=True)
        m.seed(project, 20)
        text = f"{project.db().name} 1"
        project.run("plan", "--env", "dev", "--out", "p", env=directly, check=2)
        with proxy.on("update", "people", hold=True) as caught:
            runner = project.spawn("apply", "p", "--confirm-text", text, env=by_proxy)
            caught.wait()
            runner.kill()
            runner.wait()
            project.run("resume", "--env", "dev", "--confirm-text", text, env=directly, check=m.LOCKED)
            project.run("resume", "--env", "dev", "--confirm-text", text, "--take-over", env=directly, check=0)


class Stop(LockTest):
    def held(self, *hold, texts=None, nth=2):
        """A runner in the middle, with a message held that it needs to go on."""
        project, proxy, by_proxy, directly = self.through_proxy(texts or files(pipeline_batch()))
        m.seed(project, 60)
        caught = self.enterContext(proxy.on(*(hold or ("update", "people")), nth=nth, hold=True))
        runner = project.spawn("apply", "--env", "dev", "--format", "ndjson", env=by_proxy)
        caught.wait()
        return project, caught, runner, directly

    def beats(self, project):
        """Waits until the runner has had the reply to a beat that was sent from now on."""
        for _ in range(2):
            last = m.lock(project)["beatAt"]
            wait_for(lambda last=last: m.lock(project)["beatAt"] != last, what="a beat")

    def stops(self, project, caught, runner):
        caught.release()
        self.assertEqual(runner.ended(), m.INTERRUPTED, runner.err())
        self.assertTrue(self.events(runner, "run.stopping"))
        self.assertEqual(self.events(runner, "run.finished")[0]["status"], "stopped")
        self.assertIsNone(m.lock(project)["owner"])

    def test_stop_from_another_process_ends_between_ranges_and_resume_finishes(self):
        project, caught, runner, directly = self.held()
        project.run("stop", "--env", "dev", env=directly, check=0)
        self.beats(project)
        self.stops(project, caught, runner)
        part = record(project, 1)["steps"][0]["result"]["modified"]
        self.assertEqual(part, project.db().people.count_documents({"v": 2}))
        self.assertLess(part, 60)
        project.run("resume", "--env", "dev", env=directly, check=0)
        self.assertEqual([doc["n"] for doc in project.db().people.find()], [1] * 60)
        self.assertEqual(record(project, 1)["steps"][0]["result"]["modified"], 60)

    def test_a_signal_ends_a_batch_between_ranges_and_resume_finishes(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number.name):
                project, caught, runner, directly = self.held()
                runner.send_signal(number)
                wait_for(lambda: "stopping" in runner.err(), what="the signal taken")
                self.stops(project, caught, runner)
                project.run("resume", "--env", "dev", env=directly, check=0)
                self.assertEqual([doc["n"] for doc in project.db().people.find()], [1] * 60)

    def test_a_stop_between_steps_leaves_the_next_one_alone(self):
        steps = [m.step(name, "createCollection", {"collection": name}) for name in ("one", "two", "three")]
        project, caught, runner, directly = self.held("create", "two", texts=files(migration(*steps)), nth=1)
        project.run("stop", "--env", "dev", env=directly, check=0)
        self.beats(project)
        self.stops(project, caught, runner)
        self.assertEqual(m.phases(project, 1), {"one": "done", "two": "done", "three": "none"})
        self.assertNotIn("three", project.db().list_collection_names())
        project.run("resume", "--env", "dev", env=directly, check=0)
        self.assertEqual(states(project, variables=directly), {1: "applied"})

    def test_a_hang_up_ends_nothing(self):
        project, caught, runner, _ = self.held()
        runner.send_signal(signal.SIGHUP)
        caught.release()
        self.assertEqual(runner.ended(), 0, runner.err())

    def test_stop_without_a_run_says_so(self):
        project = self.project(files(insert("i", "rows", {"_id": 1})), ("dev",))
        refused = project.run("stop", "--env", "dev", check=1)
        self.assertIn("no run is under way", refused.err)


if __name__ == "__main__":
    unittest.main()
