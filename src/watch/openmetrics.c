#include "watch/openmetrics.h"

#include "base/clock.h"
#include "watch/families.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct page {
    struct text *out;
    int64_t created_ns;
    bool plain; /* format 0.0.4: no UNIT, no _created, no info and stateset, no EOF */
    const struct family *family; /* the family of the current samples */
};

/* The name of each type in OpenMetrics and in format 0.0.4, and the suffixes of its samples. */
static const struct {
    const char *name, *plain, *suffix;
} types[FAMILY_TYPE_COUNT] = {
    [FAMILY_COUNTER] = {"counter", "counter", "_total"}, [FAMILY_GAUGE] = {"gauge", "gauge", ""},
    [FAMILY_HISTOGRAM] = {"histogram", "histogram", ""}, [FAMILY_INFO] = {"info", "gauge", "_info"},
    [FAMILY_STATESET] = {"stateset", "gauge", ""},
};

/* Both formats escape backslash, quote and line feed. The profile has already rejected invalid
 * UTF-8. */
static void put_escaped(struct text *out, const char *value)
{
    for (; *value != '\0'; value++) {
        if (*value == '\\' || *value == '"') text_append(out, "\\", 1);
        if (*value == '\n') {
            text_puts(out, "\\n");
        } else {
            text_append(out, value, 1);
        }
    }
}

/* Appends the name of a sample and its labels, plus `le` unless it is NULL. */
static void put_series(const struct page *page, const char *suffix, const struct sample *sample,
                       const char *le)
{
    struct text *out = page->out;
    const char *before = "{";
    text_puts(out, page->family->name);
    text_puts(out, suffix);
    for (size_t i = 0; i < sample->label_count; i++) {
        text_printf(out, "%s%s=\"", before, sample->labels[i].name);
        put_escaped(out, sample->labels[i].value);
        text_puts(out, "\"");
        before = ",";
    }
    if (le != NULL) text_printf(out, "%sle=\"%s\"", before, le);
    text_puts(out, sample->label_count > 0 || le != NULL ? "} " : " ");
}

static void put_whole(const struct page *page, uint64_t value)
{
    text_printf(page->out, "%" PRIu64 "\n", value);
}

/* In the fewest digits that read back as the same number. */
static void put_real(const struct page *page, double value)
{
    char digits[40];
    if (isnan(value)) {
        text_puts(page->out, "NaN\n");
        return;
    }
    if (isinf(value)) {
        text_puts(page->out, value > 0 ? "+Inf\n" : "-Inf\n");
        return;
    }
    (void)snprintf(digits, sizeof digits, "%.15g", value);
    if (strtod(digits, NULL) != value) (void)snprintf(digits, sizeof digits, "%.17g", value);
    text_printf(page->out, "%s\n", digits);
}

static void put_created(const struct page *page, const struct sample *sample)
{
    if (page->plain) return;
    int64_t ms = page->created_ns / NS_PER_MS;
    put_series(page, "_created", sample, NULL);
    text_printf(page->out, "%" PRId64 ".%03" PRId64 "\n", ms / 1000, ms % 1000);
}

/* TYPE, UNIT and HELP of a family. Format 0.0.4 uses the full name of its samples. */
static void on_family(void *user, const struct family *family)
{
    struct page *page = user;
    const char *end = page->plain ? types[family->type].suffix : "";
    page->family = family;
    text_printf(page->out, "# TYPE %s%s %s\n", family->name, end,
                page->plain ? types[family->type].plain : types[family->type].name);
    if (!page->plain && family->unit != NULL)
        text_printf(page->out, "# UNIT %s %s\n", family->name, family->unit);
    text_printf(page->out, "# HELP %s%s %s\n", family->name, end, family->help);
}

/* Bounds in OpenMetrics' canonical form for numbers: with a point, "1.0". */
static void bound_text(double bound_s, char out[32])
{
    (void)snprintf(out, 32, "%.15g", bound_s);
    if (strpbrk(out, ".e") == NULL) (void)strncat(out, ".0", 3);
}

static void put_histogram(const struct page *page, const struct sample *sample)
{
    const struct histogram *values = sample->latency;
    uint64_t total = values != NULL ? values->total : 0;
    for (size_t b = 0; b < BUCKETS_MOST; b++) {
        char bound[32];
        int64_t bound_us = llround(sample->bounds_s[b] * 1e6);
        bound_text(sample->bounds_s[b], bound);
        put_series(page, "_bucket", sample, bound);
        put_whole(page, total - (values != NULL ? histogram_count_above(values, bound_us) : 0));
    }
    put_series(page, "_bucket", sample, "+Inf");
    put_whole(page, total);
    put_series(page, "_count", sample, NULL);
    put_whole(page, total);
    put_series(page, "_sum", sample, NULL);
    put_real(page, values != NULL ? histogram_sum(values) / 1e6 : 0);
    put_created(page, sample);
}

static void on_sample(void *user, const struct sample *sample)
{
    const struct page *page = user;
    enum family_type type = page->family->type;
    if (type == FAMILY_HISTOGRAM) {
        put_histogram(page, sample);
        return;
    }
    put_series(page, types[type].suffix, sample, NULL);
    if (sample->whole) {
        put_whole(page, sample->count);
    } else {
        put_real(page, sample->value);
    }
    if (type == FAMILY_COUNTER) put_created(page, sample);
}

void openmetrics_write(const struct run_snapshot *snapshot, enum exposition exposition,
                       struct text *out)
{
    struct page page = {.out = out,
                        .created_ns = snapshot->counting_since_ns,
                        .plain = exposition == EXPOSITION_PLAIN};
    const struct family_sink sink = {.on_family = on_family, .on_sample = on_sample, .user = &page};
    families_each(snapshot, &sink);
    if (!page.plain) text_puts(out, "# EOF\n");
}
