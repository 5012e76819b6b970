"""After a failure: what is shown, which ways out there are, and that each is on record."""

import unittest

import migrations as m
from harness import MigtuiTest, wait_for
from migrations import content, files, insert, migration, record, states, update


class RecoverTest(MigtuiTest):
    def failed(self, *more, down=None):
        """A migration of three steps that failed at the second: another document is under its _id."""
        steps = (
            m.step("coll", "createCollection", {"collection": "people"}),
            insert("rows", "taken", {"_id": 1, "mine": True}),
            update("mark", "people", {}, {"$set": {"x": 1}}, multi=True),
        )
        project = self.project(files(migration(*steps, *more, down=down)), ("dev",))
        project.db().taken.insert_one({"_id": 1, "theirs": True})
        project.run("apply", "--env", "dev", check=1)
        return project

    def unclear(self):
        """A migration whose program was killed with its runner: nothing tells whether it did its work."""
        project = self.project(files(migration(m.shell("tool", "echo x >> ran; touch at; sleep 1000"))), ("dev",))
        runner = project.spawn("apply", "--env", "dev")
        wait_for((project.dir / "at").exists)
        runner.kill()
        runner.wait()
        return project

    def shown(self, project, *words, check=4):
        return project.run("recover", "--env", "dev", "--format", "json", *words, check=check).json()["migrations"]


class Evidence(RecoverTest):
    def test_recover_shows_where_it_stands_what_happened_and_what_is_there_now(self):
        project = self.failed()
        (row,) = self.shown(project)
        self.assertEqual((row["version"], row["state"], row["direction"]), (m.version(1), "failed", "up"))
        self.assertEqual((row["lastDone"], row["step"]), ("coll", "rows"))
        self.assertIn("_id", row["error"])
        self.assertIn("mine is nothing, asked for true", row["evidence"])
        self.assertIn("markApplied", row["moves"])
        self.assertIn("markPending", row["moves"])

    def test_recover_in_words_names_the_commands_of_each_way_out(self):
        project = self.failed()
        text = project.run("recover", "--env", "dev", check=4).out
        for words in ("failed", "at step rows", "Done", "Then", "Now", f"migtui mark {m.version(1)} applied"):
            self.assertIn(words, text)

    def test_recover_writes_nothing(self):
        project = self.failed()
        before = list(project.db().migtui_history.find()), m.lock(project)
        self.shown(project)
        self.assertEqual((list(project.db().migtui_history.find()), m.lock(project)), before)

    def test_with_nothing_to_recover_it_says_so(self):
        project = self.project(files(insert("i", "rows", {"_id": 1})), ("dev",))
        project.run("apply", "--env", "dev", check=0)
        self.assertIn("nothing to recover", project.run("recover", "--env", "dev", check=0).out)

    def test_an_unclear_step_is_said_to_be_for_a_person_to_decide(self):
        project = self.unclear()
        (row,) = self.shown(project)
        self.assertEqual((row["state"], row["step"], row["probe"]), ("interrupted", "tool", "unclear"))
        self.assertNotIn("resume", row["moves"])
        self.assertIn("person", row["whyNotResume"])


class WaysOut(RecoverTest):
    def test_resume_goes_on_at_the_step_that_failed(self):
        project = self.failed()
        project.db().taken.delete_one({"_id": 1})
        events = project.run("resume", "--env", "dev", "--format", "ndjson", check=0).ndjson()
        self.assertEqual([event["step"] for event in events if event["event"] == "step.done"], ["rows", "mark"])
        self.assertEqual(states(project), {1: "applied"})
        self.assertIsNone(record(project, 1)["error"])

    def test_a_resume_that_fails_again_says_so_again(self):
        project = self.failed()
        project.run("resume", "--env", "dev", check=1)
        self.assertEqual(states(project), {1: "failed"})
        self.assertEqual(m.phases(project, 1), {"coll": "done", "rows": "failed", "mark": "none"})

    def test_resume_without_anything_to_resume_does_nothing(self):
        project = self.project(files(insert("i", "rows", {"_id": 1})), ("dev",))
        project.run("resume", "--env", "dev", check=0)
        self.assertEqual(content(project), {})

    def test_resume_refuses_a_file_that_was_edited_after_it_began(self):
        project = self.failed()
        project.write(m.file_name(1), migration(insert("rows", "other", {"_id": 1})))
        refused = project.run("resume", "--env", "dev", check=4)
        self.assertIn("edited", refused.err)
        self.assertNotIn("other", project.db().list_collection_names())

    def test_resume_does_not_run_an_unclear_step_again(self):
        project = self.unclear()
        refused = project.run("resume", "--env", "dev", check=1)
        self.assertIn("recover", refused.err)
        self.assertEqual((project.dir / "ran").read_text(), "x\n")

    def test_an_unclear_step_with_a_verify_that_holds_is_done(self):
        verify = {"collection": "people", "filter": {"done": True}, "count": 1}
        tool = m.shell("tool", "echo x >> ran; touch at; sleep 1000", verify=verify)
        project = self.project(files(migration(tool, insert("after", "rows", {"_id": 1}))), ("dev",))
        runner = project.spawn("apply", "--env", "dev")
        wait_for((project.dir / "at").exists)
        project.db().people.insert_one({"done": True})
        runner.kill()
        runner.wait()
        project.run("resume", "--env", "dev", check=0)
        self.assertEqual((project.dir / "ran").read_text(), "x\n")
        self.assertEqual(states(project), {1: "applied"})

    def test_undo_takes_the_finished_steps_back_where_it_is_offered_and_is_else_refused(self):
        project = self.failed()
        if "undo" in self.shown(project)[0]["moves"]:
            project.run("recover", m.version(1), "--env", "dev", "--undo", check=0)
            self.assertEqual(states(project), {1: "pending"})
            self.assertNotIn("people", project.db().list_collection_names())
        else:
            project.run("recover", m.version(1), "--env", "dev", "--undo", check=1)
            self.assertEqual(states(project), {1: "failed"})
            self.assertIn("people", project.db().list_collection_names())
        self.assertEqual(project.db().taken.find_one({"_id": 1}), {"_id": 1, "theirs": True})


class Mark(RecoverTest):
    def test_mark_applied_sets_the_state_keeps_the_reason_and_runs_nothing(self):
        project = self.unclear()
        project.run("mark", m.version(1), "applied", "--env", "dev", "--reason", "tool ended, OPS-9", check=0)
        self.assertEqual(states(project), {1: "applied"})
        self.assertEqual(record(project, 1)["marked"], "tool ended, OPS-9")
        self.assertEqual((project.dir / "ran").read_text(), "x\n")
        self.assertIsNone(m.lock(project)["owner"])
        entry = project.run("history", "--env", "dev", "--format", "json").json()["entries"][0]
        self.assertEqual((entry["status"], entry["reason"]), ("applied", "tool ended, OPS-9"))
        run = project.run("runs", "--env", "dev", "--format", "json").json()["runs"][0]
        self.assertEqual((run["reason"], run["status"]), ("tool ended, OPS-9", "succeeded"))

    def test_mark_pending_lets_apply_begin_anew(self):
        project = self.failed()
        project.db().taken.delete_one({"_id": 1})
        project.run("mark", m.version(1), "pending", "--env", "dev", "--reason", "cleaned up", check=0)
        self.assertEqual(states(project), {1: "pending"})
        project.run("apply", "--env", "dev", check=0)
        self.assertEqual(states(project), {1: "applied"})
        self.assertEqual(set(m.phases(project, 1).values()), {"done"})

    def test_a_mark_needs_a_reason(self):
        project = self.failed()
        project.run("mark", m.version(1), "applied", "--env", "dev", check=m.USAGE)
        self.assertEqual(states(project), {1: "failed"})

    def test_a_mark_of_a_migration_that_there_is_not_is_refused(self):
        project = self.failed()
        project.run("mark", m.version(7), "applied", "--env", "dev", "--reason", "x", check=m.USAGE)
        self.assertIsNone(record(project, 7))

    def test_a_pending_migration_can_be_marked_applied(self):
        project = self.project(files(insert("i", "rows", {"_id": 1}), insert("i", "rows", {"_id": 2})), ("dev",))
        project.run("mark", m.version(1), "applied", "--env", "dev", "--reason", "done by hand", check=0)
        project.run("apply", "--env", "dev", check=0)
        self.assertEqual([doc["_id"] for doc in project.db().rows.find()], [2])

    def test_no_mark_while_a_run_is_alive(self):
        project = self.project(files(migration(m.gate())), ("dev",))
        runner = project.spawn("apply", "--env", "dev")
        wait_for((project.dir / "at-gate").exists)
        refused = project.run("mark", m.version(1), "applied", "--env", "dev", "--reason", "x", check=m.LOCKED)
        self.assertIn(m.lock(project)["run"], refused.err)
        (project.dir / "open-gate").touch()
        self.assertEqual(runner.ended(), 0)


if __name__ == "__main__":
    unittest.main()
