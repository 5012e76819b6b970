"""What the tests of backups share: a database with everything in it, and its content as bytes."""

import datetime
import json
import os
from pathlib import Path

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from harness import SOURCE_DIR, MigtuiTest, Project, shared_server
from pymongo.errors import PyMongoError

RAW = CodecOptions(document_class=RawBSONDocument)
OWN = ("migtui_audit", "migtui_backups", "migtui_log", "migtui_lock", "migtui_meta", "migtui_approvals",
       "migtui_runs")  # fmt: skip


def corpus():
    """Every valid document of the BSON corpus, as bytes."""
    for file in sorted((SOURCE_DIR / "tests/data/bson_corpus").glob("*.json")):
        for case in json.loads(file.read_text()).get("valid", []):
            yield bytes.fromhex(case["canonical_bson"])


def wrapped(number, raw):
    """{_id: number, d: raw}"""
    members = b"\x10_id\0" + number.to_bytes(4, "little") + b"\x03d\0" + raw + b"\0"
    return RawBSONDocument((len(members) + 4).to_bytes(4, "little") + members)


def insert_what_is_taken(collection, docs):
    """A command with one document that the server refuses is refused as a whole: it is halved until that one is alone."""
    try:
        collection.insert_many(docs)
    except PyMongoError:
        if len(docs) > 1:
            half = len(docs) // 2
            ids = [doc["_id"] for doc in docs]
            there = {doc["_id"] for doc in collection.find({"_id": {"$in": ids}}, {"_id": 1})}
            for part in (docs[:half], docs[half:]):
                insert_what_is_taken(collection, [doc for doc in part if doc["_id"] not in there])


def fill(db, count=40):
    """Every BSON type, and every kind of collection and index that backups must keep."""
    insert_what_is_taken(db.types, [wrapped(i, raw) for i, raw in enumerate(corpus())])
    kept = db.types.count_documents({})
    assert kept > 300, f"only {kept} documents of the corpus were taken by the server"
    db.people.insert_many([{"_id": i, "email": f"u{i}@example.com", "n": i, "name": "Zoë" if i % 2 else "zoe",
                            "at": datetime.datetime(2026, 1, 1)} for i in range(count)])  # fmt: skip
    db.people.create_index("email", name="mail", unique=True, partialFilterExpression={"n": {"$gt": 5}})
    db.people.create_index("at", expireAfterSeconds=10**8)
    db.people.create_index([("name", 1), ("n", -1)], collation={"locale": "fr", "strength": 1})
    db.create_collection("capped", capped=True, size=100000, max=30)
    db.capped.insert_many([{"i": i} for i in range(40)])
    db.create_collection("checked", validator={"$jsonSchema": {"required": ["x"]}}, validationLevel="moderate")
    db.checked.insert_one({"_id": 1, "y": 1}, bypass_document_validation=True)
    db.create_collection("seen", viewOn="people", pipeline=[{"$match": {"n": {"$gt": 4}}}])
    db.create_collection("empty")
    db.create_collection("series", timeseries={"timeField": "t", "metaField": "m"})
    db.series.insert_many([{"t": datetime.datetime(2026, 1, 1, 0, 0, i), "m": i % 3, "v": i} for i in range(30)])


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

    @classmethod
    def given(cls, **more):
        """A project for all tests of the class: what they share is made once."""
        server = more.pop("server", None) or shared_server(**cls.flags)
        project = Project({}, {"dev": more}, server=server)
        cls.addClassCleanup(project.close)
        return project

    def files(self, project):
        folder = project.dir / "backups"
        return sorted(os.listdir(folder)) if folder.exists() else []

    def taken(self, project, *words):
        """The backup as `backup take --format json` tells it."""
        done = project.run("backup", "take", "--env", "dev", "--format", "json", *words, check=0, timeout=300)
        return json.loads(done.out)

    def back(self, project, suffix="back"):
        """A database beside the project's, dropped after the test: its name, and itself."""
        name = f"{project.db().name}_{suffix}"
        client = project.servers["dev"].client()
        self.addCleanup(client.drop_database, name)
        return name, client[name]

    def assert_same(self, before, after):
        """Two answers of content(), one collection at a time."""
        self.assertEqual(sorted(before), sorted(after))
        for name in before:
            for part, one, other in zip(("type", "options", "indexes", "documents"), before[name], after[name]):
                with self.subTest(collection=name, part=part):
                    self.assertEqual(one, other)

    def refused(self, project, *words, rc=6, says=""):
        done = project.run("backup", *words, "--env", "dev", timeout=120)
        self.assertEqual(done.rc, rc, done)
        self.assertIn(says, done.err)
        return done
