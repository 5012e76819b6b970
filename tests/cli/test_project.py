"""init, new, verify-dir, config: the files of a project, without any server."""

import json
import re

from harness import MigtuiTest

GOOD = '{"migtui": 1, "title": "one", "up": [{"id": "a", "createCollection": {"collection": "people"}}]}\n'


class Init(MigtuiTest):
    def test_writes_a_configuration_that_loads_and_never_replaces_one(self):
        p = self.project({}, offline=True)
        p.config_file.unlink()
        p.migrations.rmdir()
        self.assertEqual(p.run("init", "my shop", check=0).out, "migtui.yaml\nmigrations/\n")
        self.assertTrue(p.migrations.is_dir())
        p.run("config", "check", check=0)
        self.assertIn("my shop", p.run("config", "show", check=0).out)
        before = p.config_file.read_text()
        self.assertIn("there already", p.run("init", check=1).err)
        self.assertEqual(p.config_file.read_text(), before)

    def test_origin_is_told_for_every_value(self):
        p = self.project({}, offline=True)
        result = p.run("config", "show", "--origin", "--prefix", "mt_", env={"MIGTUI_LOCK_WAIT": "5s"}, check=0).out
        self.assertRegex(result, r"prefix +mt_ +flag --prefix")
        self.assertRegex(result, r"lockWait +5s +env MIGTUI_LOCK_WAIT")
        self.assertRegex(result, r"project +shop +migtui\.yaml:2")
        json.loads(p.run("config", "show", "--format", "json", check=0).out)

    def test_origin_tells_where_each_variable_of_a_secret_is_from_and_not_what_it_is(self):
        envs = {name: {"uri": f"${{{name.upper()}}}"} for name in ("one", "two", "three")}
        p = self.project({}, envs=envs, offline=True)
        (p.dir / ".env").write_text("ONE=mongodb://of-dotenv/\nTWO=mongodb://of-dotenv/\n")
        result = p.run("config", "show", "--origin", env={"ONE": "mongodb://of-environment/"}, check=0).out
        self.assertRegex(result, r"one\.uri +\$\{ONE\} +migtui\.yaml:\d+; ONE from the environment\n")
        self.assertRegex(result, r"two\.uri +\$\{TWO\} +migtui\.yaml:\d+; TWO from \.env:2\n")
        self.assertRegex(result, r"three\.uri +\$\{THREE\} +migtui\.yaml:\d+; THREE is not set\n")
        self.assertNotIn("mongodb://of", result)


class New(MigtuiTest):
    def test_names_the_file_after_time_and_title_and_waits_for_steps(self):
        p = self.project({}, offline=True)
        name = p.run("new", "Add", "e-mail index!", check=0).out.strip()
        self.assertRegex(name, r"^migrations/\d{14}_add_e_mail_index\.jsonc$")
        self.assertIn("Add e-mail index!", (p.dir / name).read_text())
        self.assertIn("there are no steps yet", p.run("verify-dir", check=1).out)

    def test_two_within_a_second_get_versions_of_their_own(self):
        p = self.project({}, offline=True)
        names = [p.run("new", "same", "--format", "json", check=0).json()["files"][0] for _ in range(3)]
        versions = {re.search(r"(\d{14})_", name)[1] for name in names}
        self.assertEqual(len(versions), 3)

    def test_a_title_that_names_no_file_is_refused(self):
        p = self.project({}, offline=True)
        for title in ("!!!", "a\x1bb", "x" * 300):
            p.run("new", title, check=64)
        self.assertEqual(list(p.migrations.iterdir()), [])


class VerifyDir(MigtuiTest):
    def test_each_problem_is_told_with_its_place(self):
        p = self.project({"1_good.jsonc": GOOD, "2_bad.jsonc": '{"migtui": 1,\n  "up": [', "3_bad.jsonc": "{"}, offline=True)
        result = p.run("verify-dir", check=1)
        self.assertRegex(result.out, r"2_bad\.jsonc:2:\d+: ")
        self.assertRegex(result.out, r"3_bad\.jsonc:1:\d+: ")
        self.assertIn("2 problems", result.err)
        self.assertEqual(len(p.run("verify-dir", "--format", "json").json()["problems"]), 2)

    def test_the_sum_holds_the_folder_as_it_was_accepted(self):
        p = self.project({"1_one.jsonc": GOOD}, offline=True)
        self.assertIn("there is no migtui.sum", p.run("verify-dir", check=0).out)
        p.run("verify-dir", "--write", check=0)
        self.assertIn("migtui.sum agrees", p.run("verify-dir", check=0).out)
        p.write("2_two.jsonc", GOOD)
        self.assertEqual(p.run("verify-dir", "--format", "json", check=4).error()["name"], "integrity")
        p.run("verify-dir", "--write", check=0)
        p.run("verify-dir", check=0)
        p.write("1_one.jsonc", GOOD.replace("people", "persons"))
        self.assertIn("1_one.jsonc", p.run("verify-dir", check=4).err)

    def test_the_schema_for_editors_is_written_where_it_is_no_migration(self):
        p = self.project({"1_one.jsonc": GOOD}, offline=True)
        target = re.search(r"migtui schema migration > (\S+)", p.run("help", "schema", check=0).out)[1]
        (p.dir / target).write_text(p.run("schema", "migration", check=0).out)
        p.run("verify-dir", check=0)

    def test_a_bad_file_is_never_accepted(self):
        p = self.project({"1_bad.jsonc": "{"}, offline=True)
        p.run("verify-dir", "--write", check=1)
        self.assertFalse((p.migrations / "migtui.sum").exists())
