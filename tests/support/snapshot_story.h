/* snapshot_story.h - the files and records of snapshot_world.h: data. */
#ifndef MIG_TESTS_SNAPSHOT_STORY_H
#define MIG_TESTS_SNAPSHOT_STORY_H

#include "model/history.h"

struct story_file {
    const char *name, *text;
};

struct story_record {
    const char *env, *version, *title; /* title: for files that are gone */
    enum mig_record_state state;
    const char *when; /* started, ISO */
    int64_t took_ms;
    const char *who, *run;
    const char *step, *error;
    bool edited; /* other text ran than the file has now */
};

#define STORY_FILES        10
#define STORY_RECORDS      23
#define STORY_HOSTILE      6
#define STORY_OTHER_DIGEST "1111111111111111111111111111111111111111111111111111111111111111"

extern const struct story_file story_files_of[STORY_FILES];
extern const struct story_record story_records_of[STORY_RECORDS];
extern const struct story_record story_hostile_of[STORY_HOSTILE];

#endif
