"""What the tests of backups share: a database with everything in it, and its content as bytes."""

import datetime
import json
from pathlib import Path

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from harness import SOURCE_DIR, MigtuiTest

RAW = CodecOptions(document_class=RawBSONDocument)
OWN = ("migtui_audit", "migtui_backups", "migtui_log", "migtui_lock", "migtui_meta", "migtui_approvals")


def corpus():
    """Every valid document of the BSON corpus, as bytes."""
    for file in sorted((SOURCE_DIR / "tests/data/bson_corpus").glob("*.json")):
        for case in json.loads(file.read_text()).get("valid", []):
            yield bytes.fromhex(case["canonical_bson"])


def fill(db, count=300):
    """Every BSON type, and every kind of collection and index that backups must keep."""
    kept = 0
    for i, raw in enumerate(corpus()):
        wrapped = b"\x10_id\0" + i.to_bytes(4, "little") + b"\x03d\0" + raw + b"\0"
        try:
            db.types.insert_one(RawBSONDocument((len(wrapped) + 4).to_bytes(4, "little") + wrapped))
            kept += 1
        except Exception:  # noqa: BLE001, S110 - what a server refuses cannot be in a backup
            pass
    assert kept > 300, f"only {kept} documents of the corpus were taken by the server"
    db.people.insert_many([{"_id": i, "email": f"u{i}@example.com", "n": i, "name": "Zoë" if i % 2 else "zoe",
                            "at": datetime.datetime(2026, 1, 1)} for i in range(count)])  # fmt: skip
    db.people.create_index("email", name="mail", unique=True, partialFilterExpression={"n": {"$gt": 5}})
    db.people.create_index("at", expireAfterSeconds=10**8)
    db.people.create_index([("name", 1), ("n", -1)], collation={"locale": "fr", "strength": 1})
    db.create_collection("capped", capped=True, size=100000, max=50)
    db.capped.insert_many([{"i": i} for i in range(80)])
    db.create_collection("checked", validator={"$jsonSchema": {"required": ["x"]}}, validationLevel="moderate")
    db.checked.insert_one({"_id": 1, "y": 1}, bypass_document_validation=True)
    db.create_collection("seen", viewOn="people", pipeline=[{"$match": {"n": {"$gt": 4}}}])
    db.create_collection("empty")
    db.create_collection("series", timeseries={"timeField": "t", "metaField": "m"})
    db.series.insert_many([{"t": datetime.datetime(2026, 1, 1, 0, 0, i), "m": i % 3, "v": i} for i in range(60)])


def content(db):
    """{collection: (type, options, indexes, documents as bytes in natural order)}, without migtui's own."""
    found = {}
    for info in db.list_collections():
        name = info["name"]
        if name in OWN or name.startswith("system."):
            continue
        indexes = [] if info["type"] == "view" else [dict(index) for index in db[name].list_indexes()]
        for index in indexes:
            index.pop("ns", None)
        docs = [bytes(doc.raw) for doc in db.get_collection(name, codec_options=RAW).find()]
        found[name] = (info["type"], info["options"], sorted(indexes, key=str), docs)
    return found


class BackupTest(MigtuiTest):
    def environment(self, **more):
        return self.project({}, {"dev": more})

    def taken(self, project, *words):
        """The backup as `backup take --format json` tells it."""
        done = project.run("backup", "take", "--env", "dev", "--format", "json", *words, check=0, timeout=300)
        return json.loads(done.out)

    def drop_after(self, project, name):
        self.addCleanup(project.servers["dev"].client().drop_database, name)
        return name

    def damage(self, backup, change):
        """Changes the archive's bytes; its manifest stays."""
        path = Path(backup["file"])
        path.write_bytes(change(bytearray(path.read_bytes())))

    def refused(self, project, *words, rc=6, says=""):
        done = project.run("backup", *words, "--env", "dev", timeout=120)
        self.assertEqual(done.rc, rc, done)
        self.assertIn(says, done.err)
        return done
