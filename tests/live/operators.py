"""Operators with database users and SSH keys of their own, on an environment that wants their approvals."""

import subprocess

from harness import shared_server

ROLES = [{"role": "readWriteAnyDatabase", "db": "admin"}, {"role": "dbAdminAnyDatabase", "db": "admin"},
         {"role": "clusterMonitor", "db": "admin"}]  # fmt: skip


class Operator:
    """A person: a database user, an SSH key and a name. Acts with run()."""

    def __init__(self, team, name, user=None, key=None, os_user=None):
        self.team, self.name, self.key = team, name, key or team.make_key(name)
        self.user = team.make_user(user or name)
        self.os_user = os_user or name

    def uri(self, server):
        scheme, rest = server.uri.split("://", 1)
        return f"{scheme}://{self.user}:pass-{self.user}@{rest.rpartition('@')[2]}"

    @property
    def env(self):
        uris = {f"URI_{name.upper()}": self.uri(server) for name, server in self.team.servers.items()}
        return uris | {"MIGTUI_SIGNING_KEY": str(self.key), "MIGTUI_OPERATOR": self.os_user}

    def run(self, *words, check=None, env=None, **options):
        return self.team.project.run(*words, check=check, env=self.env | (env or {}), **options)


class Team:
    """A project whose prod wants approvals, and the people who give them. servers: one for each environment, else all are on
    the shared one."""

    def __init__(self, test, migrations, *, signed=True, names=("ana", "ivo", "mia"), envs=("prod",), servers=None, **gate):
        self.servers = servers or dict.fromkeys(envs, shared_server(auth=True))
        self.signed = signed
        self.gate = {"approvals": 2, "approvers": list(names), "signed": signed, **gate}
        settings = {name: {"uri": f"${{URI_{name.upper()}}}", "server": server} for name, server in self.servers.items()}
        settings["prod"] |= {"protected": True, "gate": self.gate}
        self.project = test.project(migrations, envs=settings)
        self.keys = self.project.dir / "keys"
        self.keys.mkdir()
        self.signers = self.project.dir / "allowed_signers"
        self.signers.write_text("")
        for name in names:
            setattr(self, name, self.operator(name))

    def operator(self, name, **options):
        person = Operator(self, name, **options)
        if "key" not in options and self.signed:
            self.allow(name, person.key)
        return person

    def outsider(self, name):
        """Somebody with a database user and a key that nobody has admitted."""
        return Operator(self, name)

    def make_key(self, name):
        key = self.keys / name
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key], check=True, timeout=60)
        return key

    def allow(self, name, key, options="", at_end=True):
        kind, public = key.with_suffix(".pub").read_text().split()[:2]
        line = f'{name} {options}{"," if options else ""}namespaces="migtui-approval" {kind} {public}\n'
        text = self.signers.read_text()
        self.signers.write_text(text + line if at_end else line + text)

    def make_user(self, name):
        for server in set(self.servers.values()):
            admin = server.client().admin
            known = {user["user"] for user in admin.command("usersInfo")["users"]}
            if name not in known:
                admin.command("createUser", name, pwd=f"pass-{name}", roles=ROLES)
        return name

    def db(self, env="prod"):
        return self.project.db(env)

    def request(self, by, *words, check=0):
        done = by.run("request", "--env", "prod", "--reason", "release", *words, "--format", "json", check=check)
        return done.json()["request"] if check == 0 else done

    def apply(self, by, *words, count=1, check=None):
        """Applies what is planned now, named by its id."""
        plan = by.run("plan", "--env", "prod", "--format", "json").json()["planId"]
        typed = f"{self.project.environments['prod']['database']} {count}"
        return by.run("apply", "--env", "prod", "--plan", plan, "--confirm-text", typed, *words, check=check)

    def document(self, request, env="prod"):
        return self.db(env).migtui_approvals.find_one({"_id": request})

    def acts(self, env="prod"):
        rows = sorted(self.db(env).migtui_audit.find({"_id": {"$type": "number"}}), key=lambda row: row["_id"])
        return [(row["body"]["action"], row["body"]["outcome"]) for row in rows]

    def last_error(self, env="prod"):
        """The error of the newest entry of the audit."""
        row = max(self.db(env).migtui_audit.find({"_id": {"$type": "number"}}), key=lambda row: row["_id"])
        return row["body"].get("error", {}).get("message", "")
