#include "record/line_order.h"

#include "base/calendar.h"
#include "base/text.h"
#include "record/folder.h"
#include "record/parts.h"
#include "record/run_walk.h"
#include "stats/histogram_log.h"

#include <string.h>
#include <sys/stat.h>

#define LINE_LIMIT ((size_t)4 << 20)
#define LARGE_FILE (INT64_C(64) << 20)

bool line_order_pays(const char *folder, const char *name)
{
    struct text path = {0};
    struct stat status;
    struct parts parts;
    text_printf(&path, "%s/%s", folder, name);
    bool large = stat(text_str(&path), &status) == 0 && status.st_size >= LARGE_FILE;
    if (parts_find(text_str(&path), &parts, NULL) == ERR_OK) {
        large = large || parts.count > 0;
        parts_free(&parts);
    }
    text_free(&path);
    return large;
}

struct looking {
    int64_t slack_ns, latest_ns;
    int64_t base_ns; /* of latency.hlog */
    bool disordered;
};

static void look_at(struct looking *looking, int64_t at_ns)
{
    if (at_ns >= looking->latest_ns) {
        looking->latest_ns = at_ns;
    } else if (looking->latest_ns - at_ns > looking->slack_ns) {
        looking->disordered = true;
    }
}

static enum err_code attempts_header(void *state, char *line, struct error *err)
{
    struct looking *looking = state;
    (void)err;
    looking->disordered = strncmp(line, "time,", 5) != 0;
    return ERR_OK;
}

static enum line_use attempts_line(void *state, char *line, size_t length)
{
    struct looking *looking = state;
    int64_t at_ns;
    (void)length;
    if (looking->disordered) return LINE_USED;
    line[strcspn(line, ",")] = '\0';
    if (parse_time(line, &at_ns, NULL) != ERR_OK || at_ns < 0) {
        looking->disordered = true;
    } else {
        look_at(looking, at_ns);
    }
    return LINE_USED;
}

static enum line_use latencies_line(void *state, char *line, size_t length)
{
    struct looking *looking = state;
    struct histogram_log_entry entry = {0};
    if (looking->disordered) return LINE_USED;
    if (histogram_log_head(line, length, &looking->base_ns, &entry, NULL) != ERR_OK)
        looking->disordered = true;
    else if (entry.payload != NULL)
        look_at(looking, entry.start_utc_ns);
    return LINE_USED;
}

static bool holds(struct run_walk walk, int64_t slack_ns)
{
    struct looking looking = {.slack_ns = slack_ns};
    struct text notes = {0};
    walk.limit = LINE_LIMIT;
    walk.state = &looking;
    walk.notes = &notes;
    const bool read = run_walk(&walk, NULL) == ERR_OK;
    text_free(&notes);
    return read && !looking.disordered;
}

bool line_order_of_attempts(const char *folder, int64_t slack_ns)
{
    return holds((struct run_walk){.folder = folder,
                                   .name = RUN_ATTEMPTS,
                                   .may_be_missing = true,
                                   .header = attempts_header,
                                   .line = attempts_line},
                 slack_ns);
}

bool line_order_of_latencies(const char *folder, int64_t slack_ns)
{
    return holds((struct run_walk){.folder = folder, .name = RUN_LATENCIES, .line = latencies_line},
                 slack_ns);
}
