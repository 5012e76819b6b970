"""Commands on a terminal: they ask before they write, paint with one meaning a colour, and rewrite progress in place."""

import os
import pty
import select
import signal
import time

from harness import BINARY, MigtuiTest
from test_cli_runs import BATCH, CREATE, TWO, migration


class Terminal:
    """migtui on a pseudo terminal of 100 columns."""

    def __init__(self, project, *words, **env):
        self.text = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(project.dir)
            os.execve(BINARY, ["migtui", *words], project.env | env)  # noqa: S606
        os.set_blocking(self.fd, False)

    def read_until(self, wanted, deadline_s=60):
        until = time.monotonic() + deadline_s
        while wanted is None or wanted not in self.text:
            if time.monotonic() > until:
                raise AssertionError(f"{wanted!r} not within {deadline_s} s: {self.text!r}")
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    data = os.read(self.fd, 65536)
                except OSError:  # the other end is closed
                    data = b""
                if not data:
                    break
                self.text += data.decode(errors="replace")
        if wanted is not None and wanted not in self.text:
            raise AssertionError(f"{wanted!r} never came: {self.text!r}")

    def type(self, text):
        os.write(self.fd, text.encode())

    def ended(self):
        self.read_until(None)
        status = os.waitpid(self.pid, 0)[1]
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


class OnATerminal(MigtuiTest):
    def test_no_is_no_and_yes_is_yes(self):
        p = self.project(TWO, envs=("dev",))
        for answer in ("n\n", "\n", "x\n", "\x04"):
            with self.subTest(answer):
                t = Terminal(p, "apply")
                t.read_until("Apply 2 migrations on dev? [y/N] ")
                self.assertIn("migtui will apply 2 migrations", t.text)
                t.type(answer)
                self.assertEqual(t.ended(), 130)
        self.assertNotIn("people", p.db().list_collection_names())
        t = Terminal(p, "apply")
        t.read_until("[y/N] ")
        t.type("y\n")
        self.assertEqual(t.ended(), 0)
        self.assertIn("people", p.db().list_collection_names())

    def test_what_was_shown_is_what_runs(self):
        p = self.project(TWO, envs=("dev",))
        t = Terminal(p, "apply")
        t.read_until("[y/N] ")
        p.write("3_more.jsonc", migration("more", {"id": "a", "createCollection": {"collection": "more"}}))
        t.type("y\n")
        self.assertEqual(t.ended(), 4)
        self.assertEqual(p.db().list_collection_names(filter={"name": {"$in": ["people", "more"]}}), [])

    def test_yes_spares_the_question_but_not_on_a_protected_environment(self):
        p = self.project(TWO, envs={"dev": {}, "prod": {"protected": True}})
        self.assertEqual(Terminal(p, "apply", "--env", "dev", "--yes").ended(), 0)
        p.run("plan", "--env", "prod", "--out", "it.plan", check=2)
        database = p.environments["prod"]["database"]
        t = Terminal(p, "apply", "it.plan", "--yes")
        t.read_until(f'Type "{database} 2"')
        t.type("yes\n")
        self.assertEqual(t.ended(), 5)
        t = Terminal(p, "apply", "it.plan")
        t.read_until(") to apply: ")
        t.type(f"{database} 2\n")
        self.assertEqual(t.ended(), 0)

    def test_colour_is_for_terminals_that_want_it(self):
        p = self.project({"1_create.jsonc": CREATE}, envs=("dev",))
        for env, painted in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
            with self.subTest(env):
                t = Terminal(p, "status", **env)
                self.assertEqual(t.ended(), 0)
                self.assertEqual("\x1b[" in t.text, painted)
        t = Terminal(p, "status", "--no-color")
        t.ended()
        self.assertNotIn("\x1b", t.text)

    def test_progress_is_rewritten_in_place(self):
        p = self.project({"1_create.jsonc": CREATE}, envs=("dev",))
        p.run("apply", check=0)
        p.db().people.insert_many([{"n": i} for i in range(1500)])
        p.write("2_batch.jsonc", BATCH)
        t = Terminal(p, "apply", "--yes")
        self.assertEqual(t.ended(), 0)
        self.assertRegex(t.text, r"[\d,]+ of [\d,]+ .*\(\d+%\), [\d,]+/s")
        self.assertIn("\r\x1b[K", t.text)
        piped = self.project({"1_create.jsonc": CREATE}, envs=("dev",)).run("apply", check=0)
        self.assertNotIn("\r", piped.out)

    def test_ctrl_c_at_the_question_ends_it(self):
        p = self.project(TWO, envs=("dev",))
        t = Terminal(p, "apply")
        t.read_until("[y/N] ")
        t.type("\x03")
        self.assertEqual(t.ended(), 128 + signal.SIGINT)
        self.assertNotIn("people", p.db().list_collection_names())

    def test_a_closed_terminal_does_not_end_the_run(self):
        step = {"id": "wait", "exec": {"run": ["sleep", "3"]}}
        p = self.project({"1_slow.jsonc": migration("slow", step), "2_create.jsonc": CREATE}, envs=("dev",))
        t = Terminal(p, "apply", "--yes")
        t.read_until("-> wait: exec")
        os.close(t.fd)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(t.pid, 0)[1]), 0)
        self.assertIn("people", p.db().list_collection_names())
