#include "stats/together.h"

#include "stats/comparison.h"

#include <math.h>
#include <stdlib.h>

#define BLOCKS_MOST 1440
#define EIGHTHS 8

/* All regions on the blocks that are compared. */
struct board {
    size_t region_count, count;
    struct together_block *blocks; /* [region * count + block] */
    unsigned *stage;               /* of each block */
    double *residuals;             /* [region * count + block] */
};

static bool board_start(struct board *board, size_t region_count, size_t count)
{
    size_t merged = (count + BLOCKS_MOST - 1) / BLOCKS_MOST;
    *board = (struct board){.region_count = region_count,
                            .count = count > 0 ? (count + merged - 1) / merged : 0};
    size_t cells = region_count * board->count + 1;
    board->blocks = calloc(cells, sizeof *board->blocks);
    board->residuals = calloc(cells, sizeof *board->residuals);
    board->stage = calloc(board->count + 1, sizeof *board->stage);
    return board->blocks != NULL && board->residuals != NULL && board->stage != NULL;
}

static void board_free(struct board *board)
{
    free(board->blocks);
    free(board->residuals);
    free(board->stage);
}

/* A block of several has the stage of its first: what lies across a step is a little of both. */
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

/* The end of the stretch from a block on that has one expectation: a stage, an eighth of the
 * run. */
static size_t stretch_end(const struct board *board, size_t from)
{
    size_t end = from + 1;
    while (end < board->count && board->stage[end] == board->stage[from] &&
           end * EIGHTHS / board->count == from * EIGHTHS / board->count)
        end++;
    return end;
}

static struct together_block sum_of(const struct together_block *blocks, size_t from, size_t to)
{
    struct together_block sum = {0};
    for (size_t i = from; i < to; i++) {
        sum.attempts += blocks[i].attempts;
        sum.failed += blocks[i].failed;
    }
    return sum;
}

static void find_residuals(struct board *board, size_t region)
{
    const struct together_block *blocks = board->blocks + region * board->count;
    double *residuals = board->residuals + region * board->count;
    struct together_block all = sum_of(blocks, 0, board->count);
    if (!(all.failed > 0)) return;
    double rate = all.failed / all.attempts;
    for (size_t from = 0; from < board->count;) {
        size_t to = stretch_end(board, from);
        struct together_block here = sum_of(blocks, from, to);
        /* One failure more, at the rate of the run, so that a quiet stretch has a spread. */
        double spread = (here.failed + 1) / (here.attempts + 1 / rate);
        for (size_t i = from; i < to; i++) {
            if (!(blocks[i].attempts > 0)) continue;
            double expected = blocks[i].attempts * (here.failed / here.attempts);
            residuals[i] = (blocks[i].failed - expected) / sqrt(blocks[i].attempts * spread);
        }
        from = to;
    }
}

/* ---- one pair ---- */

static double product(const double *a, const double *b, size_t count, size_t shift)
{
    double sum = 0;
    for (size_t i = 0; i < count - shift; i++) sum += a[i] * b[i + shift];
    for (size_t i = count - shift; i < count; i++) sum += a[i] * b[i + shift - count];
    return sum;
}

/* How many of all shifts, none included, bring at least as much as no shift. */
static size_t shifts_as_high(const double *a, const double *b, size_t count)
{
    double none = product(a, b, count, 0);
    double slack = 1e-9 * fabs(none);
    size_t as_high = 1;
    for (size_t shift = 1; shift < count; shift++)
        as_high += product(a, b, count, shift) >= none - slack;
    return as_high;
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

static void test_pair(const struct board *board, struct together *pair)
{
    const double *a = board->residuals + pair->a * board->count;
    const double *b = board->residuals + pair->b * board->count;
    size_t of_a;
    size_t of_b;
    count_failing(board, pair, &of_a, &of_b);
    if (of_a < TOGETHER_LEAST_FAILING || of_b < TOGETHER_LEAST_FAILING ||
        pair->blocks < TOGETHER_LEAST_BLOCKS)
        return;
    double spread = sqrt(product(a, a, board->count, 0) * product(b, b, board->count, 0));
    if (!(spread > 0)) return;
    pair->verdict = TOGETHER_NOT_SEEN;
    pair->r = product(a, b, board->count, 0) / spread;
    pair->p = (double)shifts_as_high(a, b, board->count) / (double)board->count;
}

/* Holm's correction, over the pairs that can say something. */
static bool correct(struct together *pairs, size_t count)
{
    double *p = calloc(2 * count + 1, sizeof *p);
    if (p == NULL) return false;
    double *adjusted = p + count;
    size_t known = 0;
    for (size_t i = 0; i < count; i++) {
        if (pairs[i].verdict != TOGETHER_UNKNOWN) p[known++] = pairs[i].p;
    }
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
    size_t pairs = 0;
    bool ok = board_start(&board, region_count, count);
    if (ok) fill(&board, regions, count, stage);
    for (size_t r = 0; ok && r < region_count; r++) find_residuals(&board, r);
    for (size_t a = 0; ok && a < region_count; a++) {
        for (size_t b = a + 1; b < region_count; b++) {
            out[pairs] = (struct together){.a = a, .b = b, .p = 1, .adjusted = 1};
            test_pair(&board, &out[pairs++]);
        }
    }
    ok = ok && correct(out, pairs);
    board_free(&board);
    return ok;
}
