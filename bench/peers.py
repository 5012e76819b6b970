"""1,000 migrations of one insert each, by migtui, golang-migrate and migrate-mongo on one server, near and 5 ms away.

"MongoDB 7.0" is the same server through a proxy whose hello says so, which leaves migtui without bulkWrite.
The peers are pinned: peers/package-lock.json, and GOLANG_MIGRATE below, which Go's checksum database vouches for.
"""

import json
import os
import shutil
import subprocess
import uuid
from pathlib import Path

from common import (BUILD, RESIDENT_LIMIT_MB, Report, file_name, harness, main, measured, median, migtui, one_insert, ratio,
                    resident, rounds, spread, verdict)  # fmt: skip
from delay_proxy import WIRE_7_0, Proxy, own

GOLANG_MIGRATE = "github.com/golang-migrate/migrate/v4/cmd/migrate@v4.18.3"
MIGRATE_MONGO = "migrate-mongo 14.0.7"
COUNT = int(os.environ.get("MIGTUI_BENCH_MIGRATIONS", "1000"))
FAR_MS = 5
ANY_SERVER, WITH_BULK_WRITE = 3, 15  # how much faster than either peer, 5 ms away


def need(program):
    if not shutil.which(program):
        raise SystemExit(f"bench peers needs {program}")


def install_golang_migrate():
    program = BUILD / "go" / "migrate"
    if not program.exists():
        need("go")
        env = os.environ | {"GOBIN": str(program.parent), "GOFLAGS": "-trimpath"}
        subprocess.run(["go", "install", "-tags", "mongodb", GOLANG_MIGRATE], env=env, check=True)
    return program


def install_migrate_mongo():
    folder = BUILD / "migrate-mongo"
    program = folder / "node_modules/migrate-mongo/bin/migrate-mongo.js"
    locked = Path(__file__).parent / "peers"
    if not program.exists():
        need("npm")
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(locked / name, folder / name)
        subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=folder, check=True)
    return program


class Peer:
    """A folder of migrations for one tool; up(uri) applies them to a database that nobody has used."""

    def __init__(self, server, count):
        self.server, self.count = server, count
        self.dir = harness.temp_dir("peer")
        self.write()

    def up(self, uri):
        database = f"peer_{uuid.uuid4().hex[:10]}"
        run = self.run(uri, database)
        client = self.server.client()
        found = client[database].things.count_documents({})
        client.drop_database(database)
        if found != self.count:
            raise SystemExit(f"{type(self).__name__}: {found} of {self.count} documents\n{run.out}\n{run.err}")
        return run


class GolangMigrate(Peer):
    def write(self):
        for number in range(self.count):
            text = json.dumps([{"insert": "things", "documents": [one_insert(number)]}])
            (self.dir / f"{number + 1:05}_m{number}.up.json").write_text(text)

    def run(self, uri, database):
        place = uri.replace("/?", f"/{database}?")
        return measured(install_golang_migrate(), "-path", self.dir, "-database", place, "up")


class MigrateMongo(Peer):
    def write(self):
        (self.dir / "migrations").mkdir()
        for number in range(self.count):
            text = f"await db.collection('things').insertOne({json.dumps(one_insert(number))});"
            text = f"module.exports = {{\n  async up(db) {{ {text} }},\n  async down() {{}},\n}};\n"
            (self.dir / "migrations" / f"{20260101000000 + number}-m{number}.js").write_text(text)

    def run(self, uri, database):
        config = {
            "mongodb": {"url": uri, "databaseName": database, "options": {}}, "migrationsDir": "migrations",
            "changelogCollectionName": "changelog", "lockCollectionName": "changelog_lock", "lockTtl": 0,
            "migrationFileExtension": ".js", "useFileHash": False, "moduleSystem": "commonjs",
        }  # fmt: skip
        (self.dir / "migrate-mongo-config.js").write_text(f"module.exports = {json.dumps(config)};\n")
        return measured("node", install_migrate_mongo(), "up", cwd=self.dir)


class Migtui:
    def __init__(self, server, count):
        self.server, self.count = server, count
        self.files = {}
        for number in range(count):
            step = {"id": "seed", "insert": {"collection": "things", "documents": [one_insert(number)]}}
            document = {"migtui": 1, "title": f"number {number}", "up": [step]}
            self.files[file_name(number)] = json.dumps(document)

    def up(self, uri):
        project = harness.Project(self.files, {"dev": {"uri": uri}}, server=self.server)
        try:
            run = migtui(project, "apply", "--env", "dev")
            found = project.db().things.count_documents({})
            if found != self.count:
                raise SystemExit(f"migtui: {found} of {self.count} documents\n{run.out[-2000:]}\n{run.err}")
        finally:
            project.close()
        return run


def round_trips(server, delay_ms, make, wire=None):
    """Commands of one run, by name."""
    with Proxy(server.address, delay_ms, wire) as proxy:
        make.up(proxy.uri)
        return own(proxy.counts())


def told(counts):
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def bench():
    server = harness.Server()
    ours, theirs = Migtui(server, COUNT), {"golang-migrate 4.18.3": GolangMigrate, MIGRATE_MONGO: MigrateMongo}
    peers = {name: peer(server, COUNT) for name, peer in theirs.items()}
    install_golang_migrate(), install_migrate_mongo()
    near, far = Proxy(server.address), Proxy(server.address, FAR_MS)
    near_old, far_old = Proxy(server.address, 0, WIRE_7_0), Proxy(server.address, FAR_MS, WIRE_7_0)
    direct = "mongodb://{}:{}/?directConnection=true".format(*server.address)
    old = "migtui, as on MongoDB 7.0"
    contestants = {}
    for name, peer in {"migtui": ours, **peers}.items():
        contestants[name, "direct"] = lambda peer=peer: peer.up(direct)
        contestants[name, "near"] = lambda peer=peer: peer.up(near.uri)
        contestants[name, "far"] = lambda peer=peer: peer.up(far.uri)
    contestants[old, "near"] = lambda: ours.up(near_old.uri)
    contestants[old, "far"] = lambda: ours.up(far_old.uri)
    found = rounds(contestants)

    with Report("peers", f"{COUNT} migrations of one insert each, by three tools", server) as report:
        report.say(f"Seconds: the median, and the fastest and slowest round. Far: each reply {FAR_MS} ms later.")
        rows = []
        for name in ("migtui", old, *peers):
            cells = [spread(found[name, way]) if (name, way) in found else "" for way in ("direct", "near", "far")]
            runs = [run for (who, _), many in found.items() if who == name for run in many]
            rows.append([name, *cells, resident(runs)])
        report.table(["tool", "no proxy", "proxy", f"proxy, {FAR_MS} ms", "resident MB, most"], rows)

        report.say("How many times as long as migtui the peers take:")
        rows = []
        for peer in peers:
            new, without = median(found["migtui", "far"]), median(found[old, "far"])
            far_peer = median(found[peer, "far"])
            rows.append([peer, ratio(median(found[peer, "direct"]), median(found["migtui", "direct"])),
                         ratio(far_peer, new), verdict(far_peer >= WITH_BULK_WRITE * new),
                         ratio(far_peer, without), verdict(far_peer >= ANY_SERVER * without)])  # fmt: skip
        report.table(["peer", "no proxy", f"{FAR_MS} ms", f"≥ {WITH_BULK_WRITE}", f"{FAR_MS} ms, without bulkWrite",
                      f"≥ {ANY_SERVER}"], rows)  # fmt: skip
        most = max(run.resident_mb for (who, _), many in found.items() if who.startswith("migtui") for run in many)
        report.say(f"Resident memory of migtui below {RESIDENT_LIMIT_MB} MB: {verdict(most < RESIDENT_LIMIT_MB)}.")

        report.say("Commands sent in one run (the drivers' own hellos and endSessions left out):")
        rows = []
        for name, make, wire in (("migtui", Migtui, None), (old, Migtui, WIRE_7_0),
                                 *((name, peer, None) for name, peer in theirs.items())):  # fmt: skip
            few, many = (round_trips(server, 0, make(server, count), wire) for count in (1, COUNT))
            each = (sum(many.values()) - sum(few.values())) / (COUNT - 1)
            rows.append([name, sum(few.values()), sum(many.values()), f"{each:.2f}", told(many)])
        report.table(["tool", "1 migration", f"{COUNT} migrations", "each further one", "by name"], rows)


if __name__ == "__main__":
    main(bench)
