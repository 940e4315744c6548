/* Failure codes that appeared, vanished, or changed their share. */
#include "compare/model.h"

#include "figures/cells.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t count_of(const struct tally *tallies, size_t count, const char *code)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(tallies[i].code, code) == 0) return tallies[i].count;
    }
    return 0;
}

/* Of the records of a run that lost some a code may be missing. */
static bool is_whole(const struct compare_side *side, const struct tally *tallies, size_t count)
{
    uint64_t records = 0;
    for (size_t i = 0; i < count; i++) records += tallies[i].count;
    return records >= side->of.cell->cell.counters.attempts_failed;
}

static void add(struct compared *comparison, const struct compare_code *code, const char *name)
{
    struct compare_code *entry = &comparison->codes[comparison->code_count++];
    *entry = *code;
    (void)snprintf(entry->code, sizeof entry->code, "%s", name);
}

static bool find_in(struct compared *comparison, size_t index)
{
    const struct compare_pair *pair = &comparison->pairs[index];
    struct tally *a;
    struct tally *b;
    size_t in_a = report_cell_codes(pair->a.of.cell, &a);
    size_t in_b = report_cell_codes(pair->b.of.cell, &b);
    size_t room = comparison->code_count + in_a + in_b + 1;
    struct compare_code *codes = realloc(comparison->codes, room * sizeof *codes);
    if (codes != NULL) {
        comparison->codes = codes;
        struct compare_code code = {.pair = index,
                                    .a_whole = is_whole(&pair->a, a, in_a),
                                    .b_whole = is_whole(&pair->b, b, in_b)};
        for (size_t i = 0; i < in_b; i++) {
            code.a = count_of(a, in_a, b[i].code);
            code.b = b[i].count;
            add(comparison, &code, b[i].code);
        }
        code.b = 0;
        for (size_t i = 0; i < in_a; i++) {
            code.a = a[i].count;
            if (count_of(b, in_b, a[i].code) == 0) add(comparison, &code, a[i].code);
        }
    }
    free(a);
    free(b);
    return codes != NULL;
}

enum err_code compare_find_codes(struct compared *comparison, struct error *err)
{
    for (size_t i = 0; i < comparison->pair_count; i++) {
        if (!find_in(comparison, i))
            return error_set(err, ERR_NOMEM, "no memory to compare failure codes");
    }
    return ERR_OK;
}
