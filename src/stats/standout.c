#include "stats/standout.h"

#include "base/random.h"
#include "stats/rate.h"

#include <math.h>
#include <stdlib.h>

#define ORDERS 999 /* random orders, */
#define ENOUGH                                                                                     \
    20                  /* or fewer, once this many show a window as striking: p is not small
                           then */
#define PIECES_LEAST 20 /* in all windows */
#define SEED 1993

/* Blocks that are permuted together: of one window and one stage, outside incidents. */
struct piece {
    size_t window;
    double expected, root; /* and its square root */
    double residual;       /* (failed - expected) / root */
};

struct board {
    const struct standout_block *blocks;
    size_t count, window_count;
    double *rates; /* outside incidents, of the stage of each block */
    struct piece *pieces;
    size_t piece_count;
    double *sums, *expected; /* of each window */
    size_t *pieces_in;       /* of each window */
};

static bool board_start(struct board *board)
{
    size_t windows = board->window_count + 1;
    board->rates = calloc(board->count + 1, sizeof *board->rates);
    board->pieces = calloc(board->count + 1, sizeof *board->pieces);
    board->sums = calloc(windows, sizeof *board->sums);
    board->expected = calloc(windows, sizeof *board->expected);
    board->pieces_in = calloc(windows, sizeof *board->pieces_in);
    return board->rates != NULL && board->pieces != NULL && board->sums != NULL &&
           board->expected != NULL && board->pieces_in != NULL;
}

static void board_free(struct board *board)
{
    free(board->rates);
    free(board->pieces);
    free(board->sums);
    free(board->expected);
    free(board->pieces_in);
}

/* ---- expectations ---- */

/* The rate of each stage, one sweep per stage: there are few stages. */
static void find_rates(struct board *board)
{
    for (size_t i = 0; i < board->count; i++) board->rates[i] = -1;
    for (size_t i = 0; i < board->count; i++) {
        if (board->rates[i] >= 0) continue;
        double attempts = 0;
        double failed = 0;
        for (size_t k = i; k < board->count; k++) {
            const struct standout_block *block = &board->blocks[k];
            if (block->stage != board->blocks[i].stage || block->incident != 0) continue;
            attempts += block->attempts;
            failed += block->failed;
        }
        for (size_t k = i; k < board->count; k++) {
            if (board->blocks[k].stage == board->blocks[i].stage)
                board->rates[k] = attempts > 0 ? failed / attempts : 0;
        }
    }
}

static bool counts(const struct board *board, size_t i)
{
    const struct standout_block *block = &board->blocks[i];
    return block->window < board->window_count && block->incident == 0 &&
           block->attempts * board->rates[i] > 0;
}

/* Cuts the run into pieces of `length` blocks, shorter where a window, a stage or an incident
 * ends. */
static void cut(struct board *board, size_t length)
{
    board->piece_count = 0;
    for (size_t i = 0; i < board->count;) {
        struct piece piece = {.window = board->blocks[i].window};
        double failed = 0;
        size_t from = i;
        do {
            if (!counts(board, i)) continue;
            piece.expected += board->blocks[i].attempts * board->rates[i];
            failed += board->blocks[i].failed;
        } while (++i < board->count && i - from < length &&
                 board->blocks[i].window == piece.window &&
                 board->blocks[i].stage == board->blocks[from].stage);
        if (!(piece.expected > 0)) continue;
        piece.root = sqrt(piece.expected);
        piece.residual = (failed - piece.expected) / piece.root;
        board->pieces[board->piece_count++] = piece;
    }
}

/* ---- the maximum over windows ---- */

/* The largest excess of any window in this order of residuals, and which window. */
static double greatest(const struct board *board, size_t *window)
{
    double most = -INFINITY;
    for (size_t w = 0; w < board->window_count; w++) board->sums[w] = board->expected[w] = 0;
    for (size_t i = 0; i < board->piece_count; i++) {
        const struct piece *piece = &board->pieces[i];
        board->sums[piece->window] += piece->residual * piece->root;
        board->expected[piece->window] += piece->expected;
    }
    for (size_t w = 0; w < board->window_count; w++) {
        if (!(board->expected[w] > 0)) continue;
        double excess = board->sums[w] / sqrt(board->expected[w]);
        if (excess <= most) continue;
        most = excess;
        *window = w;
    }
    return most;
}

/* Fisher and Yates's shuffle of the residuals. */
static void shuffle(struct board *board, struct random *random)
{
    for (size_t i = board->piece_count; i > 1; i--) {
        size_t k = random_below(random, i);
        double residual = board->pieces[i - 1].residual;
        board->pieces[i - 1].residual = board->pieces[k].residual;
        board->pieces[k].residual = residual;
    }
}

/* The number of windows with pieces; *few: one of them has too few to be judged. */
static size_t windows_of(struct board *board, bool *few)
{
    size_t windows = 0;
    *few = false;
    for (size_t w = 0; w < board->window_count; w++) board->pieces_in[w] = 0;
    for (size_t i = 0; i < board->piece_count; i++)
        windows += board->pieces_in[board->pieces[i].window]++ == 0;
    for (size_t w = 0; w < board->window_count; w++)
        *few = *few || (board->pieces_in[w] > 0 && 2 * board->pieces_in[w] < STANDOUT_LEAST_PIECES);
    *few = *few || board->piece_count < PIECES_LEAST ||
           board->piece_count < STANDOUT_LEAST_PIECES * windows;
    return windows;
}

/* The share of orders that contain a window at least as striking as the most striking one; stops
 * early when the result is clear (Besag and Clifford 1991). */
static double rank(struct board *board, size_t *window)
{
    struct random random;
    size_t ignored;
    int as_high = 0;
    double seen = greatest(board, window);
    random_seed(&random, SEED, board->piece_count);
    for (int order = 1; order <= ORDERS; order++) {
        shuffle(board, &random);
        as_high += greatest(board, &ignored) >= seen - 1e-9 * fabs(seen);
        if (as_high == ENOUGH) return (double)ENOUGH / order;
    }
    return (as_high + 1.0) / (ORDERS + 1.0);
}

static void outside_of_incidents(struct board *board, size_t minute, struct standout *out)
{
    static const size_t minutes[] = {1, 2, 5, 10, 20};
    double largest = 0;
    for (size_t k = 0; k < sizeof minutes / sizeof *minutes; k++) {
        bool few;
        cut(board, minutes[k] * minute);
        size_t windows = windows_of(board, &few);
        if (windows < 2 || few) break;
        size_t window = 0;
        double p = rank(board, &window);
        out->windows = windows;
        if (p < largest) continue;
        largest = p;
        out->piece = minutes[k] * minute;
        out->window = window;
    }
    out->known = largest > 0;
    out->p = out->known ? fmin(1, 2 * largest) : 1;
}

/* ---- incidents ---- */

/* The probability of k or more of n, each with probability p. */
static double tail(size_t k, size_t n, double p)
{
    double sum = 0;
    for (size_t i = k; i <= n; i++) sum += exp(binomial_log_pmf((double)i, (double)n, p, 1 - p));
    return fmin(sum, 1);
}

/* Whether an incident begins in this block, that is, its number does not occur earlier in this
 * unbroken row of struck blocks. */
static bool begins(const struct board *board, size_t i)
{
    const struct standout_block *block = &board->blocks[i];
    if (block->incident == 0 || block->window >= board->window_count) return false;
    for (size_t k = i; k-- > 0 && board->blocks[k].incident != 0;) {
        if (board->blocks[k].incident == block->incident) return false;
    }
    return true;
}

/* How many incidents begin in each window (pieces_in), and the window's share of the blocks
 * (sums). */
static size_t count_incidents(struct board *board)
{
    size_t all = 0;
    double blocks = 0;
    for (size_t w = 0; w < board->window_count; w++) {
        board->pieces_in[w] = 0;
        board->sums[w] = 0;
    }
    for (size_t i = 0; i < board->count; i++) {
        size_t window = board->blocks[i].window;
        if (window >= board->window_count || !(board->blocks[i].attempts > 0)) continue;
        board->sums[window]++;
        blocks++;
        if (!begins(board, i)) continue;
        board->pieces_in[window]++;
        all++;
    }
    for (size_t w = 0; blocks > 0 && w < board->window_count; w++) board->sums[w] /= blocks;
    return all;
}

static void by_incidents(struct board *board, struct standout *out)
{
    size_t all = count_incidents(board);
    size_t windows = 0;
    double least = 1;
    size_t window = 0;
    for (size_t w = 0; w < board->window_count; w++) {
        if (!(board->sums[w] > 0)) continue;
        windows++;
        double p = board->pieces_in[w] > 0 ? tail(board->pieces_in[w], all, board->sums[w]) : 1;
        if (p >= least) continue;
        least = p;
        window = w;
    }
    out->all_incidents = all;
    if (windows > 1 && all > 0 && 2 * least * (double)windows < out->p) {
        out->known = true;
        out->by_incidents = true;
        out->window = window;
        out->windows = windows;
        out->p = 2 * least * (double)windows;
    }
    out->incidents = out->known ? board->pieces_in[out->window] : 0;
}

static void describe(const struct board *board, struct standout *out)
{
    for (size_t i = 0; out->known && i < board->count; i++) {
        if (board->blocks[i].window != out->window || board->blocks[i].incident != 0) continue;
        out->attempts += board->blocks[i].attempts;
        out->failed += board->blocks[i].failed;
        out->expected += board->blocks[i].attempts * board->rates[i];
    }
}

bool standout_find(const struct standout_block *blocks, size_t count, size_t window_count,
                   size_t minute, struct standout *out)
{
    struct board board = {.blocks = blocks, .count = count, .window_count = window_count};
    *out = (struct standout){.p = 1};
    bool ok = board_start(&board);
    if (ok) {
        find_rates(&board);
        outside_of_incidents(&board, minute > 0 ? minute : 1, out);
        by_incidents(&board, out);
        describe(&board, out);
    }
    board_free(&board);
    return ok;
}
