/* mongo_driver.c - the driver's library, opened once. */
#include "io/mongo_driver.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>

#include "base/rows.h"

#define LIBRARY "libmongoc-1.0.so.0" /* whose interface only grows */

/* The driver is one for the process. NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables) */
struct io_mongoc mongoc;

static const struct {
    const char *name;
    size_t at; /* in the table */
} functions[] = {
#define ROW(name) { "mongoc_" #name, offsetof(struct io_mongoc, name) },
    IO_MONGOC_FUNCTIONS(ROW)
#undef ROW
};

static bool find_functions(void *library, struct mig_error *err)
{
    for (size_t i = 0; i < MIG_COUNT(functions); i++) {
        void *found = dlsym(library, functions[i].name);
        if (!found)
            return mig_fail(err, MIG_ERR_IO, "MongoDB's driver is too old: %s has no %s", LIBRARY,
                            functions[i].name);
        *(void **)((char *)&mongoc + functions[i].at) = found;
    }
    return true;
}

bool io_mongo_find(struct mig_error *err)
{
    void *library = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
    if (library ? find_functions(library, err)
                : mig_fail(err, MIG_ERR_IO, "MongoDB's driver cannot be loaded: %s", dlerror()))
        return true;
    return mig_hint(err, "install mongo-c-driver 1.23 or later: apt install libmongoc-1.0-0");
}
