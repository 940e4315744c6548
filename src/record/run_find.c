#include "record/run_reader.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/files.h"
#include "record/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define RESULTS "results"
#define DAY_NS (NS_PER_S * 86400)

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* What runs are told apart by. */
struct facts {
    int64_t order_ns;   /* when it was written, by the real clock; else when it started */
    int64_t started_ns; /* by its own clock, which in a replay is years off; INT64_MIN: unknown */
    char profile[128];
    char zone[64]; /* of the first window of its profile that has one; "": none */
};

static bool stamp_at(const cJSON *run, const char *key, int64_t *out_ns)
{
    const char *stamp = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(run, key));
    return stamp != NULL && parse_time(stamp, out_ns, NULL) == ERR_OK;
}

/* "America/Los_Angeles" of "peak=07:00-09:00@America/Los_Angeles,mon-fri". */
static void read_zone(const cJSON *manifest, char *out, size_t size)
{
    const cJSON *profile = cJSON_GetObjectItemCaseSensitive(manifest, "profile");
    const cJSON *windows = cJSON_GetObjectItemCaseSensitive(profile, "windows");
    const cJSON *spec;
    cJSON_ArrayForEach(spec, cJSON_GetObjectItemCaseSensitive(windows, "report"))
    {
        const char *at = cJSON_IsString(spec) ? strchr(spec->valuestring, '@') : NULL;
        if (at == NULL || strcspn(at + 1, ",") >= size) continue;
        (void)snprintf(out, size, "%.*s", (int)strcspn(at + 1, ","), at + 1);
        return;
    }
}

/* False without either time. */
static bool read_facts(const char *path, struct facts *out)
{
    struct text json = {0};
    bool found = false;
    if (file_read(path, RUN_MANIFEST_LIMIT, &json, NULL) == ERR_OK) {
        cJSON *manifest = cJSON_ParseWithLength(text_str(&json), json.length);
        const cJSON *run = cJSON_GetObjectItemCaseSensitive(manifest, "run");
        const char *profile =
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(run, "profile"));
        text_copy(out->profile, sizeof out->profile, profile == NULL ? "" : profile);
        read_zone(manifest, out->zone, sizeof out->zone);
        const bool started = stamp_at(run, "started", &out->started_ns);
        const bool written = stamp_at(run, "written", &out->order_ns);
        if (!written) out->order_ns = out->started_ns;
        found = written || started;
        cJSON_Delete(manifest);
    }
    text_free(&json);
    return found;
}

/* False if the folder is not a run folder: its manifest is a file. A torn one, which a killed run
 * leaves, has the time of its file. */
static bool run_facts(const char *folder, struct facts *out)
{
    struct text path = {0};
    struct stat status;
    *out = (struct facts){.started_ns = INT64_MIN};
    text_printf(&path, "%s/%s", folder, RUN_MANIFEST);
    bool found = !path.failed && stat(path.data, &status) == 0 && S_ISREG(status.st_mode);
    if (found && !read_facts(path.data, out))
        out->order_ns = (int64_t)status.st_mtim.tv_sec * NS_PER_S + status.st_mtim.tv_nsec;
    text_free(&path);
    return found;
}

/* Which runs are meant: all that a field does not exclude. */
struct wish {
    const char *profile;       /* NULL: any */
    int64_t from_ns, until_ns; /* when they started, by their own clock */
    const char *but;           /* not this folder; may be NULL */
    int64_t near_ns;           /* the one that started nearest to it; INT64_MIN: the newest */
};

#define ANY                                                                                        \
    {                                                                                              \
        .from_ns = INT64_MIN, .until_ns = INT64_MAX, .near_ns = INT64_MIN                          \
    }

static bool is_meant(const struct wish *wish, const struct facts *facts)
{
    return (wish->profile == NULL || strcmp(wish->profile, facts->profile) == 0) &&
           facts->started_ns >= wish->from_ns && facts->started_ns < wish->until_ns;
}

/* Whether both names lead to one folder. */
static bool same_folder(const char *a, const char *b)
{
    struct stat of_a;
    struct stat of_b;
    return b != NULL && stat(a, &of_a) == 0 && stat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
           of_a.st_ino == of_b.st_ino;
}

/* The greater, the better a run fits the wish. */
static int64_t fitness(const struct wish *wish, const struct facts *facts)
{
    if (wish->near_ns == INT64_MIN) return facts->order_ns;
    const int64_t off_ns = facts->started_ns - wish->near_ns;
    return off_ns > 0 ? -off_ns : off_ns;
}

/* Of two runs that fit alike the name decides, so that the result does not depend on directory
 * order. */
static void take_better(const struct wish *wish, struct text *best, int64_t *fits, const char *path)
{
    struct facts facts;
    if (!run_facts(path, &facts) || !is_meant(wish, &facts) || same_folder(path, wish->but)) return;
    const int64_t fitting = fitness(wish, &facts);
    if (best->length > 0) {
        if (fitting < *fits) return;
        if (fitting == *fits && strcmp(path, best->data) < 0) return;
    }
    *fits = fitting;
    text_clear(best);
    text_puts(best, path);
}

/* The run below results that is meant; `what` that is, is for the message. */
static enum err_code find_best(const struct wish *wish, const char *what, struct text *best,
                               struct error *err)
{
    DIR *results = opendir(RESULTS);
    if (results == NULL) {
        return error_set(err, ERR_IO, "%s: cannot look for %s: %s; name the run's folder", RESULTS,
                         what, strerror(errno));
    }
    struct text path = {0};
    int64_t fits = 0;
    for (const struct dirent *entry; (entry = readdir(results)) != NULL;) {
        if (entry->d_name[0] == '.') continue;
        text_clear(&path);
        text_printf(&path, "%s/%s", RESULTS, entry->d_name);
        take_better(wish, best, &fits, text_str(&path));
    }
    (void)closedir(results);
    bool failed = path.failed || best->failed;
    text_free(&path);
    if (failed) return error_set(err, ERR_NOMEM, "%s: no memory to look for %s", RESULTS, what);
    if (best->length > 0) return ERR_OK;
    return error_set(err, ERR_IO, "%s: does not hold %s; name the run's folder", RESULTS, what);
}

static enum err_code find_latest_of(const char *profile, struct text *newest, struct error *err)
{
    struct wish wish = ANY;
    struct text what = {0};
    if (*profile == '\0')
        return error_set(err, ERR_USAGE, "latest: names no profile: write latest:PROFILE");
    wish.profile = profile;
    text_printf(&what, "a run of profile \"%.80s\"", profile);
    enum err_code code = find_best(&wish, text_str(&what), newest, err);
    text_free(&what);
    return code;
}

/* "2026-11-20": the day in UTC, as times stand in the folder. */
static bool day_of(const char *run, struct wish *wish)
{
    char stamp[32];
    if (strlen(run) != strlen("2026-11-20")) return false;
    (void)snprintf(stamp, sizeof stamp, "%sT00:00:00Z", run);
    if (parse_time(stamp, &wish->from_ns, NULL) != ERR_OK) return false;
    wish->until_ns = wish->from_ns + DAY_NS;
    return true;
}

#define HALF_HOUR_NS (NS_PER_S * 1800)

/* At the same hour of the zone whose hours the profile's windows are, or else of UTC. */
static int64_t week_before(const struct facts *facts)
{
    struct zone *zone = NULL;
    if (facts->zone[0] != '\0' && zone_open(facts->zone, &zone, NULL) != ERR_OK) zone = NULL;
    const int64_t then_ns = zone_days_before(zone, facts->started_ns, 7);
    zone_free(zone);
    return then_ns;
}

/* The run of the same profile that started a week before another, give or take half an hour. */
static enum err_code find_week_before(const char *beside, struct text *found, struct error *err)
{
    struct facts facts;
    struct text what = {0};
    if (beside == NULL)
        return error_set(err, ERR_USAGE,
                         RUN_WEEK_BEFORE
                         " stands beside another run: rushhour compare " RUN_WEEK_BEFORE " latest");
    if (!run_facts(beside, &facts) || facts.started_ns == INT64_MIN)
        return error_set(err, ERR_FORMAT, "%s/%s: does not say when the run started", beside,
                         RUN_MANIFEST);
    const int64_t then_ns = week_before(&facts);
    const struct wish wish = {.profile = facts.profile,
                              .from_ns = then_ns - HALF_HOUR_NS,
                              .until_ns = then_ns + HALF_HOUR_NS + 1,
                              .but = beside,
                              .near_ns = then_ns};
    char stamp[32];
    format_utc_ms(then_ns, stamp);
    text_printf(&what, "a run of profile \"%.80s\" that started within half an hour of %s",
                facts.profile, stamp);
    enum err_code code = find_best(&wish, text_str(&what), found, err);
    text_free(&what);
    return code;
}

static enum err_code find_named(const char *run, struct text *folder, struct error *err)
{
    if (*run == '\0')
        return error_set(err, ERR_USAGE, "the run's name is empty: name a run folder, or latest");
    if (*run != '/') {
        text_printf(folder, RESULTS "/%s", run);
        if (is_folder(text_str(folder))) return ERR_OK;
    }
    return error_set(err, ERR_IO, "%s: no such run folder%s%s", run,
                     *run == '/' ? "" : ", nor below ", *run == '/' ? "" : RESULTS "/");
}

enum err_code run_find_beside(const char *run, const char *beside, struct text *folder,
                              struct error *err)
{
    struct text found = {0};
    struct wish wish = ANY;
    enum err_code code;
    if (is_folder(run)) {
        text_puts(&found, run);
        code = ERR_OK;
    } else if (strcmp(run, "latest") == 0) {
        code = find_best(&wish, "any run yet", &found, err);
    } else if (strncmp(run, "latest:", 7) == 0) {
        code = find_latest_of(run + 7, &found, err);
    } else if (strcmp(run, RUN_WEEK_BEFORE) == 0) {
        code = find_week_before(beside, &found, err);
    } else if (day_of(run, &wish)) {
        code = find_best(&wish, "a run that started on that day (UTC)", &found, err);
    } else {
        code = find_named(run, &found, err);
    }
    if (code == ERR_OK) text_puts(folder, text_str(&found));
    if (code == ERR_OK && (found.failed || folder->failed)) {
        code = error_set(err, ERR_NOMEM, "%s: no memory to find it", run);
    }
    text_free(&found);
    return code;
}

enum err_code run_find(const char *run, struct text *folder, struct error *err)
{
    return run_find_beside(run, NULL, folder, err);
}
