"""Manual pages, completions and reference are what the tables say; UPDATE_GOLDEN=1 writes them anew."""

import contextlib
import fcntl
import os
import pty
import shlex
import shutil
import struct
import subprocess
import tempfile
import termios
import unittest
from pathlib import Path

from harness import SOURCE_DIR, MigtuiTest, wait_for

FILES = {
    "man/migtui.1": ["help", "--man"],
    "man/migtui.yaml.5": ["help", "--man-config"],
    "man/completions/migtui.bash": ["completion", "bash"],
    "man/completions/_migtui": ["completion", "zsh"],
    "man/completions/migtui.fish": ["completion", "fish"],
    "docs/reference/commands.md": ["help", "--markdown"],
    "docs/reference/exit-codes.md": ["help", "--exit-codes"],
}


class Shell:
    """A shell in a terminal of its own: what is typed there, and what it shows."""

    def __init__(self, words, folder, env):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 24, 200, 0, 0))
        self.process = subprocess.Popen(words, cwd=folder, env=env | {"TERM": "dumb"}, stdin=slave, stdout=slave, stderr=slave,
                                        start_new_session=True)  # fmt: skip
        os.close(slave)
        os.set_blocking(self.master, False)
        self.seen = ""

    def type(self, text):
        os.write(self.master, text.encode())

    def until(self, text):
        """Forgets what was before it."""

        def there():
            with contextlib.suppress(BlockingIOError):
                self.seen += os.read(self.master, 65536).decode(errors="replace")
            return text in self.seen

        wait_for(there, 60, f"{text!r} after {self.seen!r}")
        self.seen = self.seen.partition(text)[2]

    def close(self):
        self.process.kill()
        self.process.wait(30)
        os.close(self.master)


class Generated(MigtuiTest):
    def setUp(self):
        self.p = self.project({}, offline=True)

    def test_files_are_as_the_tables_say(self):
        for name, words in FILES.items():
            with self.subTest(name):
                text = self.p.run(*words, check=0).out
                path = SOURCE_DIR / name
                if os.environ.get("UPDATE_GOLDEN"):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(text)
                self.assertEqual(path.read_text() if path.exists() else "", text, "UPDATE_GOLDEN=1 writes it anew")

    def test_the_manual_is_roff_without_a_complaint(self):
        groff = shutil.which("groff")
        if not groff:
            self.skipTest("no groff")
        for name in ("man/migtui.1", "man/migtui.yaml.5"):
            done = subprocess.run([groff, "-man", "-Tutf8", "-ww", SOURCE_DIR / name], capture_output=True, text=True,
                                  timeout=60, check=False)  # fmt: skip
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertGreater(len(done.stdout), 1000)

    def complete(self, *words):
        """What bash offers for the last word."""
        script = (
            f"source {SOURCE_DIR}/man/completions/migtui.bash; COMP_WORDS=(migtui \"$@\"); COMP_CWORD=$#; _migtui; "
            "printf '%s\\n' \"${COMPREPLY[@]}\""
        )
        done = subprocess.run(["bash", "-c", script, "-", *words], capture_output=True, text=True, timeout=60,
                              check=True, cwd=self.p.dir, env=self.p.env | {"PATH": self.path()})  # fmt: skip
        return done.stdout.split()

    def path(self):
        """A PATH on which `migtui` is the built binary."""
        folder = Path(tempfile.mkdtemp(dir=self.p.dir))
        (folder / "migtui").symlink_to(os.environ.get("MIGTUI_BIN") or SOURCE_DIR / "build/debug/migtui")
        return f"{folder}:{os.environ['PATH']}"

    def test_bash_completes_commands_options_choices_and_environments(self):
        self.assertEqual(self.complete("ro"), ["rollback"])
        self.assertEqual(self.complete("apply", "--tak"), ["--take-over"])
        self.assertEqual(self.complete("status", "--det"), [])
        self.assertEqual(self.complete("status", "--format", "nd"), ["ndjson"])
        self.assertEqual(self.complete("schema", "mi"), ["migration"])
        self.assertEqual(self.complete("apply", "--env", "p"), ["prod"])
        self.assertEqual(self.complete("diff", "t"), ["test"])
        self.assertIn("apply", self.complete("help", ""))

    @unittest.skipUnless(shutil.which("fish"), "no fish")
    def test_fish_completes_the_same(self):
        def complete(line):
            script = f"source {SOURCE_DIR}/man/completions/migtui.fish; complete -C {shlex.quote(line)}"
            done = subprocess.run(["fish", "-c", script], capture_output=True, text=True, timeout=60, check=True,
                                  cwd=self.p.dir, env=self.p.env | {"PATH": self.path()})  # fmt: skip
            return [row.split("\t")[0] for row in done.stdout.splitlines()]

        self.assertEqual(complete("migtui ro"), ["rollback"])
        self.assertEqual(complete("migtui apply --tak"), ["--take-over"])
        self.assertEqual(complete("migtui status --det"), [])
        self.assertEqual(complete("migtui status --format nd"), ["ndjson"])
        self.assertEqual(complete("migtui schema mi"), ["migration"])
        self.assertEqual(complete("migtui apply --env p"), ["prod"])

    @unittest.skipUnless(shutil.which("zsh"), "no zsh")
    def test_zsh_completes_the_same(self):
        shell = Shell(["zsh", "-f", "-i"], self.p.dir, self.p.env | {"PATH": self.path()})
        self.addCleanup(shell.close)
        shell.type(f"PS1='$ '; fpath=({SOURCE_DIR}/man/completions $fpath); autoload -Uz compinit; compinit -u -D; echo rea''dy\n")
        shell.until("ready\r\n")
        for typed, whole in (("ro", "rollback"), ("apply --tak", "apply --take-over"), ("status --format nd", "status --format ndjson"),
                             ("schema mi", "schema migration"), ("apply --env p", "apply --env prod")):  # fmt: skip
            shell.type(f"migtui {typed}\t")
            shell.until(f"migtui {whole}")
            shell.type("\x15")
