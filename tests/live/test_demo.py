"""scripts/demo --headless plays to its end, shows what it is there to show, and leaves nothing behind.

The picture in README.md is its last status; UPDATE_GOLDEN=1 scripts/test -R live.demo puts a new one there.
"""

import os
import re
import shutil
import socket
import subprocess
import unittest

import harness

DEMO = harness.SOURCE_DIR / "scripts/demo"
README = harness.SOURCE_DIR / "README.md"
KEPT = ("MIGTUI_CACHE", "MIGTUI_MONGOD", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")
PICTURE = re.compile(r"(?<=<!-- made by scripts/demo -->\n```\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)


class Demo(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = harness.temp_dir("demo")
        cls.addClassCleanup(shutil.rmtree, cls.dir, ignore_errors=True)
        for name in ("home", "tmp"):
            (cls.dir / name).mkdir()
        env = {key: os.environ[key] for key in ("PATH", *KEPT) if key in os.environ}
        env |= {"HOME": str(cls.dir / "home"), "TMPDIR": str(cls.dir / "tmp"), "LANG": "C.UTF-8"}
        cls.env = env | {"MIGTUI_BIN": str(harness.BINARY)}
        cls.done = cls.play("--headless")
        cls.out = cls.done.stdout

    @classmethod
    def play(cls, *words):
        return subprocess.run(
            [DEMO, *words], cwd=cls.dir, env=cls.env, capture_output=True, text=True, timeout=300, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def after(self, title):
        """The chapter with this title."""
        if f"\n=== {title}\n" not in self.out:
            self.fail(f"the demo did not get to {title!r}; it ended so:\n{self.out[-800:]}{self.done.stderr[-400:]}")
        return self.out.split(f"\n=== {title}\n")[1].split("\n=== ")[0]

    def servers(self, out):
        """(environment, port) as the demo names them."""
        return re.findall(r"^ +(dev|test|prod) +mongodb://127\.0\.0\.1:(\d+)/", out, re.MULTILINE)

    def assert_gone(self, port):
        with socket.socket() as probe:
            self.assertNotEqual(probe.connect_ex(("127.0.0.1", int(port))), 0, f"port {port} still answers")

    def assert_warnings(self):
        """None; on SecantusDB, which reads at another time than it is asked to, that of the backup."""
        told = re.findall(r"-- warning: (.*)", self.out)
        self.assertEqual(told, re.findall(r"-- warning: (.*)", self.after("A backup that was read back")))
        torn = "this server does not read at the cluster time it is asked for: the collections were read one by one, each as it was then"
        self.assertEqual(told, [torn] if "replicaSet=secantus" in self.out else [])

    def test_every_command_ends_as_it_should(self):
        self.assertEqual(self.done.returncode, 0, self.out[-2000:] + self.done.stderr)
        self.assertEqual(self.done.stderr, "")
        harness.refuse_sanitizer_report(self.out)
        self.assert_warnings()
        self.assertRegex(self.after("Done"), r"\d+ commands, each with the exit status it should have")

    def test_prod_gets_exactly_its_plan_and_once(self):
        chapter = self.after("prod gets what was reviewed, and nothing else")
        self.assertIn("--yes is not enough\n(exit status 5)", chapter)
        self.assertIn("Migrating to version 20260309110000 (7 migrations in total)", chapter)
        self.assertRegex(chapter, r"no longer holds: .*\n.*\n\(exit status 4\)")

    def test_a_plan_is_refused_on_another_database(self):
        chapter = self.after("A plan for one database cannot run on another")
        self.assertIn("the plan was made for another database", chapter)

    def test_prod_waits_until_somebody_else_has_approved(self):
        chapter = self.after("prod waits for somebody else")
        self.assertIn("nobody has asked for plan", chapter)
        self.assertIn("it is by who requested it (same key SHA256:", chapter)
        self.assertIn("approvals   ok: 1 of 1 have approved request ", chapter)
        self.assertIn("-- migrating version 20260323090000 (prices in cents)", chapter)
        self.assertRegex(chapter, r"prod: the chain holds: \d+ entries")

    def test_a_failed_migration_is_finished_where_it_stood(self):
        chapter = self.after("A migration that fails")
        self.assertIn("failed at step one-a-code", chapter)
        resumed = chapter.split("$ migtui resume")[1]
        self.assertIn("-> one-a-code: createIndexes", resumed)
        self.assertNotIn("-> vouchers: createCollection", resumed)

    def test_a_server_that_is_away_is_shown_beside_the_others(self):
        chapter = self.after("A server that is away")
        for line in ("dev (shop)  Migration Status: OK", "test (shop)  Migration Status: UNREACHABLE",
                     "prod (shop, protected)  Migration Status: PENDING"):  # fmt: skip
            self.assertIn(line, chapter)

    def test_servers_and_files_are_gone(self):
        self.assertEqual(list((self.dir / "tmp").iterdir()), [])
        servers = self.servers(self.out)
        self.assertEqual([env for env, _ in servers], ["dev", "test", "prod"])
        for _, port in servers:
            self.assert_gone(port)

    def test_kept_servers_run_until_stopped(self):
        done = self.play("--headless", "--keep")
        try:
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            for _, port in self.servers(done.stdout):
                socket.create_connection(("127.0.0.1", int(port)), timeout=5).close()
            lines = done.stdout.partition("Try it yourself:")[2].partition("The end of it")[0]
            self.assertIn("migtui status", lines)
            script = "shopt -s expand_aliases\n" + lines.partition("    migtui status")[0] + "\nmigtui status\n"
            status = subprocess.run(["bash", "-c", script], env=self.env, capture_output=True, text=True, check=False)
            self.assertIn("20260706090000  vouchers", status.stdout, status.stderr)
        finally:
            for folder in (self.dir / "tmp").iterdir():
                self.assertEqual(self.play("--stop", folder).returncode, 0)
        self.assertEqual(list((self.dir / "tmp").iterdir()), [])
        for _, port in self.servers(done.stdout):
            self.assert_gone(port)

    def test_a_folder_that_is_no_demos_is_not_removed(self):
        done = self.play("--stop", self.dir / "home")
        self.assertEqual(done.returncode, 1)
        self.assertTrue((self.dir / "home").exists())

    def test_the_picture_in_the_readme_is_the_last_status(self):
        seen = "$ migtui status\n" + self.after("Where everything stands").partition("$ migtui status\n")[2].rstrip() + "\n"
        text = README.read_text()
        self.assertEqual(len(PICTURE.findall(text)), 1)
        if os.environ.get("UPDATE_GOLDEN"):
            README.write_text(PICTURE.sub(lambda _: seen, text))
        else:
            self.assertEqual(PICTURE.findall(text)[0], seen)
