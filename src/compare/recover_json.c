#include "compare/recover_model.h"

#include "base/clock.h"
#include "base/json.h"
#include "compare/words.h"
#include "report/figures_json.h"

#include <math.h>

static void time_json(const char *key, double seconds, bool known, struct text *out)
{
    char stamp[32];
    json_key(out, key);
    if (!known) {
        json_null(out);
        return;
    }
    format_utc_ms((int64_t)llround(seconds * 1e3) * (NS_PER_S / 1000), stamp);
    json_string(out, stamp);
}

static void part_json(const char *key, const struct recovery_part *part, struct text *out)
{
    bool any = part->seconds > 0;
    json_key(out, key);
    json_open(out, '{');
    time_json("start", part->start, any, out);
    time_json("end", part->end, any, out);
    json_put_number(out, "seconds", part->seconds);
    json_put_number(out, "attempts", part->attempts);
    json_put_number(out, "failed", part->failures);
    figures_interval_json("failure_rate", &part->rate, out);
    json_put_count(out, "incidents", part->incidents);
    figures_interval_json("outside", &part->outside, out);
    json_close(out, '}');
}

static void difference_json(const char *key, const struct difference *d, struct text *out)
{
    const struct estimate e = {d->valid, d->value, d->low, d->high};
    figures_interval_json(key, &e, out);
}

/* What else must be measured; null: nothing, or no length settles it. */
static void needed_json(const struct recovery *found, struct text *out)
{
    json_key(out, "needed");
    if (isnan(found->needed_seconds)) {
        json_null(out);
        return;
    }
    const struct recovery_part *since = &found->since;
    double per_second = since->seconds > 0 ? since->attempts / since->seconds : (double)NAN;
    json_open(out, '{');
    json_put_number(out, "minutes", found->needed_seconds / 60);
    json_put_number(out, "attempts", ceil(found->needed_seconds * per_second));
    json_close(out, '}');
}

static void last_json(const struct recovery *found, struct text *out)
{
    const struct recovery_stretch *last = &found->last;
    json_key(out, "last_incident");
    if (!(last->end > last->start)) {
        json_null(out);
        return;
    }
    json_open(out, '{');
    time_json("start", last->start, true, out);
    time_json("end", last->end, true, out);
    json_put_number(out, "attempts", last->attempts);
    json_put_number(out, "failed", last->failures);
    json_close(out, '}');
}

/* The members that the whole has of the region that decides, and each region of its own. */
static void found_json(const struct recovery *found, struct text *out)
{
    part_json("baseline", &found->baseline, out);
    part_json("incident", &found->incident, out);
    part_json("since", &found->since, out);
    last_json(found, out);
    difference_json("difference", &found->difference.difference, out);
    json_key(out, "cannot_tell");
    found->difference.dependence.why == DEPENDENCE_KNOWN
        ? json_null(out)
        : json_string(out, dependence_phrase(found->difference.dependence.why));
    json_put_number(out, "margin", found->margin);
    needed_json(found, out);
}

static void beside_json(const char *key, const struct recover_beside *beside, struct text *out)
{
    json_key(out, key);
    if (!beside->known) {
        json_null(out);
        return;
    }
    json_open(out, '{');
    time_json("start", beside->start, true, out);
    time_json("end", beside->end, true, out);
    json_put_number(out, "attempts", beside->attempts[0]);
    json_put_number(out, "failed", beside->failures[0]);
    figures_interval_json("failure_rate", &beside->rate[0], out);
    json_put_number(out, "other_attempts", beside->attempts[1]);
    json_put_number(out, "other_failed", beside->failures[1]);
    figures_interval_json("other_failure_rate", &beside->rate[1], out);
    difference_json("difference", &beside->difference, out);
    json_close(out, '}');
}

static void both_json(const struct recover_region *region, struct text *out)
{
    json_key(out, "beside");
    json_open(out, '{');
    beside_json("incident", &region->during, out);
    beside_json("since", &region->since, out);
    json_close(out, '}');
}

static void region_json(const struct recovered *recovered, const struct recover_region *region,
                        struct text *out)
{
    struct text why = {0};
    recover_region_words(recovered, region, &why);
    json_open(out, '{');
    json_put_string(out, "region", region->name);
    json_put_bool(out, "struck", region->found.struck);
    json_put_string(out, "verdict", recovery_verdict_name(region->found.verdict));
    json_put_string(out, "why", text_str(&why));
    found_json(&region->found, out);
    if (recovered->beside.run_count > 0 && !recovered->beside_together) both_json(region, out);
    json_close(out, '}');
    text_free(&why);
}

static void changes_json(const char *key, const struct compared *changes, struct text *out)
{
    if (changes != NULL) {
        compare_changes_json(key, changes, out);
    } else {
        json_key(out, key);
        json_null(out);
    }
}

void recover_json(const struct recovered *recovered, struct text *out)
{
    const struct recover_region *region = &recovered->regions[recovered->deciding];
    struct text why = {0};
    struct text note = {0};
    recover_headline(recovered, &why);
    recover_note(recovered, &note);
    json_open(out, '{');
    json_put_bool(out, "simulated", results_simulated(recovered->path.runs[0]));
    json_put_string(out, "verdict", recover_verdict_name(recovered->verdict));
    json_put_string(out, "why", text_str(&why));
    json_put_string(out, "region", region->name);
    time_json("since_asked", recovered->since, true, out);
    json_put_number(out, "confidence", recovered->confidence);
    found_json(&region->found, out);
    json_key(out, "regions");
    json_open(out, '[');
    for (size_t i = 0; i < recovered->region_count; i++)
        region_json(recovered, &recovered->regions[i], out);
    json_close(out, ']');
    if (recovered->beside_together) both_json(&recovered->together, out);
    changes_json("changes", recovered->changed, out);
    changes_json("changes_from_baseline", recovered->from_baseline, out);
    changes_json("changes_from_beside", recovered->from_beside, out);
    json_put_lines(out, "note", text_str(&note));
    json_put_lines(out, "notes", text_str(&recovered->notes));
    json_close(out, '}');
    text_puts(out, "\n");
    text_free(&why);
    text_free(&note);
}
