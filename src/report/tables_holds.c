/* When regions were held back, and what was not sent meanwhile. */
#include "base/calendar.h"
#include "base/digits.h"
#include "base/text.h"
#include "base/units.h"
#include "figures/cells.h"
#include "report/format.h"
#include "report/tables.h"

#include <string.h>

#define CODES_NAMED 3

/* What run.json lists of one region. */
struct listed {
    uint64_t count;
    int64_t longest_ns;
    const char *codes[CODES_NAMED];
    size_t code_count;
};

static const char *word_of(const cJSON *hold, const char *key)
{
    const char *word = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(hold, key));
    return word != NULL ? word : "";
}

static void add_code(struct listed *listed, const char *code)
{
    for (size_t i = 0; i < listed->code_count; i++) {
        if (strcmp(listed->codes[i], code) == 0) return;
    }
    if (listed->code_count < CODES_NAMED) listed->codes[listed->code_count++] = code;
}

static struct listed list_of(const struct results *results, const char *region)
{
    struct listed listed = {0};
    const cJSON *hold = NULL;
    cJSON_ArrayForEach(hold, results_holds(results))
    {
        int64_t from_ns;
        int64_t until_ns;
        if (strcmp(word_of(hold, "region"), region) != 0) continue;
        if (parse_time(word_of(hold, "from"), &from_ns, NULL) != ERR_OK ||
            parse_time(word_of(hold, "until"), &until_ns, NULL) != ERR_OK)
            continue;
        listed.count++;
        if (until_ns - from_ns > listed.longest_ns) listed.longest_ns = until_ns - from_ns;
        add_code(&listed, word_of(hold, "code"));
    }
    return listed;
}

static void put_listed(const struct listed *listed, struct table *table)
{
    if (listed->count == 0) { /* a killed run lists none */
        for (int i = 0; i < 3; i++) table_put(table, "-");
        return;
    }
    text_count(table_cell(table), listed->count);
    table_next(table);
    text_duration(table_cell(table), listed->longest_ns);
    table_next(table);
    for (size_t i = 0; i < listed->code_count; i++)
        text_printf(table_cell(table), "%s%s", i > 0 ? ", " : "", listed->codes[i]);
    table_next(table);
}

void tables_holds(const struct results *results, struct table *table)
{
    table_column(table, "region", true);
    table_column(table, "of the time", false);
    table_column(table, "holds", false);
    table_column(table, "longest", false);
    table_column(table, "began with", true);
    table_column(table, "arrivals not started", false);
    table_column(table, "tries that waited", false);
    for (size_t r = 0; r < results->region_count; r++) {
        const struct counters *counters = &results_region(results, r)->cell.counters;
        if (counters->held_ms == 0 && counters->held_arrivals == 0) continue;
        const struct listed listed = list_of(results, results->regions[r]);
        table_put(table, results->regions[r]);
        format_percent(table_cell(table), report_cell_held(results_region(results, r)));
        table_next(table);
        put_listed(&listed, table);
        text_count(table_cell(table), counters->held_arrivals);
        table_next(table);
        text_count(table_cell(table), counters->held_tries);
        table_next(table);
    }
}
