/* TZif data from memory: any accepted zone must tell the time at any instant, and its spans must
 * advance. */
#include "base/calendar_internal.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zone *zone = NULL;
    if (zone_from_tzif("fuzzed", data, size, &zone, NULL) != ERR_OK) return 0;
    static const int64_t instants[] = {
        INT64_MIN, -1, 0, INT64_C(1776178800000000000), INT64_C(2233150200000000000), INT64_MAX};
    for (size_t i = 0; i < sizeof instants / sizeof instants[0]; i++) {
        char stamp[30];
        format_local_ms(zone, instants[i], stamp);
        int64_t end;
        (void)zone_type_at(zone, instants[i] / NS_PER_S, &end);
        if (end <= instants[i] / NS_PER_S) abort();
    }
    for (int64_t day = 20000; day < 20400; day += 7) {
        int64_t start = zone_instant(zone, day, 0);
        if (zone_instant(zone, day, 1440) < start) abort();
    }
    zone_free(zone);
    return 0;
}
