/* file_name.c - which files of the directory are migrations, and what their names say. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "engine/catalog_private.h"

#define DIGITS   "0123456789"
#define SLUG_MAX 200

static bool ends_with(const char *text, size_t *len, const char *end)
{
    size_t end_len = strlen(end);
    if (*len < end_len || memcmp(text + *len - end_len, end, end_len) != 0)
        return false;
    *len -= end_len;
    return true;
}

/* Letters of any script, digits, and '_', '-', '.': names that a shell, a line of migtui.sum and a screen can
 * take. */
static bool is_slug(const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t n;
        uint32_t c = mig_utf8_decode(text + i, len - i, &n);
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                     c == '-' || c == '.';
        if (!plain && (c < 0x80 || c == 0xFFFD || mig_char_is_unsafe(c)))
            return false;
        i += n;
    }
    return len > 0 && len <= SLUG_MAX;
}

/* A version and a name with an end that is one of ours but for a slip ("1_a.josnc", "1_a.JSON", "1_a"): if it were passed over in
 * silence, somebody would wait in vain for it to be pending. Copies that editors leave ("1_a.jsonc~") are none. */
static bool is_a_slip(const char *file)
{
    static const char *const ends[] = { "jsonc", "json", NULL };
    size_t digits = strspn(file, DIGITS);
    const char *dot = strrchr(file, '.');
    if (digits == 0 || (file[digits] != '_' && file[digits] != '-') || file[strlen(file) - 1] == '~')
        return false;
    return !dot || mig_text_nearest(dot + 1, ends) != NULL;
}

struct mig_name mig_name_read(const char *file)
{
    struct mig_name name = { .kind = MIG_NAME_OTHER };
    size_t len = strlen(file);
    bool is_json = ends_with(file, &len, ".json");
    if (file[0] == '.')
        return name;
    if (!is_json && !ends_with(file, &len, ".jsonc")) {
        name.kind = is_a_slip(file) ? MIG_NAME_WRONG : MIG_NAME_OTHER;
        return name;
    }
    enum mig_name_kind kind = MIG_NAME_OURS;
    if (is_json && ends_with(file, &len, ".up"))
        kind = MIG_NAME_UP;
    else if (is_json && ends_with(file, &len, ".down"))
        kind = MIG_NAME_DOWN;
    size_t digits = strspn(file, DIGITS);
    name.kind = MIG_NAME_WRONG;
    if (digits == 0 || digits > MIG_VERSION_MAX || digits >= len || file[digits] != '_' ||
        !is_slug(file + digits + 1, len - digits - 1))
        return name;
    memcpy(name.version, file, digits);
    name.slug = file + digits + 1;
    name.slug_len = len - digits - 1;
    name.kind = kind;
    return name;
}

bool mig_name_fail(const char *file, struct mig_error *err)
{
    MIG_AUTOFREE char *shown = mig_text_safe_dup(file, SIZE_MAX);
    mig_fail(err, MIG_ERR_MIGRATION, "%s:1:1: the name is not VERSION_NAME.jsonc", shown);
    return mig_hint(
        err,
        "a version is 1 to %d digits, a name letters, digits, '_', '-' and '.'; move files that are no "
        "migrations elsewhere",
        MIG_VERSION_MAX);
}
