"""The driver's library: loaded by the first thing that asks a server, and by nothing before."""

import socket
import subprocess
import time
from pathlib import Path

from harness import BINARY, MigtuiTest

FILES = {"1_a.jsonc": '{ "migtui": 1, "title": "a", "up": [ { "id": "c", "createCollection": { "collection": "a" } } ] }'}


class Driver(MigtuiTest):
    def with_a_broken_library(self, *words):
        project = self.project(FILES, offline=True)
        folder = project.dir / "lib"
        folder.mkdir()
        (folder / "libmongoc-1.0.so.0").write_text("this is no library")
        return project.run(*words, env={"LD_LIBRARY_PATH": str(folder)})

    def test_the_program_is_not_linked_with_it(self):
        self.assertEqual(self.with_a_broken_library("version").rc, 0)
        self.assertEqual(self.with_a_broken_library("verify-dir", "--write").rc, 0)
        self.assertEqual(self.with_a_broken_library("completion", "bash").rc, 0)

    def test_a_missing_one_is_said_with_the_package_to_install(self):
        result = self.with_a_broken_library("status", "--env", "dev")
        self.assertIn("MongoDB's driver cannot be loaded", result.out + result.err)
        self.assertIn("apt install libmongoc-1.0-0", result.out + result.err)

    def test_counters_that_a_killed_process_of_this_number_left_are_not_spoken_of(self):
        project = self.project(FILES, offline=True)
        stale = 'echo $$ >&2; : > /dev/shm/mongoc-$$ || exit 99; exec "$0" status --env dev --timeout 1s'
        result = subprocess.run(
            ["sh", "-c", stale, BINARY], capture_output=True, text=True, env=project.env, cwd=project.dir, timeout=60, check=False
        )
        pid, *rest = result.stderr.splitlines()
        Path(f"/dev/shm/mongoc-{pid}").unlink(missing_ok=True)
        self.assertIn("UNREACHABLE", result.stdout)
        self.assertEqual(rest, [])

    def test_a_process_leaves_no_counters_when_it_is_killed(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(60)
            uri = f"mongodb://127.0.0.1:{server.getsockname()[1]}/?directConnection=true"
            project = self.project(FILES, envs={"dev": {"uri": uri}}, offline=True)
            began = time.time() - 1
            process = project.spawn("status", "--env", "dev", "--timeout", "30s")
            server.accept()[0].close()  # so it is loaded
            process.kill()
            process.wait(20)
        left = Path(f"/dev/shm/mongoc-{process.pid}")
        self.assertFalse(left.exists() and left.stat().st_ctime > began)  # an older one is of another program, of this number
