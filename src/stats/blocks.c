#include "stats/blocks.h"

#include <math.h>
#include <stdbool.h>

static const double ladder[] = {1,   2,    5,    10,   20,   30,    60,    120,  300,
                                600, 1200, 1800, 3600, 7200, 14400, 28800, 86400};
#define LADDER (sizeof ladder / sizeof *ladder)

static void add_block(struct block_totals *totals, const struct time_block *block)
{
    totals->attempts += block->attempts;
    totals->failures += block->failures;
    totals->seconds += block->seconds;
}

struct block_totals block_totals(const struct time_block *blocks, size_t count)
{
    struct block_totals totals = {0};
    for (size_t i = 0; blocks != NULL && i < count; i++) add_block(&totals, &blocks[i]);
    return totals;
}

/* One side: what each base block contributes to its rate. */
struct side {
    const struct time_block *blocks;
    double attempts, rate;
};

static struct side side_of(const struct time_block *blocks, size_t count)
{
    struct block_totals totals = block_totals(blocks, count);
    bool any = totals.attempts > 0;
    return (struct side){.blocks = blocks,
                         .attempts = totals.attempts,
                         .rate = any ? totals.failures / totals.attempts : 0};
}

static double influence(const struct side *side, size_t i)
{
    if (!(side->attempts > 0)) return 0;
    const struct time_block *block = &side->blocks[i];
    return (block->failures - side->rate * block->attempts) / side->attempts;
}

/* Sums over the blocks of one length, the last of which is still open. */
struct pile {
    double open, squares, fourths;
    struct block_totals of_a, of_b; /* of the open one */
    bool filled;                    /* it has attempts */
    size_t blocks;
    struct block_peak peak; /* share: still attempts */
};

static void raise_peak(struct block_peak *peak, const struct block_totals *block,
                       const struct side *side)
{
    if (!(block->failures > peak->failures)) return;
    *peak = (struct block_peak){.failures = block->failures,
                                .of = side->rate * side->attempts,
                                .share = block->attempts / side->attempts};
}

static void close_block(struct pile *pile, const struct side *a, const struct side *b)
{
    raise_peak(&pile->peak, &pile->of_a, a);
    raise_peak(&pile->peak, &pile->of_b, b);
    pile->of_a = pile->of_b = (struct block_totals){0};
    if (pile->filled) {
        double square = pile->open * pile->open;
        pile->squares += square;
        pile->fourths += square * square;
        pile->blocks++;
    }
    pile->open = 0;
    pile->filled = false;
}

bool time_block_gap(const struct time_block *before, const struct time_block *after)
{
    double gap = after->start - (before->start + before->seconds);
    return gap > fmax(before->seconds, after->seconds) / 2;
}

/* The first base block after the stretch that begins at `from`. */
static size_t stretch_end(const struct block_series *series, size_t from)
{
    const struct time_block *blocks = series->blocks;
    size_t i = from + 1;
    while (i < series->count && !time_block_gap(&blocks[i - 1], &blocks[i])) i++;
    return i;
}

/* How many blocks a stretch is cut into. */
static double parts_of(double length, double seconds)
{
    return fmax(1, floor(length / seconds + 0.5));
}

static double stretch_length(const struct block_series *series, size_t from, size_t end)
{
    const struct time_block *last = &series->blocks[end - 1];
    return last->start + last->seconds - series->blocks[from].start;
}

static void pile_stretch(struct pile *pile, const struct block_series *series, const struct side *a,
                         const struct side *b, size_t from, size_t end, double seconds)
{
    double length = stretch_length(series, from, end);
    double part = length / parts_of(length, seconds);
    double current = 0;
    for (size_t i = from; i < end; i++) {
        const struct time_block *block = &series->blocks[i];
        double middle = block->start + block->seconds / 2 - series->blocks[from].start;
        double number = floor(middle / part);
        if (number > current) {
            close_block(pile, a, b);
            current = number;
        }
        bool filled = block->attempts > 0 || (b->blocks != NULL && b->blocks[i].attempts > 0);
        pile->filled = pile->filled || filled;
        add_block(&pile->of_a, block);
        if (b->blocks != NULL) add_block(&pile->of_b, &b->blocks[i]);
        pile->open += (b->blocks != NULL ? influence(b, i) - influence(a, i) : influence(a, i));
    }
    close_block(pile, a, b);
}

/*
 * The degrees of freedom of a sum of squares of K terms, 2 E^2/Var, with the variance of the sum
 * estimated by the fourth moment: K for K normal terms, 2 k for k equal incidents among quiet
 * blocks.
 */
static double degrees_of(const struct pile *pile)
{
    double k = (double)pile->blocks;
    double square = pile->squares * pile->squares;
    double variance = pile->fourths - square / k;
    double most = k - 1;
    return variance > 0 ? fmin(most, 2 * square / variance) : most;
}

struct block_spread block_spread(const struct block_series *series, double seconds)
{
    struct block_spread spread = {.seconds = seconds};
    if (!(seconds > 0)) return spread;
    struct side a = side_of(series->blocks, series->count);
    struct side b = side_of(series->other, series->count);
    struct pile pile = {0};
    for (size_t from = 0, end; from < series->count; from = end) {
        end = stretch_end(series, from);
        pile_stretch(&pile, series, &a, &b, from, end, seconds);
    }
    spread.blocks = pile.blocks;
    if (pile.blocks < 2) return spread;
    double k = (double)pile.blocks;
    spread.variance = pile.squares * k / (k - 1);
    spread.degrees = degrees_of(&pile);
    spread.peak = pile.peak;
    return spread;
}

/* How many blocks of this length there are, with or without attempts. */
static double blocks_of(const struct block_series *series, double seconds)
{
    double blocks = 0;
    for (size_t from = 0, end; from < series->count; from = end) {
        end = stretch_end(series, from);
        blocks += parts_of(stretch_length(series, from, end), seconds);
    }
    return blocks;
}

/* The usual length of the base blocks: the first and the last may be short. */
static double base_length(const struct block_series *series)
{
    double longest = 0;
    for (size_t i = 0; i < series->count; i++) longest = fmax(longest, series->blocks[i].seconds);
    return longest;
}

static double longest_stretch(const struct block_series *series)
{
    double longest = 0;
    for (size_t from = 0, end; from < series->count; from = end) {
        end = stretch_end(series, from);
        longest = fmax(longest, stretch_length(series, from, end));
    }
    return longest;
}

size_t block_lengths(const struct block_series *series, size_t least, double *lengths, size_t room)
{
    size_t count = 0;
    double base = base_length(series);
    double most = longest_stretch(series);
    for (size_t i = 0; i < LADDER && count < room; i++) {
        if (ladder[i] < base * (1 - 1e-9)) continue;
        bool beyond = ladder[i] > most * 1.5; /* every stretch was one block already */
        if (beyond || blocks_of(series, ladder[i]) < (double)least) break;
        lengths[count++] = ladder[i];
    }
    return count;
}
