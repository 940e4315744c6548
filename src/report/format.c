#include "report/format.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/digits.h"
#include "figures/grouping.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Number of decimals that gives three significant digits. */
static int decimals_of(double value)
{
    if (value >= 99.95) return 0;
    if (value >= 9.995) return 1;
    return 2;
}

/* Two significant digits, never as a power of ten. */
static void put_small(struct text *out, double value)
{
    char digits[64];
    if (!(value > 0) || value >= 1e-4) {
        text_printf(out, "%.2g", value);
        return;
    }
    const int decimals = 1 - (int)floor(log10(value));
    (void)snprintf(digits, sizeof digits, "%.*f", decimals < 40 ? decimals : 40, value);
    size_t length = strlen(digits);
    while (length > 3 && digits[length - 1] == '0') length--;
    text_append(out, digits, length);
}

static void percent_number(struct text *out, double fraction)
{
    double percent = fraction * 100;
    if (percent <= 0) {
        text_puts(out, "0");
    } else if (percent < 0.1) {
        put_small(out, percent);
    } else if (percent >= 99.995) {
        text_puts(out, "100");
    } else {
        text_printf(out, "%.*f", percent >= 9.995 ? 1 : 2, percent);
    }
}

void format_mean(struct text *out, double mean)
{
    if (!isfinite(mean)) {
        text_puts(out, "-");
    } else if (mean >= 99.95) {
        text_count(out, (uint64_t)(mean + 0.5));
    } else if (mean < 0.995) {
        put_small(out, mean);
    } else {
        text_printf(out, "%.*f", decimals_of(mean), mean);
    }
}

void format_percent(struct text *out, double fraction)
{
    percent_number(out, fraction);
    text_puts(out, "%");
}

void format_estimate(struct text *out, const struct estimate *estimate)
{
    if (!estimate->valid) {
        text_puts(out, "-");
        return;
    }
    format_percent(out, estimate->value);
    text_puts(out, " (");
    percent_number(out, estimate->low);
    text_puts(out, "-");
    percent_number(out, estimate->high);
    text_puts(out, ")");
}

void format_hourly(struct text *out, double per_hour)
{
    if (per_hour >= 9.95) {
        text_printf(out, "%.0f", per_hour);
    } else {
        put_small(out, per_hour);
    }
}

void format_per_hour(struct text *out, const struct estimate *per_hour)
{
    format_hourly(out, per_hour->value);
    text_puts(out, " (");
    format_hourly(out, per_hour->low);
    text_puts(out, "-");
    format_hourly(out, per_hour->high);
    text_puts(out, ")");
}

void format_range(struct text *out, const struct estimate *estimate)
{
    percent_number(out, estimate->low);
    text_puts(out, "-");
    format_percent(out, estimate->high);
}

void format_us(struct text *out, double us)
{
    double ms = us / 1e3;
    if (isinf(us)) {
        text_puts(out, "infinite");
    } else if (ms < 999.5) {
        text_printf(out, "%.*f ms", ms < 0.01 ? 3 : decimals_of(ms), ms);
    } else {
        text_printf(out, "%.*f s", decimals_of(ms / 1e3), ms / 1e3);
    }
}

/* "< 240 ms" where the value is below what the run could resolve. */
static void resolved_us(struct text *out, int64_t us, int64_t least_us)
{
    if (us < least_us) text_puts(out, "< ");
    format_us(out, (double)(us < least_us ? least_us : us));
}

void format_tail(struct text *out, const struct latency_figures *latency)
{
    if (latency->count == 0) {
        text_puts(out, "-");
    } else if (!latency_bounds_tail(latency)) {
        text_puts(out, "n too small");
    } else if (!latency_bears_tail(latency)) {
        text_puts(out, ">= ");
        format_us(out, (double)latency->tail.low);
    } else {
        resolved_us(out, latency->p99, latency->least.tail_us);
    }
}

void format_latency(struct text *out, const struct latency_figures *latency, int64_t us)
{
    if (latency->count == 0) {
        text_puts(out, "-");
    } else {
        resolved_us(out, us,
                    us == latency->p50 ? latency->least.median_us : latency->least.tail_us);
    }
}

void format_all(struct text *out, const struct all_attempts *all, int64_t us)
{
    if (all->count == 0) {
        text_puts(out, "-");
    } else {
        us < 0 ? format_us(out, INFINITY)
               : resolved_us(out, us, us == all->p50 ? all->least.median_us : all->least.tail_us);
    }
}

void format_usd(struct text *out, double usd)
{
    text_printf(out, usd > 0 && usd < 0.01 ? "$%.4f" : "$%.2f", usd);
}

void format_cost(struct text *out, const struct counters *counters, double usd)
{
    if (counters_unpriced(counters)) {
        text_puts(out, "no price");
    } else if (counters->cost_usd > 0) {
        format_usd(out, usd);
    } else {
        text_puts(out, "-");
    }
}

void format_clock(struct text *out, int64_t ns)
{
    int64_t seconds = (ns < 0 ? 0 : ns) / NS_PER_S;
    long long h = (long long)(seconds / 3600);
    int m = (int)(seconds / 60 % 60);
    int s = (int)(seconds % 60);
    if (h > 0) {
        text_printf(out, "%lld:%02d:%02d", h, m, s);
    } else {
        text_printf(out, "%d:%02d", m, s);
    }
}

/* A figure that a verdict rests on, printed so that it can be told from the limit. */
static void put_apart(struct text *out, double value, double limit, bool quantile)
{
    struct text plain = {0};
    struct text of_limit = {0};
    quantile ? format_us(&plain, value) : percent_number(&plain, value);
    quantile ? format_us(&of_limit, limit) : percent_number(&of_limit, limit);
    const bool same = value != limit && strcmp(text_str(&plain), text_str(&of_limit)) == 0;
    if (!same) {
        text_puts(out, text_str(&plain));
    } else if (quantile) {
        text_printf(out, "%s ms", digits_apart(value / 1e3, limit / 1e3, 0).text);
    } else {
        text_puts(out, digits_apart(100 * value, 100 * limit, 2).text);
    }
    text_free(&plain);
    text_free(&of_limit);
}

void format_judged(struct text *out, const struct judged *judged)
{
    const double limit = judged->threshold.limit;
    const struct judgement *j = &judged->of;
    if (!j->observed_known) {
        text_puts(out, "-");
    } else if (!judged->quantile) {
        put_apart(out, j->observed, limit, false);
        text_puts(out, "% (");
        put_apart(out, j->low, limit, false);
        text_puts(out, "-");
        put_apart(out, j->high, limit, false);
        text_puts(out, ")");
    } else {
        put_apart(out, j->observed, limit, true);
        if (j->low == j->high) return;
        text_puts(out, " (");
        put_apart(out, j->low, limit, true);
        text_puts(out, " to ");
        put_apart(out, j->high, limit, true);
        text_puts(out, ")");
    }
}

void format_service(struct text *out, const struct service_rate *rate)
{
    if (rate->dependence.why != DEPENDENCE_KNOWN) {
        text_puts(out, rate->dependence.why == DEPENDENCE_NO_ATTEMPTS ? "-" : "cannot tell");
        return;
    }
    format_range(out, &rate->estimate);
}

void format_judged_service(struct text *out, const struct judged *judged)
{
    if (judged->of.about_run) {
        text_puts(out, "not asked");
        return;
    }
    if (!judged->of.observed_known) {
        text_puts(out, "-");
        return;
    }
    format_service(out, &judged->of.service);
    if (judged->quantile && judged->of.service.dependence.why == DEPENDENCE_KNOWN)
        text_puts(out, " over it");
}

void format_judged_where(struct text *out, const struct results *results,
                         const struct judged *judged)
{
    if (judged->cells == 0) {
        text_puts(out, "nothing was recorded");
        return;
    }
    text_puts(out, results->regions[judged->region]);
    if (judged->end_ns != 0) {
        const struct zone *zone = results_zone(results);
        struct civil start;
        zone_civil(zone, judged->start_ns, &start);
        text_printf(out, ", %04d-%02d-%02d %02d:%02d %s", start.year, start.month, start.day,
                    start.hour, start.minute, zone == NULL ? "UTC" : start.abbreviation);
    }
    if (judged->cells > 1) text_printf(out, ", worst of %zu", judged->cells);
}
