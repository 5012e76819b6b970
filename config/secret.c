/* secret.c - references to secrets: a template is a row of pieces, each a literal or a name. */
#include "config/secret.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/rows.h"
#include "base/text.h"

#define NAME_MAX_BYTES 128

static const struct {
    enum cfg_secret_kind kind;
    const char *prefix;
} kinds[] = {
    { CFG_SECRET_FILE, "file:" },
    { CFG_SECRET_CMD, "cmd:" },
    { CFG_SECRET_SSM, "ssm:" },
    { CFG_SECRET_SECRETSMANAGER, "secretsmanager:" },
};

/* A literal (bytes, len) or the name of a ${name}. */
struct piece {
    const char *bytes;
    size_t len;
    bool is_name;
};

static size_t name_len(const char *p)
{
    size_t len = strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");
    return *p >= '0' && *p <= '9' ? 0 : len;
}

/* The piece at *p, which moves on; false at the end, or with *ret_why set when a ${ is malformed. */
static bool next_piece(const char **p, struct piece *ret, const char **ret_why)
{
    const char *at = *p;
    *ret_why = NULL;
    if (*at == '\0')
        return false;
    if (strncmp(at, "$${", 3) == 0) {
        *ret = (struct piece){ at + 1, 2, false };
        *p = at + 3;
        return true;
    }
    if (strncmp(at, "${", 2) == 0) {
        size_t len = name_len(at + 2);
        if (len == 0 || len > NAME_MAX_BYTES || at[2 + len] != '}') {
            *ret_why = strchr(at, '}') ? "${…} must hold the name of a variable: letters, digits and _"
                                       : "a ${ has no }; write $${ for the two characters themselves";
            return false;
        }
        *ret = (struct piece){ at + 2, len, true };
        *p = at + len + 3;
        return true;
    }
    size_t len = 1;
    while (at[len] && strncmp(at + len, "${", 2) != 0 && strncmp(at + len, "$${", 3) != 0)
        len++;
    *ret = (struct piece){ at, len, false };
    *p = at + len;
    return true;
}

bool cfg_secret_ref_parse(const char *text, struct cfg_secret_ref *ret, const char **ret_why)
{
    for (size_t i = 0; i < MIG_COUNT(kinds); i++) {
        size_t len = strlen(kinds[i].prefix);
        if (strncmp(text, kinds[i].prefix, len) == 0) {
            *ret_why = "nothing follows the colon";
            if (text[len] == '\0')
                return false;
            *ret = (struct cfg_secret_ref){ .kind = kinds[i].kind, .text = mig_strdup(text + len) };
            return true;
        }
    }
    bool names = false;
    struct piece piece;
    for (const char *p = text; next_piece(&p, &piece, ret_why);)
        names |= piece.is_name;
    if (*ret_why)
        return false;
    *ret = (struct cfg_secret_ref){ .kind = names ? CFG_SECRET_ENV : CFG_SECRET_LITERAL,
                                    .text = mig_strdup(text) };
    return true;
}

void cfg_secret_ref_done(struct cfg_secret_ref *ref)
{
    if (ref->text)
        sodium_memzero(ref->text, strlen(ref->text));
    free(ref->text);
    free(ref->label);
    *ref = (struct cfg_secret_ref){ 0 };
}

void cfg_secret_ref_names(const struct cfg_secret_ref *ref, void (*each)(void *ctx, const char *name),
                          void *ctx)
{
    if (ref->kind != CFG_SECRET_ENV)
        return;
    struct piece piece;
    const char *why;
    for (const char *p = ref->text; next_piece(&p, &piece, &why);) {
        if (piece.is_name) {
            MIG_AUTOFREE char *name = mig_strndup(piece.bytes, piece.len);
            each(ctx, name);
        }
    }
}

static const char *label_of(const struct cfg_secret_ref *ref)
{
    return ref->label ? ref->label : "secret";
}

struct missing {
    const struct cfg_secret_ref *ref;
    const char *(*lookup)(void *ctx, const char *name);
    void *ctx;
    char *reason;
};

static void note_missing(void *ctx, const char *name)
{
    struct missing *m = ctx;
    const char *value = m->lookup ? m->lookup(m->ctx, name) : NULL;
    if (!m->reason && (!value || !*value))
        m->reason = mig_printf("%s is %s (%s)", name, value ? "empty" : "not set", label_of(m->ref));
}

char *cfg_secret_ref_missing(const struct cfg_secret_ref *ref,
                             const char *(*lookup)(void *ctx, const char *name), void *ctx)
{
    if (ref->kind == CFG_SECRET_SSM || ref->kind == CFG_SECRET_SECRETSMANAGER)
        return mig_printf("%s: secrets need a later version (%s)",
                          ref->kind == CFG_SECRET_SSM ? "ssm" : "secretsmanager", label_of(ref));
    struct missing m = { .ref = ref, .lookup = lookup, .ctx = ctx };
    cfg_secret_ref_names(ref, note_missing, &m);
    return m.reason;
}

void cfg_secret_ref_print(const struct cfg_secret_ref *ref, bool is_uri, struct mig_buf *out)
{
    size_t len = ref->text ? strlen(ref->text) : 0;
    const char *prefix = "";
    for (size_t i = 0; i < MIG_COUNT(kinds); i++)
        prefix = kinds[i].kind == ref->kind ? kinds[i].prefix : prefix;
    if (ref->kind == CFG_SECRET_FILE || ref->kind == CFG_SECRET_SSM ||
        ref->kind == CFG_SECRET_SECRETSMANAGER) {
        mig_buf_str(out, prefix);
        mig_text_safe(out, ref->text, len, SIZE_MAX, false);
    } else if (ref->kind == CFG_SECRET_ENV && ref->text[0] == '$' && name_len(ref->text + 2) + 3 == len) {
        mig_buf_str(out, ref->text);
    } else if (is_uri && (ref->kind == CFG_SECRET_ENV || ref->kind == CFG_SECRET_LITERAL)) {
        MIG_AUTOFREE char *redacted = mig_text_redact_uri(ref->text);
        mig_buf_str(out, redacted);
    } else if (ref->kind != CFG_SECRET_NONE) {
        mig_buf_printf(out, "%s***", prefix);
    }
}

/* ---- resolving ---- */

static bool take(const char *bytes, size_t len, struct cfg_secret *ret, struct mig_error *err)
{
    if (len == 0)
        return mig_fail(err, MIG_ERR_SECRET, "it is empty");
    if (memchr(bytes, '\0', len))
        return mig_fail(err, MIG_ERR_SECRET, "it holds a NUL byte");
    /* uncovered: libsodium starts wherever there is a source of randomness */
    char *text = sodium_init() < 0 ? NULL : sodium_malloc(len + 1);
    /* uncovered: guarded memory that is not to be had */
    if (!text)
        return mig_fail(err, MIG_ERR_SECRET, "there is no guarded memory left for it");
    memcpy(text, bytes, len);
    text[len] = '\0';
    *ret = (struct cfg_secret){ text, len };
    return true;
}

static bool expand(const struct cfg_secret_ref *ref, const struct cfg_secret_source *source,
                   struct mig_buf *out, struct mig_error *err)
{
    struct piece piece;
    const char *why;
    for (const char *p = ref->text; next_piece(&p, &piece, &why);) {
        if (!piece.is_name) {
            mig_buf_add(out, piece.bytes, piece.len);
            continue;
        }
        MIG_AUTOFREE char *name = mig_strndup(piece.bytes, piece.len);
        const char *value = source->getenv(source->ctx, name);
        if (!value || !*value)
            return mig_fail(err, MIG_ERR_SECRET, "%s is %s", name, value ? "empty" : "not set");
        mig_buf_str(out, value);
    }
    /* uncovered: cfg_secret_ref_parse has refused what is malformed */
    return why ? mig_fail(err, MIG_ERR_SECRET, "%s", why) : true;
}

static bool fetch(const struct cfg_secret_ref *ref, const struct cfg_secret_source *source,
                  struct mig_buf *out, struct mig_error *err)
{
    switch (ref->kind) {
    case CFG_SECRET_LITERAL:
    case CFG_SECRET_ENV: return expand(ref, source, out, err);
    case CFG_SECRET_FILE: return source->read_file(source->ctx, ref->text, CFG_SECRET_MAX, out, err);
    case CFG_SECRET_CMD: return source->run(source->ctx, ref->text, CFG_SECRET_COMMAND_MS, out, err);
    case CFG_SECRET_SSM: return mig_fail(err, MIG_ERR_SECRET, "ssm: secrets need a later version");
    case CFG_SECRET_SECRETSMANAGER:
        return mig_fail(err, MIG_ERR_SECRET, "secretsmanager: secrets need a later version");
    case CFG_SECRET_NONE: break;
    }
    return mig_fail(err, MIG_ERR_SECRET, "there is none");
}

bool cfg_secret_resolve(const struct cfg_secret_ref *ref, const struct cfg_secret_source *source,
                        struct cfg_secret *ret, struct mig_error *err)
{
    *ret = (struct cfg_secret){ 0 };
    struct mig_buf out;
    mig_buf_init(&out, CFG_SECRET_MAX + 2);
    /* All its memory at once: a buffer that moves as it grows leaves copies behind. */
    mig_buf_fill(&out, '\0', CFG_SECRET_MAX + 2);
    mig_buf_reset(&out);
    bool ok = fetch(ref, source, &out, err);
    if (ok && (ref->kind == CFG_SECRET_FILE || ref->kind == CFG_SECRET_CMD) && out.len > 0 &&
        out.text[out.len - 1] == '\n')
        out.len -= out.len > 1 && out.text[out.len - 2] == '\r' ? 2 : 1;
    if (ok && (out.overflow || out.len > CFG_SECRET_MAX))
        ok = mig_fail(err, MIG_ERR_SECRET, "it is longer than %zu bytes", CFG_SECRET_MAX);
    ok = ok && take(out.text, out.len, ret, err);
    sodium_memzero(out.text, out.room);
    mig_buf_done(&out);
    if (!ok) {
        if (err)
            err->code = MIG_ERR_SECRET;
        return mig_context(err, "%s", label_of(ref));
    }
    return true;
}

void cfg_secret_done(struct cfg_secret *secret)
{
    if (secret->text)
        sodium_free(secret->text); /* zeroes */
    *secret = (struct cfg_secret){ 0 };
}
