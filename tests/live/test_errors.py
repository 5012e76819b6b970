"""Servers that are away, strange or forbidding: one clear line, the right exit status, the other environments still shown."""

import socketserver
import struct
import threading
import unittest
from urllib.parse import quote

import bson
import migrations as m
from harness import DEAD_URI, MigtuiTest, shared_server
from migrations import content, files, insert, migration

QUICK = {"connectTimeoutMs": 1500}


class ErrorsTest(MigtuiTest):
    def beside_dev(self, name, settings, **config):
        """A project with a healthy dev and another environment."""
        settings = {"dev": {}, name: settings}
        return self.project(files(insert("i", "rows", {"_id": 1})), settings, config={**QUICK, **config})

    def one_line(self, result, *words):
        """The error is one line with these words; what follows it are hints."""
        lines = result.err.strip().splitlines()
        self.assertTrue(lines and lines[0].startswith("migtui: "), result)
        self.assertEqual(sum(line.startswith("migtui: ") for line in lines), 1, result)
        for line in lines[1:]:
            self.assertTrue(line.startswith("  "), result)
        for word in words:
            self.assertIn(word, lines[0])

    def shown(self, project, name, error):
        """status shows dev as it is, and the other with its error; returns that."""
        status = project.run("status", "--format", "json", check=0).json()
        dev, other = status["environments"]
        self.assertEqual((dev["name"], dev["reachable"], dev["counts"]["pending"]), ("dev", True, 1))
        self.assertEqual((other["name"], other["reachable"], other["counts"]), (name, False, None))
        self.assertEqual(other["error"]["name"], error, other["error"])
        text = project.run("status", check=0).out
        self.assertIn(other["error"]["message"].split(":")[0][:20], text)
        return other["error"]

    def refused(self, project, name, *words, error, check=1):
        self.shown(project, name, error)
        self.one_line(project.run("apply", "--env", name, check=check), f"migtui: {name}: ", *words)
        self.assertEqual(project.run("apply", "--env", name, "--format", "json", check=check).error()["name"], error)


class Unreachable(ErrorsTest):
    def test_a_server_that_is_away(self):
        project = self.beside_dev("away", {"uri": DEAD_URI})
        self.refused(project, "away", "127.0.0.1:1", error="unreachable")

    def test_status_fails_only_when_no_environment_answers(self):
        project = self.project(files(insert("i", "rows", {"_id": 1})), ("dev",), offline=True, config=QUICK)
        project.run("status", check=1)

    def test_status_with_exit_code_tells_that_one_did_not_answer(self):
        project = self.beside_dev("away", {"uri": DEAD_URI})
        project.run("status", "--exit-code", check=1)

    def test_a_name_that_nobody_knows(self):
        project = self.beside_dev("away", {"uri": "mongodb://nowhere.invalid/"})
        self.refused(project, "away", "nowhere.invalid", error="unreachable")

    def test_a_secret_that_is_not_set_disables_its_environment_only(self):
        project = self.beside_dev("away", {"uri": "${NO_SUCH_URI}"})
        status = project.run("status", "--format", "json", check=0).json()
        self.assertTrue(status["environments"][0]["reachable"])
        self.assertIn("NO_SUCH_URI", status["environments"][1]["error"]["message"])
        self.assertIn("NO_SUCH_URI", project.run("apply", "--env", "away", check=1).err)


class WrongServer(ErrorsTest):
    def test_another_replica_set_than_the_configuration_names(self):
        project = self.beside_dev("other", {"replicaSet": "other"})
        self.refused(project, "other", "secantus", "other", error="wrong-server")

    def test_another_replica_set_than_the_connection_string_names(self):
        host, port = shared_server().address
        project = self.beside_dev("other", {"uri": f"mongodb://{host}:{port}/?replicaSet=other"})
        self.refused(project, "other", "other", error="wrong-server")

    def test_a_database_of_another_project(self):
        project = self.beside_dev("other", {})
        project.run("apply", "--env", "other", check=0)
        text = project.config_file.read_text().replace("project: shop", "project: bakery")
        project.config_file.write_text(text)
        project.write(m.file_name(2), migration(insert("i", "rows", {"_id": 2})))
        self.one_line(project.run("apply", "--env", "other", check=1), "shop", "bakery")
        self.assertEqual(project.db("other").rows.count_documents({}), 1)

    def test_two_environments_may_not_be_one_database(self):
        project = self.beside_dev("other", {})
        text = project.config_file.read_text()
        project.config_file.write_text(text.replace(project.db("other").name, project.db("dev").name))
        refused = project.run("apply", "--env", "dev")
        self.assertNotEqual(refused.rc, 0)
        self.assertEqual(project.db().list_collection_names(), [])

    def test_a_server_that_is_older_than_a_migration_requires(self):
        project = self.project(files(migration(insert("i", "rows", {"_id": 1}), requires={"server": ">=99.0"})), ("dev",))
        self.one_line(project.run("apply", "--env", "dev", check=1), "99.0", m.version(1))
        self.assertEqual(content(project), {})

    def test_a_topology_that_a_migration_does_not_want(self):
        text = migration(insert("i", "rows", {"_id": 1}), requires={"topology": "sharded"})
        project = self.project(files(text), ("dev",))
        self.one_line(project.run("apply", "--env", "dev", check=1), "sharded", "replicaset")


class OldServer(socketserver.BaseRequestHandler):
    """Answers whatever it is asked with the hello and buildInfo of an old release."""

    def handle(self):
        while head := self.read(16):
            size, number, _, code = struct.unpack("<iiii", head)
            self.read(size - 16)
            said = bson.encode(self.server.says)
            body = struct.pack("<iqii", 8, 0, 0, 1) + said if code == 2004 else struct.pack("<iB", 0, 0) + said
            self.request.sendall(struct.pack("<iiii", 16 + len(body), 1, number, 1 if code == 2004 else 2013) + body)

    def read(self, size):
        data = b""
        while len(data) < size:
            more = self.request.recv(size - len(data))
            if not more:
                return None
            data += more
        return data


class Old(ErrorsTest):
    def old(self, wire, version):
        """The connection string of a server of that release."""
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), OldServer)
        server.daemon_threads = True
        server.says = {"ismaster": True, "isWritablePrimary": True, "minWireVersion": 0, "maxWireVersion": wire,
                       "version": version, "versionArray": [*map(int, version.split(".")), 0], "ok": 1.0}  # fmt: skip
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"mongodb://127.0.0.1:{server.server_address[1]}/?directConnection=true"

    def test_a_server_that_the_driver_knows_no_more(self):
        project = self.beside_dev("old", {"uri": self.old(5, "3.4.24")})
        self.refused(project, "old", "wire version 5", error="server-too-old")

    def test_a_server_that_the_driver_knows_and_migtui_does_not(self):
        project = self.beside_dev("old", {"uri": self.old(7, "4.0.28")})
        self.refused(project, "old", "MongoDB 4.0.28; migtui needs 4.2", error="server-too-old")


class Users(ErrorsTest):
    flags = {"auth": True}

    def user(self, project, role, password="secret one"):
        """The connection string of a new user who has that role on dev's database."""
        server, database = project.servers["dev"], project.environments["dev"]["database"]
        name = f"{role}_{database}"
        roles = [{"role": role, "db": database}]
        server.client()[database].command("createUser", name, pwd="secret one", roles=roles)
        host, port = server.address
        return f"mongodb://{name}:{quote(password)}@{host}:{port}/{database}?authSource={database}&directConnection=true"

    def as_user(self, role, **options):
        project = self.project(files(insert("i", "rows", {"_id": 1})), {"dev": {"uri": "${DEV_URI}"}}, config=QUICK)
        project.db().rows.insert_one({"_id": 0})
        return project, {"DEV_URI": self.user(project, role, **options)}

    def test_a_read_only_user_sees_the_status_and_plans_and_applies_nothing(self):
        project, variables = self.as_user("read")
        self.assertEqual(m.states(project, variables=variables), {1: "pending"})
        project.run("plan", "--env", "dev", env=variables, check=2)
        refused = project.run("apply", "--env", "dev", env=variables, check=1)
        self.one_line(refused, "migtui: dev: ", "not authorized")
        self.assertIn("may only read", project.run("doctor", env=variables, check=0).out)
        self.assertEqual(project.db().list_collection_names(), ["rows"])

    def test_a_user_with_the_role_read_write_applies(self):
        project, variables = self.as_user("readWrite")
        project.run("apply", "--env", "dev", env=variables, check=0)
        self.assertEqual(project.db().rows.count_documents({}), 2)

    def test_a_wrong_password(self):
        project, variables = self.as_user("readWrite", password="wrong")
        refused = project.run("apply", "--env", "dev", env=variables, check=1)
        self.one_line(refused, "migtui: dev: ", "credentials")
        self.assertNotIn("wrong", refused.err)
        status = project.run("status", "--format", "json", env=variables, check=1).json()["environments"][0]
        self.assertEqual(status["error"]["name"], "auth")

    def test_no_credentials_where_some_are_needed(self):
        project, _ = self.as_user("readWrite")
        host, port = project.servers["dev"].address
        variables = {"DEV_URI": f"mongodb://{host}:{port}/?directConnection=true"}
        refused = project.run("apply", "--env", "dev", env=variables, check=1)
        self.one_line(refused, "migtui: dev: the server wants a login")
        self.assertEqual(project.run("plan", "--format", "json", env=variables, check=1).error()["name"], "auth")
        self.assertEqual(project.db().list_collection_names(), ["rows"])


class Tls(ErrorsTest):
    def test_a_plain_connection_to_a_server_that_speaks_tls(self):
        host, port = shared_server(tls=True).address
        project = self.beside_dev("plain", {"uri": f"mongodb://{host}:{port}/?directConnection=true"})
        seen = self.shown(project, "plain", "unreachable")
        self.assertIn("tls=true", seen["hint"])
        self.one_line(project.run("apply", "--env", "plain", check=1), f"{host}:{port}")

    def test_tls_to_a_server_that_speaks_none(self):
        host, port = shared_server().address
        project = self.beside_dev("tls", {"uri": f"mongodb://{host}:{port}/?directConnection=true&tls=true"})
        self.shown(project, "tls", "tls")
        self.one_line(project.run("apply", "--env", "tls", check=1), "TLS")

    def test_a_certificate_of_an_authority_that_is_not_trusted(self):
        host, port = shared_server(tls=True).address
        project = self.beside_dev("tls", {"uri": f"mongodb://{host}:{port}/?directConnection=true&tls=true"})
        self.shown(project, "tls", "tls")
        self.one_line(project.run("apply", "--env", "tls", check=1), "certificate")

    def test_tls_as_configured_works(self):
        project = self.project(files(insert("i", "rows", {"_id": 1})), ("dev",), server=shared_server(tls=True))
        project.run("apply", "--env", "dev", check=0)
        self.assertEqual(project.db().rows.count_documents({}), 1)


if __name__ == "__main__":
    unittest.main()
