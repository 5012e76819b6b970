"""A backup of two hundred thousand documents, and of documents of several megabytes: every byte of them comes back.

Filling the database is what takes long, on SecantusDB in Python more than twenty minutes where others work too:
MIGTUI_TEST_URI names a faster server (secantusd-rs: half a minute in all).
"""

import hashlib
import os
import unittest

from backups import BackupTest
from harness import LONG

MANY, AT_ONCE = 200_000, 20_000


def digest(collection):
    """(documents, SHA-256 of all of them by _id, as bytes), without taking one apart."""
    sha = hashlib.sha256()
    for batch in collection.find_raw_batches(sort=[("_id", 1)]):
        sha.update(batch)
    return collection.count_documents({}), sha.hexdigest()


@unittest.skipUnless(LONG, "takes minutes: MIGTUI_TEST_LONG=1")
class Large(BackupTest):
    def test_two_hundred_thousand_documents_and_documents_of_many_megabytes(self):
        project = self.environment()
        db = project.db()
        for start in range(0, MANY, AT_ONCE):
            db.many.insert_many([{"_id": i, "text": f"document {i} of many", "n": i * 7} for i in range(start, start + AT_ONCE)],
                                ordered=False)  # fmt: skip
        db.large.insert_many([{"_id": i, "blob": os.urandom(5_000_000)} for i in range(3)])
        before = {name: digest(db[name]) for name in ("many", "large")}
        self.assertEqual([before[name][0] for name in ("many", "large")], [MANY, 3])
        backup = self.taken(project)
        self.assertEqual(backup["proof"], "ok")
        name, back = self.back(project)
        project.run("restore", "--env", "dev", "--into", name, "--quiet", check=0, timeout=1500)
        self.assertEqual(before, {name: digest(back[name]) for name in before})


if __name__ == "__main__":
    unittest.main()
