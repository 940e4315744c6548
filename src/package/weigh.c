/* How strong the evidence is, and whether it is time to escalate. */
#include "base/digits.h"
#include "package/parts.h"
#include "report/format.h"

#include <math.h>
#include <string.h>

/* An interval wider than this multiple of the rate itself says little (weak) or not enough
 * (fair). */
#define WIDE_WEAK 2.0
#define WIDE_FAIR 1.0
/* "More than a few minutes": the catalogue's condition, and the minimum for a pattern. */
#define FEW_MINUTES 5
#define SHORT_NS (INT64_C(600) * 1000000000)

const char *strength_name(enum strength strength)
{
    static const char *const names[] = {"weak", "fair", "strong"};
    return names[strength];
}

static void reason(struct package *package, const char *what, enum finding_state state,
                   struct text *how)
{
    finding_add(&package->reasons, what, state, how);
}

static void weigh_sample(struct package *package)
{
    const struct rate rate = report_cell_rate(package_cell(package, package->focus), RATE_ATTEMPT);
    struct text how = {0};
    if (!rate.estimate.valid || rate.failed <= 0) {
        text_puts(&how, "no failed attempt: there is nothing to show");
        reason(package, "sample", FINDING_WEAKENS, &how);
        return;
    }
    double wide = (rate.estimate.high - rate.estimate.low) / rate.estimate.value;
    text_count(&how, (uint64_t)rate.failed);
    text_puts(&how, " failures in ");
    text_count(&how, (uint64_t)rate.trials);
    text_puts(&how, " attempts, ");
    format_estimate(&how, &rate.estimate);
    text_printf(&how, ": the 95%% interval is %.1f times as wide as the rate%s", wide,
                wide > WIDE_FAIR ? "; too few attempts to be sure of the figure" : "");
    reason(package, "sample",
           wide > WIDE_WEAK   ? FINDING_WEAKENS
           : wide > WIDE_FAIR ? FINDING_LIMITS
                              : FINDING_SUPPORTS,
           &how);
}

static void weigh_control(struct package *package)
{
    struct text how = {0};
    const struct contrast *best = NULL;
    bool region = false;
    for (size_t i = 0; i < package->comparison_count; i++) {
        const struct contrast *c = &package->comparisons[i];
        bool clearer = best == NULL || c->adjusted < best->adjusted ||
                       (c->adjusted == best->adjusted && c->observed.value > best->observed.value);
        if (clearer) best = c;
        region = region || c->same_minutes;
    }
    if (best == NULL) {
        text_puts(
            &how,
            "no other region, window or deployment was driven: a common cause on our side is not "
            "excluded by comparison");
        reason(package, "control", FINDING_WEAKENS, &how);
        return;
    }
    bool differs = best->difference.valid && best->difference.low > 0 && best->adjusted < 0.05;
    text_printf(&how, "%s against %s: %s", best->subject, best->control,
                differs             ? "the difference is more than chance, at such hours, too"
                : best->why[0] == 0 ? "no difference that chance does not explain"
                : best->observed.low > 0
                    ? "it differs in this run; whether at other such hours it cannot tell: "
                    : "no difference in this run that chance does not explain; whether at other "
                      "such hours it cannot tell: ");
    if (!differs) text_puts(&how, best->why);
    if (!region)
        text_puts(&how, "; only other times of the same region, no other region or deployment");
    reason(package, "control", differs && region ? FINDING_SUPPORTS : FINDING_LIMITS, &how);
}

static void weigh_ids(struct package *package)
{
    const struct digest *digest = &package->digest;
    uint64_t failures = digest->attempts + digest->sessions + digest->unseen;
    struct text how = {0};
    text_count(&how, digest->with_ids);
    text_puts(&how, " of ");
    text_count(&how, failures);
    text_puts(&how, " failures carry an id of the service (session, response or request)");
    bool none = failures > 0 && digest->with_ids == 0;
    bool most = digest->with_ids * 2 >= failures;
    reason(package, "ids", none ? FINDING_WEAKENS : most ? FINDING_SUPPORTS : FINDING_LIMITS, &how);
}

static void weigh_generator(struct package *package)
{
    const struct report_cell *cell = package_cell(package, package->focus);
    struct text how = {0};
    if (cell->intervals > 0 && report_cell_valid(cell)) {
        text_puts(&how, "the load generator was healthy: its own delay is not in the figures");
        reason(package, "generator", FINDING_SUPPORTS, &how);
        return;
    }
    text_puts(&how, cell->intervals == 0 ? "nothing was recorded"
                                         : "the load generator was not healthy: ");
    report_cell_why(cell, &how);
    reason(package, "generator", FINDING_WEAKENS, &how);
}

static void weigh_circumstances(struct package *package)
{
    const struct results *results = package->results;
    struct text how = {0};
    bool alike = false;
    package_hosts_words(package, &how);
    if (package->hosts.runs == 1) {
        text_puts(&how, ": another host that sees the same would make it stronger");
    } else {
        alike = package_hosts_alike(package, &how) == FINDING_MET && package_hosts(package) > 1;
    }
    reason(package, "hosts", alike ? FINDING_SUPPORTS : FINDING_LIMITS, &how);
    if (results->end_ns - results->start_ns < SHORT_NS) {
        text_printf(&how, "only %.1f minutes were recorded",
                    (double)(results->end_ns - results->start_ns) / 60e9);
        reason(package, "time", FINDING_LIMITS, &how);
    }
    if (results->killed) {
        text_puts(&how, "the run was cut off: its last interval is missing");
        reason(package, "completeness", FINDING_LIMITS, &how);
    }
    if (digest_lacks(&package->digest)) {
        text_puts(&how, text_str(&package->digest.missing));
        reason(package, "records", FINDING_LIMITS, &how);
    }
    if (results_simulated(results)) {
        text_puts(
            &how,
            "the service was simulated: this is a rehearsal and shows nothing about a real one");
        reason(package, "simulation", FINDING_WEAKENS, &how);
    }
}

void package_weigh(struct package *package)
{
    size_t limiting = 0;
    size_t weak = 0;
    weigh_sample(package);
    weigh_control(package);
    weigh_ids(package);
    weigh_generator(package);
    weigh_circumstances(package);
    for (size_t i = 0; i < package->reasons.count; i++) {
        weak += package->reasons.items[i].state == FINDING_WEAKENS;
        limiting += package->reasons.items[i].state == FINDING_LIMITS;
    }
    /* Nearly every run uses a single host, so that alone does not make good evidence fair. */
    package->strength = weak > 0 ? STRENGTH_WEAK : limiting <= 1 ? STRENGTH_STRONG : STRENGTH_FAIR;
}
