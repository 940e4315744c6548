#include "realtime/failure_match.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum failure_id match_code(const struct failure_match *list, size_t count, const char *text)
{
    for (size_t i = 0; text != NULL && text[0] != '\0' && i < count; i++) {
        if (strcasecmp(list[i].text, text) == 0) return list[i].id;
    }
    return FAILURE_NONE;
}

bool match_says(const char *text, const char *phrase)
{
    return text != NULL && strcasestr(text, phrase) != NULL;
}

enum failure_id match_phrase(const struct failure_match *list, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++) {
        if (match_says(text, list[i].text)) return list[i].id;
    }
    return FAILURE_NONE;
}

bool match_says_rate_limit(const char *message)
{
    static const char phrase[] = "rate limit";
    static const char other[] = "sample ";
    if (message == NULL) return false;
    for (const char *at = strcasestr(message, phrase); at != NULL;
         at = strcasestr(at + 1, phrase)) {
        size_t before = (size_t)(at - message);
        const char *after = at + sizeof phrase - 1;
        if (*after == 's') after++;
        bool words =
            (before == 0 || !isalnum((unsigned char)at[-1])) && !isalnum((unsigned char)*after);
        bool sample = before >= sizeof other - 1 &&
                      strncasecmp(at - (sizeof other - 1), other, sizeof other - 1) == 0;
        if (words && !sample) return true;
    }
    return false;
}

bool match_says_daily(const char *message)
{
    static const char *const phrases[] = {"per day", "daily", "(RPD)", "(TPD)"};
    for (size_t i = 0; i < MATCH_COUNT(phrases); i++) {
        if (match_says(message, phrases[i])) return true;
    }
    return false;
}
