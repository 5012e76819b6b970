/* snapshot_story.c - see snapshot_world.h: ten files of a shop, and what three databases say of them. */
#include "support/snapshot_story.h"

// clang-format off
const struct story_file story_files_of[STORY_FILES] = {
    { "20261102090000_users_by_email.jsonc",
      "// 20261102090000_users_by_email\n"
      "{\n"
      "  \"migtui\": 1,\n"
      "  \"title\": \"index users by email\",\n"
      "  \"up\": [\n"
      "    {\"id\": \"email\", \"createIndexes\": {\"collection\": \"users\", \"indexes\": [{\"key\": {\"email\": 1}, \"name\": \"email_1\", \"unique\": true}]}}\n"
      "  ],\n"
      "  \"down\": [\n"
      "    {\"id\": \"email\", \"dropIndexes\": {\"collection\": \"users\", \"index\": \"email_1\"}}\n"
      "  ]\n"
      "}\n" },
    { "20261102101500_split_names.jsonc",
      "// 20261102101500_split_names\n"
      "{\n"
      "  \"migtui\": 1,\n"
      "  \"title\": \"split the full name\",\n"
      "  \"up\": [\n"
      "    {\"id\": \"names\", \"batch\": {\"collection\": \"users\", \"filter\": {\"first\": {\"$exists\": false}}, \"update\": [{\"$set\": {\"first\": {\"$arrayElemAt\": [{\"$split\": [\"$name\", \" \"]}, 0]}}}], \"exactlyOnce\": \"marker\"}}\n"
      "  ]\n"
      "}\n" },
    { "20261103083000_order_status.jsonc",
      "// 20261103083000_order_status\n"
      "{\n"
      "  \"migtui\": 1,\n"
      "  \"title\": \"order status is one of five\",\n"
      "  \"up\": [\n"
      "    {\"id\": \"status\", \"collMod\": {\"collection\": \"orders\", \"validator\": {\"status\": {\"$in\": [\"open\", \"paid\", \"sent\", \"back\", \"lost\"]}}}}\n"
      "  ]\n"
      "}\n" },
    { "20261103114500_sessions_expire.jsonc",
      "// 20261103114500_sessions_expire\n"
      "{\n"
      "  \"migtui\": 1,\n"
      "  \"title\": \"sessions expire after a day\",\n"
      "  \"up\": [\n"
      "    {\"id\": \"ttl\", \"createIndexes\": {\"collection\": \"sessions\", \"indexes\": [{\"key\": {\"at\": 1}, \"name\": \"at_ttl\", \"expireAfterSeconds\": 86400}]}}\n"
      "  ]\n"
      "}\n" },
    { "20261110090000_orders_by_customer.jsonc",
      "// 20261110090000_orders_by_customer\n"
      "{\n"
      "  \"migtui\": 1,\n"
      "  \"title\": \"index orders by customer\",\n"
      "  \"up\": [\n"
      "    {\"id\": \"customer\", \"createIndexes\": {\"collection\": \"orders\", \"indexes\": [{\"key\": {\"customer\": 1, \"at\": -1}, \"name\": \"customer_at\"}]}}\n"
      "  ]\n"
      "}\n" },
    { "20261112090000_backfill_currency.jsonc",
      "// 20261112090000_backfill_currency\n"
      "{\n"
      "  \"migtui\": 1,\n"
      "  \"title\": \"backfill currency\",\n"
      "  \"up\": [\n"
      "    {\"id\": \"currency\", \"batch\": {\"collection\": \"orders\", \"filter\": {\"currency\": {\"$exists\": false}}, \"update\": {\"$set\": {\"currency\": \"EUR\"}}, \"exactlyOnce\": \"marker\"}}\n"
      "  ],\n"
      "  \"down\": [\n"
      "    {\"id\": \"currency\", \"batch\": {\"collection\": \"orders\", \"filter\": {\"currency\": {\"$exists\": true}}, \"update\": {\"$unset\": {\"currency\": \"\"}}, \"exactlyOnce\": \"marker\"}}\n"
      "  ]\n"
      "}\n" },
    { "20261118090000_split_address.jsonc",
      "// 20261118090000_split_address\n"
      "{\n"
      "  \"migtui\": 1,\n"
      "  \"title\": \"split the address into lines\",\n"
      "  \"up\": [\n"
      "    {\"id\": \"lines\", \"batch\": {\"collection\": \"users\", \"filter\": {\"addr\": {\"$type\": \"string\"}}, \"update\": [{\"$set\": {\"addr\": {\"line1\": \"$addr\"}}}], \"exactlyOnce\": \"marker\"}},\n"
      "    {\"id\": \"zip\", \"createIndexes\": {\"collection\": \"users\", \"indexes\": [{\"key\": {\"addr.zip\": 1}, \"name\": \"addr_zip\"}]}},\n"
      "    {\"id\": \"all\", \"assert\": {\"collection\": \"users\", \"filter\": {\"addr\": {\"$type\": \"string\"}}, \"count\": 0}}\n"
      "  ]\n"
      "}\n" },
    { "20261119090000_orders_have_a_ref.jsonc",
      "// 20261119090000_orders_have_a_ref\n"
      "{\n"
      "  \"migtui\": 1,\n"
      "  \"title\": \"orders have a reference\",\n"
      "  \"up\": [\n"
      "    {\"id\": \"ref\", \"createIndexes\": {\"collection\": \"orders\", \"indexes\": [{\"key\": {\"ref\": 1}, \"name\": \"ref_1\", \"unique\": true}]}}\n"
      "  ],\n"
      "  \"down\": [\n"
      "    {\"id\": \"ref\", \"dropIndexes\": {\"collection\": \"orders\", \"index\": \"ref_1\"}}\n"
      "  ]\n"
      "}\n" },
    { "20261120090000_skus_in_capitals.jsonc",
      "// 20261120090000_skus_in_capitals\n"
      "{\n"
      "  \"migtui\": 1,\n"
      "  \"title\": \"skus in capitals\",\n"
      "  \"up\": [\n"
      "    {\"id\": \"skus\", \"batch\": {\"collection\": \"products\", \"filter\": {\"skuIs\": {\"$exists\": false}}, \"update\": [{\"$set\": {\"sku\": {\"$toUpper\": \"$sku\"}, \"skuIs\": 2}}], \"exactlyOnce\": \"marker\"}}\n"
      "  ]\n"
      "}\n" },
    { "20261121090000_refunds.jsonc",
      "// 20261121090000_refunds\n"
      "{\n"
      "  \"migtui\": 1,\n"
      "  \"title\": \"refunds\",\n"
      "  \"up\": [\n"
      "    {\"id\": \"refunds\", \"createCollection\": {\"collection\": \"refunds\"}},\n"
      "    {\"id\": \"seed\", \"insert\": {\"collection\": \"settings\", \"documents\": [{\"_id\": \"refunds\", \"days\": 30}]}}\n"
      "  ],\n"
      "  \"down\": [\n"
      "    {\"id\": \"refunds\", \"dropCollection\": {\"collection\": \"refunds\"}}\n"
      "  ]\n"
      "}\n" },
};

const struct story_record story_records_of[STORY_RECORDS] = {
    { .env = "dev", .version = "20261102090000", .state = MIG_RECORD_APPLIED, .when = "2026-11-02T09:12:04Z", .took_ms = 420, .who = "ivo", .run = "01KAG00000DEV0000000000000" },
    { .env = "dev", .version = "20261102101500", .state = MIG_RECORD_APPLIED, .when = "2026-11-02T10:20:00Z", .took_ms = 31000, .who = "ivo", .run = "01KAG00000DEV1000000000000" },
    { .env = "dev", .version = "20261103083000", .state = MIG_RECORD_APPLIED, .when = "2026-11-03T08:31:00Z", .took_ms = 12, .who = "ivo", .run = "01KAG00000DEV2000000000000" },
    { .env = "dev", .version = "20261103114500", .state = MIG_RECORD_APPLIED, .when = "2026-11-03T11:46:10Z", .took_ms = 900, .who = "ivo", .run = "01KAG00000DEV3000000000000" },
    { .env = "dev", .version = "20261110090000", .state = MIG_RECORD_APPLIED, .when = "2026-11-10T09:02:00Z", .took_ms = 2100, .who = "ivo", .run = "01KAG00000DEV4000000000000" },
    { .env = "dev", .version = "20261112090000", .state = MIG_RECORD_APPLIED, .when = "2026-11-12T09:04:30Z", .took_ms = 88000, .who = "ivo", .run = "01KAG00000DEV5000000000000" },
    { .env = "dev", .version = "20261118090000", .state = MIG_RECORD_APPLIED, .when = "2026-11-18T09:12:41Z", .took_ms = 4200, .who = "ivo", .run = "01KAG00000DEV6000000000000" },
    { .env = "dev", .version = "20261119090000", .state = MIG_RECORD_APPLIED, .when = "2026-11-19T09:15:00Z", .took_ms = 640, .who = "ivo", .run = "01KAG00000DEV7000000000000" },
    { .env = "dev", .version = "20261120090000", .state = MIG_RECORD_RUNNING, .when = "2026-11-21T14:01:30Z", .who = "ivo", .run = "01KAJN6W5Z8RXNNER0F0DEV001", .step = "skus" },
    { .env = "test", .version = "20261102090000", .state = MIG_RECORD_APPLIED, .when = "2026-11-04T10:00:00Z", .took_ms = 380, .who = "ana", .run = "01KAG00000TEST000000000000" },
    { .env = "test", .version = "20261102101500", .state = MIG_RECORD_APPLIED, .when = "2026-11-04T10:00:01Z", .took_ms = 29000, .who = "ana", .run = "01KAG00000TEST100000000000" },
    { .env = "test", .version = "20261103083000", .state = MIG_RECORD_APPLIED, .when = "2026-11-05T07:40:00Z", .took_ms = 14, .who = "ana", .run = "01KAG00000TEST200000000000", .edited = true },
    { .env = "test", .version = "20261103114500", .state = MIG_RECORD_APPLIED, .when = "2026-11-05T07:40:01Z", .took_ms = 870, .who = "ana", .run = "01KAG00000TEST300000000000" },
    { .env = "test", .version = "20261110090000", .state = MIG_RECORD_APPLIED, .when = "2026-11-12T10:30:00Z", .took_ms = 1900, .who = "ana", .run = "01KAG00000TEST400000000000" },
    { .env = "test", .version = "20261112090000", .state = MIG_RECORD_APPLIED, .when = "2026-11-13T10:40:00Z", .took_ms = 91000, .who = "ana", .run = "01KAG00000TEST500000000000" },
    { .env = "test", .version = "20261118090000", .state = MIG_RECORD_APPLIED, .when = "2026-11-19T10:40:02Z", .took_ms = 5000, .who = "ana", .run = "01KAG00000TEST600000000000" },
    { .env = "test", .version = "20261119090000", .state = MIG_RECORD_FAILED, .when = "2026-11-20T16:03:41Z", .took_ms = 2100, .who = "ana", .run = "01KAG00000TESTX00000000000",
      .step = "ref", .error = "E11000 duplicate key error collection: shop.orders index: ref_1 dup key: { ref: \"A-19\" }" },
    { .env = "prod", .version = "20261102090000", .state = MIG_RECORD_APPLIED, .when = "2026-11-09T13:00:00Z", .took_ms = 2100, .who = "ci", .run = "01KAG00000PRXD000000000000" },
    { .env = "prod", .version = "20261102101500", .state = MIG_RECORD_APPLIED, .when = "2026-11-09T13:00:05Z", .took_ms = 733000, .who = "ci", .run = "01KAG00000PRXD100000000000" },
    { .env = "prod", .version = "20261103083000", .state = MIG_RECORD_APPLIED, .when = "2026-11-09T13:15:00Z", .took_ms = 21, .who = "ci", .run = "01KAG00000PRXD200000000000" },
    { .env = "prod", .version = "20261111160000", .title = "hotfix 77", .state = MIG_RECORD_APPLIED, .when = "2026-11-11T16:20:00Z", .took_ms = 33, .who = "mia", .run = "01KAG00000PRXDH00000000000" },
    { .env = "prod", .version = "20261110090000", .state = MIG_RECORD_APPLIED, .when = "2026-11-14T09:00:02Z", .took_ms = 38000, .who = "ci", .run = "01KAG00000PRXD400000000000" },
    { .env = "prod", .version = "20261112090000", .state = MIG_RECORD_APPLIED, .when = "2026-11-14T09:01:02Z", .took_ms = 412000, .who = "ci", .run = "01KAG00000PRXD500000000000" },
};

/* What somebody with a keyboard and no shame left in a database. */
const struct story_record story_hostile_of[STORY_HOSTILE] = {
    { .env = "test", .version = "20261101000001", .title = "red \x1b[31m alert \x1b]0;title\x07", .state = MIG_RECORD_APPLIED, .when = "2026-11-20T16:03:41Z", .took_ms = 5, .who = "ana\x1b[2J", .run = "01KAG00000EV1X000000000000" },
    { .env = "test", .version = "20261101000002", .title = "admin\xe2\x80\xae gnp.exe \xe2\x80\x8b zero", .state = MIG_RECORD_APPLIED, .when = "2026-11-20T16:03:41Z", .took_ms = 5, .who = "\xe2\x80\xaeroot", .run = "01KAG00000EV1X000000000000" },
    { .env = "test", .version = "20261101000003", .title = "broken \xff\xfe\xc3 bytes \x9b""1m", .state = MIG_RECORD_APPLIED, .when = "2026-11-20T16:03:41Z", .took_ms = 5, .who = "\xc3", .run = "01KAG00000EV1X000000000000" },
    { .env = "test", .version = "20261101000004", .title = "\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xb8\x96\xe7\x95\x8c\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xb8\x96\xe7\x95\x8c\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xb8\x96\xe7\x95\x8c wide", .state = MIG_RECORD_APPLIED, .when = "2026-11-20T16:03:41Z", .took_ms = 5, .who = "\xe4\xbd\xa0\xe5\xa5\xbd", .run = "01KAG00000EV1X000000000000" },
    { .env = "test", .version = "20261101000005", .title = "two\nlines\tand a tab\r\x00", .state = MIG_RECORD_APPLIED, .when = "2026-11-20T16:03:41Z", .took_ms = 5, .who = "a\nb", .run = "01KAG00000EV1X000000000000" },
    { .env = "test", .version = "20261119090000", .state = MIG_RECORD_FAILED, .when = "2026-11-20T16:03:41Z", .who = "ana", .run = "01KAG00000EV1X000000000000", .step = "ref",
      .error = "E11000 \x1b[31mkey\x1b[0m \xe2\x80\xae{ name: \"Eve\x07\" } \xff and so on and on and on and on and on and on and on and on and on" },
};
// clang-format on
