/* template.c - what `migtui new` writes, and how it names the file. */
#include <string.h>

#include "base/buf.h"
#include "engine/catalog.h"

#define SLUG_MAX     64
#define TEMPLATE_MAX (64u * 1024)

static const char opening[] = "{\n"
                              "  \"migtui\": 1,\n"
                              "  \"title\": \"";

static const char rest[] =
    "\",\n"
    "\n"
    "  // Steps run in this order, each named by its id. A step is MongoDB's own command with the\n"
    "  // collection's name under \"collection\". All kinds: docs/reference/steps.md. For example:\n"
    "  //   { \"id\": \"idx\", \"createIndexes\": { \"collection\": \"people\", \"indexes\": [\n"
    "  //       { \"key\": { \"email\": 1 }, \"name\": \"email_1\", \"unique\": true } ] } },\n"
    "  //   { \"id\": \"fill\", \"batch\": { \"collection\": \"people\", \"filter\": { \"v\": { \"$lt\": 2 } },\n"
    "  //       \"update\": { \"$set\": { \"newsletter\": false, \"v\": 2 } }, \"exactlyOnce\": \"marker\" } },\n"
    "  \"up\": [\n"
    "  ],\n"
    "\n"
    "  // The way back, as steps; or { \"irreversible\": \"why, and what to do instead\" }.\n"
    "  \"down\": [\n"
    "  ]\n"
    "}\n";

char *mig_migration_template(const char *version, const char *title)
{
    MIG_AUTOBUF struct mig_buf out;
    mig_buf_init(&out, TEMPLATE_MAX);
    mig_buf_printf(&out, "// %s\n", version);
    mig_buf_str(&out, opening);
    mig_buf_json(&out, title);
    mig_buf_str(&out, rest);
    return mig_buf_detach(&out);
}

char *mig_slug(const char *title)
{
    MIG_AUTOBUF struct mig_buf out;
    bool gap = false;
    mig_buf_init(&out, SLUG_MAX + 1);
    for (; *title; title++) {
        char c = *title;
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9')) {
            gap = true;
            continue;
        }
        if (gap && out.len > 0 && out.len < SLUG_MAX - 1)
            mig_buf_char(&out, '_');
        if (out.len < SLUG_MAX)
            mig_buf_char(&out, c);
        gap = false;
    }
    return mig_buf_detach(&out);
}
