#include "profile/threshold.h"

#include "base/units.h"
#include "profile/suggest.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    enum threshold_kind kind;
} rates[] = {{"failure_rate", THRESHOLD_ATTEMPT_RATE},
             {"interaction_failure_rate", THRESHOLD_INTERACTION_RATE},
             {"session_failure_rate", THRESHOLD_SESSION_RATE}};

#define RATE_COUNT (sizeof rates / sizeof rates[0])

struct reader {
    const char *expression;
    const char *at;
    struct error *err;
};

static enum err_code fail(const struct reader *reader, const char *what)
{
    return error_set(reader->err, ERR_PROFILE, "threshold \"%.120s\", character %zu: %s",
                     reader->expression, (size_t)(reader->at - reader->expression) + 1, what);
}

static void skip_space(struct reader *reader)
{
    reader->at += strspn(reader->at, " \t");
}

static bool take(struct reader *reader, const char *token)
{
    skip_space(reader);
    if (strncmp(reader->at, token, strlen(token)) != 0) return false;
    reader->at += strlen(token);
    return true;
}

/* Reads a run of the given characters into out; false if there are none, or too many. */
static bool take_run(struct reader *reader, const char *more, char *out, size_t size)
{
    size_t length = 0;
    while (isalnum((unsigned char)reader->at[length]) ||
           (reader->at[length] != '\0' && strchr(more, reader->at[length]) != NULL)) {
        length++;
    }
    if (length == 0 || length >= size) return false;
    memcpy(out, reader->at, length);
    out[length] = '\0';
    reader->at += length;
    return true;
}

static enum err_code unknown_metric(struct reader *reader, const char *start, const char *name)
{
    char what[200];
    struct suggestion suggestion = suggest_start(name);
    for (int m = 0; m < METRIC_COUNT; m++) {
        if (metric_has((enum metric)m, METRIC_IN_THRESHOLDS))
            suggest_offer(&suggestion, metric_name((enum metric)m));
    }
    for (size_t i = 0; i < RATE_COUNT; i++) suggest_offer(&suggestion, rates[i].name);
    if (suggestion.best != NULL) {
        (void)snprintf(what, sizeof what, "no metric is called \"%.40s\": did you mean \"%s\"?",
                       name, suggestion.best);
    } else {
        (void)snprintf(
            what, sizeof what,
            "no metric is called \"%.40s\": write failure_rate, interaction_failure_rate, "
            "session_failure_rate, or a latency such as ttft.p99",
            name);
    }
    reader->at = start;
    return fail(reader, what);
}

static bool find_metric(const char *name, enum metric *out)
{
    return metric_find(name, out) && metric_has(*out, METRIC_IN_THRESHOLDS);
}

/* "p99", "p99.9" or "max", after the dot. */
static enum err_code read_statistic(struct reader *reader, struct threshold *out)
{
    static const char *const what =
        "write a percentile above p0 and below p100, such as p50, p99 or p99.9, or max";
    char name[16];
    const char *start = reader->at;
    if (!take_run(reader, ".", name, sizeof name)) return fail(reader, what);
    if (strcmp(name, "max") == 0) {
        out->quantile = 1;
        return ERR_OK;
    }
    char *end = name;
    double percent = name[0] == 'p' && isdigit((unsigned char)name[1]) ? strtod(name + 1, &end) : 0;
    if (*end != '\0' || strspn(name + 1, "0123456789.") != strlen(name + 1) ||
        !(percent > 0 && percent < 100)) {
        reader->at = start;
        return fail(reader, what);
    }
    out->quantile = percent / 100;
    return ERR_OK;
}

static enum err_code read_duration_us(struct reader *reader, double *out_us)
{
    char text[48];
    int64_t ns = 0;
    struct error inner = {0};
    skip_space(reader);
    const char *start = reader->at;
    if (!take_run(reader, ".%", text, sizeof text))
        return fail(reader, "expected a duration such as 1.5s");
    if (parse_duration(text, &ns, &inner) == ERR_OK) {
        *out_us = (double)ns / 1e3;
        return ERR_OK;
    }
    reader->at = start;
    return fail(reader, inner.text);
}

static enum err_code read_fraction(struct reader *reader, double *out)
{
    char text[48];
    struct error inner = {0};
    skip_space(reader);
    const char *start = reader->at;
    if (!take_run(reader, ".%", text, sizeof text))
        return fail(reader, "expected a share such as 1%");
    if (parse_fraction(text, out, &inner) == ERR_OK) return ERR_OK;
    reader->at = start;
    return fail(reader, inner.text);
}

/* After share( has been read: the metric, the limit and the closing bracket. */
static enum err_code read_share(struct reader *reader, struct threshold *out)
{
    char name[48];
    out->kind = THRESHOLD_SHARE;
    skip_space(reader);
    const char *start = reader->at;
    if (!take_run(reader, "_", name, sizeof name))
        return fail(reader, "expected a latency metric such as ttft");
    if (!find_metric(name, &out->metric)) return unknown_metric(reader, start, name);
    if (!take(reader, ">"))
        return fail(reader, "expected > and a duration: share(ttft > 1s) counts what is slower");
    enum err_code code = read_duration_us(reader, &out->slower_than_us);
    if (code != ERR_OK) return code;
    return take(reader, ")") ? ERR_OK : fail(reader, "expected ) after the duration");
}

static enum err_code read_metric(struct reader *reader, struct threshold *out)
{
    char name[48];
    skip_space(reader);
    const char *start = reader->at;
    if (!take_run(reader, "_", name, sizeof name))
        return fail(reader, "expected a metric such as failure_rate or ttft.p99");
    if (strcmp(name, "share") == 0 && take(reader, "(")) return read_share(reader, out);
    for (size_t i = 0; i < RATE_COUNT; i++) {
        if (strcmp(rates[i].name, name) != 0) continue;
        out->kind = rates[i].kind;
        return *reader->at == '.' ? fail(reader, "a failure rate has no statistic: leave it out")
                                  : ERR_OK;
    }
    if (!find_metric(name, &out->metric)) return unknown_metric(reader, start, name);
    out->kind = THRESHOLD_QUANTILE;
    if (*reader->at != '.')
        return fail(reader, "which statistic? write one behind a dot, such as .p99 or .max");
    reader->at++;
    return read_statistic(reader, out);
}

/* about has been read: run or service. */
static enum err_code read_about(struct reader *reader, struct threshold *out)
{
    char word[16];
    if (!take(reader, "=")) return fail(reader, "expected = and run or service");
    skip_space(reader);
    const char *start = reader->at;
    bool read = take_run(reader, "", word, sizeof word);
    out->about_run = read && strcmp(word, "run") == 0;
    if (out->about_run || (read && strcmp(word, "service") == 0)) return ERR_OK;
    reader->at = start;
    return fail(reader, "write about=run (what happened in this run) or about=service (what the "
                        "service does at such hours)");
}

/* One of region=NAME, window=NAME and about=run. */
static enum err_code read_selector(struct reader *reader, struct threshold *out)
{
    char *value = NULL;
    if (take(reader, "about")) return read_about(reader, out);
    if (take(reader, "region"))
        value = out->region;
    else if (take(reader, "window"))
        value = out->window;
    else
        return fail(reader, "expected region=NAME, window=NAME or about=run");
    if (value[0] != '\0') return fail(reader, "this stands here twice: remove one of the two");
    if (!take(reader, "=")) return fail(reader, "expected = and a name");
    skip_space(reader);
    if (take_run(reader, "_-.", value, sizeof out->region)) return ERR_OK;
    return fail(reader, "expected a name of up to 63 letters, digits, '_', '-', '.'");
}

static enum err_code read_selectors(struct reader *reader, struct threshold *out)
{
    if (!take(reader, "{")) return ERR_OK;
    do {
        enum err_code code = read_selector(reader, out);
        if (code != ERR_OK) return code;
    } while (take(reader, ","));
    return take(reader, "}") ? ERR_OK : fail(reader, "expected , or }");
}

static enum err_code read_comparison(struct reader *reader, struct threshold *out)
{
    if (take(reader, "<="))
        out->comparison = LESS_OR_EQUAL;
    else if (take(reader, "<"))
        out->comparison = LESS;
    else if (take(reader, ">="))
        out->comparison = GREATER_OR_EQUAL;
    else if (take(reader, ">"))
        out->comparison = GREATER;
    else
        return fail(reader, "expected <, <=, > or >=");
    return ERR_OK;
}

enum err_code threshold_parse_metric(const char *expression, struct threshold *out,
                                     struct error *err)
{
    struct reader reader = {expression, expression, err};
    struct threshold threshold = {0};
    enum err_code code = read_metric(&reader, &threshold);
    if (code == ERR_OK) code = read_selectors(&reader, &threshold);
    if (code != ERR_OK) return code;
    skip_space(&reader);
    if (*reader.at != '\0') return fail(&reader, "expected the end of the metric");
    *out = threshold;
    return ERR_OK;
}

enum err_code threshold_parse(const char *expression, struct threshold *out, struct error *err)
{
    struct reader reader = {expression, expression, err};
    struct threshold threshold = {0};
    enum err_code code = read_metric(&reader, &threshold);
    if (code == ERR_OK) code = read_selectors(&reader, &threshold);
    if (code == ERR_OK) code = read_comparison(&reader, &threshold);
    if (code != ERR_OK) return code;
    code = threshold.kind == THRESHOLD_QUANTILE ? read_duration_us(&reader, &threshold.limit)
                                                : read_fraction(&reader, &threshold.limit);
    if (code != ERR_OK) return code;
    skip_space(&reader);
    if (*reader.at != '\0') return fail(&reader, "expected the end of the threshold");
    *out = threshold;
    return ERR_OK;
}
