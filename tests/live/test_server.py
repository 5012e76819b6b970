"""What the other live tests stand on: scripts/server and the harness keep their promises."""

import json
import os
import subprocess
import unittest

import pymongo
from pymongo.errors import AutoReconnect, OperationFailure, ServerSelectionTimeoutError

import harness
from harness import Project, Server, wait_for

LIMITS = {"serverSelectionTimeoutMS": 1500}


class ServerTest(unittest.TestCase):
    def server(self, **flags):
        server = Server(**flags)
        self.addCleanup(server.close)
        return server

    def test_acknowledged_writes_survive_a_kill_and_the_uri_stays(self):
        server = self.server()
        before = server.uri
        things = server.client().get_database("kept", write_concern=pymongo.WriteConcern("majority")).things
        for number in range(50):
            things.insert_one({"_id": number})
        server.restart()
        self.assertEqual(server.uri, before)
        self.assertEqual(things.count_documents({}), 50)

    def test_a_stopped_server_answers_nobody(self):
        server = self.server()
        server.stop()
        with pymongo.MongoClient(server.uri, **LIMITS) as client:
            with self.assertRaises(ServerSelectionTimeoutError):
                client.admin.command("ping")

    def test_a_process_that_merely_has_the_remembered_pid_is_spared(self):
        server = self.server()
        server.stop()
        with subprocess.Popen(["tail", "-f", os.devnull]) as stranger:
            state_file = server.dir / "server.json"
            state = json.loads(state_file.read_text())
            state_file.write_text(json.dumps({**state, "pid": stranger.pid}))
            server.kill()
            self.assertIsNone(stranger.poll())
            stranger.terminate()

    def test_auth_lets_in_the_user_of_the_uri_only(self):
        server = self.server(auth=True)
        server.client().x.y.insert_one({})
        host, port = server.address
        with pymongo.MongoClient(host, port, directConnection=True) as stranger:
            with self.assertRaises(OperationFailure) as refused:
                stranger.x.y.insert_one({})
        self.assertEqual(refused.exception.code, 13)

    def test_tls_needs_the_authority_of_the_uri(self):
        server = self.server(tls=True)
        server.client().x.y.insert_one({})
        host, port = server.address
        for options in ({"tls": True}, {}):
            with pymongo.MongoClient(host, port, directConnection=True, **options, **LIMITS) as client:
                with self.assertRaises((ServerSelectionTimeoutError, AutoReconnect)):
                    client.admin.command("ping")

    def test_a_fail_point_fails_as_often_as_asked_and_no_longer(self):
        server = self.server(failpoints=True, standalone=True)
        things = server.client().x.things
        with server.fail_point(["insert"], times=1, errorCode=13):
            with self.assertRaises(OperationFailure):
                things.insert_one({})
            things.insert_one({})
        with server.fail_point(["insert"], times="alwaysOn", errorCode=13):
            with self.assertRaises(OperationFailure):
                things.insert_one({})
        things.insert_one({})


class HarnessTest(unittest.TestCase):
    def test_waiting_ends_at_the_deadline_with_what_was_waited_for(self):
        with self.assertRaisesRegex(AssertionError, "the sky: not within 0.05 s"):
            wait_for(lambda: None, 0.05, "the sky")
        self.assertEqual(wait_for(lambda: 7), 7)

    def test_environments_have_databases_of_their_own_that_go_with_the_project(self):
        project = Project({"20260101000000_x.txt": "hello"}, {"dev": {}, "prod": {"protected": True}})
        self.addCleanup(project.close)
        self.assertEqual((project.migrations / "20260101000000_x.txt").read_text(), "hello")
        self.assertIn("    protected: true\n", project.config_file.read_text())
        project.db("dev").things.insert_one({"_id": 1})
        self.assertIsNone(project.db("prod").things.find_one({}))
        client, names = project.db().client, [project.db(env).name for env in ("dev", "prod")]
        project.close()
        self.assertFalse(set(names) & set(client.list_database_names()))
        self.assertFalse(project.dir.exists())

    def test_what_a_project_left_running_ends_with_it(self):
        project = Project(offline=True)
        self.addCleanup(project.close)
        with subprocess.Popen(["tail", "-f", os.devnull], env=project.env, start_new_session=True) as detached:
            wait_for(lambda: project.processes() == [detached.pid], what="the process seen by its environment")
            project.close()
            self.assertEqual(detached.wait(10), -9)

    def test_a_sanitizer_report_is_never_an_expected_failure(self):
        with self.assertRaises(AssertionError):
            harness.refuse_sanitizer_report("==1==ERROR: AddressSanitizer: heap-use-after-free")
        harness.refuse_sanitizer_report("apply: nothing pending")
