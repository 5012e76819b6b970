/* timefmt.c - UTC calendar arithmetic without the C library's time zones.
 *
 * Days to civil dates and back after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": years
 * start in March so that the leap day is the last of its year.
 */
#include "base/timefmt.h"

#include <stdio.h>

#define DAY_MS   INT64_C(86400000)
#define FIRST_MS INT64_C(-62167219200000) /* 0000-01-01T00:00:00.000Z */
#define LAST_MS  INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

struct civil {
    int year, month, day, hour, minute, second, ms;
};

static int64_t days_from_civil(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static bool civil_from_ms(int64_t wall_ms, struct civil *ret)
{
    if (wall_ms < FIRST_MS || wall_ms > LAST_MS)
        return false;
    int64_t days = wall_ms / DAY_MS - (wall_ms % DAY_MS < 0);
    int rest = (int)(wall_ms - days * DAY_MS);
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t m = (5 * day_of_year + 2) / 153;
    int month = (int)(m < 10 ? m + 3 : m - 9);
    *ret = (struct civil){
        .year = (int)(year_of_era + era * 400 + (month <= 2)),
        .month = month,
        .day = (int)(day_of_year - (153 * m + 2) / 5 + 1),
        .hour = rest / 3600000,
        .minute = rest / 60000 % 60,
        .second = rest / 1000 % 60,
        .ms = rest % 1000,
    };
    return true;
}

void mig_time_iso(int64_t wall_ms, char ret[static MIG_TIME_SIZE])
{
    struct civil c;
    ret[0] = '\0';
    /* The masks never change a value; they let the compiler see that the text fits. */
    if (civil_from_ms(wall_ms, &c))
        snprintf(ret, MIG_TIME_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", c.year & 0x3FFF, c.month & 15,
                 c.day & 31, c.hour & 31, c.minute & 63, c.second & 63, c.ms & 1023);
}

void mig_time_version(int64_t wall_ms, char ret[static MIG_TIME_SIZE])
{
    struct civil c;
    ret[0] = '\0';
    if (civil_from_ms(wall_ms, &c))
        snprintf(ret, MIG_TIME_SIZE, "%04d%02d%02d%02d%02d%02d", c.year & 0x3FFF, c.month & 15, c.day & 31,
                 c.hour & 31, c.minute & 63, c.second & 63);
}

/* Exactly count digits with a value in [min, max]. */
static bool digits(const char **p, int count, int min, int max, int *ret)
{
    int value = 0;
    for (int i = 0; i < count; i++, (*p)++) {
        if (**p < '0' || **p > '9')
            return false;
        value = value * 10 + (**p - '0');
    }
    *ret = value;
    return value >= min && value <= max;
}

static bool one_of(const char **p, char a, char b)
{
    if (**p != a && **p != b)
        return false;
    (*p)++;
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

static bool parse_date(const char **p, struct civil *c)
{
    return digits(p, 4, 0, 9999, &c->year) && one_of(p, '-', '-') && digits(p, 2, 1, 12, &c->month) &&
           one_of(p, '-', '-') && digits(p, 2, 1, days_in_month(c->year, c->month), &c->day);
}

static bool parse_clock(const char **p, struct civil *c)
{
    if (!digits(p, 2, 0, 23, &c->hour) || !one_of(p, ':', ':') || !digits(p, 2, 0, 59, &c->minute) ||
        !one_of(p, ':', ':') || !digits(p, 2, 0, 59, &c->second))
        return false;
    c->ms = 0;
    if (**p != '.')
        return true;
    (*p)++;
    int unit = 100;
    const char *start = *p;
    for (; **p >= '0' && **p <= '9'; (*p)++, unit /= 10)
        c->ms += (**p - '0') * unit;
    return *p > start;
}

static bool parse_zone(const char **p, int *ret_minutes)
{
    int sign = **p == '-' ? -1 : 1, hours, minutes;
    *ret_minutes = 0;
    if (one_of(p, 'Z', 'z'))
        return true;
    if (!one_of(p, '+', '-') || !digits(p, 2, 0, 23, &hours) || !one_of(p, ':', ':') ||
        !digits(p, 2, 0, 59, &minutes))
        return false;
    *ret_minutes = sign * (hours * 60 + minutes);
    return true;
}

bool mig_time_parse(const char *text, int64_t *ret_wall_ms)
{
    struct civil c;
    int zone;
    if (!parse_date(&text, &c) || !one_of(&text, 'T', 't') || !parse_clock(&text, &c) ||
        !parse_zone(&text, &zone) || *text)
        return false;
    int64_t seconds = c.hour * 3600 + c.minute * 60 + c.second - zone * 60;
    int64_t ms = days_from_civil(c.year, c.month, c.day) * DAY_MS + seconds * 1000 + c.ms;
    if (ms < FIRST_MS || ms > LAST_MS)
        return false;
    *ret_wall_ms = ms;
    return true;
}

void mig_time_duration(int64_t ms, char ret[static MIG_TIME_SIZE])
{
    static const struct {
        unsigned long long seconds, part;
        char unit, part_unit;
    } rows[] = { { 86400, 3600, 'd', 'h' }, { 3600, 60, 'h', 'm' }, { 60, 1, 'm', 's' } };
    const char *sign = ms < 0 ? "-" : "";
    uint64_t t = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;
    unsigned long long s = t / 1000;
    if (t < 1000) {
        snprintf(ret, MIG_TIME_SIZE, "%s%llums", sign, (unsigned long long)t);
        return;
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned long long whole = s / rows[i].seconds;
        unsigned long long part = s % rows[i].seconds / rows[i].part;
        if (whole == 0)
            continue;
        int len = snprintf(ret, MIG_TIME_SIZE, "%s%llu%c", sign, whole, rows[i].unit);
        if (part > 0)
            snprintf(ret + len, MIG_TIME_SIZE - (size_t)len, "%02llu%c", part, rows[i].part_unit);
        return;
    }
    snprintf(ret, MIG_TIME_SIZE, "%s%llu.%llus", sign, s, (unsigned long long)(t % 1000 / 100));
}
