"""docs/tutorial.md, typed as it stands: every `sh` block, in one shell, in order."""

import os
import re
import subprocess
import unittest

import harness

TUTORIAL = harness.SOURCE_DIR / "docs/tutorial.md"
KEPT = ("PATH", "MIGTUI_CACHE", "MIGTUI_MONGOD", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")


class Tutorial(unittest.TestCase):
    def test_it_works_as_written(self):
        folder = harness.temp_dir("tutorial")
        self.addCleanup(harness.remove_dir, folder)
        env = {key: os.environ[key] for key in KEPT if key in os.environ}
        env["PATH"] = f"{harness.BINARY.parent}:{env['PATH']}"
        env |= {"HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8", "migtui_tree": str(harness.SOURCE_DIR)}
        blocks = re.findall(r"^```sh\n(.*?)^```$", TUTORIAL.read_text(), re.DOTALL | re.MULTILINE)
        # Were a block to fail, the last one would not end the servers.
        end = 'for name in dev test prod; do "$migtui_tree/scripts/server" kill --data "$lab/$name"; done'
        script = f"set -e\ntrap '[ ! -d \"$lab\" ] || {{ {end}; }}' EXIT\n" + "\n".join(blocks)
        done = subprocess.run(["bash", "-c", script], cwd=folder, env=env, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=300, check=False)  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr)
        harness.refuse_sanitizer_report(done.stderr)
        self.assertIn("20260102090000  first and last names  ✓ applied  ✓ applied  ✓ applied", done.stdout)
        self.assertIn("no longer holds", done.stderr)
        self.assertEqual([path.name for path in folder.iterdir() if path.name.startswith("tmp.")], [])
