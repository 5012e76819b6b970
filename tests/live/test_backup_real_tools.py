"""mongodump and mongorestore themselves, in both directions, and mongodump as migtui's method. Skipped where they are not on PATH."""

import json
import os
import shutil
import signal
import subprocess
import unittest
from pathlib import Path

from backups import RAW, BackupTest, content, fill
from harness import BINARY, Server, wait_for

THERE = shutil.which("mongodump") and shutil.which("mongorestore")


def by_content(found):
    """As content() gives it, documents in no order: mongorestore's batches overtake each other. A capped collection keeps its own."""
    return {name: (*rest, docs if rest[1].get("capped") else sorted(docs)) for name, (*rest, docs) in found.items()}


def tool(*words):
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


@unittest.skipUnless(THERE, "mongodump and mongorestore are not on PATH")
class BothDirections(BackupTest):
    @classmethod
    def setUpClass(cls):
        cls.dev = cls.given()
        fill(cls.dev.db())
        cls.uri, cls.name = cls.dev.servers["dev"].uri, cls.dev.db().name
        cls.before = by_content(content(cls.dev.db()))

    def assert_all_back(self, back, without=()):
        after = by_content(content(back))
        wanted = {name: part for name, part in self.before.items() if name not in without}
        self.assert_same(wanted, {name: part for name, part in after.items() if name not in without})

    def test_mongorestore_reads_what_migtui_writes(self):
        backup = self.taken(self.dev)
        name, back = self.back(self.dev)
        said = tool("mongorestore", "--uri", self.uri, f"--archive={backup['file']}", "--gzip", "--bypassDocumentValidation",
                    "--nsFrom", f"{self.name}.*", "--nsTo", f"{name}.*")  # fmt: skip
        self.assertIn(" 0 document(s) failed to restore", said)
        if back["system.buckets.series"].estimated_document_count() and not back.series.estimated_document_count():
            # A server without buckets (SecantusDB): mongorestore writes what it takes for them beside the series.
            rows = back.get_collection("system.buckets.series", codec_options=RAW).find()
            self.assertEqual(sorted(bytes(row.raw) for row in rows), self.before["series"][3])
            self.assertEqual(content(back)["series"][1], self.before["series"][1])
            self.assert_all_back(back, without=["series"])
        else:
            self.assert_all_back(back)

    def test_migtui_restores_what_mongodump_writes(self):
        forms = {"zipped": ["--db", self.name, "--gzip"], "plain": ["--db", self.name], "whole": ["--gzip"]}
        for form, flags in forms.items():
            with self.subTest(form):
                path = self.dev.dir / f"{form}.archive"
                tool("mongodump", "--uri", self.uri, f"--archive={path}", *flags)
                name, back = self.back(self.dev, form)
                self.dev.run("restore", path, "--env", "dev", "--into", name, check=0, timeout=300)
                self.assert_all_back(back)

    def test_migtui_restores_a_whole_dump_with_its_oplog(self):
        if self.dev.db().client.admin.command("hello").get("setName") is None:
            self.skipTest("needs a replica set")
        path = self.dev.dir / "oplog.archive"
        tool("mongodump", "--uri", self.uri, f"--archive={path}", "--gzip", "--oplog")
        name, back = self.back(self.dev)
        self.dev.run("restore", path, "--env", "dev", "--into", name, check=0, timeout=300)
        self.assert_all_back(back)

    def test_a_backup_by_mongodump_is_restored_by_migtui(self):
        backup = self.taken(self.dev, "--method", "mongodump")
        self.assertEqual((backup["method"], backup["proof"]), ("mongodump", "ok"))
        name, back = self.back(self.dev)
        self.dev.run("restore", backup["backup"], "--env", "dev", "--into", name, check=0, timeout=300)
        self.assert_all_back(back)


@unittest.skipUnless(THERE, "mongodump and mongorestore are not on PATH")
class Exec(BackupTest):
    def test_mongodump_in_a_command_of_the_policy(self):
        command = 'mongodump --config=tool.yaml --db="$MIGTUI_DATABASE" --archive="$MIGTUI_BACKUP_FILE" --gzip'
        project = self.environment(gate={"backup": {"method": "exec", "command": command}})
        (project.dir / "tool.yaml").write_text(f"uri: {json.dumps(project.environments['dev']['uri'])}\n")
        project.db().people.insert_many([{"_id": i} for i in range(3)])
        told = self.taken(project)
        self.assertEqual((told["method"], told["proof"]), ("exec", "ok"))
        self.assertGreaterEqual(told["documents"], 3)


@unittest.skipUnless(THERE, "mongodump and mongorestore are not on PATH")
class Method(BackupTest):
    """On a server with passwords and certificates, whose answers to mongodump the tests can delay or spoil."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server(auth=True, tls=True, failpoints=True)
        cls.addClassCleanup(cls.server.close)
        cls.dev = cls.given(server=cls.server)
        cls.dev.db().blobs.insert_many([{"_id": i, "blob": os.urandom(500_000)} for i in range(80)])
        cls.dev.db().small.insert_many([{"_id": i} for i in range(30)])

    def setUp(self):
        super().setUp()
        shutil.rmtree(self.dev.dir / "backups", ignore_errors=True)
        self.dev.db().migtui_backups.delete_many({})

    def spoiled(self, command, **how):
        return self.server.fail_point([command], times="alwaysOn", appName="mongodump", **how)

    def late(self):
        """Its next batches come late: two of them, so that one of its lines of progress falls between."""
        return self.spoiled("getMore", blockConnection=True, blockTimeMS=4000)

    def taking(self, *words):
        return self.dev.spawn("backup", "take", "--env", "dev", "--method", "mongodump", "--format", "ndjson", *words)

    def mongodump(self):
        """The pid of mongodump, started by this project."""
        for pid in self.dev.processes():
            try:
                if Path(f"/proc/{pid}/comm").read_text().strip() == "mongodump":
                    return pid
            except OSError:
                continue
        return None

    def failed(self, taking, says, rc=6):
        self.assertEqual(taking.ended(120), rc, taking.err())
        self.assertIn(says, taking.err())
        self.assertEqual(self.files(self.dev), [])
        self.assertEqual(self.dev.db().migtui_backups.find_one()["state"], "failed" if rc == 6 else "stopped")
        self.assertEqual([path for path in self.dev.dir.rglob("migtui-tool-*")], [], "the file with the password is gone")

    def test_its_progress_is_told_and_no_password_stands_where_others_can_read(self):
        with self.late():
            taking = self.taking()
            pid = wait_for(self.mongodump, what="mongodump")
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            said = wait_for(lambda: [e for e in taking.ndjson() if e["event"] == "progress" and e["step"].endswith(".blobs")],
                            what="progress of the collection")  # fmt: skip
        self.assertEqual(taking.ended(120), 0, taking.err())
        self.assertIn(b"--db=" + self.dev.db().name.encode(), words)
        everything = b"\0".join(words) + taking.out().encode() + taking.err().encode()
        for secret in (b"admin123", self.server.uri.encode()):
            self.assertNotIn(secret, everything)
        self.assertEqual(said[0]["total"] >= 110, True)
        last = taking.ndjson()[-1]
        self.assertEqual((last["status"], last["documents"] >= 110, last["proof"]), ("succeeded", True, "ok"))
        self.assertEqual([path for path in self.dev.dir.rglob("migtui-tool-*")], [])

    def test_one_that_is_killed(self):
        with self.late():
            taking = self.taking()
            os.kill(wait_for(self.mongodump, what="mongodump"), signal.SIGKILL)
            self.failed(taking, "mongodump was ended by signal 9")

    def test_ctrl_c_ends_it_too(self):
        with self.late():
            taking = self.taking()
            pid = wait_for(self.mongodump, what="mongodump")
            taking.send_signal(signal.SIGINT)
            self.failed(taking, "no backup was written", rc=130)
            self.assertFalse(Path(f"/proc/{pid}").exists())

    def test_a_server_that_goes_away(self):
        with self.spoiled("getMore", closeConnection=True):
            self.failed(self.taking(), "connection closed unexpectedly")

    def test_a_right_that_it_lacks(self):
        with self.spoiled("listCollections", errorCode=13):
            self.failed(self.taking(), "Unauthorized")

    def test_a_full_disk(self):
        script = 'ulimit -f 1000; exec "$0" backup take --env dev --method mongodump'
        done = subprocess.run(["bash", "-c", script, str(BINARY)], cwd=self.dev.dir, env=self.dev.env, text=True,
                              capture_output=True, timeout=120, check=False)  # fmt: skip
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertIn("error writing", done.stderr)
        self.assertEqual(self.files(self.dev), [])

    def test_a_wrong_password(self):
        kept = self.dev.config_file.read_text()
        self.addCleanup(self.dev.config_file.write_text, kept)
        self.dev.config_file.write_text(kept.replace("admin123", "wrong"))
        done = self.dev.run("backup", "take", "--env", "dev", "--method", "mongodump")
        self.assertNotEqual(done.rc, 0)
        self.assertIn("uthentication failed", done.err)
        self.assertEqual(self.files(self.dev), [])

    def test_a_connection_string_that_names_another_database(self):
        kept = self.dev.config_file.read_text()
        self.addCleanup(self.dev.config_file.write_text, kept)
        self.dev.config_file.write_text(kept.replace("/?", "/admin?").replace("&authSource=admin", "").replace("?authSource=admin&", "?"))
        told = self.taken(self.dev, "--method", "mongodump")
        self.assertEqual(told["database"], self.dev.db().name)


if __name__ == "__main__":
    unittest.main()
