/* config.h - what migtui.yaml, .env, the environment and the flags say, checked and immutable.
 *
 * Pure: the text of the files is given, nothing is read, no secret is resolved (config/secret.h says how one
 * is described, core/io/secret_source.h fetches it). Files are found and read by core/io/config_file.h.
 *
 * Every option is a row of config/rows.h; this header has the structs that those rows fill, member by member.
 * Ownership: cfg_config_free frees everything; pointers handed out live as long as the configuration.
 * Threads: immutable once loaded (cfg_warn is for the loader), so any thread may read it.
 */
#ifndef MIG_CONFIG_CONFIG_H
#define MIG_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "config/dotenv.h"
#include "config/options.h"
#include "config/secret.h"
#include "model/plan.h"

#define CFG_FILE_NAME        "migtui.yaml"
#define CFG_FILE_MAX         ((size_t)1024 * 1024)
#define CFG_ENVIRONMENTS_MAX 32

struct cfg_list {
    char **items;
    size_t count;
};

/* When runs may start. from > to goes past midnight and belongs to the day it began on; from is never to. */
struct cfg_window {
    uint32_t days; /* bit 0: Monday … bit 6: Sunday; never 0 */
    int64_t from;  /* minutes since midnight in zone, 0..1440 */
    int64_t to;
    char *zone; /* name in the time zone database */
};

enum cfg_backup_method { CFG_BACKUP_ARCHIVE, CFG_BACKUP_MONGODUMP, CFG_BACKUP_ATLAS, CFG_BACKUP_EXEC };

struct cfg_backup {
    enum cfg_backup_method method;
    int64_t max_age_ms;
    bool verify;
    char *command; /* of method exec; else NULL */
};

/* What must hold before a run on the environment may start. Somebody can pass it: that was checked. */
struct cfg_gate {
    char *rehearsed_in; /* name of an earlier environment, or NULL */
    int64_t approvals;
    struct cfg_list approvers; /* empty: anyone but the requester */
    bool self_approval;
    bool is_signed;
    char *allowed_signers; /* path */
    char *revoked_signers; /* path, or NULL */
    int64_t expires_ms;
    int64_t max_replication_lag_ms; /* 0: not asked for */
    bool break_glass;
    bool has_window;
    struct cfg_window window;
    bool has_backup;
    struct cfg_backup backup;
};

/* A service account (clientId, clientSecret) or an API key (publicKey, privateKey); the other pair is empty.
 * */
struct cfg_credentials {
    struct cfg_secret_ref client_id;
    struct cfg_secret_ref client_secret;
    struct cfg_secret_ref public_key;
    struct cfg_secret_ref private_key;
};

struct cfg_atlas {
    char *project; /* 24 hex digits */
    char *cluster;
    char *url;
    bool has_credentials; /* always true: they are asked for */
    struct cfg_credentials credentials;
    char *disabled_reason; /* NULL, or why the Atlas API can't be used */
};

struct cfg_environment {
    char *name;
    struct cfg_secret_ref uri;
    char *database;
    bool is_protected;
    enum mig_order order;
    char *replica_set; /* name the server must report, or NULL */
    bool has_gate;
    struct cfg_gate gate; /* zeroed without has_gate */
    bool has_atlas;
    struct cfg_atlas atlas;
    /* NULL, or why this environment can't be used: "MONGO_URL_DEV is not set (uri of environment dev)" */
    char *disabled_reason;
};

struct cfg_email {
    struct cfg_list to;
    char *from;
    struct cfg_secret_ref smtp; /* smtp://user:password@host:587 or smtps:// */
};

/* One channel: exactly one of slack, teams, webhook and email is there. */
struct cfg_notify {
    char *name;
    struct cfg_secret_ref slack;
    struct cfg_secret_ref teams;
    struct cfg_secret_ref webhook;
    struct cfg_secret_ref webhook_key; /* signs webhook (Standard Webhooks), or none */
    struct cfg_list on;                /* words of CFG_EVENTS */
    struct cfg_list environments;      /* empty: all */
    bool has_email;
    struct cfg_email email;
    char *disabled_reason;
};

/* What a channel can be told of. An opened break glass is told to every channel, whatever it asks for. */
#define CFG_EVENTS \
    "approval.requested|approval.approved|approval.rejected|run.started|run.finished|run.failed|" \
    "backup.finished|backup.failed|drift.found|lock.takenOver|breakGlass.opened|breakGlass.closed"

enum cfg_from { CFG_FROM_DEFAULT, CFG_FROM_FILE, CFG_FROM_DOTENV, CFG_FROM_ENV, CFG_FROM_FLAG };

/* Where a value came from. line, column: of the value, for FILE and DOTENV. */
struct cfg_origin {
    enum cfg_from from;
    int line;
    int column;
};

/* One option as it stands. */
struct cfg_value {
    const struct cfg_option *option;
    char *name; /* "prefix", "environments.prod.gate.approvals" */
    char *text; /* as written; redacted when the option is a secret */
    struct cfg_origin origin;
    char *
        names; /* of a secret with ${NAME} in it: where each is from, as "MONGO_URL_DEV from .env:2"; else NULL */
};

struct cfg_config {
    char *file;        /* as given to the loader */
    char *dir;         /* what relative paths of the file are relative to */
    char *dotenv_name; /* as given to the loader */
    int64_t version;
    char *project;
    char *migrations; /* a path, resolved; or "registry:NAME" */
    char *prefix;
    int64_t lease_seconds;
    int64_t batch_target_ms;
    int64_t connect_timeout_ms;
    int64_t lock_wait_ms;
    char *backups; /* a folder, resolved */
    int64_t backup_keep;
    int64_t backup_keep_ms;
    struct cfg_environment *environments; /* in order of promotion; at least one */
    size_t environment_count;
    struct cfg_notify *notify;
    size_t notify_count;
    struct cfg_dotenv dotenv;     /* secrets may be among them; zeroed when freed */
    struct cfg_list secret_names; /* every NAME that a ${NAME} names: no child process needs to see them */
    struct cfg_value *values;     /* in the order of the options table, environment by environment */
    size_t value_count;
    size_t value_room;
    char **warnings; /* "migtui.yaml:7:10: …": odd, not wrong */
    size_t warning_count;
    size_t warning_room;
};

/* A flag that was given: name is the option's ("leaseSeconds"), shown as "--lease-seconds". */
struct cfg_flag {
    const char *name;
    const char *value;
};

/* What the file's text is read with. All borrowed, all may be zero. */
struct cfg_inputs {
    const char *dir;    /* the file's folder: what its paths and those of .env are relative to; NULL: "." */
    const char *cwd;    /* what paths of flags and variables are relative to; NULL: they stay as they are */
    const char *dotenv; /* text of .env, NULL when there is none */
    size_t dotenv_len;
    const char *dotenv_name; /* NULL: ".env" */
    const struct cfg_flag *flags;
    size_t flag_count;
    const char *(*getenv)(void *ctx, const char *name); /* NULL: nothing is set */
    bool (*zone_known)(void *ctx, const char *zone);    /* NULL: any name of the right form is believed */
    void *ctx;
};

/* Load from memory. Precedence: flag > environment variable > .env > file > default; an empty variable counts
 * as none. Fails with MIG_ERR_CONFIG ("FILE:LINE:COLUMN: …"), MIG_ERR_LIMIT, or MIG_ERR_USAGE for a bad flag.
 * A secret that is not set does not fail: it disables its environment (.disabled_reason). text needs no NUL.
 * */
bool cfg_load_text(const char *file_name, const char *text, size_t len, const struct cfg_inputs *inputs,
                   struct cfg_config **ret, struct mig_error *err) MIG_MUST_CHECK;

void cfg_config_free(struct cfg_config *config); /* NULL is fine */

/* NULL when there is none of that name. */
const struct cfg_environment *cfg_environment_find(const struct cfg_config *config, const char *name);

bool cfg_list_has(const struct cfg_list *list, const char *text);

/* True when the channel asks for the event on that environment. */
bool cfg_notify_wants(const struct cfg_notify *notify, const char *event, const char *environment);

/* The value of that name ("environments.prod.uri"), or NULL when it was not set and has no default. */
const struct cfg_value *cfg_value_find(const struct cfg_config *config, const char *name);

/* Append "default", "migtui.yaml:12", "env MIGTUI_PREFIX", ".env:3" or "flag --prefix". */
void cfg_origin_print(const struct cfg_config *config, const struct cfg_value *value, struct mig_buf *out);

/* What `migtui config show` prints: one line a value; the same as JSON. Secrets and URIs are redacted. */
void cfg_show(const struct cfg_config *config, struct mig_buf *out, bool with_origin);
void cfg_show_json(const struct cfg_config *config, struct mig_buf *out, bool with_origin);

/* docs/reference/configuration.md, from the options table. */
void cfg_reference(struct mig_buf *out);

/* The commented file that `migtui init` writes. It loads. */
void cfg_template(struct mig_buf *out, const char *project);

/* For loaders: add a warning. */
void cfg_warn(struct cfg_config *config, const char *fmt, ...) MIG_PRINTF(2, 3);

/* One environment's resolved URI; borrowed. */
struct cfg_target {
    const char *environment;
    const char *uri;
    const char *database;
};

/* No two targets may be one database: fails (MIG_ERR_CONFIG) naming the first two that share a host and the
 * database's name. Hosts are compared as written but for case, order and the default port; a URI that cannot
 * be read is passed over, connecting to it will tell. */
bool cfg_check_distinct(const struct cfg_target *targets, size_t count, struct mig_error *err) MIG_MUST_CHECK;

#endif
