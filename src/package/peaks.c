#include "base/clock.h"
#include "package/parts.h"
#include "realtime/token_count.h"
#include "record/run_reader.h"

#include <math.h>
#include <stdlib.h>

#define MINUTE (60 * NS_PER_S)

/* The minute of one region that is being summed up. */
struct minute {
    int64_t start_ns, end_ns;
    bool averaged; /* contains an interval longer than a minute, whose inside is unknown */
    double sessions, attempts, tokens, input;
    double unopened; /* dials that did not open, or not yet: no response was asked for on them */
};

struct walk {
    struct package *package;
    struct minute *minutes; /* by region */
    double reserved;        /* tokens, by each attempt beside its input */
};

static void raise(struct peak_value *peak, double count, const struct minute *minute)
{
    int64_t length_ns = minute->end_ns - minute->start_ns;
    double per_minute = minute->averaged ? count * (double)MINUTE / (double)length_ns : count;
    if (per_minute <= peak->per_minute) return;
    *peak = (struct peak_value){per_minute, minute->start_ns};
}

/* `reserved`: tokens of each response that was asked for, beside its input. */
static void finish(struct peak *peak, const struct minute *minute, double reserved)
{
    if (minute->end_ns == 0) return;
    const double asked = fmax(0, minute->attempts - fmax(0, minute->unopened));
    raise(&peak->sessions, minute->sessions, minute);
    raise(&peak->attempts, minute->attempts, minute);
    raise(&peak->tokens, minute->tokens, minute);
    raise(&peak->counted, minute->input + asked * reserved, minute);
}

static void see(void *context, size_t region, int64_t start_ns, int64_t end_ns,
                const struct cell *cell, const struct health *health)
{
    (void)health;
    struct walk *walk = context;
    struct package *package = walk->package;
    struct minute *minute = &walk->minutes[region];
    if (package->end_ns == 0 || start_ns < package->start_ns) package->start_ns = start_ns;
    if (end_ns > package->end_ns) package->end_ns = end_ns;
    const struct window *window = package->request->window;
    if (window != NULL && !window_contains(window, start_ns)) return;
    int64_t begin_ns = start_ns - start_ns % MINUTE;
    if (minute->end_ns == 0 || minute->start_ns != begin_ns) {
        finish(&package->peaks[region], minute, walk->reserved);
        *minute = (struct minute){.start_ns = begin_ns};
    }
    minute->end_ns = end_ns;
    minute->averaged = minute->averaged || end_ns - start_ns > MINUTE;
    minute->sessions += (double)cell->counters.sessions_started;
    minute->attempts += (double)cell->counters.attempts_started;
    minute->tokens += (double)(cell->counters.input_tokens + cell->counters.output_tokens);
    minute->input += (double)cell->counters.input_tokens;
    minute->unopened +=
        (double)cell->counters.sessions_started - (double)cell->counters.sessions_opened;
}

/* By session.max_output_tokens of the profile that was run. */
static double reserved_of(const struct run_reader *reader)
{
    const cJSON *profile = cJSON_GetObjectItemCaseSensitive(run_reader_manifest(reader), "profile");
    const cJSON *session = cJSON_GetObjectItemCaseSensitive(profile, "session");
    const cJSON *most = cJSON_GetObjectItemCaseSensitive(session, "max_output_tokens");
    const bool set = cJSON_IsNumber(most) && most->valuedouble >= 1 && most->valuedouble <= 1e9;
    return (double)token_count_reserved(0, set ? (uint64_t)most->valuedouble : 0);
}

enum err_code peaks_read(struct package *package, struct run_reader *reader, struct error *err)
{
    size_t regions = run_reader_region_count(reader);
    struct walk walk = {package, calloc(regions, sizeof(struct minute)), reserved_of(reader)};
    package->peaks = calloc(regions, sizeof *package->peaks);
    enum err_code code = ERR_OK;
    if (walk.minutes == NULL || package->peaks == NULL) {
        code = error_set(err, ERR_NOMEM, "no memory to read the intervals of the run");
    } else {
        code = run_reader_intervals(reader, see, &walk, err);
        for (size_t r = 0; r < regions; r++)
            finish(&package->peaks[r], &walk.minutes[r], walk.reserved);
    }
    free(walk.minutes);
    return code;
}
