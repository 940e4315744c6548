#include "profile/hours.h"

#include "profile/value.h"

#include <stdlib.h>
#include <string.h>

#define HOURS 24

static enum err_code read_rates(const struct json_node *node, const struct place *place,
                                double rates[HOURS])
{
    if (node->kind != JSON_LIST)
        return place_fail(place, "must be a list of %d rates, not %s", HOURS,
                          json_kind_name(node->kind));
    size_t count = json_count(node);
    if (count != HOURS)
        return place_fail(place, "has %zu rates: write %d, one for each hour of the day from 00:00",
                          count, HOURS);
    size_t index = 0;
    for (const struct json_node *rate = node->first; rate != NULL; rate = rate->next, index++) {
        struct place at = place_of_element(place, rate, index);
        if (rate->kind != JSON_STRING && rate->kind != JSON_NUMBER)
            return place_fail(&at, "must be a share such as 3%%, not %s",
                              json_kind_name(rate->kind));
        enum err_code code = value_fraction(rate->text, &at, &rates[index]);
        if (code != ERR_OK) return code;
    }
    return ERR_OK;
}

static enum err_code read_zone(const struct json_node *node, const struct place *place,
                               struct zone **out)
{
    struct error inner = {0};
    if (node->kind != JSON_STRING)
        return place_fail(place, "must be a time zone such as \"America/Los_Angeles\", not %s",
                          json_kind_name(node->kind));
    enum err_code code = zone_open(node->text, out, &inner);
    return code == ERR_OK ? ERR_OK : place_fail_with(place, code, &inner);
}

static enum err_code read_object(const struct json_node *node, const struct place *place,
                                 struct hours *hours)
{
    enum err_code code = ERR_OK;
    for (const struct json_node *member = node->first; member != NULL && code == ERR_OK;
         member = member->next) {
        struct place at = place_of_member(place, member);
        if (strcmp(member->key, "rates") == 0) {
            code = read_rates(member, &at, hours->rates);
        } else if (strcmp(member->key, "zone") == 0) {
            code = read_zone(member, &at, &hours->zone);
        } else {
            at = place_of_key(place, member);
            code = place_fail(&at, "unknown key: an hour profile has zone and rates");
        }
    }
    if (code == ERR_OK && json_member(node, "rates") == NULL)
        code = place_fail(place, "\"rates\" is missing: write a list of %d rates", HOURS);
    return code;
}

enum err_code hours_read(const struct json_node *node, const struct place *place,
                         struct hours **out)
{
    struct hours *hours = calloc(1, sizeof *hours);
    if (hours == NULL) return place_no_memory(place);
    enum err_code code = node->kind == JSON_OBJECT ? read_object(node, place, hours)
                                                   : read_rates(node, place, hours->rates);
    if (code != ERR_OK) {
        zone_free(hours->zone);
        free(hours);
        return code;
    }
    *out = hours;
    return ERR_OK;
}
