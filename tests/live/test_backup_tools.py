"""Backups by mongodump and by a command: what they claim is not believed, and no secret stands on a command line.

mongodump itself is used where it is on PATH; how its failures are noticed is shown with stand-ins that print what it prints.
"""

import json
import os
import shutil
import subprocess
import unittest
from pathlib import Path

import archive
import bson
from backups import BackupTest, content, fill

PRELUDE = "2026-11-21T07:00:00.000+0000\t"


class Tools(BackupTest):
    def stand_in(self, project, body):
        """A mongodump of our own, first on PATH: bash, with $archive and $config set from its flags."""
        folder = project.dir / "bin"
        folder.mkdir(exist_ok=True)
        (folder / "mongodump").write_text(
            "#!/bin/bash\n"
            f'echo "$@" > {project.dir}/argv\n'
            'for flag; do case "$flag" in --archive=*) archive="${flag#*=}";; --config=*) config="${flag#*=}";; esac; done\n'
            f'cp "$config" {project.dir}/config-seen; stat -c %a "$config" > {project.dir}/config-mode; env > {project.dir}/env-seen\n'
            f'say() {{ printf "%s%s\\n" "{PRELUDE}" "$1" >&2; }}\n' + body
        )
        (folder / "mongodump").chmod(0o755)
        return {"PATH": f"{folder}:{os.environ['PATH']}"}

    def given_dump(self, project, documents=3):
        """An archive of the project's database as mongodump would write it."""
        db = project.db()
        db.people.insert_many([{"_id": i} for i in range(documents)])
        own = {"v": {"$numberInt": "2"}, "key": {"_id": {"$numberInt": "1"}}, "name": "_id_"}
        metadata = {"options": {}, "indexes": [own], "uuid": "", "type": "collection"}
        path = project.dir / "dump"
        people = [bson.encode({"_id": i}) for i in range(documents)]
        archive.write(path, db.name, {"people": (metadata, people), "migtui_meta": (metadata, [])})
        return path

    def take(self, project, env, *words):
        return project.run("backup", "take", "--env", "dev", "--method", "mongodump", "--format", "json", *words, env=env)

    def refused(self, project, env, says):
        done = self.take(project, env)
        self.assertEqual(done.rc, 6, done)
        self.assertIn(says, done.error()["message"])
        folder = project.dir / "backups"
        self.assertEqual(sorted(os.listdir(folder)) if folder.exists() else [], [])
        self.assertEqual(project.db().migtui_backups.find_one()["state"], "failed")

    def good(self, path):
        return f'say "writing `x.people` to archive"; cat {path} > "$archive"; say "done dumping \\`x.people\\` (3 documents)"\n'

    def test_what_it_wrote_is_read_back_and_recorded(self):
        project = self.environment()
        env = self.stand_in(project, self.good(self.given_dump(project)))
        told = json.loads(self.take(project, env).out)
        self.assertEqual((told["method"], told["documents"], told["proof"], told["consistent"]), ("mongodump", 3, "ok", False))
        target = self.drop_after(project, project.db().name + "_back")
        project.run("restore", told["backup"], "--env", "dev", "--into", target, check=0)
        self.assertEqual(content(project.servers["dev"].client()[target])["people"], content(project.db())["people"])

    def test_the_connection_string_is_in_a_private_file_and_nowhere_else(self):
        project = self.environment()
        env = self.stand_in(project, self.good(self.given_dump(project)))
        uri = project.environments["dev"]["uri"]
        self.assertEqual(self.take(project, env).rc, 0)
        self.assertNotIn(uri, (project.dir / "argv").read_text())
        self.assertIn(uri, (project.dir / "config-seen").read_text())
        self.assertEqual((project.dir / "config-mode").read_text().strip(), "600")
        self.assertEqual([path for path in project.dir.rglob("migtui-tool-*")], [])

    def test_no_variable_that_a_secret_comes_from_is_passed_on(self):
        project = self.environment(uri="${SECRET_URI}")
        real = project.servers["dev"].uri
        os.environ["SECRET_URI"] = real
        self.addCleanup(os.environ.pop, "SECRET_URI")
        env = self.stand_in(project, self.good(self.given_dump(project))) | {"SECRET_URI": real}
        self.assertEqual(self.take(project, env).rc, 0)
        self.assertIn("SECRET_URI=\n", (project.dir / "env-seen").read_text())

    def test_its_failures_are_all_noticed(self):
        for says, body in (
            ("ended with status 1: Failed: error writing data", 'say "Failed: error writing data"; exit 1\n'),
            ("says that 2 documents failed", "{good}" + 'say "1 document(s) dumped. 2 document(s) failed"\n'),
            ("cut short", 'head -c 100 {path} > "$archive"; exit 0\n'),
            ("cut short", "exit 0\n"),
            ("mongodump says it dumped 5 documents", 'cat {path} > "$archive"; say "done dumping x.people (5 documents)"\n'),
            ("status 137", "kill -9 $$\n"),
        ):
            with self.subTest(says=says):
                project = self.environment()
                path = self.given_dump(project)
                text = body.replace("{good}", self.good(path)).replace("{path}", str(path))
                self.refused(project, self.stand_in(project, text), says)

    def test_a_collection_that_it_left_out_is_missed(self):
        project = self.environment()
        env = self.stand_in(project, self.good(self.given_dump(project)))
        project.db().more.insert_one({})
        self.refused(project, env, "has no collection more")

    def test_without_mongodump_it_says_so(self):
        project = self.environment()
        done = self.take(project, {"PATH": "/nonexistent"})
        self.assertEqual(done.rc, 6, done)
        self.assertIn("mongodump", done.error()["message"])

    def test_a_command_of_the_policy_writes_the_archive(self):
        path = "$MIGTUI_BACKUP_FILE"
        gate = {"backup": {"method": "exec", "command": f'cat dump > "{path}" && test "$MIGTUI_ENVIRONMENT" = dev'}}
        project = self.environment(gate=gate)
        self.given_dump(project)
        told = json.loads(project.run("backup", "take", "--env", "dev", "--format", "json", check=0).out)
        self.assertEqual((told["method"], told["documents"]), ("exec", 3))

    def test_a_command_that_fails_is_a_backup_that_failed(self):
        project = self.environment(gate={"backup": {"method": "exec", "command": "echo no room; exit 3"}})
        project.db().people.insert_one({})
        done = project.run("backup", "take", "--env", "dev")
        self.assertEqual(done.rc, 6, done)
        self.assertIn("ended with status 3: no room", done.err)


@unittest.skipUnless(shutil.which("mongodump") and shutil.which("mongorestore"), "mongodump and mongorestore are not on PATH")
class RealTools(BackupTest):
    def test_mongorestore_reads_what_migtui_writes(self):
        project = self.environment()
        fill(project.db())
        project.db().series.drop()  # this server has no buckets, which mongorestore needs
        backup = self.taken(project)
        target = self.drop_after(project, project.db().name + "_back")
        subprocess.run(["mongorestore", "--uri", project.servers["dev"].uri, f"--archive={backup['file']}", "--gzip",
                        "--nsFrom", f"{project.db().name}.*", "--nsTo", f"{target}.*"], check=True, timeout=300)  # fmt: skip
        before, after = content(project.db()), content(project.servers["dev"].client()[target])
        self.assertEqual(before, after)

    def test_migtui_restores_what_mongodump_writes(self):
        project = self.environment()
        fill(project.db())
        project.db().series.drop()
        backup = self.taken(project, "--method", "mongodump")
        target = self.drop_after(project, project.db().name + "_back")
        project.run("restore", backup["backup"], "--env", "dev", "--into", target, check=0, timeout=300)
        self.assertEqual(content(project.db()), content(project.servers["dev"].client()[target]))


if __name__ == "__main__":
    unittest.main()
