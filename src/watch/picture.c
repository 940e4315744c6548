#include "watch/picture.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/digits.h"
#include "report/format.h"
#include "report/table.h"
#include "watch/picture_private.h"

#include <stdint.h>
#include <string.h>

#define BAR_WIDTH 24

/* How many lines a sentence may have. */
static size_t sentence_lines(const struct picture_room *room)
{
    return room->height < 10 ? 1 : room->height < 20 ? 2 : 4;
}

static bool is_healthy(const struct run_snapshot *run)
{
    return run->health == NULL || run->health->valid;
}

int64_t picture_elapsed(const struct run_snapshot *run)
{
    return run->elapsed_ns < run->load_ns ? run->elapsed_ns : run->load_ns;
}

/* ---- the first line ---- */

static void put_bar(double share, struct text *out)
{
    const int full = (int)(share * BAR_WIDTH);
    text_puts(out, "[");
    for (int i = 0; i < BAR_WIDTH; i++) text_puts(out, i < full ? "#" : "-");
    text_puts(out, "] ");
}

static void put_left(const struct run_snapshot *run, struct text *out)
{
    const double left_ns = (double)(run->load_ns - run->elapsed_ns) / run->clock_speed;
    if (left_ns <= 0) return;
    text_puts(out, "  ");
    format_clock(out, (int64_t)left_ns + NS_PER_S - 1);
    text_puts(out, " left");
}

/* The time of day that a replay has reached. */
static void put_clock(const struct run_snapshot *run, struct text *out)
{
    struct civil civil;
    if (run->clock_speed <= 1) return;
    zone_civil(profile_zone(run->profile), run->started_ns + run->elapsed_ns, &civil);
    text_printf(out, "  %02d:%02d:%02d %s (clock x%.4g)", civil.hour, civil.minute, civil.second,
                civil.abbreviation, run->clock_speed);
}

enum progress_part { PROGRESS_BAR = 1, PROGRESS_LEFT = 2, PROGRESS_CLOCK = 4 };

/* "demo  running  0:12 of 0:40  [######------]  30%  0:28 left" */
static void put_progress(const struct run_snapshot *run, unsigned parts, struct text *out)
{
    double share = run->load_ns > 0 ? (double)run->elapsed_ns / (double)run->load_ns : 0;
    if (share > 1) share = 1;
    if (share < 0) share = 0;
    text_printf(out, "%s  %s  ", run->profile->name, run_phase_name(run->phase));
    format_clock(out, picture_elapsed(run));
    text_puts(out, " of ");
    format_clock(out, run->load_ns);
    text_puts(out, "  ");
    if ((parts & PROGRESS_BAR) != 0) put_bar(share, out);
    text_printf(out, "%3.0f%%", share * 100);
    if ((parts & PROGRESS_LEFT) != 0) put_left(run, out);
    if ((parts & PROGRESS_CLOCK) != 0) put_clock(run, out);
}

/* Without the bar where it has no room, then without the clock, then without what is left. */
static void progress(const struct run_snapshot *run, size_t width, struct text *out)
{
    static const unsigned choices[] = {PROGRESS_BAR | PROGRESS_LEFT | PROGRESS_CLOCK,
                                       PROGRESS_LEFT | PROGRESS_CLOCK, PROGRESS_LEFT, 0};
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        text_clear(out);
        put_progress(run, choices[i], out);
        if (display_width(text_str(out)) <= width) break;
    }
    text_puts(out, "\n");
}

/* ---- sentences ---- */

void picture_hold(const struct run_snapshot *run, size_t region, struct text *out)
{
    const struct hold_view *hold = &run->regions[region].hold;
    const int64_t now_ns = run->started_ns + run->elapsed_ns;
    if (!hold->on) return;
    if (hold->hopeless) {
        text_puts(out, "its load has ended");
    } else if (hold->by_us) {
        text_puts(out, "waits for room");
    } else if (hold->until_utc_ns > now_ns) {
        text_puts(out, "held for ");
        format_clock(out, hold->until_utc_ns - now_ns + NS_PER_S - 1);
    } else {
        text_puts(out, "held, one goes first");
    }
    text_printf(out, " (%s)", hold->code);
}

/* A sentence of at most `most` lines, indented from the second on; the last one is cut. */
static void sentence(const char *words, size_t width, size_t most, struct text *out)
{
    struct text folded = {0};
    display_folded(&folded, words, 2, width);
    const char *line = text_str(&folded);
    for (size_t number = 0; number < most; number++) {
        const size_t length = strcspn(line, "\n");
        const bool cut = line[length] != '\0' && number + 1 == most;
        struct text one = {0};
        text_append(&one, line, length);
        display_plain(out, text_str(&one), cut ? (width > 4 ? width - 4 : 0) : SIZE_MAX);
        text_puts(out, cut ? " ...\n" : "\n");
        text_free(&one);
        if (line[length] == '\0') break;
        line += length + 1;
    }
    out->failed |= folded.failed;
    text_free(&folded);
}

static void holds(const struct run_snapshot *run, const struct picture_room *room, struct text *out)
{
    struct text words = {0};
    for (size_t i = 0; i < run->region_count; i++) {
        if (!run->regions[i].hold.on) continue;
        text_puts(&words, words.length == 0 ? "" : "; ");
        text_printf(&words, "%s: ", run->regions[i].region->name);
        picture_hold(run, i, &words);
    }
    if (words.length > 0) sentence(text_str(&words), room->width, sentence_lines(room), out);
    text_free(&words);
}

static void health(const struct run_snapshot *run, const struct picture_room *room,
                   struct text *out)
{
    struct text words = {0};
    if (is_healthy(run)) return;
    text_printf(&words, "the generator is not healthy: %s", run->health->why);
    sentence(text_str(&words), room->width, sentence_lines(room), out);
    text_free(&words);
}

static void abort_rule(const struct run_snapshot *run, const struct picture_room *room,
                       struct text *out)
{
    if (run->abort_status[0] != '\0')
        sentence(run->abort_status, room->width, sentence_lines(room), out);
}

static void budget(const struct run_snapshot *run, const struct picture_room *room,
                   struct text *out)
{
    struct text words = {0};
    const size_t held = run->holds == NULL ? 0 : run->holds->count + run->holds->left_out;
    if (run->budget_spent > 0) {
        text_puts(&words, "budget: ");
        format_percent(&words, run->budget_spent);
        text_puts(&words, " of it spent");
    }
    if (held > 0)
        text_printf(&words, "%s%zu hold%s so far", words.length > 0 ? "; " : "", held,
                    held == 1 ? "" : "s");
    if (words.length > 0) sentence(text_str(&words), room->width, 1, out);
    text_free(&words);
}

/* ---- the whole ---- */

/* In the order in which they are shown; `rank` is the order in which they get their place. */
typedef void maker(const struct run_snapshot *run, const struct picture_room *room,
                   struct text *out);

static const struct section {
    maker *make;
    unsigned rank;
    enum picture_tint first, tint;
} sections[] = {{holds, 1, TINT_NOTABLE, TINT_NOTABLE},
                {abort_rule, 2, TINT_NONE, TINT_NONE},
                {budget, 3, TINT_NONE, TINT_NONE},
                {health, 0, TINT_BAD, TINT_BAD}};

#define SECTIONS (sizeof sections / sizeof *sections)
#define BLOCKS (SECTIONS + PICTURE_GRAPHS)

/* Sections and, between the budget and the health, the graphs. */
struct block {
    struct text text;
    size_t lines;
    enum picture_tint first, tint;
    bool shown;
};

static size_t lines_of(const struct text *text)
{
    size_t lines = 0;
    for (size_t i = 0; i < text->length; i++) lines += text->data[i] == '\n';
    return lines;
}

static void add(struct picture *picture, const struct text *text, enum picture_tint first,
                enum picture_tint tint)
{
    const size_t lines = lines_of(text);
    const size_t heading = text_str(text)[0] == '\n' ? 1 : 0; /* an empty line may come before it */
    for (size_t i = 0; i < lines && picture->lines < PICTURE_LINES_MOST; i++)
        picture->tints[picture->lines++] = i == heading ? first : tint;
    picture->text.failed |= text->failed;
    text_puts(&picture->text, text_str(text));
}

static void make_sections(const struct run_snapshot *run, const struct picture_room *room,
                          struct block blocks[BLOCKS], size_t *left)
{
    for (unsigned rank = 0; rank < SECTIONS; rank++) {
        for (size_t i = 0; i < SECTIONS; i++) {
            struct block *block = &blocks[i + (i + 1 == SECTIONS ? PICTURE_GRAPHS : 0)];
            if (sections[i].rank != rank) continue;
            sections[i].make(run, room, &block->text);
            block->first = sections[i].first;
            block->tint = sections[i].tint;
            block->lines = lines_of(&block->text);
            block->shown = block->lines <= *left;
            if (block->shown) *left -= block->lines;
        }
    }
}

static void make_graphs(const struct run_snapshot *run, const struct history *history,
                        const struct picture_room *room, struct block blocks[BLOCKS], size_t *left)
{
    for (size_t i = 0; i < PICTURE_GRAPHS; i++) {
        struct block *block = &blocks[SECTIONS - 1 + i];
        picture_graph(run, history, room, i, *left, &block->text);
        block->first = TINT_DIM;
        block->lines = lines_of(&block->text);
        block->shown = block->lines <= *left;
        if (block->shown) *left -= block->lines;
    }
}

void picture_make(struct picture *picture, const struct run_snapshot *run,
                  const struct history *history, const struct picture_room *room)
{
    struct picture_room kept = *room;
    struct block blocks[BLOCKS] = {0};
    struct text text = {0};
    if (kept.height < 2) kept.height = 2;
    if (kept.height > PICTURE_LINES_MOST) kept.height = PICTURE_LINES_MOST;
    text_clear(&picture->text);
    picture->lines = 0;
    progress(run, kept.width, &text);
    add(picture, &text, TINT_HEADING, TINT_NONE);
    text_clear(&text);
    const size_t kept_back = !is_healthy(run) && kept.height > 3 ? 2 : 1;
    picture_regions(run, history, &kept, kept.height - kept_back, &text);
    add(picture, &text, TINT_DIM, TINT_NONE);
    size_t left = kept.height > picture->lines ? kept.height - picture->lines : 0;
    make_sections(run, &kept, blocks, &left);
    make_graphs(run, history, &kept, blocks, &left);
    for (size_t i = 0; i < BLOCKS; i++) {
        if (blocks[i].shown) add(picture, &blocks[i].text, blocks[i].first, blocks[i].tint);
        text_free(&blocks[i].text);
    }
    text_free(&text);
}
