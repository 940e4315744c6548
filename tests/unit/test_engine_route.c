/* The way to a region: connect_overrides, limits, and what a response costs. */
#include "engine/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_response_is_priced_by_what_is_known_of_it(void **state)
{
    static const struct price price = {.text_in = 4,
                                       .text_cached = 0.4,
                                       .text_out = 16,
                                       .audio_in = 32,
                                       .audio_cached = 0.5,
                                       .audio_out = 64};
    static const struct {
        const char *name;
        struct usage usage;
        double micro; /* millionths of a dollar */
    } rows[] = {
        {"no usage came", {.input = 100}, 0},
        {"every detail",
         {.present = true,
          .input = 100,
          .output = 30,
          .cached = 50,
          .text_in = 60,
          .audio_in = 40,
          .text_cached = 40,
          .audio_cached = 10,
          .text_out = 20,
          .audio_out = 10},
         20 * 4 + 40 * 0.4 + 20 * 16 + 30 * 32 + 10 * 0.5 + 10 * 64},
        {"no details: all is text",
         {.present = true, .input = 100, .output = 30},
         100 * 4 + 30 * 16},
        {"details of the input alone",
         {.present = true, .input = 100, .output = 30, .text_in = 100},
         100 * 4 + 30 * 16},
        {"cached tokens without a modality",
         {.present = true, .input = 100, .cached = 64, .output = 1, .text_in = 100, .text_out = 1},
         36 * 4 + 64 * 0.4 + 16},
        {"more cached than there were",
         {.present = true, .input = 10, .cached = 64, .text_in = 10},
         10 * 0.4},
    };
    const struct route route = {.price = &price};
    const struct route unpriced = {0};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double micro = route_cost(&route, &rows[i].usage) * 1e6;
        if (micro < rows[i].micro - 1e-6 || micro > rows[i].micro + 1e-6)
            fail_msg("%s: %f, not %f", rows[i].name, micro, rows[i].micro);
        assert_true(route_cost(&unpriced, &rows[i].usage) == 0);
    }
}

static void a_connect_override_of_one_region_is_not_its_neighbour_s(void **state)
{
    static const char json[] = "{\"name\":\"r\",\"regions\":["
                               "{\"name\":\"a\",\"endpoint\":\"https://"
                               "x.example.com\",\"deployment\":\"d\",\"dialect\":\"ga\"},"
                               "{\"name\":\"b\",\"endpoint\":\"https://"
                               "x.example.com\",\"deployment\":\"e\",\"dialect\":\"ga\"}],"
                               "\"load\":{\"stages\":[{\"duration\":\"1s\",\"target\":1}]}}";
    char host[] = "X.example.com";
    char first[] = "127.0.0.1";
    char second[] = "127.0.0.2";
    char any[] = "127.0.0.3";
    const struct connect_override connect_overrides[] = {
        {.region = "a", .host = host, .port = 443, .address = first, .address_port = 1},
        {.region = "b", .host = host, .port = 443, .address = second, .address_port = 2},
        {.host = host, .port = 443, .address = any, .address_port = 3}};
    struct profile *profile = NULL;
    struct error err = {0};
    (void)state;
    if (profile_parse("test", json, strlen(json), &profile, &err) != ERR_OK)
        fail_msg("%s", err.text);
    for (size_t i = 0; i < 2; i++) {
        struct route route;
        assert_int_equal(
            route_init(&route, profile, &profile->regions[i], connect_overrides, 3, NULL, &err),
            ERR_OK);
        assert_string_equal(route.dial.address, i == 0 ? first : second);
        assert_int_equal(route.dial.address_port, i + 1);
        route_free(&route);
        assert_int_equal(
            route_init(&route, profile, &profile->regions[i], &connect_overrides[2], 1, NULL, &err),
            ERR_OK);
        assert_string_equal(route.dial.address, any);
        route_free(&route);
    }
    profile_free(profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_response_is_priced_by_what_is_known_of_it),
        cmocka_unit_test(a_connect_override_of_one_region_is_not_its_neighbour_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
