/* run.json, or a part of it, as text. */
#ifndef RUSHHOUR_RECORD_MANIFEST_PRINT_H
#define RUSHHOUR_RECORD_MANIFEST_PRINT_H

#include <cjson/cJSON.h>
#include <stdbool.h>

/* As cJSON_Print (formatted) or cJSON_PrintUnformatted, but with all digits of whole numbers: of
 * those from 10^15 cJSON keeps 15, and a seed would be another one. The caller frees the text
 * (cJSON_free). NULL when out of memory. */
char *manifest_print(const cJSON *item, bool formatted);

#endif
