/* The shards of a plan, and the workers of a shard, cover it completely and without overlap. */
#include "base/clock.h"
#include "engine/pacer.h"
#include "engine/shard.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SHARDS 5
#define PLANNED 4096
#define STEP_NS (20 * NS_PER_MS)
#define STAGE(seconds, level)                                                                      \
    {                                                                                              \
        .duration_ns = (int64_t)((seconds)*NS_PER_S), .target = (level)                            \
    }

/* One start in the plan. */
struct planned {
    uint64_t number;
    int64_t due_ns;
};

struct plan {
    struct planned starts[PLANNED];
    size_t count;
};

static struct stage up_and_down[] = {STAGE(3, 40), STAGE(4, 40), STAGE(0, 7),  STAGE(2, 7),
                                     STAGE(3, 23), STAGE(2, 0),  STAGE(1, 11), STAGE(1, 11)};
static const struct load loads[] = {
    {.model = LOAD_ARRIVALS,
     .arrival = ARRIVAL_POISSON,
     .max_sessions = 500,
     .stages = up_and_down,
     .stage_count = 8},
    {.model = LOAD_ARRIVALS,
     .arrival = ARRIVAL_EVEN,
     .max_sessions = 500,
     .stages = up_and_down,
     .stage_count = 8},
    {.model = LOAD_SESSIONS, .max_sessions = 500, .stages = up_and_down, .stage_count = 8},
    /* cuts the top */
    {.model = LOAD_SESSIONS, .max_sessions = 13, .stages = up_and_down, .stage_count = 8},
};

static void add(struct plan *plan, uint64_t number, int64_t due_ns)
{
    assert_true(plan->count < PLANNED);
    plan->starts[plan->count++] = (struct planned){.number = number, .due_ns = due_ns};
}

static void add_arrivals(const struct load *load, const struct lane *lane, uint64_t seed,
                         struct plan *plan)
{
    struct arrivals arrivals;
    int64_t due;
    uint64_t number;
    arrivals_init(&arrivals, load, seed, random_stream("eastus2"));
    while (arrivals_next_of(&arrivals, lane, &due, &number)) add(plan, number, due);
}

/* A slot is due whenever the level rises past it, observed on the grid on which workers check. */
static void add_slots(const struct load *load, const struct lane *lane, struct plan *plan)
{
    uint64_t before = 0;
    for (int64_t at = 0; at <= load_duration_ns(load); at += STEP_NS) {
        uint64_t wanted = lane_part(lane, pacer_sessions(load, at));
        for (uint64_t slot = before; slot < wanted; slot++)
            add(plan, lane_first(lane) + slot * lane_stride(lane), at);
        before = wanted;
    }
}

/* What one shard drives, by all of its workers. */
static void add_shard(const struct load *load, struct shard shard, unsigned workers, uint64_t seed,
                      struct plan *plan)
{
    for (unsigned i = 0; i < workers; i++) {
        const struct lane lane = {.shard = shard, .worker = {.index = i, .count = workers}};
        if (load->model == LOAD_ARRIVALS) {
            add_arrivals(load, &lane, seed, plan);
        } else {
            add_slots(load, &lane, plan);
        }
    }
}

static int by_due_and_number(const void *left, const void *right)
{
    const struct planned *a = left;
    const struct planned *b = right;
    if (a->due_ns != b->due_ns) return a->due_ns < b->due_ns ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

static void sort(struct plan *plan)
{
    qsort(plan->starts, plan->count, sizeof *plan->starts, by_due_and_number);
}

/* The unsharded plan from the pacer alone, without dividing it. */
static void whole_plan(const struct load *load, uint64_t seed, struct plan *plan)
{
    plan->count = 0;
    if (load->model == LOAD_ARRIVALS) {
        struct arrivals arrivals;
        int64_t due;
        uint64_t number;
        arrivals_init(&arrivals, load, seed, random_stream("eastus2"));
        while (arrivals_next(&arrivals, &due, &number)) add(plan, number, due);
    } else {
        uint64_t before = 0;
        for (int64_t at = 0; at <= load_duration_ns(load); at += STEP_NS) {
            double level = fmin(ceil(pacer_level(load, at) - 1e-9), (double)load->max_sessions);
            uint64_t wanted = (uint64_t)level;
            for (; before < wanted; before++) add(plan, before, at);
            before = wanted;
        }
    }
    sort(plan);
}

static void shards_together_are_the_whole_plan(void **state)
{
    static const uint64_t seeds[] = {1, 7, 20260414, UINT64_C(0x1FFFFFFFFFFFFF)};
    static struct plan whole;
    static struct plan together;
    (void)state;
    for (size_t l = 0; l < sizeof loads / sizeof *loads; l++) {
        for (size_t s = 0; s < sizeof seeds / sizeof *seeds; s++) {
            whole_plan(&loads[l], seeds[s], &whole);
            assert_in_range(whole.count, 24, PLANNED);
            for (unsigned count = 1; count <= SHARDS; count++) {
                together.count = 0;
                for (unsigned i = 0; i < count;
                     i++) /* machines of different sizes: 1, 2, 3, 1, ... workers */
                    add_shard(&loads[l], (struct shard){i, count}, 1 + i % 3, seeds[s], &together);
                sort(&together);
                assert_int_equal(together.count, whole.count);
                for (size_t k = 0; k < whole.count; k++) {
                    assert_int_equal(together.starts[k].number, whole.starts[k].number);
                    assert_int_equal(together.starts[k].due_ns, whole.starts[k].due_ns);
                }
            }
        }
    }
}

/* Known values: 0 to 40 sessions in 3 s, slot 0 just after the start, slot 39 when the level passes
 * 39. */
static void slots_are_due_when_the_level_passes_them(void **state)
{
    static struct plan plan;
    (void)state;
    whole_plan(&loads[2], 1, &plan);
    assert_int_equal(plan.starts[0].number, 0);
    assert_int_equal(plan.starts[0].due_ns, STEP_NS);
    assert_int_equal(plan.starts[39].number, 39);
    /* 39 of 40 is reached after 2925 ms */
    assert_int_equal(plan.starts[39].due_ns, 2940 * NS_PER_MS);
    assert_int_equal(plan.count, 40 + (23 - 7) + 11);
}

static void parts_add_up_and_the_first_ones_have_the_remainder(void **state)
{
    (void)state;
    for (uint64_t whole = 0; whole < 40; whole++) {
        for (unsigned count = 1; count <= 7; count++) {
            uint64_t sum = 0;
            for (unsigned i = 0; i < count; i++) {
                uint64_t part = shard_part(&(struct shard){i, count}, whole);
                assert_in_range(part, whole / count, whole / count + 1);
                if (i > 0) assert_true(part <= shard_part(&(struct shard){i - 1, count}, whole));
                sum += part;
            }
            assert_int_equal(sum, whole);
        }
    }
}

static void dollars_are_dealt_in_cents(void **state)
{
    static const struct {
        double usd;
        unsigned count;
        double parts[3];
    } rows[] = {
        {5, 3, {1.67, 1.67, 1.66}},      {0.29, 2, {0.15, 0.14}},
        {0.035, 3, {0.015, 0.01, 0.01}}, {10, 1, {10}},
        {0.0012, 1, {0.0012}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (unsigned k = 0; k < rows[i].count; k++) {
            double part = shard_usd(&(struct shard){k, rows[i].count}, rows[i].usd);
            assert_true(fabs(part - rows[i].parts[k]) < 1e-9);
        }
    }
    assert_true(shard_usd(&(struct shard){0}, 0.5) == 0.5);
}

static void what_cannot_be_split_is_refused(void **state)
{
    static const struct {
        struct profile profile;
        const char *key; /* NULL: it can */
    } rows[] = {
        {{.load.max_sessions = 3}, NULL},
        {{.load.max_sessions = 2}, "load.max_sessions"},
        {{.load.max_sessions = 9, .budget.usd = 0.03}, NULL},
        {{.load.max_sessions = 9, .budget.usd = 0.029}, "budget.usd"},
        {{.load.max_sessions = 9, .budget.tokens = 3}, NULL},
        {{.load.max_sessions = 9, .budget.tokens = 2}, "budget.tokens"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct error err = {0};
        enum err_code code = shard_check(&(struct shard){1, 3}, &rows[i].profile, &err);
        assert_int_equal(code, rows[i].key == NULL ? ERR_OK : ERR_USAGE);
        if (rows[i].key != NULL) assert_non_null(strstr(err.text, rows[i].key));
    }
}

static void a_shard_is_written_as_one_of_so_many(void **state)
{
    static const char *const wrong[] = {"",     "2",    "0/3",  "4/3",  "1/0",    "a/3",
                                        "1/3x", "-1/3", "1/-3", " 1/3", "1/1001", "1 of 3"};
    struct error err = {0};
    struct shard shard;
    (void)state;
    assert_int_equal(shard_parse("2/3", &shard, &err), ERR_OK);
    assert_int_equal(shard.index, 1);
    assert_int_equal(shard.count, 3);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (shard_parse(wrong[i], &shard, &err) != ERR_USAGE) fail_msg("%s was taken", wrong[i]);
        assert_non_null(strstr(err.text, "--shard"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shards_together_are_the_whole_plan),
        cmocka_unit_test(slots_are_due_when_the_level_passes_them),
        cmocka_unit_test(parts_add_up_and_the_first_ones_have_the_remainder),
        cmocka_unit_test(dollars_are_dealt_in_cents),
        cmocka_unit_test(what_cannot_be_split_is_refused),
        cmocka_unit_test(a_shard_is_written_as_one_of_so_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
