"""The commands that run migrations, by the built binary on a server: what they print, in which shape, with which exit."""

import json
import signal

from harness import MigtuiTest, wait_for
from shape import problems


def migration(title, *steps, down=()):
    return json.dumps({"migtui": 1, "title": title, "up": list(steps), "down": list(down)}, indent=2) + "\n"


CREATE = migration(
    "create people",
    {"id": "coll", "createCollection": {"collection": "people"}},
    {"id": "seed", "insert": {"collection": "people", "documents": [{"_id": i} for i in range(3)]}},
    down=[{"id": "drop", "dropCollection": {"collection": "people"}}],
)
INDEX = migration(
    "add index",
    {"id": "idx", "createIndexes": {"collection": "people", "indexes": [{"key": {"email": 1}, "name": "email_1"}]}},
    down=[{"id": "idx", "dropIndexes": {"collection": "people", "index": "email_1"}}],
)
BROKEN = migration("break", {"id": "no", "assert": {"collection": "people", "filter": {}, "count": 99}})
TWO = {"1_create.jsonc": CREATE, "2_index.jsonc": INDEX}


BATCH = migration(
    "fill in",
    {"id": "fill", "batch": {"collection": "people", "filter": {"v": {"$exists": False}}, "update": [{"$set": {"v": 1}}],
                             "size": 20, "exactlyOnce": "marker"}},
)  # fmt: skip


def slow(seconds):
    return migration("slow", {"id": "wait", "exec": {"run": ["sleep", str(seconds)]}})


class RunsTest(MigtuiTest):
    def assert_shape(self, project, name, document):
        schema = json.loads(project.run("schema", name, check=0).out)
        self.assertEqual(problems(document, schema), [])


class Status(RunsTest):
    def test_reads_as_atlas_and_as_a_matrix(self):
        p = self.project(TWO, envs=("dev", "test"))
        p.run("apply", "--env", "dev", "--count", "1", check=0)
        text = p.run("status", check=0).out
        self.assertIn(
            "Migration Status: PENDING\n"
            "  -- Current Version: 1\n"
            "  -- Next Version:    2\n"
            "  -- Executed Files:  1\n"
            "  -- Pending Files:   1\n", text,
        )  # fmt: skip
        self.assertIn("  -- Current Version: No migration applied yet\n", text)
        self.assertRegex(text, r"\n  VERSION  TITLE          dev        test\n  1        create people  ✓ applied  · pending\n")
        self.assertIn("+ applied", p.run("status", env={"LANG": "C"}).out)

    def test_the_exit_status_tells_on_request(self):
        p = self.project(TWO, envs=("dev",))
        p.run("status", check=0)
        p.run("status", "--exit-code", check=2)
        p.run("apply", check=0)
        p.run("status", "--exit-code", check=0)
        p.write("1_create.jsonc", CREATE.replace("create people", "create others"))
        p.run("status", check=0)
        result = p.run("status", "--exit-code", check=4)
        self.assertIn("CHANGED", result.out)

    def test_json_is_as_its_schema_says(self):
        p = self.project(TWO, envs={"dev": {}, "away": {"uri": "mongodb://127.0.0.1:1/"}})
        p.run("apply", "--env", "dev", "--count", "1", check=0)
        document = p.run("status", "--format", "json", "--timeout", "1s", check=0).json()
        self.assert_shape(p, "status", document)
        dev, away = document["environments"]
        self.assertEqual([m["state"] for m in dev["migrations"]], ["applied", "pending"])
        self.assertEqual((away["reachable"], away["error"]["name"]), (False, "unreachable"))
        self.assertEqual(len(p.run("status", "--format", "ndjson", "--timeout", "1s").out.splitlines()), 1)


class Plan(RunsTest):
    def test_exit_2_when_there_is_something_and_the_document_is_as_its_schema_says(self):
        p = self.project(TWO, envs=("dev",))
        text = p.run("plan", check=2).out
        self.assertIn("migtui will apply 2 migrations, 3 steps:", text)
        self.assertRegex(text, r"  \+ 2  add index\n      idx  createIndexes  people\n")
        self.assertRegex(text, r"\nPlan [0-9a-f]{64}\nTo run exactly this: migtui apply --to 2 --env dev --plan [0-9a-f]{12}\n")
        self.assert_shape(p, "plan", p.run("plan", "--format", "json", check=2).json())
        p.run("apply", check=0)
        self.assertIn("Nothing to apply", p.run("plan", check=0).out)
        self.assertIn("migtui will roll back 1 migration", p.run("plan", "--down", check=2).out)

    def test_a_saved_plan_runs_exactly_and_once(self):
        p = self.project(TWO, envs=("dev",))
        p.run("plan", "--out", "it.plan", "--count", "1", check=2)
        p.run("apply", "it.plan", check=0)
        self.assertEqual(sorted(p.db().people.index_information()), ["_id_"])
        self.assertEqual(p.run("apply", "it.plan", "--format", "json", check=4).error()["name"], "stale-plan")

    def test_what_a_plan_tells_to_type_runs_just_that(self):
        p = self.project(TWO, envs=("dev",))

        def run_what_is_told(*words):
            told = p.run("plan", *words, check=2).out.rpartition("To run exactly this: migtui ")[2]
            p.run(*told.split(), check=0)
            return [f'{m["version"]} {m["state"]}' for m in p.run("status", "--format", "json").json()["environments"][0]["migrations"]]

        self.assertEqual(run_what_is_told("--count", "1"), ["1 applied", "2 pending"])
        self.assertEqual(run_what_is_told(), ["1 applied", "2 applied"])
        self.assertEqual(run_what_is_told("--down", "--count", "2"), ["1 pending", "2 pending"])

    def test_a_plan_is_void_when_what_matters_moved_and_only_then(self):
        p = self.project(TWO, envs=("dev", "test"))
        p.run("plan", "--env", "dev", "--out", "it.plan", check=2)
        self.assertIn("was made for dev, not for test", p.run("apply", "it.plan", "--env", "test", check=4).err)
        p.write("2_index.jsonc", "// a comment\n" + INDEX)
        p.run("status", check=0)
        p.write("2_index.jsonc", INDEX.replace("email_1", "email_2"))
        self.assertRegex(p.run("apply", "it.plan", check=4).err, "2 was changed")
        self.assertNotIn("people", p.db().list_collection_names())
        p.write("2_index.jsonc", "// a comment\n" + INDEX)
        p.run("apply", "it.plan", check=0)

    def test_a_file_that_is_no_plan_is_refused(self):
        p = self.project(TWO, envs=("dev",))
        (p.dir / "no.plan").write_text("{}")
        p.run("apply", "no.plan", check=4)
        p.run("apply", "none.plan", check=1)


class Apply(RunsTest):
    def test_reads_as_atlas_prints_it(self):
        p = self.project(TWO, envs=("dev",))
        text = p.run("apply", check=0).out
        took = r"\(\S+\)"
        self.assertRegex(
            text,
            r"^Migrating to version 2 \(2 migrations in total\):\n"
            rf"\n  -- migrating version 1 \(create people\)\n    -> coll: createCollection\n    -> seed: insert\n"
            rf"       3 inserted\n  -- ok {took}\n"
            rf"\n  -- migrating version 2 \(add index\)\n    -> idx: createIndexes\n  -- ok {took}\n"
            r"\n  -------------------------\n  -- \S+\n  -- 2 migrations\n  -- 3 steps\n$",
        )
        self.assertEqual(p.run("apply", check=0).out, "No migration files to execute\n")

    def test_the_event_stream_is_as_its_schema_says_and_the_log_repeats_it(self):
        p = self.project(TWO, envs=("dev",))
        events = p.run("apply", "--format", "ndjson", check=0).ndjson()
        for event in events:
            self.assert_shape(p, "events", event)
        last = events[-1]
        self.assertEqual((last["event"], last["status"], last["applied"]), ("run.finished", "succeeded", 2))
        run = last["run"]
        self.assertEqual([e["run"] for e in events], [run] * len(events))
        self.assertEqual(p.run("log", run, "--format", "ndjson", check=0).ndjson(), events)
        for journal in p.dir.glob("state/migtui/runs/*"):
            journal.unlink()
        kept = p.run("log", run, "--format", "json", check=0).json()["events"]
        self.assertEqual(kept, events)
        self.assertIn("Migrating to version 2", p.run("log", check=0).out)

    def test_json_is_one_document_at_the_end(self):
        p = self.project(TWO, envs=("dev",))
        done = p.run("apply", "--format", "json", "--reason", "why", "--ticket", "T-1", "--operator", "ana", check=0).json()
        self.assertEqual((done["status"], done["applied"], done["environment"]), ("succeeded", 2, "dev"))
        self.assertEqual([m["version"] for m in done["migrations"]], ["1", "2"])
        entry = p.run("history", "--format", "json", check=0).json()["entries"][0]
        self.assertEqual((entry["version"], entry["operator"], entry["ticket"], entry["reason"], entry["run"]),
                         ("2", "ana", "T-1", "why", done["run"]))  # fmt: skip
        row = p.run("runs", "--format", "json", check=0).json()["runs"][0]
        self.assertEqual((row["run"], row["status"], row["migrations"]), (done["run"], "succeeded", 2))
        self.assertIn(done["run"], p.run("runs", check=0).out)
        self.assertEqual(p.run("apply", "--format", "json", check=0).json()["applied"], 0)

    def test_quiet_says_nothing_when_all_is_well(self):
        p = self.project(TWO, envs=("dev",))
        result = p.run("apply", "--quiet", check=0)
        self.assertEqual((result.out, result.err), ("", ""))

    def test_a_failed_step_is_exit_1_with_the_reason_and_the_way_out(self):
        p = self.project(TWO | {"3_break.jsonc": BROKEN}, envs=("dev",))
        result = p.run("apply", check=1)
        self.assertIn("  -- 2 migrations ok, 1 with errors\n", result.out)
        self.assertIn("Next", result.err)
        page = p.run("recover", check=4).out
        self.assertIn("3 failed at step no", page)
        self.assertIn("migtui resume --env dev", page)
        self.assertIn("FAILED", p.run("status", "--exit-code", check=4).out)
        self.assertEqual(p.run("apply", check=4).out, "")
        p.db().people.insert_many([{} for _ in range(96)])
        p.run("resume", check=0)
        self.assertIn("nothing to recover", p.run("recover", check=0).out)

    def test_a_failed_step_that_changed_nothing_is_undone_and_pending_again(self):
        p = self.project(TWO | {"3_break.jsonc": BROKEN}, envs=("dev",))
        p.run("apply", check=1)
        before = list(p.db().people.find())
        self.assertIn("recover 3 --env dev --undo", p.run("recover", check=4).out)
        self.assertIn("-- rolling back version 3 (break)", p.run("recover", "--undo", check=0).out)
        self.assertIn("nothing to recover", p.run("recover", check=0).out)
        rows = p.run("status", "--format", "json").json()["environments"][0]["migrations"]
        self.assertEqual([row["state"] for row in rows], ["applied", "applied", "pending"])
        self.assertEqual(list(p.db().people.find()), before)
        p.run("status", "--exit-code", check=2)

    def test_an_error_as_json_leaves_standard_output_empty(self):
        p = self.project({"1_break.jsonc": BROKEN}, envs=("dev",))
        result = p.run("apply", "--format", "json", check=1)
        self.assertEqual((result.out, result.error()["exit"]), ("", 1))

    def test_nothing_runs_when_any_file_is_bad(self):
        p = self.project(TWO | {"3_bad.jsonc": "{"}, envs=("dev",))
        self.assertRegex(p.run("apply", check=1).err, r"3_bad\.jsonc:1:\d+")
        self.assertEqual(p.db().list_collection_names(), [])

    def test_rollback_takes_back_what_was_named(self):
        p = self.project(TWO, envs=("dev",))
        p.run("apply", check=0)
        text = p.run("rollback", check=0).out
        self.assertRegex(text, r"^Rolling back version 2 from 2 \(1 migration in total\):\n")
        self.assertIn("  -- rolling back version 2 (add index)", text)
        p.run("apply", check=0)
        p.run("rollback", "--to", "0", check=0)
        self.assertNotIn("people", p.db().list_collection_names())

    def test_marks_are_kept_with_their_reason(self):
        p = self.project(TWO, envs=("dev",))
        p.run("mark", "1", "applied", "--reason", "by hand", check=0)
        states = p.run("status", "--format", "json").json()["environments"][0]["migrations"]
        self.assertEqual([m["state"] for m in states], ["applied", "pending"])
        self.assertEqual(p.run("history", "--format", "json").json()["entries"][0]["reason"], "by hand")


class Protected(RunsTest):
    def test_only_a_named_plan_and_the_typed_text_open_it(self):
        p = self.project(TWO, envs={"prod": {"protected": True}})
        database = p.environments["prod"]["database"]
        self.assertIn("only a plan that was saved or named", p.run("apply", "--yes", check=5).err)
        plan = p.run("plan", "--out", "it.plan", "--format", "json", check=2).json()["planId"]
        self.assertIn(f'--confirm-text "{database} 2"', p.run("apply", "it.plan", "--yes", check=5).err)
        p.run("apply", "it.plan", "--confirm-text", f"{database} 1", check=5)
        self.assertNotIn("people", p.db("prod").list_collection_names())
        p.run("apply", "--plan", plan[:8], "--confirm-text", f"{database} 2", check=0)
        self.assertIn("people", p.db("prod").list_collection_names())
        p.run("mark", "1", "pending", "--reason", "x", "--yes", check=5)
        p.run("rollback", "--yes", "--confirm-text", f"{database} 1", check=5)


class Detached(RunsTest):
    def test_goes_on_alone_and_is_read_from_the_first_line(self):
        p = self.project(TWO | {"3_slow.jsonc": slow(3)}, envs=("dev",))
        run = p.run("apply", "--detach", check=0).out.strip()
        self.assertEqual(len(run), 26)
        result = p.run("attach", check=0)
        self.assertRegex(result.out, rf"^Run {run} on dev, started ")
        self.assertIn("-- migrating version 1 (create people)", result.out)
        self.assertIn("  -- 3 migrations\n", result.out)
        self.assertIn("no run is under way", p.run("attach", check=1).err)
        wait_for(lambda: not p.processes(), what="the runner's end")

    def test_the_second_learns_at_once_that_somebody_is_at_it(self):
        p = self.project({"1_slow.jsonc": slow(60)}, envs=("dev",))
        run = p.run("apply", "--detach", check=0).out.strip()
        for more in ([], ["--detach"]):
            result = p.run("apply", *more, check=3)
            self.assertIn(run, result.err)
        self.assertIn(run, p.run("status").out)
        p.run("stop", check=0)
        self.assertIn("asked by", p.run("attach", run, check=130).out)

    def test_a_run_that_cannot_begin_says_why(self):
        p = self.project({"1_break.jsonc": "{"}, envs=("dev",))
        self.assertRegex(p.run("apply", "--detach", check=1).err, r"1_break\.jsonc:1")
        p = self.project(TWO, envs={"dev": {"uri": "mongodb://127.0.0.1:1/"}})
        result = p.run("apply", "--detach", "--timeout", "1s", "--format", "json", check=1)
        self.assertEqual(result.error()["name"], "unreachable")


class Signals(RunsTest):
    def running(self):
        """A run in the middle of its batch."""
        p = self.project({"1_batch.jsonc": BATCH}, envs=("dev",))
        p.db().people.insert_many([{"_id": i} for i in range(1500)])
        process = p.spawn("apply", "--format", "ndjson")
        wait_for(lambda: any(e["event"] == "progress" and e["done"] > 0 for e in process.ndjson()), what="a range")
        return p, process

    def test_the_first_stops_the_run_and_resume_goes_on(self):
        p, process = self.running()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.ended(60), 130)
        self.assertIn("stopping after this step", process.err())
        self.assertEqual(process.ndjson()[-1]["status"], "stopped")
        self.assertIn("INTERRUPTED", p.run("status", "--exit-code", check=4).out)
        done = p.db().people.count_documents({"v": 1})
        self.assertLess(done, 1500)
        events = p.run("resume", "--format", "ndjson", check=0, timeout=120).ndjson()
        self.assertEqual(p.db().people.count_documents({"v": 1}), 1500)
        self.assertEqual(events[-1]["status"], "succeeded")

    def test_the_second_ends_it_at_once_and_resume_goes_on(self):
        p, process = self.running()
        process.send_signal(signal.SIGTERM)
        wait_for(lambda: "stopping" in process.err(), what="the first word")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.ended(60), 130)
        p.run("resume", check=0, timeout=120)
        self.assertEqual(p.db().people.count_documents({"v": 1}), 1500)

    def test_a_lost_terminal_ends_nothing(self):
        p, process = self.running()
        process.send_signal(signal.SIGHUP)
        self.assertEqual(process.ended(120), 0)
        self.assertEqual(p.db().people.count_documents({"v": 1}), 1500)

    def test_a_program_of_a_step_is_stopped_with_the_run(self):
        p = self.project({"1_slow.jsonc": slow(600)}, envs=("dev",))
        process = p.spawn("apply", "--format", "ndjson")
        wait_for(lambda: any(e["event"] == "step.started" for e in process.ndjson()), what="the step")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.ended(30), 130)

    def test_a_look_is_ended_at_once(self):
        p = self.project({"1_slow.jsonc": slow(30)}, envs=("dev",))
        run = p.run("apply", "--detach", check=0).out.strip()
        watcher = p.spawn("attach", run)
        wait_for(lambda: "Run " in watcher.out(), what="the first line")
        watcher.send_signal(signal.SIGINT)
        self.assertEqual(watcher.ended(30), 130)
        self.assertIn("the run goes on", watcher.err())
        self.assertEqual(p.run("runs", "--format", "json").json()["runs"][0]["status"], "running")
        p.run("stop", run, check=0)


class Diff(RunsTest):
    def test_environments_files_and_texts(self):
        p = self.project(TWO, envs=("dev", "test"))
        p.run("apply", "--env", "dev", check=0)
        p.run("apply", "--env", "test", "--count", "1", check=0)
        self.assertRegex(p.run("diff", "dev", "test", check=4).out, r"2  +add index  applied  pending\n")
        self.assertIn("files and dev agree", p.run("diff", "dev", check=0).out)
        self.assertEqual(p.run("diff", "test", "--format", "json", check=4).json()["differences"][0]["version"], "2")
        p.run("diff", "dev", "1", check=0)
        self.assertIn("test: 2 never ran there", p.run("diff", "test", "2", check=1).err)
        p.write("1_create.jsonc", CREATE.replace('"_id": 2', '"_id": 7'))
        text = p.run("diff", "dev", "1", check=4).out
        self.assertIn('\n-            "_id": 2\n+            "_id": 7\n', text)
        self.assertTrue(text.startswith("--- 1 (ran on dev)\n+++ 1_create.jsonc\n@@ "))
        self.assertEqual(p.run("diff", "dev", "--format", "json", check=4).json()["differences"][0]["right"], "changed")


class Doctor(RunsTest):
    def test_says_what_the_server_is_and_can(self):
        p = self.project(TWO, envs=("dev",))
        self.assertIn("no problem found", p.run("doctor", check=0).out)
        document = p.run("doctor", "--format", "json", check=0).json()
        self.assertTrue(document["ok"])
        server = document["environments"][0]["server"]
        self.assertIn("transactions", server["can"])
        seen = p.servers["dev"].client().admin.command("currentOp", {"$ownOps": True}, check=False)["ok"] == 1
        self.assertEqual((server["can"]["currentOp"], server["mayOnlyRead"]), (seen, False))

    def test_one_clear_line_for_each_problem(self):
        p = self.project(TWO | {"3_bad.jsonc": "{"}, envs={"dev": {}, "away": {"uri": "mongodb://127.0.0.1:1/"}})
        result = p.run("doctor", "--timeout", "1s", check=1)
        self.assertEqual(result.out.count("problem: "), 2)
        self.assertRegex(result.out, r"problem: migrations: .*3_bad\.jsonc:1")
        self.assertRegex(result.out, r"problem: away: ")

    def test_two_environments_on_one_database_are_found(self):
        p = self.project(TWO, envs=("dev", "test"))
        same, own = p.environments["dev"]["database"], p.environments["test"]["database"]
        text = p.config_file.read_text().replace(own, same)
        p.config_file.write_text(text[::-1].replace("127.0.0.1"[::-1], "localhost"[::-1], 1)[::-1])
        self.assertIn("it is the same database as dev", p.run("doctor", check=1).out)
