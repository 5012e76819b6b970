"""mongodump's archive format once more, apart from ours: a reader and a writer in Python.

Written from the description of the format in mongo-tools (common/archive), so that what migtui writes is read by other
code, and what migtui reads was written by other code.
"""

import gzip
import json
import struct
from pathlib import Path

import bson
from bson import Int64
from bson.son import SON

MAGIC = 0x8199E26D
TERMINATOR = b"\xff\xff\xff\xff"


def _table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (0xC96C5795D7870F42 if byte & 1 else 0)
        table.append(byte)
    return table


TABLE = _table()


def crc64(data, crc=0):
    """CRC-64 of ECMA-182, reflected, as Go's crc64.ECMA and xz compute it."""
    crc ^= 0xFFFFFFFFFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFFFFFFFFFF


def signed(number):
    return Int64(number - (1 << 64) if number >> 63 else number)


class Reader:
    """header, namespaces (as the prelude lists them), documents {collection: [raw bytes]}; raises where the format is broken."""

    def __init__(self, path):
        data = Path(path).read_bytes()
        self.data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
        self.at = 4
        assert struct.unpack("<I", self.data[:4])[0] == MAGIC
        self.header = self.document()
        self.namespaces = []
        while (doc := self.document()) is not None:
            doc["metadata"] = json.loads(doc["metadata"])
            self.namespaces.append(doc)
        self.documents, closed = {}, {}
        while self.at < len(self.data):
            head = self.document()
            assert list(head) == ["db", "collection", "EOF", "CRC"], list(head)
            name = head["collection"]
            raw = self.documents.setdefault(name, [])
            assert name not in closed, f"{name} goes on after its end"
            while (piece := self.raw()) is not None:
                assert not head["EOF"], "a document in the block that ends a namespace"
                raw.append(piece)
            if head["EOF"]:
                closed[name] = head["CRC"]
        for name, crc in closed.items():
            assert signed(crc64(b"".join(self.documents[name]))) == crc, f"{name}: CRC"
        assert set(closed) == set(self.documents), "a namespace without an end"

    def raw(self):
        if self.data[self.at : self.at + 4] == TERMINATOR:
            self.at += 4
            return None
        (size,) = struct.unpack("<I", self.data[self.at : self.at + 4])
        self.at += size
        return self.data[self.at - size : self.at]

    def document(self):
        raw = self.raw()
        return raw if raw is None else bson.decode(raw, bson.CodecOptions(document_class=SON))


def write(path, db, collections, compress=True, server_version="7.0.14", same=False):
    """An archive as mongodump would write it: collections {name: (metadata, [documents as bytes])}, interleaved in blocks of two.
    same: all have the same documents, so that one checksum does."""
    out = [struct.pack("<I", MAGIC)]
    out.append(bson.encode(SON([("concurrent_collections", 4), ("version", "0.1"), ("server_version", server_version),
                                ("tool_version", "100.10.0")])))  # fmt: skip
    for name, (metadata, docs) in collections.items():
        out.append(bson.encode(SON([("db", db), ("collection", name), ("metadata", json.dumps(metadata)),
                                    ("size", Int64(len(docs))), ("type", metadata["type"])])))  # fmt: skip
    out.append(TERMINATOR)

    def head(name, end, crc):
        return bson.encode(SON([("db", db), ("collection", name), ("EOF", end), ("CRC", signed(crc))]))

    left = {name: list(docs) for name, (_, docs) in collections.items()}
    while any(left.values()):
        for name, docs in left.items():
            if docs:
                out += [head(name, False, 0), *docs[:2], TERMINATOR]
                del docs[:2]
    crc = None
    for name, (_, docs) in collections.items():
        crc = crc if same and crc is not None else crc64(b"".join(docs))
        out += [head(name, True, crc), TERMINATOR]
    data = b"".join(out)
    Path(path).write_bytes(gzip.compress(data) if compress else data)
