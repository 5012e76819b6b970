"""Migration files for tests, and what status says of them.

A step is a small function: insert("seed", "people", {"_id": 1}) is {"id": "seed", "insert": {…}}; files() numbers
migrations in order, so that version(3) is the third of them.
"""

import json

ENDED_WELL = 0
FAILED = 1
PENDING = 2
LOCKED = 3
INTEGRITY = 4
REFUSED = 5
USAGE = 64
FENCED = 75
INTERRUPTED = 130


def version(number):
    return f"202601010000{number:02}"


def file_name(number):
    return f"{version(number)}_m{number}.jsonc"


def migration(*up, down=None, title="a migration", **more):
    """The text of one file. down: a list of steps; None leaves the member out."""
    document = {"migtui": 1, "title": title, **more, "up": list(up)}
    if down is not None:
        document["down"] = down
    return json.dumps(document, indent=2)


def files(*texts, first=1):
    """{file name: text}, numbered from first. A text that is a step becomes a migration of that step."""
    named = {}
    for number, text in enumerate(texts, first):
        named[file_name(number)] = text if isinstance(text, str) else migration(text, title=f"number {number}")
    return named


def step(name, kind, body, **more):
    return {"id": name, kind: body, **more}


def insert(name, collection, *documents, **more):
    return step(name, "insert", {"collection": collection, "documents": list(documents)}, **more)


def update(name, collection, query, change, *, multi=False, **more):
    return step(name, "update", {"collection": collection, "updates": [{"q": query, "u": change, "multi": multi}]}, **more)


def delete(name, collection, query, *, limit=0, **more):
    return step(name, "delete", {"collection": collection, "deletes": [{"q": query, "limit": limit}]}, **more)


def index(name, collection, key, **options):
    spec = {"key": key, "name": "_".join(key), **options}
    return step(name, "createIndexes", {"collection": collection, "indexes": [spec]})


def batch(name, collection, query, change, once, **more):
    body = {"collection": collection, "filter": query, "update": change, "exactlyOnce": once, **more}
    return step(name, "batch", body)


def shell(name, script, **more):
    """A step that runs a script of sh in the project's folder."""
    return step(name, "exec", {"run": ["sh", "-c", script]}, **more)


def gate(name="gate", **more):
    """A step that says that it is there (the file at-<name>) and waits until the file open-<name> comes."""
    return shell(name, f"touch at-{name}; while [ ! -e open-{name} ]; do sleep 0.02; done", **more)


# A batch that would show any document that is passed twice: n counts.
MARKER = ({"v": {"$lt": 2}}, [{"$set": {"n": {"$add": ["$n", 1]}, "v": 2}}], "marker")
COUNTER = ({}, {"$inc": {"n": 1}}, "transaction")


def seed(project, count, env="dev", collection="people"):
    """Documents for a batch, with a counter n and a marker v."""
    project.db(env)[collection].insert_many({"_id": number, "n": 0, "v": 1} for number in range(count))


def content(project, env="dev"):
    """Everything the database holds but what is migtui's own: documents, indexes and options by collection."""
    db = project.db(env)
    found = {}
    for info in db.list_collections(filter={"name": {"$not": {"$regex": "^migtui_"}}}):
        name, options = info["name"], info.get("options", {})
        indexes = {} if info["type"] == "view" else db[name].index_information()
        found[name] = (list(db[name].find(sort=[("_id", 1)])), indexes, options)
    return found


def environment(project, env="dev", variables=None):
    """That environment's object of status --format json. variables: of the call."""
    status = project.run("status", "--env", env, "--format", "json", env=variables).json()
    return status["environments"][0]


def states(project, env="dev", variables=None):
    """{number of the migration: state}"""
    return {int(row["version"][-2:]): row["state"] for row in environment(project, env, variables)["migrations"]}


def record(project, number, env="dev"):
    """The history's own document of a migration."""
    return project.db(env).migtui_history.find_one({"_id": version(number)})


def lock(project, env="dev"):
    return project.db(env).migtui_lock.find_one({"_id": "lock"})


def phases(project, number, env="dev"):
    return {row["id"]: row["phase"] for row in record(project, number, env)["steps"]}
