"""Applying, rolling back and refusing: what runs, what does not, and what the database holds afterwards."""

import json
import unittest

import migrations as m
from harness import MigtuiTest
from migrations import content, files, insert, migration, record, states, update, version


def shop():
    """Three migrations that can be taken back."""
    return files(
        migration(
            m.step("coll", "createCollection", {"collection": "people"}),
            m.index("email", "people", {"email": 1}, unique=True),
            title="people",
            down=[m.step("gone", "dropCollection", {"collection": "people"})],
        ),
        migration(
            insert("seed", "people", {"_id": 1, "email": "a", "n": 0}, {"_id": 2, "email": "b", "n": 0}),
            title="seed",
            down=[m.delete("unseed", "people", {"_id": {"$in": [1, 2]}})],
        ),
        migration(
            update("count", "people", {}, {"$inc": {"n": 1}}, multi=True, expect={"modified": 2}),
            title="count",
            down=[update("uncount", "people", {}, {"$inc": {"n": -1}}, multi=True)],
        ),
    )


class Apply(MigtuiTest):
    def apply(self, project, *words, env="dev", check=0):
        return project.run("apply", "--env", env, *words, check=check)

    def test_applies_everything_pending_in_order_on_each_environment(self):
        project = self.project(shop())
        for env in ("dev", "test", "prod"):
            self.apply(project, env=env)
            self.assertEqual(states(project, env), {1: "applied", 2: "applied", 3: "applied"})
            self.assertEqual(list(project.db(env).people.find({}, {"n": 1})), [{"_id": 1, "n": 1}, {"_id": 2, "n": 1}])
        order = [record(project, number)["seq"] for number in (1, 2, 3)]
        self.assertEqual(order, sorted(order))

    def test_a_second_apply_has_nothing_to_do_and_takes_no_lock(self):
        project = self.project(shop())
        self.apply(project)
        token = m.lock(project)["token"]
        again = self.apply(project)
        self.assertIn("No migration files to execute", again.out)
        self.assertEqual(m.lock(project)["token"], token)

    def test_rolls_back_the_newest_then_the_rest_and_applies_again(self):
        project = self.project(shop())
        self.apply(project)
        applied = content(project)
        project.run("rollback", "--env", "dev", check=0)
        self.assertEqual(states(project), {1: "applied", 2: "applied", 3: "pending"})
        self.assertEqual(project.db().people.find_one({"_id": 1})["n"], 0)
        project.run("rollback", "--env", "dev", "--to", "0", check=0)
        self.assertEqual(states(project), {1: "pending", 2: "pending", 3: "pending"})
        self.assertEqual(content(project), {})
        self.apply(project)
        self.assertEqual(states(project), {1: "applied", 2: "applied", 3: "applied"})
        self.assertEqual(content(project), applied)

    def test_rollback_of_a_run_takes_back_what_that_run_applied(self):
        project = self.project(shop())
        self.apply(project, "--count", "1")
        run = self.apply(project, "--format", "json").json()["run"]
        project.run("rollback", "--env", "dev", "--run", run, check=0)
        self.assertEqual(states(project), {1: "applied", 2: "pending", 3: "pending"})

    def test_rollback_refuses_what_is_irreversible_before_anything_runs(self):
        project = self.project(shop() | files(migration(insert("x", "x", {"_id": 1}), down={"irreversible": "gone"}), first=4))
        self.apply(project)
        refused = project.run("rollback", "--env", "dev", "--count", "2", check=1)
        self.assertIn("gone", refused.err)
        self.assertEqual(states(project)[3], "applied")

    def test_apply_to_and_count_stop_where_they_say(self):
        project = self.project(shop())
        self.apply(project, "--to", version(2))
        self.assertEqual(states(project), {1: "applied", 2: "applied", 3: "pending"})
        self.apply(project, "--count", "1")
        self.assertEqual(states(project)[3], "applied")

    def test_the_runs_json_counts_what_it_did(self):
        project = self.project(shop())
        done = self.apply(project, "--format", "json").json()
        self.assertEqual((done["status"], done["applied"], done["steps"]), ("succeeded", 3, 4))
        self.assertEqual([row["version"] for row in done["migrations"]], [version(1), version(2), version(3)])

    def test_the_event_stream_begins_with_the_start_and_ends_with_the_finish(self):
        project = self.project(shop())
        events = self.apply(project, "--format", "ndjson").ndjson()
        started = next(event for event in events if event["event"] == "run.started")
        self.assertTrue({"run", "planId", "environment", "operator", "host"} <= set(started))
        finished = events[-1]
        self.assertEqual(finished["event"], "run.finished")
        self.assertEqual((finished["status"], finished["applied"], finished["steps"]), ("succeeded", 3, 4))
        self.assertEqual([event["seq"] for event in events], list(range(1, len(events) + 1)))
        self.assertEqual([e["version"] for e in events if e["event"] == "migration.done"], [version(n) for n in (1, 2, 3)])


class Status(MigtuiTest):
    def test_status_json_has_every_key_of_the_specification(self):
        project = self.project(shop(), {"dev": {}, "prod": {"protected": True}})
        project.run("apply", "--env", "dev", "--count", "1", check=0)
        status = project.run("status", "--format", "json", check=0).json()
        self.assertEqual(status["project"], "shop")
        self.assertRegex(status["generatedAt"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
        dev, prod = status["environments"]
        self.assertEqual((dev["name"], dev["protected"], dev["reachable"], dev["error"]), ("dev", False, True, None))
        self.assertTrue(prod["protected"])
        self.assertEqual(dev["server"]["topology"], "replicaset")
        self.assertRegex(dev["historyHead"], r"^[0-9a-f]{64}$")
        self.assertIsNone(dev["lock"])
        words = ("applied", "pending", "running", "failed", "interrupted", "changed", "missing", "late", "blocked")
        self.assertEqual(dev["counts"], dict.fromkeys(words, 0) | {"applied": 1, "pending": 2})
        first, second, _ = dev["migrations"]
        keys = {"version", "title", "state", "reason", "appliedAt", "durationMs"}
        self.assertEqual(set(first), keys)
        self.assertEqual((first["version"], first["title"], first["state"]), (version(1), "people", "applied"))
        self.assertIsNotNone(first["appliedAt"])
        self.assertEqual((second["state"], second["appliedAt"]), ("pending", None))

    def test_status_tells_what_is_pending_by_its_exit_code_only_when_asked(self):
        project = self.project(shop(), ("dev",))
        project.run("status", check=0)
        project.run("status", "--exit-code", check=2)
        project.run("apply", "--env", "dev", check=0)
        project.run("status", "--exit-code", check=0)

    def test_a_look_at_an_empty_database_leaves_nothing_in_it(self):
        project = self.project(shop(), ("dev",))
        project.run("status", check=0)
        self.assertEqual(project.db().list_collection_names(), [])


class Kinds(MigtuiTest):
    """Each kind of step once; pymongo looks whether it happened."""

    def applied(self, *steps, words=()):
        project = self.project(files(migration(*steps)), ("dev",))
        project.db().old.insert_many({"_id": n, "k": n % 2, "v": 1} for n in range(10))
        project.run("apply", "--env", "dev", *words, check=0)
        self.assertEqual(states(project), {1: "applied"})
        self.assertEqual(set(m.phases(project, 1).values()), {"done"})
        return project.db(), project

    def test_create_collection(self):
        validator = {"$jsonSchema": {"required": ["email"]}}
        body = {"collection": "people", "validator": validator, "validationLevel": "moderate"}
        db, _ = self.applied(m.step("s", "createCollection", body))
        self.assertEqual(db.people.options()["validator"], validator)
        self.assertEqual(db.people.options()["validationLevel"], "moderate")

    def test_create_view(self):
        db, _ = self.applied(
            m.step("s", "createView", {"collection": "odd", "viewOn": "old", "pipeline": [{"$match": {"k": 1}}]})
        )
        self.assertEqual(db.odd.count_documents({}), 5)

    def test_coll_mod(self):
        db, _ = self.applied(m.step("s", "collMod", {"collection": "old", "validator": {"v": {"$gte": 1}}}))
        self.assertEqual(db.old.options()["validator"], {"v": {"$gte": 1}})

    def test_rename_collection(self):
        db, _ = self.applied(m.step("s", "renameCollection", {"collection": "old", "to": "new"}))
        self.assertEqual((db.new.count_documents({}), "old" in db.list_collection_names()), (10, False))

    def test_drop_collection(self):
        db, _ = self.applied(m.step("s", "dropCollection", {"collection": "old"}))
        self.assertNotIn("old", db.list_collection_names())

    def test_create_and_drop_indexes(self):
        db, _ = self.applied(
            m.index("one", "old", {"k": 1}),
            m.index("two", "old", {"v": 1}, sparse=True),
            m.step("drop", "dropIndexes", {"collection": "old", "index": "v"}),
        )
        self.assertEqual(set(db.old.index_information()), {"_id_", "k"})

    def test_hide_index_is_done_when_the_index_is_hidden_and_else_a_failed_step(self):
        hide = m.step("hide", "hideIndex", {"collection": "old", "index": "k"})
        project = self.project(files(m.index("one", "old", {"k": 1}), hide), ("dev",))

        def is_hidden():
            return project.db().old.index_information()["k"].get("hidden", False)

        rc = project.run("apply", "--env", "dev").rc  # some servers say ok and hide nothing (SecantusDB 0.7)
        self.assertEqual((rc, states(project)[2]), (0, "applied") if is_hidden() else (1, "failed"))
        back = ("recover", "--undo") if rc else ("rollback",)  # by its inverse: nothing of it was written
        project.run(*back, "--env", "dev", check=0)
        self.assertFalse(is_hidden())
        self.assertEqual(states(project), {1: "applied", 2: "pending"})

    def test_insert_update_delete(self):
        db, _ = self.applied(
            insert("i", "old", {"_id": 10}, {"_id": 11}, expect={"inserted": 2}),
            update("u", "old", {"k": 1}, {"$set": {"v": 2}}, multi=True, expect={"matched": 5, "modified": {"$gte": 5}}),
            m.delete("d", "old", {"_id": {"$lt": 2}}, expect={"deleted": 2}),
        )
        self.assertEqual(db.old.count_documents({}), 10)
        self.assertEqual(db.old.count_documents({"v": 2}), 4)

    def test_an_insert_of_what_is_there_as_asked_counts_as_done(self):
        db, _ = self.applied(insert("i", "old", {"_id": 0, "k": 0, "v": 1}, {"_id": 99}))
        self.assertEqual(db.old.count_documents({}), 11)

    def test_batch_by_marker_by_transaction_and_delete(self):
        change = [{"$set": {"v": 2, "n": {"$add": [{"$ifNull": ["$n", 0]}, 1]}}}]
        db, project = self.applied(
            m.batch("marked", "old", {"v": {"$lt": 2}}, change, "marker", size=3, workers=2),
            m.batch("once", "old", {}, {"$inc": {"t": 1}}, "transaction", size=4),
            m.step("thin", "batch", {"collection": "old", "filter": {"k": 1}, "delete": True, "size": 2}),
        )
        self.assertEqual(list(db.old.distinct("n")), [1])
        self.assertEqual(list(db.old.distinct("t")), [1])
        self.assertEqual(db.old.count_documents({}), 5)
        result = record(project, 1)["steps"][0]["result"]
        self.assertEqual(result["modified"], 10)

    def test_a_batch_over_ids_of_every_type_passes_each_document_once(self):
        from bson import ObjectId

        project = self.project(files(m.batch("b", "mixed", {}, {"$inc": {"n": 1}}, "transaction", size=2)), ("dev",))
        ids = [1, 2.5, 7, "a", "b", {"x": 1}, ObjectId(), ObjectId(), True]
        project.db().mixed.insert_many({"_id": each, "n": 0} for each in ids)
        project.run("apply", "--env", "dev", check=0)
        self.assertEqual([doc["n"] for doc in project.db().mixed.find()], [1] * len(ids))

    def test_merge_and_out(self):
        sums = [{"$group": {"_id": "$k", "sum": {"$sum": "$v"}}}]
        db, _ = self.applied(
            m.step("merge", "merge", {"collection": "old", "pipeline": sums, "into": "sums"}),
            m.step("out", "out", {"collection": "old", "pipeline": [{"$match": {"k": 1}}], "to": "odd"}),
        )
        self.assertEqual(list(db.sums.find(sort=[("_id", 1)])), [{"_id": 0, "sum": 5}, {"_id": 1, "sum": 5}])
        self.assertEqual(db.odd.count_documents({}), 5)

    def test_transaction(self):
        inner = [
            {"delete": {"collection": "old", "deletes": [{"q": {"_id": 1}, "limit": 1}]}},
            {"insert": {"collection": "new", "documents": [{"_id": 1}]}},
        ]
        db, _ = self.applied(m.step("move", "transaction", inner))
        self.assertEqual((db.old.count_documents({"_id": 1}), db.new.count_documents({"_id": 1})), (0, 1))

    def test_assert_and_command(self):
        self.applied(m.step("a", "assert", {"collection": "old", "filter": {"k": 1}, "count": {"$gte": 5}}))
        run = {"run": {"collMod": "old", "validationLevel": "off"}, "idempotent": True}
        db, _ = self.applied(m.step("c", "command", run))
        self.assertEqual(db.old.options()["validationLevel"], "off")

    def test_exec_runs_in_the_projects_folder_and_its_output_is_in_the_log(self):
        _, project = self.applied(m.shell("sh", "echo hello from $(pwd); echo done > proof"))
        self.assertEqual((project.dir / "proof").read_text(), "done\n")
        log = project.run("log", "--env", "dev", "--format", "ndjson", check=0).ndjson()
        lines = [event["line"] for event in log if event["event"] == "output"]
        self.assertEqual(lines, [f"hello from {project.dir.resolve()}"])

    def test_manual_waits_until_it_is_confirmed(self):
        steps = (m.step("call", "manual", {"text": "Stop the import."}), insert("after", "new", {"_id": 1}))
        project = self.project(files(migration(*steps)), ("dev",))
        waits = project.run("apply", "--env", "dev", check=2)
        self.assertIn("Stop the import.", waits.err)
        self.assertNotIn("new", project.db().list_collection_names())
        project.run("resume", "--env", "dev", "--confirm", "call", check=0)
        self.assertEqual(project.db().new.count_documents({}), 1)
        self.assertEqual(states(project), {1: "applied"})


class SavedPlan(MigtuiTest):
    def planned(self, env="test", envs=("dev", "test", "prod")):
        project = self.project(shop(), envs)
        project.run("plan", "--env", env, "--out", "saved.plan", check=2)
        return project

    def refused(self, project, *words, check=4):
        result = project.run("apply", "saved.plan", *words, check=check)
        for env in project.environments:
            self.assertEqual(content(project, env), {})
        return result.err

    def test_a_saved_plan_runs_as_it_was_shown(self):
        project = self.planned()
        planned = json.loads((project.dir / "saved.plan").read_text())["planId"]
        done = project.run("apply", "saved.plan", "--format", "json", check=0).json()
        self.assertEqual((done["environment"], done["planId"], done["applied"]), ("test", planned, 3))

    def test_a_plan_for_test_is_refused_on_prod(self):
        project = self.planned()
        self.assertIn("made for test", self.refused(project, "--env", "prod"))

    def test_a_plan_for_test_is_refused_on_prod_also_with_swapped_connections(self):
        project = self.planned()
        project.run("plan", "--env", "prod", check=2)  # prod has its own identity now
        text = project.config_file.read_text()
        names = [project.db(env).name for env in ("test", "prod")]
        swapped = text.replace(names[0], "@").replace(names[1], names[0]).replace("@", names[1])
        project.config_file.write_text(swapped)
        self.assertIn("another database", self.refused(project))

    def test_a_plan_is_refused_when_a_byte_that_matters_moved_and_says_which_file(self):
        project = self.planned()
        file = m.file_name(2)
        text = (project.migrations / file).read_text()
        project.write(file, text.replace('"email": "b"', '"email": "c"'))
        self.assertIn(version(2), self.refused(project))

    def test_a_plan_runs_when_only_a_comment_moved(self):
        project = self.planned()
        file = m.file_name(2)
        project.write(file, "// reviewed\r\n" + (project.migrations / file).read_text())
        project.run("apply", "saved.plan", check=0)
        self.assertEqual(set(states(project, "test").values()), {"applied"})

    def test_a_plan_runs_exactly_its_migrations_also_when_another_file_came_meanwhile(self):
        project = self.planned()
        project.write(m.file_name(9), migration(insert("x", "x", {"_id": 1})))
        project.run("apply", "saved.plan", check=0)
        self.assertEqual(states(project, "test"), {1: "applied", 2: "applied", 3: "applied", 9: "pending"})

    def test_a_plan_is_refused_when_the_history_moved(self):
        project = self.planned()
        project.run("apply", "--env", "test", "--count", "1", check=0)
        again = project.run("apply", "saved.plan", check=4)
        self.assertRegex(again.err, r"history|it ran since")
        self.assertEqual(states(project, "test"), {1: "applied", 2: "pending", 3: "pending"})

    def test_a_plan_runs_at_most_once(self):
        project = self.planned()
        project.run("apply", "saved.plan", check=0)
        before = content(project, "test")
        project.run("apply", "saved.plan", check=4)
        self.assertEqual(content(project, "test"), before)

    def test_a_plan_whose_migrations_were_rolled_back_does_not_run_again(self):
        project = self.planned()
        project.run("apply", "saved.plan", check=0)
        project.run("rollback", "--env", "test", "--count", "3", check=0)
        self.assertIn("history", self.refused(project))

    def test_protected_needs_a_plan_and_the_typed_text(self):
        project = self.planned("prod", {"prod": {"protected": True}})
        project.run("apply", "--env", "prod", "--yes", check=5)
        project.run("apply", "saved.plan", "--yes", check=5)
        project.run("apply", "saved.plan", "--confirm-text", "prod 3", check=5)
        self.assertEqual(content(project, "prod"), {})
        project.run("apply", "saved.plan", "--confirm-text", f"{project.db('prod').name} 3", check=0)
        self.assertEqual(set(states(project, "prod").values()), {"applied"})


class Integrity(MigtuiTest):
    def applied(self, **options):
        project = self.project(shop(), {"dev": options})
        project.run("apply", "--env", "dev", check=0)
        return project

    def test_an_edited_file_is_changed_and_nothing_runs_on_top_of_it(self):
        project = self.applied()
        project.write(m.file_name(3), migration(update("count", "people", {}, {"$inc": {"n": 5}}, multi=True)))
        project.write(m.file_name(4), migration(insert("more", "people", {"_id": 3, "email": "c"})))
        before = content(project)
        refused = project.run("apply", "--env", "dev", check=4)
        self.assertIn(version(3), refused.err)
        self.assertEqual(content(project), before)
        self.assertEqual(states(project), {1: "applied", 2: "applied", 3: "changed", 4: "pending"})
        project.run("status", "--exit-code", check=4)

    def test_a_comment_in_an_applied_file_changes_nothing(self):
        project = self.applied()
        file = m.file_name(3)
        project.write(file, "/* why */\n" + (project.migrations / file).read_text())
        self.assertEqual(states(project)[3], "applied")
        project.run("status", "--exit-code", check=0)

    def test_a_removed_file_is_missing(self):
        project = self.applied()
        (project.migrations / m.file_name(2)).unlink()
        self.assertEqual(states(project), {1: "applied", 2: "missing", 3: "applied"})
        project.run("apply", "--env", "dev", check=4)
        project.run("status", "--exit-code", check=4)

    def older(self, order):
        project = self.applied(order=order)
        project.write("20250101000000_older.jsonc", migration(insert("old", "older", {"_id": 1})))
        project.write(m.file_name(4), migration(insert("new", "newer", {"_id": 1})))
        return project

    def test_an_older_one_blocks_where_the_order_is_linear(self):
        project = self.older("linear")
        refused = project.run("apply", "--env", "dev", check=4)
        self.assertIn("20250101000000", refused.err)
        self.assertEqual(m.environment(project)["counts"]["late"], 1)
        self.assertNotIn("newer", project.db().list_collection_names())

    def test_an_older_one_is_left_out_where_the_order_is_skip(self):
        project = self.older("skip")
        done = project.run("apply", "--env", "dev", check=0)
        self.assertIn("20250101000000", done.out + done.err)
        names = project.db().list_collection_names()
        self.assertEqual(("newer" in names, "older" in names), (True, False))
        self.assertEqual(m.environment(project)["counts"]["late"], 1)

    def test_an_older_one_runs_where_any_order_will_do(self):
        project = self.older("any")
        project.run("apply", "--env", "dev", check=0)
        names = project.db().list_collection_names()
        self.assertEqual(("newer" in names, "older" in names), (True, True))

    def test_one_broken_pending_file_stops_everything_with_its_place(self):
        project = self.project(shop(), ("dev",))
        project.write(m.file_name(4), '{\n  "migtui": 1,\n  "title": "x",\n  "up": [ { "id": "a", "inzert": {} } ]\n}\n')
        refused = project.run("apply", "--env", "dev", check=1)
        self.assertRegex(refused.err, rf"{m.file_name(4)}:4:\d+")
        self.assertIn("insert", refused.err)
        self.assertEqual(project.db().list_collection_names(), [])


class FailedStep(MigtuiTest):
    flags = {"failpoints": True}

    def fails(self, *steps, words, check=1, prepare=None):
        """The last of the steps fails with words of the server; what was before it stays."""
        project = self.project(files(migration(*steps)), ("dev",))
        if prepare:
            prepare(project.db())
        result = project.run("apply", "--env", "dev", check=check)
        for word in words:
            self.assertIn(word, result.err)
            self.assertIn(word, record(project, 1)["error"])
        self.assertEqual(states(project), {1: "failed"})
        self.assertEqual(record(project, 1)["errorStep"], steps[-1]["id"])
        runs = project.run("runs", "--env", "dev", "--format", "json", check=0).json()["runs"]
        self.assertEqual(runs[0]["status"], "failed")
        self.assertIsNone(m.lock(project)["owner"])
        return project

    def test_a_duplicate_key_is_a_failed_step_in_the_servers_words(self):
        project = self.fails(
            m.index("i", "people", {"email": 1}, unique=True),
            insert("a", "people", {"_id": 1, "email": "x"}),
            insert("b", "people", {"_id": 2, "email": "x"}),
            words=["E11000"],
        )
        self.assertEqual(m.phases(project, 1), {"i": "done", "a": "done", "b": "failed"})

    def test_another_document_under_the_same_id_is_a_failed_step(self):
        self.fails(insert("a", "people", {"_id": 1, "x": 2}), words=["_id"], prepare=lambda db: db.people.insert_one({"_id": 1, "x": 1}))

    def test_a_unique_index_over_duplicates_is_a_failed_step(self):
        self.fails(
            m.index("i", "people", {"email": 1}, unique=True),
            words=["E11000"],
            prepare=lambda db: db.people.insert_many([{"email": "x"}, {"email": "x"}]),
        )

    def test_a_count_that_differs_from_what_was_expected_fails_and_leaves_nothing(self):
        project = self.fails(
            insert("a", "people", {"_id": 1}, {"_id": 2}),
            update("u", "people", {}, {"$set": {"x": 1}}, multi=True, expect={"modified": 3}),
            words=["modified", "3"],
        )
        self.assertEqual(project.db().people.count_documents({"x": 1}), 0)

    def test_an_assertion_that_does_not_hold_is_a_failed_step(self):
        self.fails(insert("a", "people", {"_id": 1}), m.step("c", "assert", {"collection": "people", "count": 0}), words=["count"])

    def test_a_command_that_is_refused_is_a_failed_step(self):
        self.fails(m.step("c", "command", {"run": {"collMod": "nowhere", "validator": {}}}), words=["nowhere"])

    def test_a_program_that_exits_with_an_error_is_a_failed_step(self):
        self.fails(m.shell("sh", "echo no disk; exit 3"), words=["3", "no disk"])

    def test_a_write_concern_error_is_no_success(self):
        project = self.project(files(m.step("c", "createCollection", {"collection": "people"})), ("dev",))
        server = project.servers["dev"]
        with server.fail_point(["create"], writeConcernError={"code": 64, "errmsg": "waiting for replication timed out"}):
            failed = project.run("apply", "--env", "dev", check=1)
        self.assertIn("waiting for replication timed out", failed.err)
        self.assertEqual(states(project), {1: "failed"})
        project.run("resume", "--env", "dev", check=0)
        self.assertEqual(states(project), {1: "applied"})

    def test_a_majority_that_is_not_to_be_had_is_no_success(self):
        command = {"run": {"insert": "people", "documents": [{"_id": 1}], "writeConcern": {"w": 2}}}
        project = self.project(files(m.step("c", "command", command)), ("dev",))
        refused = project.run("apply", "--env", "dev", check=1)
        self.assertIn("writeConcern", refused.err)

    def test_after_a_failure_in_a_group_the_ones_before_are_applied_and_those_behind_pending(self):
        rows = [insert("i", "people", {"_id": number, "email": number}) for number in range(1, 6)]
        rows[2] = insert("i", "people", {"_id": 3, "email": 3}, {"_id": 4, "email": 1})
        rows[3] = insert("i", "people", {"_id": 40, "email": 40})
        project = self.project(files(*rows), ("dev",))
        project.db().people.create_index("email", unique=True)
        failed = project.run("apply", "--env", "dev", check=1)
        self.assertIn("E11000", failed.err)
        self.assertEqual(states(project), {1: "applied", 2: "applied", 3: "failed", 4: "pending", 5: "pending"})
        self.assertEqual(record(project, 3)["errorStep"], "i")
        self.assertEqual({doc["_id"] for doc in project.db().people.find()} & {1, 2, 40, 5}, {1, 2})

    def test_a_failed_migration_stands_in_the_way_until_it_is_resumed(self):
        project = self.fails(
            insert("a", "people", {"_id": 2, "x": 2}), words=["_id"], prepare=lambda db: db.people.insert_one({"_id": 2, "x": 1})
        )
        refused = project.run("apply", "--env", "dev", check=4)
        self.assertIn("resume", refused.err)
        project.db().people.delete_one({"_id": 2})
        project.run("resume", "--env", "dev", check=0)
        self.assertEqual(states(project), {1: "applied"})


class Standalone(MigtuiTest):
    """A server without transactions: each step alone, with its intent before it."""

    flags = {"standalone": True}

    def test_applies_rolls_back_and_applies_again(self):
        project = self.project(shop(), ("dev",))
        project.run("apply", "--env", "dev", check=0)
        applied = content(project)
        project.run("rollback", "--env", "dev", "--to", "0", check=0)
        self.assertEqual(content(project), {})
        project.run("apply", "--env", "dev", check=0)
        self.assertEqual(content(project), applied)

    def test_a_batch_by_marker_runs_and_one_by_transaction_is_refused(self):
        project = self.project(files(m.batch("mark", "people", *m.MARKER), m.batch("count", "people", *m.COUNTER)), ("dev",))
        m.seed(project, 20)
        refused = project.run("apply", "--env", "dev", check=1)
        self.assertIn("transaction", refused.err)
        self.assertEqual([doc["n"] for doc in project.db().people.find()], [1] * 20)
        self.assertEqual(states(project)[1], "applied")

    def test_a_failed_step_is_named_and_resumed(self):
        project = self.project(files(insert("a", "rows", {"_id": 1, "x": 1})), ("dev",))
        project.db().rows.insert_one({"_id": 1, "x": 2})
        project.run("apply", "--env", "dev", check=1)
        self.assertEqual(states(project), {1: "failed"})
        project.db().rows.delete_one({"_id": 1})
        project.run("resume", "--env", "dev", check=0)
        self.assertEqual(project.db().rows.find_one(), {"_id": 1, "x": 1})


class GolangMigrate(MigtuiTest):
    def test_its_files_of_commands_apply_and_roll_back_as_they_are(self):
        up = [{"create": "people"}, {"insert": "people", "documents": [{"_id": 1}]}]
        down = [{"drop": "people"}]
        project = self.project({"1_people.up.json": json.dumps(up), "1_people.down.json": json.dumps(down)}, ("dev",))
        project.run("apply", "--env", "dev", check=0)
        self.assertEqual(project.db().people.count_documents({}), 1)
        project.run("rollback", "--env", "dev", check=0)
        self.assertNotIn("people", project.db().list_collection_names())


if __name__ == "__main__":
    unittest.main()
