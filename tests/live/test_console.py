"""The console on real servers, played by --script: what it shows, what it starts, and what it refuses."""

import os
import subprocess
import threading
import time

from harness import DEAD_URI, MigtuiTest, Server, wait_for
from test_cli_runs import BATCH, BROKEN, CREATE, INDEX, TWO, migration, slow

MORE = migration("more", {"id": "more", "createCollection": {"collection": "more"}})


class Script:
    """A console that plays a script; its screens as they come."""

    def __init__(self, project, script, *words, **env):
        path = project.dir / "script.txt"
        path.write_text(script)
        self.process = subprocess.Popen(
            [os.environ["MIGTUI_BIN"], *words, "--script", str(path)], cwd=project.dir, env=project.env | env, text=True,
            errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.out, self.err = "", ""
        self.threads = [threading.Thread(target=self._read, args=(name,)) for name in ("out", "err")]
        for thread in self.threads:
            thread.start()

    def _read(self, name):
        for line in getattr(self.process, f"std{name}" if name == "err" else "stdout"):
            setattr(self, name, getattr(self, name) + line)

    def until(self, text, deadline_s=60):
        wait_for(lambda: text in self.out or self.process.poll() is not None, deadline_s, text)
        if text not in self.out:
            raise AssertionError(f"{text!r} never came:\n{self.out}\n{self.err}")

    def ended(self, deadline_s=90, status=0):
        got = self.process.wait(deadline_s)
        for thread in self.threads:
            thread.join(deadline_s)
        self.process.stdout.close()
        self.process.stderr.close()
        if got != status:
            raise AssertionError(f"exit status {got}:\n{self.out}\n{self.err}")
        return self

    def screen(self, title):
        """The text of `screen TITLE`."""
        parts = self.out.split("-- screen ")
        for part in parts[1:]:
            head, _, text = part.partition("\n")
            if head.endswith(title):
                return text
        raise AssertionError(f"no screen {title!r}:\n{self.out}")


class ConsoleTest(MigtuiTest):
    def play(self, project, script, *words, **env):
        return Script(project, script, *words, **env).ended()


class Shows(ConsoleTest):
    def test_every_environment_at_once(self):
        p = self.project(TWO, envs=("dev", "test"))
        p.run("apply", "--env", "dev", check=0)
        s = self.play(p, "size 120x36\nwait dev ok\nwait test ok\nscreen all\n")
        text = s.screen("all")
        self.assertIn("create people", text)
        self.assertRegex(text, r"dev ok (<5|\d+)s")  # with the age of what is known
        self.assertRegex(text, r"✓ applied.*· pending")

    def test_u_plans_to_take_the_chosen_migration_back(self):
        p = self.project(TWO, envs=("dev",))
        p.run("apply", check=0)
        s = self.play(p, "size 120x36\nwait ✓ applied\nkey G\nkey U\nwait dropIndexes\nscreen plan\n")
        self.assertRegex(s.screen("plan"), r"Roll back on dev: 1 migration, 1 step")
        self.assertNotIn("create people", s.screen("plan"))

    def test_without_utf8_it_is_ascii(self):
        p = self.project(TWO, envs=("dev",))
        for words, env in ((("--ascii",), {}), ((), {"LC_ALL": "C"})):
            s = self.play(p, "wait dev ok\nscreen all\n", *words, **env)
            self.assertTrue(s.screen("all").isascii(), s.out)

    def test_a_new_file_is_pending_at_once_and_a_bad_one_is_said(self):
        p = self.project(TWO, envs=("dev",))
        s = Script(p, "wait dev ok\nscreen before\nwait more\nscreen after\nwait cannot be read\n:messages\nscreen bad\n")
        s.until("screen 1")
        p.write("3_more.jsonc", MORE)
        s.until("screen 2")
        p.write("4_bad.jsonc", "{")
        s.ended()
        self.assertNotIn("more", s.screen("before"))
        self.assertIn("4_bad.jsonc:1", s.screen("bad"))

    def test_a_dead_environment_delays_nothing(self):
        p = self.project(TWO, envs={"dev": {}, "dead": {"uri": DEAD_URI, "database": "x"}}, config={"connectTimeoutMs": 30000})
        began = time.monotonic()
        s = self.play(p, "screen first\nwait dev ok\nscreen dev\n:history\nwait dead has not answered yet\nkey esc q\n")
        self.assertLess(time.monotonic() - began, 25)  # the connection is tried for thirty
        self.assertIn("dead", s.screen("first"))
        self.assertNotIn("dead ok", s.screen("dev"))

    def test_an_environment_is_killed_and_revived(self):
        own = Server()
        self.addCleanup(own.close)
        p = self.project(TWO, envs={"dev": {}, "test": {"server": own}}, config={"connectTimeoutMs": 1000})
        p.run("apply", "--env", "test", "--count", "1", check=0)
        script = "timeout 90s\nwait test ok\nscreen up\nwait test STALE\nwait dev ok\nscreen down\nwait test ok\n:messages\nscreen again\n"
        s = Script(p, script)
        s.until("screen 1")
        own.kill()
        s.until("screen 2", 120)
        own.start()
        s.ended(180)
        self.assertIn("✓ applied", s.screen("down"))  # what is known stays, with its age
        self.assertIn("answers again", s.screen("again"))

    def test_a_run_from_elsewhere_is_seen_at_work(self):
        p = self.project({"1_slow.jsonc": slow(8), "2_create.jsonc": CREATE}, envs=("dev",))
        s = Script(p, "wait dev ok\nscreen before\nwait LOCKED\nscreen at work\ntimeout 60s\ngone LOCKED\nwait dev ok\nscreen after\n")
        s.until("screen 1")
        p.run("apply", "--detach", check=0)
        s.ended(120)
        self.assertRegex(s.screen("at work"), "running|▸")
        self.assertNotIn("pending 2", s.screen("after"))


class Acts(ConsoleTest):
    def test_y_applies_what_was_shown(self):
        p = self.project(TWO, envs=("dev",))
        s = self.play(
            p, ":rw dev 10m\nwait RW\n:apply --count 1 --ticket OPS-7\nwait y goes ahead\nscreen asked\nkey y\n"
               "timeout 60s\ngone y goes ahead\nwait has begun\n",
        )  # fmt: skip
        self.assertIn("create people", s.screen("asked"))
        self.assertNotIn("add index", s.screen("asked").split("TARGET")[1].split("checks passed")[0])
        wait_for(lambda: p.run("runs", "--format", "json").json()["runs"][0]["status"] == "succeeded", 60, "the run")
        runs = p.run("runs", "--format", "json").json()["runs"]
        self.assertEqual([(r["command"], r["migrations"], r["ticket"]) for r in runs], [("apply", 1, "OPS-7")])

    def test_enter_held_down_runs_nothing(self):
        p = self.project(TWO, envs=("dev",))
        self.play(p, ":rw dev 10m\n:apply\nwait y goes ahead\n" + "key enter\n" * 40 + "idle\n")
        self.assertEqual(p.run("runs", "--format", "json").json()["runs"], [])

    def test_a_plan_that_moves_while_it_is_confirmed_does_not_run(self):
        p = self.project(TWO, envs=("dev",))
        go = p.dir / "go"
        s = Script(p, f":rw dev 10m\n:apply\nwait y goes ahead\nscreen asked\nfile {go}\nkey y\nwait plan moved\nscreen refused\n")
        s.until("screen 1")
        p.run("apply", "--env", "dev", "--count", "1", check=0)
        go.touch()
        s.ended()
        self.assertEqual(len(p.run("runs", "--format", "json").json()["runs"]), 1)

    def test_mark_wants_a_reason_and_is_recorded(self):
        p = self.project(TWO, envs=("dev",))
        s = self.play(p, ":rw dev 10m\n:mark 1 applied --reason \"by hand, OPS-1\"\nwait by hand; no step runs\nkey y\nwait done\nscreen end\n")
        self.assertIn("done", s.screen("end"))
        entries = p.run("history", "--format", "json").json()["entries"]
        self.assertEqual([(e["version"], e["reason"]) for e in entries], [("1", "by hand, OPS-1")])

    def test_an_error_of_the_command_comes_back_with_what_to_do(self):
        p = self.project({"1_slow.jsonc": slow(20), "2_create.jsonc": CREATE}, envs=("dev",))
        p.run("apply", "--count", "1", "--detach", check=0)
        s = self.play(
            p, "wait LOCKED\n:rw dev 10m\n:mark 2 applied --reason x\nwait no step runs\nkey y\ntimeout 60s\nwait lock\nwait hold\n:messages\nscreen errors\n"
        )
        self.assertIn("dev", s.screen("errors"))
        p.run("stop", check=0)

    def test_stop_asks_and_stops(self):
        # A program that ends well when it is asked to, so that the stop finds the run between two steps.
        polite = "trap 'exit 0' TERM; echo at work; for i in $(seq 600); do sleep 0.1; done; exit 1"
        both = migration("both", {"id": "wait", "exec": {"run": ["sh", "-c", polite]}},
                         {"id": "make", "createCollection": {"collection": "people"}})  # fmt: skip
        p = self.project({"1_both.jsonc": both}, envs=("dev",))
        self.stops(p, "stopped")
        self.assertNotIn("people", p.db().list_collection_names())
        p.run("resume", check=0)
        self.assertIn("people", p.db().list_collection_names())

    def test_stop_says_that_a_program_cut_short_has_failed(self):
        slow = migration("slow", {"id": "wait", "exec": {"run": ["sh", "-c", "echo at work; exec sleep 600"]}})
        p = self.project({"1_slow.jsonc": slow, "2_create.jsonc": CREATE}, envs=("dev",))
        s = self.stops(p, "failed")
        self.assertIn("cut short, its step counts as failed", s.screen("asked"))
        self.assertIn("stopped on request", p.run("runs", "--format", "json").json()["runs"][0]["error"])
        self.assertNotIn("people", p.db().list_collection_names())

    def stops(self, p, status):
        """A run at its exec step that is stopped from the console, and ends so."""
        run = p.run("apply", "--detach", check=0).out.strip()
        wait_for(lambda: "at work" in p.run("log", run).out, 60, "the program")
        s = self.play(p, "wait LOCKED\n:rw dev 10m\n:stop\nwait after the step it is at\nscreen asked\nkey y\nwait it was asked to\n")
        wait_for(lambda: p.run("runs", "--format", "json").json()["runs"][0]["status"] != "running", 60, "the end of the run")
        self.assertEqual(p.run("runs", "--format", "json").json()["runs"][0]["status"], status)
        return s

    def test_a_failed_migration_is_undone_in_the_background(self):
        both = migration("both", {"id": "one", "createCollection": {"collection": "one"}},
                         {"id": "no", "assert": {"collection": "one", "filter": {}, "count": 9}})  # fmt: skip
        p = self.project({"1_both.jsonc": both}, envs=("dev",))
        p.run("apply", check=1)
        self.play(
            p, "size 120x36\ntimeout 60s\n:rw dev 10m\n:plan --undo --env dev\nwait a undo\nidle\nkey a\nwait y goes ahead\nkey y\nwait has begun\n",
        )  # fmt: skip
        wait_for(lambda: "one" not in p.db().list_collection_names(), 60, "undone")

    def test_what_failed_is_resumed_once_its_cause_is_gone(self):
        both = migration("both", {"id": "one", "createCollection": {"collection": "one"}},
                         {"id": "no", "assert": {"collection": "one", "filter": {}, "count": 1}})  # fmt: skip
        p = self.project({"1_both.jsonc": both}, envs=("dev",))
        p.run("apply", check=1)
        p.db().one.insert_one({"_id": 1})
        s = self.play(
            p, "size 80x24\ntimeout 60s\n:rw dev 10m\n:resume --reason \"put it there\"\nwait y goes ahead\nscreen asked\n"
               "key n\nwait cancelled\n:resume --reason \"put it there\"\nwait y goes ahead\nkey y\nwait resume on dev  succeeded\nscreen end\n",
        )  # fmt: skip
        self.assertRegex(s.screen("asked"), r"TARGET dev(.|\n)*1 +both +1 step")  # of two, one is done
        runs = p.run("runs", "--format", "json").json()["runs"]
        self.assertEqual([(r["command"], r["status"], r["reason"]) for r in runs], [("resume", "succeeded", "put it there"), ("apply", "failed", None)])

    def test_the_run_goes_on_when_the_console_ends(self):
        p = self.project({"1_slow.jsonc": slow(3), "2_create.jsonc": CREATE}, envs=("dev",))
        self.play(p, ":rw dev 10m\n:apply\nwait y goes ahead\nkey y\ntimeout 60s\nwait has begun\n:q\n")
        wait_for(lambda: "people" in p.db().list_collection_names(), 60, "the second migration")


class Ends(ConsoleTest):
    """Right after the y: what was confirmed runs all the same, or is named."""

    def test_what_was_confirmed_is_checked_and_begun(self):
        p = self.project(TWO, envs=("dev",))
        self.play(p, ":rw dev 10m\n:apply\nwait y goes ahead\nkey y\n")
        wait_for(lambda: len(p.db().list_collection_names(filter={"name": "people"})) == 1, 60, "applied")

    def test_what_has_no_process_yet_gets_one(self):
        p = self.project(TWO, envs=("dev",))
        self.play(p, ":rw dev 10m\n:mark 1 applied --reason x\nwait no step runs\nkey y\n", MIGTUI_FAULT_SPAWN_MS="1500")
        wait_for(lambda: p.run("history", "--format", "json").json()["entries"], 60, "the mark")

    def test_what_moved_meanwhile_is_named_on_standard_error(self):
        p = self.project(TWO, envs=("dev",))
        go = p.dir / "go"
        s = Script(p, f"size 120x36\n:rw dev 10m\n:apply\nwait y goes ahead\nscreen asked\nfile {go}\nwait 3 files\nkey y\n")
        s.until("screen 1")
        p.write("3_more.jsonc", MORE)
        go.touch()
        s.ended(status=1)
        self.assertIn("apply on dev: the plan moved while it was being confirmed", s.err)
        self.assertEqual(p.run("runs", "--format", "json").json()["runs"], [])


class Tells(ConsoleTest):
    def test_a_confirmation_says_whether_there_is_a_backup(self):
        p = self.project(TWO, envs={"prod": {"protected": True}})
        ask = "size 120x36\n:rw prod 10m\n:apply --env prod\nwait {}\nscreen asked\nkey esc\n"
        self.play(p, ask.format("backup       none that finished"))
        p.run("backup", "take", "--env", "prod", check=0)
        s = self.play(p, ask.format(", proven"))
        self.assertRegex(s.screen("asked"), r"backup +(just now|\d+m ago), proven")


class Refuses(ConsoleTest):
    def test_readonly_stays_so(self):
        p = self.project(TWO, envs=("dev",))
        lines = "".join(
            f":{line} --env dev\nwait readonly\n"
            for line in ("apply", "rollback", "resume", "recover --undo", "mark 1 applied --reason x", "stop")
        )
        s = self.play(p, "wait dev ok\n:rw dev 10m\nwait stays so\n" + lines + "screen end\n", "--readonly")
        self.assertIn("[READ-ONLY]", s.screen("end"))
        self.assertEqual(p.run("runs", "--format", "json").json()["runs"], [])

    def test_a_protected_environment_wants_its_words_and_not_y(self):
        p = self.project(TWO, envs={"prod": {"protected": True}})
        database = p.environments["prod"]["database"]
        s = self.play(
            p, f"size 100x30\n:rw prod 10m\n:apply\nwait TARGET\nscreen asked\nkey y enter\npaste {database} 2\nkey enter tab enter\nscreen still\nkey esc\n"
               "wait nothing was run\n",
        )  # fmt: skip
        self.assertIn(f"{database} 2", s.screen("asked"))
        self.assertEqual(p.run("runs", "--format", "json").json()["runs"], [])

    def test_a_closed_gate_leaves_nothing_to_press(self):
        p = self.project({"1_create.jsonc": CREATE, "2_index.jsonc": INDEX}, envs=("dev",))
        p.run("apply", check=0)
        p.write("1_create.jsonc", BROKEN)
        s = self.play(p, ":rw dev 10m\n:rollback\nidle\nscreen end\n")
        self.assertEqual(len(p.run("runs", "--format", "json").json()["runs"]), 1, s.out)


class Plain(ConsoleTest):
    def test_it_tells_changes_as_lines_and_takes_commands(self):
        p = self.project(TWO, envs=("dev",))
        out = p.run("console", "--plain", stdin="rw dev 10m\napply\nconfirm y\n", check=0).out
        self.assertIn("dev: ok, 0 applied, 2 pending", out)
        self.assertIn("to go ahead: confirm y", out)
        self.assertNotIn("\x1b", out)
        wait_for(lambda: "people" in p.db().list_collection_names(), 60, "applied")

    def test_a_protected_environment_wants_its_words_here_too(self):
        p = self.project(TWO, envs={"prod": {"protected": True}})
        out = p.run("console", "--plain", stdin="rw prod 10m\napply\nconfirm y\n", check=0).out
        self.assertIn("nothing was run", out)
        self.assertEqual(p.run("runs", "--format", "json").json()["runs"], [])


class LongLog(ConsoleTest):
    def test_a_batch_shows_its_progress(self):
        p = self.project({"1_create.jsonc": CREATE, "2_batch.jsonc": BATCH}, envs=("dev",))
        p.run("apply", "--count", "1", check=0)
        p.db().people.insert_many([{"n": i} for i in range(20000)])
        s = Script(p, "wait dev ok\nscreen before\ntimeout 60s\nwait RUN\nscreen at work\n")
        s.until("screen 1")
        p.run("apply", "--detach", check=0)
        s.ended(120)
        self.assertRegex(s.screen("at work"), r"RUN \d+%")
        p.run("stop")
