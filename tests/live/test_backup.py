"""Backups: what was there is in the archive, comes back as it was, and what is damaged, foreign or unfinished is refused."""

import datetime
import json
import os
import subprocess
import unittest
from pathlib import Path

import archive
import bson
from backups import BackupTest, content, fill


class RoundTrip(BackupTest):
    @classmethod
    def setUpClass(cls):
        cls.dev = cls.given()
        fill(cls.dev.db())
        cls.before = content(cls.dev.db())
        cls.backup = cls.taken(cls(), cls.dev)

    def test_everything_comes_back_document_by_document_and_index_by_index(self):
        name, back = self.back(self.dev)
        self.dev.run("restore", self.backup["backup"], "--env", "dev", "--into", name, check=0, timeout=300)
        self.assert_same(self.before, content(back))

    def test_another_reader_of_the_format_finds_the_same(self):
        read = archive.Reader(self.backup["file"])
        self.assertEqual(read.header["version"], "0.1")
        for name, (kind, options, indexes, docs) in self.before.items():
            with self.subTest(collection=name):
                self.assertEqual(sorted(read.documents.get(name, [])), [] if kind == "view" else sorted(docs))
                (entry,) = [entry for entry in read.namespaces if entry["collection"] == name]
                self.assertEqual(entry["type"], kind)
                self.assertEqual(len(entry["metadata"]["indexes"]), len(indexes))
                self.assertEqual(sorted(entry["metadata"]["options"]), sorted(options))

    def test_a_drill_restores_compares_and_leaves_nothing(self):
        done = self.dev.run("backup", "drill", self.backup["backup"], "--env", "dev", "--format", "json", check=0, timeout=300)
        told = json.loads(done.out)
        self.assertEqual(told["documents"], self.backup["documents"])
        self.assertNotIn(told["database"], self.dev.servers["dev"].client().list_database_names())


class OtherWriters(BackupTest):
    def test_an_archive_that_another_writer_of_the_format_made_is_restored(self):
        project = self.environment()
        docs = {"a": [bson.encode({"_id": i, "x": i}) for i in range(7)], "b": [bson.encode({"_id": "only"})], "v": []}
        index = {"v": {"$numberInt": "2"}, "key": {"x": {"$numberInt": "1"}}, "name": "x_1", "unique": True}
        own = {"v": {"$numberInt": "2"}, "key": {"_id": {"$numberInt": "1"}}, "name": "_id_"}
        metadata = {
            "a": {"options": {}, "indexes": [own, index], "uuid": "", "collectionName": "a", "type": "collection"},
            "b": {"options": {"capped": True, "size": {"$numberInt": "4096"}}, "indexes": [own], "type": "collection"},
            "v": {"options": {"viewOn": "a", "pipeline": []}, "indexes": [], "type": "view"},
        }
        for compress in ("zipped", "plain"):
            with self.subTest(compress):
                path = project.dir / f"dump-{compress}"
                archive.write(path, "elsewhere", {name: (metadata[name], docs[name]) for name in docs}, compress == "zipped")
                name, back = self.back(project, compress)
                project.run("restore", path, "--env", "dev", "--into", name, check=0)
                self.assertEqual(content(back)["a"][3], docs["a"])
                self.assertTrue(back.a.index_information()["x_1"]["unique"])
                self.assertTrue(back.b.options()["capped"])
                self.assertEqual(back.v.count_documents({}), 7)

    def test_migtuis_lock_is_not_restored_and_a_copy_is_another_environment(self):
        project = self.environment()
        project.db().people.insert_one({"_id": 1})
        project.db().migtui_lock.insert_one({"_id": "lock", "token": 7})
        project.db().migtui_approvals.insert_one({"_id": "a", "state": "approved"})
        self.taken(project)
        name, back = self.back(project)
        shown = project.run("restore", "--env", "dev", "--into", name, check=0)
        self.assertIn("left out   migtui_lock", shown.out)
        self.assertNotIn("migtui_lock", back.list_collection_names())
        self.assertNotIn("migtui_approvals", back.list_collection_names())
        self.assertNotEqual(back.migtui_meta.find_one()["uuid"], project.db().migtui_meta.find_one()["uuid"])


class Records(BackupTest):
    def test_manifest_record_and_file_agree(self):
        project = self.environment()
        project.db().people.insert_many([{"_id": i} for i in range(5)])
        backup = self.taken(project, "--reason", "before the move", "--ticket", "OPS-1")
        manifest = json.loads(Path(backup["file"] + ".json").read_text())
        record = project.db().migtui_backups.find_one({"_id": backup["backup"]})
        summed = subprocess.run(["sha256sum", backup["file"]], capture_output=True, text=True, check=True).stdout[:64]
        self.assertEqual({summed}, {manifest["sha256"], record["sha256"], backup["sha256"]})
        self.assertEqual({Path(backup["file"]).stat().st_size}, {manifest["size"], record["size"]})
        self.assertEqual((record["state"], record["proof"], record["ticket"]), ("finished", "ok", "OPS-1"))
        self.assertEqual(record["environmentUuid"], project.db().migtui_meta.find_one()["uuid"])
        (people,) = [part for part in manifest["collections"] if part["name"] == "people"]
        self.assertEqual((people["documents"], people["indexes"]), (5, 1))
        with self.subTest("only the operator may read an archive"):
            self.assertEqual(os.stat(backup["file"]).st_mode & 0o777, 0o600)
            self.assertEqual(os.stat(Path(backup["file"]).parent).st_mode & 0o777, 0o700)

    def test_a_server_that_does_not_read_at_the_cluster_time_is_found_out(self):
        project = self.environment()
        backup = self.taken(project)
        if project.db().client.server_info()["version"] != "8.2.11" or "secantus" not in str(
            project.db().command("hello").get("setName")
        ):
            self.skipTest("needs a server that ignores atClusterTime")
        self.assertFalse(backup["consistent"])
        self.assertIsNone(backup["clusterTime"])

    def test_prune_keeps_the_newest_and_the_last_proven_one(self):
        project = self.project({}, ("dev",), config={"backupKeep": 2, "backupKeepFor": "0s"})
        project.db().people.insert_one({"_id": 1})
        proven = self.taken(project)
        others = [self.taken(project, "--no-verify") for _ in range(4)]
        project.run("backup", "prune", "--env", "dev", "--yes", check=0)
        kept = {backup["backup"] for backup in (proven, others[2], others[3])}
        there = {name for name in os.listdir(Path(proven["file"]).parent) if name.endswith(".gz")}
        self.assertEqual({name.removesuffix(".archive.gz").rsplit("-", 1)[1] for name in there}, kept)
        states = {doc["_id"]: doc["state"] for doc in project.db().migtui_backups.find()}
        self.assertEqual({key for key, state in states.items() if state == "finished"}, kept)
        acts = [entry["body"] for entry in project.db().migtui_audit.find({"body.action": "backup.remove"})]
        self.assertEqual({(act["backup"], act["outcome"]) for act in acts}, {(key, "success") for key in states if key not in kept})


class Damaged(BackupTest):
    """One backup, whole again before each test."""

    @classmethod
    def setUpClass(cls):
        cls.dev = cls.given()
        cls.dev.db().people.insert_many([{"_id": i, "text": os.urandom(300).hex()} for i in range(200)])
        cls.backup = cls.taken(cls(), cls.dev)
        cls.whole = {end: Path(cls.backup["file"] + end).read_bytes() for end in ("", ".json")}

    def setUp(self):
        super().setUp()
        for end, data in self.whole.items():
            Path(self.backup["file"] + end).write_bytes(data)

    def damage(self, change):
        """Changes the archive's bytes; its manifest stays."""
        Path(self.backup["file"]).write_bytes(change(bytearray(self.whole[""])))

    def proof(self):
        return self.dev.db().migtui_backups.find_one({"_id": self.backup["backup"]})["proof"]

    def refused(self, *words, says=""):
        return super().refused(self.dev, *words, self.backup["backup"], says=says)

    def test_a_truncated_archive_is_refused_and_that_is_recorded(self):
        self.damage(lambda data: data[:-20])
        self.refused("verify", says="cut short")
        self.assertEqual(self.proof(), "failed")
        newest = max(self.dev.db().migtui_audit.find({"_id": {"$type": "number"}}), key=lambda entry: entry["_id"])["body"]
        self.assertEqual((newest["action"], newest["outcome"], newest["backup"]), ("backup.verify", "refused", self.backup["backup"]))
        self.assertIn("cut short", newest["error"]["message"])

    def test_a_flipped_bit_anywhere_is_refused_and_the_whole_archive_is_not(self):
        size = len(self.whole[""])
        for at in (4, 20, size // 2, size - 30, size - 3):
            with self.subTest(at=at):
                self.damage(lambda data, at=at: data[:at] + bytes([data[at] ^ 16]) + data[at + 1 :])
                self.refused("verify")
        self.damage(lambda data: data)
        self.dev.run("backup", "verify", self.backup["backup"], "--env", "dev", check=0)
        self.assertEqual(self.proof(), "ok")

    def test_a_damaged_archive_is_not_restored_and_nothing_is_left_of_it(self):
        self.damage(lambda data: data[:-20])
        name, back = self.back(self.dev)
        done = self.dev.run("restore", self.backup["backup"], "--env", "dev", "--into", name)
        self.assertEqual(done.rc, 6, done)
        self.assertIn("nothing of it is left", done.err)
        self.assertEqual(back.list_collection_names(), [])

    def test_the_archive_and_manifest_of_another_backup_do_not_pass(self):
        other = self.taken(self.dev)
        for end in self.whole:
            os.replace(other["file"] + end, self.backup["file"] + end)
        self.refused("verify", says="the manifest is of backup")

    def test_an_edited_manifest_does_not_pass(self):
        path = Path(self.backup["file"] + ".json")
        path.write_text(path.read_text().replace('"documents" : 200', '"documents" : 199'))
        self.refused("verify", says="200 documents in the archive, 199 in its manifest")

    def test_an_archive_without_its_manifest_did_not_finish(self):
        os.unlink(self.backup["file"] + ".json")
        self.refused("verify")

    def test_a_file_that_is_gone_is_said_to_be(self):
        os.unlink(self.backup["file"])
        listed = json.loads(self.dev.run("backup", "list", "--format", "json", check=0).out)["backups"]
        self.assertEqual([row["where"] for row in listed if row["backup"] == self.backup["backup"]], ["gone"])
        self.refused("verify", says="there is no archive")


class ForgedRecords(BackupTest):
    """By somebody who may write to the database as he likes, and would have an operator's host do the rest."""

    def test_prune_removes_no_file_but_a_backups_own(self):
        project = self.project({}, ("dev",), config={"backupKeep": 1, "backupKeepFor": "0s"})
        project.db().people.insert_one({"_id": 1})
        backup = self.taken(project)
        precious = project.dir / "precious.db"
        precious.write_text("not a backup")
        record = project.db().migtui_backups.find_one({"_id": backup["backup"]})
        old = {"startedAt": datetime.datetime(2020, 1, 1), "finishedAt": datetime.datetime(2020, 1, 1)}
        for number, file in enumerate((precious, backup["file"])):
            forged = {"_id": f"01AD3Q8W0N5B7Y2V4T6R8P0M1{number}", "file": str(file), "size": os.stat(file).st_size}
            project.db().migtui_backups.insert_one(record | old | forged)
        refused = project.run("backup", "prune", "--env", "dev", "--yes", check=6)
        self.assertIn("what its record names is not known to be its archive", refused.err)
        self.assertTrue(precious.exists() and Path(backup["file"]).exists())
        acts = [entry["body"] for entry in project.db().migtui_audit.find({"body.action": "backup.remove"})]
        self.assertEqual([act["outcome"] for act in acts], ["refused", "refused"])

    def test_a_record_that_names_another_backups_archive_restores_nothing(self):
        project = self.environment()
        project.db().people.insert_one({"_id": 1})
        first = self.taken(project)
        project.db().people.insert_one({"_id": "slipped in"})
        second = self.taken(project)
        project.db().migtui_backups.update_one({"_id": first["backup"]}, {"$set": {"file": second["file"]}})
        name, back = self.back(project)
        refused = project.run("restore", first["backup"], "--env", "dev", "--into", name, "--yes", check=6)
        self.assertIn(f"the manifest is of backup {second['backup']}", refused.err)
        self.assertEqual(back.list_collection_names(), [])


class Restoring(BackupTest):
    def test_the_servers_own_databases_are_never_the_target(self):
        project = self.environment()
        project.db().people.insert_one({"_id": 1})
        backup = self.taken(project)
        for name in ("admin", "local", "config", "Admin"):
            done = project.run("restore", backup["backup"], "--env", "dev", "--into", name, "--yes", check=5)
            self.assertIn(f"{name} is the server's own database", done.err)
        acts = [entry["body"]["outcome"] for entry in project.db().migtui_audit.find({"body.action": "restore"})]
        self.assertEqual(acts, ["refused"] * 4)

    def test_nothing_is_restored_over_a_database_that_is_not_empty(self):
        project = self.environment()
        project.db().people.insert_one({"_id": 1})
        self.taken(project)
        before = content(project.db())
        done = project.run("restore", "--env", "dev", "--into", project.db().name)
        self.assertEqual(done.rc, 6, done)
        self.assertIn("is not empty", done.err)
        self.assertEqual(content(project.db()), before)

    def test_a_protected_environments_own_database_is_never_the_target(self):
        project = self.environment(protected=True)
        name = project.db().name
        project.db().people.insert_one({"_id": 1})
        backup = self.taken(project)
        for confirmed in ([], ["--confirm-text", name]):
            done = project.run("restore", backup["backup"], "--env", "dev", "--into", name, "--yes", *confirmed)
            self.assertEqual(done.rc, 5, done)
            self.assertIn("never goes into its own database", done.err)
        refused = [e for e in project.db().migtui_audit.find() if e.get("body", {}).get("action") == "restore"]
        self.assertTrue(refused, "the refusal is in the audit")
        self.assertEqual({e["body"]["outcome"] for e in refused}, {"refused"})

    def test_beside_a_protected_environment_its_name_must_be_typed(self):
        project = self.environment(protected=True)
        project.db().people.insert_one({"_id": 1})
        self.taken(project)
        name, back = self.back(project)
        done = project.run("restore", "--env", "dev", "--into", name, "--yes")
        self.assertEqual(done.rc, 5, done)
        project.run("restore", "--env", "dev", "--into", name, "--confirm-text", name, check=0)
        self.assertEqual(back.people.count_documents({}), 1)


if __name__ == "__main__":
    unittest.main()
