#include "stats/together.h"

#include "stats/comparison.h"

#include <math.h>
#include <stdlib.h>

#define BLOCKS_MOST 1440
#define EIGHTHS 8

/* What one block holds for one region. */
struct exposed {
    double failed;
    double expected; /* its attempts times the rate of its stage */
    double root;     /* 1 over the standard deviation; 0 without attempts */
};

/* All regions, on the compared blocks. */
struct board {
    size_t region_count, count;
    struct together_block *blocks; /* [region * count + block] */
    struct exposed *exposed;       /* indexed likewise */
    unsigned *stage;               /* of each block */
    double *residuals;             /* [region * count + block], without a shift */
    double *shifted;               /* of one region, in one shift */
};

static bool board_start(struct board *board, size_t region_count, size_t count)
{
    size_t merged = (count + BLOCKS_MOST - 1) / BLOCKS_MOST;
    *board = (struct board){.region_count = region_count,
                            .count = count > 0 ? (count + merged - 1) / merged : 0};
    size_t cells = region_count * board->count + 1;
    board->blocks = calloc(cells, sizeof *board->blocks);
    board->exposed = calloc(cells, sizeof *board->exposed);
    board->residuals = calloc(cells, sizeof *board->residuals);
    board->stage = calloc(board->count + 1, sizeof *board->stage);
    board->shifted = calloc(board->count + 1, sizeof *board->shifted);
    return board->blocks != NULL && board->exposed != NULL && board->residuals != NULL &&
           board->stage != NULL && board->shifted != NULL;
}

static void board_free(struct board *board)
{
    free(board->blocks);
    free(board->exposed);
    free(board->residuals);
    free(board->stage);
    free(board->shifted);
}

/* A merged block has the stage of its first block; across a step it mixes both a little. */
static void fill(struct board *board, const struct together_block *const *regions, size_t count,
                 const unsigned *stage)
{
    size_t merged = (count + BLOCKS_MOST - 1) / BLOCKS_MOST;
    for (size_t i = 0; i < count; i++) {
        if (i % merged == 0 && stage != NULL) board->stage[i / merged] = stage[i];
        for (size_t r = 0; r < board->region_count; r++) {
            struct together_block *block = &board->blocks[r * board->count + i / merged];
            block->attempts += regions[r][i].attempts;
            block->failed += regions[r][i].failed;
        }
    }
}

/* The expectation of each block from its stage. There are few stages: one sweep for each. */
static void expose(struct board *board, size_t region)
{
    const struct together_block *blocks = board->blocks + region * board->count;
    struct exposed *exposed = board->exposed + region * board->count;
    for (size_t i = 0; i < board->count; i++) {
        bool known = false; /* its stage occurred earlier */
        for (size_t k = i; k-- > 0 && !known;) known = board->stage[k] == board->stage[i];
        if (known) continue;
        double attempts = 0;
        double failed = 0;
        for (size_t k = i; k < board->count; k++) {
            if (board->stage[k] != board->stage[i]) continue;
            attempts += blocks[k].attempts;
            failed += blocks[k].failed;
        }
        for (size_t k = i; k < board->count; k++) {
            if (board->stage[k] != board->stage[i]) continue;
            double expected = attempts > 0 ? blocks[k].attempts * (failed / attempts) : 0;
            exposed[k] =
                (struct exposed){blocks[k].failed, expected, expected > 0 ? 1 / sqrt(expected) : 0};
        }
    }
}

/*
 * The spread of a block's count, bursts included: e + f e^2, f by moments (Breslow 1984). If
 * failures come in bursts, a block under high load would otherwise count for more than one under
 * low load, and the ramps of two regions would correlate.
 */
static void find_spread(struct board *board, size_t region)
{
    struct exposed *exposed = board->exposed + region * board->count;
    double excess = 0;
    double squares = 0;
    for (size_t i = 0; i < board->count; i++) {
        double e = exposed[i].expected;
        excess += (exposed[i].failed - e) * (exposed[i].failed - e) - e;
        squares += e * e;
    }
    double f = squares > 0 ? fmax(0, excess / squares) : 0;
    for (size_t i = 0; i < board->count; i++) {
        double e = exposed[i].expected;
        exposed[i].root = e > 0 ? 1 / sqrt(e * (1 + f * e)) : 0;
    }
}

/* The residuals of a region delayed by `shift` blocks, circularly, in each eighth of the run. One
 * failure is added under the root, so that an eighth without any has a spread. */
static void find_residuals(const struct board *board, size_t region, size_t shift, double *out)
{
    const struct exposed *exposed = board->exposed + region * board->count;
    for (size_t eighth = 0; eighth < EIGHTHS; eighth++) {
        size_t from = eighth * board->count / EIGHTHS;
        size_t to = (eighth + 1) * board->count / EIGHTHS;
        double failed = 0;
        double expected = 0;
        size_t at = (from + shift) % board->count;
        for (size_t i = from, k = at; i < to; i++, k = k + 1 < board->count ? k + 1 : 0) {
            failed += exposed[k].failed;
            expected += exposed[k].expected;
        }
        double rate = expected > 0 ? failed / expected : 0;
        double root = 1 / sqrt((failed + 1) / (expected + 1));
        for (size_t i = from, k = at; i < to; i++, k = k + 1 < board->count ? k + 1 : 0)
            out[i] = (exposed[k].failed - rate * exposed[k].expected) * exposed[k].root * root;
    }
}

/* ---- the pairs ---- */

static double product(const double *a, const double *b, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += a[i] * b[i];
    return sum;
}

static void count_failing(const struct board *board, struct together *pair, size_t *of_a,
                          size_t *of_b)
{
    const struct together_block *a = board->blocks + pair->a * board->count;
    const struct together_block *b = board->blocks + pair->b * board->count;
    *of_a = *of_b = 0;
    for (size_t i = 0; i < board->count; i++) {
        pair->blocks += a[i].attempts > 0 && b[i].attempts > 0;
        *of_a += a[i].failed > 0;
        *of_b += b[i].failed > 0;
        pair->both += a[i].failed > 0 && b[i].failed > 0;
    }
    if (board->count > 0) pair->expected = (double)*of_a * (double)*of_b / (double)board->count;
}

/* Whether a pair can be judged at all, and its value without a shift. */
static void open_pair(const struct board *board, struct together *pair, double *seen)
{
    const double *a = board->residuals + pair->a * board->count;
    const double *b = board->residuals + pair->b * board->count;
    size_t of_a;
    size_t of_b;
    count_failing(board, pair, &of_a, &of_b);
    if (of_a < TOGETHER_LEAST_FAILING || of_b < TOGETHER_LEAST_FAILING ||
        pair->blocks < TOGETHER_LEAST_BLOCKS)
        return;
    double spread = sqrt(product(a, a, board->count) * product(b, b, board->count));
    if (!(spread > 1e-9)) return;
    *seen = product(a, b, board->count);
    pair->verdict = TOGETHER_NOT_SEEN;
    pair->r = *seen / spread;
    pair->p = 1; /* counts shifts at least this high, the zero shift included; divided by all
                    shifts later */
}

/* Ranks the observed value among all shifts of region b, for its pairs with each earlier region
 * a. */
static void rank_pairs(struct board *board, size_t b, struct together **pairs, const double *seen)
{
    for (size_t shift = 1; shift < board->count; shift++) {
        find_residuals(board, b, shift, board->shifted);
        for (size_t a = 0; a < b; a++) {
            if (pairs[a]->verdict == TOGETHER_UNKNOWN) continue;
            double sum = product(board->residuals + a * board->count, board->shifted, board->count);
            pairs[a]->p += sum >= seen[a] - 1e-9 * fabs(seen[a]);
        }
    }
    for (size_t a = 0; a < b; a++) {
        if (pairs[a]->verdict != TOGETHER_UNKNOWN) pairs[a]->p /= (double)board->count;
    }
}

static size_t place_of(size_t region_count, size_t a, size_t b)
{
    return a * region_count - a * (a + 1) / 2 + b - a - 1;
}

static bool test_pairs(struct board *board, struct together *out)
{
    size_t regions = board->region_count;
    struct together **pairs = calloc(regions + 1, sizeof *pairs);
    double *seen = calloc(regions + 1, sizeof *seen);
    bool ok = pairs != NULL && seen != NULL;
    for (size_t b = 1; ok && b < regions; b++) {
        bool any = false;
        for (size_t a = 0; a < b; a++) {
            pairs[a] = &out[place_of(regions, a, b)];
            *pairs[a] = (struct together){.a = a, .b = b, .p = 1, .adjusted = 1};
            open_pair(board, pairs[a], &seen[a]);
            any = any || pairs[a]->verdict != TOGETHER_UNKNOWN;
        }
        if (any) rank_pairs(board, b, pairs, seen);
    }
    free(pairs);
    free(seen);
    return ok;
}

static void forget(struct together *pair)
{
    pair->verdict = TOGETHER_UNKNOWN;
    pair->r = 0;
    pair->p = 1;
}

/* Holm's correction over the informative pairs: none is if there are too few shifts for the best of
 * so many to reach the level. */
static bool correct(struct together *pairs, size_t count, size_t shifts)
{
    double *p = calloc(2 * count + 1, sizeof *p);
    if (p == NULL) return false;
    double *adjusted = p + count;
    size_t known = 0;
    for (size_t i = 0; i < count; i++) {
        if (pairs[i].verdict != TOGETHER_UNKNOWN) p[known++] = pairs[i].p;
    }
    bool reach = (double)known <= TOGETHER_LEVEL * (double)shifts;
    for (size_t i = 0; !reach && i < count; i++) forget(&pairs[i]);
    bool ok = holm_adjust(p, known, adjusted);
    known = 0;
    for (size_t i = 0; ok && i < count; i++) {
        if (pairs[i].verdict == TOGETHER_UNKNOWN) continue;
        pairs[i].adjusted = adjusted[known++];
        if (pairs[i].adjusted <= TOGETHER_LEVEL && pairs[i].r > 0) pairs[i].verdict = TOGETHER_YES;
    }
    free(p);
    return ok;
}

bool together_find(const struct together_block *const *regions, size_t region_count, size_t count,
                   const unsigned *stage, struct together *out)
{
    struct board board;
    bool ok = board_start(&board, region_count, count);
    if (ok) fill(&board, regions, count, stage);
    for (size_t r = 0; ok && board.count > 0 && r < region_count; r++) {
        expose(&board, r);
        find_spread(&board, r);
        find_residuals(&board, r, 0, board.residuals + r * board.count);
    }
    ok = ok && test_pairs(&board, out) &&
         (region_count < 2 || correct(out, region_count * (region_count - 1) / 2, board.count));
    board_free(&board);
    return ok;
}
