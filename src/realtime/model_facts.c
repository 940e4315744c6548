#include "realtime/model_facts.h"

#include "base/calendar.h"
#include "base/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define WARN_NS (MODEL_FACTS_WARN_DAYS * 24 * 3600 * NS_PER_S)

/* The last dated api-version that the realtime API is documented with. */
#define LAST_PREVIEW_VERSION "2025-04-01-preview"
#define PREVIEW_DEPRECATED "2026-04-30"
#define OPENAI_BETA_ENDED "2026-05-12"

/*
 * Sources: Azure's model retirement schedule in its editions of 2026-07-07 and late August 2026,
 * which differ; OpenAI's deprecations page; Azure's quota table of tier 1 of 2026-08-20; OpenAI's
 * model pages for the prices. Longer names stand before their beginnings.
 */
static const struct model_facts table[] = {
    {.model = "gpt-realtime-2.1-mini",
     .reasons = true,
     .azure_retires = "2027-06-25",
     .azure_schedule = "2026-07",
     .price = {0.6, 0.06, 2.4, 10, 0.3, 20}},
    {.model = "gpt-realtime-2.1",
     .reasons = true,
     .azure_retires = "2027-06-25",
     .azure_schedule = "2026-07"},
    {.model = "gpt-realtime-2",
     .reasons = true,
     .azure_retires = "2026-08-31",
     .azure_schedule = "late August 2026 for the preview; that of 2026-07 says 2027-05-06",
     .price = {4, 0.4, 24, 32, 0.4, 64}},
    {.model = "gpt-realtime-1.5",
     .azure_retires = "2027-02-23",
     .azure_schedule = "2026-07; that of late August 2026 says 2027-08-24",
     .price = {4, 0.4, 16, 32, 0.4, 64}},
    {.model = "gpt-realtime-mini-2025-10-06",
     .azure_retires = "2026-07-23",
     .azure_schedule = "2026-07; that of late August 2026 says 2027-04-06",
     .openai_retires = "2027-01-20"},
    {.model = "gpt-realtime-mini",
     .azure_retires = "2026-12-15",
     .azure_schedule = "2026-07; that of late August 2026 says 2027-06-15",
     .openai_retires = "2027-01-20"},
    {.model = "gpt-realtime",
     .azure_retires = "2027-02-28",
     .azure_schedule = "2026-07; that of late August 2026 says 2027-03-02",
     .openai_retires = "2027-01-20",
     .rpm = 200,
     .tpm = 100000,
     .price = {4, 0.4, 16, 32, 0.4, 64}},
    {.model = "gpt-4o-mini-realtime-preview",
     .openai_retires = "2027-01-20",
     .rpm = 36,
     .tpm = 6000},
    {.model = "gpt-4o-realtime-preview",
     .openai_retires = "2027-01-20",
     .rpm = 36,
     .tpm = 6000,
     .price = {5, 2.5, 20, 40, 2.5, 80}},
};

/* Whether what follows the name is nothing or a version date, "-2025-12-15". */
static bool is_version(const char *rest)
{
    int year, month, day, used = 0;
    if (*rest == '\0') return true;
    return sscanf(rest, "-%4d-%2d-%2d%n", &year, &month, &day, &used) == 3 && rest[used] == '\0';
}

const struct model_facts *model_facts_find(const char *model)
{
    for (size_t i = 0; model != NULL && i < sizeof table / sizeof *table; i++) {
        size_t length = strlen(table[i].model);
        if (strncmp(model, table[i].model, length) == 0 && is_version(model + length))
            return &table[i];
    }
    return NULL;
}

bool model_facts_quota(const struct model_use *use, uint32_t *rpm, uint32_t *tpm)
{
    const struct model_facts *facts = model_facts_find(use->model);
    bool sold_so = use->deployment_type == DEPLOYMENT_UNKNOWN ||
                   use->deployment_type == DEPLOYMENT_GLOBAL_STANDARD;
    if (facts == NULL || use->dialect == DIALECT_OPENAI || !sold_so || facts->rpm == 0)
        return false;
    *rpm = facts->rpm;
    *tpm = facts->tpm;
    return true;
}

const struct list_price *model_facts_price(const struct model_use *use)
{
    const struct model_facts *facts = model_facts_find(use->model);
    bool by_the_hour = use->deployment_type == DEPLOYMENT_PROVISIONED ||
                       use->deployment_type == DEPLOYMENT_DATA_ZONE_PROVISIONED ||
                       use->deployment_type == DEPLOYMENT_GLOBAL_PROVISIONED;
    return facts == NULL || by_the_hour || facts->price.text_in == 0 ? NULL : &facts->price;
}

/* Time until a date's beginning in UTC; negative when it has passed. */
static int64_t left_ns(const char *date, int64_t wall_ns)
{
    char stamp[40];
    int64_t then_ns = 0;
    struct error ignored;
    (void)snprintf(stamp, sizeof stamp, "%sT00:00:00Z", date);
    if (wall_ns < 0 || parse_time(stamp, &then_ns, &ignored) != ERR_OK) return INT64_MAX;
    return then_ns - wall_ns;
}

/* Who is told about what ends, and as of when. */
struct reader {
    const struct model_use *use;
    int64_t wall_ns;
    void (*tell)(void *context, const char *sentence);
    void *context;
};

static void warn_of_model(const struct reader *reader)
{
    const struct model_facts *facts = model_facts_find(reader->use->model);
    const bool openai = reader->use->dialect == DIALECT_OPENAI;
    const char *date = facts == NULL ? NULL : openai ? facts->openai_retires : facts->azure_retires;
    char sentence[400];
    if (date == NULL) return;
    int64_t left = left_ns(date, reader->wall_ns);
    if (left > WARN_NS) return;
    bool newest = strcmp(facts->model, MODEL_FACTS_CURRENT) == 0;
    (void)snprintf(sentence, sizeof sentence,
                   "the model %.100s %s retired on %s (%s%s; known on " MODEL_FACTS_AS_OF
                   "): look at the schedule of today, and plan the move to %s",
                   reader->use->model, left < 0 ? "was to be" : "is to be", date,
                   openai ? "OpenAI's deprecations" : "Azure's schedule of ",
                   openai ? "" : facts->azure_schedule,
                   newest ? "its successor" : MODEL_FACTS_CURRENT);
    reader->tell(reader->context, sentence);
}

static void warn_of_route(const struct reader *reader)
{
    const char *version = reader->use->api_version;
    char sentence[200];
    if (reader->use->dialect != DIALECT_PREVIEW ||
        left_ns(PREVIEW_DEPRECATED, reader->wall_ns) > WARN_NS)
        return;
    reader->tell(reader->context,
                 "the preview route is deprecated since " PREVIEW_DEPRECATED
                 " and may be switched off any day (OpenAI's own was shut by " OPENAI_BETA_ENDED
                 "; known on " MODEL_FACTS_AS_OF "): write \"dialect\": \"ga\"");
    if (version == NULL || strcmp(version, LAST_PREVIEW_VERSION) == 0) return;
    (void)snprintf(sentence, sizeof sentence,
                   "api_version %.40s is not " LAST_PREVIEW_VERSION
                   ", the last one documented for the realtime API: others are retired (F18)",
                   version);
    reader->tell(reader->context, sentence);
}

void model_facts_warn(const struct model_use *use, int64_t wall_ns,
                      void (*tell)(void *context, const char *sentence), void *context)
{
    const struct reader reader = {use, wall_ns, tell, context};
    warn_of_model(&reader);
    warn_of_route(&reader);
}
