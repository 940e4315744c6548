/* What the parts of an evidence package share: its subject, what the records say, and what
 * follows. */
#ifndef RUSHHOUR_PACKAGE_PARTS_H
#define RUSHHOUR_PACKAGE_PARTS_H

#include "figures/azure.h"
#include "figures/cells.h"
#include "figures/claim.h"
#include "figures/model.h"
#include "package/blanks.h"
#include "package/digest.h"
#include "package/package.h"
#include "package/target.h"
#include "record/evidence_read.h"
#include "report/table.h"
#include "stats/comparison.h"

#include <cjson/cJSON.h>

/* The state of a checked statement. */
enum finding_state {
    FINDING_EXCLUDED, /* another cause is excluded */
    FINDING_NOT_EXCLUDED,
    FINDING_NOT_CHECKED,
    FINDING_SUPPORTS, /* strengthens the evidence */
    FINDING_LIMITS,
    FINDING_WEAKENS,
    FINDING_MET, /* a condition for escalation is met */
    FINDING_NOT_MET,
    FINDING_NOT_KNOWN
};
const char *finding_state_name(enum finding_state state);

/* One checked statement, its state, and the figure behind it. */
struct finding {
    char *what, *how;
    enum finding_state state;
};

/* Zero-initialise to start. `failed` is set when memory runs out. */
struct findings {
    struct finding items[24];
    size_t count;
    bool failed;
};

/* Adds a statement and takes its text, leaving the caller's text empty. */
void finding_add(struct findings *findings, const char *what, enum finding_state state,
                 struct text *how);
void findings_free(struct findings *findings);

/* The subject against a control that could have failed in the same way. */
struct contrast {
    char *subject, *control;
    struct rate a, b;             /* control and subject: attempts in this run */
    struct difference observed;   /* between a and b */
    struct difference difference; /* at such hours; not valid when the run cannot tell */
    char *why;                    /* why there is no answer, as a clause; "" when there is one */
    double p, adjusted;           /* at such hours; adjusted: after Holm over all comparisons */
    size_t looked_at;             /* number of slices the subject was picked from; 1: not picked */
    bool same_minutes;            /* the control ran in the same minutes */
};
#define COMPARISONS_MAX 24

enum strength { STRENGTH_WEAK, STRENGTH_FAIR, STRENGTH_STRONG };
/* QUOTA_UNKNOWN: too many records are missing to tell. */
enum quota { QUOTA_NONE, QUOTA_SOME, QUOTA_EVIDENCE, QUOTA_UNKNOWN };

/* On how many hosts the load was driven. */
struct hosts {
    size_t runs;      /* that went into the run, 1: it was not merged */
    size_t different; /* hosts that their folders tell apart; as many there are at least */
};

struct package {
    const struct package_request *request;
    struct results *results;
    const struct azure *azure; /* from the results; NULL without files */
    cJSON *check;              /* NULL without a file */
    bool *subject;             /* by region */
    size_t focus;              /* the subject with the highest rate, which is compared */
    bool chosen;               /* we picked the subject */
    bool limited;              /* to a time of day */
    struct window *windows;    /* they group windows.csv; [0] is the grain */
    size_t window_count;
    int64_t start_ns, end_ns; /* the recorded time */
    char made[32];            /* time of creation, UTC */
    struct digest digest;
    struct peak *peaks; /* by region */
    struct contrast comparisons[COMPARISONS_MAX];
    size_t comparison_count;
    struct findings exclusions, reasons, conditions;
    enum strength strength;
    enum quota quota;
    struct text quota_reason;
    struct blanks blanks;
    struct quota_target target;
    struct hosts hosts;
    cJSON **manifests; /* of the runs that were given, if several; one per run of the request */
    struct text notes; /* one sentence per line */
};

/* The claim on the service at such hours: a region inside (or outside) the evidence's time of
 * day. */
struct claim_of package_claim(const struct package *package, bool outside, size_t region);

/* The cell of a region inside (or outside) the evidence's time of day. */
const struct report_cell *package_cell(const struct package *package, size_t region);
const struct report_cell *package_outside(const struct package *package, size_t region);

/* Whether an instant counts in the evidence. */
bool package_holds(const struct package *package, int64_t utc_ns);

/* Whether an interval counts in the evidence, or the part of it that lies in the window. */
bool package_holds_any(const struct package *package, int64_t from_ns, int64_t to_ns);

/* Finds a region by name; false when the run does not have it. */
bool package_region(const struct package *package, const char *name, size_t *out);

/* The slices that tell the time ("per hour"), and their name. */
const struct grouping *package_grain(const struct package *package);
const char *package_grain_name(const struct package *package);

/* The slice of the grain in which the focus failed most, by the lower end of its interval,
 * within the evidence's time of day. NULL when no slice had a failure. */
const struct slice *package_worst(const struct package *package);

/* Appends "2026-04-14 14:00-15:00 UTC (07:00-08:00 PDT)". */
void package_when(const struct package *package, const struct slice *slice, struct text *out);

/* Appends which time is counted: "the whole run, 2026-04-14T13:00:00.000Z to ...". */
void package_counted(const struct package *package, struct text *out);

/* The limit per minute that the service told the focus, "rpm" or "tpm"; 0 if it told none. */
const struct told_limit *package_told_limit(const struct package *package, const char *key);

/* Fills package->hosts. False without memory. */
bool package_count_hosts(struct package *package);

/* ERR_FORMAT if the number of hosts that was filled in cannot be, as package->hosts has it. */
MUST_USE enum err_code package_check_hosts(const struct package *package, struct error *err);

/* How many hosts there are at least, or as we say ourselves (BLANK_HOSTS); and that as a clause. */
size_t package_hosts(const struct package *package);
void package_hosts_words(const struct package *package, struct text *out);

/* Whether the runs that were given fail alike: each has failures, and their intervals have a rate
 * in common. Appends the rates, or why that is not known, to what package_hosts_words says. */
enum finding_state package_hosts_alike(const struct package *package, struct text *how);

/* Attempts of all subjects together. */
uint64_t package_attempts(const struct package *package);

/* Failures of the subjects in one domain, or in one phase. */
uint64_t package_in_domain(const struct package *package, enum domain domain);
uint64_t package_in_phase(const struct package *package, enum phase phase);

/* Appends a value of the manifest's profile by section and key; nothing when it is missing. */
void package_profile(const struct package *package, const char *section, const char *key,
                     struct text *out);

/* The status of a check step for a region: "ok", "failed" or "skipped"; "" when it is missing. */
const char *package_check_step(const struct package *package, const char *region, const char *step);

/* The clock skew that the check measured for a region, in ms; false when it measured none. */
bool package_check_skew(const struct package *package, const char *region, double *skew_ms);

/* Each appends one file of the package, or fills its part of the struct. */
void package_compare(struct package *package);
void package_exclude(struct package *package);
void package_judge_quota(struct package *package);
void package_weigh(struct package *package); /* after the others: strength and conditions */
void package_conditions(struct package *package);
void package_letter(const struct package *package, const char *const *files, struct text *out);
void package_letter_incidents(const struct package *package, struct text *out);
void package_incidents_json(const struct package *package, struct text *out); /* a member */
void package_letter_rates(const struct package *package, struct text *out);
void package_letter_control(const struct package *package, struct text *out);
void package_letter_causes(const struct package *package, struct text *out); /* a list */
void package_letter_best(const struct package *package, struct text *out);
void package_letter_traces(const struct package *package, struct text *out);
void package_quota_letter(const struct package *package, struct text *out);
void package_windows_csv(const struct package *package, struct text *out);
void package_check_json(const struct package *package, struct text *out);
void package_check_markdown(const struct package *package, struct text *out);
void package_manifest(const struct package *package, const char *const *files, struct text *out);
void package_json(const struct package *package, struct text *out); /* one object: the findings */

/* Writes failures.csv and latency.hlog into a folder, limited as the user asked. */
MUST_USE enum err_code package_write_failures(const struct package *package, const char *folder,
                                              struct error *err);
MUST_USE enum err_code package_write_latencies(const struct package *package, const char *folder,
                                               struct error *err);

/* The first line of every document of a simulated run; "" for a real one. */
const char *package_simulated(const struct package *package);
const char *strength_name(enum strength strength);

#endif
