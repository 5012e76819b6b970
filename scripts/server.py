"""The work of scripts/server: one MongoDB server in one folder. See there for the usage.

DIR holds data/, log, server.json (the process, its port and whether its first user exists) and tls/.
"""

import argparse
import contextlib
import fcntl
import json
import os
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote_plus

import pymongo
from pymongo.errors import PyMongoError

HOST = "127.0.0.1"
USER, PASSWORD = "admin", "admin123"
START_S = 60  # a cold start takes under a second; a busy machine gets time
STOP_S = 30


class Failed(Exception):
    """Said to the user as it is."""


class Folder:
    """What is kept in DIR between calls."""

    def __init__(self, path):
        self.path = Path(path).resolve()
        self.data = self.path / "data"
        self.log = self.path / "log"
        self.tls = self.path / "tls"
        self.state_file = self.path / "server.json"
        self.state = {}
        if self.state_file.exists():
            self.state = json.loads(self.state_file.read_text())

    def save(self, **changes):
        self.state.update(changes)
        new = self.state_file.with_suffix(".new")
        new.write_text(json.dumps(self.state))
        new.replace(self.state_file)

    @contextlib.contextmanager
    def locked(self):
        self.path.mkdir(parents=True, exist_ok=True)
        with open(self.path / "lock", "w", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self.__init__(self.path)  # someone may have changed it while we waited
            yield


# --- processes -------------------------------------------------------------------------------------------


def birth(pid):
    """When a process started (the boot, and ticks since then): its identity. None once it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    state, started = fields[0], fields[19]
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return None if state in "ZX" else f"{boot}/{started}"


def open_process(folder):
    """A pidfd of the server that DIR remembers, or None when that very process is no more."""
    pid = folder.state.get("pid")
    if not pid:
        return None
    try:
        pidfd = os.pidfd_open(pid)
    except OSError:
        return None
    if birth(pid) == folder.state["birth"]:  # read after the open: this pidfd can't mean another process
        return pidfd
    os.close(pidfd)
    return None


def end(folder, first_signal):
    """Ends the server and waits until it is gone. Nothing to do when it isn't running."""
    pidfd = open_process(folder)
    if pidfd is None:
        return False
    with contextlib.closing(os.fdopen(pidfd)):
        for number in (first_signal, signal.SIGKILL):
            signal.pidfd_send_signal(pidfd, number)
            if select.select([pidfd], [], [], STOP_S)[0]:
                return True
    raise Failed(f"process {folder.state['pid']} does not end")


# --- what to start ---------------------------------------------------------------------------------------


def free_port():
    """A port that nobody listens on, below those that the kernel gives to outgoing connections: one of these
    could be taken while the server is down between a kill and a restart."""
    for port in random.sample(range(15000, 32000), 200):
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
                return port
            except OSError:
                continue
    raise Failed("no free port")


def find_mongod():
    return os.environ.get("MIGTUI_MONGOD") or shutil.which("mongod")


def command_line(folder, port, options, auth):
    mongod = find_mongod()
    if not mongod:
        config = folder.path / "none.toml"  # without one it would take the user's own
        config.touch()
        command = [Path(sys.executable).with_name("secantusd-py"), "--config", config, "--host", HOST]
        command += ["--port", port, "--storage-path", folder.data, "--sync-on-commit", "--cache-size", "256M"]
        command += ["--auth"] if auth else []
        command += ["--enable-test-commands"] if options.failpoints else []
        command += ["--standalone"] if options.standalone else []
        if options.tls:
            command += ["--tls-cert-file", folder.tls / "both.pem", "--tls-key-file", folder.tls / "both.pem"]
    else:
        command = [mongod, "--dbpath", folder.data, "--port", port, "--bind_ip", HOST]
        command += [] if options.standalone else ["--replSet", "migtui"]
        command += ["--setParameter", "enableTestCommands=1"] if options.failpoints else []
        if auth:
            key = folder.path / "keyfile"
            if not key.exists():
                key.touch(mode=0o600)
                key.write_text(os.urandom(48).hex())
            command += ["--auth", "--keyFile", key]
        if options.tls:
            command += ["--tlsMode", "requireTLS", "--tlsAllowConnectionsWithoutCertificates"]
            command += ["--tlsCertificateKeyFile", folder.tls / "both.pem"]
            command += ["--tlsCAFile", folder.tls / "ca.pem"]
    return [str(word) for word in command]


def make_certificates(tls):
    """A throw-away authority and a certificate of it for this host."""
    if (tls / "both.pem").exists():
        return
    tls.mkdir(exist_ok=True)
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    (tls / "san").write_text(f"subjectAltName=IP:{HOST},DNS:localhost\n")
    for words in (
        ["req", "-x509", *new_key, "-days", "30", "-subj", "/CN=migtui test authority",
         "-keyout", "ca.key", "-out", "ca.pem"],
        ["req", *new_key, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr"],
        ["x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
         "-days", "30", "-extfile", "san", "-out", "server.pem"],
    ):  # fmt: skip
        done = subprocess.run(["openssl", *words], cwd=tls, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failed(f"openssl {words[0]}: {done.stderr.strip()}")
    (tls / "both.pem").write_text((tls / "server.pem").read_text() + (tls / "server.key").read_text())


def uri_of(folder, port, options, auth, direct=False):
    """direct: to this very server, for the time when it isn't a primary yet."""
    user = f"{USER}:{quote_plus(PASSWORD)}@" if auth else ""
    words = ["directConnection=true"]
    if not (options.standalone or direct):
        words = ["replicaSet=" + ("migtui" if find_mongod() else "secantus")]
    words += ["authSource=admin"] if auth else []
    words += ["tls=true", f"tlsCAFile={folder.tls / 'ca.pem'}"] if options.tls else []
    return f"mongodb://{user}{HOST}:{port}/?{'&'.join(words)}"


# --- start -----------------------------------------------------------------------------------------------


def answers(uri, port, options):
    """Whether the server does work for us: it takes writes, and the user (if any) is let in."""
    limits = {"serverSelectionTimeoutMS": 500, "connectTimeoutMS": 2000, "socketTimeoutMS": 5000}
    with pymongo.MongoClient(uri, **limits) as client:
        try:
            if client.admin.command("hello").get("isWritablePrimary"):
                client.admin.command("listDatabases")
                return True
            if not options.standalone:  # a new mongod; refused when it is initiated and electing
                member = {"_id": 0, "host": f"{HOST}:{port}"}
                client.admin.command("replSetInitiate", {"_id": "migtui", "members": [member]})
        except PyMongoError:
            pass
    return False


def wait_for_answer(process, port, uri, options):
    """True once the server answers, False when the process ended before that (the port was taken, say)."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False
        try:  # cheap and precise; the driver would look only twice a second
            with socket.create_connection((HOST, port), timeout=1):
                pass
        except OSError:
            time.sleep(0.02)
            continue
        if answers(uri, port, options):
            return True
    raise Failed(f"the server does not answer within {START_S} s")


def launch(folder, port, options, auth):
    folder.data.mkdir(exist_ok=True)
    with open(folder.log, "ab") as log:
        process = subprocess.Popen(
            command_line(folder, port, options, auth),
            cwd=folder.path, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    folder.save(pid=process.pid, birth=birth(process.pid), port=port)
    try:
        return wait_for_answer(process, port, uri_of(folder, port, options, auth, direct=True), options)
    except BaseException:
        process.kill()
        raise


def make_user(folder, port, options):
    """The first user needs a server that lets everyone in; the caller starts it again with --auth."""
    if folder.state.get("user"):
        return True
    if not launch(folder, port, options, auth=False):
        return False
    with pymongo.MongoClient(uri_of(folder, port, options, auth=False, direct=True)) as client:
        client.admin.command("createUser", USER, pwd=PASSWORD, roles=["root"])
    folder.save(user=True)
    end(folder, signal.SIGTERM)
    return True


def start(folder, options):
    pidfd = open_process(folder)
    if pidfd is not None:
        os.close(pidfd)
        return folder.state["uri"]
    if options.tls:
        make_certificates(folder.tls)
    fixed = options.port or folder.state.get("port")
    for _ in range(1 if fixed else 5):  # someone may take a free port before the server does
        port = fixed or free_port()
        ready = make_user(folder, port, options) if options.auth else True
        if ready and launch(folder, port, options, options.auth):
            folder.save(uri=uri_of(folder, port, options, options.auth))
            return folder.state["uri"]
    tail = "\n".join(folder.log.read_text(errors="replace").splitlines()[-20:])
    raise Failed(f"the server ended before it answered:\n{tail}")


def main():
    parser = argparse.ArgumentParser(prog="scripts/server")
    parser.add_argument("act", choices=["start", "stop", "kill"])
    parser.add_argument("--data", required=True, metavar="DIR")
    parser.add_argument("--port", type=int, default=0)
    for flag in ("auth", "tls", "failpoints", "standalone"):
        parser.add_argument(f"--{flag}", action="store_true")
    options = parser.parse_args()
    folder = Folder(options.data)
    if options.act != "start" and not folder.state:
        raise Failed(f"no server was started with --data {options.data}")
    with folder.locked():
        if options.act == "start":
            print(start(folder, options))
        elif not end(folder, signal.SIGTERM if options.act == "stop" else signal.SIGKILL):
            print("scripts/server: it was not running", file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"scripts/server: {failure}")
