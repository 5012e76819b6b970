"""A version is a number: 1, 01 and 000001 are one migration with one record, however it is written."""

import json

from harness import MigtuiTest

UP, DOWN = json.dumps([{"create": "people"}]), json.dumps([{"drop": "people"}])


class Versions(MigtuiTest):
    def golang(self):
        return self.project({"000001_add_people.up.json": UP, "000001_add_people.down.json": DOWN}, envs=("dev",))

    def state(self, p):
        status = p.run("status", "--format", "json", check=0).json()
        return [(row["version"], row["state"]) for row in status["environments"][0]["migrations"]]

    def records(self, p):
        return [row["_id"] for row in p.db().migtui_history.find({"_id": {"$ne": "#fence"}})]

    def test_a_mark_by_another_spelling_is_of_the_same_migration(self):
        p = self.golang()
        p.db().create_collection("people")
        p.run("mark", "1", "applied", "--reason", "ran by golang-migrate", check=0)
        self.assertEqual(self.state(p), [("000001", "applied")])
        p.run("rollback", check=0)
        self.assertEqual(self.state(p), [("000001", "pending")])
        self.assertEqual(self.records(p), ["000001"])
        p.run("mark", "01", "applied", "--reason", "again", check=0)
        p.run("mark", "1", "pending", "--reason", "and back", check=0)
        self.assertEqual(self.state(p), [("000001", "pending")])
        self.assertEqual(self.records(p), ["000001"])

    def test_a_file_that_was_renamed_keeps_its_record(self):
        p = self.golang()
        p.run("apply", check=0)
        for end in ("up", "down"):
            (p.migrations / f"000001_add_people.{end}.json").rename(p.migrations / f"1_add_people.{end}.json")
        self.assertEqual(self.state(p), [("1", "applied")])
        p.run("rollback", check=0)
        p.run("apply", check=0)
        self.assertEqual(self.state(p), [("1", "applied")])
        self.assertEqual(self.records(p), ["000001"])
