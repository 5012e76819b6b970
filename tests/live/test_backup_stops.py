"""Backups that are stopped, killed, watched, or run out of disk."""

import json
import os
import signal
import subprocess
import unittest

from backups import BackupTest
from harness import BINARY, wait_for


class Stopped(BackupTest):
    def given_much(self, project):
        for start in range(0, 120000, 20000):
            project.db().many.insert_many([{"_id": i, "text": os.urandom(60).hex()} for i in range(start, start + 20000)],
                                          ordered=False)  # fmt: skip

    def files(self, project):
        folder = project.dir / "backups"
        return sorted(name for name in os.listdir(folder)) if folder.exists() else []

    def running(self, project):
        return project.db().migtui_backups.find_one({"state": "running"})

    def test_ctrl_c_leaves_no_file_and_a_record_that_says_so(self):
        project = self.environment()
        self.given_much(project)
        taking = project.spawn("backup", "take", "--env", "dev")
        wait_for(lambda: self.running(project), what="the backup's record")
        taking.send_signal(signal.SIGINT)
        self.assertEqual(taking.ended(), 130, taking.err())
        self.assertEqual(self.files(project), [])
        self.assertEqual(project.db().migtui_backups.find_one()["state"], "stopped")

    def test_a_killed_backup_leaves_nothing_under_its_name_and_counts_for_nothing(self):
        project = self.environment()
        self.given_much(project)
        taking = project.spawn("backup", "take", "--env", "dev")
        wait_for(lambda: any(name.endswith(".part") for name in self.files(project)), what="a file being written")
        taking.kill()
        taking.ended()
        self.assertEqual([name for name in self.files(project) if not name.startswith(".")], [])
        self.refused(project, "verify", says="has no backup of")

    def test_a_detached_backup_is_followed_and_stopped_from_elsewhere(self):
        project = self.environment()
        self.given_much(project)
        run = project.run("backup", "take", "--env", "dev", "--detach", check=0).out.strip()
        attached = project.run("attach", run, "--env", "dev", "--format", "ndjson", check=0, timeout=120)
        events = [json.loads(line) for line in attached.out.splitlines()]
        self.assertEqual(events[0]["event"], "run.started")
        self.assertEqual((events[-1]["event"], events[-1]["status"]), ("run.finished", "succeeded"))
        self.assertEqual(project.db().migtui_backups.find_one({"_id": run})["state"], "finished")

    def test_stop_ends_a_running_backup(self):
        project = self.environment()
        self.given_much(project)
        taking = project.spawn("backup", "take", "--env", "dev")
        record = wait_for(lambda: self.running(project), what="the backup's record")
        stopped = project.run("stop", record["_id"], "--env", "dev")
        if stopped.rc == 0:
            self.assertIn(taking.ended(), (0, 130), taking.err())  # 0: it was over before it saw the request
            expected = {130: "stopped", 0: "finished"}[taking.returncode]
            self.assertEqual(project.db().migtui_backups.find_one()["state"], expected)
        else:
            self.assertEqual(taking.ended(), 0, taking.err())

    def test_a_full_disk_is_exit_6_with_nothing_under_the_name(self):
        project = self.environment()
        project.db().noise.insert_many([{"_id": i, "blob": os.urandom(100_000)} for i in range(40)])
        script = 'ulimit -f 1000; exec "$0" backup take --env dev'  # 1000 kB a file: the write fails as on a full disk
        done = subprocess.run(["bash", "-c", script, str(BINARY)], cwd=project.dir, env=project.env, text=True,
                              capture_output=True, timeout=120, check=False)  # fmt: skip
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertIn("cannot write", done.stderr)
        self.assertEqual(self.files(project), [])
        self.assertEqual(project.db().migtui_backups.find_one()["state"], "failed")

    def test_a_collection_dropped_meanwhile_fails_the_backup(self):
        project = self.environment()
        self.given_much(project)
        project.db().small.insert_one({"_id": 1})
        taking = project.spawn("backup", "take", "--env", "dev")
        wait_for(lambda: self.running(project), what="the backup's record")
        project.db().small.drop()
        rc = taking.ended()
        if rc == 0:
            self.skipTest("the backup was over before the collection was dropped")
        self.assertEqual(rc, 6, taking.err())
        self.assertIn("small was dropped or renamed", taking.err())
        self.assertEqual(self.files(project), [])


if __name__ == "__main__":
    unittest.main()
