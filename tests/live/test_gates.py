"""Gates: every check says what it saw, and keeps a plan from running when it must."""

import datetime
import os
import subprocess
import unittest

from harness import DEAD_URI, MigtuiTest

ONE = """{ "migtui": 1, "title": "one", "up": [
  { "id": "c", "createCollection": { "collection": "people" } },
  { "id": "a", "insert": { "collection": "people", "documents": [ { "_id": 1 } ] } } ],
  "down": [ { "id": "b", "delete": { "collection": "people", "deletes": [ { "q": { "_id": 1 }, "limit": 1 } ] } } ] }"""
TWO = """{ "migtui": 1, "title": "two", "up": [
  { "id": "a", "insert": { "collection": "people", "documents": [ { "_id": 2 } ] } } ], "down": [] }"""
FIRST, SECOND = "20260101000000", "20260102000000"
DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>
#define YEARS (3L * 365 * 86400)
int clock_gettime(clockid_t clock, struct timespec *ret)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real)
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int rc = real(clock, ret);
    if (clock == CLOCK_REALTIME)
        ret->tv_sec -= YEARS;
    return rc;
}
"""


class GatesTest(MigtuiTest):
    def protected(self, gate=None, envs=("prod",), migrations=None, **settings):
        all_settings = {name: {} for name in envs}
        all_settings["prod"] = {"protected": True, **({"gate": gate} if gate else {}), **settings}
        return self.project(migrations or {f"{FIRST}_one.jsonc": ONE}, envs=all_settings)

    def gates(self, project, *words, env="prod"):
        document = project.run("gate", "--env", env, "--format", "json", *words).json()
        return {gate["name"]: gate for gate in document["gates"]} | {"trips": document["gateRoundTrips"]}

    def apply(self, project, count=1, check=None, env=None):
        plan = project.run("plan", "--env", "prod", "--format", "json", env=env).json()["planId"]
        typed = f"{project.environments['prod']['database']} {count}"
        return project.run("apply", "--env", "prod", "--plan", plan, "--confirm-text", typed, check=check, env=env)

    def closed(self, project, result, gate, words, check=5):
        """It was refused by that gate with these words, nothing ran, and the audit has it."""
        self.assertEqual(result.rc, check, result)
        self.assertIn(f"gate {gate} is closed", result.err)
        self.assertIn(words, result.err)
        newest = max(project.db("prod").migtui_audit.find({"_id": {"$type": "number"}}), key=lambda row: row["_id"])
        self.assertEqual((newest["body"]["action"], newest["body"]["outcome"]), ("apply", "refused"))
        self.assertIn(words, newest["body"]["error"]["message"])


class Listing(GatesTest):
    def test_every_gate_that_applies_is_shown_with_what_it_saw(self):
        project = self.protected()
        gates = self.gates(project)
        names = [name for name in gates if name != "trips"]
        self.assertEqual(names, ["files", "identity", "order", "lint", "drift", "lock", "clock", "freshness"])
        nothing = [name for name in names if gates[name]["state"] == "none"]  # neither good nor in the way
        self.assertEqual(nothing, ["lint", "drift"])
        self.assertEqual({gates[name]["state"] for name in names if name not in nothing}, {"ok"})
        self.assertIn("no lint rules yet", gates["lint"]["reason"])
        self.assertIn("nothing to compare", gates["drift"]["reason"])

    def test_the_exit_status_is_that_of_the_first_closed_gate(self):
        project = self.protected({"approvals": 1})
        project.run("gate", "--env", "prod", check=5)
        project.write("migtui.sum", "wrong\n")
        self.assertNotEqual(project.run("gate", "--env", "prod").rc, 0)

    def test_a_policy_that_nobody_can_pass_does_not_load(self):
        for gate, words in (
            ({"approvals": 2, "approvers": ["ana"]}, "nobody could ever pass"),
            ({"approvals": 2, "approvers": ["ana", "ana"]}, "it is in the list already"),
            ({"rehearsedIn": "prod"}, "nothing could ever pass"),
            ({"approvals": 1, "approvers": ["ana"], "breakGlass": True}, "two people must close it"),
            ({"approvals": 1, "revokedSigners": "r"}, "nothing is signed"),
            ({"signed": True}, "asks for no approvals"),
            ({"window": {"from": "08:00", "to": "08:00"}}, "the same minute"),
        ):
            with self.subTest(words):
                self.assertIn(words, self.protected(gate).run("status", check=1).err)

    def test_gates_cost_two_round_trips_and_one_for_each_collection_with_a_fingerprint(self):
        day = DAYS[datetime.datetime.now(datetime.timezone.utc).weekday()]
        everything = {"approvals": 1, "rehearsedIn": "test", "maxReplicationLag": "10s", "window": {"days": day},
                      "backup": {"maxAge": "1h"}}  # fmt: skip
        project = self.protected(everything, envs=("test", "prod"))
        project.run("apply", "--env", "test", check=0)
        self.assertLessEqual(self.gates(project)["trips"], 2)
        project.write(f"{SECOND}_two.jsonc", TWO)
        self.assertEqual(self.gates(project, env="test")["drift"]["state"], "ok")
        self.assertLessEqual(self.gates(project, env="test")["trips"], 2 + 1 + 1)


class Rehearsal(GatesTest):
    def test_what_did_not_succeed_in_the_environment_before_does_not_run(self):
        project = self.protected({"rehearsedIn": "test"}, envs=("test", "prod"))
        self.closed(project, self.apply(project), "rehearsed", "1 of 1 did not succeed on test")
        project.run("apply", "--env", "test", check=0)
        self.apply(project, check=0)

    def test_what_was_edited_since_the_rehearsal_does_not_run(self):
        project = self.protected({"rehearsedIn": "test"}, envs=("test", "prod"))
        project.run("apply", "--env", "test", check=0)
        project.write(f"{FIRST}_one.jsonc", ONE.replace('"_id": 1', '"_id": 7'))
        self.closed(project, self.apply(project), "rehearsed", f"first {FIRST}")

    def test_an_environment_that_does_not_answer_is_no_rehearsal(self):
        project = self.protected({"rehearsedIn": "test"}, envs=("test", "prod"))
        config = project.config_file.read_text()
        uri = project.environments["test"]["uri"]
        project.config_file.write_text(config.replace(uri, DEAD_URI, 1).replace("lease", "lease"))
        result = self.apply(project, env={"MIGTUI_CONNECT_TIMEOUT_MS": "500"})
        self.closed(project, result, "rehearsed", "test could not be asked")


class Drift(GatesTest):
    def drifted(self, **settings):
        project = self.protected(**settings)
        self.apply(project, check=0)
        project.write(f"{SECOND}_two.jsonc", TWO)
        self.assertEqual(self.gates(project)["drift"]["state"], "ok")
        project.db("prod").people.create_index("name")
        return project

    def test_an_index_that_somebody_made_closes_it_until_it_is_accepted(self):
        project = self.drifted()
        self.closed(project, self.apply(project), "drift", "people changed since the last run")
        typed = f"{project.environments['prod']['database']} 1"
        accept = ("gate", "--env", "prod", "--accept-drift", "--confirm-text", typed)
        project.run(*accept, check=64)
        project.run(*accept, "--reason", "by the DBA", check=0)
        self.apply(project, check=0)

    def test_a_validator_and_a_dropped_collection_are_seen_too(self):
        for change in (
            lambda db: db.command("collMod", "people", validator={"name": {"$exists": True}}, validationLevel="off"),
            lambda db: db.drop_collection("people"),
        ):
            project = self.protected()
            self.apply(project, check=0)
            project.write(f"{SECOND}_two.jsonc", TWO)
            change(project.db("prod"))
            self.assertEqual(self.gates(project)["drift"]["state"], "unknown")

    def test_documents_are_no_drift(self):
        project = self.protected()
        self.apply(project, check=0)
        project.write(f"{SECOND}_two.jsonc", TWO)
        project.db("prod").people.insert_one({"name": "x"})
        self.apply(project, check=0)

    def test_where_nothing_is_protected_it_is_only_said(self):
        project = self.project({f"{FIRST}_one.jsonc": ONE}, envs={"dev": {}})
        project.run("apply", check=0)
        project.write(f"{SECOND}_two.jsonc", TWO)
        project.db("dev").people.create_index("name")
        self.assertEqual(self.gates(project, env="dev")["drift"]["state"], "unknown")
        project.run("apply", check=0)


class Window(GatesTest):
    def test_outside_the_window_nothing_runs(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        other = DAYS[(now.weekday() + 3) % 7]
        project = self.protected({"window": {"days": other, "zone": "UTC"}})
        self.closed(project, self.apply(project), "window", f"it is {DAYS[now.weekday()]}")

    def test_the_window_is_in_its_own_time_zone(self):
        kiritimati = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=14)))
        project = self.protected({"window": {"days": DAYS[kiritimati.weekday()], "zone": "Pacific/Kiritimati"}})
        reason = self.gates(project)["window"]["reason"]
        self.assertRegex(reason, f"^it is {DAYS[kiritimati.weekday()]} {kiritimati.hour:02}:[0-9]+ in Pacific/Kiritimati")
        self.apply(project, check=0)


class Server(GatesTest):
    def test_replication_is_asked_for_where_the_policy_says_so(self):
        project = self.protected({"maxReplicationLag": "10s"})
        self.assertIn("primary present", self.gates(project)["replication"]["reason"])
        self.apply(project, check=0)

    def test_a_server_that_does_not_tell_its_replication_closes_the_gate(self):
        project = self.protected({"maxReplicationLag": "10s"}, server=self.server_with_failpoints())
        with project.servers["prod"].fail_point(["replSetGetStatus"], times=4, errorCode=13):
            self.closed(project, self.apply(project), "replication", "the server does not tell")

    def server_with_failpoints(self):
        from harness import shared_server

        return shared_server(failpoints=True)

    def test_a_backup_that_is_not_there_closes_the_gate_with_its_own_exit_status(self):
        project = self.protected({"backup": {"maxAge": "1h"}})
        project.run("plan", "--env", "prod", check=2)
        self.closed(project, self.apply(project), "backup", "backup", check=6)

    def test_a_database_of_another_project_is_refused(self):
        project = self.protected()
        project.run("plan", "--env", "prod", check=2)
        project.db("prod").migtui_meta.update_one({"_id": "meta"}, {"$set": {"project": "bank"}})
        self.closed(project, self.apply(project), "identity", 'belongs to project "bank"', check=1)


class Clock(GatesTest):
    def test_a_host_whose_clock_is_years_off_runs_nothing_and_the_servers_clock_counts(self):
        project = self.protected({"window": {"days": "Mon-Sun"}, "approvals": 0})
        shim = project.dir / "clock.so"
        source = project.dir / "clock.c"
        source.write_text(SHIM)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", shim, source, "-ldl"], check=True, timeout=60)
        options = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        env = {"LD_PRELOAD": str(shim), "ASAN_OPTIONS": options}
        result = self.apply(project, env=env)
        self.closed(project, result, "clock", "behind the server's")
        entry = project.db("prod").migtui_audit.find_one({"_id": 1})
        self.assertLess(abs((entry["at"] - datetime.datetime.utcnow()).total_seconds()), 600)
        self.apply(project, check=0)


if __name__ == "__main__":
    unittest.main()
