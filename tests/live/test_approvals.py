"""Approvals: N of M, four eyes, signed, once; and every way around them is refused, with its reason, on record."""

import re
import shlex
import subprocess
import unittest

from harness import MigtuiTest
from operators import Team

ONE = """{ "migtui": 1, "title": "one", "up": [
  { "id": "a", "insert": { "collection": "people", "documents": [ { "_id": 1 } ] } } ],
  "down": [ { "id": "b", "delete": { "collection": "people", "deletes": [ { "q": { "_id": 1 }, "limit": 1 } ] } } ] }"""
HALF = """{ "migtui": 1, "title": "half", "up": [
  { "id": "a", "insert": { "collection": "people", "documents": [ { "_id": 2 } ] } },
  { "id": "b", "assert": { "collection": "people", "filter": {}, "count": 9 } } ] }"""
FIRST, SECOND = "20260101000000", "20260102000000"


class ApprovalsTest(MigtuiTest):
    def team(self, **options):
        return Team(self, {f"{FIRST}_one.jsonc": ONE}, **options)

    def approved(self, team, **options):
        """A request of ana, approved by ivo and mia."""
        request = team.request(team.ana)
        team.ivo.run("approve", request, "--env", "prod", check=0)
        team.mia.run("approve", request, "--env", "prod", check=0)
        return request

    def refused(self, team, result, words, act, check=5):
        """It ended with that status and those words, and the audit has it as its newest entry."""
        self.assertEqual(result.rc, check, result)
        self.assertIn(words, result.err)
        self.assertEqual(team.acts()[-1], (act, "refused"))
        self.assertIn(words, team.last_error())

    def nothing_ran(self, team):
        self.assertEqual(team.db().people.count_documents({}), 0)


class TheWay(ApprovalsTest):
    def test_a_request_that_enough_people_approved_runs(self):
        team = self.team()
        request = self.approved(team)
        team.apply(team.ana, check=0)
        self.assertEqual(team.db().people.count_documents({}), 1)
        document = team.document(request)
        self.assertEqual(document["state"], "used")
        self.assertEqual(document["usedBy"], team.db().migtui_runs.find_one()["_id"])
        self.assertEqual(
            team.acts(),
            [("request", "success"), ("approve", "success"), ("approve", "success"),
             ("apply.start", "success"), ("apply.end", "success")],
        )  # fmt: skip
        team.ana.run("audit", "verify", "--env", "prod", check=0)

    def test_unsigned_approvals_go_by_the_database_user(self):
        team = self.team(signed=False)
        self.approved(team)
        team.apply(team.ana, check=0)

    def test_without_enough_approvals_nothing_runs(self):
        team = self.team()
        request = team.request(team.ana)
        self.refused(team, team.apply(team.ana), "0 of 2 have approved", "apply")
        team.ivo.run("approve", request, "--env", "prod", check=0)
        self.refused(team, team.apply(team.ana), "1 of 2 have approved", "apply")
        self.nothing_ran(team)

    def test_without_a_request_nothing_runs_and_the_way_is_told(self):
        team = self.team()
        result = team.apply(team.ana)
        self.refused(team, result, "nobody has asked for plan", "apply")
        self.assertIn(f"migtui request --to {FIRST} --env prod --plan", result.err)

    def test_the_gates_are_stored_with_the_run(self):
        team = self.team()
        request = self.approved(team)
        team.apply(team.ana, check=0)
        run = team.db().migtui_runs.find_one()
        gates = {gate["name"]: gate["state"] for gate in run["gates"]}
        self.assertEqual(gates["approvals"], "ok")
        self.assertEqual(run["request"], request)

    def test_requests_say_who_decided_and_what_waits_for_whom(self):
        team = self.team()
        request = team.request(team.ana)
        team.ivo.run("approve", request, "--env", "prod", "--reason", "looked at it", check=0)
        rows = {}
        for person in (team.ana, team.ivo, team.mia):
            rows[person.name] = person.run("requests", "--format", "json", check=0).json()["requests"][0]
        self.assertEqual({name: row["forMe"] for name, row in rows.items()}, {"ana": False, "ivo": False, "mia": True})
        row = rows["mia"]
        self.assertEqual((row["state"], row["have"], row["needed"]), ("waiting", 1, 2))
        decision = row["decisions"][0]
        self.assertEqual((decision["name"], decision["comment"], decision["counts"]), ("ivo", "looked at it", True))
        self.assertEqual(decision["by"]["dbUser"], "ivo@admin")
        self.assertRegex(decision["by"]["key"], "^SHA256:")

    def test_a_rejected_request_is_over(self):
        team = self.team()
        request = team.request(team.ana)
        team.ivo.run("reject", request, "--env", "prod", "--reason", "not now", check=0)
        self.refused(team, team.mia.run("approve", request, "--env", "prod"), "no open request", "approve")
        self.assertEqual(team.apply(team.ana).rc, 5)

    def test_a_withdrawn_request_is_over_and_only_its_maker_may(self):
        team = self.team()
        request = team.request(team.ana)
        self.refused(team, team.ivo.run("withdraw", request, "--env", "prod"), "who alone may withdraw", "withdraw")
        team.ana.run("withdraw", request, "--env", "prod", check=0)
        self.assertEqual(team.ivo.run("approve", request, "--env", "prod").rc, 5)

    def test_a_signature_is_checked_by_hand_with_ssh_keygen_alone(self):
        team = self.team()
        request = team.request(team.ana)
        team.ivo.run("approve", request, "--env", "prod", "--reason", 'says "yes"\nand more', check=0)
        document = team.document(request)
        decision = document["decisions"][0]
        text = team.ivo.run("requests", "--env", "prod", "--signed-text", decision["id"], check=0).out
        signature = team.project.dir / "decision.sig"
        signature.write_text(decision["signature"])
        words = ["ssh-keygen", "-Y", "verify", "-f", team.signers, "-I", "ivo", "-n", "migtui-approval", "-s", signature]
        done = subprocess.run(words, input=text, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("decision: approve\n", text)
        self.assertIn(f"plan: {document['planId']}\n", text)

    def test_a_failed_run_is_resumed_under_its_approval(self):
        team = self.team()
        team.project.write(
            f"{FIRST}_one.jsonc",
            ONE.replace('"up": [', '"up": [ { "id": "z", "assert": { "collection": "ready", "filter": {}, "count": 1 } },'),
        )
        self.approved(team)
        team.apply(team.ana, check=1)
        team.db().ready.insert_one({"_id": 1})
        typed = f"{team.project.environments['prod']['database']} 1"
        team.ana.run("resume", "--env", "prod", "--confirm-text", typed, check=0)
        self.assertEqual(team.db().people.count_documents({}), 1)

    def test_promote_asks_waits_and_runs(self):
        team = Team(self, {f"{FIRST}_one.jsonc": ONE}, envs=("test", "prod"), rehearsedIn="test")
        team.ana.run("apply", "--env", "test", check=0)
        typed = f"{team.project.environments['prod']['database']} 1"
        promote = ("promote", "--env", "prod", "--reason", "release", "--confirm-text", typed)
        request = team.ana.run(*promote, check=2).out.strip()
        team.ana.run(*promote, check=2)
        team.ivo.run("approve", request, "--env", "prod", check=0)
        team.mia.run("approve", "--env", "prod", check=0)
        run = team.ana.run(*promote, "--detach", check=0).out.strip()
        team.ana.run("attach", run, "--env", "prod", check=0)
        self.assertEqual(team.db().people.count_documents({}), 1)
        self.assertIn("nothing to promote", team.ana.run(*promote, check=0).err)


class TheWayBack(ApprovalsTest):
    def asked_and_run(self, team, *words, count=1):
        """Refused without approval; the remedy, typed as it was told, asks for just that; then it runs."""
        typed = ("--confirm-text", f"{team.project.environments['prod']['database']} {count}")
        refused = team.ana.run(*words, *typed, check=5)
        remedy = re.search(r"^  Next    migtui (request .*)$", refused.err, re.MULTILINE)[1]
        team.ana.run(*shlex.split(remedy), check=0)
        team.ivo.run("approve", "--env", "prod", check=0)
        team.ana.run(*words, *typed, check=0)

    def told(self, team, *words):
        """The command that a plan of these words tells to run."""
        planned = team.ana.run("plan", "--env", "prod", *words, check=2).out
        return shlex.split(re.search(r"^To run exactly this: migtui (.*)$", planned, re.MULTILINE)[1])

    def test_each_way_is_asked_for_by_the_words_that_are_told(self):
        team = Team(self, {f"{FIRST}_one.jsonc": ONE, f"{SECOND}_two.jsonc": HALF}, signed=False, approvals=1)
        self.asked_and_run(team, *self.told(team, "--count", "1"))
        second = self.told(team)
        team.ana.run("request", *second[1:], "--reason", "two", check=0)
        team.ivo.run("approve", "--env", "prod", check=0)
        team.ana.run(*second, "--confirm-text", f"{team.project.environments['prod']['database']} 1", check=1)
        self.asked_and_run(team, *self.told(team, "--undo"))
        self.assertEqual(team.db().people.count_documents({}), 1)
        self.asked_and_run(team, *self.told(team, "--down"))
        self.assertEqual(team.db().people.count_documents({}), 0)


class FourEyes(ApprovalsTest):
    def test_nobody_approves_his_own_request(self):
        for signed in (True, False):
            with self.subTest(signed=signed):
                team = self.team(signed=signed)
                request = team.request(team.ana)
                self.refused(team, team.ana.run("approve", request, "--env", "prod"), "it is by who requested it", "approve")

    def test_the_same_key_under_another_name_is_the_same_person(self):
        team = self.team()
        request = team.request(team.ana)
        team.ivo.run("approve", request, "--env", "prod", check=0)
        other = team.operator("ivo2", user="second", key=team.ivo.key)
        result = other.run("approve", request, "--env", "prod")
        self.refused(team, result, "the same person has decided already (same key", "approve")

    def test_the_same_database_user_under_another_name_is_the_same_person(self):
        team = self.team()
        request = team.request(team.ana)
        team.ivo.run("approve", request, "--env", "prod", check=0)
        team.mia.user = "ivo"  # her key, his password
        result = team.mia.run("approve", request, "--env", "prod")
        self.refused(team, result, "the same person has decided already (same database user ivo@admin)", "approve")

    def test_the_requester_under_another_name_is_no_approver(self):
        team = self.team(signed=False)
        request = team.request(team.ana)
        other = team.operator("somebody-else", user="ana")
        self.refused(team, other.run("approve", request, "--env", "prod"), "it is by who requested it", "approve")

    def test_who_is_not_listed_does_not_approve(self):
        team = self.team()
        zoe = team.operator("zoe")
        request = team.request(team.ana)
        self.refused(team, zoe.run("approve", request, "--env", "prod"), "zoe is not one of the approvers", "approve")

    def test_self_approval_where_the_policy_has_it(self):
        team = self.team(selfApproval=True, approvals=1)
        request = team.request(team.ana)
        team.ana.run("approve", request, "--env", "prod", check=0)
        team.apply(team.ana, check=0)


class Signers(ApprovalsTest):
    def test_a_key_that_is_not_in_allowed_signers_signs_nothing(self):
        team = self.team()
        request = team.request(team.ana)
        eve = team.outsider("eve")
        self.refused(team, eve.run("approve", request, "--env", "prod"), "is not in", "approve")

    def test_a_key_whose_time_is_over_signs_nothing(self):
        team = self.team(names=("ana", "ivo", "mia", "old"), approvals=1)
        lines = team.signers.read_text().splitlines(keepends=True)
        team.signers.write_text("".join(lines[:3]))
        team.allow("old", team.old.key, 'valid-before="20200101"')
        request = team.request(team.ana)
        self.refused(team, team.old.run("approve", request, "--env", "prod"), "the signature of old does not hold", "approve")

    def test_a_revoked_key_signs_nothing(self):
        team = self.team(revokedSigners="revoked")
        (team.project.dir / "revoked").write_text(team.ivo.key.with_suffix(".pub").read_text())
        request = team.request(team.ana)
        self.refused(team, team.ivo.run("approve", request, "--env", "prod"), "the signature of ivo does not hold", "approve")

    def test_a_key_revoked_after_it_approved_counts_no_more(self):
        team = self.team(revokedSigners="revoked")
        revoked = team.project.dir / "revoked"
        revoked.write_text("")
        self.approved(team)
        revoked.write_text(team.ivo.key.with_suffix(".pub").read_text())
        self.refused(team, team.apply(team.ana), "is void: signers", "apply")
        self.nothing_ran(team)

    def test_without_a_key_nothing_is_asked_for(self):
        team = self.team()
        result = team.ana.run("request", "--env", "prod", "--reason", "r", env={"MIGTUI_SIGNING_KEY": "/nowhere"}, check=1)
        self.assertIn("ssh-keygen -y -f KEY > KEY.pub", result.err)


class Forgeries(ApprovalsTest):
    """By somebody who may write to the database as he likes."""

    def forged(self, team, words, change):
        request = self.approved(team)
        change(team.db().migtui_approvals, request)
        self.refused(team, team.apply(team.ana), words, "apply")
        self.nothing_ran(team)

    def test_an_approval_put_in_by_hand_does_not_count(self):
        team = self.team()
        request = team.request(team.ana)
        by = {"principal": "ivo", "dbUser": "ivo@admin", "osUser": "ivo"}
        for number, name in enumerate(("ivo", "mia")):
            team.db().migtui_approvals.update_one(
                {"_id": request},
                {"$push": {"decisions": {"id": f"01JD3Q8W0N5B7Y2V4T6R8P0M1{number}", "decision": "approve",
                                         "by": by | {"principal": name}, "comment": "", "signature": "none"}}},
            )  # fmt: skip
        self.refused(team, team.apply(team.ana), "0 of 2 have approved", "apply")
        self.nothing_ran(team)

    def test_an_approval_without_a_signature_does_not_count(self):
        self.forged(self.team(), "1 of 2 have approved", lambda c, r: c.update_one({"_id": r}, {"$unset": {"decisions.0.signature": 1}}))

    def test_a_signature_made_for_something_else_does_not_count(self):
        """The very bytes, by the very key, as git would sign them."""
        team = self.team(approvals=1)
        request = team.request(team.ana)
        team.ivo.run("approve", request, "--env", "prod", check=0)
        decision = team.document(request)["decisions"][0]
        text = team.project.dir / "text"
        text.write_text(team.ivo.run("requests", "--env", "prod", "--signed-text", decision["id"], check=0).out)
        subprocess.run(["ssh-keygen", "-Y", "sign", "-n", "git", "-f", team.ivo.key, text], check=True, capture_output=True, timeout=60)
        signature = (team.project.dir / "text.sig").read_text()
        team.db().migtui_approvals.update_one({"_id": request}, {"$set": {"decisions.0.signature": signature}})
        self.refused(team, team.apply(team.ana), "namespace does not match", "apply")
        self.nothing_ran(team)

    def test_an_approval_moved_to_another_request_does_not_count(self):
        team = self.team()
        first = self.approved(team)
        decisions = team.document(first)["decisions"]
        team.ana.run("withdraw", first, "--env", "prod", check=0)
        second = team.request(team.ana)
        team.db().migtui_approvals.update_one({"_id": second}, {"$set": {"decisions": decisions}})
        self.refused(team, team.apply(team.ana), "0 of 2 have approved", "apply")

    def test_a_request_made_to_fit_another_plan_does_not_count(self):
        team = self.team()
        request = self.approved(team)
        team.project.write(f"{FIRST}_one.jsonc", ONE.replace('"_id": 1', '"_id": 666'))
        plan = team.ana.run("plan", "--env", "prod", "--format", "json").json()
        team.db().migtui_approvals.update_one({"_id": request}, {"$set": {"planId": plan["planId"], "plan": plan}})
        self.refused(team, team.apply(team.ana), "who made it is not proven", "apply")
        self.nothing_ran(team)

    def test_a_longer_expiry_does_not_count(self):
        import datetime

        later = datetime.datetime(2099, 1, 1)
        self.forged(self.team(), "who made it is not proven", lambda c, r: c.update_one({"_id": r}, {"$set": {"expiresAt": later}}))

    def test_a_decision_renamed_does_not_count(self):
        self.forged(self.team(), "1 of 2 have approved", lambda c, r: c.update_one({"_id": r}, {"$set": {"decisions.0.by.principal": "ana"}}))


class Once(ApprovalsTest):
    def test_an_approval_is_used_once(self):
        team = self.team()
        self.approved(team)
        team.apply(team.ana, check=0)
        typed = f"{team.project.environments['prod']['database']} 1"
        plan = team.ana.run("plan", "--env", "prod", "--down", "--format", "json").json()["planId"]
        result = team.ana.run("rollback", "--env", "prod", "--plan", plan, "--confirm-text", typed)
        self.refused(team, result, "nobody has asked for plan", "rollback")

    def test_an_approval_asked_for_to_resume_is_used_up_by_the_resume(self):
        team = Team(self, {f"{FIRST}_one.jsonc": HALF}, signed=False, approvals=1)
        typed = ("--confirm-text", f"{team.project.environments['prod']['database']} 1")
        team.ana.run("request", "--env", "prod", "--reason", "one", check=0)
        team.ivo.run("approve", "--env", "prod", check=0)
        team.apply(team.ana, check=1)
        team.ana.run("request", "--env", "prod", "--resume", "--reason", "again", check=0)
        team.ivo.run("approve", "--env", "prod", check=0)
        team.ana.run("resume", "--env", "prod", *typed, check=1)
        record = team.db().migtui_history.find_one({"_id": FIRST})
        newest = team.db().migtui_approvals.find_one(sort=[("_id", -1)])
        self.assertEqual((newest["state"], newest["usedBy"]), ("used", record["run"]))

    def test_a_used_approval_that_was_set_open_again_by_hand_is_void(self):
        team = self.team()
        request = self.approved(team)
        team.apply(team.ana, check=0)
        team.db().migtui_history.delete_one({"_id": FIRST})
        team.db().people.delete_many({})
        team.db().migtui_approvals.update_one({"_id": request}, {"$set": {"state": "open"}})
        self.refused(team, team.apply(team.ana), "is used by run", "apply")
        self.nothing_ran(team)

    def test_of_two_runs_at_the_same_time_one_uses_it(self):
        team = self.team()
        self.approved(team)
        plan = team.ana.run("plan", "--env", "prod", "--format", "json").json()["planId"]
        typed = f"{team.project.environments['prod']['database']} 1"
        words = ("apply", "--env", "prod", "--plan", plan, "--confirm-text", typed)
        both = [team.project.spawn(*words, env=team.ana.env) for _ in range(2)]
        self.assertEqual(sorted(each.ended() == 0 for each in both), [False, True])
        self.assertEqual(team.db().migtui_runs.count_documents({"status": "succeeded"}), 1)

    def test_an_expired_request_is_over(self):
        team = self.team(signed=False, expires="1m")
        request = self.approved(team)
        import datetime

        past = datetime.datetime(2020, 1, 1)
        team.db().migtui_approvals.update_one({"_id": request}, {"$set": {"expiresAt": past}})
        self.refused(team, team.apply(team.ana), "expired 2020-01-01", "apply")
        self.refused(team, team.mia.run("approve", request, "--env", "prod"), "expired 2020-01-01", "approve")

    def test_an_approval_copied_to_another_environment_is_void(self):
        team = Team(self, {f"{FIRST}_one.jsonc": ONE}, envs=("other", "prod"))
        request = self.approved(team)
        document = team.document(request)
        config = team.project.config_file.read_text()
        team.project.config_file.write_text(config.replace('name: "other"', 'name: "tmp"').replace('name: "prod"', 'name: "other"')
                                            .replace('name: "tmp"', 'name: "prod"'))  # the names change places
        config = team.project.config_file.read_text()
        gate = next(line for line in config.splitlines() if "gate:" in line)
        head, tail = config.split("- name: \"prod\"")
        team.project.config_file.write_text(head + '- name: "prod"\n    protected: true\n' + gate + tail)
        team.ana.run("plan", "--env", "prod", check=2)
        team.db("other").migtui_approvals.insert_one(document)
        result = team.ana.run("gate", "--env", "prod", check=5)
        self.assertIn("is void: target", result.out)


class Moved(ApprovalsTest):
    """An approval is void as soon as anything in its plan moves, and says what."""

    def moved(self, team, words, change):
        self.approved(team)
        change()
        self.refused(team, team.apply(team.ana), words, "apply")
        self.nothing_ran(team)

    def edit(self, team, was, to):
        config = team.project.config_file
        text = config.read_text()
        self.assertIn(was, text)
        config.write_text(text.replace(was, to))

    def test_a_file_that_was_edited(self):
        team = self.team()
        self.moved(team, "is void: files: the meaning of 20260101000000 was changed",
                   lambda: team.project.write(f"{FIRST}_one.jsonc", ONE.replace('"_id": 1', '"_id": 2')))  # fmt: skip

    def test_a_migration_that_came_between(self):
        team = self.team()
        self.moved(team, "is void: migrations: ",
                   lambda: team.project.write("20250101000000_zero.jsonc", ONE.replace("people", "others")))  # fmt: skip

    def test_a_history_that_went_on(self):
        team = self.team()
        self.edit(team, "protected: true", "protected: true\n    order: any")
        team.project.write(f"{SECOND}_two.jsonc", ONE.replace("people", "others"))
        request = team.request(team.ana, "--to", FIRST)
        team.ivo.run("approve", request, "--env", "prod", check=0)
        team.mia.run("approve", request, "--env", "prod", check=0)
        typed = f"{team.project.environments['prod']['database']} 1"
        words = ("mark", SECOND, "applied", "--env", "prod", "--reason", "r", "--confirm-text", typed)
        team.ana.run(*words, check=0)
        result = team.ana.run("gate", "--env", "prod", "--to", FIRST, check=5)
        self.assertIn("is void: history head", result.out)

    def test_an_order_policy_that_was_edited(self):
        team = self.team()
        self.moved(team, "is void: policy: the environment's gate or order in migtui.yaml",
                   lambda: self.edit(team, "protected: true", "protected: true\n    order: skip"))  # fmt: skip

    def test_a_policy_that_was_edited(self):
        team = self.team()
        self.moved(team, "is void: policy", lambda: self.edit(team, '"approvals": 2', '"approvals": 1'))

    def test_signers_that_were_added(self):
        team = self.team()
        eve = team.outsider("eve")
        self.moved(team, "is void: signers", lambda: team.allow("eve", eve.key))

    def test_a_database_that_was_replaced(self):
        team = self.team()
        self.moved(team, "is void: target",
                   lambda: team.db().migtui_meta.update_one({"_id": "meta"}, {"$set": {"uuid": "0" * 36}}))  # fmt: skip


class Glass(ApprovalsTest):
    def broken(self, team, *words, check=None):
        return team.apply(team.ana, "--break-glass", *words, check=check)

    def test_broken_glass_runs_and_is_red_until_two_people_closed_it(self):
        team = self.team(breakGlass=True)
        self.broken(team, "--reason", "the shop is down", check=0)
        self.assertEqual(team.db().people.count_documents({}), 1)
        self.assertIn(("glass.break", "success"), team.acts())
        self.assertIn("GLASS BROKEN", team.mia.run("status", check=0).out)
        self.refused(team, team.ana.run("glass", "close", "--env", "prod", "--reason", "fine"), "it is by who broke the glass", "glass.close")
        team.ivo.run("glass", "close", "--env", "prod", "--reason", "looked through", check=0)
        self.assertIn("GLASS BROKEN", team.mia.run("status", check=0).out)
        self.refused(team, team.ivo.run("glass", "close", "--env", "prod", "--reason", "again"), "the same person", "glass.close")
        team.mia.run("glass", "close", "--env", "prod", "--reason", "looked through", check=0)
        self.assertNotIn("GLASS BROKEN", team.mia.run("status", check=0).out)
        self.assertEqual(team.db().migtui_approvals.find_one()["state"], "closed")

    def test_without_the_policy_there_is_no_glass(self):
        team = self.team()
        self.refused(team, self.broken(team, "--reason", "r"), "has no glass to break", "apply")
        self.nothing_ran(team)

    def test_without_a_reason_it_stays_whole(self):
        team = self.team(breakGlass=True)
        self.refused(team, self.broken(team), "needs a reason", "apply")
        self.nothing_ran(team)

    def test_without_the_typed_name_it_stays_whole(self):
        team = self.team(breakGlass=True)
        plan = team.ana.run("plan", "--env", "prod", "--format", "json").json()["planId"]
        result = team.ana.run("apply", "--env", "prod", "--plan", plan, "--break-glass", "--reason", "r", "--yes")
        self.refused(team, result, "confirmed by typing", "apply")
        self.nothing_ran(team)


if __name__ == "__main__":
    unittest.main()
