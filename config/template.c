/* template.c - the file that `migtui init` writes: short, and every line in it works. */
#include "config/config.h"

static const char before_project[] =
    "# What migtui works on. Every key: docs/reference/configuration.md, or `man migtui.yaml`.\n"
    "# `migtui config show --origin` tells where each value came from.\n"
    "version: 1\n"
    "project: \"";

static const char after_project[] =
    "\"\n"
    "migrations: migrations            # folder of the migration files\n"
    "\n"
    "# Their order is the path of promotion. Connection strings come from the environment, from .env beside\n"
    "# this file, or from file:PATH or cmd:COMMAND; keep them out of the repository.\n"
    "environments:\n"
    "  - name: dev\n"
    "    uri: ${MONGO_URL_DEV}\n"
    "    database: app\n"
    "    order: any                    # older migrations may come late\n"
    "\n"
    "  - name: test\n"
    "    uri: ${MONGO_URL_TEST}\n"
    "    database: app\n"
    "\n"
    "  - name: prod\n"
    "    uri: ${MONGO_URL_PROD}\n"
    "    database: app\n"
    "    protected: true\n"
    "    gate:\n"
    "      rehearsedIn: test           # the same migrations must have succeeded there\n"
    "      approvals: 1                # by someone else than who requests\n"
    "      expires: 24h\n"
    "      backup: { method: archive, maxAge: 1h, verify: true }\n"
    "      # approvers: [ana, ivo]     # only these may approve\n"
    "      # signed: true              # with an SSH signature, checked against allowed_signers\n"
    "      # window: { days: Mon-Thu, from: \"08:00\", to: \"16:00\", zone: Europe/Paris }\n"
    "      # maxReplicationLag: 10s\n"
    "\n"
    "# notify:\n"
    "#   - name: ops\n"
    "#     slack: ${SLACK_WEBHOOK}\n"
    "#     on: [approval.requested, run.finished, run.failed]\n"
    "#     environments: [prod]\n";

void cfg_template(struct mig_buf *out, const char *project)
{
    mig_buf_str(out, before_project);
    mig_buf_json(out, project);
    mig_buf_str(out, after_project);
}
