"""Back without written steps: what was done is undone by its inverses, whole, also when that is killed on its way."""

import unittest
from concurrent.futures import ThreadPoolExecutor

import migrations as m
from harness import LONG, MigtuiTest, shared_server, wait_for
from migrations import content, files, insert, migration, record, states
from proxy import MONITORING, Proxy

AT_ONCE = 4
URI = "${DEV_URI}"


def steps():
    """One of each kind that has an inverse and that SecantusDB carries out (it hides no index), on what prepare() puts there."""
    return [
        m.step("table", "createCollection", {"collection": "audit"}),
        m.step("view", "createView", {"collection": "adults", "viewOn": "people", "pipeline": [{"$match": {"age": {"$gte": 18}}}]}),
        m.step("find", "createIndexes", {"collection": "people", "indexes": [{"key": {"age": 1}, "name": "age_1"},
                                                                           {"key": {"name": -1}, "name": "name_-1", "sparse": True}]}),  # fmt: skip
        m.step("rule", "collMod", {"collection": "people", "validator": {"age": {"$gte": 1}}, "validationLevel": "moderate"}),
        m.step("slow", "dropIndexes", {"collection": "people", "index": "old_1"}),
        m.step("name", "renameCollection", {"collection": "pets", "to": "animals"}),
        insert("first", "audit", {"at": 1, "_id": "a"}, {"_id": "b", "nested": {"x": [1, None, "y"]}}),
        m.step("sure", "assert", {"collection": "audit", "filter": {}, "count": 2}),
    ]


def prepare(project):
    db = project.db()
    db.create_collection("people", validator={"age": {"$gte": 0}}, validationLevel="strict", validationAction="error")
    db.people.insert_many({"_id": number, "age": number, "mail": f"m{number}", "same": 1} for number in range(30))
    db.people.create_index([("mail", 1)], name="mail_1")
    db.people.create_index([("age", 1), ("same", 1)], name="old_1")
    db.pets.insert_many({"_id": number} for number in range(3))
    db.pets.create_index([("x", 1)], name="x_1")


class UndoTest(MigtuiTest):
    def given(self, *more, down=None, server=None):
        project = self.project(files(migration(*steps(), *more, down=down)), ("dev",), server=server)
        prepare(project)
        return project, content(project)

    def fails(self):
        """A last step that fails: two documents have the same value."""
        return m.index("twice", "people", {"same": 1}, unique=True)


class Rollback(UndoTest):
    def test_a_migration_without_down_is_rolled_back_by_its_inverses(self):
        project, before = self.given()
        project.run("apply", "--env", "dev", check=0)
        self.assertNotEqual(content(project), before)
        project.run("rollback", "--env", "dev", check=0)
        self.assertEqual(content(project), before)
        self.assertEqual(states(project), {1: "pending"})

    def test_what_was_rolled_back_so_can_be_applied_again(self):
        project, _ = self.given()
        project.run("apply", "--env", "dev", check=0)
        after = content(project)
        project.run("rollback", "--env", "dev", check=0)
        project.run("apply", "--env", "dev", check=0)
        self.assertEqual(content(project), after)
        self.assertIsNone(record(project, 1)["inverse"])

    def test_the_plan_shows_the_inverse_steps_and_a_saved_one_runs(self):
        project, before = self.given()
        project.run("apply", "--env", "dev", check=0)
        text = project.run("plan", "--env", "dev", "--down", check=m.PENDING).out
        self.assertIn("by the inverses of what ran", text)
        plan = project.run("plan", "--env", "dev", "--down", "--format", "json", "--out", "back.plan", check=m.PENDING).json()
        kinds = [(step["id"], step["kind"]) for step in plan["migrations"][0]["steps"]]
        self.assertEqual(kinds, [("first", "delete"), ("name", "renameCollection"), ("slow", "createIndexes"), ("rule", "collMod"),
                                 ("find", "dropIndexes"), ("view", "dropCollection"),
                                 ("table", "dropCollection")])  # fmt: skip
        project.run("apply", "back.plan", check=0)
        self.assertEqual(content(project), before)

    def test_what_was_there_before_stays(self):
        there = m.step("same", "createIndexes", {"collection": "people", "indexes": [{"key": {"mail": 1}, "name": "mail_1"},
                                                                                    {"key": {"new": 1}, "name": "new_1"}]})  # fmt: skip
        twice = m.step("twice", "createCollection", {"collection": "kept"})
        project = self.project(files(migration(twice, there, insert("i", "kept", {"_id": 1}))), ("dev",))
        prepare(project)
        project.db().create_collection("kept")
        project.db().kept.insert_one({"_id": 1})
        before = content(project)
        project.run("apply", "--env", "dev", check=0)
        project.run("rollback", "--env", "dev", check=0)
        self.assertEqual(content(project), before)

    def test_a_batch_has_no_inverse_and_nothing_is_touched(self):
        project = self.project(files(migration(m.batch("fill", "people", *m.MARKER), m.index("i", "people", {"v": 1}))), ("dev",))
        m.seed(project, 5)
        project.run("apply", "--env", "dev", check=0)
        after = content(project)
        for words in (("rollback",), ("plan", "--down")):
            refused = project.run(*words, "--env", "dev", check=1)
            self.assertIn("step fill cannot be undone: there is no inverse of batch", refused.err)
            self.assertIn("add \"down\"", refused.err)
        self.assertEqual(content(project), after)
        self.assertEqual(states(project), {1: "applied"})

    def test_a_document_that_was_changed_since_is_not_deleted(self):
        project = self.project(files(insert("i", "rows", {"_id": 1, "n": 1}, {"_id": 2, "n": 1})), ("dev",))
        project.run("apply", "--env", "dev", check=0)
        project.db().rows.update_one({"_id": 2}, {"$set": {"n": 2}})
        self.assertIn("deleted", project.run("rollback", "--env", "dev", check=1).err)
        self.assertEqual(project.db().rows.count_documents({}), 2)  # it is all in one transaction
        project.db().rows.update_one({"_id": 2}, {"$set": {"n": 1}})
        project.run("resume", "--env", "dev", check=0)
        self.assertEqual(project.db().rows.count_documents({}), 0)
        self.assertEqual(states(project), {1: "pending"})

    def test_a_collection_that_holds_documents_is_not_dropped(self):
        project = self.project(files(m.step("c", "createCollection", {"collection": "rows"})), ("dev",))
        project.run("apply", "--env", "dev", check=0)
        project.db().rows.insert_one({"_id": 1})
        self.assertIn("holds documents", project.run("rollback", "--env", "dev", check=1).err)
        self.assertEqual(project.db().rows.count_documents({}), 1)
        project.db().rows.delete_one({"_id": 1})
        project.run("resume", "--env", "dev", check=0)
        self.assertNotIn("rows", project.db().list_collection_names())

    def test_a_view_that_became_a_collection_is_not_dropped(self):
        view = m.step("v", "createView", {"collection": "seen", "viewOn": "rows", "pipeline": []})
        project = self.project(files(view), ("dev",))
        project.run("apply", "--env", "dev", check=0)
        project.db().seen.drop()
        project.db().seen.insert_one({"_id": 1})
        self.assertIn("no view any more", project.run("rollback", "--env", "dev", check=1).err)
        self.assertEqual(project.db().seen.count_documents({}), 1)

    def test_a_migration_that_was_marked_by_hand_has_no_way_back(self):
        project = self.project(files(insert("i", "rows", {"_id": 1})), ("dev",))
        project.run("mark", m.version(1), "applied", "--env", "dev", "--reason", "by hand", check=0)
        self.assertIn("marked by hand", project.run("rollback", "--env", "dev", check=1).err)

    def test_a_written_down_is_what_runs_where_there_is_one(self):
        project, _ = self.given(down=[insert("down", "trace", {"_id": 1})])
        project.run("apply", "--env", "dev", check=0)
        project.run("rollback", "--env", "dev", check=0)
        self.assertEqual(project.db().trace.count_documents({}), 1)
        self.assertIn("animals", project.db().list_collection_names())


class Undo(UndoTest):
    def failed(self):
        project, before = self.given(self.fails())
        project.run("apply", "--env", "dev", check=1)
        self.assertEqual(states(project), {1: "failed"})
        return project, before

    def test_a_failed_migration_is_undone_to_exactly_what_was_there(self):
        project, before = self.failed()
        shown = project.run("recover", "--env", "dev", "--format", "json", check=4).json()["migrations"][0]
        self.assertIn("undo", shown["moves"])
        events = project.run("recover", "--env", "dev", "--undo", "--format", "ndjson", check=0).ndjson()
        self.assertEqual(events[0]["command"], "undo")
        self.assertEqual(content(project), before)
        self.assertEqual(states(project), {1: "pending"})

    def test_the_undo_is_in_the_history_with_its_run(self):
        project, _ = self.failed()
        project.run("recover", "--env", "dev", "--undo", "--reason", "wrong file", check=0)
        run = project.run("runs", "--env", "dev", "--format", "json").json()["runs"][0]
        self.assertEqual((run["command"], run["status"], run["reason"]), ("undo", "succeeded", "wrong file"))
        self.assertEqual(record(project, 1)["run"], run["run"])

    def test_an_undo_runs_detached_too(self):
        project, before = self.failed()
        project.run("recover", "--env", "dev", "--undo", "--detach", check=0)
        wait_for(lambda: states(project) == {1: "pending"}, 60, "the detached undo")
        self.assertEqual(content(project), before)

    def test_a_step_without_inverse_refuses_the_undo_with_its_name(self):
        project = self.project(files(migration(m.step("c", "createCollection", {"collection": "c"}), m.update("u", "people", {}, {"$set": {"x": 1}}),
                                               m.index("twice", "people", {"n": 1}, unique=True))), ("dev",))  # fmt: skip
        m.seed(project, 3)
        project.run("apply", "--env", "dev", check=1)
        after = content(project)
        shown = project.run("recover", "--env", "dev", "--format", "json", check=4).json()["migrations"][0]
        self.assertNotIn("undo", shown["moves"])
        self.assertIn("no inverse of update", shown["whyNotUndo"])
        self.assertIn("no inverse of update", project.run("recover", "--env", "dev", "--undo", check=1).err)
        self.assertEqual(content(project), after)
        self.assertEqual(states(project), {1: "failed"})

    def test_a_file_that_was_edited_since_refuses_the_undo(self):
        project, _ = self.failed()
        after = content(project)
        project.write(m.file_name(1), migration(*steps()))
        self.assertIn("edited", project.run("recover", "--env", "dev", "--undo", check=1).err)
        self.assertEqual(content(project), after)

    def test_with_nothing_half_done_there_is_nothing_to_undo(self):
        project, before = self.given()
        self.assertIn("nothing to undo", project.run("recover", "--env", "dev", "--undo", check=1).err)
        self.assertEqual(content(project), before)


class Killed(UndoTest):
    """Runs are killed at a chosen message; AT_ONCE of them wait side by side."""

    def scenario(self, *more):
        proxy = Proxy(shared_server())
        self.addCleanup(proxy.close)
        project = self.project(files(migration(*steps(), *more)), {"dev": {"uri": URI}})
        project.servers["dev"] = shared_server()
        prepare(project)
        return project, proxy, {"DEV_URI": proxy.uri}, {"DEV_URI": shared_server().uri}

    def messages(self, act, *more):
        project, proxy, slowly, directly = self.scenario(*more)
        if act[0] != "apply":
            project.run("apply", "--env", "dev", env=directly)
        proxy.messages.clear()
        project.run(*act, "--env", "dev", env=slowly, check=0)
        count = len([each for each in proxy.messages if each[0] and each[0] not in MONITORING])
        self.assertGreater(count, 20, "these are not the messages of a whole run")
        return count

    def everywhere(self, one, total):
        step = 1 if LONG else max(1, total // 12) | 1  # odd: before the server got it and after, in turn

        def told(nth):
            try:
                one(nth)
            except Exception as error:  # noqa: BLE001, all of them are wanted
                return f"message {nth} of {total}: {type(error).__name__}: {error}"
            return None

        with ThreadPoolExecutor(AT_ONCE) as pool:
            wrong = [each for each in pool.map(told, range(1, total + 1, step)) if each]
        self.assertFalse(wrong, "\n\n".join(wrong))

    def killed_at(self, project, proxy, slowly, nth, delivered, *act):
        with proxy.on(nth=nth, hold=True) as caught:
            runner = project.spawn(*act, "--env", "dev", env=slowly)
            wait_for(lambda: caught.seen.is_set() or runner.poll() is not None, 60, f"message {nth}")
            runner.kill()
            runner.wait()
            if delivered:
                caught.release()

    def back(self, project, directly):
        """Whatever state it was left in, by the way out that is open there."""
        state = states(project, variables=directly).get(1)
        row = record(project, 1)
        if state == "applied":
            project.run("rollback", "--env", "dev", env=directly, check=0)
        elif state in ("failed", "interrupted") and row["direction"] == "up":
            project.run("recover", "--env", "dev", "--undo", env=directly, check=0)
        elif state in ("failed", "interrupted"):
            project.run("resume", "--env", "dev", env=directly, check=0)

    def check(self, project, directly, before):
        self.assertEqual(states(project, variables=directly), {1: "pending"})
        self.assertEqual(content(project), before)

    def test_an_apply_killed_at_any_message_can_be_undone(self):
        total = self.messages(("apply",))

        def one(nth):
            project, proxy, slowly, directly = self.scenario()
            before = content(project)
            self.killed_at(project, proxy, slowly, nth, bool(nth % 2), "apply")
            self.back(project, directly)
            self.check(project, directly, before)

        self.everywhere(one, total)

    def test_an_undo_killed_at_any_message_is_resumed(self):
        total = self.messages(("recover", "--undo"), self.fails())

        def one(nth):
            project, proxy, slowly, directly = self.scenario(self.fails())
            before = content(project)
            project.run("apply", "--env", "dev", env=directly, check=1)
            self.killed_at(project, proxy, slowly, nth, bool(nth % 2), "recover", "--undo")
            self.back(project, directly)
            self.check(project, directly, before)

        self.everywhere(one, total)

    def test_a_rollback_by_inverses_killed_at_any_message_is_resumed(self):
        total = self.messages(("rollback",))

        def one(nth):
            project, proxy, slowly, directly = self.scenario()
            before = content(project)
            project.run("apply", "--env", "dev", env=directly, check=0)
            self.killed_at(project, proxy, slowly, nth, bool(nth % 2), "rollback")
            self.back(project, directly)
            self.check(project, directly, before)

        self.everywhere(one, total)


if __name__ == "__main__":
    unittest.main()
