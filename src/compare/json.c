#include "base/json.h"
#include "compare/incidents.h"
#include "compare/words.h"
#include "report/figures_json.h"

#include <math.h>
#include <string.h>

static void value_json(const char *key, const struct compare_value *value, bool quantile,
                       struct text *out)
{
    double unit = quantile ? 1e-3 : 1; /* microseconds become ms */
    const struct estimate observed = {value->known, value->value * unit, value->low * unit,
                                      value->high * unit};
    const struct estimate *e = &value->service;
    json_key(out, key);
    json_open(out, '{');
    figures_estimate_members_json(&observed, out);
    json_put_number(out, "n", value->n);
    json_key(out, "service");
    json_open(out, '{');
    json_put_number(out, "low", e->valid ? e->low * unit : NAN);
    json_put_number(out, "high", e->valid ? e->high * unit : NAN);
    json_put_number(out, "effective_n", value->effective);
    json_close(out, '}');
    json_close(out, '}');
}

static void difference_json(const char *key, const struct difference *d, double unit,
                            struct text *out)
{
    const struct estimate e = {d->valid, d->value * unit, d->low * unit, d->high * unit};
    figures_interval_json(key, &e, out);
}

/* Which dependence in time ruled; `cannot_tell` says why none could. */
static void dependence_json(const struct dependence *d, struct text *out)
{
    json_key(out, "dependence");
    json_open(out, '{');
    json_put_number(out, "design_effect", d->design_effect);
    json_put_number(out, "block_seconds", d->block_seconds);
    json_put_number(out, "observed_hours", d->seconds / 3600);
    json_key(out, "cannot_tell");
    d->why == DEPENDENCE_KNOWN ? json_null(out) : json_string(out, dependence_phrase(d->why));
    json_close(out, '}');
}

static void row_json(const struct compared *comparison, const struct compare_row *row,
                     struct text *out)
{
    bool quantile = row->what.kind == THRESHOLD_QUANTILE;
    json_open(out, '{');
    json_put_string(out, "metric", row->metric);
    json_put_string(out, "region", comparison->pairs[row->pair].region);
    json_put_string(out, "unit", quantile ? "ms" : "fraction");
    value_json("a", &row->a, quantile, out);
    value_json("b", &row->b, quantile, out);
    double unit = quantile ? 1e-3 : 1;
    difference_json("difference", &row->difference, unit, out);
    difference_json("observed_difference", &row->observed, unit, out);
    dependence_json(&row->dependence, out);
    json_put_number(out, "p", row->p);
    json_put_number(out, "p_adjusted", row->adjusted);
    json_key(out, "decides");
    json_bool(out, row->decides);
    json_put_string(out, "verdict", compare_verdict_name(row->verdict));
    json_put_string(out, "why", text_str(&row->why));
    json_key(out, "needed");
    row->needed > 0 ? json_number(out, row->needed) : json_null(out);
    json_key(out, "needed_minutes");
    row->needed > 0 ? json_number(out, row->needed_minutes) : json_null(out);
    json_key(out, "needed_usd");
    row->needed > 0 ? json_number(out, row->needed_usd) : json_null(out);
    json_close(out, '}');
}

/* Codes that one side has and the other has in no region, as far as all its records tell. */
static void one_sided_codes(const struct compared *comparison, const char *key, bool in_b,
                            struct text *out)
{
    json_key(out, key);
    json_open(out, '[');
    for (size_t i = 0; i < comparison->code_count; i++) {
        bool here = false;
        bool there = false;
        bool told = false;
        for (size_t k = 0; k < comparison->code_count; k++) {
            if (strcmp(comparison->codes[k].code, comparison->codes[i].code) != 0) continue;
            told = told || k < i;
            here = here || (in_b ? comparison->codes[k].b : comparison->codes[k].a) > 0;
            there = there || (in_b ? comparison->codes[k].a : comparison->codes[k].b) > 0 ||
                    !(in_b ? comparison->codes[k].a_whole : comparison->codes[k].b_whole);
        }
        if (here && !there && !told) json_string(out, comparison->codes[i].code);
    }
    json_close(out, ']');
}

static void codes_json(const struct compared *comparison, struct text *out)
{
    json_key(out, "codes");
    json_open(out, '[');
    for (size_t i = 0; i < comparison->code_count; i++) {
        const struct compare_code *code = &comparison->codes[i];
        json_open(out, '{');
        json_put_string(out, "region", comparison->pairs[code->pair].region);
        json_put_string(out, "code", code->code);
        json_key(out, "a");
        code->a > 0 || code->a_whole ? json_whole(out, code->a) : json_null(out);
        json_key(out, "b");
        code->b > 0 || code->b_whole ? json_whole(out, code->b) : json_null(out);
        json_close(out, '}');
    }
    json_close(out, ']');
}

void compare_changes_json(const char *key, const struct compared *comparison, struct text *out)
{
    json_key(out, key);
    json_open(out, '[');
    for (size_t i = 0; i < comparison->change_count; i++) {
        json_open(out, '{');
        json_put_string(out, "path", comparison->changes[i].path);
        json_put_string(out, "a", comparison->changes[i].a);
        json_put_string(out, "b", comparison->changes[i].b);
        json_close(out, '}');
    }
    json_close(out, ']');
}

static void beyond_json(const struct compared *comparison, struct text *out)
{
    json_key(out, "beyond_other_regions");
    json_open(out, '[');
    for (size_t i = 0; i < comparison->beyond_count; i++) {
        const struct compare_beyond *beyond = &comparison->beyond[i];
        json_open(out, '{');
        json_put_string(out, "region", comparison->pairs[beyond->pair].region);
        difference_json("own", &beyond->own, 1, out);
        difference_json("others", &beyond->others, 1, out);
        difference_json("difference", &beyond->beyond, 1, out);
        json_close(out, '}');
    }
    json_close(out, ']');
}

void compare_json(const struct compared *comparison, struct text *out)
{
    struct text headline = {0};
    compare_headline(comparison, &headline);
    json_open(out, '{');
    json_put_string(out, "verdict", compare_verdict_name(comparison->verdict));
    json_put_string(out, "why", text_str(&headline));
    json_put_string(out, "a", comparison->label_a);
    json_put_string(out, "b", comparison->label_b);
    json_put_number(out, "confidence", comparison->options.confidence);
    json_put_count(out, "comparisons", comparison->deciding);
    compare_changes_json("changes", comparison, out);
    json_key(out, "metrics");
    json_open(out, '[');
    for (size_t i = 0; i < comparison->row_count; i++)
        row_json(comparison, &comparison->rows[i], out);
    json_close(out, ']');
    one_sided_codes(comparison, "new_codes", true, out);
    one_sided_codes(comparison, "gone_codes", false, out);
    codes_json(comparison, out);
    beyond_json(comparison, out);
    compare_incidents_json(comparison, out);
    json_put_lines(out, "notes", text_str(&comparison->notes));
    json_close(out, '}');
    text_puts(out, "\n");
    text_free(&headline);
}
