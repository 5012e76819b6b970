"""The command line itself: help everywhere, refusals that name what was meant, exit statuses, quiet pipes."""

import shutil
import subprocess

from harness import BINARY, MigtuiTest

COMMANDS = (
    "init new verify-dir console status diff plan apply rollback resume recover mark runs log attach stop history doctor "
    "config schema completion demo version help"
).split()


class Usage(MigtuiTest):
    def setUp(self):
        self.p = self.project({}, offline=True)

    def test_without_words_and_without_a_terminal_it_says_what_to_type(self):
        result = self.p.run()
        self.assertNotEqual(result.rc, 0)
        self.assertEqual(result.out, "")
        self.assertIn("terminal", result.err)
        self.assertIn("migtui status", result.err)

    def test_options_of_the_console_need_no_command(self):
        self.assertIn("console: takes no option --limit", self.p.run("--limit", "5", check=64).err)

    def test_every_command_has_help_with_an_example(self):
        everything = self.p.run("help", check=0).out
        for command in COMMANDS:
            with self.subTest(command):
                self.assertIn(f"\n  {command} ", everything)
                text = self.p.run("help", command, check=0).out
                self.assertIn(f"Usage: migtui {command}", text)
                self.assertIn("Examples\n  migtui ", text)
                self.assertEqual(self.p.run(command, "-h", check=0).out, text)
        self.assertNotIn("\n  run ", everything)

    def test_refusals_name_the_nearest_thing(self):
        for words, message in {
            ("applx",): "there is no command 'applx'; did you mean apply?",
            ("status", "--evn", "dev"): "status: there is no option --evn; did you mean --env?",
            ("status", "--format", "xml"): "--format is one of text|json|ndjson",
            ("status", "--env", "prd"): "prod",
            ("apply",): "which environment?",
            ("mark", "1", "done", "--reason", "x", "--env", "dev"): "applied or pending",
            ("mark", "1", "applied", "--env", "dev"): "--reason",
            ("log", "zzz"): "no id of a run",
            ("plan", "--env", "dev", "--run", "01JD3Q8W0N5B7Y2V4T6R8P0M1K"): "--down",
            ("plan", "--env", "dev,test"): "one environment at a time",
            ("apply", "--env", "dev", "--plan", "xyz"): "at least its first 8 digits",
            ("recover", "--env", "dev", "--undo", "--resume"): "take one",
            ("help", "applx"): "did you mean apply?",
        }.items():
            with self.subTest(words):
                result = self.p.run(*words, check=64)
                self.assertIn(message, result.err)
                self.assertEqual(result.out, "")

    def test_an_error_as_json_is_one_line_on_standard_error(self):
        for words in (("applx", "--format", "json"), ("--format=ndjson", "apply")):
            result = self.p.run(*words, check=64)
            self.assertEqual(result.out, "")
            self.assertEqual(len(result.err.splitlines()), 1)
            self.assertEqual(set(result.error()), {"code", "name", "message", "hint", "exit"})
            self.assertEqual((result.error()["name"], result.error()["exit"]), ("usage", 64))

    def test_a_configuration_that_is_wrong_is_exit_1_with_its_place(self):
        self.p.config_file.write_text("version: 1\nprojekt: shop\n")
        result = self.p.run("status", check=1)
        self.assertRegex(result.err, r"migtui\.yaml:2:1: .*projekt")
        self.assertIn("project", result.err)

    def test_what_needs_no_project_works_without_one(self):
        self.p.config_file.unlink()
        for words in (["version"], ["help"], ["schema", "status"], ["completion", "bash"]):
            self.p.run(*words, check=0)
        self.assertIn("migtui init", self.p.run("status", check=1).err)

    def test_demo_is_the_script_of_the_tree_it_was_built_in(self):
        tree = self.p.dir / "tree"
        (tree / "build/release").mkdir(parents=True)
        (tree / "scripts").mkdir()
        binary = tree / "build/release/migtui"
        shutil.copy(BINARY, binary)
        script = tree / "scripts/demo"
        script.write_text('#!/bin/sh\necho "$0 $*"\necho "$MIGTUI_BIN"\nexit 7\n')
        script.chmod(0o755)

        def demo(program, *words):
            return subprocess.run([program, "demo", *words], capture_output=True, text=True, timeout=60, check=False, env=self.p.env)

        done = demo(binary, "--headless", "--keep")
        self.assertEqual((done.stdout, done.returncode), (f"{script} --headless --keep\n{binary}\n", 7), done.stderr)
        installed = tree / "migtui"
        shutil.move(binary, installed)
        done = demo(installed)
        self.assertEqual((done.stdout, done.returncode), ("", 1))
        self.assertIn("scripts/demo --headless", done.stderr)

    def test_hostile_words_never_reach_the_terminal_raw(self):
        result = self.p.run("\x1b]0;x\x07\u202e", check=64)
        self.assertNotIn("\x1b", result.err)
        self.assertNotIn("\u202e", result.err)

    def test_a_reader_that_goes_away_is_no_crash(self):
        with subprocess.Popen([BINARY, "help", "--markdown"], stdout=subprocess.PIPE, env=self.p.env) as process:
            process.stdout.read(10)
            process.stdout.close()
            self.assertIn(process.wait(20), (0, 1))

    def test_version_is_one_line(self):
        self.assertRegex(self.p.run("version", check=0).out, r"^migtui \d+\.\d+\.\d+\n$")
        self.assertEqual(self.p.run("--version", check=0).out, self.p.run("version", check=0).out)
        self.assertIn("mongo-c-driver", self.p.run("version", "--format", "json", check=0).json()["libraries"])

    def test_no_colour_in_a_pipe(self):
        for words in (["help"], ["help", "apply"], ["status"]):
            self.assertNotIn("\x1b", self.p.run(*words, env={"TERM": "xterm-256color"}).out)

    def test_a_dead_environment_is_one_clear_line_and_exit_1_when_none_answers(self):
        result = self.p.run("status", "--env", "prod", "--timeout", "1s", check=1)
        self.assertIn("prod (", result.out)
        self.assertIn("UNREACHABLE", result.out)
        self.assertEqual(self.p.run("status", "--timeout", "1s", "--exit-code").rc, 1)
        self.assertEqual(self.p.run("plan", "--env", "dev", "--timeout", "1s", "--format", "json", check=1).error()["name"],
                         "unreachable")

    def test_a_missing_secret_disables_its_environment_only(self):
        text = self.p.config_file.read_text()
        uri = self.p.environments["prod"]["uri"]
        self.p.config_file.write_text(text[::-1].replace(uri[::-1], "${SHOP_PROD}"[::-1], 1)[::-1])
        result = self.p.run("status", "--timeout", "1s", "--format", "json", check=1).json()
        errors = {env["name"]: env["error"]["name"] for env in result["environments"]}
        self.assertEqual(errors, {"dev": "unreachable", "test": "unreachable", "prod": "secret"})
        self.assertIn("prod is disabled: SHOP_PROD is not set", self.p.run("config", "check", check=0).out)
