"""The pictures in screenshots/ are of the screens as they are: none is older than the golden of its view.

scripts/screenshots takes them anew; each carries the digest of the golden that was there when it was taken.
"""

import hashlib
import re
import sys
import unittest

import harness

sys.path.insert(0, str(harness.SOURCE_DIR / "scripts"))

import screen_svg  # noqa: E402

PICTURES = harness.SOURCE_DIR / "screenshots"
TAKEN = re.compile(r"<!-- made by scripts/screenshots; golden (?:none|(\S+) ([0-9a-f]{16})) -->")


class Screenshots(unittest.TestCase):
    def test_no_picture_is_older_than_its_golden(self):
        pictures = sorted(PICTURES.glob("*.svg"))
        self.assertGreater(len(pictures), 10)
        for picture in pictures:
            with self.subTest(picture.name):
                found = TAKEN.search(picture.read_text())
                self.assertIsNotNone(found, "it does not say what it was taken of")
                if found[1]:
                    golden = harness.SOURCE_DIR / "tests/golden" / found[1]
                    digest = hashlib.sha256(golden.read_bytes()).hexdigest()[:16]
                    self.assertEqual(found[2], digest, "older than its golden: run scripts/screenshots")
                self.assertTrue(picture.with_suffix(".png").exists())

    def test_the_readme_shows_pictures_that_are_there(self):
        shown = re.findall(r"screenshots/[\w.-]+", (harness.SOURCE_DIR / "README.md").read_text())
        self.assertTrue(shown)
        for name in shown:
            self.assertTrue((harness.SOURCE_DIR / name).exists(), name)

    def test_each_word_stands_where_the_terminal_had_it(self):
        capture = "\x1b[1mab\x1b[0m  \x1b[31m\x1b[7mcd\x1b[0m\n┌─┐ <&>"
        svg = screen_svg.svg(capture, 10, 2, "t", "none")
        x = screen_svg.MARGIN + 4 * screen_svg.CELL_W
        self.assertIn(f'<rect x="{x:g}"', svg)  # what is reversed has a background
        self.assertIn(">ab</text>", svg)
        self.assertIn('font-weight="bold"', svg)
        self.assertIn("&lt;&amp;&gt;", svg)
        self.assertNotIn("\x1b", svg)
        self.assertNotIn("┌", svg)  # lines are strokes
