#include "engine/interval_grid.h"

/* How far into its whole interval the run begins. */
static int64_t offset_ns(const struct interval_grid *grid)
{
    int64_t rest = grid->origin_ns % grid->length_ns;
    return rest < 0 ? rest + grid->length_ns : rest;
}

uint64_t interval_grid_at(const struct interval_grid *grid, int64_t elapsed_ns)
{
    return (uint64_t)((elapsed_ns + offset_ns(grid)) / grid->length_ns);
}

int64_t interval_grid_end_ns(const struct interval_grid *grid, uint64_t interval)
{
    return (int64_t)(interval + 1) * grid->length_ns - offset_ns(grid);
}

int64_t interval_grid_start_ns(const struct interval_grid *grid, uint64_t interval)
{
    return interval == 0 ? 0 : interval_grid_end_ns(grid, interval - 1);
}
