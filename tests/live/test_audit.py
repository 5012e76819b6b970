"""The audit: what was done and tried is on record, and the record shows what was done to it."""

import hashlib
import signal
import subprocess
import sys
import unittest

import bson
import migrations as m
from bson.raw_bson import RawBSONDocument
from harness import SOURCE_DIR, MigtuiTest, shared_server, wait_for
from migrations import files, migration
from proxy import Proxy

ONE = """{ "migtui": 1, "title": "one", "up": [
  { "id": "a", "insert": { "collection": "people", "documents": [ { "_id": 1 } ] } } ],
  "down": [ { "id": "b", "delete": { "collection": "people", "deletes": [ { "q": { "_id": 1 }, "limit": 1 } ] } } ] }"""
BAD = """{ "migtui": 1, "title": "bad", "up": [
  { "id": "a", "assert": { "collection": "people", "filter": {}, "count": 99 } } ], "down": [] }"""
FIRST, SECOND = "20260101000000", "20260102000000"


def digest(entry):
    """As docs/reference/audit.md says it: anybody can, with a BSON library and SHA-256."""
    covered = bson.SON(
        [("seq", bson.Int64(entry["_id"])), ("at", entry["at"]), ("uuid", entry["uuid"]), ("prev", entry["prev"]),
         ("body", entry["body"])]
    )  # fmt: skip
    return hashlib.sha256(bson.encode(covered)).hexdigest()


def joined(*documents):
    """One document with the members of all, in this order, also where two have one name."""
    members = b"".join(document[4:-1] for document in documents) + b"\0"
    return RawBSONDocument((len(members) + 4).to_bytes(4, "little") + members)


class Audit(MigtuiTest):
    def given_runs(self, count=2):
        """A project with count applied and rolled back runs on dev, so 4 entries each pair."""
        project = self.project({f"{FIRST}_one.jsonc": ONE}, envs={"dev": {}})
        for _ in range(count):
            project.run("apply", check=0)
            project.run("rollback", check=0)
        return project

    def entries(self, project, env="dev"):
        raw = project.db(env).get_collection(
            "migtui_audit", bson.CodecOptions(document_class=bson.SON)
        )
        return sorted(raw.find({"_id": {"$type": "number"}}), key=lambda entry: entry["_id"])

    def acts(self, project, env="dev"):
        return [(entry["body"]["action"], entry["body"]["outcome"]) for entry in self.entries(project, env)]

    # --- what is on record

    def test_a_run_is_on_record_with_its_start_and_its_end(self):
        project = self.given_runs(1)
        self.assertEqual(
            self.acts(project),
            [("apply.start", "success"), ("apply.end", "success"),
             ("rollback.start", "success"), ("rollback.end", "success")],
        )  # fmt: skip

    def test_a_failed_run_is_on_record_with_its_error(self):
        project = self.project({f"{FIRST}_bad.jsonc": BAD}, envs={"dev": {}})
        project.run("apply", check=1)
        self.assertEqual(self.acts(project), [("apply.start", "success"), ("apply.end", "failure")])
        self.assertEqual(self.entries(project)[1]["body"]["error"]["name"], "step-failed")

    def test_a_refused_run_is_on_record_with_its_reason(self):
        project = self.project({f"{FIRST}_one.jsonc": ONE}, envs={"prod": {"protected": True}})
        project.run("plan", "--out", "p", check=2)
        project.run("apply", "p", "--yes", check=5)
        self.assertEqual(self.acts(project, "prod"), [("apply", "refused")])
        self.assertIn("confirmed by typing", self.entries(project, "prod")[0]["body"]["error"]["message"])

    def test_a_run_that_finds_the_lock_held_is_on_record(self):
        project = self.given_runs(1)
        project.db().migtui_lock.update_one(
            {"_id": "lock"},
            [{"$set": {"owner": "somebody", "run": "01JD3Q8W0N5B7Y2V4T6R8P0M1K", "host": "elsewhere",
                       "expiresAt": {"$add": ["$$NOW", 600000]}, "beatAt": "$$NOW"}}],
        )  # fmt: skip
        project.run("apply", check=3)
        self.assertEqual(self.acts(project)[-1], ("apply", "refused"))

    def test_marks_and_stops_are_on_record(self):
        project = self.given_runs(1)
        project.run("mark", FIRST, "applied", "--reason", "by hand", check=0)
        project.run("stop", "01JD3Q8W0N5B7Y2V4T6R8P0M1K", check=1)
        self.assertEqual(self.acts(project)[-2:], [("mark.applied", "success"), ("stop", "failure")])

    def test_a_run_that_its_operator_stopped_is_on_record_as_cancelled(self):
        steps = migration(m.gate(), m.insert("after", "people", {"_id": 1}))
        project = self.project(files(steps), envs={"dev": {}})
        process = project.spawn("apply")
        wait_for((project.dir / "at-gate").exists, what="the run at its gate")
        process.send_signal(signal.SIGINT)
        wait_for(lambda: "stop" in process.out() + process.err(), what="the run to have heard it")
        (project.dir / "open-gate").touch()
        self.assertEqual(process.ended(), 130)
        self.assertEqual(self.acts(project), [("apply.start", "success"), ("apply.end", "cancelled")])

    def test_entries_of_runs_at_the_same_time_make_one_chain(self):
        project = self.given_runs(1)
        busy = [project.spawn("mark", FIRST, word, "--reason", "r") for word in ("applied", "pending") * 4]
        for each in busy:
            each.ended()
        project.run("audit", "verify", check=0)
        self.assertEqual(len(self.entries(project)), 4 + 8)

    # --- verifying

    def test_verify_says_that_a_whole_chain_holds(self):
        project = self.given_runs()
        result = project.run("audit", "verify", check=0)
        self.assertIn("the chain holds: 8 entries", result.out)
        self.assertIn("8 anchors agree, up to entry 8", result.out)

    def test_the_digests_are_what_the_manual_says(self):
        project = self.given_runs(1)
        entries = self.entries(project)
        before = "0" * 64
        for entry in entries:
            self.assertEqual(entry["prev"], before)
            self.assertEqual(entry["digest"], digest(entry))
            before = entry["digest"]

    def refused(self, project, words):
        result = project.run("audit", "verify", check=4)
        self.assertIn(words, result.out)

    def test_an_edited_entry_is_found(self):
        project = self.given_runs()
        project.db().migtui_audit.update_one({"_id": 3}, {"$set": {"body.actor.osUser": "mallory"}})
        self.refused(project, "entry 3 was edited")

    def test_an_edited_entry_with_its_digest_made_anew_is_found(self):
        project = self.given_runs()
        entry = self.entries(project)[2]
        entry["body"]["reason"] = "nothing to see"
        project.db().migtui_audit.update_one(
            {"_id": 3}, {"$set": {"body": entry["body"], "digest": digest(entry)}}
        )
        self.refused(project, "entry 4 does not follow from the one before")

    def test_a_whole_chain_made_anew_is_found_by_the_anchor(self):
        project = self.given_runs()
        before = "0" * 64
        for entry in self.entries(project):
            entry["body"]["actor"]["osUser"] = "mallory"
            entry["prev"] = before
            entry["digest"] = before = digest(entry)
            project.db().migtui_audit.replace_one({"_id": entry["_id"]}, entry)
        self.refused(project, "entry 1 is not the one that was written")

    def test_a_member_beside_what_the_digest_covers_is_found(self):
        project = self.given_runs(1)
        project.db().migtui_audit.update_one({"_id": 3}, {"$set": {"note": "approved by ana"}})
        self.refused(project, "entry 3 was edited: it has a member that no entry has, or one of them twice")

    def given_raw(self):
        """A project whose server may be made to tell things that this one would not keep, and its two entries."""
        proxy = Proxy(shared_server())
        self.addCleanup(proxy.close)
        project = self.project({f"{FIRST}_one.jsonc": ONE}, envs={"dev": {"uri": proxy.uri, "server": shared_server()}})
        project.run("apply", check=0)
        raw = project.db().get_collection("migtui_audit", bson.CodecOptions(document_class=RawBSONDocument))
        return project, proxy, list(raw.find({"_id": {"$type": "number"}}, sort=[("_id", 1)]))

    def told(self, proxy, entries):
        cursor = {"id": bson.Int64(0), "ns": "x.migtui_audit", "firstBatch": entries}
        return proxy.on("find", "migtui_audit", answer={"ok": 1.0, "cursor": cursor})

    def test_an_entry_that_says_two_things_is_found(self):
        """Who lists it reads the first body; the digest is of the second."""
        project, proxy, (one, two) = self.given_raw()
        forged = bson.encode({"body": {"action": "apply.end", "outcome": "refused"}})
        with self.told(proxy, [one, joined(forged, two.raw)]):
            self.refused(project, "entry 2 was edited: it has a member that no entry has, or one of them twice")

    def test_an_entry_that_cannot_be_exported_is_no_end_of_the_export(self):
        project, proxy, (one, two) = self.given_raw()
        torn = RawBSONDocument(two.raw.replace(b"apply.end", b"apply.\xff\xfed"))
        with self.told(proxy, [one, torn]):
            result = project.run("audit", "export", "--out", "audit.jsonl", check=4)
        self.assertIn("what follows entry 1 of the audit is not one that migtui writes", result.err)
        self.assertEqual([], list(project.dir.glob("audit.jsonl*")))

    def test_an_environment_whose_uuid_was_made_a_path_is_no_way_to_other_files(self):
        project = self.given_runs(1)
        project.db().migtui_meta.update_one({"_id": "meta"}, {"$set": {"uuid": "../../../outside"}})
        result = project.run("apply", check=0)
        self.assertIn("anchor on this host was not written", result.out + result.err)
        self.assertEqual([], list(project.dir.rglob("outside*")))
        self.refused(project, "entry 5 is of another environment")

    def test_a_removed_entry_is_found(self):
        project = self.given_runs()
        project.db().migtui_audit.delete_one({"_id": 3})
        self.refused(project, "entry 3 is missing")

    def test_two_entries_that_changed_places_are_found(self):
        project = self.given_runs()
        audit = project.db().migtui_audit
        three, four = self.entries(project)[2:4]
        three["_id"], four["_id"] = four["_id"], three["_id"]
        audit.delete_many({"_id": {"$in": [3, 4]}})
        audit.insert_many([three, four])
        self.refused(project, "entry 3 was edited")

    def test_entries_cut_off_at_the_end_are_found_by_the_anchor(self):
        project = self.given_runs()
        project.db().migtui_audit.delete_many({"_id": {"$in": [7, 8]}})
        project.db().migtui_audit.update_one(
            {"_id": "head"}, {"$set": {"head": {"seq": bson.Int64(6), "digest": self.entries(project)[5]["digest"]}}}
        )
        self.refused(project, "entries were cut off: the chain ends at 6, and entry 7 was written")

    def test_an_audit_that_is_gone_is_found_by_the_anchor(self):
        project = self.given_runs()
        project.db().migtui_audit.drop()
        self.refused(project, "entries were cut off: the chain ends at 0")

    def test_without_an_anchor_verify_says_what_it_cannot_tell(self):
        project = self.given_runs()
        result = project.run("audit", "verify", check=0, env={"XDG_STATE_HOME": str(project.dir / "cache")})
        self.assertIn("whether entries were cut off at the end cannot be told", result.out)

    # --- exports

    def test_an_export_is_verified_without_any_server_or_project(self):
        project = self.given_runs()
        project.run("audit", "export", "--out", "audit.jsonl", check=0)
        result = project.run("audit", "verify", project.dir / "audit.jsonl", check=0, cwd="/", env={"MIGTUI_CONFIG": None})
        self.assertIn("the chain holds: 8 entries", result.out)

    def test_the_script_in_the_manual_verifies_an_export(self):
        project = self.given_runs(1)
        project.run("audit", "export", "--out", "audit.jsonl", check=0)
        manual = (SOURCE_DIR / "docs/reference/audit.md").read_text()
        script = manual.split("```python\n")[1].split("```")[0]
        words = [sys.executable, "-c", script, str(project.dir / "audit.jsonl")]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.stdout, f"4 entries, head {self.entries(project)[-1]['digest'][:8]}\n", done.stderr)

    def test_an_edited_export_is_found(self):
        project = self.given_runs()
        project.run("audit", "export", "--out", "audit.jsonl", check=0)
        file = project.dir / "audit.jsonl"
        lines = file.read_text().splitlines()
        for name, changed, words in (
            ("edited", [*lines[:2], lines[2].replace("tester", "mallory").replace('"success"', '"refused"'), *lines[3:]],
             "entry 3 was edited"),
            ("removed", lines[:2] + lines[3:], "entry 3 is missing"),
            ("reordered", [lines[0], lines[2], lines[1], *lines[3:]], "entry 2 is missing"),
            ("cut off", lines[:5], "entries were cut off: the chain ends at 5"),
            ("torn", [*lines[:4], lines[4][:90]], "line 5 is not an entry"),
            ("says two things", [*lines[:2], lines[2].replace('"body"', '"body" : { "action" : "stop" }, "body"'), *lines[3:]],
             "line 3 is not an entry"),
            ("says more behind itself", [*lines[:2], lines[2] + lines[7], *lines[3:]], "line 3 is not an entry"),
        ):  # fmt: skip
            with self.subTest(name):
                file.write_text("\n".join(changed) + "\n")
                self.assertIn(words, project.run("audit", "verify", file, check=4).out)

    def test_an_anchor_of_another_host_finds_what_was_cut_off(self):
        project = self.given_runs()
        project.run("audit", "export", "--out", "audit.jsonl", check=0)
        anchors = next((project.dir / "state/migtui/audit").iterdir())
        elsewhere = {"XDG_STATE_HOME": str(project.dir / "cache")}
        file = project.dir / "audit.jsonl"
        file.write_text("\n".join(file.read_text().splitlines()[:5]) + "\n")
        project.run("audit", "verify", file, check=0, env=elsewhere)
        project.run("audit", "verify", file, "--anchor", anchors, check=4, env=elsewhere)

    def test_list_shows_the_newest_first(self):
        project = self.given_runs(1)
        rows = project.run("audit", "list", "--format", "json", check=0).json()["entries"]
        self.assertEqual([row["seq"] for row in rows], [4, 3, 2, 1])
        self.assertEqual(rows[0]["action"], "rollback.end")
        self.assertEqual(rows[0]["actor"]["operator"], rows[0]["actor"]["osUser"])


if __name__ == "__main__":
    unittest.main()
