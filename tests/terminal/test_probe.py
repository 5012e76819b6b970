"""The terminal is left as it was found, whatever ends the program; it draws at every size, and stays quiet."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import sys
import tempfile
import termios
import unittest
from pathlib import Path

from tmux import PROMPT, Tmux, child_of, ended, quoted, wait_for

PROBE = Path(os.environ["MIGTUI_BUILD_DIR"]) / "tests/terminal_probe"


def read_until(fd, wanted):
    seen = b""
    while wanted not in seen:
        if not select.select([fd], [], [], 60)[0]:
            raise AssertionError(f"{wanted} never came: {seen}")
        seen += os.read(fd, 65536)


def terminal_of(pid):
    """Its terminal, opened once more."""
    return open(f"/proc/{pid}/fd/0", "r+b", buffering=0, opener=lambda path, flags: os.open(path, flags | os.O_NOCTTY | os.O_NONBLOCK))


def pending_input(pid):
    with terminal_of(pid) as tty:
        return int.from_bytes(fcntl.ioctl(tty, termios.FIONREAD, b"\0\0\0\0"), sys.byteorder)


def takes_nothing(pid):
    with terminal_of(pid) as tty:
        return not select.select([], [tty], [], 0)[1]


def fill(pid, fd):
    """Until its terminal takes not one byte more."""
    wait_for(lambda: os.write(fd, b"\x0c") and takes_nothing(pid), "bytes that nobody reads")  # C-l: all of it again
    with terminal_of(pid) as tty:
        while tty.write(b"\0"):
            pass


class Probe(unittest.TestCase):
    def on_a_pty(self, *words):
        """The program on a bare pseudo terminal: its number, the other side, where it reports."""
        report = self.terminal().report
        pid, fd = pty.fork()
        if pid == 0:
            os.execve(PROBE, [str(PROBE), str(report), *words], os.environ | {"TERM": "xterm", "LANG": "C.UTF-8"})  # noqa: S606
        return pid, fd, report

    def terminal(self, cols=80, rows=24, **env):
        t = Tmux(cols, rows, **env)
        self.addCleanup(t.close)
        t.report = t.dir / "report"
        t.starts = 0
        return t

    def run_probe(self, t, *words, before="", after=""):
        t.report.unlink(missing_ok=True)
        t.starts += 1
        t.run(f"clear; {before} {quoted(str(PROBE))} report {' '.join(words)} {after}; echo end{t.starts}=${{PIPESTATUS[*]}}")

    def start(self, t, *words, before="", shown="wakes"):
        self.run_probe(t, *words, before=before)
        if shown:
            t.wait(shown)
        return child_of(t.shell_pid(), PROBE.name)

    def status(self, t):
        """What the shell says that it ended with, as soon as it has."""
        said = rf"end{t.starts}=(\d[\d ]*)"
        return re.search(said, t.wait(lambda s: re.search(said, s)))[1].split()

    def is_left_as_found(self, t, modes):
        t.wait(lambda s: PROMPT in s and "probe é" not in s)
        self.assertEqual(t.modes(), modes)
        self.assertEqual(t.tmux("display-message", "-p", "#{alternate_on} #{cursor_flag} #{mouse_any_flag}").strip(), "0 1 0")


class End(Probe):
    def test_a_key_ends_it_and_nothing_is_left(self):
        t = self.terminal()
        modes = t.modes()
        self.start(t)
        t.press("q")
        self.assertEqual(self.status(t), ["0"])
        self.assertEqual(json.loads(t.report.read_text())["ended_by"], 0)
        self.is_left_as_found(t, modes)

    def test_every_signal_gives_the_terminal_back(self):
        t = self.terminal()
        modes = t.modes()
        normal = {signal.SIGTERM, signal.SIGHUP, signal.SIGINT}
        for number in (*normal, signal.SIGQUIT, signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL,
                       signal.SIGFPE, signal.SIGUSR1):  # fmt: skip
            with self.subTest(number.name):
                pid = self.start(t)
                os.kill(pid, number)
                status = self.status(t)
                self.assertEqual(t.report.exists(), number in normal)  # the others end it where it stands
                if number in normal:
                    self.assertEqual(json.loads(t.report.read_text())["ended_by"], number)
                    self.assertEqual(status, [str(128 + number)])
                self.is_left_as_found(t, modes)

    def test_every_signal_gives_the_modes_back_without_the_help_of_a_shell(self):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGSEGV, signal.SIGABRT,
                       signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGSYS, signal.SIGUSR1, signal.SIGALRM):  # fmt: skip
            with self.subTest(number.name):
                report = f"{self.enterContext(tempfile.TemporaryDirectory())}/report"
                master, slave = os.openpty()
                self.addCleanup(os.close, master)
                self.addCleanup(os.close, slave)
                before = termios.tcgetattr(slave)
                pid = os.fork()
                if pid == 0:
                    os.setsid()
                    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
                    for fd in range(3):
                        os.dup2(slave, fd)
                    os.execve(PROBE, [str(PROBE), report], os.environ | {"TERM": "xterm"})  # noqa: S606
                read_until(master, b"wakes")
                self.assertNotEqual(termios.tcgetattr(slave), before)
                os.kill(pid, number)
                wait_for(lambda pid=pid: ended(pid), "the end of the program")
                os.waitpid(pid, 0)
                self.assertEqual(termios.tcgetattr(slave), before)
                read_until(master, b"\033[?1049l")  # the screen that was there before

    def test_a_signal_at_any_moment_gives_it_back(self):
        t = self.terminal()
        modes = t.modes()
        for round_ in range(12):
            number = (signal.SIGTERM, signal.SIGSEGV, signal.SIGHUP, signal.SIGABRT)[round_ % 4]
            with self.subTest(round=round_, signal=number.name):
                pid = self.start(t, "storm", shown="wakes" if round_ % 3 == 0 else None)  # else at once
                os.kill(pid, number)
                self.status(t)
                self.is_left_as_found(t, modes)

    def test_a_crash_and_exit_from_below_give_it_back(self):
        t = self.terminal()
        modes = t.modes()
        for key, status in (("c", None), ("o", None), ("e", ["3"])):
            with self.subTest(key):
                self.start(t)
                t.press(key)
                self.assertEqual(self.status(t), status) if status else self.status(t)
                self.is_left_as_found(t, modes)

    def test_what_libraries_print_is_shown_after_and_is_harmless(self):
        t = self.terminal()
        self.start(t)
        t.press("p")
        screen = t.wait("key 1 p")
        self.assertNotIn("library", screen)
        t.press("q")
        t.wait("a library \\x1b[31msays")

    def test_a_terminal_that_goes_away_ends_it(self):
        for ignored in (False, True):  # also when nobody tells it by SIGHUP
            with self.subTest(hangup_ignored=ignored):
                t = self.terminal()
                pid = self.start(t, before="trap '' HUP;" if ignored else "")
                report = Path(t.report)
                t.tmux("kill-server", check=False)
                wait_for(lambda pid=pid: ended(pid), "the end of the program")
                self.assertEqual(json.loads(report.read_text())["ended_by"], signal.SIGHUP)

    def test_a_closed_pseudo_terminal_ends_it_without_a_signal(self):
        report = self.terminal().report
        pid, fd = pty.fork()
        if pid == 0:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            os.execve(PROBE, [str(PROBE), str(report)], os.environ | {"TERM": "xterm"})  # noqa: S606
        read_until(fd, b"wakes")
        os.close(fd)
        wait_for(lambda: ended(pid), "the end of the program")
        used = os.wait4(pid, 0)[2]
        self.assertLess(used.ru_utime + used.ru_stime, 5)  # seconds: it did not spin
        self.assertEqual(json.loads(report.read_text())["ended_by"], signal.SIGHUP)

    def test_a_terminal_that_nobody_reads_any_more_ends_it_too(self):
        for number in (signal.SIGTERM, signal.SIGQUIT):  # a sanitizer would write, and wait, on others
            with self.subTest(number.name):
                pid, fd, report = self.on_a_pty("storm")
                read_until(fd, b"wakes")
                fill(pid, fd)
                os.kill(pid, number)
                wait_for(lambda pid=pid: ended(pid), "the end of the program")
                os.waitpid(pid, 0)
                if number == signal.SIGTERM:
                    self.assertEqual(json.loads(report.read_text())["ended_by"], number)
                read_until(fd, b"\033[?1049l")  # whoever reads again has the screen from before
                os.close(fd)

    def test_a_terminal_that_is_read_again_shows_what_is_now(self):
        pid, fd, _ = self.on_a_pty()
        read_until(fd, b"wakes")
        fill(pid, fd)
        os.write(fd, b"jjjjjjj")
        wait_for(lambda: pending_input(pid) == 0, "the keys, taken while nothing could be shown")
        os.write(fd, b"Z")
        read_until(fd, b"Z")  # key N Z
        os.write(fd, b"q")
        read_until(fd, b"\033[?1049l")
        self.assertEqual(os.waitpid(pid, 0)[1], 0)
        os.close(fd)

    def test_a_terminal_that_claims_to_be_huge_is_drawn_on_in_part(self):
        for cols, rows in ((65535, 65535), (1, 65535), (65535, 1), (1000, 1000)):
            with self.subTest(f"{cols}x{rows}"):
                pid, fd, _ = self.on_a_pty()
                read_until(fd, b"wakes")
                fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
                read_until(fd, b"\033[H")  # drawn anew
                os.write(fd, b"q")
                read_until(fd, b"\033[?1049l")
                self.assertEqual(os.waitpid(pid, 0)[1], 0)
                os.close(fd)


class Stop(Probe):
    def test_ctrl_z_gives_the_shell_its_terminal_and_fg_takes_it_again(self):
        t = self.terminal()
        modes = t.modes()
        pid = self.start(t)
        for again in range(3):
            with self.subTest(again):
                t.press("C-z")
                t.wait("Stopped")
                self.is_left_as_found(t, modes)
                t.run("fg")
                t.wait("wakes")
                t.press("x")
                t.wait(f"key {again + 1} x")
        t.press("q")
        t.wait("probe ended by 0")
        self.is_left_as_found(t, modes)
        self.assertTrue(ended(pid))

    def test_signals_that_stop_do_the_same(self):
        t = self.terminal()
        modes = t.modes()
        for number in (signal.SIGTSTP, signal.SIGSTOP):
            with self.subTest(number.name):
                pid = self.start(t)
                os.kill(pid, number)
                t.wait("Stopped")
                self.assertEqual(t.modes(), modes)
                t.run("fg")
                t.wait("wakes")
                t.press("x")
                t.wait("key 1 x")
                t.press("q")
                t.wait("probe ended by 0")
                self.is_left_as_found(t, modes)

    def test_in_the_background_it_stays_stopped_and_draws_nothing(self):
        t = self.terminal()
        modes = t.modes()
        pid = self.start(t)
        t.press("C-z")
        t.wait("Stopped")
        t.run("clear; bg; echo in the background")
        t.wait(lambda s: "in the background\n" in s)
        wait_for(lambda: " T " in Path(f"/proc/{pid}/stat").read_text(), "stopped again")
        self.is_left_as_found(t, modes)
        t.run("fg")
        t.wait("wakes")
        t.press("q")
        t.wait("probe ended by 0")
        self.is_left_as_found(t, modes)

    def test_stopped_and_killed_leaves_the_shell_its_terminal(self):
        t = self.terminal()
        modes = t.modes()
        pid = self.start(t)
        t.press("C-z")
        t.wait("Stopped")
        os.kill(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGCONT)
        wait_for(lambda: ended(pid), "the end of the program")
        self.is_left_as_found(t, modes)


class Draw(Probe):
    def test_a_storm_of_sizes_ends_at_the_last(self):
        t = self.terminal()
        self.start(t)
        for cols, rows in [(1, 1), (200, 60), (3, 2), (40, 10), (1, 30), (120, 1), (79, 23)] * 6:
            t.resize(cols, rows)
        t.resize(100, 30)
        t.wait("size 100x30")
        t.resize(1, 1)
        t.resize(60, 15)
        screen = t.wait("size 60x15")
        self.assertEqual(len(screen.splitlines()), 15)
        t.press("q")
        self.assertEqual(self.status(t), ["0"])

    def test_one_cell_is_enough_to_end_it(self):
        t = self.terminal()
        t.resize(1, 1)
        t.run(f"{quoted(str(PROBE))} report; echo status=$? > status")
        child_of(t.shell_pid(), PROBE.name)
        t.press("q")
        wait_for(lambda: (t.dir / "status").exists(), "the end")
        self.assertEqual((t.dir / "status").read_text(), "status=0\n")

    def test_lines_and_columns_of_the_environment_are_not_believed(self):
        t = self.terminal(70, 20)
        self.start(t, before="LINES=5 COLUMNS=10", shown="size 70x20")

    def test_ascii_where_the_locale_has_no_utf8(self):
        for before, words in (("LANG=C", ()), ("", ("ascii",))):
            with self.subTest(before=before, words=words):
                t = self.terminal()
                self.start(t, *words, before=before)
                self.assertTrue(all(ord(c) < 128 for c in t.wait("probe ?")))

    def test_an_unknown_terminal_is_taken_for_xterm(self):
        t = self.terminal()
        self.start(t, before="TERM=xterm-of-tomorrow")
        t.press("x")
        t.wait("key 1 x")

    def test_a_terminal_without_a_cursor_and_a_pipe_get_a_clear_line(self):
        t = self.terminal(cols=120)
        for before, after, line in (
            ("TERM=dumb", "", 'TERM is "dumb"'),
            ("TERM= ", "", 'TERM is ""'),
            ("echo x | ", "", "standard input is none"),
            ("", "2>&1 | cat", "standard output is none"),
        ):
            with self.subTest(line):
                self.run_probe(t, before=before, after=after)
                self.assertIn("64", self.status(t))
                t.wait(PROMPT)
                self.assertIn(line, t.screen())
                self.assertIn("migtui status", t.screen())


class Input(Probe):
    def test_keys_arrive_by_name(self):
        t = self.terminal()
        self.start(t)
        rows = [("Up", "up"), ("F5", "F5"), ("C-Right", "C-right"), ("BTab", "S-tab"), ("Escape", "esc"),
                ("M-x", "M-x"), ("C-c", "C-c"), ("C-s", "C-s"), ("PageDown", "pgdn"), ("é", "é")]  # fmt: skip
        for number, (key, name) in enumerate(rows, 1):
            t.press(key)
            t.wait(f"key {number} {name}")

    def test_a_paste_is_one_event_whatever_is_in_it(self):
        t = self.terminal()
        self.start(t)
        t.paste("qqq\nccc\nfirst", bracketed=True)  # as keys, the first of them would end it
        t.wait("key 1 paste")
        t.wait("pasted 13")

    def test_the_end_of_a_paste_within_it_is_not_its_end(self):
        t = self.terminal()
        self.start(t)
        t.paste("x\x1b[201~qqq" + "q" * 10000)  # of many readings; as a key, each would end it
        t.wait("key 1 paste")
        t.wait("pasted 10004")
        t.press("q")
        self.assertEqual(self.status(t), ["0"])

    def test_a_storm_of_messages_neither_hides_a_key_nor_draws_more_than_twenty_a_second(self):
        t = self.terminal()
        self.start(t, "storm")
        for number in range(1, 6):
            t.press("x")
            t.wait(f"key {number} x")
        t.press("q")
        self.assertEqual(self.status(t), ["0"])
        report = json.loads(t.report.read_text())
        self.assertLessEqual(report["frames"], report["ran_ms"] / 50 + 2)

    def test_an_idle_screen_sends_nothing_and_wakes_for_its_ticks_only(self):
        t = self.terminal()
        self.start(t)
        t.press("i")  # end after twenty ticks more
        self.assertEqual(self.status(t), ["0"])
        report = json.loads(t.report.read_text())
        self.assertGreaterEqual(report["ticks"], 20)
        self.assertLessEqual(report["wakeups"], report["ticks"] + 10)
        self.assertLessEqual(report["frames"], 4)


if __name__ == "__main__":
    unittest.main()
