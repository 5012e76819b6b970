/* rows.h - the one place where an option is written down.
 *
 * X(key, TYPE, member, NEED or OPT, default, low, high, choices, doc)   one value
 * L(key, TYPE, member, NEED or OPT, default, low, high, choices, doc)   a list of such values
 *
 * From a row come: the member of the raw struct and the libcyaml field (schema.h, schema.c), the row of the
 * options table (options.c), and through that table the checks, `config show` and the documentation. The
 * struct of config.h must have a member of that name and of the type's C type (value.c).
 */
#ifndef MIG_CONFIG_ROWS_H
#define MIG_CONFIG_ROWS_H

#define CFG_MS_MINUTE (60 * 1000LL)
#define CFG_MS_HOUR   (60 * CFG_MS_MINUTE)
#define CFG_MS_DAY    (24 * CFG_MS_HOUR)

// clang-format off

#define CFG_TOP_ROWS(X, L) \
    X("version", INTEGER, version, OPT, "1", 1, 1, NULL, \
      "layout of this file") \
    X("project", TEXT, project, NEED, NULL, 1, 100, NULL, \
      "name of the project; every environment's history carries it") \
    X("migrations", PATH, migrations, OPT, "migrations", 1, 4096, NULL, \
      "folder of the migration files, relative to this file, or registry:NAME") \
    X("prefix", PREFIX, prefix, OPT, "migtui_", 1, 32, NULL, \
      "what the names of migtui's own collections begin with") \
    X("leaseSeconds", INTEGER, lease_seconds, OPT, "30", 5, 300, NULL, \
      "how long a run that fell silent keeps its lock") \
    X("batchTargetMs", INTEGER, batch_target_ms, OPT, "200", 10, 60000, NULL, \
      "how many milliseconds one range of a batch should take; its size follows") \
    X("connectTimeoutMs", INTEGER, connect_timeout_ms, OPT, "5000", 100, 120000, NULL, \
      "how many milliseconds a server may take to answer a connection") \
    X("lockWait", DURATION, lock_wait_ms, OPT, "0s", 0, CFG_MS_DAY, NULL, \
      "how long a run waits for a lock that another run holds") \
    X("backups", PATH, backups, OPT, "backups", 1, 4096, NULL, \
      "folder where backups are written, relative to this file") \
    X("backupKeep", INTEGER, backup_keep, OPT, "7", 1, 10000, NULL, \
      "how many finished backups of each environment backup prune keeps whatever their age") \
    X("backupKeepFor", DURATION, backup_keep_ms, OPT, "30d", 0, 3650 * CFG_MS_DAY, NULL, \
      "backup prune removes older ones")

#define CFG_ENVIRONMENT_ROWS(X, L) \
    X("name", NAME, name, NEED, NULL, 1, 32, NULL, \
      "what it is called everywhere; unique; the list's order is the path of promotion") \
    X("uri", URI, uri, NEED, NULL, 1, 4096, NULL, \
      "MongoDB connection string; credentials come from a reference, not from this file") \
    X("database", DATABASE, database, NEED, NULL, 1, 63, NULL, \
      "the database that is migrated; it holds migtui's collections too") \
    X("protected", BOOL, is_protected, OPT, "false", 0, 0, NULL, \
      "writing needs typed confirmation, and what is unknown counts as failed") \
    X("order", CHOICE, order, OPT, "linear", 0, 0, "linear|skip|any", \
      "a migration older than the newest applied one blocks (linear), is left out (skip) or runs (any)") \
    X("replicaSet", TEXT, replica_set, OPT, NULL, 1, 127, NULL, \
      "name of the replica set that must answer")

#define CFG_GATE_ROWS(X, L) \
    X("rehearsedIn", NAME, rehearsed_in, OPT, NULL, 1, 32, NULL, \
      "an earlier environment where the same migrations must have succeeded") \
    X("approvals", INTEGER, approvals, OPT, "0", 0, 16, NULL, \
      "how many people must approve the plan") \
    L("approvers", TEXT, approvers, OPT, NULL, 1, 128, NULL, \
      "who may approve; anyone when there is no list") \
    X("selfApproval", BOOL, self_approval, OPT, "false", 0, 0, NULL, \
      "who requests may be one of those who approve") \
    X("signed", BOOL, is_signed, OPT, "false", 0, 0, NULL, \
      "an approval needs an SSH signature") \
    X("allowedSigners", PATH, allowed_signers, OPT, "allowed_signers", 1, 4096, NULL, \
      "keys that may sign, in the format of ssh-keygen, relative to this file") \
    X("revokedSigners", PATH, revoked_signers, OPT, NULL, 1, 4096, NULL, \
      "keys that no longer count: a KRL of ssh-keygen, or public keys, one a line; relative to this file") \
    X("expires", DURATION, expires_ms, OPT, "24h", CFG_MS_MINUTE, 60 * CFG_MS_DAY, NULL, \
      "how long a request and its approvals are good for") \
    X("maxReplicationLag", DURATION, max_replication_lag_ms, OPT, NULL, 100, CFG_MS_DAY, NULL, \
      "how far the slowest secondary may be behind") \
    X("breakGlass", BOOL, break_glass, OPT, "false", 0, 0, NULL, \
      "a run without approval is possible: typed name, a reason, everyone is told")

#define CFG_WINDOW_ROWS(X, L) \
    X("days", DAYS, days, OPT, "Mon-Sun", 0, 0, NULL, \
      "days on which a run may start") \
    X("from", CLOCK, from, OPT, "00:00", 0, 1439, NULL, \
      "first minute at which a run may start") \
    X("to", CLOCK, to, OPT, "24:00", 0, 1440, NULL, \
      "the minute from which no run may start; before `from`, it is that of the next day") \
    X("zone", ZONE, zone, OPT, "UTC", 1, 64, NULL, \
      "time zone of days, from and to")

#define CFG_BACKUP_ROWS(X, L) \
    X("method", CHOICE, method, OPT, "archive", 0, 0, "archive|mongodump|atlas|exec", \
      "who takes the backup: migtui, mongodump, the Atlas API, or a command") \
    X("maxAge", DURATION, max_age_ms, OPT, "24h", CFG_MS_MINUTE, 365 * CFG_MS_DAY, NULL, \
      "how old the newest backup may be") \
    X("verify", BOOL, verify, OPT, "true", 0, 0, NULL, \
      "only a backup that was read back whole counts") \
    X("command", COMMAND, command, OPT, NULL, 1, 4096, NULL, \
      "the command of method exec")

#define CFG_ATLAS_ROWS(X, L) \
    X("project", HEX, project, NEED, NULL, 24, 24, NULL, \
      "id of the Atlas project") \
    X("cluster", TEXT, cluster, NEED, NULL, 1, 64, NULL, \
      "name of the cluster") \
    X("url", TEXT, url, OPT, "https://cloud.mongodb.com", 8, 512, NULL, \
      "where the Administration API is")

#define CFG_CREDENTIALS_ROWS(X, L) \
    X("clientId", SECRET, client_id, OPT, NULL, 1, 4096, NULL, \
      "service account: id") \
    X("clientSecret", SECRET, client_secret, OPT, NULL, 1, 4096, NULL, \
      "service account: secret") \
    X("publicKey", SECRET, public_key, OPT, NULL, 1, 4096, NULL, \
      "API key: public half") \
    X("privateKey", SECRET, private_key, OPT, NULL, 1, 4096, NULL, \
      "API key: private half")

#define CFG_NOTIFY_ROWS(X, L) \
    X("name", NAME, name, NEED, NULL, 1, 32, NULL, \
      "what the channel is called; unique") \
    X("slack", SECRET, slack, OPT, NULL, 1, 4096, NULL, \
      "URL of a Slack incoming webhook") \
    X("teams", SECRET, teams, OPT, NULL, 1, 4096, NULL, \
      "URL of a Microsoft Teams workflow") \
    X("webhook", SECRET, webhook, OPT, NULL, 1, 4096, NULL, \
      "URL that is sent the event as JSON") \
    X("signingKey", SECRET, webhook_key, OPT, NULL, 1, 4096, NULL, \
      "key that signs what is sent to webhook (Standard Webhooks)") \
    L("on", CHOICE, on, OPT, "approval.requested,run.finished,run.failed", 0, 0, CFG_EVENTS, \
      "events that are sent") \
    L("environments", NAME, environments, OPT, NULL, 1, 32, NULL, \
      "environments whose events are sent; all when there is no list")

#define CFG_EMAIL_ROWS(X, L) \
    L("to", TEXT, to, NEED, NULL, 3, 254, NULL, \
      "addresses of the readers") \
    X("from", TEXT, from, NEED, NULL, 3, 254, NULL, \
      "address of the sender") \
    X("smtp", SECRET, smtp, NEED, NULL, 1, 4096, NULL, \
      "smtp://user:password@host:587 or smtps://…")

// clang-format on

#endif
