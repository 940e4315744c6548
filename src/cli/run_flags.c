#include "cli/run_flags.h"

#include "base/calendar.h"
#include "base/units.h"

#include <string.h>

#define HOLD_LARGEST (UINT64_C(1) << 30)

static enum err_code read_load(const struct run_flags *flags, struct steady_load *load,
                               struct error *err)
{
    if (flags->sessions != NULL && flags->rate != NULL) {
        return error_set(err, ERR_USAGE,
                         "--sessions and --rate exclude each other: closed or open load");
    }
    if (flags->sessions != NULL) {
        uint64_t sessions;
        if (parse_count(flags->sessions, &sessions, err) != ERR_OK)
            return error_prefix(err, "--sessions");
        *load =
            (struct steady_load){.asked = true, .model = LOAD_SESSIONS, .target = (double)sessions};
    }
    if (flags->rate != NULL) {
        *load = (struct steady_load){.asked = true, .model = LOAD_ARRIVALS};
        if (parse_rate(flags->rate, &load->target, err) != ERR_OK)
            return error_prefix(err, "--rate");
    }
    if (load->asked && !(load->target > 0)) {
        bool closed = flags->sessions != NULL;
        return error_set(err, ERR_USAGE, "--%s %s: no session would ever start: write more than 0",
                         closed ? "sessions" : "rate", closed ? flags->sessions : flags->rate);
    }
    return ERR_OK;
}

static enum err_code read_times(const struct run_flags *flags, struct run_options *options,
                                struct error *err)
{
    if (flags->duration != NULL) {
        if (parse_duration(flags->duration, &options->duration_ns, err) != ERR_OK)
            return error_prefix(err, "--duration");
        if (options->duration_ns <= 0)
            return error_set(err, ERR_USAGE, "--duration %s: must be longer than nothing",
                             flags->duration);
    }
    if (flags->grace != NULL) {
        int64_t drain_ns;
        if (parse_duration(flags->grace, &drain_ns, err) != ERR_OK)
            return error_prefix(err, "--grace");
        options->drain_ns = (struct run_number){.given = true, .value = (uint64_t)drain_ns};
    }
    if (flags->start_at != NULL &&
        parse_time(flags->start_at, &options->start_at_ns, err) != ERR_OK)
        return error_prefix(err, "--start-at");
    return ERR_OK;
}

static enum err_code read_number(const char *flag, const char *value, struct run_number *out,
                                 struct error *err)
{
    if (value == NULL) return ERR_OK;
    if (parse_count(value, &out->value, err) != ERR_OK) return error_prefix(err, "--%s", flag);
    out->given = true;
    return ERR_OK;
}

enum err_code seed_read(const char *value, struct run_number *out, struct error *err)
{
    enum err_code code = read_number("seed", value, out, err);
    if (code != ERR_OK || out->value <= RUN_SEED_MOST) return code;
    return error_set(err, ERR_USAGE, "--seed %s: at most %llu", value,
                     (unsigned long long)RUN_SEED_MOST);
}

static enum err_code read_workers(const char *value, unsigned *out, struct error *err)
{
    struct run_number workers = {0};
    enum err_code code = read_number("workers", value, &workers, err);
    if (code != ERR_OK || !workers.given) return code;
    if (workers.value < 1 || workers.value > RUN_WORKERS_MOST)
        return error_set(err, ERR_USAGE, "--workers: 1 to %d", RUN_WORKERS_MOST);
    *out = (unsigned)workers.value;
    return ERR_OK;
}

static enum err_code read_numbers(const struct run_flags *flags, struct run_options *options,
                                  struct error *err)
{
    enum err_code code = seed_read(flags->seed, &options->seed, err);
    if (code == ERR_OK)
        code = read_number("evidence-limit", flags->evidence_limit, &options->evidence_limit, err);
    if (code == ERR_OK) code = read_workers(flags->workers, &options->workers, err);
    if (code == ERR_OK && flags->hold != NULL) {
        code = parse_size(flags->hold, &options->hold_most, err);
        if (code == ERR_OK && (options->hold_most == 0 || options->hold_most > HOLD_LARGEST))
            code = error_set(err, ERR_USAGE, "%s: more than nothing, at most 1GiB", flags->hold);
        if (code != ERR_OK) return error_prefix(err, "--hold");
    }
    if (code == ERR_OK && flags->shard != NULL)
        code = shard_parse(flags->shard, &options->shard, err);
    return code;
}

enum err_code inconclusive_read(const char *value, int *out, struct error *err)
{
    static const char *const words[] = {"pass", "fail", NULL};
    static const int statuses[] = {0, 99};
    int word = -1;
    enum err_code code = options_word("inconclusive", value, words, &word, err);
    *out = word < 0 ? 3 : statuses[word];
    return code;
}

static enum err_code read_connect_to(const struct run_flags *flags, struct run_request *request,
                                     struct error *err)
{
    const struct option_list *list = &flags->connect_to;
    if (list->count > 0 && flags->simulate) {
        return error_set(err, ERR_USAGE,
                         "--connect-to and --simulate exclude each other: a simulated run only "
                         "ever reaches the simulator");
    }
    for (size_t i = 0; i < list->count; i++) {
        enum err_code code =
            connect_override_parse(list->items[i], &request->connect_overrides[i], err);
        if (code != ERR_OK) return code;
        request->options.connect_override_count++;
    }
    return ERR_OK;
}

enum err_code run_request_read(const struct run_flags *flags, struct run_request *out,
                               struct error *err)
{
    *out = (struct run_request){0};
    struct run_options *options = &out->options;
    options->regions = flags->regions.items;
    options->region_count = flags->regions.count;
    options->connect_overrides = out->connect_overrides;
    options->folder = flags->output;
    options->spill = flags->spill;
    options->share = flags->share;
    options->simulate = flags->simulate;
    options->dry_run = flags->dry_run;
    options->may_spend = flags->yes;
    enum err_code code = read_load(flags, &options->load, err);
    if (code == ERR_OK) code = read_times(flags, options, err);
    if (code == ERR_OK) code = read_numbers(flags, options, err);
    if (code == ERR_OK) code = inconclusive_read(flags->inconclusive, &out->inconclusive, err);
    if (code == ERR_OK) code = read_connect_to(flags, out, err);
    if (code == ERR_OK && flags->metrics != NULL)
        code = metrics_address_read(flags->metrics, &options->metrics, err);
    if (code == ERR_OK && flags->notify != NULL)
        code = notify_target_read(flags->notify, &out->receiver, err);
    return code;
}

void run_request_free(struct run_request *request)
{
    for (size_t i = 0; i < request->options.connect_override_count; i++)
        connect_override_free(&request->connect_overrides[i]);
    request->options.connect_override_count = 0;
    notify_target_free(&request->receiver);
}
