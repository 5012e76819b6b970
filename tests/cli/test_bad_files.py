"""Every kind of broken migration file, by the built binary: the place, what was expected, and nothing is run.

No server is there: an apply that tried to reach one before it had read all files would say so instead.
"""

from harness import MigtuiTest

GOOD = '{"migtui": 1, "title": "one", "up": [{"id": "a", "createCollection": {"collection": "people"}}]}\n'


def insert(document):
    """A migration whose second line begins with that document."""
    return '{"migtui": 1, "title": "x", "up": [{"id": "a", "insert": {"collection": "c", "documents": [\n' + document + "]}}]}"


def depends(on):
    return GOOD.replace('"up"', f'\n"depends": ["{on}"], "up"')


# What: (file texts, where it is told, what is told, exit status)
BAD = {
    "a comment left open": ('{"migtui": 1,\n  /* "title": "x"}', "2:3", "the comment is not closed; expected */", 1),
    "a key twice": (insert('{"_id": 1, "n": 1, "n": 2}'), "2:20", 'the key "n" is twice in this object, first at 2:12', 1),
    "two to the 64th": (insert('{"_id": 18446744073709551616}'), "2:9", "an integer that 64 bits cannot hold; expected", 1),
    "not a number": (insert('{"_id": NaN}'), "2:9", "NaN is not JSON; expected", 1),
    "not a number as a key": (insert("{NaN: 1}"), "2:2", "expected a key in double quotes", 1),
    "an index by not a number": (
        '{"migtui": 1, "title": "x", "up": [{"id": "a", "createIndexes": {"collection": "c", "indexes": [{"name": "n",\n'
        '"key": {"n": {"$numberDouble": "NaN"}}}]}}]}', "2:9", '"n" has no direction that an index can have', 1,
    ),
    "no UTF-8": (b'{"migtui": 1,\n "title": "\xff"}', "2:12", "byte 0xFF at offset 25 is not UTF-8", 1),
    "17 MB": ('{"migtui": 1, "title": "' + 17 * 1024 * 1024 * "x" + '"}', "1:1", "expected at most 15728640 bytes", 1),
    "a thousand levels": (insert(1000 * '{"a":' + "1" + 1000 * "}"), r"2:\d+", "nested deeper than 90 levels", 1),
    "a step of no kind": (
        '{"migtui": 1, "title": "x", "up": [\n{"id": "a", "createIndex": {"collection": "c"}}]}', "2:13",
        'unknown step kind "createIndex"; did you mean "createIndexes"?', 1,
    ),
    "a step without id": (
        '{"migtui": 1, "title": "x", "up": [\n{"createCollection": {"collection": "c"}}]}', "2:1", 'the step has no "id"', 1,
    ),
    "a version twice": ({"1_one.jsonc": GOOD, "01_other.jsonc": GOOD}, "1:1", "version 1 is also that of 01_other.jsonc", 1),
    "a cycle": ({"1_one.jsonc": depends(2), "2_two.jsonc": depends(1)}, "2:13", "a cycle in depends: 1 → 2 → 1", 4),
    "a dependency that is not there": (depends(7), "2:13", "depends on 7, which is not here", 4),
}  # fmt: skip


class BadFiles(MigtuiTest):
    def check(self, texts, place, words, rc):
        p = self.project(texts if isinstance(texts, dict) else {"1_one.jsonc": texts}, offline=True)
        p.write("0_good.jsonc", GOOD)
        told = rf"[12]_\w+\.jsonc:{place}: "
        checked = p.run("verify-dir", check=rc)
        self.assertRegex(checked.out, rf"(?m)^{told}")
        self.assertIn(words, checked.out)
        applied = p.run("apply", "--env", "dev", check=rc)
        self.assertRegex(applied.err, rf"^migtui: {told}")
        self.assertIn(words, applied.err)
        self.assertEqual(applied.out, "")
        p.close()

    def test_each_is_told_with_its_place_and_nothing_is_run(self):
        for what, row in BAD.items():
            with self.subTest(what):
                self.check(*row)
