/* The ranking of policies for a terminal, as Markdown and as JSON. */
#include "compare/policies.h"

#include "base/colour.h"
#include "base/digits.h"
#include "base/json.h"
#include "compare/model.h"
#include "figures/cells.h"
#include "report/figures_json.h"
#include "report/format.h"
#include "report/table.h"

#include <math.h>

static const struct counters *counters_of(const struct policy *policy)
{
    return &policy->results->all.cell.counters;
}

static double amplification(const struct policy *policy)
{
    const struct counters *c = counters_of(policy);
    const double interactions = (double)c->interactions_ok + (double)c->interactions_failed;
    return interactions > 0 ? (double)report_cell_attempts(&policy->results->all) / interactions
                            : NAN;
}

static void points(struct text *out, double share)
{
    text_printf(out, "%+.1f", 100 * share);
}

static const char *pair_words(enum compare_verdict verdict)
{
    if (verdict == COMPARE_WORSE) return "the first loses fewer";
    if (verdict == COMPARE_BETTER) return "the second loses fewer";
    return verdict == COMPARE_EQUAL ? "equal within the margin" : "not told apart";
}

static void fill_ranks(const struct policies *policies, struct table *table)
{
    static const char *const headings[] = {"rank",      "policy",         "users lost",
                                           "share",     "turned away",    "attempts/turn",
                                           "recovered", "same/new/other", "USD"};
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
        table_column(table, headings[i], i == 1);
    for (size_t i = 0; i < policies->count; i++) {
        const struct policy *policy = &policies->list[i];
        const struct counters *c = counters_of(policy);
        text_printf(table_cell(table), "%u", policy->rank);
        table_next(table);
        table_put(table, policy->label);
        text_count(table_cell(table), policy->lost);
        table_next(table);
        format_percent(table_cell(table),
                       policy->users > 0 ? (double)policy->lost / (double)policy->users : 0);
        table_next(table);
        text_count(table_cell(table), policy->turned_away);
        table_next(table);
        const double factor = amplification(policy);
        isfinite(factor) ? text_printf(table_cell(table), "%.3f", factor)
                         : text_puts(table_cell(table), "-");
        table_next(table);
        text_count(table_cell(table), c->recovered);
        table_next(table);
        text_printf(table_cell(table), "%llu/%llu/%llu",
                    (unsigned long long)c->recovered_same_session,
                    (unsigned long long)c->recovered_new_session,
                    (unsigned long long)c->recovered_other_region);
        table_next(table);
        format_cost(table_cell(table), c, c->cost_usd);
        table_next(table);
    }
}

static void fill_pairs(const struct policies *policies, struct table *table)
{
    static const char *const headings[] = {"first",       "second",       "only first",
                                           "only second", "both",         "points more in second",
                                           "p",           "of users lost"};
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
        table_column(table, headings[i], i < 2 || i == 7);
    for (size_t i = 0; i < policies->pair_count; i++) {
        const struct policy_pair *pair = &policies->pairs[i];
        const struct paired *paired = &pair->paired;
        table_put(table, policies->list[pair->a].label);
        table_put(table, policies->list[pair->b].label);
        text_count(table_cell(table), paired->only_a);
        table_next(table);
        text_count(table_cell(table), paired->only_b);
        table_next(table);
        text_count(table_cell(table), paired->both);
        table_next(table);
        struct text *cell = table_cell(table);
        points(cell, paired->difference.value);
        text_puts(cell, " (");
        points(cell, paired->difference.low);
        text_puts(cell, " to ");
        points(cell, paired->difference.high);
        text_puts(cell, ")");
        table_next(table);
        text_printf(table_cell(table), pair->adjusted < 0.0001 ? "<0.0001" : "%.4f",
                    pair->adjusted);
        table_next(table);
        table_put(table, pair_words(pair->verdict));
    }
}

static void how(const struct policies *policies, struct text *out)
{
    text_printf(
        out,
        "How: the same %llu arrivals in every run, each user with himself. Lost: one of his "
        "turns stayed without an answer, or he was turned away. McNemar's exact test and "
        "Bonett and Price's interval at %g%%, on counts divided by the design effect of "
        "neighbouring users; p after Holm over %zu pairs; equal: the whole interval is "
        "within %g points. Rank 1 and one more for each policy that loses fewer beyond "
        "chance: policies of one rank may still differ. What a user felt of waiting, and "
        "what it cost, ranks nothing.",
        (unsigned long long)policies->arrivals, 100 * policies->confidence, policies->pair_count,
        100 * policies->margin);
}

/* Ranks, pairs and sentences; `draw` is the form of a table. */
static void show(const struct policies *policies, bool colour, bool markdown, struct text *out)
{
    struct text line = {0};
    void (*const fill[])(const struct policies *, struct table *) = {fill_ranks, fill_pairs};
    if (policies->not_comparable.length > 0) {
        text_printf(&line, "Not ranked, for the runs differ in more than their policies: %s.",
                    text_str(&policies->not_comparable));
        markdown ? markdown_plain(out, text_str(&line))
                 : display_folded(out, text_str(&line), 0, TERMINAL_WIDTH);
        text_puts(out, "\n");
        text_free(&line);
        return;
    }
    if (policies->invalid.length > 0) {
        text_printf(&line, "Not to be trusted, since a load generator was in the way: %s.",
                    text_str(&policies->invalid));
        markdown ? markdown_plain(out, text_str(&line))
                 : display_folded(out, text_str(&line), 0, TERMINAL_WIDTH);
        text_puts(out, "\n\n");
    }
    for (size_t i = 0; i < sizeof fill / sizeof *fill; i++) {
        struct table table = {0};
        fill[i](policies, &table);
        markdown ? table_markdown(&table, out) : table_draw(&table, 0, colour, out);
        text_puts(out, "\n");
        table_free(&table);
    }
    text_clear(&line);
    how(policies, &line);
    markdown ? markdown_plain(out, text_str(&line))
             : display_folded(out, text_str(&line), 0, TERMINAL_WIDTH);
    text_puts(out, "\n");
    text_free(&line);
}

void policies_text(const struct policies *policies, bool colour, struct text *out)
{
    show(policies, colour, false, out);
}

void policies_markdown(const struct policies *policies, struct text *out)
{
    show(policies, false, true, out);
}

/* ---- JSON ---- */

static void policy_json(const struct policy *policy, struct text *out)
{
    const struct counters *c = counters_of(policy);
    json_open(out, '{');
    json_put_count(out, "rank", policy->rank);
    json_put_string(out, "run", policy->label);
    json_put_count(out, "users", policy->users);
    json_put_count(out, "lost", policy->lost);
    json_put_count(out, "turned_away", policy->turned_away);
    json_put_count(out, "attempts", report_cell_attempts(&policy->results->all));
    json_put_count(out, "attempts_failed", c->attempts_failed);
    json_put_number(out, "attempts_per_interaction", amplification(policy));
    json_key(out, "recovered");
    json_open(out, '{');
    json_put_count(out, "same_session", c->recovered_same_session);
    json_put_count(out, "new_session", c->recovered_new_session);
    json_put_count(out, "other_region", c->recovered_other_region);
    json_close(out, '}');
    json_put_number(out, "cost_usd", counters_unpriced(c) ? NAN : c->cost_usd);
    json_close(out, '}');
}

static void pair_json(const struct policies *policies, const struct policy_pair *pair,
                      struct text *out)
{
    const struct difference *d = &pair->paired.difference;
    const struct estimate difference = {d->valid, d->value, d->low, d->high};
    json_open(out, '{');
    json_put_string(out, "a", policies->list[pair->a].label);
    json_put_string(out, "b", policies->list[pair->b].label);
    json_put_count(out, "users", pair->paired.n);
    json_put_count(out, "only_a", pair->paired.only_a);
    json_put_count(out, "only_b", pair->paired.only_b);
    json_put_count(out, "both", pair->paired.both);
    json_put_number(out, "design_effect", pair->paired.design_effect);
    figures_interval_json("difference", &difference, out);
    json_put_number(out, "p", pair->adjusted);
    json_put_string(out, "verdict", compare_verdict_name(pair->verdict));
    json_close(out, '}');
}

void policies_json(const struct policies *policies, struct text *out)
{
    const bool ranked = policies->not_comparable.length == 0;
    json_open(out, '{');
    json_put_bool(out, "ranked", ranked);
    json_put_known(out, "not_comparable", text_str(&policies->not_comparable));
    json_put_known(out, "invalid", text_str(&policies->invalid));
    json_put_count(out, "arrivals", policies->arrivals);
    json_put_number(out, "confidence", policies->confidence);
    json_put_number(out, "margin", policies->margin);
    json_key(out, "policies");
    json_open(out, '[');
    for (size_t i = 0; ranked && i < policies->count; i++) policy_json(&policies->list[i], out);
    json_close(out, ']');
    json_key(out, "pairs");
    json_open(out, '[');
    for (size_t i = 0; i < policies->pair_count; i++) pair_json(policies, &policies->pairs[i], out);
    json_close(out, ']');
    json_close(out, '}');
    text_puts(out, "\n");
}
