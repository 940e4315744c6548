#include "realtime/retry_hint.h"

#include <string.h>
#include <strings.h>

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

struct unit {
    const char *name;
    int64_t ns;
};

/* Longer names first, because the first match is taken. */
static const struct unit units[] = {
    {"milliseconds", NS_PER_MS}, {"millisecond", NS_PER_MS}, {"msecs", NS_PER_MS},
    {"msec", NS_PER_MS},         {"ms", NS_PER_MS},          {"minutes", 60 * NS_PER_S},
    {"minute", 60 * NS_PER_S},   {"mins", 60 * NS_PER_S},    {"min", 60 * NS_PER_S},
    {"m", 60 * NS_PER_S},        {"seconds", NS_PER_S},      {"second", NS_PER_S},
    {"secs", NS_PER_S},          {"sec", NS_PER_S},          {"s", NS_PER_S},
    {"hours", 3600 * NS_PER_S},  {"hour", 3600 * NS_PER_S},  {"hr", 3600 * NS_PER_S},
    {"h", 3600 * NS_PER_S},      {"days", 86400 * NS_PER_S}, {"day", 86400 * NS_PER_S},
    {"d", 86400 * NS_PER_S},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static const char *skip_blanks(const char *text)
{
    while (*text == ' ' || *text == '\t') text++;
    return text;
}

/* Reads "12" or "1.5"; returns the position after it, or NULL. Numbers above a day stay above it
 * without overflowing. */
static const char *read_number(const char *text, double *out)
{
    if (!is_digit(*text)) return NULL;
    double value = 0;
    for (; is_digit(*text); text++) {
        if (value < 1e15) value = value * 10 + (*text - '0');
    }
    if (*text == '.' && is_digit(text[1])) {
        double scale = 0.1;
        for (text++; is_digit(*text); text++, scale /= 10) value += (*text - '0') * scale;
    }
    *out = value;
    return text;
}

/* The unit that matches as a whole word ("m" in "6m0s", but not in "maybe"); NULL if none does. */
static const struct unit *read_unit(const char *text, const char **after)
{
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        size_t length = strlen(units[i].name);
        if (strncasecmp(text, units[i].name, length) != 0 || is_letter(text[length])) continue;
        *after = text + length;
        return &units[i];
    }
    return NULL;
}

/* "1m" and "3s" may be adjacent, separated by a blank, or joined by "and". */
static const char *next_part(const char *text)
{
    text = skip_blanks(text);
    if (strncasecmp(text, "and ", 4) == 0) text = skip_blanks(text + 4);
    return is_digit(*text) ? text : NULL;
}

static int64_t clamp(double ns)
{
    return ns < (double)RETRY_HINT_MOST_NS ? (int64_t)(ns + 0.5) : RETRY_HINT_MOST_NS;
}

const char *retry_hint_duration(const char *text, int64_t bare_ns, int64_t *out_ns)
{
    double total = 0;
    const char *end = NULL;
    for (const char *at = skip_blanks(text); at != NULL; at = next_part(end)) {
        double value;
        const char *after = read_number(at, &value);
        const struct unit *unit = after == NULL ? NULL : read_unit(skip_blanks(after), &after);
        if (unit == NULL) {
            /* A bare number is a duration only if it is all there is. */
            if (end != NULL || after == NULL || bare_ns == 0) break;
            *out_ns = clamp(value * (double)bare_ns);
            return after;
        }
        total += value * (double)unit->ns;
        end = after;
    }
    if (end != NULL) *out_ns = clamp(total);
    return end;
}

/* Reads "03:14:15" or "1.03:14:15", a length of time as .NET writes it; false when it is none. */
static bool read_clock(const char *text, int64_t *out_ns)
{
    static const double seconds[] = {3600, 60, 1};
    double total = 0;
    const size_t days = strspn(text, "0123456789");
    if (text[days] == '.') {
        for (; is_digit(*text); text++) total = total * 10 + (*text - '0');
        total *= 86400;
        text++;
    }
    for (size_t i = 0; i < COUNT_OF(seconds); i++) {
        if (!is_digit(text[0]) || !is_digit(text[1])) return false;
        total += ((text[0] - '0') * 10 + (text[1] - '0')) * seconds[i];
        text += 2;
        if (i + 1 < COUNT_OF(seconds) && *text++ != ':') return false;
    }
    *out_ns = clamp(total * (double)NS_PER_S);
    return true;
}

int64_t retry_hint_in_text(const char *message)
{
    static const char *const phrases[] = {"retry after ", "try again in ", "try again after ",
                                          "retry in ", "replenished in "};
    const char *first = NULL;
    for (size_t i = 0; i < COUNT_OF(phrases); i++) {
        const char *at = strcasestr(message, phrases[i]);
        if (at != NULL && (first == NULL || at < first)) first = at + strlen(phrases[i]);
    }
    int64_t wait_ns = 0;
    if (first == NULL || read_clock(first, &wait_ns)) return wait_ns;
    (void)retry_hint_duration(first, NS_PER_S, &wait_ns);
    return wait_ns;
}

bool retry_hint_applies(const struct failure_class *failure)
{
    static const char end[] = "_429";
    size_t length = strlen(failure->code);
    if (failure->domain == DOMAIN_QUOTA) return true;
    return length > sizeof end - 1 && strcmp(failure->code + length - (sizeof end - 1), end) == 0;
}

int64_t retry_hint_of(const struct failure_class *failure, int64_t header_ns, const char *message,
                      int64_t reset_ns)
{
    if (header_ns > 0 || !retry_hint_applies(failure)) return header_ns;
    const int64_t told_ns = retry_hint_in_text(message);
    return told_ns > 0 ? told_ns : reset_ns;
}
