"""Backups that are stopped, killed, watched, or run out of disk. The server lets each further batch wait, so that the backup
is at work for as long as the test needs it to be."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import unittest

from backups import BackupTest
from harness import BINARY, wait_for

BATCHES = 10  # of the collection `blobs`: a batch is a megabyte
LATE_MS = 3000  # so that a backup takes half a minute unless the test lets it go on


class Stopped(BackupTest):
    flags = {"failpoints": True}

    @classmethod
    def setUpClass(cls):
        cls.dev = cls.given()
        cls.dev.db().blobs.insert_many([{"_id": i, "blob": os.urandom(500_000)} for i in range(2 * BATCHES)])

    def setUp(self):
        super().setUp()
        shutil.rmtree(self.dev.dir / "backups", ignore_errors=True)
        self.dev.db().migtui_backups.delete_many({})

    @contextlib.contextmanager
    def slow_reading(self):
        with self.dev.servers["dev"].fail_point(["getMore"], times="alwaysOn", blockConnection=True, blockTimeMS=LATE_MS):
            yield

    def slow_writing(self):
        return self.dev.servers["dev"].fail_point(["insert"], times="alwaysOn", blockConnection=True, blockTimeMS=LATE_MS)

    def newest_run(self):
        return self.dev.run("runs", "--format", "json", check=0).json()["runs"][0]

    def running(self):
        return self.dev.db().migtui_backups.find_one({"state": "running"})

    def state(self):
        return self.dev.db().migtui_backups.find_one()["state"]

    def taking(self, *words):
        """A backup at work, and its record."""
        taking = self.dev.spawn("backup", "take", "--env", "dev", *words)
        return taking, wait_for(self.running, what="the backup's record")

    def test_ctrl_c_leaves_no_file_and_a_record_that_says_so(self):
        with self.slow_reading():
            taking, _ = self.taking()
            taking.send_signal(signal.SIGINT)
            self.assertEqual(taking.ended(), 130, taking.err())
        self.assertEqual(self.files(self.dev), [])
        self.assertEqual(self.state(), "stopped")

    def test_a_killed_backup_leaves_nothing_under_its_name_and_counts_for_nothing(self):
        with self.slow_reading():
            taking, _ = self.taking()
            wait_for(lambda: self.files(self.dev), what="a file being written")
            taking.kill()
            taking.ended()
        self.assertEqual([name for name in self.files(self.dev) if not name.startswith(".")], [])
        self.refused(self.dev, "verify", says="has no backup of")
        with self.subTest("what it left is swept"):
            pruned = self.dev.run("backup", "prune", "--env", "dev", "--yes", check=0)
            self.assertIn("removed what 1 killed backup left half written", pruned.err)
            self.assertEqual(self.files(self.dev), [])

    def test_one_that_still_runs_is_no_backup_yet(self):
        with self.slow_reading():
            taking, record = self.taking()
            self.refused(self.dev, "verify", record["_id"], says="is still running")
            into = self.dev.run("restore", record["_id"], "--env", "dev", "--yes")
            self.assertEqual(into.rc, 6, into)
            self.assertIn("is still running", into.err)
            taking.kill()
            taking.ended()

    def test_a_detached_backup_is_followed_to_its_end_from_elsewhere(self):
        run = self.dev.run("backup", "take", "--env", "dev", "--detach", check=0).out.strip()
        attached = self.dev.run("attach", run, "--env", "dev", "--format", "ndjson", check=0, timeout=120)
        events = [json.loads(line) for line in attached.out.splitlines()]
        self.assertEqual(events[0]["event"], "run.started")
        self.assertEqual((events[-1]["event"], events[-1]["status"]), ("run.finished", "succeeded"))
        self.assertEqual(self.state(), "finished")

    def test_stop_ends_a_running_backup(self):
        with self.slow_reading():
            taking, record = self.taking()
            self.dev.run("stop", record["_id"], "--env", "dev", check=0)
            self.assertEqual(taking.ended(), 130, taking.err())
        self.assertEqual(self.state(), "stopped")
        self.assertEqual(self.files(self.dev), [])

    def test_a_collection_dropped_meanwhile_fails_the_backup(self):
        self.dev.db().small.insert_one({"_id": 1})
        with self.slow_reading():
            taking, _ = self.taking()
            self.dev.db().small.drop()
        self.assertEqual(taking.ended(), 6, taking.err())
        self.assertRegex(taking.err(), "small:? was dropped or renamed")  # while it was read, or between two looks
        self.assertEqual(self.files(self.dev), [])

    def test_a_killed_restore_is_refused_until_what_it_left_is_dropped(self):
        backup = self.taken(self.dev)
        name, back = self.back(self.dev)
        again = ("restore", backup["backup"], "--env", "dev", "--into", name, "--yes")
        with self.slow_writing():
            restoring = self.dev.spawn(*again)
            wait_for(lambda: "blobs" in back.list_collection_names(), what="a collection that is being restored")
            restoring.kill()
            restoring.ended()
        self.assertEqual(self.newest_run()["status"], "interrupted")
        with self.subTest("what it left is no environment"):
            look = self.dev.dir / "look.yaml"
            look.write_text(self.dev.config_file.read_text().replace(self.dev.environments["dev"]["database"], name))
            seen = self.dev.run("status", "--config", look, "--format", "json").json()["environments"][0]
            self.assertFalse(seen["reachable"])
            self.assertIn("half restored", seen["error"]["message"])
        refused = self.dev.run(*again)
        self.assertEqual(refused.rc, 6, refused)
        told = [f"database {name} is not empty: restore {self.newest_run()['run']} of backup {backup['backup']}, begun ",
                "was killed there and left it half restored", f"migtui restore {backup['backup']} --env dev --into {name}_2",
                f'db.getSiblingDB("{name}").dropDatabase()']  # fmt: skip
        for words in told:
            self.assertIn(words, refused.err)
        self.dev.servers["dev"].client().drop_database(name)
        self.dev.run(*again, check=0)
        self.assertEqual(self.dev.run("status", "--config", look, "--format", "json").json()["environments"][0]["reachable"], True)
        self.assertIn("no restore that was cut short is on record", self.dev.run(*again, check=6).err)
        self.assertEqual(back.blobs.count_documents({}), 2 * BATCHES)

    def test_a_restore_that_fails_says_what_is_left_of_it_and_so_does_the_next(self):
        backup = self.taken(self.dev)
        name, back = self.back(self.dev)
        again = ("restore", backup["backup"], "--env", "dev", "--into", name, "--yes")
        server = self.dev.servers["dev"]
        with server.fail_point(["insert"], times="alwaysOn", errorCode=13):
            failed = self.dev.run(*again, check=6)
        self.assertIn(f"nothing of the restore is left in {name}", failed.err)
        self.assertEqual(back.list_collection_names(), [])
        with server.fail_point(["insert", "drop"], times="alwaysOn", errorCode=13):
            failed = self.dev.run(*again, check=6)
        self.assertIn(f"a part of it is left in database {name}", failed.err)
        refused = self.dev.run(*again, check=6)
        self.assertIn(f"restore {self.newest_run()['run']} of backup", refused.err)
        self.assertIn("did not succeed, and could not clear away what it had made", refused.err)

    def test_a_detached_restore_is_seen_watched_and_stopped_from_elsewhere_and_leaves_nothing(self):
        backup = self.taken(self.dev)
        name, back = self.back(self.dev)
        elsewhere = {"XDG_STATE_HOME": str(self.dev.dir / "elsewhere")}
        with self.slow_writing():
            run = self.dev.run("restore", backup["backup"], "--env", "dev", "--into", name, "--detach", check=0).out.strip()
            seen = self.newest_run()
            self.assertEqual([seen[key] for key in ("run", "command", "status", "database")], [run, "restore", "running", name])
            attached = self.dev.spawn("attach", "--env", "dev", "--format", "ndjson", env=elsewhere)
            wait_for(lambda: any(event["event"] == "backup.started" for event in attached.ndjson()), what="its first lines")
            self.dev.run("stop", run, "--env", "dev", env=elsewhere, check=0)
            self.assertEqual(attached.ended(), 130, attached.err())
        last = attached.ndjson()[-1]
        self.assertEqual((last["event"], last["run"], last["status"]), ("run.finished", run, "stopped"))
        self.assertEqual(self.newest_run()["status"], "stopped")
        self.assertEqual(back.list_collection_names(), [])

    def test_a_server_that_dies_meanwhile_fails_the_backup(self):
        with self.dev.servers["dev"].fail_point(["getMore"], times="alwaysOn", closeConnection=True):
            taking = self.dev.spawn("backup", "take", "--env", "dev")
            self.assertEqual(taking.ended(), 6, taking.err())
        self.assertIn("the server closed the connection", taking.err())
        self.assertIn("no backup was written", taking.err())
        self.assertEqual(self.files(self.dev), [])
        self.assertEqual(self.state(), "failed")


class FullDisk(BackupTest):
    flags = {"failpoints": True}

    @classmethod
    def setUpClass(cls):
        cls.dev = cls.given()
        cls.dev.db().blobs.insert_many([{"_id": i, "blob": os.urandom(500_000)} for i in range(2 * BATCHES)])

    def setUp(self):
        super().setUp()
        self.dev.db().migtui_backups.delete_many({})

    def shell(self, script, *before):
        return subprocess.run([*before, "bash", "-c", script, str(BINARY)], cwd=self.dev.dir, env=self.dev.env, text=True,
                              capture_output=True, timeout=120, check=False)  # fmt: skip

    def on_a_disk_of(self, megabytes, script):
        """The script, with the folder of backups on a disk of that size, which is gone with it."""
        if subprocess.run(["unshare", "-Urm", "true"], capture_output=True, check=False).returncode != 0:
            self.skipTest("needs the right to mount a small disk (unshare -Urm)")
        (self.dev.dir / "backups").mkdir(exist_ok=True)
        mount = f"mount -t tmpfs -o size={megabytes}m,mode=700 disk backups && "
        return self.shell(mount + script, "unshare", "-Urm")

    def failed(self, done, says):
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertIn(says, done.stderr)

    def test_a_backup_that_will_not_fit_is_not_begun(self):
        done = self.on_a_disk_of(20, 'trap "ls -A backups" EXIT; "$0" backup take --env dev')
        self.failed(done, "MB free, and the backup is expected to need")
        self.assertNotIn(".part", done.stdout)
        self.assertEqual(self.dev.db().migtui_backups.count_documents({}), 0)

    def test_a_disk_that_others_fill_meanwhile_ends_it_with_nothing_under_its_name(self):
        # Others' file takes what is left as soon as the backup has begun its own; each further batch comes late.
        script = """
            trap 'ls -A backups' EXIT
            "$0" backup take --env dev & taking=$!
            until ls backups/.*.part >/dev/null 2>&1 || ! kill -0 $taking 2>/dev/null; do sleep 0.05; done
            head -c 100M /dev/zero > backups/others 2>/dev/null
            wait $taking
        """
        with self.dev.servers["dev"].fail_point(["getMore"], times={"times": BATCHES // 2}, blockConnection=True, blockTimeMS=1000):
            done = self.on_a_disk_of(90, script)
        self.failed(done, "No space left on device")
        self.assertEqual(done.stdout.split()[-1:], ["others"])
        self.assertNotIn(".part", done.stdout)
        self.assertEqual(self.dev.db().migtui_backups.find_one()["state"], "failed")

    def test_a_limit_of_the_file_size_is_as_a_full_disk(self):
        done = self.shell('ulimit -f 1000; exec "$0" backup take --env dev')
        self.failed(done, "cannot write")
        self.assertEqual(self.files(self.dev), [])
        self.assertEqual(self.dev.db().migtui_backups.find_one()["state"], "failed")


if __name__ == "__main__":
    unittest.main()
