/*
 * What was publicly known on MODEL_FACTS_AS_OF about the models and routes: retirements, limits,
 * list prices. Such facts age, so whatever is printed from here is printed with that date.
 */
#ifndef RUSHHOUR_REALTIME_MODEL_FACTS_H
#define RUSHHOUR_REALTIME_MODEL_FACTS_H

#include "base/words.h"

#include <stdbool.h>
#include <stdint.h>

#define MODEL_FACTS_AS_OF "2026-11-29"
#define MODEL_FACTS_WARN_DAYS INT64_C(90)

/* Whose limits and prices the table has, and of which day. */
#define MODEL_FACTS_QUOTA_SOURCE "Azure's default of tier 1, Global Standard"
#define MODEL_FACTS_QUOTA_AS_OF "2026-08-20"
#define MODEL_FACTS_PRICE_SOURCE "OpenAI's list prices"
#define MODEL_FACTS_PRICE_AS_OF MODEL_FACTS_AS_OF

/* The GA model that new profiles should name. */
#define MODEL_FACTS_CURRENT "gpt-realtime-2.1"

/* OpenAI's list prices, USD per million tokens; all 0: not known. */
struct list_price {
    double text_in, text_cached, text_out, audio_in, audio_cached, audio_out;
};

/* Dates are ISO ("2027-02-28"), NULL where none is published; limits are 0 where not known. */
struct model_facts {
    const char *model;
    const char *azure_retires;  /* the earliest that a schedule of Azure's gives */
    const char *azure_schedule; /* the month of that schedule, and what a later one says */
    const char *openai_retires;
    bool reasons;      /* thinks before it answers: its items have a phase (Azure's pages on 2.x) */
    uint32_t rpm, tpm; /* Azure's default quota of tier 1, Global Standard, a minute */
    struct list_price price;
};

/* The row of a model, also when a version date follows its name ("gpt-realtime-mini-2025-12-15").
 * NULL: not known. */
const struct model_facts *model_facts_find(const char *model);

/* How a region speaks to its model. */
struct model_use {
    enum dialect dialect;
    const char *model;       /* may be NULL */
    const char *api_version; /* dialect preview; may be NULL */
    enum deployment_type deployment_type;
};

/* The quota of a deployment for which nobody asked for more, a minute. False: not known for this
 * model, this way of selling, or OpenAI. */
bool model_facts_quota(const struct model_use *use, uint32_t *rpm, uint32_t *tpm);

/* The list price of the model; NULL: not known, or provisioned, which is charged by the hour. */
const struct list_price *model_facts_price(const struct model_use *use);

/*
 * Tells each thing that ends within MODEL_FACTS_WARN_DAYS of this instant (ns since 1970 UTC) or
 * has ended, as a sentence without a full stop: the model, the preview route, its api-version. Each
 * says the day, whose schedule it is from and what to do. Before 1970: tells nothing.
 */
void model_facts_warn(const struct model_use *use, int64_t wall_ns,
                      void (*tell)(void *context, const char *sentence), void *context);

#endif
