"""Toxiproxy (scripts/toxiproxy): a proxy that knows nothing of messages and makes the network bad, between migtui and a server.

    toxiproxy = Toxiproxy()
    link = toxiproxy.link(server)
    project = self.project(files, {"dev": {"uri": link.uri}})
    link.add("latency", latency=200, jitter=100)
    link.clear()
"""

import contextlib
import itertools
import json
import socket
import subprocess
import unittest
import urllib.request

from harness import SOURCE_DIR, wait_for

DEADLINE_S = 20


def program():
    """The path of its server, or the test is skipped by name."""
    words = [SOURCE_DIR / "scripts/toxiproxy"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=400, check=False)
    if done.returncode == 77:
        raise unittest.SkipTest(done.stderr.strip())
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return done.stdout.strip()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Toxiproxy:
    def __init__(self):
        self.numbers = itertools.count(1)
        self.port = free_port()
        words = [program(), "-host", "127.0.0.1", "-port", str(self.port), "-seed", "1"]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self._answers, DEADLINE_S, "Toxiproxy")

    def _answers(self):
        with contextlib.suppress(OSError):
            return self.call("GET", "/version")
        if self.process.poll() is not None:
            raise AssertionError(f"Toxiproxy ended with {self.process.returncode}")
        return None

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as reply:
            return json.loads(reply.read() or "null")

    def link(self, server):
        return Link(self, server)

    def close(self):
        self.process.kill()
        self.process.wait()


class Link:
    """One proxied address of one server."""

    def __init__(self, toxiproxy, server):
        self.toxiproxy, self.name = toxiproxy, f"link{next(toxiproxy.numbers)}"
        host, port = server.address
        body = {"name": self.name, "listen": "127.0.0.1:0", "upstream": f"{host}:{port}"}
        self.address = toxiproxy.call("POST", "/proxies", body)["listen"]
        self.uri = f"mongodb://{self.address}/?directConnection=true"

    def add(self, kind, stream="downstream", **attributes):
        """stream: downstream, what comes from the server; upstream, what goes there."""
        body = {"type": kind, "stream": stream, "attributes": attributes}
        self.toxiproxy.call("POST", f"/proxies/{self.name}/toxics", body)

    def clear(self):
        for toxic in self.toxiproxy.call("GET", f"/proxies/{self.name}/toxics"):
            self.toxiproxy.call("DELETE", f"/proxies/{self.name}/toxics/{toxic['name']}")

    def up(self, is_up):
        """Down: every connection breaks, and none is taken."""
        body = {"listen": self.address, "enabled": is_up}
        self.toxiproxy.call("POST", f"/proxies/{self.name}", body)

    def close(self):
        with contextlib.suppress(OSError):
            self.toxiproxy.call("DELETE", f"/proxies/{self.name}")
