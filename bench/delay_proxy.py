"""A proxy that delays each reply of a server, counts the requests by command, and can make the server look older.

A process of its own, so that its work is not on the account of the bench:

    with Proxy(server.address, delay_ms=5, wire=21) as proxy:
        ... run something at proxy.uri ...
        proxy.counts()     # {"insert": 1000, "hello (driver)": 4, …} since the last call of reset()
        proxy.seconds()    # {"insert": 0.43, …}: how long the server took for them, without the proxy's delay

wire: the highest maxWireVersion that any hello through the proxy may show; 21 is MongoDB 7.0, the last without bulkWrite.
Each reply is read whole, held until it is `delay_ms` old, and sent: what is slow is the way, not the pipe.
"""

import argparse
import collections
import contextlib
import json
import socket
import struct
import subprocess
import sys
import threading
import time

HEADER = struct.Struct("<iiii")
LENGTH = struct.Struct("<i")
OP_REPLY, OP_QUERY, OP_MSG = 1, 2004, 2013
MORE_TO_COME = 2
HELLOS = ("hello", "ismaster", "isMaster")
WIRE_7_0 = 21


class Proxy:
    """The bench's side."""

    def __init__(self, address, delay_ms=0, wire=None):
        words = [sys.executable, __file__, "--server", f"{address[0]}:{address[1]}", "--delay", str(delay_ms)]
        words += ["--wire", str(wire)] if wire else []
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = json.loads(self.process.stdout.readline())["port"]
        self.uri = f"mongodb://127.0.0.1:{self.port}/?directConnection=true"

    def _ask(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def counts(self):
        return collections.Counter(self._ask("counts"))

    def seconds(self):
        return self._ask("seconds")

    def reset(self):
        self._ask("reset")

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def own(counts):
    """Without what a driver sends by itself: its hellos, authentication, and the end of its sessions."""
    aside = ("endSessions", "connections")
    return {name: count for name, count in counts.items() if name not in aside and "(driver)" not in name}


# --- the process -----------------------------------------------------------------------------------------


def read_exactly(sock, size):
    parts = []
    while size:
        part = sock.recv(size)
        if not part:
            raise ConnectionError
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def read_message(sock):
    head = read_exactly(sock, HEADER.size)
    return head + read_exactly(sock, HEADER.unpack(head)[0] - HEADER.size)


def document_at(message):
    """Where the command or the reply begins, or None."""
    kind = HEADER.unpack_from(message)[3]
    if kind == OP_MSG:
        return 21 if message[20] == 0 else None
    if kind == OP_QUERY:
        return message.index(b"\0", 20) + 9
    return 36 if kind == OP_REPLY else None


def decode(message, at):
    import bson  # only for hellos; the process starts without

    return bson.decode(message[at : at + LENGTH.unpack_from(message, at)[0]])


def name_of(message):
    at = document_at(message)
    if at is None:
        return f"opcode {HEADER.unpack_from(message)[3]}"
    name = message[at + 5 : message.index(b"\0", at + 5)].decode()
    if name in HELLOS and "lsid" not in decode(message, at):
        return "hello (driver)"
    return name + " (driver)" if name in ("saslStart", "saslContinue") else name


def with_wire(message, wire):
    """A hello's reply that shows at most this wire version."""
    import bson

    at = document_at(message)
    body = decode(message, at)
    body["maxWireVersion"] = min(wire, body["maxWireVersion"])
    rest = message[16:at] + bson.encode(body)
    return HEADER.pack(HEADER.size + len(rest), *HEADER.unpack_from(message)[1:]) + rest


class Relay:
    def __init__(self, address, delay_s, wire):
        self.address, self.delay_s, self.wire = address, delay_s, wire
        self.lock = threading.Lock()
        self.counts = collections.Counter()
        self.seconds = collections.Counter()
        self.waiting = {}  # (connection, request) -> what was asked, and when
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(self.address)
            for sock in (client, server):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.note("connections")
            for pump in (self.to_server, self.to_client):
                threading.Thread(target=self.run, args=(pump, client, server), daemon=True).start()

    def note(self, name, key=None):
        with self.lock:
            self.counts[name] += 1
            if key:
                self.waiting[key] = name, time.monotonic()

    def note_reply(self, key, now):
        with self.lock:
            name, sent = self.waiting.pop(key, ("", now))  # a streamed hello answers nothing that was asked
            self.seconds[name] += now - sent

    def run(self, pump, client, server):
        with contextlib.suppress(OSError):
            pump(client, server)
        for sock in (client, server):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def to_server(self, client, server):
        while True:
            message = read_message(client)
            if not (HEADER.unpack_from(message)[3] == OP_MSG and message[16] & MORE_TO_COME):
                self.note(name_of(message), (client, HEADER.unpack_from(message)[1]))
            server.sendall(message)

    def to_client(self, client, server):
        while True:
            message = read_message(server)
            now = time.monotonic()
            self.note_reply((client, HEADER.unpack_from(message)[2]), now)
            if self.wire and b"maxWireVersion\0" in message:
                message = with_wire(message, self.wire)
            if self.delay_s:
                time.sleep(max(0, now + self.delay_s - time.monotonic()))
            client.sendall(message)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--delay", type=float, default=0)
    parser.add_argument("--wire", type=int)
    options = parser.parse_args()
    host, port = options.server.rsplit(":", 1)
    relay = Relay((host, int(port)), options.delay / 1000, options.wire)
    print(json.dumps({"port": relay.listener.getsockname()[1]}), flush=True)
    for line in sys.stdin:
        with relay.lock:
            print(json.dumps(relay.seconds if line.strip() == "seconds" else relay.counts), flush=True)
            if line.strip() == "reset":
                relay.counts.clear()
                relay.seconds.clear()


if __name__ == "__main__":
    main()
