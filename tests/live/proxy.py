"""A proxy between migtui and its server that knows where one message ends and what it says.

    proxy = Proxy(server)
    project = self.project(files, {"dev": {"uri": proxy.uri}})
    with proxy.on("update", "people", nth=2, hold=True) as caught:
        runner = project.spawn("apply", "--env", "dev")
        caught.wait()          # the second update of people has left the runner, and not reached the server
        runner.kill()

A rule catches one message: the nth that fits. before: it is cut before the server gets it; after: the server does it, and its
reply is lost; keep: its reply waits, and is lost at drop(); hold: it waits until release() (delivered, if its connection still stands on the server's side) or drop();
answer: the server never gets it, this document is the reply; amend: the server does it, and its reply has these members too.
"""

import contextlib
import socket
import struct
import threading

import bson

HEADER = struct.Struct("<iiii")
MSG = 2013
MONITORING = ("hello", "ismaster", "isMaster", "ping", "endSessions", "saslStart", "saslContinue")


def read_exactly(sock, size):
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise ConnectionError
        data += more
    return data


def read_message(sock):
    head = read_exactly(sock, HEADER.size)
    return head + read_exactly(sock, HEADER.unpack(head)[0] - HEADER.size)


def command_of(message):
    """(name, collection) of a command; ("", None) for what is none."""
    if HEADER.unpack_from(message)[3] != MSG or message[HEADER.size + 4] != 0:
        return "", None
    body = message[HEADER.size + 5 :]
    document = bson.decode(body[: struct.unpack_from("<i", body)[0]])
    name = next(iter(document))
    collection = document[name] if isinstance(document[name], str) else None
    return name, collection.rpartition(".")[2] if collection else None  # renameCollection names its database too


def body_of(message):
    return bson.decode(message[HEADER.size + 5 :])


def reply_to(request, document):
    body = bytes(4) + b"\0" + bson.encode(document)
    return HEADER.pack(HEADER.size + len(body), 0, request, MSG) + body


class Rule:
    """One message to be caught. name None: any but those of monitoring."""

    def __init__(self, name, collection, nth, act, document):
        self.name, self.collection, self.left, self.act, self.document = name, collection, nth, act, document
        self.seen = threading.Event()
        self.opened = threading.Event()
        self.dropped = False

    def fits(self, name, collection):
        if self.name is None:
            return name and name not in MONITORING
        return name == self.name and self.collection in (None, collection)

    def wait(self, deadline_s=30):
        if not self.seen.wait(deadline_s):
            raise AssertionError(f"no {self.name or 'message'} within {deadline_s} s")

    def release(self):
        self.opened.set()

    def drop(self):
        self.dropped = True
        self.opened.set()


class Proxy:
    def __init__(self, server):
        self.server = server
        self.lock = threading.Lock()
        self.rules = []
        self.pairs = set()
        self.messages = []  # (name, collection) of every command that came
        self.is_cut = False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.uri = f"mongodb://127.0.0.1:{self.listener.getsockname()[1]}/?directConnection=true"
        threading.Thread(target=self._accept, daemon=True).start()

    @contextlib.contextmanager
    def on(self, name=None, collection=None, *, nth=1, **act):
        """act: one of before, after, keep, hold (True), answer, amend (a document); none: only watch for it."""
        kind, value = next(iter(act.items()), ("note", None))
        rule = Rule(name, collection, nth, kind, value)
        with self.lock:
            self.rules.append(rule)
        try:
            yield rule
        finally:
            with self.lock:
                self.rules.remove(rule)
            rule.drop() if not rule.opened.is_set() else None

    def cut(self):
        """Breaks every connection and takes no new one until mend()."""
        self.is_cut = True
        for client, server in list(self.pairs):
            self._end(client, server)

    def mend(self):
        self.is_cut = False

    def close(self):
        self.cut()
        self.listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                try:
                    if self.is_cut:
                        raise ConnectionError
                    server = socket.create_connection(self.server.address)
                except OSError:
                    client.close()
                    continue
                for sock in (client, server):
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.pairs.add((client, server))
                lost = set()  # (request, rule) whose reply is not passed on as it is
                threading.Thread(target=self._to_server, args=(client, server, lost), daemon=True).start()
                threading.Thread(target=self._to_client, args=(client, server, lost), daemon=True).start()

    def _caught(self, message):
        name, collection = command_of(message)
        with self.lock:
            self.messages.append((name, collection))
            for rule in self.rules:
                if not rule.seen.is_set() and rule.fits(name, collection):
                    rule.left -= 1
                    if rule.left == 0:
                        return rule
        return None

    def _to_server(self, client, server, lost):
        with contextlib.suppress(OSError):
            while True:
                message = read_message(client)
                rule = self._caught(message)
                request = HEADER.unpack_from(message)[1]
                if rule and rule.act in ("after", "keep", "amend"):
                    lost.add((request, rule))
                elif rule:
                    rule.seen.set()
                if rule and rule.act == "before":
                    break
                if rule and rule.act == "answer":
                    client.sendall(reply_to(request, rule.document))
                    continue
                if rule and rule.act == "hold":
                    rule.opened.wait()
                    if rule.dropped:
                        break
                server.sendall(message)
        self._end(client, server)

    def _to_client(self, client, server, lost):
        with contextlib.suppress(OSError):
            while True:
                message = read_message(server)
                answered = HEADER.unpack_from(message)[2]
                rules = [rule for request, rule in lost if request == answered]
                if rules:
                    rules[0].seen.set()
                if rules and rules[0].act == "keep":
                    rules[0].opened.wait()
                if rules and rules[0].act in ("after", "keep"):
                    break
                if rules:
                    message = reply_to(answered, body_of(message) | rules[0].document)
                client.sendall(message)
        self._end(client, server)

    def _end(self, client, server):
        self.pairs.discard((client, server))
        for sock in (client, server):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(OSError):
                sock.close()
