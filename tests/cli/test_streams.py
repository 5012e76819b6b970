"""Standard streams as a careless caller leaves them: closed, full, not blocking, without an end; and what --plain and --script read."""

import fcntl
import os
import resource
import signal
import subprocess
import sys
import termios
import unittest
from pathlib import Path

from harness import BINARY, MigtuiTest, wait_for

HOSTILE = "\x1b]0;x\x07 \u202e\u200b\U000e0041 \u009b2J \ufe0f"


def pending(fd):
    return int.from_bytes(fcntl.ioctl(fd, termios.FIONREAD, b"\0\0\0\0"), sys.byteorder)


class Streams(MigtuiTest):
    def setUp(self):
        self.p = self.project({}, envs=("dev",), offline=True, config={"connectTimeoutMs": 500})

    def start(self, *words, **options):
        return subprocess.Popen([BINARY, *words], cwd=self.p.dir, env=self.p.env, **options)

    def test_a_closed_stream_is_never_the_next_socket(self):
        with self.start("console", "--plain", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                        preexec_fn=lambda: [os.close(fd) for fd in (1, 2)]) as process:  # fmt: skip
            links = [Path(f"/proc/{process.pid}/fd/{fd}") for fd in (1, 2)]
            exe = f"/proc/{process.pid}/exe"
            wait_for(lambda: os.readlink(exe) == os.path.realpath(BINARY) and all(map(os.path.lexists, links)), 60, "the streams")
            self.assertEqual([os.readlink(link) for link in links], ["/dev/null"] * 2)
            process.stdin.close()
            process.wait(60)

    def test_output_that_has_no_room_is_an_error(self):
        def no_room():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (8, 8))

        (self.p.dir / "script").write_text("screen\n")
        for words in (["help"], ["version", "--format", "json"], ["console", "--script", "script"], ["console", "--plain"]):
            with self.subTest(words), open(self.p.dir / "out", "w") as out:
                process = self.start(*words, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE, text=True, preexec_fn=no_room)
                told = process.communicate(timeout=60)[1]
                self.assertEqual(process.returncode, 1)
                self.assertIn("standard output did not take all", told)
                self.assertIn("File too large", told)

    def test_a_pipe_that_does_not_block_gets_all_of_it(self):
        whole = self.p.run("help", "--markdown", check=0).out
        self.assertGreater(len(whole), 8192)
        read, write = os.pipe()
        os.set_blocking(write, False)
        fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
        with self.start("help", "--markdown", stdout=write) as process:
            os.close(write)
            stat = Path(f"/proc/{process.pid}/stat")
            wait_for(lambda: pending(read) == 4096 and stat.read_text().rsplit(")", 1)[1].split()[0] in "SZ", 60, "a full pipe")
            got = b""
            while part := os.read(read, 1000):
                got += part
            os.close(read)
            self.assertEqual(process.wait(60), 0)
        self.assertEqual(got.decode(), whole)

    def test_plain_ends_when_nobody_reads_it_any_more(self):
        with self.start("console", "--plain", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            process.stdout.readline()
            process.stdout.close()
            self.assertEqual(process.wait(60), 1)  # and standard input still has not ended


class Plain(MigtuiTest):
    def setUp(self):
        self.p = self.project({}, envs=("dev",), offline=True, config={"connectTimeoutMs": 500})

    def plain(self, text):
        return self.p.run("console", "--plain", stdin=text).out

    def test_no_part_of_a_line_is_run(self):
        for name, text, told in (
            ("NUL", "view err\0ors\n", "was not run"),
            ("length", "view nowhere " + "x" * 5000 + "\n", "was not run"),
            ("end", "view nowhere", "the last line has no end and was not run:"),
        ):
            with self.subTest(name):
                out = self.plain(text)
                self.assertIn(told, out)
                self.assertNotIn("there is no view", out)

    def test_a_script_with_a_nul_is_refused_whole(self):
        (self.p.dir / "script").write_text("screen\n\0screen\n")
        result = self.p.run("console", "--script", "script", check=64)
        self.assertIn("NUL", result.err)
        self.assertEqual(result.out, "")

    def test_hostile_text_is_spelled_out(self):
        (self.p.migrations / "1_x.jsonc").write_text('{ "migtui": 1, "title": "%s", "up": [] }' % HOSTILE.replace("\x1b", "\\u001b").replace("\x07", "\\u0007"))
        (self.p.dir / "script").write_text(f"type {HOSTILE}\nscreen {HOSTILE}\n:{HOSTILE}\nscreen\n")
        outs = [self.plain(f"{HOSTILE}\nview errors\nview settings\nview plan\nmessages\n"), self.p.run("console", "--script", "script").out]
        for out in outs:
            self.assertFalse({c for c in HOSTILE if not c.isspace() and c not in "]0;x2J\ufe0f"} & set(out), out)


if __name__ == "__main__":
    unittest.main()
