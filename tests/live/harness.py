"""What the tests in Python share: a server, a project on it, and the built binary to run there.

A test file is plain unittest:

    from harness import MigtuiTest

    class Apply(MigtuiTest):
        def test_applies_in_order(self):
            project = self.project({"20260101000000_one.mongo": "..."})
            project.run("apply", "--env", "dev", check=0)
            self.assertEqual(project.db("dev").people.count_documents({}), 1)

ctest runs `harness.py FILE`; so can you: `scripts/python tests/live/harness.py tests/live/test_x.py [-k NAME]`,
with MIGTUI_BIN (default build/debug/migtui). With MIGTUI_TEST_URI the tests use that server and skip what needs
one of their own. MIGTUI_TEST_KEEP=1 leaves temporary folders behind. MIGTUI_TEST_DEADLINE (s) bounds a file, six
times that with MIGTUI_TEST_LONG.

Nothing here sleeps for a fixed time: wait_for() polls a condition until a deadline, and every call has one.
"""

import contextlib
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import uuid
from pathlib import Path

import pymongo

SOURCE_DIR = Path(os.environ.get("MIGTUI_SOURCE_DIR") or Path(__file__).resolve().parents[2])
BINARY = Path(os.environ.get("MIGTUI_BIN") or SOURCE_DIR / "build/debug/migtui").resolve()
TEST_URI = os.environ.get("MIGTUI_TEST_URI")
LONG = bool(os.environ.get("MIGTUI_TEST_LONG"))
DEAD_URI = "mongodb://127.0.0.1:1/?directConnection=true"  # nobody listens on port 1
ALL_SKIPPED = 77  # ctest's SKIP_RETURN_CODE

_open = []  # what close_all() must close, in the order of its making


def close_all():
    while _open:
        with contextlib.suppress(Exception):  # one that fails must not keep the others alive
            _open[-1].close()


def temp_dir(prefix):
    return Path(tempfile.mkdtemp(prefix=f"migtui-{prefix}-"))


def remove_dir(path):
    if os.environ.get("MIGTUI_TEST_KEEP"):
        print(f"kept: {path}", file=sys.stderr)
    else:
        shutil.rmtree(path, ignore_errors=True)


def wait_for(condition, deadline_s=30, what="the condition"):
    """Calls condition() until it gives a true value, and returns that; fails the test at the deadline."""
    until = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"{what}: not within {deadline_s} s (last seen: {value!r})")
        time.sleep(0.02)


# --- server ----------------------------------------------------------------------------------------------


class Server:
    """A server of scripts/server in a temporary folder, or the one that MIGTUI_TEST_URI names."""

    FLAGS = ("auth", "tls", "failpoints", "standalone")

    def __init__(self, **flags):
        unknown = set(flags) - set(self.FLAGS)
        if unknown:
            raise TypeError(f"no such flags: {unknown}")
        self.flags = [f"--{name}" for name in self.FLAGS if flags.get(name)]
        self.given = TEST_URI is not None
        if self.given and self.flags:
            raise unittest.SkipTest(f"needs a server with {' '.join(self.flags)}, not MIGTUI_TEST_URI")
        self.uri = TEST_URI
        self.running = self.given
        self._clients = {}
        if not self.given:
            self.dir = temp_dir("server")
            _open.append(self)
            self.start()

    def _act(self, act, *flags):
        if self.given:
            raise unittest.SkipTest(f"needs a server it may {act}, not MIGTUI_TEST_URI")
        words = [SOURCE_DIR / "scripts/server", act, "--data", self.dir, *flags]
        done = subprocess.run(words, capture_output=True, text=True, timeout=240, check=False)
        if done.returncode != 0:
            raise AssertionError(f"scripts/server {act}: {done.stderr}")
        return done.stdout.strip()

    def start(self):
        """Also after stop() and kill(): the port, and so the URI, stays."""
        self.uri = self._act("start", *self.flags)
        self.running = True

    def stop(self):
        self._act("stop")
        self.running = False

    def kill(self):
        """SIGKILL: what was acknowledged must be there after start()."""
        self._act("kill")
        self.running = False

    def restart(self):
        self.kill()
        self.start()

    @property
    def address(self):
        """(host, port), for a proxy in between."""
        return pymongo.uri_parser.parse_uri(self.uri)["nodelist"][0]

    def client(self, **options):
        """A pymongo client, closed with the server; without options always the same one."""
        key = repr(sorted(options.items()))
        if key not in self._clients:
            options.setdefault("serverSelectionTimeoutMS", 20000)
            self._clients[key] = pymongo.MongoClient(self.uri, **options)
        return self._clients[key]

    @contextlib.contextmanager
    def fail_point(self, commands, times=1, **data):
        """configureFailPoint failCommand, switched off at the end. Needs failpoints=True. times: a number, or
        "alwaysOn". data: errorCode, errorLabels, closeConnection, blockConnection, blockTimeMS, appName, …"""
        mode = {"times": times} if isinstance(times, int) else times
        data = {"failCommands": commands, **data}
        admin = self.client().admin
        admin.command("configureFailPoint", "failCommand", mode=mode, data=data)
        try:
            yield
        finally:
            admin.command("configureFailPoint", "failCommand", mode="off")

    def close(self):
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        if self in _open:
            _open.remove(self)
        if not self.given:
            try:
                self._act("kill")
            finally:
                remove_dir(self.dir)


def drop(server, database):
    """Drops it. A server of our own that does not answer is killed and started anew, and that is said: what a killed
    runner left behind on it is no part of the next test."""
    try:
        with pymongo.timeout(None if server.given else 30):
            if not server.given:  # a transaction that a killed runner left open would block the drop
                server.client().admin.command("killAllSessions", [])
            server.client().drop_database(database)
    except pymongo.errors.PyMongoError as error:
        if server.given or not error.timeout:
            raise
        print(f"the server did not drop {database} within 30 s; it is started anew", file=sys.stderr)
        server.restart()
        server.client().drop_database(database)


_shared = {}


def shared_server(**flags):
    """One server a test process and set of flags: starting is cheap, but not free."""
    key = frozenset(name for name, on in flags.items() if on)
    if key not in _shared:
        _shared[key] = Server(**flags)
    return _shared[key]


# --- running the binary ----------------------------------------------------------------------------------


def refuse_sanitizer_report(text):
    """A crash must not pass for the failure that a test expects."""
    marks = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "WARNING: ThreadSanitizer", ": runtime error: ")
    for mark in marks:
        if mark in text:
            raise AssertionError(f"sanitizer report:\n{text}")


class Result:
    """How a run of the binary ended: rc (negative: the signal), out, err."""

    def __init__(self, words, rc, out, err):
        self.words, self.rc, self.out, self.err = words, rc, out, err

    def __str__(self):
        return f"migtui {' '.join(self.words)}: rc {self.rc}\n--- out\n{self.out}\n--- err\n{self.err}"

    def _parse(self, text, where):
        try:
            return json.loads(text)
        except ValueError as error:
            raise AssertionError(f"{where} is not JSON ({error}): {self}") from None

    def json(self):
        return self._parse(self.out, "standard output")

    def ndjson(self):
        return [self._parse(line, "a line") for line in self.out.splitlines()]

    def error(self):
        """The error object of --format json, from standard error."""
        return self._parse(self.err, "standard error")["error"]


class Spawned(subprocess.Popen):
    """A running migtui, in its own session; its output goes to files, so that it never waits for a reader."""

    def __init__(self, words, folder, **options):
        number = len(list(folder.glob("spawned-*.out")))
        self.out_file, self.err_file = (folder / f"spawned-{number}.{end}" for end in ("out", "err"))
        with open(self.out_file, "wb") as out, open(self.err_file, "wb") as err:
            super().__init__(words, stdout=out, stderr=err, start_new_session=True, **options)

    def out(self):
        return self.out_file.read_text(errors="replace")

    def err(self):
        return self.err_file.read_text(errors="replace")

    def ndjson(self):
        """The whole lines so far."""
        return [json.loads(line) for line in self.out().splitlines(keepends=True) if line.endswith("\n")]

    def ended(self, deadline_s=60):
        """Waits for the end and returns the exit status."""
        rc = self.wait(deadline_s)
        refuse_sanitizer_report(self.err())
        return rc


# --- project ---------------------------------------------------------------------------------------------


def yaml_config(environments, more):
    """migtui.yaml; JSON values are YAML too, so only the outline is written as blocks."""

    def value(item):
        return json.dumps(item, ensure_ascii=False)

    lines = ["version: 1", "project: shop", "migrations: ./migrations", "environments:"]
    for environment in environments:
        rows = [f"{key}: {value(item)}" for key, item in environment.items()]
        lines += ["  - " + rows[0], *("    " + row for row in rows[1:])]
    lines += [f"{key}: {value(item)}" for key, item in more.items()]
    return "\n".join(lines) + "\n"


class Project:
    """A project folder with its migtui.yaml and migrations, and a database of its own for each environment.

    migrations: {file name: text}. envs: {name: settings to add or replace in migtui.yaml}, in the order of the
    promotion path; a setting `server` puts one environment on another Server. config: more top-level keys.
    server: the Server of all environments, else the shared one; offline=True: URIs where nobody answers.
    """

    def __init__(self, migrations=None, envs=("dev", "test", "prod"), *, config=None, server=None, offline=False):
        server = None if offline else server or shared_server()
        self.dir = temp_dir("project")
        _open.append(self)
        mark = uuid.uuid4().hex[:10]
        settings = envs if isinstance(envs, dict) else dict.fromkeys(envs, {})
        self.servers, self.environments = {}, {}
        for env, more in settings.items():
            own = self.servers[env] = more.get("server", server)
            uri = own.uri if own else DEAD_URI
            self.environments[env] = {"name": env, "uri": uri, "database": f"mt_{mark}_{env}", **more}
            self.environments[env].pop("server", None)
        self.migrations = self.dir / "migrations"
        self.migrations.mkdir()
        for folder in ("home", "state", "config", "cache", "run"):
            (self.dir / folder).mkdir(mode=0o700)
        self.config_file = self.dir / "migtui.yaml"
        self.config_file.write_text(yaml_config(self.environments.values(), config or {}))
        for file, text in (migrations or {}).items():
            self.write(file, text)

    def write(self, file, text):
        """Adds or replaces a migration file; text is str or bytes."""
        (self.migrations / file).write_bytes(text if isinstance(text, bytes) else text.encode())

    def db(self, env="dev"):
        """The pymongo database of an environment."""
        return self.servers[env].client()[self.environments[env]["database"]]

    @property
    def env(self):
        """The environment variables that migtui sees: nothing of the person who runs the tests."""
        kept = ("PATH", "TMPDIR", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "SSL_CERT_FILE")
        env = {key: os.environ[key] for key in kept if key in os.environ}
        env |= {"LANG": "C.UTF-8", "TZ": "UTC", "TERM": "xterm-256color", "USER": "tester"}
        folders = {"HOME": "home", "XDG_STATE_HOME": "state", "XDG_CONFIG_HOME": "config", "XDG_CACHE_HOME": "cache",
                   "XDG_RUNTIME_DIR": "run"}  # fmt: skip
        return env | {key: str(self.dir / folder) for key, folder in folders.items()}

    def run(self, *args, env=None, check=None, stdin=None, timeout=60, cwd=None):
        """Runs migtui to its end. env: variables to add, or to take away where the value is None.
        check: the exit status it must have. stdin: text. Fails at the timeout, and on a sanitizer's report."""
        words = [str(arg) for arg in args]
        with subprocess.Popen(
            [BINARY, *words], cwd=cwd or self.dir, env=self._env_with(env), text=True, errors="replace",
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        ) as process:  # fmt: skip
            try:
                out, err = process.communicate(stdin, timeout)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                out, err = process.communicate()
                raise AssertionError(f"no end within {timeout} s: {Result(words, None, out, err)}") from None
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise
        result = Result(words, process.returncode, out, err)
        refuse_sanitizer_report(err)
        if check is not None and result.rc != check:
            raise AssertionError(f"exit status {check} expected: {result}")
        return result

    def spawn(self, *args, env=None, cwd=None):
        """Starts migtui and returns at once; ended by close() at the latest."""
        words = [BINARY, *map(str, args)]
        return Spawned(words, self.dir, cwd=cwd or self.dir, env=self._env_with(env), stdin=subprocess.DEVNULL)

    def _env_with(self, more):
        return {key: value for key, value in (self.env | (more or {})).items() if value is not None}

    def processes(self):
        """The pids of every process of this project, detached runs too: they carry its state folder."""
        mark = f"XDG_STATE_HOME={self.dir / 'state'}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    if mark in (entry / "environ").read_bytes().split(b"\0"):
                        found.append(int(entry.name))
        return found

    def kill(self, but=()):
        """SIGKILL to every process of this project except those pids. One that ends by itself meanwhile (a step's
        own child does) is as dead as the others."""
        for pid in self.processes():
            if pid not in but:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def close(self):
        """Ends what still runs, drops the databases, removes the folder."""
        if self in _open:
            _open.remove(self)
        self.kill()
        try:
            for env, server in self.servers.items():
                if server and server.running:
                    drop(server, self.db(env).name)
        finally:
            remove_dir(self.dir)


class MigtuiTest(unittest.TestCase):
    """The base of the tests; `flags` choose the shared server, e.g. flags = {"failpoints": True}."""

    flags = {}
    maxDiff = None

    def project(self, *args, **options):
        """A Project that is closed after the test."""
        if self.flags and not (options.get("server") or options.get("offline")):
            options["server"] = shared_server(**self.flags)
        project = Project(*args, **options)
        self.addCleanup(project.close)
        return project


# --- runner ----------------------------------------------------------------------------------------------


class DeadlineOver(KeyboardInterrupt):
    """Ends unittest's loop, which an ordinary exception would not."""


def deadline_over(_number, _frame):
    raise DeadlineOver("MIGTUI_TEST_DEADLINE is over")


def main(argv):
    path = Path(argv[1]).resolve()
    sys.path[:0] = [str(path.parent), str(Path(__file__).resolve().parent)]
    signal.signal(signal.SIGALRM, deadline_over)
    signal.signal(signal.SIGTERM, deadline_over)
    signal.alarm(int(os.environ.get("MIGTUI_TEST_DEADLINE", "600")) * (6 if LONG else 1))
    try:
        module = importlib.import_module(path.stem)
        program = unittest.main(module, argv=[path.name, *argv[2:]], exit=False, verbosity=2)
    finally:
        signal.alarm(0)
        close_all()
    result = program.result
    if not result.wasSuccessful():
        return 1
    if result.testsRun == 0:
        print("no test in this file", file=sys.stderr)
        return 1
    return ALL_SKIPPED if len(result.skipped) == result.testsRun else 0


if __name__ == "__main__":
    import harness  # the module that the tests import, not this second copy of it

    sys.exit(harness.main(sys.argv))
