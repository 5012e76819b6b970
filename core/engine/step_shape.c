/* step_shape.c - the table of shapes: one row a member. */
#include "engine/step_shape.h"

#include <string.h>

#include "base/rows.h"

#define TEXT   MIG_TYPE_TEXT
#define BOOL   MIG_TYPE_BOOL
#define WHOLE  MIG_TYPE_WHOLE
#define OBJECT MIG_TYPE_OBJECT
#define ARRAY  MIG_TYPE_ARRAY
#define ANY    MIG_TYPE_ANY

#define NEEDED       .flags = MIG_MEMBER_NEEDED
#define FILLED       .flags = MIG_MEMBER_NOT_EMPTY
#define FULL         .flags = MIG_MEMBER_NEEDED | MIG_MEMBER_NOT_EMPTY
#define REFUSED      .flags = MIG_MEMBER_REFUSED
#define OF           .elements =
#define DEFAULT      .fallback =
#define WORDS        .words =
#define SIZE(a, b)   .low = (a), .high = (b)
#define INNER(shape) .inner = &mig_shape_##shape
#define NAME         .form = MIG_FORM_COLLECTION

#define SHAPE(text, rows) \
    { \
        text, rows, MIG_COUNT(rows) \
    }

/* The wheel that every command has and that migtui turns itself. */
#define SET_BY_MIGTUI \
    { "writeConcern", ANY, REFUSED, \
      .doc = "migtui writes with majority; a weaker concern could lose what history calls done" }, \
    { \
        "maxTimeMS", ANY, REFUSED, .doc = "migtui sets it from what is left of the lease" \
    }

#define MAX_STEPS 1000
#define MAX_TEXT  500

// clang-format off

/* ---- the file ---- */

static const struct mig_member requires[] = {
    { "server", TEXT, .form = MIG_FORM_SERVER, .doc = "oldest server version that will do, as \">=4.4\"" },
    { "topology", TEXT, WORDS "replicaset|sharded|standalone", .doc = "the only kind of deployment that will do" },
};
const struct mig_shape mig_shape_requires = SHAPE("requires", requires);

static const struct mig_member irreversible[] = {
    { "irreversible", TEXT, NEEDED, SIZE(1, MAX_TEXT), .doc = "why there is no way back, and what to do instead" },
};
const struct mig_shape mig_shape_irreversible = SHAPE("down", irreversible);

static const struct mig_member migration[] = {
    { "$schema", TEXT, .doc = "where an editor finds the JSON Schema; not part of the meaning" },
    { "migtui", WHOLE, NEEDED, SIZE(1, 1), .doc = "format of the file" },
    { "title", TEXT, NEEDED, SIZE(1, 800), .doc = "what it does, in a few words: 1 to 200 characters" },
    { "depends", ARRAY, OF TEXT, .form = MIG_FORM_VERSION, SIZE(0, 100), .doc = "versions that must be applied before this one" },
    { "requires", OBJECT, INNER(requires), .doc = "what the server must be" },
    { "up", ARRAY, NEEDED, OF OBJECT, SIZE(0, MAX_STEPS), .doc = "the steps; none only where depends joins two heads" },
    { "down", ARRAY | OBJECT, OF OBJECT, SIZE(0, MAX_STEPS), INNER(irreversible), .doc = "the steps back, or {\"irreversible\": \"why\"}; [] is none" },
};
const struct mig_shape mig_shape_migration = SHAPE("a migration", migration);

/* ---- members that many kinds share ---- */

static const struct mig_member comparison[] = {
    { "$eq", WHOLE, SIZE(0, INT64_MAX), .doc = "equal to" },
    { "$ne", WHOLE, SIZE(0, INT64_MAX), .doc = "other than" },
    { "$gt", WHOLE, SIZE(0, INT64_MAX), .doc = "more than" },
    { "$gte", WHOLE, SIZE(0, INT64_MAX), .doc = "at least" },
    { "$lt", WHOLE, SIZE(0, INT64_MAX), .doc = "less than" },
    { "$lte", WHOLE, SIZE(0, INT64_MAX), .doc = "at most" },
};
const struct mig_shape mig_shape_comparison = SHAPE("a comparison", comparison);

#define COUNT WHOLE | OBJECT, SIZE(0, INT64_MAX), INNER(comparison)

static const struct mig_member expect[] = {
    { "matched", COUNT, FILLED, .doc = "documents that an update found" },
    { "modified", COUNT, FILLED, .doc = "documents that an update changed" },
    { "inserted", COUNT, FILLED, .doc = "documents that were inserted" },
    { "deleted", COUNT, FILLED, .doc = "documents that were deleted" },
};
const struct mig_shape mig_shape_expect = SHAPE("expect", expect);

static const struct mig_member check[] = {
    { "collection", TEXT, NEEDED, NAME, .doc = "where to count" },
    { "filter", OBJECT, DEFAULT "{}", .doc = "what to count" },
    { "count", COUNT, FULL, .doc = "how many there must be: a number, or a comparison such as {\"$gte\": 1}" },
};
const struct mig_shape mig_shape_check = SHAPE("a check", check);

static const struct mig_member allow[] = {
    { "rule", TEXT, NEEDED, .form = MIG_FORM_RULE, .doc = "the lint rule that is waived" },
    { "why", TEXT, NEEDED, SIZE(1, MAX_TEXT), .doc = "the reason; the plan shows it" },
};
const struct mig_shape mig_shape_allow = SHAPE("allow", allow);

static const struct mig_member step[] = {
    { "id", TEXT, NEEDED, .form = MIG_FORM_ID, .doc = "names the step in history, so that it must not change once it ran; unique within up, and within down" },
    { "comment", TEXT, SIZE(0, 2000), .doc = "for readers; history keeps it" },
    { "allow", ARRAY, OF OBJECT, INNER(allow), SIZE(1, 20), .doc = "lint rules that are waived here, each with its reason" },
    { "expect", OBJECT, INNER(expect), FILLED, .doc = "counts that the reply must have; else the step fails" },
    { "verify", OBJECT, INNER(check), .doc = "a check after the step; after a crash it tells whether the step took effect" },
    { "ifExists", TEXT, WORDS "same|fail", DEFAULT "same", .doc = "it is there already: done when it is as asked for (same), or a failure" },
    { "ifMissing", TEXT, WORDS "same|fail", DEFAULT "fail", .doc = "it is gone already: done (same), or a failure" },
};
const struct mig_shape mig_shape_step = SHAPE("a step", step);

static const unsigned step_takes[MIG_COUNT(step)] = {
    MIG_TAKES_ALWAYS, MIG_TAKES_ALWAYS, MIG_TAKES_ALWAYS,
    MIG_TAKES_EXPECT, MIG_TAKES_VERIFY, MIG_TAKES_IF_EXISTS, MIG_TAKES_IF_MISSING,
};

#define COLLECTION { "collection", TEXT, NEEDED, NAME, .doc = "name of the collection" }
#define COLLATION  { "collation", OBJECT, .doc = "how texts are compared" }

/* ---- collections and views ---- */

static const struct mig_member create_collection[] = {
    COLLECTION,
    { "validator", OBJECT, .doc = "what documents must look like: a filter, mostly {\"$jsonSchema\": …}" },
    { "validationLevel", TEXT, WORDS "off|moderate|strict", DEFAULT "strict", .doc = "which writes are checked" },
    { "validationAction", TEXT, WORDS "error|warn|errorAndLog", DEFAULT "error", .doc = "what happens to a document that fails" },
    COLLATION,
    { "capped", BOOL, DEFAULT "false", .doc = "a ring of fixed size; needs `size`" },
    { "size", WHOLE, SIZE(1, INT64_C(1) << 50), .doc = "bytes of a capped collection" },
    { "max", WHOLE, SIZE(1, INT32_MAX), .doc = "documents of a capped collection" },
    { "timeseries", OBJECT, FILLED, .doc = "timeField, metaField, granularity" },
    { "expireAfterSeconds", WHOLE, SIZE(0, INT32_MAX), .doc = "age at which time series or clustered documents go" },
    { "clusteredIndex", OBJECT, FILLED, .doc = "{key: {_id: 1}, unique: true}" },
    { "changeStreamPreAndPostImages", OBJECT, .doc = "{enabled: true}" },
    { "encryptedFields", OBJECT, .doc = "queryable encryption" },
    { "storageEngine", OBJECT, .doc = "options of the storage engine" },
    { "indexOptionDefaults", OBJECT, .doc = "options that its indexes inherit" },
    SET_BY_MIGTUI,
};

static const struct mig_member create_view[] = {
    { "collection", TEXT, NEEDED, NAME, .doc = "name of the view" },
    { "viewOn", TEXT, NEEDED, NAME, .doc = "the collection or view it looks at" },
    { "pipeline", ARRAY, NEEDED, OF OBJECT, .doc = "what it shows of it" },
    COLLATION,
    SET_BY_MIGTUI,
};

static const struct mig_member coll_mod[] = {
    COLLECTION,
    { "validator", OBJECT, .doc = "as in createCollection; {} takes it away" },
    { "validationLevel", TEXT, WORDS "off|moderate|strict", .doc = "which writes are checked" },
    { "validationAction", TEXT, WORDS "error|warn|errorAndLog", .doc = "what happens to a document that fails" },
    { "index", OBJECT, FILLED, .doc = "{name or keyPattern, and one of expireAfterSeconds, hidden, prepareUnique, unique}" },
    { "viewOn", TEXT, NAME, .doc = "a view's source" },
    { "pipeline", ARRAY, OF OBJECT, .doc = "a view's pipeline" },
    { "expireAfterSeconds", WHOLE | TEXT, WORDS "off", SIZE(0, INT32_MAX), .doc = "of a time series or clustered collection, or \"off\"" },
    { "timeseries", OBJECT, FILLED, .doc = "a coarser granularity" },
    { "changeStreamPreAndPostImages", OBJECT, FILLED, .doc = "{enabled: true or false}" },
    { "cappedSize", WHOLE, SIZE(1, INT64_C(1) << 50), .doc = "bytes of a capped collection" },
    { "cappedMax", WHOLE, SIZE(0, INT32_MAX), .doc = "documents of a capped collection" },
    { "recordPreImages", BOOL, .doc = "before 6.0: keep documents as they were for change streams" },
    SET_BY_MIGTUI,
};

static const struct mig_member rename_collection[] = {
    COLLECTION,
    { "to", TEXT, NEEDED, NAME, .doc = "its new name in the same database" },
    { "dropTarget", BOOL, DEFAULT "false", .doc = "drop a collection that has the new name" },
    SET_BY_MIGTUI,
};

static const struct mig_member drop_collection[] = {
    { "collection", TEXT, NEEDED, NAME, .doc = "name of the collection or view" },
    { "onlyEmpty", BOOL, DEFAULT "false", .doc = "refuse when there are documents in it" },
    { "encryptedFields", OBJECT, .doc = "as it was created" },
    SET_BY_MIGTUI,
};

/* ---- indexes ---- */

static const struct mig_member index_spec[] = {
    { "key", OBJECT, FULL, .doc = "fields and directions, in order" },
    { "name", TEXT, NEEDED, SIZE(1, 120), .doc = "its name; dropIndexes and hideIndex go by it" },
    { "unique", BOOL, DEFAULT "false", .doc = "no two documents with the same key" },
    { "sparse", BOOL, DEFAULT "false", .doc = "leave out documents without the field" },
    { "partialFilterExpression", OBJECT, .doc = "only the documents that match" },
    { "expireAfterSeconds", WHOLE, SIZE(0, INT32_MAX), .doc = "delete documents at this age (TTL)" },
    { "hidden", BOOL, DEFAULT "false", .doc = "kept, but not used by queries" },
    COLLATION,
    { "wildcardProjection", OBJECT, .doc = "which fields a wildcard index has" },
    { "weights", OBJECT, .doc = "of a text index" },
    { "default_language", TEXT, SIZE(1, 60), .doc = "of a text index" },
    { "language_override", TEXT, SIZE(1, 120), .doc = "of a text index" },
    { "textIndexVersion", WHOLE, SIZE(1, 9), .doc = "of a text index" },
    { "2dsphereIndexVersion", WHOLE, SIZE(1, 9), .doc = "of a 2dsphere index" },
    { "bits", WHOLE, SIZE(1, 32), .doc = "of a 2d index" },
    { "min", ANY, .doc = "of a 2d index" },
    { "max", ANY, .doc = "of a 2d index" },
    { "prepareUnique", BOOL, .doc = "refuse new duplicates, before it becomes unique by collMod" },
    { "storageEngine", OBJECT, .doc = "options of the storage engine" },
    { "background", BOOL, .doc = "servers before 4.2 only" },
    { "v", WHOLE, SIZE(1, 9), .doc = "the format of the index" },
};
const struct mig_shape mig_shape_index = SHAPE("an index", index_spec);

static const struct mig_member create_indexes[] = {
    COLLECTION,
    { "indexes", ARRAY, NEEDED, OF OBJECT, INNER(index), SIZE(1, 64), .doc = "specifications, as MongoDB has them" },
    { "commitQuorum", WHOLE | TEXT, SIZE(0, 50), .doc = "how many members must be ready before the build ends" },
    SET_BY_MIGTUI,
};

static const struct mig_member drop_indexes[] = {
    COLLECTION,
    { "index", TEXT | ARRAY | OBJECT, NEEDED, OF TEXT, SIZE(1, 120), .doc = "its name, several names (4.2), or its key" },
    SET_BY_MIGTUI,
};

static const struct mig_member hide_index[] = {
    COLLECTION,
    { "index", TEXT | OBJECT, FULL, SIZE(1, 120), .doc = "its name, or its key" },
    { "hidden", BOOL, DEFAULT "true", .doc = "false shows it to the planner again" },
    SET_BY_MIGTUI,
};

/* ---- documents ---- */

#define WRITE_OPTIONS \
    { "ordered", BOOL, DEFAULT "true", .doc = "stop at the first statement that fails" }, \
    { "bypassDocumentValidation", BOOL, DEFAULT "false", .doc = "write what the validator would refuse" }, \
    SET_BY_MIGTUI

static const struct mig_member insert[] = {
    COLLECTION,
    { "documents", ARRAY, NEEDED, OF OBJECT, SIZE(1, 100000), .doc = "each with its `_id`, so that a second try finds the first" },
    WRITE_OPTIONS,
};

static const struct mig_member update_statement[] = {
    { "q", OBJECT, NEEDED, .doc = "which documents" },
    { "u", OBJECT | ARRAY, NEEDED, OF OBJECT, SIZE(1, 1000), .doc = "operators, a replacement, or a pipeline (4.2)" },
    { "multi", BOOL, DEFAULT "false", .doc = "all that match, not one" },
    { "upsert", BOOL, DEFAULT "false", .doc = "insert one when none matches" },
    { "arrayFilters", ARRAY, OF OBJECT, .doc = "which elements `$[name]` means" },
    COLLATION,
    { "hint", TEXT | OBJECT, .doc = "the index to use" },
    { "c", OBJECT, .doc = "constants of a pipeline, where the server knows them" },
    { "sort", OBJECT, .doc = "which one when several match (8.0)" },
};
const struct mig_shape mig_shape_update = SHAPE("a statement of update", update_statement);

static const struct mig_member update[] = {
    COLLECTION,
    { "updates", ARRAY, NEEDED, OF OBJECT, INNER(update), SIZE(1, 1000), .doc = "the statements" },
    { "let", OBJECT, .doc = "variables for all statements (5.0)" },
    WRITE_OPTIONS,
};

static const struct mig_member delete_statement[] = {
    { "q", OBJECT, NEEDED, .doc = "which documents" },
    { "limit", WHOLE, NEEDED, SIZE(0, 1), .doc = "1: one of them; 0: all" },
    COLLATION,
    { "hint", TEXT | OBJECT, .doc = "the index to use" },
};
const struct mig_shape mig_shape_delete = SHAPE("a statement of delete", delete_statement);

static const struct mig_member delete[] = {
    COLLECTION,
    { "deletes", ARRAY, NEEDED, OF OBJECT, INNER(delete), SIZE(1, 1000), .doc = "the statements" },
    { "let", OBJECT, .doc = "variables for all statements (5.0)" },
    { "ordered", BOOL, DEFAULT "true", .doc = "stop at the first statement that fails" },
    SET_BY_MIGTUI,
};

static const struct mig_member batch[] = {
    COLLECTION,
    { "filter", OBJECT, NEEDED, .doc = "which documents; with a marker it leaves out those that are done" },
    { "update", OBJECT | ARRAY, FILLED, OF OBJECT, SIZE(1, 1000), .doc = "operators or a pipeline; this or `delete`" },
    { "delete", BOOL, .doc = "true: delete them" },
    { "exactlyOnce", TEXT, WORDS "marker|transaction|idempotent", DEFAULT "idempotent for a delete, else needed", .doc = "what keeps a document from being changed twice after a crash" },
    { "size", WHOLE, SIZE(1, 100000), DEFAULT "1000", .doc = "documents of a range at first" },
    { "workers", WHOLE, SIZE(1, 16), DEFAULT "1", .doc = "ranges at a time" },
    { "targetMs", WHOLE, SIZE(10, 60000), DEFAULT "batchTargetMs of migtui.yaml", .doc = "how long one range should take; its size follows" },
    SET_BY_MIGTUI,
};

/* ---- aggregations ---- */

#define SOURCE   { "collection", TEXT, NEEDED, NAME, .doc = "the collection that is read" }
#define PIPELINE { "pipeline", ARRAY, NEEDED, OF OBJECT, .doc = "what becomes of its documents, without the last stage: that is made from the members here" }
#define AGGREGATE_OPTIONS \
    { "let", OBJECT, .doc = "variables (5.0)" }, \
    { "allowDiskUse", BOOL, .doc = "let large sorts go to disk" }, \
    COLLATION, \
    { "hint", TEXT | OBJECT, .doc = "the index to use" }, \
    { "bypassDocumentValidation", BOOL, DEFAULT "false", .doc = "write what the validator would refuse" }, \
    SET_BY_MIGTUI

static const struct mig_member merge[] = {
    SOURCE,
    PIPELINE,
    { "into", TEXT, NEEDED, NAME, .doc = "the collection that is written, in the same database" },
    { "on", TEXT | ARRAY, OF TEXT, SIZE(1, 120), DEFAULT "_id", .doc = "what makes two documents the same" },
    { "whenMatched", TEXT | ARRAY, OF OBJECT, SIZE(1, 1000), WORDS "replace|keepExisting|merge|fail", DEFAULT "merge", .doc = "a word, or a pipeline" },
    { "whenNotMatched", TEXT, WORDS "insert|discard|fail", DEFAULT "insert", .doc = "what becomes of the others" },
    AGGREGATE_OPTIONS,
};

static const struct mig_member out[] = {
    SOURCE,
    PIPELINE,
    { "to", TEXT, NEEDED, NAME, .doc = "the collection that is replaced, in the same database" },
    AGGREGATE_OPTIONS,
};

/* ---- the others ---- */

static const struct mig_member command[] = {
    { "run", OBJECT, FULL, .doc = "the command, its name first" },
    { "db", TEXT, WORDS "$target|admin", DEFAULT "$target", .doc = "the environment's database, or admin" },
    { "idempotent", BOOL, DEFAULT "false", .doc = "its author's word that sending it twice does what sending it once does" },
};

static const struct mig_member exec[] = {
    { "run", ARRAY, NEEDED, OF TEXT, SIZE(1, 256), .doc = "the program and its arguments; no shell" },
    { "env", OBJECT, .doc = "variables beside those of migtui; values are texts" },
    { "timeoutS", WHOLE, SIZE(1, 86400), DEFAULT "3600", .doc = "seconds until it is stopped" },
};

static const struct mig_member manual[] = {
    { "text", TEXT, NEEDED, SIZE(1, 4000), .doc = "what a person has to do, and how to see that it is done" },
    { "ask", TEXT, SIZE(1, 200), DEFAULT "Done?", .doc = "the question to confirm" },
};

/* ---- the kinds ---- */

#define VERIFY     MIG_TAKES_VERIFY
#define IF_EXISTS  MIG_TAKES_IF_EXISTS
#define IF_MISSING MIG_TAKES_IF_MISSING
#define EXPECT     MIG_TAKES_EXPECT

static const struct mig_kind_shape kinds[MIG_STEP_KINDS] = {
    [MIG_STEP_CREATE_COLLECTION] = { SHAPE("createCollection", create_collection), VERIFY | IF_EXISTS, false,
        "{\"collection\": \"people\", \"validator\": {\"$jsonSchema\": {\"required\": [\"email\"]}}}" },
    [MIG_STEP_CREATE_VIEW] = { SHAPE("createView", create_view), VERIFY | IF_EXISTS, false,
        "{\"collection\": \"adults\", \"viewOn\": \"people\", \"pipeline\": [{\"$match\": {\"age\": {\"$gte\": 18}}}]}" },
    [MIG_STEP_COLL_MOD] = { SHAPE("collMod", coll_mod), VERIFY, false,
        "{\"collection\": \"people\", \"validationLevel\": \"moderate\"}" },
    [MIG_STEP_RENAME_COLLECTION] = { SHAPE("renameCollection", rename_collection), VERIFY, false,
        "{\"collection\": \"people\", \"to\": \"customers\"}" },
    [MIG_STEP_DROP_COLLECTION] = { SHAPE("dropCollection", drop_collection), VERIFY | IF_MISSING, false,
        "{\"collection\": \"people_old\"}" },
    [MIG_STEP_CREATE_INDEXES] = { SHAPE("createIndexes", create_indexes), VERIFY | IF_EXISTS, false,
        "{\"collection\": \"people\", \"indexes\": [{\"key\": {\"email\": 1}, \"name\": \"email_1\", \"unique\": true}]}" },
    [MIG_STEP_DROP_INDEXES] = { SHAPE("dropIndexes", drop_indexes), VERIFY | IF_MISSING, false,
        "{\"collection\": \"people\", \"index\": \"email_1\"}" },
    [MIG_STEP_HIDE_INDEX] = { SHAPE("hideIndex", hide_index), VERIFY, false,
        "{\"collection\": \"people\", \"index\": \"email_1\", \"hidden\": true}" },
    [MIG_STEP_INSERT] = { SHAPE("insert", insert), VERIFY | IF_EXISTS | EXPECT, true,
        "{\"collection\": \"configs\", \"documents\": [{\"_id\": \"default\", \"value\": 1}]}" },
    [MIG_STEP_UPDATE] = { SHAPE("update", update), VERIFY | EXPECT, true,
        "{\"collection\": \"configs\", \"updates\": [{\"q\": {\"_id\": \"default\"}, \"u\": {\"$set\": {\"value\": 2}}}]}" },
    [MIG_STEP_DELETE] = { SHAPE("delete", delete), VERIFY | EXPECT, true,
        "{\"collection\": \"configs\", \"deletes\": [{\"q\": {\"_id\": \"default\"}, \"limit\": 1}]}" },
    [MIG_STEP_BATCH] = { SHAPE("batch", batch), VERIFY | EXPECT, false,
        "{\"collection\": \"people\", \"filter\": {\"v\": {\"$lt\": 2}}, \"update\": {\"$set\": {\"v\": 2}}, \"exactlyOnce\": \"marker\"}" },
    [MIG_STEP_MERGE] = { SHAPE("merge", merge), VERIFY, false,
        "{\"collection\": \"orders\", \"pipeline\": [{\"$group\": {\"_id\": \"$customer\", \"spent\": {\"$sum\": \"$total\"}}}], \"into\": \"customer_totals\"}" },
    [MIG_STEP_OUT] = { SHAPE("out", out), VERIFY, false,
        "{\"collection\": \"orders\", \"pipeline\": [{\"$match\": {\"year\": 2026}}], \"to\": \"orders_2026\"}" },
    [MIG_STEP_TRANSACTION] = { { "transaction", NULL, 0 }, VERIFY, false,
        "[{\"delete\": {\"collection\": \"a\", \"deletes\": [{\"q\": {\"_id\": 1}, \"limit\": 1}]}}, {\"insert\": {\"collection\": \"b\", \"documents\": [{\"_id\": 1}]}}]" },
    [MIG_STEP_ASSERT] = { SHAPE("assert", check), 0, true,
        "{\"collection\": \"people\", \"filter\": {\"email\": null}, \"count\": 0}" },
    [MIG_STEP_COMMAND] = { SHAPE("command", command), VERIFY, false,
        "{\"run\": {\"collMod\": \"people\", \"validator\": {}}, \"idempotent\": true}" },
    [MIG_STEP_EXEC] = { SHAPE("exec", exec), VERIFY, false,
        "{\"run\": [\"./scripts/reindex\", \"--all\"], \"timeoutS\": 600}" },
    [MIG_STEP_MANUAL] = { SHAPE("manual", manual), VERIFY, false,
        "{\"text\": \"Stop the import job.\", \"ask\": \"Is it stopped?\"}" },
};

// clang-format on

const struct mig_kind_shape *mig_kind_shape(enum mig_step_kind kind)
{
    return &kinds[kind];
}

unsigned mig_shape_takes(const struct mig_member *member)
{
    return step_takes[member - step];
}

const struct mig_member *mig_shape_member(const struct mig_shape *shape, const char *name)
{
    for (size_t i = 0; i < shape->count; i++) {
        if (strcmp(shape->members[i].name, name) == 0)
            return &shape->members[i];
    }
    return NULL;
}
