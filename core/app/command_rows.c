/* command_rows.c - what each command is called, takes, does, and looks like in use.
 *
 * Nothing but text: the code that carries a command out is in core/cli/cmd_*.c. Words follow docs/glossary: migration,
 * step, run, environment, plan, lock.
 */
#include "app/command_rows.h"

// clang-format off

#define END { MIG_OPTIONS, NULL }
#define ROWS (const struct mig_option_row[])
#define SHOWN (const struct mig_example[])

#define CHANGES "Change"
#define PROJECT "Project"
#define LOOKS   "Look"
#define RUNS    "Runs"
#define ASKS    "Approve"
#define TOOLS   "Tools"

#define READS (MIG_CMD_CLI | MIG_CMD_NEEDS_CONFIG)
#define WRITES (READS | MIG_CMD_MUTATES | MIG_CMD_PROTECTED | MIG_CMD_NEEDS_ENV)

/* What every command that starts a run takes. */
#define RUN_OPTIONS \
    { MIG_OPT_ENV, "the environment; may be left out when there is only one" }, \
    { MIG_OPT_YES, "do not ask; never enough on a protected environment" }, \
    { MIG_OPT_PLAN, "run only if the plan still has this id (its first 8 digits are enough)" }, \
    { MIG_OPT_CONFIRM_TEXT, "what would be typed on a protected environment: its database and the number of migrations" }, \
    { MIG_OPT_CONFIRM, "the manual step with this id was done; may be repeated" }, \
    { MIG_OPT_TAKE_OVER, "take over the expired lock of a run that is gone, after its operations were ended" }, \
    { MIG_OPT_BREAK_GLASS, "run without approval where the policy has breakGlass: red for everybody until two people closed it" }, \
    { MIG_OPT_REASON, "why, for the record" }, \
    { MIG_OPT_TICKET, "which ticket, for the record" }

const struct mig_command mig_command_rows[MIG_COMMANDS] = {
    [MIG_COMMAND_INIT] = {
        .id = MIG_COMMAND_INIT, .name = "init", .arguments = "[PROJECT]", .max_arguments = 1, .value = MIG_VALUE_TEXT, .group = PROJECT,
        .summary = "Start a project here: migtui.yaml and a folder for migrations",
        .help = "Writes a commented migtui.yaml and an empty migrations folder into the working directory. A file that is\n"
                "there already is never replaced. Without PROJECT it is named as the directory.",
        .examples = SHOWN { { "init shop", "start a project named shop" }, { 0 } },
        .options = ROWS { END },
        .flags = MIG_CMD_CLI,
    },
    [MIG_COMMAND_NEW] = {
        .id = MIG_COMMAND_NEW, .name = "new", .arguments = "TITLE", .min_arguments = 1, .max_arguments = MIG_ARGUMENTS_ANY,
        .value = MIG_VALUE_TEXT, .group = PROJECT,
        .summary = "Write a new migration from the template",
        .help = "The file is named <version>_<slug>.jsonc; the version is the time in UTC, so that the migrations of several\n"
                "authors sort as they were begun. Prints the file's name.",
        .examples = SHOWN { { "new add email index", "migrations/20261121070114_add_email_index.jsonc" }, { 0 } },
        .options = ROWS { END },
        .flags = READS,
    },
    [MIG_COMMAND_VERIFY_DIR] = {
        .id = MIG_COMMAND_VERIFY_DIR, .name = "verify-dir", .arguments = "", .group = PROJECT,
        .summary = "Check every migration file, and the folder against migtui.sum",
        .help = "Reads every file and reports each problem with file, line and column. With a migtui.sum beside them, a file\n"
                "that was added, removed or edited since is reported too (exit 4), so that two branches that both add\n"
                "migrations meet in a merge conflict and not on a server.",
        .examples = SHOWN { { "verify-dir", "check, as a pipeline does" },
                            { "verify-dir --write", "accept the folder as it is now" }, { 0 } },
        .options = ROWS { { MIG_OPT_WRITE, "write migtui.sum instead of comparing with it" }, END },
        .flags = READS,
    },
    [MIG_COMMAND_CONSOLE] = {
        .id = MIG_COMMAND_CONSOLE, .name = "console", .arguments = "", .group = LOOKS,
        .summary = "Open the console: all environments, plans and runs on the terminal",
        .help = "What migtui without a command does. It only reads until an environment is opened for writing with :rw, and each\n"
                "act is confirmed on the screen; what it starts is the same as the commands here, and goes on without it.\n"
                "? shows the keys, q leaves.\n\n"
                "With --script it plays a file of keys without a terminal and prints screens as text; with --plain it tells every\n"
                "change as a line and takes commands from standard input.",
        .examples = SHOWN { { "console --readonly", "a console that can be left open" },
                            { "console --script tour.txt", "screens for a report" }, { 0 } },
        .options = ROWS { { MIG_OPT_READONLY, "nothing can be written in this session, whatever is typed" },
                          { MIG_OPT_ASCII, "draw with ASCII only" },
                          { MIG_OPT_PLAIN, "lines instead of a screen, for screen readers and pipes" },
                          { MIG_OPT_SCRIPT, "play the keys and waits of this file, and print the screens it asks for" },
                          { MIG_OPT_SAY, "what the message line says until a key is pressed" }, END },
        .flags = READS,
    },
    [MIG_COMMAND_STATUS] = {
        .id = MIG_COMMAND_STATUS, .name = "status", .arguments = "", .group = LOOKS,
        .summary = "What is applied and what is pending, environment by environment",
        .help = "Looks at all environments at once. One that does not answer is said in one line and does not delay the others;\n"
                "exit 1 only when none of them answered.\n\n"
                "With --exit-code the worst finding decides: 4 when a migration is changed, missing, late, failed or\n"
                "interrupted, 1 when an environment did not answer, 2 when something is pending, else 0.",
        .examples = SHOWN { { "status", "all environments" },
                            { "status --env prod --exit-code", "fail a pipeline while prod is behind" },
                            { "status --format json", "for scripts; its shape: migtui schema status" }, { 0 } },
        .options = ROWS { { MIG_OPT_ENV, "only these environments" },
                          { MIG_OPT_EXIT_CODE, "tell the finding by the exit status" }, END },
        .flags = READS,
    },
    [MIG_COMMAND_DIFF] = {
        .id = MIG_COMMAND_DIFF, .name = "diff", .arguments = "ENV [ENV|VERSION]", .min_arguments = 1, .max_arguments = 2,
        .value = MIG_VALUE_ENVIRONMENT, .group = LOOKS,
        .summary = "Compare two environments, files with an environment, or a file with what ran",
        .help = "diff ENV ENV       which migrations are on one and not on the other, or ran there from other text\n"
                "diff ENV           the files here against the environment\n"
                "diff ENV VERSION   the text that ran there against the file here\n\n"
                "Exit 0 when there is no difference, 4 when there is one.",
        .examples = SHOWN { { "diff test prod", "what prod would get from test" },
                            { "diff prod 20261101093000", "what was edited after it ran" }, { 0 } },
        .options = ROWS { END },
        .flags = READS,
    },
    [MIG_COMMAND_PLAN] = {
        .id = MIG_COMMAND_PLAN, .name = "plan", .arguments = "[VERSION…]", .max_arguments = MIG_ARGUMENTS_ANY,
        .value = MIG_VALUE_VERSION, .group = LOOKS,
        .summary = "Show what apply, rollback, resume or undo would do, and pin it with an id",
        .help = "Nothing is written. The plan's id covers the exact steps, their order, the environment and its history: apply\n"
                "with that id, or with the file that --out wrote, runs exactly this or refuses. VERSIONs go with --down and\n"
                "--undo, and name what is to be taken back.\n\n"
                "Exit 0 when there is nothing to run, 2 when there is something.",
        .examples = SHOWN { { "plan --env prod --out prod.plan", "save what is to be reviewed" },
                            { "plan --env dev --down --count 1", "what rollback would do" },
                            { "plan --env prod --undo", "what would take a half-done migration back" }, { 0 } },
        .options = ROWS { { MIG_OPT_ENV, "the environment; may be left out when there is only one" },
                          { MIG_OPT_OUT, "save the plan to this file, for apply FILE" },
                          { MIG_OPT_TO, "up to and including this migration (with --down: down to it)" },
                          { MIG_OPT_COUNT, "at most so many migrations" },
                          { MIG_OPT_DOWN, "plan a rollback" },
                          { MIG_OPT_UNDO, "plan what takes the finished steps of a half-done migration back" },
                          { MIG_OPT_RESUME, "plan how a half-done migration goes on" },
                          { MIG_OPT_OF_RUN, "with --down: what this run applied" }, END },
        .flags = READS | MIG_CMD_NEEDS_ENV,
    },
    [MIG_COMMAND_APPLY] = {
        .id = MIG_COMMAND_APPLY, .name = "apply", .arguments = "[FILE]", .max_arguments = 1, .value = MIG_VALUE_FILE, .group = CHANGES,
        .summary = "Run pending migrations on an environment, or exactly a saved plan",
        .help = "Without FILE: everything pending, in order. With FILE, as plan --out wrote it: exactly that, or a refusal that\n"
                "says what moved since. On a terminal it shows the plan and asks; in a pipe it goes ahead.\n\n"
                "A protected environment wants a saved plan (FILE or --plan) and, typed at the prompt or given with\n"
                "--confirm-text, its database and the number of migrations, as in \"shop 2\".\n\n"
                "Ctrl-C asks the run to stop after the step it is at; a second one ends migtui at once. Either way resume goes\n"
                "on from the right step. Only the program of an exec step is ended by the first: unless it exits 0 nobody knows\n"
                "how much it did, and recover comes before resume.",
        .examples = SHOWN { { "apply --env dev", "everything pending" },
                            { "apply prod.plan", "what was reviewed, and nothing else" },
                            { "apply --env test --to 20261101093000 --detach", "in the background; prints the run's id" },
                            { 0 } },
        .options = ROWS { RUN_OPTIONS,
                          { MIG_OPT_TO, "up to and including this migration" },
                          { MIG_OPT_COUNT, "at most so many migrations" },
                          { MIG_OPT_DETACH, "leave it running in the background and print the run's id" }, END },
        .flags = WRITES,
    },
    [MIG_COMMAND_ROLLBACK] = {
        .id = MIG_COMMAND_ROLLBACK, .name = "rollback", .arguments = "[VERSION…]", .max_arguments = MIG_ARGUMENTS_ANY,
        .value = MIG_VALUE_VERSION, .group = CHANGES,
        .summary = "Take applied migrations back, newest first",
        .help = "Without arguments: the newest one. Each migration's own down steps run, or the inverses that follow from its up\n"
                "steps. One that says it is irreversible is refused before anything runs.",
        .examples = SHOWN { { "rollback --env dev", "the newest migration" },
                            { "rollback --env dev --to 20261101093000", "everything after this one" },
                            { "rollback --env test --run 01JD3Q8W0N5B7Y2V4T6R8P0M1K", "what one run applied" }, { 0 } },
        .options = ROWS { RUN_OPTIONS,
                          { MIG_OPT_TO, "down to this migration, which stays" },
                          { MIG_OPT_COUNT, "so many migrations" },
                          { MIG_OPT_OF_RUN, "what this run applied" },
                          { MIG_OPT_DETACH, "leave it running in the background and print the run's id" }, END },
        .flags = WRITES,
    },
    [MIG_COMMAND_RESUME] = {
        .id = MIG_COMMAND_RESUME, .name = "resume", .arguments = "", .group = CHANGES,
        .summary = "Finish the migration that failed or was interrupted",
        .help = "Looks at the database to see which step really took effect, and goes on from there. When the database cannot\n"
                "tell, it stops and says what it saw: see recover.",
        .examples = SHOWN { { "resume --env prod", "go on at the step that failed" }, { 0 } },
        .options = ROWS { RUN_OPTIONS,
                          { MIG_OPT_DETACH, "leave it running in the background and print the run's id" }, END },
        .flags = WRITES,
    },
    [MIG_COMMAND_RECOVER] = {
        .id = MIG_COMMAND_RECOVER, .name = "recover", .arguments = "[VERSION]", .max_arguments = 1, .value = MIG_VALUE_VERSION, .group = CHANGES,
        .summary = "Show what a failed or interrupted migration left behind, and the ways out",
        .help = "Without --undo or --resume nothing is written: it shows the last finished step, what the database looks like\n"
                "now, the error, and which ways out are open: resume, undo, mark applied, mark pending. Exit 4 when there is\n"
                "something to recover. --undo runs the inverses of what was done, last step first; where a step has none (an\n"
                "update, a batch, a command) it says so and touches nothing.",
        .examples = SHOWN { { "recover --env prod", "where it stands, and what may be done" },
                            { "recover 20261101093000 --env dev --undo", "take its finished steps back" }, { 0 } },
        .options = ROWS { RUN_OPTIONS,
                          { MIG_OPT_UNDO, "take the finished steps back" },
                          { MIG_OPT_RESUME, "go on from the step it stands at" },
                          { MIG_OPT_DETACH, "leave it running in the background and print the run's id" }, END },
        .flags = WRITES,
    },
    [MIG_COMMAND_MARK] = {
        .id = MIG_COMMAND_MARK, .name = "mark", .arguments = "VERSION applied|pending", .min_arguments = 2, .max_arguments = 2,
        .value = MIG_VALUE_VERSION, .group = CHANGES,
        .summary = "Set a migration's state by hand, with a reason that is kept",
        .help = "For what was done outside migtui. No step runs; the record says who set it and why.",
        .examples = SHOWN { { "mark 20261101093000 applied --env dev --reason \"index built by hand, OPS-12\"",
                              "it is there already" }, { 0 } },
        .options = ROWS { { MIG_OPT_ENV, "the environment; may be left out when there is only one" },
                          { MIG_OPT_REASON, "why; must be given" },
                          { MIG_OPT_YES, "do not ask; never enough on a protected environment" },
                          { MIG_OPT_CONFIRM_TEXT, "what would be typed on a protected environment: its database and 1" }, END },
        .flags = WRITES,
    },
    [MIG_COMMAND_GATE] = {
        .id = MIG_COMMAND_GATE, .name = "gate", .arguments = "[FILE|VERSION…]", .max_arguments = MIG_ARGUMENTS_ANY, .value = MIG_VALUE_FILE, .group = ASKS,
        .summary = "Show what stands between a plan and its environment",
        .help = "Every check with what it saw: files, identity, order, lint, rehearsal, drift, approvals, backup, window, lock,\n"
                "replication, clock and freshness, as far as the policy asks for them. They are evaluated once more under the\n"
                "lock, right before the first step. Without FILE: of everything pending.\n\n"
                "Exit 0 when all are open, else that of the first that is closed: 5, 3 for the lock, 4 for files, 6 for the\n"
                "backup.\n\n"
                "--accept-drift says, with a reason that is kept, that a change somebody made to the collections of this plan is\n"
                "meant.",
        .examples = SHOWN { { "gate --env prod", "what stands against a run on prod now" },
                            { "gate --env prod --accept-drift --reason \"index added by the DBA, OPS-12\"", "it is meant" }, { 0 } },
        .options = ROWS { { MIG_OPT_ENV, "the environment; may be left out when there is only one" },
                          { MIG_OPT_TO, "up to and including this migration (with --down: down to it)" },
                          { MIG_OPT_COUNT, "at most so many migrations" },
                          { MIG_OPT_DOWN, "of a rollback, of these VERSIONs if there are any" },
                          { MIG_OPT_OF_RUN, "with --down: of what this run applied" },
                          { MIG_OPT_UNDO, "of taking a half-done migration back (recover --undo)" },
                          { MIG_OPT_RESUME, "of a resume" },
                          { MIG_OPT_ACCEPT_DRIFT, "what changed in the collections of this plan is meant" },
                          { MIG_OPT_REASON, "with --accept-drift: why; must be given" },
                          { MIG_OPT_CONFIRM_TEXT, "with --accept-drift: what would be typed on a protected environment" },
                          { MIG_OPT_YES, "with --accept-drift: do not ask; never enough on a protected environment" }, END },
        .flags = READS | MIG_CMD_NEEDS_ENV,
    },
    [MIG_COMMAND_DRIFT] = {
        .id = MIG_COMMAND_DRIFT, .name = "drift", .arguments = "", .group = LOOKS,
        .summary = "Collections that somebody else changed since the last run",
        .help = "A run leaves a fingerprint of each collection it touched: type, options, validator, view, indexes; not data. Each is\n"
                "held against what the collection is now: same, changed, removed, or appeared where a run had left none. Nothing is\n"
                "known of collections that no run has touched.\n\n"
                "Exit 0 when all are the same, 4 when one is not.",
        .examples = SHOWN { { "drift --env prod", "whether somebody created an index by hand" },
                            { "drift --format json", "every collection of every environment, for a pipeline" }, { 0 } },
        .options = ROWS { { MIG_OPT_ENV, "only these environments" }, END },
        .flags = READS,
    },
    [MIG_COMMAND_REQUEST] = {
        .id = MIG_COMMAND_REQUEST, .name = "request", .arguments = "[FILE|VERSION…]", .max_arguments = MIG_ARGUMENTS_ANY, .value = MIG_VALUE_FILE, .group = ASKS,
        .summary = "Ask for a plan to be approved",
        .help = "Asks for exactly this plan on exactly this environment: the request is void as soon as a file, the order, the\n"
                "history, the target, the server's version or the policy moves, and says which. It is good for as long as the\n"
                "policy says (expires). Where approvals are signed, so is the request, with your SSH key. Prints its id.",
        .examples = SHOWN { { "request prod.plan --reason \"orders before Easter\" --ticket SHOP-42", "a saved plan" },
                            { "request --env prod --reason \"hotfix\"", "everything pending" },
                            { "request --undo --env prod --reason \"it failed half way\"", "to take a half-done one back" }, { 0 } },
        .options = ROWS { { MIG_OPT_ENV, "the environment; may be left out when there is only one" },
                          { MIG_OPT_REASON, "why; must be given" },
                          { MIG_OPT_TICKET, "which ticket" },
                          { MIG_OPT_PLAN, "only if the plan still has this id (its first 8 digits are enough)" },
                          { MIG_OPT_TO, "up to and including this migration (with --down: down to it)" },
                          { MIG_OPT_COUNT, "at most so many migrations" },
                          { MIG_OPT_DOWN, "to roll back, these VERSIONs if there are any" },
                          { MIG_OPT_OF_RUN, "with --down: to roll back what this run applied" },
                          { MIG_OPT_UNDO, "to take a half-done migration back (recover --undo)" },
                          { MIG_OPT_RESUME, "to resume, when the approval of the run that failed is over" },
                          { MIG_OPT_KEY, "the SSH key to sign with; else MIGTUI_SIGNING_KEY, else ~/.ssh/id_ed25519" }, END },
        .flags = READS | MIG_CMD_NEEDS_ENV | MIG_CMD_MUTATES,
    },
    [MIG_COMMAND_REQUESTS] = {
        .id = MIG_COMMAND_REQUESTS, .name = "requests", .arguments = "", .group = ASKS,
        .summary = "List requests, newest first, with who decided what",
        .help = "Each is judged as a run would judge it, signatures included. What waits for you is marked.",
        .examples = SHOWN { { "requests --env prod", "what is asked for on prod" }, { 0 } },
        .options = ROWS { { MIG_OPT_ENV, "only these environments" }, { MIG_OPT_LIMIT, "at most so many (20)" },
                          { MIG_OPT_SIGNED_TEXT, "print the bytes that the signature of this request or decision covers, for ssh-keygen" },
                          { MIG_OPT_KEY, "the SSH key you would sign with, to know what waits for you" }, END },
        .flags = READS,
    },
    [MIG_COMMAND_APPROVE] = {
        .id = MIG_COMMAND_APPROVE, .name = "approve", .arguments = "[REQUEST]", .max_arguments = 1, .value = MIG_VALUE_RUN, .group = ASKS,
        .summary = "Approve a request, with your SSH key where the policy says so",
        .help = "Shows the plan that was asked for, and asks. Refused when it would not count: your own request, a second\n"
                "approval by the same person (the same database user or key, whatever the name), a key that allowed_signers does\n"
                "not have, has no longer or has revoked, a request that is void or over. Without REQUEST: the only one that waits.",
        .examples = SHOWN { { "approve --env prod", "the one that waits" },
                            { "approve 01JD3Q8W0N5B7Y2V4T6R8P0M1K --env prod --key ~/.ssh/approvals", "with this key" }, { 0 } },
        .options = ROWS { { MIG_OPT_ENV, "the environment; may be left out when there is only one" },
                          { MIG_OPT_REASON, "a comment, for the record" },
                          { MIG_OPT_KEY, "the SSH key to sign with; else MIGTUI_SIGNING_KEY, else ~/.ssh/id_ed25519" },
                          { MIG_OPT_YES, "do not ask" }, END },
        .flags = READS | MIG_CMD_NEEDS_ENV | MIG_CMD_MUTATES,
    },
    [MIG_COMMAND_REJECT] = {
        .id = MIG_COMMAND_REJECT, .name = "reject", .arguments = "[REQUEST]", .max_arguments = 1, .value = MIG_VALUE_RUN, .group = ASKS,
        .summary = "Reject a request, for good",
        .help = "One no is enough. Without REQUEST: the only one that waits.",
        .examples = SHOWN { { "reject --env prod --reason \"not before the release\"", "the one that waits" }, { 0 } },
        .options = ROWS { { MIG_OPT_ENV, "the environment; may be left out when there is only one" },
                          { MIG_OPT_REASON, "why; must be given" }, END },
        .flags = READS | MIG_CMD_NEEDS_ENV | MIG_CMD_MUTATES,
    },
    [MIG_COMMAND_WITHDRAW] = {
        .id = MIG_COMMAND_WITHDRAW, .name = "withdraw", .arguments = "[REQUEST]", .max_arguments = 1, .value = MIG_VALUE_RUN, .group = ASKS,
        .summary = "Take back your own request",
        .help = "Without REQUEST: the only one that waits.",
        .examples = SHOWN { { "withdraw --env prod", "the one that waits" }, { 0 } },
        .options = ROWS { { MIG_OPT_ENV, "the environment; may be left out when there is only one" },
                          { MIG_OPT_REASON, "why, for the record" }, END },
        .flags = READS | MIG_CMD_NEEDS_ENV | MIG_CMD_MUTATES,
    },
    [MIG_COMMAND_PROMOTE] = {
        .id = MIG_COMMAND_PROMOTE, .name = "promote", .arguments = "", .group = ASKS,
        .summary = "Bring to an environment what succeeded in the one before it",
        .help = "Plans what has succeeded in the environment before it (the one that rehearsedIn names, else the one before in\n"
                "migtui.yaml), with the same meaning, and has not run here. Then the next thing that is due: when an approval is\n"
                "asked for and nobody has asked yet, it asks (--reason); when it was given and every gate is open, it runs, with\n"
                "the same confirmation as apply. Exit 2 while an approval is waited for, 5 when another gate is closed.",
        .examples = SHOWN { { "promote --env prod --reason \"release 12\" --ticket SHOP-42", "asks, or runs what was approved" }, { 0 } },
        .options = ROWS { RUN_OPTIONS,
                          { MIG_OPT_DETACH, "what runs, leave it running in the background and print the run's id" },
                          { MIG_OPT_KEY, "the SSH key to sign a request with" }, END },
        .flags = WRITES,
    },
    [MIG_COMMAND_GLASS] = {
        .id = MIG_COMMAND_GLASS, .name = "glass", .arguments = "[close [REQUEST]]", .max_arguments = 2, .choices = "close",
        .value = MIG_VALUE_CHOICE, .group = ASKS,
        .summary = "Runs that went without approval, until two people have closed each",
        .help = "apply --break-glass runs on a protected environment without approval, where the policy has breakGlass: true. It\n"
                "is red in status until two different people have looked at what was done and closed it, with what they found;\n"
                "who broke the glass is not one of them unless selfApproval is on.",
        .examples = SHOWN { { "glass", "what is still open" },
                            { "glass close --env prod --reason \"looked through, all as it should be\"", "close it" }, { 0 } },
        .options = ROWS { { MIG_OPT_ENV, "the environment; the list takes several" },
                          { MIG_OPT_REASON, "with close: what was found; must be given" },
                          { MIG_OPT_KEY, "the SSH key to sign with; else MIGTUI_SIGNING_KEY, else ~/.ssh/id_ed25519" },
                          { MIG_OPT_LIMIT, "the list: at most so many (20)" }, END },
        .flags = READS | MIG_CMD_MUTATES,
    },
    [MIG_COMMAND_RUNS] = {
        .id = MIG_COMMAND_RUNS, .name = "runs", .arguments = "", .group = RUNS,
        .summary = "List runs, newest first",
        .help = "Runs of every operator and host, as the environments' databases know them: what holds the lock, restores and drills.\n"
                "Backups are in backup list; log, attach and stop take the id of a backup too.",
        .examples = SHOWN { { "runs --env prod", "who ran what on prod" }, { 0 } },
        .options = ROWS { { MIG_OPT_ENV, "only these environments" }, { MIG_OPT_LIMIT, "at most so many (20)" }, END },
        .flags = READS,
    },
    [MIG_COMMAND_LOG] = {
        .id = MIG_COMMAND_LOG, .name = "log", .arguments = "[RUN]", .max_arguments = 1, .value = MIG_VALUE_RUN, .group = RUNS,
        .summary = "Show what a run did, from its first line",
        .help = "Without RUN: the newest one. With --follow it goes on until the run is over.",
        .examples = SHOWN { { "log --env prod", "the newest run on prod" },
                            { "log 01JD3Q8W0N5B7Y2V4T6R8P0M1K --format ndjson", "its events, one a line" }, { 0 } },
        .options = ROWS { { MIG_OPT_ENV, "the environment; else all are searched" },
                          { MIG_OPT_FOLLOW, "go on until the run is over" }, END },
        .flags = READS,
    },
    [MIG_COMMAND_ATTACH] = {
        .id = MIG_COMMAND_ATTACH, .name = "attach", .arguments = "[RUN]", .max_arguments = 1, .value = MIG_VALUE_RUN, .group = RUNS,
        .summary = "Follow a run that is under way, from its first line",
        .help = "Whoever started it, and wherever. Ctrl-C leaves the run alone. Without RUN: the one that is under way.\n\n"
                "Ends with the run's own exit status.",
        .examples = SHOWN { { "attach --env prod", "see what is running on prod" }, { 0 } },
        .options = ROWS { { MIG_OPT_ENV, "the environment; else all are searched" }, END },
        .flags = READS,
    },
    [MIG_COMMAND_STOP] = {
        .id = MIG_COMMAND_STOP, .name = "stop", .arguments = "[RUN]", .max_arguments = 1, .value = MIG_VALUE_RUN, .group = RUNS,
        .summary = "Ask a run to stop after the step it is at",
        .help = "The run sees it within seconds, ends between two steps or two ranges of a batch, and lets the lock go. Resume\n"
                "goes on from there. Without RUN: the one that holds the lock, else a backup, restore or drill; such a one ends,\n"
                "and nothing is left of it.\n\n"
                "The program of an exec step is ended. One that exits 0 then is done; one cut short has failed, and so has the\n"
                "run: look at what it did (recover) before resume.",
        .examples = SHOWN { { "stop --env prod", "whatever runs there" }, { 0 } },
        .options = ROWS { { MIG_OPT_ENV, "the environment; may be left out when there is only one" }, END },
        .flags = READS | MIG_CMD_MUTATES | MIG_CMD_NEEDS_ENV,
    },
    [MIG_COMMAND_HISTORY] = {
        .id = MIG_COMMAND_HISTORY, .name = "history", .arguments = "", .group = LOOKS,
        .summary = "Every migration that ran or was taken back, newest first",
        .help = "Who, when, how long, from which host, on which plan and ticket.",
        .examples = SHOWN { { "history --env prod --limit 5", "the last five on prod" }, { 0 } },
        .options = ROWS { { MIG_OPT_ENV, "only these environments" }, { MIG_OPT_LIMIT, "at most so many (50)" }, END },
        .flags = READS,
    },
    [MIG_COMMAND_AUDIT] = {
        .id = MIG_COMMAND_AUDIT, .name = "audit", .arguments = "list|verify|export [FILE]", .min_arguments = 1, .max_arguments = 2,
        .choices = "list|verify|export", .value = MIG_VALUE_CHOICE, .group = LOOKS,
        .summary = "Who did or tried what, in a chain that shows every edit",
        .help = "audit list           the newest entries, of all environments or of those named\n"
                "audit export         every entry of one environment as lines of JSON, to standard output or to --out FILE\n"
                "audit verify         the chain of one environment in its database\n"
                "audit verify FILE    an export, without any server\n\n"
                "A chain shows what was edited, left out or moved. What was cut off at its end shows only against an anchor: the\n"
                "digests that this host kept of the entries it wrote, and those of --anchor FILE, another host's such file.\n"
                "Exit 4 when something is wrong.",
        .examples = SHOWN { { "audit list --env prod --limit 10", "the last ten acts on prod" },
                            { "audit verify --env prod", "nothing was edited, and nothing cut off" },
                            { "audit export --env prod --out prod-audit.jsonl", "for those who trust nobody" },
                            { "audit verify prod-audit.jsonl", "as they do" }, { 0 } },
        .options = ROWS { { MIG_OPT_ENV, "the environment; list takes several" },
                          { MIG_OPT_LIMIT, "list: at most so many (50)" },
                          { MIG_OPT_OUT, "export: write to this file" },
                          { MIG_OPT_ANCHOR, "verify: compare with this file of anchors too" }, END },
        .flags = MIG_CMD_CLI,
    },
    [MIG_COMMAND_BACKUP] = {
        .id = MIG_COMMAND_BACKUP, .name = "backup", .arguments = "list|take|verify|inspect|drill|prune [BACKUP|FILE]",
        .min_arguments = 1, .max_arguments = 2, .choices = "list|take|verify|inspect|drill|prune", .value = MIG_VALUE_CHOICE,
        .group = CHANGES,
        .summary = "Take backups, prove them, list them, and remove old ones",
        .help = "backup list              backups of all environments, or of those named, newest first\n"
                "backup take              read the environment's database into an archive, and read that back\n"
                "backup verify [BACKUP]   read an archive back whole: every block, its checksums and its counts\n"
                "backup inspect [BACKUP]  what an archive holds\n"
                "backup drill [BACKUP]    restore it into a scratch database, compare counts and indexes, drop that\n"
                "backup prune             remove backups that backupKeep and backupKeepFor no longer keep\n\n"
                "BACKUP is an id that list shows; without one it is the newest that finished. verify and inspect also take the\n"
                "path of an archive, of mongodump too. Nothing is written to the database but the backup's record. Ctrl-C stops\n"
                "it and leaves no file. Exit 6 when there is no good backup in the end.",
        .examples = SHOWN { { "backup take --env prod", "a backup, verified" },
                            { "backup take --env prod --detach", "in the background; prints the run's id" },
                            { "backup list --env prod", "those there are, and what each is worth" },
                            { "backup drill --env prod", "does the newest one restore?" }, { 0 } },
        .options = ROWS { { MIG_OPT_ENV, "the environment; list takes several" },
                          { MIG_OPT_METHOD, "take: by migtui itself (archive), by mongodump, or by the policy's command (exec)" },
                          { MIG_OPT_NO_VERIFY, "take: do not read the archive back" },
                          { MIG_OPT_REASON, "take: why, for the record" },
                          { MIG_OPT_TICKET, "take: which ticket, for the record" },
                          { MIG_OPT_DETACH, "take, drill: leave it running in the background and print the run's id" },
                          { MIG_OPT_LIMIT, "list: at most so many (20)" },
                          { MIG_OPT_YES, "prune: do not ask; never enough on a protected environment" },
                          { MIG_OPT_CONFIRM_TEXT, "prune: what would be typed on a protected environment: its database" }, END },
        .flags = READS,
    },
    [MIG_COMMAND_RESTORE] = {
        .id = MIG_COMMAND_RESTORE, .name = "restore", .arguments = "[BACKUP|FILE]", .max_arguments = 1, .value = MIG_VALUE_FILE,
        .group = CHANGES,
        .summary = "Restore a backup into a new database",
        .help = "Shows what it would do and asks; then creates collections, inserts documents, builds indexes and views, and\n"
                "compares counts and indexes with the archive. The target must be empty, and on a protected environment it is\n"
                "never the environment's own database: restore beside it, look, then decide. migtui's lock and approvals are\n"
                "not restored. Reads archives of migtui and of mongodump.\n\n"
                "Without BACKUP: the newest that finished. Without --into: the database's name, \"_restored_\" and the time.\n\n"
                "It does not end with the terminal (attach shows it again, stop ends it and leaves nothing). One that is killed\n"
                "leaves a database that is marked as half restored: migtui refuses it as an environment until it is dropped.",
        .examples = SHOWN { { "restore --env prod", "the newest backup of prod, into a new database beside it" },
                            { "restore 01JD3Q8W0N5B7Y2V4T6R8P0M1K --env test --into shop_look", "one backup, into a database of that name" },
                            { "restore dump.archive.gz --env dev --into shop_copy", "an archive of mongodump" }, { 0 } },
        .options = ROWS { { MIG_OPT_ENV, "the environment whose server takes it; may be left out when there is only one" },
                          { MIG_OPT_INTO, "name of the database to restore into" },
                          { MIG_OPT_YES, "do not ask; never enough on a protected environment" },
                          { MIG_OPT_CONFIRM_TEXT, "what would be typed on a protected environment: the new database's name" },
                          { MIG_OPT_REASON, "why, for the record" },
                          { MIG_OPT_TICKET, "which ticket, for the record" },
                          { MIG_OPT_DETACH, "once it was confirmed, leave it running in the background and print the run's id" }, END },
        .flags = WRITES,
    },
    [MIG_COMMAND_DOCTOR] = {
        .id = MIG_COMMAND_DOCTOR, .name = "doctor", .arguments = "", .group = TOOLS,
        .summary = "Check configuration, files and servers, and say what each server can do",
        .help = "One line for each problem, with what to do about it. Exit 1 when there is one.",
        .examples = SHOWN { { "doctor", "everything" }, { "doctor --env prod", "prod alone" }, { 0 } },
        .options = ROWS { { MIG_OPT_ENV, "only these environments" }, END },
        .flags = READS,
    },
    [MIG_COMMAND_CONFIG] = {
        .id = MIG_COMMAND_CONFIG, .name = "config", .arguments = "show|check", .min_arguments = 1, .max_arguments = 1, .choices = "show|check",
        .value = MIG_VALUE_CHOICE, .group = TOOLS,
        .summary = "Show the configuration in effect, or check it",
        .help = "show prints every option and its value, secrets hidden. check says what is wrong with migtui.yaml, and which\n"
                "environments cannot be used for want of a secret.",
        .examples = SHOWN { { "config show --origin", "where each value comes from" },
                            { "config check", "as a pipeline does" }, { 0 } },
        .options = ROWS { { MIG_OPT_ORIGIN, "say where each value comes from" }, END },
        .flags = READS,
    },
    [MIG_COMMAND_SCHEMA] = {
        .id = MIG_COMMAND_SCHEMA, .name = "schema", .arguments = "migration|status|plan|events", .min_arguments = 1, .max_arguments = 1,
        .choices = "migration|status|plan|events", .value = MIG_VALUE_CHOICE, .group = TOOLS,
        .summary = "Print the JSON Schema of migration files or of what commands print",
        .help = "Editors complete and check migration files with the first; scripts can rely on the others.",
        .examples = SHOWN { { "schema migration > migration.schema.json", "for your editor" }, { 0 } },
        .options = ROWS { END },
        .flags = MIG_CMD_CLI,
    },
    [MIG_COMMAND_COMPLETION] = {
        .id = MIG_COMMAND_COMPLETION, .name = "completion", .arguments = "bash|zsh|fish", .min_arguments = 1, .max_arguments = 1,
        .choices = "bash|zsh|fish", .value = MIG_VALUE_CHOICE, .group = TOOLS,
        .summary = "Print the completion script of a shell",
        .help = "bash:  source <(migtui completion bash)\n"
                "zsh:   migtui completion zsh > \"${fpath[1]}/_migtui\"\n"
                "fish:  migtui completion fish > ~/.config/fish/completions/migtui.fish",
        .examples = SHOWN { { "completion bash", "what to source in ~/.bashrc" }, { 0 } },
        .options = ROWS { END },
        .flags = MIG_CMD_CLI,
    },
    [MIG_COMMAND_DEMO] = {
        .id = MIG_COMMAND_DEMO, .name = "demo", .arguments = "", .group = TOOLS,
        .summary = "Try migtui on three servers of its own",
        .help = "Starts dev, test and prod on this host, brings an example project into the middle of a working day, opens the\n"
                "console on it, and removes all of it when that is left. It is scripts/demo of the source tree that this migtui\n"
                "was built in, for Debian 12 or 13; an installed migtui says where to find it.",
        .examples = SHOWN { { "demo", "in the console" },
                            { "demo --headless", "the same day as commands and what they print" }, { 0 } },
        .options = ROWS { { MIG_OPT_HEADLESS, "no console: commands and what they print" },
                          { MIG_OPT_KEEP_DEMO, "leave servers and project, and print how to use them" }, END },
        .flags = MIG_CMD_CLI,
    },
    [MIG_COMMAND_VERSION] = {
        .id = MIG_COMMAND_VERSION, .name = "version", .arguments = "", .group = TOOLS,
        .summary = "Print the version",
        .help = "With --format json also the versions of the driver and the formats it reads and writes.",
        .examples = SHOWN { { "version", "one line" }, { 0 } },
        .options = ROWS { END },
        .flags = MIG_CMD_CLI,
    },
    [MIG_COMMAND_HELP] = {
        .id = MIG_COMMAND_HELP, .name = "help", .arguments = "[COMMAND]", .max_arguments = 1, .value = MIG_VALUE_TEXT, .group = TOOLS,
        .summary = "Show all commands, or one with its options and examples",
        .help = "The same as COMMAND --help.",
        .examples = SHOWN { { "help apply", "how to apply" }, { 0 } },
        .options = ROWS { { MIG_OPT_MAN, NULL }, { MIG_OPT_MAN_CONFIG, NULL }, { MIG_OPT_MARKDOWN, NULL },
                          { MIG_OPT_EXIT_CODES, NULL }, END },
        .flags = MIG_CMD_CLI,
    },
    [MIG_COMMAND_RUN] = {
        .id = MIG_COMMAND_RUN, .name = "run", .arguments = "apply|rollback|resume|undo|promote|backup|restore|drill [FILE|VERSION…]", .min_arguments = 1,
        .max_arguments = MIG_ARGUMENTS_ANY, .choices = "apply|rollback|resume|undo|promote|backup|restore|drill", .value = MIG_VALUE_TEXT, .group = TOOLS,
        .summary = "The detached runner: what apply --detach starts",
        .help = "Has no terminal and says nothing; the run's journal says it all.",
        .examples = SHOWN { { "run apply --env dev --id 01JD3Q8W0N5B7Y2V4T6R8P0M1K", "as apply --detach calls it" }, { 0 } },
        .options = ROWS { RUN_OPTIONS,
                          { MIG_OPT_ID, "the run's id, chosen by who starts it" },
                          { MIG_OPT_TO, "as apply and rollback take it" },
                          { MIG_OPT_COUNT, "as apply and rollback take it" },
                          { MIG_OPT_OF_RUN, "as rollback takes it" },
                          { MIG_OPT_KEY, "as promote takes it" },
                          { MIG_OPT_METHOD, "as backup takes it" },
                          { MIG_OPT_NO_VERIFY, "as backup takes it" },
                          { MIG_OPT_INTO, "as restore takes it" }, END },
        .flags = WRITES | MIG_CMD_HIDDEN,
    },
};
