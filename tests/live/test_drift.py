"""Schema drift: what somebody else changed in collections that runs touched is seen, by the command and on the screen."""

import unittest

from harness import MigtuiTest
from test_console import Script

FIRST = "20260101000000"
FILE = f"{FIRST}_people.jsonc"
TEXT = """{ "migtui": 1, "title": "people and carts", "up": [
  { "id": "p", "createCollection": { "collection": "people" } },
  { "id": "c", "createCollection": { "collection": "carts" } },
  { "id": "i", "createIndexes": { "collection": "people", "indexes": [ { "key": { "name": 1 }, "name": "name_1" } ] } } ],
  "down": [] }"""


class DriftTest(MigtuiTest):
    """Given two environments on which a migration ran that made the collections people and carts."""

    def setUp(self):
        super().setUp()
        self.team = self.project({FILE: TEXT}, envs={"test": {}, "prod": {}})
        for env in ("test", "prod"):
            self.team.run("apply", "--env", env, "--yes", check=0)

    def states(self, *words, check=0):
        rows = self.team.run("drift", "--format", "json", *words, check=check).json()["collections"]
        return {(row["environment"], row["collection"]): row["state"] for row in rows}

    def look(self, script):
        return Script(self.team, "size 120x36\ntimeout 60s\n" + script).ended()

    def test_right_after_a_run_everything_is_the_same(self):
        self.assertEqual(set(self.states().values()), {"same"})
        self.assertEqual(len(self.states()), 4)
        screen = self.look("wait 0 of 2\nidle\nscreen now\n").screen("now")
        self.assertRegex(screen, r"schema drift +0 of 2 +0 of 2")
        self.assertIn("in step", screen)

    def test_documents_are_no_drift(self):
        self.team.db("prod").people.insert_one({"name": "x"})
        self.assertEqual(set(self.states().values()), {"same"})

    def test_what_somebody_did_by_hand_is_seen_and_nothing_is_called_in_step(self):
        prod = self.team.db("prod")
        prod.people.create_index("mail")
        prod.drop_collection("carts")
        expected = {("prod", "carts"): "removed", ("prod", "people"): "changed", ("test", "carts"): "same", ("test", "people"): "same"}
        self.assertEqual(self.states(check=4), expected)
        self.assertEqual(self.states("--env", "test"), {key: state for key, state in expected.items() if key[0] == "test"})
        text = self.team.run("drift", "--env", "prod", check=4).out
        self.assertRegex(text, r"prod +carts +removed +01")
        script = self.look("wait 2 drifted\nidle\nscreen test\nkey l\nwait Schema drift on prod\nscreen prod\nkey e\nwait carts\nscreen errors\n")
        self.assertRegex(script.screen("test"), r"schema drift +0 of 2 +2 of 2")
        self.assertRegex(script.screen("test"), r"in step +2 drifted")
        for part in ("people is not what the", "carts is gone since"):
            self.assertIn(part, script.screen("prod"))
        self.assertRegex(script.screen("errors"), r"prod +drift")

    def test_what_a_run_removed_and_somebody_made_anew_has_appeared(self):
        self.team.write("20260102000000_no_carts.jsonc", """{ "migtui": 1, "title": "no carts", "up": [
          { "id": "d", "dropCollection": { "collection": "carts" } } ], "down": [] }""")  # fmt: skip
        self.team.run("apply", "--env", "prod", "--yes", check=0)
        self.assertEqual(self.states("--env", "prod")["prod", "carts"], "same")
        self.team.db("prod").create_collection("carts")
        self.assertEqual(self.states("--env", "prod", check=4)["prod", "carts"], "appeared")

    def test_what_is_accepted_is_the_same_again(self):
        self.team.db("prod").people.create_index("mail")
        self.team.write("20260103000000_more.jsonc", """{ "migtui": 1, "title": "more", "up": [
          { "id": "a", "insert": { "collection": "people", "documents": [ { "_id": 2 } ] } } ], "down": [] }""")  # fmt: skip
        self.assertEqual(self.states("--env", "prod", check=4)["prod", "people"], "changed")
        self.team.run("gate", "--env", "prod", "--accept-drift", "--reason", "by the DBA", "--yes")
        self.assertEqual(self.states("--env", "prod")["prod", "people"], "same")

    def test_before_any_run_there_is_nothing_to_compare(self):
        fresh = self.project({FILE: TEXT}, envs={"dev": {}})
        self.assertIn("Nothing to compare", fresh.run("drift", check=0).out)
        screen = Script(fresh, "size 120x36\ntimeout 60s\nwait 1 pending\nidle\nscreen now\n").ended().screen("now")
        self.assertRegex(screen, r"schema drift +- ")


if __name__ == "__main__":
    unittest.main()
