"""Backups by mongodump and by a command: what they claim is not believed, and no secret stands on a command line.

mongodump and mongorestore themselves are used where they are on PATH (test_backup_real_tools.py); here stand-ins print what
mongodump prints.
"""

import json
import os
import shutil
import unittest

import archive
import bson
from backups import BackupTest, content

PRELUDE = "2026-11-21T07:00:00.000+0000\t"


class Tools(BackupTest):
    @classmethod
    def setUpClass(cls):
        cls.dev = cls.given()
        cls.dev.db().people.insert_many([{"_id": i} for i in range(3)])
        cls.dump = cls.given_dump(cls.dev)

    def setUp(self):
        super().setUp()
        shutil.rmtree(self.dev.dir / "backups", ignore_errors=True)
        self.dev.db().migtui_backups.drop()  # the dump has none

    @staticmethod
    def given_dump(project, documents=3):
        """An archive of the project's database as mongodump would write it."""
        own = {"v": {"$numberInt": "2"}, "key": {"_id": {"$numberInt": "1"}}, "name": "_id_"}
        metadata = {"options": {}, "indexes": [own], "uuid": "", "type": "collection"}
        path = project.dir / "dump"
        people = [bson.encode({"_id": i}) for i in range(documents)]
        others = dict.fromkeys(("migtui_meta", "migtui_log", "migtui_audit"), (metadata, []))
        archive.write(path, project.db().name, {"people": (metadata, people), **others})
        return path

    def stand_in(self, body):
        """A mongodump of our own, first on PATH: bash, with $archive and $config set from its flags, and $dump a good archive."""
        project = self.dev
        folder = project.dir / "bin"
        folder.mkdir(exist_ok=True)
        (folder / "mongodump").write_text(
            f"#!/bin/bash\ndump={self.dump}\n"
            f'echo "$@" > {project.dir}/argv\n'
            'for flag; do case "$flag" in --archive=*) archive="${flag#*=}";; --config=*) config="${flag#*=}";; esac; done\n'
            f'cp "$config" {project.dir}/config-seen; stat -c %a "$config" > {project.dir}/config-mode; env > {project.dir}/env-seen\n'
            f'say() {{ printf "%s%s\\n" "{PRELUDE}" "$1" >&2; }}\n' + body
        )
        (folder / "mongodump").chmod(0o755)
        return {"PATH": f"{folder}:{os.environ['PATH']}"}

    def take(self, env, *words):
        return self.dev.run("backup", "take", "--env", "dev", "--method", "mongodump", "--format", "json", *words, env=env)

    def refused(self, env, says):
        done = self.take(env)
        self.assertEqual(done.rc, 6, done)
        self.assertIn(says, done.error()["message"])
        self.assertEqual(self.files(self.dev), [])
        self.assertEqual(self.dev.db().migtui_backups.find_one()["state"], "failed")
        return done.error()

    GOOD = 'say "writing `x.people` to archive"; cat "$dump" > "$archive"; say "done dumping \\`x.people\\` (3 documents)"\n'

    def test_what_it_wrote_is_read_back_and_recorded(self):
        told = json.loads(self.take(self.stand_in(self.GOOD)).out)
        self.assertEqual((told["method"], told["documents"], told["proof"], told["consistent"]), ("mongodump", 3, "ok", False))
        name, back = self.back(self.dev)
        self.dev.run("restore", told["backup"], "--env", "dev", "--into", name, check=0)
        self.assertEqual(content(back)["people"], content(self.dev.db())["people"])

    def test_the_connection_string_is_in_a_private_file_and_nowhere_else(self):
        uri = self.dev.environments["dev"]["uri"]
        self.assertEqual(self.take(self.stand_in(self.GOOD)).rc, 0)
        self.assertNotIn(uri, (self.dev.dir / "argv").read_text())
        self.assertIn(uri, (self.dev.dir / "config-seen").read_text())
        self.assertEqual((self.dev.dir / "config-mode").read_text().strip(), "600")
        self.assertEqual([path for path in self.dev.dir.rglob("migtui-tool-*")], [])

    def test_no_variable_that_a_secret_comes_from_is_passed_on(self):
        secret = {"SECRET_URI": self.dev.servers["dev"].uri}
        kept = self.dev.config_file.read_text()
        self.addCleanup(self.dev.config_file.write_text, kept)
        self.dev.config_file.write_text(kept.replace(self.dev.environments["dev"]["uri"], "${SECRET_URI}"))
        self.assertEqual(self.take(self.stand_in(self.GOOD) | secret).rc, 0)
        self.assertIn("SECRET_URI=\n", (self.dev.dir / "env-seen").read_text())

    def test_its_failures_are_all_noticed(self):
        for says, body in (
            ("ended with status 1: error writing data", 'say "Failed: error writing data"; exit 1\n'),
            ("ended with status 1: --db is wrong", "say '--db is wrong'; say \"try 'mongodump --help'\"; exit 1\n"),
            ("says that 2 documents failed", self.GOOD + 'say "1 document(s) dumped. 2 document(s) failed"\n'),
            ("cut short", 'head -c 100 "$dump" > "$archive"; exit 0\n'),
            ("cut short", "exit 0\n"),
            ("mongodump says it dumped 5 documents", 'cat "$dump" > "$archive"; say "done dumping x.people (5 documents)"\n'),
            ("was ended by signal 9", "kill -9 $$\n"),
        ):
            with self.subTest(says=says):
                self.dev.db().migtui_backups.drop()
                error = self.refused(self.stand_in(body), says)
                if "ended" in says:
                    self.assertIn("no backup was written; all that it said: migtui log", error["hint"])

    def test_a_collection_that_it_left_out_is_missed(self):
        self.dev.db().more.insert_one({})
        self.addCleanup(self.dev.db().more.drop)
        self.refused(self.stand_in(self.GOOD), "has no collection more")

    def test_without_mongodump_it_says_so(self):
        done = self.take({"PATH": "/nonexistent"})
        self.assertEqual(done.rc, 6, done)
        self.assertIn("mongodump", done.error()["message"])


class Doctor(BackupTest):
    def test_it_says_which_ways_there_are_and_misses_one_that_the_gate_wants(self):
        project = self.environment(gate={"backup": {"method": "mongodump"}})
        folder = project.dir / "bin"
        folder.mkdir()
        (folder / "mongodump").write_text('#!/bin/sh\nprintf "mongodump version: built-without-version-string\\ngit version: x\\n"\n')
        (folder / "mongodump").chmod(0o755)
        told = project.run("doctor", env={"PATH": f"{folder}:{os.environ['PATH']}"}, check=0).out
        self.assertIn("backups: by archive (built in), by mongodump (built-without-version-string); in ", told)
        without = project.run("doctor", "--format", "json", env={"PATH": "/nonexistent"}, check=1).json()
        self.assertEqual(without["backups"]["methods"], ["archive", "exec"])
        self.assertEqual([p["where"] for p in without["problems"] if "mongodump" in p["message"]], ["dev"])


class Command(BackupTest):
    def test_a_command_of_the_policy_writes_the_archive(self):
        path = "$MIGTUI_BACKUP_FILE"
        gate = {"backup": {"method": "exec", "command": f'cat dump > "{path}" && test "$MIGTUI_ENVIRONMENT" = dev'}}
        project = self.environment(gate=gate)
        project.db().people.insert_many([{"_id": i} for i in range(3)])
        Tools.given_dump(project)
        told = json.loads(project.run("backup", "take", "--env", "dev", "--format", "json", check=0).out)
        self.assertEqual((told["method"], told["documents"]), ("exec", 3))

    def test_a_command_that_fails_is_a_backup_that_failed(self):
        project = self.environment(gate={"backup": {"method": "exec", "command": "echo no room; exit 3"}})
        project.db().people.insert_one({})
        done = project.run("backup", "take", "--env", "dev")
        self.assertEqual(done.rc, 6, done)
        self.assertIn("ended with status 3: no room", done.err)


if __name__ == "__main__":
    unittest.main()
