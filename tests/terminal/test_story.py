"""The whole story by two operators at their terminals: three servers, two database users, two SSH keys, one promotion.

ana brings two migrations to dev and test, and asks for prod; ivo is told, reads the plan and approves it; ana runs it and sees it
in the history with its gates and both keys; the same is told by commands, and the audit holds.
"""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "live"))

import harness  # noqa: E402
from operators import Team  # noqa: E402
from test_cli_runs import TWO  # noqa: E402
from tmux import Tmux, quoted  # noqa: E402


def tearDownModule():
    harness.close_all()


class Story(harness.MigtuiTest):
    def console(self, team, person):
        t = Tmux(120, 36, **(team.project.env | person.env))
        self.addCleanup(t.close)
        t.run(f"clear; {quoted(str(harness.BINARY))} --config {quoted(str(team.project.config_file))}")
        t.wait(lambda screen: all(f"{env} ok" in screen for env in ("dev", "test", "prod")))
        return t

    def command(self, t, line, shown):
        t.type(f":{line}")
        t.press("Enter")
        return t.wait(shown)

    def apply(self, t, env):
        self.command(t, f"rw {env} 10m", "may be written to")
        self.command(t, f"plan --env {env}", f"Apply to {env}: 2 migrations")
        t.press("a")
        t.wait("y goes ahead")
        t.press("y")
        t.wait("2 of 2 migrations")

    def confirm(self, t, reason, words):
        """The dialog of a protected environment: the focus is on Cancel, the button is locked until the words are there."""
        t.wait("locked until the text matches")
        t.press("Tab", "Tab")
        t.type(reason)
        t.press("Tab")
        for end, letter in enumerate(words, 1):  # each seen before the next: what comes at once is taken for pasted
            t.press("Space" if letter == " " else letter)
            t.wait(f'"{words}":  {words[:end]}')
        t.wait("unlocked")
        t.press("Tab", "Tab", "Enter")

    def test_from_dev_to_prod_by_two_people(self):
        servers = {env: harness.Server(auth=True) for env in ("dev", "test", "prod")}
        team = Team(self, TWO, names=("ana", "ivo"), envs=tuple(servers), servers=servers, approvals=1, rehearsedIn="test")
        words = f"{team.project.environments['prod']['database']} 2"
        ana, ivo = self.console(team, team.ana), self.console(team, team.ivo)

        self.apply(ana, "dev")
        self.apply(ana, "test")
        self.command(ana, "rw prod 10m", "may be written to")
        ana.press("4")
        ana.wait("nobody has asked")
        ana.press("Down", "p")
        self.confirm(ana, "release 42", words)
        ana.wait("waits for approval")
        self.assertEqual(team.db("prod").people.count_documents({}), 0)

        ivo.wait("ana asks to apply 2 migrations (release 42)")
        self.command(ivo, "requests", "waits for you")
        self.command(ivo, "rw prod 10m", "may be written to")
        ivo.press("A")
        self.confirm(ivo, "read it", words)
        ivo.wait("1 of 1")

        ana.wait("your request (release 42) has 1 answer")
        ana.press("p")
        self.confirm(ana, "release 42", words)
        ana.wait("2 of 2 migrations")
        ana.press("6")
        parts = ("asked   ana, signed with", "approve ivo, signed with", "gates   ok: files", "approvals")
        ana.wait(lambda screen: all(part in screen for part in parts))

        ana.press("V")
        ana.wait("prod: the audit holds: ")

        run = team.ivo.run("runs", "--env", "prod", "--format", "json", check=0).json()["runs"][0]
        self.assertEqual((run["status"], run["operator"], run["migrations"]), ("succeeded", "ana", 2))
        team.ivo.run("audit", "verify", "--env", "prod", check=0)


if __name__ == "__main__":
    unittest.main()
