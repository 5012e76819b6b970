/* person.c - a person to a document and back. */
#include "model/person.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/doc.h"
#include "base/text.h"

static const struct {
    const char *key;
    size_t offset, size;
} members[] = {
#define MEMBER(name, field) \
    { \
        name, offsetof(struct mig_person, field), sizeof(((struct mig_person *)NULL)->field) \
    }
    MEMBER("dbUser", db_user),         MEMBER("key", key),        MEMBER("principal", principal),
    MEMBER("operator", operator_name), MEMBER("osUser", os_user), MEMBER("host", host),
    MEMBER("sshClient", ssh_client),
#undef MEMBER
};

void mig_person_append(bson_t *doc, const char *name, const struct mig_person *person)
{
    bson_t sub;
    BSON_APPEND_DOCUMENT_BEGIN(doc, name, &sub);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const char *text = (const char *)person + members[i].offset;
        if (*text)
            BSON_APPEND_UTF8(&sub, members[i].key, text);
    }
    bson_append_document_end(doc, &sub);
}

void mig_person_decode(const bson_t *doc, const char *path, struct mig_person *ret)
{
    *ret = (struct mig_person){ 0 };
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        char at[200];
        snprintf(at, sizeof at, "%s.%s", path, members[i].key);
        char *safe = mig_text_safe_dup(mig_doc_str(doc, at, ""), members[i].size - 1);
        char *slot = (char *)ret + members[i].offset;
        snprintf(slot, members[i].size, "%s", safe);
        mig_utf8_trim(slot);
        free(safe);
    }
}

const char *mig_person_name(const struct mig_person *person)
{
    return person->principal[0]       ? person->principal
           : person->db_user[0]       ? person->db_user
           : person->operator_name[0] ? person->operator_name
           : person->os_user[0]       ? person->os_user
                                      : "somebody";
}
