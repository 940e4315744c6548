#include "engine/quota_pace.h"

#include "base/clock.h"
#include "realtime/model_facts.h"
#include "realtime/token_count.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* By so much may what is sent take longer, or shorter, to be counted than what was sent before. */
#define JITTER_NS (250 * NS_PER_MS)
#define MINUTE_S 60.0

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

struct pace_limits pace_limits_of(const struct region *region)
{
    const struct model_use use = {.dialect = region->dialect,
                                  .model = region->model,
                                  .deployment_type = region->deployment_type};
    uint32_t rpm = 0;
    uint32_t tpm = 0;
    struct pace_limits limits = {.rpm = region->quota_rpm, .tpm = region->quota_tpm};
    if (limits.rpm > 0 || limits.tpm > 0) return limits;
    if (!model_facts_quota(&use, &rpm, &tpm)) return limits;
    return (struct pace_limits){.rpm = rpm, .tpm = tpm};
}

static void add_window(struct pace_log *log, double per_minute, double seconds, double speed)
{
    log->windows[log->window_count++] = (struct pace_window){
        .length_ns = (uint64_t)(seconds / speed * (double)NS_PER_S) + (uint64_t)JITTER_NS,
        .most = per_minute * seconds / MINUTE_S};
}

enum err_code quota_pace_init(struct quota_pace *pace, const struct pace_limits *limits,
                              double share, unsigned parts, double speed, struct error *err)
{
    *pace = (struct quota_pace){.on = share > 0};
    if (pthread_mutex_init(&pace->lock, NULL) != 0)
        return error_set(err, ERR_NOMEM, "no memory for the pace of a region");
    const double rpm = share * (double)limits->rpm / (double)parts;
    const double tpm = share * (double)limits->tpm / (double)parts;
    if (rpm > 0) {
        add_window(&pace->requests, rpm, 1, speed);
        add_window(&pace->requests, rpm, TOKEN_COUNT_SLICE_SECONDS, speed);
        add_window(&pace->requests, rpm, MINUTE_S, speed);
    }
    if (tpm > 0) {
        add_window(&pace->tokens, tpm, TOKEN_COUNT_SLICE_SECONDS, speed);
        add_window(&pace->tokens, tpm, MINUTE_S, speed);
    }
    return ERR_OK;
}

void quota_pace_free(struct quota_pace *pace)
{
    free(pace->requests.sent);
    free(pace->tokens.sent);
    (void)pthread_mutex_destroy(&pace->lock);
}

/* The earliest time from at_ns on at which an amount fits into a window. What left it by then is
 * left out for good if `moves`. */
static uint64_t fits_at(const struct pace_log *log, struct pace_window *window, double amount,
                        uint64_t at_ns, bool moves)
{
    struct pace_window w = *window;
    while (w.first < log->count) {
        const struct paced *first = &log->sent[w.first];
        const bool gone = first->at_ns + w.length_ns <= at_ns;
        if (!gone && w.sum + amount <= w.most * (1 + 1e-9)) break;
        at_ns = later(at_ns, first->at_ns + w.length_ns);
        w.sum -= first->amount;
        w.first++;
    }
    if (w.first == log->count) w.sum = 0;
    if (moves) *window = w;
    return at_ns;
}

static uint64_t fits_all(struct pace_log *log, double amount, uint64_t at_ns, bool moves)
{
    for (size_t i = 0; amount > 0 && i < log->window_count; i++)
        at_ns = fits_at(log, &log->windows[i], amount, at_ns, moves);
    return at_ns;
}

/* Forgets what is in no window any more. */
static void compact(struct pace_log *log)
{
    size_t first = log->count;
    for (size_t i = 0; i < log->window_count; i++)
        if (log->windows[i].first < first) first = log->windows[i].first;
    if (2 * first < log->count || first == 0) return;
    memmove(log->sent, log->sent + first, (log->count - first) * sizeof *log->sent);
    log->count -= first;
    for (size_t i = 0; i < log->window_count; i++) log->windows[i].first -= first;
}

static bool add(struct pace_log *log, double amount, uint64_t at_ns)
{
    if (amount <= 0 || log->window_count == 0) return true;
    compact(log);
    if (log->count == log->capacity) {
        const size_t capacity = log->capacity == 0 ? 64 : 2 * log->capacity;
        struct paced *sent = realloc(log->sent, capacity * sizeof *sent);
        if (sent == NULL) return false;
        log->sent = sent;
        log->capacity = capacity;
    }
    log->sent[log->count++] = (struct paced){.at_ns = at_ns, .amount = amount};
    for (size_t i = 0; i < log->window_count; i++) log->windows[i].sum += amount;
    return true;
}

static uint64_t find(struct quota_pace *pace, const struct pace_wish *wish, uint64_t now_ns,
                     bool moves)
{
    uint64_t at_ns = later(now_ns, pace->last_ns);
    at_ns = fits_all(&pace->requests, wish->requests, at_ns, moves);
    return fits_all(&pace->tokens, wish->tokens, at_ns, moves);
}

uint64_t quota_pace_take(struct quota_pace *pace, const struct pace_wish *wish, uint64_t now_ns,
                         bool *failed)
{
    if (!pace->on) return now_ns;
    (void)pthread_mutex_lock(&pace->lock);
    const uint64_t at_ns = find(pace, wish, now_ns, true);
    pace->last_ns = at_ns;
    if (!add(&pace->requests, wish->requests, at_ns) || !add(&pace->tokens, wish->tokens, at_ns))
        *failed = true;
    (void)pthread_mutex_unlock(&pace->lock);
    return at_ns;
}

uint64_t quota_pace_look(struct quota_pace *pace, const struct pace_wish *wish, uint64_t now_ns)
{
    if (!pace->on) return now_ns;
    (void)pthread_mutex_lock(&pace->lock);
    const uint64_t at_ns = find(pace, wish, now_ns, false);
    (void)pthread_mutex_unlock(&pace->lock);
    return at_ns;
}
