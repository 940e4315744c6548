#include "run/terms.h"

#include "realtime/model_facts.h"

static struct model_use use_of(const struct region *region)
{
    return (struct model_use){region->dialect, region->model, region->api_version,
                              region->deployment_type};
}

static void find_price(const struct profile *profile, const struct region *region,
                       struct terms *terms)
{
    const struct model_use use = use_of(region);
    const struct price *own = prices_find(&profile->prices, region->model);
    const struct list_price *list = own != NULL ? NULL : model_facts_price(&use);
    if (own != NULL) {
        terms->price_source = TERMS_PROFILE;
        terms->price = *own;
        terms->price.model = NULL;
        terms->price_as_of = profile->prices.as_of;
    } else if (list != NULL) {
        terms->price_source = TERMS_PUBLIC;
        terms->price = (struct price){.text_in = list->text_in,
                                      .text_cached = list->text_cached,
                                      .text_out = list->text_out,
                                      .audio_in = list->audio_in,
                                      .audio_cached = list->audio_cached,
                                      .audio_out = list->audio_out};
        terms->price_as_of = MODEL_FACTS_PRICE_AS_OF;
    }
}

static void find_quota(const struct region *region, struct terms *terms)
{
    const struct model_use use = use_of(region);
    uint32_t rpm;
    uint32_t tpm;
    if (region->quota_rpm > 0 || region->quota_tpm > 0) {
        terms->quota_source = TERMS_PROFILE;
        terms->rpm = region->quota_rpm;
        terms->tpm = region->quota_tpm;
    } else if (model_facts_quota(&use, &rpm, &tpm)) {
        terms->quota_source = TERMS_PUBLIC;
        terms->rpm = rpm;
        terms->tpm = tpm;
        terms->quota_as_of = MODEL_FACTS_QUOTA_AS_OF;
    }
}

struct terms terms_of(const struct profile *profile, const struct region *region)
{
    struct terms terms = {0};
    find_price(profile, region, &terms);
    find_quota(region, &terms);
    return terms;
}

/* ---- JSON ---- */

/* An object that names its source, or null and NULL where nothing is known. */
static cJSON *add_sourced(cJSON *object, const char *key, enum terms_source source,
                          const char *public_source, const char *as_of)
{
    if (source == TERMS_UNKNOWN) {
        (void)cJSON_AddNullToObject(object, key);
        return NULL;
    }
    cJSON *added = cJSON_AddObjectToObject(object, key);
    (void)cJSON_AddStringToObject(added, "source",
                                  source == TERMS_PROFILE ? "profile" : public_source);
    if (as_of != NULL)
        (void)cJSON_AddStringToObject(added, "as_of", as_of);
    else
        (void)cJSON_AddNullToObject(added, "as_of");
    return added;
}

static void price_json(cJSON *object, const struct terms *terms)
{
    const struct price *price = &terms->price;
    const struct {
        const char *name;
        double usd;
    } parts[] = {{"text_in", price->text_in},           {"text_cached", price->text_cached},
                 {"text_out", price->text_out},         {"audio_in", price->audio_in},
                 {"audio_cached", price->audio_cached}, {"audio_out", price->audio_out},
                 {"image_in", price->image_in},         {"image_cached", price->image_cached},
                 {"per_minute", price->per_minute}};
    cJSON *added = add_sourced(object, "price", terms->price_source, MODEL_FACTS_PRICE_SOURCE,
                               terms->price_as_of);
    for (size_t i = 0; added != NULL && i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].usd > 0) (void)cJSON_AddNumberToObject(added, parts[i].name, parts[i].usd);
    }
}

static void put_limit(cJSON *object, const char *name, double value)
{
    if (value > 0)
        (void)cJSON_AddNumberToObject(object, name, value);
    else
        (void)cJSON_AddNullToObject(object, name);
}

void terms_json(cJSON *object, const struct terms *terms)
{
    price_json(object, terms);
    cJSON *quota = add_sourced(object, "quota", terms->quota_source, MODEL_FACTS_QUOTA_SOURCE,
                               terms->quota_as_of);
    if (quota == NULL) return;
    put_limit(quota, "rpm", (double)terms->rpm);
    put_limit(quota, "tpm", (double)terms->tpm);
}

/* ---- text ---- */

void terms_price_text(const struct region *region, const struct terms *terms, struct text *out)
{
    if (terms->price_source != TERMS_PUBLIC) return;
    text_printf(out,
                "Cost of %s: at " MODEL_FACTS_PRICE_SOURCE " of %s, known on %s;\nanother "
                "contract may differ, and a row in the profile's `prices` wins.\n",
                region->name, region->model, terms->price_as_of);
}

void terms_quota_source(const struct terms *terms, struct text *out)
{
    if (terms->quota_source == TERMS_PROFILE)
        text_puts(out, "the profile's regions[].quota");
    else if (terms->quota_source == TERMS_PUBLIC)
        text_printf(out,
                    MODEL_FACTS_QUOTA_SOURCE ", known on %s; the profile's regions[].quota wins",
                    terms->quota_as_of);
    else
        text_puts(out, "no quota is known; give regions[].quota");
}
