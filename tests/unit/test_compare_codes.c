/* Codes that only one side has, and sides that have lost records of failures. */
#include "compare/model.h"
#include "compare/words.h"
#include "figures/cells.h"
#include "report/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* So many records of each code, for so many failed attempts. */
struct side {
    uint64_t failed, x, y;
};

static void fill(struct report_cell *cell, const struct side *side)
{
    *cell = (struct report_cell){0};
    cell->cell.counters.attempts_failed = side->failed;
    if (side->x > 0) cell_failure(&cell->cell, PHASE_RESPONSE, DOMAIN_SERVICE, "x", side->x);
    if (side->y > 0) cell_failure(&cell->cell, PHASE_RESPONSE, DOMAIN_SERVICE, "y", side->y);
}

static void gone_is_said_of_whole_records_alone(void **state)
{
    (void)state;
    static const struct {
        struct side a, b;
        const char *change; /* of y */
    } cases[] = {
        {{5, 3, 2}, {4, 4, 0}, "gone"},
        {{5, 3, 2}, {5, 4, 0}, "not known"},
        {{5, 3, 2}, {0, 0, 0}, "gone"},
        {{5, 3, 2}, {9, 0, 0}, "not known"},
        {{4, 4, 0}, {5, 3, 2}, "appeared"},
        {{6, 4, 0}, {5, 3, 2}, "not known"},
        {{6, 3, 2}, {9, 1, 1}, ""},
        {{9, 3, 2}, {4, 4, 0}, "gone"}, /* more of it were there at most */
        {{3, 3, 2}, {1, 4, 0}, "gone"}, /* records of sessions, too */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct report_cell a;
        struct report_cell b;
        fill(&a, &cases[i].a);
        fill(&b, &cases[i].b);
        char region[] = "r";
        struct compare_pair pair = {
            .region = region, .a = {.of = {.cell = &a}}, .b = {.of = {.cell = &b}}};
        char label_a[] = "A";
        char label_b[] = "B";
        struct compared compared = {
            .pairs = &pair, .pair_count = 1, .label_a = label_a, .label_b = label_b};
        assert_int_equal(compare_find_codes(&compared, NULL), ERR_OK);
        struct table table = {0};
        struct text out = {0};
        compare_table_codes(&compared, &table);
        table_markdown(&table, &out);
        const char *line = strstr(text_str(&out), "\n| y ");
        assert_non_null(line);
        char row[200];
        (void)snprintf(row, sizeof row, "%.*s", (int)strcspn(line + 1, "\n"), line + 1);
        const char *const changes[] = {"gone", "appeared", "not known"};
        for (size_t k = 0; k < 3; k++) {
            if ((strstr(row, changes[k]) != NULL) != (strcmp(changes[k], cases[i].change) == 0))
                fail_msg("case %zu: %s", i, row);
        }
        table_free(&table);
        text_free(&out);
        free(compared.codes);
        cell_free(&a.cell);
        cell_free(&b.cell);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(gone_is_said_of_whole_records_alone)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
