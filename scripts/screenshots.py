"""The pictures of scripts/screenshots: a story on three servers, keys into tmux, captures out, drawn by screen_svg.py."""

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests/terminal")]

import pymongo  # noqa: E402
import screen_svg  # noqa: E402
from tmux import Tmux  # noqa: E402

BINARY = os.environ["MIGTUI_BIN"]
OUT = ROOT / "screenshots"
ENVIRONMENTS = ("dev", "test", "prod")
BIG, MIDDLE, SMALL, LEAST = (120, 36), (80, 24), (60, 15), (40, 10)

VOUCHERS = """{
  "migtui": 1,
  "title": "a voucher's code is unique",
  "up": [
    { "id": "vouchers", "createCollection": { "collection": "vouchers" } },
    { "id": "one-a-code",
      "createIndexes": {
        "collection": "vouchers",
        "indexes": [ { "key": { "code": 1 }, "name": "code_unique", "unique": true } ]
      } }
  ],
  "down": [
    { "id": "index", "dropIndexes": { "collection": "vouchers", "index": "code_unique" }, "ifMissing": "same" }
  ]
}
"""

# name, sizes, lines typed after ':' and keys pressed, what must be on the screen, the golden of the same view.
PICTURES = [
    ("matrix", (BIG, MIDDLE, SMALL, LEAST), [], "failed", "matrix"),
    ("plan", (BIG, MIDDLE), [":view plan --env prod --count 4"], "effect", "plan"),
    ("diff", (BIG,), [":view plan --env dev --at 20260615090000 --tab diff"], "added", "plan-diff"),
    ("log", (BIG, MIDDLE), [":view log --env dev --run {run}"], "The end", "log"),
    ("runs", (BIG,), [":view log"], "succeeded", "runs"),
    ("promote", (BIG, MIDDLE), [":view promote", "j"], "ates of prod", "promote"),
    ("backups", (BIG,), [":view backups"], "proven", "backups"),
    ("history", (BIG,), [":view history"], "ok: files", "history"),
    ("history", (MIDDLE,), [":view history"], "/38", "history"),
    ("audit", (BIG,), [":view audit"], "apply.start", "audit"),
    ("recover", (BIG, MIDDLE), [":view recover --env dev"], "Ways out", "recover"),
    ("errors", (BIG,), [":view errors"], "Errors of", "errors"),
    ("settings", (BIG,), [":view settings"], "leaseSeconds", "settings"),
    ("help", (BIG,), ["?"], "EVERYWHERE", None),
    ("palette", (BIG, MIDDLE), [":re\t"], "restore", None),
    ("confirm", (BIG, MIDDLE), [":rw prod 10m", ":apply --env prod --count 2 --ticket SHOP-51"], "locked until", None),
]

# On a host and in a folder that are the same wherever the pictures are taken.
PLACE = """
mount --bind "$1" /srv && hostname bastion-2 && cd /srv/shop && shift && exec "$@"
"""


def place(folder, *words):
    return ["unshare", "-r", "--uts", "-m", "sh", "-c", PLACE, "place", str(folder), *map(str, words)]


class Story:
    """Three servers, the example project in them, and what went wrong today."""

    def __init__(self):
        self.dir = Path(tempfile.mkdtemp(prefix="migtui-pictures-"))
        self.project = self.dir / "shop"
        self.env = dict(os.environ, XDG_STATE_HOME=str(self.dir / "state"), MIGTUI_OPERATOR="ana")
        shutil.copytree(ROOT / "examples/shop", self.project)
        started = {
            name: subprocess.Popen(
                [ROOT / "scripts/server", "start", "--data", self.dir / name], stdout=subprocess.PIPE, text=True
            )
            for name in ENVIRONMENTS
        }
        for name, process in started.items():
            self.env[f"MONGO_URL_{name.upper()}"] = process.communicate(timeout=120)[0].strip()

    def close(self):
        for name in ENVIRONMENTS:
            subprocess.run([ROOT / "scripts/server", "kill", "--data", self.dir / name], check=False, timeout=60)
        shutil.rmtree(self.dir, ignore_errors=True)

    def db(self, name):
        return pymongo.MongoClient(self.env[f"MONGO_URL_{name.upper()}"]).shop

    def run(self, *words, status=0):
        done = subprocess.run(
            place(self.dir, BINARY, *words), env=self.env, capture_output=True, text=True, timeout=300, check=False
        )
        if done.returncode != status:
            raise SystemExit(f"migtui {' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def tell(self):
        self.run("apply", "--env", "dev", "--ticket", "SHOP-38")
        self.run("apply", "--env", "test", "--count", "14", "--ticket", "SHOP-41")
        self.run("plan", "--env", "prod", "--count", "7", "--out", "prod.plan", status=2)
        self.run("apply", "prod.plan", "--confirm-text", "shop 7", "--ticket", "SHOP-42", "--reason", "orders before Easter")
        self.run("backup", "take", "--env", "prod", "--reason", "before the summer sale")
        self.db("test").orders.create_index("placedAt", name="by_hand")
        self.db("dev").vouchers.insert_many([{"_id": 1, "code": "SPRING10"}, {"_id": 2, "code": "SPRING10"}])
        (self.project / "migrations/20260706090000_vouchers.jsonc").write_text(VOUCHERS)
        self.run("verify-dir", "--write")
        self.run("apply", "--env", "dev", "--ticket", "SHOP-44", status=1)
        edited = self.project / "migrations/20260615090000_invoice_numbers.jsonc"
        edited.write_text(edited.read_text().replace("100000", "200000"))
        self.run("verify-dir", "--write")
        self.age()
        found = re.search(r'"run": "(\w+)"', self.run("runs", "--env", "dev", "--format", "json"))
        return {"run": found[1]}


    def age(self):
        """As if it had been told over a week: else everything ran just now."""
        minutes = {"dev": 6 * 1440 + 300, "test": 4 * 1440 + 95, "prod": 2 * 1440 + 200}
        for name, back in minutes.items():
            for collection, failed in (("history", {"state": "failed"}), ("runs", {"status": "failed"})):
                for of, ago in ((failed, 21), ({next(iter(failed)): {"$ne": "failed"}}, back)):
                    for field in ("startedAt", "endedAt"):
                        then = {"$dateSubtract": {"startDate": f"${field}", "unit": "minute", "amount": ago}}
                        self.db(name)[f"migtui_{collection}"].update_many(
                            {**of, field: {"$exists": True}}, [{"$set": {field: then}}]
                        )


def digest_of(golden, cols, rows):
    path = ROOT / f"tests/golden/{golden}-{cols}x{rows}.txt" if golden else None
    if not path or not path.exists():
        return "none"
    return f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()[:16]}"


def is_whole(screen):
    """Every answer is there."""
    drift = [line for line in screen.split("\n") if "schema drift" in line]
    asks = re.search("[Aa]sking|not answered yet|not known yet", screen)
    return not asks and all(len(re.findall(r"\d+ of \d+", line)) == len(ENVIRONMENTS) for line in drift)


def take(story, facts, picture, size):
    name, _, acts, wanted, golden = picture
    cols, rows = size
    keep = {key: story.env[key] for key in story.env if key.startswith(("MONGO_URL_", "XDG_", "MIGTUI_OPERATOR"))}
    terminal = Tmux(cols, rows, **keep)
    try:
        terminal.run(f"clear; {shlex.join(place(story.dir, BINARY))}")
        terminal.wait(lambda screen: "1 failed" in screen and "looking" not in screen and "..." not in screen.split("\n")[0])
        for act in acts:
            if act.startswith(":"):
                terminal.type(act.rstrip("\t").format(**facts))
                terminal.press("Tab" if act.endswith("\t") else "Enter")  # half a command is completed
            else:
                terminal.type(act)
        terminal.wait(lambda screen: wanted in screen and is_whole(screen))
        capture = terminal.tmux("capture-pane", "-e", "-p", "-N")
    finally:
        terminal.close()
    target = OUT / f"{name}-{cols}x{rows}.svg"
    target.write_text(screen_svg.svg(capture, cols, rows, f"migtui: {name}, {cols}x{rows}", digest_of(golden, cols, rows)))
    subprocess.run(["rsvg-convert", "-o", target.with_suffix(".png"), target], check=True, timeout=60)
    print(target.relative_to(ROOT))


def main(names):
    OUT.mkdir(exist_ok=True)
    story = Story()
    try:
        facts = story.tell()
        for picture in PICTURES:
            for size in picture[1]:
                full = f"{picture[0]}-{size[0]}x{size[1]}"
                if not names or any(full.startswith(name) for name in names):
                    take(story, facts, picture, size)
    finally:
        story.close()


main(sys.argv[1:])
