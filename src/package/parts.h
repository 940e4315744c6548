/* What the parts of an evidence package share: what it is about, what the records say, what follows
 * from it. */
#ifndef RUSHHOUR_PACKAGE_PARTS_H
#define RUSHHOUR_PACKAGE_PARTS_H

#include "figures/azure.h"
#include "figures/cells.h"
#include "figures/claim.h"
#include "figures/model.h"
#include "package/digest.h"
#include "package/package.h"
#include "record/evidence_read.h"
#include "report/table.h"
#include "stats/comparison.h"

#include <cjson/cJSON.h>

#define FILL_IN "to fill in: ____________"

/* How a checked statement stands. */
enum finding_state {
    FINDING_EXCLUDED, /* of other causes */
    FINDING_NOT_EXCLUDED,
    FINDING_NOT_CHECKED,
    FINDING_SUPPORTS, /* of what makes the evidence strong */
    FINDING_LIMITS,
    FINDING_WEAKENS,
    FINDING_MET, /* of the conditions for an escalation */
    FINDING_NOT_MET,
    FINDING_NOT_KNOWN
};
const char *finding_state_name(enum finding_state state);

/* One checked statement: what, how it stands, and the figure behind it. */
struct finding {
    char *what, *how;
    enum finding_state state;
};

/* Zero-initialise to start. Memory that ran out sets `failed`. */
struct findings {
    struct finding items[24];
    size_t count;
    bool failed;
};

/* Adds a statement and takes the text over, which is empty afterwards. */
void finding_add(struct findings *findings, const char *what, enum finding_state state,
                 struct text *how);
const struct finding *finding_of(const struct findings *findings, const char *what);
void findings_free(struct findings *findings);

/* The subject against something that could have failed alike. */
struct contrast {
    char *subject, *control;
    struct rate a, b;             /* of the control, of the subject: attempts, in this run */
    struct difference observed;   /* of these */
    struct difference difference; /* at such hours; not valid where the run cannot tell */
    char *why;                    /* of no answer, in a clause; "" with one */
    double p, adjusted; /* of the difference at such hours; after Holm over all comparisons */
    size_t looked_at;   /* slices among which the subject was picked afterwards; 1 otherwise */
    bool same_minutes;  /* the control was driven in the same minutes */
};
#define COMPARISONS_MAX 24

enum strength { STRENGTH_WEAK, STRENGTH_FAIR, STRENGTH_STRONG };
enum quota { QUOTA_NONE, QUOTA_SOME, QUOTA_EVIDENCE };

struct package {
    const struct package_request *request;
    struct results *results;
    const struct azure *azure; /* of the results; NULL without files */
    cJSON *check;              /* NULL without a file */
    bool *subject;             /* by region */
    size_t focus;              /* the subject with the highest rate: the one compared */
    bool chosen;               /* the subject was picked by us */
    bool limited;              /* to a time of day */
    struct window *windows;    /* by which windows.csv is grouped; [0] is the grain */
    size_t window_count;
    int64_t start_ns, end_ns; /* of what was recorded */
    char made[32];            /* when, UTC */
    struct digest digest;
    struct peak *peaks; /* by region */
    struct contrast comparisons[COMPARISONS_MAX];
    size_t comparison_count;
    struct findings exclusions, reasons, conditions;
    enum strength strength;
    enum quota quota;
    struct text quota_reason;
    struct text notes; /* one sentence a line */
};

/* What the evidence says of the service at such hours: a region inside (outside) of what it is
 * limited to. */
struct claim_of package_claim(const struct package *package, bool outside, size_t region);

/* The cell of a region inside (outside) of what the evidence is limited to. */
const struct report_cell *package_cell(const struct package *package, size_t region);
const struct report_cell *package_outside(const struct package *package, size_t region);

/* Whether something at this time counts in the evidence. */
bool package_holds(const struct package *package, int64_t utc_ns);

/* The region of a name; false when the run has none of it. */
bool package_region(const struct package *package, const char *name, size_t *out);

/* The slices by which time is told: "per hour", and how it is called. */
const struct grouping *package_grain(const struct package *package);
const char *package_grain_name(const struct package *package);

/* The slice of the grain in which the focus failed most (by the lower end of its interval), of
 * those that the evidence is limited to; NULL when none had a failure. */
const struct slice *package_worst(const struct package *package);

/* Appends "2026-04-14 14:00-15:00 UTC (07:00-08:00 PDT)". */
void package_when(const struct package *package, const struct slice *slice, struct text *out);

/* Attempts and failed attempts of the subjects together. */
uint64_t package_attempts(const struct package *package);
uint64_t package_failed(const struct package *package);

/* Failures of the subjects in a domain, or in a phase. */
uint64_t package_in_domain(const struct package *package, enum domain domain);
uint64_t package_in_phase(const struct package *package, enum phase phase);

/* A value of the manifest's profile by section and key, as text; "" when it is not there. */
void package_profile(const struct package *package, const char *section, const char *key,
                     struct text *out);

/* The status of a step of the check for a region: "ok", "failed", "skipped"; "" when it is not
 * there. */
const char *package_check_step(const struct package *package, const char *region, const char *step);

/* The clock skew that the check found for a region, in ms; false when it found none. */
bool package_check_skew(const struct package *package, const char *region, double *skew_ms);

/* Each appends one file of the package, or fills its part of the struct. */
void package_compare(struct package *package);
void package_exclude(struct package *package);
void package_judge_quota(struct package *package);
void package_weigh(struct package *package); /* after the others: strength and conditions */
void package_conditions(struct package *package);
void package_letter(const struct package *package, const char *const *files, struct text *out);
void package_letter_incidents(const struct package *package, struct text *out);
void package_letter_rates(const struct package *package, struct text *out);
void package_letter_control(const struct package *package, struct text *out);
void package_letter_traces(const struct package *package, struct text *out);
void package_quota_letter(const struct package *package, struct text *out);
void package_windows_csv(const struct package *package, struct text *out);
void package_check_json(const struct package *package, struct text *out);
void package_check_markdown(const struct package *package, struct text *out);
void package_manifest(const struct package *package, const char *const *files, struct text *out);
void package_json(const struct package *package, struct text *out); /* one object: the findings */

/* Writes failures.csv, latency.hlog into a folder, filtered as was asked. */
MUST_USE enum err_code package_write_failures(const struct package *package, const char *folder,
                                              struct error *err);
MUST_USE enum err_code package_write_latencies(const struct package *package, const char *folder,
                                               struct error *err);

/* The words on the first line of every document of a simulated run; "" of a real one. */
const char *package_simulated(const struct package *package);
const char *strength_name(enum strength strength);

#endif
