#include "record/run_reader.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/files.h"
#include "record/folder.h"
#include "record/run_facts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define HOUR_NS (NS_PER_S * 3600)
#define DAY_NS (HOUR_NS * 24)

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Which runs are meant: all that a field does not exclude. */
struct wish {
    const char *profile;         /* NULL: any */
    int64_t from_ns, until_ns;   /* when they started, by their own clock */
    const struct run_facts *but; /* not this one; may be NULL */
    bool before;                 /* only those before `but` */
    int64_t near_ns;             /* the one that started nearest to it; INT64_MIN: the newest */
};

#define ANY                                                                                        \
    {                                                                                              \
        .from_ns = INT64_MIN, .until_ns = INT64_MAX, .near_ns = INT64_MIN                          \
    }

static bool is_meant(const struct wish *wish, const struct run_facts *facts)
{
    const struct run_facts *but = wish->but;
    if (but != NULL && run_facts_same_folder(but, facts)) return false;
    if (but != NULL && wish->before && facts->order_ns > but->order_ns) return false;
    return (wish->profile == NULL || strcmp(wish->profile, facts->profile) == 0) &&
           facts->started_ns >= wish->from_ns && facts->started_ns < wish->until_ns;
}

static int64_t distance(const struct wish *wish, const struct run_facts *facts)
{
    const int64_t off_ns = facts->started_ns - wish->near_ns;
    return off_ns > 0 ? off_ns : -off_ns;
}

/* Of the list, which has the newest first; NULL: none is meant. */
static const struct run_listed *best_of(const struct wish *wish, const struct run_list *list)
{
    const struct run_listed *best = NULL;
    for (size_t i = 0; i < list->count; i++) {
        const struct run_listed *run = &list->runs[i];
        if (!is_meant(wish, &run->facts)) continue;
        if (wish->near_ns == INT64_MIN) return run;
        if (best == NULL || distance(wish, &run->facts) < distance(wish, &best->facts)) best = run;
    }
    return best;
}

/* The run below results that is meant; `what` that is, is for the message. */
static enum err_code find_best(const struct wish *wish, const char *what, struct text *found,
                               struct error *err)
{
    struct run_list list;
    enum err_code code = run_list_read(RUN_RESULTS, &list, err);
    const struct run_listed *best = code == ERR_OK ? best_of(wish, &list) : NULL;
    if (best != NULL) {
        text_puts(found, best->path);
    } else if (code == ERR_OK) {
        code = error_set(err, ERR_IO, "%s: does not hold %s; name the run's folder", RUN_RESULTS,
                         what);
    } else if (code == ERR_IO) {
        code = error_set(err, ERR_IO, "%s: cannot look for %s: %s; name the run's folder",
                         RUN_RESULTS, what, strerror(errno));
    }
    run_list_free(&list);
    return code;
}

/* ---- the newest, of a profile, of a day, of an hour ---- */

/* "2026-11-20" and "2026-11-20T07", in UTC as times stand in the folder. */
static bool day_or_hour(const char *word, size_t length, struct wish *wish)
{
    char stamp[32];
    const bool hour = length == strlen("2026-11-20T07");
    if (!hour && length != strlen("2026-11-20")) return false;
    (void)snprintf(stamp, sizeof stamp, "%.*s%s", (int)length, word,
                   hour ? ":00:00Z" : "T00:00:00Z");
    if (parse_time(stamp, &wish->from_ns, NULL) != ERR_OK) return false;
    wish->until_ns = wish->from_ns + (hour ? HOUR_NS : DAY_NS);
    return true;
}

/* `latest`, a day or an hour, each with `:PROFILE` behind it if only runs of that one are meant.
 * False if it is none of these. */
static bool read_selector(const char *run, struct wish *wish, struct text *what)
{
    const size_t length = strcspn(run, ":");
    const bool latest = length == strlen("latest") && strncmp(run, "latest", length) == 0;
    if (!latest && !day_or_hour(run, length, wish)) return false;
    if (run[length] == ':') wish->profile = run + length + 1;
    text_puts(what, wish->profile != NULL ? "a run" : latest ? "any run yet" : "a run");
    if (wish->profile != NULL) text_printf(what, " of profile \"%.80s\"", wish->profile);
    if (!latest)
        text_printf(what, " that started %s (UTC)",
                    length > strlen("2026-11-20") ? "in that hour" : "on that day");
    return true;
}

static enum err_code find_selected(const char *run, const struct wish *wish,
                                   const struct text *what, struct text *found, struct error *err)
{
    if (wish->profile != NULL && *wish->profile == '\0')
        return error_set(err, ERR_USAGE, "%s names no profile: write %sPROFILE", run, run);
    return find_best(wish, text_str(what), found, err);
}

/* ---- beside another run ---- */

#define HALF_HOUR_NS (NS_PER_S * 1800)

/* At the same hour of the zone whose hours the profile's windows are, or else of UTC. */
static int64_t week_before(const struct run_facts *facts)
{
    struct zone *zone = NULL;
    if (facts->zone[0] != '\0' && zone_open(facts->zone, &zone, NULL) != ERR_OK) zone = NULL;
    const int64_t then_ns = zone_days_before(zone, facts->started_ns, 7);
    zone_free(zone);
    return then_ns;
}

/* The run of the same profile that started a week before, give or take half an hour. */
static enum err_code find_week_before(const struct run_facts *facts, struct text *found,
                                      struct error *err)
{
    struct text what = {0};
    const int64_t then_ns = week_before(facts);
    const struct wish wish = {.profile = facts->profile,
                              .from_ns = then_ns - HALF_HOUR_NS,
                              .until_ns = then_ns + HALF_HOUR_NS + 1,
                              .but = facts,
                              .near_ns = then_ns};
    char stamp[32];
    format_utc_ms(then_ns, stamp);
    text_printf(&what, "a run of profile \"%.80s\" that started within half an hour of %s",
                facts->profile, stamp);
    enum err_code code = find_best(&wish, text_str(&what), found, err);
    text_free(&what);
    return code;
}

/* The run of the same profile that was written last before. */
static enum err_code find_previous(const struct run_facts *facts, struct text *found,
                                   struct error *err)
{
    struct text what = {0};
    struct wish wish = ANY;
    wish.profile = facts->profile;
    wish.but = facts;
    wish.before = true;
    text_printf(&what, "an earlier run of profile \"%.80s\"", facts->profile);
    enum err_code code = find_best(&wish, text_str(&what), found, err);
    text_free(&what);
    return code;
}

static enum err_code find_beside(const char *run, const char *beside, struct text *found,
                                 struct error *err)
{
    struct run_facts facts;
    if (beside == NULL)
        return error_set(err, ERR_USAGE,
                         "%s stands beside another run: rushhour compare latest --with %s", run,
                         run);
    if (!run_facts_read(beside, &facts) || facts.started_ns == INT64_MIN)
        return error_set(err, ERR_FORMAT, "%s/%s: does not say when the run started", beside,
                         RUN_MANIFEST);
    return strcmp(run, RUN_PREVIOUS) == 0 ? find_previous(&facts, found, err)
                                          : find_week_before(&facts, found, err);
}

/* ---- all of them ---- */

static enum err_code find_named(const char *run, struct text *folder, struct error *err)
{
    if (*run == '\0')
        return error_set(err, ERR_USAGE, "the run's name is empty: name a run folder, or latest");
    if (*run != '/') {
        text_printf(folder, RUN_RESULTS "/%s", run);
        if (is_folder(text_str(folder))) return ERR_OK;
    }
    return error_set(err, ERR_IO, "%s: no such run folder%s%s", run,
                     *run == '/' ? "" : ", nor below ", *run == '/' ? "" : RUN_RESULTS "/");
}

bool run_stands_beside(const char *run)
{
    return strcmp(run, RUN_WEEK_BEFORE) == 0 || strcmp(run, RUN_PREVIOUS) == 0;
}

enum err_code run_find_beside(const char *run, const char *beside, struct text *folder,
                              struct error *err)
{
    struct text found = {0};
    struct text what = {0};
    struct wish wish = ANY;
    enum err_code code;
    if (is_folder(run)) {
        text_puts(&found, run);
        code = ERR_OK;
    } else if (run_stands_beside(run)) {
        code = find_beside(run, beside, &found, err);
    } else if (read_selector(run, &wish, &what)) {
        code = find_selected(run, &wish, &what, &found, err);
    } else {
        code = find_named(run, &found, err);
    }
    if (code == ERR_OK) text_puts(folder, text_str(&found));
    if (code == ERR_OK && (found.failed || folder->failed))
        code = error_set(err, ERR_NOMEM, "%s: no memory to find it", run);
    text_free(&found);
    text_free(&what);
    return code;
}

enum err_code run_find(const char *run, struct text *folder, struct error *err)
{
    return run_find_beside(run, NULL, folder, err);
}
