"""The console as an operator meets it: the built binary in a terminal, on a real server."""

import contextlib
import os
import signal
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "live"))

import harness  # noqa: E402
from harness import DEAD_URI, Project, wait_for  # noqa: E402
from test_cli_runs import CREATE, TWO, slow  # noqa: E402
from tmux import PROMPT, Tmux, child_of, quoted  # noqa: E402

SIZES = ((120, 36), (80, 24), (60, 15), (40, 10))


def names_all(screen, cols):
    """One whole screen that fits: right after a resize tmux shows what is left of the old one, without its header maybe."""
    lines = screen.splitlines()
    named = all(f"{env} ok" in "\n".join(lines[:2]) for env in ("dev", "test", "prod"))  # narrow, the header has two lines
    return named and max(map(len, lines)) <= cols and any("Migrations" in line for line in lines)


def tearDownModule():
    harness.close_all()


class ConsoleTest(unittest.TestCase):
    def project(self, *args, **options):
        project = Project(*args, **options)
        self.addCleanup(project.close)
        return project

    def console(self, project, *words, cols=100, rows=30, shown="ok", **env):
        """The console of a project, once its header shows this."""
        t = Tmux(cols, rows, **(project.env | env))
        self.addCleanup(t.close)
        t.command = f"clear; {quoted(str(harness.BINARY))} --config {quoted(str(project.config_file))} {' '.join(words)}; echo status=$?"
        t.run(t.command)
        if shown:
            t.wait(shown)
        return t

    def leave(self, t):
        """Ctrl-C until it has ended: whatever is open closes first. None is pressed that the shell could get, which would
        drop the rest of its line."""
        for _ in range(20):  # views lie one on another
            before = t.screen()
            t.press("C-c")
            with contextlib.suppress(AssertionError):
                wait_for(lambda: not t.fullscreen() or t.screen() != before, 10, "a change")
            if not t.fullscreen():
                break
        return t.wait("status=")

    def runs(self, project):
        return project.run("runs", "--format", "json").json()["runs"]

    def open_window(self, t, env):
        t.type(f":rw {env} 10m")
        t.press("Enter")
        t.wait("may be written to")

    def ask(self, t, line, shown):
        t.type(f":{line}")
        t.press("Enter")
        return t.wait(shown)


class Looks(ConsoleTest):
    def test_it_opens_at_every_size_and_names_each_environment(self):
        p = self.project(TWO, envs=("dev", "test", "prod"))
        t = self.console(p, shown="prod ok")
        for cols, rows in SIZES:
            with self.subTest(f"{cols}x{rows}"):
                t.resize(cols, rows)
                t.wait(lambda screen, cols=cols: names_all(screen, cols))
        t.resize(1, 1)
        t.resize(80, 24)
        t.wait("prod ok")
        self.assertIn("status=0", self.leave(t))

    def test_every_key_of_every_view_leaves_it_alive_and_runs_nothing(self):
        p = self.project(TWO, envs=("dev",))
        p.run("apply", "--count", "1", check=0)
        t = self.console(p, shown="dev ok")
        self.open_window(t, "dev")
        for digit in "123456":
            t.press(digit)
            t.type("jkhlgGxdRLUuer/")
            t.press("C-c")
            for key in ("Enter", "Tab", "PageDown", "PageUp", "Up", "Down", "Left", "Right", "Home", "End", "C-d", "C-u", "C-l"):
                t.press(key)
            t.wait("dev")
        self.assertEqual(len(self.runs(p)), 1)
        self.assertIn("status=0", self.leave(t))

    def test_a_dead_environment_delays_neither_keys_nor_the_end(self):
        p = self.project(TWO, envs={"dev": {}, "dead": {"uri": DEAD_URI, "database": "x"}}, config={"connectTimeoutMs": 60000})
        t = self.console(p, shown="dev ok")
        t.press("?")
        t.wait("HELP")
        t.press("Escape")
        t.wait(lambda screen: "HELP" not in screen)
        began = time.monotonic()
        self.leave(t)
        self.assertLess(time.monotonic() - began, 20)  # the connection is tried for sixty

    def test_y_copies_the_screen_into_a_file_too_whose_folder_need_not_be_there(self):
        p = self.project(TWO, envs=("dev",))
        state = p.dir / "not" / "there"
        t = self.console(p, shown="dev ok", XDG_STATE_HOME=str(state))
        t.press("y")
        t.wait("also in")
        clip = state / "migtui" / "clip"
        self.assertIn("create people", clip.read_text())
        self.assertEqual([path.stat().st_mode & 0o777 for path in (clip, clip.parent)], [0o600, 0o700])

    def test_without_utf8_and_without_colours(self):
        p = self.project(TWO, envs=("dev",))
        t = self.console(p, LANG="C", LC_ALL="C", NO_COLOR="1", shown="dev ok")
        self.assertTrue(t.screen().isascii())
        self.assertNotRegex(t.tmux("capture-pane", "-e", "-p"), r"\x1b\[[0-9;]*3[0-7]m")


class Confirms(ConsoleTest):
    def test_enter_held_down_runs_nothing(self):
        p = self.project(TWO, envs=("dev",))
        t = self.console(p, shown="dev ok")
        self.open_window(t, "dev")
        self.ask(t, "apply", "goes ahead")
        for _ in range(40):
            t.press("Enter")
        t.press("Escape", "Escape")
        t.wait(lambda screen: "goes ahead" not in screen)
        self.assertEqual(self.runs(p), [])

    def test_y_applies_and_opens_the_log(self):
        p = self.project(TWO, envs=("dev",))
        t = self.console(p, shown="dev ok")
        self.open_window(t, "dev")
        self.ask(t, "apply", "goes ahead")
        t.press("y")
        t.wait(lambda screen: "succeeded" in screen or "SUCCEEDED" in screen)
        self.assertEqual([run["status"] for run in self.runs(p)], ["succeeded"])

    def test_a_protected_one_wants_its_words_typed_by_hand(self):
        p = self.project(TWO, envs={"prod": {"protected": True}})
        words = f"{p.environments['prod']['database']} 2"
        t = self.console(p, shown="prod ok")
        self.open_window(t, "prod")
        self.ask(t, "apply", words)
        t.paste(words)
        t.wait("paste")
        t.press("Enter")
        t.press("Tab", "Enter", "Tab", "Enter", "Tab", "Enter")
        self.assertEqual(self.runs(p), [])
        t.press("Escape")
        t.wait("nothing was run")
        self.ask(t, "apply", words)
        for letter in words:
            t.press("Space" if letter == " " else letter)
            time.sleep(0.03)  # as a hand does it: keys that come all at once count as pasted
        t.wait(lambda screen: words in screen.replace(f'"{words}"', ""))
        t.wait("unlocked: tab to the button")  # three seconds after the last key
        t.press("Tab", "Tab", "Enter")
        wait_for(lambda: self.runs(p), 60, "the run")
        wait_for(lambda: self.runs(p)[0]["status"] == "succeeded", 60, "its end")


END = "\x1b[201~"  # of a bracketed paste; tmux and most terminals pass it on where it is part of the text


class Pastes(ConsoleTest):
    """Each of them holds the end mark: what follows it must not be played as keys."""

    def test_one_in_the_matrix_quits_nothing_and_opens_nothing(self):
        p = self.project(TWO, envs=("dev",))
        t = self.console(p, shown="dev ok")
        t.paste(f"x{END}:rw dev 10m\r:apply\ry{END}qq\x03\x03{END}")
        t.wait("what was pasted does nothing here")
        t.press("?")  # one key by hand works at once
        self.assertNotIn("RW", t.wait("HELP"))
        t.press("Escape")
        t.wait(lambda screen: "HELP" not in screen)
        self.ask(t, "apply", ":rw dev")  # still refused: nothing was opened for writing
        self.assertEqual(self.runs(p), [])
        self.assertIn("status=0", self.leave(t))

    def test_one_into_a_question_answers_nothing(self):
        p = self.project(TWO, envs={"dev": {}, "prod": {"protected": True}})
        words = f"{p.environments['prod']['database']} 2"
        t = self.console(p, shown="prod ok")
        self.open_window(t, "dev")
        self.open_window(t, "prod")
        self.ask(t, "apply --env dev", "goes ahead")
        t.paste(f"x{END}y")
        t.wait("nothing was run; what was pasted answers nothing")
        t.wait(lambda screen: "goes ahead" not in screen)
        t.press("Escape")  # the first key after a paste must come by itself
        t.wait(lambda screen: "what was pasted" not in screen)
        self.ask(t, "apply --env dev", "goes ahead")
        t.type("yyy")
        t.wait("other keys came with that y")
        t.press("Escape")
        t.wait("cancelled, nothing was run")
        self.ask(t, "apply --env prod", words)
        t.paste(f"x{END}{words[:5]}")  # so few could be typed at once
        t.wait("a paste is refused here")
        t.press("Escape")
        t.wait("nothing was run")
        self.assertEqual(self.runs(p), [])


class Ends(ConsoleTest):
    def test_hanging_up_in_the_middle_of_a_run_leaves_the_run_alone(self):
        p = self.project({"1_slow.jsonc": slow(4), "2_create.jsonc": CREATE}, envs=("dev",))
        t = self.console(p, shown="dev ok")
        self.open_window(t, "dev")
        self.ask(t, "apply", "goes ahead")
        t.press("y")
        t.wait("has begun")
        t.tmux("kill-server")
        again = self.console(p, shown="dev")
        again.press("3")
        again.wait(lambda screen: "Runs of" in screen and "apply" in screen)  # then its log, from the first line
        again.press("Enter")
        again.wait("migrating 1 ")
        wait_for(lambda: "people" in p.db().list_collection_names(), 60, "the second migration")
        wait_for(lambda: self.runs(p)[0]["status"] == "succeeded", 60, "its end")

    def test_hanging_up_in_the_middle_of_a_restore_leaves_it_alone(self):
        p = self.project({}, envs=("dev",), server=harness.shared_server(failpoints=True))
        p.db().people.insert_many([{"_id": i} for i in range(3000)])
        p.run("backup", "take", check=0)
        into = f"{p.db().name}_look"
        self.addCleanup(p.servers["dev"].client().drop_database, into)
        restored = p.servers["dev"].client()[into]
        t = self.console(p, shown="dev ok")
        self.open_window(t, "dev")
        with p.servers["dev"].fail_point(["insert"], times="alwaysOn", blockConnection=True, blockTimeMS=1000):
            self.ask(t, f"restore --into {into}", "goes ahead")
            t.press("y")
            t.wait("has begun")
            t.tmux("kill-server")
            self.assertEqual([run["command"] for run in self.runs(p)], ["restore"])
            again = self.console(p, shown="dev")
            again.press("3")
            again.wait(lambda screen: "Runs of" in screen and "restore" in screen)
            again.press("Enter")
            again.wait(f"into {into}")  # its log, from the first line
        wait_for(lambda: self.runs(p)[0]["status"] == "succeeded", 60, "its end")
        self.assertEqual(restored.people.count_documents({}), 3000)

    def test_signals_give_the_terminal_back(self):
        p = self.project(TWO, envs=("dev",))
        t = self.console(p, shown="dev ok")
        self.leave(t)
        t.run("clear")
        t.wait(PROMPT)
        before = t.modes()
        for number, status in ((signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGSEGV, "")):  # a sanitizer ends it with a status of its own
            with self.subTest(number.name):
                t.run(t.command)
                t.wait("dev ok")
                os.kill(child_of(t.shell_pid(), "migtui"), number)
                t.wait(f"status={status}")
                t.run("clear")
                t.wait(PROMPT)
                self.assertEqual(t.modes(), before)

    def test_stopped_by_a_signal_it_goes_on_as_it_was(self):
        p = self.project(TWO, envs=("dev",))
        t = self.console(p, shown="dev ok")
        pid = child_of(t.shell_pid(), "migtui")
        os.kill(pid, signal.SIGSTOP)  # nobody can be ready for it: the shell writes over the screen
        t.wait(PROMPT)
        t.run("fg; echo status=$?")
        t.wait(lambda screen: "dev ok" in screen and PROMPT not in screen)
        self.assertIn("status=0", self.leave(t))

    def test_where_there_is_no_terminal_a_line_says_so(self):
        p = self.project(TWO, envs=("dev",))
        t = Tmux(100, 30, **p.env)
        self.addCleanup(t.close)
        command = f"{quoted(str(harness.BINARY))} console --config {quoted(str(p.config_file))}"
        for line in (f"echo q | {command}", f"{command} | cat", f"TERM=dumb {command}"):
            with self.subTest(line):
                told = t.out(line)
                self.assertRegex(told, r"^migtui: .+")
                self.assertNotIn("\x1b", told)

    def test_it_stops_and_goes_on(self):
        p = self.project(TWO, envs=("dev",))
        t = self.console(p, shown="dev ok")
        t.press("C-z")
        t.wait("Stopped")
        t.run("clear; fg; echo status=$?")
        t.wait("dev ok")
        self.assertIn("status=0", self.leave(t))

    def test_a_storm_of_resizes(self):
        p = self.project(TWO, envs=("dev",))
        t = self.console(p, shown="dev ok")
        for i in range(60):
            t.resize(20 + i * 7 % 140, 3 + i * 5 % 45)
        t.resize(90, 25)
        t.wait("dev ok")
        self.assertIn("status=0", self.leave(t))


if __name__ == "__main__":
    unittest.main(verbosity=2)
