/* `rushhour prune`: removes old run folders. */
#include "cli/command.h"
#include "cli/options.h"

#include "base/clock.h"
#include "base/digits.h"
#include "base/json.h"
#include "base/units.h"
#include "base/visible.h"
#include "record/prune.h"
#include "record/run_reader.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct prune {
    const char *older, *over;
    struct option_list keep;
    bool dry_run, json, quiet, no_color;
    struct prune_rule rule;
    struct run_facts kept[OPTION_LIST_MOST];
};

static enum err_code read_rule(struct prune *prune, struct error *err)
{
    uint64_t bytes;
    prune->rule = (struct prune_rule){.now_ns = clock_wall_ns(), .older_ns = -1, .over_bytes = -1};
    if (prune->older == NULL && prune->over == NULL)
        return error_set(err, ERR_USAGE,
                         "prune removes nothing by itself: say --older 90d, --over 20GiB, or both");
    if (prune->older != NULL) {
        enum err_code code = parse_duration(prune->older, &prune->rule.older_ns, err);
        if (code != ERR_OK) return error_prefix(err, "--older");
    }
    if (prune->over != NULL) {
        enum err_code code = parse_size(prune->over, &bytes, err);
        if (code != ERR_OK) return error_prefix(err, "--over");
        prune->rule.over_bytes = bytes > INT64_MAX ? INT64_MAX : (int64_t)bytes;
    }
    return ERR_OK;
}

static enum err_code read_kept(struct prune *prune, struct error *err)
{
    for (size_t i = 0; i < prune->keep.count; i++) {
        struct text folder = {0};
        enum err_code code = run_find(prune->keep.items[i], &folder, err);
        if (code == ERR_OK && !run_facts_read(text_str(&folder), &prune->kept[i]))
            code = error_set(err, ERR_FORMAT, "%s: is no run folder", prune->keep.items[i]);
        text_free(&folder);
        if (code != ERR_OK) return error_prefix(err, "--keep");
    }
    prune->rule.keep = prune->kept;
    prune->rule.keep_count = prune->keep.count;
    return ERR_OK;
}

/* ---- what is told ---- */

static void put_size(uint64_t bytes, struct text *out)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double size = (double)bytes;
    size_t unit = 0;
    for (; size >= 1024 && unit + 1 < sizeof units / sizeof *units; unit++) size /= 1024;
    text_printf(out, unit == 0 ? "%.0f %s" : "%.1f %s", size, units[unit]);
}

static void put_line(const struct prune *prune, const struct pruned *one, struct text *out)
{
    const bool goes = one->why == PRUNE_REMOVE;
    text_puts(out, goes ? prune->dry_run ? "would remove  " : "removed  " : "kept  ");
    visible_append(out, one->run->path);
    if (goes) {
        text_puts(out, ", ");
        put_size(one->bytes, out);
    } else {
        text_printf(out, ": %s", prune_words(one->why));
    }
    text_puts(out, "\n");
}

/* Each that goes, and each that age or size alone would have let go. */
static void put_text(const struct prune *prune, const struct pruned *pruned, size_t count,
                     struct text *out)
{
    size_t gone = 0;
    uint64_t freed = 0;
    uint64_t left = 0;
    for (size_t i = 0; i < count; i++) {
        const bool goes = pruned[i].why == PRUNE_REMOVE;
        gone += goes;
        freed += goes ? pruned[i].bytes : 0;
        left += goes ? 0 : pruned[i].bytes;
        if (goes || (pruned[i].why != PRUNE_YOUNG && pruned[i].why != PRUNE_NEWEST))
            put_line(prune, &pruned[i], out);
    }
    text_printf(out, "%s ", prune->dry_run ? "would remove" : "removed");
    text_count(out, gone);
    text_puts(out, " of ");
    text_count(out, count);
    text_printf(out, " run%s, ", count == 1 ? "" : "s");
    put_size(freed, out);
    text_puts(out, "; ");
    put_size(left, out);
    text_puts(out, " remain\n");
}

static void put_json(const struct prune *prune, const struct pruned *pruned, size_t count,
                     struct text *out)
{
    uint64_t freed = 0;
    json_open(out, '{');
    json_put_bool(out, "dry_run", prune->dry_run);
    json_key(out, "runs");
    json_open(out, '[');
    for (size_t i = 0; i < count; i++) {
        const bool goes = pruned[i].why == PRUNE_REMOVE;
        freed += goes ? pruned[i].bytes : 0;
        json_open(out, '{');
        json_put_string(out, "folder", pruned[i].run->path);
        json_put_string(out, "profile", pruned[i].run->facts.profile);
        json_put_count(out, "bytes", pruned[i].bytes);
        json_put_bool(out, "remove", goes);
        json_put_known(out, "kept_because", goes ? NULL : prune_name(pruned[i].why));
        json_close(out, '}');
    }
    json_close(out, ']');
    json_put_count(out, "removed_bytes", freed);
    json_close(out, '}');
    text_puts(out, "\n");
}

/* ---- the work ---- */

/* 1 if one could not be looked at or removed; each such one is named. */
static int complain_of_failed(const struct pruned *pruned, size_t count)
{
    int status = 0;
    for (size_t i = 0; i < count; i++) {
        if (pruned[i].why == PRUNE_FAILED) status = cli_complain(&pruned[i].err);
    }
    return status;
}

static int show(const struct prune *prune, const struct pruned *pruned, size_t count)
{
    struct text out = {0};
    if (prune->json) {
        put_json(prune, pruned, count, &out);
    } else if (!prune->quiet) {
        put_text(prune, pruned, count, &out);
    }
    const int status = print_out(text_str(&out));
    text_free(&out);
    return status;
}

static int prune_results(struct prune *prune)
{
    struct error err = {0};
    struct run_list list = {0};
    struct pruned *pruned = NULL;
    int status = 0;
    enum err_code code = read_rule(prune, &err);
    if (code == ERR_OK) code = read_kept(prune, &err);
    if (code == ERR_OK) code = run_list_read(RUN_RESULTS, &list, &err);
    if (code == ERR_OK) {
        pruned = calloc(list.count + 1, sizeof *pruned); /* there may be none */
        if (pruned == NULL) {
            (void)error_set(&err, ERR_NOMEM, "no memory to look at the runs");
            code = ERR_NOMEM;
        }
    }
    if (code == ERR_OK) code = prune_plan(RUN_RESULTS, &list, &prune->rule, pruned, &err);
    if (code == ERR_OK) {
        if (!prune->dry_run) prune_carry_out(pruned, list.count);
        const int failed = complain_of_failed(pruned, list.count);
        status = show(prune, pruned, list.count);
        if (status == 0) status = failed;
    }
    free(pruned);
    run_list_free(&list);
    return code == ERR_OK ? status : cli_complain(&err);
}

static const struct option_row options[] = {
    {"older", 0, OPTION_TEXT, "AGE", "remove runs that were written longer ago: 90d, 12h",
     offsetof(struct prune, older)},
    {"over", 0, OPTION_TEXT, "SIZE",
     "remove the oldest runs until all take no more than this: 20GiB, 500MiB",
     offsetof(struct prune, over)},
    {"keep", 0, OPTION_LIST, "RUN", "keep this run; may be repeated", offsetof(struct prune, keep)},
    {"dry-run", 0, OPTION_FLAG, NULL, "say what would be removed, and remove nothing",
     offsetof(struct prune, dry_run)},
    {"json", 0, OPTION_FLAG, NULL, "print JSON instead of text", offsetof(struct prune, json)},
    {"quiet", 'q', OPTION_FLAG, NULL, "print nothing", offsetof(struct prune, quiet)},
    OPTION_NO_COLOR(struct prune, no_color),
};

const struct command prune_command = {
    .name = "prune",
    .usage = "[--older AGE] [--over SIZE] [options]",
    .purpose =
        "removes old run folders below results/.\n"
        "Kept whatever their age: the newest of each profile, runs of which a support package was\n"
        "made, to which a symbolic link in results/ leads (name a baseline so: ln -s), that hold\n"
        "other files than a run's, and those that are under way or were killed. Nothing but run\n"
        "folders is ever touched",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .positional_max = 0,
    .positional_names = "",
    .examples = "  rushhour prune --older 90d --dry-run\n"
                "  rushhour prune --older 30d --over 20GiB --keep 2026-11-20:peak\n",
    .exit_codes = "  0 removed, or nothing to remove   1 a folder could not be read or removed\n"
                  "  2 wrong command line\n",
};

int command_prune(int argc, char **argv)
{
    struct prune prune = {0};
    struct command_line line;
    int status;
    if (!cli_begin(&prune_command, &prune, &line, argc, argv, &status)) return status;
    return prune_results(&prune);
}
