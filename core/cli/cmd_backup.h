/* cmd_backup.h - what the commands on backups share. Internal to core/cli. */
#ifndef MIG_CLI_CMD_BACKUP_H
#define MIG_CLI_CMD_BACKUP_H

#include "app/backup.h"
#include "cli/cli.h"
#include "cli/out_events.h"

/* Tells events in the format that was asked for. */
struct cli_listener {
    struct cli *cli;
    struct out_events text;
};
void cli_listener_init(struct cli_listener *listener, struct cli *cli);
void cli_listener_event(const bson_t *event, void *ctx);

/* Reading an archive, with progress on a terminal; Ctrl-C stops it. .read.what is the second argument of the line. */
struct cli_reader {
    struct cli *cli;
    struct mig_backup_read read;
    bool shown, open;
    int64_t told_ms;
};
void cli_reader_init(struct cli_reader *reader, struct cli *cli);
void cli_reader_progress(void *ctx, int64_t done, int64_t total);
void cli_reader_end(struct cli_reader *reader);

int cli_backup_drill(struct cli *cli, struct mig_error *err);
int cli_backup_prune(struct cli *cli, struct mig_error *err);

#endif
