"""A run and whoever watches it are not the same process, nor need they be on the same host."""

import contextlib
import os
import signal
import time
import unittest

import migrations as m
from harness import MigtuiTest, wait_for
from migrations import files, insert, migration, states


class DetachTest(MigtuiTest):
    def gated(self, *more):
        return self.project(files(migration(m.shell("hello", "echo hello"), m.gate(), *more)), ("dev",))

    def detach(self, project):
        """The id of a run that is at the gate."""
        started = project.run("apply", "--env", "dev", "--detach", check=0)
        wait_for((project.dir / "at-gate").exists, what="the run at its gate")
        return started.out.strip()

    def open(self, project):
        (project.dir / "open-gate").touch()

    def over(self, project):
        wait_for(lambda: not project.processes(), what="the end of the run's process")


class Detach(DetachTest):
    def test_a_detached_run_goes_on_without_the_one_who_started_it(self):
        project = self.gated(insert("after", "rows", {"_id": 1}))
        run = self.detach(project)
        self.assertRegex(run, r"^[0-9A-HJKMNP-TV-Z]{26}$")
        self.assertEqual(states(project), {1: "running"})
        self.open(project)
        self.over(project)
        self.assertEqual(states(project), {1: "applied"})
        self.assertEqual(project.db().rows.count_documents({}), 1)

    def runners(self, project):
        """The pids that lead a session and run migtui; a child between fork and exec does not lead one."""
        found = []
        for pid in project.processes():
            with contextlib.suppress(OSError):
                if os.getsid(pid) == pid and os.readlink(f"/proc/{pid}/exe").endswith("migtui"):
                    found.append(pid)
        return found

    def test_it_has_a_session_of_its_own_and_no_terminal(self):
        project = self.gated()
        self.detach(project)
        runners = self.runners(project)
        self.assertEqual(len(runners), 1)
        self.assertEqual(os.readlink(f"/proc/{runners[0]}/fd/0"), "/dev/null")
        os.kill(runners[0], signal.SIGHUP)
        self.open(project)
        self.over(project)
        self.assertEqual(states(project), {1: "applied"})

    def test_attach_from_another_process_shows_the_log_from_the_first_line_to_the_end(self):
        project = self.gated()
        run = self.detach(project)
        watcher = project.spawn("attach", run, "--env", "dev", "--format", "ndjson")
        wait_for(lambda: any(event["event"] == "step.started" and event["step"] == "gate" for event in watcher.ndjson()))
        self.open(project)
        self.assertEqual(watcher.ended(), 0, watcher.err())
        events = watcher.ndjson()
        self.assertEqual([event["seq"] for event in events], list(range(1, len(events) + 1)))
        self.assertEqual((events[0]["event"], events[-1]["event"]), ("run.started", "run.finished"))
        self.assertIn("hello", [event.get("line") for event in events])

    def test_attach_from_another_host_reads_the_log_in_the_database(self):
        project = self.gated()
        self.detach(project)
        elsewhere = {"XDG_STATE_HOME": str(project.dir / "elsewhere")}
        watcher = project.spawn("attach", "--env", "dev", "--format", "ndjson", env=elsewhere)
        wait_for(lambda: any(event.get("line") == "hello" for event in watcher.ndjson()), what="the first lines")
        self.open(project)
        self.assertEqual(watcher.ended(), 0, watcher.err())
        events = watcher.ndjson()
        self.assertEqual([event["seq"] for event in events], list(range(1, len(events) + 1)))
        self.assertEqual(events[-1]["event"], "run.finished")

    def test_leaving_attach_leaves_the_run_alone(self):
        project = self.gated()
        self.detach(project)
        watcher = project.spawn("attach", "--env", "dev")
        wait_for(lambda: "gate" in watcher.out())
        watcher.send_signal(signal.SIGINT)
        self.assertEqual(watcher.ended(), m.INTERRUPTED)
        self.assertEqual(states(project), {1: "running"})
        self.open(project)
        self.over(project)
        self.assertEqual(states(project), {1: "applied"})

    def test_attach_ends_with_the_exit_status_of_the_run(self):
        project = self.project(files(migration(m.gate(), m.shell("bad", "echo broken; exit 7"))), ("dev",))
        self.detach(project)
        watcher = project.spawn("attach", "--env", "dev")
        wait_for(lambda: "gate" in watcher.out())
        self.open(project)
        self.assertEqual(watcher.ended(), m.FAILED)
        self.assertIn("broken", watcher.out())

    def test_attach_to_a_run_that_was_killed_says_that_it_is_gone(self):
        project = self.gated()
        run = self.detach(project)
        watcher = project.spawn("attach", run, "--env", "dev", "--format", "ndjson")
        wait_for(lambda: watcher.ndjson())
        project.kill(but=[watcher.pid])
        self.assertNotEqual(watcher.ended(), 0)
        self.assertEqual(watcher.ndjson()[-1]["status"], "unknown")

    def test_a_run_that_cannot_begin_is_told_to_the_one_who_started_it(self):
        project = self.gated()
        self.detach(project)
        refused = project.run("apply", "--env", "dev", "--detach", check=m.LOCKED)
        self.assertIn(m.lock(project)["run"], refused.err)
        self.open(project)
        self.over(project)


class Records(DetachTest):
    def test_the_log_of_a_past_run_is_the_same_here_and_elsewhere(self):
        project = self.project(files(migration(m.shell("hello", "echo hello")), insert("i", "rows", {"_id": 1})), ("dev",))
        run = project.run("apply", "--env", "dev", "--format", "json", check=0).json()["run"]
        here = project.run("log", run, "--format", "ndjson", check=0).ndjson()
        elsewhere = {"XDG_STATE_HOME": str(project.dir / "elsewhere")}
        there = project.run("log", run, "--format", "ndjson", env=elsewhere, check=0).ndjson()
        self.assertEqual(here, there)
        self.assertEqual((here[0]["event"], here[-1]["event"]), ("run.started", "run.finished"))

    def test_the_log_without_a_run_is_that_of_the_newest(self):
        project = self.project(files(insert("i", "rows", {"_id": 1})), ("dev",))
        project.run("apply", "--env", "dev", check=0)
        project.write(m.file_name(2), migration(insert("i", "rows", {"_id": 2})))
        run = project.run("apply", "--env", "dev", "--format", "json", check=0).json()["run"]
        self.assertEqual(project.run("log", "--format", "ndjson", check=0).ndjson()[0]["run"], run)

    def test_a_run_that_nobody_knows_is_an_error(self):
        project = self.project(files(insert("i", "rows", {"_id": 1})), ("dev",))
        project.run("log", "01JD3Q8W0N5B7Y2V4T6R8P0M1K", check=1)

    def test_runs_lists_every_run_newest_first(self):
        project = self.project(files(insert("i", "rows", {"_id": 1}, down=None)), ("dev",))
        project.write(m.file_name(1), migration(insert("i", "rows", {"_id": 1}), down=[m.delete("d", "rows", {"_id": 1})]))
        words = ("--env", "dev", "--ticket", "OPS-1", "--reason", "because")
        ids = [project.run(act, *words, "--format", "json", check=0).json()["run"] for act in ("apply", "rollback", "apply")]
        rows = project.run("runs", "--env", "dev", "--format", "json", check=0).json()["runs"]
        self.assertEqual([row["run"] for row in rows], ids[::-1])
        self.assertEqual([row["direction"] for row in rows], ["up", "down", "up"])
        first = rows[-1]
        self.assertEqual((first["status"], first["ticket"], first["reason"]), ("succeeded", "OPS-1", "because"))
        self.assertEqual((first["osUser"], first["migrations"]), (rows[0]["osUser"], 1))
        limited = project.run("runs", "--env", "dev", "--limit", "1", "--format", "json", check=0).json()["runs"]
        self.assertEqual([row["run"] for row in limited], ids[-1:])

    def test_a_killed_run_is_listed_as_interrupted(self):
        project = self.gated()
        run = self.detach(project)
        project.kill()
        rows = project.run("runs", "--env", "dev", "--format", "json", check=0).json()["runs"]
        self.assertEqual([(row["run"], row["status"]) for row in rows], [(run, "interrupted")])

    def test_history_tells_who_what_when_and_why_as_specified(self):
        project = self.project(files(insert("i", "rows", {"_id": 1}), insert("i", "rows", {"_id": 2})), ("dev",))
        run = project.run("apply", "--env", "dev", "--ticket", "OPS-2", "--reason", "why", "--format", "json").json()["run"]
        entries = project.run("history", "--env", "dev", "--format", "json", check=0).json()["entries"]
        keys = {"run", "environment", "version", "direction", "status", "startedAt", "durationMs", "operator", "osUser"}
        keys |= {"host", "planId", "ticket", "reason"}
        self.assertEqual(len(entries), 2)
        for entry in entries:
            self.assertTrue(keys <= set(entry), keys - set(entry))
            self.assertEqual((entry["run"], entry["ticket"], entry["reason"]), (run, "OPS-2", "why"))
            self.assertEqual((entry["direction"], entry["status"]), ("up", "applied"))
            self.assertLess(abs(time.time() - parsed(entry["startedAt"])), 600)


def parsed(text):
    from datetime import datetime

    return datetime.fromisoformat(text).timestamp()


if __name__ == "__main__":
    unittest.main()
