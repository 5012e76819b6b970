"""What the console asks before it acts, beyond a run: requests and their answers, backups, restore."""

from operators import Team
from test_cli_runs import INDEX, TWO
from test_console import ConsoleTest, Script


class Approvals(ConsoleTest):
    """One team; each test leaves no request open."""

    def setUp(self):
        self.team = Team(self, TWO, signed=False, approvals=1, breakGlass=True)
        self.words = f"{self.team.project.environments['prod']['database']} 2"

    def as_(self, person, script, **options):
        return Script(self.team.project, "size 120x36\ntimeout 60s\n:rw prod 10m\n" + script, **person.env).ended(**options)

    def rows(self):
        return self.team.ana.run("requests", "--format", "json", check=0).json()["requests"]

    def states(self):
        return [row["state"] for row in self.rows()]

    def test_a_plan_is_asked_for_and_approved_from_the_screen(self):
        ana, ivo = self.team.ana, self.team.ivo
        asked = self.as_(ana, ":view plan --env prod\nwait create people\nkey Q\nwait !!! request\nscreen asked\n"
                              "key tab enter\nscreen empty\ntype OPS-1 before Easter\nkey tab tab enter\nwait : done\n")
        self.assertIn("plan ", asked.screen("asked"))
        self.assertIn("a field is empty", asked.screen("empty"))  # a reason is needed
        self.assertEqual(self.states(), ["waiting"])
        given = self.as_(ivo, f":view requests\nwait waits for you\nkey A\nwait !!! approve\nscreen asked\nkey y enter\nkey A\n"
                              f"wait !!! approve\npaste {self.words}\nscreen pasted\nkey esc\nkey A\nwait !!! approve\n"
                              f"type {self.words}\nwait unlocked\nkey tab tab enter\nwait : done\n")
        shown = given.screen("asked")
        for part in ("TARGET prod", "asked by ana", "OPS-1 before Easter", "0 of 1 approvals", "create people", f'Type "{self.words}"'):
            self.assertIn(part, shown)
        self.assertIn("a paste is refused here", given.screen("pasted"))
        self.assertEqual(self.states(), ["approved"])

    def test_a_rejection_wants_its_reason(self):
        self.team.ana.run("request", "--env", "prod", "--reason", "x", check=0)
        s = self.as_(self.team.ivo, ":view requests\nwait waits for you\nkey X\nwait !!! reject\nscreen asked\nkey tab tab enter\n"
                                    "screen without\ntype not before the release\nkey tab tab enter\nwait : done\n")
        self.assertIn("asked by ana", s.screen("asked"))
        self.assertIn("a field is empty", s.screen("without"))
        request = self.team.ana.run("requests", "--format", "json").json()["requests"][0]
        self.assertEqual((request["state"], request["decisions"][0]["comment"]), ("rejected", "not before the release"))

    def test_a_request_that_has_moved_cannot_be_approved(self):
        self.team.ana.run("request", "--env", "prod", "--reason", "x", check=0)
        self.team.project.write("2_index.jsonc", INDEX.replace("email", "mail"))
        s = self.as_(self.team.ivo, ":approve --env prod\nwait void:\nwait Close\nscreen asked\nkey tab enter tab enter y\n")
        self.assertIn("[ Close ]", s.screen("asked"))
        self.assertEqual(self.states(), ["waiting"])

    def test_a_request_for_a_part_is_neither_void_nor_good_for_the_whole(self):
        self.team.ana.run("request", "--env", "prod", "--count", "1", "--reason", "the first", check=0)
        self.team.ivo.run("approve", "--env", "prod", check=0)
        whole = self.as_(self.team.ana, "wait another selection\nscreen matrix\n:view plan --env prod --tab gates\nwait another selection\nscreen plan\n")
        for title in ("matrix", "plan"):
            self.assertNotIn("void", whole.screen(title))
            self.assertRegex(whole.screen(title), "✗ approvals")
        self.assertEqual(self.states(), ["approved"])
        refused = self.team.apply(self.team.ana, count=2)
        self.assertEqual(refused.rc, 5, refused)
        self.assertIn("the first 1 of these 2 migrations", refused.err)
        part = self.as_(self.team.ana, ":view plan --env prod --count 1 --tab gates\nwait approvals ok\nscreen part\n")
        self.assertIn("1 of 1 have approved", part.screen("part"))

    def test_the_one_who_asked_withdraws_it_and_nobody_else(self):
        self.team.ana.run("request", "--env", "prod", "--reason", "too early", check=0)
        keys = ":view requests\nwait too early\nidle\nkey W\nwait !!! withdraw\nscreen asked\nkey y enter\nkey W\nwait !!! withdraw\nkey tab\ntype later\nkey tab tab enter\n"
        refused = self.as_(self.team.ivo, keys.replace("key tab", "screen 1\nkey tab", 1) + "wait ana\n:messages\nwait withdraw\nscreen refused\n")
        self.assertIn("ana", refused.screen("refused"))
        self.assertEqual(self.states(), ["waiting"])
        done = self.as_(self.team.ana, keys + "wait done\nscreen end\n")
        for part in ("TARGET prod", "asked by ana", "too early", "create people", "add index"):
            self.assertIn(part, done.screen("asked"))
        self.assertEqual(self.states(), ["withdrawn"])

    def test_what_was_asked_for_already_is_said_before_it_is_asked_for_again(self):
        ask = ":request --env prod\nwait nothing runs now\nscreen asked\nkey esc\n"
        self.assertIn("asks for its approval", self.as_(self.team.ana, ask).screen("asked"))
        self.team.ana.run("request", "--env", "prod", "--reason", "too early", check=0)
        self.assertIn("ana has asked for its approval already", self.as_(self.team.ivo, ask).screen("asked"))

    def test_broken_glass_is_closed_by_two_who_look_at_it(self):
        self.team.apply(self.team.ana, "--break-glass", "--reason", "prod is down", count=2, check=0)
        keys = (":glass close\nwait !!! glass close\nscreen asked\nkey tab enter\nscreen empty\ntype looked through\nkey tab tab enter\n"
                "wait : done\nscreen end\n")  # fmt: skip
        first = self.as_(self.team.ivo, "wait without approval\nscreen red\n" + keys)
        self.assertIn("ran without approval (prod is down)", first.screen("red"))
        self.assertIn("a field is empty", first.screen("empty"))
        for part in ("TARGET prod", "ran without approval", "prod is down", "create people"):
            self.assertIn(part, first.screen("asked"))
        self.assertEqual(self.states(), ["open"])
        second = self.as_(self.team.mia, keys + "gone without approval\n")
        self.assertIn("ivo", second.screen("asked"))
        self.assertEqual(self.states(), ["closed"])


class Backups(ConsoleTest):
    def test_one_is_taken_restored_beside_and_drilled_and_nothing_goes_on_one_key(self):
        p = self.project(TWO, envs={"prod": {"protected": True}})
        database = p.environments["prod"]["database"]
        p.run("apply", "--plan", p.run("plan", "--env", "prod", "--format", "json", check=2).json()["planId"],
              "--confirm-text", f"{database} 2", check=0)  # fmt: skip
        into = f"{database}_look"
        self.addCleanup(lambda: p.db("prod").client.drop_database(into))
        s = self.play(
            p, "size 120x36\ntimeout 60s\n:view backups --env prod\nwait No backup yet\nkey b\nwait !!! backup\nscreen take\nkey y esc\nwait cancelled\nkey b\nwait !!! backup\n"
               "key tab enter\nwait has begun\n:view backups --env prod\nwait proven\n:backup prune --env prod\nwait read-only here\n:rw prod 10m\n"
               ":backup prune --env prod\nwait !!! backup\nscreen prune\nkey esc\n"
               f":restore --env prod --into {into}\nwait !!! restore\nscreen restore\nkey y enter\nkey esc\nwait cancelled\n"
               f":restore --env prod --into {into}\nwait !!! restore\ntype {into}\nwait unlocked\nkey tab tab enter\nwait restore on prod!  succeeded\nscreen restored\n"
               f":view backups --env prod\nwait proven\nkey D\nwait !!! backup drill\nscreen drill\ntype {database}\nwait unlocked\nkey tab tab enter\n"
               "wait drill on prod!  succeeded\nscreen drilled\n:view log\nwait drill\nwait restore\nscreen runs\n",
        )  # fmt: skip
        self.assertIn("[ Cancel ]", s.screen("take"))
        for part in ("TARGET prod", f"into the new database {into}", "proven", f'Type "{into}"', "goes on without this terminal"):
            self.assertIn(part, s.screen("restore"))
        self.assertIn("older than 30d", s.screen("prune"))
        self.assertIn(f'Type "{database}"', s.screen("prune"))
        self.assertIn("people", p.db("prod").client[into].list_collection_names())
        for part in ("TARGET prod", "scratch database", "proven", f'Type "{database}"'):
            self.assertIn(part, s.screen("drill"))
        self.assertEqual([name for name in p.db("prod").client.list_database_names() if f"{database}_drill" in name], [])
        runs = p.run("runs", "--format", "json").json()["runs"]
        self.assertEqual([(run["command"], run["status"]) for run in runs[:2]], [("drill", "succeeded"), ("restore", "succeeded")])
        self.assertEqual(runs[1]["database"], into)
