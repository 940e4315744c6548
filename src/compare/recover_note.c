/* The note for a change ticket: what was done when, what it did to the failures, what follows. */
#include "compare/recover_model.h"

#include "base/clock.h"
#include "base/digits.h"
#include "base/units.h"
#include "report/format.h"

#include <math.h>

#define CHANGES_SHOWN 12

static void part_line(const char *what, const struct recovery_part *part, struct text *out)
{
    if (!(part->seconds > 0)) return;
    text_printf(out, "%s: ", what);
    recover_time(part->start, out);
    text_puts(out, " to ");
    recover_time(part->end, out);
    text_puts(out, ": ");
    text_count(out, (uint64_t)part->failures);
    text_puts(out, " of ");
    text_count(out, (uint64_t)part->attempts);
    text_puts(out, " attempts failed, ");
    format_estimate(out, &part->rate);
    text_puts(out, "\n");
}

static void change_lines(const char *what, const struct compared *changes, struct text *out)
{
    if (changes == NULL) return;
    text_printf(out, "%s: ", what);
    if (changes->change_count == 0) text_puts(out, "nothing that the run folders know of");
    for (size_t i = 0; i < changes->change_count && i < CHANGES_SHOWN; i++) {
        const struct compare_change *change = &changes->changes[i];
        text_printf(out, "%s%s %s, then %s", i > 0 ? "; " : "", change->path, change->a, change->b);
    }
    if (changes->change_count > CHANGES_SHOWN)
        text_printf(out, "; and %zu more", changes->change_count - CHANGES_SHOWN);
    text_puts(out, "\n");
}

/* In the same minutes the other path did not fail: then the cause is among what differs. */
static void beside_lines(const struct recovered *recovered, struct text *out)
{
    const struct recover_region *region = recovered->beside_together
                                              ? &recovered->together
                                              : &recovered->regions[recovered->deciding];
    const struct recover_beside *during = &region->during;
    if (recovered->beside.run_count == 0) return;
    if (!during->known) {
        text_printf(out,
                    "Other path: %s was not driven during the incident: it says nothing of "
                    "its cause\n",
                    recovered->beside.labels[0]);
        return;
    }
    text_printf(out, "Other path: in the same minutes of the incident ");
    format_estimate(out, &during->rate[1]);
    text_printf(out, " of the attempts failed in %s, ", recovered->beside.labels[0]);
    format_estimate(out, &during->rate[0]);
    text_puts(out, during->difference.low > 0
                       ? " here: what both have in common does not explain the difference\n"
                       : " here: no difference that chance does not explain, so the cause may lie "
                         "in what both have in common\n");
}

static void follows(const struct recovered *recovered, const struct recovery *found,
                    struct text *out)
{
    switch (recovered->verdict) {
    case RECOVER_RECOVERED:
        text_puts(out,
                  "What follows: by this measurement the change can stay. Undo it if `rushhour "
                  "recover` with the same --since and later runs says not_yet or relapsed "
                  "(exit status 99); to this verdict the limit was ");
        format_percent(out, found->baseline.outside.value + found->margin);
        text_puts(out, " of the attempts\n");
        break;
    case RECOVER_NOT_YET:
        text_puts(out, "What follows: the change did not end it, or not yet. Do not close the "
                       "incident; undo the change if it was made for this alone\n");
        break;
    case RECOVER_RELAPSED:
        text_puts(out, "What follows: the change did not last. Do not close the incident; what "
                       "differs between the time that was well and now is the next question\n");
        break;
    case RECOVER_TOO_EARLY:
        text_puts(out, "What follows: nothing yet");
        if (!isnan(found->needed_seconds)) {
            text_puts(out, "; measure ");
            text_needed_time(out, found->needed_seconds / 60);
            text_puts(out, " more");
        }
        text_puts(out, "\n");
        break;
    case RECOVER_INVALID:
        text_puts(out, "What follows: nothing; measure again with a load generator that keeps "
                       "up\n");
        break;
    }
}

void recover_note(const struct recovered *recovered, struct text *out)
{
    const struct recover_region *region = &recovered->regions[recovered->deciding];
    const struct recovery *found = &region->found;
    if (results_simulated(recovered->path.runs[0]))
        text_puts(out, "SIMULATED: a rehearsal, no evidence of anything\n");
    text_printf(out, "Verdict: %s (%s)\nChange in force since: ",
                recover_verdict_name(recovered->verdict), region->name);
    recover_time(recovered->since, out);
    text_puts(out, "\n");
    part_line("Before the incident", &found->baseline, out);
    part_line("Incident", &found->incident, out);
    part_line("Since", &found->since, out);
    text_puts(out, "Why: ");
    recover_headline(recovered, out);
    text_puts(out, "\n");
    change_lines("What differs before and after", recovered->changed, out);
    change_lines("What differs from the baseline's run", recovered->from_baseline, out);
    beside_lines(recovered, out);
    change_lines("What differs from the other path", recovered->from_beside, out);
    follows(recovered, found, out);
}
