"""Backups: what was there is in the archive, comes back as it was, and what is damaged, foreign or unfinished is refused."""

import json
import os
import subprocess
import unittest
from pathlib import Path

import archive
import bson
from backups import BackupTest, content, fill


class RoundTrip(BackupTest):
    def test_everything_comes_back_document_by_document_and_index_by_index(self):
        project = self.environment()
        fill(project.db())
        backup = self.taken(project)
        target = self.drop_after(project, project.db().name + "_back")
        project.run("restore", backup["backup"], "--env", "dev", "--into", target, check=0, timeout=300)
        before, after = content(project.db()), content(project.servers["dev"].client()[target])
        self.assertEqual(sorted(before), sorted(after))
        for name in before:
            with self.subTest(collection=name):
                self.assertEqual(before[name], after[name])

    def test_another_reader_of_the_format_finds_the_same(self):
        project = self.environment()
        fill(project.db())
        backup = self.taken(project)
        read = archive.Reader(backup["file"])
        before = content(project.db())
        self.assertEqual(read.header["version"], "0.1")
        for name, (kind, options, indexes, docs) in before.items():
            with self.subTest(collection=name):
                self.assertEqual(sorted(read.documents.get(name, [])), [] if kind == "view" else sorted(docs))
                (entry,) = [entry for entry in read.namespaces if entry["collection"] == name]
                self.assertEqual(entry["type"], kind)
                self.assertEqual(len(entry["metadata"]["indexes"]), len(indexes))
                self.assertEqual(sorted(entry["metadata"]["options"]), sorted(options))

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
        for compress in (True, False):
            with self.subTest(compress=compress):
                path = project.dir / f"dump-{compress}"
                archive.write(path, "elsewhere", {name: (metadata[name], docs[name]) for name in docs}, compress)
                target = self.drop_after(project, f"{project.db().name}_{compress}".lower())
                project.run("restore", path, "--env", "dev", "--into", target, check=0)
                db = project.servers["dev"].client()[target]
                self.assertEqual(content(db)["a"][3], docs["a"])
                self.assertTrue(db.a.index_information()["x_1"]["unique"])
                self.assertTrue(db.b.options()["capped"])
                self.assertEqual(db.v.count_documents({}), 7)

    def test_a_drill_restores_compares_and_leaves_nothing(self):
        project = self.environment()
        fill(project.db())
        backup = self.taken(project)
        done = project.run("backup", "drill", "--env", "dev", "--format", "json", check=0, timeout=300)
        told = json.loads(done.out)
        self.assertEqual(told["documents"], backup["documents"])
        self.assertNotIn(told["database"], project.servers["dev"].client().list_database_names())

    def test_migtuis_lock_is_not_restored_and_a_copy_is_another_environment(self):
        project = self.environment()
        project.db().people.insert_one({"_id": 1})
        project.db().migtui_lock.insert_one({"_id": "lock", "token": 7})
        project.db().migtui_approvals.insert_one({"_id": "a", "state": "approved"})
        self.taken(project)
        target = self.drop_after(project, project.db().name + "_back")
        shown = project.run("restore", "--env", "dev", "--into", target, check=0)
        back = project.servers["dev"].client()[target]
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

    def test_only_the_operator_may_read_an_archive(self):
        project = self.environment()
        backup = self.taken(project)
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


class Damaged(BackupTest):
    def setUp(self):
        super().setUp()
        self.dev = self.environment()
        self.dev.db().people.insert_many([{"_id": i, "text": f"number {i}"} for i in range(2000)])
        self.backup = self.taken(self.dev)

    def proof(self):
        return self.dev.db().migtui_backups.find_one({"_id": self.backup["backup"]})["proof"]

    def test_a_truncated_archive_is_refused_and_that_is_recorded(self):
        self.damage(self.backup, lambda data: data[:-20])
        self.refused(self.dev, "verify", says="cut short")
        self.assertEqual(self.proof(), "failed")

    def test_a_flipped_bit_anywhere_is_refused(self):
        whole = Path(self.backup["file"]).read_bytes()
        for at in (4, 20, len(whole) // 3, len(whole) // 2, len(whole) - 30, len(whole) - 3):
            with self.subTest(at=at):
                self.damage(self.backup, lambda _, at=at: whole[:at] + bytes([whole[at] ^ 16]) + whole[at + 1 :])
                self.refused(self.dev, "verify")
        self.damage(self.backup, lambda _: whole)
        self.dev.run("backup", "verify", "--env", "dev", check=0)
        self.assertEqual(self.proof(), "ok")

    def test_a_damaged_archive_is_not_restored_and_nothing_is_left_of_it(self):
        self.damage(self.backup, lambda data: data[:-20])
        target = self.drop_after(self.dev, self.dev.db().name + "_back")
        done = self.dev.run("restore", "--env", "dev", "--into", target)
        self.assertEqual(done.rc, 6, done)
        self.assertIn("nothing of it is left", done.err)
        self.assertEqual(self.dev.servers["dev"].client()[target].list_collection_names(), [])

    def test_the_archive_and_manifest_of_another_backup_do_not_pass(self):
        self.dev.db().people.insert_one({"_id": -1})
        other = self.taken(self.dev)
        for suffix in ("", ".json"):
            os.replace(other["file"] + suffix, self.backup["file"] + suffix)
        self.refused(self.dev, "verify", self.backup["backup"], says="the manifest is of backup")

    def test_an_edited_manifest_does_not_pass(self):
        path = Path(self.backup["file"] + ".json")
        path.write_text(path.read_text().replace('"documents" : 2000', '"documents" : 1999'))
        self.refused(self.dev, "verify", says="2000 documents in the archive, 1999 in its manifest")

    def test_an_archive_without_its_manifest_did_not_finish(self):
        os.unlink(self.backup["file"] + ".json")
        self.refused(self.dev, "verify")

    def test_a_file_that_is_gone_is_said_to_be(self):
        os.unlink(self.backup["file"])
        listed = json.loads(self.dev.run("backup", "list", "--format", "json", check=0).out)["backups"]
        self.assertEqual(listed[0]["where"], "gone")
        self.refused(self.dev, "verify", says="there is no archive")


class Restoring(BackupTest):
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
        target = self.drop_after(project, project.db().name + "_back")
        done = project.run("restore", "--env", "dev", "--into", target, "--yes")
        self.assertEqual(done.rc, 5, done)
        project.run("restore", "--env", "dev", "--into", target, "--confirm-text", target, check=0)
        self.assertEqual(project.servers["dev"].client()[target].people.count_documents({}), 1)


if __name__ == "__main__":
    unittest.main()
