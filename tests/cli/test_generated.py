"""Manual pages, completions and reference are what the tables say; UPDATE_GOLDEN=1 writes them anew."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from harness import SOURCE_DIR, MigtuiTest

FILES = {
    "man/migtui.1": ["help", "--man"],
    "man/migtui.yaml.5": ["help", "--man-config"],
    "man/completions/migtui.bash": ["completion", "bash"],
    "man/completions/_migtui": ["completion", "zsh"],
    "man/completions/migtui.fish": ["completion", "fish"],
    "docs/reference/commands.md": ["help", "--markdown"],
    "docs/reference/exit-codes.md": ["help", "--exit-codes"],
}


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
