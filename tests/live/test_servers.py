"""Kinds of servers and logins that a project may point at, and what is said of those that refuse."""

from urllib.parse import urlsplit

import harness
from harness import MigtuiTest, Server

ONE = {
    "1_people.jsonc": """{ "migtui": 1, "title": "people",
  "up": [
    { "id": "people", "createCollection": { "collection": "people" } },
    { "id": "rows", "insert": { "collection": "people", "documents": [ { "_id": 1 }, { "_id": 2 } ] } },
    { "id": "all", "batch": { "collection": "people", "filter": { "v": { "$exists": false } },
        "update": { "$set": { "v": 1 } }, "exactlyOnce": "marker" } },
    { "id": "index", "createIndexes": { "collection": "people", "indexes": [ { "key": { "v": 1 }, "name": "v_1" } ] } } ],
  "down": [ { "id": "people", "dropCollection": { "collection": "people" } } ] }
"""
}


class Servers(MigtuiTest):
    def server(self, **flags):
        server = Server(**flags)
        self.addCleanup(server.close)
        return server

    def goes_there_and_back(self, p):
        p.run("apply", check=0)
        self.assertEqual(p.db().people.count_documents({"v": 1}), 2)
        p.run("rollback", check=0)
        self.assertNotIn("people", p.db().list_collection_names())
        self.assertEqual([row["status"] for row in p.run("runs", "--format", "json", check=0).json()["runs"]],
                         ["succeeded", "succeeded"])  # fmt: skip

    def refused(self, p, name, *secrets):
        """One clear line, the right name, and no secret in it."""
        result = p.run("apply", "--timeout", "3s", "--format", "json", check=1)
        self.assertEqual(result.error()["name"], name)
        text = p.run("apply", "--timeout", "3s", check=1)
        for secret in secrets:
            self.assertNotIn(secret, result.out + result.err + text.out + text.err)

    def test_a_standalone_without_transactions(self):
        p = self.project(ONE, envs=("dev",), server=self.server(standalone=True))
        self.assertIn("no transactions", p.run("plan", check=2).out)
        self.goes_there_and_back(p)

    def test_a_login(self):
        server = self.server(auth=True)
        self.goes_there_and_back(self.project(ONE, envs=("dev",), server=server))
        wrong = server.uri.replace(urlsplit(server.uri).password, "not-the-password")
        self.refused(self.project(ONE, envs={"dev": {"uri": wrong, "server": server}}), "auth", "not-the-password")

    def test_a_user_who_may_only_read_can_look_and_not_apply(self):
        server = self.server(auth=True)
        p = self.project(ONE, envs=("dev",), server=server)
        database = p.environments["dev"]["database"]
        server.client()[database].command("createUser", "reader", pwd="reader-secret", roles=["read"])
        parts = urlsplit(server.uri)
        uri = f"mongodb://reader:reader-secret@{parts.hostname}:{parts.port}/?authSource={database}&directConnection=true"
        p.config_file.write_text(p.config_file.read_text().replace(server.uri, uri))
        p.run("status", check=0)
        self.refused(p, "denied", "reader-secret")
        self.assertNotIn("people", p.db().list_collection_names())

    def test_tls(self):
        server = self.server(tls=True)
        self.goes_there_and_back(self.project(ONE, envs=("dev",), server=server))
        host, port = server.address
        stranger = f"mongodb://{host}:{port}/?tls=true&directConnection=true"  # nobody vouches for its certificate
        self.refused(self.project(ONE, envs={"dev": {"uri": stranger, "server": server}}), "tls")

    def test_the_wrong_replica_set_and_nobody(self):
        server = harness.shared_server()
        host, port = server.address
        wrong = f"mongodb://{host}:{port}/?replicaSet=another"
        self.refused(self.project(ONE, envs={"dev": {"uri": wrong, "server": server}}), "wrong-server")
        self.refused(self.project(ONE, envs=("dev",), offline=True), "unreachable")


