/* schemas.c - written by hand, held against real output by tests/live/test_cli_runs.py. */
#include "cli/schemas.h"

#include <string.h>

// clang-format off

/* Macros without arguments only: tools that count lines would take others for functions. */
#define BEGIN \
    "{\n" \
    "  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n" \
    "  \"$id\": \"urn:migtui:"
#define TITLE ":1\",\n  \"title\": \""
#define BODY  "\",\n"

#define TEXT     "{\"type\": \"string\"}"
#define TEXT_OR_NULL "{\"type\": [\"string\", \"null\"]}"
#define WHOLE    "{\"type\": \"integer\", \"minimum\": 0}"
#define WHOLE_OR_NULL "{\"type\": [\"integer\", \"null\"], \"minimum\": 0}"
#define TRUTH    "{\"type\": \"boolean\"}"
#define TIME     "{\"type\": \"string\", \"format\": \"date-time\"}"
#define TIME_OR_NULL "{\"type\": [\"string\", \"null\"], \"format\": \"date-time\"}"
#define DIGEST   "{\"type\": \"string\", \"pattern\": \"^[0-9a-f]{64}$\"}"
#define DIGEST_OR_NULL "{\"type\": [\"string\", \"null\"], \"pattern\": \"^[0-9a-f]{64}$\"}"
#define STATE    "{\"enum\": [\"applied\", \"pending\", \"running\", \"failed\", \"interrupted\", \"changed\", \"missing\", " \
                 "\"late\", \"blocked\"]}"
#define ERROR_ROWS \
    "\"type\": [\"object\", \"null\"], \"required\": [\"code\", \"name\", \"message\", \"hint\"],\n" \
    "          \"properties\": {\"code\": {\"type\": \"integer\"}, \"name\": " TEXT ", \"message\": " TEXT ", \"hint\": " TEXT \
    ", \"exit\": " WHOLE "}"

static const char status_schema[] =
    BEGIN "status" TITLE "What migtui status --format json prints" BODY
    "  \"type\": \"object\",\n"
    "  \"required\": [\"project\", \"generatedAt\", \"environments\"],\n"
    "  \"properties\": {\n"
    "    \"project\": " TEXT ",\n"
    "    \"generatedAt\": " TIME ",\n"
    "    \"environments\": {\"type\": \"array\", \"items\": {\n"
    "      \"type\": \"object\",\n"
    "      \"required\": [\"name\", \"protected\", \"reachable\", \"error\", \"server\", \"historyHead\", \"lock\", \"counts\", "
    "\"migrations\"],\n"
    "      \"properties\": {\n"
    "        \"name\": " TEXT ",\n"
    "        \"protected\": " TRUTH ",\n"
    "        \"reachable\": " TRUTH ",\n"
    "        \"error\": {" ERROR_ROWS "},\n"
    "        \"server\": {\"type\": [\"object\", \"null\"], \"required\": [\"version\", \"topology\"],\n"
    "          \"properties\": {\"version\": " TEXT ", \"topology\": " TEXT "}},\n"
    "        \"historyHead\": " DIGEST_OR_NULL ",\n"
    "        \"lock\": {\"type\": [\"object\", \"null\"], \"required\": [\"run\", \"host\", \"osUser\", \"expiresAt\", \"alive\"],\n"
    "          \"properties\": {\"run\": " TEXT ", \"owner\": " TEXT ", \"token\": " WHOLE ", \"command\": " TEXT ",\n"
    "            \"host\": " TEXT ", \"osUser\": " TEXT ", \"pid\": " WHOLE ", \"step\": " TEXT ",\n"
    "            \"acquiredAt\": " TIME_OR_NULL ", \"beatAt\": " TIME_OR_NULL ", \"expiresAt\": " TIME_OR_NULL ",\n"
    "            \"alive\": " TRUTH ", \"stopRequested\": " TRUTH "}},\n"
    "        \"counts\": {\"type\": [\"object\", \"null\"], \"additionalProperties\": " WHOLE ",\n"
    "          \"required\": [\"applied\", \"pending\", \"running\", \"failed\", \"interrupted\", \"changed\", \"missing\", \"late\", "
    "\"blocked\"]},\n"
    "        \"migrations\": {\"type\": \"array\", \"items\": {\n"
    "          \"type\": \"object\",\n"
    "          \"required\": [\"version\", \"title\", \"state\", \"reason\", \"appliedAt\", \"durationMs\"],\n"
    "          \"properties\": {\"version\": " TEXT ", \"title\": " TEXT ",\n"
    "            \"state\": " STATE ",\n"
    "            \"reason\": " TEXT ", \"appliedAt\": " TIME_OR_NULL ", \"durationMs\": " WHOLE_OR_NULL "}}}\n"
    "      }\n"
    "    }}\n"
    "  }\n"
    "}\n";

static const char plan_schema[] =
    BEGIN "plan" TITLE "What migtui plan --format json prints and --out saves" BODY
    "  \"type\": \"object\",\n"
    "  \"required\": [\"planId\", \"environment\", \"direction\", \"historyHead\", \"migrations\", \"warnings\", \"lint\", "
    "\"gates\"],\n"
    "  \"properties\": {\n"
    "    \"planId\": " DIGEST ",\n"
    "    \"environment\": " TEXT ",\n"
    "    \"environmentUuid\": " TEXT ",\n"
    "    \"database\": " TEXT ",\n"
    "    \"replicaSet\": " TEXT ",\n"
    "    \"order\": {\"enum\": [\"linear\", \"skip\", \"any\"]},\n"
    "    \"direction\": {\"enum\": [\"up\", \"down\"]},\n"
    "    \"historyHead\": " DIGEST ",\n"
    "    \"serverVersion\": " TEXT ",\n"
    "    \"migrations\": {\"type\": \"array\", \"items\": {\n"
    "      \"type\": \"object\",\n"
    "      \"required\": [\"version\", \"title\", \"sem\", \"steps\"],\n"
    "      \"properties\": {\"version\": " TEXT ", \"title\": " TEXT ", \"sem\": " DIGEST ",\n"
    "        \"steps\": {\"type\": \"array\", \"items\": {\n"
    "          \"type\": \"object\",\n"
    "          \"required\": [\"id\", \"kind\", \"transactional\", \"estimate\"],\n"
    "          \"properties\": {\"id\": " TEXT ", \"kind\": " TEXT ", \"collection\": " TEXT ", \"transactional\": " TRUTH
    ", \"estimate\": " WHOLE_OR_NULL "}}}}}},\n"
    "    \"warnings\": {\"type\": \"array\", \"items\": " TEXT "},\n"
    "    \"lint\": {\"type\": \"array\"},\n"
    "    \"gates\": {\"type\": \"array\", \"items\": {\n"
    "      \"type\": \"object\",\n"
    "      \"required\": [\"name\", \"state\", \"reason\", \"remedy\"],\n"
    "      \"properties\": {\"name\": " TEXT ", \"state\": {\"enum\": [\"ok\", \"failed\", \"unknown\", \"none\"]}, \"reason\": " TEXT
    ", \"remedy\": " TEXT "}}}\n"
    "  }\n"
    "}\n";

#define EVENT "    {\"properties\": {\"event\": {\"const\": \""
#define ROWS  "\"}"
#define NEEDS "}, \"required\": ["
#define END   "]}"

static const char events_schema[] =
    BEGIN "events" TITLE "One event of a run: a line of migtui apply --format ndjson, of log, and of the journal" BODY
    "  \"type\": \"object\",\n"
    "  \"required\": [\"event\", \"at\", \"seq\", \"run\"],\n"
    "  \"properties\": {\"event\": " TEXT ", \"at\": " TIME ", \"seq\": " WHOLE ", \"run\": " TEXT "},\n"
    "  \"oneOf\": [\n"
    EVENT "run.started" ROWS ", \"planId\": " TEXT ", \"environment\": " TEXT ", \"operator\": " TEXT ", \"host\": " TEXT
          ", \"direction\": {\"enum\": [\"up\", \"down\"]}, \"migrations\": " WHOLE ", \"steps\": " WHOLE ", \"database\": " TEXT
          ", \"command\": " TEXT ", \"osUser\": " TEXT ", \"target\": " TEXT ", \"current\": " TEXT
          NEEDS "\"planId\", \"environment\", \"operator\", \"host\"" END ",\n"
    EVENT "check.done" ROWS ", \"name\": " TEXT ", \"state\": {\"enum\": [\"ok\", \"failed\", \"unknown\", \"none\"]}, \"reason\": " TEXT
          NEEDS "\"name\", \"state\"" END ",\n"
    EVENT "lock.acquired" ROWS ", \"token\": " WHOLE
          NEEDS "\"token\"" END ",\n"
    EVENT "backup.started" ROWS ", \"collections\": " WHOLE ", \"documents\": " WHOLE ", \"bytes\": " WHOLE ", \"database\": " TEXT
          ", \"method\": " TEXT ", \"command\": {\"enum\": [\"backup\", \"restore\"]}"
          NEEDS "\"command\", \"collections\"" END ",\n"
    EVENT "migration.started" ROWS ", \"version\": " TEXT ", \"title\": " TEXT ", \"direction\": " TEXT
          NEEDS "\"version\"" END ",\n"
    EVENT "step.started" ROWS ", \"version\": " TEXT ", \"step\": " TEXT ", \"kind\": " TEXT
          NEEDS "\"version\", \"step\", \"kind\"" END ",\n"
    EVENT "progress" ROWS ", \"version\": " TEXT ", \"step\": " TEXT ", \"done\": " WHOLE ", \"total\": {\"type\": \"integer\"}"
          ", \"rate\": {\"type\": \"number\"}, \"bytes\": " WHOLE ", \"bytesTotal\": " WHOLE ", \"bytesPerSecond\": {\"type\": \"number\"}"
          ", \"etaMs\": " WHOLE
          NEEDS "\"step\", \"done\"" END ",\n"
    EVENT "output" ROWS ", \"step\": " TEXT ", \"line\": " TEXT
          NEEDS "\"step\", \"line\"" END ",\n"
    EVENT "step.done" ROWS ", \"version\": " TEXT ", \"step\": " TEXT ", \"kind\": " TEXT ", \"durationMs\": " WHOLE ", \"matched\": " WHOLE
          ", \"modified\": " WHOLE ", \"inserted\": " WHOLE ", \"deleted\": " WHOLE ", \"note\": " TEXT
          NEEDS "\"version\", \"step\", \"durationMs\"" END ",\n"
    EVENT "step.failed" ROWS ", \"version\": " TEXT ", \"step\": " TEXT ", \"message\": " TEXT ", \"code\": {\"type\": \"integer\"}"
          NEEDS "\"version\", \"step\", \"message\"" END ",\n"
    EVENT "migration.done" ROWS ", \"version\": " TEXT ", \"durationMs\": " WHOLE
          NEEDS "\"version\", \"durationMs\"" END ",\n"
    EVENT "warning" ROWS ", \"message\": " TEXT
          NEEDS "\"message\"" END ",\n"
    EVENT "run.stopping" ROWS ", \"by\": " TEXT
          NEEDS "\"by\"" END ",\n"
    EVENT "run.finished" ROWS ", \"status\": {\"enum\": [\"succeeded\", \"failed\", \"stopped\", \"fenced\", \"unknown\"]}, \"applied\": " WHOLE
          ", \"steps\": " WHOLE ", \"durationMs\": " WHOLE ", \"error\": {" ERROR_ROWS "}"
          NEEDS "\"status\", \"applied\", \"steps\", \"durationMs\"" END "\n"
    "  ]\n"
    "}\n";

// clang-format on

const char *cli_schema_text(const char *name)
{
    static const struct {
        const char *name;
        const char *text;
    } rows[] = { { "status", status_schema }, { "plan", plan_schema }, { "events", events_schema } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].text;
    }
    return "";
}
