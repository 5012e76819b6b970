"""A backup of two hundred thousand documents, and of documents of several megabytes."""

import os
import unittest

from backups import RAW, BackupTest
from harness import LONG


@unittest.skipUnless(LONG, "takes minutes: MIGTUI_TEST_LONG=1")
class Large(BackupTest):
    def test_two_hundred_thousand_documents_and_documents_of_many_megabytes(self):
        project = self.environment()
        db = project.db()
        for start in range(0, 200000, 20000):
            db.many.insert_many([{"_id": i, "text": f"document {i} of many", "n": i * 7} for i in range(start, start + 20000)],
                                ordered=False)  # fmt: skip
        db.large.insert_many([{"_id": i, "blob": os.urandom(5_000_000)} for i in range(3)])
        backup = self.taken(project)
        self.assertEqual(backup["proof"], "ok")
        target = self.drop_after(project, db.name + "_back")
        project.run("restore", "--env", "dev", "--into", target, "--quiet", check=0, timeout=500)
        back = project.servers["dev"].client()[target]
        for name in ("many", "large"):
            before = sorted(bytes(doc.raw) for doc in db.get_collection(name, codec_options=RAW).find())
            after = sorted(bytes(doc.raw) for doc in back.get_collection(name, codec_options=RAW).find())
            self.assertEqual(len(before), len(after))
            self.assertTrue(before == after, f"{name} differs")


if __name__ == "__main__":
    unittest.main()
